"""Many small networks of one shape, trained side by side: for experiments over draws.

A chapter shows how one network is trained. To say how often something helps, it takes
dozens, and one after the other they would take an hour. Here each tensor has the
networks as its first axis, so that a layer of all of them is one batched product.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
import torch.nn.functional as F

EPSILON = 1e-5  # below the root of the norms, as PyTorch has it
NEW_SHARE = 0.1  # of a batch in the running values of batch normalization


@dataclass
class History:
    """What `train` has seen, after each epoch, for each of M networks.

    Attributes
    ----------
    loss, score : by name of the evaluation set, arrays of shape (epochs, M): the mean
        loss, and the share of right answers (of a regression, minus the loss)
    best : by name, the loss or the score where the loss of the set `choose` was
        smallest: `best["loss"]["test"]`, arrays of shape (M,)
    logits : by name, array of shape (M, n, K), the outputs at that epoch
    last_logits : by name, the same after the last epoch
    """

    loss: dict = field(default_factory=dict)
    score: dict = field(default_factory=dict)
    best: dict = field(default_factory=dict)
    logits: dict = field(default_factory=dict)
    last_logits: dict = field(default_factory=dict)


def train(
    x: np.ndarray,
    y: np.ndarray,
    *,
    hidden: Sequence[int] = (64, 64),
    outputs: int = 10,
    rate: float = 1e-3,
    epochs: int = 40,
    batch: int = 50,
    seeds: Sequence[int] | None = None,
    sets: dict | None = None,
    choose: str | None = None,
    dropout: float = 0.0,
    decay: float = 0.0,
    penalty: float = 0.0,
    smoothing: float = 0.0,
    norm: str | None = None,
    augment: Callable | None = None,
) -> History:
    """Train M networks with ReLUs by Adam, each on its own data and batches.

    Parameters
    ----------
    x : array of shape (M, n, d), the inputs of each network
    y : array of shape (M, n): classes, integers from 0; with one output, targets
    hidden : numbers of units
    outputs : number of classes; 1 is a regression by squared errors
    rate : learning rate of Adam, or of AdamW if there is `decay`
    epochs, batch : how long, and how many samples a step sees (a rest is left out)
    seeds : one for each network, of weights, batches and masks; 0 to M - 1 if not given
    sets : by name a pair (x, y) to evaluate after each epoch, of shapes (M, n, d) and
        (M, n), or (n, d) and (n,) if all networks share it
    choose : name of the set whose loss chooses the epoch of `best` and `logits`
    dropout : probability with which a hidden unit is silenced
    decay : decoupled decay of the weight matrices (AdamW)
    penalty : λ of λ/2 times the squared length of the weight matrices, in the loss
    smoothing : share α that label smoothing spreads over all classes
    norm : "batch", "layer" or None: normalization before each ReLU
    augment : maps a batch of shape (M, b, d) and a generator to another one

    Returns
    -------
    History

    Raises
    ------
    ValueError : x and y are not of M networks, there are fewer samples than a batch
        takes or no epoch, or `norm` or `choose` is unknown
    """
    x = torch.as_tensor(np.asarray(x, "float32"))
    if x.ndim != 3 or np.shape(y) != x.shape[:2]:
        raise ValueError(
            f"x of shape {tuple(x.shape)} and y of shape {np.shape(y)} are not "
            "data of M networks: give arrays of shapes (M, n, d) and (M, n)"
        )
    if not (epochs >= 1 and 1 <= batch <= x.shape[1]):
        raise ValueError(
            f"{epochs} epochs in batches of {batch} of {x.shape[1]} samples train "
            "nothing: give at least one epoch, and batches no larger than the data"
        )
    if norm not in (None, "batch", "layer"):
        raise ValueError(f"norm is {norm!r}: use 'batch', 'layer' or None")
    y = _targets(y, outputs)
    sets = {
        name: (torch.as_tensor(np.asarray(a, "float32")), _targets(b, outputs))
        for name, (a, b) in (sets or {}).items()
    }
    if choose is not None and choose not in sets:
        raise ValueError(
            f"choose is {choose!r}: use one of {', '.join(sets) or 'none'}"
        )
    networks, samples, inputs = x.shape
    seeds = range(networks) if seeds is None else seeds
    draws = [torch.Generator().manual_seed(int(s)) for s in seeds]
    nets = _Networks(draws, [inputs, *hidden, outputs], dropout, norm)
    matrices = list(nets.W)
    groups = [
        {"params": matrices, "weight_decay": decay},
        {"params": [*nets.b, *nets.gamma, *nets.beta], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=rate)
    # Augmentation has a generator of its own, so that it leaves the batches as they are
    changes = torch.Generator().manual_seed(1_000_003 + int(seeds[0]))
    history, least = History(), torch.full((networks,), torch.inf)
    for quantity in (history.loss, history.score):
        quantity.update({name: [] for name in sets})
    every = torch.arange(networks)[:, None]
    for _ in range(epochs):
        order = torch.stack([torch.randperm(samples, generator=g) for g in draws])
        nets.train()
        for first in range(0, samples - batch + 1, batch):
            chosen = order[:, first : first + batch]
            seen = x[every, chosen]
            if augment is not None:
                seen = augment(seen, changes)
            optimizer.zero_grad()
            # A sum over networks, whose gradients do not mix
            loss = _losses(nets(seen), y[every, chosen], smoothing).sum()
            if penalty:
                loss = loss + penalty / 2 * sum((W**2).sum() for W in matrices)
            loss.backward()
            optimizer.step()
        nets.eval()
        with torch.no_grad():
            answers = {name: nets(a) for name, (a, _) in sets.items()}
        for name, (_, b) in sets.items():
            history.loss[name].append(_losses(answers[name], b))
            history.score[name].append(_scores(answers[name], b))
        if choose is not None:
            now = history.loss[choose][-1]
            _keep(history, answers, now < least)
            least = torch.minimum(least, now)
    history.last_logits = {name: o.numpy() for name, o in answers.items()}
    for quantity in (history.loss, history.score):
        for name in sets:
            quantity[name] = torch.stack(quantity[name]).numpy()
    if choose is not None:
        at = history.loss[choose].argmin(axis=0), np.arange(networks)
        history.best = {
            kind: {name: values[at] for name, values in quantity.items()}
            for kind, quantity in (("loss", history.loss), ("score", history.score))
        }
    return history


def _keep(history: History, answers: dict, better: torch.Tensor) -> None:
    """Keep the answers of those networks that are better than before."""
    for name, o in answers.items():
        kept = history.logits.setdefault(name, o.numpy().copy())
        kept[better.numpy()] = o[better].numpy()


def _targets(y: np.ndarray, outputs: int) -> torch.Tensor:
    return torch.as_tensor(np.asarray(y, "float32" if outputs == 1 else "int64"))


def _losses(o: torch.Tensor, y: torch.Tensor, smoothing: float = 0.0) -> torch.Tensor:
    """Mean loss of each network: squared error, or cross-entropy of logits."""
    if o.shape[-1] == 1:
        return ((o[..., 0] - y) ** 2).mean(dim=-1)
    y = y.expand(o.shape[:-1])
    each = F.cross_entropy(
        o.flatten(0, 1), y.flatten(), label_smoothing=smoothing, reduction="none"
    )
    return each.reshape(y.shape).mean(dim=-1)


def _scores(o: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    if o.shape[-1] == 1:
        return -_losses(o, y)
    return (o.argmax(dim=-1) == y).float().mean(dim=-1)


class _Networks(torch.nn.Module):
    """M networks; weights, biases, γ and β have the networks as first axis."""

    def __init__(self, draws, widths, dropout, norm):
        super().__init__()
        shapes = list(zip(widths[1:], widths[:-1], strict=True))
        heights = [n for n, _ in shapes]
        parameters = torch.nn.ParameterList
        self.W = parameters(
            torch.stack([torch.randn(n, m, generator=g) for g in draws])
            * (2 / m) ** 0.5
            for n, m in shapes
        )
        self.b = parameters(torch.zeros(len(draws), 1, n) for n in heights)
        normed = heights[:-1] if norm else []
        if norm == "batch":
            for b in self.b[:-1]:
                b.requires_grad_(False)  # batch normalization would take it away
        self.gamma = parameters(torch.ones(len(draws), 1, n) for n in normed)
        self.beta = parameters(torch.zeros(len(draws), 1, n) for n in normed)
        self.running = [
            [torch.zeros(len(draws), 1, n), torch.ones(len(draws), 1, n)]
            for n in normed
        ]
        self.draws, self.dropout, self.norm = draws, dropout, norm

    def forward(self, a: torch.Tensor) -> torch.Tensor:
        for layer, (W, b) in enumerate(zip(self.W, self.b, strict=True)):
            o = a @ W.mT + b
            if layer == len(self.W) - 1:
                return o
            if self.norm:
                o = self._normalized(o, layer)
            a = torch.relu(o)
            if self.dropout and self.training:
                kept = torch.stack(
                    [torch.rand(a.shape[1:], generator=g) for g in self.draws]
                )
                a = a * (kept >= self.dropout) / (1 - self.dropout)

    def _normalized(self, o: torch.Tensor, layer: int) -> torch.Tensor:
        if self.norm == "layer":
            mean = o.mean(dim=-1, keepdim=True)
            variance = o.var(dim=-1, keepdim=True, correction=0)
        elif self.training:
            mean = o.mean(dim=1, keepdim=True)
            variance = o.var(dim=1, keepdim=True, correction=0)
            with torch.no_grad():
                for kept, new in zip(
                    self.running[layer],
                    (mean, o.var(dim=1, keepdim=True)),
                    strict=True,
                ):
                    kept.mul_(1 - NEW_SHARE).add_(NEW_SHARE * new)
        else:
            mean, variance = self.running[layer]
        scaled = (o - mean) / torch.sqrt(variance + EPSILON)
        return self.gamma[layer] * scaled + self.beta[layer]
