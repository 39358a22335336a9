"""Order in a model where ONNX Runtime sees none: memory that an operator writes, and another one reads as an input.

    token = nothing(x)              float32 [1, 0]: no number of x, and yet not there before x is
    after(k, token, …)              k [1, n], there when all of these are
    seen_after(memory, token)       the input `memory` [1, n], read no sooner than that

ONNX Runtime runs an operator when its operands are there, and asks nobody what lies in the memory of an input. Where
a session binds an output and an input to the same memory, what reads that input must have an operand that is made of
the output. Here this is a piece of it that has no elements: which piece a model learns from two inputs, so that
nobody can work out beforehand that it is empty, and leave it out.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nndsl.codegen.backend import Array
from nndsl.codegen.onnx.emit import Emitter
from nndsl.graph.facets import OnnxEmitter
from nndsl.graph.node import Node, Primitive
from nndsl.graph.sizes import symbol
from nndsl.graph.types import TensorType

FIRST, LAST = "nndsl.nothing.first", "nndsl.nothing.last"
"""The inputs that say where a piece of a matrix begins and ends which has no elements."""

BOUNDS = TensorType("i64", (2,))
"""Their type."""

TOKEN = TensorType("f32", (1, symbol("nothing")))
"""The type of such a piece; that its size is 0 is not to be seen."""


def bounds() -> dict[str, Array]:
    """What a session gives for these inputs."""
    return {FIRST: np.array([0, 0], np.int64), LAST: np.array([1, 0], np.int64)}


def emit_token(e: Emitter, values: Sequence[tuple[str, int]], others: Sequence[str]) -> str:
    """A token that waits for several float32 values, which are given with their ranks, and for others."""
    first, last = (e.input(name, BOUNDS.dtype, BOUNDS.shape) for name in (FIRST, LAST))
    pieces = [_piece(e, value, rank, first, last) for value, rank in values]
    pieces += [e.node("Cast", _piece(e, value, None, first, last), to=1) for value in others]
    return pieces[0] if len(pieces) == 1 else e.node("Concat", *pieces, axis=1)


def _piece(e: OnnxEmitter, value: str, rank: int | None, first: str, last: str) -> str:
    matrix = value if rank == 2 else e.node("Reshape", value, e.constant(np.array([1, -1], np.int64)))
    return e.node("Slice", matrix, first, last)


def _nothing_type(x: TensorType, first: TensorType, last: TensorType) -> TensorType:
    return TOKEN


def _onnx_nothing(e: OnnxEmitter, node: Node, x: str, first: str, last: str) -> str:
    return _piece(e, x, node.inputs[0].type.rank, first, last)


def _same_type(x: TensorType, *tokens: TensorType) -> TensorType:
    return x


def _onnx_after(e: OnnxEmitter, node: Node, x: str, *tokens: str) -> str:
    return e.node("Concat", x, *tokens, axis=1)


def _onnx_seen_after(e: OnnxEmitter, node: Node, memory: str, token: str) -> str:
    """In a shape that is asked for, 0 stands for the size that there is: [1, 0] is the shape [1, n] of the memory."""
    return e.node("Reshape", memory, e.node("Shape", token))


NOTHING = Primitive("nothing", ("x", "first", "last"), _nothing_type, "", _onnx_nothing, None, ())
AFTER = Primitive("after", ("x", "tokens"), _same_type, "", _onnx_after, None, (), variadic=True)
SEEN_AFTER = Primitive("seen_after", ("memory", "token"), _same_type, "", _onnx_seen_after, None, ())
