"""Channels first between layers: the same results with few transpositions, by any choice of products."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from convolutional import (
    HALVES,
    PLAIN,
    ROWS,
    SAME,
    Network,
    agree,
    flat,
    model_of,
    random_network,
    two_convolutions,
    up_sampled,
)
from onnx_checks import checked, run

import nndsl
from nndsl import ops
from nndsl.codegen.onnx import convolution, emit
from nndsl.codegen.onnx.blocks import Images
from nndsl.codegen.onnx.layout import channels_first
from nndsl.codegen.onnx.models import train_model
from nndsl.codegen.onnx.packing import pack_step
from nndsl.graph.builder import Builder, Value
from nndsl.graph.node import Graph, Primitive
from nndsl.graph.sizes import BATCH, symbol
from nndsl.graph.types import TensorType
from nndsl.graph.verify import verify
from nndsl.transform.work import work


@pytest.fixture
def channels_last(monkeypatch: pytest.MonkeyPatch) -> Callable[[Graph], onnx.ModelProto]:
    """Emission with every primitive by its own facet: transposed around each convolution and pool."""

    def naive(graph: Graph) -> onnx.ModelProto:
        with monkeypatch.context() as patch:
            patch.setattr(emit, "channels_first", lambda graph: graph)
            return model_of(graph)

    return naive


def activations_transposed(graph: Graph) -> list[tuple[int, ...]]:
    """The transpositions of values that have a batch axis."""
    return [node.attributes["axes"] for node in graph.nodes if node.op == "transpose" and node.type.batched]


# ------------------------------------------------------------ how often


def test_a_network_transposes_once_in_once_out_and_its_gradient_once_back() -> None:
    net = Network(14, 14, 3)
    graph = verify(channels_first(net.training(two_convolutions(net))))
    assert sorted(activations_transposed(graph)) == [(0, 2, 3, 1), (0, 3, 1, 2), (0, 3, 1, 2)]


def test_an_image_of_one_channel_needs_no_transposition_on_the_way_in() -> None:
    net = Network(14, 14, 1)
    graph = verify(channels_first(net.training(two_convolutions(net))))
    assert sorted(activations_transposed(graph)) == [(0, 2, 3, 1), (0, 3, 1, 2)]  # out, and the gradient back


PROGRAM = """
model mnist {
  input  image: f32[28, 28, 1]
  target digit: class[10]
  features = image -> conv2d(32, 3, relu) -> max_pool2d -> conv2d(64, 3, relu) -> max_pool2d
  logits   = features -> flatten -> dropout(0.5) -> dense(10)
  output label = argmax(logits)
  loss   cross_entropy(logits, digit)
}

train {
  optimizer = adam(lr = 1e-3)
}
"""


def test_the_training_graph_of_a_program(tmp_path: Path) -> None:
    """Besides the two transpositions, weights turn theirs, and dW has channels before examples, whole planes copied."""
    (tmp_path / "mnist.nn").write_text(PROGRAM)
    net = nndsl.load(tmp_path / "mnist.nn")
    assert isinstance(net, nndsl.Net)
    model = train_model(net.step, pack_step(net.step))
    checked(model)
    found = Counter(tuple(node.attribute[0].ints) for node in model.graph.node if node.op_type == "Transpose")
    assert found.pop((0, 2, 3, 1)) == 1  # before flatten
    assert found.pop((0, 3, 1, 2)) == 1  # the gradient, behind it
    assert found.pop((3, 2, 0, 1)) == 2  # kernels
    assert found.pop((1, 0, 2, 3)) == 3  # x and dy of the second convolution, dy of the first
    assert not found


def test_pooled_over_all_places_nothing_leaves_channels_first() -> None:
    net = Network(9, 9, 3)
    h = ops.relu(net.conv(net.image, 8))
    pooled = ops.reduce_mean(h, axes=(1, 2), keepdims=False)
    graph = verify(channels_first(net.training(net.dense(pooled, 4))))
    assert activations_transposed(graph) == [(0, 3, 1, 2)]


def test_normalization_stays_channels_first() -> None:
    net = Network(8, 8, 3)
    h = net.conv(net.image, 4)
    centred = h - ops.reduce_mean(h, axes=(0, 1, 2), keepdims=True)
    variance = ops.reduce_mean(centred * centred, axes=(0, 1, 2), keepdims=False)
    scaled = centred / ops.sqrt(variance + 1e-3) * net.parameter(4) + net.parameter(4)
    h = net.conv(ops.relu(scaled), 4)
    graph = verify(channels_first(net.training(ops.reduce_mean(h, axes=(1, 2), keepdims=False))))
    assert activations_transposed(graph) == [(0, 3, 1, 2)]


def test_without_convolutions_the_graph_is_left_alone() -> None:
    net = Network(4)
    graph = net.training(net.dense(net.image, 2))
    assert channels_first(graph) is graph


def test_bias_is_part_of_the_convolution() -> None:
    net = Network(6, 6, 3)
    h = ops.relu(net.conv(net.image, 4))
    model = model_of(net.b.graph("g", {"y": h}))
    assert [node.op_type for node in model.graph.node] == ["Transpose", "Transpose", "Conv", "Relu", "Transpose"]
    (conv,) = (node for node in model.graph.node if node.op_type == "Conv")
    assert conv.input[2] == "w1"


def test_up_sampling_stays_channels_first(channels_last: Callable[[Graph], onnx.ModelProto]) -> None:
    net = Network(6, 8, 2)
    h = up_sampled(ops.relu(net.conv(net.image, 3, padding=SAME["padding"])), 2, 3)
    graph = net.training(ops.reduce_max(net.conv(h, 4), axes=(1, 2), keepdims=False))
    assert activations_transposed(verify(channels_first(graph))) == [(0, 3, 1, 2)]
    agree(graph, model_of(graph), channels_last(graph))


# ------------------------------------------------------------ the same results


@pytest.mark.parametrize("seed", range(24))
def test_random_networks_compute_the_same(seed: int, channels_last: Callable[[Graph], onnx.ModelProto]) -> None:
    graph = random_network(seed)
    verify(channels_first(graph))
    agree(graph, model_of(graph), channels_last(graph))


def test_an_image_network_computes_the_same(channels_last: Callable[[Graph], onnx.ModelProto]) -> None:
    net = Network(15, 14, 3)
    graph = net.training(two_convolutions(net))
    agree(graph, model_of(graph), channels_last(graph))


def test_relu_before_a_pool_has_its_gradient_masked_after_it() -> None:
    net = Network(15, 14, 3)
    graph = channels_first(net.training(two_convolutions(net)))
    masks = [node for node in graph.nodes if node.op == "cast"]
    assert sorted(map(str, (mask.type for mask in masks))) == ["f32[batch, 4, 6, 6]", "f32[batch, 6, 2, 2]"]
    assert all(mask.inputs[0].inputs[0].op == "max_pool_first" for mask in masks)


@pytest.mark.parametrize("strides", [1, 2])
def test_series_of_any_length(strides: int, channels_last: Callable[[Graph], onnx.ModelProto]) -> None:
    net = Network(symbol("time"), 3)

    def conv(x: Value, size: int, **attributes: Any) -> Value:
        W = net.parameter(size, x.shape[-1], 4)
        return ops.conv(x, W, **attributes, groups=1) + net.parameter(4)

    h = ops.relu(conv(net.image, 3, strides=(1,), padding=((2, 0),), dilation=(1,)))
    h = ops.max_pool(h, size=(2,), strides=(2,), padding=((0, 0),))
    h = conv(h, 2, strides=(strides,), padding=((1, 1),), dilation=(2,))
    h = ops.avg_pool(h, size=(3,), strides=(strides,), padding=((1, 1),))
    graph = net.training(ops.reduce_max(h, axes=(1,), keepdims=False))
    assert activations_transposed(verify(channels_first(graph))) == [(0, 2, 1)]
    agree(graph, model_of(graph), channels_last(graph))


def test_other_masks_stay_behind_the_pool(channels_last: Callable[[Graph], onnx.ModelProto]) -> None:
    """Positive in the one, pooled in the other: these are two values."""
    net = Network(8, 8, 2)
    h = net.conv(net.image, 4)
    gate = ops.cast(h > 0, dtype="f32")
    y = ops.max_pool(ops.where(ops.tanh(h) > 0.1, h, net.b.constant(0.0, "f32")) + gate, **HALVES)
    graph = net.training(flat(y))
    agree(graph, model_of(graph), channels_last(graph))


@pytest.mark.parametrize("pool", [ops.max_pool, ops.avg_pool], ids=["max", "avg"])
def test_zeros_before_a_pool_are_elements_of_its_windows(
    pool: Primitive, channels_last: Callable[[Graph], onnx.ModelProto]
) -> None:
    """What a pool pads itself is not: ONNX Runtime would make the one of the other if `Pad` had no axes."""
    net = Network(6, 6, 2)
    h = net.conv(net.image, 4, padding=((1, 1), (1, 1))) - 2  # so that zeros are maxima
    y = pool(ops.pad(h, axis=1, before=1, after=1), size=(3, 2), strides=(2, 2), padding=((2, 0), (0, 0)))
    graph = net.training(flat(y))
    agree(graph, model_of(graph), channels_last(graph))


def test_a_mask_from_elsewhere_is_brought_into_the_same_order(
    channels_last: Callable[[Graph], onnx.ModelProto],
) -> None:
    net = Network(6, 6, 2)
    h = net.conv(net.image, 4)
    kept = net.b.input("noise", TensorType("f32", (BATCH, 4, 4, 4))) > 0
    h = ops.where(kept, h, net.b.constant(0.0, "f32"))
    graph = net.training(flat(net.conv(h, 4)))
    agree(graph, model_of(graph), channels_last(graph))


# ------------------------------------------------------------ the table of products


def choices() -> Iterator[dict[str, Any]]:
    yield SAME
    yield PLAIN
    yield {**SAME, "dilation": (2, 1), "padding": ((2, 2), (0, 1))}
    yield {**PLAIN, "padding": ((1, 0), (2, 1))}
    yield {**SAME, "strides": (2, 1)}
    yield {**SAME, "groups": 2}


@pytest.mark.parametrize("attributes", list(choices()), ids=str)
@pytest.mark.parametrize("one_way", [True, False])
def test_every_choice_of_products_computes_the_same(
    attributes: dict[str, Any],
    one_way: bool,
    monkeypatch: pytest.MonkeyPatch,
    channels_last: Callable[[Graph], onnx.ModelProto],
) -> None:
    net = Network(8, 9, 2)
    h = ops.relu(net.conv(net.image, 4))
    graph = net.training(flat(net.conv(h, 6, **attributes)))
    plain = attributes["groups"] == 1
    if attributes["strides"] == (1, 1) and plain:
        monkeypatch.setattr(convolution, "by_flipped_kernel", lambda node: one_way)
    if plain:
        monkeypatch.setattr(convolution, "by_single_taps", lambda node: one_way)
    agree(graph, model_of(graph), channels_last(graph))


@pytest.mark.parametrize(
    ("size", "attributes"),
    [
        (3, {"strides": (2, 2)}),
        (3, {"strides": (2, 3), "padding": ((1, 1), (0, 1))}),
        (4, {"strides": (3, 2), "padding": ((2, 0), (1, 2))}),
        (5, {"padding": ((2, 2), (1, 0))}),
        (5, {"strides": (1, 2)}),
    ],
    ids=str,
)
def test_gradients_of_kernels_that_are_convolutions_compute_the_same(
    size: int, attributes: dict[str, Any], channels_last: Callable[[Graph], onnx.ModelProto]
) -> None:
    """In models for this processor, of images whose height is known when they are there."""
    net = Network(symbol("time"), 11, 3)
    graph = net.training(net.conv(net.image, 4, size, **attributes))
    model = model_of(graph, images=Images())
    assert [node.op_type for node in model.graph.node].count("Conv") == 2  # of the kernel's gradient as well
    agree(graph, model, channels_last(graph))


def test_of_equal_elements_the_first_gets_the_gradient() -> None:
    """Windows side by side, small integers: many windows have several maxima."""
    b = Builder()
    x, g = (b.input(name, TensorType("f32", (BATCH, *shape, 2))) for name, shape in (("x", (7, 6)), ("g", (3, 2))))
    window = {"size": (2, 3), "strides": (2, 3), "padding": ((0, 0), (0, 0))}
    y = ops.max_pool(x, **window)
    model = model_of(b.graph("g", {"d": ops.max_pool_gradient(x, y, g, **window)}))
    rng = np.random.default_rng(0)
    data = rng.integers(-1, 2, (ROWS, 7, 6, 2)).astype(np.float32)
    adjoint = rng.normal(size=(ROWS, 3, 2, 2)).astype(np.float32)
    expected = np.zeros_like(data)
    for n, i, j, c in np.ndindex(ROWS, 3, 2, 2):
        seen = data[n, 2 * i : 2 * i + 2, 3 * j : 3 * j + 3, c]
        row, column = np.unravel_index(seen.argmax(), seen.shape)  # the first
        expected[n, 2 * i + row, 3 * j + column, c] = adjoint[n, i, j, c]
    np.testing.assert_array_equal(run(model, {"x": data, "g": adjoint})["d"], expected)


def test_the_work_of_convolutions_is_counted() -> None:
    """Each of the three products multiplies every result of the forward one with a whole kernel for one filter."""
    net = Network(8, 9, 2)
    h = net.conv(net.image, 4, strides=(2, 2))  # 3 x 4 places of 4 filters, kernels of 3 x 3 x 2
    forward = net.b.graph("g", {"y": h})
    assert work(forward, {"batch": 5}) == 5 * 3 * 4 * 4 * 18
    deeper = net.training(flat(net.conv(h, 6, size=2)))  # 2 x 3 places of 6 filters, kernels of 2 x 2 x 4
    assert work(deeper, {"batch": 5}) == 2 * 5 * 3 * 4 * 4 * 18 + 3 * 5 * 2 * 3 * 6 * 16
