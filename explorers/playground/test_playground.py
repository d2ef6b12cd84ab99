"""The playground: its training against NumPy, differences and PyTorch."""

import numpy as np
import pytest
import traitlets
from explorer_pages import node

from explorers import playground
from explorers.playground import LAST, NODES, NOISE, Playground, dataset

READ = """
import { text } from "node:stream/consumers";
import { dataset, network, session, training } from "./explorers/playground/network.js";
const states = JSON.parse(await text(process.stdin));
const plain = (key, value) => (ArrayBuffer.isView(value) ? [...value] : value);
const answer = (state) => { %s };
process.stdout.write(JSON.stringify(states.map(answer), plain));
"""


def in_node(body: str, states: list) -> list:
    """What the body of a JavaScript function of `state` returns for each."""
    return node(READ % body, states)


@pytest.fixture(scope="module")
def runs() -> list[Playground]:
    """Each value of each setting at least once."""
    return [
        Playground(),
        Playground(data="circles", hidden=[3, 0, 0], activation="relu", init="he"),
        Playground(data="moons", hidden=[8, 5, 2], activation="sigmoid", batch=50),
        Playground(data="xor", hidden=[0, 0, 0], batch=200, rate=0.5, seed=99),
        Playground(hidden=[5, 3, 0], init="large", seed=7, batch=1, rate=0.003),
        Playground(data="moons", hidden=[0, 4, 1], init="small", rate=1.0),
        Playground(data="circles", hidden=[4, 3, 0], init="equal"),
    ]


def test_data_are_those_of_numpy_of_both_classes_and_of_unit_size():
    found = in_node("return [0, 1].map((part) => dataset(state, part));", list(NOISE))
    for kind, parts in zip(NOISE, found, strict=True):
        for part, answer in enumerate(parts):
            points, labels = dataset(kind, part)
            assert np.allclose(np.reshape(answer["x"], (-1, 2)), points, atol=1e-12)
            assert answer["y"] == labels.tolist() and labels.mean() == 0.5
            assert np.all(np.abs(points) < playground.PLANE + 0.5)
            assert np.all((points.std(axis=0) > 0.6) & (points.std(axis=0) < 1.3))
        assert not np.allclose(parts[0]["x"], parts[1]["x"], atol=0.5)


def test_random_numbers_are_even_normal_and_their_sequences_apart():
    u = [playground.uniform(kind, seed, 4000) for kind in range(4) for seed in range(9)]
    counts = [np.histogram(row, 10, (0, 1))[0] for row in u]
    assert np.all(np.abs(np.array(counts) - 400) < 100)  # five standard deviations
    assert np.abs(np.corrcoef(u) - np.eye(len(u))).max() < 0.08
    z = playground.normal(np.reshape(u, (-1, 2)))
    assert abs(z.mean()) < 0.02 and abs(z.std() - 1) < 0.02
    assert abs(np.mean(np.abs(z) < 1) - 0.6827) < 0.01


def test_gradients_are_central_differences_and_those_of_pytorch(runs):
    """JavaScript's, at the first weights and after one epoch, over one odd batch."""
    import torch

    body = """
      const net = network(state);
      const run = training(state);
      return [0, 1].map((epochs) => {
        while (run.epochs < epochs) run.advance();
        const points = dataset(state.data, 0);
        return [[...run.theta], net.gradient(run.theta, points, [3, 14, 15, 92, 65])];
      });
    """
    found = in_node(body, [run.state() for run in runs])
    batch = [3, 14, 15, 92, 65]
    phis = {"tanh": torch.tanh, "relu": torch.relu, "sigmoid": torch.sigmoid}
    for run, answers in zip(runs, found, strict=True):
        x, y = (torch.tensor(part[batch]).double() for part in dataset(run.data))

        def loss(theta, run=run, x=x, y=y):
            a, start = x, 0
            for k, (weights, biases) in enumerate(run.layers(np.empty(len(theta)))):
                middle, end = start + weights.size, start + weights.size + biases.size
                a = a @ theta[start:middle].reshape(weights.shape).T + theta[middle:end]
                start = end
                a = phis[run.activation](a) if k < len(run.sizes()) - 2 else a
            return torch.nn.functional.binary_cross_entropy_with_logits(a[:, 0], y)

        for theta, gradient in answers:
            at = torch.tensor(theta, dtype=torch.float64, requires_grad=True)
            loss(at).backward()
            np.testing.assert_allclose(gradient, at.grad, rtol=1e-9, atol=1e-13)
            nudges = 1e-6 * torch.eye(len(theta), dtype=torch.float64)
            with torch.no_grad():
                quotients = [(loss(at + d) - loss(at - d)) / 2e-6 for d in nudges]
            np.testing.assert_allclose(gradient, quotients, rtol=1e-4, atol=1e-8)


def test_training_is_that_of_numpy(runs):
    """Losses and parameters after each of 40 epochs: up to 8000 steps."""
    epochs, recent = 40, 30
    body = f"""
      const run = training(state);
      const course = [[...run.theta]];
      while (run.epochs < {epochs}) run.advance(), course.push([...run.theta]);
      return [course, run.picture({{ layer: 1, axes: 0 }})];
    """
    found = in_node(body, [run.state() for run in runs])
    for run, (course, picture) in zip(runs, found, strict=True):
        wanted = run.trained(*range(epochs + 1))
        np.testing.assert_allclose(course, wanted, rtol=1e-9, atol=1e-12)
        scores = np.array([[run.score(t, part) for part in range(2)] for t in wanted])
        losses, rights = scores[..., 0], scores[..., 1]
        np.testing.assert_allclose(
            picture["history"], np.c_[: epochs + 1, losses], rtol=1e-9
        )
        assert [part["right"] for part in picture["scores"]] == rights[-1].tolist()
        least = losses[:, 1].argmin()
        assert picture["least"] == pytest.approx([least, losses[least, 1]], rel=1e-9)
        means = [losses[max(0, e - recent) : e, 1].mean() for e in range(1, epochs + 2)]
        assert picture["best"] == pytest.approx(min(means), rel=1e-9)
        assert picture["recent"] == pytest.approx(
            {
                "loss": losses[-recent:, 0].mean(),
                "heldOut": means[-1],
                "right": rights[-recent:, 0].mean(),
            }
        )


def test_the_picture_is_the_network_s(runs):
    """Logits, units and the bent plane, for each layer and choice of axes."""
    body = """
      const answer = session();
      const views = [[1, 0], [2, 0], [3, 0], [1, 1], [3, 4]];
      return views.map(([layer, axes]) =>
        answer({ settings: state, epochs: 5, view: { layer, axes }, budget: 1e6 }));
    """
    settings = [
        {k: v for k, v in run.state().items() if k not in ("epochs", "layer", "axes")}
        for run in runs
    ]
    found = in_node(body, settings)
    side = np.linspace(-playground.PLANE, playground.PLANE, NODES)
    nodes = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    for run, answers in zip(runs, found, strict=True):
        (theta,) = run.trained(5)
        points, _ = dataset(run.data)
        *hidden, logits = run.forward(theta, nodes)
        for answer in answers:
            picture = answer["picture"]
            np.testing.assert_allclose(picture["logits"], logits[:, 0], atol=1e-9)
            view = Playground(**{**run.state(), **answer["view"]})
            shown = min(view.layer, len(hidden) - 1)
            assert picture["shown"] == shown
            ways = view.directions(theta)
            seen = run.forward(theta, points)[shown] @ ways
            bent = hidden[shown] @ ways
            middle, half = view.window(seen)
            for name, places in [("seen", seen), ("bent", bent)]:
                found_places = np.reshape(picture[name], (-1, 2))
                wanted = (places - middle) / half
                np.testing.assert_allclose(found_places, wanted, rtol=0, atol=1e-7)
        few = nodes.reshape(NODES, NODES, 2)[::2, ::2].reshape(-1, 2)
        for values, shades in zip(
            run.forward(theta, few)[1:-1], picture["units"], strict=True
        ):
            low = -1 if run.activation == "tanh" else 0
            high = values.max(axis=0) if run.activation == "relu" else 1
            high = np.where(high == 0, 1, high)
            wanted = 255 * (values - low) / (high - low)
            assert np.abs(np.reshape(shades, (-1, len(few))).T - wanted).max() <= 0.51


def test_in_the_last_layer_s_plane_the_border_is_a_straight_line_across():
    run = Playground(epochs=20)
    (theta,) = run.trained(20)
    weights, bias = run.layers(theta)[-1]
    points, labels = dataset(run.data)
    *_, last, logits = run.forward(theta, points)
    ways = run.directions(theta)
    assert np.allclose(ways.T @ ways, np.eye(2), atol=1e-12)
    across = (last @ ways)[:, 0]
    slope = np.linalg.norm(weights)
    assert np.allclose(across * slope + bias, logits[:, 0], atol=1e-12)
    # An earlier layer is seen from where it is broadest.
    earlier = Playground(epochs=20, layer=1)
    values = run.forward(theta, points)[1]
    spread = np.linalg.svd(values - values.mean(axis=0), compute_uv=False)
    seen = (values - values.mean(axis=0)) @ earlier.directions(theta)
    assert np.allclose(np.linalg.norm(seen, axis=0), spread[:2], rtol=1e-9)
    assert across[labels == 1].mean() > across[labels == 0].mean()


def test_going_back_and_other_settings_begin_anew_and_the_clock_changes_nothing():
    """The same request has the same answer, whatever was asked before it."""
    settings = {k: v for k, v in Playground().state().items()}
    body = """
      const answer = session();
      const view = { layer: 3, axes: 0 };
      const losses = ({ settings, epochs, slow }) => {
        const request = { settings, epochs, view, budget: slow ? 0 : 1e6 };
        let reply = answer(request);
        for (let tries = 0; reply.epochs < epochs && tries < 1e5; tries++) {
          reply = answer({ ...request, budget: 1e-3 });
        }
        return [reply.epochs, reply.picture.scores];
      };
      return state.map(losses);
    """
    wanted = {"settings": settings, "epochs": 12}
    other = {"settings": {**settings, "rate": 0.3}, "epochs": 30}
    asked = [wanted, {**wanted, "epochs": 20}, wanted, other, {**wanted, "slow": True}]
    ((first, on, back, _, slow),) = in_node(body, [asked])
    assert first == back == slow
    assert on != first and on[0] == 20


def test_it_tells_dead_units_copies_and_a_loss_that_is_no_number():
    body = """
      const answer = session();
      const { lost, epochs, picture } = answer({
        settings: state, epochs: 30, view: { layer: 3, axes: 0 }, budget: 1e6,
      });
      return { lost, epochs, dead: picture.dead, equal: picture.equal };
    """
    cases = [
        Playground(),
        Playground(init="equal", data="circles"),
        Playground(activation="relu", init="he", rate=3.0),
    ]
    states = [run.state() for run in cases]
    beyond = {**states[2], "rate": 1e200}  # no control and no address leads there
    plain, copies, dead, lost = in_node(body, [*states, beyond])
    assert plain == {"lost": False, "epochs": 30, "dead": 0, "equal": False}
    assert copies["equal"]
    layers = cases[1].layers(cases[1].trained(30)[0])
    assert np.allclose(np.ptp(layers[0][0], axis=0), 0, atol=1e-12)
    *hidden, _ = cases[2].forward(cases[2].trained(30)[0], dataset("spiral")[0])
    silent = [np.all(values == 0, axis=0).sum() for values in hidden[1:]]
    assert dead["dead"] == sum(silent) > 0
    assert lost["lost"] and lost["epochs"] < 30


@pytest.mark.filterwarnings("error")
def test_any_state_is_drawn_for_print():
    """Few epochs, no hidden layer, one unit, two units as axes, no border."""
    for traits in [
        {"epochs": 1},
        {"epochs": 4, "hidden": [0, 0, 0]},
        {"epochs": 4, "hidden": [1, 0, 0], "activation": "relu", "axes": 1},
        {"epochs": 4, "init": "equal", "layer": 1},
        {"epochs": 4, "init": "small", "activation": "sigmoid", "hidden": [8, 8, 8]},
    ]:
        titles = [ax.get_title() for ax in Playground(**traits).draw().axes]
        assert titles[2].startswith(f"epoch {traits['epochs']}\n")


def test_with_relus_and_ten_times_the_rate_half_of_the_units_die_for_good():
    """What the chapter tells of the figure."""
    run = Playground(activation="relu", rate=2.0)
    points, _ = dataset(run.data)
    for theta in run.trained(10, 100):
        *hidden, logits = run.forward(theta, points)
        dead = sum(np.all(values == 0, axis=0).sum() for values in hidden[1:])
        assert dead == 8
        assert np.ptp(logits) == 0 and run.score(theta)[1] == 0.5
    assert Playground().rate == 0.2 and Playground().hidden == [8, 8, 0]


def test_a_playground_refuses_what_makes_no_sense():
    for wrong in [
        {"data": "iris"},
        {"hidden": [8, 8]},
        {"hidden": [9, 0, 0]},
        {"activation": "step"},
        {"rate": 0.0},
        {"rate": 11.0},
        {"rate": np.nan},
        {"batch": 7},
        {"init": "zero"},
        {"seed": -1},
        {"epochs": LAST + 1},
        {"layer": 0},
        {"axes": 5},
    ]:
        with pytest.raises(traitlets.TraitError):
            Playground(**wrong)


def test_a_border_is_drawn_where_values_pass_the_level():
    """Of a slope: on its line. Of a saddle: two branches that do not touch."""
    code = """
      import * as pictures from "./explorers/playground/pictures.js";
      const { SQUARE, crossings, shortLines } = pictures;
      const on = (f) => Array.from({ length: SQUARE.length / 2 }, (_, i) =>
        f(SQUARE[2 * i], SQUARE[2 * i + 1]));
      const lines = (f, level) => shortLines(crossings(on(f), level), SQUARE);
      console.log(JSON.stringify([
        lines((x, y) => 2 * x + y, 0.3),
        lines((x, y) => (x - 0.03) * (y - 0.04), 1e-5),
      ]));
    """
    slope, saddle = node(code)
    assert np.allclose(np.array(slope) @ [2, 1], 0.3, atol=1e-12)
    ends = np.array(slope)
    length = np.linalg.norm(ends[:, 0] - ends[:, 1], axis=1).sum()
    assert length == pytest.approx(np.hypot(5, 2.5), rel=1e-9)
    for (x1, y1), (x2, y2) in saddle:
        assert (x1 - 0.03) * (x2 - 0.03) > 0 and (y1 - 0.04) * (y2 - 0.04) > 0
