"""The sequences that come with the book are whole, or the loader says what is off."""

import numpy as np
import pandas as pd
import pytest
from this_book import ROOT

from notebook_utils import DataError
from series import load_sunspots, load_vowels, quantile_network

VOWELS, SUNSPOTS = ROOT / "data" / "vowels.csv", ROOT / "data" / "sunspots.csv"


def refusal(load, path) -> str:
    with pytest.raises(DataError) as error:
        load(path)
    message = str(error.value)
    assert str(path) in message
    assert "git checkout data" in message
    assert "\n" not in message
    return message


@pytest.mark.parametrize("load", [load_vowels, load_sunspots])
def test_a_missing_file_is_named(tmp_path, load):
    assert "cannot be read" in refusal(load, tmp_path / "table.csv")


@pytest.mark.parametrize("load", [load_vowels, load_sunspots])
def test_a_file_that_is_no_table_is_named(tmp_path, load):
    path = tmp_path / "table.csv"
    path.write_text("")
    assert "not a CSV table" in refusal(load, path)
    path.write_text("a,b\n1,2\n")
    assert "has columns a, b" in refusal(load, path)


# Vowels -------------------------------------------------------------------------------


def test_there_are_as_many_utterances_of_each_speaker_as_the_card_says():
    (train, speakers), (test, test_speakers) = load_vowels()
    assert (len(train), len(test)) == (270, 370)
    assert np.bincount(speakers).tolist() == [30] * 9
    assert np.bincount(test_speakers).tolist() == [31, 35, 88, 44, 29, 24, 40, 50, 29]
    lengths = [len(utterance) for utterance in train + test]
    assert (min(lengths), max(lengths), sum(lengths)) == (7, 29, 9961)
    assert {utterance.shape[1] for utterance in train + test} == {12}
    assert {utterance.dtype for utterance in train + test} == {np.dtype("float32")}


def test_no_utterance_comes_twice():
    (train, _), (test, _) = load_vowels()
    assert len({utterance.tobytes() for utterance in train + test}) == 640


def test_the_first_frame_is_the_file_s_first_line():
    (train, _), _ = load_vowels()
    first = pd.read_csv(VOWELS, nrows=1).iloc[0, 4:].to_numpy("float32")
    np.testing.assert_array_equal(train[0][0], first)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda t: t.drop(index=5), "not frame after frame"),
        (lambda t: t.iloc[::-1], "not frame after frame"),
        (
            lambda t: t.assign(c3=t["c3"].mask(t.index == 9)),
            "entries that are no numbers",
        ),
        (lambda t: t.assign(c3="loud"), "entries that are no numbers"),
        (lambda t: t[t["utterance"] < 639], "not 370 utterances"),
        (lambda t: t.assign(speaker=1), "not 270 utterances of nine speakers"),
    ],
)
def test_vowels_that_are_off_are_refused(tmp_path, change, reason):
    path = tmp_path / "vowels.csv"
    change(pd.read_csv(VOWELS)).to_csv(path, index=False)
    assert reason in refusal(load_vowels, path)


# Sunspots -----------------------------------------------------------------------------


def test_there_is_a_number_for_each_month():
    series = load_sunspots()
    assert len(series) == 3120
    assert series["1749-01"] == 58.0
    assert (series.min(), series.max()) == (0, 253.8)
    assert series["1957-10"] == series.max()
    assert (series == 0).sum() == 66


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda t: t.drop(index=7), "not every month"),
        (lambda t: t.iloc[::-1], "not every month"),
        (lambda t: t.assign(sunspots=-1.0), "outside 0 to 300"),
        (lambda t: t.assign(sunspots="many"), "outside 0 to 300"),
    ],
)
def test_sunspots_that_are_off_are_refused(tmp_path, change, reason):
    path = tmp_path / "sunspots.csv"
    change(pd.read_csv(SUNSPOTS)).to_csv(path, index=False)
    assert reason in refusal(load_sunspots, path)


# A network of quantiles ---------------------------------------------------------------


def noisy_windows(seed: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Levels with noise around them, which grows with the level; four months in."""
    rng = np.random.default_rng(seed)
    level = rng.uniform(0, 2, size=(count, 1))
    months = level + 0.3 * level * rng.normal(size=(count, 6))
    return months[:, :4], months[:, 4:]


def quantiles(network, x) -> np.ndarray:
    """Forecasts of shape (n, 2, 3), by the formula that the docstring gives."""
    first, b, second, c = network
    changes = np.maximum(x @ first.T + b, 0) @ second.T + c
    return x[:, -1:, None] + changes.reshape(-1, 2, 3)


def test_the_network_of_quantiles_knows_how_wide_its_interval_must_be():
    x, targets = noisy_windows(0, 4000)
    fresh, came = noisy_windows(1, 4000)
    network = quantile_network(x, targets, *noisy_windows(2, 500))
    assert [part.shape for part in network] == [(16, 4), (16,), (6, 16), (6,)]
    assert {part.dtype for part in network} == {np.dtype("float64")}
    low, middle, high = np.moveaxis(quantiles(network, fresh), 2, 0)
    assert np.mean((low <= came) & (came <= high)) == pytest.approx(0.8, abs=0.08)
    assert np.mean(came < middle) == pytest.approx(0.5, abs=0.07)
    wide, order = (high - low).mean(axis=1), np.argsort(fresh.mean(axis=1))
    assert wide[order[-1000:]].mean() > 2 * wide[order[:1000]].mean()


def test_the_network_of_quantiles_is_the_same_again_and_leaves_chance_alone():
    import torch

    given = (*noisy_windows(0, 200), *noisy_windows(2, 100))
    torch.manual_seed(5)
    following = torch.rand(1)
    torch.manual_seed(5)
    one, same, other = (quantile_network(*given, seed=seed) for seed in (0, 0, 1))
    assert torch.rand(1) == following
    assert all(np.array_equal(a, b) for a, b in zip(one, same, strict=True))
    assert not np.array_equal(one[0], other[0])
    # Another training set leads elsewhere, whatever the seed.
    assert not np.array_equal(
        one[0], quantile_network(*noisy_windows(3, 200), *given[2:])[0]
    )


def test_the_network_of_quantiles_refuses_windows_that_do_not_fit():
    x, targets = noisy_windows(0, 100)
    for wrong in ((x[:-1], targets, x, targets), (x, targets, x[:, :3], targets)):
        with pytest.raises(ValueError, match="a row of targets for each row of inputs"):
            quantile_network(*wrong)
