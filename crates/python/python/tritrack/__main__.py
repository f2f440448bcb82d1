"""The command line, in this process: `python -m tritrack`."""

from __future__ import annotations

import signal
import sys

from tritrack._native import main as run


def main() -> int:
    """Run the command line with the arguments of the process, and return its exit code."""
    # As the program itself does: nothing of Python's is left to be tidied up.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    return run(["tritrack", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
