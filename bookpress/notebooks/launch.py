"""Links that open a chapter, ready to run, on somebody's server.

Jupyter Book's `launch_buttons` name the servers. Once the book has a repository and an
address, each chapter offers them in its menu: Binder and a JupyterHub open its source
beside the book, Colab the notebook that is made of it. Colab takes notebooks from
GitHub only, so these stand on a branch of their own (`commands.publish_notebooks`), and
fetch from the website what they need besides.
"""

from urllib.parse import quote, urlencode

from sphinx.application import Sphinx
from sphinx.config import Config

from bookpress import addresses
from bookpress.commands.publish_notebooks import BRANCH
from bookpress.pages import file_of

SERVERS = {
    "colab_url": "Colab",
    "binderhub_url": "Binder",
    "jupyterhub_url": "JupyterHub",
}
INTERFACES = {"classic": "tree", "jupyterlab": "lab/tree"}


def servers(config: Config) -> dict[str, str]:
    """The servers that the book names: their addresses by their settings."""
    named = {
        key: addresses.checked(f"launch_buttons: {key}", config.launch_buttons.get(key))
        for key in SERVERS
    }
    return {key: address for key, address in named.items() if address}


def take_over(app: Sphinx, config: Config) -> None:
    """Keep the settings from the theme, whose buttons need what the website has not.

    Raises
    ------
    WrongSetting : a server has no address, or none could open the book there
    """
    config.launch_buttons = config.html_theme_options.pop("launch_buttons", None) or {}
    chosen = config.launch_buttons.get("notebook_interface", "classic")
    if chosen not in INTERFACES:
        raise addresses.WrongSetting(
            f"launch_buttons: notebook_interface is {chosen!r}; "
            f"write {' or '.join(INTERFACES)}"
        )
    lacking = [
        setting
        for setting, value in (
            ("repository: url", addresses.repository(config)),
            ("html: baseurl", addresses.site(config)),
        )
        if not value
    ]
    # Public servers wait until there is a book; a hub is somebody's own.
    if "jupyterhub_url" in servers(config) and lacking:
        raise addresses.WrongSetting(
            "launch_buttons: jupyterhub_url is set, but links to run a chapter need "
            f"{' and '.join(lacking)}, too; set that, or leave the hub empty"
        )


def ways(book: addresses.Repository, page: str, made: str, lab: str) -> dict[str, str]:
    """What follows a server's address to open a page there, by settings.

    Parameters
    ----------
    book : where the sources are
    page : the page's source in it
    made : the file of the notebook that is made of the page
    lab : how JupyterLab's or the older interface's addresses begin
    """
    kinds = {
        "github.com": f"gh/{book.path}",
        "gitlab.com": f"gl/{quote(book.path, safe='')}",
    }
    kind = kinds.get(book.host, f"git/{quote(book.url, safe='')}")
    name = book.path.rpartition("/")[2]
    there = urlencode({"urlpath": f"{lab}/{page}"})
    pulled = {
        "repo": book.url,
        "branch": book.branch,
        "urlpath": f"{lab}/{name}/{page}",
    }
    found = {
        "binderhub_url": f"v2/{kind}/{quote(book.branch, safe='')}?{there}",
        "jupyterhub_url": f"hub/user-redirect/git-pull?{urlencode(pulled)}",
    }
    if book.host == "github.com":
        found["colab_url"] = f"github/{book.path}/blob/{BRANCH}/{made}"
    return found


def links(app: Sphinx, docname: str) -> dict[str, str]:
    """Where a chapter can be run: addresses by the names of servers.

    Empty while the book has no repository or no address.
    """
    config, book = app.config, addresses.repository(app.config)
    if book is None or not addresses.site(config):
        return {}
    lab = INTERFACES[config.launch_buttons.get("notebook_interface", "classic")]
    page = "/".join(filter(None, [book.folder, f"{docname}.md"]))
    known = ways(book, page, f"{file_of(app, docname)}.ipynb", lab)
    return {
        SERVERS[key]: f"{address}/{known[key]}"
        for key, address in servers(config).items()
        if key in known
    }


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_config_value("launch_buttons", {}, "html")
    app.connect("config-inited", take_over)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
