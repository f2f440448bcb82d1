"""Integer inference of a checkpoint, written from the definition in the documentation of the crate `network` alone.

With acc the sums of ternary weights and unsigned activations, s_in the step of a layer's input, s_out of its output, in float64:
    m = α · γ · s_in / √(var + ε)            b = β − γ · mean / √(var + ε)
    q = clamp((acc · rint(m / s_out · 2^24) + rint((b / s_out + ½) · 2^24)) >> 24, 0, 2^bits − 1)
The last layer gives logits, acc · rint(m · 2^24) + rint(b · 2^24). `rint` rounds half to even, `>>` rounds down.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from layers import known_layers

ONE = float(1 << 24)
EPSILON = 1e-5


class IntegerNetwork:
    """The layers of a description with the tensors of a checkpoint."""

    def __init__(self, description: Mapping[str, Any], tensors: Mapping[str, np.ndarray], bits: int) -> None:
        self.layers = known_layers(description)
        self.tensors = tensors
        self.maximum = (1 << bits) - 1

    def logits(self, pixels: Tensor, batch: int = 250) -> Tensor:
        """The logits, I64 [n, classes], of images of 8 bits, [n, channels, rows, columns]."""
        return torch.cat([self._logits(part.long()) for part in pixels.split(batch)])

    def _logits(self, values: Tensor) -> Tensor:
        step = 1.0 / 255.0
        for index, (kind, layer) in enumerate(self.layers):
            if kind == "max_pool":
                # Activations are small integers: float32 holds them exactly, and a pool pads with less than any.
                pooled = F.max_pool2d(values.float(), layer["kernel"], layer["stride"], layer.get("padding", 0))
                values = pooled.long()
                continue
            sums = self._sums(kind, layer, values)
            m, b = self._affine(layer["name"], step)
            if index + 1 == len(self.layers):
                return (sums * fixed_point(m, sums) + fixed_point(b, sums)).flatten(1)
            step = float(self.tensors[f"{layer['name']}.act.step"][0])
            requantized = sums * fixed_point(m / step, sums) + fixed_point(b / step + 0.5, sums)
            values = (requantized >> 24).clamp(0, self.maximum)
        raise SystemExit("the last layer gives no logits")

    def _sums(self, kind: str, layer: Mapping[str, Any], values: Tensor) -> Tensor:
        signs = torch.from_numpy(self.tensors[f"{layer['name']}.weight"])
        # Sums are taken in floating point, in the narrowest type that holds each of them exactly.
        largest = max(int(values.max()), 1) * signs[0].numel()
        exact = torch.float32 if largest < 1 << 24 else torch.float64
        if kind == "convolution":
            stride, padding = layer.get("stride", 1), layer.get("padding", 0)
            return F.conv2d(values.to(exact), signs.to(exact), stride=stride, padding=padding).long()
        return F.linear(values.to(exact).flatten(1), signs.to(exact)).long()

    def _affine(self, name: str, step: float) -> tuple[np.ndarray, np.ndarray]:
        alpha, gamma, beta, mean, variance = (
            self.tensors[f"{name}.{part}"].astype(np.float64) for part in ("alpha", "bn.gamma", "bn.beta", "bn.mean", "bn.var")
        )
        deviation = np.sqrt(variance + EPSILON)
        return alpha * gamma * step / deviation, beta - gamma * mean / deviation


def fixed_point(values: np.ndarray, like: Tensor) -> Tensor:
    """Values by channel as integers of 24 fraction bits, shaped to multiply sums [n, channels, ...]."""
    rounded = torch.from_numpy(np.rint(values * ONE).astype(np.int64))
    return rounded.reshape(1, -1, *[1] * (like.dim() - 2))


def accuracy(logits: Tensor, labels: Tensor) -> float:
    """The share of images whose largest logit, the first of equal ones, is their label's."""
    return int((logits.argmax(1) == labels).sum()) / len(labels)
