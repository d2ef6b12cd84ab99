"""Hold the numbers in prose to the run of the code beside them.

A number in prose is covered by a comment line of the page, invisible in every output:

    % holds: 3.6534 = w_star; 4.942 \\cdot 10^{-5} = 2 / curvature
    % given: 0.05, 1 024

`holds` evaluates a Python expression in the chapter's namespace, after the code cell
above it, and compares to the digits that are shown; `given` names numbers that come
from nowhere in the run (a choice, a literature value). Decimals, powers of ten and
integers from 100 on need one or the other; years do not. Numbers of sections and
chapters need a link that makes them, `{numref}`, and nothing else covers them.
Numbers of a claim (`claims.py`) are covered by its comment.

The answer of a box that asks for a prediction (`predictions.py`) is held, too. It
stands above the cells that give it, so it is evaluated when all have run. Its choices
are guesses and need no cover; numbers in its replies are covered anywhere on the page.
"""

import re
from dataclasses import dataclass, field

from bookpress.cells import Piece, pieces
from bookpress.checks import predictions

# A minus may be typed as a hyphen, as the sign, or in mathematics.
SPACES = " \N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{THIN SPACE}"  # of thousands
MANTISSA = rf"[-−]?\d+(?:[{SPACES}]\d{{3}})*(?:\.\d+)?"
POWER = r"(?:\s*\\(?:cdot|times)\s*10\^\{?-?\d+\}?)?"
NUMBER = re.compile(rf"(?<![\w.\\]){MANTISSA}{POWER}(?![\w])|10\^\{{?-?\d+\}}?")
COMMENT = re.compile(r"^% (holds|given|claim): (.*)$", flags=re.M)
# Sections of one chapter, or a word with a number, as nobody should type them
PLACES = re.compile(
    r"\b([1-9]\d?)\.[1-9]\d? (?:to|and) \1\.[1-9]\d?\b"
    r"|\b(?:Section|Chapter)s? \d[.\d]*"
)
DRAWING = re.compile(r"^(`{3,}|:{3,})\{tikz\}.*?^\1[ ]*$", flags=re.M | re.S)


@dataclass
class Held:
    """A number in the prose with the expression that it must equal."""

    text: str
    expression: str
    line: int
    found: float | None = None
    error: str = ""

    @property
    def holds(self) -> bool:
        """Whether the number equals the value found, to the digits that it shows."""
        if self.found is None:
            return False
        value, unit = read_number(self.text)
        return abs(value - self.found) <= 0.5 * unit * (1 + 1e-9)


@dataclass
class Answer(Held):
    """What a prediction is held against: a number, or words with what makes them true.

    The expression is evaluated when somebody asks, in the namespace as it is by then.
    """

    is_number: bool = True
    namespace: dict | None = field(default=None, repr=False)

    @property
    def holds(self) -> bool:
        if self.namespace is not None:
            find(self, self.namespace)
        if self.is_number:
            return super().holds
        if self.found not in (None, 1):
            self.error = "not true"
        return self.found == 1


def read_number(text: str) -> tuple[float, float]:
    """Value of a number as printed, and the unit of its last digit."""
    text = re.sub(rf"[{SPACES}$]", "", text.replace("−", "-"))
    match = re.fullmatch(r"10\^\{?(-?\d+)\}?", text)
    if match:
        return 10.0 ** int(match[1]), 0.0
    mantissa, _, power = re.sub(r"\\(?:cdot|times)10\^", "e", text).partition("e")
    scale = 10.0 ** int(power.strip("{}") or 0) if power else 1.0
    decimals = len(mantissa.partition(".")[2])
    return float(mantissa) * scale, 10.0**-decimals * scale


def held_in(prose: Piece) -> list[Held]:
    """The numbers that a stretch of prose holds to the run."""
    found = []
    for comment in COMMENT.finditer(prose.text):
        if comment[1] == "holds":
            line = prose.line + prose.text.count("\n", 0, comment.start())
            found += parts_of(comment[2], line)
    for box in predictions.boxes_in(prose.text, prose.line):
        if box.expression:
            held = box.answer, box.expression, box.answer_line
            found.append(Answer(*held, is_number=box.kind == "number"))
    return found


def parts_of(comment: str, line: int) -> list[Held]:
    """The numbers of a comment, each with its expression."""
    parts = (part.partition("=") for part in comment.split(";"))
    return [Held(text.strip(), right.strip(), line) for text, _, right in parts]


def uncovered_numbers(page: str) -> list[str]:
    """Numbers in a page's prose that no comment covers, with their lines.

    A comment covers the numbers between the code cells (or the page's ends) around it,
    each as often as it stands there.
    """
    missing, replies, known = [], [], set()
    for piece in pieces(page):
        if piece.kind != "prose":
            continue
        text = DRAWING.sub(blank, predictions.BOX.sub(without_guesses, piece.text))
        covered, held = set(), {number.text for number in held_in(piece)}
        for box in predictions.boxes_in(piece.text, piece.line):
            replies += box.replies
            guesses = " ".join([*box.choices, box.answer])
            known.update(map(read_number, numbers_in(guesses)))
        for comment in COMMENT.finditer(text):
            parts = re.split(r"[;,]" if comment[1] == "given" else ";", comment[2])
            for part in parts[comment[1] == "claim" :]:  # it begins with a name
                covered.add(read_number(part.partition("=")[0].strip()))
        for line, content in enumerate(text.split("\n"), piece.line):
            for place in places_in(content):
                if not held.issuperset(NUMBER.findall(place)):
                    missing.append(f"line {line}: {place}, by hand; use {{numref}}")
            for number in numbers_in(content):
                if read_number(number) not in covered:
                    missing.append(f"line {line}: {number}")
        known |= covered
    for reply in replies:
        for number in numbers_in(reply.words):
            if read_number(number) not in known:
                missing.append(f"line {reply.line}: {number}")
    return missing


def blank(part: re.Match) -> str:
    """Empty lines, as many as a part of a page has."""
    return "\n" * part[0].count("\n")


def without_guesses(box: re.Match) -> str:
    """A box without its choices."""
    return re.sub(r"^[-*] .*(\n +\S.*)*", blank, box[0], flags=re.M)


def words_of(line: str) -> str:
    """A line without comments, options, roles, links and code."""
    if line.startswith("% ") or re.match(r"\s*:[\w-]+:", line):
        return ""
    line = re.sub(r"\{[\w:-]+\}`[^`]*`", "", line)
    return re.sub(r"\]\([^)]*\)|<[^>]*>|`[^`]*`", "", line)


def places_in(line: str) -> list[str]:
    """The sections and chapters that a line names by their numbers."""
    return [match[0] for match in PLACES.finditer(words_of(line))]


def numbers_in(line: str) -> list[str]:
    """The numbers of a line that need cover."""
    found = []
    for match in NUMBER.finditer(words_of(line)):
        text = match[0]
        year = re.fullmatch(r"1[89]\d\d|20[0-3]\d", text)
        large = "." in text or "10^" in text or abs(read_number(text)[0]) >= 100
        if large and not year:
            found.append(text)
    return found


def evaluate(held: Held, namespace: dict) -> None:
    """Find the value of a number's expression, or why there is none.

    What an answer stands for is found later, in what the namespace is then.
    """
    if isinstance(held, Answer):
        held.namespace = namespace
    else:
        find(held, namespace)


def find(held: Held, namespace: dict) -> None:
    try:
        held.found = float(eval(held.expression, namespace))
    except Exception as error:
        held.error = f"{type(error).__name__}: {error}"
