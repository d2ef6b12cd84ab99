"""Forward and backward on a graph: JavaScript's numbers are Python's and PyTorch's."""

import numpy as np
import pytest
import traitlets
from explorer_pages import in_node

from explorers.graph import GRAPHS, Graph

MODULE = "graph/graph.js"


@pytest.fixture(scope="module")
def graphs() -> list[Graph]:
    """Both graphs at their defaults, at ends of what they take, and in between."""
    rng = np.random.default_rng(0)
    inputs = {
        name: [np.full(n, 10.0), np.full(n, -10.0), np.zeros(n)]
        + list(rng.uniform(-3, 3, (20, n)))
        for name, n in [("exponential", 3), ("network", 3)]
    }
    made = [Graph(example=name) for name in GRAPHS]
    for name, rows in inputs.items():
        made += [Graph(example=name, **{name: row.tolist()}) for row in rows]
    return made


def test_the_graph_on_the_page_has_the_numbers_of_python(graphs):
    answers = in_node(MODULE, "run", *([graph.state()] for graph in graphs))
    for graph, answer in zip(graphs, answers, strict=True):
        wanted = graph.run()
        for kind in ("values", "adjoints"):
            assert answer[kind] == pytest.approx(wanted[kind], rel=1e-9, abs=1e-9)
        assert set(answer["gradients"]) == set(wanted["gradients"])
        for name, row in wanted["gradients"].items():
            assert answer["gradients"][name] == pytest.approx(row, rel=1e-9, abs=1e-9)
        arrows = {(a["from"], a["to"]): a for a in answer["arrows"]}
        for kind, one in [("slopes", "slope"), ("contributions", "contribution")]:
            found = {arrow: numbers[one] for arrow, numbers in arrows.items()}
            assert found == pytest.approx(wanted[kind], rel=1e-9, abs=1e-9)


def test_the_adjoints_are_those_of_pytorch(graphs):
    """Written from the formulas, and asked at every node, not at the inputs alone."""
    import torch

    for graph in graphs:
        given = [
            torch.tensor(value, dtype=torch.float64, requires_grad=True)
            for value in getattr(graph, graph.example)
        ]
        if graph.example == "exponential":
            w, x, b = given
            z = w * x
            o = z + b
            y = torch.exp(o)
            nodes = {"w": w, "x": x, "b": b, "z": z, "o": o, "y": y}
            result = y
        else:
            x1, x2, y = given
            rows = [(1.0, 0.5, 1.0), (-2.0, 0.5, 0.0), (2.0, 3.0, -1.0)]
            leaves = [
                torch.tensor(row, dtype=torch.float64, requires_grad=True)
                for row in rows
            ]
            o1, o2 = (w[0] * x1 + w[1] * x2 + w[2] for w in leaves[:2])
            a1, a2 = torch.relu(o1), torch.relu(o2)
            s = leaves[2][0] * a1 + leaves[2][1] * a2 + leaves[2][2]
            result = torch.nn.functional.mse_loss(s, y)
            nodes = {"x1": x1, "x2": x2, "y": y, "o1": o1, "o2": o2}
            nodes |= {"a1": a1, "a2": a2, "s": s, "L": result}
            by_weights = torch.autograd.grad(result, leaves, retain_graph=True)
            found = graph.run()["gradients"]
            for name, wanted in zip(("o1", "o2", "s"), by_weights, strict=True):
                assert found[name] == pytest.approx(wanted.tolist(), rel=1e-9, abs=1e-9)
        gradients = torch.autograd.grad(result, list(nodes.values()))
        run = graph.run()
        adjoints = {n: g.item() for n, g in zip(nodes, gradients, strict=True)}
        values = {name: value.item() for name, value in nodes.items()}
        assert run["adjoints"] == pytest.approx(adjoints, rel=1e-9, abs=1e-9)
        assert run["values"] == pytest.approx(values, rel=1e-9, abs=1e-9)


def test_the_exponential_is_the_chapter_s():
    run = Graph().run()
    shown = {name: round(value, 2) for name, value in run["adjoints"].items()}
    assert shown == {"y": 1, "o": 7.39, "z": 7.39, "b": 7.39, "x": 14.78, "w": 22.17}


def test_the_network_is_the_chapter_s_with_its_second_unit_off():
    run = Graph(example="network").run()
    assert run["values"]["o2"] == -1 and run["values"]["a2"] == 0
    assert run["adjoints"]["a2"] == 12 and run["adjoints"]["o2"] == 0
    assert run["gradients"] == {"s": [12, 0, 4], "o1": [8, 16, 8], "o2": [0, 0, 0]}


def test_a_graph_refuses_inputs_that_make_no_sense():
    for wrong in [
        {"exponential": [1.0, 2.0]},
        {"network": [np.nan, 1.0, 1.0]},
        {"network": [11.0, 1.0, 1.0]},
        {"example": "none"},
        {"step": 21},
    ]:
        with pytest.raises(traitlets.TraitError):
            Graph(**wrong)
