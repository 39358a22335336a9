"""The Python API: what its methods give and refuse, and how it shows itself."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nndsl
from nndsl.api.options import override_texts
from nndsl.training.loop import Observer, StopTraining, Trainer

PROGRAM = """\
const width = 4
model small {
  input x: f32[2]
  target kind: class["no", "yes"]
  scores = x -> dense(width, relu) -> dense(2)
  output label = argmax(scores)
  output probability = softmax(scores)
  loss cross_entropy(scores, kind)
  metric accuracy(scores, kind)
}
data {
  source = csv("small.csv")
  x = columns("a", "b")
  test = 4
}
train { epochs = 3
  batch_size = 4 }
"""


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("nndsl.api.run.can_plot", lambda: False)
    rows = "".join(f"{i},{i % 5},{('no', 'yes')[i % 2]}\n" for i in range(14))
    (tmp_path / "small.csv").write_text("a,b,kind\n" + rows)
    path = tmp_path / "small.nn"
    path.write_text(PROGRAM)
    return path


def net_of(program: Path, **arguments: Any) -> nndsl.Net:
    return nndsl.load(program, **arguments)


def refused(failure: pytest.ExceptionInfo[nndsl.Failure]) -> str:
    return failure.value.diagnostics[0].code


# ---------------------------------------------------------------- loading


@pytest.mark.parametrize(
    ("set", "text"),
    [
        ({"train.epochs": 5}, "train.epochs=5"),
        ({"train.shuffle": False}, "train.shuffle=false"),
        ({"train.steps": None}, "train.steps=none"),
        ({"train.optimizer": "sgd(0.1)"}, "train.optimizer=sgd(0.1)"),
        ({"width": [32, (1.5, np.float64(2.5)), np.int64(3), np.True_]}, "width=[32, [1.5, 2.5], 3, true]"),
        (["width=9"], "width=9"),
    ],
)
def test_overrides_are_values_or_expressions(set: Any, text: str) -> None:
    assert override_texts(set) == (text,)


def test_overrides_count(program: Path) -> None:
    run = net_of(program, set={"train.epochs": 5, "train.shuffle": False, "width": 7}).train()
    assert len(run.history) == 5
    assert run.state["scores.dense_1.W"].shape == (2, 7)


def test_a_run_is_loaded_from_its_folder(program: Path) -> None:
    run = net_of(program).train("run")
    again = nndsl.open_run("run")
    assert nndsl.load("run").evaluate() == again.evaluate() == run.evaluate()
    assert again.history == run.history
    assert {name: array.tobytes() for name, array in again.state.items()} == {
        name: array.tobytes() for name, array in run.state.items()
    }
    with pytest.raises(nndsl.Failure) as failure:
        nndsl.load("run", set={"width": 3})
    assert refused(failure) == "NN511"


def test_what_cannot_be_loaded(program: Path) -> None:
    for path, code in (("none.nn", "NN101"), (program.parent, "NN504")):
        with pytest.raises(nndsl.Failure) as failure:
            nndsl.load(path)
        assert refused(failure) == code


# ---------------------------------------------------------------- showing


def test_failures_read_as_the_commands_print_them(program: Path) -> None:
    program.write_text(PROGRAM.replace("dense(2)", "dense(3)").replace("epochs", "epoch"))
    with pytest.raises(nndsl.Failure) as failure:
        net_of(program).train()
    text = str(failure.value)
    assert text.count("error[NN") == len(failure.value.diagnostics) == 2
    assert "small.nn:" in text
    assert "^^^" in text
    assert failure.value.exit_code == 2
    assert str(pickle.loads(pickle.dumps(failure.value))) == text


@pytest.mark.parametrize(
    ("right", "wrong"),
    [("loss cross", "loss = cross"), ("test = 4", "test = 100%"), ("epochs = 3", "epochs = 3.5")],
)
def test_each_error_is_said_once_where_data_are_read(program: Path, right: str, wrong: str) -> None:
    program.write_text(PROGRAM.replace(right, wrong))
    with pytest.raises(nndsl.Failure) as failure:
        net_of(program).train()
    assert len(failure.value.diagnostics) == 1


def test_objects_show_what_they_are(program: Path) -> None:
    net = net_of(program, set={"width": 5})
    assert repr(net) == f"<Net {program} with width=5>"
    run = net.train("run")
    assert repr(run).startswith("<Run run: 3 epochs, loss 0.")
    assert repr(net_of(program)) == f"<Net {program}>"


def test_warnings_are_those_of_the_program_and_its_data(program: Path) -> None:
    program.write_text("const unused = 1\n" + PROGRAM.replace("missing", "").replace("test = 4", "missing = drop"))
    (program.parent / "small.csv").write_text("a,b,kind\n,1,no\n1,2,yes\n3,4,no\n5,6,yes\n")
    net = net_of(program)
    assert len(net.warnings) == 1
    assert net.read_data().train.rows == 3
    assert len(net.warnings) == 2


def test_every_public_name_is_documented() -> None:
    for owner in (nndsl, nndsl.Net, nndsl.Run):
        names = nndsl.__all__ if owner is nndsl else [name for name in vars(owner) if not name.startswith("_")]
        for name in names:
            value = getattr(owner, name)
            assert isinstance(value, str | tuple) or value.__doc__, f"{owner.__name__}.{name}"


# ---------------------------------------------------------------- training


class Watching(Observer):
    """An observer that writes down what it is told."""

    def __init__(self, stop_at: tuple[int, int] | None = None) -> None:
        self.seen: list[Any] = []
        self.stop_at = stop_at

    def start(self, trainer: Trainer) -> None:
        self.seen.append(("start", trainer.epochs, trainer.batches))

    def batch(self, epoch: int, batch: int, loss: float) -> None:
        self.seen.append((epoch, batch))
        if (epoch, batch) == self.stop_at:
            raise StopTraining("enough")

    def epoch(self, epoch: int, logs: Mapping[str, float]) -> None:
        self.seen.append(("epoch", epoch))

    def stop(self, reason: str) -> None:
        self.seen.append(("stop", reason))


def test_an_observer_is_told_of_everything(program: Path) -> None:
    watching = Watching()
    net_of(program, set={"train.epochs": 2}).train(observer=watching)
    epochs = [[(epoch, 0), (epoch, 1), (epoch, 2), ("epoch", epoch)] for epoch in range(2)]
    assert watching.seen == [("start", 2, 3), *epochs[0], *epochs[1], ("stop", "")]


def test_an_observer_can_end_training(program: Path) -> None:
    """The state is then that after the same number of steps, and the unfinished epoch has no row in the history."""
    stopped = net_of(program).train("one", observer=Watching(stop_at=(1, 1)))
    assert stopped.stopped == "enough"
    assert len(stopped.history) == 1
    steps = net_of(program, set={"train.steps": 5}).train("two")
    assert all(np.array_equal(stopped.state[name], steps.state[name]) for name in steps.state)
    assert nndsl.open_run("one").stopped == "enough"


def test_a_failing_observer_leaves_nothing_behind(program: Path) -> None:
    class Failing(Watching):
        def epoch(self, epoch: int, logs: Mapping[str, float]) -> None:
            raise KeyboardInterrupt

    failing = Failing()
    with pytest.raises(KeyboardInterrupt):
        net_of(program).train(observer=failing)
    assert failing.seen[-1] == ("stop", "")
    assert not (program.parent / "runs").exists()


def test_one_net_trains_twice_alike(program: Path) -> None:
    net = net_of(program)
    first, second = net.train(), net.train()
    assert (str(first.path), str(second.path)) == ("runs/small-001", "runs/small-002")
    assert first.history == second.history


# ---------------------------------------------------------------- predicting, evaluating, compiling


def test_predictions_come_from_arrays_lists_and_files(program: Path) -> None:
    run = net_of(program).train()
    from_file = run.predict("small.csv")
    x = [[i, i % 5] for i in range(14)]
    for given in (x, np.array(x), np.array(x, np.float32)):
        from_arrays = run.predict({"x": given})
        assert from_arrays.keys() == from_file.keys() == {"label", "probability"}
        assert all(np.array_equal(from_arrays[name], from_file[name]) for name in from_file)
    assert set(from_file["label"]) <= {"no", "yes"}
    assert from_file["probability"].shape == (14, 2)


@pytest.mark.parametrize("given", [{}, {"y": [[1, 2]]}, {"x": [[1, 2, 3]]}, {"x": [["a", "b"]]}, {"x": [[1, np.nan]]}])
def test_wrong_arrays(program: Path, given: Any) -> None:
    run = net_of(program).train()
    with pytest.raises(nndsl.Failure):
        run.predict(given)


def test_wrong_arguments(program: Path) -> None:
    net = net_of(program)
    run = net.train()
    wrong: Any = "wrong"
    for call in (
        lambda: net.train(backend=wrong),
        lambda: net.train(provider=wrong),
        lambda: net.train(backend="numpy", provider="cuda"),
        lambda: net.compile(target=wrong),
        lambda: net.show(wrong),
        lambda: net.check_gradients(rows=0),
        lambda: net.check_backends(steps=0),
        lambda: run.evaluate(wrong),
        lambda: run.evaluate("validation"),
    ):
        with pytest.raises(nndsl.Failure) as failure:
            call()
        assert refused(failure) == "NN511"
    assert not (program.parent / "build").exists()


def test_one_target_may_be_a_word(program: Path) -> None:
    paths = net_of(program).compile("build", "numpy")
    assert paths == [Path("build/small.py")]
    assert paths[0].exists()
    with pytest.raises(nndsl.Failure, match="target: there is no target `tflite`; there are onnx and numpy"):
        net_of(program).compile("build", target="tflite")  # type: ignore[arg-type]


def test_memory_is_refused_with_what_takes_it(program: Path) -> None:
    net = net_of(program, set={"width": 10**9})
    for call in (net.train, net.compile, net.initial_state):
        with pytest.raises(nndsl.Failure) as failure:
            call()
        assert refused(failure) == "NN508"
    with pytest.raises(nndsl.Failure):
        net_of(program).train(max_memory=100)


def test_the_checks_pass(program: Path) -> None:
    net = net_of(program)
    assert all(check.passed for check in net.check_gradients())
    assert [check.step for check in net.check_backends(steps=4)] == [0, 1, 2, 3]
