"""What convolution and pooling share: windows over spatial axes, their number, how they are written, ONNX's axes."""

from __future__ import annotations

from collections.abc import Sequence

from nndsl.graph.facets import OnnxEmitter
from nndsl.graph.node import Node
from nndsl.graph.sizes import Dim
from nndsl.graph.types import Shape, TensorType, TypeMismatch

Ints = tuple[int, ...]
Pairs = tuple[tuple[int, int], ...]


def require_spatial(x: TensorType, *attributes: Sequence[object]) -> None:
    """Raise `TypeMismatch` unless there are one to three axes between batch and channels, each with its attributes."""
    axes = x.rank - 2
    if not 1 <= axes <= 3:
        raise TypeMismatch(f"expects one, two or three axes between batch and channels, not {x}")
    for values in attributes:
        if len(values) != axes:
            raise TypeMismatch(f"{tuple(values)} does not say something of each of the {axes} spatial axes of {x}")


def window_counts(shape: Shape, kernel: Shape, strides: Ints, padding: Pairs, dilation: Ints) -> Shape:
    """How many windows fit along each axis; raises `TypeMismatch` where none does."""
    counts: list[Dim] = []
    for n, k, stride, (before, after), d in zip(shape, kernel, strides, padding, dilation, strict=True):
        if stride < 1 or d < 1:
            raise TypeMismatch(f"strides and dilation are 1 or more, not {stride} and {d}")
        if before < 0 or after < 0:
            raise TypeMismatch(f"cannot pad by {before} and {after}")
        whole = n + before + after
        extent = (k - 1) * d + 1
        if isinstance(whole, int) and isinstance(extent, int) and extent > whole:
            window = f"{k}" if d == 1 else f"{k} (dilated: {extent})"
            room = f"{n}" if n == whole else f"{n} (padded: {whole})"
            raise TypeMismatch(f"a window of {window} does not fit in an axis of {room}")
        counts.append((whole - extent) // stride + 1)
    return tuple(counts)


def channels_first(e: OnnxEmitter, x: str, rank: int) -> str:
    """[batch, *spatial, channels] -> [batch, channels, *spatial]"""
    return e.node("Transpose", x, perm=(0, rank - 1, *range(1, rank - 1)))


def channels_last(e: OnnxEmitter, x: str, rank: int) -> str:
    """[batch, channels, *spatial] -> [batch, *spatial, channels]"""
    return e.node("Transpose", x, perm=(0, *range(2, rank), 1))


def numpy_windows(node: Node) -> str:
    """Strides, padding, dilation and groups as keyword arguments: those that are not the default, in few words."""
    written = []
    for key, plain in (("strides", 1), ("padding", 0), ("dilation", 1), ("groups", 1)):
        value = node.attributes.get(key, plain)
        if isinstance(value, tuple):
            numbers = {n for item in value for n in (item if isinstance(item, tuple) else (item,))}
            value = numbers.pop() if len(numbers) == 1 else value
        if value != plain:
            written.append(f", {key}={value}")
    return "".join(written)
