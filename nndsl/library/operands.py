"""How composites read their operands: as numbers or truth values, by one example's axes, aligned with each other."""

from __future__ import annotations

from nndsl.graph.builder import Value
from nndsl.graph.sizes import Dim, show_shape
from nndsl.graph.types import Shape, TypeMismatch, broadcast
from nndsl.library.arguments import Misuse
from nndsl.ops import cast, not_equal, reshape


def number(x: Value) -> Value:
    """`x` as floating-point numbers: a class is its index, a truth value 0 or 1."""
    return x if x.dtype in ("f32", "f64") else cast(x, dtype="f32")


def numbers(*xs: Value) -> tuple[Value, ...]:
    """All of them as numbers of one precision: f64 if there is one (as in the graphs that finish metrics)."""
    made = tuple(map(number, xs))
    if len({x.dtype for x in made}) == 1:
        return made
    return tuple(x if x.dtype == "f64" else cast(x, dtype="f64") for x in made)


def indicator(truth: Value) -> Value:
    """1.0 where true, 0.0 where false."""
    return cast(truth, dtype="f32")


def truth(x: Value) -> Value:
    """Whether a number isn't 0; for the 0/1 of a comparison, the comparison itself."""
    if x.node.op == "cast" and x.node.inputs[0].type.dtype == "bool":
        return Value(x.builder, x.node.inputs[0])
    return x if x.dtype == "bool" else not_equal(x, x.builder.constant(0, x.dtype))


def lead(x: Value) -> int:
    """How many axes stand before those of one example: 1 for a batched value, else 0."""
    return 1 if x.batched else 0


def own_shape(x: Value) -> Shape:
    """One example's shape."""
    return x.shape[lead(x) :]


def vector(x: Value) -> Value:
    """`x`, a single number per example counting as one of `[1]`: [batch] -> [batch, 1]."""
    return x if own_shape(x) else reshape(x, shape=(*x.shape, 1))


def own_axis(name: str, x: Value, axis: int) -> int:
    """The graph axis for an axis of one example (negative: from the end); `name` is who asks."""
    rank = len(own_shape(x))
    if not -rank <= axis < rank:
        raise Misuse(
            f"`{name}` is asked for axis {axis} of {show_shape(x.shape)}",
            label="an example is a single number, it has no axes" if rank == 0 else f"an example has {_axes(rank)}",
            argument="axis",
            help="axes are counted without the batch, from 0, or from the end with -1" if rank else None,
        )
    return lead(x) + axis % rank


def own_axes(name: str, x: Value, axis: tuple[int, ...] | None) -> tuple[int, ...]:
    """The graph axes for axes of one example, in order; all of them for None."""
    if axis is None:
        return tuple(range(lead(x), x.rank))
    axes = tuple(sorted(own_axis(name, x, a) for a in axis))
    if len(set(axes)) < len(axes):
        raise Misuse(f"`{name}` is given an axis twice: {list(axis)}", argument="axis")
    return axes


def known_size(name: str, x: Value, axis: int, why: str) -> int:
    """The size of a graph axis (negative: from the end) that `name` must know while compiling; `why` completes the
    sentence about that axis."""
    size = x.shape[axis]
    if not isinstance(size, int):
        which = "the last axis" if axis % x.rank == x.rank - 1 else f"axis {axis - lead(x)}"
        raise Misuse(
            f"`{name}` needs to know {which} of {show_shape(x.shape)}{why}",
            label=f"`{size}` is known only when the data are",
            help="give that axis a number where the input is declared",
        )
    return size


def at_least_one(name: str, xs: tuple[Value, ...]) -> None:
    """Refuse a call that gives no tensor where there may be any number."""
    if not xs:
        raise Misuse(f"`{name}` is given no tensor", label="takes one or more")


def align(name: str, *xs: Value) -> tuple[Value, ...]:
    """The operands reshaped so that NumPy's broadcasting over graph shapes is broadcasting over an example's axes.

    The batch axis lines up with itself only: [batch, 5] beside [batch, 3, 5] becomes [batch, 1, 5]; what has no batch
    axis (a parameter, a constant) lines up with the last axes.
    """
    rank = max(len(own_shape(x)) for x in xs)
    aligned = tuple(widen(x, rank) for x in xs)
    try:
        broadcast(*(x.shape for x in aligned))
    except TypeMismatch:
        first, second = next((a, b) for a in xs for b in xs if not _fit(own_shape(a), own_shape(b)))
        left, right = next(pair for pair in _beside(own_shape(first), own_shape(second)) if _clash(*pair))
        raise Misuse(
            f"`{name}` combines {show_shape(first.shape)} with {show_shape(second.shape)}",
            label=f"an axis of {left} cannot line up with one of {right}",
            help="axes line up from the last one; each pair must be equal, or one of them 1",
        ) from None
    return aligned


def widen(x: Value, rank: int) -> Value:
    """A batched value with axes of 1 behind the batch axis, so that an example has `rank` axes."""
    missing = rank - len(own_shape(x))
    return reshape(x, shape=(x.shape[0], *(1,) * missing, *own_shape(x))) if x.batched and missing else x


def _beside(a: Shape, b: Shape) -> list[tuple[Dim, Dim]]:
    return list(zip(reversed(a), reversed(b), strict=False))


def _clash(a: Dim, b: Dim) -> bool:
    return a not in (1, b) and b != 1


def _fit(a: Shape, b: Shape) -> bool:
    return not any(_clash(*pair) for pair in _beside(a, b))


def _axes(rank: int) -> str:
    return "one axis, 0" if rank == 1 else f"{rank} axes, 0 to {rank - 1}"
