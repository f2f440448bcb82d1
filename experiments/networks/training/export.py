"""Writes what the workspace reads: a checkpoint with its description, or ONNX."""

from __future__ import annotations

import copy
import json
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
import zstandard
from safetensors.numpy import load as load_safetensors
from safetensors.numpy import save as save_safetensors

from model import Network

DATA = "Fashion-MNIST, t10k"
SOURCE = "experiments/networks/training"
Tensors = dict[str, np.ndarray]


@dataclass(frozen=True)
class Results:
    """What was trained, and what came of it."""

    name: str
    sparsity: float
    bits: int
    images: int
    in_floating_point: float
    in_integers: float


def tensors_of(network: Network) -> Tensors:
    """A quantized network's tensors, named as the networks' README says."""
    tensors: Tensors = {}
    for layer in network.layers():
        ternary = network.ternary_weights(layer)
        tensors[f"{layer.name}.weight"] = ternary.signs.to(torch.int8).contiguous().numpy()
        tensors[f"{layer.name}.alpha"] = ternary.scale.float().numpy()
        norm = layer.norm
        assert norm.running_mean is not None and norm.running_var is not None
        statistics = {"gamma": norm.weight, "beta": norm.bias, "mean": norm.running_mean, "var": norm.running_var}
        for part, values in statistics.items():
            tensors[f"{layer.name}.bn.{part}"] = values.detach().float().numpy()
        if not layer.last:
            tensors[f"{layer.name}.act.step"] = layer.step.detach().float().numpy()
    return tensors


def write_network(description: dict[str, Any], tensors: Tensors, results: Results, folder: Path) -> list[Path]:
    """Writes NAME.safetensors.zst and NAME.yaml; says which."""
    checkpoint = folder / f"{results.name}.safetensors.zst"
    metadata = {
        "network": results.name,
        "sparsity": str(results.sparsity),
        "activation_bits": str(results.bits),
        "dataset": "fashion-mnist padded to 32x32",
        "accuracy_float_eval": f"{results.in_floating_point:.4f}",
    }
    checkpoint.write_bytes(zstandard.ZstdCompressor(level=19).compress(in_order(save_safetensors(tensors, metadata))))

    layers = "".join(f"  - {one_line(layer)}\n" for layer in description["layers"])
    measured = {"float_evaluation": results.in_floating_point, "integer_inference": results.in_integers}
    records = {kind: {"top1": top1, "images": results.images, "data": DATA, "source": SOURCE} for kind, top1 in measured.items()}
    accuracies = "".join(f"  {kind}: {one_line(record)}\n" for kind, record in records.items())
    page = folder / f"{results.name}.yaml"
    page.write_text(
        "# yaml-language-server: $schema=../schemas/network.json\n"
        f"name: {results.name}\n"
        f"title: Ternary weights of sparsity {results.sparsity}, {results.bits}-bit activations\n"
        f"checkpoint: {checkpoint.name}\n"
        f"input: {one_line(description['input'])}\n"
        f"activation_bits: {results.bits}\n"
        f"sparsity: {results.sparsity}\n"
        "data_set: fashion-mnist\n"
        f"layers:\n{layers}"
        f"documented_accuracy:\n{accuracies}",
        encoding="utf-8",
    )
    return [checkpoint, page]


def in_order(file: bytes) -> bytes:
    """A safetensors file with its metadata in alphabetical order: the library writes them in a random one."""
    length = int.from_bytes(file[:8], "little")
    header = json.loads(file[8 : 8 + length])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + file[8 + length :]


def one_line(value: dict[str, Any]) -> str:
    """A mapping as YAML in braces."""
    return yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=10_000).strip()


def read_checkpoint(path: Path) -> Tensors:
    """The tensors of a checkpoint, compressed or not."""
    raw = path.read_bytes()
    if path.suffix == ".zst":
        raw = zstandard.ZstdDecompressor().stream_reader(raw).read()
    return load_safetensors(raw)


def write_onnx(network: Network, image: dict[str, int], path: Path, *, half: bool) -> None:
    """Writes a float network as PyTorch's exporter does, with a symbolic batch.

    The image has pixels of 0 to 1. With `half`, weights, input and output have 16 bits.
    """
    network = copy.deepcopy(network).eval()
    example = torch.zeros(1, image["channels"], image["height"], image["width"])
    if half:
        network, example = network.half(), example.half()
    with warnings.catch_warnings():
        # The exporter that traces writes plain operators and needs no further package; PyTorch calls it the old one.
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            network,
            (example,),
            path,
            dynamo=False,
            opset_version=17,
            input_names=["image"],
            output_names=["logits"],
            dynamic_axes={"image": {0: "batch"}, "logits": {0: "batch"}},
        )
