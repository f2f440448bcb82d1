"""Runs every example in a folder of its own, and says how each ended. Exits with 1 if one failed.

python check.py                # all of them
python check.py tables fig7    # these
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
# What each example is given, and a file that it must leave behind.
EXAMPLES: dict[str, tuple[list[str], str | None]] = {
    "tables": ([], None),
    "fig7": (["fig7.svg"], "fig7.svg"),
    "export_torch": (["residual.onnx"], "residual.onnx"),
}


def run(name: str) -> bool:
    """Runs one example; true if it did what it says."""
    arguments, product = EXAMPLES[name]
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, str(HERE / f"{name}.py"), *arguments]
        result = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)
        made = product is None or (Path(folder) / product).stat().st_size > 0 if result.returncode == 0 else False
    if result.returncode != 0 or not made:
        print(result.stdout, result.stderr, sep="\n", file=sys.stderr)
    return result.returncode == 0 and made


def main() -> None:
    """Runs what is named, or all."""
    names = sys.argv[1:] or list(EXAMPLES)
    unknown = [name for name in names if name not in EXAMPLES]
    if unknown:
        sys.exit(f"no example {', '.join(unknown)}; there are {', '.join(EXAMPLES)}")
    outcomes = {name: run(name) for name in names}
    for name, well in outcomes.items():
        print(f"{name}: {'done' if well else 'failed'}")
    failed = sum(not well for well in outcomes.values())
    print(f"{len(outcomes) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
