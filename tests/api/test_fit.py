"""`net.fit`: what it takes, what it does to a network, and that a second one goes on where the first ended."""

from __future__ import annotations

import pickle
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import nndsl

PROGRAM = """\
model small {
  input  features: f32[columns]
  target kind: class
  hidden = features -> normalize -> dense(8, tanh) -> dropout(0.1)
  scores = hidden -> dense(kind.classes)
  output label = argmax(scores)
  output probability = softmax(scores)
  loss cross_entropy(scores, kind)
  metric accuracy(scores, kind)
}
train { epochs = 3 }
"""

TWO = """\
model two {
  input  wide: f32[2]
  input  deep: f32[3]
  target price: f32
  target rent: f32
  hidden = concat(wide, deep) -> dense(4, relu)
  output p = hidden -> dense(1)
  output r = hidden -> dense(1)
  loss mse(p, price) as price
  loss mae(r, rent) as rent
}
"""

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 4)).astype(np.float32)
KINDS = np.where(X[:, 0] + X[:, 1] > 0, "up", "down")
WIDE, DEEP = X[:, :2], RNG.normal(size=(60, 3))


def small(**options: Any) -> nndsl.Net:
    return nndsl.loads(PROGRAM, **options)


def same_state(first: nndsl.Net, second: nndsl.Net) -> bool:
    return all(np.array_equal(value, second.state[name]) for name, value in first.state.items())


def refused(do: Any) -> str:
    with pytest.raises(nndsl.Failure) as failure:
        do()
    return str(failure.value)


# ---------------------------------------------------------------- what it gives


def test_a_run_has_the_history_of_keras(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run = small().fit(X[9:], KINDS[9:], epochs=4, validation_data=(X[:9], KINDS[:9]))
    assert run.history.keys() == ["loss", "accuracy", "val_loss", "val_accuracy", "lr"]
    assert "val_loss" in run.history
    assert "kind" not in run.history
    assert {name: len(values) for name, values in dict(run.history).items()} == dict.fromkeys(run.history.keys(), 4)
    assert dict(run.history.items())["loss"] == run.history["loss"] == [logs["loss"] for logs in run.history]
    assert pd.DataFrame(run.history)["accuracy"].tolist() == run.history["accuracy"]
    assert run.path is None
    assert list(tmp_path.iterdir()) == []  # nothing is written
    assert repr(run).startswith("<Run program.nn: 4 epochs, loss ")


def test_validation_rows_are_told_from_training_rows() -> None:
    net = small()
    with pytest.warns(UserWarning, match=r"the validation data, row 0 \(from 0\) and the given data, row 9"):
        net.fit(X, KINDS, epochs=1, validation_data=[X[9:20], KINDS[9:20]])  # a list does as well
    assert "val_loss" in net.history
    gap = np.where(np.arange(4) == 1, np.nan, X)
    said = refused(lambda: net.fit(X, KINDS, validation_data=(gap, KINDS)))
    assert "the validation data, features[0, 1]" in said
    assert "not 1 things" in refused(lambda: net.fit(X, KINDS, validation_data=[X]))


@pytest.mark.parametrize(
    ("kind", "y", "help"),
    [
        ("f32", np.ones((60, 1)), "`array.ravel()` is without the axis of 1"),
        ("class", np.ones((60, 1), int), "`array.ravel()` is without the axis of 1"),
        ("class[3]", np.eye(3)[np.arange(60) % 3], "`array.argmax(axis=-1)`"),
        ("class", np.eye(3)[np.arange(60) % 3], "`array.argmax(axis=-1)`"),
    ],
    ids=["number", "class", "one hot", "one hot, any classes"],
)
def test_targets_of_another_shape_are_told_what_helps(kind: str, y: Any, help: str) -> None:
    text = PROGRAM.replace("kind: class", f"kind: {kind}").replace("kind.classes", "3")
    if kind == "f32":
        text = "model m { input x: f32[4]\n target y: f32\n output p = x -> dense(1)\n loss mse(p, y) }"
    assert help in refused(lambda: nndsl.loads(text).fit(X, y))


def test_classes_and_sizes_are_those_of_the_first_rows() -> None:
    net = small()
    net.fit(X, KINDS)
    assert set(net.predict(X)["label"]) <= {"up", "down"}
    assert net.predict(X[:5])["probability"].shape == (5, 2)
    np.testing.assert_allclose(net.weights["hidden.normalize_1.mean"], X.mean(axis=0), atol=1e-6)  # float32 sums
    assert '"left" is not a kind of `kind`' in refused(lambda: net.fit(X, ["left"] * 60))
    assert "f32[4]" in refused(lambda: net.fit(X[:, :3], KINDS))
    net.fit(X + 100, KINDS)
    np.testing.assert_allclose(net.weights["hidden.normalize_1.mean"], X.mean(axis=0), atol=1e-6)  # fitted once


def test_a_second_fit_goes_on_bit_for_bit() -> None:
    once, twice = small(), small()
    run = once.fit(X, KINDS, epochs=5, validation_split=0.2)
    twice.fit(X, KINDS, epochs=2, validation_split=0.2)
    again = twice.fit(X, KINDS, epochs=3, validation_split=0.2)
    assert again.history == run.history
    assert same_state(once, twice)  # the slots and the dropout masks too


def test_a_second_fit_keeps_the_seed(tmp_path: Path) -> None:
    once, twice = small(), small()
    once.fit(X, KINDS, epochs=5, seed=7)
    twice.fit(X, KINDS, epochs=2, seed=7)
    twice.save(tmp_path / "run")
    copies = [twice, pickle.loads(pickle.dumps(twice)), nndsl.load(tmp_path / "run")]
    for net in copies:
        net.fit(X, KINDS, epochs=3)
        assert same_state(once, net)
    other = small()
    other.fit(X, KINDS, epochs=5)
    assert not same_state(once, other)


@pytest.mark.parametrize("ending", ["", ".pickle"])
def test_a_network_that_was_put_away_goes_on_bit_for_bit(tmp_path: Path, ending: str) -> None:
    once, twice = small(), small()
    once.fit(X, KINDS, epochs=5)
    twice.fit(X, KINDS, epochs=2)
    if ending:
        back = pickle.loads(pickle.dumps(twice))
    else:
        twice.save(tmp_path / "run")
        back = nndsl.load(tmp_path / "run")
    assert same_state(twice, back)
    assert len(back.fit(X, KINDS, epochs=3).history) == 5
    assert same_state(once, back)


def test_copies_are_apart() -> None:
    net = small()
    net.fit(X, KINDS)
    other = deepcopy(net)
    assert same_state(net, other)
    other.fit(X, KINDS)
    assert len(net.history) == 3
    assert not same_state(net, other)


def test_the_backends_agree() -> None:
    onnx, numpy = small(), small()
    onnx.fit(X, KINDS)
    numpy.fit(X, KINDS, backend="numpy")
    for name, value in onnx.state.items():
        np.testing.assert_allclose(value, numpy.state[name], atol=1e-5, err_msg=name)  # six steps of rounding
    moved = onnx.fit(X, KINDS, backend="numpy")
    assert moved.backend == onnx.backend == "numpy"
    assert len(moved.history) == 6


def test_settings_are_those_of_the_program_unless_given() -> None:
    net = small(set={"train.batch_size": 7})
    assert len(net.fit(X, KINDS).history) == 3
    assert net.progress.steps == 3 * 9
    net.fit(X, KINDS, epochs=1, batch_size=60)
    assert net.progress.steps == 3 * 9 + 1
    seeds = [small(), small(), small(set={"train.seed": 5})]
    for each, seed in zip(seeds, (None, 5, None), strict=True):
        each.fit(X, KINDS, epochs=1, seed=seed)
    assert not same_state(seeds[0], seeds[1])
    assert same_state(seeds[1], seeds[2])
    steps = small(set={"train.steps": 3})
    steps.fit(X, KINDS)
    steps.fit(X, KINDS)
    assert steps.progress.steps == 6  # so many each time


def test_schedules_know_how_many_steps_an_epoch_has() -> None:
    text = PROGRAM.replace("epochs = 3", "epochs = 2\noptimizer = sgd(lr = piecewise([1 * epoch], [0.1, 0.01]))")
    for batch_size in (None, 10):
        assert nndsl.loads(text).fit(X, KINDS, batch_size=batch_size).history["lr"] == [0.1, 0.01]


# ---------------------------------------------------------------- what it takes


def test_inputs_and_targets_by_name() -> None:
    net = nndsl.loads(TWO)
    prices = {"price": X[:, 0], "rent": X[:, 1]}
    run = net.fit({"wide": WIDE, "deep": DEEP}, prices, epochs=2)
    assert {"loss", "loss.price", "loss.rent"} <= set(run.history.keys())
    other = nndsl.loads(TWO)
    other.fit({"wide": WIDE, "deep": DEEP, **prices}, epochs=2)  # all in one
    assert same_state(net, other)
    assert set(net.predict({"wide": WIDE, "deep": DEEP})) == {"p", "r"}
    assert '{"wide": …, "deep": …}' in refused(lambda: net.fit(WIDE, prices))
    assert '{"price": …, "rent": …}' in refused(lambda: net.fit({"wide": WIDE, "deep": DEEP}, X))
    assert "`deep`" in refused(lambda: net.fit({"wide": WIDE}, prices))


@pytest.mark.parametrize("library", [pd, pl], ids=["pandas", "polars"])
def test_frames_and_series(library: Any) -> None:
    columns = {name: X[:, i] for i, name in enumerate("abcd")}
    plain, framed = small(), small()
    plain.fit(X, KINDS)
    framed.fit(library.DataFrame(columns), library.Series("kind", KINDS) if library is pl else pd.Series(KINDS))
    assert same_state(plain, framed)
    both = nndsl.loads(TWO.replace("wide: f32[2]", "wide: f32").replace("deep: f32[3]", "deep: f32"))
    table = library.DataFrame({"deep": X[:, 0], "wide": X[:, 1], "rent": X[:, 2], "price": X[:, 3], "other": X[:, 0]})
    assert both.fit(table).history["loss"] != []


def test_validation_split_is_the_end_as_in_keras() -> None:
    """`int(rows * (1 - split))` rows are left to train on, before anything is shuffled."""
    split, given = small(), small()
    first = split.fit(X, KINDS, validation_split=0.25)
    second = given.fit(X[:45], KINDS[:45], validation_data=(X[45:], KINDS[45:]))
    assert first.history == second.history
    assert same_state(split, given)


def test_the_programs_own_data(tmp_path: Path) -> None:
    rows = "\n".join(f"{','.join(map(str, row))},{kind}" for row, kind in zip(X.tolist(), KINDS, strict=True))
    (tmp_path / "small.csv").write_text(f"a,b,c,d,kind\n{rows}\n")
    data = 'data { source = csv("small.csv")\nfeatures = columns("?")\nvalidation = 10\ntest = 10 }\n'
    (tmp_path / "small.nn").write_text(PROGRAM + data)
    fitted, trained = nndsl.load(tmp_path / "small.nn"), nndsl.load(tmp_path / "small.nn")
    run = fitted.fit()
    assert trained.train(tmp_path / "run", picture=False).history == run.history
    assert same_state(fitted, trained)  # and `train` leaves the network trained
    assert fitted.evaluate() == trained.evaluate(split="test")
    assert fitted.fit(epochs=1, validation_data=(X, KINDS)).history["val_accuracy"]
    frame = pd.DataFrame(X, columns=list("dcba"))
    swapped = nndsl.load(tmp_path / "small.nn")
    swapped.fit(frame, KINDS)  # by the names of its columns, which `data` binds, in the frame's order
    assert swapped.predict(frame)["label"].tolist() == swapped.predict(X)["label"].tolist()


def test_train_begins_anew(tmp_path: Path) -> None:
    rows = "\n".join(f"{a},{b},{kind}" for a, b, kind in zip(X[:, 0], X[:, 1], KINDS == "up", strict=True))
    (tmp_path / "small.csv").write_text(f"a,b,kind\n{rows}\n")
    data = 'data { source = csv("small.csv")\nfeatures = columns("a", "b") }\n'
    (tmp_path / "small.nn").write_text(PROGRAM + data)
    net, other = nndsl.load(tmp_path / "small.nn"), nndsl.load(tmp_path / "small.nn")
    net.fit(X, KINDS)  # other columns, other names
    losses = []

    class Looks:
        def on_epoch_end(self, epoch: int, logs: Any) -> None:
            losses.append(self.net.evaluate(split="train")["loss"])  # type: ignore[attr-defined]

    net.train(tmp_path / "one", picture=False, callbacks=[Looks()])
    assert losses[2] == net.evaluate(split="train")["loss"] < losses[0]
    other.train(tmp_path / "two", picture=False)
    assert same_state(net, other)
    assert net.history == other.history
    assert set(net.predict(X[:, :2])["label"]) <= {"True", "False"}
    (tmp_path / "small.csv").unlink()
    again = nndsl.load(tmp_path / "small.nn")
    again.fit(X, KINDS)
    state = again.state
    refused(again.train)
    assert all(np.array_equal(value, again.state[name]) for name, value in state.items())  # nothing is lost


def test_nothing_is_fitted_twice_or_guessed() -> None:
    net = small()
    assert "has seen none" in refused(lambda: net.predict(X))
    assert "has seen none" in refused(lambda: net.state)
    assert "60 rows" in refused(lambda: net.fit(X, KINDS[:7]))
    assert "NaN" in refused(lambda: net.fit(np.where(X > 2, np.nan, X), KINDS))
    assert "there is validation_data" in refused(
        lambda: net.fit(X, KINDS, validation_data=(X, KINDS), validation_split=0.1)
    )
    assert "leaves no training rows" in refused(lambda: net.fit(X, KINDS, validation_split=0.999))
    for wrong in (
        {"epochs": 1.5},
        {"batch_size": 0},
        {"seed": True},
        {"seed": 2**70},
        {"seed": -1},
        {"verbose": "loud"},
        {"validation_split": 1},
    ):
        assert next(iter(wrong)) in refused(lambda wrong=wrong: net.fit(X, KINDS, **wrong))
    assert "and none is given" in refused(lambda: net.fit(y=KINDS))
    assert "come in a list" in refused(lambda: net.fit(X, KINDS, callbacks=3))
    for wrong in ({"backend": "keras"}, {"provider": "cuda"}, {"provider": "tpu"}):
        assert "provider" in refused(lambda wrong=wrong: net.fit(X, KINDS, **wrong)) or "backend" in wrong
        assert (net.backend, net.provider) == ("onnx", "cpu")
    assert not net.is_trained
    assert "no validation rows" in refused(
        lambda: small(set={"train.callbacks": "[early_stopping(val_loss)]"}).fit(X, KINDS)
    )


def test_what_looks_wrong_with_the_rows_is_warned_of() -> None:
    net = small()
    with pytest.warns(UserWarning, match=r"NN609.*9 of the 9 rows of `validation` are in `train` too"):
        net.fit(X, KINDS, validation_data=(X[:9], KINDS[:9]))
    assert [warning.code for warning in net.warnings] == ["NN609"]
    net.fit(X[9:], KINDS[9:])
    assert list(net.warnings) == []
    gaps = nndsl.loads(PROGRAM + 'data { source = csv("none.csv")\nmissing = drop }')
    with pytest.warns(UserWarning, match="dropped|left out"):
        gaps.fit(np.where(X > 2, np.nan, X), KINDS)


def test_a_network_that_was_fitted_compiles_without_data(tmp_path: Path) -> None:
    net = small()
    net.fit(X, KINDS)
    assert {"small.train.onnx", "small.py"} <= {path.name for path in net.compile(tmp_path)}
    start = net.initial_state()
    np.testing.assert_array_equal(start["hidden.normalize_1.mean"], net.weights["hidden.normalize_1.mean"])
    np.testing.assert_array_equal(start["hidden.b"], np.zeros(8))


def test_divergence_keeps_the_last_good_weights() -> None:
    net = nndsl.loads(TWO, set={"train.optimizer": "sgd(1e3)"})
    data = {"wide": WIDE, "deep": DEEP, "price": X[:, 0], "rent": X[:, 1]}
    with pytest.raises(nndsl.Failure) as failure:
        net.fit(data, epochs=50)
    assert failure.value.exit_code == 3
    assert all(np.isfinite(value).all() for value in net.state.values())


def test_a_folder_where_one_is_asked_for(tmp_path: Path) -> None:
    net = small()
    run = net.fit(X, KINDS, epochs=4, out=tmp_path / "run")
    assert run.path == tmp_path / "run"
    assert "epochs = 4" in (run.path / "program.nn").read_text()
    again = nndsl.open_run(run.path)
    assert again.history == run.history
    assert nndsl.load(run.path).evaluate(X, KINDS) == net.evaluate(X, KINDS)
    assert "is there already" in refused(lambda: net.fit(X, KINDS, out=tmp_path / "run"))


# ---------------------------------------------------------------- callbacks


class Seen:
    """Writes down every call."""

    def __init__(self) -> None:
        self.calls: list[Any] = []

    def on_train_begin(self, logs: Any) -> None:
        self.calls.append(("begin", self.net.progress.epoch))  # type: ignore[attr-defined]

    def on_epoch_begin(self, epoch: int, logs: Any) -> None:
        self.calls.append(epoch)

    def on_batch_end(self, batch: int, logs: dict[str, float]) -> None:
        self.calls.append((batch, list(logs)))

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        self.calls.append((epoch, list(logs)))

    def on_train_end(self) -> None:  # the logs may be left out
        self.calls.append("end")


def test_hooks_are_called_as_in_keras() -> None:
    seen, net = Seen(), small()
    net.fit(X, KINDS, epochs=1, callbacks=[seen])
    batches = [(0, ["loss"]), (1, ["loss"])]
    assert seen.calls == [("begin", 0), 0, *batches, (0, ["loss", "accuracy", "lr"]), "end"]
    seen.calls.clear()
    net.fit(X, KINDS, epochs=1, callbacks=[seen])
    assert seen.calls[1] == 1  # epochs count on


def test_callbacks_can_look_at_the_network_and_end_training() -> None:
    class Raises:
        def on_batch_end(self, batch: int, logs: Any) -> None:
            if batch == 1:
                raise nndsl.StopTraining("enough")

    class Sets:
        def on_epoch_end(self, epoch: int, logs: Any) -> None:
            net = self.net  # type: ignore[attr-defined]
            assert net.evaluate(X, KINDS)["loss"] > 0
            assert net.history["loss"] == [logs["loss"]]
            net.stop_training = True

    run = small().fit(X, KINDS, epochs=5, callbacks=[Raises()])
    assert (run.stopped, len(run.history)) == ("enough", 1)
    run = small().fit(X, KINDS, epochs=5, callbacks=[Sets()])
    assert (run.stopped, len(run.history)) == ("Sets stopped it", 1)
    assert "no hook" in refused(lambda: small().fit(X, KINDS, callbacks=[3]))
    assert "is a class" in refused(lambda: small().fit(X, KINDS, callbacks=[Sets]))


def test_the_programs_own_callbacks_stay() -> None:
    net = small(set={"train.callbacks": "[early_stopping(loss, min_delta = 1e9, patience = 1)]"})
    run = net.fit(X, KINDS, epochs=9, callbacks=[Seen()])
    assert len(run.history) == 2
    assert "has not improved" in run.stopped


def test_an_interrupted_fit_keeps_what_was_learnt() -> None:
    class Interrupts:
        def on_epoch_end(self, epoch: int, logs: Any) -> None:
            raise KeyboardInterrupt

    net = small()
    with pytest.raises(KeyboardInterrupt):
        net.fit(X, KINDS, callbacks=[Interrupts()])
    assert net.progress.epoch == 1
    assert len(net.fit(X, KINDS, epochs=2).history) == 3


def test_lines_are_printed_where_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    small().fit(X, KINDS, epochs=2)
    assert capsys.readouterr().out == ""
    small().fit(X, KINDS, epochs=2, verbose=True)
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("epoch 1/2  loss ")
    assert second.startswith("epoch 2/2  loss ")
