from __future__ import annotations

import numpy as np
import pytest
import tritrack
from conftest import REPOSITORY, command_line, copy_of_networks, printed_table, same
from tritrack import Network

MODEL = REPOSITORY / "experiments/networks/imported/vgg8-fashion-float.onnx"


def test_a_network_says_what_it_is(network):
    assert network.input_shape == (1, 32, 32) and network.classes == 10 and network.activation_bits == 4
    assert next(iter(network.layers)) == "conv1"
    weights = network["conv2"].weights
    assert weights.shape == (32, 32, 3, 3) and set(np.unique(weights)) == {-1, 0, 1}
    share = sum(int((layer.weights == 0).sum()) for layer in network.layers.values())
    assert network.sparsity == share / sum(layer.weights.size for layer in network.layers.values())


def test_quantization_writes_the_bytes_that_the_command_line_writes(tmp_path):
    folder = copy_of_networks(tmp_path)
    model = str(folder / "experiments/networks/imported/vgg8-fashion-float.onnx")
    arguments = [
        "quantize",
        model,
        "--name",
        "mine",
        "--images",
        "fashion-mnist",
        "--count",
        "20",
        "--calibration",
        "20",
    ]
    arguments += ["--sparsity", "0.8", "--by-sensitivity", "--format", "parquet"]
    (tmp_path / "report.parquet").write_bytes(command_line(*arguments, workspace=folder))

    images, labels = tritrack.load_images("fashion-mnist", 20)
    float_network = Network.from_onnx(model)
    made = float_network.quantize(images, labels, sparsity=0.8, by_sensitivity=True, count=None, name="mine")
    same(made.report, tritrack.Table.read_parquet(tmp_path / "report.parquet"))
    written = made.save(tmp_path / "here")
    theirs = folder / "experiments/networks/mine.yaml"
    assert written.with_suffix(".safetensors.zst").read_bytes() == theirs.with_suffix(".safetensors.zst").read_bytes()
    # The command adds the accuracies that it measured, and there were no images left for that.
    assert written.read_text() == theirs.read_text()
    assert np.array_equal(Network.load(written).infer(images), made.infer(images))


def test_a_loader_calibrates_as_the_array_does():
    images, labels = tritrack.load_images("fashion-mnist", 8)
    float_network = Network.from_onnx(MODEL.read_bytes(), name="bytes")
    of_array = float_network.quantize(images, sparsity=0.8, near="weights")
    loader = [(images[i : i + 3], labels[i : i + 3]) for i in range(0, 8, 3)]
    of_loader = float_network.quantize(iter(loader), sparsity=0.8, near="weights")
    same(of_array.report, of_loader.report)
    assert float_network.name == "bytes" and of_array.name == "bytes-ternary"


def test_float_results_are_those_that_quantization_starts_from():
    images, labels = tritrack.load_images("fashion-mnist", 40)
    results = Network.from_onnx(MODEL).infer(images)
    assert results.shape == (40, 10) and results.dtype == np.float32
    assert np.mean(results.argmax(axis=1) == labels) > 0.85


def test_a_network_in_memory_runs_on_every_system(tmp_path):
    images, _ = tritrack.load_images("fashion-mnist", 6)
    made = Network.from_onnx(MODEL).quantize(images, sparsity=0.8, near="weights", name="memory")
    found = tritrack.simulate(made, images, check=True)
    assert np.array_equal(found.logits, made.infer(images))
    assert tritrack.crossbar(made, images)["energy"][-1] > 0
    assert tritrack.digital(made, images)["energy"][-1] > 0
    assert tritrack.inject(made, images, rates=1e-6, trials=1)["inferences"] == [6]


def test_a_network_is_assembled_from_its_parts(network, tmp_path):
    folder = REPOSITORY / "experiments/networks"
    text = (folder / "vgg8-fashion-s85-a4.yaml").read_text()
    with pytest.raises(tritrack.TritrackError, match="conv1"):
        Network.from_tensors(text, {})


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"sparsity": 1.5}, "1.5"),
        ({"sparsity": 0.5, "twn": 0.7}, "one of them"),
        ({"by_sensitivity": True}, "sparsity"),
        ({"steps": "mean"}, "mse"),
        ({"correction": "batchnorm"}, "did you mean `batch-norm`?"),
        ({"bits": 9}, "9"),
        ({"name": "a/b"}, "a/b"),
    ],
)
def test_options_out_of_range_are_refused_with_what_is_expected(options, said):
    images = np.zeros((2, 1, 28, 28), np.uint8)
    with pytest.raises(tritrack.TritrackError) as error:
        Network.from_onnx(MODEL).quantize(images, **options)
    assert said in str(error.value)


def test_a_network_that_is_not_there_or_wrong_is_told_with_its_place(tmp_path):
    with pytest.raises(tritrack.UnknownNameError) as error:
        Network.load("vgg8-fashion-s85-a5")
    assert error.value.suggestions[0].startswith("vgg8-fashion-s85-a")
    path = tmp_path / "wrong.yaml"
    path.write_text((REPOSITORY / "experiments/networks/vgg8-fashion-s85-a4.yaml").read_text().replace("title:", "titel:"))
    with pytest.raises(tritrack.FileError) as error:
        Network.load(path)
    assert error.value.file == str(path) and error.value.line
    with pytest.raises(tritrack.TritrackError):
        Network.from_onnx(b"no model")


def test_the_table_of_a_layer_is_the_command_lines(network, tmp_path):
    found = tritrack.compile(network["fc2"]).statistics
    expected = printed_table(tmp_path, "compile", network.name, "--layer", "fc2")
    assert {c: found[c] for c in found.columns if c != "seconds"} == {c: expected[c] for c in expected.columns if c != "seconds"}
