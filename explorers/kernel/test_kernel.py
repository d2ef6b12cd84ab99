"""A kernel on a picture: JavaScript's sums are NumPy's and the two libraries'."""

import numpy as np
import pytest
from colors import contrast
from explorer_pages import in_node

from explorers.kernel import KERNELS, Kernel, brightest, fraction, slide
from pictures import load_photo

MODULE = "kernel/sliding.js"
BORDERS = ("zeros", "repeat")


@pytest.fixture(scope="module")
def cat() -> np.ndarray:
    photo = load_photo("chelsea")[22:, 22:]
    return photo.reshape(64, 2, 64, 2).mean(axis=(1, 3)).astype("uint8")


def drawn_kernels(count: int) -> list[np.ndarray]:
    normal = np.random.default_rng(0).normal(size=(count, 9))
    return [np.array(kernel, float) for kernel in KERNELS.values()] + list(normal)


@pytest.mark.parametrize("border", BORDERS)
def test_kernel_makes_the_picture_that_numpy_makes(cat, border):
    small = np.random.default_rng(1).integers(0, 256, (5, 7)).astype(np.uint8)
    for picture in (cat, small, small[:1], small[:, :1]):
        calls, wanted = [], []
        for weights in drawn_kernels(6):
            for bias in (0.0, -12.5):
                pixels = picture.ravel().tolist()
                columns = picture.shape[1]
                calls.append([pixels, columns, weights.tolist(), bias, border])
                wanted.append(slide(picture, weights, bias, border))
        answers = in_node(MODULE, "slide", *calls)
        assert (
            np.abs(np.array(answers) - np.reshape(wanted, (len(calls), -1))).max()
            < 1e-9
        )
        shown = in_node(MODULE, "brightest", *([answer] for answer in answers))
        assert np.allclose(shown, [brightest(w) for w in wanted], rtol=1e-12)


def test_kernel_shows_the_patch_that_numpy_cuts_out(cat):
    for border in BORDERS:
        places = [(0, 0), (0, 63), (63, 0), (63, 63), (0, 9), (20, 31)]
        calls = [[cat.ravel().tolist(), 64, u, v, border] for u, v in places]
        answers = in_node(MODULE, "patch", *calls)
        for (u, v), answer in zip(places, answers, strict=True):
            figure = Kernel(cat, row=u, column=v, border=border, bias=3.0)
            assert answer == figure.patch().ravel().tolist()
            # The nine products and the bias are the result at this place.
            total = np.dot(answer, figure.weights) + 3
            assert np.isclose(total, figure.result()[u, v], rtol=1e-12)


def test_kernel_is_the_layer_of_both_libraries(cat):
    """With zeros around, as they pad; neither turns the kernel over."""
    keras, torch = pytest.importorskip("keras"), pytest.importorskip("torch")
    for weights in drawn_kernels(3):
        wanted = slide(cat, weights, 2.5)
        image, kernel = cat.astype("float32"), weights.reshape(3, 3).astype("float32")
        by_torch = torch.nn.functional.conv2d(
            torch.tensor(image)[None, None],
            torch.tensor(kernel)[None, None],
            torch.tensor([2.5]),
            padding=1,
        )
        by_keras = keras.ops.conv(
            image[None, :, :, None], kernel[:, :, None, None], padding="same"
        )
        most = np.abs(wanted).max()
        assert np.abs(by_torch[0, 0].numpy() - wanted).max() < 1e-6 * most
        found = keras.ops.convert_to_numpy(by_keras)[0, :, :, 0] + 2.5
        assert np.abs(found - wanted).max() < 1e-6 * most


def test_kernel_does_what_its_names_say(cat):
    even, ramp = np.full((6, 6), 90, np.uint8), np.tile(np.arange(6, dtype=np.uint8), 6)
    ramp = ramp.reshape(6, 6)  # brighter to the right
    for name, weights in KERNELS.items():
        level = slide(even, weights, border="repeat")
        kept = name in ("identity", "blur", "sharpen")
        assert np.allclose(level, 90 if kept else 0)
    inside = (slice(1, -1), slice(1, -1))
    assert np.all(slide(ramp, KERNELS["across"])[inside] == 8)
    assert np.all(slide(ramp[:, ::-1], KERNELS["across"])[inside] == -8)
    assert np.all(slide(ramp.T, KERNELS["down"])[inside] == 8)
    assert np.all(slide(ramp, KERNELS["down"])[inside] == 0)
    assert np.all(slide(ramp, KERNELS["laplace"])[inside] == 0)
    # Half of what an edge kernel finds in the photograph lies below zero.
    assert 0.4 < np.mean(slide(cat, KERNELS["across"]) < 0) < 0.6


def test_numbers_are_written_and_read_in_both_languages():
    values = [0, 1, -1, 2.5, -0.25, 1 / 9, -2 / 9, 1 / 3, 1 / 16, 5 / 8, 0.123456]
    values += [441, -1020, 1e-9, -0.004, 99.999, 123.456, 123.96, 25.19, 12 + 1 / 9]
    texts = in_node(MODULE, "fraction", *([value] for value in values))
    assert texts == [fraction(value) for value in values]
    assert texts[:9] == ["0", "1", "−1", "2.5", "−0.25", "1/9", "−2/9", "1/3", "1/16"]
    values += np.random.default_rng(0).normal(size=50).tolist()
    plain = in_node(MODULE, "plainly", *([value] for value in values))
    again = in_node(MODULE, "read", *([text, 2000] for text in plain))
    assert np.allclose(again, values, rtol=1e-12, atol=1e-12)
    wrong = ["", " ", "-", "x", "1/", "/2", "1/0", "1/2/3", "100", "-100", "1,5"]
    assert in_node(MODULE, "read", *([text, 99] for text in wrong)) == [None] * 11
    typed = [["−1/9", 99], [" 2 ", 99], [".5", 99], ["-1e1", 99]]
    assert in_node(MODULE, "read", *typed) == [-1 / 9, 2, 0.5, -10]


def test_colors_stand_out_from_the_words_on_them():
    """Black on light and white on dark; the darker half of the way to orange too."""
    shares = (np.arange(201) / 100 - 1).tolist()
    shades = in_node("kit/pixels.js", "color", *([share] for share in shares))
    inks = in_node("kit/pixels.js", "ink", *([shade] for shade in shades))
    for shade, ink in zip(shades, inks, strict=True):
        ground = np.array(shade) / 255
        assert contrast(ground, np.full(3, float(ink == "#ffffff"))) >= 4.5


def test_a_picture_that_is_none_is_refused(cat):
    with pytest.raises(ValueError, match="gray values as uint8"):
        Kernel(cat / 255)
    with pytest.raises(ValueError, match="gray values as uint8"):
        Kernel(np.zeros((3, 3, 3), np.uint8))
    with pytest.raises(ValueError, match="outside of the picture"):
        Kernel(cat, row=64)
    with pytest.raises(ValueError, match="pass 3 × 3"):
        Kernel(cat, learned=np.zeros(4))
    learned = Kernel(cat, learned=np.full((3, 3), -0.123)).learned
    assert learned == [-0.12] * 9
    assert np.array_equal(Kernel(cat).picture(), cat)
