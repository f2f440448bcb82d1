"""Makes the quantized models `qdq-*` beside this file that try one property each, with images and onnxruntime's logits.

    pip install numpy onnx onnxruntime safetensors
    python make_quantized.py [FOLDER]

Weights are ternary with a scale for each filter; every activation is rounded. onnxruntime runs without rewriting the graph.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import save_file

FOLDER = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent)
RANDOM = np.random.default_rng(5)
SHAPE = (3, 9, 9)


class Graph:
    """A graph, node by node."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self.count = 0

    def constant(self, value: object, element: int | None = None) -> str:
        """A constant; `element` for types that numpy does not have."""
        self.count += 1
        name = f"c{self.count}"
        array = numpy_helper.from_array(np.asarray(value), name) if element is None else helper.make_tensor(name, element, [], [int(value)])
        self.constants.append(array)
        return name

    def add(self, operator: str, *inputs: str, **attributes: object) -> str:
        """A node; gives the name of its output."""
        self.count += 1
        output = f"t{self.count}"
        self.nodes.append(helper.make_node(operator, list(inputs), [output], **attributes))
        return output

    def weights(self, *shape: int) -> str:
        """Ternary weights with a scale for each filter."""
        ternary = RANDOM.integers(-1, 2, shape).astype(np.int8)
        scales = RANDOM.uniform(0.05, 0.2, shape[0]).astype(np.float32)
        return self.add("DequantizeLinear", self.constant(ternary), self.constant(scales), axis=0)

    def rounded(self, value: str, scale: float, zero: object, element: int | None = None) -> str:
        """A value rounded to integers and back."""
        scale_name, zero_name = self.constant(np.float32(scale)), self.constant(zero, element)
        return self.add("DequantizeLinear", self.add("QuantizeLinear", value, scale_name, zero_name), scale_name, zero_name)

    def conv(self, value: str, outputs: int, inputs: int) -> str:
        """A convolution of 3x3."""
        bias = RANDOM.uniform(-0.3, 0.3, outputs).astype(np.float32)
        return self.add("Conv", value, self.weights(outputs, inputs, 3, 3), self.constant(bias), pads=[1] * 4)

    def head(self, value: str, channels: int) -> str:
        """The classifier."""
        bias = RANDOM.uniform(-0.2, 0.2, 10).astype(np.float32)
        return self.add("Gemm", self.add("Flatten", value), self.weights(10, channels * 81), self.constant(bias), transB=1)

    def image(self) -> str:
        """The image's own pixels."""
        return self.rounded("x", 1 / 255, np.uint8(0))


def keep(name: str, make: Callable[[Graph], str]) -> None:
    """Writes a model with images and logits."""
    graph = Graph()
    output = make(graph)
    image = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", *SHAPE])
    result = helper.make_tensor_value_info(output, TensorProto.FLOAT, ["N", 10])
    whole = helper.make_graph(graph.nodes, "graph", [image], [result], graph.constants)
    model = helper.make_model(whole, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    pixels = RANDOM.integers(0, 256, (8, *SHAPE), dtype=np.uint8)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    logits = np.concatenate([session.run(None, {"x": p[np.newaxis].astype(np.float32) / np.float32(255)})[0] for p in pixels])
    onnx.save(model, FOLDER / f"qdq-{name}.onnx")
    save_file({"images": pixels, "labels": logits.argmax(1).astype(np.uint8)}, FOLDER / f"qdq-{name}.images.safetensors")
    save_file({"logits": logits}, FOLDER / f"qdq-{name}.expected.safetensors")


def two_bounds(g: Graph) -> str:
    """Bounds on both sides of an asymmetric range."""
    x = g.add("Clip", g.conv(g.image(), 6, 3), g.constant(np.float32(-0.31)), g.constant(np.float32(0.83)))
    return g.head(g.rounded(x, 0.0113, np.uint8(100)), 6)


def concat_zeros(g: Graph) -> str:
    """Parts of one scale, of which one is after a ReLU."""
    image = g.image()
    a = g.rounded(g.add("Relu", g.conv(image, 4, 3)), 0.0137, np.int8(0))
    x = g.add("Concat", a, g.rounded(g.conv(image, 4, 3), 0.0137, np.int8(0)), axis=1)
    return g.head(g.rounded(g.add("Relu", g.conv(x, 6, 8)), 0.0231, np.uint8(0)), 6)


def int4_relu(g: Graph) -> str:
    """Symmetric integers of 4 bits after a ReLU."""
    return g.head(g.rounded(g.add("Relu", g.conv(g.image(), 6, 3)), 0.131, 0, TensorProto.INT4), 6)


def image_step(g: Graph) -> str:
    """An image that is rounded to coarser steps than pixels have."""
    x = g.rounded("x", 0.0173, np.uint8(0))
    return g.head(g.rounded(g.add("Relu", g.conv(x, 6, 3)), 0.0231, np.uint8(0)), 6)


def rounded_logits(g: Graph) -> str:
    """Logits that are rounded."""
    x = g.rounded(g.add("Relu", g.conv(g.image(), 6, 3)), 0.0219, np.uint8(0))
    return g.rounded(g.head(x, 6), 0.113, np.int8(3))


def added(g: Graph) -> str:
    """A sum with a rounded value, and a max pool."""
    image = g.image()
    a = g.rounded(g.conv(image, 6, 3), 0.0171, np.int8(-5))
    x = g.rounded(g.add("Relu", g.add("Add", a, g.conv(image, 6, 3))), 0.0251, np.uint8(0))
    return g.head(g.add("MaxPool", x, kernel_shape=[3, 3], pads=[1] * 4), 6)


def mean(g: Graph) -> str:
    """A mean that leaves its padding out, rounded: not exact."""
    x = g.rounded(g.conv(g.image(), 6, 3), 0.0173, np.int8(7))
    x = g.add("AveragePool", x, kernel_shape=[3, 3], pads=[1] * 4)
    return g.head(g.rounded(x, 0.0119, np.int8(-9)), 6)


def relu_after(g: Graph) -> str:
    """A ReLU of what was rounded."""
    return g.head(g.add("Relu", g.rounded(g.conv(g.image(), 6, 3), 0.0173, np.int8(7))), 6)


def clip_after(g: Graph) -> str:
    """A ceiling between two integers, of what was rounded: not one of the integers."""
    x = g.rounded(g.conv(g.image(), 6, 3), 0.0173, np.int8(7))
    return g.head(g.add("Clip", x, g.constant(np.float32(0)), g.constant(np.float32(0.5))), 6)


def sigmoid(g: Graph) -> str:
    """A function of what was rounded, rounded."""
    x = g.rounded(g.conv(g.image(), 6, 3), 0.0173, np.int8(7))
    return g.head(g.rounded(g.add("Sigmoid", x), 1 / 256, np.uint8(0)), 6)


def image_int8(g: Graph) -> str:
    """An image as signed integers."""
    x = g.rounded("x", 1 / 255, np.int8(-128))
    return g.head(g.rounded(g.add("Relu", g.conv(x, 6, 3)), 0.0231, np.uint8(0)), 6)


def padded(g: Graph) -> str:
    """Zeros around what was rounded."""
    x = g.rounded(g.conv(g.image(), 6, 3), 0.0173, np.int8(7))
    x = g.add("Pad", x, g.constant(np.array([0, 0, 1, 1, 0, 0, 1, 1])))
    return g.head(g.rounded(g.add("Conv", x, g.weights(6, 6, 3, 3)), 0.031, np.int8(1)), 6)


for NAME, MAKE in [
    ("clip", two_bounds),
    ("concat-zeros", concat_zeros),
    ("int4-relu", int4_relu),
    ("image-step", image_step),
    ("logits", rounded_logits),
    ("add", added),
    ("mean", mean),
    ("relu-after", relu_after),
    ("clip-after", clip_after),
    ("sigmoid", sigmoid),
    ("image-int8", image_int8),
    ("pad", padded),
]:
    keep(NAME, MAKE)
