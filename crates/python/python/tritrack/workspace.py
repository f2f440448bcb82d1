"""A workspace: experiments, and the results that they gave."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tritrack import _native
from tritrack.errors import UnknownNameError
from tritrack.machine import Machine
from tritrack.table import Table

if TYPE_CHECKING:
    from tritrack.network import Network
    from tritrack.technology import Technology

ENVIRONMENT = "TRITRACK_WORKSPACE"
"""The environment variable that names the workspace, as for the command line."""


@dataclass(frozen=True)
class Difference:
    """What differs between two sets of results.

    Attributes:
        changes: Numbers that differ, the largest relative changes first.
        compared: How many numbers were compared.
        notes: Tables and rows without a partner.
    """

    changes: Table
    compared: int
    notes: list[str]


class Workspace:
    """A folder with `experiments/`, `results/` and `figures/`.

    Args:
        path: The folder. If left out, the one that TRITRACK_WORKSPACE names, or the nearest above the current folder.

    Raises:
        TritrackError: If there is no such folder.
    """

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        given = path if path is not None else os.environ.get(ENVIRONMENT)
        self._native = _native.Workspace.find(None if given is None else Path(given))

    @classmethod
    def of(cls, given: Workspace | str | os.PathLike[str] | None) -> Workspace:
        """The workspace that is meant: one, its folder, or None for the default."""
        return given if isinstance(given, Workspace) else cls(given)

    @property
    def root(self) -> Path:
        """The folder."""
        return Path(self._native.root)

    @property
    def experiments(self) -> list[str]:
        """The names of all experiments."""
        return self._native.experiments()

    @property
    def networks(self) -> list[str]:
        """The names of all networks."""
        return self._native.networks()

    def technologies(self, kind: str = "rtm-ap") -> list[str]:
        """The names of all technologies of a kind.

        Args:
            kind: `rtm-ap`, `crossbar`, `digital`, `faults`, `analog` or `endurance`.
        """
        return self._native.technologies(kind)

    def reproduce(
        self,
        *experiments: str,
        technology: Technology | str | os.PathLike[str] | Iterable[Technology | str | os.PathLike[str]] = (),
        network: Network | str | None = None,
        images: str | None = None,
        machine: Machine | Mapping[str, object] | None = None,
        quick: bool = False,
        label: str | None = None,
        data: Mapping[str, str | os.PathLike[str]] | None = None,
        force: bool = False,
    ) -> Results:
        """Run experiments: write their tables and figures. What is up to date is left alone.

        With something of your own, results go to a variant's folder, beside those of the experiments as they stand.

        Args:
            experiments: Names, or `all`.
            technology: Technologies, or files of them, each in the place of the one whose name it carries.
            network: Another network of the workspace.
            images: Another set of images: `golden`, `fashion-mnist`, `cifar10`, `own`.
            machine: Another array or other options: fields by name. Of a `Machine`, those that are not the defaults.
            quick: Trim every experiment.
            label: The variant's name; made of what is varied if left out.
            data: Folders of data that the workspace does not carry, by name.
            force: Run also what is up to date.

        Returns:
            The results: tables and figures.

        Raises:
            UnknownNameError: If there is no such experiment.
            TritrackError: If an input is missing or wrong.
        """
        from tritrack.technology import Technology

        one = isinstance(technology, (Technology, str, os.PathLike))
        given = [technology] if one else list(technology)  # type: ignore[arg-type]
        changes = machine.changes() if isinstance(machine, Machine) else [f"{k}={v}" for k, v in (machine or {}).items()]
        with tempfile.TemporaryDirectory() as folder:
            files = [
                str(item.save(folder)) if isinstance(item, Technology) else os.fspath(item)  # type: ignore[arg-type]
                for item in given
            ]
            varied = {
                "technology": files,
                "network": network if network is None or isinstance(network, str) else network.name,
                "images": images,
                "machine": changes,
                "quick": quick,
                "label": label,
                "data": [(name, Path(path)) for name, path in (data or {}).items()],
                "force": force,
            }
            native, said = self._native.reproduce(list(experiments), varied)
        return Results(native, said)

    def table(self, name: str) -> Table:
        """A table of the results.

        Args:
            name: Experiment and table, as `fig7/ratios`.

        Raises:
            UnknownNameError: If there is no such table.

        Example:
            >>> ratios = Workspace().table("fig7/ratios")
            >>> ratios.columns["baseline_energy"].unit
            'uJ'
        """
        return _table(self._native, name)

    def figure(self, experiment: str, extension: str = "svg") -> Path:
        """The file of a figure.

        Args:
            experiment: The experiment's name.
            extension: `svg` or `png`.
        """
        return Path(self._native.figure_path(experiment, extension))

    def claims(self) -> Table:
        """What the results say of each claim: stated, measured, and the verdict; a row for each number."""
        return Table(self._native.claims())

    def diff(self, before: str | os.PathLike[str] | None = None, *experiments: str, variant: str | None = None) -> Difference:
        """Compare every number of the results with others.

        Args:
            before: A revision of git, or a folder that holds `results/`; the last commit if left out.
            experiments: Experiments by name; all if left out.
            variant: Compare the results as they stand (before) with those of a variant (after) instead.
        """
        past = None if before is None else os.fspath(before)
        changes, compared, notes = self._native.diff(past, variant, list(experiments))
        return Difference(Table(changes), compared, notes)

    def explain(self, table: str | os.PathLike[str], row: int = 0) -> str:
        """What a row means, and what it was made from: values, inputs, parameters with their sources.

        Args:
            table: Experiment and table, as `fig7/ratios`, or a file.
            row: The row, counted from 0.
        """
        path = Path(table)
        if path.suffix != ".parquet":
            path = _path(self._native, str(table))
        return "\n".join(self._native.explain(path, row))

    def __repr__(self) -> str:
        """The folder."""
        return f"Workspace({str(self.root)!r})"


class Results:
    """What `Workspace.reproduce` wrote.

    Attributes:
        said: What was said of each experiment, as the command prints it.
    """

    def __init__(self, native: _native.Workspace, said: str) -> None:
        self._native = native
        self.said = said

    def table(self, name: str) -> Table:
        """A table.

        Args:
            name: Experiment and table, as `fig7/ratios`.

        Raises:
            UnknownNameError: If there is no such table.
        """
        return _table(self._native, name)

    def figure(self, experiment: str, extension: str = "svg") -> Path:
        """The file of a figure.

        Args:
            experiment: The experiment's name.
            extension: `svg` or `png`.
        """
        return Path(self._native.figure_path(experiment, extension))

    def __repr__(self) -> str:
        """What was said."""
        return self.said


def _path(native: _native.Workspace, name: str) -> Path:
    experiment, _, table = name.partition("/")
    path = Path(native.table_path(experiment, table or experiment))
    if table and path.is_file():
        return path
    folder = path.parent
    known = [f"{experiment}/{file.stem}" for file in sorted(folder.glob("*.parquet"))]
    if not known:
        known = sorted(f"{file.parent.name}/{file.stem}" for file in folder.parent.glob("*/*.parquet"))
    raise UnknownNameError(f"there is no table `{name}`; there are: {', '.join(known) or 'none'}")


def _table(native: _native.Workspace, name: str) -> Table:
    return Table(_native.Table.read_parquet(_path(native, name)))
