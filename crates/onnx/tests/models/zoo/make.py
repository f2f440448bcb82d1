"""Makes tiny versions of the classifiers that are exported most, each with an image's worth of input and what onnxruntime computes.

    pip install numpy onnx onnxruntime onnxscript safetensors timm torch torchvision zstandard
    python make.py [FOLDER]

Architectures are those of torchvision and timm, with a fraction of the channels and blocks. Weights are ternary and seeded, so that a
network of few bits can be held against the float one, and so that files stay small.
"""

from __future__ import annotations

import io
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import timm
import torch
import torchvision
import zstandard
from safetensors.numpy import save
from torch import nn

FOLDER = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent)
CLASSES = 10
warnings.filterwarnings("ignore")


class Shrunk:
    """While it is open, every layer is made with a fraction of its channels; images and classes keep theirs."""

    KINDS = (nn.Conv2d, nn.BatchNorm2d, nn.Linear)

    def __init__(self, divisor: int) -> None:
        self.divisor = divisor
        self.originals = [kind.__init__ for kind in self.KINDS]

    def fewer(self, channels: int) -> int:
        """A part of the channels, at least one."""
        return channels if channels in (1, 3, CLASSES) else max(1, channels // self.divisor)

    def __enter__(self) -> None:
        convolution, norm, linear = self.originals
        fewer = self.fewer

        def new_convolution(module, in_channels, out_channels, *args, groups=1, **more):  # noqa: ANN001, ANN202
            if len(args) > 4:
                more |= dict(zip(["bias", "padding_mode", "device", "dtype"], args[5:]))
                args, groups = args[:4], args[4]
            is_depthwise = groups == in_channels
            inputs, outputs = fewer(in_channels), fewer(out_channels)
            groups = inputs if is_depthwise else int(np.gcd.reduce([groups, inputs, outputs]))
            if is_depthwise and outputs % inputs:
                outputs = inputs
            convolution(module, inputs, outputs, *args, groups=groups, **more)

        nn.Conv2d.__init__ = new_convolution
        def new_norm(module, num_features, *args, **more):  # noqa: ANN001, ANN202
            norm(module, fewer(num_features), *args, **more)

        def new_linear(module, in_features, out_features, *args, **more):  # noqa: ANN001, ANN202
            linear(module, fewer(in_features), fewer(out_features), *args, **more)

        nn.Conv2d.__init__, nn.BatchNorm2d.__init__, nn.Linear.__init__ = new_convolution, new_norm, new_linear

    def __exit__(self, *_: object) -> None:
        for kind, original in zip(self.KINDS, self.originals):
            kind.__init__ = original


def settled(module: nn.Module, seed: int, image: torch.Tensor) -> nn.Module:
    """The module with ternary weights and norms that suit what passes through them."""
    generator = torch.Generator().manual_seed(seed)
    for part in module.modules():
        if isinstance(part, nn.Conv2d | nn.Linear):
            shape = part.weight.shape
            drawn = torch.randint(-1, 2, shape, generator=generator).float()
            kept = drawn.flatten(1).abs().sum(1).clamp(min=1).sqrt()
            part.weight.data = drawn / kept.reshape(-1, *[1] * (len(shape) - 1))
            if part.bias is not None:
                part.bias.data = torch.randint(-2, 3, part.bias.shape, generator=generator) / 16
        if isinstance(part, nn.BatchNorm2d):
            part.momentum = None
            part.weight.data.fill_(1)
            part.bias.data = torch.randint(-2, 3, part.bias.shape, generator=generator) / 8
        if isinstance(part, nn.Dropout):
            part.p = 0.0
    module.train()
    for parameter in module.parameters():
        parameter.requires_grad_(False)
    noise = torch.rand([8, *image.shape[1:]], generator=generator)
    module(noise)
    return module.eval()


def model(name: str, make: Callable[[], nn.Module], divisor: int, side: int = 32) -> None:
    """Exports one and keeps it with its pair of input and output."""
    with Shrunk(divisor):
        module = make()
    seed = sum(name.encode())
    image = torch.rand([1, 3, side, side], generator=torch.Generator().manual_seed(seed))
    module = settled(module, seed, image)
    file = io.BytesIO()
    torch.onnx.export(module, image, file, opset_version=17, dynamo=False, input_names=["image"], output_names=["logits"])
    exported = onnx.load_from_string(file.getvalue())
    exported.doc_string = ""
    for node in exported.graph.node:
        node.doc_string = ""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(exported.SerializeToString(), options)
    # Whole pixels, so that integers read the same image.
    pixels = (np.asarray(image) * 255).round().astype(np.uint8)
    noise = np.random.default_rng(seed).integers(0, 256, [1, *pixels.shape[1:]], dtype=np.uint8)
    pixels = np.concatenate([pixels, noise])
    logits = np.concatenate([session.run(None, {"image": p[np.newaxis].astype(np.float32) / np.float32(255)})[0] for p in pixels])
    whole = zstandard.ZstdCompressor(level=19).compress(exported.SerializeToString())
    (FOLDER / f"{name}.onnx.zst").write_bytes(whole)
    (FOLDER / f"{name}.expected.safetensors").write_bytes(save({"images": pixels, "logits": logits}))
    print(f"{name}: {len(whole)} bytes, {sum(p.numel() for p in module.parameters())} parameters, logits {np.ptp(logits):.2f}")


VISION = torchvision.models
MODELS: dict[str, tuple[Callable[[], nn.Module], int, int]] = {}


def vision(name: str, divisor: int, side: int = 32, **more: object) -> None:
    """One of torchvision's, as it is."""
    MODELS[f"torchvision-{name}"] = (lambda: getattr(VISION, name)(num_classes=CLASSES, **more), divisor, side)


def of_timm(name: str, divisor: int, side: int = 32, **more: object) -> None:
    """One of timm's."""
    MODELS[f"timm-{name}"] = (lambda: timm.create_model(name, num_classes=CLASSES, **more), divisor, side)


def resnet(name: str, block: type[nn.Module], divisor: int, **more: object) -> None:
    """A ResNet of one or two blocks a stage."""
    make = lambda: VISION.resnet.ResNet(block, [1, 2, 1, 1], num_classes=CLASSES, **more)  # noqa: E731
    MODELS[f"torchvision-{name}"] = (make, divisor, 32)


def vgg(name: str) -> None:
    """A VGG for small images, whose last map has a single position."""

    def make() -> nn.Module:
        module = getattr(VISION, name)(num_classes=CLASSES, init_weights=False)
        module.avgpool, module.classifier[0] = nn.Identity(), nn.Linear(512, 1024)
        module.classifier[3], module.classifier[6] = nn.Linear(1024, 1024), nn.Linear(1024, CLASSES)
        return module

    MODELS[f"torchvision-{name}"] = (make, 32, 32)


def alexnet() -> nn.Module:
    """AlexNet for small images."""
    module = VISION.alexnet(num_classes=CLASSES)
    module.avgpool, module.classifier[1] = nn.Identity(), nn.Linear(256, 1024)
    module.classifier[4], module.classifier[6] = nn.Linear(1024, 1024), nn.Linear(1024, CLASSES)
    return module


MODELS["torchvision-alexnet"] = (alexnet, 16, 64)
vgg("vgg11")
vgg("vgg16_bn")
resnet("resnet18", VISION.resnet.BasicBlock, 16)
resnet("resnet50", VISION.resnet.Bottleneck, 16)
resnet("resnext50_32x4d", VISION.resnet.Bottleneck, 16, groups=32, width_per_group=4)
resnet("wide_resnet50_2", VISION.resnet.Bottleneck, 16, width_per_group=128)
vision("squeezenet1_0", 8, 48)
vision("squeezenet1_1", 8, 48)
MODELS["torchvision-densenet121"] = (
    lambda: VISION.DenseNet(growth_rate=4, block_config=(2, 3, 2, 2), num_init_features=8, num_classes=CLASSES), 1, 32)
vision("inception_v3", 16, 80, aux_logits=False, init_weights=False)
vision("googlenet", 8, 48, aux_logits=False, init_weights=False)
MODELS["torchvision-shufflenet_v2_x1_0"] = (
    lambda: VISION.ShuffleNetV2([2, 3, 2], [8, 16, 32, 64, 64], num_classes=CLASSES), 1, 32)
vision("mobilenet_v2", 8)
vision("mobilenet_v3_small", 8)
vision("mobilenet_v3_large", 8)
vision("mnasnet1_0", 8)
vision("efficientnet_b0", 16)
vision("efficientnet_v2_s", 32)
vision("regnet_x_400mf", 16)
vision("regnet_y_400mf", 16)
vision("convnext_tiny", 16)
MODELS["timm-vit_tiny_patch16_224"] = (
    lambda: timm.models.VisionTransformer(num_classes=CLASSES, img_size=32, patch_size=8, embed_dim=16, depth=1, num_heads=2), 1, 32)
MODELS["timm-mixer_s32_224"] = (
    lambda: timm.models.mlp_mixer.MlpMixer(num_classes=CLASSES, img_size=32, patch_size=8, num_blocks=2, embed_dim=16), 1, 32)
for NAME, DIVISOR, SIDE in [
    ("resnet26d", 16, 32),
    ("seresnet50", 32, 32),
    ("repvgg_a0", 16, 32),
    ("mobilenetv3_rw", 8, 32),
    ("tf_efficientnet_lite0", 16, 32),
    ("tf_efficientnet_b0", 16, 32),
    ("ghostnet_050", 4, 32),
    ("fbnetc_100", 16, 32),
    ("hardcorenas_a", 8, 32),
    ("ese_vovnet19b_dw", 16, 32),
    ("darknet53", 32, 32),
    ("dla34", 16, 32),
    ("xception41", 32, 32),
    ("inception_v4", 32, 80),
    ("mobileone_s0", 16, 32),
    ("lcnet_050", 4, 32),
    ("tinynet_e", 8, 32),
    ("semnasnet_075", 4, 32),
    ("spnasnet_100", 8, 32),
]:
    of_timm(NAME, DIVISOR, SIDE)

if __name__ == "__main__":
    wanted = sys.argv[2:]
    for model_name, (maker, shrunk_by, extent) in MODELS.items():
        if wanted and model_name not in wanted:
            continue
        try:
            model(model_name, maker, shrunk_by, extent)
        except Exception as error:  # noqa: BLE001
            print(f"{model_name}: not made: {type(error).__name__}: {str(error)[:120]}")
