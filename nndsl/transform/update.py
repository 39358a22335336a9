"""The update: the graph that turns parameters, slots and gradients into the next ones, by the optimizer's rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nndsl.graph.builder import Builder, Value
from nndsl.graph.node import Graph, Origin
from nndsl.graph.types import TensorType
from nndsl.library.arguments import Initial
from nndsl.library.building import State
from nndsl.library.registry import CONSTRAINTS, OPTIMIZERS, Composite
from nndsl.model.sections import TrainSection
from nndsl.ops import cast
from nndsl.transform.names import LR, LR_SCALE, STEP


@dataclass(frozen=True)
class Group:
    """Parameters that are updated as one tensor: a single one, or several that lie packed in a vector.

    A parameter with a constraint is a group of its own: constraints look at its axes.
    """

    name: str
    shape: tuple[int, ...]
    members: tuple[State, ...]


@dataclass(frozen=True)
class Slot:
    """A slot that the optimizer asked for: one tensor of the group's shape, filled with `value` at first."""

    name: str
    group: Group
    value: float

    def states(self) -> tuple[State, ...]:
        """The slot as states of the group's single parameters."""
        initial = Initial("constant", {"value": self.value}) if self.value else Initial("zeros", {})
        return tuple(State(f"{m.name}.{self.name}", m.shape, "slot", initial) for m in self.group.members)


class GroupBuilder:
    """The `UpdateBuilder` of one group."""

    def __init__(self, graph: Builder, group: Group, step: Value):
        self.graph = graph
        self.step = step
        self.group = group
        self.slots: dict[str, Slot] = {}
        self.outputs: dict[str, Value] = {}

    def slot(self, name: str, value: float = 0.0) -> Value:
        self.slots[name] = Slot(name, self.group, value)
        return self.graph.input(f"{self.group.name}.{name}", TensorType("f32", self.group.shape))

    def set(self, name: str, value: Value) -> None:
        self.outputs[f"{self.group.name}.{name}.next"] = value


def singles(states: Sequence[State]) -> tuple[Group, ...]:
    """Each trainable parameter on its own."""
    return tuple(Group(s.name, s.shape, (s,)) for s in states if s.role == "parameter" and s.trainable)


def update(train: TrainSection, groups: Sequence[Group]) -> tuple[Graph, tuple[Slot, ...]]:
    """The `apply` graph over these groups, and the slots it works on.

    Inputs: each group's tensor, `grad.GROUP`, its slots, step and lr_scale. Outputs: `TENSOR.next`, `nndsl.lr`.
    """
    builder = Builder()
    optimizer = OPTIMIZERS[train.optimizer.name]
    step = builder.input(STEP, TensorType("i64", ()))
    with builder.at(Origin(train.optimizer.name, train.optimizer.span, "update")):
        arguments = dict(train.optimizer.arguments)
        lr = _learning_rate(builder, arguments.pop("lr", _default(optimizer, "lr")))
        count = (cast(step, dtype="f64") + 1.0).named("t")
    outputs: dict[str, Value] = {}
    slots: list[Slot] = []
    for group in groups:
        with builder.at(Origin(group.name, train.optimizer.span, "update")):
            p = builder.input(group.name, TensorType("f32", group.shape))
            g = builder.input(f"grad.{group.name}", TensorType("f32", group.shape))
            b = GroupBuilder(builder, group, count)
            following = optimizer.function(b, p, g, lr=lr, **arguments)
            constraint = group.members[0].constraint
            if constraint is not None:
                following = CONSTRAINTS[constraint.name].function(following.named("moved"), **constraint.arguments)
            outputs |= {f"{group.name}.next": following, **b.outputs}
            slots += b.slots.values()
    return builder.graph("apply", {**outputs, LR: lr}), tuple(slots)


def _learning_rate(builder: Builder, lr: float) -> Value:
    """The step's learning rate: the program's number times the scale that callbacks may lower."""
    scale = builder.input(LR_SCALE, TensorType("f32", ()))
    return (scale * float(lr)).named("lr")


def _default(composite: Composite, name: str) -> float:
    return next(float(p.default) for p in composite.parameters if p.name == name)
