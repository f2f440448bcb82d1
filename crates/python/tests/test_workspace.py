from __future__ import annotations

import pytest
import tritrack
from conftest import REPOSITORY, command_line
from tritrack import Machine, Workspace


def test_an_experiment_gives_the_bytes_that_the_command_line_gives(workspace, tmp_path):
    results = workspace.reproduce("small")
    assert "small: Operations of a small network" in results.said
    inputs = tmp_path / "experiments"
    inputs.symlink_to(workspace.root / "experiments")
    command_line("reproduce", "small", workspace=tmp_path)
    written = sorted(path.relative_to(tmp_path) for path in tmp_path.glob("results/small/*.parquet"))
    assert written
    for path in [*written, "figures/small.svg", "figures/small.png"]:
        assert (workspace.root / path).read_bytes() == (tmp_path / path).read_bytes(), path
    assert results.figure("small") == workspace.figure("small")
    assert len(results.table("small/operations")) == len(workspace.table("small/operations")) > 0
    assert "up to date" in workspace.reproduce("small").said


def test_a_variant_lies_beside_the_results_and_is_compared_with_them(workspace):
    workspace.reproduce("costs")
    varied = workspace.reproduce("costs", machine={"layout": "tiled"}, label="tiled")
    assert "up to date" in workspace.reproduce("costs", machine=Machine(layout="tiled"), label="tiled").said
    assert "variants/tiled" in str(varied.figure("costs"))
    difference = workspace.diff(None, "costs", variant="tiled")
    assert difference.compared > len(difference.changes) > 0
    assert set(difference.changes["table"]) == {"costs/layers"}


def test_a_changed_technology_reaches_the_experiment_under_its_name(workspace):
    paper = tritrack.Technology.load("paper-like")
    before = workspace.reproduce("costs").table("costs/layers").polars()
    varied = workspace.reproduce("costs", technology=paper.replace(shift_step="0.1 pJ"), label="fast")
    after = varied.table("costs/layers").polars()
    assert (before["system"] == after["system"]).all()
    is_ours = before["system"] == "RTM-AP"
    assert (after["energy"].filter(is_ours) < before["energy"].filter(is_ours)).all()
    assert (after["energy"].filter(~is_ours) == before["energy"].filter(~is_ours)).all()


def test_results_are_read_explained_and_judged():
    here = Workspace(REPOSITORY)
    ratios = here.table("fig7/ratios")
    said = here.explain("fig7/ratios", 0)
    assert said.encode() + b"\n" == command_line("explain", "results/fig7/ratios.parquet", "--row", "0")
    assert ratios.meaning in said
    claims = here.claims()
    assert len(claims) > 5 and "verdict" in claims.columns
    assert {"fig7", "fig16"} <= set(here.experiments) and "resnet18-s80-a4" in here.networks
    assert "paper-like" in here.technologies()


@pytest.mark.parametrize(
    ("ask", "suggestions"),
    [
        (lambda w: w.reproduce("smal"), ("small",)),
        (lambda w: w.reproduce("small", network="vgg8-fashion-s85-a44"), ("vgg8-fashion-s85-a4",)),
        (lambda w: w.reproduce("small", images="fashionmnist"), ("fashion-mnist",)),
        (lambda w: w.reproduce("small", data={"cifar": "/data"}), ("cifar10",)),
    ],
)
def test_names_that_are_not_known_come_with_those_that_were_perhaps_meant(workspace, ask, suggestions):
    with pytest.raises(tritrack.UnknownNameError) as error:
        ask(workspace)
    assert error.value.suggestions == suggestions


def test_a_table_or_row_that_is_not_there_is_told(workspace, tmp_path):
    with pytest.raises(tritrack.UnknownNameError, match="fig7/ratios"):
        Workspace(REPOSITORY).table("fig7/ratio")
    with pytest.raises(tritrack.TritrackError, match="no row 999999"):
        Workspace(REPOSITORY).explain("fig7/ratios", 999999)
    with pytest.raises(tritrack.TritrackError, match="TRITRACK_WORKSPACE"):
        Workspace(tmp_path)


def test_a_wrong_manifest_is_told_with_every_line(workspace):
    path = workspace.root / "experiments" / "wrong.yaml"
    path.write_text("id: wrong\ntitle: x\noperations:\n  network: [a]\n  sharing: [nonee]\n")
    try:
        with pytest.raises(tritrack.FileError) as error:
            workspace.reproduce("wrong")
    finally:
        path.unlink()
    assert error.value.file == str(path) and error.value.line == 4
    assert "none" in error.value.suggestions and "networks" in error.value.suggestions
