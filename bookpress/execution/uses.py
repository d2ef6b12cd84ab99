"""What code uses of a book: functions of its local modules, data files, packages.

Read off the source, without running it. Of a local module counts what is named of it,
what that needs in turn, and what is done whenever the module is imported; so a new
function in a helper concerns nobody yet. Where the source does not tell, all counts
that might be meant: outputs made once too often do no harm, stale ones do.
"""

import ast
import functools
import importlib.metadata
import itertools
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from IPython.core.inputtransformer2 import TransformerManager

# Module: distributions behind it, where that is not just its name. TensorFlow comes
# from tensorflow-cpu where there is one; Keras runs on it unasked.
PROVIDERS = {
    "keras": ["keras", "tensorflow", "tensorflow-cpu"],
    "tensorflow": ["tensorflow", "tensorflow-cpu"],
}

# Who says these may mean any name of the module, and any module of the package.
BY_NAME = {"eval", "exec", "globals", "vars", "import_module", "__import__"}
# Who says these may mean any file.
LISTS = {"glob", "iglob", "rglob", "iterdir", "listdir", "scandir", "walk"}
# Who says these may show a source to the letter; the last ones are `f??` in a cell.
SHOWS = {"inspect", "getsource", "getsourcelines", "linecache", "pinfo2", "psource"}


class Module:
    """A module's statements: what each name is bound by, and what an import does."""

    def __init__(self, code: str, package: str = ""):
        self.package = package  # what a relative import starts from
        self.statements = ast.parse(parsable(code)).body
        self.binders: dict[str, list[ast.stmt]] = {}
        self.acts: list[ast.stmt] = []
        self.imports: list[ast.Import | ast.ImportFrom] = []
        for statement in self.statements:
            for name in bound_names(statement):
                self.binders.setdefault(name, []).append(statement)
            if isinstance(statement, ast.Import | ast.ImportFrom):
                self.imports.append(statement)
            elif acts(statement):
                self.acts.append(statement)


@functools.cache  # chapters import the same modules
def module_of(code: str, package: str) -> Module:
    return Module(code, package)


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
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)  # below an `if`
    return names


def acts(statement: ast.stmt) -> bool:
    """Whether a statement may do more than give names to something."""
    match statement:
        case ast.Expr(value=ast.Constant()) | ast.Pass():
            return False
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            given = [*statement.args.defaults, *statement.args.kw_defaults]
            return bool(statement.decorator_list) or any(
                map(calls, filter(None, given))
            )
        case ast.ClassDef(bases=[], keywords=[], decorator_list=[]):
            return any(map(acts, statement.body))
        case ast.Assign() | ast.AnnAssign():
            nodes = [*ast.walk(statement)]
            stored = (n for n in nodes if isinstance(n, ast.Attribute | ast.Subscript))
            return calls(statement) or any(
                isinstance(node.ctx, ast.Store) for node in stored
            )
    return True


def calls(node: ast.AST) -> bool:
    """Whether something is called when an expression is evaluated."""
    if isinstance(node, ast.Lambda):
        return False
    return isinstance(node, ast.Call) or any(map(calls, ast.iter_child_nodes(node)))


@dataclass
class Used:
    """What code uses: statements of local files, outside packages, texts in it.

    Parameters
    ----------
    statements : by the file that they stand in
    packages : names of modules that are not local
    texts : all but docstrings; what is put in at run time is a `*`
    verbatim : whether the code may show a local file to the letter
    any_data : whether the code may read any data file
    """

    statements: dict[Path, list[ast.stmt]] = field(default_factory=dict)
    packages: set[str] = field(default_factory=set)
    texts: set[str] = field(default_factory=set)
    verbatim: bool = False
    any_data: bool = False

    def source(self, path: Path) -> str:
        """What is used of a file, in its order, without comments."""
        if self.verbatim:
            return path.read_text(encoding="utf8")
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
        self.seen: set[tuple[Path | None, int]] = set()
        self.asked: set[tuple[str, str]] = set()
        self.file = functools.cache(self.file)
        self.aliases = functools.cache(self.aliases)

    def read(self, cells: Iterable[str]) -> Used:
        chapter = Module("\n".join(map(as_python, cells)))
        for statement in chapter.statements:
            self.visit(chapter, None, statement)
        local = itertools.chain.from_iterable(self.used.statements.values())
        code = map(ast.unparse, [*chapter.statements, *local])
        self.used.any_data |= hands_on_folder("\n".join(code))
        return self.used

    def file(self, name: str) -> Path | None:
        """The file of a local module or of a local package."""
        path = self.root / name.replace(".", "/")
        for file in (path.with_suffix(".py"), path / "__init__.py"):
            if name and file.is_file():
                return file
        return None

    def enter(self, name: str) -> Module | None:
        """Count what a module's import does; None if it is not local, or ignored."""
        if parent := name.rpartition(".")[0]:
            self.enter(parent)
        file = self.file(name)
        if file is None:
            self.used.packages.add(name.partition(".")[0])
        if file is None or name in self.ignored:
            return None
        if name not in self.modules:
            package = name if file.name == "__init__.py" else parent
            module = module_of(file.read_text(encoding="utf8"), package)
            self.modules[name] = module
            self.used.statements[file] = []
            for statement in module.imports:
                self.load(module, statement)
            for statement in module.acts:
                self.visit(module, file, statement)
        return self.modules[name]

    def load(self, module: Module, statement: ast.Import | ast.ImportFrom) -> None:
        """Count what an import of a local module does, whether or not it is used."""
        for alias in statement.names:
            if isinstance(statement, ast.Import):
                self.enter(alias.name)
                continue
            origin = self.origin(module, statement)
            self.enter(origin)
            if alias.name == "*":
                self.need(origin)
            elif self.file(f"{origin}.{alias.name}"):
                self.enter(f"{origin}.{alias.name}")

    def need(self, name: str, member: str = "*") -> None:
        """Count a member of a module as used; all of it where it is not found."""
        if (name, member) in self.asked:
            return
        self.asked.add((name, member))
        module, inner = self.enter(name), f"{name}.{member}"
        if is_module := self.file(inner) is not None:
            self.need(inner)
        if module is None or (is_module and member not in module.binders):
            return
        for statement in module.binders.get(member, module.statements):
            self.visit(module, self.file(name), statement)
        # Of modules that it hands on, no use of its own tells what is used.
        for alias, others in self.aliases(module).items():
            if alias == member or member not in module.binders:
                for other in others:
                    self.need(other)

    def visit(self, module: Module, file: Path | None, statement: ast.stmt) -> None:
        """Count a statement as used, and what it names."""
        if (file, id(statement)) in self.seen:
            return
        self.seen.add((file, id(statement)))
        if file is not None:
            self.used.statements[file].append(statement)
        aliases, bases = self.aliases(module), set()
        nodes = list(ast.walk(statement))
        for node in nodes:
            match node:
                case ast.Attribute(value=ast.Name(id=name)) if name in aliases:
                    bases.add(id(node.value))
                    for other in aliases[name]:
                        self.need(other, node.attr)
                case ast.Import() | ast.ImportFrom():
                    self.visit_import(module, node, node is statement)
        for node in nodes:
            if isinstance(node, ast.Name):
                for other in aliases.get(node.id, ()) if id(node) not in bases else ():
                    self.need(other)
                for binder in module.binders.get(node.id, []) if file else ():
                    self.visit(module, file, binder)
        self.note_texts(statement, nodes)
        self.note_doubts(module, file, nodes)

    def visit_import(
        self, module: Module, node: ast.Import | ast.ImportFrom, at_top: bool
    ) -> None:
        """Count what is imported; of a module all, unless uses of its alias tell."""
        for alias in node.names:
            if isinstance(node, ast.Import):
                name, told = alias.name, alias.asname or alias.name
            else:
                origin = self.origin(module, node)
                name, told = f"{origin}.{alias.name}", alias.asname or alias.name
                if not self.file(name) or alias.name in self.names_of(origin):
                    self.need(origin, alias.name)
                if not self.file(name):
                    continue
            if at_top and told in self.aliases(module):
                self.enter(name)
            else:
                self.need(name)

    def names_of(self, name: str) -> Iterable[str]:
        module = self.enter(name)
        return module.binders if module else ()

    def aliases(self, module: Module) -> dict[str, set[str]]:
        """The names under which a module knows other local modules."""
        known: dict[str, set[str]] = {}
        for statement in module.imports:
            for alias in statement.names:
                if isinstance(statement, ast.ImportFrom):
                    name = f"{self.origin(module, statement)}.{alias.name}"
                    told = alias.asname or alias.name
                else:
                    top = alias.name.partition(".")[0]
                    name = alias.name if alias.asname else top
                    told = alias.asname or top
                if self.file(name):
                    known.setdefault(told, set()).add(name)
        return known

    @staticmethod
    def origin(module: Module, statement: ast.ImportFrom) -> str:
        if not statement.level:
            return statement.module or ""
        parts = module.package.split(".")
        above = parts[: len(parts) - statement.level + 1]
        return ".".join([*above, *filter(None, [statement.module])])

    def note_texts(self, statement: ast.stmt, nodes: list[ast.AST]) -> None:
        """Note what is said in texts; a local module that one names counts whole."""
        skipped = docstrings(nodes)
        for node in nodes:
            if isinstance(node, ast.JoinedStr):
                skipped |= {id(part) for part in node.values}
        texts = {
            with_gaps(node)
            for node in nodes
            if isinstance(node, ast.Constant | ast.JoinedStr | ast.BinOp)
            and id(node) not in skipped
        }
        for text in texts - self.used.texts:
            self.used.texts.add(text)
            for word in re.findall(r"[\w./]*\w[\w./]*", text):
                name = re.sub(r"\.py$", "", word.strip("./")).replace("/", ".")
                if self.file(name):
                    self.used.verbatim |= word.endswith(".py")
                    self.need(name)
                if word.endswith("."):
                    self.need_package(name)

    def need_package(self, name: str) -> None:
        """Count all modules of a local package."""
        for file in sorted((self.root / name.replace(".", "/")).rglob("*.py")):
            inner = file.relative_to(self.root).with_suffix("")
            self.need(".".join(part for part in inner.parts if part != "__init__"))

    def note_doubts(self, module: Module, file: Path | None, nodes: list) -> None:
        """Count what may be meant, where that is known only at run time."""
        members = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
        members |= {node.name for node in nodes if isinstance(node, ast.alias)}
        said = members | {node.id for node in nodes if isinstance(node, ast.Name)}
        if file and (said & BY_NAME or {"modules", "__name__"} <= said):
            for statement in module.statements:
                self.visit(module, file, statement)
            if module.package:
                self.need_package(module.package)
        self.used.verbatim |= bool((said | self.used.texts) & SHOWS)
        self.used.any_data |= bool(members & LISTS)


def as_python(cell: str) -> str:
    """A cell as Python: its magics become calls; what no parser takes, a text."""
    return parsable(TransformerManager().transform_cell(cell))


def parsable(code: str) -> str:
    """Code, or a text of it if it is no Python, which the kernel will report."""
    try:
        ast.parse(code)
    except (SyntaxError, ValueError):
        return repr(code)
    return code


# The folder of the data, as `ast.unparse` writes what leads to it.
FOLDER = (
    r"(?:/ 'data'|(?<!Path\()'[^'\n]*/data/?'|\bPath\('(?:[^'\n]*/)?data/?'\))"
    r"(?:\.resolve\(\))?+"
)
IMPORT = re.compile(r"^\s*from [\w.]+ import (?!.* as ).*$", re.M)
FOLDER_NAMED = re.compile(rf"^\s*(\w+)(?:: [^=\n]*)? = .*{FOLDER}$", re.M)


def hands_on_folder(code: str) -> bool:
    """Whether code uses the folder of the data other than in `folder / name`.

    Parameters
    ----------
    code : Python, as `ast.unparse` writes it
    """
    names = FOLDER_NAMED.findall(code)
    rest = IMPORT.sub("", FOLDER_NAMED.sub("", code))
    meant = "|".join([FOLDER, *(rf"\b{name}\b" for name in names)])
    return bool(re.search(rf"(?:{meant})(?! / )", rest))


def docstrings(nodes: list[ast.AST]) -> set[int]:
    """Identities of the constants that are docstrings."""
    return {
        id(node.body[0].value)
        for node in nodes
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and isinstance(node.body[0], ast.Expr)
    }


def with_gaps(node: ast.AST) -> str:
    """The text that an expression makes, `*` for each part that only a run tells."""
    match node:
        case ast.Constant(value=str(text)):
            return re.sub(r"%[-+ #\d.]*[a-zA-Z]|\{[^{}]*\}", "*", text)
        case ast.JoinedStr(values=parts):
            return "".join(map(with_gaps, parts))
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return with_gaps(left) + with_gaps(right)
    return "*"


def used_by(cells: Iterable[str], root: Path, ignored: Iterable[str] = ()) -> Used:
    """What a chapter's code uses of the book and of packages.

    Parameters
    ----------
    cells : the code of each of the chapter's cells
    root : the book's top folder
    ignored : names of local modules that leave no trace in an output
    """
    return Reader(root, ignored).read(cells)


def data_files(used: Used, root: Path) -> list[Path]:
    """The files below `data/` that code names, or all that it may read unnamed.

    A file is named by its name or its stem, by a folder that it is in, by a pattern or
    by what is known of a name before the run, such as its ending.
    """
    words = {word for text in used.texts for word in re.split(r"[^\w.*?\[\]-]+", text)}
    words = {f"*{word}" if word.startswith(".") else word for word in words}
    patterns = [
        word for word in words if set(word) & set("*?[") and re.search(r"\w", word)
    ]

    def is_used(path: Path) -> bool:
        names = {path.stem, *path.relative_to(root / "data").parts}
        return (
            used.any_data
            or not words.isdisjoint(names)
            or any(fnmatchcase(name, word) for name in names for word in patterns)
        )

    files = (path for path in sorted((root / "data").rglob("*")) if path.is_file())
    return [path for path in files if path.name[0] != "." and is_used(path)]


def packages(code: str, root: Path) -> set[str]:
    """The outside packages that must be there for code to run.

    These may be more than `used_by` finds: a local module is imported as a whole.
    """
    reader, found = Reader(root), set()
    todo, seen = [Module(as_python(code))], set()
    while todo:
        module = todo.pop()
        for node in (n for top in module.statements for n in ast.walk(top)):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                origin = reader.origin(module, node)
                inner = (f"{origin}.{alias.name}" for alias in node.names)
                names = [origin, *filter(reader.file, inner)]
            for name in names:
                file = reader.file(name)
                if file is None:
                    found.add(name.partition(".")[0])
                elif file not in seen:
                    seen.add(file)
                    package = (
                        name if file.stem == "__init__" else name.rpartition(".")[0]
                    )
                    todo.append(module_of(file.read_text(encoding="utf8"), package))
    return found


def package_version(name: str) -> str:
    """Version of what provides a module, '' for the standard library."""
    versions = []
    for distribution in PROVIDERS.get(name, [name]):
        try:
            versions.append(importlib.metadata.version(distribution))
        except importlib.metadata.PackageNotFoundError:
            continue
    return " ".join(versions)
