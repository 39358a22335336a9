"""The update: the graph that turns parameters, slots and gradients into the next ones, by the optimizer's rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from nndsl.graph.builder import Builder, Value
from nndsl.graph.node import Graph, Origin
from nndsl.graph.types import TensorType
from nndsl.library.arguments import Initial
from nndsl.library.building import State
from nndsl.library.functions import clip
from nndsl.library.registry import CONSTRAINTS, OPTIMIZERS, SCHEDULES, Composite
from nndsl.model.sections import Configured, TrainSection
from nndsl.ops import broadcast_to, cast, concat, maximum, minimum, reduce_sum, reshape, sqrt
from nndsl.ops import slice as slice_
from nndsl.transform.names import EMA, LR, LR_SCALE, STEP
from nndsl.transform.rewrite import rename_inputs


@dataclass(frozen=True)
class Group:
    """Parameters that are updated as one tensor: a single one, or several that lie packed along its last axis, which
    may be longer than they are; behind them the gradient is 0, and nobody reads what becomes of the rest.

    A parameter with a constraint is a group of its own: constraints look at its axes.
    """

    name: str
    shape: tuple[int, ...]
    members: tuple[State, ...]

    @property
    def packed(self) -> bool:
        return self.name != self.members[0].name


@dataclass(frozen=True)
class Slot:
    """A slot of the update: one tensor of the group's shape, filled with `value` at first (None: as the parameters)."""

    name: str
    group: Group
    value: float | None

    def states(self) -> tuple[State, ...]:
        """The slot as states of the group's single parameters."""
        if self.value is None:
            return tuple(
                State(f"{m.name}.{self.name}", m.shape, "slot", m.initial, like=m.name) for m in self.group.members
            )
        initial = Initial("constant", {"value": self.value}) if self.value else Initial("zeros", {})
        return tuple(State(f"{m.name}.{self.name}", m.shape, "slot", initial) for m in self.group.members)


class GroupBuilder:
    """The `UpdateBuilder` of one group."""

    def __init__(self, graph: Builder, group: Group, step: Value):
        self.graph = graph
        self.step = step
        self.bias = group.members[0].bias
        self.group = group
        self.slots: dict[str, Slot] = {}
        self.outputs: dict[str, Value] = {}

    def slot(self, name: str, value: float = 0.0) -> Value:
        self.slots[name] = Slot(name, self.group, value)
        return self.graph.input(f"{self.group.name}.{name}", TensorType("f32", self.group.shape))

    def set(self, name: str, value: Value) -> None:
        self.outputs[f"{self.group.name}.{name}.next"] = value

    def norm(self, x: Value) -> Value:
        if len(self.group.members) == 1:
            return _norm(x)
        parts, start, axis = [], 0, x.rank - 1
        for member in self.group.members:
            part = slice_(x, axis=axis, start=start, stop=start + member.size, step=1)
            parts.append(broadcast_to(reshape(_norm(part), shape=(1,) * x.rank), shape=part.shape))
            start += member.size
        if rest := self.group.shape[-1] - start:
            parts.append(broadcast_to(self.graph.constant([1.0], x.dtype), shape=(*x.shape[:-1], rest)))
        return concat(*parts, axis=axis)


def _norm(x: Value) -> Value:
    return sqrt(_sum_of_squares(x))


def _sum_of_squares(x: Value) -> Value:
    return reduce_sum(x**2, axes=tuple(range(x.rank)), keepdims=False)


def singles(states: Sequence[State]) -> tuple[Group, ...]:
    """Each trainable parameter on its own."""
    return tuple(Group(s.name, s.shape, (s,)) for s in states if s.role == "parameter" and s.trainable)


def update(train: TrainSection, groups: Sequence[Group]) -> tuple[Graph, tuple[Slot, ...]]:
    """The `apply` graph over these groups, and the slots it works on.

    Inputs: each group's tensor, `grad.GROUP`, its slots, step and lr_scale. Outputs: `TENSOR.next`, `nndsl.lr`.
    With `ema`, the slots `TENSOR.ema` are averages of the parameters as they are after the update.
    """
    builder = Builder()
    optimizer = OPTIMIZERS[train.optimizer.name]
    step = builder.input(STEP, TensorType("i64", ()))
    with builder.at(Origin(train.optimizer.name, train.optimizer.span, "update")):
        arguments = dict(train.optimizer.arguments)
        before = cast(step, dtype="f64")
        lr = _learning_rate(before, arguments.pop("lr", _default(optimizer, "lr")))
        count = (before + 1.0).named("t")
    origin = Origin(EMA, train.spans.get(EMA), "update")
    average = _Average(before, train.ema, origin) if train.ema is not None else None
    gradients = _clipped(builder, train, groups)
    outputs: dict[str, Value] = {}
    slots: list[Slot] = []
    for group in groups:
        with builder.at(Origin(group.name, train.optimizer.span, "update")):
            p = builder.input(group.name, TensorType("f32", group.shape))
            g = gradients[group.name]
            b = GroupBuilder(builder, group, count)
            following = optimizer.function(b, p, g, lr=lr, **arguments)
            constraint = group.members[0].constraint
            if constraint is not None:
                following = CONSTRAINTS[constraint.name].function(following.named("moved"), **constraint.arguments)
            outputs |= {f"{group.name}.next": following, **b.outputs}
            slots += b.slots.values()
            if average is not None:
                slots.append(Slot(EMA, group, None))
                outputs[f"{group.name}.{EMA}.next"] = average.next(group, following)
    return builder.graph("apply", {**outputs, LR: lr}), tuple(slots)


class _Average:
    """Exponential moving averages of the parameters, as Keras's `use_ema` keeps them.

    average = decay * average + (1 - decay) * parameter; at the first step it is the parameter. Keras averages before
    constraints are applied, here what is averaged is the parameter that training goes on with.
    """

    def __init__(self, before: Value, decay: float, origin: Origin):
        self.builder = before.builder
        self.origin = origin
        with self.builder.at(origin):
            first = minimum(before, self.builder.constant(1.0, "f64"))  # 0 at the first step, then 1
            self.decay = cast(first * decay, dtype="f32").named("decay")
            self.share = (1.0 - self.decay).named("share")

    def next(self, group: Group, following: Value) -> Value:
        """What the average of a group's parameters becomes, given these after the update."""
        with self.builder.at(replace(self.origin, name=group.name)):
            average = self.builder.input(f"{group.name}.{EMA}", TensorType("f32", group.shape))
            return average * self.decay + following * self.share


def with_averages(graph: Graph, groups: Sequence[Group]) -> Graph:
    """The graph on the averages `X.ema` in place of the parameters X that these groups are."""
    return rename_inputs(graph, {group.name: f"{group.name}.{EMA}" for group in groups})


def _clipped(builder: Builder, train: TrainSection, groups: Sequence[Group]) -> dict[str, Value]:
    """The gradient of each group: each element within ±clip_value, then all scaled so that together their norm is at
    most clip_norm."""
    gradients = {g.name: builder.input(f"grad.{g.name}", TensorType("f32", g.shape)) for g in groups}
    with builder.at(Origin("clip", train.spans.get("clip_norm") or train.spans.get("clip_value"), "update")):
        if train.clip_value is not None:
            gradients = {name: clip(g, -train.clip_value, train.clip_value) for name, g in gradients.items()}
        if train.clip_norm is not None and gradients:
            squares = [_sum_of_squares(g) for g in gradients.values()]
            norm = sqrt(sum(squares[1:], squares[0])).named("norm")
            limit = builder.constant(train.clip_norm, "f32")
            excess = (maximum(norm, limit) / limit).named("excess")
            gradients = {name: (g / excess).named("clipped") for name, g in gradients.items()}
    return gradients


def _learning_rate(step: Value, lr: float | Configured) -> Value:
    """The step's learning rate, a number or a schedule's, times the scale that callbacks may lower.

    `step` counts the steps before this one, in f64.
    """
    scale = step.builder.input(LR_SCALE, TensorType("f32", ()))
    if not isinstance(lr, Configured):
        return (scale * float(lr)).named("lr")
    rate = SCHEDULES[lr.name].function(step, **lr.arguments)
    return (scale * cast(rate, dtype="f32")).named("lr")


def _default(composite: Composite, name: str) -> float:
    return next(float(p.default) for p in composite.parameters if p.name == name)
