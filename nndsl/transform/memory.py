"""How much memory a training step needs, known before any of it is allocated."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from nndsl.graph.node import Graph, Node
from nndsl.graph.sizes import Size
from nndsl.transform.step import Step

BYTES = {"f32": 4, "f64": 8, "i64": 8, "u32": 4, "bool": 1}


@dataclass(frozen=True)
class Memory:
    """Bytes that a step needs: `parameters` and statistics, optimizer `slots`, and `activations` at their peak.

    The sums of accumulated gradients count as slots: they are kept from one batch to the next as these are.
    """

    parameters: int
    slots: int
    activations: int
    largest: Node | None
    """The largest single value of the step."""

    @property
    def total(self) -> int:
        """Two sets of state (a step reads one and may write another), gradients, and the peak of the rest."""
        return 3 * self.parameters + 2 * self.slots + self.activations


def estimate(step: Step, batch_size: int, sizes: dict[str, int] | None = None) -> Memory:
    """The memory of a training step on batches of `batch_size` rows; free sizes without a value count as 1."""
    values = {"batch": batch_size, **(sizes or {})}
    states = dict.fromkeys(("parameter", "statistic", "slot"), 0)
    for state in step.states:
        states[state.role] += 4 * prod(state.shape)
    if step.train.accumulate > 1:
        states["slot"] += sum(4 * state.size for state in step.trainable)
    nodes = [node for node in step.gradients if node.op != "constant"]
    return Memory(
        parameters=states["parameter"] + states["statistic"],
        slots=states["slot"],
        activations=_peak(step.gradients, values),
        largest=max(nodes, key=lambda node: _bytes(node, values), default=None),
    )


def _peak(graph: Graph, values: dict[str, int]) -> int:
    """The most that is alive at one moment when nodes run in order and each dies after its last user."""
    last = {operand: i for i, node in enumerate(graph.nodes) for operand in node.inputs}
    dying: dict[int, list[Node]] = {}
    for node, i in last.items():
        dying.setdefault(i, []).append(node)
    alive = peak = 0
    for i, node in enumerate(graph.nodes):
        alive += _bytes(node, values)
        peak = max(peak, alive)
        alive -= sum(_bytes(dead, values) for dead in dying.get(i, ()))
    return peak


def _bytes(node: Node, values: dict[str, int]) -> int:
    def length(dim: int | Size) -> int:
        if isinstance(dim, int):
            return dim
        return dim.evaluate({symbol: values.get(symbol, 1) for symbol in dim.symbols})

    return BYTES[node.type.dtype] * prod(map(length, node.shape))
