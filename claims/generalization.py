"""What the chapter on generalization claims, held over draws."""

import itertools
from itertools import pairwise

import numpy as np
import torch

import many_networks
from bookpress.checks.claims import claim, shared
from many_networks import train
from notebook_utils import load_boston, make_spiral
from pictures import load_fashion


def _smaller(images):
    """Means over 2 × 2 pixels, from 0 to 1, as one row of 196 for each picture."""
    blocks = images.reshape(-1, 14, 2, 14, 2).mean(axis=(2, 4))
    return (blocks / 255).astype("float32").reshape(-1, 196)


# Twenty points ------------------------------------------------------------------------


def _a_excess_at_20(x, rng):
    """Excess error of 20 cosines on 20 points with noise of 0.3, by least squares."""
    y = np.sin(3 * x) + rng.normal(scale=0.3, size=20)
    k, grid = np.arange(20), np.linspace(-1, 1, 401)

    def features(x):
        return np.cos(np.pi * k * (x[:, None] + 1) / 2) / np.maximum(1, k)

    w = np.linalg.lstsq(features(x), y, rcond=1e-12)[0]
    return np.mean((features(grid) @ w - np.sin(3 * grid)) ** 2)


@claim(draws=200)
def on_an_even_grid_the_peak_is_low(draw):
    """Twenty points in the middles of 20 equal cells, sin 3x with noise 0.3, 20 cosines
    weighted by 1/k, least squares: the excess error is below 0.2."""
    x = -1 + (np.arange(20) + 0.5) / 10
    error = _a_excess_at_20(x, np.random.default_rng(draw))
    return bool(error < 0.2), error


@claim(draws=200)
def independent_places_explode(draw):
    """Twenty points at independent uniform places, sin 3x with noise 0.3, 20 cosines
    weighted by 1/k, least squares with rcond 1e-12: the excess error is above 100."""
    rng = np.random.default_rng(draw)
    error = _a_excess_at_20(rng.uniform(-1, 1, size=20), rng)
    return bool(error > 100)


# Clothes ------------------------------------------------------------------------------


@shared
def _a_clothes(n, draws, epochs=60, random_labels=False):
    """Networks trained on n pictures each, 500 others to choose the epoch by."""
    (images, labels), (test_images, test_labels) = load_fashion()
    x, rngs = _smaller(images), [np.random.default_rng(d) for d in range(draws)]
    orders = np.array([rng.permutation(6000) for rng in rngs])
    rows, held_out = orders[:, :n], orders[:, max(n, 1000) : max(n, 1000) + 500]
    y = labels[rows]
    if random_labels:
        y = np.array([rng.integers(10, size=n) for rng in rngs])
    return train(
        x[rows],
        y,
        rate=0.003,
        epochs=epochs,
        sets={
            "train": (x[rows], y),
            "val": (x[held_out], labels[held_out]),
            "test": (_smaller(test_images), test_labels),
        },
        choose="val",
    )


@claim(draws=20)
def accuracy_at_the_end(draw):
    """1000 pictures, 196-64-64-10, Adam 0.003, batches of 50: test accuracy in points
    after 60 epochs, less that at the least validation loss, is not below 0."""
    runs = _a_clothes(1000, 20)
    gain = 100 * (runs.score["test"][-1] - runs.best["score"]["test"])[draw]
    return bool(gain >= 0), gain


@claim(draws=10)
def accuracy_with_3000(draw):
    """3000 pictures, 196-64-64-10, Adam 0.003, batches of 50, 60 epochs: the test
    accuracy at the end is above 0.8."""
    score = _a_clothes(3000, 10).score["test"][-1, draw]
    return bool(score > 0.8), score


@claim(draws=10)
def random_labels_are_learned_in_vain(draw):
    """500 pictures with random labels, 196-64-64-10, Adam 0.003, batches of 50, 150
    epochs: the training accuracy ends above 0.9, the test accuracy below 0.15."""
    score = _a_clothes(500, 10, 150, True).score
    learned, answered = score["train"][-1, draw], score["test"][-1, draw]
    return bool(learned > 0.9 and answered < 0.15), answered


# Part B: the clothes ------------------------------------------------------------------

_B_DRAWS = 12
_B_TABLE = 24  # draws of what helps


def _b_parts(rows):
    """Pictures and labels of the training file, a stack for each row of places."""
    (images, labels), _ = load_fashion()
    return _smaller(images)[rows], labels[rows]


def _b_test():
    _, (images, labels) = load_fashion()
    return _smaller(images), labels


def _b_orders(draws=_B_DRAWS):
    return np.array([np.random.default_rng(k).permutation(6000) for k in range(draws)])


def _b_shifts(share):
    """Move pictures of 14 × 14 by up to one pixel each way, a share of them."""

    def moved(batch, generator):
        networks, size, _ = batch.shape
        flat = batch.reshape(-1, 14, 14)
        padded = torch.nn.functional.pad(flat, (1, 1, 1, 1))
        by = torch.randint(0, 3, (2, len(flat)), generator=generator)
        still = torch.rand(len(flat), generator=generator) >= share
        by[:, still] = 1
        rows, columns = by[:, :, None] + torch.arange(14)
        every = torch.arange(len(flat))[:, None, None]
        moved = padded[every, rows[:, :, None], columns[:, None, :]]
        return moved.reshape(networks, size, 196)

    return moved


def _b_mirrors(batch, generator):
    """Mirror each picture with probability one half."""
    mirrored = batch.reshape(*batch.shape[:2], 14, 14).flip(-1).reshape(batch.shape)
    chosen = torch.rand(batch.shape[:2], generator=generator) < 0.5
    return torch.where(chosen[..., None], mirrored, batch)


_B_SIX = (0.0003, 0.0007, 0.0015, 0.0035, 0.008, 0.02)
_B_THREE = (0.001, 0.003, 0.01)
_B_TRIALS = {
    "plain": [{"rate": rate} for rate in _B_SIX],
    "decay": [{"rate": r, "decay": s} for r in _B_THREE for s in (0.1, 1.0)],
    "dropout": [{"rate": r, "dropout": s} for r in _B_THREE for s in (0.2, 0.5)],
    "smoothing": [{"rate": r, "smoothing": s} for r in _B_THREE for s in (0.05, 0.2)],
    "batch norm": [{"rate": rate, "norm": "batch"} for rate in _B_SIX],
    "layer norm": [{"rate": rate, "norm": "layer"} for rate in _B_SIX],
    "shifts": [
        {"rate": r, "augment": _b_shifts(s)} for r in _B_THREE for s in (0.5, 1.0)
    ],
    "mirrors": [{"rate": rate, "augment": _b_mirrors} for rate in _B_SIX],
}


def _b_loss(logits, labels):
    """Cross-entropy in nats of each stack of logits."""
    logits = logits - logits.max(axis=-1, keepdims=True)
    logs = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    places = np.broadcast_to(labels, logits.shape[:-1])[..., None]
    return -np.take_along_axis(logs, places, axis=-1)[..., 0].mean(axis=-1)


@shared
def _b_run(method, standardized=False):
    """Of each draw: accuracy in percent and cross-entropy on the test pictures.

    Networks 196-64-64-10, 40 epochs of Adam in batches of 50, the best epoch and the
    best of six trials by the cross-entropy of 500 validation pictures. For the plain
    network also those of the mean of the six trials' probabilities.
    """
    orders, test = _b_orders(_B_TABLE), _b_test()
    x, y = _b_parts(orders[:, :1000])
    sets = {"val": _b_parts(orders[:, 1000:1500]), "test": test}
    if standardized:  # by the training pictures of each draw; some pixels hardly vary
        mean = x.mean(axis=1, keepdims=True)
        spread = x.std(axis=1, keepdims=True) + 0.05
        x = (x - mean) / spread
        sets = {
            "val": ((sets["val"][0] - mean) / spread, sets["val"][1]),
            "test": (
                (test[0] - mean) / spread,
                np.broadcast_to(test[1], (_B_TABLE, len(test[1]))),
            ),
        }
    found, logits = [], []
    for trial in _B_TRIALS[method]:
        history = train(
            x,
            y,
            sets=sets,
            choose="val",
            **trial,
        )
        score = 100 * history.best["score"]["test"]
        found.append([history.best["loss"]["val"], score, history.best["loss"]["test"]])
        logits.append(history.logits["test"])
    found = np.array(found)
    chosen = found[:, 0].argmin(axis=0), np.arange(_B_TABLE)
    if method != "plain":
        return found[:, 1][chosen], found[:, 2][chosen]
    return found[:, 1][chosen], found[:, 2][chosen], *_b_mean_of(logits, test[1])


def _b_mean_of(logits, labels):
    """Accuracy in percent and cross-entropy of the mean of several probabilities."""
    o = torch.as_tensor(np.array(logits))
    p = torch.softmax(o.double(), dim=-1).mean(dim=0).numpy()
    right = 100 * (p.argmax(axis=-1) == labels).mean(axis=-1)
    return right, _b_loss(np.log(p), labels)


def _b_gain(method, draw):
    """Points of accuracy over the plain network, and whether there are any."""
    plain = _b_run("plain")
    found = plain[2] if method == "mean" else _b_run(method)[0]
    gain = found[draw] - plain[0][draw]
    return gain > 0, gain


def _b_less(method, draw):
    """Cross-entropy minus that of the plain network, and whether it is lower."""
    plain = _b_run("plain")
    found = plain[3] if method == "mean" else _b_run(method)[1]
    change = found[draw] - plain[1][draw]
    return change < 0, change


@claim(draws=24)
def plain_accuracy(draw):
    """A 196-64-64-10 network on 1000 pictures, 40 epochs of Adam, six rates from 0.0003
    to 0.02, rate and epoch by the cross-entropy of 500 others, has 75 percent of 2000
    test pictures right. Measured are percent."""
    score = _b_run("plain")[0][draw]
    return score > 75, score


@claim(draws=24)
def plain_loss(draw):
    """The cross-entropy of the same network on the test pictures is below 0.65."""
    loss = _b_run("plain")[1][draw]
    return loss < 0.65, loss


@claim(draws=24)
def decay_gains(draw):
    """Decoupled decay (0.1 or 1, rates 0.001, 0.003, 0.01) beats the plain network in
    accuracy. Measured is the difference in points."""
    return _b_gain("decay", draw)


@claim(draws=24)
def dropout_gains(draw):
    """Dropout (0.2 or 0.5, rates 0.001, 0.003, 0.01) beats the plain network in
    accuracy. Measured is the difference in points."""
    return _b_gain("dropout", draw)


@claim(draws=24)
def smoothing_gains(draw):
    """Label smoothing (0.05 or 0.2, rates 0.001, 0.003, 0.01) beats the plain network
    in accuracy. Measured is the difference in points."""
    return _b_gain("smoothing", draw)


@claim(draws=24)
def batch_norm_gains(draw):
    """Batch normalization (six rates from 0.0003 to 0.02) beats the plain network in
    accuracy. Measured is the difference in points."""
    return _b_gain("batch norm", draw)


@claim(draws=24)
def layer_norm_gains(draw):
    """Layer normalization (six rates from 0.0003 to 0.02) beats the plain network in
    accuracy. Measured is the difference in points."""
    return _b_gain("layer norm", draw)


@claim(draws=24)
def shifts_gain(draw):
    """Shifts by up to one pixel of 14 (of half or all pictures, rates 0.001, 0.003,
    0.01) beat the plain network in accuracy. Measured is the difference in points."""
    return _b_gain("shifts", draw)


@claim(draws=24)
def mirrors_gain(draw):
    """Mirrored pictures (six rates from 0.0003 to 0.02) beat the plain network in
    accuracy. Measured is the difference in points."""
    return _b_gain("mirrors", draw)


@claim(draws=24)
def mean_gains(draw):
    """The mean of the probabilities of the six plain trials beats the chosen one in
    accuracy. Measured is the difference in points."""
    return _b_gain("mean", draw)


@claim(draws=24)
def decay_lowers(draw):
    """Decoupled decay (0.1 or 1, rates 0.001, 0.003, 0.01) lowers the plain network's
    cross-entropy. Measured is the difference."""
    return _b_less("decay", draw)


@claim(draws=24)
def dropout_lowers(draw):
    """Dropout (0.2 or 0.5, rates 0.001, 0.003, 0.01) lowers the plain network's
    cross-entropy. Measured is the difference."""
    return _b_less("dropout", draw)


@claim(draws=24)
def smoothing_lowers(draw):
    """Label smoothing (0.05 or 0.2, rates 0.001, 0.003, 0.01) lowers the plain
    network's cross-entropy. Measured is the difference."""
    return _b_less("smoothing", draw)


@claim(draws=24)
def batch_norm_lowers(draw):
    """Batch normalization (six rates from 0.0003 to 0.02) lowers the plain network's
    cross-entropy. Measured is the difference."""
    return _b_less("batch norm", draw)


@claim(draws=24)
def layer_norm_lowers(draw):
    """Layer normalization (six rates from 0.0003 to 0.02) lowers the plain network's
    cross-entropy. Measured is the difference."""
    return _b_less("layer norm", draw)


@claim(draws=24)
def shifts_lower(draw):
    """Shifts by up to one pixel of 14 (of half or all pictures, rates 0.001, 0.003,
    0.01) lower the plain network's cross-entropy. Measured is the difference."""
    return _b_less("shifts", draw)


@claim(draws=24)
def mirrors_lower(draw):
    """Mirrored pictures (six rates from 0.0003 to 0.02) lower the plain network's
    cross-entropy. Measured is the difference."""
    return _b_less("mirrors", draw)


@claim(draws=24)
def mean_lowers(draw):
    """The mean of the probabilities of the six plain trials has a lower cross-entropy
    than the chosen one. Measured is the difference."""
    return _b_less("mean", draw)


@claim(draws=24)
def batch_norm_gains_on_standardized_inputs(draw):
    """On inputs of mean 0 and spread about 1, batch normalization (six rates from
    0.0003 to 0.02) beats the plain network on the same inputs in accuracy. Measured is
    the difference in points."""
    gain = _b_run("batch norm", True)[0][draw] - _b_run("plain", True)[0][draw]
    return gain > 0, gain


@claim(draws=24)
def standardized_inputs_cost(draw):
    """The plain network with six rates is less accurate on inputs of mean 0 and spread
    about 1 than on inputs from 0 to 1. Measured is the difference in points."""
    gain = _b_run("plain", True)[0][draw] - _b_run("plain")[0][draw]
    return gain < 0, gain


# Seeds and training sets --------------------------------------------------------------


@shared
def _b_five(which):
    """Right answers on test and validation pictures of five networks in each draw.

    They differ by their seed alone, or by their 1000 training pictures alone.
    """
    orders, (x_test, y_test) = _b_orders(), _b_test()
    val = _b_parts(orders[:, 5500:])
    right = []
    for k in range(5):
        rows = orders[:, 1000 * k : 1000 * (k + 1)] if which == "sets" else orders
        x, y = _b_parts(rows[:, :1000])
        history = train(
            x,
            y,
            rate=0.002,
            epochs=30,
            seeds=[100 * d + (k if which == "seeds" else 0) for d in range(_B_DRAWS)],
            sets={"val": val, "test": (x_test, y_test)},
        )
        right.append(
            [
                history.last_logits["test"].argmax(axis=-1) == y_test,
                history.last_logits["val"].argmax(axis=-1) == val[1],
            ]
        )
    return [np.array(part) for part in zip(*right, strict=True)]


def _b_spread(which, draw):
    return 100 * _b_five(which)[0][:, draw].mean(axis=-1).std(ddof=1)


@claim(draws=12)
def seeds_move_a_score(draw):
    """Five networks on the same 1000 pictures that differ by their seed alone, 30
    epochs of Adam at rate 0.002: the standard deviation of their test accuracies is
    above 0.2 points. Measured are points."""
    spread = _b_spread("seeds", draw)
    return spread > 0.2, spread


@claim(draws=12)
def sets_move_a_score(draw):
    """Five networks of one seed on five separate thousands of pictures, 30 epochs of
    Adam at rate 0.002: the standard deviation of their test accuracies is above 0.2
    points. Measured are points."""
    spread = _b_spread("sets", draw)
    return spread > 0.2, spread


def _b_two(draw):
    """Standard errors in points of the difference of two seeds: paired, unpaired."""
    a, b = _b_five("seeds")[0][:2, draw].astype(float)
    paired = 100 * (a - b).std(ddof=1) / len(a) ** 0.5
    return paired, 100 * ((a.var(ddof=1) + b.var(ddof=1)) / len(a)) ** 0.5


@claim(draws=12)
def pairs_are_sharper(draw):
    """Two networks that differ by their seed: the paired standard error of the
    difference of their accuracies on 2000 pictures is below two thirds of the unpaired
    one. Measured is the paired one in points."""
    paired, unpaired = _b_two(draw)
    return paired < 2 / 3 * unpaired, paired


@claim(draws=12)
def unpaired_errors(draw):
    """The unpaired standard error of the difference of the two accuracies is above one
    point. Measured are points."""
    unpaired = _b_two(draw)[1]
    return unpaired > 1, unpaired


@claim(draws=12)
def seeds_decide_otherwise(draw):
    """Two networks that differ by their seed alone decide more than a twentieth of the
    test pictures unlike in being right. Measured are percent."""
    a, b = _b_five("seeds")[0][:2, draw]
    return (a != b).mean() > 0.05, 100 * (a != b).mean()


def _b_leads(draw):
    """Lead over the mean of five seeds, in points, of the one that is best on the
    validation pictures: on these and on the test pictures."""
    test, val = (100 * part[:, draw].mean(axis=-1) for part in _b_five("seeds"))
    return val.max() - val.mean(), test[val.argmax()] - test.mean()


@claim(draws=12)
def the_best_of_five_seeds_leads(draw):
    """Of five networks that differ by their seed alone, the one with the best score on
    500 validation pictures leads the mean of the five by more there than on the test
    pictures. Measured is the lead on the validation pictures in points."""
    there, here = _b_leads(draw)
    return there > here, there


@claim(draws=12)
def its_lead_is_gone(draw):
    """On the test pictures its lead over the mean of the five is less than half of
    that. Measured are points."""
    there, here = _b_leads(draw)
    return here < there / 2, here


# Boston -------------------------------------------------------------------------------

_B_SPLITS = 60


def _b_jitter(spread):
    def noisy(batch, generator):
        return batch + spread * torch.randn(batch.shape, generator=generator)

    return noisy


_B_BOSTON_SIX = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05)
_B_BOSTON_THREE = (0.002, 0.006, 0.02)
_B_BOSTON = {
    "plain": [{"rate": rate} for rate in _B_BOSTON_SIX],
    "decay": [{"rate": r, "decay": s} for r in _B_BOSTON_THREE for s in (0.3, 3.0)],
    "penalty": [
        {"rate": r, "penalty": s} for r in _B_BOSTON_THREE for s in (0.01, 0.1)
    ],
    "dropout": [{"rate": r, "dropout": s} for r in _B_BOSTON_THREE for s in (0.1, 0.3)],
    "jitter": [
        {"rate": r, "augment": _b_jitter(s)}
        for r in _B_BOSTON_THREE
        for s in (0.1, 0.3)
    ],
    "batch norm": [{"rate": rate, "norm": "batch"} for rate in _B_BOSTON_SIX],
}


@shared
def _b_boston(method):
    """Test error in (1000 dollars)² of each split, chosen by 100 validation tracts.

    Networks 6-32-32-1 on 100 tracts, 150 epochs of Adam in batches of 25, the best
    epoch and the best of six trials. For the plain network also that of the mean of
    the six trials' predictions.
    """
    table = load_boston().to_numpy()
    orders = [np.random.default_rng(k).permutation(506) for k in range(_B_SPLITS)]
    rows = np.split(np.array(orders), [100, 200], axis=1)
    parts = [table[r] for r in rows]
    center = parts[0].mean(axis=1, keepdims=True)
    spread = parts[0].std(axis=1, keepdims=True)
    parts = [(part - center) / spread for part in parts]
    (x, y), val, test = [(part[..., :-1], part[..., -1]) for part in parts]
    unit = spread[:, 0, -1] ** 2
    found, answers = [], []
    for trial in _B_BOSTON[method]:
        history = train(
            x,
            y,
            hidden=(32, 32),
            outputs=1,
            epochs=150,
            batch=25,
            sets={"val": val, "test": test},
            choose="val",
            **trial,
        )
        losses = history.best["loss"]
        found.append([losses["val"], unit * losses["test"]])
        answers.append(history.logits["test"][..., 0])
    found = np.array(found)
    chosen = found[found[:, 0].argmin(axis=0), 1, np.arange(_B_SPLITS)]
    mean = unit * ((np.mean(answers, axis=0) - test[1]) ** 2).mean(axis=1)
    return chosen, mean


def _b_dollars(method, draw):
    plain, mean = _b_boston("plain")
    found = mean if method == "mean" else _b_boston(method)[0]
    change = found[draw] - plain[draw]
    return change < 0, change


@claim(draws=60)
def boston_plain(draw):
    """A 6-32-32-1 network on 100 tracts, 150 epochs of Adam, six rates from 0.001 to
    0.05, rate and epoch chosen by 100 others, has a test error below 60."""
    error = _b_boston("plain")[0][draw]
    return error < 60, error


@claim(draws=60)
def boston_decay(draw):
    """Decoupled decay (0.3 or 3, rates 0.002, 0.006, 0.02) lowers the test error of the
    plain network. Measured is the difference."""
    return _b_dollars("decay", draw)


@claim(draws=60)
def boston_penalty(draw):
    """A squared penalty in the loss (0.01 or 0.1, rates 0.002, 0.006, 0.02) lowers the
    test error of the plain network. Measured is the difference."""
    return _b_dollars("penalty", draw)


@claim(draws=60)
def boston_dropout(draw):
    """Dropout (0.1 or 0.3, rates 0.002, 0.006, 0.02) lowers the test error of the plain
    network. Measured is the difference."""
    return _b_dollars("dropout", draw)


@claim(draws=60)
def boston_jitter(draw):
    """Noise on the inputs (0.1 or 0.3, rates 0.002, 0.006, 0.02) lowers the test error
    of the plain network. Measured is the difference."""
    return _b_dollars("jitter", draw)


@claim(draws=60)
def boston_batch_norm(draw):
    """Batch normalization (six rates from 0.001 to 0.05) lowers the test error of the
    plain network. Measured is the difference."""
    return _b_dollars("batch norm", draw)


@claim(draws=60)
def boston_mean(draw):
    """The mean of the six plain trials' predictions has a lower test error than the
    chosen one. Measured is the difference."""
    return _b_dollars("mean", draw)


# Other pictures than before -----------------------------------------------------------


def _b_changed():
    """The test pictures, changed in four ways, by name."""
    _, (images, labels) = load_fashion()
    moved = np.zeros_like(images)
    moved[:, :, 2:] = images[:, :, :-2]
    changed = {
        "as they are": images,
        "moved": moved,
        "darker": images // 2,
        "inverted": 255 - images,
    }
    return {name: (_smaller(i), labels) for name, i in changed.items()}


@shared
def _b_shifted(share):
    """Accuracy and mean confidence in percent on each kind of changed pictures."""
    orders, sets = _b_orders(), _b_changed()
    x, y = _b_parts(orders[:, :1000])
    augment = _b_shifts(share) if share else None
    history = train(x, y, rate=0.001, epochs=40, sets=sets, augment=augment)
    found = {}
    for name, o in history.last_logits.items():
        p = torch.softmax(torch.as_tensor(o), dim=-1).numpy()
        right = (p.argmax(axis=-1) == sets[name][1]).mean(axis=-1)
        found[name] = 100 * right, 100 * p.max(axis=-1).mean(axis=-1)
    return found


def _b_confident(kind, draw, share=0):
    right, sure = _b_shifted(share)[kind]
    return right[draw], sure[draw]


@claim(draws=12)
def moved_pictures_lower_the_score(draw):
    """Test pictures moved by two pixels of 28 lower the accuracy of a network trained
    40 epochs at rate 0.001 by more than 10 points. Measured is the accuracy in
    percent."""
    right, _ = _b_confident("moved", draw)
    return right < _b_confident("as they are", draw)[0] - 10, right


@claim(draws=12)
def moved_pictures_leave_confidence(draw):
    """On pictures moved by two pixels of 28 the mean confidence exceeds the accuracy by
    more than 8 points. Measured is the confidence in percent."""
    right, sure = _b_confident("moved", draw)
    return sure > right + 8, sure


@claim(draws=12)
def darker_pictures_cost_little(draw):
    """Half as bright, the test pictures lower the accuracy of the same network by less
    than 10 points. Measured is the accuracy in percent."""
    right, _ = _b_confident("darker", draw)
    return right > _b_confident("as they are", draw)[0] - 10, right


@claim(draws=12)
def darker_pictures_make_too_unsure(draw):
    """On pictures half as bright the mean confidence is below the accuracy. Measured is
    the confidence in percent."""
    right, sure = _b_confident("darker", draw)
    return sure < right, sure


@claim(draws=12)
def inverted_pictures_lower_the_score(draw):
    """Of inverted test pictures fewer than 20 percent are right. Measured are
    percent."""
    right, _ = _b_confident("inverted", draw)
    return right < 20, right


@claim(draws=12)
def inverted_pictures_leave_confidence(draw):
    """On inverted pictures the mean confidence stays above 50 percent. Measured are
    percent."""
    _, sure = _b_confident("inverted", draw)
    return sure > 50, sure


@claim(draws=12)
def shifts_help_where_pictures_move(draw):
    """Trained with shifts by up to one pixel of 14, the same network is better by more
    than 5 points on test pictures moved by two pixels of 28. Measured is its accuracy
    in percent."""
    right, _ = _b_confident("moved", draw, share=1.0)
    return right > _b_confident("moved", draw)[0] + 5, right


@claim(draws=12)
def shifts_cost_where_nothing_moves(draw):
    """On test pictures as they are, the network trained 40 epochs at rate 0.001 with
    shifts is worse than the plain one. Measured is the difference in points."""
    change = _b_confident("as they are", draw, share=1.0)[0]
    change -= _b_confident("as they are", draw)[0]
    return change < 0, change


# Shared -------------------------------------------------------------------------------


@shared
def _c_clothes(draws=12):
    """Training and validation sets of so many draws, and the one test set."""
    (images, labels), (test_images, test_labels) = load_fashion()
    x, y = _smaller(images), labels.astype("int64")
    orders = [np.random.default_rng(k).permutation(6000) for k in range(draws)]
    fit = np.stack([order[:1000] for order in orders])
    check = np.stack([order[1000:1500] for order in orders])
    test = _smaller(test_images), test_labels.astype("int64")
    return (x[fit], y[fit]), (x[check], y[check]), test


# Dropout: the network at rest and the mean over its masks -----------------------------


@shared
def _c_thinned(draws=12, rate=0.5, masks=200):
    """Test probabilities of networks at rest, and their mean over so many masks."""
    (x, y), _, (x_test, _) = _c_clothes(draws)
    x, y, x_test = torch.tensor(x), torch.tensor(y), torch.tensor(x_test)
    generator = torch.Generator().manual_seed(0)
    layers = []
    for m, n in itertools.pairwise([196, 64, 64, 10]):
        W = (2 / m) ** 0.5 * torch.randn(draws, m, n, generator=generator)
        layers += [W.requires_grad_(), torch.zeros(draws, 1, n).requires_grad_()]

    def logits(a, thinned):
        a = a.expand(draws, -1, -1)
        for W, b in zip(layers[:-2:2], layers[1:-2:2], strict=True):
            a = torch.relu(torch.baddbmm(b, a, W))
            if thinned:
                kept = torch.rand(a.shape, generator=generator) >= rate
                a = a * kept / (1 - rate)
        return torch.baddbmm(layers[-1], a, layers[-2])

    optimizer = torch.optim.Adam(layers, lr=0.002)
    every = torch.arange(draws)[:, None]
    for _ in range(40):
        order = torch.stack(
            [torch.randperm(1000, generator=generator) for _ in range(draws)]
        )
        for chosen in order.split(50, dim=1):
            optimizer.zero_grad()
            o = logits(x[every, chosen], thinned=True)
            loss = torch.nn.functional.cross_entropy(
                o.flatten(0, 1), y[every, chosen].flatten(), reduction="sum"
            )
            (loss / 50).backward()
            optimizer.step()
    with torch.inference_mode():
        rested = logits(x_test, thinned=False).softmax(dim=-1)
        mean = torch.zeros_like(rested)
        for _ in range(masks):
            mean += logits(x_test, thinned=True).softmax(dim=-1) / masks
    return rested.numpy(), mean.numpy()


def _c_cross_entropy(p, y):
    return -np.log(p[np.arange(len(y)), y]).mean()


def _c_accuracy(p, y):
    return (p.argmax(axis=-1) == y).mean()


@claim(draws=12)
def a_rested_network_decides_as_its_masks_do(draw):
    """196-64-64-10 on 1000 clothes, dropout 0.5, Adam 0.002, 40 epochs of batches of 50: at rest it gives 95 % of 2000 test pictures the class that the mean of 200 masks gives."""  # noqa: E501
    rested, mean = (p[draw] for p in _c_thinned())
    alike = (rested.argmax(axis=-1) == mean.argmax(axis=-1)).mean()
    return alike >= 0.95, 100 * alike


@claim(draws=12)
def a_mean_over_masks_has_a_higher_loss(draw):
    """The same networks: the mean of 200 masks has a higher test cross-entropy than the network at rest; by how much."""  # noqa: E501
    y = _c_clothes()[2][1]
    rested, mean = (_c_cross_entropy(p[draw], y) for p in _c_thinned())
    return mean > rested, mean - rested


@claim(draws=12)
def a_mean_over_masks_is_more_often_right(draw):
    """The same networks: the mean of 200 masks is right on more of 2000 test pictures than the network at rest; by how many points."""  # noqa: E501
    y = _c_clothes()[2][1]
    rested, mean = (_c_accuracy(p[draw], y) for p in _c_thinned())
    return mean > rested, 100 * (mean - rested)


# Ensembles ----------------------------------------------------------------------------


@shared
def _c_members(draws=12, seeds=5):
    """Test probabilities at the best and the last epoch, (draws, seeds, 2000, 10)."""
    (x, y), check, test = _c_clothes(draws)
    history = train(
        np.repeat(x, seeds, axis=0),
        np.repeat(y, seeds, axis=0),
        rate=0.001,
        seeds=range(draws * seeds),
        sets={
            "check": tuple(np.repeat(part, seeds, axis=0) for part in check),
            "test": test,
        },
        choose="check",
    )
    answers = {}
    for epoch, logits in (("best", history.logits), ("last", history.last_logits)):
        o = logits["test"].astype("float64")
        p = np.exp(o - o.max(axis=-1, keepdims=True))
        p = p / p.sum(axis=-1, keepdims=True)
        answers[epoch] = p.reshape(draws, seeds, *o.shape[1:])
    return answers


def _c_scores(draw, score, epoch="best"):
    """Of the five members, and of the mean of their probabilities."""
    p, y = _c_members()[epoch][draw], _c_clothes()[2][1]
    return np.array([score(member, y) for member in p]), score(p.mean(axis=0), y)


@claim(draws=12)
def five_seeds_are_more_often_right_than_one(draw):
    """Five networks 196-64-64-10 that differ by the seed, 1000 clothes, Adam 0.001, 40 epochs, epoch of least validation loss: the mean's test accuracy above the members' mean; points."""  # noqa: E501
    members, ensemble = _c_scores(draw, _c_accuracy)
    return ensemble > members.mean(), 100 * (ensemble - members.mean())


@claim(draws=12)
def five_seeds_are_more_often_right_than_the_best(draw):
    """The same: the mean of five has a higher test accuracy than the best of the five, picked on the same test pictures; points."""  # noqa: E501
    members, ensemble = _c_scores(draw, _c_accuracy)
    return ensemble > members.max(), 100 * (ensemble - members.max())


@claim(draws=12)
def five_seeds_have_a_lower_loss_than_the_best(draw):
    """The same: the mean of five has a lower test cross-entropy than the best of the five, picked on the same test pictures; by how much it is below the members' mean."""  # noqa: E501
    members, ensemble = _c_scores(draw, _c_cross_entropy)
    return ensemble < members.min(), members.mean() - ensemble


@claim(draws=12)
def errors_of_seeds_are_alike(draw):
    """The same: errors of two members have a mean product above 0.8 of their mean square, over test pictures and classes; that ratio."""  # noqa: E501
    p, y = _c_members()["best"][draw], _c_clothes()[2][1]
    errors = p - np.eye(10)[y]
    v = (errors**2).sum(axis=-1).mean()
    ensemble = (errors.mean(axis=0) ** 2).sum(axis=-1).mean()
    c = (ensemble / v - 1 / 5) / (1 - 1 / 5)
    return c > 0.8, c


@claim(draws=12)
def overfitted_members_gain_more(draw):
    """The same, all after their 40 epochs: the mean's accuracy exceeds the members' mean by more than that of five stopped at their least validation loss; by how many points it exceeds."""  # noqa: E501
    gains = []
    for epoch in ("best", "last"):
        members, ensemble = _c_scores(draw, _c_accuracy, epoch)
        gains.append(100 * (ensemble - members.mean()))
    return gains[1] > gains[0], gains[1]


# Normalization: ten layers on the spiral ----------------------------------------------

D_EPSILON, D_SHARE = 1e-5, 0.1
D_SLOPES = {"sigmoid": torch.sigmoid, "tanh": torch.tanh}


class _DDeep:
    """20 networks of ten hidden layers of 16, Glorot's weights, side by side."""

    def __init__(self, activation, norm, draws=20):
        generator = torch.Generator().manual_seed(0)
        shapes = list(pairwise([2, *10 * [16], 1]))
        self.W = [
            (2 / (m + n)) ** 0.5 * torch.randn(draws, m, n, generator=generator)
            for m, n in shapes
        ]
        self.b = [torch.zeros(draws, 1, n) for _, n in shapes]
        self.gamma = [torch.ones(draws, 1, 16) for _ in range(10)]
        self.beta = [torch.zeros(draws, 1, 16) for _ in range(10)]
        self.running = [
            [torch.zeros(draws, 1, 16), torch.ones(draws, 1, 16)] for _ in range(10)
        ]
        self.activation, self.norm = D_SLOPES[activation], norm
        self.parameters = [
            p.requires_grad_() for p in (*self.W, *self.b, *self.gamma, *self.beta)
        ]

    def __call__(self, a, training=True):
        """Logits, and the values of the hidden layers."""
        values = []
        for k in range(10):
            o = a @ self.W[k] + self.b[k]
            if self.norm is not None:
                axis = {"batch": 1, "layer": 2}[self.norm]
                mean = o.mean(dim=axis, keepdim=True)
                var = o.var(dim=axis, keepdim=True, correction=0)
                if self.norm == "batch" and training:
                    new = mean.detach(), o.var(dim=1, keepdim=True).detach()
                    for kept, value in zip(self.running[k], new, strict=True):
                        kept.mul_(1 - D_SHARE).add_(D_SHARE * value)
                elif self.norm == "batch":
                    mean, var = self.running[k]
                o = (o - mean) / (var + D_EPSILON).sqrt()
                o = self.gamma[k] * o + self.beta[k]
            a = self.activation(o)
            values.append(a)
        return a @ self.W[10] + self.b[10], values


@shared
def _d_spiral(activation, norm, steps):
    """Losses of the last step and, at the end, in evaluation mode; at the start, the
    factor by which a layer changes the spread over points."""
    points, arm = make_spiral()
    x = torch.tensor((points - points.mean(axis=0)) / points.std(axis=0)).float()
    x, y = x.expand(20, -1, -1), torch.tensor(arm).float()[:, None].expand(20, -1, -1)

    def losses(o):
        loss = torch.nn.functional.binary_cross_entropy_with_logits
        return loss(o, y, reduction="none").mean(dim=(1, 2))

    net = _DDeep(activation, norm)
    with torch.no_grad():
        spreads = [a.std(dim=1).mean(dim=1) for a in net(x)[1]]
    optimizer = torch.optim.Adam(net.parameters, lr=0.01)
    for _ in range(steps):
        optimizer.zero_grad()
        last = losses(net(x)[0])
        last.sum().backward()
        optimizer.step()
    with torch.no_grad():
        rested = losses(net(x, training=False)[0])
    factor = (spreads[9] / spreads[0]) ** (1 / 9)
    return last.tolist(), rested.tolist(), factor.tolist()


@claim(draws=20)
def batch_normed_sigmoids_learn_the_spiral(draw):
    """Ten hidden layers of 16 sigmoids, Glorot's weights, batch normalization before
    each, 200 full-batch steps of Adam at rate 0.01: the loss ends below 0.05."""
    loss = _d_spiral("sigmoid", "batch", 200)[0][draw]
    return loss < 0.05, loss


@claim(draws=20)
def plain_sigmoids_do_not_learn_the_spiral(draw):
    """The same without normalization and 300 steps: the loss stays above 0.6."""
    loss = _d_spiral("sigmoid", None, 300)[0][draw]
    return loss > 0.6, loss


@claim(draws=20)
def layer_normed_sigmoids_do_not_learn_the_spiral(draw):
    """The same with layer normalization before each sigmoid and 300 steps: the loss
    stays above 0.6."""
    loss = _d_spiral("sigmoid", "layer", 300)[0][draw]
    return loss > 0.6, loss


@claim(draws=20)
def layer_normed_tanh_learns_the_spiral(draw):
    """Ten hidden layers of 16 tanh units, Glorot's weights, layer normalization before
    each, 300 full-batch steps of Adam at rate 0.01: the loss ends below 0.05."""
    loss = _d_spiral("tanh", "layer", 300)[0][draw]
    return loss < 0.05, loss


@claim(draws=20)
def plain_tanh_learns_the_spiral(draw):
    """The same with tanh and no normalization: the loss ends below 0.05."""
    loss = _d_spiral("tanh", None, 300)[0][draw]
    return loss < 0.05, loss


@claim(draws=20)
def layer_norm_keeps_differences_of_tanh(draw):
    """Before training, a layer of 16 tanh units with layer normalization leaves more
    than 0.9 of the spread over the points. Measured is the factor (geometric mean)."""
    factor = _d_spiral("tanh", "layer", 1)[2][draw]
    return factor > 0.9, factor


@claim(draws=20)
def layer_norm_lets_differences_fade(draw):
    """Before training, ten layers of 16 sigmoids on the spiral with layer normalization
    before each, Glorot's weights: a layer leaves less than half of the spread over the
    points that the one before has. Measured is the factor (geometric mean)."""
    factor = _d_spiral("sigmoid", "layer", 1)[2][draw]
    return factor < 0.5, factor


@claim(draws=20)
def running_values_lag(draw):
    """The network with batch normalization after 100 steps, share 0.1 of the new in the
    running values: its loss on the same points in evaluation mode is more than twice
    that of the last step. Measured is how many times."""
    last, rested, _ = (values[draw] for values in _d_spiral("sigmoid", "batch", 100))
    return rested > 2 * last, rested / last


# Normalization: the clothes -----------------------------------------------------------

D_DRAWS = 12


def _d_clothes(first, last):
    """Rows of each draw's permutation, and the test set."""
    (images, labels), (test_images, test_labels) = load_fashion()
    x, y = _smaller(images), labels.astype("int64")
    rows = [
        np.random.default_rng(k).permutation(6000)[first:last] for k in range(D_DRAWS)
    ]
    own = np.stack([x[r] for r in rows]), np.stack([y[r] for r in rows])
    return own, (_smaller(test_images), test_labels.astype("int64"))


class _DNets:
    """12 networks 196-64-64-10 of ReLUs, He's weights, side by side."""

    def __init__(self, norm=None, dropout=0.0, share=0.1, bias=False):
        self.draws = torch.Generator().manual_seed(0)
        shapes = list(pairwise([196, 64, 64, 10]))
        self.W = [
            (2 / m) ** 0.5 * torch.randn(D_DRAWS, m, n, generator=self.draws)
            for m, n in shapes
        ]
        zeros = [[torch.zeros(D_DRAWS, 1, n) for _, n in shapes] for _ in range(2)]
        self.beta, self.b = zeros
        self.gamma = [torch.ones(D_DRAWS, 1, 64) for _ in range(2)]
        self.running = [
            [torch.zeros(D_DRAWS, 1, 64), torch.ones(D_DRAWS, 1, 64)] for _ in range(2)
        ]
        self.norm, self.dropout, self.share = norm, dropout, share
        parts = [*self.W, *self.beta]
        parts += self.gamma if norm else []
        parts += self.b[:2] if bias else []  # before the normalization
        self.parameters = [p.requires_grad_() for p in parts]

    def __call__(self, a, training, updating=True):
        for k in range(2):
            o = a @ self.W[k] + self.b[k]
            if self.norm == "batch":
                o = self._normalized(o, k, training, updating)
                o = self.gamma[k] * o
            a = torch.relu(o + self.beta[k])
            if self.dropout and training:
                kept = torch.rand(a.shape, generator=self.draws) >= self.dropout
                a = a * kept / (1 - self.dropout)
        return a @ self.W[2] + self.beta[2]

    def _normalized(self, o, k, training, updating):
        mean, var = self.running[k]
        if training:
            mean = o.mean(dim=1, keepdim=True)
            var = o.var(dim=1, keepdim=True, correction=0)
            if updating:
                new = mean.detach(), o.var(dim=1, keepdim=True).detach()
                for kept, value in zip(self.running[k], new, strict=True):
                    kept.mul_(1 - self.share).add_(self.share * value)
        return (o - mean) / (var + D_EPSILON).sqrt()


def _d_losses(o, y):
    each = torch.nn.functional.cross_entropy(
        o.flatten(0, 1), y.expand(o.shape[:2]).flatten(), reduction="none"
    )
    return each.reshape(o.shape[:2]).mean(dim=1)


def _d_right(o, y):
    """Percent of right answers of each network."""
    return 100 * (o.argmax(dim=-1) == y).float().mean(dim=1)


@shared
def _d_trained(epochs=12, batch=50, **settings):
    """Networks after so many epochs of Adam at rate 0.001 on 1000 pictures each.

    Returns them with, after each epoch, the percent right on the test set and of the
    training set: as training has seen it batch by batch, and evaluated afterwards.
    """
    (x, y), (x_test, y_test) = _d_clothes(0, 1000)
    x, y = torch.from_numpy(x), torch.from_numpy(y)
    x_test, y_test = torch.from_numpy(x_test), torch.from_numpy(y_test)
    net = _DNets(**settings)
    optimizer = torch.optim.Adam(net.parameters, lr=0.001)
    every, curves = torch.arange(D_DRAWS)[:, None], []
    for _ in range(epochs):
        orders = [torch.randperm(1000, generator=net.draws) for _ in range(D_DRAWS)]
        order, seen = torch.stack(orders), 0.0
        for first in range(0, 1000, batch):
            chosen = order[:, first : first + batch]
            o = net(x[every, chosen], training=True)
            optimizer.zero_grad()
            _d_losses(o, y[every, chosen]).sum().backward()
            optimizer.step()
            seen = seen + _d_right(o.detach(), y[every, chosen]) * batch / 1000
        with torch.no_grad():
            rested = _d_right(net(x, training=False), y)
            tested = _d_right(net(x_test, training=False), y_test)
        curves.append([tested.tolist(), seen.tolist(), rested.tolist()])
    return net, np.array(curves)


@shared
def _d_answers(net, order=None, batch=2000):
    """Percent right on the test set if batch after batch answers in training mode."""
    _, (x, y) = _d_clothes(0, 1)
    x, y = torch.from_numpy(x), torch.from_numpy(y)
    if order is None:
        order = torch.randperm(2000, generator=torch.Generator().manual_seed(0))
    elif order == "sorted":
        order = torch.argsort(y, stable=True)
    with torch.no_grad():
        parts = [net(x[part], True, updating=False) for part in order.split(batch)]
        return _d_right(torch.cat(parts, dim=1), y[order]).tolist()


@claim(draws=12)
def batches_of_two_spoil_batch_norm(draw):
    """196-64-64-10 ReLUs on 1000 pictures of clothes, Adam at rate 0.001, 6 epochs of
    batches of 2: with batch normalization fewer of the 2000 test pictures are right
    than without any. Measured are the points lost."""
    with_it, without = (
        _d_trained(6, batch=2, norm=norm)[1][-1, 0, draw] for norm in ("batch", None)
    )
    return with_it < without, without - with_it


@claim(draws=12)
def batches_of_fifty_suit_batch_norm(draw):
    """The same with 12 epochs of batches of 50: with batch normalization more of the
    test pictures are right than without any. Measured are the points gained."""
    with_it, without = (
        _d_trained(norm=norm)[1][-1, 0, draw] for norm in ("batch", None)
    )
    return with_it > without, with_it - without


@claim(draws=12)
def a_bias_before_batch_norm_changes_little(draw):
    """The same with trained biases before the batch normalization and without: the
    test accuracies differ by less than one point. Measured is the difference."""
    without, with_bias = (
        _d_trained(norm="batch", bias=bias)[1][-1, 0, draw] for bias in (False, True)
    )
    return abs(with_bias - without) < 1, with_bias - without


@claim(draws=12)
def dropout_left_on_costs(draw):
    """196-64-64-10 ReLUs with dropout of one half after both hidden layers, 1000
    pictures, Adam at rate 0.001, 15 epochs of batches of 50: in training mode fewer
    test pictures are right than in evaluation mode. Measured are the points lost."""
    net, curves = _d_trained(epochs=15, dropout=0.5)
    lost = curves[-1, 0, draw] - _d_answers(net)[draw]
    return lost > 0, lost


@claim(draws=12)
def batch_norm_left_on_goes_unnoticed(draw):
    """196-64-64-10 with batch normalization, 1000 pictures, Adam at rate 0.001, 12
    epochs of batches of 50: in training mode, all 2000 test pictures in one batch, the
    accuracy is within two points of that in evaluation mode. Measured is the
    difference."""
    net, curves = _d_trained(norm="batch")
    gained = _d_answers(net)[draw] - curves[-1, 0, draw]
    return abs(gained) < 2, gained


@claim(draws=12)
def batch_norm_left_on_fails_in_small_batches(draw):
    """The same networks in training mode on shuffled test pictures in batches of 4:
    fewer are right than in evaluation mode. Measured is the percentage."""
    net, curves = _d_trained(norm="batch")
    right = _d_answers(net, batch=4)[draw]
    return right < curves[-1, 0, draw], right


@claim(draws=12)
def batch_norm_left_on_fails_in_sorted_batches(draw):
    """The same in batches of 50 test pictures sorted by class: fewer are right than in
    evaluation mode. Measured is the percentage."""
    net, curves = _d_trained(norm="batch")
    right = _d_answers(net, "sorted", 50)[draw]
    return right < curves[-1, 0, draw], right


@claim(draws=12)
def a_share_of_nine_tenths_costs_in_small_batches(draw):
    """196-64-64-10 with batch normalization, 1000 pictures, Adam at rate 0.001, 12
    epochs of batches of 10, evaluation mode: with a share of 0.9 of the new batch in
    the running values fewer test pictures are right than with 0.1. Measured are the
    points lost."""
    usual, carried = (
        _d_trained(batch=10, norm="batch", share=share)[1][-1, 0, draw]
        for share in (0.1, 0.9)
    )
    return carried < usual, usual - carried


@claim(draws=12)
def a_share_of_nine_tenths_hides_in_large_batches(draw):
    """The same in batches of 50: the accuracies differ by less than two points.
    Measured are the points lost."""
    usual, carried = (
        _d_trained(norm="batch", share=share)[1][-1, 0, draw] for share in (0.1, 0.9)
    )
    return abs(carried - usual) < 2, usual - carried


@claim(draws=12)
def a_share_of_a_hundredth_lags(draw):
    """The same in batches of 50 after the first epoch, 20 steps: with a share of 0.01,
    Keras' default, fewer test pictures are right than with 0.1. Measured are the points
    lost."""
    usual, slow = (
        _d_trained(norm="batch", share=share)[1][0, 0, draw] for share in (0.1, 0.01)
    )
    return slow < usual, usual - slow


@claim(draws=12)
def training_curves_with_dropout_look_worse(draw):
    """196-64-64-10 with dropout of one half, 15 epochs as above: in the last epoch the
    share of right answers that training has seen is below that of the same pictures,
    evaluated afterwards. Measured is the difference in points."""
    _, (*_, (_, seen, rested)) = _d_trained(epochs=15, dropout=0.5)
    return rested[draw] > seen[draw], rested[draw] - seen[draw]


@claim(draws=12)
def training_curves_with_dropout_lie_below_validation(draw):
    """The same: what training has seen lies even below the accuracy on the test
    pictures. Measured is by how many points."""
    _, (*_, (tested, seen, _)) = _d_trained(epochs=15, dropout=0.5)
    return tested[draw] > seen[draw], tested[draw] - seen[draw]


# The program at work ------------------------------------------------------------------


@shared
def _d_program():
    """Percent right on the test set, in 12 draws: 196-64-64-10, batch normalization,
    dropout 0.2, AdamW at rate 0.001 with decay 0.1 on the matrices, batches of 50, 40
    epochs, best validation epoch."""
    (x, y), test = _d_clothes(0, 1500)
    history = many_networks.train(
        x[:, :1000],
        y[:, :1000],
        norm="batch",
        dropout=0.2,
        decay=0.1,
        sets={"val": (x[:, 1000:], y[:, 1000:]), "test": test},
        choose="val",
    )
    return 100 * history.best["score"]["test"]


@claim(draws=12)
def the_program_reaches_three_quarters(draw):
    """196-64-64-10 ReLUs on 1000 pictures, batch normalization, dropout 0.2, AdamW at
    rate 0.001 with decay 0.1 on matrices, batches of 50, the best of 40 epochs by
    validation loss: more than 75 percent of 2000 test pictures are right."""
    right = float(_d_program()[draw])
    return right > 75, right
