"""Makes tiny versions of Keras's classifiers as tf2onnx writes them, each with images and what onnxruntime computes.

    pip install "numpy<2" onnxruntime safetensors tensorflow-cpu tf2onnx zstandard
    python make_keras.py [FOLDER]

Architectures are those of `keras.applications`, with a fraction of the channels; weights are ternary and seeded.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import onnxruntime
import tensorflow as tf
import tf2onnx
import zstandard
from keras import layers
from safetensors.numpy import save

FOLDER = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent)
CLASSES = 10


def shrink(kind: type, names: list[str], divisor: int) -> Callable[[], None]:
    """Makes layers of a kind with a fraction of their channels; gives what undoes it."""
    original = kind.__init__

    def new(self, *args, **more):  # noqa: ANN001, ANN002, ANN003, ANN202
        def fewer(count):  # noqa: ANN001, ANN202
            if isinstance(count, (tuple, list)):
                return (*count[:-1], fewer(count[-1]))
            return count if count in (None, 1, 3, CLASSES) else max(1, int(count) // divisor)

        args = (fewer(args[0]), *args[1:]) if args else args
        more = {name: fewer(value) if name in names else value for name, value in more.items()}
        original(self, *args, **more)

    kind.__init__ = new
    return lambda: setattr(kind, "__init__", original)


def settled(model: keras.Model, generator: np.random.Generator) -> None:
    """Ternary weights, and norms that suit what passes through them."""
    for layer in model.layers:
        values = []
        for weight in layer.weights:
            shape, name = tuple(weight.shape), weight.path.split("/")[-1]
            if "kernel" in name:
                drawn = generator.integers(-1, 2, shape).astype(np.float32)
                filters = drawn.reshape(-1, shape[-1]) if "depthwise" not in type(layer).__name__.lower() else drawn.reshape(-1, shape[-2])
                kept = np.sqrt(np.maximum(np.abs(filters).sum(0), 1))
                last = -1 if filters.shape[1] == shape[-1] else -2
                values.append(drawn / kept.reshape([-1, 1] if last == -2 else [-1]))
            elif name in ("gamma", "moving_variance"):
                values.append(np.ones(shape, np.float32))
            elif len(shape) == 1:
                values.append((generator.integers(-2, 3, shape) / 16).astype(np.float32))
            else:
                values.append(np.asarray(weight))
        if values:
            layer.set_weights(values)
    # Norms take the moments of what they read.
    noise = generator.random([16, *model.input_shape[1:]], dtype=np.float32) * 255
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            read = np.asarray(keras.Model(model.input, layer.input)(noise, training=False))
            axes = tuple(range(read.ndim - 1))
            moments = {"moving_mean": read.mean(axes), "moving_variance": read.var(axes) + 1e-3}
            layer.set_weights([moments.get(w.path.split("/")[-1], np.asarray(w)) for w in layer.weights])


def model(name: str, divisor: int, side: int, **more: object) -> None:
    """Converts one and keeps it with its images and logits."""
    undo = [
        shrink(layers.Conv2D, ["filters"], divisor),
        shrink(layers.SeparableConv2D, ["filters"], divisor),
        shrink(layers.Dense, ["units"], divisor),
        shrink(layers.Reshape, ["target_shape"], divisor),
    ]
    try:
        made = getattr(keras.applications, name)(
            weights=None, classes=CLASSES, input_shape=(side, side, 3), classifier_activation="softmax", **more
        )
    finally:
        for back in undo:
            back()
    seed = sum(name.encode())
    generator = np.random.default_rng(seed)
    settled(made, generator)
    signature = [tf.TensorSpec([None, side, side, 3], tf.float32, name="image")]
    function = tf.function(lambda image: made(image, training=False), input_signature=signature)
    exported, _ = tf2onnx.convert.from_function(function, input_signature=signature, opset=17)
    exported.doc_string = ""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(exported.SerializeToString(), options)
    pixels = generator.integers(0, 256, [2, side, side, 3], dtype=np.uint8)
    # Those that scale pixels by themselves read 0 to 255, the others 0 to 1.
    is_raw = any(isinstance(layer, layers.Rescaling) for layer in made.layers)
    images = pixels.astype(np.float32) / np.float32(1 if is_raw else 255)
    classes = session.run(None, {session.get_inputs()[0].name: images})[0]
    whole = zstandard.ZstdCompressor(level=19).compress(exported.SerializeToString())
    (FOLDER / f"keras-{name}.onnx.zst").write_bytes(whole)
    pixels = np.ascontiguousarray(pixels.transpose(0, 3, 1, 2))
    # The logarithm of a softmax is the logits but for a constant.
    logits = np.log(classes + 1e-30).astype(np.float32)
    kept = {"images": pixels, "logits": logits}
    (FOLDER / f"keras-{name}.expected.safetensors").write_bytes(save(kept))
    print(f"keras-{name}: {len(whole)} bytes, {made.count_params()} parameters, logits {np.ptp(logits):.2f}", flush=True)


MODELS = [
    ("VGG16", 32, 32, {}),
    ("ResNet50", 16, 32, {}),
    ("ResNet50V2", 16, 32, {}),
    ("DenseNet121", 16, 32, {}),
    ("MobileNet", 16, 32, {}),
    ("MobileNetV2", 4, 32, {}),
    ("InceptionV3", 16, 75, {}),
    ("Xception", 32, 71, {}),
]

if __name__ == "__main__":
    wanted = sys.argv[2:]
    for model_name, shrunk_by, extent, arguments in MODELS:
        if wanted and model_name not in wanted:
            continue
        try:
            model(model_name, shrunk_by, extent, **arguments)
        except Exception as error:  # noqa: BLE001
            print(f"keras-{model_name}: not made: {type(error).__name__}: {str(error)[:160]}", flush=True)
