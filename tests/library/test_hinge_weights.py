"""Class weights of the hinge losses: each value counts as much as its class."""

from __future__ import annotations

import numpy as np
import pytest

from nndsl.compiler import compile_network
from nndsl.diagnostics import Failure
from nndsl.graph.evaluate import evaluate
from nndsl.library.vocabulary import load
from nndsl.model.check import check, load_program
from nndsl.source import Source
from nndsl.transform.step import Step

load()

RNG = np.random.default_rng(0)
Z = RNG.normal(size=(9, 3))
KIND = RNG.integers(0, 3, 9)
HIT = RNG.integers(0, 2, (9, 3)).astype(np.float64)


def compiled(loss: str, inputs: str = "") -> Step:
    text = f"""
model m {{
  input z: f32[3]
  target kind: class[3]
  target hit: binary[3]
  target side: f32[3]
  target two: class["no", "yes"]
  output o = z -> dense(3, init = identity, bias = false)
  loss {loss}
}}
"""
    source = Source("m.nn", text)
    checked = check(load_program(source))
    return compile_network(checked.network, checked.train, source).step


def value(loss: str) -> float:
    given = {"z": Z, "kind": KIND, "hit": HIT, "side": 2 * HIT - 1, "two": HIT[:, 0].astype(int), "o.W": np.eye(3)}
    return float(evaluate(compiled(loss).evaluate, given, float_dtype="f64")["loss"])


SHORT = np.maximum(0, 1 - Z * (2 * HIT - 1))
WEIGHT = np.where(HIT > 0, 5, 0.5)
ROWS = np.arange(9)
OTHER = np.where(np.eye(3)[KIND] > 0, 0, Z).max(axis=1)  # Keras's: the own score counts as 0 among the others
LEAD = np.maximum(0, 1 + OTHER - Z[ROWS, KIND])


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        ("hinge(o, hit, class_weight = [0.5, 5])", (SHORT * WEIGHT).mean()),
        ("hinge(o, side, class_weight = [0.5, 5])", (SHORT * WEIGHT).mean()),
        ("hinge(slice(o, 0, 1), two, class_weight = [0.5, 5])", (SHORT * WEIGHT)[:, 0].mean()),
        ('hinge(slice(o, 0, 1), two, class_weight = {"no": 0.5, "yes": 5})', (SHORT * WEIGHT)[:, 0].mean()),
        ("squared_hinge(o, hit, class_weight = [0.5, 5])", (SHORT**2 * WEIGHT).mean()),
        ("categorical_hinge(o, kind, class_weight = [1, 2, 0.25])", (LEAD * np.array([1, 2, 0.25])[KIND]).mean()),
        ("categorical_hinge(o, one_hot(kind, 3), class_weight = [1, 2, 0.25])",
         (LEAD * np.array([1, 2, 0.25])[KIND]).mean()),
    ],
)  # fmt: skip
def test_each_value_counts_by_its_class(loss: str, expected: float) -> None:
    assert value(loss) == pytest.approx(expected, rel=1e-12)


def test_balanced_weights_are_fitted_to_the_target() -> None:
    step = compiled("categorical_hinge(o, kind, class_weight = balanced)")
    assert [(state.name, state.shape, state.fit) for state in step.states if state.fit] == [
        ("loss.class_weights", (3,), "class_weights")
    ]


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        ("hinge(o, hit, class_weight = [1, 2, 3])", "`class_weight` of `hinge` does not fit"),
        ("categorical_hinge(o, kind, class_weight = [1, 2])", "`class_weight` of `categorical_hinge` does not fit"),
        ("squared_hinge(slice(o, 0, 1), kind)", "`squared_hinge` takes a target of yes and no, but `kind` is class[3]"),
    ],
)
def test_wrong_weights_and_targets_are_refused(loss: str, message: str) -> None:
    with pytest.raises(Failure) as failure:
        compiled(loss)
    assert failure.value.diagnostics[0].message.startswith(message)
