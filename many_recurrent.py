"""Many small networks that read sequences, trained side by side: for experiments.

A recurrent layer takes one small step after the other, and most of its time goes into
starting them. Here each tensor has the networks as its first axis, so that a step of
twenty networks costs hardly more than one of a single network.
"""

from collections.abc import Callable, Sequence

import numpy as np
import torch
import torch.nn.functional as F

GATES = {"rnn": 1, "gru": 3, "lstm": 4}
STARTS = ("torch", "keras")


class Cells(torch.nn.Module):
    """M recurrent layers of one kind, with PyTorch's formulas and order of gates.

    Parameters
    ----------
    kind : "rnn" (tanh), "gru" or "lstm"
    inputs, units : d and n
    seeds : M numbers, one for the first weights of each
    start : the rule for first weights, of "torch" (uniform, within ± 1/√n) or of
        "keras" (Glorot's, orthogonal, biases 0, but 1 at the forget gate)
    gate : if given, the bias at the start of the gate that keeps the state: the LSTM's
        forget gate, the GRU's update gate
    radius : if given, R is rescaled to this spectral radius ("rnn" only)

    Raises
    ------
    ValueError : unknown kind or start, or a gate or radius where there is none
    """

    def __init__(
        self,
        kind: str,
        inputs: int,
        units: int,
        seeds: Sequence[int],
        start: str = "torch",
        gate: float | None = None,
        radius: float | None = None,
    ) -> None:
        super().__init__()
        if kind not in GATES or start not in STARTS:
            raise ValueError(
                f"kind {kind!r}, start {start!r}: use one of {', '.join(GATES)}, and "
                f"one of {', '.join(STARTS)}"
            )
        if (gate is not None and kind == "rnn") or (radius and kind != "rnn"):
            raise ValueError(f"kind {kind!r} has no such gate or radius: leave it out")
        self.kind, self.units = kind, units
        draws = [_start(start, inputs, units, GATES[kind], seed) for seed in seeds]
        W, R, b, b_state = (torch.stack(parts) for parts in zip(*draws, strict=True))
        kept = slice(units, 2 * units)  # f of i, f, g, q; and u of r, u, n
        if start == "keras" and kind == "lstm":
            b[..., kept] = 1.0
        if gate is not None:
            b[..., kept], b_state[..., kept] = gate, 0.0
        if radius is not None:
            R *= radius / torch.linalg.eigvals(R).abs().amax(dim=-1)[:, None, None]
        self.W, self.R, self.b, self.b_state = map(
            torch.nn.Parameter, (W, R, b, b_state)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """All states, of shape (M, b, T, n), for x of shape (M, b, T, d)."""
        networks, batch, steps, inputs = x.shape
        o = torch.baddbmm(self.b, x.reshape(networks, -1, inputs), self.W)
        o = o.reshape(networks, batch, steps, -1)
        if self.kind != "gru":
            o = o + self.b_state[:, :, None]
        h = c = x.new_zeros(networks, batch, self.units)
        states = []
        for o_t in o.unbind(dim=2):
            if self.kind == "rnn":
                h = torch.tanh(torch.baddbmm(o_t, h, self.R))
            elif self.kind == "lstm":
                i, f, g, q = torch.baddbmm(o_t, h, self.R).chunk(4, dim=-1)
                c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
                h = torch.sigmoid(q) * torch.tanh(c)
            else:
                back = torch.baddbmm(self.b_state, h, self.R)
                gates = torch.sigmoid((o_t + back)[..., : 2 * self.units])
                r, u = gates.chunk(2, dim=-1)
                n = o_t[..., 2 * self.units :] + r * back[..., 2 * self.units :]
                h = torch.lerp(torch.tanh(n), h, u)
            states.append(h)
        return torch.stack(states, dim=2)


class Readers(torch.nn.Module):
    """M classifiers of sequences of one kind, with PyTorch's default first weights.

    Parameters
    ----------
    kind : "rnn", "gru" or "lstm", which read one frame after the other; "bag", the
        mean frame and a linear layer; "set", two dense layers for each frame, then the
        mean; "cnn", two causal convolutions, then the mean; "mlp", one hidden layer of
        all frames, padded by zeros
    inputs, outputs : numbers of features of a frame and of classes
    seeds : M numbers
    units : of a cell, or channels of the last convolution or dense layer
    read : what a cell is asked for: "last", the state at the last true frame, "end",
        that after the padding, or "mean", the mean over true frames
    length : of the padded sequences, for "mlp"
    options : of `Cells`
    """

    def __init__(
        self,
        kind: str,
        inputs: int,
        outputs: int,
        seeds: Sequence[int],
        units: int = 16,
        read: str = "last",
        length: int = 29,
        **options: object,
    ) -> None:
        super().__init__()
        if read not in ("last", "end", "mean"):
            raise ValueError(f"read is {read!r}: use 'last', 'end' or 'mean'")
        self.kind, self.read, self.length = kind, read, length
        self.widths = {"cnn": (5, 3), "set": (1, 1)}.get(kind, ())
        if kind in GATES:
            self.cells = Cells(kind, inputs, units, seeds, **options)
        layers = {
            "bag": [],
            "mlp": [(inputs * length, 64)],
            "set": [(inputs, 2 * units), (2 * units, units)],
            "cnn": [(5 * inputs, units), (3 * units, units)],
        }.get(kind, [])
        last = {"bag": inputs, "mlp": 64}.get(kind, units)
        draws = [torch.Generator().manual_seed(int(s) + 1_000_003) for s in seeds]
        self.W, self.b = torch.nn.ParameterList(), torch.nn.ParameterList()
        for m, n in (*layers, (last, outputs)):
            self.W.append(torch.stack([_uniform((m, n), m, draw) for draw in draws]))
            self.b.append(torch.stack([_uniform((1, n), m, draw) for draw in draws]))

    def forward(self, x: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        """Logits of shape (M, b, K), for x (M, b, T, d) and lengths (M, b)."""
        networks, batch, steps, _ = x.shape
        true = (torch.arange(steps) < lengths[..., None])[..., None]
        if self.kind == "mlp":
            x = F.pad(x * true, (0, 0, 0, self.length - steps)).flatten(2)
            a = torch.relu(torch.baddbmm(self.b[0], x, self.W[0]))
        elif self.kind in GATES:
            a = self.cells(x)
            if self.read == "mean":
                a = _mean(a, true, lengths)
            else:
                at = (
                    lengths - 1
                    if self.read == "last"
                    else torch.full_like(lengths, steps - 1)
                )
                at = at[..., None, None].expand(-1, -1, 1, a.shape[-1])
                a = a.gather(2, at)[:, :, 0]
        else:
            a = x
            for W, b, width in zip(self.W, self.b, self.widths, strict=False):
                seen = [F.pad(a, (0, 0, j, 0))[:, :, :steps] for j in range(width)]
                flat = torch.cat(seen, dim=-1).reshape(networks, batch * steps, -1)
                a = torch.relu(torch.baddbmm(b, flat, W))
                a = a.reshape(networks, batch, steps, -1)
            a = _mean(a, true, lengths)
        return torch.baddbmm(self.b[-1], a, self.W[-1])


def train(
    nets: torch.nn.Module,
    data: tuple,
    seeds: Sequence[int],
    *,
    rows: np.ndarray | None = None,
    rates: float | Sequence[float] = 0.01,
    epochs: int = 30,
    batch: int = 30,
    clip: float | None = 1.0,
    adam: bool = True,
    change: Callable | None = None,
    after: Callable | None = None,
) -> torch.Tensor:
    """Train M classifiers side by side, each as if it were alone.

    Parameters
    ----------
    nets : a module with the networks as the first axis of each parameter, that maps
        sequences and lengths to logits, as `Readers` does
    data : padded sequences (n, T, d), their lengths (n,) and classes (n,)
    seeds : M numbers, for the order of the batches
    rows : array of shape (M, m), which sequences each network learns from; all if not
        given
    rates : one learning rate, or one for each network
    epochs, batch : how long, and how many sequences a step sees (a rest is left out)
    clip : the length to which each network's gradient is cut; None cuts nothing
    adam : whether Adam takes the steps, or plain gradient descent
    change : maps padded sequences (M, b, T, d) and lengths (M, b) to others
    after : is called with the number of each epoch, from 1

    Returns
    -------
    norms of the gradients before clipping, of shape (updates, M)
    """
    x, lengths, y = map(torch.as_tensor, data)
    every = np.tile(np.arange(len(x)), (len(seeds), 1))
    rows = torch.as_tensor(every if rows is None else rows)
    draws = [torch.Generator().manual_seed(int(s)) for s in seeds]
    rates = torch.as_tensor(rates, dtype=torch.float32).expand(len(draws))
    parameters, norms = list(nets.parameters()), []
    optimizer = _Steps(parameters, rates, adam)
    for epoch in range(1, epochs + 1):
        order = torch.stack(
            [torch.randperm(rows.shape[1], generator=draw) for draw in draws]
        )
        mixed = rows.gather(1, order)
        for first in range(0, rows.shape[1] - batch + 1, batch):
            chosen = mixed[:, first : first + batch]
            seen, long = x[chosen], lengths[chosen]
            if change is not None:
                seen = change(seen, long)
            logits = nets(seen, long)
            losses = F.cross_entropy(
                logits.flatten(0, 1), y[chosen].flatten(), reduction="none"
            )
            # A sum over networks, whose gradients do not mix
            loss = losses.reshape(chosen.shape).mean(dim=1).sum()
            slopes = list(torch.autograd.grad(loss, parameters))
            norms.append(optimizer.step(slopes, clip))
        if after is not None:
            after(epoch)
    return torch.stack(norms)


class _Steps:
    """Adam, or plain descent, with a rate and a clipped gradient for each network."""

    def __init__(self, parameters, rates, adam):
        self.parameters, self.adam, self.count = parameters, adam, 0
        self.rates = [rates.reshape(-1, *[1] * (p.ndim - 1)) for p in parameters]
        self.mean = [torch.zeros_like(p) for p in parameters]
        self.square = [torch.zeros_like(p) for p in parameters]

    @torch.no_grad()
    def step(self, slopes, clip):
        norm = sum(g.flatten(1).square().sum(dim=1) for g in slopes).sqrt()
        if clip is not None:
            share = (clip / (norm + 1e-6)).clamp(max=1)
            slopes = [g * share.reshape(-1, *[1] * (g.ndim - 1)) for g in slopes]
        if self.adam:
            self.count += 1
            torch._foreach_lerp_(self.mean, slopes, 0.1)
            torch._foreach_mul_(self.square, 0.999)
            torch._foreach_addcmul_(self.square, slopes, slopes, 0.001)
            scale = torch._foreach_div(self.square, 1 - 0.999**self.count)
            torch._foreach_sqrt_(scale)
            torch._foreach_add_(scale, 1e-8)
            slopes = torch._foreach_div(self.mean, scale)
            torch._foreach_div_(slopes, 1 - 0.9**self.count)
        torch._foreach_sub_(self.parameters, torch._foreach_mul(slopes, self.rates))
        return norm


@torch.no_grad()
def answers(
    nets: torch.nn.Module, x: torch.Tensor, lengths: torch.Tensor
) -> np.ndarray:
    """Logits of all M networks, (M, n, K), on the same padded sequences (n, T, d)."""
    networks = len(next(nets.parameters()))
    many = x.expand(networks, -1, -1, -1), lengths.expand(networks, -1)
    return nets(*many).numpy()


def pad(utterances: Sequence[np.ndarray], length: int) -> tuple:
    """Sequences with zeros behind them, (n, length, d), and their lengths, (n,)."""
    x = np.zeros((len(utterances), length, utterances[0].shape[1]), "float32")
    for row, frames in zip(x, utterances, strict=True):
        row[: len(frames)] = frames
    lengths = [len(frames) for frames in utterances]
    return torch.from_numpy(x), torch.tensor(lengths)


def _mean(a: torch.Tensor, true: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
    return (a * true).sum(dim=2) / lengths[..., None]


def _uniform(shape: tuple, inputs: int, draw: torch.Generator) -> torch.Tensor:
    return (2 * torch.rand(shape, generator=draw) - 1) / inputs**0.5


def _start(rule: str, d: int, n: int, gates: int, seed: int) -> tuple:
    """First W (d, gn), R (n, gn) and both biases of one layer."""
    draw = torch.Generator().manual_seed(int(seed))
    shapes = (d, gates * n), (n, gates * n), (1, gates * n), (1, gates * n)
    if rule == "torch":
        return tuple(_uniform(shape, n, draw) for shape in shapes)
    limit = (6 / (d + gates * n)) ** 0.5
    W = (2 * torch.rand(shapes[0], generator=draw) - 1) * limit
    Q, upper = torch.linalg.qr(torch.randn(shapes[1], generator=draw).T)
    R = (Q * upper.diagonal().sign()).T.contiguous()
    return W, R, torch.zeros(shapes[2]), torch.zeros(shapes[3])
