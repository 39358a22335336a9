"""Lanes: the vectors of an update lie in memory side by side, so that two neighbours are a matrix of two rows.

    adam    m                             m.next = [0.9 1] @ [m; g], written over m
            g

            v                             v.next = [0.999 1] @ [v; g²], over v
            g², then √v.next + ε, then r  r = m.next / (√v.next + ε)
            p                             p.next = [-lr 1] @ [r; p], over p

A sum with factors (`pairs`) passes once over all elements as such a product, for which ONNX Runtime has vectors as wide
as the processor's; as operators on elements it takes two passes or three, in vectors of four numbers. And what is
written lies where the processor has just read. With adam a step of 784-300-100-10 takes 0.8 of the time.

A session binds lanes as inputs and as outputs, of which ONNX Runtime does not know that they are the same memory. So a
product waits for what is written into its lanes (`order`), and nothing is written over what may still be read
(`lane_plan`). Parameters are read for gradients too: their update waits for their own, and for whatever else reads them
(`packed.emit_written`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from nndsl.codegen.backend import Array
from nndsl.codegen.onnx.ahead import numbers_of
from nndsl.codegen.onnx.in_place import written_in_place
from nndsl.codegen.onnx.lane_plan import Plan, belongs
from nndsl.codegen.onnx.order import AFTER, BOUNDS, FIRST, LAST, NOTHING, SEEN_AFTER, TOKEN, bounds
from nndsl.codegen.onnx.pairs import pair
from nndsl.graph.node import PRIMITIVES, Graph, Node, Primitive
from nndsl.graph.types import TensorType
from nndsl.library.building import State
from nndsl.transform.rewrite import with_inputs
from nndsl.transform.simplify import simplify
from nndsl.transform.update import Group


@dataclass(frozen=True)
class Part:
    """Members of a group whose gradients are one value of this shape."""

    members: tuple[State, ...]
    shape: tuple[int, ...]


ALIGNED = 16
"""Numbers in a line of the processor's cache. Lanes are made of whole ones, with zeros at their end: where a vector
begins within a line, an operator takes up to half as long again (`benchmarks/NOTES.md`)."""

LANE = "nndsl.lane."
"""How the names begin of inputs and outputs of models that are one lane, or a part of it."""

LARGE_PAGES = 1 << 20
"""Numbers from which on NumPy asks the system for large pages. In small ones, which lie anywhere in memory, one process
in some six took half as long again for a step (`benchmarks/NOTES.md`)."""

Parts = Mapping[str, Sequence[Part]]
"""By groups, what their gradients are made of, one part behind the other in the lane."""


@dataclass(frozen=True)
class Place:
    """Where a value lies: in so many lanes of a strip, from one on, and in these from an element on."""

    strip: int
    lane: int
    shape: tuple[int, ...]
    lanes: int = 1
    offset: int = 0

    def of(self, strips: Sequence[Array]) -> Array:
        elements = strips[self.strip][self.lane : self.lane + self.lanes].reshape(-1)
        return elements[self.offset : self.offset + prod(self.shape)].reshape(self.shape)


@dataclass(frozen=True)
class Lanes:
    """An update on lanes."""

    apply: Graph
    """It takes matrices of two lanes, their factors, and what it waits for. Its outputs are also the lanes that it
    writes, and the factors that depend on the step."""
    strips: tuple[tuple[int, int], ...]
    """The shapes of the memory, a row for each lane."""
    places: Mapping[str, Place]
    """By names: states, inputs and outputs of models."""
    factors: Mapping[str, tuple[Node, Node]]
    """By the names of inputs [1, 2]."""

    @property
    def states(self) -> frozenset[str]:
        """The tensors that are updated where they lie."""
        return frozenset(name for name in self.places if f"{name}.next" in self.apply.outputs)


class Memory:
    """The arrays of an update's lanes, if it has any."""

    def __init__(self, lanes: Lanes | None):
        self.arrays: dict[str, Array] = {}
        """What is bound, by names: states, inputs and outputs."""
        self.factors: dict[str, Array] = {}
        """The numbers among them that depend on the step, by the update's outputs."""
        self.states: frozenset[str] = lanes.states if lanes else frozenset()
        """The tensors that are updated where they lie."""
        if lanes is None:
            return
        strips = _zeros(lanes.strips)
        self.arrays |= {name: place.of(strips) for name, place in lanes.places.items()} | bounds()
        for name, factors in lanes.factors.items():
            array = self.arrays[name] = np.zeros((1, 2), np.float32)
            for i, factor in enumerate(factors):
                if factor.op == "constant":
                    array[0, i] = factor.attributes["value"]
                else:
                    self.factors[_factor_of(name, i)] = array[0, i : i + 1].reshape(())

    def put(self, name: str, array: Array) -> Array:
        """A state's place if it has one, with these values, else the array."""
        if name not in self.arrays:
            return array
        self.arrays[name][...] = array
        return self.arrays[name]


def _zeros(shapes: Sequence[tuple[int, int]]) -> list[Array]:
    """Zeros in these shapes, one behind the other, each of which begins a line of the processor's cache."""
    sizes = [prod(shape) for shape in shapes]
    memory = np.zeros(max(sum(sizes), LARGE_PAGES) + ALIGNED, np.float32)
    first = -memory.ctypes.data // memory.itemsize % ALIGNED
    parts = np.split(memory[first : first + sum(sizes)], np.cumsum(sizes)[:-1])
    return [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]


def written_of(group: Group) -> str:
    """The update's input that is there when a group's gradient is written, and all that reads its parameters has done
    so."""
    return f"nndsl.written.{group.name}"


def gradient_of(group: Group) -> str:
    """An input: the lane of a group's gradient."""
    return f"{LANE}grad.{group.name}"


def part_of(group: Group, index: int) -> str:
    """An output: a part of a group's gradient, in its lane."""
    return f"{gradient_of(group)}.{index}"


def whole_of(group: Group) -> str:
    """An output: a group's gradient as one value, in its lane."""
    return f"{gradient_of(group)}.whole"


def _factor_of(name: str, index: int) -> str:
    return f"{name}.{index}"


def in_lanes(apply: Graph, groups: Sequence[Group], parts: Parts) -> Lanes | None:
    """The update of these groups, each of which is a matrix of one row, on lanes; None where it has no sum to make of
    neighbours."""
    unread = written_in_place(apply, fused={})
    names = [name for group in groups for name in apply.inputs if name in unread and belongs(name, group)]
    while True:
        graph, pairs = _with_pairs(apply, names)
        if not pairs:
            return None
        states = {graph.outputs[f"{name}.next"]: name for name in names}
        served = [group for group in groups if group.name in names]
        plans = [Plan(graph, group, states, pairs, split=len(parts[group.name]) > 1) for group in served]
        alone = {name for plan in plans for name in plan.alone}
        if not alone:
            return _Update(graph, pairs, plans, parts).lanes()
        names = [name for name in names if name not in alone]


Factors = Mapping[Node, tuple[Node, Node]]
"""By pairs: of the first operand, and of the state."""


def _with_pairs(apply: Graph, names: Sequence[str]) -> tuple[Graph, Factors]:
    """The graph with a `pair` of something and a state in place of each of these states' next values that can be one;
    and the factors of these."""
    numbers = numbers_of(apply)
    states = {apply.outputs[f"{name}.next"]: apply.inputs[name] for name in names}
    factors: dict[Node, tuple[Node, Node]] = {}
    new: dict[Node, Node] = {}
    for node in apply.nodes:
        operands = tuple(new[operand] for operand in node.inputs)
        new[node] = node if operands == node.inputs else with_inputs(node, operands)
        if node in states and (found := pair(new[node], states[node], numbers)):
            new[node] = Node(PAIR, (found.x, found.y), {}, node.type, node.origin, node.name)
            factors[new[node]] = found.a, found.b
    return Graph(apply.name, apply.inputs, {name: new[node] for name, node in apply.outputs.items()}), factors


PAIR = Primitive("pair", ("x", "y"), lambda x, y: y, "", "", None, ())
"""What is going to be a product of two lanes."""


class _Update:
    """The finished update, from the plans of its groups."""

    def __init__(self, graph: Graph, pairs: Factors, plans: Sequence[Plan], parts: Parts):
        self._graph = graph
        self._pairs = pairs
        self._gradients = {plan.gradient: plan.group for plan in plans}
        self._parameters = {f"{plan.group.name}.next": plan.group for plan in plans}
        self._inputs = dict(graph.inputs)
        self._places: dict[str, Place] = {}
        self._at: dict[Node, Place] = {}
        self._strips: list[tuple[int, int]] = []
        self._written: dict[str, Node] = {}
        for plan in plans:
            self._lay_out(plan)
            if (name := gradient_of(plan.group)) in self._places:
                self._place_parts(plan.group, self._places[name], parts[plan.group.name])
        self._split = {gradient for gradient, group in self._gradients.items() if len(parts[group.name]) > 1}

    def lanes(self) -> Lanes:
        names = {node: name for name, node in self._graph.outputs.items()}
        factors: dict[str, tuple[Node, Node]] = {}
        new: dict[Node, Node] = {}
        for node in self._graph.nodes:
            operands = tuple(new[operand] for operand in node.inputs)
            if node in self._pairs:
                name = f"nndsl.factors.{len(factors)}"
                new[node], factors[name] = self._product(node, operands[0], name, self._parameters.get(names[node]))
            elif node in self._split:
                group = self._gradients[node]
                memory = self._input(gradient_of(group), node.type)
                new[node] = _made(SEEN_AFTER, node, memory, self._input(written_of(group), TOKEN))
            else:
                new[node] = node if operands == node.inputs else with_inputs(node, operands)
        outputs = {name: new[node] for name, node in {**self._graph.outputs, **self._written}.items()}
        numbers = {_factor_of(name, i): node for name, both in factors.items() for i, node in enumerate(both)}
        numbers = dict(simplify(Graph("factors", self._graph.inputs, numbers)).outputs)
        factors = {name: (numbers[_factor_of(name, 0)], numbers[_factor_of(name, 1)]) for name in factors}
        varying = {name: node for name, node in numbers.items() if node.op != "constant"}
        apply = Graph(self._graph.name, self._inputs, {**outputs, **varying})
        return Lanes(apply, tuple(self._strips), self._places, factors)

    def _lay_out(self, plan: Plan) -> None:
        """Give each content of each lane its place, and a name to those that are written between."""
        columns = prod(plan.group.shape)
        outputs = {*self._graph.outputs.values()}
        for strip in plan.strips():
            for i, lane in enumerate(strip):
                place = Place(len(self._strips), i, plan.group.shape)
                for node in lane.contents:
                    self._at[node] = place
                    if node is plan.gradient:
                        self._places[gradient_of(plan.group)] = place
                    elif node.op == "input":
                        self._places[str(node.attributes["name"])] = place
                    elif node not in outputs:
                        name = f"{LANE}{len(self._written)}"
                        self._places[name], self._written[name] = place, node
            self._strips.append((len(strip), columns))

    def _place_parts(self, group: Group, whole: Place, parts: Sequence[Part]) -> None:
        self._places[whole_of(group)] = whole
        offset = 0
        for i, part in enumerate(parts):
            self._places[part_of(group, i)] = Place(whole.strip, whole.lane, part.shape, offset=offset)
            offset += prod(part.shape)

    def _product(self, node: Node, x: Node, name: str, changed: Group | None) -> tuple[Node, tuple[Node, Node]]:
        """The product that a pair is, and its factors from the upper lane to the lower one; `changed` are the
        parameters that it becomes."""
        upper, lower = self._at[node.inputs[0]], self._at[node.inputs[1]]
        a, b = self._pairs[node]
        if upper.lane > lower.lane:
            upper, (a, b) = lower, (b, a)
        shape = (2, node.shape[1])
        matrix = f"nndsl.lanes.{upper.strip}.{upper.lane}"
        self._places[matrix] = Place(upper.strip, upper.lane, (2, prod(upper.shape)), lanes=2)
        waited = []
        if node.inputs[0] not in self._gradients:
            waited.append(_made(NOTHING, node, x, self._input(FIRST, BOUNDS), self._input(LAST, BOUNDS)))
        if written := self._gradients.get(node.inputs[0], changed):
            waited.append(self._input(written_of(written), TOKEN))
        row = _made(AFTER, node, self._input(name, TensorType("f32", (1, 2))), *waited)
        product = _made(PRIMITIVES["matmul"], node, row, self._input(matrix, TensorType("f32", shape)), name=node.name)
        return product, (a, b)

    def _input(self, name: str, type: TensorType) -> Node:
        if name not in self._inputs:
            self._inputs[name] = Node(PRIMITIVES["input"], (), {"name": name}, type)
        return self._inputs[name]


def _made(primitive: Primitive, like: Node, *operands: Node, name: str = "") -> Node:
    type_ = primitive.type(*(operand.type for operand in operands))
    return Node(primitive, operands, {}, type_, like.origin, name)
