"""The workflows run what the Makefile has, with no more rights than they need."""

import re

import pytest
import yaml
from this_book import ROOT

from bookpress.commands import install, newest

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
def test_only_the_step_that_publishes_may_write(file):
    assert yaml.safe_load(file.read_text("utf8"))["permissions"] == {"contents": "read"}
    rights = {
        name: job["permissions"]
        for name, job in jobs(file).items()
        if "permissions" in job
    }
    publishing = {"publish": {"pages": "write", "id-token": "write"}}
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
    results = {"Chapters": (True, "fine"), "Fast tests": (False, "FAILED test_x")}
    text = newest.report(changes, results)
    assert "Chapters: passed" in text
    assert "fine" not in text
    assert "Fast tests: FAILED\n\n```\nFAILED test_x\n" in text
    assert text.endswith("- numpy 2.4.6 → 2.5.0\n")


def test_a_failing_check_is_told_with_its_last_lines(monkeypatch):
    monkeypatch.setattr(newest, "PYTHON", install.PYTHON)
    code = "print('\\n'.join(map(str, range(99)))); raise SystemExit(3)"
    monkeypatch.setattr(newest, "CHECKS", {"a": ["-c", code], "b": ["-c", ""]})
    passed, tail = newest.check("a")
    assert not passed
    assert tail.splitlines() == [str(i) for i in range(39, 99)]
    assert newest.check("b") == (True, "")
