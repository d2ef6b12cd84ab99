"""Predictions on the website: the boxes, their script, and the page that gathers them.

A box is a form whose answer lies in a `template`, where nobody sees or finds it. The
script (`templates/predict.js`) stands in the head of pages with boxes and covers what
follows a box while the page is parsed. The page `predictions.html` has all questions of
the book, of which the script shows those that a reader has answered.
"""

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransformer
from sphinx.util.docutils import new_document

from bookpress.checks.numbers import read_number
from bookpress.content.predictions import (
    PAGE,
    answer,
    boxes,
    choice,
    cover,
    prediction,
    question,
    reply,
)
from bookpress.media import WEBSITE, only
from bookpress.website.description import plain

BUTTONS = """\
<div class="predict-do pst-js-only"><button type="submit">Commit</button>
<button type="button" class="predict-show">Show without guessing</button></div>
<div class="predict-told" role="group" tabindex="-1" hidden></div>
"""


def visit_prediction(translator, box: prediction) -> None:
    """Write a box; with `link`, what the page of all predictions needs of it."""
    write, escaped = translator.body.append, translator.attval
    attributes = {"data-name": box["key"], "data-kind": box["kind"]}
    attributes |= facts(box)
    asked, options = box[0], list(box.findall(choice))
    hidden = list(box.findall(answer))
    if "link" in box:
        write(translator.starttag(nodes.Element(), "li", **attributes))
        write(f'<a href="{escaped(box["link"])}">')
        asked.walkabout(translator)
        write("</a>")
        hidden += options
    else:
        page = translator.builder.get_relative_uri(
            translator.builder.current_docname, PAGE
        )
        attributes |= {"data-page": page, "autocomplete": "off"}
        write(translator.starttag(box, "form", CLASS="predict", **attributes))
        asked["ids"] = [f"{box['ids'][0]}-question"]
        asked.walkabout(translator)
        write_field(translator, box, options)
        write(BUTTONS)
        hidden += box.findall(reply)
    write("<template>")
    for part in hidden:
        part.walkabout(translator)
    write("</template>")
    write("</li>\n" if "link" in box else "</form>\n")
    raise nodes.SkipNode


def facts(box: prediction) -> dict[str, str]:
    """What the script must know to judge a guess."""
    if box["kind"] == "choice":
        return {"data-right": list(box.findall(choice))[box["right"]]["value"]}
    if box["kind"] == "words":
        return {}
    value, unit = read_number(next(box.findall(answer))["amount"])
    near = abs(value) / 10 if box["near"] is None else box["near"]
    return {"data-amount": f"{value:.15g}", "data-near": f"{max(near, unit / 2):g}"}


def spoken(translator, option: choice) -> str:
    """The name of a choice that holds a formula, which not all programs read as one."""
    if not any(option.findall(nodes.math)):
        return ""
    return f' aria-label="{translator.attval(plain(option))}"'


def write_field(translator, box: prediction, options: list[choice]) -> None:
    write, name = translator.body.append, box["ids"][0]
    if options:
        write(
            '<div class="predict-choices" role="radiogroup" '
            f'aria-labelledby="{name}-question">\n'
        )
        for option in options:
            value = translator.attval(option["value"])
            write(
                f'<label><input class="pst-js-only" type="radio" name="{name}" '
                f'value="{value}"{spoken(translator, option)} required />'
            )
            option.walkabout(translator)
            write("</label>\n")
        write("</div>\n")
        return
    attributes = {"id": f"{name}-guess", "name": name, "maxlength": "200"}
    attributes["aria-describedby"] = f"{name}-question"
    words, unit = "Your guess, in a few words", ""
    if box["kind"] == "number":
        attributes["inputmode"] = "decimal"
        words, unit = "Your guess", next(box.findall(answer))["unit"]
    field = " ".join(f'{key}="{value}"' for key, value in attributes.items())
    label = f'<label for="{name}-guess">{words}</label>'
    unit = translator.encode(unit)
    write(f'<div class="predict-field pst-js-only">{label} <input {field} required />')
    write(f" {unit}</div>\n")


def tag(name: str, **words: str):
    """Visitors that put a part between tags, with attributes made of its own."""

    def visit(translator, node: nodes.Element) -> None:
        attributes = {f"data-{key}": str(node[of]) for key, of in words.items()}
        translator.body.append(translator.starttag(node, name, "", **attributes))

    def depart(translator, node: nodes.Element) -> None:
        translator.body.append(f"</{name}>")

    return visit, depart


def visit_cover(translator, node: cover) -> None:
    translator.body.append(translator.starttag(node, "div", CLASS="predict-cover"))
    translator.body.append("<script>coverPrediction(document.currentScript)</script>\n")


def depart_cover(translator, node: cover) -> None:
    translator.body.append("</div>\n")


# The page of all predictions ---------------------------------------------------------


@only(WEBSITE, otherwise=list)
def collect(app: Sphinx) -> list[tuple[str, dict[str, Any], str]]:
    """The page with the questions of each chapter, in the order of the book."""
    env, address = app.env, app.builder.get_relative_uri
    order = env.toctree_includes.get(app.config.root_doc, [])
    chapters = [
        (env.titles[name].astext(), address(PAGE, name), questions(app, name))
        for name in dict.fromkeys([*order, *sorted(boxes(env))])
        if name in boxes(env)
    ]
    return [(PAGE, {"chapters": chapters, "predicts": True}, "predictions.html")]


def questions(app: Sphinx, docname: str) -> str:
    """The questions of a page, each with a link to its box and what is right."""
    document = new_document("")
    document.settings.env = app.env
    for box in boxes(app.env)[docname]:
        copy = box.deepcopy()
        address = app.builder.get_relative_uri(PAGE, docname)
        copy["link"], copy["ids"] = f"{address}#{box['ids'][0]}", []
        copy["until"] = ""  # nothing stands below it here
        del copy[0][0][:2]  # the word Predict
        document += copy
    app.env.temp_data["docname"] = docname
    transformer = SphinxTransformer(document)
    transformer.set_environment(app.env)
    transformer.add_transforms(app.registry.get_post_transforms())
    transformer.apply_transforms()
    app.env.temp_data.clear()
    for link in list(document.findall(nodes.reference)):
        link.replace_self(link.children)  # they stand in a link to the box
    rows = nodes.bullet_list("", *document.children)
    return app.builder.render_partial(rows)["fragment"]


@only(WEBSITE)
def add_script(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> None:
    if pagename in boxes(app.env):
        context["predicts"] = True


def name_page(app: Sphinx) -> None:
    """Let {ref}`predictions` lead to the page, as Sphinx does for its own search."""
    domain = app.env.get_domain("std")
    domain.anonlabels[PAGE] = PAGE, ""
    domain.labels[PAGE] = PAGE, "", "Your predictions"


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_node(prediction, override=True, html=(visit_prediction, None))
    app.add_node(cover, override=True, html=(visit_cover, depart_cover))
    app.add_node(question, override=True, html=tag("div"))
    app.add_node(choice, override=True, html=tag("span", value="value"))
    app.add_node(answer, override=True, html=tag("span", answer="amount"))
    app.add_node(reply, override=True, html=tag("p", to="to"))
    app.connect("html-collect-pages", collect)
    app.connect("html-page-context", add_script)
    app.connect("builder-inited", name_page)
    return {"parallel_read_safe": True, "parallel_write_safe": False}
