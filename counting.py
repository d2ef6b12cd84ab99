"""Lines that count in words, for the chapter on attention: text, signs and n-grams."""

from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np

END = "\n"  # stands at the end of a line, and is what a line is begun from
SIGNS = END + " ,-defghilnorstuvwxyz"
LENGTH = 57  # signs of the longest line, its end included

# fmt: off
_ONES = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine",
    "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen",
    "seventeen", "eighteen", "nineteen",
]
_TENS = [
    "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
]
# fmt: on
_PLACE = {sign: place for place, sign in enumerate(SIGNS)}


def in_words(number: int) -> str:
    """A number from 0 to 999 in words, as Americans write it: three hundred nine.

    Raises
    ------
    ValueError : a number outside of that range
    """
    if not 0 <= number <= 999:
        raise ValueError(f"{number} has no words here: use a number from 0 to 999")
    hundreds, rest = divmod(number, 100)
    words = [_ONES[hundreds], "hundred"] if hundreds else []
    if rest >= 20:
        tens, ones = divmod(rest, 10)
        words.append(_TENS[tens - 2] + (f"-{_ONES[ones]}" if ones else ""))
    elif rest or not hundreds:
        words.append(_ONES[rest])
    return " ".join(words)


def counting_line(number: int) -> str:
    """A number from 0 to 998 and the next one: three hundred nine, three hundred ten"""
    return f"{in_words(number)}, {in_words(number + 1)}"


def split_lines(seed: int = 0) -> tuple[list[str], list[str], list[str]]:
    """All 999 lines in random order, cut into three parts.

    Parameters
    ----------
    seed : of the order

    Returns
    -------
    training, validation and test lines: 749, 50 and 200 of them
    """
    order = np.random.default_rng(seed).permutation(999)
    lines = [counting_line(int(number)) for number in order]
    return lines[250:], lines[200:250], lines[:200]


def encode(text: str) -> np.ndarray:
    """The places of a text's signs in `SIGNS`, int64.

    Raises
    ------
    ValueError : a sign that no line has
    """
    try:
        return np.array([_PLACE[sign] for sign in text], dtype="int64")
    except KeyError as error:
        raise ValueError(
            f"{error.args[0]!r} stands in no line: use small letters, spaces, commas "
            "and hyphens"
        ) from None


def decode(places: Sequence[int]) -> str:
    """The text whose signs have these places in `SIGNS`."""
    return "".join(SIGNS[int(place)] for place in places)


def shifted(lines: Sequence[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What a causal model reads of some lines, what it has to say, and where.

    Parameters
    ----------
    lines : n lines without their end

    Returns
    -------
    three arrays of shape (n, 57): the places of the signs it reads, an end before each
    line; those of the next signs, up to an end after each line; and a mask, True where
    there is a line, False in the padding behind
    """
    read = np.full((len(lines), LENGTH), _PLACE[END], dtype="int64")
    said, real = read.copy(), np.zeros(read.shape, dtype=bool)
    for row, line in enumerate(lines):
        places = encode(line + END)
        read[row, 1 : len(places)] = places[:-1]
        said[row, : len(places)] = places
        real[row, : len(places)] = True
    return read, said, real


def after_comma(lines: Sequence[str]) -> np.ndarray:
    """A mask of shape (n, 57): True where the second number of a line is to be said,
    with the space before it and the end after it."""
    mask = np.zeros((len(lines), LENGTH), dtype=bool)
    for row, line in enumerate(lines):
        mask[row, line.index(",") + 1 : len(line) + 1] = True
    return mask


class NGrams:
    """Counts of which sign follows which few, with Witten and Bell's smoothing.

    A context that has been seen N times, followed by D different signs, gives the
    share D / (N + D) to what the context without its first sign says, and so on down
    to all signs alike.

    Parameters
    ----------
    lines : to count in
    longest : how many signs it looks back at most

    Source
    ------
    Witten and Bell (1991), method C.
    """

    def __init__(self, lines: Sequence[str], longest: int) -> None:
        self.longest = longest
        self.counts: dict[str, Counter] = defaultdict(Counter)
        for line in lines:
            text = END + line + END
            for at in range(1, len(text)):
                for back in range(min(longest, at) + 1):
                    self.counts[text[at - back : at]][text[at]] += 1

    def probabilities(self, before: str) -> np.ndarray:
        """The probabilities of all next signs, of shape (longest + 1, 22): looking 0,
        1, 2 and more signs back into `before`, which begins with an end."""
        rows = [np.full(len(SIGNS), 1 / len(SIGNS))]
        for back in range(self.longest + 1):
            seen = self.counts.get(before[len(before) - back :])
            if back <= len(before) and seen:
                now = len(seen) * rows[-1]
                for sign, count in seen.items():
                    now[_PLACE[sign]] += count
                rows.append(now / (len(seen) + seen.total()))
            else:
                rows.append(rows[-1])
        return np.array(rows[1:])

    def bits(self, line: str) -> np.ndarray:
        """Minus log2 of the probability of each sign of a line and of its end, of
        shape (longest + 1, signs): looking 0, 1, 2 and more signs back."""
        text = END + line + END
        columns = [
            -np.log2(self.probabilities(text[:at])[:, _PLACE[text[at]]])
            for at in range(1, len(text))
        ]
        return np.array(columns).T
