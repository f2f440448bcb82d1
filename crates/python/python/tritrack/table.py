"""Tables: rows with the meaning and the unit of every column."""

from __future__ import annotations

import html
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tritrack import _native
from tritrack.errors import UnknownNameError

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

# Rows that a notebook shows.
_SHOWN = 60


@dataclass(frozen=True)
class Column:
    """What a column holds.

    Attributes:
        name: Its name.
        kind: `text`, `integer`, `real` or `flag`.
        unit: Its unit; empty for a plain number.
        meaning: What it says, in words.
        optional: Whether values may be missing.
    """

    name: str
    kind: str
    unit: str
    meaning: str
    optional: bool

    @property
    def label(self) -> str:
        """The name with the unit, for an axis or a heading."""
        return f"{self.name} [{self.unit}]" if self.unit else self.name


class Table:
    """A table that any library for data frames takes as it is.

    It speaks the Arrow PyCapsule interface: `polars.DataFrame(table)`, `pyarrow.table(table)`, and DuckDB, in whose SQL a
    variable that holds a table is one, take its columns without a copy. Each Arrow field's metadata holds the column's `kind`,
    `unit` and `meaning`.
    """

    def __init__(self, native: _native.Table) -> None:
        self._native = native
        self._columns = {column[0]: Column(*column) for column in native.columns()}

    @classmethod
    def read_parquet(cls, path: str | os.PathLike[str]) -> Table:
        """Read a table that the workspace wrote, with its units and provenance.

        Args:
            path: A file below `results/`.

        Raises:
            TritrackError: If it is not there, damaged, or written by something else.
        """
        return cls(_native.Table.read_parquet(Path(path)))

    @property
    def name(self) -> str:
        """The table's name."""
        return self._native.name

    @property
    def meaning(self) -> str:
        """What a row is."""
        return self._native.meaning

    @property
    def columns(self) -> dict[str, Column]:
        """The columns by name, in order."""
        return dict(self._columns)

    @property
    def units(self) -> dict[str, str]:
        """The unit of every column; empty for a plain number."""
        return {name: column.unit for name, column in self._columns.items()}

    @property
    def provenance(self) -> dict[str, str]:
        """What the table was made from: the experiment, its seed, and the hash of every input. Empty if it is no result."""
        return self._native.provenance()

    def __len__(self) -> int:
        """The number of rows."""
        return self._native.rows

    def __getitem__(self, column: str) -> list[Any]:
        """The values of a column, None where one is missing.

        Raises:
            UnknownNameError: If there is no such column.
        """
        if column not in self._columns:
            raise UnknownNameError(f"there is no column `{column}`; there are: {', '.join(self._columns)}")
        return self._native.values(column)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """The rows, each as a dictionary."""
        values = {name: self[name] for name in self._columns}
        for row in range(len(self)):
            yield {name: column[row] for name, column in values.items()}

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """The rows as an Arrow C stream."""
        return self._native.__arrow_c_stream__(requested_schema)

    def pandas(self) -> pandas.DataFrame:
        """The rows in pandas; integers and flags with gaps stay what they are. `attrs` holds the meaning and the units."""
        import pandas

        types = {"text": "string", "integer": "Int64", "real": "Float64", "flag": "boolean"}
        plain = {"text": None, "integer": "int64", "real": "float64", "flag": "bool"}
        columns = {
            name: pandas.Series(self[name], dtype=(types if column.optional else plain)[column.kind])
            for name, column in self._columns.items()
        }
        frame = pandas.DataFrame(columns)
        frame.attrs = {"meaning": self.meaning, "units": self.units}
        return frame

    def polars(self) -> polars.DataFrame:
        """The rows in polars."""
        import polars

        return polars.DataFrame(self)

    def arrow(self) -> pyarrow.Table:
        """The rows in pyarrow, each field's unit in its metadata."""
        import pyarrow

        return pyarrow.table(self)

    def to_csv(self) -> str:
        """The rows as comma-separated values, as `--format csv` prints them."""
        return self._native.csv()

    def to_json(self) -> str:
        """The table with its columns as JSON, as `--format json` prints it."""
        return self._native.json()

    def write_parquet(self, path: str | os.PathLike[str]) -> None:
        """Write the table with its units, meanings and provenance.

        Args:
            path: The file; a folder that is missing is made.

        Raises:
            TritrackError: If it cannot be written.
        """
        self._native.write_parquet(Path(path))

    def __repr__(self) -> str:
        """The rows as a terminal shows them."""
        return self._native.text().rstrip()

    def _repr_html_(self) -> str:
        columns = list(self._columns.values())
        heads = "".join(f'<th title="{html.escape(c.meaning)}">{html.escape(c.label)}</th>' for c in columns)

        def cell(value: object) -> str:
            if value is None:
                return "<td></td>"
            text = f"{value:.6g}" if isinstance(value, float) else str(value)
            return f"<td>{html.escape(text)}</td>"

        rows = ["<tr>" + "".join(cell(row[c.name]) for c in columns) + "</tr>" for row, _ in zip(self, range(_SHOWN))]
        more = f"<p>{len(self)} rows, of which {_SHOWN} are shown</p>" if len(self) > _SHOWN else ""
        caption = f"<caption>{html.escape(self.meaning)}</caption>"
        return f"<table>{caption}<thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table>{more}"
