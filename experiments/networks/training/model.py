"""A network as its description says, in floating point or with ternary weights and quantized activations.

Weights: of each layer the share `sparsity` with the smallest magnitudes becomes 0, the others become ±α, where α of a filter is
the mean magnitude of its kept weights (Li et al., "Ternary Weight Networks", arXiv 1605.04711, with the threshold raised to a
target sparsity). Gradients pass to the float weights behind them as if there were no rounding.
Activations: unsigned, uniform, with a learned step (Esser et al., "Learned Step Size Quantization", arXiv 1902.08153).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from layers import known_layers

# The ε of the integer inference; PyTorch's default happens to be the same.
EPSILON = 1e-5


@dataclass(frozen=True)
class Quantization:
    """What the weights and activations are rounded to."""

    sparsity: float
    activation_bits: int

    @property
    def maximum(self) -> int:
        """The largest activation."""
        return (1 << self.activation_bits) - 1


@dataclass(frozen=True)
class Ternary:
    """Ternary weights: `signs` in {-1, 0, 1} of the weights' shape, and one `scale` for each output."""

    signs: Tensor
    scale: Tensor

    def values(self) -> Tensor:
        """The weights that they stand for."""
        return self.signs * self.scale.reshape(-1, *[1] * (self.signs.dim() - 1))


def ternarize(weights: Tensor, sparsity: float) -> Ternary:
    """The ternary weights behind float ones, [outputs, ...]; a filter that keeps nothing has scale 0."""
    magnitudes = weights.detach().abs()
    rank = max(1, int(sparsity * magnitudes.numel()))
    threshold = magnitudes.flatten().kthvalue(rank).values
    kept = magnitudes > threshold
    count = kept.flatten(1).sum(1)
    scale = (magnitudes * kept).flatten(1).sum(1) / count.clamp(min=1)
    return Ternary(weights.detach().sign() * kept, scale)


class LearnedStep(torch.autograd.Function):
    """Values rounded to multiples of a step, 0 to `maximum` of them; half goes up, as in the integer inference.

    Backward, the rounding counts as the identity: with x = value / step and q = x rounded, a value in range passes its gradient
    and gives the step q − x; a value out of range passes none and gives the step q. LSQ scales the step's gradient as well, for
    plain gradient descent; Adam, which divides a gradient by its own size, would not feel it, so a step has a rate of its own.
    """

    @staticmethod
    def forward(ctx: Any, values: Tensor, step: Tensor, maximum: int) -> Tensor:
        """The rounded values."""
        ratio = values / step
        rounded = (ratio + 0.5).floor_().clamp_(0, maximum)
        ctx.save_for_backward(ratio, rounded)
        ctx.maximum = maximum
        return rounded * step

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, None]:
        """The gradients of values and step."""
        ratio, rounded = ctx.saved_tensors
        (gradient,) = gradients
        in_range = ratio.clamp(0, ctx.maximum) == ratio
        for_values = torch.where(in_range, gradient, 0.0)
        for_step = (gradient * rounded).sum() - (for_values * ratio).sum()
        return for_values, for_step.reshape(1), None


class Layer(nn.Module):
    """A convolution or a fully connected layer with batch norm and, unless it gives the logits, an activation."""

    def __init__(self, name: str, linear: nn.Conv2d | nn.Linear, *, last: bool) -> None:
        super().__init__()
        self.name = name
        self.linear = linear
        self.last = last
        spatial = isinstance(linear, nn.Conv2d)
        outputs = linear.out_channels if isinstance(linear, nn.Conv2d) else linear.out_features
        self.norm = nn.BatchNorm2d(outputs, EPSILON) if spatial else nn.BatchNorm1d(outputs, EPSILON)
        self.step = nn.Parameter(torch.zeros(1), requires_grad=not last)
        self.quantization: Quantization | None = None

    def forward(self, inputs: Tensor) -> Tensor:
        """Activations, or logits in the last layer."""
        outputs = self.norm(self.apply_weights(inputs, self.weights()))
        if self.last:
            return outputs
        if self.quantization is None:
            return F.relu(outputs)
        maximum = self.quantization.maximum
        if self.step.item() == 0.0:
            self.step.data.fill_(2.0 * outputs.detach().relu().mean().item() / maximum**0.5)
        return cast(Tensor, LearnedStep.apply(outputs, self.step, maximum))

    def weights(self) -> Tensor:
        """The float weights, or the ternary ones that their gradients pass through."""
        latent = self.linear.weight
        if self.quantization is None:
            return latent
        return latent + (ternarize(latent, self.quantization.sparsity).values() - latent).detach()

    def apply_weights(self, inputs: Tensor, weights: Tensor) -> Tensor:
        """The layer's sums with the given weights."""
        if isinstance(self.linear, nn.Conv2d):
            return F.conv2d(inputs, weights, stride=self.linear.stride, padding=self.linear.padding)
        return F.linear(inputs, weights)


class Network(nn.Sequential):
    """The layers of a description (see the networks' README), one after the other: from images of 0 to 1 to logits."""

    def __init__(self, description: dict[str, Any]) -> None:
        super().__init__()
        image = description["input"]
        channels, height, width = image["channels"], image["height"], image["width"]
        layers = known_layers(description)
        for index, (kind, layer) in enumerate(layers):
            last = index + 1 == len(layers)
            match kind:
                case "convolution":
                    kernel, stride, padding = layer["kernel"], layer.get("stride", 1), layer.get("padding", 0)
                    linear = nn.Conv2d(channels, layer["outputs"], kernel, stride, padding, bias=False)
                    self.add_module(layer["name"], Layer(layer["name"], linear, last=last))
                    channels = layer["outputs"]
                case "max_pool":
                    kernel, stride, padding = layer["kernel"], layer["stride"], layer.get("padding", 0)
                    self.add_module(f"pool{index}", nn.MaxPool2d(kernel, stride, padding))
                case "fully_connected":
                    if height * width > 1:
                        self.add_module("flatten", nn.Flatten())
                        channels, height, width = channels * height * width, 1, 1
                    matrix = nn.Linear(channels, layer["outputs"], bias=False)
                    self.add_module(layer["name"], Layer(layer["name"], matrix, last=last))
                    channels = layer["outputs"]
                    continue
            height = (height + 2 * padding - kernel) // stride + 1
            width = (width + 2 * padding - kernel) // stride + 1

    def layers(self) -> list[Layer]:
        """The layers that have weights."""
        return [module for module in self if isinstance(module, Layer)]

    def quantize(self, quantization: Quantization) -> None:
        """From now on with ternary weights and quantized activations; the first batch sets the steps."""
        for layer in self.layers():
            layer.quantization = quantization

    def ternary_weights(self, layer: Layer) -> Ternary:
        """A quantized layer's ternary weights."""
        assert layer.quantization is not None, "the network is a float one"
        return ternarize(layer.linear.weight, layer.quantization.sparsity)
