"""Executes the notebooks, each in a kernel of its own, and fails if one fails or takes longer than two minutes.

python crates/python/notebooks/execute.py                  # all of them
python crates/python/notebooks/execute.py reliability      # one
python crates/python/notebooks/execute.py --write          # and keeps what they show
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

HERE = Path(__file__).resolve().parent
LIMIT = 120.0
"""Seconds that a notebook may take."""


def execute(path: Path, *, write: bool, limit: float) -> bool:
    """Executes one; true if it did so in time."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(HERE)}}, record_timing=False)
    started = time.monotonic()
    try:
        client.execute()
    except CellExecutionError as error:
        print(f"{path.name}: {error}", file=sys.stderr)
        return False
    seconds = time.monotonic() - started
    print(f"{path.name}: {seconds:.0f} s", flush=True)
    if write:
        # Bars are for those who wait; a page has no use for them, nor for the state of widgets.
        for cell in notebook.cells:
            outputs = cell.get("outputs", [])
            cell["outputs"] = [output for output in outputs if output.get("name") != "stderr"] if outputs else outputs
            if cell.cell_type != "code":
                cell.pop("outputs", None)
        notebook.metadata.pop("widgets", None)
        nbformat.write(notebook, path)
    if seconds > limit:
        print(f"{path.name}: longer than {limit:.0f} s", file=sys.stderr)
    return seconds <= limit


def main() -> None:
    """Executes what is named, or all."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NOTEBOOK")
    parser.add_argument("--write", action="store_true", help="keep what the notebooks show")
    parser.add_argument("--limit", type=float, default=LIMIT, help="seconds that each may take")
    arguments = parser.parse_args()
    known = {path.stem: path for path in sorted(HERE.glob("*.ipynb"))}
    unknown = [name for name in arguments.names if name not in known]
    if unknown:
        sys.exit(f"no notebook {', '.join(unknown)}; there are {', '.join(known)}")
    chosen = arguments.names or list(known)
    outcomes = [execute(known[name], write=arguments.write, limit=arguments.limit) for name in chosen]
    print(f"{sum(outcomes)} passed, {len(outcomes) - sum(outcomes)} failed")
    sys.exit(0 if all(outcomes) else 1)


if __name__ == "__main__":
    main()
