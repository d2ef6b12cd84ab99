"""The addresses that a book may have: of its published website and of its repository.

Both are empty until `_config.yml` sets them, and what needs one stays away without it.
"""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import SphinxError

WEB_ADDRESS = re.compile(r"https?://[\w.-]+(:\d+)?(/[^\s?#]*)?")


class WrongSetting(SphinxError):
    """A setting of `_config.yml` cannot be meant; the message says what to do."""

    category = "A wrong setting in _config.yml"


def checked(setting: str, value: object) -> str:
    """A web address without the slash at its end; empty if it is not set.

    Parameters
    ----------
    setting : where `_config.yml` sets it, such as "html: baseurl"
    value : what stands there

    Raises
    ------
    WrongSetting : it is no web address
    """
    address = str(value or "")
    if address and not WEB_ADDRESS.fullmatch(address):
        raise WrongSetting(
            f"{setting} is {address!r}, which is no web address; "
            "begin with https:// or leave it empty"
        )
    return address.rstrip("/")


def site(config: Config) -> str:
    """The website's address, without the slash at its end."""
    return checked("html: baseurl", config.html_baseurl)


def page(config: Config, docname: str) -> str:
    """The address of a page of the website."""
    return f"{base}/{docname}.html" if (base := site(config)) else ""


@dataclass(frozen=True)
class Repository:
    """Where the book's sources are.

    Parameters
    ----------
    url : its web address
    branch : the branch that is published
    folder : the book's folder in it, empty for the top one
    """

    url: str
    branch: str
    folder: str

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    @property
    def path(self) -> str:
        """Owner and name: `me/book`."""
        return urlsplit(self.url).path.strip("/")


def repository(config: Config) -> Repository | None:
    """The book's repository, None if it has none."""
    options = config.html_theme_options
    url = checked("repository: url", options.get("repository_url"))
    if not url:
        return None
    branch = options.get("repository_branch") or "main"
    folder = (options.get("path_to_docs") or "").strip("/")
    found = Repository(url.removesuffix(".git"), branch, folder)
    if "/" not in found.path:
        raise WrongSetting(
            f"repository: url is {url!r}, which names no repository; "
            "write owner and name, as in https://github.com/OWNER/NAME"
        )
    return found


def check(app: Sphinx, config: Config) -> None:
    site(config)
    repository(config)


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("config-inited", check)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
