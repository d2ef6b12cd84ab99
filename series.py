"""Sequences for the chapters on them: spoken vowels and sunspots, with their checks.

And a network of quantiles, for the figure in which a reader moves its forecasts.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from notebook_utils import DATA, DataError

REMEDY = "put back the file that came with the book (git checkout data)"

COEFFICIENTS = [f"c{i}" for i in range(1, 13)]
UTTERANCES = {"train": 270, "test": 370}
MONTHS = pd.period_range("1749-01", "2008-12", freq="M")


def load_vowels(
    path: Path | str = DATA / "vowels.csv",
) -> tuple[tuple[list[np.ndarray], np.ndarray], tuple[list[np.ndarray], np.ndarray]]:
    """Load the Japanese Vowels: 640 utterances of /ae/ by nine men.

    Parameters
    ----------
    path : where the CSV file lies

    Returns
    -------
    (train_utterances, train_speakers), (test_utterances, test_speakers): 270 and 370
    arrays of shape (frames, 12), float32, of 7 to 29 frames with twelve cepstrum
    coefficients each, which have no unit; and who speaks, 0 to 8, int64

    Raises
    ------
    DataError : the file is missing, or its columns, types, order or counts are off

    Source
    ------
    Kudo, Toyama and Shimbo (1999), UCI Machine Learning Repository, CC BY 4.0.
    """
    columns = ["utterance", "part", "speaker", "frame", *COEFFICIENTS]
    table = _table(Path(path), columns)
    numbers = table.drop(columns="part").apply(pd.to_numeric, errors="coerce")
    if not np.isfinite(numbers).all(axis=None):
        raise DataError(f"{path} has entries that are no numbers; {REMEDY}")
    start = np.flatnonzero(table["frame"] == 0)
    frames = np.diff([*start, len(table)])
    expected = np.repeat(np.arange(len(start)), frames)
    if (
        not np.array_equal(table["utterance"], expected)
        or not np.array_equal(table["frame"], np.arange(len(table)) - start[expected])
        or not 7 <= frames.min() <= frames.max() <= 29
    ):
        raise DataError(f"{path}: not frame after frame of each utterance; {REMEDY}")
    heads = table.iloc[start]
    values = table[COEFFICIENTS].to_numpy("float32")
    utterances = np.split(values, start[1:])
    found = {}
    for part, count in UTTERANCES.items():
        at = np.flatnonzero(heads["part"] == part)
        speakers = heads["speaker"].to_numpy("int64")[at] - 1
        if len(at) != count or set(speakers) != set(range(9)):
            raise DataError(
                f"{path}: not {count} utterances of nine speakers to {part}; {REMEDY}"
            )
        found[part] = [utterances[i] for i in at], speakers
    return found["train"], found["test"]


def load_sunspots(path: Path | str = DATA / "sunspots.csv") -> pd.Series:
    """Load the sunspot numbers, a mean for each month from 1749 to 2008.

    Parameters
    ----------
    path : where the CSV file lies

    Returns
    -------
    Series of length 3120, float64, by month (a PeriodIndex): the international sunspot
    number in its first version, from 0 to 253.8, which has no unit

    Raises
    ------
    DataError : the file is missing, or its columns, months or values are off

    Source
    ------
    NOAA National Geophysical Data Center, as packaged in statsmodels 0.15.0.
    """
    table = _table(Path(path), ["year", "month", "sunspots"])
    months = zip(MONTHS.year, MONTHS.month, strict=True)
    if list(zip(table["year"], table["month"], strict=True)) != list(months):
        raise DataError(f"{path}: not every month from 1749 to 2008 in order; {REMEDY}")
    numbers = pd.to_numeric(table["sunspots"], errors="coerce")
    if not numbers.between(0, 300).all():
        raise DataError(
            f"{path}: sunspot numbers that are none, or outside 0 to 300; {REMEDY}"
        )
    return pd.Series(numbers.to_numpy("float64"), index=MONTHS, name="sunspots")


def quantile_network(
    x: np.ndarray,
    targets: np.ndarray,
    x_val: np.ndarray,
    targets_val: np.ndarray,
    levels: tuple[float, ...] = (0.1, 0.5, 0.9),
    seed: int = 0,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Train a network of 16 ReLUs that forecasts quantiles of the year ahead.

    Ten epochs of Adam at rate 0.01 with batches of 64 on the pinball loss; the epoch
    that is best on the validation windows is kept.

    Parameters
    ----------
    x, targets : windows of a scaled series, of shape (n, past) and (n, ahead)
    x_val, targets_val : the same, to choose the epoch by
    levels : the quantiles' levels q, between 0 and 1
    seed : of weights and batches

    Returns
    -------
    W1 (16, past), b1 (16,), W2 (ahead * levels, 16) and b2: float64. The forecast of
    the quantile j, k + 1 months ahead, is `x[-1] + (W2 @ relu(W1 @ x + b1) + b2)` at
    place `k * len(levels) + j`
    """
    # PyTorch is slow to load, and who reads data only does not need it.
    import torch

    past, shape = x.shape[1], (targets.shape[1], len(levels))
    if not len(x) == len(targets) or x_val.shape[1] != past:
        raise ValueError(
            f"inputs {x.shape} and {x_val.shape}, targets {targets.shape}: pass a row "
            "of targets for each row of inputs, and inputs of one length"
        )
    q = torch.tensor(levels, dtype=torch.float32)
    x, targets, x_val, targets_val = (
        torch.tensor(np.asarray(a, "float32")) for a in (x, targets, x_val, targets_val)
    )
    chance = torch.random.get_rng_state()
    torch.manual_seed(seed)
    layers = torch.nn.Sequential(
        torch.nn.Linear(past, 16),
        torch.nn.ReLU(),
        torch.nn.Linear(16, int(np.prod(shape))),
    )

    def loss(x: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        e = targets[..., None] - x[:, -1:, None] - layers(x).unflatten(1, shape)
        return torch.maximum(q * e, (q - 1) * e).mean()

    optimizer = torch.optim.Adam(layers.parameters(), lr=0.01)
    least = float("inf")
    for _ in range(10):
        for batch in torch.randperm(len(x)).split(64):
            optimizer.zero_grad()
            loss(x[batch], targets[batch]).backward()
            optimizer.step()
        with torch.inference_mode():
            found = loss(x_val, targets_val).item()
        if found < least:
            least = found
            kept = [
                part.detach().numpy().astype("float64") for part in layers.parameters()
            ]
    torch.random.set_rng_state(chance)
    return tuple(kept)


def _table(path: Path, columns: list[str]) -> pd.DataFrame:
    try:
        table = pd.read_csv(path)
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}); {REMEDY}") from None
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeError) as error:
        reason = " ".join(str(error).split())
        raise DataError(f"{path} is not a CSV table ({reason}); {REMEDY}") from None
    if list(table.columns) != columns:
        found = ", ".join(map(str, table.columns))[:80]
        raise DataError(f"{path} has columns {found}; {REMEDY}")
    return table
