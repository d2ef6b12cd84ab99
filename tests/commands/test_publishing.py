"""The workflows run what the Makefile has, with no more rights than they need."""

import re
import subprocess
import sys
from types import SimpleNamespace

import pytest
import yaml
from this_book import ROOT

from bookpress import execution
from bookpress.commands import install, newest, publish_notebooks

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.M))


def jobs(file) -> dict[str, dict]:
    return yaml.safe_load(file.read_text("utf8"))["jobs"]


def steps(file) -> list[dict]:
    return [step for job in jobs(file).values() for step in job["steps"]]


def workflow(name: str):
    return ROOT / ".github" / "workflows" / name


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.stem)
def test_each_make_target_that_a_workflow_runs_exists(file):
    runs = [step["run"] for step in steps(file) if "run" in step]
    targets = [run.split()[1] for run in runs if run.startswith("make ")]
    assert targets
    assert set(targets) <= TARGETS
    assert all(len(run.splitlines()) == 1 for run in runs)  # the rest is in make


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.stem)
def test_actions_are_the_platform_s_own_named_by_major_version(file):
    used = [step["uses"] for step in steps(file) if "uses" in step]
    assert used
    assert [
        name for name in used if not re.fullmatch(r"actions/[a-z-]+@v\d", name)
    ] == []


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.stem)
def test_only_the_steps_that_publish_may_write(file):
    assert yaml.safe_load(file.read_text("utf8"))["permissions"] == {"contents": "read"}
    rights = {
        name: job["permissions"]
        for name, job in jobs(file).items()
        if "permissions" in job
    }
    publishing = {
        "publish": {"pages": "write", "id-token": "write"},
        "notebooks": {"contents": "write"},
    }
    assert rights == (publishing if file.stem == "book" else {})


def test_what_is_published_has_passed_lint_and_tests_and_stands_on_main():
    """A pull request gets its website as a file to download, and no more."""
    build, publish = (jobs(workflow("book.yml"))[name] for name in ("build", "publish"))
    done = [step.get("run") or step["uses"].split("@")[0] for step in build["steps"]]
    order = ["make lint", "make bundle", "make test", "actions/upload-pages-artifact"]
    assert [name for name in done if name in order] == order
    preview, pages = (
        next(step for step in build["steps"] if name in step.get("uses", ""))
        for name in ("upload-artifact", "upload-pages-artifact")
    )
    assert preview["with"]["path"] == pages["with"]["path"] == "_build/html"
    assert "if" not in preview
    on_main = "github.ref == 'refs/heads/main'"
    assert pages["if"] == publish["if"] == on_main
    assert publish["needs"] == "build"
    assert jobs(workflow("book.yml"))["notebooks"]["needs"] == "publish"


def test_notebooks_get_a_branch_with_the_latest_ones_and_nothing_else(tmp_path):
    """Once more after a change; what else is in the repository stays as it is."""

    def git(*words: str, folder=tmp_path) -> str:
        done = ["git", "-c", "user.name=A", "-c", "user.email=a@example.org", *words]
        return subprocess.check_output(done, cwd=folder, text=True).strip()

    book, remote = tmp_path / "book", tmp_path / "remote.git"
    git("init", "--quiet", "--bare", str(remote))
    git("init", "--quiet", "--initial-branch=main", str(book))
    git("remote", "add", "origin", str(remote), folder=book)
    (book / ".gitignore").write_text("_build\n")
    git("add", ".", folder=book)
    git("commit", "--quiet", "--message=One", folder=book)
    with pytest.raises(SystemExit, match="no notebooks to publish; run: make site"):
        publish_notebooks.publish(book)
    folder = book / "_build" / "html" / "notebooks"
    folder.mkdir(parents=True)
    (folder / "notebook-files.zip").touch()
    for name in ("a", "b"):
        (folder / f"{name}.ipynb").write_text("{}")
        publish_notebooks.publish(book)
    branch = publish_notebooks.BRANCH
    files = git("ls-tree", "--name-only", branch, folder=remote)
    assert files.split() == ["a.ipynb", "b.ipynb"]
    assert git("rev-list", "--count", branch, folder=remote) == "1"
    assert git("status", "--porcelain", folder=book) == ""
    git("remote", "set-url", "origin", "nowhere", folder=book)
    with pytest.raises(SystemExit, match=r"error: git push: .+"):
        publish_notebooks.publish(book)


@pytest.mark.parametrize(
    ("file", "job", "command"),
    [("book.yml", "build", "make bundle"), ("newest.yml", "links", "make links")],
)
def test_outputs_of_chapters_are_kept_from_run_to_run(file, job, command):
    """Under a key of all that they depend on, or else the last that there were."""
    steps = jobs(workflow(file))[job]["steps"]
    (place,) = [i for i, step in enumerate(steps) if "cache" in step.get("uses", "")]
    assert place < [step.get("run") for step in steps].index(command)
    options = steps[place]["with"]
    store = execution.cache_path(SimpleNamespace(srcdir=ROOT))
    assert ROOT / options["path"] == store
    assert options["key"].startswith(options["restore-keys"])
    hashed = set(re.findall(r"'([\w./]+?)(?:/\*\*)?'", options["key"]))
    modules = {path.name for path in ROOT.glob("*.py")} - {"conftest.py"}
    assert hashed == {"book", "explorers", "data", "requirements.lock"} | modules
    assert all((ROOT / name).exists() for name in hashed)


def test_the_newest_packages_are_tried_every_week_and_reported():
    text = yaml.safe_load(workflow("newest.yml").read_text("utf8"))
    # YAML 1.1 takes the key `on` for true.
    assert re.fullmatch(r"\d+ \d+ \* \* \d", text[True]["schedule"][0]["cron"])
    report = str((newest.FOLDER / "report.md").relative_to(ROOT))
    (summary,) = [step for step in steps(workflow("newest.yml")) if "if" in step]
    assert report in summary["run"]
    assert summary["if"] == "always()"


def test_every_pin_is_loosened_and_the_next_jupyter_book_left_alone():
    text = newest.loosened((ROOT / "requirements.txt").read_text())
    assert "jupyter-book>=1.0.4.post1,<2\n" in text
    assert "\nkeras>=" in text
    assert re.findall(r"^[^#;]*==", text, flags=re.M) == []
    assert '; sys_platform == "linux" and platform_machine == "x86_64"\n' in text
    assert "\n-e .\n" in text


def test_the_report_names_what_failed_and_what_has_moved():
    lock = (
        "numpy==2.4.6 \\\n    --hash=sha256:00\ntorch==2.13.0 \\\n"
        "networkx==3.6.1 ; python_full_version < '3.12' \\\n"
        "networkx==3.7 ; python_full_version >= '3.12' \\\n"
    )
    installed = "NumPy==2.5.0\ntorch==2.13.0+cpu\nnetworkx==3.6.1\nother==1\n"
    changes = newest.moved(lock, installed)
    assert changes == ["numpy 2.4.6 → 2.5.0"]
    results = {"Chapters": (True, "fine"), "Website": (False, "no page")}
    beyond = {"Handout": (False, "no type")}
    text = newest.report({"Within": (results, changes), "Beyond": (beyond, [])})
    assert "## Within\n\n### Chapters: passed" in text
    assert "fine" not in text
    assert "### Website: FAILED\n\n```\nno page\n```" in text
    assert "- numpy 2.4.6 → 2.5.0\n\n## Beyond\n\n### Handout: FAILED" in text
    assert text.endswith("### Packages that have moved: 0\n\nNone.\n")


def test_both_lanes_build_the_website_and_the_handout():
    checks = newest.CHECKS.values()
    builds = [
        check for check in checks if check[:2] == ["-m", "bookpress.commands.book"]
    ]
    assert [target for *_, target in builds] == ["site", "pdf"]
    assert list(newest.LANES.values()) == [newest.install, newest.lift]


def test_the_second_lane_lifts_what_jupyter_book_holds_back(monkeypatch):
    """Their names alone, so that pip takes the newest."""
    asked = []
    monkeypatch.setattr(newest, "PYTHON", sys.executable)
    monkeypatch.setattr(install, "run", lambda command, *_: asked.extend(command))
    newest.lift()
    names = asked[asked.index("eager") + 1 :]
    assert {"sphinx", "myst-parser", "sphinx-book-theme"} <= set(names)
    assert "pre-commit" not in names  # an extra
    assert all(re.fullmatch(r"[\w.-]+", name) for name in names)


def test_each_lane_is_reported_and_what_breaks_in_one_is_an_error(
    tmp_path, monkeypatch
):
    """In a copy of the book, with the report written lane by lane."""
    (tmp_path / "requirements.lock").write_text("a==1\nb==1\n")
    folder = tmp_path / "_build" / "newest"
    monkeypatch.setattr(sys, "argv", ["newest.py"])
    monkeypatch.setattr(install, "ROOT", tmp_path)
    monkeypatch.setattr(install, "install_debian_packages", lambda lists: None)
    for name, value in {
        "ROOT": tmp_path,
        "FOLDER": folder,
        "BOOK": folder / "book",
        "PYTHON": sys.executable,
        "CHECKS": {"Copy": ["-c", "open('requirements.lock'); open('broken')"]},
    }.items():
        monkeypatch.setattr(newest, name, value)
    freezes = iter(["a==2\nb==1\n", "a==2\nb==3\n"])
    monkeypatch.setattr(newest, "output", lambda *_: next(freezes))
    reports = []

    def first() -> None:
        (newest.BOOK / "broken").touch()

    def second() -> None:
        reports.append((folder / "report.md").read_text("utf8"))
        (newest.BOOK / "broken").unlink()

    monkeypatch.setattr(newest, "LANES", {"One": first, "Two": second})
    with pytest.raises(SystemExit, match="error: the newest packages break"):
        newest.main()
    reports.append((folder / "report.md").read_text("utf8"))
    one = "## One\n\n### Copy: passed\n\n### Packages that have moved: 1\n\n- a 1 → 2\n"
    assert reports[0].endswith(one)
    assert one in reports[1]
    assert "## Two\n\n### Copy: FAILED" in reports[1]
    assert reports[1].endswith("### Packages that have moved: 1\n\n- b 1 → 3\n")
    assert not (tmp_path / "broken").exists()


def test_a_failing_check_is_told_with_its_last_lines(monkeypatch):
    monkeypatch.setattr(newest, "PYTHON", sys.executable)
    monkeypatch.setattr(newest, "BOOK", ROOT)
    code = "print('\\n'.join(map(str, range(99)))); raise SystemExit(3)"
    monkeypatch.setattr(newest, "CHECKS", {"a": ["-c", code], "b": ["-c", ""]})
    passed, tail = newest.check("a")
    assert not passed
    assert tail.splitlines() == [str(i) for i in range(39, 99)]
    assert newest.check("b") == (True, "")
