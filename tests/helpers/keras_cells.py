"""Run a chapter's cells on Keras's present backend, PyTorch's cells left out.

    KERAS_BACKEND=jax python tests/helpers/keras_cells.py book/mlp

Prints what test_mlp.py wants to know, as JSON. The claims of untagged prose are
evaluated on the way; those between tagged cells may be about what both libraries do.
"""

import contextlib
import io
import json
import sys

import numpy as np
import this_book

from bookpress import cells
from bookpress.checks import numbers


def run(docname: str) -> dict:
    namespace = {"__name__": "__chapter__"}
    page = this_book.ROOT / f"{docname}.md"
    wrong, shared = [], True
    with contextlib.redirect_stdout(io.StringIO()), contextlib.chdir(page.parent):
        for piece in cells.pieces(page.read_text(encoding="utf8")):
            if piece.kind == "code":
                shared = not piece.tags & {"torch", "both"}
                if shared:
                    code = "\n" * (piece.line - 1) + piece.text
                    exec(compile(code, str(page), "exec"), namespace)
            elif shared:
                for claim in numbers.held_in(piece):
                    numbers.evaluate(claim, namespace)
                    if not claim.holds:
                        wrong.append(f"{claim.line}: {claim.text} is {claim.found}")
    return namespace | {"wrong claims": wrong}


def report(cells: dict) -> dict:
    keras = cells["keras"]
    model, x = cells["iris_keras"], cells["x_train"][:20]
    W1, b1, W2, b2 = (weights.astype(float) for weights in model.get_weights())
    layers = [(W1.T, b1, cells["relu"]), (W2.T, b2, cells["identity"])]
    answers = keras.ops.convert_to_numpy(model(x))
    return {
        "backend": keras.backend.backend(),
        "torch imported by a cell": "torch" in cells,
        "wrong claims": cells["wrong claims"],
        "parameters": {
            name: value.count_params()
            for name, value in cells.items()
            if isinstance(value, keras.Model)
        },
        "losses": cells["losses_keras"],
        "right": float(cells["accuracy_keras"]),
        "spiral": float(cells["right_keras"]),
        "gap to NumPy": float(np.abs(answers - cells["forward"](x, layers)).max()),
    }


if __name__ == "__main__":
    print(json.dumps(report(run(sys.argv[1]))))
