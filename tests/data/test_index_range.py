"""Indices that an embedding has no row for, and classes that a loss has no score for: refused with their place before
anything runs, on either engine."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest

import nndsl

PROGRAM = """
model words {
  input  text: i64[2]
  input  other: i64
  target y: f32
  a = text -> embedding(9, 2) -> flatten
  b = text -> embedding(5, 2) -> flatten
  output p = concat(a, b, one_hot(other, 3)) -> dense(1)
  loss mse(p, y)
}
data {
  source = csv("words.csv")
  text   = columns("first", "second")
  test   = 2
  shuffle = false
}
train { epochs = 1 }
"""

GOOD = "first,second,other,y\n0,4,0,1\n1,2,7,2\n3,3,-1,3\n4,0,1,4\n"


def program(folder: Path, text: str) -> nndsl.Net:
    (folder / "words.nn").write_text(PROGRAM)
    (folder / "words.csv").write_text(text)
    net = nndsl.load(folder / "words.nn")
    assert isinstance(net, nndsl.Net)
    return net


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refusal(failure: pytest.ExceptionInfo[nndsl.Failure]) -> str:
    (diagnostic,) = failure.value.diagnostics
    assert diagnostic.code == "NN473"
    (label,) = diagnostic.labels()
    assert label.span is not None
    assert label.span.text == "embedding(5, 2)"
    return diagnostic.message


@pytest.mark.parametrize("index", [-1, 5, 2**40])
@pytest.mark.parametrize(("line", "split"), [(3, "train"), (5, "test")])
def test_training_on_them(here: Path, index: int, line: int, split: str) -> None:
    """Those of the rows to test on too: they would end the run after all the training. `one_hot` takes any index."""
    lines = GOOD.splitlines()
    lines[line - 1] = f"{index},{index},1,2"
    net = program(here, "\n".join(lines))
    with pytest.raises(nndsl.Failure) as failure:
        net.train(here / "run", picture=False)
    expected = f"words.csv, line {line}: {index} is no index of `text` (and 1 more value): this embedding is for 0 to 4"
    assert refusal(failure) == expected
    assert not (here / "run").exists()


@pytest.mark.parametrize("backend", ["onnx", "numpy"])
def test_answers_for_them(here: Path, backend: nndsl.BackendName) -> None:
    run = program(here, GOOD).train(here / "run", picture=False, backend=backend)
    given = {"text": np.array([[0, 4], [-1, 2]]), "other": np.array([5, -5])}
    with pytest.raises(nndsl.Failure) as failure:
        run.predict(given)
    assert refusal(failure) == "row 1 (from 0): -1 is no index of `text`: this embedding is for 0 to 4"
    with pytest.raises(nndsl.Failure) as failure:
        run.net.fit(given, np.array([1.0, 2.0]))
    assert refusal(failure) == "row 1 (from 0): -1 is no index of `text`: this embedding is for 0 to 4"


@pytest.mark.parametrize("index", [-1, -5, 5, 2**40])
def test_the_bare_model_fails_on_them(here: Path, index: int) -> None:
    """The larger embedding has a row for 5, and none for what counts from the end."""
    run = program(here, GOOD).train(here / "run", picture=False)
    session = onnxruntime.InferenceSession(run.path / "model.onnx", providers=["CPUExecutionProvider"])
    good = {"text": np.array([[0, 4]]), "other": np.array([5])}
    np.testing.assert_allclose(session.run(None, good)[0], run.predict(good)["p"], rtol=1e-6)
    with pytest.raises(Exception, match="out of data bounds"):
        session.run(None, good | {"text": np.array([[0, index]])})


CLASSES = """
model m {{
  input  x: f32
  target c: i64
  z = x -> dense(3)
  output p = softmax(z)
  loss   {loss}
}}
data {{ source = csv("c.csv") }}
train {{ epochs = 1 }}
"""


@pytest.mark.parametrize("backend", ["onnx", "numpy"])
@pytest.mark.parametrize("wrong", [-1, 3])
@pytest.mark.parametrize("loss", ["cross_entropy(z, c)", "focal(z, c)", "categorical_hinge(z, c)"])
def test_classes_that_a_loss_has_no_score_for(here: Path, backend: nndsl.BackendName, wrong: int, loss: str) -> None:
    (here / "m.nn").write_text(CLASSES.format(loss=loss))
    (here / "c.csv").write_text(f"x,c\n1,0\n2,{wrong}\n3,2\n")
    net = nndsl.load(here / "m.nn")
    assert isinstance(net, nndsl.Net)
    with pytest.raises(nndsl.Failure) as failure:
        net.train(here / "run", picture=False, backend=backend)
    (diagnostic,) = failure.value.diagnostics
    name = loss.partition("(")[0]
    assert diagnostic.message == f"c.csv, line 3: {wrong} is no index of `c`: `{name}` is for 0 to 2"
    with pytest.raises(nndsl.Failure, match=f"{wrong} is no index"):
        net.fit(np.ones(2, np.float32), np.array([2, wrong]), backend=backend)


def test_a_class_that_is_ignored_may_be_any_number(here: Path) -> None:
    """The loss is that of the other rows."""
    losses = []
    for rows in ("1,0\n2,-100\n3,2\n", "1,0\n3,2\n"):
        (here / "m.nn").write_text(CLASSES.format(loss="cross_entropy(z, c, ignore = -100)"))
        (here / "c.csv").write_text(f"x,c\n{rows}")
        net = nndsl.load(here / "m.nn")
        assert isinstance(net, nndsl.Net)
        losses.append(net.evaluate(here / "c.csv")["loss"])
    assert losses[0] * 3 == pytest.approx(losses[1] * 2, rel=1e-6)


def test_the_narrowest_range_is_told_once(here: Path) -> None:
    (here / "m.nn").write_text(
        CLASSES.format(loss="cross_entropy(z, c)\n  w = x -> dense(2)\n  loss cross_entropy(w, c) as w")
    )
    (here / "c.csv").write_text("x,c\n1,0\n2,2\n3,-1\n")
    net = nndsl.load(here / "m.nn")
    assert isinstance(net, nndsl.Net)
    with pytest.raises(nndsl.Failure) as failure:
        net.train(here / "run", picture=False)
    (diagnostic,) = failure.value.diagnostics
    assert diagnostic.message == "c.csv, line 3: 2 is no index of `c` (and 1 more value): `cross_entropy` is for 0 to 1"
