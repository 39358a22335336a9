"""Lowering: from the checked network to graphs of primitives, in training or prediction mode.

forward     losses, metric accumulators          (training: dropout drops; else: as in prediction)
predict     the outputs
fit         the values that fitted statistics are computed from
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from nndsl.graph.builder import Builder, Value
from nndsl.graph.node import Graph, Origin
from nndsl.graph.sizes import BATCH, symbol
from nndsl.graph.types import TensorType
from nndsl.library.building import State
from nndsl.library.registry import REGULARIZERS, Accumulated
from nndsl.model.apply import Collected, Graphing, operands
from nndsl.model.network import Apply, Declared, MetricSpec, Network, Number, Term
from nndsl.ops import abs as absolute
from nndsl.ops import reduce_mean, reduce_sum
from nndsl.transform.names import ROW, SEED, STEP
from nndsl.transform.step import MetricPlan


@dataclass(frozen=True)
class Forward:
    """The forward graph, the states it works on, how its metrics finish, and what its statistics are fitted to."""

    graph: Graph
    states: tuple[State, ...]
    metrics: tuple[MetricPlan, ...]
    fit: Graph


def lower_forward(network: Network, *, training: bool) -> Forward:
    """Losses and metric accumulators of a batch: `loss`, `loss.NAME`, `metric.NAME.K`; in training also what statistics
    become: `STATISTIC.next`."""
    lowering = _Lowering(network, (*network.inputs, *network.targets), training)
    if training:
        for name in (STEP, SEED, ROW):
            lowering.builder.input(name, TensorType("i64", ()))
    outputs = lowering.losses()
    metrics = []
    for metric in network.metrics:
        sums, plan = lowering.metric(metric)
        outputs |= {} if training and plan.kept else sums
        metrics.append(plan)
    if training:
        outputs |= {f"{name}.next": value for name, value in lowering.collected.updates.items()}
    fit = lowering.builder.graph(f"{network.name}.fit", lowering.collected.fits)
    graph = lowering.builder.graph(network.name, outputs)
    return Forward(graph, tuple(lowering.collected.states.values()), tuple(metrics), fit)


def lower_predict(network: Network) -> tuple[Graph, tuple[State, ...]]:
    """The outputs of a batch in prediction mode (no target, nothing only training has), and the states it takes."""
    lowering = _Lowering(network, network.inputs, training=False)
    outputs = {output.name: lowering.terms.value(output.term) for output in network.outputs}
    graph = lowering.builder.graph(f"{network.name}.predict", outputs)
    return graph, tuple(lowering.collected.states.values())


def with_states(forward: Forward, states: Sequence[State]) -> Forward:
    """The forward part with states that only outputs use, which no loss reaches: they stay as they are in training."""
    known = {state.name for state in forward.states}
    added = tuple(replace(state, trainable=False) for state in states if state.name not in known)
    builder = Builder()
    for state in added:
        builder.input(state.name, TensorType("f32", state.shape))
    graph = Graph(forward.graph.name, {**forward.graph.inputs, **builder.inputs}, forward.graph.outputs)
    return replace(forward, graph=graph, states=(*forward.states, *added))


def declared_type(declared: Declared) -> TensorType:
    """The graph type of an input or target: the batch axis, then one example's shape."""
    return TensorType(declared.dtype, (BATCH, *declared.shape))


class _Lowering:
    """One lowering of a network: its builder, and the terms built so far."""

    def __init__(self, network: Network, declared: Sequence[Declared], training: bool):
        self.network = network
        self.builder = Builder()
        self.collected = Collected()
        self.terms = Graphing(self.builder, self.collected, training=training)
        for item in declared:
            self.builder.input(item.name, declared_type(item))

    def losses(self) -> dict[str, Value]:
        """Each named loss, and their sum with the regularisation added: what training minimises."""
        parts: list[Value] = []
        named: dict[str, Value] = {}
        for loss in self.network.losses:
            value = self.terms.value(loss.term)
            with self.builder.at(Origin(loss.name or "loss", loss.span)):
                part = reduce_mean(value, axes=(0,), keepdims=False) if value.batched else value
            parts.append(part)
            if loss.name:
                named[f"loss.{loss.name}"] = part
        penalties = [*self.collected.penalties]
        total = parts[0]
        with self.builder.at(Origin("total")):
            for part in parts[1:]:
                total = total + part
        with self.builder.at(Origin("regularisation")):
            for state in self.collected.states.values():
                penalties += self._regularisation(state)
            for penalty in penalties:
                total = total + penalty
        return {"loss": total.named("loss"), **named}

    def _regularisation(self, state: State) -> list[Value]:
        """Keras's `l1 * sum(|W|)` and `l2 * sum(W^2)`, and what a regularizer says."""
        W = self.builder.input(state.name, TensorType("f32", state.shape))
        axes = tuple(range(len(state.shape)))
        penalties = []
        if state.l1:
            penalties.append(reduce_sum(absolute(W), axes=axes, keepdims=False) * state.l1)
        if state.l2:
            penalties.append(reduce_sum(W * W, axes=axes, keepdims=False) * state.l2)
        if state.regularizer is not None:
            rule = state.regularizer
            penalties.append(REGULARIZERS[rule.name].function(W, **rule.arguments))
        return penalties

    def metric(self, metric: MetricSpec) -> tuple[dict[str, Value], MetricPlan]:
        """A metric's accumulators for the batch, and the plan that finishes them after the epoch.

        A metric function has sums of its own, or keeps values; any other tensor is averaged over the rows. Arithmetic
        on metric functions happens in the finishing graph.
        """
        finishing = Builder()
        sums: dict[str, Value] = {}
        kept: list[str] = []
        finished = Graphing(finishing, Collected())

        def accumulate(accumulated: Accumulated) -> Value:
            inputs = {}
            for key, value in accumulated.sums.items():
                name = _unused(f"metric.{metric.name}.{key}", sums)
                sums[name] = value
                inputs[key] = finishing.input(name, TensorType("f64", value.shape))
            for key, value in accumulated.kept.items():
                name = _unused(f"metric.{metric.name}.{key}", sums)
                sums[name] = value
                kept.append(name)
                inputs[key] = finishing.input(name, TensorType("f64", (symbol("rows"), *value.shape[1:])))
            return accumulated.finish(inputs)

        def finish(term: Term) -> None:
            if isinstance(term, Apply) and term.composite.kind == "metric":
                finished.values[term] = accumulate(self.terms.value(term))
            elif isinstance(term, Apply) and _holds_metric(term):
                for operand in operands(term):
                    finish(operand)
            elif not isinstance(term, Number):
                with self.builder.at(Origin(metric.name, metric.span)):
                    finished.values[term] = accumulate(_average(self.terms.value(term)))

        finish(metric.term)
        value = finished.value(metric.term)
        finish_graph = finishing.graph(f"metric.{metric.name}", {"value": value})
        return sums, MetricPlan(metric.name, tuple(sums), finish_graph, tuple(kept))


def _average(value: Value) -> Accumulated:
    """The mean over the rows of a number per row (of a number of the whole batch: weighted by its rows)."""
    count = value.builder.size(BATCH)
    total = reduce_sum(value, axes=(0,), keepdims=False) if value.batched else value * count
    return Accumulated({"sum": total, "count": count}, lambda sums: sums["sum"] / sums["count"])


def _holds_metric(term: Term) -> bool:
    return any(
        isinstance(inner, Apply) and (inner.composite.kind == "metric" or _holds_metric(inner))
        for inner in operands(term)
    )


def _unused(name: str, taken: Mapping[str, object]) -> str:
    count = 2
    candidate = name
    while candidate in taken:
        candidate = f"{name}_{count}"
        count += 1
    return candidate
