"""Networks: imported in floating point, quantized to ternary weights."""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tritrack import _native
from tritrack.errors import ArgumentError
from tritrack.images import Images, taken
from tritrack.table import Table
from tritrack.workspace import Workspace

if TYPE_CHECKING:
    import torch

_TYPES = {"int8": "i8", "uint8": "u8", "int32": "i32", "int64": "i64", "float32": "f32"}


@dataclass(frozen=True)
class Layer:
    """A convolution or fully connected layer of a network.

    Attributes:
        network: The network.
        name: The layer's name.
        weights: int8 [outputs, inputs / groups, rows, columns] of -1, 0 and 1.
        input_shape: Channels, rows and columns of its input.
        groups: Groups of channels.
    """

    network: Network
    name: str
    weights: npt.NDArray[np.int8]
    input_shape: tuple[int, int, int]
    groups: int

    def __repr__(self) -> str:
        """The name and the weights' shape."""
        return f"Layer({self.name!r}, weights {list(self.weights.shape)}, input {list(self.input_shape)})"


class Network:
    """A network with ternary weights and integer activations, whose logits are integers that any machine has to give.

    `Network.load` opens one of a workspace; `Network.from_onnx` and `Network.from_torch` begin with one of your own.
    """

    def __init__(self, native: _native.Network, workspace: Workspace | None = None) -> None:
        self._native = native
        self._workspace = workspace

    @classmethod
    def load(cls, name: str | os.PathLike[str], *, workspace: Workspace | str | os.PathLike[str] | None = None) -> Network:
        """A network of a workspace, or a network's file.

        Args:
            name: Its name, or the path of its description, a YAML file.
            workspace: The workspace; the default if left out.

        Raises:
            UnknownNameError: If there is none of that name; `suggestions` says which is perhaps meant.
            TritrackError: If its files are damaged or do not fit each other.

        Example:
            >>> network = Network.load("vgg8-fashion-s85-a4")
            >>> network["conv1"]
            Layer('conv1', weights [32, 1, 3, 3], input [1, 32, 32])
        """
        path = Path(name)
        if path.suffix in (".yaml", ".yml"):
            return cls(_native.Network.open(path), None if workspace is None else Workspace.of(workspace))
        found = Workspace.of(workspace)
        return cls(_native.Network.load(os.fspath(name), found._native), found)

    @staticmethod
    def from_onnx(
        model: str | os.PathLike[str] | bytes,
        *,
        name: str | None = None,
        input_shape: tuple[int, int, int] | None = None,
        mean: Sequence[float] = (),
        deviation: Sequence[float] = (),
        pixels: str | None = None,
        bgr: bool = False,
    ) -> FloatNetwork:
        """A trained network from an ONNX model, as `tritrack import` reads it.

        Args:
            model: The file, or its bytes.
            name: The network's name; the file's without its extension if left out.
            input_shape: Channels, rows and columns of an image, where the model leaves them open.
            mean: Means that training took off pixels, one for each channel: of pixels of 0 to 1, or, where one is above 1, of 0
                to 255.
            deviation: Deviations that it divided them by.
            pixels: The range of pixels that the model reads where nothing else was done to them: `unit` (0 to 1) or `raw` (0 to
                255).
            bgr: The model reads blue, green and red.

        Returns:
            A network in floating point; `quantize` makes it ternary.

        Raises:
            TritrackError: If the model cannot be read, or has nodes that are not supported: all of them are named.
        """
        options = {
            "name": name,
            "input_shape": input_shape,
            "mean": list(mean),
            "deviation": list(deviation),
            "pixels": pixels,
            "bgr": bgr,
        }
        if isinstance(model, bytes):
            return FloatNetwork(_native.FloatNetwork.from_bytes(model, name or "model", options))
        return FloatNetwork(_native.FloatNetwork.from_onnx(Path(model), options))

    @staticmethod
    def from_torch(
        module: torch.nn.Module,
        example: torch.Tensor,
        *,
        name: str = "module",
        mean: Sequence[float] = (),
        deviation: Sequence[float] = (),
        pixels: str | None = None,
        bgr: bool = False,
    ) -> FloatNetwork:
        """A trained module of PyTorch. It is exported in memory, in evaluation mode, and left in the mode that it was in.

        Args:
            module: The module: images in, a result for each class out.
            example: A batch of its inputs, [count, channels, rows, columns]; only its shape matters.
            name: The network's name.
            mean: See `from_onnx`.
            deviation: See `from_onnx`.
            pixels: See `from_onnx`.
            bgr: See `from_onnx`.

        Returns:
            A network in floating point; `quantize` makes it ternary.

        Raises:
            TritrackError: If the module has operations that are not supported: all of them are named.
        """
        import torch

        training = module.training
        # A file in memory: what the exporter's types leave out.
        model: Any = io.BytesIO()
        module.eval()
        try:
            with warnings.catch_warnings(), torch.no_grad():
                # The exporter that traces needs no further package; PyTorch calls it the old one.
                warnings.simplefilter("ignore")
                torch.onnx.export(
                    module,
                    (example[:1],),
                    model,
                    dynamo=False,
                    opset_version=17,
                    input_names=["image"],
                    output_names=["logits"],
                )
        finally:
            module.train(training)
        return Network.from_onnx(model.getvalue(), name=name, mean=mean, deviation=deviation, pixels=pixels, bgr=bgr)

    @classmethod
    def from_tensors(cls, description: str, tensors: Mapping[str, npt.NDArray[Any]]) -> Network:
        """A network from its parts.

        Args:
            description: The text of a network's file, as those of `experiments/networks`.
            tensors: What its checkpoint holds, by name: int8, uint8, int32, int64 or float32.

        Raises:
            TritrackError: If they do not make a network; the message says what is missing or does not fit.
        """
        parts = {}
        for name, values in tensors.items():
            array = np.asarray(values)
            if str(array.dtype) not in _TYPES:
                raise ArgumentError(f"tensor `{name}` is of {array.dtype}; expected one of {', '.join(_TYPES)}")
            parts[name] = (_TYPES[str(array.dtype)], list(array.shape), np.ascontiguousarray(array).tobytes())
        return cls(_native.Network.from_tensors(description, parts))

    @property
    def name(self) -> str:
        """The network's name."""
        return self._native.name

    @property
    def title(self) -> str:
        """One line for tables and figures."""
        return self._native.title

    @property
    def workspace(self) -> Workspace | None:
        """The workspace that it was loaded from."""
        return self._workspace

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """Channels, rows and columns of an image."""
        return self._native.input_shape

    @property
    def classes(self) -> int:
        """How many logits there are."""
        return self._native.classes

    @property
    def activation_bits(self) -> int:
        """Bits of the activations between layers."""
        return self._native.activation_bits

    @property
    def sparsity(self) -> float:
        """The share of all weights that are 0."""
        return self._native.sparsity

    @property
    def report(self) -> Table | None:
        """What became of each layer when the network was quantized in this process; else None."""
        report = self._native.report()
        return None if report is None else Table(report)

    @property
    def notes(self) -> list[str]:
        """What was changed while it was quantized, one fact each."""
        return self._native.notes()

    @property
    def layers(self) -> dict[str, Layer]:
        """The convolutions and fully connected layers by name, in order."""
        return {name: self[name] for name in self._native.layers()}

    def __getitem__(self, layer: str) -> Layer:
        """A layer by name.

        Raises:
            UnknownNameError: If there is none.
        """
        values, shape, input_shape, groups = self._native.weights(layer)
        weights = np.frombuffer(values, dtype=np.int8).reshape(shape)
        return Layer(self, layer, weights, input_shape, groups)

    def infer(self, images: Images, *, count: int | None = None) -> npt.NDArray[np.int64]:
        """The logits of images by exact integer inference.

        Args:
            images: Images, in any of their forms; they are brought to the network's shape.
            count: How many of them, from the first on.

        Returns:
            int64 [count, classes].
        """
        native = taken(images, None, self, count)
        logits = np.frombuffer(self._native.infer(native), dtype="<i8")
        return logits.reshape(-1, self.classes)

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write a network that was quantized or assembled here: its description and its checkpoint.

        Args:
            folder: A workspace's `experiments/networks`, where the command line finds it by name, or any other.

        Returns:
            The description's file.

        Raises:
            TritrackError: If it cannot be written, or would replace a network that was not made by quantization.
        """
        return Path(self._native.save(Path(folder)))

    def __repr__(self) -> str:
        """Name and title."""
        return f"Network({self.name!r}: {self.title})"


class FloatNetwork:
    """A trained network in floating point."""

    def __init__(self, native: _native.FloatNetwork) -> None:
        self._native = native

    @property
    def name(self) -> str:
        """The network's name."""
        return self._native.name

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """Channels, rows and columns of an image."""
        return self._native.input_shape

    @property
    def classes(self) -> int:
        """How many results it gives."""
        return self._native.classes

    @property
    def pixels(self) -> str:
        """How pixels are fed, in words."""
        return self._native.pixels

    @property
    def notes(self) -> list[str]:
        """What the reader found, one fact each."""
        return self._native.notes()

    def infer(self, images: Images, *, count: int | None = None) -> npt.NDArray[np.float32]:
        """The results of images, in single precision.

        Args:
            images: Images, in any of their forms; they are brought to the network's shape.
            count: How many of them, from the first on.

        Returns:
            float32 [count, classes].
        """
        results = np.frombuffer(self._native.infer(taken(images, None, self, count)), dtype="<f4")
        return results.reshape(-1, self.classes)

    def quantize(
        self,
        images: Images | None = None,
        labels: Any = None,
        *,
        sparsity: float | None = None,
        bits: int | None = None,
        by_sensitivity: bool = False,
        twn: float | None = None,
        threshold: float | None = None,
        per: str = "filter",
        near: str = "outputs",
        steps: str = "mse",
        percentile: float = 99.9,
        correction: str = "batch-norm",
        count: int | None = 128,
        name: str | None = None,
    ) -> Network:
        """Make weights ternary and round activations, with images that calibrate.

        The options and their defaults are those of `tritrack quantize`. A network that is quantized already needs no images: its
        own steps are kept.

        Args:
            images: Images that calibrate: an array, an iterable of batches, or a name.
            labels: Not looked at; taken so that a pair of images and labels can be handed over.
            sparsity: The share of weights that become 0; if left out, what TWN leaves.
            bits: Bits of activations, 1 to 8; 4 if left out, or those of a model that is quantized already.
            by_sensitivity: Give layers that bear it more zeros than others.
            twn: TWN: weights up to this many times the mean magnitude become 0.
            threshold: Weights up to this magnitude become 0.
            per: What shares a threshold: `filter` or `layer`.
            near: What ternary weights are to be near to: the float network's `outputs` or its `weights`.
            steps: How steps of activations are chosen: `mse`, `percentile`, `min-max`.
            percentile: With `percentile`: the share of values, in percent, that the range holds.
            correction: What is brought back to the float network's: `none`, `bias`, `batch-norm`.
            count: How many images calibrate, the first ones, or all if there are fewer; None for all.
            name: The new network's name; this one's with `-ternary` if left out.

        Returns:
            The quantized network; its `report` says layer by layer what is left.

        Raises:
            TritrackError: If the network has what a network file cannot hold, or an option is out of range.

        Example:
            >>> model = Workspace().root / "experiments/networks/imported/vgg8-fashion-float.onnx"
            >>> network = Network.from_onnx(model).quantize("fashion-mnist", sparsity=0.8, near="weights", count=16)
            >>> round(network.sparsity, 2), network.activation_bits
            (0.8, 4)
        """
        if by_sensitivity and sparsity is None:
            raise ArgumentError("by_sensitivity shares out a sparsity; say which with `sparsity`")
        name = name or f"{self.name}-ternary"
        if images is None:
            if not self._native.is_quantized:
                raise ArgumentError("images are needed: they choose the steps of the activations")
            return Network(self._native.keep_quantized(name))
        native = _some(taken(images, labels, self), count)
        options = {
            "sparsity": sparsity,
            "by_sensitivity": by_sensitivity,
            "twn": twn,
            "threshold": threshold,
            "per": per,
            "near": near,
            "bits": bits,
            "steps": steps,
            "percentile": percentile,
            "correction": correction,
        }
        return Network(self._native.quantize(native, options, name))

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write the file that `tritrack quantize` reads.

        Args:
            folder: Where.

        Returns:
            The file.
        """
        return Path(self._native.save(Path(folder)))

    def __repr__(self) -> str:
        """Name, image and number of parameters."""
        shape = " x ".join(map(str, self.input_shape))
        return f"FloatNetwork({self.name!r}, images of {shape}, {self._native.parameters} parameters)"


def _some(images: _native.Images, count: int | None) -> _native.Images:
    if count is None or count >= images.shape[0]:
        return images
    return images.first(count)
