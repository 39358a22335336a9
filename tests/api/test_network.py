"""A network's insides and files: layers, weights, predictions before and after training, what `save` writes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from safetensors.numpy import load_file

import nndsl

PROGRAM = """\
model small {
  input  x: f32[3]
  target kind: class["no", "yes"]
  hidden = x -> normalize -> dense(4, relu)
  scores = hidden -> dense(2)
  output label = argmax(scores)
  output probability = softmax(scores)
  loss cross_entropy(scores, kind)
}
"""

PLAIN = PROGRAM.replace("normalize -> ", "")
RNG = np.random.default_rng(2)
X = RNG.normal(size=(30, 3)).astype(np.float32)
KIND = np.where(X[:, 0] > 0, "yes", "no")


def fitted() -> nndsl.Net:
    net = nndsl.loads(PROGRAM)
    net.fit(X, KIND, epochs=2)
    return net


def refused(do: Any) -> str:
    with pytest.raises(nndsl.Failure) as failure:
        do()
    return str(failure.value)


# ---------------------------------------------------------------- from a text


def test_a_text_is_a_program_like_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.nn").write_text(PLAIN)
    text, file = nndsl.loads(PLAIN), nndsl.load("small.nn")
    assert text.show("graph") == file.show("graph")
    assert repr(text) == "<Net program.nn>"
    assert "mine.nn:8:" in refused(nndsl.loads(PLAIN.replace("cross_", "criss_"), name="mine.nn").summary)
    assert nndsl.loads(PLAIN, set={"train.epochs": 2}).checked.train.epochs == 2
    assert "0xED" in refused(lambda: nndsl.loads("\ud800"))  # half of a character


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("small.onnx", "is a compiled model, which onnxruntime runs"),
        ("small.safetensors", "`net.load_weights(path)`"),
        ("small.npz", "`net.load_weights(path)`"),
        ("table.csv", "nndsl new "),
        ("picture.png", "holds data"),
    ],
)
def test_files_that_are_no_programs(tmp_path: Path, name: str, reason: str) -> None:
    if name.startswith("small"):
        fitted().save(tmp_path / name)
    else:
        (tmp_path / name).write_text("a,b\n1,2\n")
    assert reason in refused(lambda: nndsl.load(tmp_path / name))
    assert "there is no such file" in refused(lambda: nndsl.load(tmp_path / f"no_{name}"))


def test_what_is_no_program_is_said_when_it_is_loaded(tmp_path: Path) -> None:
    assert "NN253" in refused(lambda: nndsl.loads(""))
    assert "NN253" in refused(lambda: nndsl.loads("const n = 1"))
    assert "no model called `large`" in refused(lambda: nndsl.loads(PLAIN, model="large"))
    (tmp_path / "notes.txt").write_text("Dear reader,\n")
    assert "NN1" in refused(lambda: nndsl.load(tmp_path / "notes.txt"))


def test_overrides_are_checked_when_a_program_is_loaded() -> None:
    assert nndsl.loads(PLAIN, set="train.epochs=2").checked.train.epochs == 2
    assert refused(lambda: nndsl.loads(PLAIN, set="epochs")).count("NN260") == 1
    for wrong, reason in (
        (["nonsense=3"], "there is no const `nonsense`"),
        (["train.nonsense=3"], "`nonsense`"),
        ({"train.epochs": "x y"}, "found `y`"),
        ({"train.epochs": -1}, "--set train.epochs=-1"),
        (5, "set: it is a mapping"),
        ([5], "set: it is a mapping"),
    ):
        assert reason in refused(lambda wrong=wrong: nndsl.loads(PLAIN, set=wrong)), wrong


# ---------------------------------------------------------------- layers and weights


def test_layers_in_the_programs_order() -> None:
    net = fitted()
    assert [(layer.name, layer.kind, layer.output, layer.parameters) for layer in net.layers] == [
        ("hidden", "normalize", "[batch, 3]", 6),
        ("hidden", "dense", "[batch, 4]", 16),
        ("scores", "dense", "[batch, 2]", 10),
        ("probability", "softmax", "[batch, 2]", 0),
    ]
    assert list(net.layers[0].weights) == ["hidden.mean", "hidden.variance"]
    assert list(net.layers[1].weights) == ["hidden.W", "hidden.b"]
    assert net.layers["scores"] == net.layers[2]
    assert net.layers["scores"].inputs == ("hidden",)
    assert [layer.kind for layer in net.layers[1:3]] == ["dense", "dense"]
    assert "did you mean `scores`?" in refused(lambda: net.layers["score"])
    assert repr(net.layers).splitlines()[4].split() == ["scores", "dense", "[batch,", "2]", "10"]


def test_weights_are_a_mapping() -> None:
    net = nndsl.loads(PLAIN)
    assert list(net.weights) == ["hidden.W", "hidden.b", "scores.W", "scores.b"]
    assert {name: value.shape for name, value in net.weights.items()}["hidden.W"] == (3, 4)
    assert "hidden.W" in net.weights
    assert "hidden" not in net.weights
    assert net.weights.get("hidden.V") is None
    assert "did you mean `hidden.W`?" in refused(lambda: net.weights["hidden.w"])
    with pytest.raises(KeyError):
        net.weights["hidden.w"]
    with pytest.raises(ValueError, match="read-only"):
        net.weights["hidden.W"][0] = 1  # would change a copy
    assert "hidden.W.adam_m" in net.state  # slots are there
    assert "'hidden.W': float32[3, 4]" in repr(net.weights)


@pytest.mark.parametrize("backend", ["onnx", "numpy"])
def test_what_is_set_takes_effect(backend: Any) -> None:
    net = nndsl.loads(PLAIN)
    net.backend = backend
    before = net.predict(X)["probability"]
    net.weights["scores.W"] = np.zeros((4, 2))
    net.weights["scores.b"] = [0, np.log(3)]
    expected = np.tile([[0.25, 0.75]], (30, 1))
    np.testing.assert_allclose(net.predict(X)["probability"], expected, atol=1e-6)  # float32
    assert not np.allclose(before, expected)
    net.fit(X, KIND, epochs=0)
    np.testing.assert_array_equal(net.weights["scores.W"], np.zeros((4, 2)))  # kept when training begins
    net.fit(X, KIND, epochs=1)
    moved = net.weights["scores.b"]
    assert 0 < np.abs(moved - [0, np.log(3)]).max() < 0.01  # trained from there on
    net.weights["scores.b"] = [5, 6]
    np.testing.assert_array_equal(net.weights["scores.b"], [5, 6])


def test_weights_that_are_averaged_are_set_with_their_average() -> None:
    """Predictions take the averages."""
    net = nndsl.loads(PLAIN, set={"train.ema": 0.9})
    net.fit(X, KIND, epochs=1)
    net.weights["scores.W"], net.weights["scores.b"] = np.zeros((4, 2)), np.zeros(2)
    np.testing.assert_allclose(net.predict(X)["probability"], 0.5, atol=1e-6)  # float32


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (np.zeros((4, 3)), "its shape is [3, 4], not [4, 3]"),
        (0.0, "its shape is [3, 4], not []"),
        ([[1, 2], [3]], "its rows have different lengths"),
        (np.full((3, 4), "a"), "it holds numbers"),
        (np.zeros((3, 4), complex), "it holds numbers"),
        (np.full((3, 4), np.nan), "NaN or infinity"),
        (np.full((3, 4), 1e300), "NaN or infinity"),
    ],
    ids=["transposed", "number", "ragged", "text", "complex", "nan", "too large"],
)
def test_weights_that_cannot_be_set(value: Any, reason: str) -> None:
    net = nndsl.loads(PLAIN)
    before = net.weights["hidden.W"]
    assert reason in refused(lambda: net.weights.__setitem__("hidden.W", value))
    np.testing.assert_array_equal(net.weights["hidden.W"], before)
    assert "cannot lose" in refused(lambda: net.weights.pop("hidden.W"))


# ---------------------------------------------------------------- answers


def test_predictions_before_training_are_those_of_the_initial_weights() -> None:
    net = nndsl.loads(PLAIN)
    W, b, V, c = (net.initial_state()[name] for name in ("hidden.W", "hidden.b", "scores.W", "scores.b"))
    scores = np.maximum(X @ W + b, 0) @ V + c
    expected = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    outputs = net.predict(X)
    np.testing.assert_allclose(outputs["probability"], expected, rtol=1e-5)  # float32
    assert outputs["label"].tolist() == np.array(["no", "yes"])[scores.argmax(axis=1)].tolist()
    p = expected[np.arange(30), (KIND == "yes").astype(int)]
    assert net.evaluate(X, KIND)["loss"] == pytest.approx(-np.log(p).mean(), rel=1e-5)
    assert "is read from the rows" in refused(lambda: nndsl.loads(PROGRAM).predict(X))


def test_what_does_not_fit_is_said() -> None:
    net = fitted()
    assert "f32[3]" in refused(lambda: net.predict(X[:, :2]))
    assert "no array" in refused(lambda: net.predict({"z": X}))
    assert '"maybe" is not a kind' in refused(lambda: net.evaluate(X, ["maybe"] * 30))
    assert "30 rows" in refused(lambda: net.evaluate(X, KIND[:3]))
    assert "no data" in refused(net.evaluate)
    assert "`x` are others" in refused(lambda: net.evaluate(X, KIND, split="test"))
    assert "no split `nonsense`" in refused(lambda: net.evaluate(split="nonsense"))
    run = net.fit(X, KIND, epochs=1)
    assert "no split `nonsense`" in refused(lambda: run.evaluate("nonsense", data={"x": X, "kind": KIND}))  # type: ignore[arg-type]
    assert "and none is given" in refused(lambda: net.evaluate(y=KIND))


def test_free_sizes_stay_those_of_the_training_rows() -> None:
    text = """
    model steps {
      input x: f32[time, 2]
      target y: f32
      h = x -> dense(3, tanh)
      output p = sum(h)
      loss mse(p, y)
    }"""
    net = nndsl.loads(text)
    long, short = RNG.normal(size=(8, 5, 2)), RNG.normal(size=(8, 4, 2))
    net.fit(long, long[:, 0, 0])
    assert net.predict(long)["p"].shape == (8,)
    assert "`time`" in refused(lambda: net.predict(short))


# ---------------------------------------------------------------- files


def test_the_saved_model_takes_raw_data(tmp_path: Path) -> None:
    net = fitted()
    net.save(tmp_path / "small.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "small.onnx")
    label, probability = session.run(["label", "probability"], {"x": X})
    assert list(label) == net.predict(X)["label"].tolist()
    np.testing.assert_array_equal(probability, net.predict(X)["probability"])
    net.weights["scores.W"] = np.zeros((4, 2))
    net.save(tmp_path / "small.onnx")  # in place of the first
    constant = onnxruntime.InferenceSession(tmp_path / "small.onnx").run(["probability"], {"x": X})[0]
    np.testing.assert_array_equal(constant, constant[[0] * 30])


def test_the_saved_state_is_by_name(tmp_path: Path) -> None:
    net = fitted()
    net.save(tmp_path / "small.safetensors")
    net.save(tmp_path / "deep" / "small.npz")
    for saved in (load_file(tmp_path / "small.safetensors"), dict(np.load(tmp_path / "deep" / "small.npz"))):
        assert saved.keys() == net.state.keys()
        for name, value in net.state.items():
            np.testing.assert_array_equal(saved[name], value)


def test_a_saved_folder_is_that_of_a_run(tmp_path: Path) -> None:
    net = fitted()
    net.save(tmp_path / "run")
    assert {"model.onnx", "model.py", "program.nn", "run.json"} <= {path.name for path in (tmp_path / "run").iterdir()}
    again = nndsl.load(tmp_path / "run")
    assert again.evaluate(X, KIND) == net.evaluate(X, KIND)
    assert again.history == net.history
    assert again.progress.steps == net.progress.steps
    again_there = refused(lambda: net.save(tmp_path / "run"))
    assert "is there already" in again_there
    assert "`-o`" not in again_there  # Python has no options


@pytest.mark.parametrize("saved", ["small.safetensors", "small.npz", "run"])
def test_saved_weights_are_taken_by_another_network(tmp_path: Path, saved: str) -> None:
    net = fitted()
    net.save(tmp_path / saved)
    other = nndsl.loads(PROGRAM + "train { optimizer = sgd(0.1) }")  # has no slots; `normalize` comes with the weights
    other.load_weights(tmp_path / saved)
    np.testing.assert_array_equal(other.predict(X)["probability"], net.predict(X)["probability"])
    assert other.evaluate(X, KIND) == net.evaluate(X, KIND)
    other.fit(X * 100, KIND, epochs=1)
    np.testing.assert_array_equal(other.weights["hidden.mean"], net.weights["hidden.mean"])


def test_a_trained_network_takes_earlier_weights(tmp_path: Path) -> None:
    net = fitted()
    before = net.predict(X)["probability"]
    net.save(tmp_path / "small.npz")
    net.fit(X, KIND, epochs=1)
    slots = {name: value for name, value in net.state.items() if name not in net.weights}
    net.load_weights(tmp_path / "small.npz")
    np.testing.assert_array_equal(net.predict(X)["probability"], before)
    for name, value in slots.items():
        np.testing.assert_array_equal(net.state[name], value)


def test_weights_of_a_run_come_with_its_classes(tmp_path: Path) -> None:
    text = PROGRAM.replace('["no", "yes"]', "").replace("dense(2)", "dense(kind.classes)")
    net = nndsl.loads(text)
    net.fit(X, KIND, epochs=1)
    net.save(tmp_path / "run")
    net.save(tmp_path / "small.npz")
    other = nndsl.loads(text)
    assert "NN551" in refused(lambda: other.load_weights(tmp_path / "small.npz"))
    other.load_weights(tmp_path / "run")
    assert other.predict(X)["label"].tolist() == net.predict(X)["label"].tolist()
    third = nndsl.loads(text)
    third.fit(X, np.where(KIND == "no", "a", "b"), epochs=1)
    assert "other kinds" in refused(lambda: third.load_weights(tmp_path / "run"))


def test_weights_that_cannot_be_taken(tmp_path: Path) -> None:
    net = fitted()
    before = net.state
    arrays = dict(net.state)
    (tmp_path / "text.npz").write_text("no archive")
    (tmp_path / "text.safetensors").write_text("no tensors")
    np.savez(tmp_path / "less.npz", **{k: v for k, v in arrays.items() if k != "hidden.W"})
    np.savez(tmp_path / "more.npz", **arrays, other=np.ones(3))
    np.savez(tmp_path / "wide.npz", **{**arrays, "scores.W": np.ones((4, 3))})
    for name, reason in (
        ("none.npz", "there is no such file"),
        ("text.npz", "not an archive"),
        ("text.safetensors", "cannot be read"),
        ("less.npz", "it has no `hidden.W`"),
        ("more.npz", "the network has no `other`"),
        ("wide.npz", "its shape is [4, 2], not [4, 3]"),
        ("small.h5", "give a .safetensors or .npz file, or the folder of a run"),
    ):
        assert reason in refused(lambda name=name: net.load_weights(tmp_path / name)), name
    assert "NN504" in refused(lambda: net.load_weights(tmp_path))
    assert "path: it is empty" in refused(lambda: net.load_weights(""))
    for name, value in net.state.items():
        np.testing.assert_array_equal(value, before[name])


def test_what_cannot_be_saved(tmp_path: Path) -> None:
    net = fitted()
    assert "`.h5` is no ending" in refused(lambda: net.save(tmp_path / "small.h5"))
    (tmp_path / "file").write_text("")
    assert "cannot write" in refused(lambda: net.save(tmp_path / "file" / "small.onnx"))
    assert "is read from the rows" in refused(lambda: nndsl.loads(PROGRAM).save(tmp_path / "new.onnx"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file"]
    assert "has no folder" in refused(fitted().fit(X, KIND, epochs=1).save)
