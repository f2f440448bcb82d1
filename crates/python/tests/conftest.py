"""What the tests share: the repository as a workspace, and the command line to compare with."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import tritrack

REPOSITORY = Path(__file__).resolve().parents[3]
os.environ["TRITRACK_WORKSPACE"] = str(REPOSITORY)

SMALL = """\
id: small
title: Operations of a small network
operations:
  networks: [vgg8-fashion-s85-a4]
  sharing: [none, per-channel]
"""
COSTS = """\
id: costs
title: A small network layer by layer
layer_costs:
  network: vgg8-fashion-s85-a4
  images: {set: fashion-mnist, count: 1}
  machine: {rows: 256, columns: 256, domains: 64, sharing: per-channel, layout: along}
  technologies: [paper-like]
  search_models: [active-bits]
  crossbars:
    - {name: "crossbar", technology: neurosim-rram-22nm, node_nm: 45, weights: ternary, activation_bits: 4}
  shown: energy
"""


@pytest.fixture(scope="session")
def network() -> tritrack.Network:
    return tritrack.Network.load("vgg8-fashion-s85-a4")


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> tritrack.Workspace:
    """A workspace of its own, with two small experiments."""
    folder = tmp_path_factory.mktemp("workspace")
    inputs = folder / "experiments"
    inputs.mkdir()
    for name in ("networks", "technology", "data"):
        (inputs / name).symlink_to(REPOSITORY / "experiments" / name)
    (inputs / "small.yaml").write_text(SMALL)
    (inputs / "costs.yaml").write_text(COSTS)
    return tritrack.Workspace(folder)


def command_line(*arguments: str, workspace: Path = REPOSITORY) -> bytes:
    """What the command prints; nothing of it comes from this process."""
    command = [sys.executable, "-m", "tritrack", "--workspace", str(workspace), *arguments]
    done = subprocess.run(command, check=False, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def printed_table(folder: Path, *arguments: str) -> tritrack.Table:
    """The table that a command prints."""
    path = folder / "printed.parquet"
    path.write_bytes(command_line(*arguments, "--format", "parquet"))
    return tritrack.Table.read_parquet(path)


def same(found: tritrack.Table, expected: tritrack.Table) -> None:
    """That two tables are equal, column by column, to the last bit."""
    assert found.columns == expected.columns
    for column in expected.columns:
        assert found[column] == expected[column], column


def copy_of_networks(folder: Path) -> Path:
    """A workspace whose networks may be written to."""
    inputs = folder / "experiments"
    shutil.copytree(REPOSITORY / "experiments" / "networks" / "imported", inputs / "networks" / "imported")
    for name in ("technology", "data"):
        (inputs / name).symlink_to(REPOSITORY / "experiments" / name)
    return folder
