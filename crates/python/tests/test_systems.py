from __future__ import annotations

import numpy as np
import pytest
import tritrack
from conftest import REPOSITORY, command_line, printed_table, same
from tritrack import Machine, Technology


@pytest.mark.parametrize("show", ["layers", "passes", "processors"])
def test_a_simulation_is_the_one_of_the_command_line(network, tmp_path, show):
    images, labels = tritrack.load_images("fashion-mnist", 5)
    found = tritrack.simulate(network, images, labels, show=show)
    common = ["simulate", network.name, "--images", "fashion-mnist", "--count", "5", "--show", show]
    same(found.table, printed_table(tmp_path, *common))


def test_logits_are_those_of_the_integer_inference_and_accuracy_is_their_share(network):
    images, labels = tritrack.load_images("fashion-mnist", 12)
    found = tritrack.simulate(network, images, labels, check=True)
    logits = network.infer(images)
    assert np.array_equal(found.logits, logits) and logits.dtype == np.int64
    assert np.array_equal(found.predictions, logits.argmax(axis=1))
    assert found.accuracy == np.mean(logits.argmax(axis=1) == labels)


def test_a_trace_is_the_one_of_the_command_line(network, tmp_path):
    found = tritrack.simulate(network, "fashion-mnist", count=1, layers=["fc2"], show="trace")
    options = ["--images", "fashion-mnist", "--count", "1", "--layers", "fc2", "--trace"]
    same(found.table, printed_table(tmp_path, "simulate", network.name, *options))


def test_another_machine_and_other_processors_are_those_of_the_command_line(network, tmp_path):
    machine = Machine(columns=128, layout="tiled", outputs_per_processor=32)
    found = tritrack.simulate(network, "fashion-mnist", count=2, machine=machine, processors=2, technology="conservative")
    options = ["--columns", "128", "--layout", "tiled", "--outputs-per-processor", "32", "--processors", "2"]
    options += ["--technology", "conservative", "--images", "fashion-mnist", "--count", "2"]
    same(found.table, printed_table(tmp_path, "simulate", network.name, *options))


def test_a_crossbar_is_the_one_of_the_command_line(network, tmp_path):
    same(
        tritrack.crossbar(network),
        printed_table(tmp_path, "crossbar", network.name, "--technology", "neurosim-rram-22nm"),
    )
    changed = Technology.load("isaac-like", "crossbar").replace({"design.node_nm": 45, "cell.on_resistance": 12})
    found = tritrack.crossbar(network, technology=changed, weights="8-bit", mode="neurosim-compatible")
    options = ["--technology", "isaac-like", "--set", "design.node_nm=45", "--set", "cell.on_resistance=12"]
    options += ["--weights", "8-bit", "--mode", "neurosim-compatible"]
    same(found, printed_table(tmp_path, "crossbar", network.name, *options))


def test_a_digital_array_adds_up_and_skips_zeros(network):
    parts = ("arithmetic", "registers", "buffer", "memory", "leakage")
    costs = tritrack.digital(network)
    for row in costs:
        assert sum(row[part] for part in parts) == pytest.approx(row["energy"], rel=1e-9)
    assert costs["layer"] == [*network.layers, "total"]
    skipped = tritrack.digital(network, skip_zero_weights=True)
    kept = 1 - np.array([(layer.weights == 0).mean() for layer in network.layers.values()])
    assert skipped["arithmetic"][:-1] == pytest.approx(kept * costs["arithmetic"][:-1], rel=1e-6)


def test_faults_are_those_of_the_command_line(network, tmp_path):
    images, labels = tritrack.load_images("fashion-mnist", 6)
    found = tritrack.inject(
        network,
        images,
        labels,
        faults=["out-of-step-by-one", "write-failure"],
        protection="realign-each-load",
        rates=[1e-6, 1e-5],
        trials=2,
        seed=3,
    )
    options = ["--faults", "out-of-step-by-one,write-failure", "--mitigation", "realign-each-load"]
    options += [
        "--rate",
        "1e-6,1e-5",
        "--trials",
        "2",
        "--seed",
        "3",
        "--images",
        "fashion-mnist",
        "--count",
        "6",
    ]
    same(found, printed_table(tmp_path, "inject", network.name, *options))


def test_images_are_the_same_in_every_form(network):
    images, labels = tritrack.load_images("fashion-mnist", 6)
    expected = network.infer(images)
    assert np.array_equal(network.infer("fashion-mnist", count=6), expected)
    assert np.array_equal(network.infer(images[:, 0]), expected)
    assert np.array_equal(network.infer(images.astype(np.float32) / np.float32(255)), expected)
    batches = [(images[:4], labels[:4]), (images[4:], labels[4:])]
    assert np.array_equal(network.infer(iter(batches)), expected)
    assert tritrack.simulate(network, iter(batches), layers=["fc2"]).accuracy is not None
    # A loader is asked for as many batches as are needed and no more.
    asked = []
    loader = (asked.append(i) or images[i : i + 2] for i in range(0, 6, 2))
    assert np.array_equal(network.infer(loader, count=3), expected[:3])
    assert asked == [0, 2]


@pytest.mark.parametrize(
    ("images", "labels", "said"),
    [
        (np.full((1, 1, 28, 28), 1.5), None, "shares of 0 to 1"),
        (np.full((1, 1, 28, 28), 256), None, "0 to 255"),
        (np.zeros((28, 28), np.uint8), None, "expected [count"),
        (np.zeros((0, 1, 28, 28), np.uint8), None, "at least one"),
        (np.zeros((2, 1, 28, 28), np.uint8), [1], "one for each of 2"),
        (np.zeros((1, 1, 28, 28), np.uint8), [10], "10"),
        (np.zeros((1, 1, 28, 28), np.uint8), [0.5], "expected integers"),
        ("golden", [1], "leave them out"),
        ("/no/such/folder", None, "/no/such/folder"),
    ],
)
def test_images_that_cannot_be_taken_are_refused_with_the_reason(network, images, labels, said):
    with pytest.raises(tritrack.TritrackError) as error:
        tritrack.simulate(network, images, labels)
    assert said in str(error.value)


def test_a_technology_of_another_kind_is_refused(network):
    with pytest.raises(tritrack.ArgumentError, match="rtm-ap is expected"):
        tritrack.simulate(network, "fashion-mnist", count=1, technology=Technology.load("mac-array", "digital"))


def test_the_command_line_runs_in_process():
    assert b"fig7" in command_line("list")
    assert (REPOSITORY / "experiments/fig7.yaml").is_file()
