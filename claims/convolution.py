"""What the chapter on convolutional networks claims, held over draws."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from bookpress.checks.claims import claim, shared
from pictures import load_fashion

# Networks that learn ------------------------------------------------------------------

_DRAWS, _FEW_DRAWS = 10, 24
_RATES = (0.003, 0.01, 0.03)
_EPOCHS = (5, 10, 20)
_LATE, _SEARCH = 100, 5  # first seed of the search, and how many it takes


@shared
def _data():
    """Pixels from 0 to 1 and classes: 5000 pictures, 1000 others, 2000 of the test."""
    (images, labels), (test_images, test_labels) = load_fashion()
    order = np.random.default_rng(0).permutation(6000)
    parts = [(images[rows], labels[rows]) for rows in (order[:5000], order[5000:])]
    parts.append((test_images, test_labels))
    return [
        (torch.from_numpy(x / np.float32(255))[:, None], torch.from_numpy(y).long())
        for x, y in parts
    ]


def _block(m, n):
    """The maximum commutes with the ReLU, and is cheaper before it."""
    return nn.Conv2d(m, n, 3, padding=1), nn.MaxPool2d(2), nn.ReLU()


class _Mean(nn.Module):
    def forward(self, a):
        return a.mean(dim=(2, 3))


def _make(kind):
    """One of the networks that are compared."""
    if kind == "cnn":
        layers = [*_block(1, 8), *_block(8, 16), nn.Flatten(), nn.Linear(784, 10)]
    elif kind == "mean":  # no place is left after the mean over places
        layers = [*_block(1, 8), *_block(8, 16)]
        layers += [nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), _Mean()]
        layers += [nn.Linear(32, 10)]
    elif kind == "thumbnail":
        layers = [nn.AvgPool2d(2), nn.Flatten()]
        layers += [nn.Linear(196, 44), nn.ReLU(), nn.Linear(44, 10)]
    else:
        units = {"mlp": 128, "mlp of 11": 11}[kind]
        layers = [nn.Flatten(), nn.Linear(784, units)]
        layers += [nn.ReLU(), nn.Linear(units, 10)]
    net = nn.Sequential(*layers)
    return net.to(memory_format=torch.channels_last)


def _train(kind, x, y, seed, rate, epochs, batch=50, augment=None):
    """Adam, whose rate falls in a line to 0; PyTorch's default weights."""
    torch.manual_seed(seed)
    net, steps = _make(kind), epochs * (len(x) // batch)
    optimizer = torch.optim.Adam(net.parameters(), lr=rate)
    falls = torch.optim.lr_scheduler.LinearLR(optimizer, 1, 0, total_iters=steps)
    for _ in range(epochs):
        for rows in torch.randperm(len(x)).split(batch):
            seen = x[rows] if augment is None else augment(x[rows])
            optimizer.zero_grad()
            F.cross_entropy(net(seen), y[rows]).backward()
            optimizer.step()
            falls.step()
    return net.eval()


@torch.no_grad()
def _answers(net, x):
    return net(x).argmax(dim=1)


def _score(net, x, y):
    """Percent right."""
    return 100 * (_answers(net, x) == y).float().mean().item()


@shared
def _chosen(kind):
    """Rate and epochs by the accuracy on 1000 pictures, the mean of five seeds."""
    (x, y), val, _ = _data()
    trials = [(rate, epochs) for rate in _RATES for epochs in _EPOCHS]
    scores = [
        np.mean(
            [
                _score(_train(kind, x, y, _LATE + s, *trial), *val)
                for s in range(_SEARCH)
            ]
        )
        for trial in trials
    ]
    return trials[int(np.argmax(scores))]


@shared
def _runs(kind):
    """Ten networks of a kind, as chosen."""
    (x, y), _, _ = _data()
    trial = _chosen(kind)
    return [_train(kind, x, y, seed, *trial) for seed in range(_DRAWS)]


@shared
def _scores(kind):
    return [_score(net, *_data()[2]) for net in _runs(kind)]


def _lead(draw, rival):
    lead = _scores("cnn")[draw] - _scores(rival)[draw]
    return lead > 0, lead


@claim(draws=10)
def cnn_accuracy(draw):
    """The CNN of 9098 parameters on 5000 pictures, Adam with a rate that falls to 0;
    three rates and 5, 10 or 20 epochs, chosen by 1000 pictures on five other seeds:
    more than 85 percent of 2000 test pictures are right. Measured are percent."""
    score = _scores("cnn")[draw]
    return score > 85, score


@claim(draws=10)
def mlp_accuracy(draw):
    """The same search for a 784-128-10 network: more than 80 percent are right.
    Measured are percent."""
    score = _scores("mlp")[draw]
    return score > 80, score


@claim(draws=10)
def thumbnail_accuracy(draw):
    """The same search for a 196-44-10 network on means of 2 × 2 pixels: more than 80
    percent are right. Measured are percent."""
    score = _scores("thumbnail")[draw]
    return score > 80, score


@claim(draws=10)
def small_mlp_accuracy(draw):
    """The same search for a 784-11-10 network: more than 80 percent are right. Measured
    are percent."""
    score = _scores("mlp of 11")[draw]
    return score > 80, score


@claim(draws=10)
def cnn_beats_mlp(draw):
    """The CNN, as chosen, has more test pictures right than the 784-128-10 network of
    the same seed. Measured is the difference in points."""
    return _lead(draw, "mlp")


@claim(draws=10)
def cnn_beats_thumbnail(draw):
    """The CNN, as chosen, has more test pictures right than the 196-44-10 network of
    the same seed. Measured is the difference in points."""
    return _lead(draw, "thumbnail")


@claim(draws=10)
def cnn_beats_small_mlp(draw):
    """The CNN, as chosen, has more test pictures right than the 784-11-10 network of
    the same seed. Measured is the difference in points."""
    return _lead(draw, "mlp of 11")


@claim(draws=10)
def paired_error_of_the_lead(draw):
    """The standard error that 2000 test pictures leave to the CNN's lead over the
    784-128-10 network, picture by picture, is below 1 point. Measured are points."""
    _, _, (x, y) = _data()
    right = [_answers(_runs(k)[draw], x) == y for k in ("cnn", "mlp")]
    apart = 100 * (right[0].double() - right[1].double())
    error = (apart.std() / len(y) ** 0.5).item()
    return error < 1, error


@shared
def _of_the_page():
    """Ten networks by the chapter's program: rate 0.01 in a line to 0, five epochs."""
    (x, y), _, _ = _data()
    return [_train("cnn", x, y, seed, 0.01, 5) for seed in range(_DRAWS)]


@claim(draws=10)
def five_epochs_are_enough_for_the_page(draw):
    """The CNN, five epochs, batches of 50, Adam from rate 0.01 in a line to 0: more
    than 84 percent of the test pictures are right. Measured are percent."""
    score = _score(_of_the_page()[draw], *_data()[2])
    return score > 84, score


# Errors -------------------------------------------------------------------------------


@shared
def _confusion(draw):
    _, _, (x, y) = _data()
    table = np.zeros((10, 10), dtype=int)
    np.add.at(table, (y.numpy(), _answers(_runs("cnn")[draw], x).numpy()), 1)
    return table


@claim(draws=10)
def most_errors_are_among_upper_garments(draw):
    """More than 70 percent of the CNN's errors take one of T-shirt, pullover, dress,
    coat and shirt for another. Measured are percent."""
    table = _confusion(draw)
    upper = [0, 2, 3, 4, 6]
    block = table[np.ix_(upper, upper)]
    share = 100 * (block.sum() - block.trace()) / (table.sum() - table.trace())
    return bool(share > 70), share


@claim(draws=10)
def shirts_are_the_hardest(draw):
    """No class has fewer test pictures right than the shirts. Measured is the
    percentage of shirts that are right."""
    right = np.diag(_confusion(draw))
    return bool(right[6] == right.min()), right[6] / 2


# Shifts -------------------------------------------------------------------------------


def _shift(x, rows, columns):
    """Move pictures down and to the right; black comes in, what leaves is cut."""
    by = 6
    padded = F.pad(x, (by, by, by, by))
    top, left = by - rows, by - columns
    return padded[..., top : top + x.shape[-2], left : left + x.shape[-1]]


_WAYS = ((0, 1), (0, -1), (1, 0), (-1, 0))


@shared
def _after_shift(kind, pixels):
    """Accuracy of each network on pictures moved in four directions; share of answers
    that stay."""
    _, _, (x, y) = _data()
    nets = _runs(kind)
    right, stay = np.zeros(len(nets)), np.zeros(len(nets))
    for rows, columns in _WAYS:
        moved = _shift(x, pixels * rows, pixels * columns)
        for k, net in enumerate(nets):
            answers = _answers(net, moved)
            right[k] += 25 * (answers == y).float().mean().item()
            stay[k] += 25 * (answers == _answers(net, x)).float().mean().item()
    return right, stay


def _shifted_lead(draw, pixels):
    lead = _after_shift("cnn", pixels)[0] - _after_shift("mlp", pixels)[0]
    return bool(lead[draw] > 0), lead[draw]


@claim(draws=10)
def cnn_after_two_pixels(draw):
    """Test pictures moved by two pixels in four directions: the CNN as chosen loses
    more than 8 points. Measured is its accuracy in percent."""
    score = _after_shift("cnn", 2)[0][draw]
    return bool(_scores("cnn")[draw] - score > 8), score


@claim(draws=10)
def mlp_after_two_pixels(draw):
    """The same for the 784-128-10 network: it loses more than 15 points. Measured is
    its accuracy in percent."""
    score = _after_shift("mlp", 2)[0][draw]
    return bool(_scores("mlp")[draw] - score > 15), score


@claim(draws=10)
def cnn_after_four_pixels(draw):
    """Moved by four pixels, the CNN has less than 60 percent right. Measured are
    percent."""
    score = _after_shift("cnn", 4)[0][draw]
    return bool(score < 60), score


@claim(draws=10)
def mlp_after_four_pixels(draw):
    """Moved by four pixels, the 784-128-10 network has less than 45 percent right.
    Measured are percent."""
    score = _after_shift("mlp", 4)[0][draw]
    return bool(score < 45), score


@claim(draws=10)
def cnn_bears_two_pixels_better(draw):
    """After a shift by two pixels the CNN has more right than the 784-128-10 network of
    the same seed. Measured is the difference in points."""
    return _shifted_lead(draw, 2)


@claim(draws=10)
def cnn_bears_four_pixels_better(draw):
    """After a shift by four pixels the CNN has more right than the 784-128-10 network
    of the same seed. Measured is the difference in points."""
    return _shifted_lead(draw, 4)


@shared
def _mirrored():
    _, _, (x, y) = _data()
    found = []
    for net in _runs("cnn"):
        right = _answers(net, x.flip(-1)) == y
        found.append([100 * right[y == k].float().mean().item() for k in (9, 8)])
    return np.array(found)


@claim(draws=10)
def mirrored_boots_are_lost(draw):
    """Test pictures mirrored left to right: the CNN as chosen has less than 5 percent
    of the ankle boots right. Measured are percent."""
    share = _mirrored()[draw, 0]
    return bool(share < 5), share


@claim(draws=10)
def mirrored_bags_are_kept(draw):
    """Test pictures mirrored left to right: the CNN as chosen has more than 80 percent
    of the bags right. Measured are percent."""
    share = _mirrored()[draw, 1]
    return bool(share > 80), share


_BOOT = 9


@claim(draws=10)
def one_boot_moved_down(draw):
    """The first test picture, a boot, moves down pixel by pixel: within six the CNN,
    five epochs at rate 0.01, calls it something else. Measured is after how many."""
    _, _, (x, _) = _data()
    moved = torch.cat([_shift(x[:1], pixels, 0) for pixels in range(1, 7)])
    lost = _answers(_of_the_page()[draw], moved) != _BOOT
    pixels = 1 + int(lost.int().argmax()) if lost.any() else 7
    return pixels <= 6, pixels


@claim(draws=10)
def boots_with_room_moved_down(draw):
    """Test boots with at least four empty rows below them, moved down by four: the CNN
    as chosen calls fewer than 80 percent of them boots. Measured are percent."""
    _, _, (x, y) = _data()
    roomy = x[(y == _BOOT) & (x[:, 0, -4:].amax(dim=(1, 2)) == 0)]
    assert len(roomy) > 50
    answers = _answers(_runs("cnn")[draw], _shift(roomy, 4, 0))
    share = 100 * (answers == _BOOT).float().mean().item()
    return share < 80, share


@claim(draws=10)
def one_boot_mirrored(draw):
    """The CNN as chosen calls the mirror image of the first test picture, a boot,
    something else."""
    _, _, (x, _) = _data()
    return bool(_answers(_runs("cnn")[draw], x[:1].flip(-1)).item() != _BOOT)


@claim(draws=10)
def negatives_are_lost(draw):
    """Test pictures with inverted gray, dark on white: the CNN as chosen has less than
    20 percent right. Measured are percent."""
    _, _, (x, y) = _data()
    score = _score(_runs("cnn")[draw], 1 - x, y)
    return score < 20, score


def _small(x):
    """Thumbnails of 14 × 14 in the middle of 28 × 28 black pixels."""
    return F.pad(F.avg_pool2d(x, 2), (7, 7, 7, 7))


def _anywhere(x):
    """Each picture moved by up to six pixels both ways."""
    padded = F.pad(x[:, 0], (6, 6, 6, 6))
    by = torch.randint(0, 13, (2, len(x)))
    rows, columns = by[:, :, None] + torch.arange(28)
    every = torch.arange(len(x))[:, None, None]
    return padded[every, rows[:, :, None], columns[:, None, :]][:, None]


@shared
def _canvas(kind, shifts=False):
    """Accuracy of ten networks on small pictures: in place, moved by 2, 4 and 6. Twenty
    epochs; one of two rates, by 1000 pictures on two other seeds."""
    (x, y), (x_val, y_val), (x_test, y_test) = _data()
    x, x_val, x_test = (_small(a) for a in (x, x_val, x_test))
    augment = _anywhere if shifts else None
    if shifts:
        torch.manual_seed(_LATE)
        x_val = _anywhere(x_val)

    def net_of(seed, rate):
        return _train(kind, x, y, seed, rate, 20, augment=augment)

    rates, late = (0.003, 0.01), (_LATE, _LATE + 1)
    scores = [
        np.mean([_score(net_of(seed, rate), x_val, y_val) for seed in late])
        for rate in rates
    ]
    rate, found = rates[int(np.argmax(scores))], []
    for seed in range(_DRAWS):
        net, by_shift = net_of(seed, rate), []
        for pixels in (0, 2, 4, 6):
            moved = [_shift(x_test, pixels * r, pixels * c) for r, c in _WAYS]
            by_shift.append(np.mean([_score(net, m, y_test) for m in moved]))
        found.append(by_shift)
    return np.array(found)


@claim(draws=10)
def small_flat_in_place(draw):
    """Clothes of 14 × 14 in a black square of 28 × 28, twenty epochs, two rates: the
    CNN has more than 80 percent right. Measured are percent."""
    score = _canvas("cnn")[draw, 0]
    return bool(score > 80), score


@claim(draws=10)
def small_flat_after_two(draw):
    """The same network after a shift by two pixels: more than 20 points are lost.
    Measured is the percentage of right answers."""
    found = _canvas("cnn")[draw]
    return bool(found[0] - found[1] > 20), found[1]


@claim(draws=10)
def small_flat_after_four(draw):
    """The same network after a shift by four pixels: more than 20 points are lost.
    Measured is the percentage of right answers."""
    found = _canvas("cnn")[draw]
    return bool(found[0] - found[2] > 20), found[2]


@claim(draws=10)
def small_flat_after_six(draw):
    """The same network after a shift by six pixels: more than 20 points are lost.
    Measured is the percentage of right answers."""
    found = _canvas("cnn")[draw]
    return bool(found[0] - found[3] > 20), found[3]


@claim(draws=10)
def small_mean_in_place(draw):
    """Clothes of 14 × 14 in a black square of 28 × 28, twenty epochs, two rates: a CNN
    with a third convolution to 32 maps and their means over all places has more than 60
    percent right. Measured are percent."""
    score = _canvas("mean")[draw, 0]
    return bool(score > 60), score


@claim(draws=10)
def small_mean_after_two(draw):
    """The same network after a shift by two pixels: more than 5 points are lost.
    Measured is the percentage of right answers."""
    found = _canvas("mean")[draw]
    return bool(found[0] - found[1] > 5), found[1]


@claim(draws=10)
def small_mean_after_four(draw):
    """The same network after a shift by four pixels: at most 5 points are lost.
    Measured is the percentage of right answers."""
    found = _canvas("mean")[draw]
    return bool(found[0] - found[2] < 5), found[2]


@claim(draws=10)
def small_mean_after_six(draw):
    """The same network after a shift by six pixels: more than 5 points are lost.
    Measured is the percentage of right answers."""
    found = _canvas("mean")[draw]
    return bool(found[0] - found[3] > 5), found[3]


@claim(draws=10)
def small_mlp_in_place(draw):
    """Clothes of 14 × 14 in a black square of 28 × 28, twenty epochs, two rates: a
    784-128-10 network has more than 80 percent right. Measured are percent."""
    score = _canvas("mlp")[draw, 0]
    return bool(score > 80), score


@claim(draws=10)
def small_mlp_after_two(draw):
    """The same network after a shift by two pixels: more than 20 points are lost.
    Measured is the percentage of right answers."""
    found = _canvas("mlp")[draw]
    return bool(found[0] - found[1] > 20), found[1]


@claim(draws=10)
def small_mlp_after_four(draw):
    """The same network after a shift by four pixels: more than 20 points are lost.
    Measured is the percentage of right answers."""
    found = _canvas("mlp")[draw]
    return bool(found[0] - found[2] > 20), found[2]


@claim(draws=10)
def small_mlp_after_six(draw):
    """The same network after a shift by six pixels: more than 20 points are lost.
    Measured is the percentage of right answers."""
    found = _canvas("mlp")[draw]
    return bool(found[0] - found[3] > 20), found[3]


@claim(draws=10)
def small_flat_shown_in_place(draw):
    """Clothes of 14 × 14 in a black square of 28 × 28, twenty epochs, two rates: the
    CNN, trained on pictures moved by up to six pixels both ways, has more than 60
    percent right. Measured are percent."""
    score = _canvas("cnn", True)[draw, 0]
    return bool(score > 60), score


@claim(draws=10)
def small_flat_shown_after_two(draw):
    """The same network after a shift by two pixels: at most 3 points are lost. Measured
    is the percentage of right answers."""
    found = _canvas("cnn", True)[draw]
    return bool(found[0] - found[1] < 3), found[1]


@claim(draws=10)
def small_flat_shown_after_four(draw):
    """The same network after a shift by four pixels: at most 3 points are lost.
    Measured is the percentage of right answers."""
    found = _canvas("cnn", True)[draw]
    return bool(found[0] - found[2] < 3), found[2]


@claim(draws=10)
def small_flat_shown_after_six(draw):
    """The same network after a shift by six pixels: at most 3 points are lost. Measured
    is the percentage of right answers."""
    found = _canvas("cnn", True)[draw]
    return bool(found[0] - found[3] < 3), found[3]


@claim(draws=10)
def small_mlp_shown_in_place(draw):
    """Clothes of 14 × 14 in a black square of 28 × 28, twenty epochs, two rates: a
    784-128-10 network, trained on pictures moved by up to six pixels both ways, has
    more than 60 percent right. Measured are percent."""
    score = _canvas("mlp", True)[draw, 0]
    return bool(score > 60), score


@claim(draws=10)
def small_mlp_shown_after_two(draw):
    """The same network after a shift by two pixels: at most 3 points are lost. Measured
    is the percentage of right answers."""
    found = _canvas("mlp", True)[draw]
    return bool(found[0] - found[1] < 3), found[1]


@claim(draws=10)
def small_mlp_shown_after_four(draw):
    """The same network after a shift by four pixels: at most 3 points are lost.
    Measured is the percentage of right answers."""
    found = _canvas("mlp", True)[draw]
    return bool(found[0] - found[2] < 3), found[2]


@claim(draws=10)
def small_mlp_shown_after_six(draw):
    """The same network after a shift by six pixels: at most 3 points are lost. Measured
    is the percentage of right answers."""
    found = _canvas("mlp", True)[draw]
    return bool(found[0] - found[3] < 3), found[3]


# Number of images, and scrambled pixels -----------------------------------------------


@shared
def _few(kind, n, scrambled=False):
    """Accuracy of networks, each on n of the 5000 pictures: 400 steps of 25. Three
    rates, chosen for this n by 1000 pictures on two other draws."""
    (x, y), (x_val, y_val), (x_test, y_test) = _data()
    if scrambled:
        places = torch.from_numpy(np.random.default_rng(0).permutation(784))
        x, x_val, x_test = (
            a.flatten(1)[:, places].reshape(a.shape) for a in (x, x_val, x_test)
        )

    def net_of(seed, rate):
        rng = np.random.default_rng(seed)
        each = [np.flatnonzero(y.numpy() == k) for k in range(10)]
        rows = np.concatenate([rng.permutation(a)[: n // 10] for a in each])
        return _train(kind, x[rows], y[rows], seed, rate, 10_000 // n, batch=25)

    late = (_LATE, _LATE + 1)
    scores = [
        np.mean([_score(net_of(seed, rate), x_val, y_val) for seed in late])
        for rate in _RATES
    ]
    rate = _RATES[int(np.argmax(scores))]
    return [_score(net_of(seed, rate), x_test, y_test) for seed in range(_FEW_DRAWS)]


def _few_lead(draw, n, rival):
    lead = _few("cnn", n)[draw] - _few(rival, n)[draw]
    return lead > 0, lead


@claim(draws=24)
def lead_with_100(draw):
    """100 pictures, 400 steps of 25, three rates chosen for this number: the CNN has
    more right than the 784-128-10 network. Measured is the difference in points."""
    return _few_lead(draw, 100, "mlp")


@claim(draws=24)
def lead_with_300(draw):
    """300 pictures, 400 steps of 25, three rates chosen for this number: the CNN has
    more right than the 784-128-10 network. Measured is the difference in points."""
    return _few_lead(draw, 300, "mlp")


@claim(draws=24)
def lead_with_1000(draw):
    """1000 pictures, 400 steps of 25, three rates chosen for this number: the CNN has
    more right than the 784-128-10 network. Measured is the difference in points."""
    return _few_lead(draw, 1000, "mlp")


@claim(draws=24)
def lead_over_thumbnail_with_100(draw):
    """100 pictures, 400 steps of 25, three rates chosen for this number: the CNN has
    more right than the 196-44-10 network. Measured is the difference in points."""
    return _few_lead(draw, 100, "thumbnail")


@claim(draws=24)
def lead_over_thumbnail_with_300(draw):
    """300 pictures, 400 steps of 25, three rates chosen for this number: the CNN has
    more right than the 196-44-10 network. Measured is the difference in points."""
    return _few_lead(draw, 300, "thumbnail")


@claim(draws=24)
def lead_over_thumbnail_with_1000(draw):
    """1000 pictures, 400 steps of 25, three rates chosen for this number: the CNN has
    more right than the 196-44-10 network. Measured is the difference in points."""
    return _few_lead(draw, 1000, "thumbnail")


@claim(draws=24)
def cnn_with_100(draw):
    """100 pictures: the CNN has more than 60 percent right. Measured are percent."""
    score = _few("cnn", 100)[draw]
    return score > 60, score


@claim(draws=24)
def cnn_with_300(draw):
    """300 pictures: the CNN has more than 70 percent right. Measured are percent."""
    score = _few("cnn", 300)[draw]
    return score > 70, score


@claim(draws=24)
def cnn_with_1000(draw):
    """1000 pictures: the CNN has more than 75 percent right. Measured are percent."""
    score = _few("cnn", 1000)[draw]
    return score > 75, score


@claim(draws=24)
def scrambling_costs_the_cnn(draw):
    """The CNN on 1000 pictures whose pixels are permuted, all alike, has fewer right
    than on the pictures. Measured is the loss in points."""
    loss = _few("cnn", 1000)[draw] - _few("cnn", 1000, True)[draw]
    return loss > 0, loss


@claim(draws=24)
def scrambled_cnn_is_behind(draw):
    """The CNN on 1000 pictures with permuted pixels has fewer right than the 784-128-10
    network, which such a permutation leaves as it is. Measured is the gap in points."""
    gap = _few("mlp", 1000)[draw] - _few("cnn", 1000, True)[draw]
    return gap > 0, gap


# What was learned ---------------------------------------------------------------------

_KNOWN = [
    [[1, 2, 1], [2, 4, 2], [1, 2, 1]],
    [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]],
    [[-1, -2, -1], [0, 0, 0], [1, 2, 1]],
    [[0, 1, 0], [1, -4, 1], [0, 1, 0]],
]


def _likeness(filters):
    """The largest |cosine| of each filter with blur, two edges and the Laplacian."""
    w = filters.reshape(len(filters), 9)
    known = np.array(_KNOWN, dtype=float).reshape(4, 9)
    cosines = (w @ known.T) / np.linalg.norm(known, axis=1)
    return np.abs(cosines / np.linalg.norm(w, axis=1)[:, None]).max(axis=1)


@claim(draws=10)
def few_filters_are_textbook_filters(draw):
    """At most half of the CNN's eight first filters have a |cosine| above 0.8 with
    blur, one of two Sobel kernels or the Laplacian. Measured is their number."""
    filters = _runs("cnn")[draw][0].weight.detach().numpy()
    number = (_likeness(filters) > 0.8).sum()
    return bool(number <= 4), number


@claim(draws=10)
def random_filters_are_rarely_textbook_filters(draw):
    """Of 800 Gaussian kernels fewer than 5 percent have a |cosine| above 0.8 with one
    of the four. Measured are percent."""
    filters = np.random.default_rng(draw).normal(size=(800, 9))
    share = 100 * (_likeness(filters) > 0.8).mean()
    return bool(share < 5), share


@shared
def _occlusion(image, gray=0.0):
    """Probability of the right class while a square of 6 × 6 of one gray value covers a
    place, in steps of two pixels, for each network."""
    _, _, (x, y) = _data()
    places = [(r, q) for r in range(0, 23, 2) for q in range(0, 23, 2)]
    covered = x[image].repeat(len(places), 1, 1, 1)
    for k, (r, q) in enumerate(places):
        covered[k, :, r : r + 6, q : q + 6] = gray
    with torch.no_grad():
        p = [torch.softmax(net(covered), dim=1)[:, y[image]] for net in _runs("cnn")]
    return torch.stack(p).numpy().reshape(-1, 12, 12)


def _agreement(draw, image, gray=0.0):
    """Mean correlation of a network's occlusion map with those of the others."""
    maps = _occlusion(image, gray).reshape(_DRAWS, -1)
    others = [k for k in range(_DRAWS) if k != draw]
    return np.corrcoef(maps)[draw, others].mean()


@claim(draws=10)
def boot_maps_agree(draw):
    """Occlusion maps of the first test picture, an ankle boot (black square of 6 × 6,
    steps of 2): a network's map correlates above 0.5 with the others' on average."""
    agreement = _agreement(draw, 0)
    return bool(agreement > 0.5), agreement


@claim(draws=10)
def bag_maps_agree(draw):
    """Occlusion maps of test picture 18, a bag (black square of 6 × 6, steps of 2): a
    network's map correlates above 0.5 with the others' on average."""
    agreement = _agreement(draw, 18)
    return bool(agreement > 0.5), agreement


@claim(draws=10)
def boot_least_probability(draw):
    """The black square of 6 × 6 at its worst place takes the probability of the first
    boot below one half. Measured is that probability."""
    least = _occlusion(0)[draw].min()
    return bool(least < 0.5), least


@claim(draws=10)
def bag_maps_agree_in_gray(draw):
    """The same with a square of gray 0.5 in place of black: a network's map of the bag
    correlates above 0.5 with the others' on average."""
    agreement = _agreement(draw, 18, 0.5)
    return bool(agreement > 0.5), agreement


def _worst_place(draw, gray):
    """Row and column of the square's center where the first boot is least likely."""
    lowest = _occlusion(0, gray)[draw].argmin()
    return 2 * np.array(np.unravel_index(lowest, (12, 12))) + 3


@claim(draws=10)
def boot_fall_is_at_one_place(draw):
    """The worst place of the black square on the first boot has its center within 2
    pixels of row 16, column 16. Measured is the distance in pixels."""
    distance = np.hypot(*(_worst_place(draw, 0.0) - 16))
    return bool(distance <= 2), distance


@claim(draws=10)
def boot_fall_is_elsewhere_in_gray(draw):
    """The worst place of a gray square, 0.5, on the first boot is more than 4 pixels
    from that of the black one. Measured is the distance in pixels."""
    distance = np.hypot(*(_worst_place(draw, 0.5) - _worst_place(draw, 0.0)))
    return bool(distance > 4), distance
