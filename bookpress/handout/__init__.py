"""The printed handout: LuaLaTeX in the style of `handout.sty`.

Configures Sphinx's LaTeX builder. The modules here arrange the document; what a page
may contain says for itself how it prints (`content`).
"""

from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config

from bookpress.handout.tex import tex

STYLE = [str(Path(__file__).with_name(f"handout.{kind}")) for kind in ("sty", "lua")]


def configure(app: Sphinx, config: Config) -> None:
    """Take back what sphinx_jupyterbook_latex sets for every builder; add our style."""
    config.latex_engine = "lualatex"
    config.latex_theme = "manual"
    config.latex_toplevel_sectioning = "chapter"
    config.jblatex_captions_to_parts = False
    config.jblatex_load_imgconverter = False
    config.jblatex_show_tocs = False
    config.latex_show_urls = "no"
    config.latex_table_style = ["booktabs"]
    config.latex_use_xindy = False
    config.latex_domain_indices = False
    config.latex_additional_files = [*config.latex_additional_files, *STYLE]
    config.latex_elements = {
        "papersize": f"{config.handout_paper}paper",
        "pointsize": "11pt",
        "extraclassoptions": "twoside,openany",
        "passoptionstopackages": r"\PassOptionsToPackage{table}{xcolor}",
        "polyglossia": "",
        "fontpkg": "",
        "fncychap": "",
        "geometry": "",
        "fvset": "",
        "figure_align": "htbp",
        "preamble": "\\usepackage{handout}\n"
        f"\\handoutsetup{{{tex(config.handout_subtitle)}}}"
        f"{{{tex(config.handout_license)}}}",
        "maketitle": r"\handouttitlepage",
        "tableofcontents": r"\handoutcontents",
        "makeindex": r"\makeindex",
        "printindex": r"\printindex",
    }


def setup(app: Sphinx) -> dict[str, bool]:
    # First: what it says about LaTeX is replaced here.
    app.setup_extension("sphinx_jupyterbook_latex")
    app.add_config_value("handout_subtitle", "", "env")
    app.add_config_value("handout_license", "", "env")
    app.add_config_value("handout_paper", "a4", "")
    app.add_config_value("handout_part", "", "")
    app.connect("config-inited", configure, priority=900)
    for part in ("index", "structure", "listings", "parts"):
        app.setup_extension(f"bookpress.handout.{part}")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
