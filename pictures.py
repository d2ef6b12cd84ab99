"""Pictures for the chapters on images: small data sets of them, with their checks."""

import zlib
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from notebook_utils import DATA, DataError

REMEDY = "put back the file that came with the book (git checkout data)"

CLOTHES = ["T-shirt", "trouser", "pullover", "dress", "coat"]
CLOTHES += ["sandal", "shirt", "sneaker", "bag", "ankle boot"]
FASHION_ARRAYS = {
    "train_images": (6000, 28, 28),
    "train_labels": (6000,),
    "test_images": (2000, 28, 28),
    "test_labels": (2000,),
}
PHOTO_ARRAYS = {
    "chelsea": (150, 150),
    "cat": (224, 224, 3),
    "cup": (224, 224, 3),
    "camera": (224, 224),
    "brick": (512, 512),
    "grass": (512, 512),
    "gravel": (512, 512),
}


def load_fashion(
    path: Path | str = DATA / "fashion.npz",
) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Load 8000 pictures of Fashion-MNIST, a tenth of its training file and a fifth of
    its test file: as `keras.datasets` does, two pairs of images and labels.

    Parameters
    ----------
    path : where the file lies

    Returns
    -------
    (train_images, train_labels), (test_images, test_labels): gray values from 0 (the
    background) to 255, uint8, of shapes (6000, 28, 28) and (2000, 28, 28); classes 0
    to 9, uint8, whose names are `CLOTHES`, 600 and 200 of each

    Raises
    ------
    DataError : the file is missing, or its arrays, shapes, types or classes are off

    Source
    ------
    Xiao, Rasul and Vollgraf (2017), MIT license.
    """
    path = Path(path)
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except FileNotFoundError:
        raise DataError(f"{path} is missing; {REMEDY}") from None
    except (ValueError, OSError, EOFError, BadZipFile, zlib.error) as error:
        reason = " ".join(str(error).split())
        raise DataError(
            f"{path} is not a file of arrays ({reason}); {REMEDY}"
        ) from None
    for name, shape in FASHION_ARRAYS.items():
        if name not in arrays:
            raise DataError(f"{path} has no array {name}; {REMEDY}")
        found = arrays[name]
        if found.shape != shape or found.dtype != np.uint8:
            raise DataError(
                f"{path}, array {name}: {found.dtype} of shape {found.shape} in place "
                f"of uint8 of shape {shape}; {REMEDY}"
            )
        counts = np.bincount(found) if found.ndim == 1 else []
        if len(set(counts)) > 1 or len(counts) not in (0, len(CLOTHES)):
            raise DataError(
                f"{path}, array {name}: not {shape[0] // len(CLOTHES)} of each of the "
                f"{len(CLOTHES)} classes; {REMEDY}"
            )
    parts = ("train", "test")
    train, test = ((arrays[f"{p}_images"], arrays[f"{p}_labels"]) for p in parts)
    return train, test


def load_photo(name: str, path: Path | str = DATA / "photos.npz") -> np.ndarray:
    """Load one of the book's photographs.

    Parameters
    ----------
    name : "cat" or "cup", in color; "camera", a man with one, "brick", "grass" or
        "gravel", in gray; or "chelsea", the face of the cat alone, small and gray
    path : where the file of photographs lies

    Returns
    -------
    values from 0 (black) to 255 (white), uint8, rows by columns, and by red, green and
    blue if it is in color. The three surfaces are of shape (512, 512), chelsea of
    (150, 150), the others of 224 rows and columns

    Raises
    ------
    ValueError : there is no photograph of that name
    DataError : the file is missing, or its arrays, shapes or types are off

    Source
    ------
    Stefan van der Walt (the cat), Rachel Michetti (the cup), Lav Varshney (the man),
    CC0Textures (the surfaces), all CC0, as packaged in scikit-image 0.26.0.
    """
    if name not in PHOTO_ARRAYS:
        raise ValueError(
            f"there is no photograph {name!r}: use one of {', '.join(PHOTO_ARRAYS)}"
        )
    path, shape = Path(path), PHOTO_ARRAYS[name]
    try:
        with np.load(path, allow_pickle=False) as file:
            photo = file[name]
    except FileNotFoundError:
        raise DataError(f"{path} is missing; {REMEDY}") from None
    except KeyError:
        raise DataError(f"{path} has no array {name}; {REMEDY}") from None
    except (ValueError, OSError, EOFError, BadZipFile, zlib.error) as error:
        reason = " ".join(str(error).split())
        raise DataError(
            f"{path} is not a file of arrays ({reason}); {REMEDY}"
        ) from None
    if photo.shape != shape or photo.dtype != np.uint8:
        raise DataError(
            f"{path}, array {name}: {photo.dtype} of shape {photo.shape} in place of "
            f"uint8 of shape {shape}; {REMEDY}"
        )
    return photo
