"""A small trained transformer that writes: `model.js` in NumPy, and in print."""

import base64
import math
from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np
import traitlets
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from explorers.base import Explorer
from explorers.numbers import uniforms
from notebook_utils import palette

END = "\n"  # stands before the first letter of a line, and after its last
TINY = 1e-5  # of the norm, below the root
INNER = ("qkv", "out", "up", "down")  # the matrices of a block
NORMS = ("norm1", "norm2")
TEMPERATURES = (0.3, 1.0, 1.5)  # in print
_SIGNS = {END: "↵", " ": "␣"}
# As the chapter's module calls its parts, and as they are called here
_PARTS = {
    "sign.": "embedding.",
    "position.weight": "positions",
    "block.": "blocks.0.",
    "mha.in_proj_": "qkv.",
    "mha.out_proj.": "out.",
    "mlp.0.": "up.",
    "mlp.2.": "down.",
    "head.": "readout.",
}

_gelu = np.vectorize(lambda o: o * (1 + math.erf(o / math.sqrt(2))) / 2)


def names_of(depth: int) -> tuple[list[str], list[str]]:
    """Names of the matrices and of the vectors, in the order of their bytes."""
    blocks = [f"blocks.{b}." for b in range(depth)]
    inner = [f"{block}{name}.weight" for block in blocks for name in INNER]
    fine = []
    for block in blocks:
        fine += [f"{block}norm1.weight", f"{block}norm1.bias"]
        fine += [f"{block}qkv.bias", f"{block}out.bias"]
        fine += [f"{block}norm2.weight", f"{block}norm2.bias"]
        fine += [f"{block}up.bias", f"{block}down.bias"]
    matrices = ["embedding.weight", "positions", *inner, "readout.weight"]
    return matrices, [*fine, "norm.weight", "norm.bias", "readout.bias"]


def renamed(state: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The arrays of the chapter's module under the names that are used here."""
    found = {}
    for name, array in state.items():
        for theirs, ours in _PARTS.items():
            name = name.replace(theirs, ours)
        found[name] = np.asarray(array, float)
    return found


def rounded(weights: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The weights as the figure has them, float64."""
    matrices, vectors = names_of(_sizes(weights)[-1])
    found = {}
    for name in matrices:
        whole, scales = _in_8_bits(weights[name])
        found[name] = whole * scales[:, None].astype(float)
    return found | {name: _in_16_bits(weights[name]).astype(float) for name in vectors}


def forward(
    weights: Mapping[str, np.ndarray],
    tokens: Sequence[int],
    heads: int,
    hidden: Sequence[int] = (),
) -> dict:
    """All that the model computes from a line.

    Parameters
    ----------
    weights : by name, matrices with one row for each output
    tokens : the sign of the start and the letters after it, as numbers
    hidden : positions that nobody may read, in any head

    Returns
    -------
    `logits` of shape (T, letters) and `blocks`, for each a dict of `x`, `entered`,
    `query`, `key`, `value`, `mixed`, `after` of shape (T, d), and `scores` and
    `weights` of shape (heads, T, T), these 0 where nothing is read
    """
    T = len(tokens)
    x = weights["embedding.weight"][list(tokens)] + weights["positions"][:T]
    open_ = np.tril(np.ones((T, T), bool))
    open_[:, list(hidden)] = False
    blocks = []
    for b in range(_sizes(weights)[-1]):
        own = {
            name.removeprefix(f"blocks.{b}."): array
            for name, array in weights.items()
            if name.startswith(f"blocks.{b}.")
        }
        entered = _normed(x, own["norm1.weight"], own["norm1.bias"])
        query, key, value = np.split(_affine(own, "qkv", entered), 3, axis=1)
        q, k, v = (
            a.reshape(T, heads, -1).transpose(1, 0, 2) for a in (query, key, value)
        )
        scores = q @ k.transpose(0, 2, 1) / math.sqrt(q.shape[2])
        shares = softmax(np.where(open_, scores, -np.inf))
        mixed = (shares @ v).transpose(1, 0, 2).reshape(T, -1)
        middle = x + _affine(own, "out", mixed)
        thought = _normed(middle, own["norm2.weight"], own["norm2.bias"])
        after = middle + _affine(own, "down", _gelu(_affine(own, "up", thought)))
        found = {"x": x, "entered": entered, "query": query, "key": key, "value": value}
        found |= {"scores": scores, "weights": shares, "mixed": mixed, "after": after}
        blocks.append(found)
        x = after
    last = _normed(x, weights["norm.weight"], weights["norm.bias"])
    return {"blocks": blocks, "logits": _affine(weights, "readout", last)}


def softmax(scores: np.ndarray) -> np.ndarray:
    """Along the last axis; a row of minus infinities becomes zeros."""
    most = scores.max(axis=-1, keepdims=True)
    powers = np.exp(scores - np.where(np.isfinite(most), most, 0))
    return powers / np.maximum(powers.sum(axis=-1, keepdims=True), 1e-300)


def tempered(logits: np.ndarray, temperature: float) -> np.ndarray:
    """Probabilities at a temperature; at 0 all of it is for the largest logit."""
    if temperature > 0:
        return softmax(logits / temperature)
    return np.eye(len(logits))[logits.argmax()]


class Writer(Explorer):
    """A trained transformer that reads and continues a line, letter by letter.

    Pre-norm blocks with exact GELU, learned positions, a norm before the readout, and
    a causal mask. Its matrices are rounded to 8 bits with a scale for each row, the
    rest to 16 bits.

    Parameters
    ----------
    weights : arrays by name, matrices with one row for each output: `embedding.weight`
        (letters, d), `positions` (length, d), for each block b `blocks.b.` followed by
        `norm1`, `qkv` (3d rows: queries, keys, values), `out`, `norm2`, `up`, `down`,
        and `norm` and `readout`; each of these with `.weight` and `.bias`; or under the
        names of the chapter's PyTorch module
    letters : all that a line is made of; "\\n" is the sign of its start and its end
    heads : of each block
    traits : `text` (the line), `written` (how many of its last letters the model has
        drawn), `layer` and `head` (shown, from 0), `row` (the position that asks, 0 is
        the sign of the start; -1 is the last), `column` (the position looked at; -1 is
        the one that is read most), `hidden` (positions that nobody may read, in rising
        order), `temperature`, `seed` (of the draws), `printed` (the line in print,
        if it is another one), `sizes` and `parameters` (the model)
    """

    words = (
        "An interactive figure of a small trained transformer: a line that can be "
        "edited, whom each letter reads in each head, the numbers behind it, letters "
        "that can be hidden, and the next letter at any temperature. It needs "
        "JavaScript; the handout shows one head and three continuations."
    )
    heights: ClassVar = (988, 1603)

    parameters = traitlets.Unicode().tag(sync=True)
    letters = traitlets.Unicode().tag(sync=True)
    heads = traitlets.Int(4, min=1).tag(sync=True)
    sizes = traitlets.List(traitlets.Int(min=1), minlen=5, maxlen=5).tag(sync=True)
    text = traitlets.Unicode("").tag(sync=True)
    written = traitlets.Int(0, min=0).tag(sync=True)
    layer = traitlets.Int(0, min=0).tag(sync=True)
    head = traitlets.Int(0, min=0).tag(sync=True)
    row = traitlets.Int(-1, min=-1).tag(sync=True)
    column = traitlets.Int(-1, min=-1).tag(sync=True)
    hidden = traitlets.List(traitlets.Int(min=0)).tag(sync=True)
    temperature = traitlets.Float(1.0, min=0, max=2).tag(sync=True)
    seed = traitlets.Int(1, min=1, max=9999).tag(sync=True)
    printed = traitlets.Unicode("")

    def __init__(
        self,
        weights: Mapping[str, np.ndarray],
        letters: str,
        heads: int = 4,
        **traits: object,
    ):
        weights = renamed(weights)
        sizes = _checked(weights, letters, heads)
        for text in (traits.get("text", ""), traits.get("printed", "")):
            unknown = set(text) - set(letters.replace(END, ""))
            if unknown or len(text) >= sizes[1]:
                raise ValueError(
                    f"the text {text!r} has {len(text)} letters; use at most "
                    f"{sizes[1] - 1} of {letters!r} without the sign of the end"
                )
        for name, count in (("layer", sizes[4]), ("head", heads)):
            if traits.get(name, 0) >= count:
                raise ValueError(
                    f"there is no {name} {traits[name]}; the last is {count - 1}"
                )
        matrices, vectors = names_of(sizes[4])
        pairs = [_in_8_bits(weights[name]) for name in matrices]
        fine = [scales for _, scales in pairs]
        fine += [_in_16_bits(weights[name]) for name in vectors]
        data = b"".join(part.tobytes() for part in [*(w for w, _ in pairs), *fine])
        super().__init__(
            parameters=base64.b64encode(data).decode(),
            letters=letters,
            heads=heads,
            sizes=sizes,
            **traits,
        )

    def weights(self) -> dict[str, np.ndarray]:
        """The rounded weights by name, float64."""
        data = base64.b64decode(self.parameters)
        matrices, vectors = names_of(self.sizes[4])
        forms = shapes(self.sizes)
        small = sum(math.prod(forms[name]) for name in matrices)
        fine = np.frombuffer(data[small:], "<f2").astype(float)
        found, at, next_ = {}, 0, 0
        for name in matrices:
            rows, columns = forms[name]
            part = np.frombuffer(data, np.int8, rows * columns, at).astype(float)
            scales = fine[next_ : next_ + rows]
            found[name] = part.reshape(rows, columns) * scales[:, None]
            at, next_ = at + rows * columns, next_ + rows
        for name in vectors:
            (size,) = forms[name]
            found[name] = fine[next_ : next_ + size]
            next_ += size
        return found

    def tokens(self, text: str | None = None) -> list[int]:
        """The numbers of the line's letters, after that of the start."""
        text = self.text if text is None else text
        return [self.letters.index(letter) for letter in END + text]

    def forward(self, text: str | None = None, hidden: Sequence[int] = ()) -> dict:
        """All that the model computes from a line; nothing is hidden unless told."""
        return forward(self.weights(), self.tokens(text), self.heads, hidden)

    def effects(self, row: int | None = None, text: str | None = None) -> np.ndarray:
        """By how much the answer's probability falls if one letter is hidden, for each.

        Parameters
        ----------
        row : the position that asks, the last unless given; the answer is what it
            expects most
        text : as the trait, unless given
        """
        tokens = self.tokens(text)
        tokens = tokens if row is None else tokens[: row + 1]
        weights = self.weights()
        shares = softmax(forward(weights, tokens, self.heads)["logits"][-1])
        best = shares.argmax()
        found = [
            softmax(forward(weights, tokens, self.heads, [j])["logits"][-1])[best]
            for j in range(len(tokens))
        ]
        return shares[best] - np.array(found)

    def continued(
        self,
        temperature: float | None = None,
        seed: int | None = None,
        most: int = 999,
        text: str | None = None,
    ) -> str:
        """The line with letters that the model draws, up to the end, which is left out.

        Parameters
        ----------
        temperature, seed, text : as the traits, unless given
        most : letters drawn
        """
        temperature = self.temperature if temperature is None else temperature
        seed = self.seed if seed is None else seed
        weights, tokens = self.weights(), self.tokens(text)
        start = len(tokens)
        while len(tokens) < min(self.sizes[1], start + most):
            logits = forward(weights, tokens, self.heads, self.hidden)["logits"][-1]
            shares = tempered(logits, temperature)
            chance = uniforms(seed, len(tokens))[-1]
            over = np.flatnonzero(np.cumsum(shares) > chance)
            letter = int(over[0]) if len(over) else len(shares) - 1
            if letter == tokens[0]:
                break
            tokens.append(letter)
        return "".join(self.letters[token] for token in tokens[1:])

    def draw(self) -> Figure:
        """A head's matrix, three continuations, and weights beside what letters give.

        The line is `printed`, if given. Of the heads of the chosen block the one is
        shown whose last letter reads one letter most, with the numbers of that pair.
        """
        text = self.printed or self.text
        hidden = self.hidden if text == self.text else []
        found = self.forward(text, hidden)
        shares = found["blocks"][self.layer]["weights"]
        head = int(shares[:, -1].max(axis=1).argmax())
        figure = Figure(figsize=(7.2, 3.6))
        left, right = figure.subfigures(1, 2, width_ratios=[1, 1.05])
        signs = [_SIGNS.get(letter, letter) for letter in END + text]
        ax = left.subplots()
        self._draw_matrix(ax, shares[head], signs, head)
        row, column = len(text), int(shares[head, -1].argmax())
        self._draw_way(ax, found["blocks"][self.layer], head, row, column, signs)
        above, below = right.subplots(2, 1, height_ratios=[1, 1.1])
        self._draw_lines(above, text)
        self._draw_bars(below, shares[head, -1], self.effects(text=text), signs)
        return figure

    def _draw_matrix(
        self, ax: Axes, shares: np.ndarray, signs: list[str], head: int
    ) -> None:
        T = len(shares)
        shown = np.where(np.tril(np.ones((T, T), bool)), shares, np.nan)
        look = {"edgecolor": "face", "linewidth": 0.1, "vmin": 0, "vmax": 1}
        ax.pcolormesh(np.ma.masked_invalid(shown), cmap="Blues", **look)
        ax.set(xlim=(0, T), ylim=(T, 0), aspect="equal")
        size = min(9.0, 190 / T)
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_ticks(np.arange(T) + 0.5, signs, fontsize=size)
            axis.set_tick_params(length=0, pad=1)
        ax.xaxis.tick_top()
        ax.set_ylabel("who reads", labelpad=1)
        ax.set_title(f"who is read, by head {head + 1}", fontsize=10)

    def _draw_way(
        self,
        ax: Axes,
        block: dict,
        head: int,
        row: int,
        column: int,
        signs: list[str],
    ) -> None:
        """From a query and a key to their weight, where the matrix is empty."""
        size = block["query"].shape[1] // self.heads
        score, share = (
            block[name][head, row, column] for name in ("scores", "weights")
        )
        lines = [
            f"“{signs[row]}” reads “{signs[column]}”",
            rf"$q \cdot k = {score * math.sqrt(size):.2f}$",
            rf"$q \cdot k / \sqrt{{{size}}} = {score:.2f}$",
            f"softmax: {share:.2f}",
        ]
        look = {"ha": "right", "va": "top", "fontsize": 9.5, "linespacing": 1.5}
        ax.text(0.98, 0.96, "\n".join(lines), transform=ax.transAxes, **look)

    def _draw_lines(self, ax: Axes, text: str) -> None:
        rows = [(f"{text.strip()} …", "")]
        for temperature in TEMPERATURES:
            line = self.continued(temperature, text=text)[len(text) :]
            rows.append((f"temperature {temperature:g}:", line))
        for i, (head, line) in enumerate(rows):
            color = palette.axis if i else palette.ink
            ax.text(0, 0.95 - 0.25 * i, head, color=color, fontsize=9.5)
            ax.text(0.39, 0.95 - 0.25 * i, line, color=palette.ink, fontsize=9.5)
        ax.set(xlim=(0, 1), ylim=(0, 1))
        ax.axis("off")

    def _draw_bars(
        self, ax: Axes, shares: np.ndarray, lost: np.ndarray, signs: list[str]
    ) -> None:
        places = np.arange(len(shares))
        ax.bar(places, shares, color=palette.curve, width=0.7)
        ax.bar(places, -lost, color=palette.step, width=0.7, hatch="////", alpha=0.99)
        ax.axhline(0, color=palette.axis, linewidth=0.7)
        ax.set(ylim=(-1.1, 1.1), yticks=[-1, 0, 1], yticklabels=["1", "0", "1"])
        ax.set_xticks(places, signs, fontsize=min(9.0, 190 / len(signs)))
        ax.tick_params(axis="x", length=0)
        ax.spines["bottom"].set_visible(False)
        look = {"fontsize": 9.5, "ha": "center", "transform": ax.transAxes}
        ax.text(0.5, 0.9, "up: the weight", color=palette.curve, **look)
        ax.text(0.5, 0.03, "down: lost without it", color=palette.step, **look)


def _sizes(weights: Mapping[str, np.ndarray]) -> list[int]:
    """Letters, positions, width, units of the MLP, blocks."""
    count, d = weights["embedding.weight"].shape
    depth = len({name.split(".")[1] for name in weights if name.startswith("blocks.")})
    units = len(weights["blocks.0.up.bias"])
    return [count, len(weights["positions"]), d, units, depth]


def shapes(sizes: Sequence[int]) -> dict[str, tuple[int, ...]]:
    """Of all arrays by name, for numbers of letters, positions, d, units and blocks."""
    count, length, d, units, depth = sizes
    found = {"embedding.weight": (count, d), "positions": (length, d)}
    rows = {"qkv": (3 * d, d), "out": (d, d), "up": (units, d), "down": (d, units)}
    for b in range(depth):
        for name, shape in rows.items():
            found[f"blocks.{b}.{name}.weight"] = shape
            found[f"blocks.{b}.{name}.bias"] = shape[:1]
        for name in NORMS:
            found[f"blocks.{b}.{name}.weight"] = (d,)
            found[f"blocks.{b}.{name}.bias"] = (d,)
    found |= {"norm.weight": (d,), "norm.bias": (d,)}
    return found | {"readout.weight": (count, d), "readout.bias": (count,)}


def _checked(weights: Mapping[str, np.ndarray], letters: str, heads: int) -> list[int]:
    """The sizes of a model that has all its parts."""
    missing = {"embedding.weight", "positions", "blocks.0.up.bias"} - set(weights)
    if missing:
        raise ValueError(f"the weights lack {min(missing)}; see Writer's parameters")
    sizes = _sizes(weights)
    for name, shape in shapes(sizes).items():
        found = weights[name].shape if name in weights else None
        if found != shape:
            raise ValueError(f"{name} has shape {found} in place of {shape}")
    if len(set(letters)) != len(letters) or len(letters) != sizes[0]:
        raise ValueError(
            f"there are {len(letters)} letters {letters!r} for an embedding of "
            f"{sizes[0]} rows; pass a different letter for each"
        )
    if END not in letters or sizes[2] % heads:
        raise ValueError(
            f"{heads} heads of a width of {sizes[2]}, letters {letters!r}; the heads "
            r"must share the width, and the letters hold '\n'"
        )
    return sizes


def _in_8_bits(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Whole numbers from -127 to 127, and the scale of each row in 16 bits."""
    largest = np.abs(matrix).max(axis=1) / 127
    scales = np.maximum(largest, 1e-4).astype("<f2")
    whole = np.round(matrix / scales[:, None].astype(float))
    return np.clip(whole, -127, 127).astype(np.int8), scales


def _in_16_bits(vector: np.ndarray) -> np.ndarray:
    return np.asarray(vector).astype("<f2")


def _affine(weights: Mapping[str, np.ndarray], name: str, x: np.ndarray) -> np.ndarray:
    return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]


def _normed(x: np.ndarray, scale: np.ndarray, shift: np.ndarray) -> np.ndarray:
    centered = x - x.mean(axis=-1, keepdims=True)
    variance = (centered**2).mean(axis=-1, keepdims=True)
    return centered / np.sqrt(variance + TINY) * scale + shift
