"""Convolution and its adjoints: against the definition, against each other, and over sizes that are not known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import windows
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import Array, apply
from windows import Geometry, geometries

from nndsl import ops
from nndsl.graph.builder import Builder
from nndsl.graph.evaluate import evaluate
from nndsl.graph.facets import numpy_expression
from nndsl.graph.node import Primitive
from nndsl.graph.sizes import BATCH, symbol
from nndsl.graph.types import TensorType, TypeMismatch
from nndsl.graph.verify import verify

groups_and_channels = st.tuples(st.integers(1, 3), st.integers(1, 2), st.integers(1, 2))
"""Groups, and the channels and filters of each: one channel in each of several groups is depthwise."""


@settings(max_examples=150, deadline=None)
@given(geometries(), groups_and_channels, st.integers(0, 2**32 - 1))
def test_convolution_and_its_adjoints(geometry: Geometry, counts: tuple[int, int, int], seed: int) -> None:
    """<conv(x, W), g> = <x, conv_input(g, W)> = <W, conv_kernel(x, g)> for all g makes them gradients: conv is linear
    in x and in W."""
    groups, channels, filters = counts
    random = np.random.default_rng(seed)
    x = random.normal(size=(geometry.batch, *geometry.shape, groups * channels))
    W = random.normal(size=(*geometry.kernel, channels, groups * filters))
    attributes = geometry.conv(groups)
    y = apply(ops.conv, x, W, **attributes)
    expected = windows.conv(x, W, geometry, groups)
    assert y.shape == expected.shape
    np.testing.assert_allclose(y, expected, rtol=1e-12, atol=1e-12)
    g = random.normal(size=y.shape)
    of_x = apply(ops.conv_input, g, W, shape=geometry.shape, **attributes)
    of_W = apply(ops.conv_kernel, x, g, kernel=geometry.kernel, **attributes)
    assert (of_x.shape, of_W.shape) == (x.shape, W.shape)
    for adjoint, operand in ((of_x, x), (of_W, W)):
        # rounding, relative to the terms of the sum, which may cancel
        np.testing.assert_allclose(
            np.vdot(operand, adjoint), np.vdot(y, g), atol=1e-12 * np.vdot(abs(y), abs(g)) + 1e-12
        )


@pytest.mark.parametrize(
    ("shape", "kernel", "channels", "filters", "strides", "groups"),
    [
        ((20, 21), (3, 3), 32, 32, (1, 1), 1),  # several blocks of examples; its input's gradient as a convolution
        ((20, 21), (3, 3), 8, 64, (1, 1), 1),  # the same by adding up
        ((20, 21), (3, 3), 32, 32, (2, 1), 4),
        ((20, 21), (3, 3), 64, 64, (1, 1), 64),
        ((100, 60), (3, 3), 32, 8, (1, 1), 1),  # an example alone is several blocks
        ((100, 60), (3, 3), 8, 32, (1, 1), 1),
        ((40,), (5,), 1, 9, (1,), 1),
    ],
)
def test_large_ones_keep_the_element_type(
    shape: tuple[int, ...], kernel: tuple[int, ...], channels: int, filters: int, strides: tuple[int, ...], groups: int
) -> None:
    """Against the same in double precision."""
    random = np.random.default_rng(0)
    x = random.normal(size=(9, *shape, channels))
    W = random.normal(size=(*kernel, channels // groups, filters))
    attributes = {
        "strides": strides,
        "padding": ((1, 1),) * len(shape),
        "dilation": (1,) * len(shape),
        "groups": groups,
    }
    g = np.asarray(random.normal(size=apply(ops.conv, x, W, **attributes).shape))
    cases: list[tuple[Primitive, tuple[Array, Array], dict[str, Any]]] = [
        (ops.conv, (x, W), {}),
        (ops.conv_input, (g, W), {"shape": shape}),
        (ops.conv_kernel, (x, g), {"kernel": kernel}),
    ]
    for primitive, operands, more in cases:
        exact = apply(primitive, *operands, **more, **attributes)
        found = apply(primitive, *(operand.astype(np.float32) for operand in operands), **more, **attributes)
        assert found.dtype == np.float32
        # sums of up to n = 50 000 products of about 1: √n roundings, relative to partial sums of up to about √n
        np.testing.assert_allclose(found, exact, atol=50_000 * 6e-8)


@pytest.mark.parametrize(
    ("geometry", "groups", "written"),
    [
        (Geometry(1, (9, 9), (3, 3), (1, 1), ((0, 0), (0, 0)), (1, 1)), 1, "conv(x, W)"),
        (
            Geometry(1, (9, 9), (3, 3), (2, 2), ((1, 1), (1, 1)), (1, 1)),
            2,
            "conv(x, W, strides=2, padding=1, groups=2)",
        ),
        (
            Geometry(1, (9, 9), (3, 3), (1, 2), ((0, 1), (0, 1)), (3, 3)),
            1,
            "conv(x, W, strides=(1, 2), padding=((0, 1), (0, 1)), dilation=3)",
        ),
    ],
)
def test_the_code_says_what_is_not_plain(geometry: Geometry, groups: int, written: str) -> None:
    builder = Builder()
    x = builder.input("x", TensorType("f32", (BATCH, *geometry.shape, 4)))
    W = builder.input("W", TensorType("f32", (*geometry.kernel, 4 // groups, 6)))
    assert numpy_expression(ops.conv(x, W, **geometry.conv(groups)).node, ("x", "W")) == written


def test_examples_do_not_touch_each_other() -> None:
    random = np.random.default_rng(0)
    x, W = random.normal(size=(7, 9, 9, 4)), random.normal(size=(3, 3, 4, 5))
    attributes: dict[str, Any] = {"strides": (1, 1), "padding": ((1, 1), (1, 1)), "dilation": (1, 1), "groups": 1}
    together = apply(ops.conv, x, W, **attributes)
    alone = [apply(ops.conv, x[i : i + 1], W, **attributes) for i in range(len(x))]
    np.testing.assert_allclose(together, np.concatenate(alone), rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize(
    ("strides", "padding", "dilation", "size"),
    [
        (1, (1, 1), 1, "time"),
        (1, (2, 0), 1, "time"),
        (1, (0, 0), 2, "time - 4"),
        (2, (0, 0), 1, "((time + 1) // 2) - 1"),
    ],
)
def test_a_free_size(strides: int, padding: tuple[int, int], dilation: int, size: str) -> None:
    builder = Builder()
    x = builder.input("x", TensorType("f64", (BATCH, symbol("time"), 2)))
    W = builder.input("W", TensorType("f64", (3, 2, 4)))
    attributes: dict[str, Any] = {"strides": (strides,), "padding": (padding,), "dilation": (dilation,), "groups": 1}
    y = ops.conv(x, W, **attributes)
    assert str(y.shape[1]) == size
    back = ops.conv_input(y, W, shape=x.shape[1:-1], **attributes)
    assert back.shape == x.shape
    assert ops.conv_kernel(x, y, kernel=(3,), **attributes).shape == W.shape
    random = np.random.default_rng(0)
    for length in (5, 8):
        values = {"x": random.normal(size=(2, length, 2)), "W": random.normal(size=(3, 2, 4))}
        found = evaluate(verify(builder.graph("free", {"y": y, "back": back})), values)
        geometry = Geometry(2, (length,), (3,), (strides,), (padding,), (dilation,))
        np.testing.assert_allclose(found["y"], windows.conv(values["x"], values["W"], geometry, 1), rtol=1e-12)
        assert found["back"].shape == values["x"].shape


def test_channels_may_be_a_free_size_where_they_are_not_divided() -> None:
    builder = Builder()
    n = symbol("n")
    x, W = builder.input("x", TensorType("f32", (BATCH, 9, n))), builder.input("W", TensorType("f32", (3, n, 4)))
    attributes: dict[str, Any] = {"strides": (1,), "padding": ((0, 0),), "dilation": (1,), "groups": 1}
    y = ops.conv(x, W, **attributes)
    assert ops.conv_kernel(x, y, kernel=(3,), **attributes).shape == W.shape
    with pytest.raises(TypeMismatch, match="n channels do not divide into 2 groups"):
        ops.conv(x, W, **{**attributes, "groups": 2})


def test_a_free_size_made_larger() -> None:
    """A transposed convolution doubles `time`: twice as many places have `time` windows by steps of two."""
    builder = Builder()
    time = symbol("time")
    g = builder.input("g", TensorType("f32", (BATCH, time, 2)))
    W = builder.input("W", TensorType("f32", (3, 4, 2)))
    attributes: dict[str, Any] = {
        "shape": (2 * time,),
        "strides": (2,),
        "padding": ((0, 1),),
        "dilation": (1,),
        "groups": 1,
    }
    x = ops.conv_input(g, W, **attributes)
    assert str(x.type) == "f32[batch, 2 * time, 4]"
