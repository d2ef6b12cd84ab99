"""The chapter on automatic differentiation: its equations, and the slopes it finds.

They are those that PyTorch, TensorFlow and nudging find.
"""

import itertools
import math
import re
from fractions import Fraction

import numpy as np
import pytest
from every_chapter import *  # noqa: F403
from this_book import source

import notebook_utils  # noqa: F401  (before Keras)

# isort: split
import keras
import tensorflow as tf
import torch

PAGE = "book/autodiff"


@pytest.fixture(scope="module")
def autodiff(chapter):
    return chapter(PAGE).namespace


# Equations ----------------------------------------------------------------------------


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def slope(f, x: float, h: float = 1e-5) -> float:
    """Central difference."""
    return (f(x + h) - f(x - h)) / (2 * h)


@pytest.mark.equation("eq:ad-differences")
def test_both_quotients_approach_the_slope_as_taylor_says():
    """In exact fractions on x^3 their errors are 3xh + h^2 and h^2, so both vanish."""

    def cube(x):
        return x**3

    x = Fraction(7, 3)
    for h in (Fraction(1), Fraction(1, 10), Fraction(1, 1000)):
        one_side = (cube(x + h) - cube(x)) / h
        both_sides = (cube(x + h) - cube(x - h)) / (2 * h)
        assert one_side - 3 * x**2 == 3 * x * h + h**2
        assert both_sides - 3 * x**2 == h**2


@pytest.mark.equation("eq:ad-steps")
def test_each_step_has_the_value_and_slopes_of_its_row(autodiff):
    """The engine's nodes hold the values and slopes, and differences confirm them."""
    Node, exp = autodiff["Node"], autodiff["exp"]
    w, x, b = Node(2.0), Node(3.0), Node(-4.0)
    z = w * x
    o = z + b
    y = exp(o)
    assert (z.value, o.value, y.value) == (6.0, 2.0, pytest.approx(math.e**2))
    assert dict(z.arrows) == {w: 3.0, x: 2.0}
    assert dict(o.arrows) == {z: 1.0, b: 1.0}
    assert dict(y.arrows) == {o: y.value}
    assert slope(lambda w: w * 3, 2.0) == pytest.approx(3)
    assert slope(lambda x: 2 * x, 3.0) == pytest.approx(2)
    assert slope(math.exp, 2.0) == pytest.approx(y.value)


@pytest.mark.equation("eq:ad-bar")
def test_an_adjoint_is_the_derivative_of_the_result(autodiff):
    """Nudging a node changes the result by its adjoint times that, by all routes."""
    Node, adjoints = autodiff["Node"], autodiff["adjoints"]
    w, x, b = Node(2.0), Node(3.0), Node(-4.0)
    z = w * x
    o = z + b
    y = autodiff["exp"](o)
    bar = adjoints(y)
    for node, from_here in [
        (w, lambda u: math.exp(u * 3 - 4)),
        (x, lambda u: math.exp(2 * u - 4)),
        (b, lambda u: math.exp(6 + u)),
        (z, lambda u: math.exp(u - 4)),
        (o, math.exp),
        (y, lambda u: u),
    ]:
        assert bar[node] == pytest.approx(slope(from_here, node.value), rel=1e-9)
    p, q = Node(2.0), Node(1.0)
    y = (p + q) * p
    assert (adjoints(y)[p], dict(y.arrows)[p]) == (5.0, 3.0)  # all routes, one step
    assert slope(lambda u: (u + 1) * u, 2.0) == pytest.approx(5, rel=1e-9)


def random_graph(rng, size=9):
    """Slopes d u_k / d u_j of a random linear program, as {(j, k): slope}."""
    return {
        (j, k): Fraction(int(rng.integers(-4, 5)), 3)
        for k in range(1, size)
        for j in range(k)
        if rng.random() < 0.6 or j == k - 1
    }


def sum_over_paths(slopes, start, end):
    """The product of slopes along each path from start to end, summed."""
    if start == end:
        return Fraction(1)
    return sum(
        slope * sum_over_paths(slopes, k, end)
        for (j, k), slope in slopes.items()
        if j == start and k <= end
    )


@pytest.mark.equation("eq:ad-adjoint")
def test_adjoints_by_recursion_equal_the_sum_over_all_paths(autodiff, rng):
    """On random graphs, in exact fractions; and the engine finds the same."""
    Node, adjoints = autodiff["Node"], autodiff["adjoints"]
    for _ in range(10):
        slopes = random_graph(rng)
        bar = {8: Fraction(1)}
        for j in range(7, -1, -1):
            bar[j] = sum(bar[k] * s for (i, k), s in slopes.items() if i == j)
            assert bar[j] == sum_over_paths(slopes, j, 8)
        nodes = []
        for k in range(9):
            arrows = [(nodes[j], float(s)) for (j, i), s in slopes.items() if i == k]
            nodes.append(Node(0.0, *arrows))
        found = adjoints(nodes[8])
        for j, node in enumerate(nodes):
            assert found.get(node, 0.0) == pytest.approx(float(bar[j]), rel=1e-12)


@pytest.mark.equation("eq:ad-tangent")
def test_tangents_by_recursion_equal_the_sum_over_all_paths(autodiff, rng):
    """On random graphs, in exact fractions; and dual numbers find the same."""
    Dual = autodiff["Dual"]
    for _ in range(10):
        slopes = random_graph(rng)
        dot, duals = [Fraction(1)], [Dual(1.0, 1.0)]
        for k in range(1, 9):
            dot.append(sum(s * dot[j] for (j, i), s in slopes.items() if i == k))
            assert dot[k] == sum_over_paths(slopes, 0, k)
            terms = [duals[j] * float(s) for (j, i), s in slopes.items() if i == k]
            duals.append(sum(terms, Dual(0.0)))
            assert duals[k].dot == pytest.approx(float(dot[k]), rel=1e-12)


@pytest.mark.equation("eq:ad-products")
def test_the_two_modes_multiply_the_jacobian_from_its_two_sides(autodiff, rng):
    """Dual numbers give J times a vector, nodes a vector times J, with J by hand."""
    Dual, Node = autodiff["Dual"], autodiff["Node"]
    for _ in range(5):
        p, q = rng.uniform(0.5, 2, size=2)
        J = np.array([[2 * p * q, p**2], [1 / q, -p / q**2], [3, -1]])
        x_dot, y_bar = rng.normal(size=2), rng.normal(size=3)

        def program(p, q):
            return p * p * q, p / q, 3 * p + q * -1

        pushed = program(Dual(p, x_dot[0]), Dual(q, x_dot[1]))
        assert [y.dot for y in pushed] == pytest.approx(J @ x_dot)
        inputs = Node(p), Node(q)
        outputs = program(*inputs)
        weighted = sum((c * y for c, y in zip(y_bar, outputs, strict=True)), Node(0.0))
        bar = autodiff["adjoints"](weighted)
        assert [bar[u] for u in inputs] == pytest.approx(y_bar @ J)


def penalized(x, w_1, w_2, lam=0.1):
    def sigma(o):
        return 1 / (1 + math.exp(-o))

    return -math.log(sigma(w_2 * sigma(w_1 * x))) + lam * (w_1**2 + w_2**2)


@pytest.mark.equation("eq:ad-penalized")
def test_the_penalized_network_is_the_engines(autodiff):
    """The chapter's loss equals the formula in plain Python."""
    assert autodiff["loss"].value == pytest.approx(penalized(1.0, 2.0, -1.0), rel=1e-14)


@pytest.mark.equation("eq:ad-two-paths")
def test_the_slope_is_the_sum_of_its_two_paths(autodiff):
    """Five slopes multiplied, plus the penalty's, equal the engine's sum."""
    x, w_1, w_2, lam = 1.0, 2.0, -1.0, 0.1
    a_1 = 1 / (1 + math.exp(-w_1 * x))
    y_hat = 1 / (1 + math.exp(-w_2 * a_1))
    inner = y_hat * (1 - y_hat) * w_2 * a_1 * (1 - a_1) * x
    total = -1 / y_hat * inner + 2 * lam * w_1
    engine = autodiff["adjoints"](autodiff["loss"])[autodiff["w_1"]]
    assert engine == pytest.approx(total, rel=1e-14)
    numeric = slope(lambda w: penalized(x, w, w_2), w_1)
    assert total == pytest.approx(numeric, rel=1e-8)


def squared_norm(W, x):
    return sum(sum(w * x_j for w, x_j in zip(row, x, strict=True)) ** 2 for row in W)


@pytest.fixture
def W_and_x(rng):
    return rng.integers(-5, 6, size=(3, 4)), rng.integers(-5, 6, size=4)


@pytest.mark.equation("eq:ad-norm")
def test_the_squared_norm_is_that_of_torch(W_and_x):
    """The sum of squares, entry by entry, equals torch's norm squared."""
    W, x = W_and_x
    u = torch.from_numpy(W).double() @ torch.from_numpy(x).double()
    expected = torch.linalg.vector_norm(u).item() ** 2
    assert squared_norm(W.tolist(), x.tolist()) == pytest.approx(expected)


@pytest.mark.equation("eq:ad-entries")
def test_the_entries_equal_exact_differences(W_and_x):
    """f is quadratic in each entry, so in integers a central difference is exact."""
    W, x = W_and_x
    u = W @ x
    for i, j in itertools.product(range(3), range(4)):
        E = np.zeros_like(W)
        E[i, j] = 1
        twice = squared_norm(W + E, x) - squared_norm(W - E, x)
        assert twice == 2 * (2 * u[i]) * x[j]
    for j in range(4):
        e = np.eye(4, dtype=int)[j]
        twice = squared_norm(W, x + e) - squared_norm(W, x - e)
        assert twice == 2 * sum(2 * u[i] * W[i, j] for i in range(3))


@pytest.mark.equation("eq:ad-matrix")
def test_the_matrix_forms_are_those_of_autograd(rng):
    """2Wxx^T and 2W^TWx equal torch's gradients to rounding."""
    for m, n in ((2, 3), (5, 4)):
        W, x = (torch.tensor(rng.normal(size=s)) for s in ((m, n), (n,)))
        W.requires_grad_(), x.requires_grad_()
        u = W @ x
        by_u, by_W, by_x = torch.autograd.grad((u**2).sum(), (u, W, x))
        W, x, u = (tensor.detach().numpy() for tensor in (W, x, u))
        assert np.allclose(by_u, 2 * u, rtol=0, atol=1e-13)
        assert np.allclose(by_W, 2 * W @ np.outer(x, x), rtol=0, atol=1e-13)
        assert np.allclose(by_x, 2 * W.T @ W @ x, rtol=0, atol=1e-13)


@pytest.mark.equation("eq:ad-batch")
def test_adjoints_of_a_batch_are_autograds(rng):
    """gW, g^Ta and the sum of g's rows equal torch's for 200 samples in 24 units."""
    shapes = [(200, 2), (24, 2), (24,), (200, 24)]
    a, W, b, g = (torch.tensor(rng.normal(size=shape)) for shape in shapes)
    leaves = [leaf.requires_grad_() for leaf in (a, W, b)]
    found = torch.autograd.grad(a @ W.T + b, leaves, grad_outputs=g)
    a, W, g = (tensor.detach().numpy() for tensor in (a, W, g))
    for one, other in zip(found, (g @ W, g.T @ a, g.sum(axis=0)), strict=True):
        assert one.shape == other.shape
        assert np.allclose(one, other, rtol=0, atol=1e-12)


def by_formula(weights, biases, x, y, activation, slope):
    """Backpropagation of the squared error, written from the four lines."""
    o, a = [None], [x]
    for W, b in zip(weights, biases, strict=True):
        o.append(W @ a[-1] + b)
        a.append(activation(o[-1]))
    delta = 2 * (a[-1] - y) * slope(o[-1])
    by_weights, by_biases = [np.outer(delta, a[-2])], [delta]
    for layer in range(len(weights) - 1, 0, -1):
        delta = (weights[layer].T @ delta) * slope(o[layer])
        by_weights.insert(0, np.outer(delta, a[layer - 1]))
        by_biases.insert(0, delta)
    return by_weights + by_biases


@pytest.mark.equation("eq:backprop")
def test_the_matrix_form_of_backpropagation_is_autograds(autodiff, rng):
    """On 5-7-7-3 networks all gradients agree within 1e-11 in float64."""
    for _ in range(20):
        shapes = list(itertools.pairwise([5, 7, 7, 3]))
        weights = [rng.normal(size=(n, m)) for m, n in shapes]
        biases = [rng.normal(size=n) for _, n in shapes]
        x, y = rng.normal(size=5), rng.normal(size=3)
        leaves = [torch.tensor(p, requires_grad=True) for p in weights + biases]

        def gradients(hidden, last, leaves=leaves, x=x, y=y):
            a = torch.tensor(x)
            for W, b in zip(leaves[:2], leaves[3:5], strict=True):
                a = hidden(W @ a + b)
            a = last(leaves[2] @ a + leaves[5])
            return torch.autograd.grad(((a - torch.tensor(y)) ** 2).sum(), leaves)

        def sigma(o):
            return 1 / (1 + np.exp(-o))

        found = by_formula(
            weights, biases, x, y, sigma, lambda o: sigma(o) * (1 - sigma(o))
        )
        for one, wanted in zip(
            found, gradients(torch.sigmoid, torch.sigmoid), strict=True
        ):
            assert one.shape == tuple(wanted.shape)
            assert np.abs(one - wanted.numpy()).max() < 1e-12
        pairs = autodiff["backpropagate"](list(zip(weights, biases, strict=True)), x, y)
        found = [by_W for by_W, _ in pairs] + [by_b for _, by_b in pairs]
        wanted_of_relus = gradients(torch.relu, lambda o: o)
        for one, wanted in zip(found, wanted_of_relus, strict=True):
            assert one.shape == tuple(wanted.shape)
            assert one == pytest.approx(wanted.numpy(), rel=1e-11, abs=1e-11)


def worked_by_torch() -> dict[str, tuple[float, float]]:
    """Value and adjoint of each node and parameter of the worked network."""
    given = {"x1": 1.0, "x2": 2.0, "w11": 1.0, "w12": 0.5, "b1": 1.0}
    given |= {"w21": -2.0, "w22": 0.5, "b2": 0.0, "v1": 2.0, "v2": 3.0, "c": -1.0}
    t = {name: torch.tensor(v, requires_grad=True) for name, v in given.items()}
    for unit in "12":
        t[f"o{unit}"] = (
            t[f"w{unit}1"] * t["x1"] + t[f"w{unit}2"] * t["x2"] + t[f"b{unit}"]
        )
        t[f"a{unit}"] = torch.relu(t[f"o{unit}"])
    t["s"] = t["v1"] * t["a1"] + t["v2"] * t["a2"] + t["c"]
    t["L"] = (t["s"] - 3.0) ** 2
    adjoints = torch.autograd.grad(t["L"], list(t.values()))
    return {
        name: (tensor.item(), by.item())
        for (name, tensor), by in zip(t.items(), adjoints, strict=True)
    }


def lines_of(label: str) -> dict[str, list[str]]:
    """The lines of an equation: what each begins with, and its right-hand sides."""
    body = re.search(
        r"\$\$\n\\begin\{aligned\}\n((?:(?!\$\$).)*?)\\end\{aligned\}\n"
        rf"\$\$ \({label}\)",
        source(PAGE),
        flags=re.S,
    )[1]
    found = {}
    for line in body.replace("\\allowbreak", "").replace("&", "").split(r"\\"):
        name, *sides = (part.strip(" ,.\n") for part in line.split("="))
        found[re.sub(r"\\bar|\\mathcal|[{}_\\ ]", "", name)] = sides
    return found


def value_of(side: str) -> float:
    """A side of an equation that holds only numbers."""
    return eval(side.replace(r"\cdot", "*").replace("^2", "**2"), {})


def check_lines(label: str, which: int) -> set[str]:
    """Hold all numbers of a worked equation to PyTorch's; return what it names."""
    right, lines = worked_by_torch(), lines_of(label)
    for name, sides in lines.items():
        numbers = [side for side in sides if not re.search(r"[a-z]", side[-1:])]
        assert value_of(numbers[-1]) == right[name][which]
        for side in sides:
            if not re.search(r"[a-z]", side.replace(r"\cdot", "")):
                assert value_of(side) == right[name][which], (name, side)
    return set(lines)


@pytest.mark.equation("eq:ad-worked-forward")
def test_the_worked_network_has_pytorchs_values():
    """Each line's arithmetic comes out, and its result is PyTorch's value."""
    names = check_lines("eq:ad-worked-forward", 0)
    assert names == {"o1", "o2", "a1", "a2", "s", "L"}


@pytest.mark.equation("eq:ad-worked-back")
def test_the_worked_network_has_pytorchs_adjoints(autodiff):
    """So do the lines of the way back, the chapter's code and its nudging."""
    names = check_lines("eq:ad-worked-back", 1)
    right = worked_by_torch()
    assert names == set(right) - {"L", "x1", "x2", "w22", "b2"}
    assert right["w22"][1] == right["b2"][1] == 0
    order = ["w11", "w12", "b1", "w21", "w22", "b2", "v1", "v2", "c"]
    wanted = [right[name][1] for name in order]
    assert autodiff["parameters"].tolist() == [right[name][0] for name in order]
    assert autodiff["by_hand"](autodiff["parameters"])[1].tolist() == wanted
    assert autodiff["by_nudging"] == pytest.approx(wanted, rel=1e-8, abs=1e-8)
    assert (right["x1"][1], right["x2"][1]) == (8, 4)


@pytest.mark.equation("eq:ad-worked-matrix")
def test_the_worked_network_in_matrices(autodiff):
    """The matrices shown are those that backpropagation gives, as by hand."""
    (by_W1, by_b1), (by_W2, by_b2) = autodiff["backpropagate"](
        autodiff["two_layers"], np.array([1.0, 2.0]), np.array([3.0])
    )
    assert by_b1.tolist() == [8, 0] and by_W1.tolist() == [[8, 16], [0, 0]]
    assert by_b2.tolist() == [4] and by_W2.tolist() == [[12, 0]]
    right = worked_by_torch()
    assert by_W1.ravel().tolist() == [
        right[f"w{i}{j}"][1] for i in (1, 2) for j in (1, 2)
    ]
    equation = re.search(r"([^$]*)\$\$ \(eq:ad-worked-matrix\)", source(PAGE))[1]
    assert r"\begin{pmatrix} 8 & 16 \\ 0 & 0 \end{pmatrix}" in equation


def test_numbers_in_the_worked_drawing_are_pytorchs():
    right, body = worked_by_torch(), drawing("fig:ad-worked")
    number = r"(-?[\d.]+)"
    nodes = re.findall(
        rf"(\w+)/(?:value|operation|output)/[^/]+/[\d.]+/[-\d.]+/{number}/{number}/",
        body,
    )
    biases = re.findall(
        rf"(\w+)/\w+/[\d.]+/[-\d.]+/(?:o1|o2|s)/{number}/{number}[,}}]", body
    )
    arrows = re.findall(rf"(?<![\w/])(\w+)/(o1|o2|s)/{number}/{number}/0\.\d+", body)
    assert (len(nodes), len(biases), len(arrows)) == (8, 3, 6)
    weights = {"s": "v", "o1": "w1", "o2": "w2"}
    named = [(weights[v] + u[1], w, grad) for u, v, w, grad in arrows]
    for name, value, adjoint in nodes + biases + named:
        assert (float(value), float(adjoint)) == right[name], name


def test_nudging_finds_what_a_forgotten_slope_spoils(autodiff):
    """Right gradients are nudging's; wrong ones are off but in the last layer."""
    right, wrong = np.transpose(autodiff["checked"])
    assert right.max() < 1e-8 and wrong[:4].min() > 0.1 and wrong[4:].max() < 1e-8
    assert autodiff["nudged_parameters"] == 122


def test_nudging_in_32_bits_leaves_about_two_digits():
    """At a step of 1e-5, over many points, the typical relative error is near 1e-2."""
    x = np.linspace(1, 3, 201, dtype=np.float32)
    h = np.float32(1e-5)
    slopes = (np.exp(x + h) - np.exp(x - h)) / (2 * h)
    error = np.median(np.abs(slopes / np.exp(x.astype(float)) - 1))
    assert 1e-3 < error < 1e-1


@pytest.mark.equation("eq:ad-second")
def test_the_second_gradient_is_that_of_the_expanded_formula():
    """Differences of e^(2a) - e^(2c) and torch's second sweep give it."""
    x = [1.0, 2.0, 3.0]
    expected = [2 * math.exp(2), 0.0, -2 * math.exp(6)]

    def psi(a, b, c):
        return math.exp(2 * a) - math.exp(2 * c)

    for j in range(3):
        nudged = slope(lambda u, j=j: psi(*x[:j], u, *x[j + 1 :]), x[j])
        assert nudged == pytest.approx(expected[j], rel=1e-8)
    leaf = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    (g,) = torch.autograd.grad((leaf**2).sum(), leaf, create_graph=True)
    assert g.tolist() == [2, 4, 6]
    psi_torch = torch.exp(g[0]) - torch.exp(g[2])
    assert torch.autograd.grad(psi_torch, leaf)[0].tolist() == pytest.approx(expected)


# Beside the equations -----------------------------------------------------------------


PROGRAMS = 240


UNARY = ("exp", "log", "sigmoid", "tanh", "relu", "neg")
BINARY = ("add", "sub", "mul", "div", "constant")


def random_program(rng, inputs=3, steps=14):
    """Steps (operation, node, node), each on values made before, often shared ones."""
    program = []
    for size in range(inputs, inputs + steps):
        operation = str(rng.choice(UNARY + BINARY))
        program.append((operation, *(int(i) for i in rng.integers(0, size, 2))))
    return program


def evaluate(program, inputs, functions):
    """All values of a program; each step is kept within the range of the functions."""
    exp, log, sigmoid, tanh, relu = (functions[name] for name in UNARY[:5])
    values = list(inputs)
    for operation, i, j in program:
        u, v = values[i], values[j]
        values.append(
            {
                "exp": lambda u, v: exp(tanh(u)),
                "log": lambda u, v: log(1.5 + tanh(u)),
                "sigmoid": lambda u, v: sigmoid(u),
                "tanh": lambda u, v: tanh(u),
                "relu": lambda u, v: relu(u),
                "neg": lambda u, v: -u,
                "add": lambda u, v: u + v,
                "sub": lambda u, v: u - v,
                "mul": lambda u, v: tanh(u) * v,
                "div": lambda u, v: u / (1.5 + v * v),
                "constant": lambda u, v: 2 / (3.0 + u * u) - 0.7 * v - (1 - u),
            }[operation](u, v)
        )
    return values


PLAIN = {
    "exp": math.exp,
    "log": math.log,
    "sigmoid": lambda u: 1 / (1 + math.exp(-u)),
    "tanh": math.tanh,
    "relu": lambda u: max(u, 0.0),
}


def kinks(program, inputs):
    """The smallest distance of a rectifier's input from its kink."""
    values = evaluate(program, inputs, PLAIN)
    return min([abs(values[i]) for op, i, _ in program if op == "relu"], default=1.0)


def shares(program):
    """Whether some value is used more than once."""
    used = [i for op, i, _ in program] + [j for op, _, j in program if op in BINARY]
    return len(used) > len(set(used))


def programs():
    rng = np.random.default_rng(1)
    while True:
        program, inputs = random_program(rng), rng.normal(size=3).tolist()
        if kinks(program, inputs) > 1e-3:
            yield program, inputs


@pytest.fixture(scope="module")
def cases():
    return list(itertools.islice(programs(), PROGRAMS))


def engine_gradient(autodiff, program, inputs):
    nodes = [autodiff["Node"](value) for value in inputs]
    functions = {name: autodiff[name] for name in UNARY[:5]}
    result = sum(evaluate(program, nodes, functions)[-3:], autodiff["Node"](0.0))
    bar = autodiff["adjoints"](result)
    return result.value, [bar.get(node, 0.0) for node in nodes]


def test_random_programs_share_values_and_depend_on_their_inputs(autodiff, cases):
    """So that the comparisons below are about something."""
    assert len(cases) >= 200
    assert sum(shares(program) for program, _ in cases) >= 200
    nonzero = [any(engine_gradient(autodiff, *case)[1]) for case in cases]
    assert sum(nonzero) >= 200


def test_the_engine_agrees_with_pytorch_on_random_programs(autodiff, cases):
    functions = {name: getattr(torch, name) for name in UNARY[:5]}
    for program, inputs in cases:
        leaves = [
            torch.tensor(value, dtype=torch.float64, requires_grad=True)
            for value in inputs
        ]
        values = evaluate(program, leaves, functions)
        total = sum(values[-3:])
        expected = torch.autograd.grad(total, leaves, allow_unused=True)
        expected = [0.0 if g is None else g.item() for g in expected]
        value, gradient = engine_gradient(autodiff, program, inputs)
        assert value == pytest.approx(total.item(), rel=1e-12, abs=1e-12)
        assert gradient == pytest.approx(expected, rel=1e-11, abs=1e-11)


def test_the_engine_agrees_with_nudging_on_random_programs(autodiff, cases):
    h = 1e-6
    for program, inputs in cases:
        _, gradient = engine_gradient(autodiff, program, inputs)
        for j, found in enumerate(gradient):
            beside = []
            for step in (h, -h):
                nudged = [u + step * (i == j) for i, u in enumerate(inputs)]
                beside.append(sum(evaluate(program, nudged, PLAIN)[-3:]))
            expected = (beside[0] - beside[1]) / (2 * h)
            assert found == pytest.approx(expected, rel=1e-5, abs=1e-7)


def test_the_engine_agrees_with_tensorflow_on_random_programs(autodiff, cases):
    functions = {
        "exp": tf.exp,
        "log": tf.math.log,
        "sigmoid": tf.sigmoid,
        "tanh": tf.tanh,
        "relu": tf.nn.relu,
    }
    for program, inputs in cases:
        leaves = [tf.Variable(value, dtype=tf.float64) for value in inputs]
        with tf.GradientTape() as tape:
            total = sum(evaluate(program, leaves, functions)[-3:])
        expected = tape.gradient(total, leaves, unconnected_gradients="zero")
        _, gradient = engine_gradient(autodiff, program, inputs)
        expected = [g.numpy() for g in expected]
        assert gradient == pytest.approx(expected, rel=1e-11, abs=1e-11)


def test_array_engine_agrees_with_autograd_on_the_spirals_network(autodiff):
    """Every gradient of the first step, within 1e-12."""
    start = autodiff["start"]([2, 24, 24, 1])
    points, labels = autodiff["points"], autodiff["labels"]
    layers = [tuple(map(autodiff["Node"], pair)) for pair in start]
    result = autodiff["logistic_loss"](autodiff["forward_pass"](layers, points), labels)
    bar = autodiff["pull_back"](result)
    leaves = [torch.tensor(p, requires_grad=True) for pair in start for p in pair]
    a = torch.tensor(points)
    for k in range(3):
        a = a @ leaves[2 * k].T + leaves[2 * k + 1]
        a = torch.relu(a) if k < 2 else a
    loss_fn = torch.nn.functional.binary_cross_entropy_with_logits
    expected = torch.autograd.grad(loss_fn(a, torch.tensor(labels).double()), leaves)
    for node, wanted in zip(itertools.chain(*layers), expected, strict=True):
        assert np.abs(bar[node] - wanted.numpy()).max() < 1e-12


def test_the_array_engine_goes_back_with_the_values_of_the_way_forward(autodiff):
    """Nodes that get new values after the record is made do not change it."""
    Node, pull_back = autodiff["Node"], autodiff["pull_back"]
    rng = np.random.default_rng(2)
    arrays = rng.normal(size=(5, 2)), rng.normal(size=(3, 2)), rng.normal(size=3)
    labels = rng.integers(0, 2, size=(5, 3))
    gradients = []
    for later in (False, True):
        nodes = [Node(array) for array in arrays]
        o = autodiff["affine"](*nodes)
        a = autodiff["rectify"](o)
        result = autodiff["logistic_loss"](a, labels)
        if later:
            for node in (*nodes, o, a):
                node.value = -3 * node.value
        bar = pull_back(result)
        gradients.append([bar[node] for node in nodes])
    for before, after in zip(*gradients, strict=True):
        assert np.abs(before).max() > 0 and np.array_equal(before, after)


def test_the_array_engine_is_safe_far_from_zero(autodiff):
    """No overflow, and slopes of 0 or 1, over the number of labels in all."""
    o = autodiff["Node"](np.array([[-800.0, 800.0], [800.0, -800.0]]))
    labels = np.array([[0, 1], [0, 1]])
    result = autodiff["logistic_loss"](o, labels)
    assert result.value == 400
    assert np.array_equal(
        autodiff["pull_back"](result)[o], np.array([[0, 0], [1, -1]]) / 4
    )
    assert autodiff["sigmoid"](autodiff["Node"](-800.0)).value == 0


def test_the_sigmoid_keeps_its_digits_and_the_short_form_does_not(autodiff):
    """To 1e-15 from -700 to 700, with its slope; by tanh 77 % are lost at -38."""
    for u in (-700.0, -38.0, -30.0, -1.0, 0.0, 2.0, 38.0):
        node = autodiff["Node"](u)
        result = autodiff["sigmoid"](node)
        e = math.exp(-abs(u))
        assert result.value == pytest.approx((e if u < 0 else 1) / (1 + e), rel=1e-15)
        slope = autodiff["adjoints"](result)[node]
        assert slope == pytest.approx(e / (1 + e) ** 2, rel=1e-14)
    short = 0.5 * (1 + math.tanh(-19.0))
    assert abs(short / math.exp(-38.0) - 1) == pytest.approx(0.77, abs=0.005)


def test_the_root_takes_eleven_steps_and_five_constants(autodiff):
    Node, history = autodiff["Node"], autodiff["history"]
    number = Node(2.0)
    nodes = history(autodiff["root"](number))
    steps = [node for node in nodes if node.arrows]
    constants = [node for node in nodes if not node.arrows and node is not number]
    assert (len(steps), len(constants), len(nodes)) == (11, 5, 17)


def test_a_branch_has_its_own_slope(autodiff):
    """The page's branch has slope 2 where it is taken, and the function slope 4.

    Two branches that meet smoothly give the true slope all the same.
    """

    def square(x):
        value = getattr(x, "value", x)
        return 2 * x if value == 2 else x * x

    node = autodiff["Node"](2.0)
    assert autodiff["adjoints"](square(node))[node] == 2
    assert (square(2 + 1e-6) - square(2 - 1e-6)) / 2e-6 == pytest.approx(4)

    def smooth(x):
        return x * x if getattr(x, "value", x) < 1 else 2 * x - 1

    node = autodiff["Node"](1.0)
    assert autodiff["adjoints"](smooth(node))[node] == 2
    assert (smooth(1 + 1e-6) - smooth(1 - 1e-6)) / 2e-6 == pytest.approx(2)


def test_backpropagation_from_a_softmax_starts_with_prediction_minus_target():
    o = torch.tensor([0.3, -1.2, 2.0], dtype=torch.float64, requires_grad=True)
    y = torch.tensor([0.0, 1.0, 0.0], dtype=torch.float64)
    prediction = torch.softmax(o, dim=0)
    (delta,) = torch.autograd.grad(-(y * torch.log(prediction)).sum(), o)
    expected = (prediction.detach() - y).tolist()
    assert delta.tolist() == pytest.approx(expected, rel=1e-12)


def test_pytorch_leaves_and_tapes_answer_as_the_page_says():
    """Leaves have no grad_fn; trainable variables alone are watched."""
    given = torch.tensor(1.0)
    with torch.no_grad():
        unrecorded = 2 * torch.tensor(3.0, requires_grad=True)
    wanted = torch.tensor(1.0, requires_grad=True)
    total = wanted.sum()
    total.backward()
    total.backward()  # a sum needs no stored value
    assert wanted.grad == 2
    wanted.grad = None
    square = wanted * wanted
    square.backward()
    with pytest.raises(RuntimeError, match="second time"):
        square.backward()
    wanted.grad = None
    for tensor in (given, unrecorded, wanted):
        assert tensor.is_leaf and tensor.grad_fn is None
    assert not (2 * wanted).is_leaf
    unused = torch.tensor(1.0, requires_grad=True)
    (wanted * given).backward()
    assert (wanted.grad, unused.grad, given.grad) == (1, None, None)
    with pytest.raises(RuntimeError):
        torch.autograd.grad(2 * wanted, unused)
    assert torch.autograd.grad(2 * wanted, unused, allow_unused=True) == (None,)

    frozen = tf.Variable(2.0, trainable=False)
    with tf.GradientTape() as tape:
        y = frozen * frozen
    assert tape.gradient(y, frozen) is None
    with tf.GradientTape() as tape:
        tape.watch(frozen)
        with tape.stop_recording():
            unseen = frozen * frozen
        y = frozen * unseen
    assert tape.gradient(y, frozen) == 4


def test_a_keras_optimizer_refuses_only_if_all_gradients_are_missing():
    """Otherwise it warns and leaves those weights."""
    weights = [keras.Variable(1.0), keras.Variable(1.0)]
    with pytest.raises(ValueError, match="No gradients"):
        keras.optimizers.SGD(0.5).apply([None, None], weights)
    with pytest.warns(UserWarning, match="Gradients do not exist"):
        keras.optimizers.SGD(0.5).apply([tf.constant(1.0), None], weights)
    assert [float(weight) for weight in weights] == [0.5, 1.0]


def test_pytorch_skips_a_parameter_without_a_route_to_the_loss():
    used, unused = (torch.nn.Parameter(torch.tensor(1.0)) for _ in range(2))
    (2 * used).backward()
    torch.optim.SGD([used, unused], lr=0.1).step()
    assert unused.grad is None and unused.item() == 1
    assert used.item() == pytest.approx(0.8)


def test_a_forgotten_zero_grad_is_momentum_one_and_never_damped(autodiff):
    """The same path to the last digit, and as far out at the end as at the start."""
    forgotten, undamped = autodiff["forgotten"], autodiff["undamped"]
    assert forgotten == pytest.approx(undamped, rel=1e-12)
    assert np.abs(forgotten[-20:]).max() > 0.99
    assert np.abs(autodiff["correct"][-1]) < 0.01


def test_slopes_of_ones_own_are_checked(autodiff):
    """Both are nudging's, and finite where the plain formula is not."""
    softplus, far = autodiff["softplus_keras"], autodiff["far_keras"]
    with tf.GradientTape() as tape:
        tape.watch(far)
        value = softplus(far)
    assert tape.gradient(value, far).numpy()[1] == 1 and value.numpy()[1] == 100
    assert autodiff["slope_torch"][1] == 1
    assert np.abs(autodiff["by_pull"] - autodiff["by_nudge"]).max() < 1e-6


def test_what_is_changed_on_record_is_answered_as_the_page_says(autodiff):
    """Keras gives 18 for 108, PyTorch by way of .data a falling sigmoid."""
    assert autodiff["fourth"].numpy() == 81
    assert 4 * 3.0**3 == 108
    assert autodiff["wrong"][0] < 0


def test_a_pass_forward_through_the_worked_network(autodiff):
    """From x2 its dots are 0.5 in both units, 0.5 and 0 behind, then 1 and 4."""
    Dual = autodiff["Dual"]
    x_1, x_2 = Dual(1.0), Dual(2.0, 1.0)
    o = x_1 + 0.5 * x_2 + 1.0, -2.0 * x_1 + 0.5 * x_2
    a = o[0], 0.0 * o[1]  # the second unit is off
    s = 2.0 * a[0] + 3.0 * a[1] + -1.0
    loss = (s + -3.0) * (s + -3.0)
    assert [u.dot for u in (*o, *a, s, loss)] == [0.5, 0.5, 0.5, 0, 1, 4]


def test_the_libraries_products_are_those_of_the_jacobian(autodiff):
    J = np.array([[2.0, 3.0], [1.0, 1.0]])
    for name in ("keras", "torch"):
        assert autodiff[f"pushed_{name}"].numpy().tolist() == (J @ [1, -1]).tolist()
        assert autodiff[f"pulled_{name}"].numpy().tolist() == ([1, 10] @ J).tolist()
    assert torch.func.jacfwd(autodiff["pair_torch"])(autodiff["at_torch"]).tolist() == (
        J.tolist()
    )


def test_the_libraries_own_steps_learn_the_spiral(autodiff):
    points, labels = autodiff["points"], autodiff["labels"]
    assert autodiff["model_keras"].evaluate(points, labels, verbose=0) < 0.1
    net = autodiff["net_torch"]
    with torch.inference_mode():
        assert (
            autodiff["loss_fn_torch"](
                net(autodiff["points_torch"]), autodiff["labels_torch"]
            )
            < 0.1
        )


def test_our_training_takes_the_libraries_steps(autodiff):
    """All 200 losses agree, in both libraries."""
    ours = autodiff["losses_ours"][:200]
    assert autodiff["losses_torch"] == pytest.approx(ours, rel=1e-10)
    assert autodiff["losses_keras"] == pytest.approx(ours, rel=1e-10)


def test_the_spiral_is_learned(autodiff):
    assert autodiff["right"] == 1.0
    assert autodiff["losses_ours"][-1] < 0.01


def test_paths_cost_two_million_products_and_nodes_forty(autodiff):
    (by_paths, many), (by_nodes, few) = autodiff["paths"], autodiff["nodes"]
    assert (many, few) == (2**21 - 2, 40)
    assert by_paths == pytest.approx(by_nodes) == pytest.approx(1.1**20)


def test_one_sweep_costs_one_product_per_arrow(autodiff):
    """Counted by slopes that count how often they are multiplied."""

    class Counting(float):
        products = 0

        def __rmul__(self, other):
            Counting.products += 1
            return float(other) * float(self)

    Node, adjoints = autodiff["Node"], autodiff["adjoints"]
    u = first = Node(1.0)
    for _ in range(20):
        u = Node(u.value, (u, Counting(0.4)), (u, Counting(0.7)))
    assert adjoints(u)[first] == pytest.approx(1.1**20)
    assert Counting.products == 40


def test_the_root_has_its_slope_and_its_curvature(autodiff):
    root, Node, Dual = (autodiff[name] for name in ("root", "Node", "Dual"))
    for value in (0.3, 2.0, 9.0, 1000.0):
        node = Node(Dual(value, 1.0))
        result = root(node)
        bar = autodiff["adjoints"](result)[node]
        assert result.value.value == pytest.approx(math.sqrt(value), rel=1e-6)
        assert result.value.dot == pytest.approx(0.5 * value**-0.5, rel=1e-4)
        assert bar.value == pytest.approx(result.value.dot, rel=1e-12)
        assert bar.dot == pytest.approx(-0.25 * value**-1.5, rel=1e-2)


def test_the_norms_gradient_is_the_vector_over_its_length(autodiff):
    third = [1 / 3, 2 / 3, 2 / 3]
    assert autodiff["norm_torch"].item() == autodiff["norm_keras"].numpy() == 3
    assert autodiff["returned"].tolist() == pytest.approx(third)
    assert autodiff["v_torch"].grad.tolist() == pytest.approx([2 * g for g in third])


def drawing(name: str) -> str:
    """The body of a TikZ drawing of the chapter."""
    page = source(PAGE)
    return re.search(rf":name: {name}\n(.*?)^```$", page, flags=re.M | re.S)[1]


def test_numbers_in_the_first_drawing_are_the_engines(autodiff):
    Node = autodiff["Node"]
    w, x, b = Node(2.0), Node(3.0), Node(-4.0)
    z = w * x
    o = z + b
    y = autodiff["exp"](o)
    bar = autodiff["adjoints"](y)
    nodes = {"w": w, "x": x, "z": z, "b": b, "o": o, "y": y}
    entries = re.findall(
        r"(\w)/\w+/\\?[\w+]+/[\d.]+/[-\d.]+/(-?[\d.]+)/(-?[\d.]+)/\d",
        drawing("fig:ad-graph"),
    )
    assert len(entries) == 6
    for name, value, adjoint in entries:
        assert nodes[name].value == pytest.approx(float(value), abs=0.005)
        assert bar[nodes[name]] == pytest.approx(float(adjoint), abs=0.005)


def test_numbers_in_the_networks_drawing_are_the_engines(autodiff):
    Node, sigmoid, log = (autodiff[name] for name in ("Node", "sigmoid", "log"))
    x, w1, w2 = Node(1.0), Node(2.0), Node(-1.0)
    o1 = w1 * x
    a1 = sigmoid(o1)
    o2 = w2 * a1
    yh = sigmoid(o2)
    e = -log(yh)
    s = w1 * w1 + w2 * w2
    L = e + 0.1 * s
    bar = autodiff["adjoints"](L)
    nodes = {"x": x, "w1": w1, "o1": o1, "a1": a1, "w2": w2, "o2": o2}
    nodes |= {"yh": yh, "e": e, "s": s, "L": L}
    entries = re.findall(
        r"(\w+)/\w+/[^\n/]+/[\d.]+/[-\d.]+/(-?[\d.]+)/(-?[\d.]+)/[a-z]+/",
        drawing("fig:ad-network"),
    )
    by_routes = [autodiff["adjoints"](part)[w1] for part in (e, 0.1 * s)]
    drawn = re.findall(
        r"node\[adjoint, midway.*?\{\$([\d.]+)\$\}", drawing("fig:ad-network")
    )
    assert [float(number) for number in drawn] == pytest.approx(by_routes, abs=0.0005)
    assert sum(by_routes) == pytest.approx(bar[w1], rel=1e-12)
    assert {name for name, _, _ in entries} == set(nodes)
    for name, value, adjoint in entries:
        assert nodes[name].value == pytest.approx(float(value), abs=0.0005)
        assert bar[nodes[name]] == pytest.approx(float(adjoint), abs=0.0005)


def test_numbers_in_the_norms_drawing_are_autograds():
    W = torch.tensor([[1.0, 2.0, 0.0], [0.0, -1.0, 1.0]], requires_grad=True)
    x = torch.tensor([3.0, 1.0, 2.0], requires_grad=True)
    u = W @ x
    f = (u**2).sum()
    by_W, by_x, by_u = torch.autograd.grad(f, (W, x, u))
    body = drawing("fig:ad-norm")
    for name, value, adjoint in [("W", W, by_W), ("x", x, by_x), ("u", u, by_u)]:
        row = re.search(rf"^ +{name}/\w+/.*$", body, re.M)[0]
        shown = re.findall(r"begin\{pmatrix\}(.*?)\\end", row)
        for text, tensor in zip(shown, (value, adjoint), strict=True):
            rows = [re.findall(r"-?\d+", line) for line in text.split("\\\\")]
            found = torch.tensor([[int(number) for number in row] for row in rows])
            assert torch.equal(found.squeeze(1).float(), tensor.detach())
    assert f.item() == 26 and "/26/1}" in body


@pytest.mark.equation("eq:ad-two-steps")
def test_adjoints_go_back_through_a_layer_in_two_steps(rng):
    """Through the activation, then through the matrix: autograd's adjoints."""
    for _ in range(20):
        W, b = torch.tensor(rng.normal(size=(4, 3))), torch.tensor(rng.normal(size=4))
        before = torch.tensor(rng.normal(size=3), requires_grad=True)
        o = W @ before + b
        a = torch.tanh(o)
        loss = (a * torch.tensor(rng.normal(size=4))).sum() ** 2
        by_a, by_o, by_before = torch.autograd.grad(loss, [a, o, before])
        slope = 1 - np.tanh(o.detach().numpy()) ** 2
        assert by_o.numpy() == pytest.approx(by_a.numpy() * slope)
        assert by_before.numpy() == pytest.approx(W.numpy().T @ by_o.numpy())
