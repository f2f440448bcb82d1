from __future__ import annotations

import pytest
import tritrack
from tritrack import Technology


@pytest.fixture(scope="module")
def paper() -> Technology:
    return Technology.load("paper-like")


def test_a_parameter_has_its_value_unit_range_and_source(paper):
    step = paper["shift.step"]
    assert (step.value, step.unit, step.low, step.high, step.mark) == (
        0.2,
        "pJ/step",
        0.02,
        0.61,
        "assumption",
    )
    assert "DESTINY" in step.source
    assert "node_nm: 45" in paper.design


@pytest.mark.parametrize("value", [0.02, "0.02", "0.02 pJ", "0.02 pJ/step", "20 fJ", "20 fJ/step"])
def test_a_value_is_replaced_in_whatever_unit_it_is_said(paper, value):
    changed = paper.replace(shift_step=value)
    assert changed["shift.step"].value == pytest.approx(0.02, rel=1e-12)
    assert paper["shift.step"].value == 0.2
    assert changed.replace({"shift.step": 0.2}).items() == paper.items()


def test_a_range_that_does_not_hold_the_value_is_widened(paper):
    step = paper.replace(shift_step=2)["shift.step"]
    assert (step.low, step.value, step.high) == (0.02, 2.0, 2.0)


def test_energies_follow_the_parameter(network, paper):
    def energy(technology):
        return tritrack.simulate(network, "fashion-mnist", count=1, technology=technology).table["energy_active_bits"][-1]

    steps = tritrack.simulate(network, "fashion-mnist", count=1).table["track_steps"][-1]
    # A microjoule is a million picojoules.
    assert energy(paper) - energy(paper.replace(shift_step=0.1)) == pytest.approx(0.1e-6 * steps, rel=1e-6)


def test_a_saved_technology_is_read_back_and_taken_by_name_of_its_file(paper, tmp_path):
    changed = paper.replace({"shift.step": "30 fJ", "design.node_nm": 32})
    path = changed.save(tmp_path)
    read = Technology.from_file(path)
    assert read.items() == changed.items() and "node_nm: 32" in read.design


@pytest.mark.parametrize(
    ("changes", "error", "suggestions"),
    [
        ({"shift.stp": 1}, tritrack.UnknownNameError, ("shift.step",)),
        ({"shift.step": "3 ns"}, tritrack.ArgumentError, ()),
        ({"shift.step": "much"}, tritrack.ArgumentError, ()),
        ({"shift.step": float("nan")}, tritrack.ArgumentError, ()),
        ({"design.node_nm": "wide"}, tritrack.TritrackError, ()),
    ],
)
def test_a_change_that_makes_no_sense_is_refused(paper, changes, error, suggestions):
    with pytest.raises(error) as raised:
        paper.replace(changes)
    assert raised.value.suggestions == suggestions


def test_a_wrong_file_is_told_with_its_line(paper, tmp_path):
    path = paper.save(tmp_path)
    lines = path.read_text().splitlines()
    place = next(i for i, line in enumerate(lines) if line.strip() == "step:")
    lines[place] = lines[place].replace("step", "stride")
    path.write_text("\n".join(lines))
    with pytest.raises(tritrack.FileError) as error:
        Technology.from_file(path)
    assert (error.value.file, error.value.line) == (str(path), place + 1)


def test_an_unknown_technology_and_kind_are_told_with_what_there_is():
    with pytest.raises(tritrack.UnknownNameError) as error:
        Technology.load("paper-lik")
    assert error.value.suggestions == ("paper-like",)
    with pytest.raises(tritrack.UnknownNameError) as error:
        Technology.load("paper-like", "rtmap")
    assert error.value.suggestions == ("rtm-ap",)
