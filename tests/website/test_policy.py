"""A page may run its own scripts, and no others."""

import base64
import hashlib
import re

import pytest

from bookpress.website.policy import policy, with_policy


def digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def page(body: str) -> str:
    return f'<!DOCTYPE html>\n<head><meta charset="utf-8" /></head><body>{body}</body>'


def test_policy_allows_each_inline_script_by_its_hash():
    text = page("<script>let ø = 1;</script><script type=\"module\">f('x')</script>")
    assert f"'sha256-{digest('let ø = 1;')}'" in policy(text)
    assert f"'sha256-{digest('f(' + repr('x') + ')')}'" in policy(text)


@pytest.mark.parametrize(
    "script",
    [
        '<script src="a.js"></script>',
        '<script defer src="a.js"></script>',
        '<script type="application/json">{"a": 1}</script>',
    ],
)
def test_policy_needs_no_hash_for_files_and_data(script: str):
    assert "sha256" not in policy(page(script))


def test_policy_is_the_same_whatever_the_order_of_the_scripts():
    one, two = "<script>a</script>", "<script>b</script>"
    assert policy(page(one + two)) == policy(page(two + one + one))


def test_policy_stands_before_anything_that_it_governs():
    head = with_policy(page("<script>a</script>")).partition("<script>")[0]
    assert re.search(r'<meta charset="utf-8" />\s*<meta http-equiv="Content-Sec', head)
