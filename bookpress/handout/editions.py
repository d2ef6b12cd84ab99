"""The editions of the handout: which there are, their names, what they keep."""

from dataclasses import dataclass
from itertools import product

BOTH = "both"  # frameworks
SOLUTIONS = ["end", "inline", "none"]
PAPERS = ["a4", "letter"]

# What an option adds to a file's name; the default adds nothing.
SUFFIX = {"inline": "teacher", "none": "student"}

WORDS = {
    "end": "solutions at the end",
    "inline": "solutions below their exercises",
    "none": "without solutions",
}


@dataclass(frozen=True)
class Edition:
    """One handout.

    Parameters
    ----------
    framework : whose code it shows: "both", or a framework's name in small letters
    solutions : where the solutions of exercises stand, one of SOLUTIONS
    paper : size of the sheet, one of PAPERS
    part : slug of the one numbered part that it holds; all of them if empty
    """

    framework: str = BOTH
    solutions: str = "end"
    paper: str = "a4"
    part: str = ""

    def name(self, book: str) -> str:
        """File name without extension; the default's is the book's."""
        parts = [
            self.part,
            self.framework if self.framework != BOTH else "",
            SUFFIX.get(self.solutions, ""),
            self.paper if self.paper != "a4" else "",
        ]
        return "-".join([book, *filter(None, parts)])

    def words(self, frameworks: dict[str, str]) -> str:
        """What it holds, for a list of handouts; `frameworks` are names by tag."""
        shown = [
            name
            for name in frameworks.values()
            if self.framework in (BOTH, name.lower())
        ]
        text = ", ".join([*filter(None, [" and ".join(shown)]), WORDS[self.solutions]])
        return text[0].upper() + text[1:]

    @property
    def settings(self) -> dict[str, str]:
        """What differs in Sphinx's configuration."""
        return {
            "handout_framework": self.framework,
            "book_solutions": self.solutions,
            "handout_paper": self.paper,
            "handout_part": self.part,
        }


def choices(frameworks: dict[str, str]) -> list[str]:
    """Values that an edition's `framework` may have."""
    names = [name.lower() for name in frameworks.values()]
    return [BOTH, *names] if len(names) > 1 else [BOTH]


def offered(frameworks: dict[str, str]) -> list[Edition]:
    """The editions that the website offers, the default first."""
    return [
        Edition(framework, solutions)
        for solutions, framework in product(["end", "none"], choices(frameworks))
    ]
