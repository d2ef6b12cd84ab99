"""What the chapter on forecasting claims, held over draws."""

import itertools

import numpy as np
import torch

from bookpress.checks.claims import claim, shared
from series import load_sunspots

PAST, AHEAD = 132, 12  # months in, months out
VALID, TEST, END = 2052, 2532, 3120  # targets before 1920, before 1960, the rest
_SEEDS, _SEARCH, _LATE = 24, 5, 100
_RATES = (0.001, 0.003, 0.01, 0.03, 0.1)
_EPOCHS, _BATCH = 10, 64
_LEVELS = (0.1, 0.5, 0.9)
_DESIGNS = {
    "linear": (36, 132),  # months that it reads
    "mlp": (36, 132),
    "cnn": (63, 127),  # with five or six layers
    "gru": (36, 132),
}


@shared
def _series():
    return load_sunspots().to_numpy()


def _windows(first, last, past=PAST):
    """Windows all of whose targets lie in months first to last - 1."""
    both = np.lib.stride_tricks.sliding_window_view(
        _series()[first - past : last], past + AHEAD
    )
    return both[:, :past], both[:, past:]


@shared
def _data():
    """Windows of training, validation and test, scaled by the training months."""
    known = _series()[:VALID]
    mean, spread = known.mean(), known.std()
    parts = [_windows(*span) for span in ((PAST, VALID), (VALID, TEST), (TEST, END))]
    scaled = [
        tuple(torch.tensor((part - mean) / spread, dtype=torch.float32) for part in two)
        for two in parts
    ]
    return scaled, mean, spread


# Networks side by side: the first axis of each tensor is the network ------------------


def _uniform(generators, fan_in, *shape):
    """PyTorch's default: uniform within one over the root of the inputs."""
    bound = fan_in**-0.5
    draws = [torch.rand(*shape, generator=g) * 2 * bound - bound for g in generators]
    return torch.stack(draws).requires_grad_()


def _dense(generators, n_in, n_out):
    return [
        _uniform(generators, n_in, n_in, n_out),
        _uniform(generators, n_in, 1, n_out),
    ]


def _parameters(kind, design, outputs, seeds):
    g = [torch.Generator().manual_seed(seed) for seed in seeds]
    if kind == "linear":
        return _dense(g, design, outputs)
    if kind == "mlp":
        return _dense(g, design, 16) + _dense(g, 16, outputs)
    if kind == "cnn":
        count = (design + 1).bit_length() - 2
        layers = [_dense(g, 3 * (16 if i else 1), 16) for i in range(count)]
        return [*itertools.chain(*layers), *_dense(g, 16, outputs)]
    shapes = ((1, 48), (1, 48), (16, 48), (1, 48))
    return [_uniform(g, 16, *shape) for shape in shapes] + _dense(g, 16, outputs)


def _forecast(kind, theta, x):
    """Twelve months, or three quantiles of each, as changes of the last value."""
    last = x[:, :, -1:]
    *theta, V, c = theta
    if kind in ("linear", "mlp"):
        a = x
        if theta:
            a = torch.relu(torch.baddbmm(theta[1], a, theta[0]))
    elif kind == "cnn":
        a = x[..., None]
        for i in range(
            len(theta) // 2
        ):  # dilated; the last output asks for every other place
            a = torch.cat([a[:, :, :-2:2], a[:, :, 1:-1:2], a[:, :, 2::2]], dim=3)
            m, b, t, c_in = a.shape
            o = torch.baddbmm(theta[2 * i + 1], a.reshape(m, b * t, c_in), theta[2 * i])
            a = torch.relu(o).reshape(m, b, t, -1)
        a = a[:, :, 0]
    else:
        W, b, R, b_r = theta
        n = R.shape[1]
        a = x.new_zeros(x.shape[0], x.shape[1], n)
        inputs = x.permute(2, 0, 1)[..., None] * W + b
        for step in inputs:
            back = torch.baddbmm(b_r, a, R)
            gates = torch.sigmoid(step[..., : 2 * n] + back[..., : 2 * n])
            new = torch.tanh(step[..., 2 * n :] + gates[..., :n] * back[..., 2 * n :])
            a = torch.lerp(new, a, gates[..., n:])
    o = torch.baddbmm(c, a, V)
    return (
        last + o if o.shape[2] == AHEAD else last[..., None] + o.unflatten(2, (-1, 3))
    )


def _loss(answer, y):
    """Absolute error, or pinball of the three levels; one number for each network."""
    if answer.ndim == y.ndim:
        return (answer - y).abs().mean(dim=(1, 2))
    e, q = y[..., None] - answer, torch.tensor(_LEVELS)
    return torch.maximum(q * e, (q - 1) * e).mean(dim=(1, 2, 3))


def _train(kind, design, rates, seeds, outputs=AHEAD):
    """Adam, ten epochs of batches of 64; each keeps its best epoch on validation."""
    ((x, y), (x_val, y_val), (x_test, _)), _, spread = _data()
    theta = _parameters(kind, design, outputs, seeds)
    rates = torch.tensor(rates).reshape(-1, 1, 1)
    first = [torch.zeros_like(p) for p in theta]
    second = [torch.zeros_like(p) for p in theta]
    shuffles = [torch.Generator().manual_seed(10_000 + seed) for seed in seeds]
    x, x_val, x_test = (part[:, -design:] for part in (x, x_val, x_test))
    M, t = len(seeds), 0
    best, kept = torch.full((M,), torch.inf), {}
    for _ in range(_EPOCHS):
        orders = torch.stack([torch.randperm(len(x), generator=g) for g in shuffles])
        for rows in orders.split(_BATCH, dim=1):
            loss = _loss(_forecast(kind, theta, x[rows]), y[rows]).sum()
            slopes = torch.autograd.grad(loss, theta)
            t += 1
            with torch.no_grad():
                for p, g, m, v in zip(theta, slopes, first, second, strict=True):
                    m.lerp_(g, 0.1)
                    v.mul_(0.999).addcmul_(g, g, value=0.001)
                    step = (v / (1 - 0.999**t)).sqrt_().add_(1e-8)
                    p -= rates / (1 - 0.9**t) * m / step
        with torch.no_grad():
            seen = {
                part: _forecast(kind, theta, values.expand(M, -1, -1))
                for part, values in (("valid", x_val), ("test", x_test))
            }
            found = _loss(seen["valid"], y_val.expand(M, -1, -1))
        better = found < best
        best = torch.where(better, found, best)
        for part, values in seen.items():
            if part not in kept:
                kept[part] = values.clone()
            kept[part][better] = values[better]
    return spread * best.numpy(), {
        part: values.numpy() for part, values in kept.items()
    }


@shared
def _chosen(kind, outputs=AHEAD):
    """Design and rate with the smallest mean validation loss of five seeds."""
    found = {}
    for design in _DESIGNS[kind]:
        rates = np.repeat(_RATES, _SEARCH).tolist()
        seeds = [_LATE + s for _ in _RATES for s in range(_SEARCH)]
        losses, _ = _train(kind, design, rates, seeds, outputs)
        means = losses.reshape(len(_RATES), _SEARCH).mean(axis=1)
        found |= {(design, rate): m for rate, m in zip(_RATES, means, strict=True)}
    return min(found, key=found.get), found


@shared
def _runs(kind, outputs=AHEAD):
    """Validation losses, and forecasts in sunspots, of 24 networks as chosen."""
    (design, rate), _ = _chosen(kind, outputs)
    losses, seen = _train(kind, design, [rate] * _SEEDS, range(_SEEDS), outputs)
    _, mean, spread = _data()
    return losses, {part: values * spread + mean for part, values in seen.items()}


# The line, and what beats it ----------------------------------------------------------


def _ridge(penalty, change=lambda y: y):
    """Forecasts of the line by part, of the series or of what `change` makes of it."""
    x, y = map(change, _windows(PAST, VALID))
    x_mean, y_mean = x.mean(axis=0), y.mean(axis=0)
    curvature = (x - x_mean).T @ (x - x_mean) + len(x) * penalty / 2 * np.eye(PAST)
    W = np.linalg.solve(curvature, (x - x_mean).T @ (y - y_mean))
    parts = {"valid": _windows(VALID, TEST), "test": _windows(TEST, END)}
    return {part: (change(x) - x_mean) @ W + y_mean for part, (x, _) in parts.items()}


@shared
def _line():
    """The ridge forecasts of the page: 132 months, λ = 200."""
    return _ridge(200)


@shared
def _stiffer_line():
    return _ridge(600)


@shared
def _root_line():
    """Forecasts of the root, with the penalty whose squares do best on validation."""
    lines = [_ridge(penalty, np.sqrt) for penalty in (0.02, 0.2, 2, 20, 200)]
    return min(
        lines,
        key=lambda line: np.abs(
            np.maximum(line["valid"], 0) ** 2 - _truth("valid")
        ).mean(),
    )


@shared
def _truth(part):
    return _windows(*{"valid": (VALID, TEST), "test": (TEST, END)}[part])[1]


def _error(forecast):
    return np.abs(forecast - _truth("test")).mean()


def _judge(kind, draw):
    error = _error(_runs(kind)[1]["test"][draw])
    return error < _error(_line()["test"]), error


@claim(draws=_SEEDS)
def trained_line_error(draw):
    """A linear map, ten epochs of Adam, past and rate by validation, beats ridge."""
    return _judge("linear", draw)


@claim(draws=_SEEDS)
def mlp_error(draw):
    """An MLP of 16 ReLUs, past and rate by validation, has a smaller MAE than ridge."""
    return _judge("mlp", draw)


@claim(draws=_SEEDS)
def cnn_error(draw):
    """A CNN of 16 channels, depth and rate by validation, is better than ridge."""
    return _judge("cnn", draw)


@claim(draws=_SEEDS)
def gru_error(draw):
    """A GRU of 16 units, past and rate by validation, has a smaller MAE than ridge."""
    return _judge("gru", draw)


@claim(draws=_SEEDS)
def mlp_on_validation(draw):
    """At its best epoch an MLP has a smaller validation MAE than ridge."""
    error = _runs("mlp")[0][draw]
    return error < np.abs(_line()["valid"] - _truth("valid")).mean(), error


@claim(draws=_SEEDS)
def gru_on_validation(draw):
    """At its best epoch a GRU has a smaller validation MAE than ridge."""
    error = _runs("gru")[0][draw]
    return error < np.abs(_line()["valid"] - _truth("valid")).mean(), error


def _average(kind, draw):
    ten = np.random.default_rng(draw).permutation(_SEEDS)[:10]
    error = _error(_runs(kind)[1]["test"][ten].mean(axis=0))
    return error < _error(_line()["test"]), error


@claim(draws=_SEEDS)
def ten_mlps_error(draw):
    """The mean forecast of ten of the 24 MLPs has a smaller test MAE than ridge."""
    return _average("mlp", draw)


@claim(draws=_SEEDS)
def ten_cnns_error(draw):
    """The mean forecast of ten of the 24 CNNs has a smaller test MAE than ridge."""
    return _average("cnn", draw)


@claim(draws=_SEEDS)
def ten_grus_error(draw):
    """The mean forecast of ten of the 24 GRUs has a smaller test MAE than ridge."""
    return _average("gru", draw)


@shared
def _gains(kind, line=_line):
    """By origin, how much smaller the mean error of the 24 networks is than ridge's."""
    truth = _truth("test")
    errors = np.abs(line()["test"] - truth).mean(axis=1)
    return errors - np.abs(_runs(kind)[1]["test"] - truth).mean(axis=(0, 2))


def _other_years(gains, draw):
    """The mean gain over nine stretches, drawn with replacement from nine."""
    stretches = np.array_split(gains, 9)
    drawn = np.random.default_rng(draw).integers(9, size=9)
    gain = np.concatenate([stretches[i] for i in drawn]).mean()
    return gain > 0, gain


@claim(draws=200)
def cnn_gain_in_other_years(draw):
    """Nine stretches of 64 test months, drawn from nine with replacement, give the
    CNN a mean gain over ridge."""
    return _other_years(_gains("cnn"), draw)


@claim(draws=200)
def gru_gain_in_other_years(draw):
    """Nine stretches of 64 test months, drawn from nine with replacement, give the
    GRU a mean gain over ridge."""
    return _other_years(_gains("gru"), draw)


@claim(draws=200)
def gru_gain_over_a_stiffer_line(draw):
    """The same drawings of stretches give the GRU a mean gain over ridge with a penalty
    of 600 in place of 200."""
    return _other_years(_gains("gru", _stiffer_line), draw)


def _in_decade(draw, decade):
    """How much smaller a GRU's error is than ridge's in one decade of the test."""
    truth, months = _truth("test"), slice(120 * decade, 120 * decade + 120)
    line = np.abs(_line()["test"] - truth)[months].mean()
    gain = line - np.abs(_runs("gru")[1]["test"][draw] - truth)[months].mean()
    return gain > 0, gain


@claim(draws=_SEEDS)
def gru_in_the_sixties(draw):
    """For origins in ten years from December 1959, a GRU is better than ridge."""
    return _in_decade(draw, 0)


@claim(draws=_SEEDS)
def gru_in_the_seventies(draw):
    """For origins in ten years from December 1969, a GRU is better than ridge."""
    return _in_decade(draw, 1)


@claim(draws=_SEEDS)
def gru_in_the_eighties(draw):
    """For origins in ten years from December 1979, a GRU is better than ridge."""
    return _in_decade(draw, 2)


@claim(draws=_SEEDS)
def gru_in_the_nineties(draw):
    """For origins in ten years from December 1989, a GRU is better than ridge."""
    return _in_decade(draw, 3)


@claim(draws=_SEEDS)
def gru_after_2000(draw):
    """For origins from December 1999 to 2007, a GRU is better than ridge."""
    return _in_decade(draw, 4)


# Intervals ----------------------------------------------------------------------------


@shared
def _fans():
    """Quantiles of 24 MLPs by part: arrays (24, origins, 12, 3)."""
    return _runs("mlp", 3 * AHEAD)[1]


def _inside(fan, truth, moved=0.0):
    return (fan[..., 0] - moved <= truth) & (truth <= fan[..., 2] + moved)


def _widening(fan, truth):
    """By horizon, how far to move the ends out so that 80 % are inside."""
    beyond = np.sort(np.maximum(fan[..., 0] - truth, truth - fan[..., 2]), axis=0)
    return beyond[int(np.ceil((len(truth) + 1) * 0.8)) - 1]


def _ends_loss(low, high, truth):
    """Mean pinball loss of the two ends."""
    below, above = truth - low, truth - high
    return np.mean(
        [
            np.maximum(0.1 * below, -0.9 * below),
            np.maximum(0.9 * above, -0.1 * above),
        ]
    )


def _ends(line, root=False):
    """Both ends for the test months, moved out by the validation months, from 0 on."""
    truth = np.sqrt(_truth("valid")) if root else _truth("valid")
    half = _widening(np.repeat(line["valid"][..., None], 3, axis=2), truth)
    ends = [np.maximum(line["test"] + move, 0) for move in (-half, half)]
    return [end**2 for end in ends] if root else ends


@shared
def _line_loss():
    return _ends_loss(*_ends(_line()), _truth("test"))


@shared
def _root_line_loss():
    return _ends_loss(*_ends(_root_line(), root=True), _truth("test"))


def _fan_gain(draw, rival):
    fan = np.maximum(_fans()["test"][draw], 0)
    gain = rival - _ends_loss(fan[..., 0], fan[..., 2], _truth("test"))
    return gain > 0, gain


@claim(draws=_SEEDS)
def fan_coverage(draw):
    """The 80 % intervals of an MLP hold fewer than 80 % of the test months; percent."""
    share = 100 * _inside(_fans()["test"][draw], _truth("test")).mean()
    return share < 80, share


@claim(draws=_SEEDS)
def fan_coverage_on_validation(draw):
    """The 80 % intervals of an MLP hold 80 % of the validation months or more."""
    share = 100 * _inside(_fans()["valid"][draw], _truth("valid")).mean()
    return share >= 80, share


def _at_level(draw, low, high):
    """Coverage in percent of the months for which the line says low to high."""
    at = (_line()["test"] >= low) & (_line()["test"] < high)
    share = 100 * _inside(_fans()["test"][draw], _truth("test"))[at].mean()
    return 70 <= share <= 90, share


@claim(draws=_SEEDS)
def fan_coverage_when_quiet(draw):
    """Where ridge says less than 40, an MLP's intervals hold from 70 to 90 percent."""
    return _at_level(draw, -np.inf, 40)


@claim(draws=_SEEDS)
def fan_coverage_between(draw):
    """Where ridge says 40 to 100, an MLP's intervals hold from 70 to 90 percent."""
    return _at_level(draw, 40, 100)


@claim(draws=_SEEDS)
def fan_coverage_when_active(draw):
    """Where ridge says 100 or more, an MLP's intervals hold from 70 to 90 percent."""
    return _at_level(draw, 100, np.inf)


def _by_decade(draw):
    inside = _inside(_fans()["test"][draw], _truth("test")).mean(axis=1)
    return [100 * part.mean() for part in np.split(inside, (120, 240, 360, 480))]


@claim(draws=_SEEDS)
def fan_worst_decade(draw):
    """In its worst decade an MLP's 80 % interval holds less than 75 %; percent."""
    worst = min(_by_decade(draw))
    return worst < 75, worst


@claim(draws=_SEEDS)
def fan_best_decade(draw):
    """In its best decade an MLP's 80 % interval holds more than 80 %; percent."""
    best = max(_by_decade(draw))
    return best > 80, best


@claim(draws=_SEEDS)
def fan_coverage_widened(draw):
    """With ends moved by the validation months coverage is closer to 80 %; percent."""
    moved = _widening(_fans()["valid"][draw], _truth("valid"))
    fan, truth = _fans()["test"][draw], _truth("test")
    share, before = (100 * _inside(fan, truth, m).mean() for m in (moved, 0.0))
    return abs(share - 80) < abs(before - 80), share


@claim(draws=_SEEDS)
def fan_against_line(draw):
    """The ends of an MLP's interval, cut at 0, have a smaller pinball loss than those
    of ridge."""
    return _fan_gain(draw, _line_loss())


@claim(draws=_SEEDS)
def fan_against_root_line(draw):
    """The ends of an MLP's interval, cut at 0, have a smaller pinball loss than those
    of ridge on the roots, squared."""
    return _fan_gain(draw, _root_line_loss())
