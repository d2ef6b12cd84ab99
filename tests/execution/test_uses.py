"""What code uses of local modules and of packages is read off the source."""

import pytest

from bookpress.execution import uses

MEMBERS = "def used():\n    return 1\n\n\ndef other():\n    return 2\n"


@pytest.fixture
def write(tmp_path):
    """write(name, code): a local module."""

    def write(name: str, code: str) -> None:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(code)

    return write


@pytest.fixture
def sources(tmp_path):
    """sources(cell, ...): what is used, as one text for each local file."""

    def sources(*cells: str) -> dict[str, str]:
        used = uses.used_by(cells, tmp_path)
        return {
            path.relative_to(tmp_path).as_posix(): used.source(path)
            for path in used.statements
        }

    return sources


@pytest.mark.parametrize(
    "cells",
    [
        ["from helper import used"],
        ["from helper import used as mine\nmine()"],
        ["import helper\nhelper.used()"],
        ["import helper as h", "h.used()"],
        ["%matplotlib inline\nimport helper", "y = helper.used()"],
        ["!ls\nimport helper", "files = !ls\nhelper.used()"],
        ["import helper", "1 +", "helper.used()"],
    ],
)
def test_a_member_of_a_helper_counts_alone(write, sources, cells):
    write("helper.py", MEMBERS)
    found = sources(*cells)
    assert "used" in found["helper.py"]
    assert "other" not in found["helper.py"]


@pytest.mark.parametrize(
    "cells",
    [
        ["from helper import *"],
        ["import helper\nwork(helper)"],
        ["import helper\nmine = helper\nmine.used()"],
        ["import helper\ngetattr(helper, name)()"],
        ["import importlib\nimportlib.import_module('helper')"],
        ["__import__('helper')"],
        ["%run ../helper.py"],
        ["%run -m helper"],
        ["%%time\nfrom helper import used\nused()"],
        ["%%bash\npython ../helper.py"],
        ["if True:\n    import helper\nhelper.used()"],
        ["def work():\n    import helper\n    return helper.used()"],
        ["from helper import unknown"],
        ["import helper\nhelper.__dict__"],
    ],
)
def test_a_helper_counts_whole_where_the_source_does_not_tell(write, sources, cells):
    write("helper.py", MEMBERS)
    found = sources(*cells)
    assert "def used" in found["helper.py"]
    assert "def other" in found["helper.py"]


@pytest.mark.parametrize(
    "cell",
    [
        "import package.module as m\nm.used()",
        "from package import module\nmodule.used()",
        "from package import module as m\nm.used()",
        "from package.module import used",
        "import package.module\npackage.module.used()",
        "import package\npackage.module.used()",
    ],
)
def test_a_module_of_a_package_counts_however_it_is_imported(write, sources, cell):
    write("package/__init__.py", "")
    write("package/module.py", MEMBERS)
    write("package/other.py", MEMBERS)
    found = sources(cell)
    assert "def used" in found["package/module.py"]
    assert "package/other.py" not in found


def test_a_folder_without_init_is_a_package_as_well(write, sources):
    write("package/module.py", MEMBERS)
    for cell in (
        "from package import module\nmodule.used()",
        "import package.module\npackage.module.used()",
        "import package.module as m\nm.used()",
    ):
        assert "def used" in sources(cell)["package/module.py"], cell


@pytest.mark.parametrize(
    "line",
    [
        "from .base import used",
        "from . import base\nused = base.used",
        "from ..package.base import used",
        "from .base import *",
        "from package.base import used",
        "try:\n    from .base import used\nexcept ImportError:\n    used = None",
    ],
)
def test_relative_imports_and_those_of_names_are_followed(write, sources, line):
    write("package/__init__.py", "")
    write("package/base.py", MEMBERS)
    write("package/inner.py", f"{line}\n\n\ndef mine():\n    return used()\n")
    found = sources("from package.inner import mine")
    assert "def used" in found["package/base.py"]


def test_a_name_that_a_package_hands_on_is_followed(write, sources):
    write("package/__init__.py", "from .used import used\n")
    write("package/used.py", MEMBERS)
    for cell in ("from package import used\nused()", "import package\npackage.used()"):
        assert "def used" in sources(cell)["package/used.py"], cell


@pytest.mark.parametrize(
    "cell",
    [
        "import helper\nhelper.base.used()",
        "from helper import base\nbase.used()",
        "from helper import base as b\nb.used()",
        "from helper import *\nbase.used()",
        "import package.inner.base\npackage.inner.base.used()",
        "import package\npackage.inner.base.used()",
        "from package import inner\ninner.base.used()",
    ],
)
def test_a_module_that_another_hands_on_counts_whole(write, sources, cell):
    write("helper.py", "import base\n")
    write("base.py", MEMBERS)
    write("package/__init__.py", "from . import inner\n")
    write("package/inner/__init__.py", "from . import base\n")
    write("package/inner/base.py", MEMBERS)
    found = sources(cell)
    file = "package/inner/base.py" if "package" in cell else "base.py"
    assert "def used" in found[file]


def test_a_helper_that_is_no_python_is_left_for_the_kernel_to_report(write, sources):
    write("helper.py", "def used(:\n")
    assert "def used(:" in sources("from helper import used")["helper.py"]


def test_a_name_of_a_package_that_is_also_a_module_s_counts_as_both(write, sources):
    write("package/__init__.py", "def used():\n    return 0\n")
    write("package/used.py", "def inner():\n    return 1\n")
    found = sources("from package import used\nused()")
    assert "def used" in found["package/__init__.py"]
    assert "def inner" in found["package/used.py"]


def test_both_modules_count_that_one_name_stands_for_in_turn(write, sources):
    write("first.py", MEMBERS)
    write("second.py", MEMBERS)
    found = sources("import first as m\nm.used()", "import second as m\nm.used()")
    assert "def used" in found["first.py"]
    assert "def used" in found["second.py"]


def test_what_an_import_does_counts_though_nobody_uses_its_name(write, sources):
    """A style that is only imported, by a module of a package that is, too."""
    write("helper.py", "from package import style\n\n\ndef used():\n    return 1\n")
    write("package/__init__.py", "print('package')\n")
    write("package/style.py", "import looks\n")
    write("looks.py", "print('styled')\n\n\ndef unused():\n    pass\n")
    found = sources("from helper import used")
    assert found["package/__init__.py"] == "print('package')"
    assert found["looks.py"] == "print('styled')"


def test_a_module_that_finds_its_names_at_run_time_counts_whole(write, sources):
    for line in (
        "globals()[name]",
        "eval(name)",
        "getattr(sys.modules[__name__], name)",
    ):
        write("helper.py", f"{MEMBERS}\n\ndef find(name):\n    return {line}\n")
        found = sources("from helper import find\nfind('us' + 'ed')")
        assert "def used" in found["helper.py"], line


def test_modules_that_are_found_at_run_time_count_all(write, sources):
    write("package/__init__.py", "")
    write("package/first.py", MEMBERS)
    write(
        "package/finder.py",
        "import importlib\n\n\ndef find(name):\n"
        "    return importlib.import_module('.' + name, __package__)\n",
    )
    assert "package/first.py" in sources("from package.finder import find")
    assert "package/first.py" in sources("import_module(f'package.{name}')")


def test_modules_that_import_each_other_are_read_once(write, sources):
    write("first.py", "import second\n\n\ndef used():\n    return second.used()\n")
    write("second.py", "import first\n\n\ndef used():\n    return first.used()\n")
    found = sources("import first\nfirst.used()")
    assert found["first.py"].count("def used") == 1
    assert found["second.py"].count("def used") == 1


def test_twins_count_each_for_itself(write, sources):
    write("first.py", MEMBERS)
    write("second.py", MEMBERS)
    found = sources("from first import used\nfrom second import used")
    assert "def used" in found["first.py"]
    assert "def used" in found["second.py"]


def test_packages_of_what_is_used_count_and_all_that_an_import_needs(tmp_path, write):
    write("helper.py", "import numpy\n\n\ndef used():\n    import torch\n")
    write("other.py", "import seaborn\n")
    used = uses.used_by(["import keras\nfrom helper import used"], tmp_path)
    assert used.packages == {"keras", "numpy", "torch"}
    used = uses.used_by(["import helper"], tmp_path)
    assert used.packages == {"numpy"}
    assert uses.packages("import helper", tmp_path) == {"numpy", "torch"}


def test_tensorflow_counts_under_either_name():
    assert uses.package_version("tensorflow")
    assert uses.package_version("tensorflow") in uses.package_version("keras")
    assert uses.package_version("os") == ""


@pytest.mark.parametrize(
    ("code", "any_file"),
    [
        ("DATA = Path(__file__).resolve().parent / 'data'\nread(DATA / name)", False),
        ("DATA = ROOT / 'data'\nread(DATA)", True),
        ("DATA = ROOT / 'data'\nmine = DATA", True),
        ("DATA: Path = Path('../data').resolve()\nread(DATA / 'a' / name)", False),
        ("DATA = ROOT / 'data'\nfrom a import DATA, Error\nread(DATA / 'b')", False),
        ("DATA = ROOT / 'data'\nfrom a import DATA as files\nread(files)", True),
        ("read(Path('../data') / name)", False),
        ("read(ROOT / 'data' / name)", False),
        ("read(ROOT / 'data')", True),
        ("read('../data') / 255", True),
        ("images = read('../data')", True),
        ("images = read(ROOT / 'data') / 255", True),
        ("axes.plot(x, label='data')", False),
    ],
)
def test_any_file_may_be_meant_where_the_folder_of_the_data_is_handed_on(
    tmp_path, code, any_file
):
    assert uses.used_by([code], tmp_path).any_data is any_file
