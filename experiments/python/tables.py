"""Reads the workspace's tables with their documentation, which each file carries in its own metadata.

python tables.py [RESULTS]     # every table: what it holds, and each column's unit and meaning
"""

from __future__ import annotations

import json
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import polars as pl
import pyarrow.parquet as pq

WORKSPACE = Path(__file__).resolve().parents[2]
RESULTS = WORKSPACE / "results"


@dataclass(frozen=True)
class Column:
    """A column as its table describes it. `kind` is text, flag, integer or real; an empty unit stands for a plain number."""

    name: str
    kind: str
    unit: str
    meaning: str
    optional: bool

    @property
    def label(self) -> str:
        """The column's name with its unit, for an axis or a heading."""
        return f"{self.name} [{self.unit}]" if self.unit else self.name


@dataclass(frozen=True)
class Table:
    """What a file says of itself: the table's name and meaning, its columns, and what it was made from."""

    path: Path
    name: str
    meaning: str
    columns: dict[str, Column]
    provenance: dict[str, str]

    @classmethod
    def open(cls, path: Path) -> Table:
        """Reads the description; the rows stay where they are."""
        raw = pq.read_metadata(path).metadata or {}
        metadata = {key.decode(): value.decode() for key, value in raw.items()}
        if "table.columns" not in metadata:
            raise ValueError(f"{path}: a Parquet file, but no table of this workspace: it has no `table.columns`")
        columns = [Column(**column) for column in json.loads(metadata["table.columns"])]
        return cls(
            path,
            metadata["table.name"],
            metadata["table.meaning"],
            {column.name: column for column in columns},
            json.loads(metadata["table.provenance"]),
        )

    def pandas(self) -> pd.DataFrame:
        """The rows in pandas. Columns that may miss values get pandas' nullable types, so that integers stay integers."""
        frame = pd.read_parquet(self.path, dtype_backend="numpy_nullable")
        # pandas keeps what stands in `attrs` beside the rows.
        frame.attrs = {"meaning": self.meaning, "units": {column.name: column.unit for column in self.columns.values()}}
        return frame

    def polars(self) -> pl.DataFrame:
        """The rows in polars."""
        return pl.read_parquet(self.path)


def every_table(results: Path = RESULTS) -> list[Table]:
    """All tables of a folder of results, variants included, by path; parts of unfinished runs are left out."""
    paths = (path for path in sorted(results.rglob("*.parquet")) if "shards" not in path.parts)
    return [Table.open(path) for path in paths]


def main() -> None:
    """Prints every table's documentation, and sees to it that pandas and polars read the same rows."""
    # Quiet when the reader of a pipe has seen enough.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    results = Path(sys.argv[1]) if len(sys.argv) > 1 else RESULTS
    tables = every_table(results)
    if not tables:
        sys.exit(f"{results}: no tables here; `tritrack reproduce all` makes them")
    for table in tables:
        pandas, polars = table.pandas(), table.polars()
        if list(pandas.columns) != list(table.columns) or polars.columns != list(table.columns):
            sys.exit(f"{table.path}: the columns are not those that its metadata describes")
        if not pl.from_pandas(pandas).equals(polars):
            sys.exit(f"{table.path}: pandas and polars read different rows")
        print(f"{table.path.relative_to(results)}: {table.name}, {len(pandas)} rows, seed {table.provenance.get('seed', '-')}")
        print(f"  {table.meaning}")
        for column in table.columns.values():
            print(f"    {column.label:<32} {column.kind + (', optional' if column.optional else ''):<18} {column.meaning}")


if __name__ == "__main__":
    main()
