"""The generated module: its results against the graph's and against finite differences, its keywords, its state."""

from __future__ import annotations

import inspect
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy_programs import PROGRAMS, Arrays, compiled, compiled_text, examples

from nndsl import ops
from nndsl.codegen.numpy.module import generate
from nndsl.codegen.numpy.session import load_module
from nndsl.graph.builder import Builder
from nndsl.graph.evaluate import evaluate
from nndsl.graph.node import Graph
from nndsl.graph.types import TensorType
from nndsl.library.arguments import Initial
from nndsl.library.building import State
from nndsl.transform.names import LR_SCALE, ROW, SEED, STEP
from nndsl.transform.state import initial_state
from nndsl.transform.step import Step

EVERY = pytest.mark.parametrize("name", PROGRAMS)


class Generated:
    """A program's module, its graphs, a state and a batch, by the module's keywords and by the graphs' names."""

    def __init__(self, name: str, folder: Path, rows: int = 8):
        self.step: Step = compiled(name, folder)
        made = generate(self.step)
        self.text = made.text
        self.module: Any = load_module(name, made.text)
        self.keywords = made.keywords
        self.state = initial_state(self.step.states, self.step.train.seed)
        self.batch = examples(self.step, rows)

    def arguments(self, batch: Arrays, *, inputs: bool = False) -> Arrays:
        wanted = {item.name for item in self.step.network.inputs} if inputs else set(batch)
        return {self.keywords[key]: array for key, array in batch.items() if key in wanted}

    def workspace(self, rows: int) -> Arrays:
        names = inspect.signature(self.module.workspace).parameters
        return dict(self.module.workspace(*(rows if name == "batch" else 5 for name in names)))


def close(found: Any, expected: Any, message: str = "") -> None:
    """float32, added up in another order."""
    np.testing.assert_allclose(found, expected, rtol=2e-5, atol=2e-6, err_msg=message)


@EVERY
def test_the_state_is_the_one_of_the_state_file(name: str, tmp_path: Path) -> None:
    generated = Generated(name, tmp_path)
    for seed in (0, 12345):
        made = generated.module.init_state(seed=seed)
        expected = initial_state(generated.step.states, seed)
        assert set(made) == set(expected)
        for key in expected:
            assert made[key].dtype == expected[key].dtype
            np.testing.assert_array_equal(made[key], expected[key])


@EVERY
def test_predict_gives_the_graphs_outputs(name: str, tmp_path: Path) -> None:
    generated = Generated(name, tmp_path)
    expected = evaluate(generated.step.predict, {**generated.state, **generated.batch})
    found = generated.module.predict(generated.state, **generated.arguments(generated.batch, inputs=True))
    assert set(found) == set(expected)
    for key in expected:
        assert found[key].dtype == expected[key].dtype
        close(found[key], expected[key], key)


@EVERY
def test_evaluate_gives_the_graphs_measures(name: str, tmp_path: Path) -> None:
    generated = Generated(name, tmp_path)
    expected = evaluate(generated.step.evaluate, {**generated.state, **generated.batch})
    found = generated.module.evaluate(generated.state, **generated.arguments(generated.batch))
    assert set(found) == set(expected)
    for key in expected:
        close(found[key], expected[key], key)


@EVERY
def test_loss_and_grads_give_the_graphs_gradients(name: str, tmp_path: Path) -> None:
    generated = Generated(name, tmp_path)
    scalars = {STEP: 3, SEED: 11, ROW: 0}
    expected = evaluate(generated.step.gradients, {**generated.state, **generated.batch, **scalars})
    result, grads = generated.module.loss_and_grads(
        generated.state, **generated.arguments(generated.batch), step=3, seed=11
    )
    assert {*result, *(f"grad.{key}" for key in grads)} == set(expected)
    for key, value in {**result, **{f"grad.{key}": grad for key, grad in grads.items()}}.items():
        close(value, expected[key], key)


@EVERY
def test_gradients_are_the_slopes_of_the_loss(name: str, tmp_path: Path) -> None:
    """Central differences of the graph's loss in float64, along a random direction of all parameters at once."""
    generated = Generated(name, tmp_path)
    random = np.random.default_rng(1)
    keys = [state.name for state in generated.step.trainable]
    state = {key: array + np.float32(random.normal(0, 0.1, array.shape)) for key, array in generated.state.items()}
    _, grads = generated.module.loss_and_grads(state, **generated.arguments(generated.batch), step=1, seed=2)
    direction = {key: random.normal(size=state[key].shape) for key in keys}

    def loss(t: float) -> float:
        moved = {**state, **{key: state[key] + t * direction[key] for key in keys}}
        inputs = {**moved, **generated.batch, STEP: 1, SEED: 2, ROW: 0}
        return float(evaluate(generated.step.gradients, inputs, float_dtype="f64")["loss"])

    slope = (loss(1e-5) - loss(-1e-5)) / 2e-5
    found = sum(float(np.sum(grads[key] * direction[key])) for key in keys)
    assert found == pytest.approx(slope, rel=1e-3, abs=1e-4)  # float32 gradients; kinks lie off the line


@EVERY
def test_training_steps_are_the_graphs(name: str, tmp_path: Path) -> None:
    generated = Generated(name, tmp_path)
    state = {key: array.copy() for key, array in generated.state.items()}
    arrays = {key: id(array) for key, array in state.items()}
    work = generated.workspace(8)
    for number in range(4):
        scalars = {STEP: number, SEED: 5, ROW: 0}
        measured = evaluate(generated.step.gradients, {**state, **generated.batch, **scalars})
        grads = {key: value for key, value in measured.items() if key.startswith("grad.")}
        expected = evaluate(generated.step.apply, {**state, **grads, STEP: number, LR_SCALE: 0.5})
        result = generated.module.train_step(
            state, **generated.arguments(generated.batch), step=number, seed=5, lr_scale=0.5, work=work
        )
        assert set(result) == {key for key in measured if not key.startswith("grad.")} | {"lr"}
        close(result["loss"], measured["loss"])
        close(result["lr"], expected["nndsl.lr"])
        for key in state:
            close(state[key], expected.get(f"{key}.next", state[key]), key)
    assert {key: id(array) for key, array in state.items()} == arrays, "the state's arrays are changed, not replaced"


@EVERY
def test_a_workspace_changes_nothing(name: str, tmp_path: Path) -> None:
    """The same numbers without it, with it, with it again while it is full of another batch, and with NaN in it (but
    in what it keeps, which nothing changes)."""
    generated = Generated(name, tmp_path)
    arguments = generated.arguments(generated.batch)
    before = {key: array.copy() for key, array in {**generated.state, **arguments}.items()}
    work = generated.workspace(8)
    kept_arrays = {key: work[key].copy() for key in ("ones", "rows") if key in work}
    for key in work.keys() - kept_arrays.keys():
        work[key][...] = np.nan
    runs = []
    for kept in (None, work, work):
        result, grads = generated.module.loss_and_grads(generated.state, **arguments, step=1, seed=2, work=kept)
        runs.append({key: np.array(value) for key, value in {**result, **grads}.items()})
        other = generated.arguments(examples(generated.step, 8, seed=9))
        generated.module.loss_and_grads(generated.state, **other, step=7, seed=2, work=kept)
    for key in runs[0]:
        np.testing.assert_array_equal(runs[0][key], runs[1][key])
        np.testing.assert_array_equal(runs[0][key], runs[2][key])
    for key, array in {**generated.state, **arguments, **work}.items():
        if key in before or key in kept_arrays:
            np.testing.assert_array_equal(array, {**before, **kept_arrays}[key])


@EVERY
@pytest.mark.parametrize("rows", [1, 3, 8])
def test_any_number_of_rows(name: str, rows: int, tmp_path: Path) -> None:
    generated = Generated(name, tmp_path, rows)
    expected = evaluate(generated.step.gradients, {**generated.state, **generated.batch, STEP: 0, SEED: 1, ROW: 0})
    result, _ = generated.module.loss_and_grads(generated.state, **generated.arguments(generated.batch), step=0, seed=1)
    close(result["loss"], expected["loss"])


@EVERY
def test_metrics_are_finished_from_sums(name: str, tmp_path: Path) -> None:
    generated = Generated(name, tmp_path)
    sums: dict[str, Any] = {}
    for seed in (0, 1):
        found = generated.module.evaluate(generated.state, **generated.arguments(examples(generated.step, 8, seed)))
        for key, value in found.items():
            sums[key] = sums.get(key, 0.0) + np.asarray(value, np.float64)
    numbers = generated.module.metrics(sums)
    assert set(numbers) == {plan.name for plan in generated.step.metrics}
    for plan in generated.step.metrics:
        wanted = {key: sums[key] for key in plan.accumulators}
        close(numbers[plan.name], evaluate(plan.finish, wanted, float_dtype="f64")["value"])


def test_a_statistic_moves_with_each_step(tmp_path: Path) -> None:
    """What a training step gives as `STATISTIC.next` is in the state afterwards, and in no result."""
    step = compiled("classifier", tmp_path)
    builder = Builder()
    builder.inputs = dict(step.gradients.inputs)
    mean = builder.input("norm.mean", TensorType("f32", (12,)))
    batch_mean = ops.reduce_mean(
        builder.input("pixels", step.gradients.inputs["pixels"].type), axes=(0,), keepdims=False
    )
    following = (mean * 0.9 + batch_mean * 0.1).node
    outputs = {**step.gradients.outputs, "norm.mean.next": following}
    statistic = State("norm.mean", (12,), "statistic", Initial("ones", {}), trainable=False)
    step = replace(step, states=(*step.states, statistic), gradients=Graph("", builder.inputs, outputs))
    module: Any = load_module("moving", generate(step).text)
    state = module.init_state()
    batch = examples(step, 8)
    result = module.train_step(state, **batch, step=0)
    assert "norm.mean.next" not in result
    close(state["norm.mean"], 0.9 + 0.1 * batch["pixels"].mean(axis=0))


def test_fit_learns_and_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two epochs of 20 rows in batches of 8: the short last batch is a batch too."""
    generated = Generated("classifier", tmp_path, 20)
    state = generated.module.init_state()
    arguments = generated.arguments(generated.batch)
    start = generated.module.evaluate(state, **arguments)["loss"]
    generated.module.fit(state, **arguments)
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("epoch 1: loss ")
    assert "accuracy 0." in second
    generated.module.fit(state, **arguments, epochs=150)
    assert generated.module.evaluate(state, **arguments)["loss"] < start / 2


def test_a_state_is_saved_and_loaded(tmp_path: Path) -> None:
    generated = Generated("classifier", tmp_path)
    generated.module.save(generated.state, tmp_path / "state.npz")
    loaded = generated.module.load(tmp_path / "state.npz")
    assert set(loaded) == set(generated.state)
    for key, array in generated.state.items():
        np.testing.assert_array_equal(loaded[key], array)


def test_a_large_constant_stands_at_the_head_under_a_name_of_its_own(tmp_path: Path) -> None:
    """Twenty class weights; the program's own CONSTANT is another one."""
    weights = [*range(1, 20), 20.5]
    text = f"""
model weighted {{
  input  x: f32[4]
  target y: class[20]
  CONSTANT = x -> dense(20)
  output CONSTANT
  loss   cross_entropy(CONSTANT, y, class_weight = {weights})
}}"""
    step = compiled_text(text, tmp_path / "weighted.nn")
    generated = generate(step).text
    assert generated.count("20.5") == 2, "once in the program, once in the code"
    module: Any = load_module("weighted", generated)
    state, batch = module.init_state(), examples(step, 8)
    expected = evaluate(step.gradients, {**state, **batch, STEP: 0, SEED: 0, ROW: 0})
    result, grads = module.loss_and_grads(state, **batch)
    close(result["loss"], expected["loss"])
    close(grads["CONSTANT.W"], expected["grad.CONSTANT.W"])


def test_keywords_are_the_programs_names_unless_python_needs_them(tmp_path: Path) -> None:
    generated = Generated("clashes", tmp_path)
    assert generated.keywords == {"lambda": "lambda_", "state": "state_", "sum": "sum", "step": "step_"}


def test_the_same_program_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = (generate(compiled("two_ways", tmp_path)).text for _ in range(2))
    assert first == second
    assert str(tmp_path) not in first


def test_a_small_edit_makes_a_small_diff(tmp_path: Path) -> None:
    """One layer more: below the header, only the new layer's lines and its neighbours' change."""
    text = PROGRAMS["classifier"]
    edited = text.replace("  logits = ", "  # a comment\n  middle = hidden -> dense(7, relu)\n  logits = ").replace(
        "logits = hidden", "logits = middle"
    )
    before, after = (generate(compiled_text(t, tmp_path / "edit.nn")).text.splitlines() for t in (text, edited))
    changed = set(before[2:]) ^ set(after[2:])
    assert len(changed) < 50
    for line in changed - {"      # a comment"}:
        assert any(word in line for word in ("middle", "logits", "d_hidden")), line


# ---------------------------------------------------------------- shapes that do not fit


@EVERY
@pytest.mark.parametrize("function", ["predict", "evaluate", "loss_and_grads"])
def test_an_array_of_another_shape_is_refused(name: str, function: str, tmp_path: Path) -> None:
    """[n, 1] beside [n] would be stretched to [n, n]; every array is tried with one more axis, and with fewer rows."""
    generated = Generated(name, tmp_path)
    given = generated.arguments(generated.batch, inputs=function == "predict")
    call = getattr(generated.module, function)
    for keyword, array in given.items():
        with pytest.raises(ValueError, match=rf"^{keyword} has the shape \[8, .*1\], not \[8"):
            call(generated.state, **{**given, keyword: array[..., None]})
        if len(given) > 1:  # the rows of the first are those of the batch
            with pytest.raises(ValueError, match=r"has the shape \[[78][], ].*not \[[78][], ]"):
                call(generated.state, **{**given, keyword: array[:7]})


@EVERY
def test_a_workspace_for_another_number_of_rows_is_refused(name: str, tmp_path: Path) -> None:
    """One row would be stretched to all of a larger workspace's."""
    generated = Generated(name, tmp_path)
    before = {key: array.copy() for key, array in generated.state.items()}
    for rows in (1, 7, 9):
        with pytest.raises(ValueError, match=r"^work is for batches of another size: its "):
            generated.module.train_step(
                generated.state, **generated.arguments(generated.batch), step=0, work=generated.workspace(rows)
            )
    one = {key: array[:1] for key, array in generated.batch.items()}
    with pytest.raises(ValueError, match=r"^work is for batches of another size: its "):
        generated.module.train_step(generated.state, **generated.arguments(one), step=0, work=generated.workspace(8))
    for key, array in generated.state.items():
        np.testing.assert_array_equal(array, before[key])


@EVERY
def test_lists_and_other_numbers_are_the_same_examples(name: str, tmp_path: Path) -> None:
    generated = Generated(name, tmp_path)
    given = generated.arguments(generated.batch)
    work = generated.workspace(8)
    expected = {**generated.module.loss_and_grads(generated.state, **given)[1]}
    doubles = {k: v.astype(np.float64) if v.dtype.kind == "f" else v for k, v in given.items()}
    for other in ({k: v.tolist() for k, v in given.items()}, doubles):
        found = generated.module.loss_and_grads(generated.state, **other, work=work)
        for key, grad in expected.items():
            np.testing.assert_array_equal(found[1][key], grad)


def test_classes_are_no_fractions(tmp_path: Path) -> None:
    generated = Generated("classifier", tmp_path)
    given = generated.arguments(generated.batch)
    with pytest.raises(TypeError, match=r"^digit has values of type float64, not int64$"):
        generated.module.evaluate(generated.state, **{**given, "digit": given["digit"] + 0.5})


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"digit": np.arange(40) % 4}, ValueError, "examples must have as many rows each, and some: {'pixels': 50,"),
        ({"pixels": np.zeros((0, 12)), "digit": np.zeros(0, int)}, ValueError, "examples must have as many rows each"),
        ({"digits": np.zeros(50)}, TypeError, "examples are ['digit', 'pixels'], not ['digit', 'digits', 'pixels']"),
        ({"digit": np.arange(50) % 4 - 1}, ValueError, "digit has the class -1, but classes are 0 to 3"),
        ({"digit": np.arange(50) % 5}, ValueError, "digit has the class 4, but classes are 0 to 3"),
    ],
)
def test_fit_refuses_wrong_examples(
    changes: dict[str, Any], error: type[Exception], message: str, tmp_path: Path
) -> None:
    generated = Generated("classifier", tmp_path)
    good = {"pixels": np.zeros((50, 12), np.float32), "digit": np.arange(50) % 4}
    with pytest.raises(error, match="^" + re.escape(message)):
        generated.module.fit(generated.state, **{**good, **changes})


def test_equal_sizes_are_held_to_each_other(tmp_path: Path) -> None:
    step = compiled_text(
        """
model m {
  input a: f32[time, 2]
  input b: f32[time]
  target y: f32
  output o = sum(a, axis = 1) * b -> mean(axis = 0)
  loss mse(o, y)
}
""",
        tmp_path / "m.nn",
    )
    module: Any = load_module("m", generate(step).text)
    assert module.predict({}, a=np.ones((4, 3, 2)), b=np.ones((4, 3)))["o"].shape == (4,)
    with pytest.raises(ValueError, match=r"^b has the shape \[4, 1\], not \[4, 3\]$"):
        module.predict({}, a=np.ones((4, 3, 2)), b=np.ones((4, 1)))
