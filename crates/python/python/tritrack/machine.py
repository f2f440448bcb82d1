"""The array and the compiler's options."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True)
class Machine:
    """An array of racetrack memory, and how programs for it are made.

    The names and defaults are those of `tritrack compile` and `tritrack simulate`. What is out of range is refused when a machine
    is used, with an `ArgumentError`.

    Attributes:
        rows: Rows of an array; each holds an output position.
        columns: Columns of an array.
        domains: Domains of a track: bits behind each cell.
        carry: Where the carry of additions is kept: `column`, `latch`.
        sharing: How subexpressions are shared: `none`, `per-channel`, `cross-channel`, `searched`.
        layout: How words lie in the array: `naive`, `along`, `tiled`, `best`.
        outputs_per_processor: The most outputs that one processor computes; None for as many as fit.
    """

    rows: int = 256
    columns: int = 256
    domains: int = 64
    carry: str = "column"
    sharing: str = "per-channel"
    layout: str = "along"
    outputs_per_processor: int | None = None

    def replace(self, **fields: Any) -> Machine:
        """A copy with other values.

        Args:
            fields: Fields by name.
        """
        return replace(self, **fields)

    def changes(self) -> list[str]:
        """The fields that are not the defaults, as `tritrack reproduce --machine` takes them."""
        default = Machine()
        names = ("rows", "columns", "domains", "carry", "sharing", "layout", "outputs_per_processor")
        values = {name: getattr(self, name) for name in names}
        return [f"{name}={value}" for name, value in values.items() if value != getattr(default, name)]
