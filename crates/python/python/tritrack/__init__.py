"""Ternary networks on associative processors in racetrack memory, and on crossbars.

The engine of the command line in this process: NumPy arrays go in, tables come out that any library for data frames takes.

>>> import numpy as np, tritrack
>>> weights, scales = tritrack.ternarize(np.random.default_rng(0).normal(size=(4, 3, 3, 3)), sparsity=0.8)
>>> program = tritrack.compile(weights, input_size=(8, 8), padding=1)
>>> program.run(np.ones((1, 3, 8, 8), dtype=np.uint8)).shape
(1, 4, 8, 8)
"""

from __future__ import annotations

from tritrack import _native, _progress
from tritrack.errors import ArgumentError, FileError, TritrackError, UnknownNameError
from tritrack.images import load_images
from tritrack.machine import Machine
from tritrack.network import FloatNetwork, Layer, Network
from tritrack.program import Program, Ternary, compile, ternarize
from tritrack.systems import Simulation, crossbar, digital, inject, simulate
from tritrack.table import Column, Table
from tritrack.technology import Parameter, Technology
from tritrack.workspace import Difference, Results, Workspace

_native.set_progress(_progress.told)

__all__ = [
    "ArgumentError",
    "Column",
    "Difference",
    "FileError",
    "FloatNetwork",
    "Layer",
    "Machine",
    "Network",
    "Parameter",
    "Program",
    "Results",
    "Simulation",
    "Table",
    "Technology",
    "Ternary",
    "TritrackError",
    "UnknownNameError",
    "Workspace",
    "compile",
    "crossbar",
    "digital",
    "inject",
    "load_images",
    "simulate",
    "ternarize",
]
