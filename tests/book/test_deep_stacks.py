"""Stacks of networks side by side are what PyTorch makes one by one."""

import numpy as np
import pytest
import torch
from torch import nn

from deep_stacks import CHANNELS, Stacks, sizes

KINDS = [(norm, skip) for norm in (False, True) for skip in (False, True)]


class Block(nn.Module):
    def __init__(self, norm: bool, skip: bool):
        super().__init__()
        half = [[nn.BatchNorm2d(8)] if norm else [] for _ in range(2)]
        for layers in half:
            layers += [nn.ReLU(), nn.Conv2d(8, 8, 3, padding=1)]
        self.path, self.skip = nn.Sequential(*half[0], *half[1]), skip

    def forward(self, a):
        return a + self.path(a) if self.skip else self.path(a)


def alone(stacks: Stacks, m: int) -> nn.Sequential:
    """Network m of the stacks, as one writes it in PyTorch."""
    net = nn.Sequential(nn.Conv2d(1, 8, 4, stride=4))
    net.extend([Block(stacks.norm, stacks.skip) for _ in range(stacks.blocks)])
    net.extend([nn.BatchNorm2d(8)] if stacks.norm else [])
    net.extend([nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 10)])
    own = slice(CHANNELS * m, CHANNELS * (m + 1))
    convolutions = [layer for layer in net.modules() if isinstance(layer, nn.Conv2d)]
    kernels = [stacks.stem, *stacks.kernels]
    biases = [stacks.biases[-1], *stacks.biases[:-1]]
    with torch.no_grad():
        for layer, w, b in zip(convolutions, kernels, biases, strict=True):
            layer.weight.copy_(w[own])
            layer.bias.copy_(b[own])
        net[-1].weight.copy_(stacks.head[m])
        net[-1].bias.copy_(stacks.logit_biases[m])
    return net


def clothes(n: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.normal(size=(n, 28, 28)).astype("float32"), rng.integers(0, 10, n)


@pytest.mark.parametrize(("norm", "skip"), KINDS)
def test_each_network_s_logits_are_those_of_the_network_alone(norm, skip):
    stacks = Stacks(norm, skip, 2, [0, 7, 9])
    x = torch.from_numpy(clothes(6)[0])[:, None]
    for m in range(3):
        with torch.no_grad():
            expected = alone(stacks, m)(x)
            found = stacks.logits(x)[:, m]
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("norm", "skip"), KINDS)
def test_training_side_by_side_is_training_alone(norm, skip):
    stacks = Stacks(norm, skip, 1, [3, 4])
    x, y = clothes(30)
    net = alone(stacks, 1)
    generator = torch.Generator()
    generator.set_state(stacks.generators[1].get_state())
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    pictures, labels = torch.from_numpy(x)[:, None], torch.from_numpy(y)
    expected = []
    for _ in range(2):
        losses = []
        for rows in torch.randperm(30, generator=generator).split(10):
            loss = nn.functional.cross_entropy(net(pictures[rows]), labels[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        expected.append(np.mean(losses))
    found = stacks.train(x, y, rate=0.01, epochs=2, batch=10)
    assert found.shape == (2, 2)
    np.testing.assert_allclose(found[:, 1], expected, rtol=1e-3)
    answers = net.eval()(pictures).argmax(1).numpy()
    assert stacks.score(x, y)[1] == pytest.approx(100 * (answers == y).mean())


def test_what_is_remembered_is_what_the_last_pictures_say():
    stacks = Stacks(True, False, 1, [0])
    x, y = clothes(20)
    stacks.train(x, y, rate=0.1, epochs=1, batch=10)
    stacks.remember(x)
    batch = torch.from_numpy(x)[:, None]
    with torch.no_grad():
        at_work, at_rest = stacks.logits(batch), stacks.logits(batch, training=False)
    # The running variance divides by one less.
    torch.testing.assert_close(at_work, at_rest, rtol=0.02, atol=0.02)


def test_sizes_count_in_units_of_where_they_start():
    there, back = sizes(False, True, blocks=3, draws=2)
    assert there.shape == back.shape == (4, 2)
    assert there[0].tolist() == back[3].tolist() == [1, 1]
    # A residual block about doubles the mean square of maps without a border.
    wide, _ = sizes(False, True, blocks=1, draws=8, channels=64, border="circular")
    assert np.mean(wide[1] ** 2) == pytest.approx(2, rel=0.1)
