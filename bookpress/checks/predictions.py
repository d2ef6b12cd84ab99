"""What an author writes into a box that asks for a prediction.

    :::{div} predict
    :name: predict:turns
    How often does the rule turn the line before it stops?

    - never
    - about ten times

    % answer: about ten times = 5 < turns < 50
    % reply: never -> The classes overlap at the start, so it has to turn.
    :::

The text is read here for all who need it: the page (`content/predictions.py`), and the
checks, which hold the answer to the run (`numbers.py`). With a list the question is a
choice; without one, an answer that begins with a number makes it a `number`, any other
a line of `words`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

BOX = re.compile(
    r"^(?P<fence>:{3,})\{div\} predict *\n(?P<body>.*?)^(?P=fence) *$", re.M | re.S
)
KEYS = ("answer", "reply", "near", "until", "because")
LINE = re.compile(rf"% ({'|'.join(KEYS)}):(?:\s+(.*))?$")

# A number with spaces between thousands, and what it counts
AMOUNT = re.compile(
    "(?P<number>[-−]?\\d+(?:[ \N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}"
    "\N{THIN SPACE}]\\d{3})*(?:\\.\\d+)?)(?!\\w)\\s*(?P<unit>.*)"
)

# Words up to a sign; a formula and code may have the sign, too
UP_TO = r"((?:\$[^$]*\$|`[^`]*`|[^$`])*?)"
EQUALS, ARROW = (re.compile(rf"{UP_TO}\s*(?:^|\s){sign}\s(.*)") for sign in ("=", "->"))

FOLDED = str.maketrans(
    {
        **dict.fromkeys("‘’‚′", "'"),
        **dict.fromkeys("“”„″", '"'),
        **dict.fromkeys("‐‑–—−", "-"),
        **dict.fromkeys(
            "\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{THIN SPACE}", " "
        ),
    }
)


@dataclass
class Reply:
    """What a box says to those who have guessed.

    Parameters
    ----------
    to : the place of a choice among all, from 0 on; None for everybody
    words : with inline markup
    line : of the page
    """

    to: int | None
    words: str
    line: int


@dataclass
class Box:
    """A question to the reader, with its answer.

    Parameters
    ----------
    line : of the page, where the text of the box begins
    choices : what a reader may choose, with inline markup
    answer : in words; for a number, the number
    unit : what the number counts; may be empty
    expression : what must hold for the answer, or give its number
    because : why no run has to show it
    near : how far off a number may be and still be right; None for a tenth of it
    until : label of the last block that is covered
    answer_line : of the page
    faults : lines of the page with what is wrong there
    """

    line: int
    choices: list[str] = field(default_factory=list)
    answer: str = ""
    unit: str = ""
    expression: str = ""
    because: str = ""
    near: float | None = None
    until: str = ""
    replies: list[Reply] = field(default_factory=list)
    answer_line: int = 0
    faults: list[tuple[int, str]] = field(default_factory=list)

    @property
    def kind(self) -> str:
        if self.choices:
            return "choice"
        return "number" if AMOUNT.fullmatch(self.answer) else "words"

    @property
    def right(self) -> int | None:
        """The place of the right choice."""
        return self.place(self.answer)

    def place(self, words: str) -> int | None:
        """The place of a choice; how its quotes and dashes are typed is the same."""
        known = [folded(choice) for choice in self.choices]
        return known.index(folded(words)) if folded(words) in known else None


def folded(words: str) -> str:
    """Words, whichever way quotes, dashes, spaces and capitals are typed."""
    return " ".join(words.translate(FOLDED).casefold().split()).rstrip(".")


def boxes_in(text: str, line: int) -> Iterator[Box]:
    """The boxes in a stretch of a page.

    Parameters
    ----------
    text : the stretch
    line : of the page, where it begins
    """
    for found in BOX.finditer(text):
        first = line + text.count("\n", 0, found.start("body"))
        yield read(found["body"].split("\n"), first)


def read(lines: list[str], line: int) -> Box:
    """Read what stands in a box.

    Parameters
    ----------
    lines : its lines, options and comments among them
    line : of the page, of the first of them
    """
    box, told = Box(line), []
    in_list = False
    for at, text in enumerate(lines, line):
        if match := LINE.match(text):
            told.append((at, match[1], (match[2] or "").strip()))
        elif match := re.match(r"[-*] +(.*)", text):
            box.choices.append(match[1].strip())
            in_list = True
            continue
        elif in_list and re.match(r" +\S", text):
            box.choices[-1] += " " + text.strip()
            continue
        in_list = False
    for at, key, words in told:
        take(box, at, key, words)
    if not box.answer:
        box.faults.append((line, "the box has no answer; write % answer: below it"))
    elif box.choices and box.right is None:
        fault = f"the answer {box.answer!r} is none of the choices"
        box.faults.append((box.answer_line, fault))
    elif not (box.expression or box.because):
        fault = (
            "nothing holds the answer; write it as % answer: WORDS = EXPRESSION, or "
            "say in % because: why no run has to show it"
        )
        box.faults.append((box.answer_line, fault))
    elif box.kind == "number" and not box.expression:
        fault = (
            f"nothing gives the number {box.answer}; write {box.answer} = EXPRESSION"
        )
        box.faults.append((box.answer_line, fault))
    return box


def take(box: Box, line: int, key: str, words: str) -> None:
    """Take what one comment of a box says."""
    if key == "reply":
        to, said = split(ARROW, words)
        place = box.place(to) if to else None
        if not said:
            box.faults.append((line, "a reply is written % reply: CHOICE -> WORDS"))
        elif to and place is None:
            box.faults.append(
                (line, f"the reply is to {to!r}, which is none of the choices")
            )
        else:
            box.replies.append(Reply(place, said, line))
    elif key == "answer":
        box.answer_line = line
        box.answer, box.expression = split(EQUALS, words)
        amount = AMOUNT.fullmatch(box.answer)
        if amount and not box.choices:
            box.answer, box.unit = amount["number"], amount["unit"]
    elif key == "near":
        try:
            box.near = float(words)
        except ValueError:
            box.faults.append((line, f"near is {words!r}; it must be a number"))
    else:
        setattr(box, key, words)


def split(sign: re.Pattern, words: str) -> tuple[str, str]:
    """What stands before a sign and after it; the latter may be missing."""
    found = sign.match(words)
    return (found[1].strip(), found[2].strip()) if found else (words, "")
