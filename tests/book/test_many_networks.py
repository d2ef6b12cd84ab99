"""Networks trained side by side are what each would be alone, and in PyTorch."""

import numpy as np
import pytest
import torch

from many_networks import train

CASES = [{}, {"decay": 0.3}, {"penalty": 0.1}, {"smoothing": 0.2}, {"dropout": 0.4}]
CASES += [{"norm": "batch"}, {"norm": "layer"}]


def data(networks=3, n=40, d=6, classes=4):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(networks, n, d)).astype("float32")
    return x, rng.integers(classes, size=(networks, n))


def trained(x, y, **settings):
    options = {"hidden": (8,), "outputs": 4, "rate": 0.01, "epochs": 4, "batch": 10}
    return train(x, y, sets={"same": (x, y)}, choose="same", **options | settings)


@pytest.mark.parametrize("settings", CASES, ids=str)
def test_a_network_beside_others_is_what_it_is_alone(settings):
    x, y = data()
    together = trained(x, y, seeds=[5, 6, 7], **settings)
    alone = trained(x[1:2], y[1:2], seeds=[6], **settings)
    assert np.allclose(together.loss["same"][:, 1], alone.loss["same"][:, 0], atol=1e-6)
    assert np.allclose(together.logits["same"][1], alone.logits["same"][0], atol=1e-5)


def library_network(seed, norm):
    """The same start, as a module of PyTorch's own layers."""
    draw = torch.Generator().manual_seed(seed)
    norms = {"batch": torch.nn.BatchNorm1d, "layer": torch.nn.LayerNorm}
    between = [norms[norm](8)] if norm else []
    first, last = torch.nn.Linear(6, 8), torch.nn.Linear(8, 4)
    with torch.no_grad():
        for layer in (first, last):
            inputs = layer.weight.shape[1]
            scale = (2 / inputs) ** 0.5
            layer.weight.copy_(torch.randn(layer.weight.shape, generator=draw) * scale)
            layer.bias.zero_()
    first.bias.requires_grad_(norm != "batch")
    return torch.nn.Sequential(first, *between, torch.nn.ReLU(), last), draw


@pytest.mark.parametrize("settings", [case for case in CASES if "dropout" not in case])
def test_it_is_what_the_library_trains(settings):
    """Start and batches by hand, layers, loss and steps PyTorch's own."""
    x, y = data(networks=1)
    inputs, labels = torch.from_numpy(x[0]), torch.from_numpy(y[0])
    net, draw = library_network(3, settings.get("norm"))
    decay = [p for p in net.parameters() if p.ndim == 2]
    other = [p for p in net.parameters() if p.ndim == 1]
    groups = [
        {"params": decay, "weight_decay": settings.get("decay", 0.0)},
        {"params": other, "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=0.01)
    loss_fn = torch.nn.CrossEntropyLoss(label_smoothing=settings.get("smoothing", 0.0))
    for _ in range(4):
        net.train()
        for chosen in torch.randperm(40, generator=draw).split(10):
            optimizer.zero_grad()
            loss = loss_fn(net(inputs[chosen]), labels[chosen])
            for W in decay:
                loss = loss + settings.get("penalty", 0.0) / 2 * (W**2).sum()
            loss.backward()
            optimizer.step()
    net.eval()
    with torch.inference_mode():
        expected = net(inputs)
    last = trained(x, y, seeds=[3], **settings).last_logits["same"][0]
    assert np.allclose(last, expected, atol=1e-5)


def test_the_epoch_is_chosen_on_the_named_set_and_its_answers_kept():
    x, y = data()
    history = trained(x, y, rate=0.1, epochs=12)
    at = history.loss["same"].argmin(axis=0)
    for k in range(3):
        o = history.logits["same"][k]
        score = np.mean(o.argmax(axis=1) == y[k])
        assert score == pytest.approx(history.score["same"][at[k], k])
        assert score == pytest.approx(history.best["score"]["same"][k])
        logs = o[np.arange(40), y[k]] - np.log(np.exp(o).sum(axis=1))
        assert -logs.mean() == pytest.approx(history.best["loss"]["same"][k], abs=1e-5)


def test_a_dropped_unit_is_off_and_the_others_are_scaled():
    """At the first step the loss is that of masked values, larger by 1/(1 - p)."""
    x, y = data(networks=1, n=10)
    still = {"rate": 0.0, "epochs": 1}
    net, draw = library_network(0, None)
    torch.randperm(10, generator=draw)
    kept = torch.rand(10, 8, generator=draw) >= 0.4
    with torch.no_grad():
        a = torch.relu(net[0](torch.from_numpy(x[0])))
        assert 0 < kept.float().mean() < 1
        without = net[2](a)
    evaluated = trained(x, y, dropout=0.4, **still).last_logits["same"][0]
    assert np.allclose(evaluated, without, atol=1e-5)


def test_a_regression_is_scored_by_its_loss():
    x, _ = data()
    y = x[..., 0] - 2 * x[..., 1]
    history = trained(x, y, outputs=1, rate=0.05, epochs=80)
    assert history.loss["same"][-1].max() < 0.1 < history.loss["same"][0].min()
    assert np.array_equal(history.score["same"], -history.loss["same"])


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"norm": "bach"}, "'bach'"),
        ({"choose": "val"}, "'val'"),
        ({"batch": 41}, "batches of 41 of 40 samples train nothing"),
        ({"epochs": 0}, "0 epochs"),
    ],
)
def test_a_wrong_option_is_named(settings, reason):
    options = {"outputs": 4, "batch": 10} | settings
    with pytest.raises(ValueError, match=reason):
        train(*data(), **options)


def test_augmentation_leaves_start_and_batches_as_they_are():
    """What changes nothing, but draws, trains the same networks."""
    x, y = data()

    def idle(batch, generator):
        torch.rand(5, generator=generator)
        return batch

    found = [trained(x, y, augment=change) for change in (None, idle)]
    assert np.array_equal(*(history.loss["same"] for history in found))


def test_data_of_one_network_are_refused_with_the_shapes():
    x, y = data()
    with pytest.raises(ValueError, match=r"\(40, 6\) and y of shape \(40,\)"):
        train(x[0], y[0])
