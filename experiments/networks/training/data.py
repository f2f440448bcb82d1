"""Fashion-MNIST from its IDX files, padded to the 32 x 32 that the networks read."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

WORKSPACE = Path(__file__).resolve().parents[3]
TEST_FOLDER = WORKSPACE / "experiments" / "data" / "fashion-mnist"
# Where Debian's package dataset-fashion-mnist puts the files.
DEBIAN_FOLDER = Path("/usr/share/datasets/fashion-mnist")
PADDING = 2


@dataclass(frozen=True)
class Images:
    """Pixels of 8 bits, [n, 1, 32, 32], and their classes, [n]."""

    pixels: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def first(self, count: int | None) -> Images:
        """The first `count` images; all of them if that is None."""
        return Images(self.pixels[:count], self.labels[:count])


def read_idx(path: Path) -> np.ndarray:
    """One gzipped IDX file of unsigned bytes: two zeros, the type, the rank, the extents (big-endian), the bytes."""
    raw = gzip.decompress(path.read_bytes())
    if raw[:3] != b"\x00\x00\x08":
        raise ValueError(f"{path}: not an IDX file of unsigned bytes")
    rank = raw[3]
    shape = np.frombuffer(raw, ">u4", count=rank, offset=4).astype(int)
    values = np.frombuffer(raw, np.uint8, offset=4 + 4 * rank)
    if values.size != shape.prod():
        raise ValueError(f"{path}: holds {values.size} values where its header says {shape.prod()}")
    return values.reshape(shape)


def load(folder: Path, part: str) -> Images:
    """The images of a part, `train` or `t10k`."""
    pixels = read_idx(folder / f"{part}-images-idx3-ubyte.gz")
    labels = read_idx(folder / f"{part}-labels-idx1-ubyte.gz")
    if len(pixels) != len(labels):
        raise ValueError(f"{folder}: {len(pixels)} images of {part}, but {len(labels)} labels")
    padded = np.pad(pixels, [(0, 0), (PADDING, PADDING), (PADDING, PADDING)])
    return Images(torch.from_numpy(padded[:, None]), torch.from_numpy(labels.astype(np.int64)))


def training_images(folder: Path) -> Images:
    """The 60 000 training images, which the workspace does not carry."""
    if not (folder / "train-images-idx3-ubyte.gz").exists():
        raise SystemExit(
            f"{folder}: no train-images-idx3-ubyte.gz. The workspace carries the test images only. Install Debian's package "
            "dataset-fashion-mnist, or take the four files from https://github.com/zalandoresearch/fashion-mnist, and name "
            "their folder: --data FOLDER"
        )
    return load(folder, "train")


def test_images() -> Images:
    """The 10 000 test images that the workspace carries."""
    return load(TEST_FOLDER, "t10k")


def augment(pixels: Tensor, generator: torch.Generator) -> Tensor:
    """Each image mirrored or not, and moved by up to two pixels in both directions."""
    count, _, height, width = pixels.shape
    mirrored = torch.rand(count, generator=generator) < 0.5
    pixels = torch.where(mirrored[:, None, None, None], pixels.flip(3), pixels)
    framed = torch.nn.functional.pad(pixels, [PADDING] * 4)
    offsets = torch.randint(0, 2 * PADDING + 1, (2, count, 1), generator=generator)
    rows = offsets[0] + torch.arange(height)
    columns = offsets[1] + torch.arange(width)
    image = torch.arange(count)[:, None, None]
    return framed[image, 0, rows[:, :, None], columns[:, None, :]][:, None]
