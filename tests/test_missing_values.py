"""From a table with holes to a trained network: `missing = keep`, `impute`, `min_max`, `embedding`, `batch_norm`."""

from __future__ import annotations

import numpy as np
import pytest

import nndsl

PROGRAM = """
model holes {
  input  x: f32[2]
  input  w: class
  target y: f32

  h = x -> impute -> min_max -> dense(16) -> batch_norm -> relu
  e = w -> embedding(w.classes, 3)
  output p = concat(h, e) -> dense(1, constraint = max_norm(3))

  loss mse(p, y)
}

data {
  source     = csv("holes.csv")
  x          = columns("a", "b")
  missing    = keep
  validation = 20%
}

train {
  optimizer = adam(lr = 0.01)
  epochs    = 2
}
"""


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> nndsl.Net:
    folder = tmp_path_factory.mktemp("holes")
    rng = np.random.default_rng(0)
    rows = []
    for i in range(150):
        a, b = rng.normal(size=2) * 3 + 2
        kind = int(rng.integers(4))
        cells = ("" if i % 7 == 0 else f"{a:.3f}", "" if i % 11 == 0 else f"{b:.3f}", "pqrs"[kind])
        rows.append(",".join((*cells, f"{a - 2 * b + kind:.3f}")))
    (folder / "holes.csv").write_text("\n".join(["a,b,w,y", *rows, ""]))
    (folder / "holes.nn").write_text(PROGRAM)
    loaded = nndsl.load(folder / "holes.nn")
    assert isinstance(loaded, nndsl.Net)
    loaded.read_data()
    return loaded


def test_statistics_are_those_of_the_training_rows(net: nndsl.Net) -> None:
    state = net.initial_state()
    x = net.data.train.arrays["x"]
    assert np.isnan(x).any()
    median = np.nanmedian(x, axis=0)
    filled = np.where(np.isnan(x), median, x)
    np.testing.assert_allclose(state["h.impute_1.median"], median, rtol=1e-6)
    np.testing.assert_allclose(state["h.min_max_1.min"], filled.min(axis=0), rtol=1e-6)
    np.testing.assert_allclose(state["h.min_max_1.max"], filled.max(axis=0), rtol=1e-6)


def test_gradients_and_backends_agree(net: nndsl.Net) -> None:
    """The bias in front of `batch_norm` has a gradient of nothing but rounding, which is no disagreement."""
    assert all(check.passed for check in net.check_gradients())
    assert all(check.passed for check in net.check_backends(10))


def test_a_missing_value_counts_as_the_median(net: nndsl.Net) -> None:
    state = net.initial_state()
    session = net.session(state, "onnx")
    median = state["h.impute_1.median"]
    answers = []
    for x in ([np.nan, 1.0], [median[0], 1.0], [median[0] + 1, 1.0]):
        buffers = session.buffers(1)
        buffers["x"][...], buffers["w"][...] = x, 2
        answers.append(float(session.predict(1)["p"][0, 0]))
    assert np.isfinite(answers).all()
    assert answers[0] == answers[1] != answers[2]
