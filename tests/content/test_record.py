"""The status page tells what was measured, and the texts' promises agree with it."""

import html
import json
import re
import statistics

import this_book
from this_book import ROOT

from bookpress.settings import settings

RECORD = json.loads((ROOT / settings(ROOT).sphinx("bench_record")).read_text("utf8"))


def text_of(page) -> str:
    """What a reader reads on a page of the website."""
    return re.sub(r"<[^>]*>|\s+", " ", html.unescape(page.read_text("utf8")))


def test_the_status_page_shows_the_record_and_the_versions(site):
    text = re.sub(r" +", " ", text_of(site / "book" / "status.html"))
    assert f"Measured on {RECORD['date']}" in text
    assert f"{RECORD['JupyterLab MB']} MB besides" in text
    for name, found in RECORD["chapters"].items():
        title = re.search(r"^# (.*)", this_book.source(name), flags=re.M)[1]
        row = " ".join(f"{found[what]:.0f}" for what in ("seconds", "computing", "MB"))
        assert f"{title} {row} " in text
    requirements = (ROOT / "requirements.txt").read_text()
    pins = re.findall(r"^([\w-]+)==([^\s;]+)", requirements, flags=re.M)
    assert len(pins) > 15
    assert [pin for pin in pins if "{} {}".format(*pin) not in text] == []


def test_the_front_page_leads_to_the_status_page(site):
    assert 'href="status.html"' in (site / "book" / "intro.html").read_text("utf8")


def test_the_run_times_that_chapters_promise_are_about_those_measured():
    """All alike, as a shared machine computes more slowly than one of its own."""
    ratios = {}
    chapters = [page for page in RECORD["chapters"] if page != this_book.PAGES[0]]
    for name in chapters:
        found = RECORD["chapters"][name]
        (promised,) = re.findall(r"run time (\d+) seconds", this_book.source(name))
        ratios[name] = found["computing"] / int(promised)
    slowness = statistics.median(ratios.values())
    assert 0.5 < slowness < 3
    assert [name for name, r in ratios.items() if not 2 / 3 < r / slowness < 1.5] == []


def test_a_seat_that_teachers_are_told_of_holds_any_chapter():
    text = (ROOT / "README.md").read_text("utf8")
    (gigabytes,) = re.findall(r"(\d) GB of memory for each seat", text)
    largest = max(found["MB"] for found in RECORD["chapters"].values())
    (further,) = re.findall(r"takes up to\s+([\d.]+) GB until", text)
    assert largest < 1000 * float(further)
    needed = (largest + RECORD["JupyterLab MB"]) / 1000
    assert needed < int(gigabytes) < 2.5 * needed
    (minutes,) = re.findall(r"computes for at\s+most (\d) minutes", text)
    longest = max(found["computing"] for found in RECORD["chapters"].values())
    assert longest < 60 * int(minutes)
