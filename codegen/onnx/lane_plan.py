"""Which lane of memory each vector of an update lies in.

What is to be multiplied with factors and added up (`pairs`) must lie side by side. A lane holds one content after the
other: a vector is written over another one as soon as nothing reads that any more, whatever the order is in which
ONNX Runtime computes what does not depend on each other. That is so where each reader of the old content is something
that the new one is made of, or the new one itself.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from nndsl.codegen.onnx.in_place import made_of
from nndsl.graph.node import Graph, Node
from nndsl.transform.algebra import ELEMENTWISE
from nndsl.transform.update import Group


@dataclass(eq=False)
class Lane:
    """What lies in one lane, one content after the other, and the lanes beside it."""

    contents: list[Node]
    beside: list[Lane] = field(default_factory=list)

    def strip(self) -> list[Lane]:
        """The lanes that lie together with this one, from one end to the other."""
        found = [self]
        for lane in found:
            found += [other for other in lane.beside if other not in found]
        ordered = [next(lane for lane in found if len(lane.beside) < 2)]
        while further := [lane for lane in ordered[-1].beside if lane not in ordered]:
            ordered += further
        return ordered

    def may_lie_beside(self, other: Lane) -> bool:
        return other in self.beside or (len(self.beside) < 2 > len(other.beside) and other not in self.strip())

    def put_beside(self, other: Lane) -> None:
        if other not in self.beside:
            self.beside.append(other)
            other.beside.append(self)


class Plan:
    """The lanes of one group of parameters.

    `states` are the tensors that may be updated in place, by what they become; some of that are `pairs`, sums of what
    their first operand is and of the state. A `split` gradient is written in parts.
    """

    def __init__(self, graph: Graph, group: Group, states: Mapping[Node, str], pairs: Collection[Node], *, split: bool):
        self.group = group
        self.gradient = graph.inputs[f"grad.{group.name}"]
        self.alone: list[str] = []
        """The states that no lane serves: sums without a neighbour to make them of, and all if the parameter is one."""
        self._split = split
        self._users = graph.users()
        self._kept = {*graph.outputs.values()}
        own = {node: graph.inputs[name] for node, name in states.items() if belongs(name, group)}
        self._lanes = {node: Lane([node]) for node in (self.gradient, *own.values())}
        wanted: dict[Node, list[Lane]] = {}
        for node in own:
            if node in pairs:
                wanted.setdefault(node.inputs[0], []).append(self._lanes[own[node]])
        for node in self._vectors(graph):
            if node in own:
                self._put(node, self._lanes[own[node]])
                if node in pairs and not self._put_beside_other(node):
                    self.alone.append(states[node])
            elif node in self._kept:
                continue
            elif node in wanted:
                self._put(node, self._free(node, wanted[node]) or Lane([]))
            elif node.op in ELEMENTWISE and (lane := self._free(node)):
                self._put(node, lane)
        parameter = graph.outputs[f"{group.name}.next"]
        if parameter not in own or parameter not in pairs or group.name in self.alone:
            self.alone = [states[node] for node in own]

    def strips(self) -> Iterator[list[Lane]]:
        """The lanes that are needed, as they lie together."""
        seen: set[Lane] = set()
        for lane in self._lanes.values():
            is_idle = lane.contents == [self.gradient] and not (lane.beside or self._split)
            if lane not in seen and not is_idle:
                yield (strip := lane.strip())
                seen.update(strip)

    def _vectors(self, graph: Graph) -> list[Node]:
        """The vectors of the group that are made of its gradient and states."""
        made, found = {*self._lanes}, []
        for node in graph.nodes:
            if any(operand in made for operand in node.inputs):
                made.add(node)
                if node.type == self.gradient.type:
                    found.append(node)
        return found

    def _put(self, node: Node, lane: Lane) -> None:
        lane.contents.append(node)
        self._lanes[node] = lane

    def _put_beside_other(self, node: Node) -> bool:
        """Put a pair's lane beside that of its first operand, if it can lie there."""
        lane, other = self._lanes[node], self._lanes.get(node.inputs[0])
        if other is None or not other.may_lie_beside(lane):
            return False
        other.put_beside(lane)
        return True

    def _free(self, node: Node, beside: Sequence[Lane] = ()) -> Lane | None:
        """A lane whose content is no longer needed when this node is computed, and which may lie beside these; rather
        one of those that were taken last."""
        for lane in dict.fromkeys(reversed(self._lanes.values())):
            if self._is_done(lane.contents[-1], node) and all(lane.may_lie_beside(other) for other in beside):
                return lane
        return None

    def _is_done(self, content: Node, node: Node) -> bool:
        """Whether whatever reads some content has done so when a node is written over it."""
        readers = {*self._users[content]}
        if content in self._kept or (content.op == "input" and content is not self.gradient) or not readers:
            return False
        return readers <= made_of(node) | ({node} if node.op in ELEMENTWISE else set())


def belongs(state: str, group: Group) -> bool:
    """Whether a tensor is that of a group, or one of its slots."""
    return state == group.name or state.startswith(f"{group.name}.")
