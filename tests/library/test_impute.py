"""What gaps are filled with: scikit-learn's `SimpleImputer`, fitted to the training rows, is the oracle."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from sklearn.impute import SimpleImputer

import nndsl
from nndsl.data.fitting import PresentMean

PROGRAM = """
model gaps {{
  input  x: f32[3]
  target y: f32
  filled = x -> {impute}
  output seen = filled
  output p = filled -> dense(1)
  loss mse(p, y)
}}
data {{
  source  = npz("gaps.npz")
  missing = keep
  test    = 30
}}
train {{ epochs = 1 }}
"""

WAYS: dict[str, dict[str, Any]] = {
    "impute": {"strategy": "median"},
    "impute(median)": {"strategy": "median"},
    "impute(mean)": {"strategy": "mean"},
    "impute(0)": {"strategy": "constant", "fill_value": 0},
    "impute(fill = -1.5)": {"strategy": "constant", "fill_value": -1.5},
}


@pytest.mark.parametrize("impute", WAYS)
def test_gaps_are_filled_as_scikit_learn_does(tmp_path: Path, impute: str) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(3, 2, (120, 3)).astype(np.float32)
    x[rng.random(x.shape) < 0.3] = np.nan
    np.savez(tmp_path / "gaps.npz", x=x, y=np.zeros(120))
    (tmp_path / "gaps.nn").write_text(PROGRAM.format(impute=impute))
    net = nndsl.load(tmp_path / "gaps.nn")
    assert isinstance(net, nndsl.Net)
    run = net.train(tmp_path / "run", picture=False)
    train = net.data.train.arrays["x"][:]
    assert np.isnan(train).any()
    expected = SimpleImputer(**WAYS[impute]).fit(train).transform(x)
    np.testing.assert_allclose(run.predict({"x": x})["seen"], expected, rtol=1e-6)
    session = onnxruntime.InferenceSession(run.path / "model.onnx", providers=["CPUExecutionProvider"])
    np.testing.assert_allclose(session.run(["seen"], {"x": x})[0], expected, rtol=1e-6)


def test_the_mean_of_what_is_there_does_not_depend_on_the_chunks() -> None:
    """A value every third row far from zero, in chunks of which some have none of it at all."""
    values = np.full((60, 2), np.nan)
    values[::3, 0] = 1e6 + np.arange(20)
    values[30:, 1] = np.arange(30)
    for chunks in ([values], np.array_split(values, 7), np.array_split(values, 60)):
        fit = PresentMean((2,))
        for chunk in chunks:
            fit.add(chunk)
        np.testing.assert_allclose(fit.result(), [1e6 + 9.5, 14.5], rtol=1e-12)


def test_another_word_is_told(tmp_path: Path) -> None:
    (tmp_path / "gaps.nn").write_text(PROGRAM.format(impute="impute(average)"))
    np.savez(tmp_path / "gaps.npz", x=np.zeros((120, 3)), y=np.zeros(120))
    with pytest.raises(nndsl.Failure, match="`median` or `mean` or a number"):
        nndsl.load(tmp_path / "gaps.nn").train(tmp_path / "run")  # type: ignore[union-attr]


def test_a_column_without_a_value_has_no_mean(tmp_path: Path) -> None:
    x = np.zeros((120, 3))
    x[:, 1] = np.nan
    np.savez(tmp_path / "gaps.npz", x=x, y=np.zeros(120))
    (tmp_path / "gaps.nn").write_text(PROGRAM.format(impute="impute(mean)"))
    with pytest.raises(nndsl.Failure, match=r"cannot be fitted: its layer sees values that are missing \(NaN\)"):
        nndsl.load(tmp_path / "gaps.nn").train(tmp_path / "run")  # type: ignore[union-attr]
