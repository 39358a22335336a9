"""What is fitted sees the training rows and no others, and lies in the state that a run keeps."""

from __future__ import annotations

import numpy as np
import pytest

import nndsl

PROGRAM = """
model fitted {
  input  a: f32[2]
  input  b: f32
  input  gaps: f32
  target kind: class
  h = concat(a -> normalize, b -> min_max, gaps -> impute, gaps -> impute(mean))
  scores = h -> dense(3)
  output label = argmax(scores)
  loss cross_entropy(scores, kind, class_weight = balanced)
}
data {
  train      = csv("train.csv")
  validation = csv("others.csv")
  test       = csv("others.csv")
  a          = columns("p", "q")
  missing    = keep
}
train { epochs = 1 }
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> nndsl.Run:
    """Rows to validate and to test on lie far from those to train on, and nearly all are of one kind."""
    folder = tmp_path_factory.mktemp("fitted")
    rng = np.random.default_rng(0)
    for name, far, kinds in (("train", 0, "xyzxyx"), ("others", 1000, "zzzzzx")):
        rows = [
            f"{p + far:.4f},{q - far:.4f},{b * 10 + far:.4f},{'' if i % 3 == 0 else f'{gap + far:.4f}'},{kinds[i % 6]}"
            for i, (p, q, b, gap) in enumerate(rng.random((60, 4)))
        ]
        (folder / f"{name}.csv").write_text("\n".join(["p,q,b,gaps,kind", *rows]))
    (folder / "fitted.nn").write_text(PROGRAM)
    net = nndsl.load(folder / "fitted.nn")
    assert isinstance(net, nndsl.Net)
    net.train(folder / "run", picture=False)
    return nndsl.Run.open(folder / "run")


def test_statistics_are_those_of_the_training_rows(run: nndsl.Run) -> None:
    train = run.net.read_data().train.arrays
    a, b, gaps, kind = (train[name][:] for name in ("a", "b", "gaps", "kind"))
    counts = np.bincount(kind)
    expected = {
        "h.normalize_1.mean": a.mean(axis=0),
        "h.normalize_1.variance": a.var(axis=0),
        "h.min_max_1.min": [b.min()],
        "h.min_max_1.max": [b.max()],
        "h.impute_1.median": [np.nanmedian(gaps)],
        "h.impute_2.mean": [np.nanmean(gaps)],
        "loss.class_weights": len(kind) / (3 * counts),
    }
    assert counts.tolist() == [30, 20, 10]
    for name, value in expected.items():
        # Sums of 60 float32: in NumPy's order here, in float64 there.
        np.testing.assert_allclose(run.state[name], value, rtol=1e-5, err_msg=name)
