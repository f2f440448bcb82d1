"""Holds a network of the workspace against the program: the same logits for every image, by integer inference written here.

python verify.py NAME [--count 1000] [--program target/release/tritrack]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
import yaml
from safetensors.torch import load_file

import data
import export
import integer


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", help="a network of experiments/networks that reads Fashion-MNIST, by name")
    parser.add_argument("--count", type=int, default=1000, help="test images, from the first on")
    parser.add_argument("--program", type=Path, default=data.WORKSPACE / "target" / "release" / "tritrack")
    return parser.parse_args()


def main() -> None:
    """Infers here and there, and compares."""
    options = arguments()
    torch.set_num_threads(1)
    networks = data.WORKSPACE / "experiments" / "networks"
    description = yaml.safe_load((networks / f"{options.name}.yaml").read_text(encoding="utf-8"))
    tensors = export.read_checkpoint(networks / description["checkpoint"])
    images = data.test_images().first(options.count)
    network = integer.IntegerNetwork(description, tensors, description["activation_bits"])
    here = network.logits(images.pixels)

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "logits.safetensors"
        command = [
            options.program,
            "simulate",
            options.name,
            "--images",
            "fashion-mnist",
            "--count",
            str(options.count),
            "--check",
            "--logits",
            path,
        ]
        subprocess.run(command, cwd=data.WORKSPACE, check=True, stdout=subprocess.DEVNULL)
        there = load_file(path)["logits"]

    differing = int((here != there).any(1).sum())
    print(
        f"top-1 of {len(images)} images: {integer.accuracy(here, images.labels):.4f} here, "
        f"{integer.accuracy(there, images.labels):.4f} on the simulated machine"
    )
    if differing:
        sys.exit(f"the logits of {differing} images differ")
    print("every logit is the same")


if __name__ == "__main__":
    main()
