"""The layers of a description that this recipe knows: one after the other, with square kernels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# What each kind may say. A description can hold more, which would be trained or inferred wrongly if it were passed over.
FIELDS = {
    "convolution": {"name", "outputs", "kernel", "stride", "padding"},
    "max_pool": {"name", "kernel", "stride", "padding"},
    "fully_connected": {"name", "outputs"},
}


def known_layers(description: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """The kind and the fields of every layer, or an end with what is not known."""
    layers = [next(iter(layer.items())) for layer in description["layers"]]
    for index, (kind, fields) in enumerate(layers):
        if kind not in FIELDS:
            raise SystemExit(f"layer {index + 1} is a `{kind}`; this recipe knows {', '.join(FIELDS)}")
        unknown = [name for name in fields if name not in FIELDS[kind]]
        unknown += [name for name in ("kernel", "stride", "padding") if not isinstance(fields.get(name, 0), int)]
        if unknown:
            raise SystemExit(f"layer {index + 1}, a `{kind}`: this recipe does not know its {', '.join(unknown)}")
    return layers
