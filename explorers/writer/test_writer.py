"""A small transformer: JavaScript computes what NumPy and both libraries compute."""

import base64
import math

import numpy as np
import pytest
import traitlets
from explorer_pages import in_node, node
from matplotlib.text import Text

from explorers.writer import (
    END,
    TEMPERATURES,
    Writer,
    forward,
    names_of,
    rounded,
    softmax,
    tempered,
)

MODULE = "writer/model.js"
LETTERS = END + " ,-defghilnorstuvwxyz"
D, LENGTH = 32, 57
LINES = ["three hundred nine, ", "", "forty-two, forty-th", "nine, t"]


def drawn_weights(blocks: int, seed: int = 0) -> dict[str, np.ndarray]:
    """As large as trained ones, none of them at a value that hides a mistake."""
    rng = np.random.default_rng(seed)
    rows = {"qkv": (3 * D, D), "out": (D, D), "up": (4 * D, D), "down": (D, 4 * D)}
    shapes = {"embedding.weight": (len(LETTERS), D), "positions": (LENGTH, D)}
    shapes |= {
        f"blocks.{b}.{name}.weight": shape
        for b in range(blocks)
        for name, shape in rows.items()
    }
    shapes["readout.weight"] = (len(LETTERS), D)
    found = {name: rng.normal(0, 0.3, shape) for name, shape in shapes.items()}
    for name in names_of(blocks)[1]:
        size = len(found[name.replace("bias", "weight")]) if "norm" not in name else D
        found[name] = rng.normal(float(name.endswith("weight")), 0.2, size)
    return found


def of(blocks: int = 2, seed: int = 0, **traits: object) -> Writer:
    return Writer(drawn_weights(blocks, seed), LETTERS, **traits)


def given(run: Writer) -> list:
    form = {name: getattr(run, name) for name in ("letters", "heads", "sizes")}
    return [list(base64.b64decode(run.parameters)), form]


@pytest.mark.parametrize("blocks", [1, 2])
def test_javascript_computes_what_numpy_computes(blocks):
    run = of(blocks)
    for text, hidden in zip(LINES, ([], [0], [3, 4], [7]), strict=True):
        tokens = run.tokens(text)
        (answer,) = in_node(MODULE, "whole", [*given(run), tokens, hidden])
        wanted = run.forward(text, hidden)
        assert np.abs(np.array(answer["logits"]) - wanted["logits"]).max() < 1e-9
        for found, block in zip(answer["blocks"], wanted["blocks"], strict=True):
            for name in ("x", "entered", "query", "key", "value", "mixed", "after"):
                mine = np.array([row[name] for row in found])
                assert np.abs(mine - block[name]).max() < 1e-9, name
            for i, row in enumerate(found):
                for name in ("scores", "weights"):
                    gap = np.array(row[name]) - block[name][:, i, : i + 1]
                    assert np.abs(gap).max() < 1e-9, name


def test_only_what_has_changed_is_read_again_and_to_the_same_numbers():
    """Edits, letters put in and out, letters hidden: as if read for the first time."""
    run = of(2)
    code = """
    import { logits, reader, unpack } from "./explorers/writer/model.js";
    import { text } from "node:stream/consumers";
    const { bytes, form, lines } = JSON.parse(await text(process.stdin));
    const model = unpack(Uint8Array.from(bytes), form);
    const read = reader(model);
    let before = [];
    console.log(JSON.stringify(lines.map(([tokens, hidden]) => {
      const rows = read(tokens, hidden);
      const kept = rows.findIndex((row, i) => row !== before[i]);
      before = rows;
      const all = rows.map((row) => [...logits(model, row)]);
      return [kept < 0 ? rows.length : kept, all];
    })));
    """
    steps = [
        ("nine, ten", [], 0),
        ("nine, t", [], 8),  # the start and the letters in front all stay
        ("nine, ten", [], 8),
        ("none, ten", [], 2),
        ("none, ten", [4], 4),
        ("none, tens", [4], 10),
        ("none, tens", [4, 6], 6),
        ("none, tens", [], 4),
        ("", [], 1),
    ]
    bytes_, form = given(run)
    lines = [[run.tokens(text), hidden] for text, hidden, _ in steps]
    found = node(code, {"bytes": bytes_, "form": form, "lines": lines})
    for (text, hidden, kept), (stayed, logits) in zip(steps, found, strict=True):
        wanted = run.forward(text, hidden)["logits"]
        assert np.abs(np.array(logits) - wanted).max() < 1e-9
        assert stayed == kept, text


@pytest.mark.parametrize("blocks", [1, 2])
def test_javascript_hides_each_letter_as_numpy_does(blocks):
    run = of(blocks, text=LINES[0])
    code = """
    import * as own from "./explorers/writer/model.js";
    import { text } from "node:stream/consumers";
    const { logits, reader, softmax, unpack, without } = own;
    const { bytes, form, tokens } = JSON.parse(await text(process.stdin));
    const model = unpack(Uint8Array.from(bytes), form);
    const rows = reader(model)(tokens, []);
    const before = softmax(logits(model, rows.at(-1)));
    const best = before.indexOf(Math.max(...before));
    const after = without(model, tokens, rows).map((all) => softmax(all)[best]);
    console.log(JSON.stringify(after.map((share) => before[best] - share)));
    """
    bytes_, form = given(run)
    for row in (20, 7, 0):
        tokens = run.tokens()[: row + 1]
        found = node(code, {"bytes": bytes_, "form": form, "tokens": tokens})
        assert np.abs(np.array(found) - run.effects(row)).max() < 1e-9


def test_the_error_function_is_that_of_the_standard_library():
    points = [*np.linspace(-7, 7, 141), 1e-9, -1e-300, 0.0, 40.0]
    found = in_node(MODULE, "erf", *([float(x)] for x in points))
    assert np.abs(np.array(found) - [math.erf(x) for x in points]).max() < 1e-14


@pytest.mark.parametrize("blocks", [1, 2])
def test_the_model_is_that_of_both_libraries(blocks):
    """To 1e-5, hidden letters and a row that may read nobody included."""
    keras, torch = pytest.importorskip("keras"), pytest.importorskip("torch")
    weights = rounded(drawn_weights(blocks))
    run = of(blocks)
    tokens = run.tokens("three hundred nine, three")
    T = len(tokens)
    for hidden in ([], [0], [3, 9]):
        wanted = forward(weights, tokens, 4, hidden)["logits"]
        may = np.tril(np.ones((T, T), bool))
        may[:, hidden] = False
        found = _torch_logits(torch, weights, tokens, may)
        assert np.abs(found - wanted).max() < 1e-5
        # Who may read nobody reads nobody here and in PyTorch; in Keras, all alike.
        real = may.any(axis=1)
        found = _keras_logits(keras, weights, tokens, may)
        assert np.abs(found - wanted)[real].max() < 1e-5


def depth(weights: dict[str, np.ndarray]) -> int:
    return sum(name.endswith("qkv.bias") for name in weights)


def _torch_logits(torch, weights, tokens, may) -> np.ndarray:
    F = torch.nn.functional
    w = {
        name: torch.tensor(array, dtype=torch.float32)
        for name, array in weights.items()
    }
    x = (w["embedding.weight"][tokens] + w["positions"][: len(tokens)])[None]

    def linear(name, x):
        return F.linear(x, w[f"{name}.weight"], w[f"{name}.bias"])

    def norm(name, x):
        return F.layer_norm(x, (D,), w[f"{name}.weight"], w[f"{name}.bias"])

    mask = torch.tensor(may)
    for b in range(depth(weights)):
        layer = torch.nn.MultiheadAttention(D, 4, batch_first=True)
        layer.load_state_dict(
            {
                "in_proj_weight": w[f"blocks.{b}.qkv.weight"],
                "in_proj_bias": w[f"blocks.{b}.qkv.bias"],
                "out_proj.weight": w[f"blocks.{b}.out.weight"],
                "out_proj.bias": w[f"blocks.{b}.out.bias"],
            }
        )
        h = norm(f"blocks.{b}.norm1", x)
        # The layer says NaN where nobody may be read; the function says 0.
        q, k, v = (
            part.view(1, -1, 4, D // 4).transpose(1, 2)
            for part in linear(f"blocks.{b}.qkv", h).chunk(3, dim=-1)
        )
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        mixed = mixed.transpose(1, 2).reshape(1, -1, D)
        out = linear(f"blocks.{b}.out", mixed)
        if bool(may.any(axis=1).all()):
            theirs, _ = layer(h, h, h, attn_mask=~mask)
            assert torch.abs(theirs - out).max() < 1e-5
        x = x + out
        thought = F.gelu(linear(f"blocks.{b}.up", norm(f"blocks.{b}.norm2", x)))
        x = x + linear(f"blocks.{b}.down", thought)
    return linear("readout", norm("norm", x))[0].detach().numpy()


def _keras_logits(keras, weights, tokens, may) -> np.ndarray:
    layers = keras.layers

    def put(layer, *arrays, shape=(None, None, D)):
        layer.build(shape)
        layer.set_weights([np.asarray(array) for array in arrays])
        return layer

    def dense(name, x, **look):
        matrix, bias = weights[f"{name}.weight"], weights[f"{name}.bias"]
        layer = layers.Dense(len(bias), **look)
        return put(layer, matrix.T, bias, shape=(None, None, matrix.shape[1]))(x)

    def norm(name, x):
        layer = layers.LayerNormalization(epsilon=1e-5)
        return put(layer, weights[f"{name}.weight"], weights[f"{name}.bias"])(x)

    embedding = layers.Embedding(len(LETTERS), D)
    put(embedding, weights["embedding.weight"], shape=(None, None))
    x = embedding(np.array([tokens])) + weights["positions"][: len(tokens)].astype("f4")
    for b in range(depth(weights)):
        matrix, bias = (
            weights[f"blocks.{b}.qkv.weight"],
            weights[f"blocks.{b}.qkv.bias"],
        )
        parts = [
            part
            for m, o in zip(np.split(matrix, 3), np.split(bias, 3), strict=True)
            for part in (m.T.reshape(D, 4, D // 4), o.reshape(4, D // 4))
        ]
        out = weights[f"blocks.{b}.out.weight"].T.reshape(4, D // 4, D)
        attend = layers.MultiHeadAttention(num_heads=4, key_dim=D // 4)
        attend.build(query_shape=(None, None, D), value_shape=(None, None, D))
        query, key, value = parts[:2], parts[2:4], parts[4:]
        bias = weights[f"blocks.{b}.out.bias"]
        attend.set_weights([*query, *key, *value, out, bias])
        h = norm(f"blocks.{b}.norm1", x)
        x = x + attend(h, h, attention_mask=may[None], training=False)
        up = dense(f"blocks.{b}.up", norm(f"blocks.{b}.norm2", x), activation="gelu")
        x = x + dense(f"blocks.{b}.down", up)
    return keras.ops.convert_to_numpy(dense("readout", norm("norm", x)))[0]


def test_a_seed_a_place_and_a_temperature_decide_a_letter():
    code = """
    import { reader, unpack, written } from "./explorers/writer/model.js";
    import { text } from "node:stream/consumers";
    const { bytes, form, tokens, hows } = JSON.parse(await text(process.stdin));
    const model = unpack(Uint8Array.from(bytes), form);
    const lines = hows.map((how) => written(model, reader(model), tokens, how));
    console.log(JSON.stringify(lines));
    """
    run = of(1, text="six, ")
    hows = [
        {"hidden": hidden, "temperature": temperature, "seed": seed, "most": most}
        for hidden, temperature, seed, most in [
            ([], 0, 1, 1),
            ([], 0, 2, 99),
            ([], 0.5, 1, 9),
            ([2], 1, 7, 99),
            ([], 2, 9999, 99),
        ]
    ]
    bytes_, form = given(run)
    found = node(
        code, {"bytes": bytes_, "form": form, "tokens": run.tokens(), "hows": hows}
    )
    for how, tokens in zip(hows, found, strict=True):
        own = of(1, text="six, ", hidden=how["hidden"])
        text = own.continued(how["temperature"], how["seed"], how["most"])
        assert tokens == run.tokens(text)
        assert len(tokens) <= LENGTH
    # One letter after the other is the same as all at once.
    whole, text = run.continued(1.0, 3), run.text
    while len(text) < len(whole):
        text = run.continued(1.0, 3, most=1, text=text)
    assert text == whole


def test_probabilities_at_a_temperature():
    logits = np.array([1.0, 3.0, 2.0])
    assert tempered(logits, 0).tolist() == [0, 1, 0]
    assert np.allclose(tempered(logits, 0.5), softmax(2 * logits))
    answers = in_node(MODULE, "tempered", *([logits.tolist(), t] for t in (0, 0.5, 2)))
    for answer, temperature in zip(answers, (0, 0.5, 2), strict=True):
        values = [answer[str(k)] for k in range(3)]  # a typed array, as JSON has it
        assert np.allclose(values, tempered(logits, temperature), rtol=0, atol=1e-12)


def test_javascript_counts_in_words():
    counting = pytest.importorskip("counting")
    numbers = list(range(1000))
    words = in_node(MODULE, "words", *([n] for n in numbers))
    assert words == [counting.in_words(n) for n in numbers]
    lines = ["nine, ", "three hundred nine, three hu", "nine,", "nein, ", "ten, x, y"]
    found = in_node(MODULE, "counted", *([line] for line in lines))
    wanted = ["nine, ten", "three hundred nine, three hundred ten", None, None]
    assert [line or None for line in found] == [*wanted, "ten, eleven"]


def test_weights_are_kept_in_8_bits_and_vectors_in_16():
    weights = drawn_weights(1)
    run = Writer(weights, LETTERS)
    for name, array in run.weights().items():
        assert np.array_equal(array, rounded(weights)[name]), name
        largest = np.abs(weights[name]).max()
        assert np.abs(array - weights[name]).max() <= largest / 250, name
    assert len(run.parameters) < 24_000


def test_hidden_letters_are_read_by_nobody():
    run = of(2)
    found = run.forward("nine, ten", hidden=[2, 5])
    for block in found["blocks"]:
        assert not block["weights"][:, :, [2, 5]].any()
        sums = block["weights"].sum(axis=2)
        assert np.allclose(sums, 1)
    # The start may read nobody but itself: hidden, it reads nobody.
    alone = run.forward("nine", hidden=[0])["blocks"][0]["weights"]
    assert not alone[:, 0].any() and np.allclose(alone[:, 1:].sum(axis=2), 1)
    # What is hidden has no effect on what stands before it.
    before = run.forward("nine, ten")["logits"][:2]
    assert np.array_equal(found["logits"][:2], before)


def test_effects_are_what_is_lost_by_hiding():
    run = of(1, text="nine, t")
    shares = softmax(run.forward()["logits"][-1])
    best = shares.argmax()
    for j in (0, 3, 7):
        other = softmax(run.forward(hidden=[j])["logits"][-1])[best]
        assert run.effects()[j] == pytest.approx(shares[best] - other, abs=1e-12)


def test_the_print_shows_its_own_line_and_keeps_the_figure_s():
    run = of(1, text="six, ", printed=LINES[0])
    texts = [text.get_text() for text in run.draw().findobj(Text)]
    assert "three hundred nine, …" in texts
    for temperature in TEMPERATURES:
        line = run.continued(temperature, text=LINES[0])
        assert line.startswith(LINES[0]) and line[len(LINES[0]) :] in texts
    # The pair with the largest weight, and how it comes about.
    block = run.forward(LINES[0])["blocks"][0]
    last = block["weights"][:, -1]
    head, column = np.unravel_index(last.argmax(), last.shape)
    score = block["scores"][head, -1, column]
    way = next(text for text in texts if "softmax" in text)
    assert f"{score * np.sqrt(8):.2f}" in way and f"= {score:.2f}" in way
    assert way.endswith(f"softmax: {last.max():.2f}")
    assert "printed" not in run.state() and run.state()["text"] == "six, "


def test_models_of_another_form_are_refused():
    weights = drawn_weights(1)
    with pytest.raises(ValueError, match="the weights lack"):
        Writer({}, LETTERS)
    short = weights | {"blocks.0.qkv.bias": np.zeros(5)}
    with pytest.raises(ValueError, match=r"blocks\.0\.qkv\.bias has shape \(5,\)"):
        Writer(short, LETTERS)
    with pytest.raises(ValueError, match="a different letter for each"):
        Writer(weights, LETTERS[:-1])
    with pytest.raises(ValueError, match="the heads must share"):
        Writer(weights, LETTERS, heads=5)
    with pytest.raises(ValueError, match="the letters hold"):
        Writer(weights, LETTERS.replace(END, "a"))
    for text in ("Nine", "x" * LENGTH):
        with pytest.raises(ValueError, match="use at most 56"):
            Writer(weights, LETTERS, text=text)
    with pytest.raises(ValueError, match="no head 4; the last is 3"):
        Writer(weights, LETTERS, head=4)
    with pytest.raises(ValueError, match="no layer 1; the last is 0"):
        Writer(weights, LETTERS, layer=1)
    with pytest.raises(traitlets.TraitError):
        Writer(weights, LETTERS, temperature=3.0)
