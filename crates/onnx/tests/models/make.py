"""Makes the models beside this file, each with an input and what onnxruntime computes for it.

    pip install numpy onnx onnxruntime onnxscript safetensors torch
    python make.py [FOLDER]

Weights are random but seeded. Models that onnxruntime does not know (QONNX) are given to it as the operators that they stand for.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import save_file
from torch import nn

FOLDER = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent)
RANDOM = np.random.default_rng(1)


def run(model: onnx.ModelProto, images: np.ndarray) -> np.ndarray:
    """What onnxruntime computes, image by image, without its own rewriting of the graph."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    name = session.get_inputs()[0].name
    results = [session.run(None, {name: image[np.newaxis]})[0] for image in images]
    return np.concatenate(results)


def keep(name: str, model: onnx.ModelProto, oracle: onnx.ModelProto | None = None, channels_last: bool = False) -> None:
    """Writes a model and its pair of input and output; the input always has its channels first."""
    model.doc_string = ""
    shape = [dim.dim_value for dim in model.graph.input[0].type.tensor_type.shape.dim][1:]
    images = RANDOM.normal(size=[2, *shape]).astype(np.float32)
    output = run(oracle or model, images).astype(np.float32)
    if channels_last:
        images = np.ascontiguousarray(images.transpose(0, 3, 1, 2))
    onnx.save(model, FOLDER / f"{name}.onnx")
    save_file({"input": images, "output": output}, FOLDER / f"{name}.expected.safetensors")


class Builder:
    """A graph, node by node."""

    def __init__(self, shape: list[int], opset: int = 17) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self.shape = shape
        self.opset = opset

    def constant(self, values: np.ndarray, name: str | None = None) -> str:
        """Adds a constant and gives its name."""
        name = name or f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(values), name))
        return name

    def add(self, operator: str, *inputs: str, domain: str = "", **attributes: object) -> str:
        """Adds a node and gives the name of its output."""
        output = f"{operator.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [output], name=output, domain=domain, **attributes))
        return output

    def model(self, output: str) -> onnx.ModelProto:
        """The model whose result is the given value."""
        image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["N", *self.shape])
        result = helper.make_tensor_value_info(output, TensorProto.FLOAT, None)
        graph = helper.make_graph(self.nodes, "graph", [image], [result], self.constants)
        sets = [helper.make_opsetid("", self.opset)]
        sets += [helper.make_opsetid(domain, 1) for domain in sorted({node.domain for node in self.nodes} - {""})]
        return helper.make_model(graph, opset_imports=sets, ir_version=8)


def weights(*shape: int) -> np.ndarray:
    """Weights that keep the spread of what they read."""
    return (RANDOM.normal(size=shape) / np.sqrt(np.prod(shape[1:]))).astype(np.float32)


def vector(*shape: int) -> np.ndarray:
    """Normal numbers."""
    return RANDOM.normal(size=shape).astype(np.float32)


class Vgg(nn.Module):
    """Convolutions and max pools, one of which rounds up."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 4, 3, padding=1),
            nn.BatchNorm2d(4),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(4, 6, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(3, 2, 1, ceil_mode=True),
        )
        self.classifier = nn.Sequential(nn.Linear(6 * 4 * 4, 8), nn.ReLU(), nn.Dropout(), nn.Linear(8, 5))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The logits."""
        return self.classifier(torch.flatten(self.features(x), 1))


class Residual(nn.Module):
    """A stem, a block with a downsample, a mean."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 4, 7, 2, 3, bias=False), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(3, 2, 1))
        self.conv1, self.bn1 = nn.Conv2d(4, 6, 3, 2, 1, bias=False), nn.BatchNorm2d(6)
        self.conv2, self.bn2 = nn.Conv2d(6, 6, 3, 1, 1, bias=False), nn.BatchNorm2d(6)
        self.downsample = nn.Sequential(nn.Conv2d(4, 6, 1, 2, bias=False), nn.BatchNorm2d(6))
        self.pool, self.fc = nn.AdaptiveAvgPool2d(1), nn.Linear(6, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The logits."""
        x = self.stem(x)
        y = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x)))))
        x = torch.relu(y + self.downsample(x))
        return self.fc(torch.flatten(self.pool(x), 1))


class Inverted(nn.Module):
    """A block with a depthwise convolution and ReLU6, a grouped convolution."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 4, 3, 2, 1, bias=False), nn.BatchNorm2d(4), nn.ReLU6())
        self.block = nn.Sequential(
            nn.Conv2d(4, 8, 1, bias=False),
            nn.BatchNorm2d(8),
            nn.ReLU6(),
            nn.Conv2d(8, 8, 3, 1, 1, groups=8, bias=False),
            nn.BatchNorm2d(8),
            nn.ReLU6(),
            nn.Conv2d(8, 4, 1, bias=False),
            nn.BatchNorm2d(4),
        )
        self.grouped = nn.Conv2d(4, 6, (3, 1), groups=2)
        self.classifier = nn.Linear(6, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The logits."""
        x = self.stem(x)
        x = torch.relu(self.grouped(x + self.block(x)))
        return self.classifier(x.mean([2, 3]))


def torch_models() -> None:
    """What PyTorch exports, by both of its exporters."""
    torch.manual_seed(1)
    for name, module, shape in [
        ("torch-vgg", Vgg(), (1, 12, 12)),
        ("torch-residual", Residual(), (3, 16, 16)),
        ("torch-inverted", Inverted(), (3, 12, 12)),
    ]:
        for part in module.modules():
            if isinstance(part, nn.BatchNorm2d):
                for parameter in (part.weight.data, part.running_var):
                    parameter.uniform_(0.5, 1.5)
                for parameter in (part.bias.data, part.running_mean):
                    parameter.normal_(0, 0.3)
        module.eval()
        image = torch.zeros(1, *shape)
        path = FOLDER / f"{name}.onnx"
        # With batch norms as they are, and with a batch that is left open.
        torch.onnx.export(
            module,
            image,
            path,
            dynamo=False,
            input_names=["image"],
            output_names=["logits"],
            opset_version=17,
            dynamic_axes={"image": {0: "batch"}},
            do_constant_folding=False,
            training=torch.onnx.TrainingMode.PRESERVE,
        )
        keep(name, onnx.load(path))
        if name == "torch-inverted":
            path = FOLDER / "torch-dynamo.onnx"
            torch.onnx.export(module, (image,), path, dynamo=True, external_data=False, verbose=False)
            model = onnx.load(path)
            for node in model.graph.node:
                del node.metadata_props[:]
            del model.graph.value_info[:]
            keep("torch-dynamo", model)


def channels_last() -> None:
    """As TensorFlow's converter writes a Keras network."""
    b = Builder([8, 8, 3])
    x = b.add("Sub", "image", b.constant(vector(3)))
    x = b.add("Transpose", x, perm=[0, 3, 1, 2])
    x = b.add("Conv", x, b.constant(weights(4, 3, 3, 3)), b.constant(vector(4)), auto_pad="SAME_UPPER", strides=[2, 2])
    x = b.add("Clip", x, b.constant(np.float32(0)), b.constant(np.float32(6)))
    x = b.add("Transpose", x, perm=[0, 2, 3, 1])
    x = b.add("Mul", x, b.constant(vector(4)))
    x = b.add("MatMul", x, b.constant(weights(4, 4)))
    x = b.add("Add", x, b.constant(vector(1, 1, 1, 4)))
    x = b.add("Pad", x, b.constant(np.array([0, 1, 0, 0, 0, 0, 1, 0])))
    x = b.add("Reshape", x, b.constant(np.array([-1, 5 * 5 * 4])))
    x = b.add("MatMul", x, b.constant(weights(100, 6)))
    x = b.add("Add", x, b.constant(vector(6)))
    x = b.add("Relu", x)
    x = b.add("Gemm", x, b.constant(weights(6, 5)), b.constant(vector(5)), alpha=0.5, beta=2.0)
    keep("channels-last", b.model(x), channels_last=True)


def shape_arithmetic() -> None:
    """Flatten as older exporters write it, batch norm from its parts, an output through Softmax's input."""
    b = Builder([2, 6, 6], opset=11)
    x = b.add("Conv", "image", b.constant(weights(3, 2, 3, 3)), pads=[1, 0, 0, 1])
    # (x − mean) / √(var + ε) · γ + β
    deviation = b.add("Sqrt", b.add("Add", b.constant(np.abs(vector(3, 1, 1))), b.constant(np.float32(1e-3))))
    x = b.add(
        "Add",
        b.add("Mul", b.add("Div", b.add("Sub", x, b.constant(vector(3, 1, 1))), deviation), b.constant(vector(1, 3, 1, 1))),
        b.constant(vector(1, 3, 1, 1)),
    )
    x = b.add("Relu", x)
    y = b.add("AveragePool", x, kernel_shape=[2, 2], strides=[1, 1], pads=[1, 1, 0, 0], count_include_pad=1)
    z = b.add("AveragePool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    z = b.add("MaxPool", z, kernel_shape=[1, 2], strides=[1, 1])
    y = b.add("MaxPool", y, kernel_shape=[2, 3], strides=[2, 3], ceil_mode=1)
    z = b.add("MaxPool", z, kernel_shape=[1, 1], strides=[1, 1])
    y = b.add("Concat", y, z, axis=-3)
    batch = b.add("Unsqueeze", b.add("Gather", b.add("Shape", y), b.constant(np.array(0))), axes=[0])
    x = b.add("Reshape", y, b.add("Concat", batch, b.add("Constant", value=numpy_helper.from_array(np.array([-1]))), axis=0))
    x = b.add("BatchNormalization", x, *(b.constant(value) for value in (vector(36), vector(36), vector(36), np.abs(vector(36)))))
    x = b.add("Gemm", x, b.constant(weights(4, 36)), b.constant(vector(1, 4)), transB=1)
    x = b.add("Identity", b.add("Dropout", x))
    keep("shape-arithmetic", b.model(x))


def inception() -> None:
    """Branches side by side."""
    b = Builder([3, 9, 9], opset=13)
    x = b.add("Relu", b.add("Conv", "image", b.constant(weights(4, 3, 3, 3)), b.constant(vector(4))))
    one = b.add("Relu", b.add("Conv", x, b.constant(weights(3, 4, 1, 1))))
    three = b.add("Relu", b.add("Conv", x, b.constant(weights(3, 4, 3, 3)), pads=[1, 1, 1, 1]))
    pool = b.add("MaxPool", x, kernel_shape=[3, 3], pads=[1, 1, 1, 1], strides=[1, 1])
    mean = b.add("AveragePool", x, kernel_shape=[3, 3], pads=[1, 1, 1, 1], strides=[1, 1], count_include_pad=1)
    x = b.add("Concat", one, three, pool, mean, axis=1)
    x = b.add(
        "Relu",
        b.add(
            "BatchNormalization",
            x,
            *(b.constant(value) for value in (vector(14), vector(14), vector(14), np.abs(vector(14)))),
            epsilon=1e-3,
        ),
    )
    x = b.add("Relu", b.add("Conv", x, b.constant(weights(6, 14, 3, 3))))
    x = b.add("GlobalMaxPool", x)
    x = b.add("Squeeze", x, b.constant(np.array([2, 3])))
    x = b.add("Gemm", x, b.constant(weights(6, 5)), b.constant(vector(5)))
    keep("inception", b.model(x))


def half_precision() -> None:
    """Weights in float16 that are cast when the network is loaded, and the image cast to and fro."""
    b = Builder([1, 6, 6])

    def cast(values: np.ndarray) -> str:
        return b.add("Cast", b.constant(values.astype(np.float16)), to=TensorProto.FLOAT)

    x = b.add("Relu", b.add("Conv", b.add("Cast", "image", to=TensorProto.FLOAT), cast(weights(3, 1, 3, 3)), cast(vector(3))))
    x = b.add("Gemm", b.add("Flatten", x), cast(weights(4, 48)), transB=1)
    keep("half-precision", b.model(x))


def external() -> None:
    """Weights in a file beside the model."""
    b = Builder([1, 6, 6])
    x = b.add("Relu", b.add("Conv", "image", b.constant(weights(3, 1, 3, 3))))
    x = b.add("Gemm", b.add("Flatten", x), b.constant(weights(4, 48)), transB=1)
    model = b.model(x)
    keep("external-data", model)
    onnx.save_model(
        model, FOLDER / "external-data.onnx", save_as_external_data=True, location="external-data.bin", size_threshold=0
    )


def ternary(*shape: int, scales: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weights of −1, 0 and 1 with scales for each output."""
    return RANDOM.integers(-1, 2, shape).astype(np.int8), scales.astype(np.float32)


def quantized() -> None:
    """A ternary network with 4-bit activations, in QDQ form and in QONNX's."""
    shapes = [(4, 1, 3, 3), (6, 4, 3, 3), (5, 6 * 4)]
    layers = [ternary(*shape, scales=np.abs(vector(shape[0])) / 8 + 0.02) for shape in shapes]
    biases = [vector(shape[0]) / 4 for shape in shapes]
    steps = [np.float32(1 / 255), np.float32(0.11), np.float32(0.09)]

    b = Builder([1, 12, 12], opset=21)
    zero = b.constant(np.uint8(0))

    def activation(x: str, step: np.float32, is_image: bool) -> str:
        parameters = (b.constant(step), zero if is_image else "zero_4")
        return b.add("DequantizeLinear", b.add("QuantizeLinear", x, *parameters), *parameters)

    b.constants.append(helper.make_tensor("zero_4", TensorProto.UINT4, [], [0]))
    x = activation("image", steps[0], True)
    for place in (0, 1):
        values, scales = layers[place]
        w = b.add("DequantizeLinear", b.constant(values), b.constant(scales), axis=0)
        x = b.add("Relu", b.add("Conv", x, w, b.constant(biases[place]), pads=[0, 0, 0, 0]))
        x = activation(x, steps[place + 1], False)
        x = b.add("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2]) if place == 0 else x
    x = b.add("MaxPool", x, kernel_shape=[2, 2], strides=[1, 1])
    values, scales = layers[2]
    w = b.add("DequantizeLinear", b.constant(values), b.constant(scales), axis=0)
    x = b.add("Gemm", b.add("Flatten", x), w, b.constant(biases[2]), transB=1)
    oracle = b.model(x)
    keep("quantized-qdq", oracle)

    b = Builder([1, 12, 12])

    def quant(x: str, scale: str, bits: int, signed: int, narrow: int = 0) -> str:
        inputs = (x, scale, b.constant(np.float32(0)), b.constant(np.float32(bits)))
        return b.add("Quant", *inputs, domain="qonnx.custom_op.general", signed=signed, narrow=narrow, rounding_mode="ROUND")

    x = quant("image", b.constant(steps[0]), 8, 0)
    for place in (0, 1):
        values, scales = layers[place]
        scales = scales.reshape(-1, 1, 1, 1)
        w = quant(b.constant(values * scales), b.constant(scales), 2, 1, 1)
        x = b.add("Relu", b.add("Conv", x, w, b.constant(biases[place])))
        x = quant(x, b.constant(steps[place + 1]), 4, 0)
        x = b.add("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2]) if place == 0 else x
    x = b.add("MaxPool", x, kernel_shape=[2, 2], strides=[1, 1])
    values, scales = layers[2]
    scales = scales.reshape(-1, 1)
    x = b.add(
        "Gemm",
        b.add("Flatten", x),
        quant(b.constant(values * scales), b.constant(scales), 2, 1, 1),
        b.constant(biases[2]),
        transB=1,
    )
    keep("quantized-qonnx", b.model(x), oracle)


def unsupported() -> None:
    """No pair: what is not supported is told for all nodes at once."""
    b = Builder([3, 8, 8])
    x = b.add("Conv", "image", b.constant(weights(4, 3, 3, 3)), dilations=[2, 2])
    x = b.add("LRN", x, size=3)
    y = b.add("Conv", "image", b.constant(weights(4, 3, 3, 3)), pads=[1, 1, 1, 1])
    y = b.add("Resize", y, "", b.constant(np.array([1, 1, 0.5, 0.5], np.float32)))
    z = b.add("Exp", "image")
    z = b.add("MaxPool", z, kernel_shape=[2, 2], strides=[2, 2])
    x = b.add("Concat", x, y, z, axis=1)
    x = b.add("Gemm", b.add("Flatten", x), b.constant(weights(5, 176)), transB=1)
    onnx.save(b.model(x), FOLDER / "unsupported.onnx")


def single_axis_means() -> None:
    """Means over one axis after the other, with and without the reduced axis, with channels first and last."""
    b = Builder([3, 6, 5])
    x = b.add("Conv", "image", b.constant(weights(4, 3, 3, 3)))
    y = b.add("ReduceMean", b.add("ReduceMean", x, axes=[3], keepdims=0), axes=[2], keepdims=0)
    z = b.add("Flatten", b.add("ReduceMean", b.add("ReduceMean", x, axes=[-2]), axes=[-1]))
    last = b.add("Transpose", x, perm=[0, 2, 3, 1])
    t = b.add("ReduceMean", b.add("ReduceMean", last, axes=[1], keepdims=0), axes=[1], keepdims=0)
    x = b.add("Concat", y, z, t, axis=1)
    keep("single-axis-means", b.model(b.add("Gemm", x, b.constant(weights(12, 5)))))


def functions() -> None:
    """Functions of one value, by operators of their own and as products; a gate that is spread; parts of channels."""
    b = Builder([3, 7, 7])
    x = b.add("Conv", "image", b.constant(weights(8, 3, 3, 3)), dilations=[2, 2], pads=[2, 2, 2, 2])
    parts = [f"part_{k}" for k in range(4)]
    b.nodes.append(helper.make_node("Split", [x], parts, name="split", axis=1))
    y = b.add("PRelu", parts[0], b.constant(np.array([[[0.1]], [[0.3]]], np.float32)))
    z = b.add("Elu", b.add("LeakyRelu", parts[1], alpha=0.2), alpha=0.7)
    half = b.add("Mul", b.add("Erf", b.add("Div", parts[2], b.constant(np.float32(np.sqrt(2))))), b.constant(np.float32(0.5)))
    t = b.add("Mul", parts[2], b.add("Add", half, b.constant(np.float32(0.5))))
    u = b.add("Min", b.add("Max", b.add("Sub", parts[3], parts[0]), b.constant(np.float32(-0.7))), b.constant(np.float32(0.9)))
    x = b.add("Concat", y, z, t, u, axis=1)
    gate = b.add("HardSigmoid", b.add("GlobalAveragePool", x), alpha=1 / 6, beta=0.5)
    gate = b.add("Expand", gate, b.constant(np.array([1, 8, 7, 7])))
    x = b.add("HardSwish", b.add("Mul", gate, x))
    x = b.add("AveragePool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 0, 0], ceil_mode=1)
    x = b.add("Slice", x, *(b.constant(np.array([value])) for value in (1, 8, 1, 2)))
    x = b.add("Gemm", b.add("Flatten", x), b.constant(weights(5, 64)), transB=1)
    x = b.add("Softmax", x)
    keep("functions", b.model(b.add("Identity", x)), b.model(b.nodes[-3].output[0]))


def normalized_features() -> None:
    """A batch norm on features that were flattened with their channels last."""
    b = Builder([3, 5, 5])
    x = b.add("Conv", "image", b.constant(weights(4, 3, 3, 3)))
    x = b.add("Transpose", x, perm=[0, 2, 3, 1])
    x = b.add("Reshape", x, b.constant(np.array([-1, 3 * 3 * 4])))
    norm = [np.arange(1, 37, dtype=np.float32), vector(36), vector(36), np.abs(vector(36)) + np.float32(0.5)]
    x = b.add("BatchNormalization", x, *(b.constant(values) for values in norm))
    x = b.add("Gemm", x, b.constant(weights(36, 5)), b.constant(vector(5)))
    keep("normalized-features", b.model(x))


torch_models()
channels_last()
shape_arithmetic()
inception()
half_precision()
external()
quantized()
unsupported()
normalized_features()
single_axis_means()
functions()
