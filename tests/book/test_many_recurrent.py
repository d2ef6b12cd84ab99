"""Networks that read sequences side by side are what each is alone, in PyTorch."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from many_recurrent import Cells, Readers, answers, pad, train

LIBRARY = {"rnn": torch.nn.RNN, "gru": torch.nn.GRU, "lstm": torch.nn.LSTM}
KINDS = ("bag", "mlp", "set", "cnn", "rnn", "gru", "lstm")


def library_layer(cells, at):
    """The layer of the library with the weights of one of many."""
    d, n = cells.W.shape[1], cells.units
    layer = LIBRARY[cells.kind](d, n, batch_first=True)
    with torch.no_grad():
        layer.weight_ih_l0.copy_(cells.W[at].T)
        layer.weight_hh_l0.copy_(cells.R[at].T)
        layer.bias_ih_l0.copy_(cells.b[at, 0])
        layer.bias_hh_l0.copy_(cells.b_state[at, 0])
    return layer


def sequences(n=24, length=9, d=4, classes=3, seed=0):
    rng = np.random.default_rng(seed)
    found = [rng.normal(size=(k, d)) for k in rng.integers(3, length + 1, size=n)]
    return *pad(found, length), torch.from_numpy(rng.integers(classes, size=n))


@pytest.mark.parametrize("kind", LIBRARY)
def test_a_cell_beside_others_is_the_librarys(kind):
    cells = Cells(kind, 4, 6, seeds=[3, 4, 5])
    x = torch.randn(3, 7, 11, 4, generator=torch.Generator().manual_seed(0))
    states = cells(x)
    for at in range(3):
        alone, _ = library_layer(cells, at)(x[at])
        assert (states[at] - alone).abs().max() < 1e-6


@pytest.mark.parametrize("kind", KINDS)
def test_a_network_beside_others_learns_what_it_learns_alone(kind):
    data = sequences()
    both = Readers(kind, 4, 3, seeds=[7, 8], units=5, length=9)
    train(both, data, [1, 2], rates=[0.02, 0.01], epochs=3, batch=8)
    alone = Readers(kind, 4, 3, seeds=[8], units=5, length=9)
    train(alone, data, [2], rates=0.01, epochs=3, batch=8)
    for together, single in zip(both.parameters(), alone.parameters(), strict=True):
        assert (together[1] - single[0]).abs().max() < 1e-5


@pytest.mark.parametrize("kind", LIBRARY)
@pytest.mark.parametrize("adam", [True, False])
def test_it_is_what_the_library_trains(kind, adam):
    """Packed sequences, loss, clipping and steps are PyTorch's own."""
    x, lengths, y = data = sequences()
    nets = Readers(kind, 4, 3, seeds=[9], units=5)
    layer, head = library_layer(nets.cells, 0), torch.nn.Linear(5, 3)
    with torch.no_grad():
        head.weight.copy_(nets.W[0][0].T)
        head.bias.copy_(nets.b[0][0, 0])
    parameters = [*layer.parameters(), *head.parameters()]
    rule = torch.optim.Adam if adam else torch.optim.SGD
    optimizer = rule(parameters, lr=0.02)
    draw, norms = torch.Generator().manual_seed(4), []
    for _ in range(3):
        for rows in torch.randperm(24, generator=draw).split(8):
            packed = torch.nn.utils.rnn.pack_padded_sequence(
                x[rows], lengths[rows], batch_first=True, enforce_sorted=False
            )
            _, h = layer(packed)
            h = (h[0] if kind == "lstm" else h)[-1]
            optimizer.zero_grad()
            F.cross_entropy(head(h), y[rows]).backward()
            norms.append(torch.nn.utils.clip_grad_norm_(parameters, 0.4))
            optimizer.step()
    settings = {"rates": 0.02, "epochs": 3, "batch": 8, "clip": 0.4, "adam": adam}
    found = train(nets, data, [4], **settings)
    assert torch.allclose(found[:, 0], torch.stack(norms), atol=1e-5)
    assert (nets.cells.R[0].T - layer.weight_hh_l0).abs().max() < 1e-5
    assert (nets.b[0][0, 0] - head.bias).abs().max() < 1e-5


def test_a_network_learns_from_its_own_rows_only():
    x, lengths, y = sequences()
    rows = np.stack([np.arange(16), np.arange(8, 24)])
    found = []
    for other in (y, torch.cat([y[:20], 2 - y[20:]])):
        nets = Readers("rnn", 4, 3, seeds=[0, 1], units=5)
        train(nets, (x, lengths, other), [0, 1], rows=rows, epochs=2, batch=8)
        found.append(answers(nets, x, lengths))
    assert np.array_equal(found[0][0], found[1][0])
    assert not np.array_equal(found[0][1], found[1][1])


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_behind_the_last_frame_does_not_count(kind):
    x, lengths, _ = sequences()
    nets = Readers(kind, 4, 3, seeds=[0, 1], units=5, length=9)
    behind = torch.arange(9)[:, None] >= lengths[:, None, None]
    x, lengths = x.expand(2, -1, -1, -1), lengths.expand(2, -1)
    assert torch.equal(nets(x, lengths), nets(x + behind * 7.0, lengths))


def test_at_the_padded_end_it_does_count():
    x, lengths, _ = sequences()
    nets = Readers("rnn", 4, 3, seeds=[0], units=5, read="end")
    assert not torch.equal(
        nets(x[None], lengths[None]), nets(x[None, :, :-1], lengths[None])
    )


def test_the_start_is_the_one_that_was_asked_for():
    cells = Cells("lstm", 4, 16, seeds=[0, 1], start="keras")
    eye = torch.eye(16).expand(2, -1, -1)
    assert torch.allclose(cells.R @ cells.R.mT, eye, atol=1e-5)
    assert cells.b[:, :, 16:32].eq(1).all()
    assert cells.b[:, :, :16].eq(0).all()
    keeps = Cells("gru", 4, 16, seeds=[0], gate=3.0)
    assert (keeps.b + keeps.b_state)[0, 0, 16:32].eq(3).all()
    wide = Cells("rnn", 4, 16, seeds=[0], radius=1.5)
    largest = torch.linalg.eigvals(wide.R.detach()).abs().max().item()
    assert largest == pytest.approx(1.5, abs=1e-5)


@pytest.mark.parametrize(
    "settings",
    [{"kind": "tcn"}, {"kind": "rnn", "gate": 3.0}, {"kind": "gru", "radius": 1.0}],
)
def test_what_no_cell_has_is_refused(settings):
    with pytest.raises(ValueError, match=r"use one of|leave it out"):
        Cells(inputs=3, units=4, seeds=[0], **settings)


def test_no_other_place_to_read_is_known():
    with pytest.raises(ValueError, match="'last', 'end' or 'mean'"):
        Readers("rnn", 3, 2, seeds=[0], read="first")
