"""What can go wrong, as exceptions that say where and what was perhaps meant."""

from __future__ import annotations

from collections.abc import Sequence


class TritrackError(Exception):
    """Anything that the engine refuses. Its text is what the command line prints.

    Attributes:
        file: The file that is wrong, or None if none is.
        line: The first line that is, counted from 1, or None.
        column: The place in that line, counted from 1, or None.
        suggestions: Names that were perhaps meant, the best of each unknown name.
    """

    def __init__(
        self,
        message: str,
        *,
        file: str | None = None,
        line: int | None = None,
        column: int | None = None,
        suggestions: Sequence[str] = (),
    ) -> None:
        super().__init__(message)
        self.file = file
        self.line = line
        self.column = column
        self.suggestions = tuple(suggestions)


class FileError(TritrackError):
    """A file cannot be read or written, or does not hold what it has to."""


class UnknownNameError(TritrackError, LookupError):
    """Nothing has that name: an experiment, a network, a layer, a technology, a parameter."""


class ArgumentError(TritrackError, ValueError):
    """An argument is out of range, or does not go with another."""
