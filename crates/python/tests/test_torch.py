"""Training for the target. Left out where PyTorch is not installed."""

from __future__ import annotations

import numpy as np
import pytest
import tritrack

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402
from tritrack.torch import (  # noqa: E402
    CrossbarNoise,
    Slips,
    StuckCells,
    TernaryConv2d,
    TernaryLinear,
    TernaryNetwork,
    slip_rate,
    ternary,
)


def small(bits: int = 4) -> TernaryNetwork:
    return TernaryNetwork(
        TernaryConv2d(1, 8, 3, padding=1, sparsity=0.5, bits=bits),
        nn.MaxPool2d(2),
        TernaryConv2d(8, 16, 3, stride=2, sparsity=0.7, bits=bits),
        nn.Flatten(),
        TernaryLinear(16 * 3 * 3, 24, sparsity=0.8, bits=bits),
        TernaryLinear(24, 10, sparsity=0.5, bits=bits, last=True),
    )


@pytest.fixture(scope="module")
def data():
    images, labels = tritrack.load_images("fashion-mnist", 1200)
    images = np.rint(images.reshape(-1, 1, 16, 2, 16, 2).mean(axis=(3, 5))).astype(np.uint8)
    return images, labels, torch.from_numpy(images).float() / 255, torch.from_numpy(labels)


def trained(data, bits=4, epochs=3):
    _, _, pixels, classes = data
    torch.manual_seed(0)
    module = small(bits)
    optimizer = torch.optim.Adam(module.parameters(), 5e-3)
    for _ in range(epochs):
        for batch in torch.randperm(1000).split(50):
            optimizer.zero_grad()
            nn.functional.cross_entropy(module(pixels[batch]), classes[batch]).backward()
            optimizer.step()
    module.settle(pixels[:1000].split(250))
    return module.eval()


@pytest.mark.parametrize("bits", [1, 4, 8])
def test_a_trained_module_is_exported_bit_for_bit(data, bits, tmp_path):
    images, labels, pixels, _ = data
    module = trained(data, bits)
    network = module.export("trained", (1, 16, 16))
    expected = module.integer_logits(pixels[1000:]).numpy()
    assert np.array_equal(expected, module.integer_logits(images[1000:]).numpy())
    found = tritrack.simulate(network, images[1000:], labels[1000:], check=True)
    assert np.array_equal(found.logits, expected)
    again = tritrack.Network.load(network.save(tmp_path))
    assert np.array_equal(again.infer(images[1000:]), expected)
    # The float forward pass differs by rounding alone.
    with torch.no_grad():
        classes = module(pixels[1000:]).argmax(1).numpy()
    assert (classes == expected.argmax(1)).mean() > 0.95
    if bits == 4:
        assert found.accuracy > 0.6, "it has learned something"


def test_weights_have_the_sparsity_that_was_asked_for_and_steps_are_learned(data):
    module = trained(data, epochs=1)
    for layer in module.layers.values():
        share = float((layer.signs.signs == 0).float().mean())
        assert share == pytest.approx(layer.sparsity, abs=1 / layer.linear.weight.numel() + 1e-6)
    before = small()
    before.load_state_dict(module.state_dict())
    assert all(layer.step.item() > 0 for layer in module.layers.values() if not layer.last)


def test_gradients_pass_through_rounding_to_every_weight_and_step(data):
    _, _, pixels, classes = data
    module = small()
    nn.functional.cross_entropy(module(pixels[:32]), classes[:32]).backward()
    for name, values in module.named_parameters():
        if values.requires_grad:
            assert values.grad is not None and values.grad.abs().sum() > 0, name


def test_a_sum_without_faults_is_as_it_was_and_a_struck_one_differs_by_a_power_of_two():
    sums = torch.randint(-100, 101, (50, 4, 3, 3)).float()
    assert torch.equal(Slips(0.0).sums(sums, 100), sums)
    difference = (Slips(1.0).sums(sums, 100) - sums).abs()
    # Eight bits hold -128 to 127.
    assert set(difference.unique().tolist()) <= {float(1 << bit) for bit in range(8)}
    assert Slips(1.0).sums(sums, 100).abs().max() <= 128
    share = float((Slips(0.3).sums(sums, 100) != sums).float().mean())
    assert share == pytest.approx(0.3, abs=0.05)


def test_stuck_cells_stay_where_they_are_until_other_hardware_is_drawn():
    sums = torch.randint(-100, 101, (20, 4, 3, 3)).float()
    stuck = StuckCells(0.1, seed=1)
    once = stuck.sums(sums, 100)
    assert torch.equal(stuck.sums(sums, 100), once) and not torch.equal(once, sums)
    # Where no cell of a sum is stuck, it is right in every image.
    is_right = (once == sums).all(0)
    assert 0.2 < float(is_right.float().mean()) < 0.8
    stuck.draw()
    assert not torch.equal(stuck.sums(sums, 100), once)
    assert torch.equal(StuckCells(0.0).sums(sums, 100), sums)


def test_converters_have_as_many_levels_as_bits_and_cells_spread():
    sums = torch.randn(1000) * 30
    assert len(CrossbarNoise(converter_bits=3).sums(sums, 100).unique()) <= 8
    torch.manual_seed(0)
    signs = torch.ones(4000)
    assert float(CrossbarNoise(0.1).weights(signs).std()) == pytest.approx(0.1, rel=0.1)
    assert torch.equal(CrossbarNoise(0.0).weights(signs), signs)


@pytest.mark.parametrize("faults", [Slips(0.0), StuckCells(0.0), CrossbarNoise(0.0)])
def test_faults_that_do_not_strike_change_no_answer(data, faults):
    _, _, pixels, _ = data
    module = trained(data, epochs=1)
    with torch.no_grad():
        expected = module(pixels[:50])
        module.strike(faults)
        assert torch.allclose(module(pixels[:50]), expected, atol=1e-3)
        module.strike(None)
        assert torch.equal(module(pixels[:50]), expected)


def test_what_is_no_network_is_refused():
    with pytest.raises(tritrack.ArgumentError, match="last=True"):
        TernaryNetwork(TernaryConv2d(1, 2, 3))
    with pytest.raises(tritrack.ArgumentError, match="ReLU"):
        TernaryNetwork(TernaryConv2d(1, 2, 3), nn.ReLU(), TernaryLinear(2, 2, last=True))
    with pytest.raises(tritrack.ArgumentError, match="bits"):
        TernaryNetwork(TernaryLinear(2, 2, bits=3), TernaryLinear(2, 2, bits=4), TernaryLinear(2, 2, last=True))
    with pytest.raises(tritrack.ArgumentError, match="sparsity"):
        TernaryConv2d(1, 2, 3, sparsity=1.0)
    with pytest.raises(tritrack.ArgumentError, match="rate"):
        Slips(2)


def test_sparsity_zero_keeps_every_weight():
    signs, scale = ternary(torch.tensor([[0.5, -1.5]]), 0.0)
    assert signs.tolist() == [[1, -1]] and scale.tolist() == [1.0]


def test_the_rate_of_struck_sums_follows_the_rate_of_slips(data):
    network = trained(data, epochs=1).export("rates", (1, 16, 16))
    low, high = (slip_rate(network, rate, data[0][:1]) for rate in (1e-7, 1e-6))
    assert 0 < low < high < 1 and high == pytest.approx(10 * low, rel=0.05)


def test_a_module_of_pytorch_is_exported_in_memory_and_left_as_it_was(data):
    images, _, pixels, _ = data
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv2d(1, 4, 3, bias=False), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(784, 10))
    module(pixels[:64])
    assert module.training
    float_network = tritrack.Network.from_torch(module, pixels[:1], name="plain")
    assert module.training
    module.eval()
    with torch.no_grad():
        expected = module(pixels[:20]).numpy()
    assert np.abs(float_network.infer(images[:20]) - expected).max() < 1e-4
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(pixels[:60], torch.zeros(60).long()), batch_size=20)
    network = float_network.quantize(loader, sparsity=0.5, bits=4)
    assert network.name == "plain-ternary" and len(network.report) > 0
