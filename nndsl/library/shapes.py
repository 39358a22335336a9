"""Functions that move, pick out or put together elements along an example's axes."""

from __future__ import annotations

from itertools import pairwise

from nndsl import ops
from nndsl.graph.builder import Value
from nndsl.graph.sizes import Dim, product, show_shape
from nndsl.library import arithmetic
from nndsl.library.arguments import Axis, Misuse, Tensor
from nndsl.library.operands import at_least_one, known_size, lead, numbers, own_axis, own_shape
from nndsl.library.registry import composite

KERAS = "https://keras.io/api/ops/numpy/"


@composite("function", "matmul", example="x: f32[3, 4], y: f32[4, 2] => matmul(x, y)", follows=KERAS)
def matmul(a: Tensor, b: Tensor) -> Tensor:
    """a @ b, the matrix product of each example: [..., n, k], [..., k, m] -> [..., n, m]."""
    return arithmetic.matmul(a, b)


@composite("function", "transpose", example="x: f32[2, 3, 4] => transpose(x, [2, 0, 1])", follows=KERAS)
def transpose(x: Tensor, axes: Axis = None) -> Tensor:
    """An example's axes in another order (reversed, if none is given): [batch, 3, 4] -> [batch, 4, 3]."""
    rank = len(own_shape(x))
    order = tuple(reversed(range(rank))) if axes is None else axes
    absolute = [own_axis("transpose", x, axis) for axis in order]
    if sorted(absolute) != list(range(lead(x), x.rank)):
        raise Misuse(
            f"`transpose` is given the axes {list(order)} for {show_shape(x.shape)}",
            label=f"must be 0 to {rank - 1}, each once",
            argument="axes",
        )
    return ops.transpose(x, axes=(*range(lead(x)), *absolute))


@composite("function", "stack", example="x: f32[4], y: f32[4] => stack(x, y)", follows=KERAS)
def stack(*xs: Tensor, axis: int = 0) -> Tensor:
    """Tensors of one shape along a new axis: n times [batch, d] -> [batch, n, d]."""
    at_least_one("stack", xs)
    values = _alike(xs)
    first = values[0]
    for other in values[1:]:
        if other.shape != first.shape:
            raise Misuse(
                f"`stack` combines {show_shape(first.shape)} with {show_shape(other.shape)}",
                label="needs tensors of one shape",
                help="`concat` puts together tensors that differ along one axis",
            )
    rank = len(own_shape(first)) + 1
    if not -rank <= axis < rank:
        raise Misuse(
            f"`stack` is asked for axis {axis} of a result with {rank} axes",
            label=f"must be from {-rank} to {rank - 1}",
            argument="axis",
        )
    at = lead(first) + axis % rank
    widened = [ops.reshape(x, shape=(*x.shape[:at], 1, *x.shape[at:])) for x in values]
    return ops.concat(*widened, axis=at)


@composite("function", "slice", example="x: f32[5, 4] => slice(x, 1, 3)", follows=KERAS)
def slice_(x: Tensor, start: int, stop: int | None = None, *, step: int = 1, axis: int = 0) -> Tensor:
    """Elements `start` to `stop` (not included) of an axis, counted as in Python: [batch, 5, 4] -> [batch, 2, 4]."""
    along = own_axis("slice", x, axis)
    size = x.shape[along]
    first, last = _bound(start, size), size if stop is None else _bound(stop, size)
    if step < 1:
        raise Misuse(f"`slice` is asked for every {step}th element", label="must be at least 1", argument="step")
    known = isinstance(first, int) and isinstance(last, int)
    if known and first >= last:  # type: ignore[operator]
        raise Misuse(
            f"`slice` is asked for elements {start} to {stop if stop is not None else size} of {show_shape(x.shape)}",
            label=f"none is left of the {size}",
        )
    return ops.slice(x, axis=along, start=first, stop=last, step=step)


@composite("function", "split", example="x: f32[6, 4] => stack(split(x, 2))", follows=KERAS)
def split(x: Tensor, sections: int | tuple[int, ...], axis: int = 0) -> tuple[Tensor, ...]:
    """An axis in equal sections, or cut before the given indices: `a, b = x -> split(2)` is [batch, 6, 4] -> twice
    [batch, 3, 4], `a, b, c = x -> split([1, 3])` sections of 1, 2 and 3."""
    along = own_axis("split", x, axis)
    size = known_size("split", x, along, ", which it cuts")
    if isinstance(sections, int) and (sections < 1 or size % sections):
        raise Misuse(
            f"`split` is to cut an axis of {show_shape(x.shape)} into {sections} equal sections",
            label=f"{size} does not divide into {sections}",
            argument="sections",
            help="a list of indices gives unequal ones: split([1, 3]) cuts before 1 and before 3",
        )
    cuts = tuple(range(0, size, size // sections))[1:] if isinstance(sections, int) else sections
    ends = (0, *cuts, size)
    if any(start >= stop for start, stop in pairwise(ends)):
        raise Misuse(
            f"`split` is to cut an axis of {size} before {list(cuts)}",
            label=f"indices must rise, from 1 to {size - 1}",
            argument="sections",
        )
    return tuple(ops.slice(x, axis=along, start=start, stop=stop, step=1) for start, stop in pairwise(ends))


def _bound(index: int, size: Dim) -> Dim:
    """An end of a slice, counted from 0 and kept inside the axis where its size is known."""
    bound = index + size if index < 0 else index
    return min(max(bound, 0), size) if isinstance(bound, int) and isinstance(size, int) else bound


@composite("function", "gather", example="x: f32[5, 4], y: i64[3] => gather(x, y % 5)", follows=KERAS)
def gather(x: Tensor, indices: Tensor, axis: int = 0) -> Tensor:
    """The elements at these indices of an axis, of each example its own: [batch, 5, 4], [batch, 3] -> [batch, 3, 4].

    Indices that have no batch axis are the same for every example; from a tensor without one (a parameter), every
    example takes its own: [5, 4], [batch, 3] -> [batch, 3, 4].
    """
    along = own_axis("gather", x, axis)
    if indices.dtype != "i64":
        indices = ops.cast(indices, dtype="i64")
    if not (x.batched and indices.batched):
        if indices.batched and along > 0:
            front = (along, *(i for i in range(x.rank) if i != along))
            taken = ops.gather(ops.transpose(x, axes=front), indices, axis=0)
            own = range(1, indices.rank)
            rest = range(indices.rank, taken.rank)
            return ops.transpose(taken, axes=(0, *rest[:along], *own, *rest[along:]))
        return ops.gather(x, indices, axis=along)
    count = product(own_shape(indices))
    places = ops.reshape(indices, shape=(x.shape[0], *(1,) * (along - 1), count, *(1,) * (x.rank - along - 1)))
    places = ops.broadcast_to(places, shape=(*x.shape[:along], count, *x.shape[along + 1 :]))
    taken = ops.take_along(x, places, axis=along)
    return ops.reshape(taken, shape=(*x.shape[:along], *own_shape(indices), *x.shape[along + 1 :]))


def _alike(xs: tuple[Value, ...]) -> tuple[Value, ...]:
    """Indices as they are, if all are; else numbers."""
    return xs if {x.dtype for x in xs} == {"i64"} else numbers(*xs)
