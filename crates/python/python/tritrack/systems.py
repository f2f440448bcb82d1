"""Networks on the systems that compute them, and under faults."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tritrack import _native
from tritrack.images import Images, taken
from tritrack.machine import Machine
from tritrack.network import Network
from tritrack.table import Table
from tritrack.technology import Technology
from tritrack.workspace import Workspace

# Images over which the statistics of a network's activations are taken, as on the command line.
_IMAGES = 2


@dataclass(frozen=True)
class Simulation:
    """What a network gave on the associative processor.

    Attributes:
        table: Events and costs, as `tritrack simulate` prints them.
        logits: int64 [images, classes]; none of a trace.
        predictions: int64 [images]: the class of the largest logit; none of a trace.
        accuracy: The share of images whose class is their label, or None without labels.
    """

    table: Table
    logits: npt.NDArray[np.int64]
    predictions: npt.NDArray[np.int64]
    accuracy: float | None

    def __repr__(self) -> str:
        """The table, and the accuracy where it is known."""
        last = "" if self.accuracy is None else f"\ntop-1 ({len(self.predictions)} images): {self.accuracy:.4f}"
        return f"{self.table!r}{last}"

    def _repr_html_(self) -> str:
        last = "" if self.accuracy is None else f"<p>top-1 ({len(self.predictions)} images): {self.accuracy:.4f}</p>"
        return self.table._repr_html_() + last


def simulate(
    network: Network,
    images: Images = "golden",
    labels: Any = None,
    *,
    count: int | None = None,
    technology: Technology | str | os.PathLike[str] = "paper-like",
    machine: Machine | None = None,
    layers: Sequence[str] = (),
    processors: int | str = "largest-layer",
    activations: str = "periphery",
    show: str = "layers",
    check: bool = False,
    workspace: Workspace | str | os.PathLike[str] | None = None,
) -> Simulation:
    """Run a network on the associative processor, bit for bit, and price what happens.

    Args:
        network: The network.
        images: Images, in any of their forms.
        labels: The class of each image of an array.
        count: How many images, from the first on; all if left out.
        technology: What events cost: a technology, its name, or its file.
        machine: The array and the compiler's options.
        layers: Layers that run on the processor, by name; the others are inferred and not shown. All if empty.
        processors: Processors installed: `largest-layer`, `whole-network`, or a number.
        activations: Where activations are requantized and pooled: `periphery`, `shift-and-add`, `thresholds`.
        show: What the table tells: `layers`, `passes`, `processors`, or `trace`: what every instruction does on the first image.
        check: Compare every accumulator, activation and logit with the integer inference.
        workspace: Where names are looked up; the network's own if left out.

    Returns:
        The table (energies in µJ, latencies in ms, means of the images), the logits, and the accuracy.

    Raises:
        TritrackError: If images, layers or options do not fit, or, with `check`, a value differs.

    Example:
        >>> network = Network.load("vgg8-fashion-s85-a4")
        >>> simulation = simulate(network, "fashion-mnist", count=20, check=True)
        >>> simulation.accuracy
        0.95
        >>> frame = simulation.table.pandas().set_index("layer")
        >>> round(float(frame.loc["total", "energy_active_bits"]))  # uJ
        255
    """
    where = workspace or network.workspace
    native = taken(images, labels, network, count, where)
    options = {
        "machine": machine or Machine(),
        "processors": str(processors),
        "activations": activations,
        "layers": list(layers),
        "show": show,
        "check": check,
    }
    priced = Technology.of(technology, "rtm-ap", where)._native
    table, logits, classes = _native.simulate(network._native, native, priced, options)
    predictions = np.asarray(classes, dtype=np.int64)
    known = native.labels
    accuracy = None
    if known is not None and len(predictions):
        accuracy = float(np.mean(predictions == np.asarray(known)))
    values = np.frombuffer(logits, dtype="<i8").reshape(len(predictions), network.classes)
    return Simulation(Table(table), values, predictions, accuracy)


def crossbar(
    network: Network,
    images: Images | None = None,
    *,
    technology: Technology | str | os.PathLike[str] = "neurosim-rram-22nm",
    weights: str = "ternary",
    activation_bits: int | None = None,
    zero_weights: float | None = None,
    mode: str = "corrected",
    count: int | None = None,
    workspace: Workspace | str | os.PathLike[str] | None = None,
) -> Table:
    """What one image of a network costs on a crossbar, layer by layer.

    Args:
        network: The network.
        images: Images over which the activations' statistics are taken; if left out, the first two golden ones, or of
            Fashion-MNIST.
        technology: The crossbar: a technology, its name, or its file. `Technology.replace` changes parameters and design.
        weights: What the weights are: `ternary`, or `8-bit` in the same shapes.
        activation_bits: Bits of the activations; the network's own if left out.
        zero_weights: The share of ternary weights that are 0; the network's own if left out.
        mode: Whose counting: `corrected`, `neurosim-compatible`, `neurosim-compatible-padded`.
        count: How many images, from the first on.
        workspace: Where names are looked up; the network's own if left out.

    Returns:
        A row for each layer and one for all: energies in pJ, latency in ns.

    Raises:
        TritrackError: If the model does not cover what is asked.

    Example:
        >>> network = Network.load("vgg8-fashion-s85-a4")
        >>> at_45_nm = Technology.load("neurosim-rram-22nm", "crossbar").replace({"design.node_nm": 45})
        >>> crossbar(network, technology=at_45_nm).units["energy"]
        'pJ'
    """
    where = workspace or network.workspace
    native = _sampled(network, images, count, where)
    priced = Technology.of(technology, "crossbar", where)._native
    numbers = _numbers(weights, activation_bits, zero_weights)
    return Table(_native.crossbar(network._native, native, priced, numbers, mode))


def digital(
    network: Network,
    images: Images | None = None,
    *,
    technology: Technology | str | os.PathLike[str] = "mac-array",
    weights: str = "ternary",
    activation_bits: int | None = None,
    skip_zero_weights: bool = False,
    count: int | None = None,
    workspace: Workspace | str | os.PathLike[str] | None = None,
) -> Table:
    """What one image of a network costs on a digital array of multiply-accumulate units, layer by layer.

    Args:
        network: The network.
        images: Images over which the activations' statistics are taken; if left out, the first two golden ones, or of
            Fashion-MNIST.
        technology: The array: a technology, its name, or its file.
        weights: What the weights are: `ternary`, or `8-bit` in the same shapes.
        activation_bits: Bits of the activations; the network's own if left out.
        skip_zero_weights: Whether weights that are 0 are skipped instead of computed.
        count: How many images, from the first on.
        workspace: Where names are looked up; the network's own if left out.

    Returns:
        A row for each layer and one for all: energies in pJ, latency in ns.

    Raises:
        TritrackError: If the model does not cover what is asked.

    Example:
        >>> network = Network.load("vgg8-fashion-s85-a4")
        >>> all_of_them, kept = digital(network), digital(network, skip_zero_weights=True)
        >>> kept["energy"][-1] < all_of_them["energy"][-1]
        True
    """
    where = workspace or network.workspace
    native = _sampled(network, images, count, where)
    priced = Technology.of(technology, "digital", where)._native
    zeros = "skipped" if skip_zero_weights else "computed"
    numbers = _numbers(weights, activation_bits, None)
    return Table(_native.digital(network._native, native, priced, numbers, zeros))


def inject(
    network: Network,
    images: Images = "golden",
    labels: Any = None,
    *,
    faults: str | Sequence[str] = "out-of-step-by-one",
    protection: str = "none",
    rates: float | Sequence[float] = (),
    trials: int = 4,
    struck_only: bool = False,
    seed: int = 0,
    confidence: float = 0.95,
    count: int | None = None,
    literature: Technology | str | os.PathLike[str] = "literature",
    machine: Machine | None = None,
    workspace: Workspace | str | os.PathLike[str] | None = None,
) -> Table:
    """Inject faults into a network's execution, and count what they do to its answers.

    Args:
        network: The network.
        images: Images, in any of their forms.
        labels: The class of each image of an array. Without labels, the fault-free answers stand for them.
        faults: Kinds of faults, as `tritrack inject --faults` takes them: `out-of-step-by-one`, `stuck-cell`, …
        protection: What protects the machine, `--mitigation` on the command line: `none`, `position-code`, `majority-of-three`, …
        rates: Probabilities of a slip in a shift by one domain, `--rate` on the command line; the literature's if left out.
        trials: Times that all images are inferred.
        struck_only: Draw inferences with at least one fault only, and weight them: for rare faults.
        seed: Keys the random streams: the same seed gives the same numbers.
        confidence: Confidence of the intervals.
        count: How many images, from the first on; all if left out.
        literature: Fault rates, `--rates` on the command line: a technology of faults, its name, or its file.
        machine: The array and the compiler's options.
        workspace: Where names are looked up; the network's own if left out.

    Returns:
        A row for each rate: accuracy, silent corruptions and noise, with intervals.

    Raises:
        TritrackError: If the arguments do not go together.

    Example:
        >>> network = Network.load("vgg8-fashion-s85-a4")
        >>> table = inject(network, "fashion-mnist", count=5, rates=[1e-12, 1e-5], trials=2)
        >>> [accuracy > 0.5 for accuracy in table["accuracy"]]
        [True, False]
    """
    where = workspace or network.workspace
    native = taken(images, labels, network, count, where)
    stated = Technology.of(literature, "faults", where)._native
    options = {
        "machine": machine or Machine(),
        "faults": [faults] if isinstance(faults, str) else list(faults),
        "protection": protection,
        "rates": [float(rate) for rate in np.atleast_1d(np.asarray(rates, dtype=float))],
        "trials": trials,
        "struck_only": struck_only,
        "seed": seed,
        "confidence": confidence,
    }
    return Table(_native.inject(network._native, native, stated, options))


def _sampled(
    network: Network,
    images: Images | None,
    count: int | None,
    where: Workspace | str | os.PathLike[str] | None,
) -> _native.Images:
    if images is not None:
        return taken(images, None, network, count, where)
    name = "golden" if network._native.has_golden_images else "fashion-mnist"
    return taken(name, None, network, count or _IMAGES, where)


def _numbers(weights: str, activation_bits: int | None, sparsity: float | None) -> dict[str, Any]:
    return {"weights": weights, "activation_bits": activation_bits, "sparsity": sparsity}
