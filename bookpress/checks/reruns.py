"""A notebook that can be worked in: each cell can be run again, and the rest holds.

Three rules together make this so. A name that other cells read is given by one cell
only. A cell changes nothing that another cell has made: a model is trained where it is
made, and random numbers are drawn from a generator of the cell's own. And run twice in
a row, a cell prints the same and gives its names equal values. The first is read off
the source (`names_with_two_meanings`), the others need the run (`Watch`).
"""

import hashlib
import symtable
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

from bookpress.cells import Piece, code_of

AT_ONCE = {"listcomp", "setcomp", "dictcomp", "genexpr"}  # scopes run where they stand
SIMPLE = (type(None), bool, int, float, complex, str, bytes)
DEEPEST = 60  # levels of objects within objects


@dataclass
class Names:
    """What a cell does with the names of the notebook.

    Parameters
    ----------
    bound : names that it gives to something
    imported : names that it gives by import only
    read : names that it reads and does not give
    later : names that its functions read when they are called
    """

    bound: set[str] = field(default_factory=set)
    imported: set[str] = field(default_factory=set)
    read: set[str] = field(default_factory=set)
    later: set[str] = field(default_factory=set)


def names_in(code: str) -> Names:
    """Read off a cell's code what it does with names."""
    names, top = Names(), symtable.symtable(code, "cell", "exec")
    for symbol in top.get_symbols():
        if symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace():
            names.bound.add(symbol.get_name())
            if symbol.is_imported() and not symbol.is_assigned():
                names.imported.add(symbol.get_name())
    for symbol in top.get_symbols():
        if symbol.is_referenced() and symbol.get_name() not in names.bound:
            names.read.add(symbol.get_name())
    for scope in top.get_children():
        read_globals(scope, names, scope.get_name() not in AT_ONCE)
    return names


def read_globals(scope: symtable.SymbolTable, names: Names, later: bool) -> None:
    for symbol in scope.get_symbols():
        name = symbol.get_name()
        if symbol.is_global() and symbol.is_referenced():
            if later:
                names.later.add(name)
            elif name not in names.bound:
                names.read.add(name)
        if symbol.is_declared_global() and symbol.is_assigned():
            names.bound.add(name)
    for inner in scope.get_children():
        read_globals(inner, names, later or inner.get_name() not in AT_ONCE)


def names_with_two_meanings(page: str) -> list[str]:
    """Names that two cells of a page give, and others read, with the cells' lines."""
    givers: dict[str, list[int]] = defaultdict(list)
    imports: dict[str, int] = defaultdict(int)
    read: set[str] = set()
    for cell in code_of(page):
        names = names_in(cell.text)
        for name in names.bound:
            givers[name].append(cell.line)
            imports[name] += name in names.imported
        read |= names.read | names.later
    return [
        f"{name} is given in the cells at lines {', '.join(map(str, lines))}"
        for name, lines in givers.items()
        if len(lines) > 1 and name in read and imports[name] < len(lines)
    ]


def fingerprint(value: Any, depth: int = 0) -> str:
    """A short text that is the same for equal values; "" for what cannot be compared.

    Arrays, tables, tensors, random generators, models and optimizers are told by what
    they hold, containers and simple objects by their parts.
    """
    if depth > DEEPEST or isinstance(value, type | ModuleType | FunctionType):
        return ""
    if isinstance(value, SIMPLE):
        return repr(value)
    if isinstance(value, list | tuple) and all(type(part) in SIMPLE for part in value):
        return told("list", repr(value))  # long ones are common, and this is quick
    if isinstance(value, dict):
        parts = [fingerprint([key, value[key]], depth + 1) for key in value]
        return told("dict", *sorted(parts))
    if isinstance(value, list | tuple):
        return told("list", *(fingerprint(part, depth + 1) for part in value))
    if isinstance(value, set | frozenset):
        return told("set", *sorted(fingerprint(part, depth + 1) for part in value))
    if isinstance(value, np.ndarray | np.generic) and not value.dtype.hasobject:
        return told("array", str(value.dtype), str(value.shape), value.tobytes())
    held = contents(value)
    return (
        "" if held is None else told(type(value).__name__, fingerprint(held, depth + 1))
    )


def contents(value: Any) -> Any:
    """What an object holds, in simpler terms; None if that is not known."""
    family = type(value).__module__.partition(".")[0]
    if family == "numpy":
        if hasattr(value, "bit_generator"):
            return value.bit_generator.state
        if hasattr(value, "tobytes"):  # of objects
            return list(map(repr, value.ravel()))
    elif family == "pandas":
        return value.to_csv() if hasattr(value, "to_csv") else repr(value)
    elif family == "torch":
        if hasattr(value, "detach"):
            gradient = value.grad if value.is_leaf and value.requires_grad else None
            return [value.detach().cpu().numpy(), gradient]
        if hasattr(value, "parameters"):
            return [list(value.parameters()), list(value.buffers())]
        if hasattr(value, "state_dict"):
            return value.state_dict()
        if hasattr(value, "get_state"):
            return value.get_state()
    elif hasattr(value, "get_weights"):  # of Keras
        return value.get_weights()
    elif family in ("keras", "tensorflow") and not callable(value):
        if hasattr(value, "variables") and not callable(value.variables):
            return [variable.numpy() for variable in value.variables]
        if hasattr(value, "numpy"):
            return value.numpy()
    elif type(value).__module__ == "__chapter__" and hasattr(value, "__dict__"):
        return vars(value)
    return None


def told(kind: str, *parts: str | bytes) -> str:
    total = hashlib.sha256(kind.encode())
    for part in parts:
        if isinstance(part, str):
            part = part.encode("utf8", "surrogatepass")
        total.update(part)
        total.update(b"\0")
    return total.hexdigest()


class Watch:
    """What the cells of a notebook change, each run for the first time and the second.

    Parameters
    ----------
    namespace : the notebook's names, before any cell is run
    """

    def __init__(self, namespace: dict):
        self.namespace = namespace
        self.now = self.prints()
        self.faults: list[str] = []

    def prints(self, names: Iterable[str] | None = None) -> dict[str, str]:
        """Fingerprints of these names, or of all, as far as they are given."""
        return {
            name: fingerprint(self.namespace[name])
            for name in (self.namespace if names is None else names)
            if name in self.namespace and not name.startswith("__")
        }

    def run(self, cell: Piece, execute: Callable[[], str]) -> None:
        """Run a cell twice; `execute` runs it once and returns what it prints."""
        bound, before = names_in(cell.text).bound, self.now
        printed, first = execute(), self.prints()
        others = [name for name in before if name not in bound]
        changed = [name for name in others if first.get(name) != before[name]]
        for name in changed:
            self.tell(cell, f"the cell changes {name}, which another cell has made")
        if execute() != printed:
            self.tell(cell, "the cell prints something else when it is run again")
        again = self.prints(sorted(bound))
        for name, value in again.items():
            if first.get(name) != value:
                self.tell(cell, f"run again, the cell gives {name} another value")
        # What else the second run has changed is found after the next cell.
        self.now = self.prints() if changed else first | again

    def tell(self, cell: Piece, fault: str) -> None:
        self.faults.append(f"{cell.line}: {fault}")
