"""Trains a network with ternary weights like the ones beside this folder, or the float network of the same shape.

Run `python train.py --help`; README.md says what is learned how.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
import yaml
from torch import Tensor

import data
import export
import integer
from data import Images
from model import Network, Quantization

NETWORKS = data.WORKSPACE / "experiments" / "networks"
PIXEL_STEP = 1.0 / 255.0
# What a description says of the images, padded as the networks read them.
IMAGE = {"channels": 1, "height": 32, "width": 32}
# The rate of the activation steps, as a share of the weights': a step moves all activations of its layer.
STEP_RATE = 0.1


@dataclass(frozen=True)
class Schedule:
    """How long and how fast the network learns. The rate falls from `rate` to 0 along half a cosine."""

    epochs: int
    batch: int
    rate: float
    smoothing: float = 0.05


def batches(images: Images, size: int, generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
    """One epoch in a new order: augmented images of 0 to 1, and labels. What does not fill a batch is left out."""
    order = torch.randperm(len(images), generator=generator)
    for chosen in order[: len(order) // size * size].split(size):
        pixels = data.augment(images.pixels[chosen], generator)
        yield pixels.float() * PIXEL_STEP, images.labels[chosen]


def learn(network: Network, images: Images, schedule: Schedule, generator: torch.Generator, phase: str) -> None:
    """One phase of training."""
    if schedule.epochs == 0:
        return
    steps = [layer.step for layer in network.layers() if not layer.last]
    others = [values for name, values in network.named_parameters() if not name.endswith(".step")]
    groups: list[dict[str, Any]] = [{"params": others}, {"params": steps, "lr": schedule.rate * STEP_RATE}]
    optimizer = torch.optim.Adam(groups, lr=schedule.rate)
    updates = schedule.epochs * (len(images) // schedule.batch)
    decay = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, max(updates, 1))
    network.train()
    for epoch in range(schedule.epochs):
        start, loss_sum, hits, seen = time.monotonic(), 0.0, 0, 0
        for pixels, labels in batches(images, schedule.batch, generator):
            logits = network(pixels.contiguous(memory_format=torch.channels_last))
            loss = F.cross_entropy(logits, labels, label_smoothing=schedule.smoothing)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            decay.step()
            loss_sum += loss.item() * len(labels)
            hits += int((logits.argmax(1) == labels).sum())
            seen += len(labels)
        print(
            f"{phase} epoch {epoch + 1}/{schedule.epochs}: loss {loss_sum / seen:.4f}, "
            f"accuracy while learning {hits / seen:.4f}, {time.monotonic() - start:.0f} s",
            flush=True,
        )


@torch.no_grad()
def re_estimate_batch_norm(network: Network, images: Images, batch: int = 500) -> None:
    """Takes the mean and variance of every batch norm anew, over images that are not augmented, with the final weights.

    The running averages of training lag behind weights that jump between -α, 0 and α.
    """
    norms = [layer.norm for layer in network.layers()]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
    network.train()
    for pixels in images.pixels.split(batch):
        network(pixels.float() * PIXEL_STEP)
    network.eval()


@torch.no_grad()
def accuracy(network: Network, images: Images, batch: int = 500) -> float:
    """Top-1 accuracy in floating point."""
    network.eval()
    parts = zip(images.pixels.split(batch), images.labels.split(batch), strict=True)
    hits = sum(int((network(pixels.float() * PIXEL_STEP).argmax(1) == labels).sum()) for pixels, labels in parts)
    return hits / len(images)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", help="the new network's name, and its files'")
    parser.add_argument("--like", default="vgg8-fashion-s85-a4", help="the network whose layers are taken, by name")
    parser.add_argument("--float", action="store_true", dest="float_only", help="train the float network; write ONNX")
    parser.add_argument("--half", action="store_true", help="write the ONNX file's weights in 16 bits")
    parser.add_argument("--sparsity", type=float, default=0.85, help="share of zero weights in every layer")
    parser.add_argument("--bits", type=int, default=4, choices=range(1, 9), help="bits of the activations")
    parser.add_argument("--float-epochs", type=int, default=3, help="epochs in floating point, first")
    parser.add_argument("--epochs", type=int, default=7, help="epochs with ternary weights, then")
    parser.add_argument("--rate", type=float, default=2e-3, help="the learning rate that each phase starts with")
    parser.add_argument("--batch", type=int, default=128, help="images in a batch")
    parser.add_argument("--images", type=int, help="training images, from the first on; all if left out")
    parser.add_argument("--test-images", type=int, help="test images for the accuracies, from the first on; all if left out")
    parser.add_argument("--seed", type=int, default=1, help="of the first weights, the order and the augmentation")
    parser.add_argument("--threads", type=int, default=1, help="threads; another number may change the last bits")
    parser.add_argument("--data", type=Path, default=data.DEBIAN_FOLDER, help="folder of the training images")
    parser.add_argument("--output", type=Path, default=NETWORKS, help="where the files are written")
    options = parser.parse_args()
    if options.half and not options.float_only:
        parser.error("--half is of the ONNX file, which --float writes")
    return options


def main() -> None:
    """Trains, measures, writes."""
    options = arguments()
    torch.manual_seed(options.seed)
    torch.set_num_threads(options.threads)
    torch.use_deterministic_algorithms(True)
    generator = torch.Generator().manual_seed(options.seed)

    page = NETWORKS / f"{options.like}.yaml"
    if not page.exists():
        raise SystemExit(f"--like {options.like}: there is no {page}")
    description = yaml.safe_load(page.read_text(encoding="utf-8"))
    if description["input"] != IMAGE:
        raise SystemExit(f"--like {options.like} reads {description['input']}; Fashion-MNIST's images are {IMAGE}")
    training = data.training_images(options.data).first(options.images)
    test = data.test_images().first(options.test_images)
    # Channels last takes a quarter less time on a CPU. PyTorch's stubs do not know the argument.
    network = Network(description).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    options.output.mkdir(parents=True, exist_ok=True)

    learn(network, training, Schedule(options.float_epochs, options.batch, options.rate), generator, "float")
    if options.float_only:
        re_estimate_batch_norm(network, training.first(10_000))
        print(f"float network: {accuracy(network, test):.4f} of the {len(test)} test images")
        path = options.output / f"{options.name}.onnx"
        export.write_onnx(network, description["input"], path, half=options.half)
        print(f"wrote {path}")
        return

    network.quantize(Quantization(options.sparsity, options.bits))
    learn(network, training, Schedule(options.epochs, options.batch, options.rate), generator, "ternary")
    re_estimate_batch_norm(network, training.first(10_000))
    in_floating_point = accuracy(network, test)
    tensors = export.tensors_of(network)
    whole = integer.IntegerNetwork(description, tensors, options.bits)
    in_integers = integer.accuracy(whole.logits(test.pixels), test.labels)
    print(f"floating point: {in_floating_point:.4f}, integers: {in_integers:.4f} of the {len(test)} test images")
    results = export.Results(options.name, options.sparsity, options.bits, len(test), in_floating_point, in_integers)
    for path in export.write_network(description, tensors, results, options.output):
        print(f"wrote {path}")


if __name__ == "__main__":
    main()
