"""Show a part of a chapter bit by bit, and let an explorer begin in a chosen state.

What a part shows at first, and what each key then shows of it, are told to the page as
JSON: a share of a picture's width, or the state of an explorer.
"""

import json
import re
from typing import Any

import yaml
from docutils import nodes

from bookpress.slides.parts import Untakable
from bookpress.website.formulas import in_terms

STATE = re.compile(r'(<script type="application/json">)(.*?)(</script>)', re.DOTALL)


def read_yaml(text: str, place: nodes.Element, kind: type) -> Any:
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        value = None
    if not isinstance(value, kind):
        what = "{trait: value}" if kind is dict else "a list of {trait: value}"
        raise Untakable(f"{text!r} of {place['label']!r} must be {what}")
    return value


def explorer_of(taken: nodes.Element) -> tuple[nodes.raw, dict] | None:
    """The place of an explorer in a part, and its state."""
    for node in taken.findall(nodes.raw):
        if "data-explorer=" in node.astext() and (found := STATE.search(node.astext())):
            return node, json.loads(found[2])
    return None


def checked(changes: Any, state: dict, place: nodes.Element) -> dict:
    if unknown := set(changes) - set(state):
        names, known = ", ".join(sorted(unknown)), ", ".join(sorted(state))
        raise Untakable(
            f"the explorer {place['label']!r} has no {names}; it has {known}"
        )
    return changes


def apply_state(taken: nodes.Element, place: nodes.Element) -> None:
    """Let an explorer begin in the state that a deck has chosen."""
    if "state" not in place:
        return
    if (found := explorer_of(taken)) is None:
        raise Untakable(f"{place['label']!r} is no explorer, so it has no state")
    node, state = found
    changes = checked(read_yaml(place["state"], place, dict), state, place)
    text = json.dumps(state | changes, allow_nan=False).replace("<", r"\u003c")
    html = STATE.sub(lambda m: m[1] + text + m[3], node.astext())
    node.rawsource, node[:] = html, [nodes.Text(html)]


def apply_steps(taken: nodes.Element, place: nodes.Element) -> list[dict]:
    """Say what a part shows at first, and return what each key then shows of it."""
    if "steps" not in place:
        return []
    text = place["steps"]
    formula = next(iter(taken.findall(nodes.math_block)), None)
    if (found := explorer_of(taken)) is not None:
        state = found[1]
        listed = [checked(s, state, place) for s in read_yaml(text, place, list)]
        names = sorted({name for changes in listed for name in changes})
        shown = {name: state[name] for name in names}
        taken["of"] = {"state": shown}
        # Each step says all, so that one may go back from it.
        return [{"state": (shown := shown | changes)} for changes in listed]
    if formula is not None and text == "terms":
        tex = in_terms(formula)
        formula.rawsource, formula[:] = tex, [nodes.Text(tex)]
        formula["nowrap"] = True
        return []
    try:
        shares = [float(share) for share in text.split()]
    except ValueError:
        raise Untakable(
            f"steps of {place['label']!r} are shares of its width (0.3 0.7 1), "
            "states of an explorer or `terms` of an equation"
        ) from None
    taken["of"] = {"share": shares[0]}
    return [{"share": share} for share in shares[1:]]
