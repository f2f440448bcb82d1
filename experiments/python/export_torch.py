"""Exports a PyTorch network to ONNX as `tritrack import` reads it.

    python export_torch.py [FILE]          # residual.onnx by default: a small residual network with seeded random weights

What matters, for any network:
- `eval()` first: batch norm then uses its learned statistics and dropout does nothing. An exporter that is given a network in
  training mode writes what training does.
- A fixed image shape, since ternary programs are compiled for one; only the batch may be symbolic.
- The network as it was trained, without the normalization of pixels: `tritrack import --mean 0.485,0.456,0.406 --deviation
  0.229,0.224,0.225` says what training took off pixels of 0 to 1 and divided them by. Without them a pixel is 0 to 1.
- Linear, batch norm, activation, in this order, so that batch norm folds into the integers.
- Opset 17 or later.
"""

from __future__ import annotations

import sys
import warnings
from collections import OrderedDict
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx.reference import ReferenceEvaluator
from torch import Tensor, nn


class Block(nn.Module):
    """ResNet's basic block."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
            nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))
        self.shortcut = nn.Identity() if stride == 1 and inputs == outputs else shortcut

    def forward(self, inputs: Tensor) -> Tensor:
        """The block's activations."""
        return torch.relu(self.body(inputs) + self.shortcut(inputs))


def residual_network() -> nn.Module:
    """A small residual network for images of 3 x 32 x 32 and 10 classes."""
    # Layers are called by these names in the workspace too.
    layers: dict[str, nn.Module] = {
        "conv1": nn.Conv2d(3, 16, 3, 1, 1, bias=False),
        "norm1": nn.BatchNorm2d(16),
        "relu1": nn.ReLU(),
        "block1": Block(16, 16, 1),
        "block2": Block(16, 32, 2),
        "pool": nn.AdaptiveAvgPool2d(1),
        "flatten": nn.Flatten(),
        "fc": nn.Linear(32, 10),
    }
    return nn.Sequential(OrderedDict(layers))


def export(network: nn.Module, shape: tuple[int, int, int], path: Path, *, symbolic_batch: bool = True) -> None:
    """Writes a network that reads images of `shape` (channels, rows, columns)."""
    network.eval()
    batch = {"image": {0: "batch"}, "logits": {0: "batch"}}
    with warnings.catch_warnings():
        # The exporter that traces (`dynamo=False`) needs no further package; PyTorch calls it the old one. Both are read.
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            network,
            (torch.zeros(1, *shape),),
            path,
            dynamo=False,
            opset_version=17,
            input_names=["image"],
            output_names=["logits"],
            dynamic_axes=batch if symbolic_batch else None,
        )


def check(network: nn.Module, shape: tuple[int, int, int], path: Path) -> float:
    """The largest difference between the file's logits and the network's, over a few random images."""
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    image = torch.rand(1, *shape)
    (found,) = ReferenceEvaluator(model).run(None, {"image": image.numpy()})
    with torch.no_grad():
        expected = network(image).numpy()
    return float(np.abs(found - expected).max())


def main() -> None:
    """Exports an example and checks the file."""
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else Path("residual.onnx")
    torch.manual_seed(1)
    network = residual_network()
    export(network, (3, 32, 32), path)
    difference = check(network, (3, 32, 32), path)
    operators = sorted({node.op_type for node in onnx.load(path).graph.node})
    print(f"wrote {path}: {', '.join(operators)}; logits differ from PyTorch's by at most {difference:.1e}")
    if difference > 1e-4:
        sys.exit("that is more than rounding")


if __name__ == "__main__":
    main()
