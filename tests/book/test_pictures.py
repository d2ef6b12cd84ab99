"""The pictures that come with the book are whole, or the loader says what is off."""

import numpy as np
import pytest
from this_book import ROOT

from notebook_utils import DataError
from pictures import CLOTHES, load_fashion, load_photo

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


# Photographs --------------------------------------------------------------------------


def refused_photo(path) -> str:
    with pytest.raises(DataError) as error:
        load_photo("chelsea", path)
    message = str(error.value)
    assert str(path) in message
    assert "git checkout data" in message
    assert "\n" not in message
    return message


def test_the_cat_is_a_gray_picture_with_dark_and_light_places():
    cat = load_photo("chelsea")
    assert cat.shape == (150, 150)
    assert cat.dtype == np.uint8
    assert cat.min() < 30
    assert cat.max() > 180


@pytest.mark.parametrize("name", ["cat", "cup"])
def test_the_cat_and_the_cup_are_in_color(name):
    photo = load_photo(name)
    assert photo.shape == (224, 224, 3)
    assert np.abs(photo.mean((0, 1)) - photo.mean()).max() > 10


def test_the_man_is_gray():
    assert load_photo("camera").shape == (224, 224)


def test_the_surfaces_are_three_different_photographs():
    photos = [load_photo(name) for name in ("brick", "grass", "gravel")]
    assert {photo.shape for photo in photos} == {(512, 512)}
    assert (
        np.abs(np.corrcoef([photo.ravel() for photo in photos]) - np.eye(3)).max() < 0.1
    )


def test_an_unknown_photograph_is_refused_with_the_names_there_are():
    with pytest.raises(ValueError, match="no photograph 'dog': use one of chelsea"):
        load_photo("dog")


def test_a_missing_file_of_photographs_is_named(tmp_path):
    assert "is missing" in refused_photo(tmp_path / "photos.npz")


def test_a_file_of_photographs_cut_short_is_named(tmp_path):
    path = tmp_path / "photos.npz"
    path.write_bytes((ROOT / "data" / "photos.npz").read_bytes()[:5000])
    assert "is not a file of arrays" in refused_photo(path)


@pytest.mark.parametrize(
    ("arrays", "reason"),
    [
        ({"cat": np.zeros((150, 150), "uint8")}, "has no array chelsea"),
        ({"chelsea": np.zeros((15, 15), "uint8")}, "uint8 of shape (15, 15)"),
        ({"chelsea": np.zeros((150, 150))}, "float64 of shape (150, 150)"),
    ],
)
def test_a_photograph_that_is_off_is_named(tmp_path, arrays, reason):
    path = tmp_path / "photos.npz"
    np.savez(path, **arrays)
    assert reason in refused_photo(path)
