"""Frames are known again by the names of their columns: the order in which they come later does not matter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import nndsl

LINE = """\
model line {
  input  x: f32[n]
  target y: f32
  output p = x -> dense(1)
  loss   mse(p, y)
}
train { epochs = 2 }
"""

TWO = """\
model two {
  input  left:  f32[2]
  input  right: f32[2]
  target y: f32
  output p = concat(left, right) -> dense(1)
  loss   mse(p, y)
}
train { epochs = 2 }
"""

X = np.random.default_rng(0).normal(size=(40, 2)).astype(np.float32)


def refused(do: Any) -> str:
    with pytest.raises(nndsl.Failure) as failure:
        do()
    return str(failure.value)


@pytest.mark.parametrize("library", [pd, pl], ids=["pandas", "polars"])
def test_columns_in_another_order_are_those_of_their_names(library: Any, tmp_path: Path) -> None:
    frame = library.DataFrame({"a": X[:, 0], "b": X[:, 1]})
    net = nndsl.loads(LINE)
    net.fit(frame, X[:, 0], epochs=5)
    net.save(tmp_path / "run")
    for known in (net, nndsl.load(tmp_path / "run")):
        expected = known.predict(X)["p"]
        np.testing.assert_array_equal(known.predict(frame[["b", "a"]])["p"], expected)
        more = library.DataFrame({"c": X[:, 1], "b": X[:, 1], "a": X[:, 0]})
        np.testing.assert_array_equal(known.predict(more)["p"], expected)
        assert known.evaluate(frame[["b", "a"]], X[:, 0]) == known.evaluate(X, X[:, 0])
        assert '"b"' in refused(lambda known=known: known.predict(library.DataFrame({"a": X[:, 0], "q": X[:, 1]})))


def test_validation_rows_and_a_second_fit_are_known_by_the_first_names() -> None:
    frame = pd.DataFrame(X, columns=["a", "b"])
    swapped, plain = nndsl.loads(LINE), nndsl.loads(LINE)
    swapped.fit(frame, X[:, 0], validation_data=(frame[["b", "a"]] + 1, X[:, 0]))
    plain.fit(X, X[:, 0], validation_data=(X + 1, X[:, 0]))
    swapped.fit(frame[["b", "a"]], X[:, 0])
    plain.fit(X, X[:, 0])
    assert swapped.history == plain.history


def test_frames_in_a_mapping_have_names_too() -> None:
    left, right = pd.DataFrame(X, columns=["a", "b"]), pd.DataFrame(X[:, ::-1] * 2, columns=["c", "d"])
    net = nndsl.loads(TWO)
    net.fit({"left": left, "right": right}, X[:, 0])
    again = net.predict({"right": right[["d", "c"]], "left": left[["b", "a"]]})["p"]
    np.testing.assert_array_equal(again, net.predict({"left": X, "right": right.to_numpy()})["p"])


def test_names_that_a_pattern_found_stay_in_their_order() -> None:
    bound = nndsl.loads(LINE + 'data { source = csv("none.csv")\n x = columns("p*") }')
    frame = pd.DataFrame(X, columns=["p1", "p2"])
    bound.fit(frame.assign(id=1), X[:, 0])
    np.testing.assert_array_equal(bound.predict(frame[["p2", "p1"]])["p"], bound.predict(frame)["p"])


def test_a_column_called_like_the_only_input_is_one_of_its_columns() -> None:
    net = nndsl.loads(LINE)
    frame = pd.DataFrame(X, columns=["u", "x"])
    net.fit(frame, X[:, 0])
    np.testing.assert_array_equal(net.predict(frame)["p"], net.predict(X)["p"])


def test_the_only_column_is_the_only_value() -> None:
    framed, plain = nndsl.loads(LINE), nndsl.loads(LINE)
    framed.fit(pd.DataFrame({"a": X[:, 0]}), pd.DataFrame({"price": X[:, 1]}))
    plain.fit(X[:, :1], X[:, 1])
    assert framed.history == plain.history


def test_columns_of_zeros_and_ones_are_no_class() -> None:
    text = LINE.replace("y: f32", "y: class[3]").replace("dense(1)", "dense(3)").replace("mse", "cross_entropy")
    said = refused(lambda: nndsl.loads(text).fit(X, pd.get_dummies(pd.Series(np.arange(40) % 3))))
    assert "that is their `argmax`" in said


def test_columns_that_a_pattern_found_in_files_are_known_by_their_names(tmp_path: Path) -> None:
    frame = pd.DataFrame({"p1": X[:, 0], "p2": X[:, 1], "y": X[:, 0]})
    frame.to_csv(tmp_path / "train.csv", index=False)
    frame[["p2", "y", "p1"]].to_csv(tmp_path / "other.csv", index=False)
    (tmp_path / "line.nn").write_text(LINE + 'data { source = csv("train.csv")\n x = columns("p*") }')
    net = nndsl.load(tmp_path / "line.nn")
    net.train(tmp_path / "run", picture=False)
    for known in (net, nndsl.load(tmp_path / "run")):
        expected = known.predict(str(tmp_path / "train.csv"))["p"]
        np.testing.assert_array_equal(known.predict(str(tmp_path / "other.csv"))["p"], expected)
        np.testing.assert_array_equal(known.predict(frame[["p2", "p1"]])["p"], expected)
        assert known.evaluate(str(tmp_path / "other.csv")) == known.evaluate(str(tmp_path / "train.csv"))
