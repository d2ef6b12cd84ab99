"""What code uses of a book: functions of its local modules, data files, packages.

Read off the source, without running it. Of a local module counts what is imported from
it, what that needs in turn, and what the module does whenever it is imported; so a new
function in a helper concerns nobody yet.
"""

import ast
import fnmatch
import functools
import importlib.metadata
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

# Module: distributions behind it, where that is not just its name. TensorFlow comes
# from tensorflow-cpu where there is one; Keras runs on it unasked.
PROVIDERS = {
    "keras": ["keras", "tensorflow", "tensorflow-cpu"],
    "tensorflow": ["tensorflow", "tensorflow-cpu"],
}

# Statements that do nothing but give a name to something.
NAMING = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import)
NAMING += (ast.ImportFrom, ast.Assign, ast.AnnAssign)


def without_magics(code: str) -> str:
    return "\n".join(
        "pass" if line.lstrip().startswith(("%", "!")) else line
        for line in code.splitlines()
    )


class Module:
    """A file's top-level statements, by the names that they bind."""

    def __init__(self, code: str, package: str = ""):
        self.package = package  # what a relative import starts from
        self.statements = ast.parse(code).body
        self.binders: dict[str, list[ast.stmt]] = {}
        self.acts: list[ast.stmt] = []
        for place, statement in enumerate(self.statements):
            if place == 0 and is_docstring(statement):
                continue
            names = bound_names(statement)
            for name in names:
                self.binders.setdefault(name, []).append(statement)
            if not names or not isinstance(statement, NAMING):
                self.acts.append(statement)


@functools.cache  # chapters import the same modules
def module_of(code: str, package: str) -> Module:
    return Module(code, package)


def is_docstring(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


def bound_names(statement: ast.stmt) -> set[str]:
    """The names that a top-level statement gives to something."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {statement.name}
    names = set()
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names |= {a.asname or a.name.partition(".")[0] for a in node.names}
    if isinstance(statement, ast.Assign) and not all(
        isinstance(part, ast.Name | ast.Tuple | ast.List | ast.Starred)
        for part in statement.targets
    ):
        return set()  # it changes something that has a name already
    return names


@dataclass
class Used:
    """What code uses: statements of local files, outside packages, texts in it."""

    statements: dict[Path, list[ast.stmt]] = field(default_factory=dict)
    packages: set[str] = field(default_factory=set)
    texts: set[str] = field(default_factory=set)

    def source(self, path: Path) -> str:
        """What is used of a file, in its order, without comments."""
        found = {id(statement): statement for statement in self.statements[path]}
        ordered = sorted(found.values(), key=lambda statement: statement.lineno)
        return "\n".join(map(ast.unparse, ordered))


class Reader:
    """Follow code into the local modules of a book.

    Parameters
    ----------
    root : the book's top folder
    ignored : names of local modules that leave no trace in an output
    """

    def __init__(self, root: Path, ignored: Iterable[str] = ()):
        self.root, self.ignored = root, set(ignored)
        self.used = Used()
        self.modules: dict[str, Module] = {}
        self.seen: set[int] = set()
        self.known: dict[Module, dict[str, str]] = {}
        self.file = functools.cache(self.file)

    def read(self, code: str) -> Used:
        try:
            start = Module(without_magics(code))
        except SyntaxError:
            return self.used  # the kernel will report it, by cell
        for statement in start.statements:
            self.visit(start, None, statement)
        return self.used

    def file(self, name: str) -> Path | None:
        """The file of a local module or of a local package."""
        path = self.root / name.replace(".", "/")
        for file in (path.with_suffix(".py"), path / "__init__.py"):
            if name and file.is_file():
                return file
        return None

    def enter(self, name: str) -> Module | None:
        """A local module, whose actions count from now on; None if it is ignored."""
        if name in self.ignored:
            return None
        if name not in self.modules:
            file = self.file(name)
            package = name if file.name == "__init__.py" else name.rpartition(".")[0]
            self.modules[name] = module_of(file.read_text(encoding="utf8"), package)
            self.used.statements.setdefault(file, [])
            for statement in self.modules[name].acts:
                self.visit(self.modules[name], file, statement)
            parent = name.rpartition(".")[0]
            if parent and self.file(parent):
                self.enter(parent)
        return self.modules[name]

    def need(self, name: str, member: str = "*") -> None:
        """Count a member of a module as used; all of it for `*`."""
        if not self.file(name):
            self.used.packages.add(name.partition(".")[0])
            return
        module = self.enter(name)
        if module is None:
            return
        if member not in module.binders and self.file(f"{name}.{member}"):
            self.need(f"{name}.{member}")
            return
        found = module.binders.get(member, module.statements)
        for statement in found:
            self.visit(module, self.file(name), statement)

    def visit(self, module: Module, file: Path | None, statement: ast.stmt) -> None:
        """Count a statement as used, and what it names."""
        if id(statement) in self.seen:
            return
        self.seen.add(id(statement))
        if file is not None:
            self.used.statements[file].append(statement)
        if module not in self.known:
            self.known[module] = dict(self.aliases(module))
        aliases, plain, bases = self.known[module], docstrings(statement), set()
        nodes = list(ast.walk(statement))
        for node in nodes:
            match node:
                case ast.Attribute(value=ast.Name(id=name)) if name in aliases:
                    bases.add(id(node.value))
                    self.need(aliases[name], node.attr)
                case ast.Constant(value=str(text)) if id(node) not in plain:
                    self.used.texts.add(text)
                case ast.Import() if node is not statement:
                    for alias in node.names:
                        self.need(alias.name)
                case ast.Import():
                    for alias in node.names:
                        if not self.file(alias.name):
                            self.need(alias.name)
                        else:
                            self.enter(alias.name)
                case ast.ImportFrom():
                    self.import_from(module, node)
        for node in nodes:
            if isinstance(node, ast.Name):
                if node.id in aliases and id(node) not in bases:
                    self.need(aliases[node.id])
                if file is not None:
                    for binder in module.binders.get(node.id, []):
                        self.visit(module, file, binder)

    def aliases(self, module: Module) -> Iterator[tuple[str, str]]:
        """The names under which a module knows other local modules."""
        for statement in module.statements:
            if isinstance(statement, ast.Import):
                for alias in statement.names:
                    if alias.asname and self.file(alias.name):
                        yield alias.asname, alias.name
                    elif self.file(top := alias.name.partition(".")[0]):
                        yield top, top
            elif isinstance(statement, ast.ImportFrom):
                origin = self.origin(module, statement)
                for alias in statement.names:
                    if self.is_module(origin, alias.name):
                        yield alias.asname or alias.name, f"{origin}.{alias.name}"

    def is_module(self, origin: str, name: str) -> bool:
        """Whether what is imported from a module is a module itself."""
        return bool(self.file(origin) and self.file(f"{origin}.{name}"))

    @staticmethod
    def origin(module: Module, statement: ast.ImportFrom) -> str:
        if not statement.level:
            return statement.module or ""
        parts = module.package.split(".")
        above = parts[: len(parts) - statement.level + 1]
        return ".".join([*above, *filter(None, [statement.module])])

    def import_from(self, module: Module, statement: ast.ImportFrom) -> None:
        origin = self.origin(module, statement)
        for alias in statement.names:
            if self.is_module(origin, alias.name):
                # What is used of it is told by the attributes that are asked for.
                if statement in module.statements:
                    self.enter(f"{origin}.{alias.name}")
                else:
                    self.need(f"{origin}.{alias.name}")
            else:
                self.need(origin, alias.name)


def docstrings(statement: ast.stmt) -> set[int]:
    """Identities of the constants that are docstrings."""
    return {
        id(node.body[0].value)
        for node in ast.walk(statement)
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
        and is_docstring(node.body[0])
    }


def used_by(code: str, root: Path, ignored: Iterable[str] = ()) -> Used:
    """What a chapter's code uses of the book and of packages.

    Parameters
    ----------
    code : the chapter's cells, one after the other
    root : the book's top folder
    ignored : names of local modules that leave no trace in an output
    """
    return Reader(root, ignored).read(code)


def data_files(texts: Iterable[str], root: Path) -> list[Path]:
    """The files below `data/` that a text in the code names.

    By its name or its stem, by the name of its folder, or by a pattern.
    """
    folder = root / "data"
    texts = list(texts)
    patterns = [text for text in texts if re.fullmatch(r"[\w./*-]*\*[\w*]*\.\w+", text)]
    words = {word for text in texts for word in re.findall(r"[\w.-]+", text)}
    found = []
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        named = words & {path.name, path.stem, *inside.parts[:-1]}
        matched = any(
            fnmatch.fnmatch(f"data/{inside.as_posix()}", f"*{p}") for p in patterns
        )
        if path.is_file() and path.name[0] != "." and (named or matched):
            found.append(path)
    return found


def packages(code: str, root: Path) -> set[str]:
    """The outside packages that must be there for code to run.

    These are more than `used_by` finds: a local module is imported as a whole.
    """
    reader = Reader(root)
    reader.read(code)
    for name in (found := list(reader.modules)):  # grows while it is read
        module = reader.modules[name]
        for statement in module.statements:
            reader.visit(module, reader.file(name), statement)
        found += [other for other in reader.modules if other not in found]
    return reader.used.packages


def package_version(name: str) -> str:
    """Version of what provides a module, '' for the standard library."""
    versions = []
    for distribution in PROVIDERS.get(name, [name]):
        try:
            versions.append(importlib.metadata.version(distribution))
        except importlib.metadata.PackageNotFoundError:
            continue
    return " ".join(versions)
