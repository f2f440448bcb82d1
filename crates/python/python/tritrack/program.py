"""Single layers: weights made ternary, compiled, and run bit for bit."""

from __future__ import annotations

from typing import NamedTuple, Union

import numpy as np
import numpy.typing as npt

from tritrack import _arrays, _native
from tritrack.errors import ArgumentError
from tritrack.machine import Machine
from tritrack.network import Layer
from tritrack.table import Table


class Ternary(NamedTuple):
    """Weights of -1, 0 and 1, and what they stand for.

    Attributes:
        weights: int8, of the shape of the float weights.
        scales: float32 [outputs]: a weight w of output k stands for `scales[k] * w`.
    """

    weights: npt.NDArray[np.int8]
    scales: npt.NDArray[np.float32]


def ternarize(
    weights: npt.ArrayLike,
    sparsity: float | None = None,
    *,
    twn: float | None = None,
    threshold: float | None = None,
    per: str = "filter",
) -> Ternary:
    """Make float weights ternary: the small ones 0, the others their sign.

    Args:
        weights: Float weights [outputs, inputs] or [outputs, inputs, rows, columns].
        sparsity: The share of weights that become 0, 0 to less than 1. If nothing is said, TWN's rule decides.
        twn: TWN: weights up to this many times the mean magnitude become 0.
        threshold: Weights up to this magnitude become 0.
        per: What shares a threshold: `filter` (the weights of one output) or `layer`.

    Returns:
        The ternary weights, and the scale of each output: the mean magnitude of those kept.

    Raises:
        TritrackError: If a weight is not finite, or a number is out of range.

    Example:
        >>> weights, scales = ternarize([[0.9, -0.1, -0.8, 0.2]], sparsity=0.5)
        >>> weights.tolist(), round(float(scales[0]), 4)
        ([[1, 0, -1, 0]], 0.85)
    """
    shape = np.shape(weights)
    array = _arrays.floats(weights)
    values, scales, _ = _native.ternarize(array.tobytes(), array.shape, sparsity, twn, threshold, per)
    return Ternary(np.frombuffer(values, dtype=np.int8).reshape(shape), np.frombuffer(scales, dtype="<f4"))


class Program:
    """A layer as programs of add and subtract: its counts, its text, and its execution."""

    def __init__(self, native: _native.Program) -> None:
        self._native = native

    @property
    def name(self) -> str:
        """The layer's name."""
        return self._native.name

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """Channels, rows and columns of an input."""
        return self._native.input_shape

    @property
    def output_shape(self) -> tuple[int, int, int]:
        """Channels, rows and columns of an output."""
        return self._native.output_shape

    @property
    def statistics(self) -> Table:
        """Additions, columns, words, passes and track steps in one row, as `tritrack compile` prints them."""
        return Table(self._native.statistics())

    @property
    def ir(self) -> str:
        """The layer's sums with their shared definitions."""
        return self._native.ir()

    @property
    def assembly(self) -> str:
        """The programs, one for each part of the outputs, as assembly."""
        return self._native.assembly()

    def run(self, x: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Run the programs on inputs, on the simulated machine, bit for bit.

        Args:
            x: Integers [count, channels, rows, columns], or one input without `count`, of 0 to the largest that the program was
                compiled for.

        Returns:
            The accumulators, [count, outputs, rows, columns]: the sums of the layer.

        Raises:
            ArgumentError: If shape, type or range are others.

        Example:
            >>> program = compile([[1, 0, -1], [1, 1, 0]])
            >>> program.run([[3, 4, 5]])[:, :, 0, 0].tolist()
            [[-2, 7]]
        """
        inputs = _arrays.integers(x, self._native.input_maximum, self.input_shape)
        sums = np.frombuffer(self._native.run(inputs.tobytes()), dtype="<i4")
        return sums.reshape(len(inputs), *self.output_shape).astype(np.int64)

    def __repr__(self) -> str:
        """The counts."""
        return repr(self.statistics)


def _pair(name: str, value: int | tuple[int, int]) -> tuple[int, int]:
    pair = (value, value) if isinstance(value, int) else tuple(value)
    if len(pair) != 2:
        raise ArgumentError(f"{name} is {value}; expected one number, or two: of rows and of columns")
    return pair


def compile(
    layer: Union[Layer, npt.ArrayLike],
    sharing: str | None = None,
    *,
    machine: Machine | None = None,
    input_size: int | tuple[int, int] | None = None,
    stride: int | tuple[int, int] = 1,
    padding: int | tuple[int, int] = 0,
    groups: int = 1,
    activation_bits: int = 4,
    name: str = "layer",
) -> Program:
    """Compile a layer to programs for the associative processor.

    Args:
        layer: A layer of a network, or ternary weights [outputs, inputs] or [outputs, inputs / groups, rows, columns].
        sharing: How subexpressions are shared; the machine's if left out.
        machine: The array and the other options.
        input_size: Of weights: rows and columns of the input; the kernel's if left out, which gives one output position.
        stride: Of weights: the convolution's stride.
        padding: Of weights: zeros around the input, on each side.
        groups: Of weights: groups of channels.
        activation_bits: Of weights: bits of an input, 1 to 8.
        name: Of weights: the layer's name.

    Returns:
        The programs.

    Raises:
        TritrackError: If the layer does not fit the array, or weights and input do not fit each other.

    Example:
        >>> program = compile([[1, 1, -1], [1, 1, 0]], "per-channel")
        >>> print(program.ir)
        layer layer inputs 0..=15 outputs 0 1
        ...
        >>> program.statistics["nonzeros"]
        [5]
    """
    machine = machine or Machine()
    if sharing is not None:
        machine = machine.replace(sharing=sharing)
    if isinstance(layer, Layer):
        return Program(_native.compile_layer(layer.network._native, layer.name, machine))
    weights = _arrays.ternary(layer)
    if not 1 <= activation_bits <= 8:
        raise ArgumentError(f"activation_bits is {activation_bits}; expected 1 to 8")
    kernel = (weights.shape[2], weights.shape[3])
    rows, columns = kernel if input_size is None else _pair("input_size", input_size)
    placement = {
        "name": name,
        "shape": list(weights.shape),
        "groups": groups,
        "rows": rows,
        "columns": columns,
        "stride": _pair("stride", stride),
        "padding": _pair("padding", padding),
        "input_maximum": 2**activation_bits - 1,
    }
    return Program(_native.compile_weights(weights.tobytes(), placement, machine))
