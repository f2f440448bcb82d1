"""Images: arrays, iterables of batches, or sets by name."""

from __future__ import annotations

import os
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Union

import numpy as np
import numpy.typing as npt

from tritrack import _arrays, _native
from tritrack.errors import ArgumentError
from tritrack.workspace import ENVIRONMENT, Workspace

if TYPE_CHECKING:
    from tritrack.network import FloatNetwork, Network

Images = Union[npt.ArrayLike, str, "os.PathLike[str]", Iterable[Any]]
"""Images as functions take them.

An array [count, channels, rows, columns] or [count, rows, columns] of 0 to 255, or of shares, 0 to 1; an iterable of such
batches, each alone or with its labels, as a DataLoader of PyTorch; or `golden`, `fashion-mnist`, or a path, as `tritrack
simulate --images` takes them.
"""

# Sets that a workspace carries, by name.
_GOLDEN = "golden"
_CARRIED = (_GOLDEN, "fashion-mnist")


def load_images(
    source: str | os.PathLike[str],
    count: int | None = None,
    *,
    network: Network | FloatNetwork | None = None,
    shape: tuple[int, int, int] = (3, 224, 224),
    workspace: Workspace | str | os.PathLike[str] | None = None,
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64] | None]:
    """Read images as the command line reads them.

    Args:
        source: `golden` (the network's), `fashion-mnist`, or a path: a folder of class subfolders with pictures, a folder with
            Fashion-MNIST's or CIFAR-10's files, an IDX, `.npy`, CIFAR-10 `.bin`, or safetensors file.
        count: How many, from the first on; all if left out.
        network: The network that pictures are cut for.
        shape: Channels, rows and columns that pictures are cut for, if there is no network.
        workspace: Where `fashion-mnist` lies; the default if left out.

    Returns:
        Pixels [count, channels, rows, columns] of 0 to 255, and the class of each image, or None.

    Raises:
        TritrackError: If they are not there, damaged, or fewer than asked for.

    Example:
        >>> images, labels = load_images("fashion-mnist", 100)
        >>> images.shape, labels[:3].tolist()
        ((100, 1, 32, 32), [9, 2, 1])
    """
    images = _opened(source, count, network, shape, workspace)
    pixels = np.frombuffer(images.pixels(), dtype=np.uint8).reshape(images.shape)
    labels = images.labels
    return pixels, None if labels is None else np.asarray(labels, dtype=np.int64)


def taken(
    images: Images,
    labels: Any,
    network: Network | FloatNetwork,
    count: int | None = None,
    workspace: Workspace | str | os.PathLike[str] | None = None,
) -> _native.Images:
    """Images in any of their forms for the engine, their labels checked against the network's classes."""
    if isinstance(images, (str, os.PathLike)):
        if labels is not None:
            raise ArgumentError("labels come with a set of images that is named; leave them out")
        native = _opened(images, count, network, network.input_shape, workspace)
    else:
        pixels, classes = _gathered(images, labels, count)
        if not len(pixels):
            raise ArgumentError("there are no images: at least one is needed")
        native = _native.Images.from_pixels(pixels.tobytes(), tuple(pixels.shape[1:]), _arrays.labels(classes, len(pixels)))
    native.check_labels(network.classes)
    return native


def _opened(
    source: str | os.PathLike[str],
    count: int | None,
    network: Network | FloatNetwork | None,
    shape: tuple[int, int, int],
    workspace: Workspace | str | os.PathLike[str] | None,
) -> _native.Images:
    from tritrack.network import Network

    name = os.fspath(source)
    own = network.workspace if isinstance(network, Network) else None
    # A path needs no workspace.
    given = workspace or own
    found = Workspace.of(given)._native if given or name in _CARRIED or ENVIRONMENT in os.environ else None
    of = network._native if isinstance(network, Network) else None
    if name not in _CARRIED:
        name = str(Path(name).expanduser())
    return _native.Images.open(name, found, network.input_shape if network else shape, count, of)


def _is_array(images: Any) -> bool:
    return hasattr(images, "__array__") or hasattr(images, "shape") or isinstance(images, (list, tuple))


def _gathered(images: Any, labels: Any, count: int | None) -> tuple[npt.NDArray[np.uint8], Any]:
    if _is_array(images):
        return _arrays.pixels(images)[:count], None if labels is None else np.asarray(labels)[:count]
    if labels is not None:
        raise ArgumentError("labels come with the batches of an iterable; leave them out")
    batches, classes, found = [], [], 0
    # Asked for one batch more than are needed, a loader would work for nothing.
    for batch in images if count is None else _until(images, count):
        pixels, of_batch = batch if isinstance(batch, (list, tuple)) and len(batch) == 2 else (batch, None)
        batches.append(_arrays.pixels(pixels))
        if of_batch is not None:
            classes.append(np.asarray(of_batch))
        found += len(batches[-1])
    if not batches:
        raise ArgumentError("there are no images: at least one is needed")
    if classes and len(classes) != len(batches):
        raise ArgumentError("some batches have labels and some have not")
    together = np.concatenate(classes)[:count] if classes else None
    if count is not None and found < count:
        raise ArgumentError(f"{count} images were asked for, and there are {found}")
    return np.concatenate(batches)[:count], together


def _until(batches: Iterable[Any], count: int) -> Iterable[Any]:
    found = 0
    for batch in islice(batches, count):
        yield batch
        found += len(batch[0]) if isinstance(batch, (list, tuple)) and len(batch) == 2 else len(batch)
        if found >= count:
            return
