"""Deep convolutional networks of one shape, trained side by side: plain or residual,
with batch normalization or without.

Each layer of all of them is one convolution, with a group of channels for each network.
"""

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F

CHANNELS = 8


class Stacks:
    """Networks for pictures of 28 × 28, one for each seed, with weights by He's rule.

    A convolution of 4 × 4 with stride 4; blocks of twice a ReLU and a 3 × 3 convolution
    with padding; a ReLU, the mean over all places, ten logits. All have 8 channels.

    Parameters
    ----------
    norm : whether batch normalization stands before each ReLU
    skip : whether a block's input is added to its output
    blocks : how many there are
    seeds : of the weights and of the batches of each network
    """

    def __init__(
        self, norm: bool, skip: bool, blocks: int, seeds: Sequence[int]
    ) -> None:
        self.norm, self.skip, self.blocks = norm, skip, blocks
        self.generators = [torch.Generator().manual_seed(s) for s in seeds]
        self.stem = self._he(CHANNELS, 16, 1, 4, 4)
        shape = (CHANNELS, 9 * CHANNELS, CHANNELS, 3, 3)
        self.kernels = [self._he(*shape) for _ in range(2 * blocks)]
        n = CHANNELS * len(seeds)
        self.biases = [torch.zeros(n) for _ in range(2 * blocks + 1)]
        self.norms = [
            (torch.ones(n), torch.zeros(n)) for _ in range(norm * (2 * blocks + 1))
        ]
        self.running = [[torch.zeros(n), torch.ones(n)] for _ in self.norms]
        self.head = self._he(10, CHANNELS, CHANNELS).reshape(len(seeds), 10, CHANNELS)
        self.logit_biases = torch.zeros(len(seeds), 10)
        self.parameters = [self.stem, *self.kernels, *self.biases, self.head]
        self.parameters += [
            self.logit_biases,
            *(p for pair in self.norms for p in pair),
        ]
        for p in self.parameters:
            p.requires_grad_()

    def _he(self, n: int, inputs: int, *shape: int) -> torch.Tensor:
        drawn = [torch.randn(n, *shape, generator=g) for g in self.generators]
        return torch.cat(drawn) * (2 / inputs) ** 0.5

    def logits(
        self, x: torch.Tensor, training: bool = True, share: float = 0.1
    ) -> torch.Tensor:
        """Logits, of shape (pictures, networks, 10).

        Parameters
        ----------
        x : pictures, of shape (n, 1, 28, 28), or one for each network, (n, M, 28, 28)
        training : whether normalization uses the batch, and remembers it
        share : of the batch in what it remembers
        """
        groups = len(self.generators)

        def active(a: torch.Tensor, i: int) -> torch.Tensor:
            if self.norm:
                a = F.batch_norm(
                    a, *self.running[i], *self.norms[i], training, momentum=share
                )
            return F.relu(a)

        if x.shape[1] == 1:
            x = x.expand(-1, groups, -1, -1)
        a = F.conv2d(x, self.stem, self.biases[-1], stride=4, groups=groups)
        for i in range(0, 2 * self.blocks, 2):
            start = a
            for j in (i, i + 1):
                kernel, bias = self.kernels[j], self.biases[j]
                a = F.conv2d(active(a, j), kernel, bias, padding=1, groups=groups)
            if self.skip:
                a = start + a
        a = active(a, 2 * self.blocks).mean((2, 3)).reshape(len(x), groups, CHANNELS)
        return torch.einsum("bmc,mkc->bmk", a, self.head) + self.logit_biases

    def train(
        self,
        x: np.ndarray,
        y: np.ndarray,
        rate: float,
        epochs: int = 6,
        batch: int = 50,
    ) -> np.ndarray:
        """Train by Adam; each network has batches in an order of its own.

        Parameters
        ----------
        x : pictures, float32, of shape (n, 28, 28)
        y : classes, 0 to 9
        rate : learning rate
        epochs : passes over the pictures
        batch : pictures in a batch

        Returns
        -------
        the mean loss of each epoch's batches, of shape (epochs, networks)
        """
        x, y = torch.from_numpy(x), torch.from_numpy(y).long()
        optimizer = torch.optim.Adam(self.parameters, lr=rate)
        history = []
        for _ in range(epochs):
            orders = [torch.randperm(len(x), generator=g) for g in self.generators]
            losses = []
            for rows in torch.stack(orders, 1).split(batch):
                logits = self.logits(x[rows])
                loss = F.cross_entropy(logits.mT, y[rows], reduction="none").mean(0)
                optimizer.zero_grad()
                loss.sum().backward()
                optimizer.step()
                losses.append(loss.detach())
            history.append(torch.stack(losses).mean(0))
        return torch.stack(history).numpy()

    @torch.no_grad()
    def remember(self, x: np.ndarray) -> None:
        """Let normalization at rest use the means of these pictures alone."""
        self.logits(torch.from_numpy(x)[:, None], share=1.0)

    @torch.no_grad()
    def score(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Percent right, at rest, of each network."""
        logits = self.logits(torch.from_numpy(x)[:, None], training=False)
        right = logits.argmax(2).numpy() == y[:, None]
        return 100 * right.mean(0)


def sizes(
    norm: bool,
    skip: bool,
    blocks: int = 32,
    draws: int = 10,
    channels: int = CHANNELS,
    border: str = "constant",
) -> tuple[np.ndarray, np.ndarray]:
    """Root mean squares of values and of adjoints, after each block, before training.

    Sixteen maps of normal noise on 8 × 8 places pass through blocks with weights by
    He's rule; normal noise comes back as adjoint of the last.

    Parameters
    ----------
    norm, skip, blocks : as of `Stacks`
    draws : networks
    channels : of each network
    border : what stands around the maps: "constant" for zeros, "circular" for the
        opposite side

    Returns
    -------
    two arrays of shape (blocks + 1, draws): values, in units of the inputs'; adjoints,
    in units of those of the last block
    """
    generator = torch.Generator().manual_seed(0)
    maps = [torch.randn(16, draws * channels, 8, 8, generator=generator)]
    maps[0].requires_grad_()
    for _ in range(blocks):
        a = maps[-1]
        for _ in range(2):
            if norm:
                a = F.batch_norm(a, None, None, training=True)
            w = torch.randn(draws * channels, channels, 3, 3, generator=generator)
            a = F.pad(F.relu(a), (1, 1, 1, 1), mode=border)
            a = F.conv2d(a, (2 / (9 * channels)) ** 0.5 * w, groups=draws)
        if skip:
            a = maps[-1] + a
        a.retain_grad()
        maps.append(a)
    maps[-1].backward(torch.randn(maps[-1].shape, generator=generator))

    def size(a: torch.Tensor) -> torch.Tensor:
        squares = a.detach().unflatten(1, (draws, channels)) ** 2
        return squares.mean((0, 2, 3, 4)) ** 0.5

    there = torch.stack([size(a) for a in maps]).numpy()
    back = torch.stack([size(a.grad) for a in maps]).numpy()
    return there / there[0], back / back[-1]
