"""How far windows go, for any sizes, strides and dilation; and what is said of operands they do not fit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nndsl.graph.builder import Builder, Value
from nndsl.graph.evaluate import evaluate
from nndsl.graph.sizes import BATCH, symbol
from nndsl.graph.types import TensorType
from nndsl.library import convolution, images, pooling
from nndsl.library.arguments import Misuse
from nndsl.library.einsum import dot
from nndsl.library.noise import spatial_dropout2d
from nndsl.library.transposed import conv2d_transpose
from nndsl.library.windows import channels_first, spatial, window_padding
from nndsl.model.apply import Collected, Scope

TIME = symbol("time")


def image(*shape: Any) -> Value:
    return Builder().input("x", TensorType("f32", (BATCH, *shape)))


def scope(x: Value) -> Scope:
    return Scope(x.builder, "layer", Collected())


sizes = st.integers(1, 12)
steps = st.integers(1, 4)


@given(n=sizes, k=sizes, s=steps, d=steps)
def test_same_keeps_the_size_but_for_strides(n: int, k: int, s: int, d: int) -> None:
    """As many windows as strides begin inside, from no more zeros than that takes, the odd one behind."""
    x = image(n, 1)
    ((before, after),) = window_padding("conv1d", x, (k,), (s,), "same", argument="kernel_size", dilation=(d,))
    reach = (k - 1) * d + 1
    count = -(-n // s)
    assert (n + before + after - reach) // s + 1 == count
    assert after - before in (0, 1)
    if before + after:
        assert n + before + after == (count - 1) * s + reach


@given(n=sizes, k=sizes, s=steps, d=steps)
def test_causal_windows_end_where_they_stand(n: int, k: int, s: int, d: int) -> None:
    x = image(n, 1)
    y = convolution.conv1d(scope(x), x, 1, (k,), strides=(s,), padding="causal", dilation=(d,))
    assert y.shape == (BATCH, -(-n // s), 1)


@given(n=st.integers(2, 8), rows=st.integers(1, 3), k=st.integers(1, 4), d=st.integers(1, 2))
def test_causal_convolution_sees_nothing_of_what_comes(n: int, rows: int, k: int, d: int) -> None:
    x = image(n, 2)
    y = convolution.conv1d(scope(x), x, 3, (k,), padding="causal", dilation=(d,))
    random = np.random.default_rng(n)
    values = {"x": random.normal(size=(rows, n, 2)), "layer.W": random.normal(size=(k, 2, 3)), "layer.b": np.zeros(3)}
    graph = x.builder.graph("causal", {"y": y})
    whole = evaluate(graph, values, float_dtype="f64")["y"]
    later = values["x"].copy()
    later[:, n // 2 :] = 99
    changed = evaluate(graph, {**values, "x": later}, float_dtype="f64")["y"]
    np.testing.assert_allclose(changed[:, : n // 2], whole[:, : n // 2])
    assert not np.allclose(changed[:, n // 2], whole[:, n // 2])


@given(n=sizes, k=sizes, s=steps, d=steps)
def test_valid_windows_lie_inside(n: int, k: int, s: int, d: int) -> None:
    x = image(n, n, 1)
    if (k - 1) * d + 1 > n:
        with pytest.raises(Misuse, match="the kernel of `conv2d` is larger than"):
            convolution.conv2d(scope(x), x, 1, (k, 1), dilation=(d, 1))
    else:
        y = convolution.conv2d(scope(x), x, 5, (k, 1), strides=(s, 1), dilation=(d, 1))
        assert y.shape == (BATCH, (n - (k - 1) * d - 1) // s + 1, n, 5)


@given(n=sizes, k=st.integers(1, 5), s=steps, d=st.integers(1, 2), padding=st.sampled_from(["valid", "same"]))
def test_a_convolution_leads_back_from_a_transposed_one(n: int, k: int, s: int, d: int, padding: Any) -> None:
    """Keras's sizes, from which a convolution with the same settings comes to where it began."""
    x = image(n, 1, 1)
    settings: dict[str, Any] = {"strides": (s, 1), "padding": padding, "dilation": (d, 1)}
    y = conv2d_transpose(scope(x), x, 2, (k, 1), **settings)
    reach = (k - 1) * d + 1
    assert y.shape == (BATCH, n * s if padding == "same" else (n - 1) * s + max(reach, s), 1, 2)
    back = convolution.conv2d(Scope(y.builder, "back", Collected()), y, 1, (k, 1), **settings)
    assert back.shape == (BATCH, n, 1, 1)


@given(n=sizes, k=sizes, s=steps)
def test_pools_of_one_value_are_that_value(n: int, k: int, s: int) -> None:
    """What is put around counts for nothing: neither zeros in a mean nor a maximum above -1."""
    x = image(n, 1)
    values = {"x": np.full((2, n, 1), -1.0)}
    for pool in (pooling.max_pool1d, pooling.avg_pool1d):
        graph = x.builder.graph("pool", {"y": pool(x, (k,), strides=(s,), padding="same")})
        np.testing.assert_allclose(evaluate(graph, values)["y"], np.full((2, -(-n // s), 1), -1.0), rtol=1e-6)


def test_sizes_may_be_known_only_with_the_data() -> None:
    x = image(TIME, 2)
    y = convolution.conv1d(scope(x), x, 4, (3,), padding="same")
    assert y.shape == (BATCH, TIME, 4)
    assert convolution.conv1d(Scope(x.builder, "other", Collected()), y, 4, (3,)).shape == (BATCH, TIME - 2, 4)


@pytest.mark.parametrize(
    ("use", "message", "label"),
    [
        (
            lambda: window_padding("conv1d", image(TIME, 2), (3,), (2,), "same", argument="kernel_size"),
            "`conv1d` needs to know the sizes of [batch, time, 2]: with strides, `same` pads what is left over",
            "`time` is known only when the data are",
        ),
        (
            lambda: convolution.conv1d(scope(image(9, TIME)), image(9, TIME), 1, (3,)),
            "`conv1d` needs to know the channels of [batch, 9, time], which set the size of its W",
            "`time` is known only when the data are",
        ),
        (
            lambda: images.up_sampling2d(image(TIME, 4, 1), interpolation="bilinear"),
            "`up_sampling2d` needs to know the sizes of [batch, time, 4, 1] to interpolate",
            "`time` is known only when the data are",
        ),
        (
            lambda: spatial("conv1d", Builder().input("W", TensorType("f32", (3, 4))), 1),
            "`conv1d` is given [3, 4]",
            "is not one tensor for each example",
        ),
        (
            lambda: images.permute(image(2, 3), (0, 0)),
            "`permute` is given the axes [0, 0] for [batch, 2, 3]",
            "must be 0 to 1, each once",
        ),
        (
            lambda: images.repeat_vector(image(2, 3), 4),
            "`repeat_vector` is given [batch, 2, 3]",
            "works on vectors, [batch, d]",
        ),
        (lambda: dot(image(3), image(3), (0, 0, 0)), "`dot` is given 3 axes", "takes one, or a list of two"),
        (lambda: dot(image(3), image(3), None), "`dot` is given 0 axes", "takes one, or a list of two"),
        (
            lambda: dot(image(3), image(4)),
            "`dot` multiplies [batch, 3] with [batch, 4]",
            "an axis of 3 meets one of 4",
        ),
        (
            lambda: spatial_dropout2d(scope(image(3)), image(3), 0.5),
            "`spatial_dropout2d` is given [batch, 3]",
            "works on images, [batch, height, width, channels]",
        ),
    ],
)
def test_misuse(use: Any, message: str, label: str) -> None:
    with pytest.raises(Misuse) as caught:
        use()
    assert caught.value.message == message
    assert caught.value.label == label


@pytest.mark.parametrize("shape", [(3, 32, 32), (1, 28, 28), (4, 8, 8), (1, 16, 16, 16)])
def test_channels_first_is_recognised(shape: tuple[int, ...]) -> None:
    order = [*range(1, len(shape)), 0]
    assert f"`permute({order})`" in channels_first(shape)


@pytest.mark.parametrize("shape", [(32, 32, 3), (28, 28, 1), (3, 3, 3), (2, 2, 64), (1, 28, 30), (3, 32), (TIME, 8, 8)])
def test_other_shapes_are_left_alone(shape: Any) -> None:
    assert channels_first(shape) == ""
