from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import tritrack
from tritrack import Machine


def convolution(x, weights, stride=(1, 1), padding=(0, 0), groups=1):
    """The sums in NumPy's integers: nothing of the package is used."""
    x = np.pad(np.asarray(x, np.int64), ((0, 0), (0, 0), (padding[0],) * 2, (padding[1],) * 2))
    windows = np.lib.stride_tricks.sliding_window_view(x, weights.shape[2:], axis=(2, 3))
    windows = windows[:, :, :: stride[0], :: stride[1]]
    inputs, outputs = weights.shape[1], weights.shape[0] // groups
    parts = [
        np.einsum(
            "nchwij,kcij->nkhw",
            windows[:, group * inputs : (group + 1) * inputs],
            weights[group * outputs : (group + 1) * outputs].astype(np.int64),
        )
        for group in range(groups)
    ]
    return np.concatenate(parts, axis=1)


def drawn(seed, shape, sparsity=0.6):
    draw = np.random.default_rng(seed)
    return np.where(draw.random(shape) < sparsity, 0, draw.choice([-1, 1], shape)).astype(np.int8)


@pytest.mark.parametrize(
    ("sharing", "layout"),
    list(product(["none", "per-channel", "cross-channel"], ["naive", "along", "tiled"])),
)
def test_a_program_gives_what_numpy_gives_however_it_is_compiled(sharing, layout):
    weights = drawn(1, (5, 3, 3, 3))
    x = np.random.default_rng(2).integers(0, 16, (2, 3, 7, 6))
    machine = Machine(layout=layout)
    program = tritrack.compile(weights, sharing, machine=machine, input_size=(7, 6), padding=1)
    assert np.array_equal(program.run(x), convolution(x, weights, padding=(1, 1)))


@pytest.mark.parametrize(
    ("stride", "padding", "groups", "bits"),
    [((2, 1), (0, 1), 1, 4), ((1, 1), (0, 0), 2, 8), ((3, 2), (1, 0), 4, 1)],
)
def test_strides_padding_groups_and_bits_are_those_of_a_convolution(stride, padding, groups, bits):
    weights = drawn(3, (4, 4 // groups, 3, 2))
    x = np.random.default_rng(4).integers(0, 2**bits, (3, 4, 6, 5))
    program = tritrack.compile(weights, input_size=(6, 5), stride=stride, padding=padding, groups=groups, activation_bits=bits)
    expected = convolution(x, weights, stride, padding, groups)
    assert program.output_shape == expected.shape[1:]
    assert np.array_equal(program.run(x), expected)


def test_a_fully_connected_layer_takes_vectors():
    weights = drawn(5, (6, 40))
    x = np.random.default_rng(6).integers(0, 16, (3, 40))
    sums = tritrack.compile(weights).run(x)
    assert np.array_equal(sums[:, :, 0, 0], x @ weights.T.astype(np.int64))


def test_a_layer_of_a_network_is_compiled_as_the_command_line_compiles_it(network):
    from conftest import command_line

    program = tritrack.compile(network["fc2"])
    assert program.assembly.encode() == command_line("compile", network.name, "--layer", "fc2", "--emit", "asm")
    assert program.ir.encode() == command_line("compile", network.name, "--layer", "fc2", "--emit", "ir")
    assert program.statistics["nonzeros"] == [int(np.count_nonzero(network["fc2"].weights))]


def test_sharing_saves_additions():
    weights = drawn(7, (16, 4, 3, 3), 0.3)
    adders = [tritrack.compile(weights, sharing).statistics["adders"][0] for sharing in ("none", "per-channel")]
    assert adders[1] < adders[0]


def test_a_target_sparsity_is_met_and_scales_are_mean_magnitudes():
    weights = np.random.default_rng(8).normal(size=(4, 5, 3, 3)).astype(np.float32)
    ternary, scales = tritrack.ternarize(weights, sparsity=0.8)
    assert ternary.shape == weights.shape
    # Of 45 weights of a filter, 36 become 0, by their magnitude.
    assert [int((filter == 0).sum()) for filter in ternary] == [36] * 4
    for values, kept, scale in zip(weights, ternary, scales):
        smallest = np.abs(values[kept != 0]).min()
        assert smallest >= np.abs(values[kept == 0]).max()
        assert np.array_equal(np.sign(values[kept != 0]), kept[kept != 0])
        assert scale == pytest.approx(np.abs(values[kept != 0]).mean(), rel=1e-6)


def test_without_a_rule_weights_are_cut_as_twn_cuts_them():
    weights = np.random.default_rng(9).normal(size=(3, 50))
    ternary, _ = tritrack.ternarize(weights)
    limits = 0.7 * np.abs(weights.astype(np.float32)).mean(axis=1, keepdims=True)
    assert np.array_equal(ternary, np.where(np.abs(weights) > limits, np.sign(weights), 0))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"layer": np.ones((2, 2, 2))}, "expected [outputs, inputs]"),
        ({"layer": np.full((2, 3), 2)}, "a weight is 2"),
        ({"layer": np.ones((2, 3)), "activation_bits": 9}, "expected 1 to 8"),
        ({"layer": np.ones((2, 3)), "sharing": "per-chanel"}, "per-channel"),
        ({"layer": np.ones((2, 3)), "machine": Machine(rows=0)}, "row"),
        ({"layer": np.ones((2, 3, 3, 3)), "input_size": 2}, "does not fit"),
    ],
)
def test_what_cannot_be_compiled_is_refused_with_the_reason(arguments, said):
    with pytest.raises(tritrack.TritrackError) as error:
        tritrack.compile(**arguments)
    assert said in str(error.value)


@pytest.mark.parametrize("x", [np.full((1, 3), 16), np.full((1, 3), -1), np.zeros((1, 4), int), np.zeros((1, 3))])
def test_inputs_that_a_program_was_not_compiled_for_are_refused(x):
    program = tritrack.compile(np.ones((2, 3)))
    with pytest.raises(tritrack.ArgumentError):
        program.run(x)


def test_a_share_of_zeros_of_one_is_refused():
    with pytest.raises(tritrack.TritrackError):
        tritrack.ternarize(np.ones((2, 3)), sparsity=1.0)
    with pytest.raises(tritrack.ArgumentError):
        tritrack.ternarize(np.ones((2, 3)), sparsity=0.5, threshold=1)
