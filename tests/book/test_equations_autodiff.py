"""The equations of automatic differentiation agree with its code and with others'."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
import torch


@pytest.fixture(scope="module")
def autodiff(chapter):
    return chapter("autodiff").namespace


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
    Node, mul, add, exp = (autodiff[name] for name in ("Node", "mul", "add", "exp"))
    w, x, b = Node(2.0), Node(3.0), Node(-4.0)
    z = mul(w, x)
    o = add(z, b)
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


@pytest.mark.equation("eq:backprop")
def test_the_matrix_form_of_backpropagation_is_autograds(autodiff, rng):
    """On 5-7-7-3 sigmoid networks all gradients agree within 1e-12 in float64."""
    for _ in range(20):
        shapes = list(itertools.pairwise([5, 7, 7, 3]))
        weights = [rng.normal(size=(n, m)) for m, n in shapes]
        biases = [rng.normal(size=n) for _, n in shapes]
        x, y = rng.normal(size=5), rng.normal(size=3)
        leaves = [torch.tensor(p, requires_grad=True) for p in weights + biases]
        a = torch.tensor(x)
        for W, b in zip(leaves[:3], leaves[3:], strict=True):
            a = torch.sigmoid(W @ a + b)
        expected = torch.autograd.grad(((a - torch.tensor(y)) ** 2).sum(), leaves)
        by_weights, by_biases = autodiff["backpropagate"](weights, biases, x, y)
        for found, wanted in zip(by_weights + by_biases, expected, strict=True):
            assert found.shape == tuple(wanted.shape)
            assert np.abs(found - wanted.numpy()).max() < 1e-12


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
