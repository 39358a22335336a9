"""A primitive's samples as graphs to run: one application each, on values that keep away from the declared kinks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nndsl.ops  # noqa: F401 (fills PRIMITIVES)
from nndsl.graph.builder import Builder, Value
from nndsl.graph.evaluate import evaluate
from nndsl.graph.node import PRIMITIVES, Graph, Primitive, Sample
from nndsl.graph.sizes import BATCH, Dim, substitute
from nndsl.graph.types import NUMPY_DTYPES, TensorType
from nndsl.ops.rules import FLOATS

Array = np.ndarray[Any, Any]

ROWS = 3
"""The size of the batch in all samples."""


def cases() -> list[Any]:
    """A pytest parameter `primitive, sample` for each sample of each primitive."""
    return [case(primitive, number) for primitive in PRIMITIVES.values() for number in range(len(primitive.samples))]


def case(primitive: Primitive, number: int) -> Any:
    return pytest.param(primitive, primitive.samples[number], id=f"{primitive.name}-{number}")


def differentiable_cases() -> list[Any]:
    """The samples of primitives that declare a gradient, as far as floats go in and come out."""
    return [
        case(primitive, number)
        for primitive in PRIMITIVES.values()
        if primitive.gradient is not None
        for number, sample in enumerate(primitive.samples)
        if primitive.type(*sample.inputs, **sample.attributes).dtype in FLOATS
        and any(type.dtype in FLOATS for type in sample.inputs)
    ]


def sample_graph(primitive: Primitive, sample: Sample) -> Graph:
    """The sample applied to inputs `x0`, `x1`…; an input `anchor` tells the batch's size where no operand does."""
    builder = Builder()
    builder.input("anchor", TensorType("f32", (BATCH,)))
    operands = [builder.input(f"x{i}", type) for i, type in enumerate(sample.inputs)]
    return builder.graph("sample", {"y": builder.apply(primitive, operands, sample.attributes)})


def sample_values(graph: Graph, sample: Sample, seed: int = 0) -> dict[str, Array]:
    """Values for the inputs, drawn between the sample's bounds; floats at least 0.05 away from every kink."""
    random = np.random.default_rng(seed)
    values: dict[str, Array] = {}
    for name, node in graph.inputs.items():
        shape = sizes(node.shape)
        if node.type.dtype == "bool":
            values[name] = random.random(shape) < 0.5
        elif node.type.dtype not in FLOATS:
            whole = random.integers(int(sample.low), int(sample.high) + 1, shape)
            values[name] = whole.astype(NUMPY_DTYPES[node.type.dtype])
        else:
            drawn = random.uniform(sample.low, sample.high, shape)
            for kink in sample.kinks:
                drawn = np.where(np.abs(drawn - kink) < 0.05, kink + 0.05 + np.abs(drawn - kink), drawn)
            values[name] = drawn
    return values


def sizes(shape: tuple[Dim, ...]) -> tuple[int, ...]:
    """A shape with the batch's size put in."""
    return tuple(int(substitute(dim, {"batch": ROWS})) for dim in shape)  # type: ignore[arg-type]


def apply(primitive: Primitive, *arrays: Any, **attributes: Any) -> Array:
    """The primitive's NumPy code on arrays of any type that graphs know."""
    builder = Builder()
    operands = [operand(builder, f"x{i}", np.asarray(array)) for i, array in enumerate(arrays)]
    graph = builder.graph("once", {"y": builder.apply(primitive, operands, attributes)})
    return evaluate(graph, {f"x{i}": array for i, array in enumerate(arrays)})["y"]


def operand(builder: Builder, name: str, array: Array) -> Value:
    dtype = next(key for key, known in NUMPY_DTYPES.items() if np.dtype(known) == array.dtype)
    return builder.input(name, TensorType(dtype, array.shape))
