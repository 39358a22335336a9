"""Whether a batch can be computed in parts: what of its rows is added up, and what each row needs of the others.

A value of the batch is one of

    number   the same for each part, but for a power of how many rows there are
    rows     one axis is the rows', and what lies there for a row comes from that row alone
    sum      added up over the rows

times the number of rows to the power of a degree: a mean is a sum of degree -1, and so are the gradients of a mean.
An operator that would mix rows in another way, as batch normalization does, has no such value, and then nothing is
said of the graph: an operator that is not known here only costs the parts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from nndsl.graph.node import Graph, Node
from nndsl.graph.sizes import BATCH, Dim, Size, product
from nndsl.transform.algebra import ELEMENTWISE
from nndsl.transform.names import ROW

ALONG_AN_AXIS = frozenset({"softmax", "log_softmax", "cumsum", "sort", "argmax", "argmin"})


class Mixed(Exception):
    """A value that is none of the three kinds."""


@dataclass(frozen=True)
class Share:
    """What is known of a value; `degree` None is any degree, that of zeros."""

    kind: Literal["number", "rows", "sum"]
    degree: int | None = 0


NUMBER, ROWS = Share("number"), Share("rows")


Joint = Literal["mean", "sum", "rows"]
"""How a value of the batch comes from those of its parts: their mean, weighted by rows, their sum, or one behind the
other."""


def joints(graph: Graph) -> dict[str, Joint] | None:
    """How each output of one of a step's graphs comes from those of a batch's parts: losses and gradients as means,
    accumulators of metrics as sums, and what each row has. None where an output needs the whole batch.

    A part is told where its rows begin by `nndsl.row`, so that dropout drops what it would drop in the whole batch.
    """
    try:
        shares = dict(shares_of(graph))
        return {name: _joint(name, node, shares[node]) for name, node in graph.outputs.items()}
    except Mixed:
        return None


def shares_of(graph: Graph) -> Iterator[tuple[Node, Share]]:
    """What is known of each value, operands first; raises `Mixed` at the first that is none of the kinds."""
    shares: dict[Node, Share] = {}
    for node in graph.nodes:
        shares[node] = _share(node, [shares[operand] for operand in node.inputs])
        yield node, shares[node]


def _joint(name: str, node: Node, share: Share) -> Joint:
    if share.kind == "rows" and share.degree in (0, None) and node.shape[:1] == (BATCH,):
        return "rows"
    match name.split(".")[0]:
        case "loss" | "grad" if _is_added(share, -1):
            return "mean"
        case "metric" if _is_added(share, 0):
            return "sum"
    raise Mixed


def _is_added(share: Share, degree: int) -> bool:
    """Whether it is a sum of this degree; a number is, if it is a power of the rows more."""
    return share.degree is None or share in (Share("sum", degree), Share("number", degree + 1))


def _share(node: Node, operands: list[Share]) -> Share:
    match node.op:
        case "input" if node.attributes["name"] == ROW:
            return Share("sum", None)  # nothing but random numbers may take it
        case "input":
            return ROWS if _axis(node) is not None else NUMBER
        case "constant":
            return NUMBER if node.attributes["value"].any() else Share("number", None)
        case "size":
            return _count(node.attributes["size"])
        case "random_uniform" if node.shape[:1] == (BATCH,) and _axis(node) == 0:
            return ROWS
        case "reduce_sum" | "reduce_mean":
            return _reduced(node, *operands)
        case "conv_kernel" if operands[0].kind == operands[1].kind == "rows" and _first(*node.inputs):
            return Share("sum", _times(*operands).degree)
        case "matmul":
            return _product(node, *operands)
        case "scatter_add" if operands[1] == ROWS:
            return _scattered(node, operands[0])
    share = _along(node, operands)
    if (share.kind == "rows") != (_axis(node) is not None):
        raise Mixed
    return share


def _along(node: Node, operands: list[Share]) -> Share:
    """Operators that treat each row alike, and by itself."""
    plain = _plain(operands)
    match node.op:
        case "add" | "sub":
            return _joined(_aligned(node, operands))
        case "where" if _plain(operands[:1]):
            condition, *values = _aligned(node, operands)
            return _times(replace(condition, degree=0), _joined(values))
        case "mul":
            return _times(*_aligned(node, operands))
        case "div" if operands[1].kind != "sum" and operands[1].degree is not None:
            x, divisor = _aligned(node, operands)
            return _times(x, replace(divisor, degree=-operands[1].degree))
        case "broadcast_to":
            (x,) = _aligned(node, operands)
            return replace(x, kind="rows") if x.kind == "number" and _axis(node) is not None else x
        case "neg" | "stop_gradient" | "transpose":
            return operands[0]
        case "cast" if plain or node.type.dtype in ("f32", "f64"):
            return operands[0]
        case op if op in ELEMENTWISE and plain:
            return replace(_joined(_aligned(node, operands)), degree=0)
        case "reshape" if _lies_alike(node.inputs[0], node):
            return operands[0]
        case "reduce_max" | "reduce_min" if plain and _axis(*node.inputs) not in node.attributes["axes"]:
            return operands[0]
        case op if op in ALONG_AN_AXIS and plain and _axis(*node.inputs) != node.attributes["axis"]:
            return replace(operands[0], degree=0)
        case "slice" | "pad" if _axis(*node.inputs) != node.attributes["axis"]:
            return operands[0]
        case "concat" if _axis(node) != node.attributes["axis"]:
            return _joined(operands)
        case "gather" if operands[0] == NUMBER or operands[1] == NUMBER:
            if _axis(node.inputs[0]) == node.attributes["axis"] or not _plain(operands[1:]):
                raise Mixed
            return _times(*operands)
        case "scatter_add" if operands[1] == NUMBER and _axis(node.inputs[0]) == _axis(node):
            return operands[0]
        case "take_along" | "put_along" if _plain(operands[1:]) and _axis(node) != node.attributes["axis"]:
            return _times(*operands)
        case "conv" | "conv_input" if operands[1].kind == "number" and _first(node.inputs[0]):
            return _times(*operands)
        case "max_pool" if plain and _first(*node.inputs):
            return operands[0]
        case "avg_pool" | "avg_pool_gradient" if _first(*node.inputs):
            return operands[0]
        case "max_pool_gradient" if _plain(operands[:2]) and _first(*node.inputs):
            return operands[2]
    raise Mixed


def _plain(operands: list[Share]) -> bool:
    """Whether they may go through any function: no factor, and nothing that is to be added up."""
    return all(share.kind != "sum" and share.degree in (0, None) for share in operands)


def _joined(operands: list[Share]) -> Share:
    """What holds for each of the values holds for their sum, and where they lie side by side.

    A number of one degree more is what adding up makes of it: it is that for each row.
    """
    kind = max((share.kind for share in operands), key=("number", "rows", "sum").index)
    if kind == "sum" and any(share.kind == "rows" for share in operands):
        raise Mixed
    more = {share: int(kind == "sum" and share.kind == "number") for share in operands}
    degrees = {share.degree - more[share] for share in operands if share.degree is not None}
    if len(degrees) > 1:
        raise Mixed
    return Share(kind, degrees.pop() if degrees else None)


def _times(*operands: Share) -> Share:
    """The product of the values, one of which at the most is to be added up."""
    kinds = [share.kind for share in operands if share.kind != "number"]
    if "sum" in kinds and len(kinds) > 1:
        raise Mixed
    degrees = [share.degree for share in operands]
    known = [degree for degree in degrees if degree is not None]
    return Share(kinds[0] if kinds else "number", sum(known) if len(known) == len(degrees) else None)


def _aligned(node: Node, operands: list[Share]) -> list[Share]:
    """The operands, whose elements meet where NumPy's broadcasting brings them: rows have to meet rows."""
    for operand, share in zip(node.inputs, operands, strict=True):
        if share.kind == "rows" and _from_behind(operand) != _from_behind(node):
            raise Mixed
    return operands


def _reduced(node: Node, x: Share) -> Share:
    axis, axes = _axis(*node.inputs), node.attributes["axes"]
    if x.kind != "rows" or axis not in axes:
        return x
    if node.op == "reduce_sum" or x.degree is None:
        return Share("sum", x.degree)
    return Share("sum", x.degree - 1)


def _product(node: Node, a: Share, b: Share) -> Share:
    """Rows against rows are added up where they are what the product sums over."""
    left, right = node.inputs
    summed = (_from_behind(left) == 1, _from_behind(right) == 2)
    if all(summed) and a.kind == b.kind == "rows" and _axis(node) is None:
        return Share("sum", _times(a, b).degree)
    if any(summed):
        raise Mixed
    return _times(*_aligned(node, [a, b]))


def _scattered(node: Node, updates: Share) -> Share:
    """Each row's updates are added to a table."""
    if updates.kind != "rows" or _axis(node) is not None:
        raise Mixed
    return Share("sum", updates.degree)


def _lies_alike(x: Node, y: Node) -> bool:
    """Whether a row's elements stay together, in the same place among the rows."""
    before, after = _axis(x), _axis(y)
    if before is None or after is None:
        return before is after
    return product(x.shape[:before]) == product(y.shape[:after])


def _count(size: Dim) -> Share:
    if isinstance(size, int):
        return NUMBER
    if not _is_rows(size):
        raise Mixed
    return Share("number", 1)


def _is_rows(size: Size) -> bool:
    """Whether it is the number of rows, or some times that."""
    return [atoms for atoms, _ in size.terms] == [atoms for atoms, _ in BATCH.terms]


def _first(*nodes: Node) -> bool:
    return all(_axis(node) == 0 for node in nodes)


def _from_behind(node: Node) -> int | None:
    """The place of the rows' axis, counted as broadcasting does."""
    axis = _axis(node)
    return None if axis is None else node.type.rank - axis


def _axis(node: Node) -> int | None:
    """The axis that is as long as there are rows, or some times as long; None where no axis is."""
    axes = [(axis, dim) for axis, dim in enumerate(node.shape) if isinstance(dim, Size) and BATCH.symbols & dim.symbols]
    if not axes:
        return None
    (axis, size), *more = axes
    if more or not _is_rows(size):
        raise Mixed
    return axis
