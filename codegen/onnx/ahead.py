"""What an update computes of the step's number alone, such as its learning rate: by NumPy, for many steps at once.

    step, lr_scale ──▶ lr, alpha ───┐              from a table
    tensors, gradients ─────────────┴──▶ update    the rest of the graph, which takes alpha for an input

An operator on a single number takes ONNX Runtime as long as one on a small tensor, and adam has thirteen of them: a
tenth of a small network's step. Sessions on the CPU are given what comes of them; exported models have all inside.
"""

from __future__ import annotations

import numpy as np

from nndsl.codegen.backend import Array, Arrays
from nndsl.graph.builder import Builder, Value
from nndsl.graph.evaluate import Evaluator
from nndsl.graph.node import Graph, Node
from nndsl.graph.types import NUMPY_DTYPES, TensorType
from nndsl.transform.algebra import ELEMENTWISE
from nndsl.transform.names import LR, LR_SCALE, STEP
from nndsl.transform.rewrite import with_given

STEPS = 256
"""How many steps a table has. Each begins at a multiple of as many: a step's numbers are the same bits whichever step
was asked for before."""


class Ahead:
    """The numbers of a step, and the update that takes them. Outputs that `places` has arrays for are numbers which are
    wanted there."""

    def __init__(self, apply: Graph, places: Arrays | None = None):
        places = places or {}
        varying = numbers_of(apply)
        wanted = {name: apply.outputs[name] for name in places}
        apply = Graph(apply.name, apply.inputs, {k: v for k, v in apply.outputs.items() if k not in places})
        users = apply.users()
        outputs = {*apply.outputs.values()}
        taken = [
            node
            for node in varying
            if node.op != "input" and (node in outputs or any(user not in varying for user in users.get(node, ())))
        ]
        names = {node: LR if node is apply.outputs[LR] else f"nndsl.ahead.{i}" for i, node in enumerate(taken)}
        self.update = with_given(apply, names)
        """The rest of the graph, whose outputs are none of the numbers."""
        self.arrays: dict[str, Array] = {
            name: np.zeros((), NUMPY_DTYPES[node.type.dtype]) for node, name in names.items()
        }
        """The numbers of the step that was set, by the names of the update's inputs; the learning rate by its own,
        unless it is the callbacks' factor itself."""
        self._arrays = {**self.arrays, **places}
        self._table = Evaluator(_of_many_steps(varying, {**{name: node for node, name in names.items()}, **wanted}))
        self._first, self._lr_scale = -STEPS, 1.0
        self._columns: list[tuple[Array, list[float]]] = []

    def set(self, step: int, lr_scale: float) -> None:
        """Let the arrays hold the numbers of this step."""
        at = step - self._first
        if not 0 <= at < STEPS or lr_scale != self._lr_scale:
            self._first, self._lr_scale, at = step - step % STEPS, lr_scale, step % STEPS
            self._columns = self._computed()
        for array, values in self._columns:
            array.fill(values[at])

    def _computed(self) -> list[tuple[Array, list[float]]]:
        with np.errstate(all="ignore"):
            steps = np.arange(self._first, self._first + STEPS)
            values: Arrays = self._table({STEP: steps, LR_SCALE: np.float32(self._lr_scale)})
        return [(array, np.broadcast_to(values[name], STEPS).tolist()) for name, array in self._arrays.items()]


def numbers_of(graph: Graph) -> dict[Node, None]:
    """The nodes that are numbers made of the step's, of the callbacks' factor and of constants, operands first."""
    found: dict[Node, None] = {}
    for node in graph.nodes:
        if node.op == "input":
            is_number = node.attributes["name"] in (STEP, LR_SCALE)
        else:
            known = all(operand in found or operand.op == "constant" for operand in node.inputs)
            is_number = node.op in ELEMENTWISE and not node.shape and known and any(o in found for o in node.inputs)
        if is_number:
            found[node] = None
    return found


def _of_many_steps(varying: dict[Node, None], wanted: dict[str, Node]) -> Graph:
    """The same numbers, each of them for `STEPS` steps."""
    builder = Builder()
    values: dict[Node, Value] = {}

    def value(node: Node) -> Value:
        if node.op == "constant":
            return builder.constant(node.attributes["value"], node.type.dtype)
        return values[node]

    for node in varying:
        if node.op == "input":
            name = node.attributes["name"]
            values[node] = builder.input(name, TensorType("i64", (STEPS,)) if name == STEP else node.type)
        else:
            values[node] = builder.apply(node.primitive, [value(o) for o in node.inputs], node.attributes)
    return builder.graph("ahead", {name: values[node] for name, node in wanted.items()})
