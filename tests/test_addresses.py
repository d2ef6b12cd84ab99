"""Addresses of the website and of the repository: used as set, or refused."""

from types import SimpleNamespace

import pytest

from bookpress import addresses


def config(site: str = "", repository: str = "", **options: str) -> SimpleNamespace:
    options["repository_url"] = repository
    return SimpleNamespace(html_baseurl=site, html_theme_options=options)


@pytest.mark.parametrize("site", ["https://example.org/a", "https://example.org/a/"])
def test_a_page_lies_below_the_site_s_address(site: str):
    page = addresses.page(config(site), "book/mlp")
    assert page == "https://example.org/a/book/mlp.html"


@pytest.mark.parametrize("unset", ["", None])
def test_without_addresses_there_are_none(unset):
    assert addresses.page(config(unset), "book/mlp") == ""
    assert addresses.repository(config("", unset)) is None


@pytest.mark.parametrize(
    "wrong",
    [
        "example.org",
        "git@github.com:me/book",
        "https://",
        "https://a b",
        "https://a/?b",
        7,
    ],
)
def test_what_is_no_web_address_is_told_with_its_setting(wrong):
    with pytest.raises(addresses.WrongSetting, match=r"^html: baseurl is .*https://"):
        addresses.site(config(wrong))
    with pytest.raises(addresses.WrongSetting, match=r"^repository: url is .*https://"):
        addresses.repository(config("", wrong))


def test_a_repository_has_an_owner_and_a_name():
    book = addresses.repository(config("", "https://github.com/me/book.git"))
    assert (book.host, book.path, book.branch) == ("github.com", "me/book", "main")
    with pytest.raises(addresses.WrongSetting, match="write owner and name"):
        addresses.repository(config("", "https://github.com/me"))
