"""The pictures that come with the book are whole, or the loader says what is off."""

import numpy as np
import pytest
from this_book import ROOT

from notebook_utils import DataError
from pictures import CLOTHES, load_fashion

FILE = ROOT / "data" / "fashion.npz"


def damaged(folder, **changes):
    with np.load(FILE) as file:
        arrays = {name: file[name] for name in file.files} | changes
    path = folder / "fashion.npz"
    np.savez(path, **{name: a for name, a in arrays.items() if a is not None})
    return path


def refusal(path) -> str:
    with pytest.raises(DataError) as error:
        load_fashion(path)
    message = str(error.value)
    assert str(path) in message
    assert "git checkout data" in message
    assert "\n" not in message
    return message


def test_the_clothes_are_as_many_of_each_class_as_told():
    (train, train_labels), (test, test_labels) = load_fashion()
    assert (train.shape, test.shape) == ((6000, 28, 28), (2000, 28, 28))
    assert train.dtype == test.dtype == np.uint8
    assert np.bincount(train_labels).tolist() == len(CLOTHES) * [600]
    assert np.bincount(test_labels).tolist() == len(CLOTHES) * [200]


def test_no_picture_comes_twice_nor_in_both_parts():
    (train, _), (test, _) = load_fashion()
    seen = {image.tobytes() for image in np.concatenate([train, test])}
    assert len(seen) == 8000


def test_a_missing_file_is_named(tmp_path):
    assert "is missing" in refusal(tmp_path / "fashion.npz")


def test_a_file_cut_short_is_named(tmp_path):
    path = tmp_path / "fashion.npz"
    path.write_bytes(FILE.read_bytes()[:100_000])
    assert "is not a file of arrays" in refusal(path)


def test_a_damaged_picture_is_noticed(tmp_path):
    whole = bytearray(FILE.read_bytes())
    whole[1_000_000:1_000_100] = bytes(100)
    path = tmp_path / "fashion.npz"
    path.write_bytes(whole)
    assert "is not a file of arrays" in refusal(path)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"test_labels": None}, "has no array test_labels"),
        ({"test_images": np.zeros((2000, 14, 14), "uint8")}, "shape (2000, 14, 14)"),
        ({"train_images": np.zeros((6000, 28, 28))}, "float64 of shape"),
        ({"test_labels": np.zeros(2000, "uint8")}, "not 200 of each of the 10 classes"),
    ],
)
def test_an_array_that_is_off_is_named(tmp_path, changes, reason):
    assert reason in refusal(damaged(tmp_path, **changes))
