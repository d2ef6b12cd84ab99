"""What the chapter on optimization claims, held over draws."""

import functools
import math

import notebook_utils  # before Keras, which it quiets

# isort: split
import keras
import numpy as np
import torch

from bookpress.checks.claims import claim

POINTS, ARM = (part.astype("float32") for part in notebook_utils.make_spiral())
RATES = [10 ** (k / 2) for k in range(-7, 2)]  # nine, two to a decade
FINER = [10 ** (k / 8) for k in range(-28, 5)]  # 33, eight to a decade
TUNING, JUDGED = range(10), range(100, 124)  # starts that choose a rate, and others


# Many tanh networks 2-16-16-1 side by side: one row of a stack for each start


def _start(seed):
    """Glorot's uniform weights and zero biases, layer by layer."""
    torch.manual_seed(seed)
    parts = []
    for m, n in ((2, 16), (16, 16), (16, 1)):
        parts += [torch.nn.init.xavier_uniform_(torch.empty(m, n)), torch.zeros(1, n)]
    return parts


def _losses(parts):
    """The loss of each network of a stack on all points of the spiral."""
    W1, b1, W2, b2, W3, b3 = parts
    a = torch.tanh(torch.tanh(torch.tensor(POINTS) @ W1 + b1) @ W2 + b2)
    o = (a @ W3 + b3)[..., 0]
    targets = torch.tensor(ARM).expand_as(o)
    bce = torch.nn.functional.binary_cross_entropy_with_logits
    return bce(o, targets, reduction="none").mean(-1)


def _clip(parts, longest):
    """Shorten the gradient of each network of a stack to a length of at most that."""
    squares = sum((part.grad**2).flatten(1).sum(1) for part in parts)
    for part in parts:
        part.grad *= (longest / squares.sqrt()).clamp(max=1)[:, None, None]


def _train(name, rate, seeds, longest=math.inf, warm_up=1):
    """Losses after 500 steps on all points; the sum trains each network by itself."""
    parts = [
        torch.stack(p).requires_grad_() for p in zip(*map(_start, seeds), strict=True)
    ]
    if name == "Adam":
        optimizer = torch.optim.Adam(parts, lr=rate)
    else:
        optimizer = torch.optim.SGD(parts, lr=rate, momentum=0.9)
    for step in range(500):
        optimizer.param_groups[0]["lr"] = rate * min(1, (step + 1) / warm_up)
        optimizer.zero_grad()
        _losses(parts).sum().backward()
        _clip(parts, longest)
        optimizer.step()
    return _losses(parts).detach().numpy()


_ends = functools.cache(_train)  # many draws ask for the same stack


def _tuned_ends(name, rates):
    """Losses of the judged starts at the rate with the best median of the others."""
    best = min(rates, key=lambda rate: np.median(_ends(name, rate, TUNING)))
    return _ends(name, best, JUDGED)


@claim(draws=len(JUDGED))
def adam_ends_below_momentum(draw):
    """Each at the best of nine rates for ten other starts, Adam ends 500 full steps on
    the spiral (tanh, 2-16-16-1) at a lower loss than momentum 0.9."""
    adam, momentum = (_tuned_ends(name, RATES)[draw] for name in ("Adam", "momentum"))
    return adam < momentum, adam / momentum


@claim(draws=len(JUDGED))
def adam_ends_below_momentum_on_a_finer_grid(draw):
    """Each at the best of 33 rates for ten other starts, Adam ends 500 full steps on
    the spiral (tanh, 2-16-16-1) at a lower loss than momentum 0.9."""
    adam, momentum = (_tuned_ends(name, FINER)[draw] for name in ("Adam", "momentum"))
    return adam < momentum, adam / momentum


@claim(draws=len(JUDGED))
def momentum_fails_at_a_rate_too_large(draw):
    """At rate 3.16, momentum 0.9 ends 500 full steps on the spiral (tanh, 2-16-16-1)
    above a loss of 0.1."""
    loss = _ends("momentum", RATES[-1], JUDGED)[draw]
    return loss > 0.1, loss


@claim(draws=len(JUDGED))
def clipping_makes_that_rate_usable(draw):
    """With gradients clipped to a norm of 0.1, momentum 0.9 at rate 3.16 ends 500 full
    steps on the spiral (tanh, 2-16-16-1) below a loss of 0.1."""
    loss = _ends("momentum", RATES[-1], JUDGED, longest=0.1)[draw]
    return loss < 0.1, loss


@claim(draws=len(JUDGED))
def adam_without_warm_up(draw):
    """At rate 0.316 from the first step, Adam ends 500 full steps on the spiral (tanh,
    2-16-16-1) below a loss of 0.1."""
    loss = _ends("Adam", RATES[6], JUDGED)[draw]
    return loss < 0.1, loss


@claim(draws=len(JUDGED))
def adam_with_warm_up(draw):
    """At rate 0.316 after a warm-up of 50 steps, Adam ends 500 full steps on the spiral
    (tanh, 2-16-16-1) below a loss of 0.1."""
    loss = _ends("Adam", RATES[6], JUDGED, warm_up=50)[draw]
    return loss < 0.1, loss


@claim(draws=20)
def penalty_spares_steep_weights(draw):
    """A penalty of 0.5 within Adam (1 000 steps, rate 0.001) shrinks a weight less
    whose slopes are noise of spread 100 than one with noise of spread 1."""
    rng = np.random.default_rng(draw)
    theta = torch.ones(2, requires_grad=True)
    optimizer = torch.optim.Adam([theta], lr=0.001, weight_decay=0.5)
    for _ in range(1000):
        noise = rng.standard_normal(2) * [1, 100]
        theta.grad = torch.tensor(noise, dtype=torch.float32)
        optimizer.step()
    calm, steep = theta.tolist()
    return calm < steep, steep - calm


# The chapter's recipe


EPOCHS, STEPS, WARM_UP = 60, 60 * math.ceil(len(POINTS) / 32), 50


def _network_keras(seed):
    keras.utils.set_random_seed(seed)
    return keras.Sequential(
        [
            keras.Input(shape=(2,)),
            keras.layers.Dense(32, activation="relu"),
            keras.layers.Dense(32, activation="relu"),
            keras.layers.Dense(1),
        ]
    )


@claim(draws=10)
def recipe_keras(draw):
    """In Keras, 60 epochs of AdamW (batches of 32, Glorot's start, peak rate 0.02,
    warm-up, cosine, clipping) have at least 99 % of the spiral right."""
    model = _network_keras(draw)
    schedule = keras.optimizers.schedules.CosineDecay(
        0.02 / WARM_UP, STEPS - WARM_UP, warmup_target=0.02, warmup_steps=WARM_UP - 1
    )
    optimizer = keras.optimizers.AdamW(schedule, weight_decay=0.01, global_clipnorm=1.0)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    model.compile(
        optimizer=optimizer,
        loss=keras.losses.BinaryCrossentropy(from_logits=True),
        metrics=[keras.metrics.BinaryAccuracy(threshold=0.0)],
    )
    model.fit(POINTS, ARM[:, None], batch_size=32, epochs=EPOCHS, verbose=0)
    loss, right = model.evaluate(POINTS, ARM[:, None], verbose=0)
    return right >= 0.99, loss


def _recipe_torch(seed, falling=True):
    """Loss and share of points right after the recipe, or at a constant rate."""
    torch.manual_seed(seed)
    net = torch.nn.Sequential(
        torch.nn.Linear(2, 32),
        torch.nn.ReLU(),
        torch.nn.Linear(32, 32),
        torch.nn.ReLU(),
        torch.nn.Linear(32, 1),
    )
    for name, part in net.named_parameters():
        if name.endswith("weight"):
            torch.nn.init.xavier_uniform_(part)
        else:
            torch.nn.init.zeros_(part)
    groups = [
        {"params": [p for p in net.parameters() if p.ndim > 1]},
        {"params": [p for p in net.parameters() if p.ndim == 1], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=0.02, weight_decay=0.01)
    schedules = torch.optim.lr_scheduler
    warm = schedules.LinearLR(optimizer, 1 / WARM_UP, total_iters=WARM_UP - 1)
    rest = schedules.CosineAnnealingLR(optimizer, T_max=STEPS - WARM_UP)
    if not falling:
        rest = schedules.ConstantLR(optimizer, factor=1.0)
    schedule = schedules.SequentialLR(optimizer, [warm, rest], [WARM_UP - 1])
    loss_fn = torch.nn.BCEWithLogitsLoss()
    data = torch.utils.data.TensorDataset(
        torch.from_numpy(POINTS), torch.from_numpy(ARM[:, None])
    )
    for _ in range(EPOCHS):
        for inputs, targets in torch.utils.data.DataLoader(data, 32, shuffle=True):
            optimizer.zero_grad()
            loss_fn(net(inputs), targets).backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), max_norm=1.0)
            optimizer.step()
            schedule.step()
    with torch.inference_mode():
        logits, targets = net(data.tensors[0]), data.tensors[1]
        right = ((logits > 0) == (targets > 0)).float().mean().item()
        return loss_fn(logits, targets).item(), right


@claim(draws=20)
def recipe_torch(draw):
    """In PyTorch, 60 epochs of AdamW (batches of 32, Glorot's start, peak rate 0.02,
    warm-up, cosine, clipping) have at least 99 % of the spiral right."""
    loss, right = _recipe_torch(draw)
    return right >= 0.99, loss


@claim(draws=20)
def a_constant_rate_ends_lower_on_the_spiral(draw):
    """With batches of 32, 60 epochs of AdamW on the spiral end lower at a constant rate
    of 0.02 (after the warm-up) than with a cosine from 0.02 to 0."""
    falling, constant = (_recipe_torch(draw, falling)[0] for falling in (True, False))
    return constant < falling, constant / falling


BOSTON = notebook_utils.load_boston()
ROOMS_AND_MORE = BOSTON.drop(columns="PRICE").to_numpy()
PRICES = BOSTON["PRICE"].to_numpy()


def _scaled(values):
    scaled = (values - values.mean(axis=0)) / values.std(axis=0)
    return torch.tensor(scaled, dtype=torch.float32)


def _boston(seed, rate, falling):
    """Squared error of a network 6-16-1 on all tracts after 40 epochs of AdamW."""
    torch.manual_seed(seed)
    net = torch.nn.Sequential(
        torch.nn.Linear(6, 16), torch.nn.ReLU(), torch.nn.Linear(16, 1)
    )
    inputs, targets = _scaled(ROOMS_AND_MORE), _scaled(PRICES)[:, None]
    optimizer = torch.optim.AdamW(net.parameters(), lr=rate, weight_decay=0.01)
    cosine = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=40 * 16)
    loss_fn = torch.nn.MSELoss()
    for _ in range(40):
        for batch in torch.randperm(len(inputs)).split(32):
            optimizer.zero_grad()
            loss_fn(net(inputs[batch]), targets[batch]).backward()
            optimizer.step()
            if falling:
                cosine.step()
    with torch.inference_mode():
        return loss_fn(net(inputs), targets).item()


@claim(draws=20)
def cosine_helps_a_large_rate(draw):
    """On Boston (6-16-1, batches of 32, 40 epochs of AdamW) a cosine from rate 0.1 ends
    at a lower training loss than a constant 0.1."""
    falling, constant = (_boston(draw, 0.1, falling) for falling in (True, False))
    return falling < constant, falling / constant


@claim(draws=20)
def cosine_hurts_a_small_rate(draw):
    """On Boston (6-16-1, batches of 32, 40 epochs of AdamW) a cosine from rate 0.01
    ends at a higher training loss than a constant 0.01."""
    falling, constant = (_boston(draw, 0.01, falling) for falling in (True, False))
    return falling > constant, falling / constant
