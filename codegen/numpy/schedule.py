"""Scheduling: the order in which a person would write a graph down, in sections of one source line each.

forward     in the order of the program
backward    layer by layer, the other way round
"""

from __future__ import annotations

from dataclasses import dataclass
from heapq import heappop, heappush

from nndsl.graph.node import Graph, Node, Origin, Phase
from nndsl.source import Source, Span

VIEWS = frozenset("transpose reshape broadcast_to".split())
"""What costs nothing: never worth a name or a line."""

END = 1 << 40
"""Behind every statement of a program."""


@dataclass(frozen=True)
class Section:
    """A source line (or, where nothing of the program stands behind it, a purpose) in one phase."""

    phase: Phase
    line: tuple[Source, int] | str

    @staticmethod
    def of(origin: Origin) -> Section:
        span = origin.span
        return Section(origin.phase, (span.source, span.line) if span else origin.name)


def schedule(graph: Graph, body: Span) -> list[Node]:
    """All nodes but inputs, operands first; `body` is the model's own part of the source.

    Of the nodes that could come next, one of the current section is preferred (a parameter's gradient before what is
    passed on), then the section that the program says first (in the backward phase: last).
    """
    given = [node for node in graph.nodes if node.op != "input" and not node.inputs]
    nodes = [node for node in graph.nodes if node.inputs]
    index = {node: i for i, node in enumerate(nodes)}
    users = graph.users()
    rank = _ranks(nodes, users, body)
    leaves = _leaves(graph, nodes, users)
    waiting = {node: len({operand for operand in node.inputs if operand in index}) for node in nodes}
    ready: dict[Section, list[tuple[bool, int]]] = {}
    sections: list[tuple[tuple[int, int], int, Section]] = []

    def release(node: Node) -> None:
        section = Section.of(node.origin)
        if not ready.get(section):
            ready[section] = []
        heappush(ready[section], (node not in leaves, index[node]))
        heappush(sections, (rank[node], index[node], section))

    for node in nodes:
        if not waiting[node]:
            release(node)
    order: list[Node] = []
    current: Section | None = None
    while len(order) < len(nodes):
        if current is None or not ready.get(current):
            while not ready.get(sections[0][2]):
                heappop(sections)
            current = sections[0][2]
        node = nodes[heappop(ready[current])[1]]
        order.append(node)
        for user in dict.fromkeys(users[node]):
            waiting[user] -= 1
            if not waiting[user]:
                release(user)
    return [*given, *order]


def _leaves(graph: Graph, nodes: list[Node], users: dict[Node, list[Node]]) -> set[Node]:
    """Nodes that end in an output at once: what is written down as soon as it can be."""
    outputs = set(graph.outputs.values())
    leaves: set[Node] = set()
    for node in reversed(nodes):
        following = users[node]
        ends = node in outputs or node.op in VIEWS or any(user.op == "add" for user in following)
        if ends and all(user in leaves for user in following):
            leaves.add(node)
    return leaves


def _ranks(nodes: list[Node], users: dict[Node, list[Node]], body: Span) -> dict[Node, tuple[int, int]]:
    """When each node's section is due. What a block wrote elsewhere is due where the model first needs it."""
    due: dict[Node, int] = {}
    by_section: dict[tuple[str, object], int] = {}
    for node in reversed(nodes):
        if node.origin.phase != "forward":
            continue
        span = node.origin.span
        if span and span.source == body.source and body.start <= span.start < body.end:
            due[node] = span.start
        else:
            due[node] = min((due[user] for user in users[node] if user in due), default=END)
        key = (node.origin.name, Section.of(node.origin).line)
        by_section[key] = min(by_section.get(key, END), due[node])
    ranks: dict[Node, tuple[int, int]] = {}
    for node in nodes:
        if node.origin.phase == "forward":
            ranks[node] = (0, due[node])
        else:
            key = (node.origin.name, Section.of(node.origin).line)
            span = node.origin.span
            ranks[node] = (1, -by_section.get(key, span.start if span else END))
    return ranks
