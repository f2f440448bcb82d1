"""Holds the recipe against what is known: golden vectors, the rules of rounding, and a training of seconds, twice.

python check.py        # needs neither the training images nor the program
"""

from __future__ import annotations

import gzip
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
import yaml

import data
import export
import integer
from model import LearnedStep, ternarize

NETWORKS = data.WORKSPACE / "experiments" / "networks"


def integer_inference_gives_the_golden_logits() -> None:
    """The shipped networks' logits, which another implementation computed."""
    for name in ("vgg8-fashion-s85-a4", "vgg8-fashion-s85-a8", "vgg9-s85-a4"):
        description = yaml.safe_load((NETWORKS / f"{name}.yaml").read_text(encoding="utf-8"))
        tensors = export.read_checkpoint(NETWORKS / description["checkpoint"])
        golden = export.read_checkpoint(NETWORKS / description["golden"])
        network = integer.IntegerNetwork(description, tensors, description["activation_bits"])
        logits = network.logits(torch.from_numpy(golden["input"]))
        assert np.array_equal(logits.numpy(), golden["logits"]), name


def ternary_weights_have_the_target_sparsity_and_mean_magnitudes() -> None:
    """Also where a filter keeps nothing."""
    weights = torch.randn(40, 7, 3, 3, generator=torch.Generator().manual_seed(1))
    weights[3] = 0.0
    ternary = ternarize(weights, 0.85)
    zeros = int((ternary.signs == 0).sum())
    assert zeros == int(0.85 * weights.numel()), zeros
    assert ternary.scale[3] == 0.0
    kept = ternary.signs[5] != 0
    assert torch.isclose(ternary.scale[5], weights[5].abs()[kept].mean())
    assert float(weights.abs()[ternary.signs == 0].max()) < float(weights.abs()[ternary.signs != 0].min())


def a_step_learns_as_lsq_says() -> None:
    """Values below, in, and above the range of a step of 0.5 with maximum 3: gradients of value and step, by hand."""
    values = torch.tensor([-0.4, 0.6, 1.2, 1.25, 9.0], requires_grad=True)
    step = torch.tensor([0.5], requires_grad=True)
    LearnedStep.apply(values, step, 3).sum().backward()
    assert values.grad is not None
    assert step.grad is not None
    assert values.grad.tolist() == [0.0, 1.0, 1.0, 1.0, 0.0]
    by_hand = 0.0 + (1 - 1.2) + (2 - 2.4) + (3 - 2.5) + 3.0
    assert abs(step.grad.item() - by_hand) < 1e-6, step.grad


def a_training_gives_the_same_files_again() -> None:
    """On 512 of the test images, as if they were training images."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        few = data.test_images().first(512)
        pixels = few.pixels[:, 0, data.PADDING : -data.PADDING, data.PADDING : -data.PADDING].contiguous()
        write_idx(place / "train-images-idx3-ubyte.gz", pixels.numpy())
        write_idx(place / "train-labels-idx1-ubyte.gz", few.labels.to(torch.uint8).numpy())
        options = ["--data", folder, "--float-epochs", "1", "--epochs", "1", "--batch", "64", "--test-images", "100"]
        outputs = []
        for run in ("first", "second"):
            command = [sys.executable, "train.py", "tried", *options, "--output", str(place / run)]
            subprocess.run(command, cwd=Path(__file__).parent, check=True, stdout=subprocess.DEVNULL)
            outputs.append({path.name: path.read_bytes() for path in sorted((place / run).iterdir())})
        assert sorted(outputs[0]) == ["tried.safetensors.zst", "tried.yaml"]
        assert outputs[0] == outputs[1]
        description = yaml.safe_load(outputs[0]["tried.yaml"])
        assert description["documented_accuracy"]["integer_inference"]["images"] == 100


def write_idx(path: Path, values: np.ndarray) -> None:
    """An IDX file of unsigned bytes."""
    extents = np.array(values.shape, ">u4").tobytes()
    path.write_bytes(gzip.compress(bytes([0, 0, 8, values.ndim]) + extents + values.tobytes()))


def main() -> None:
    """Runs the checks one after the other."""
    torch.set_num_threads(1)
    checks = [
        integer_inference_gives_the_golden_logits,
        ternary_weights_have_the_target_sparsity_and_mean_magnitudes,
        a_step_learns_as_lsq_says,
        a_training_gives_the_same_files_again,
    ]
    for check in checks:
        check()
        print(f"{check.__name__.replace('_', ' ')}: holds")
    print(f"{len(checks)} passed, 0 failed")


if __name__ == "__main__":
    main()
