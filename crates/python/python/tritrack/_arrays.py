"""Arrays on their way to the engine and back: checked here, bytes there."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tritrack.errors import ArgumentError

Integers = npt.NDArray[np.integer[Any]]


def ternary(values: npt.ArrayLike) -> npt.NDArray[np.int8]:
    """Weights of -1, 0 and 1, outputs first, as [outputs, inputs, rows, columns]."""
    array = np.asarray(values)
    if array.ndim == 2:
        array = array[:, :, None, None]
    if array.ndim != 4:
        raise ArgumentError(f"weights of shape {array.shape}; expected [outputs, inputs] or [outputs, inputs, rows, columns]")
    if array.size and not np.isin(array, (-1, 0, 1)).all():
        wrong = array[~np.isin(array, (-1, 0, 1))].flat[0]
        raise ArgumentError(f"a weight is {wrong}; expected -1, 0 and 1: `ternarize` makes them so")
    return np.ascontiguousarray(array, dtype=np.int8)


def floats(values: npt.ArrayLike) -> npt.NDArray[np.float32]:
    """Weights in single precision, as [outputs, inputs, rows, columns]."""
    array = np.asarray(values, dtype=np.float32)
    if array.ndim == 2:
        array = array[:, :, None, None]
    if array.ndim != 4:
        raise ArgumentError(f"weights of shape {array.shape}; expected [outputs, inputs] or [outputs, inputs, rows, columns]")
    return np.ascontiguousarray(array)


def pixels(values: Any) -> npt.NDArray[np.uint8]:
    """Pixels as [count, channels, rows, columns] of 0 to 255; a share of 0 to 1 is rounded to the nearest of them."""
    array = np.asarray(values)
    if array.ndim == 3:
        array = array[:, None]
    if array.ndim != 4:
        raise ArgumentError(f"images of shape {array.shape}; expected [count, channels, rows, columns] or [count, rows, columns]")
    if array.dtype == np.uint8:
        return np.ascontiguousarray(array)
    low, high = (array.min(), array.max()) if array.size else (0, 0)
    if np.issubdtype(array.dtype, np.integer):
        if low < 0 or high > 255:
            raise ArgumentError(f"pixels of {low} to {high}; expected 0 to 255")
        return np.ascontiguousarray(array, dtype=np.uint8)
    if not (low >= 0 and high <= 1):
        raise ArgumentError(
            f"pixels of {low:.4g} to {high:.4g}; expected integers of 0 to 255, or shares of 0 to 1. What training took off them "
            "is said with `mean` and `deviation` when the network is imported"
        )
    return np.ascontiguousarray(np.rint(array.astype(np.float64) * 255), dtype=np.uint8)


def labels(values: Any, count: int) -> list[int] | None:
    """A class for each of `count` images, or None."""
    if values is None:
        return None
    array = np.asarray(values)
    if array.shape != (count,):
        raise ArgumentError(f"labels of shape {array.shape}; expected one for each of {count} images")
    if not np.issubdtype(array.dtype, np.integer):
        raise ArgumentError(f"labels of type {array.dtype}; expected integers, the number of a class each")
    if array.size and (array.min() < 0 or array.max() > 65535):
        raise ArgumentError(f"labels of {array.min()} to {array.max()}; expected 0 to 65535")
    return [int(value) for value in array]


def integers(values: npt.ArrayLike, maximum: int, shape: tuple[int, int, int]) -> npt.NDArray[np.uint16]:
    """A layer's inputs [count, channels, rows, columns] of 0 to `maximum`; a single one may lack `count`."""
    array = np.asarray(values)
    if array.ndim == 3:
        array = array[None]
    if array.ndim == 2 and shape[1:] == (1, 1):
        array = array[:, :, None, None]
    if array.ndim != 4 or array.shape[1:] != shape:
        raise ArgumentError(f"inputs of shape {array.shape}; expected [count, {', '.join(map(str, shape))}]")
    if not np.issubdtype(array.dtype, np.integer):
        raise ArgumentError(f"inputs of type {array.dtype}; expected integers of 0 to {maximum}")
    if array.size and (array.min() < 0 or array.max() > maximum):
        raise ArgumentError(f"inputs of {array.min()} to {array.max()}; the program was compiled for 0 to {maximum}")
    return np.ascontiguousarray(array, dtype=np.uint16)
