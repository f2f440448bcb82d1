"""Progress of work, as bars of tqdm where it is installed and somebody may be looking."""

from __future__ import annotations

import os
import sys
from typing import Any

# By job and place among its bars.
_bars: dict[tuple[int, int], Any] = {}

OFF = "TRITRACK_PROGRESS"
"""The environment variable that, set to 0, keeps bars away."""


def _is_watched() -> bool:
    if os.environ.get(OFF) == "0":
        return False
    # A notebook shows bars although its standard error is no terminal.
    return sys.stderr.isatty() or "ipykernel" in sys.modules


def told(key: tuple[int, int], what: str, position: int, length: int, has_ended: bool) -> None:
    """Show that `position` of `length` steps (0 if not known) are done."""
    if not _is_watched():
        return
    try:
        from tqdm.auto import tqdm
    except ImportError:
        return
    bar = _bars.get(key)
    if bar is None:
        if has_ended:
            return
        bar = _bars[key] = tqdm(desc=what, total=length or None, leave=False)
    if length and bar.total != length:
        bar.total = length
    bar.update(position - bar.n)
    if has_ended:
        bar.close()
        del _bars[key]
