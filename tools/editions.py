"""The editions of the handout: which there are, their names, what they keep."""

from dataclasses import dataclass
from itertools import product

BOOK = "deep-learning-basics"

FRAMEWORKS = ["both", "keras", "pytorch"]
SOLUTIONS = ["end", "inline", "none"]
PAPERS = ["a4", "letter"]

# What an option adds to a file's name; the default adds nothing.
SUFFIX = {"inline": "teacher", "none": "student"}


@dataclass(frozen=True)
class Edition:
    """One handout.

    Parameters
    ----------
    framework : whose code it shows, one of FRAMEWORKS
    solutions : where the solutions of exercises stand, one of SOLUTIONS
    paper : size of the sheet, one of PAPERS
    """

    framework: str = "both"
    solutions: str = "end"
    paper: str = "a4"

    @property
    def name(self) -> str:
        """File name without extension; the default's is the book's."""
        parts = [
            self.framework if self.framework != "both" else "",
            SUFFIX.get(self.solutions, ""),
            self.paper if self.paper != "a4" else "",
        ]
        return "-".join([BOOK, *filter(None, parts)])

    @property
    def settings(self) -> dict[str, str]:
        """What differs in Sphinx's configuration."""
        return {
            "handout_framework": self.framework,
            "book_solutions": self.solutions,
            "handout_paper": self.paper,
        }


# Those that the website offers, the default first
OFFERED = [
    Edition(framework, solutions)
    for solutions, framework in product(["end", "none"], FRAMEWORKS)
]
