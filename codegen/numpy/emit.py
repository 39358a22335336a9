"""Emission: a graph as the statements of one function, in sections by source line.

In a plain body (prediction) every value is one expression. In a buffered body (training) what has two axes or more is
computed step by step into the arrays of a workspace.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from nndsl.codegen.numpy.buffers import Lifetime
from nndsl.codegen.numpy.choice import COPYING, Choice, fills_buffer, is_big
from nndsl.codegen.numpy.expressions import as_function, call, item, method, name, parse, show
from nndsl.codegen.numpy.forms import count_of, is_choice
from nndsl.codegen.numpy.layout import assignment, laid_out
from nndsl.codegen.numpy.names import Names
from nndsl.codegen.numpy.naming import suggest
from nndsl.codegen.numpy.scalars import dim
from nndsl.codegen.numpy.schedule import Section
from nndsl.codegen.numpy.spelling import spell
from nndsl.graph.node import Graph, Node
from nndsl.graph.sizes import BATCH
from nndsl.graph.types import TensorType

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
    fixed: dict[str, ast.expr] = field(default_factory=dict)
    """Vectors of a number for each row that are the same in every call, which the workspace keeps."""


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
    return _Emission(graph, Choice(graph, order, buffered, said, sizes), bound, names).body()


class _Emission:
    def __init__(self, graph: Graph, choice: Choice, bound: Mapping[Node, ast.expr], names: Names):
        self.graph = graph
        self.choice = choice
        self.names = names
        self.outputs = {node: key for key, node in reversed(list(graph.outputs.items()))}
        self.trees: dict[Node, ast.expr] = dict(bound)
        self.named: dict[Node, str] = {}
        self.fixed: dict[str, ast.expr] = {}
        self.kept: dict[str, str] = {}

    def body(self) -> Body:
        self._name()
        body = Body()
        lifetimes = _Lifetimes()
        for node in self.choice.order:
            if node in self.trees:
                continue
            tree = self._spell(node)
            if node not in self.choice.variables:
                self.trees[node] = tree
                continue
            target = self.named[node]
            self.trees[node] = name(target)
            lines, makes_buffer = self._statement(node, target, tree)
            reads = _reads(tree) | {target}
            lifetimes.see(reads, target, node, is_buffer=makes_buffer)
            body.statements.append(Statement(Section.of(node.origin), tuple(lines), reads))
        body.results = {key: self.trees[node] for key, node in self.graph.outputs.items()}
        lifetimes.keep(frozenset().union(*map(_reads, body.results.values())))
        body.buffers = lifetimes.all()
        body.fixed = self.fixed
        return body

    def _name(self) -> None:
        """Names for the variables: first those that the program gives, then those made up from them."""
        made_up = []
        for chain in self.choice.chains():
            if own := next((name for node in reversed(chain) if (name := self.choice.own_name(node))), ""):
                self._give(chain, own)
            else:
                made_up.append(chain)
        for chain in made_up:
            self._give(chain, *self._suggestions(chain))

    def _suggestions(self, chain: Sequence[Node]) -> Iterator[str]:
        output = self.outputs.get(chain[-1], "")
        return suggest(chain, self.choice.users, self.named, output, self.graph.name)

    def _give(self, chain: Sequence[Node], *wishes: str) -> None:
        identifier = self.names.unique(*wishes)
        for node in chain:
            self.named[node] = identifier

    def _spell(self, node: Node) -> ast.expr:
        operands = [self.trees[operand] for operand in node.inputs]
        if node.op == "reduce_sum" and node in self.outputs and not self.choice.users[node]:
            operands = [count_of(node, operands[0])]
        tree = spell(node, operands, self.choice.sizes)
        if self.choice.buffered and node.op == "reshape" and is_choice(node):
            match tree:
                case ast.Subscript(x, ast.Tuple([ast.Call() as rows, index])):
                    return ast.Subscript(x, ast.Tuple([self._kept("rows", rows), index]))
        return tree

    def _statement(self, node: Node, target: str, tree: ast.expr) -> tuple[list[str], bool]:
        """The code that makes a variable or changes it, and whether it makes it in a buffer."""
        function = as_function(tree)
        if node in self.choice.previous:
            assert function
            return _in_place(target, *function), False
        out = item(name("work"), target)
        if self.choice.buffered and is_big(node) and fills_buffer(node):
            if function:
                return assignment(target, _into(node, *function, out)), True
            if isinstance(tree, ast.Call):
                into = ast.Call(tree.func, tree.args, [*tree.keywords, ast.keyword("out", out)])
                return assignment(target, into), True
        match tree:
            case ast.Call(ast.Attribute(value, "sum"), [], [ast.keyword("axis", axis)]) if self._is_gradient(node):
                if _adds_up_rows(node):
                    ones = self._kept("ones", call("np.ones", self._rows(), parse("np.float32")))
                    return assignment(target, method(ones, "dot", value, out=out)), True
                return assignment(target, method(value, "sum", axis=axis, out=out)), True
        return assignment(target, tree), False

    def _rows(self) -> ast.expr:
        return dim(BATCH, self.choice.sizes)

    def _kept(self, wish: str, tree: ast.expr) -> ast.expr:
        """The local name of an array that the workspace keeps."""
        text = show(tree)
        if text not in self.kept:
            self.kept[text] = self.names.unique(wish)
            self.fixed[self.kept[text]] = tree
        return name(self.kept[text])

    def _is_gradient(self, node: Node) -> bool:
        return self.choice.buffered and self.outputs.get(node, "").startswith("grad.")


def _into(node: Node, function: str, operands: Sequence[ast.expr], out: ast.expr) -> ast.expr:
    """The call that writes a function's result into `out`.

    `dot` gives two matrices to BLAS at once, half a microsecond before `np.matmul` does, and as a method of the array
    before `np.dot` does.
    """
    if node.op == "matmul" and all(operand.type.rank == 2 for operand in node.inputs):
        left, right = operands
        return method(left, "dot", right, out=out)
    return call(function, *operands, out=out)


def _adds_up_rows(node: Node) -> bool:
    """Whether a sum is that of a matrix's rows, one for each example: BLAS adds them up in a third of the time."""
    (matrix,) = node.inputs
    return matrix.type.rank == 2 and matrix.shape[0] == BATCH and matrix.type.dtype == "f32"


class _Lifetimes:
    """From where to where each buffer is needed, itself or by views of it, as statements are seen one by one."""

    def __init__(self) -> None:
        self.count = 0
        self.types: dict[str, TensorType] = {}
        self.first: dict[str, int] = {}
        self.last: dict[str, int] = {}
        self.behind: dict[str, frozenset[str]] = {}
        """The buffers in whose memory a variable may lie."""

    def see(self, reads: frozenset[str], target: str, node: Node, *, is_buffer: bool) -> None:
        """A statement that reads these variables and makes or changes `target`."""
        if is_buffer:
            self.types[target] = node.type
            self.first[target] = self.count
            self.behind[target] = frozenset({target})
        self.keep(reads)
        if target not in self.behind and node.op not in COPYING and node.type.rank:
            self.behind[target] = frozenset().union(*(self.behind.get(read, frozenset()) for read in reads))
        self.count += 1

    def keep(self, reads: frozenset[str]) -> None:
        for read in reads:
            for buffer in self.behind.get(read, ()):
                self.last[buffer] = self.count

    def all(self) -> list[Lifetime]:
        return [Lifetime(name, self.types[name], first, self.last[name]) for name, first in self.first.items()]


def _in_place(target: str, function: str, operands: Sequence[ast.expr]) -> list[str]:
    """The statement that puts a function of `target` in its place."""

    def is_target(tree: ast.expr) -> bool:
        return isinstance(tree, ast.Name) and tree.id == target

    if function in IN_PLACE and len(operands) == 2:
        left, right = operands
        if function in COMMUTATIVE and not is_target(left):
            left, right = right, left
        if is_target(left):
            return laid_out(f"{target} {IN_PLACE[function]}= ", right)
    return laid_out("", call(function, *operands, out=name(target)))


def _reads(tree: ast.expr) -> frozenset[str]:
    return frozenset(part.id for part in ast.walk(tree) if isinstance(part, ast.Name))
