"""Technologies: what parts of a machine cost, each number with a range and a source."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tritrack import _native
from tritrack.errors import UnknownNameError
from tritrack.workspace import Workspace


@dataclass(frozen=True)
class Parameter:
    """A number of a technology.

    Attributes:
        path: Section and name, as `shift.step`.
        value: Its value, in `unit`.
        unit: Its unit, as `pJ/step`.
        low: The 5 % point of what is believed of it, in `unit`.
        high: The 95 % point, in `unit`.
        source: Where it is from.
        mark: How far it can be trusted: `paper`, `summary`, `source`, `memory`, `derived`, `ran` or `assumption`.
    """

    path: str
    value: float
    unit: str
    low: float
    high: float
    source: str
    mark: str

    def __str__(self) -> str:
        """The value with its unit and range."""
        return f"{self.value:g} {self.unit} ({self.low:g} to {self.high:g})"


class Technology(Mapping[str, Parameter]):
    """A technology: its parameters by path. It is never changed: `replace` gives another."""

    def __init__(self, native: _native.Technology) -> None:
        self._native = native
        self._parameters = {values[0]: Parameter(*values) for values in native.parameters()}

    @classmethod
    def load(
        cls,
        name: str,
        kind: str = "rtm-ap",
        *,
        workspace: Workspace | str | os.PathLike[str] | None = None,
    ) -> Technology:
        """A technology of a workspace.

        Args:
            name: Its name, as `paper-like`.
            kind: What it is one of: `rtm-ap`, `crossbar`, `digital`, `faults`, `analog`, `endurance`.
            workspace: The workspace; the default if left out.

        Raises:
            UnknownNameError: If there is none of that name.
            FileError: If its file is wrong; `line` says where.
        """
        return cls(_native.Technology.load(kind, name, Workspace.of(workspace)._native))

    @classmethod
    def from_file(cls, path: str | os.PathLike[str], kind: str = "rtm-ap") -> Technology:
        """A technology from a file.

        Args:
            path: A YAML file, as those of `experiments/technology`.
            kind: What it is one of.

        Raises:
            FileError: If it cannot be read or is wrong; `line` says where.
        """
        return cls(_native.Technology.open(kind, Path(path)))

    @classmethod
    def of(
        cls,
        given: Technology | str | os.PathLike[str],
        kind: str,
        workspace: Workspace | str | os.PathLike[str] | None,
    ) -> Technology:
        """The technology that is meant: one, its name, or its file."""
        if isinstance(given, Technology):
            return given
        path = Path(given)
        if path.suffix in (".yaml", ".yml") or len(path.parts) > 1:
            return cls.from_file(path, kind)
        return cls.load(os.fspath(given), kind, workspace=workspace)

    @property
    def name(self) -> str:
        """The name that tables use."""
        return self._native.name

    @property
    def title(self) -> str:
        """One line for a legend."""
        return self._native.title

    @property
    def kind(self) -> str:
        """What it is one of, as its folder is called."""
        return self._native.kind

    @property
    def design(self) -> str:
        """The choices that are no numbers with a range, as YAML."""
        return self._native.design()

    def replace(self, changes: Mapping[str, float | str] | None = None, /, **parameters: float | str) -> Technology:
        """A technology with other values. A range that does not hold its new value is widened.

        Args:
            changes: Values by path, as `{"shift.step": "0.02 pJ"}`; fields of the design as `{"design.node_nm": 32}`.
            parameters: Values of parameters whose path has `_` in the place of `.`, as `shift_step="0.02 pJ"`. A number is in the
                parameter's own unit, a text may say another.

        Returns:
            The other technology, under the same name.

        Raises:
            UnknownNameError: If there is no such parameter; `suggestions` says which is perhaps meant.
            ArgumentError: If a value is no number, or in a unit of something else.

        Example:
            >>> paper = Technology.load("paper-like")
            >>> print(paper.replace(shift_step="20 fJ")["shift.step"])
            0.02 pJ/step (0.02 to 0.61)
            >>> paper.replace(shift_stp=1)
            Traceback (most recent call last):
            tritrack.errors.UnknownNameError: there is no parameter `shift_stp` (did you mean `shift.step`?); ...
        """
        values = dict(changes or {})
        by_keyword = {path.replace(".", "_"): path for path in self._parameters}
        for name, value in parameters.items():
            # What is unknown goes on as it is: the engine says what there is.
            values[by_keyword.get(name, name)] = value
        pairs = [(path, value if isinstance(value, str) else repr(value)) for path, value in values.items()]
        return Technology(self._native.replace(pairs))

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write the technology's file, under its own name, into a folder, with the component library that it counts in.

        Args:
            folder: The folder.

        Returns:
            The file, as `tritrack reproduce --technology` takes it.
        """
        return Path(self._native.save(Path(folder)))

    def __getitem__(self, path: str) -> Parameter:
        """The parameter at a path, as `shift.step`.

        Raises:
            UnknownNameError: If there is none.
        """
        try:
            return self._parameters[path]
        except KeyError:
            known = ", ".join(self._parameters)
            raise UnknownNameError(f"there is no parameter `{path}`; there are: {known}") from None

    def __iter__(self) -> Iterator[str]:
        """The paths, in alphabetical order."""
        return iter(self._parameters)

    def __len__(self) -> int:
        """How many parameters there are."""
        return len(self._parameters)

    def __repr__(self) -> str:
        """Every parameter in a line."""
        lines = [f"{self.kind} technology {self.name}: {self.title}"]
        return "\n".join(lines + [f"  {path} = {parameter}" for path, parameter in self.items()])
