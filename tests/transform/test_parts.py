"""What is said of a batch's parts holds: every value of random programs and of each primitive, in float64."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from test_optimisations import ROWS, SEEDS, compiled, examples

from nndsl import ops
from nndsl.compiler import compile_network
from nndsl.graph.builder import Builder, Value
from nndsl.graph.evaluate import evaluate
from nndsl.graph.node import PRIMITIVES, Graph, Primitive, Sample
from nndsl.graph.sizes import BATCH
from nndsl.graph.types import TensorType
from nndsl.model.check import check, load_program
from nndsl.source import Source
from nndsl.transform.names import ROW, SEED, STEP
from nndsl.transform.parts import Mixed, Share, _axis, joints, shares_of
from nndsl.transform.state import initial_state
from nndsl.transform.step import Step

Array = np.ndarray[Any, Any]
CUT = 2
"""Rows of the first part, of six: parts of equal size would hide a mean that is not weighted."""


def as_said(share: Share, axis: int | None, whole: Array, parts: list[Array], rows: list[int]) -> Array:
    """What the value of the whole batch is, by what is said of it and its values in the parts."""
    if share.degree is None:
        return np.zeros_like(whole)
    bare = [part / float(count) ** share.degree for part, count in zip(parts, rows, strict=True)]
    if share.kind == "number":
        np.testing.assert_allclose(bare[0], bare[1], rtol=1e-12)
        made = bare[0]
    elif share.kind == "sum":
        made = sum(bare[1:], start=bare[0])
    else:
        assert axis is not None
        made = np.concatenate(bare, axis)
    return made * float(sum(rows)) ** share.degree


def assert_true(graph: Graph, inputs: Mapping[str, Any], examples: Mapping[str, Array], rows: int) -> int:
    """Hold what is said of each value against the whole and its parts; how many values something was said of."""
    said = []
    try:
        for node, share in shares_of(graph):
            if not (share.kind == "sum" and node.op == "input"):  # `nndsl.row` is none of the batch's values
                said.append((node, share))
    except Mixed:
        pass
    every = Graph("", graph.inputs, {str(i): node for i, (node, _) in enumerate(said)})

    def run(start: int, stop: int) -> dict[str, Array]:
        part = {name: array[start:stop] for name, array in examples.items()}
        return evaluate(every, {**inputs, **part, ROW: start}, float_dtype="f64")

    whole, first, second = run(0, rows), run(0, CUT), run(CUT, rows)
    for i, (node, share) in enumerate(said):
        name = str(i)
        parts = [np.asarray(part[name], np.float64) for part in (first, second)]
        made = as_said(share, _axis(node), np.asarray(whole[name], np.float64), parts, [CUT, rows - CUT])
        np.testing.assert_allclose(made, whole[name], rtol=1e-9, atol=1e-11, err_msg=f"{node} {share}")
    return len(said)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("optimised", [True, False])
def test_every_value_of_random_programs_is_what_is_said(seed: int, optimised: bool) -> None:
    step = compiled(seed)[0 if optimised else 1]
    inputs = {**initial_state(step.states, seed), STEP: 1, SEED: 3}
    assert assert_true(step.gradients, inputs, examples(step, seed), ROWS) > 10
    assert assert_true(step.evaluate, inputs, examples(step, seed), ROWS) > 3


SAMPLES = [
    pytest.param(item, sample, divided, id=f"{name}-{i}{'-divided' if divided else ''}")
    for name, item in PRIMITIVES.items()
    for i, sample in enumerate(item.samples)
    for divided in (False, True)
]


@pytest.mark.parametrize(("primitive", "sample", "divided"), SAMPLES)
def test_every_primitive_is_what_is_said(primitive: Primitive, sample: Sample, divided: bool) -> None:
    """Operands whose first axis is the batch are rows, others are the same for all parts; or those, divided by the
    number of rows."""
    builder = Builder()
    builder.input(ROW, TensorType("i64", ()))
    values = operand_values(sample) | {"anchor": np.zeros(ROWS)}
    batched = {name: values[name] for name, kind in zip(values, sample.inputs, strict=False) if kind.batched}
    batched["anchor"] = values["anchor"]  # tells how many rows there are
    rows = builder.input("anchor", TensorType("f32", (BATCH,))).builder.size(BATCH)
    names = [ROW if operand == "row" else f"x{i}" for i, operand in enumerate(primitive.operands * len(sample.inputs))]
    operands = [builder.input(name, kind) for name, kind in zip(names, sample.inputs, strict=False)]
    taken = [x / rows if divided and x.dtype == "f32" else x for x in operands]
    graph = builder.graph("sample", {"y": builder.apply(primitive, taken, sample.attributes)})
    assert_true(graph, {name: value for name, value in values.items() if name not in batched}, batched, ROWS)


def operand_values(sample: Sample) -> dict[str, Array]:
    random = np.random.default_rng(0)
    values = {}
    for i, kind in enumerate(sample.inputs):
        shape = [dim if isinstance(dim, int) else dim.evaluate({"batch": ROWS}) for dim in kind.shape]
        drawn = random.uniform(sample.low, sample.high, shape)
        values[f"x{i}"] = drawn > 0 if kind.dtype == "bool" else drawn if kind.dtype == "f32" else np.floor(drawn)
    return values


def step_of(text: str) -> Step:
    source = Source("m.nn", text)
    checked = check(load_program(source))
    return compile_network(checked.network, checked.train, source).step


def program(body: str, loss: str = "cross_entropy(z, c)") -> str:
    return f"""
model m {{
  input x: f32[6, 6, 2]
  target c: class[3]
  target w: f32
  {body}
  output z
  loss {loss}
  metric accuracy(z, c)
}}
"""


CONVOLUTIONS = "z = x -> conv2d(4, 3, relu) -> max_pool2d(2) -> dropout(0.5) -> flatten -> dense(3, l2 = 0.1)"


@pytest.mark.parametrize(
    ("body", "loss"),
    [
        (CONVOLUTIONS, "cross_entropy(z, c)"),
        (CONVOLUTIONS, "w * cross_entropy(z, c, label_smoothing = 0.1, class_weight = [1, 2, 3])"),
        ("z = x -> layer_norm -> conv2d(4, 3, gelu) -> global_avg_pool2d -> dense(3)", "cross_entropy(z, c)"),
        ("z = x -> separable_conv2d(4, 3) -> spatial_dropout2d(0.5) -> flatten -> dense(3)", "focal(z, c)"),
    ],
)
def test_what_adds_up(body: str, loss: str) -> None:
    step = step_of(program(body, loss))
    how = {"loss": "mean", "grad": "mean", "metric": "sum"}
    assert joints(step.gradients) == {name: how[name.split(".")[0]] for name in step.gradients.outputs}
    assert joints(step.evaluate) == {name: how[name.split(".")[0]] for name in step.evaluate.outputs}
    assert joints(step.predict) == {"z": "rows"}


def test_batch_normalization_does_not_add_up() -> None:
    body = "z = x -> conv2d(4, 3, bias = false) -> batch_norm -> flatten -> dense(3)"
    step = step_of(program(body))
    assert joints(step.gradients) is None
    assert joints(step.predict) == {"z": "rows"}


@pytest.mark.parametrize(
    ("value", "is_mean"),
    [
        (lambda x, total, rows: total / rows, True),
        (lambda x, total, rows: total / rows + 3, True),
        (lambda x, total, rows: total, False),
        (lambda x, total, rows: total + 3, False),
        (lambda x, total, rows: ops.sqrt(total / rows), False),
        (lambda x, total, rows: total / (total + 1), False),
        (lambda x, total, rows: summed(x * total) / rows, False),
        (lambda x, total, rows: summed(x / rows) + total / rows, True),
        (lambda x, total, rows: summed(x / rows + 1) / rows, False),
        (lambda x, total, rows: summed(ops.exp(x / rows)), False),
        (lambda x, total, rows: summed(ops.cumsum(x, axis=0, reverse=False)) / rows, False),
        (lambda x, total, rows: ops.reduce_max(x, axes=(0,), keepdims=False), False),
        (lambda x, total, rows: ops.reduce_mean(ops.concat(x, x, axis=0), axes=(0,), keepdims=False), False),
        (lambda x, total, rows: summed(ops.slice(x, axis=0, start=0, stop=2, step=1)) / rows, False),
    ],
)
def test_a_loss_has_to_be_a_mean(value: Callable[[Value, Value, Value], Value], is_mean: bool) -> None:
    builder = Builder()
    x = builder.input("x", TensorType("f32", (BATCH,)))
    graph = builder.graph("m", {"loss": value(x, summed(x), builder.size(BATCH))})
    assert joints(graph) == ({"loss": "mean"} if is_mean else None)


def summed(x: Value) -> Value:
    return ops.reduce_sum(x, axes=(0,), keepdims=False)
