"""The data card says what the files hold."""

import re

import numpy as np
import pytest
from this_book import ROOT

from notebook_utils import load_boston, load_iris
from pictures import CLOTHES, load_fashion

CARD = (ROOT / "data" / "README.md").read_text("utf8")


def rows_of(column: str) -> list[str]:
    (line,) = re.findall(rf"^\| {re.escape(column)} \|.*$", CARD, flags=re.M)
    return [cell.strip() for cell in line.strip("|").split("|")]


@pytest.mark.parametrize("column", load_boston().columns)
def test_the_card_has_the_mean_and_the_range_of_each_boston_column(column):
    data = load_boston()[column]
    for text, value in zip(
        rows_of(column)[-3:], [data.mean(), data.min(), data.max()], strict=True
    ):
        assert f"{value:.{len(text.partition('.')[2])}f}" == text


@pytest.mark.parametrize("column", load_iris().columns[:-1])
def test_the_card_has_the_mean_and_the_range_of_each_iris_column(column):
    data = load_iris()[column]
    for text, value in zip(
        rows_of(column.removesuffix(" (cm)"))[-3:],
        [data.mean(), data.min(), data.max()],
        strict=True,
    ):
        assert f"{value:.{len(text.partition('.')[2])}f}" == text


def test_the_oddities_of_boston_are_as_told():
    boston = load_boston()
    assert f"There are {len(boston)} rows" in CARD
    assert not boston.duplicated().any()
    assert (boston["PRICE"] == 50).sum() == 16
    assert "Sixteen rows" in CARD
    shared = (boston["TAX"] == 666) & (boston["INDUS"] == 18.1)
    assert f"{shared.sum()} rows share TAX 666 and INDUS 18.1" in CARD


def test_the_oddities_of_iris_are_as_told():
    iris = load_iris()
    assert f"There are {len(iris)} rows" in CARD
    assert iris.iloc[34, 3] == 0.2
    assert iris.iloc[37, 1:3].tolist() == [3.6, 1.4]
    assert iris.index[iris.duplicated(keep=False)].tolist() == [101, 142]
    assert iris["target"].is_monotonic_increasing


def test_the_oddities_of_the_clothes_are_as_told():
    (train, labels), (test, test_labels) = load_fashion()
    assert f"holds {len(train) + len(test)} pictures" in CARD
    for k, name in enumerate(CLOTHES):
        assert f"{k} {name}" in CARD
    assert round(np.mean(train == 0), 2) == 0.5
    assert "Half of all pixels are 0" in CARD
    assert f"the mean is {train.mean():.0f} of 255" in CARD
    known, asked = (a.reshape(len(a), -1).astype("float64") for a in (train, test))
    distance = (known**2).sum(axis=1) - 2 * asked @ known.T
    right = np.mean(labels[distance.argmin(axis=1)] == test_labels)
    assert f"right for {100 * right:.1f} %" in CARD
