"""Claims: what rests on training or chance is repeated over draws before it is said.

A sentence that says that something is better, enough, usual or never so is followed by
a comment line that no output shows:

    % claim: all_points_right; 16 = held; 20 = draws; 0.98 = median

The name is that of an experiment in the file of claims that belongs to the page,
`claims/mlp.py` for `book/mlp.md`, a function of the draw's number:

    @claim(draws=20)
    def all_points_right(draw):
        '''After 500 steps of Adam at rate 0.01, all 200 points are on their side.'''
        keras.utils.set_random_seed(draw)
        ...
        return share == 1, share

It returns whether the claim holds in this draw and, if it measures something, a number.
Where the page repeats the experiment itself, the name is a variable of the page with
one outcome for each draw. The numbers are those of the result: `held` of `draws`, the
`share` in percent, and of what was measured the `median` and the quantiles of 10 and
90 %, `low` and `high`, or the `mean` with its standard `error`. They must stand in the
paragraph above, and equal the result to the digits shown. A claim that holds in fewer
than 95 % is told with `held` of `draws`, its `share`, `low` and `high`, or `mean` and
`error`.

`make claims` runs what is new or has changed and writes `claims/record.json`, under a
key made of the experiment's code and of what that uses.
"""

import ast
import functools
import json
import math
import os
import re
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from bookpress import stale
from bookpress.cells import Piece, code_of, pieces
from bookpress.checks.numbers import COMMENT, Held, evaluate, parts_of
from bookpress.execution.uses import Module, data_files, used_by
from bookpress.pages import file_name
from bookpress.requirements import lines_of
from bookpress.settings import settings

FOLDER, RECORD = "claims", "record.json"
FEWEST = 10  # draws
SURE = 95  # percent; below that a sentence says how often


def claim(draws: int) -> Callable[[Callable], Callable]:
    """Mark an experiment: a function of the number of the draw, 0, 1, ...

    Parameters
    ----------
    draws : how often it is repeated, at least ten times

    Raises
    ------
    ValueError : fewer draws
    """
    if draws < FEWEST:
        raise ValueError(f"a claim takes {FEWEST} draws or more, not {draws}")

    def mark(experiment: Callable) -> Callable:
        experiment.draws = draws
        return experiment

    return mark


def shared(work: Callable) -> Callable:
    """Compute once what several experiments use, and charge each of them for it.

    Without that, all but the first would seem to take no time, and the tests, which
    repeat what is cheap, would repeat them.

    Parameters
    ----------
    work : a function of hashable arguments, such as the training of many networks
    """
    kept = {}

    @functools.wraps(work)
    def once(*arguments: object, **named: object) -> object:
        asked = arguments, tuple(sorted(named.items()))
        if asked not in kept:
            outer, earlier, shared.parts = shared.parts, set(shared.done), {}
            start = time.monotonic()
            result = work(*arguments, **named)
            parts, shared.parts = shared.parts, outer
            inner = sum(parts[part] for part in parts if part in shared.done - earlier)
            parts[once, asked] = time.monotonic() - start - inner
            shared.done.add((once, asked))
            kept[asked] = result, parts
        result, parts = kept[asked]
        shared.parts |= parts
        return result

    return once


def clear() -> None:
    """Begin an experiment: it has done and used no shared work yet."""
    shared.parts, shared.done = {}, set()


def owed() -> float:
    """Seconds of shared work that the experiment uses and others have done."""
    return sum(t for part, t in shared.parts.items() if part not in shared.done)


shared.parts: dict[tuple, float] = {}  # work used, and the work in it, with its seconds
shared.done: set[tuple] = set()  # by the present experiment


@dataclass
class Result:
    """In how many draws a claim holds, and the spread of what it measures."""

    held: int
    draws: int
    median: float | None = None
    low: float | None = None
    high: float | None = None
    mean: float | None = None
    error: float | None = None  # standard error of the mean

    @property
    def share(self) -> float:
        """Percent of the draws in which the claim holds."""
        return 100 * self.held / self.draws


def outcomes(values: Iterable) -> list[tuple[bool, float | None]]:
    """Whether each draw holds, with what it measures, if it does.

    Raises
    ------
    ValueError : the values are no outcomes
    """
    found = []
    for value in values:
        holds, measured = value if isinstance(value, tuple) else (value, None)
        if holds not in (True, False):
            raise ValueError(f"gives {holds!r} for a draw, and not whether it holds")
        found.append((bool(holds), None if measured is None else float(measured)))
    return found


def result_of(found: list[tuple[bool, float | None]]) -> Result:
    """Count the outcomes of a claim's draws.

    Raises
    ------
    ValueError : there are fewer than ten
    """
    if len(found) < FEWEST:
        raise ValueError(f"has {len(found)} draws; a claim takes {FEWEST} or more")
    result = Result(sum(holds for holds, _ in found), len(found))
    measured = sorted(value for _, value in found if value is not None)
    if measured:
        tenths = statistics.quantiles(measured, n=10, method="inclusive")
        result.median = statistics.median(measured)
        result.low, result.high = tenths[0], tenths[-1]
        result.mean = statistics.fmean(measured)
        result.error = statistics.stdev(measured) / math.sqrt(len(measured))
    return result


# What pages say


@dataclass
class Mark:
    """A claim on a page: its name, the numbers told of it, the paragraph above."""

    name: str
    numbers: list[Held]
    line: int
    paragraph: str

    def faults(self, result: Result) -> list[str]:
        """What the page says of a result that is not so, or is more than that."""
        known = {**asdict(result), "share": result.share}
        told, faults = set(), []
        for number in self.numbers:
            evaluate(number, dict(known))
            if not number.holds:
                value = number.error or number.found
                faults.append(f"{number.text} = {number.expression} is {value}")
            if not re.search(
                rf"(?<![\d.]){re.escape(number.text)}(?!\.?\d)", self.words
            ):
                faults.append(f"{number.text} is not said in the paragraph above")
            tree = ast.walk(ast.parse(number.expression or "None"))
            told |= {node.id for node in tree if isinstance(node, ast.Name)}
        enough = (
            {"held", "draws"},
            {"share"},
            {"low", "high"},
            {"mean", "error"},
        )
        if result.share < SURE and not any(names <= told for names in enough):
            faults.append(
                f"holds in {result.held} of {result.draws} draws; say so, or the spread"
            )
        return [f"claim {self.name}: {fault}" for fault in faults]

    @property
    def words(self) -> str:
        return self.paragraph.replace("−", "-") + " " + self.paragraph


def marks_in(prose: Piece) -> list[Mark]:
    """The claims in a stretch of prose."""
    marks = []
    for comment in COMMENT.finditer(prose.text):
        if comment[1] == "claim":
            above = re.sub(r"^%.*$", "", prose.text[: comment.start()], flags=re.M)
            line = prose.line + prose.text.count("\n", 0, comment.start())
            name, _, numbers = comment[2].partition(";")
            told = parts_of(numbers, line) if numbers.strip() else []
            paragraphs = re.split(r"\n\s*\n", above.strip())
            marks.append(Mark(name.strip(), told, line, paragraphs[-1]))
    return marks


def marks_of(page: str) -> list[Mark]:
    """The claims of a page's source."""
    return [m for p in pieces(page) if p.kind == "prose" for m in marks_in(p)]


def bound_in(page: str) -> set[str]:
    """The names that the code of a page gives to something."""
    code = "\n".join(cell.text for cell in code_of(page))
    return set(Module(code).binders)


# Experiments, read off their source


@dataclass
class Experiment:
    """A claim's experiment as it stands in a file of claims.

    Parameters
    ----------
    module : the file's name, without extension
    name : of the function
    promise : its docstring
    mark : its decorator, which says how many draws
    code : the function and what it needs of its file
    """

    module: str
    name: str
    promise: str
    mark: str
    code: str = field(repr=False)

    @property
    def id(self) -> str:
        return f"{self.module}.{self.name}"

    def key(self, root: Path) -> str:
        """Hash of its code, of what that uses of the book, and of the pins."""
        ignored = settings(root).sphinx("modules_without_trace", [])
        used = used_by([self.code], root, ignored)
        local = [used.statements[path] for path in sorted(used.statements)]
        return stale.digest(
            self.mark,
            shape(ast.parse(self.code)),
            *(line for name in sorted(used.packages) for line in lines_of(name, root)),
            *(shape(sorted(part, key=lambda node: node.lineno)) for part in local),
            stale.digest_of_files(data_files(used, root), root),
        )


def shape(part: object) -> str:
    """Code as a text that is the same in every version of Python.

    `ast.unparse` quotes otherwise from 3.12 on, and `ast.dump` tells other fields.
    """
    if isinstance(part, list):
        return "[" + ", ".join(map(shape, part)) + "]"
    if not isinstance(part, ast.AST):
        return repr(part)
    fields = ((name, value) for name, value in ast.iter_fields(part))
    told = (
        f"{name}={shape(value)}"
        for name, value in sorted(fields, key=lambda field: field[0])
        if value not in (None, []) and name not in {"kind", "type_comment", "ctx"}
    )
    return f"{type(part).__name__}({', '.join(told)})"


def experiments(root: Path) -> dict[str, Experiment]:
    """All experiments of a book, by `FILE.NAME`, without importing them."""
    found = {}
    for file in sorted((root / FOLDER).glob("*.py")):
        module = Module(file.read_text(encoding="utf8"))
        for statement in module.statements:
            if isinstance(statement, ast.FunctionDef) and is_experiment(statement):
                promise = " ".join((ast.get_docstring(statement) or "").split())
                mark = ast.unparse(statement.decorator_list[0])
                code = closure(module, statement)
                experiment = Experiment(file.stem, statement.name, promise, mark, code)
                found[experiment.id] = experiment
    return found


def is_experiment(function: ast.FunctionDef) -> bool:
    marks = map(ast.unparse, function.decorator_list)
    return any(mark.startswith("claim(") for mark in marks)


def closure(module: Module, function: ast.FunctionDef) -> str:
    """A function, undecorated and without docstring, and what it needs of its file."""
    needed, todo = {id(function): function}, [function]
    while todo:
        for name in names_in(todo.pop()):
            for binder in module.binders.get(name, []):
                if id(binder) not in needed:
                    needed[id(binder)] = binder
                    todo.append(binder)
    parts = map(bare, sorted(needed.values(), key=lambda part: part.lineno))
    return "\n".join(part for part in parts if "bookpress.checks.claims" not in part)


@functools.cache  # experiments of a file share most of it
def names_in(statement: ast.stmt) -> set[str]:
    return {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}


@functools.cache
def bare(statement: ast.stmt) -> str:
    """A statement's code; a function's without its decorators and its docstring."""
    part = ast.parse(ast.unparse(statement)).body[0]
    if isinstance(part, ast.FunctionDef):
        part.decorator_list = []
        if ast.get_docstring(part) is not None:
            part.body = part.body[1:] or [ast.Pass()]
    return ast.unparse(part)


def module_of(docname: str, home: str) -> str:
    """Name of the file of claims that belongs to a page."""
    return file_name(docname, home)


# The record


def read_record(root: Path) -> dict[str, dict]:
    """What is recorded of each experiment, by `FILE.NAME`.

    Raises
    ------
    ValueError : the file is damaged; the message is one line
    """
    file = root / FOLDER / RECORD
    try:
        return json.loads(file.read_text(encoding="utf8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise ValueError(
            f"{file} is no JSON ({error}); put it back (git checkout {FOLDER}) "
            "or delete it and run make claims"
        ) from None


def write_record(root: Path, record: dict[str, dict]) -> None:
    """Write the record, whole or not at all."""
    file = root / FOLDER / RECORD
    text = json.dumps(dict(sorted(record.items())), indent=1, ensure_ascii=False)
    part = file.with_suffix(".part")
    part.write_text(text + "\n", encoding="utf8")
    os.replace(part, file)


def recorded(entry: dict) -> Result:
    """The result that an entry of the record holds."""
    return Result(**{name: entry.get(name) for name in Result.__dataclass_fields__})


@functools.cache
def keys(root: Path) -> dict[str, str]:
    """The present key of each experiment."""
    return {name: found.key(root) for name, found in experiments(root).items()}


def outdated(root: Path, record: dict[str, dict]) -> list[str]:
    """Experiments that have no record, or one of other code."""
    return [n for n, key in keys(root).items() if record.get(n, {}).get("key") != key]
