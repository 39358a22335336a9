"""Choices: which values get a name, and which steps change an array in place.

x @ W + b                      used once, cheap: written into the expression that uses it
hidden = relu(x @ W + b)       the program names it, or it is used twice
h = x @ W; h += b; relu(h)     in a buffered body, steps on a large array that nothing else needs: a chain
                               (in any body where the array is wide: a second one is memory that the system hands out
                               anew in every call)
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from nndsl.codegen.numpy.forms import is_truth, is_wide
from nndsl.codegen.numpy.scalars import is_weak
from nndsl.codegen.numpy.schedule import VIEWS, Section
from nndsl.codegen.numpy.spelling import repeats_operand
from nndsl.graph.node import Graph, Node

HEAVY = 5
"""An expression of more operations than this, within another one, is given a name."""

UFUNCS = frozenset(
    "neg abs sign exp expm1 log log1p sqrt sin cos tanh relu floor round add sub mul div maximum minimum".split()
)
"""Element-wise primitives that NumPy can compute in place."""

PRODUCTS = frozenset(["matmul", "conv", "conv_input"])
"""What a chain begins with: a large new array, whose bias and activation are then computed in place."""

INTO = PRODUCTS | frozenset("max_pool max_pool_gradient avg_pool avg_pool_gradient".split())
"""Primitives other than ufuncs whose code takes `out=`, the array to write the result into."""

COPYING = (
    INTO
    | UFUNCS
    | frozenset(
        "pow mod sigmoid softplus erf softmax log_softmax where "
        "concat pad gather scatter_add take_along put_along".split()
    )
)
"""Primitives whose result is a new array, so that it may be changed."""


@dataclass
class Choice:
    """`variables` are the nodes that become statements; `previous` is the step before, of the same array.

    `said` are the names that the program itself gives, None for all that there are.
    """

    graph: Graph
    order: Sequence[Node]
    buffered: bool
    said: Collection[str] | None
    sizes: Mapping[str, str]
    variables: set[Node] = field(default_factory=set)
    previous: dict[Node, Node] = field(default_factory=dict)
    leads: dict[Node, bool] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        """Users are looked at before what they use."""
        self.users = self.graph.users()
        self.outputs = set(self.graph.outputs.values())
        heavy = self._heavy()
        for node in reversed(self.order):
            if node in self.variables:  # a step before another one
                self._chain(node)
            elif self._is_variable(node, heavy):
                self.variables.add(node)
                self._chain(node)

    def chains(self) -> list[list[Node]]:
        """The variables, each as the steps that make it."""
        chains: dict[Node, list[Node]] = {}
        for node in self.order:
            if node in self.variables:
                chains[node] = [*chains.pop(self.previous[node], []), node] if node in self.previous else [node]
        return list(chains.values())

    def own_name(self, node: Node) -> str:
        """The name that the program gives the value (or the adjoint of such a value)."""
        given = self.said is None or node.name in self.said or node.name.removeprefix("d_") in self.said
        return node.name if given else ""

    def _is_variable(self, node: Node, heavy: set[Node]) -> bool:
        if node.op == "constant" or (is_weak(node) and not self.own_name(node)):
            return False
        if self.own_name(node) or node in self.outputs or node.op == "random_uniform":
            return True
        users = self.users[node]
        if node.op in VIEWS and node.type.rank:
            return False
        if (
            self._times_written(node) != 1
            or node in heavy
            or (self.buffered and is_big(node) and self._leads_to_product(node))
        ):
            return True
        (user,) = users
        if Section.of(user.origin) != Section.of(node.origin) and not {user.op, node.op} & (VIEWS | {"slice"}):
            return True
        return repeats_operand(user, user.inputs.index(node), self.sizes)

    def _times_written(self, node: Node) -> int:
        """How often the node's expression would stand in the code: once for each use of each view of it."""
        written = 0
        for user in self.users[node]:
            is_view = user.op in VIEWS and user.type.rank and not self.own_name(user) and user not in self.outputs
            written += self._times_written(user) if is_view else 1
        return written

    def _heavy(self) -> set[Node]:
        """Nodes whose expressions would be too long to stand within another one."""
        weight: dict[Node, int] = {}
        heavy = set()
        for node in self.order:
            inner = [o for o in node.inputs if o in weight and len(self.users[o]) == 1 and not self.own_name(o)]
            total = (node.op not in VIEWS and not is_weak(node)) + sum(weight[o] for o in inner if o not in heavy)
            weight[node] = total
            into_layer = total > 1 and any(user.op in ("matmul", "concat") for user in self.users[node])
            if total > HEAVY or (into_layer and node.op not in VIEWS):
                heavy.add(node)
        return heavy

    def _chain(self, node: Node) -> None:
        """Let a step on a large array change its operand in place, where nothing else needs that operand."""
        steps = self.buffered or (is_wide(node) and self._leads_to_product(node))
        if not (is_total(node) or (steps and is_ufunc(node) and is_big(node))):
            return
        candidates = [operand for operand in node.inputs if self._may_change(operand, node)]
        if is_total(node):
            candidates = [o for o in candidates if Section.of(o.origin) != Section.of(node.origin)]
        if not candidates:
            return
        previous = next((c for c in candidates if self._leads_to_product(c)), candidates[0])
        self.previous[node] = previous
        self.variables.add(previous)

    def _may_change(self, operand: Node, node: Node) -> bool:
        if operand.op in ("input", "constant") or is_weak(operand) or operand.type != node.type:
            return False
        if len(self.users[operand]) != 1 or not (self._is_new(operand) or is_total(node)):
            return False
        if operand in self.outputs or operand.origin.phase != node.origin.phase:
            return False
        return not self.own_name(operand) or (node.origin.phase != "forward" and not self.own_name(node))

    def _is_new(self, node: Node) -> bool:
        """Whether a value is an array of its own, or the one view of such an array."""
        if node.op in ("reshape", "transpose"):
            (base,) = node.inputs
            return len(self.users[base]) == 1 and base not in self.outputs and self._is_new(base)
        return node.op in COPYING

    def _leads_to_product(self, node: Node) -> bool:
        """Whether a chain that ends in this node would begin with a product."""
        path = []
        while node not in self.leads:
            path.append(node)
            following = [o for o in node.inputs if self._may_change(o, node)]
            if not is_ufunc(node) or not following:
                self.leads[node] = node.op in PRODUCTS
            else:
                node = next((o for o in following if o.op in PRODUCTS), following[0])
        self.leads.update(dict.fromkeys(path, self.leads[node]))
        return self.leads[node]


def is_big(node: Node) -> bool:
    """Whether it pays to keep a buffer for a value."""
    return node.type.dtype in ("f32", "f64") and node.type.rank >= 2


def is_ufunc(node: Node) -> bool:
    """Whether NumPy can write the node's result into a given array."""
    return node.op in UFUNCS


def fills_buffer(node: Node) -> bool:
    """Whether a new array is written into a buffer: products, and what is computed from arrays like it."""
    like = (operand for operand in node.inputs if operand.type == node.type and not is_truth(operand))
    return node.op in INTO or (is_ufunc(node) and any(like))


def is_total(node: Node) -> bool:
    """A sum of scalars (a loss and its regularisation), which may be added up statement by statement."""
    return node.op == "add" and node.type.rank == 0 and node.type.dtype == "f32"
