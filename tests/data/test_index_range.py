"""Indices that an embedding has no row for: refused with their place before anything runs, on either engine."""

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
