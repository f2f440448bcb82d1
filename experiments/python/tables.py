"""Prints the documentation of every table of the results, which each file carries in its own metadata.

python tables.py [RESULTS]     # every table: what it holds, and each column's unit and meaning
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import polars as pl
from tritrack import Table, Workspace


def every_table(results: Path) -> dict[Path, Table]:
    """All tables of a folder of results, variants included, by path; parts of unfinished runs are left out."""
    paths = (path for path in sorted(results.rglob("*.parquet")) if "shards" not in path.parts)
    return {path: Table.read_parquet(path) for path in paths}


def main() -> None:
    """Prints every table's documentation, and sees to it that pandas and polars read the rows that the package reads."""
    # Quiet when the reader of a pipe has seen enough.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    results = Path(sys.argv[1]) if len(sys.argv) > 1 else Workspace(Path(__file__).resolve().parents[2]).root / "results"
    tables = every_table(results)
    if not tables:
        sys.exit(f"{results}: no tables here; `tritrack reproduce all` makes them")
    for path, table in tables.items():
        if not pl.read_parquet(path).equals(table.polars()) or not pl.from_pandas(table.pandas()).equals(table.polars()):
            sys.exit(f"{path}: pandas and polars read different rows")
        print(f"{path.relative_to(results)}: {table.name}, {len(table)} rows, seed {table.provenance.get('seed', '-')}")
        print(f"  {table.meaning}")
        for column in table.columns.values():
            print(f"    {column.label:<32} {column.kind + (', optional' if column.optional else ''):<18} {column.meaning}")


if __name__ == "__main__":
    main()
