"""Emission: a graph as the statements of one function.

    choose      which values get a name, and which are written into the expression that uses them
    chain       which steps change an array in place: `h = x @ W`, `h += b`, `np.maximum(h, 0, out=h)`
    write       the statements, in sections by source line

In a plain body (prediction) every value is one expression. In a buffered body (training) what has two axes or more is
computed step by step into the arrays of a workspace.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from nndsl.codegen.numpy.buffers import Lifetime
from nndsl.codegen.numpy.expressions import as_function, call, item, name
from nndsl.codegen.numpy.layout import assignment, expression
from nndsl.codegen.numpy.names import Names
from nndsl.codegen.numpy.naming import suggest
from nndsl.codegen.numpy.schedule import Section
from nndsl.codegen.numpy.spelling import VIEWS, count_of, is_mask, is_weak, repeats_operand, spell
from nndsl.graph.node import Graph, Node

HEAVY = 5
"""An expression of more operations than this, within another one, is given a name."""

UFUNCS = frozenset(
    "neg abs sign exp expm1 log log1p sqrt sin cos tanh relu floor round add sub mul div maximum minimum".split()
)
"""Element-wise primitives that NumPy can compute in place."""

COPYING = UFUNCS | frozenset(
    "pow mod sigmoid softplus erf matmul softmax log_softmax where "
    "concat pad gather scatter_add take_along put_along".split()
)
"""Primitives whose result is a new array, so that it may be changed."""

IN_PLACE = {"np.add": "+", "np.subtract": "-", "np.multiply": "*", "np.divide": "/"}
COMMUTATIVE = frozenset({"np.add", "np.multiply"})


@dataclass(frozen=True)
class Statement:
    """Lines of code under the comment of their section; `reads` are the names in them."""

    section: Section
    lines: tuple[str, ...]
    reads: frozenset[str]


@dataclass
class Body:
    """The statements of a function, the expressions of the graph's outputs, and the buffers it writes to."""

    statements: list[Statement] = field(default_factory=list)
    results: dict[str, ast.expr] = field(default_factory=dict)
    buffers: list[Lifetime] = field(default_factory=list)


def emit(
    graph: Graph,
    order: Sequence[Node],
    bound: Mapping[Node, ast.expr],
    names: Names,
    sizes: Mapping[str, str],
    *,
    buffered: bool,
    said: Collection[str] | None = None,
) -> Body:
    """The body of a function that computes the graph; `bound` are the expressions of its inputs.

    `said` are the names that the program itself gives: these values get a name, others only where it helps (all that
    have a name, for None).
    """
    return _Emission(graph, order, bound, names, sizes, buffered, said).body()


class _Emission:
    def __init__(
        self,
        graph: Graph,
        order: Sequence[Node],
        bound: Mapping[Node, ast.expr],
        names: Names,
        sizes: Mapping[str, str],
        buffered: bool,
        said: Collection[str] | None,
    ):
        self.graph = graph
        self.order = order
        self.names = names
        self.sizes = sizes
        self.buffered = buffered
        self.said = said
        self.users = graph.users()
        self.outputs = {node: key for key, node in reversed(list(graph.outputs.items()))}
        self.trees: dict[Node, ast.expr] = dict(bound)
        self.previous: dict[Node, Node] = {}
        """The step before, of the same array."""
        self.variables: set[Node] = set()
        self.named: dict[Node, str] = {}

    def body(self) -> Body:
        self._choose()
        self._name()
        body = Body()
        first: dict[str, int] = {}
        types: dict[str, Node] = {}
        for node in self.order:
            operands = [self.trees[operand] for operand in node.inputs]
            if node.op == "reduce_sum" and node in self.outputs and not self.users[node]:
                operands = [count_of(node, operands[0])]
            tree = spell(node, operands, self.sizes)
            if node not in self.variables:
                self.trees[node] = tree
                continue
            target = self.named[node]
            self.trees[node] = name(target)
            lines, writes_buffer = self._statement(node, target, tree)
            if writes_buffer:
                first[target] = len(body.statements)
                types[target] = node
            body.statements.append(Statement(Section.of(node.origin), tuple(lines), _reads(tree, target)))
        body.results = {key: self.trees[node] for key, node in self.graph.outputs.items()}
        body.buffers = [
            Lifetime(target, types[target].type, start, self._last_use(target, body)) for target, start in first.items()
        ]
        return body

    # ---------------------------------------------------------------- choose

    def _own_name(self, node: Node) -> str:
        """The name that the program gives the value (or the adjoint of such a value)."""
        given = self.said is None or node.name in self.said or node.name.removeprefix("d_") in self.said
        return node.name if given else ""

    def _choose(self) -> None:
        """Find the variables, and the chains of steps on one array; users are looked at before what they use."""
        heavy = self._heavy()
        for node in reversed(self.order):
            if node in self.variables:  # a step before another one
                self._chain(node)
            elif self._is_variable(node, heavy):
                self.variables.add(node)
                self._chain(node)

    def _is_variable(self, node: Node, heavy: set[Node]) -> bool:
        if node.op == "constant" or (is_weak(node) and not self._own_name(node)):
            return False
        if self._own_name(node) or node in self.outputs or node.op == "random_uniform":
            return True
        users = self.users[node]
        if node.op in VIEWS and node.type.rank:
            return False
        if len(users) != 1 or node in heavy or (self.buffered and node.op == "matmul" and _is_big(node)):
            return True
        (user,) = users
        if Section.of(user.origin) != Section.of(node.origin) and user.op not in VIEWS:
            return True
        return repeats_operand(user, user.inputs.index(node), self.sizes)

    def _heavy(self) -> set[Node]:
        """Nodes whose expressions would be too long to stand within another one."""
        weight: dict[Node, int] = {}
        heavy = set()
        for node in self.order:
            inner = [o for o in node.inputs if o in weight and len(self.users[o]) == 1 and not self._own_name(o)]
            total = (node.op not in VIEWS and not is_weak(node)) + sum(weight[o] for o in inner if o not in heavy)
            weight[node] = total
            if total > HEAVY:
                heavy.add(node)
        return heavy

    def _chain(self, node: Node) -> None:
        """Let a step on a large array change its operand in place, where nothing else needs that operand."""
        if not (_is_total(node) or (self.buffered and _is_ufunc(node) and _is_big(node))):
            return
        candidates = [operand for operand in node.inputs if self._may_change(operand, node)]
        if _is_total(node):
            candidates = [o for o in candidates if Section.of(o.origin) != Section.of(node.origin)]
        if not candidates:
            return
        previous = next((c for c in candidates if c.op == "matmul" or self._leads_to_matmul(c)), candidates[0])
        self.previous[node] = previous
        self.variables.add(previous)

    def _may_change(self, operand: Node, node: Node) -> bool:
        if operand.op in ("input", "constant") or is_weak(operand) or operand.type != node.type:
            return False
        if len(self.users[operand]) != 1 or not (operand.op in COPYING or _is_total(node)):
            return False
        if operand in self.outputs or operand.origin.phase != node.origin.phase:
            return False
        return not self._own_name(operand) or (node.origin.phase != "forward" and not self._own_name(node))

    def _leads_to_matmul(self, node: Node) -> bool:
        while True:
            following = [o for o in node.inputs if self._may_change(o, node)]
            if not _is_ufunc(node) or not following:
                return node.op == "matmul"
            node = next((o for o in following if o.op == "matmul"), following[0])

    # ---------------------------------------------------------------- name

    def _name(self) -> None:
        """Names for the variables: first those that the program gives, then those made up from them."""
        chains: dict[Node, list[Node]] = {}
        for node in self.order:
            if node in self.variables:
                chains[node] = [*chains.pop(self.previous[node], []), node] if node in self.previous else [node]
        plain = []
        for chain in chains.values():
            own = next((name for node in reversed(chain) if (name := self._own_name(node))), "")
            if own:
                self._give(chain, own)
            else:
                plain.append(chain)
        for chain in plain:
            self._give(chain, *suggest(chain, self.users, self.outputs.get(chain[-1], "")))

    def _give(self, chain: list[Node], *wishes: str) -> None:
        identifier = self.names.unique(*wishes)
        for node in chain:
            self.named[node] = identifier

    # ---------------------------------------------------------------- write

    def _statement(self, node: Node, target: str, tree: ast.expr) -> tuple[list[str], bool]:
        """The code that makes a variable or changes it, and whether it makes it in a buffer."""
        function = as_function(tree)
        if node in self.previous:
            assert function
            return [_in_place(target, *function)], False
        if self.buffered and function and _is_big(node) and _fills_buffer(node):
            out = item(name("work"), target)
            return assignment(target, call(function[0], *function[1], out=out)), True
        return assignment(target, tree), False

    def _last_use(self, target: str, body: Body) -> int:
        """The last statement that reads a buffer, itself or through views of it; behind them all if it is returned."""
        aliases = {target}
        last = 0
        for i, statement in enumerate(body.statements):
            if aliases & statement.reads:
                last = i
                aliases |= {made for made in self._views if made in _defined(statement)}
        if any(aliases & _reads(result, "") for result in body.results.values()):
            return len(body.statements)
        return last

    @property
    def _views(self) -> set[str]:
        return {self.named[node] for node in self.variables if node.op not in COPYING and node.type.rank}


def _is_big(node: Node) -> bool:
    """Whether it pays to keep a buffer for a value."""
    return node.type.dtype in ("f32", "f64") and node.type.rank >= 2


def _is_ufunc(node: Node) -> bool:
    """Whether NumPy can write the node's result into a given array."""
    return node.op in UFUNCS or is_mask(node)


def _fills_buffer(node: Node) -> bool:
    """Whether a new array is written into a buffer: products, and what is computed from arrays like it."""
    return node.op == "matmul" or (_is_ufunc(node) and any(operand.type == node.type for operand in node.inputs))


def _is_total(node: Node) -> bool:
    """A sum of scalars (a loss and its regularisation), which may be added up statement by statement."""
    return node.op == "add" and node.type.rank == 0 and node.type.dtype == "f32"


def _in_place(target: str, function: str, operands: Sequence[ast.expr]) -> str:
    """The statement that puts a function of `target` in its place."""

    def is_target(tree: ast.expr) -> bool:
        return isinstance(tree, ast.Name) and tree.id == target

    if function in IN_PLACE and len(operands) == 2:
        left, right = operands
        if function in COMMUTATIVE and not is_target(left):
            left, right = right, left
        if is_target(left):
            return f"{target} {IN_PLACE[function]}= {expression(right)}"
    return expression(call(function, *operands, out=name(target)))


def _reads(tree: ast.expr, target: str) -> frozenset[str]:
    own = {target} if target else set()
    return frozenset({part.id for part in ast.walk(tree) if isinstance(part, ast.Name)} | own)


def _defined(statement: Statement) -> set[str]:
    return {statement.lines[0].split(" ", 1)[0]}
