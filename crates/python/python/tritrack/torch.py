"""Training for the target, in PyTorch: ternary layers, learned steps, and faults to train against. Needs the extra `torch`.

A `TernaryNetwork` is trained like any module. Its export is a `tritrack.Network` whose integer inference is the module's own, bit
for bit: `integer_logits` computes it here, from its definition alone.

>>> import torch, tritrack
>>> from tritrack.torch import TernaryConv2d, TernaryLinear, TernaryNetwork
>>> module = TernaryNetwork(
...     TernaryConv2d(1, 8, 3, padding=1), torch.nn.MaxPool2d(2), torch.nn.Flatten(), TernaryLinear(8 * 4 * 4, 10, last=True)
... )
>>> pixels = torch.rand(16, 1, 8, 8, generator=torch.Generator().manual_seed(0))
>>> torch.nn.functional.cross_entropy(module(pixels), torch.arange(16) % 10).backward()
>>> network = module.export("tiny", (1, 8, 8))
>>> bool((network.infer(pixels) == module.integer_logits(pixels).numpy()).all())
True
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, NamedTuple, Union

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from tritrack import _arrays
from tritrack.errors import ArgumentError
from tritrack.network import Network

# The ε of the integer inference; PyTorch's default happens to be the same.
_EPSILON = 1e-5
# The step of an image's pixels: 255 of them are 1.
_PIXEL = 1.0 / 255.0
# One in the integer inference's fixed point, and its bits.
_FRACTION = 24
_ONE = float(1 << _FRACTION)


class Signs(NamedTuple):
    """Ternary weights in PyTorch.

    Attributes:
        signs: Of the weights' shape: -1, 0 and 1.
        scale: For each output, what a weight of 1 stands for; 0 for an output that keeps no weight.
    """

    signs: Tensor
    scale: Tensor


def ternary(weights: Tensor, sparsity: float) -> Signs:
    """Make a layer's float weights ternary at a sparsity: the smallest 0, the others their sign.

    Args:
        weights: [outputs, ...].
        sparsity: The share of the layer's weights that become 0, 0 to less than 1.

    Returns:
        Signs, and for each output the mean magnitude of the weights that it keeps.
    """
    magnitudes = weights.detach().abs()
    rank = int(sparsity * magnitudes.numel())
    threshold = magnitudes.flatten().kthvalue(rank).values if rank else magnitudes.new_tensor(-1.0)
    kept = magnitudes > threshold
    scale = (magnitudes * kept).flatten(1).sum(1) / kept.flatten(1).sum(1).clamp(min=1)
    return Signs(weights.detach().sign() * kept, scale)


class LearnedStep(torch.autograd.Function):
    """Values rounded to multiples of a step that is learned, 0 to a largest; half goes up, as in the integer inference.

    Backward, rounding counts as the identity: a value in range passes its gradient, one out of range none (Esser et al., "Learned
    Step Size Quantization", arXiv 1902.08153).
    """

    @staticmethod
    def forward(ctx: Any, values: Tensor, step: Tensor, maximum: int) -> Tensor:
        """The rounded values.

        Args:
            ctx: What is kept for the way back.
            values: Any shape.
            step: One value.
            maximum: The largest multiple.
        """
        ratio = values / step
        rounded = (ratio + 0.5).floor().clamp(0, maximum)
        ctx.save_for_backward(ratio, rounded)
        ctx.maximum = maximum
        return rounded * step

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, None]:
        """The gradients of values and step.

        Args:
            ctx: What was kept.
            gradients: Of the rounded values.
        """
        ratio, rounded = ctx.saved_tensors
        (gradient,) = gradients
        passed = torch.where((ratio >= 0) & (ratio <= ctx.maximum), gradient, torch.zeros_like(gradient))
        return passed, ((gradient * rounded).sum() - (passed * ratio).sum()).reshape(1), None


class Faults(nn.Module):
    """What strikes a layer while it computes. Gradients pass as if nothing had struck.

    A subclass changes weights or sums; `TernaryNetwork.strike` puts one into every layer.
    """

    def weights(self, signs: Tensor) -> Tensor:
        """The ternary weights as they are when the layer computes.

        Args:
            signs: -1, 0 and 1, of the weights' shape.
        """
        return signs

    def sums(self, sums: Tensor, reach: int) -> Tensor:
        """The sums as they are when they are read.

        Args:
            sums: Integers as floats, [count, outputs, ...].
            reach: The largest magnitude that a sum can have.
        """
        return sums


class Slips(Faults):
    """Sums of which a track's slip has changed a bit: each sum is struck on its own, in every inference anew.

    Args:
        rate: The probability that a sum is struck. `slip_rate` tells which goes with a rate of slips.
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        if not 0 <= rate <= 1:
            raise ArgumentError(f"rate is {rate}; expected 0 to 1")
        self.rate = rate

    def sums(self, sums: Tensor, reach: int) -> Tensor:
        """The sums, some with a bit flipped.

        Args:
            sums: Integers as floats.
            reach: The largest magnitude that a sum can have, which says how many bits it takes.
        """
        bits = _bits(reach)
        words = sums.long() & ((1 << bits) - 1)
        flipped = _signed(words ^ (1 << torch.randint_like(words, bits)), bits)
        return torch.where(torch.rand_like(sums) < self.rate, flipped.to(sums.dtype), sums)


class StuckCells(Faults):
    """Sums in cells that are stuck: the same bits of the same sums in every inference, until `draw` makes other hardware.

    Args:
        share: The share of cells that are stuck, half of them at 0.
        seed: Keys the draws.
    """

    def __init__(self, share: float, seed: int = 0) -> None:
        super().__init__()
        if not 0 <= share <= 1:
            raise ArgumentError(f"share is {share}; expected 0 to 1")
        self.share = share
        self._generator = torch.Generator().manual_seed(seed)
        self._places: dict[tuple[int, ...], tuple[Tensor, Tensor]] = {}

    def draw(self) -> None:
        """Another piece of hardware: other cells are stuck."""
        self._places.clear()

    def sums(self, sums: Tensor, reach: int) -> Tensor:
        """The sums, their stuck bits at what they are stuck at.

        Args:
            sums: Integers as floats.
            reach: The largest magnitude that a sum can have.
        """
        bits = _bits(reach)
        place = (bits, *sums.shape[1:])
        if place not in self._places:
            stuck = torch.rand(place, generator=self._generator) < self.share
            self._places[place] = (stuck, torch.rand(place, generator=self._generator) < 0.5)
        stuck, at = self._places[place]
        words = sums.long() & ((1 << bits) - 1)
        for bit in range(bits):
            one = 1 << bit
            words = torch.where(stuck[bit], torch.where(at[bit], words | one, words & ~one), words)
        return _signed(words, bits).to(sums.dtype)


class CrossbarNoise(Faults):
    """A crossbar's analog sums: conductances that differ from cell to cell, and converters of few bits.

    Args:
        spread: The relative deviation of a cell's conductance, drawn anew for every batch.
        converter_bits: Bits of the converters that read sums, over the range of the batch's sums; None for exact ones.
    """

    def __init__(self, spread: float = 0.0, converter_bits: int | None = None) -> None:
        super().__init__()
        if spread < 0 or (converter_bits is not None and converter_bits < 1):
            raise ArgumentError("expected a spread of 0 and more, and converters of at least one bit")
        self.spread, self.converter_bits = spread, converter_bits

    def weights(self, signs: Tensor) -> Tensor:
        """The weights with the spread of their cells.

        Args:
            signs: -1, 0 and 1.
        """
        return signs * (1 + self.spread * torch.randn_like(signs))

    def sums(self, sums: Tensor, reach: int) -> Tensor:
        """The sums as converters read them.

        Args:
            sums: Sums, not integers any more where cells differ.
            reach: The largest magnitude that a sum can have.
        """
        if self.converter_bits is None:
            return sums
        step = 2 * sums.detach().abs().max().clamp(min=1) / (2**self.converter_bits - 1)
        return (sums / step).round() * step


def _bits(reach: int) -> int:
    """Bits of a two's complement that holds sums up to a magnitude."""
    return max(1, reach).bit_length() + 1


def _signed(words: Tensor, bits: int) -> Tensor:
    """Words of so many bits as the integers that they stand for."""
    return words - ((words >> (bits - 1)) << bits)


class _Ternary(nn.Module):
    """What convolutions and fully connected layers have in common: ternary weights, batch norm and a learned step."""

    def __init__(self, linear: nn.Conv2d | nn.Linear, norm: nn.Module, *, sparsity: float, bits: int, last: bool) -> None:
        super().__init__()
        if not 0 <= sparsity < 1:
            raise ArgumentError(f"sparsity is {sparsity}; expected 0 to less than 1")
        if not 1 <= bits <= 8:
            raise ArgumentError(f"bits is {bits}; expected 1 to 8")
        self.linear, self.norm = linear, norm
        self.sparsity, self.bits, self.last = sparsity, bits, last
        self.step = nn.Parameter(torch.zeros(1), requires_grad=not last)
        self.faults: Faults | None = None
        # What it reads: a list, so that it is no part of this module. None of the image's pixels.
        self._source: list[_Ternary] = []

    @property
    def maximum(self) -> int:
        """The largest activation."""
        return (1 << self.bits) - 1

    @property
    def input_step(self) -> Tensor:
        """What an input of 1 stands for."""
        return self._source[0].step if self._source else self.step.new_tensor([_PIXEL])

    @property
    def signs(self) -> Signs:
        """The ternary weights."""
        return ternary(self.linear.weight, self.sparsity)

    def _apply_weights(self, inputs: Tensor, weights: Tensor) -> Tensor:
        if isinstance(self.linear, nn.Conv2d):
            return F.conv2d(inputs, weights, None, self.linear.stride, self.linear.padding)  # type: ignore[arg-type]
        return F.linear(inputs, weights)

    def _reach(self, signs: Tensor) -> int:
        largest = self._source[0].maximum if self._source else 255
        return int(signs.abs().flatten(1).sum(1).max()) * largest

    def forward(self, inputs: Tensor) -> Tensor:
        """Activations, or logits in the last layer.

        Args:
            inputs: Activations of the layer before, or pixels of 0 to 1.
        """
        latent = self.linear.weight
        signs, scale = self.signs
        shape = (-1, *[1] * (latent.dim() - 1))
        if self.faults is None:
            weights = latent + (signs * scale.reshape(shape) - latent).detach()
            sums = self._apply_weights(inputs, weights)
        else:
            weights = latent + (self.faults.weights(signs) * scale.reshape(shape) - latent).detach()
            sums = self._struck(self._apply_weights(inputs, weights), scale, signs)
        outputs = self.norm(sums)
        if self.last:
            return outputs  # type: ignore[no-any-return]
        if self.step.item() == 0.0:
            # As LSQ begins: from the first batch.
            first = 2.0 * outputs.detach().relu().mean().item() / math.sqrt(self.maximum)
            self.step.data.fill_(max(first, 1e-6))
        return LearnedStep.apply(outputs, self.step, self.maximum)  # type: ignore[no-any-return,no-untyped-call]

    def _struck(self, sums: Tensor, scale: Tensor, signs: Tensor) -> Tensor:
        assert self.faults is not None
        # Faults strike integers: sums over what one of them stands for.
        unit = (scale * self.input_step.detach()).clamp(min=1e-12).reshape(1, -1, *[1] * (sums.dim() - 2))
        integers = (sums / unit).detach()
        if isinstance(self.faults, CrossbarNoise):
            struck = self.faults.sums(integers, self._reach(signs))
        else:
            struck = self.faults.sums(integers.round(), self._reach(signs))
        return sums + (struck - integers) * unit

    def _affine(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Multiplier and offset of a sum, in double precision from the numbers that the export holds."""
        parts = [self.signs.scale, self.norm.weight, self.norm.bias, self.norm.running_mean, self.norm.running_var]
        alpha, gamma, beta, mean, variance = (_numpy(part).astype(np.float64) for part in parts)
        deviation = np.sqrt(variance + _EPSILON)
        input_step = _PIXEL if not self._source else float(_numpy(self._source[0].step)[0])
        return alpha * gamma * input_step / deviation, beta - gamma * mean / deviation

    def _integers(self, values: Tensor) -> Tensor:
        sums = self._apply_weights(values.double(), self.signs.signs.double()).long()
        multiplier, offset = self._affine()
        if self.last:
            return sums * _fixed(multiplier, sums) + _fixed(offset, sums)
        step = float(_numpy(self.step)[0])
        return ((sums * _fixed(multiplier / step, sums) + _fixed(offset / step + 0.5, sums)) >> _FRACTION).clamp(0, self.maximum)

    def _tensors(self, name: str) -> dict[str, npt.NDArray[Any]]:
        signs, scale = self.signs
        norm = self.norm
        tensors: dict[str, npt.NDArray[Any]] = {
            f"{name}.weight": _numpy(signs).astype(np.int8),
            f"{name}.alpha": _numpy(scale),
            f"{name}.bn.gamma": _numpy(norm.weight),
            f"{name}.bn.beta": _numpy(norm.bias),
            f"{name}.bn.mean": _numpy(norm.running_mean),
            f"{name}.bn.var": _numpy(norm.running_var),
        }
        return tensors if self.last else {**tensors, f"{name}.act.step": _numpy(self.step)}


def _numpy(values: Any) -> npt.NDArray[np.float32]:
    array: npt.NDArray[np.float32] = values.detach().cpu().float().contiguous().numpy()
    return array


def _fixed(values: npt.NDArray[np.float64], like: Tensor) -> Tensor:
    rounded = torch.from_numpy(np.rint(values * _ONE).astype(np.int64))
    return rounded.reshape(1, -1, *[1] * (like.dim() - 2))


class TernaryConv2d(_Ternary):
    """A convolution with ternary weights, batch norm and rounded activations.

    Args:
        inputs: Channels of the input.
        outputs: Channels of the output.
        kernel: Rows and columns of the kernel.
        stride: The step of the window.
        padding: Zeros around the input.
        sparsity: The share of weights that are 0.
        bits: Bits of its activations, 1 to 8: the same in every layer of a network.
    """

    def __init__(
        self, inputs: int, outputs: int, kernel: int, stride: int = 1, padding: int = 0, *, sparsity: float = 0.8, bits: int = 4
    ) -> None:
        linear = nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False)
        super().__init__(linear, nn.BatchNorm2d(outputs, _EPSILON), sparsity=sparsity, bits=bits, last=False)


class TernaryLinear(_Ternary):
    """A fully connected layer with ternary weights, batch norm and, unless it is the last, rounded activations.

    Args:
        inputs: Values of the input.
        outputs: Values of the output.
        sparsity: The share of weights that are 0.
        bits: Bits of its activations, 1 to 8: the same in every layer of a network.
        last: Whether it gives the logits.
    """

    def __init__(self, inputs: int, outputs: int, *, sparsity: float = 0.8, bits: int = 4, last: bool = False) -> None:
        linear = nn.Linear(inputs, outputs, bias=False)
        super().__init__(linear, nn.BatchNorm1d(outputs, _EPSILON), sparsity=sparsity, bits=bits, last=last)


_Part = Union[TernaryConv2d, TernaryLinear, nn.MaxPool2d, nn.Flatten]


class TernaryNetwork(nn.Sequential):
    """Ternary layers one after the other, with `torch.nn.MaxPool2d` and `torch.nn.Flatten` between them.

    Pixels of 0 to 1 go in, logits come out.

    Args:
        parts: The layers. The last of them is a `TernaryLinear` with `last=True`, and no other is.
    """

    def __init__(self, *parts: _Part) -> None:
        super().__init__(*parts)
        source: list[_Ternary] = []
        for place, part in enumerate(parts):
            if not isinstance(part, (_Ternary, nn.MaxPool2d, nn.Flatten)):
                known = "TernaryConv2d, TernaryLinear, MaxPool2d and Flatten"
                raise ArgumentError(f"part {place} is a {type(part).__name__}; expected one of {known}")
            if isinstance(part, _Ternary):
                part._source = source
                source = [part]
            if (isinstance(part, _Ternary) and part.last) != (place + 1 == len(parts)):
                raise ArgumentError("the last part, and no other, gives the logits: a TernaryLinear with last=True")
        bits = {part.bits for part in parts if isinstance(part, _Ternary) and not part.last}
        if len(bits) > 1:
            raise ArgumentError(f"activations of {sorted(bits)} bits; expected the same in every layer")

    @property
    def layers(self) -> dict[str, TernaryConv2d | TernaryLinear]:
        """The layers that have weights, by the names that they are exported under."""
        named: dict[str, TernaryConv2d | TernaryLinear] = {}
        for part in self:
            if isinstance(part, (TernaryConv2d, TernaryLinear)):
                kind = "conv" if isinstance(part, TernaryConv2d) else "fc"
                named[f"{kind}{1 + sum(name.startswith(kind) for name in named)}"] = part
        return named

    def strike(self, faults: Faults | None) -> None:
        """Have faults strike every layer from now on, in training and in evaluation; None ends it.

        Args:
            faults: What strikes.
        """
        for layer in self.layers.values():
            layer.faults = faults

    def settle(self, batches: Iterable[Any]) -> None:
        """Take batch norms' means and variances anew, weights and steps as they are: to be done before the export.

        Args:
            batches: Batches of pixels of 0 to 1, each alone or with its labels.
        """
        norms = [layer.norm for layer in self.layers.values()]
        momenta = [norm.momentum for norm in norms]
        for norm in norms:
            norm.reset_running_stats()  # type: ignore[operator]
            # The plain mean of all batches.
            norm.momentum = None  # type: ignore[assignment]
        training = self.training
        self.train()
        with torch.no_grad():
            for batch in batches:
                self(batch[0] if isinstance(batch, (list, tuple)) else batch)
        for norm, momentum in zip(norms, momenta):
            norm.momentum = momentum
        self.train(training)

    @torch.no_grad()
    def integer_logits(self, images: Any) -> Tensor:
        """The logits by integer inference, computed here from its definition: those that any machine has to give.

        Args:
            images: Pixels [count, channels, rows, columns], of 0 to 255 or of shares of 0 to 1.

        Returns:
            int64 [count, classes].
        """
        pixels = images.detach().cpu().numpy() if isinstance(images, Tensor) else images
        values = torch.from_numpy(_arrays.pixels(pixels)).long()
        for part in self:
            if isinstance(part, _Ternary):
                values = part._integers(values)
            elif isinstance(part, nn.MaxPool2d):
                values = part(values.double()).long()
            else:
                values = part(values)
        return values

    def export(self, name: str, input_shape: tuple[int, int, int], title: str | None = None) -> Network:
        """The network as the engine has it.

        Args:
            name: Its name.
            input_shape: Channels, rows and columns of an image.
            title: One line for tables and figures.

        Returns:
            A network; `save` writes it into a workspace.

        Raises:
            TritrackError: If the layers do not fit the image.
        """
        names = {layer: name for name, layer in self.layers.items()}
        lines, tensors = [], {}
        for part in self:
            if isinstance(part, _Ternary):
                own = names[part]  # type: ignore[index]
                tensors.update(part._tensors(own))
                lines.append(_described(own, part))
            elif isinstance(part, nn.MaxPool2d):
                kernel, stride, padding = (_one(value) for value in (part.kernel_size, part.stride, part.padding))
                lines.append(f"  - max_pool: {{kernel: {kernel}, stride: {stride}, padding: {padding}}}")
        layers = list(self.layers.values())
        zeros = sum(int((layer.signs.signs == 0).sum()) for layer in layers)
        sparsity = zeros / sum(layer.linear.weight.numel() for layer in layers)
        channels, height, width = input_shape
        bits = layers[0].bits
        title = title or f"{name}: trained with ternary weights, {bits}-bit activations"
        text = "\n".join(
            [
                f"name: {name}",
                f'title: "{title}"',
                f"checkpoint: {name}.safetensors.zst",
                f"input: {{channels: {channels}, height: {height}, width: {width}}}",
                f"activation_bits: {bits}",
                f"sparsity: {sparsity:.4f}",
                "layers:",
                *lines,
                "",
            ]
        )
        return Network.from_tensors(text, tensors)


def _one(value: Any) -> int:
    pair = value if isinstance(value, tuple) else (value, value)
    if pair[0] != pair[1]:
        raise ArgumentError(f"{value}: expected the same for rows and columns")
    return int(pair[0])


def _described(name: str, layer: _Ternary) -> str:
    linear = layer.linear
    if isinstance(linear, nn.Linear):
        return f"  - fully_connected: {{name: {name}, outputs: {linear.out_features}}}"
    kernel, stride, padding = (_one(value) for value in (linear.kernel_size, linear.stride, linear.padding))
    fields = f"outputs: {linear.out_channels}, kernel: {kernel}, stride: {stride}, padding: {padding}"
    return f"  - convolution: {{name: {name}, {fields}}}"


def slip_rate(network: Network, rate: float, images: npt.ArrayLike) -> float:
    """The probability that a slip strikes a sum, where a shift by one domain slips with a probability.

    Args:
        network: The exported network.
        rate: The probability of a slip in a shift by one domain.
        images: An image or more of the network's shape.

    Returns:
        Faults that one inference expects over its sums: `rate` of `Slips`. At most 1.
    """
    from tritrack.program import compile
    from tritrack.systems import inject

    table = inject(network, images, rates=rate, trials=1, count=1)  # type: ignore[arg-type]
    sums = sum(int(np.prod(compile(layer).output_shape)) for layer in network.layers.values())
    return min(1.0, table["expected_faults"][0] / sums)
