"""Where a chapter can be run, by the settings and by the repository's host."""

from types import SimpleNamespace

import pytest

from bookpress.addresses import Repository, WrongSetting
from bookpress.notebooks.launch import take_over, ways

HUB = {"jupyterhub_url": "https://hub.example.org"}


def taken(site: str = "", repository: str = "", **buttons: str) -> SimpleNamespace:
    options = {"repository_url": repository, "launch_buttons": buttons}
    config = SimpleNamespace(html_baseurl=site, html_theme_options=options)
    take_over(None, config)
    return config


def test_the_theme_does_not_get_the_settings():
    """Its buttons would copy files that the website has not, and need other icons."""
    config = taken(binderhub_url="https://binder.example.org")
    assert config.launch_buttons == {"binderhub_url": "https://binder.example.org"}
    assert "launch_buttons" not in config.html_theme_options


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"colab_url": "colab"}, "colab_url is 'colab', which is no web address"),
        ({"notebook_interface": "lab"}, "is 'lab'; write classic or jupyterlab"),
        (HUB, "need repository: url and html: baseurl, too"),
        ({**HUB, "site": "https://example.org"}, "need repository: url, too"),
    ],
)
def test_a_wrong_setting_is_told_with_what_to_do(settings: dict, words: str):
    with pytest.raises(WrongSetting, match=words):
        taken(**settings)


@pytest.mark.parametrize(
    ("url", "binder", "colab"),
    [
        ("https://github.com/me/book", "v2/gh/me/book/", True),
        ("https://gitlab.com/us/me/book", "v2/gl/us%2Fme%2Fbook/", False),
        ("https://git.example.org/me/book", "v2/git/https%3A%2F%2Fgit.exa", False),
    ],
)
def test_binder_opens_any_repository_and_colab_those_on_github(url, binder, colab):
    book = Repository(url, "a/branch", "a folder")
    found = ways(book, "a folder/book/mlp.md", "mlp.ipynb", "tree")
    assert found["binderhub_url"].startswith(binder)
    assert found["binderhub_url"].endswith(
        "/a%2Fbranch?urlpath=tree%2Fa+folder%2Fbook%2Fmlp.md"
    )
    assert ("colab_url" in found) == colab
