"""Two compiled networks, built by hand from primitives, so that these tests stand on the backend's contract alone.

digits     three dense layers, cross-entropy, accuracy: the shape of the first example
mixed      an unused input, a class input with names, dropout, a running statistic, a frozen parameter, two losses,
           and a free size
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from nndsl import ops
from nndsl.graph.builder import Builder, Value
from nndsl.graph.sizes import BATCH, symbol
from nndsl.graph.types import TensorType
from nndsl.graph.verify import verify
from nndsl.library import vocabulary as vocabulary
from nndsl.library.arguments import Initial
from nndsl.library.building import Role, State
from nndsl.model.network import Classes, Declared, Input, Network, OutputSpec
from nndsl.model.sections import Configured, TrainSection
from nndsl.source import Source, Span
from nndsl.transform.differentiate import differentiate
from nndsl.transform.names import ROW, SEED, STEP
from nndsl.transform.simplify import simplify
from nndsl.transform.step import MetricPlan, Step
from nndsl.transform.update import singles, update

State_ = dict[str, np.ndarray[Any, Any]]
Forward = Callable[[Builder, bool], Mapping[str, Value]]
SOURCE = Source("test.nn", 'model digits { }  # "quotes" and ünïcode stay as they are\n')
SPAN = Span(SOURCE, 0, 5)
ADAM = Configured("adam", {"lr": 1e-2}, None)

OPTIMIZERS = (
    "optimizer = sgd(0.1)",
    "optimizer = sgd(0.1, momentum = 0.9)",
    "optimizer = sgd(0.1, momentum = 0.9, nesterov = true)",
    "optimizer = adam(1e-2)",
    "optimizer = adam(1e-2, amsgrad = true)\n clip_norm = 0.5",
    "optimizer = adamw(1e-2, decay_bias = false)\n ema = 0.9",
    "optimizer = rmsprop(1e-2, momentum = 0.5, centered = true)\n clip_value = 0.01",
    "optimizer = adadelta(1.0)",
    "optimizer = adagrad(0.1)",
    "optimizer = adamax(1e-2)",
    "optimizer = nadam(1e-2)",
    "optimizer = lamb(1e-2)",
    "optimizer = lion(1e-3)",
    "optimizer = adam(exponential_decay(1e-2, 10, 0.5))\n accumulate = 2",
)
"""Settings of a program's `train`: every kind of update but that of `ftrl`, which has no lanes."""


def declared(name: str, role: Any, kind: Any, shape: Any = (), classes: Classes | None = None) -> Declared:
    return Declared(name, role, kind, shape, SPAN, classes)


def parameter(name: str, *shape: int, role: Role = "parameter", trainable: bool = True) -> State:
    return State(name, shape, role, Initial("zeros", {}), trainable)


def taken(b: Builder, state: State) -> Value:
    return b.input(state.name, TensorType("f32", state.shape))


def compiled(
    name: str,
    data: Sequence[Declared],
    states: Sequence[State],
    outputs: Sequence[tuple[str, Declared | None]],
    forward: Forward,
    predict: Forward,
    optimizer: Configured = ADAM,
) -> Step:
    """What the compiler makes of a network, from its forward and prediction parts."""

    def graph(build: Forward, training: bool, inputs: Sequence[Declared]) -> Any:
        b = Builder()
        for item in inputs:
            b.input(item.name, TensorType(item.dtype, (BATCH, *item.shape)))
        if training:
            for scalar in (STEP, SEED, ROW):
                b.input(scalar, TensorType("i64", ()))
        return verify(b.graph(name, build(b, training)))

    inputs = [item for item in data if item.role == "input"]
    train = TrainSection(optimizer)
    groups = singles(states)
    gradients = differentiate(graph(forward, True, data), "loss", [group.name for group in groups])
    apply, slots = update(train, groups)
    finishing = Builder()
    correct, count = (finishing.input(f"metric.accuracy.{k}", TensorType("f64", ())) for k in ("correct", "count"))
    plan = MetricPlan(
        "accuracy",
        ("metric.accuracy.correct", "metric.accuracy.count"),
        finishing.graph("metric.accuracy", {"value": correct / count}),
    )
    network = Network(
        name,
        tuple(inputs),
        tuple(item for item in data if item.role == "target"),
        tuple(OutputSpec(n, Input(inputs[0], TensorType("f32", (BATCH,)), SPAN), SPAN, kinds) for n, kinds in outputs),
        (),
        (),
        (),
        SPAN,
    )
    return Step(
        network=network,
        train=train,
        source=SOURCE,
        states=(*states, *(state for slot in slots for state in slot.states())),
        gradients=simplify(gradients),
        apply=simplify(apply),
        evaluate=simplify(graph(forward, False, data)),
        predict=simplify(graph(predict, False, inputs)),
        fit=Builder().graph("fit", {}),
        metrics=(plan,),
    )


def initial_state(step: Step, seed: int = 0) -> State_:
    """Matrices drawn evenly around 0, frozen parameters 1, all else 0 (slots and statistics too)."""
    rng = np.random.default_rng(seed)

    def initial(state: State) -> np.ndarray[Any, Any]:
        if state.role == "parameter" and len(state.shape) == 2:
            return rng.uniform(-0.4, 0.4, state.shape).astype(np.float32)
        return np.full(state.shape, 0.0 if state.trainable else 1.0, np.float32)

    return {state.name: initial(state) for state in step.states}


def cross_entropy(scores: Value, target: Value) -> Value:
    log_p = ops.log_softmax(scores, axis=1)
    picked = ops.take_along(log_p, ops.reshape(target, shape=(BATCH, 1)), axis=1)
    return ops.reduce_mean(-ops.reshape(picked, shape=(BATCH,)), axes=(0,), keepdims=False)


def accuracy(scores: Value, target: Value) -> dict[str, Value]:
    hits = ops.cast(ops.equal(ops.argmax(scores, axis=1), target), dtype="f32")
    return {
        "metric.accuracy.correct": ops.reduce_sum(hits, axes=(0,), keepdims=False),
        "metric.accuracy.count": scores.builder.size(BATCH),
    }


def digits(widths: Sequence[int] = (64, 32, 16, 10), optimizer: Configured = ADAM) -> Step:
    layers = [
        (parameter(f"layer_{i}.W", m, n), parameter(f"layer_{i}.b", n)) for i, (m, n) in enumerate(pairwise(widths), 1)
    ]
    pixels = declared("pixels", "input", "f32", (widths[0],))
    digit = declared("digit", "target", "class", classes=Classes(widths[-1]))

    def scores(b: Builder) -> Value:
        h = Value(b, b.inputs["pixels"]) / 16
        for i, (W, bias) in enumerate(layers):
            h = h @ taken(b, W) + taken(b, bias)
            h = ops.relu(h) if i < len(layers) - 1 else h
        return h

    def forward(b: Builder, training: bool) -> dict[str, Value]:
        z, target = scores(b), Value(b, b.inputs["digit"])
        return {"loss": cross_entropy(z, target), **accuracy(z, target)}

    def predict(b: Builder, training: bool) -> dict[str, Value]:
        z = scores(b)
        return {"probability": ops.softmax(z, axis=1), "label": ops.argmax(z, axis=1)}

    states = [state for layer in layers for state in layer]
    return compiled(
        "digits", (pixels, digit), states, [("probability", None), ("label", digit)], forward, predict, optimizer
    )


def digits_batch(rows: int, seed: int = 0) -> dict[str, np.ndarray[Any, Any]]:
    rng = np.random.default_rng(seed)
    return {
        "pixels": rng.integers(0, 17, (rows, 64)).astype(np.float32),
        "digit": rng.integers(0, 10, rows),
    }


def mixed() -> Step:
    time = symbol("time")
    signal = declared("signal", "input", "f32", (time, 3))
    city = declared("city", "input", "class", classes=Classes(3, ("Bern", "Oslo", "Rom")))
    unused = declared("unused", "input", "f32", (2,))
    kind = declared("kind", "target", "class", classes=Classes(2, ("no", "yes")))
    weight = declared("weight", "target", "f32")
    data = (signal, city, unused, kind, weight)
    names = {
        "table": parameter("place.embeddings", 3, 4),
        "W": parameter("out.W", 7, 2),
        "b": parameter("out.b", 2),
        "scale": parameter("frozen.scale", 7, trainable=False),
        "mean": parameter("norm.moving_mean", 3, role="statistic"),
    }

    def features(b: Builder, training: bool) -> tuple[Value, Value]:
        x = Value(b, b.inputs["signal"])
        average = ops.reduce_mean(x, axes=(1,), keepdims=False)
        mean = taken(b, names["mean"])
        centred = average - (ops.reduce_mean(average, axes=(0,), keepdims=False) if training else mean)
        following = mean * 0.9 + ops.reduce_mean(ops.stop_gradient(average), axes=(0,), keepdims=False) * 0.1
        place = ops.gather(taken(b, names["table"]), Value(b, b.inputs["city"]), axis=0)
        h = ops.concat(centred, place, axis=1) * taken(b, names["scale"])
        if training:
            scalars = [Value(b, b.inputs[name]) for name in (SEED, STEP, ROW)]
            h = ops.where(ops.random_uniform(*scalars, shape=h.shape, site=7) < 0.8, h, b.constant(0.0, "f32"))
        return h @ taken(b, names["W"]) + taken(b, names["b"]), following

    def forward(b: Builder, training: bool) -> dict[str, Value]:
        z, following = features(b, training)
        target = Value(b, b.inputs["kind"])
        main = cross_entropy(z, target)
        size = ops.reduce_mean(ops.abs(z) * 0.01, axes=(0, 1), keepdims=False)
        results = {"loss": main + size, "loss.size": size, **accuracy(z, target)}
        return {**results, "norm.moving_mean.next": following} if training else results

    def predict(b: Builder, training: bool) -> dict[str, Value]:
        z, _ = features(b, training)
        return {"score": ops.softmax(z, axis=1), "label": ops.argmax(z, axis=1), "same": Value(b, b.inputs["signal"])}

    outputs = [("score", None), ("label", kind), ("same", None)]
    return compiled("mixed", data, tuple(names.values()), outputs, forward, predict)


def mixed_batch(rows: int, time: int = 5, seed: int = 0) -> dict[str, np.ndarray[Any, Any]]:
    rng = np.random.default_rng(seed)
    return {
        "signal": rng.normal(size=(rows, time, 3)).astype(np.float32),
        "city": rng.integers(0, 3, rows),
        "unused": np.zeros((rows, 2), np.float32),
        "kind": rng.integers(0, 2, rows),
        "weight": np.ones(rows, np.float32),
    }
