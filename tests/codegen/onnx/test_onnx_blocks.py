"""Images in blocks of channels: the same results, in the operators that ONNX Runtime has for them on this processor."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import pytest
from convolutional import HALVES, PLAIN, SAME, Network, as_it_is, flat, model_of, random_network, values

from nndsl import ops
from nndsl.codegen.onnx import direct_examples, emit, processor
from nndsl.codegen.onnx.backend import OnnxBackend
from nndsl.codegen.onnx.blocks import Images, all_in_blocks, in_blocks
from nndsl.codegen.onnx.direct import DOMAIN
from nndsl.codegen.onnx.engine import load
from nndsl.codegen.onnx.gains import saved
from nndsl.codegen.onnx.processor import block_of_images
from nndsl.codegen.onnx.session import OnnxSession
from nndsl.compiler import compile_network
from nndsl.graph.builder import Value
from nndsl.graph.node import Graph, Primitive
from nndsl.graph.sizes import Dim
from nndsl.graph.verify import verify
from nndsl.model.check import check, load_program
from nndsl.source import Source
from nndsl.transform.state import initial_state

BLOCK = 16

Arrays = dict[str, np.ndarray[Any, Any]]


def image_network() -> Graph:
    """What convolutional networks are made of: relu, pools, a first layer of few channels."""
    net = Network(15, 14, 3)
    h = ops.relu(net.conv(net.image, 16, **SAME))
    h = ops.max_pool(ops.relu(net.conv(h, 32, **SAME)), **HALVES)
    h = ops.max_pool(ops.relu(net.conv(h, 16)), **HALVES)
    return net.training(net.dense(flat(h), 5))


@pytest.fixture
def here() -> int:
    """The size of blocks on this processor."""
    block = block_of_images(image_network())
    if not block:
        pytest.skip("ONNX Runtime has no convolution in blocks here")
    return block


def agree(
    graph: Graph, block: int, monkeypatch: pytest.MonkeyPatch, inputs: Arrays | None = None, rows: int = 0
) -> None:
    """With every primitive by its own facet, and in blocks, for batches of so many rows: as close as
    `convolutional.agree` wants it."""
    inputs = inputs or values(graph)
    with monkeypatch.context() as patch:
        patch.setattr(emit, "channels_first", lambda graph: graph)
        expected = as_it_is(model_of(graph), inputs)
    model = model_of(graph, Images(block, rows))
    found = dict(zip(expected, load(model.SerializeToString(), "cpu", 1).run(list(expected), inputs), strict=True))
    for name, value in expected.items():
        np.testing.assert_allclose(
            found[name], value, rtol=1e-4, atol=1e-5 * max(1.0, np.abs(value).max()), err_msg=name
        )


def operators(model: onnx.ModelProto, domain: str) -> Counter[str]:
    return Counter(node.op_type for node in model.graph.node if node.domain == domain)


# ------------------------------------------------------------ the same results


@pytest.mark.parametrize("examples_fill_blocks", [False, True])
@pytest.mark.parametrize("seed", range(24))
def test_random_networks_compute_the_same(
    seed: int, examples_fill_blocks: bool, here: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = random_network(seed, channels=(1, 3, here), filters=(here, 2 * here, 6))
    rows = here * examples_fill_blocks
    verify(all_in_blocks(graph, Images(here, rows)))
    agree(graph, here, monkeypatch, rows=rows)


def test_an_image_network_computes_the_same(here: int, monkeypatch: pytest.MonkeyPatch) -> None:
    graph = image_network()
    verify(all_in_blocks(graph, Images(here)))
    agree(graph, here, monkeypatch)


@pytest.mark.parametrize("filters", [1, 9, 10])
@pytest.mark.parametrize(
    "attributes",
    [
        SAME,
        PLAIN,
        {**PLAIN, "padding": ((1, 0), (2, 1))},
        {**PLAIN, "padding": ((3, 0), (0, 3))},
        {**SAME, "dilation": (2, 1), "padding": ((2, 2), (0, 1))},
        {**SAME, "strides": (2, 1)},
        {**SAME, "groups": 2},
    ],
    ids=str,
)
def test_every_kind_of_product(
    attributes: dict[str, Any], filters: int, here: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of one block of filters, of as many as places of the kernel's gradient, and of more."""
    net = Network(8, 9, 2)
    h = net.conv(ops.tanh(net.conv(net.image, 2 * here)), filters * here * attributes["groups"], **attributes)
    agree(net.training(h), here, monkeypatch)


def sizes_of(kind: str, block: int) -> tuple[int, int]:
    """Channels and filters."""
    return {
        "few channels": (3, block),
        "half a block": (block // 2, block),
        "blocks": (2 * block, block),
        "few filters": (block, 3),
        "few of both": (2, 5),
        "depthwise": (2 * block, 2 * block),
    }[kind]


STEPS = [
    ((2, 2), ((0, 0), (0, 0)), (1, 1)),
    ((2, 2), ((1, 1), (0, 1)), (1, 1)),
    ((3, 2), ((1, 0), (1, 1)), (1, 1)),
    ((1, 2), ((1, 1), (0, 0)), (1, 1)),
    ((4, 1), ((1, 1), (1, 1)), (1, 1)),
    ((2, 1), ((1, 1), (2, 2)), (1, 2)),
    ((2, 2), ((2, 2), (2, 1)), (2, 2)),
    ((1, 1), ((2, 1), (1, 2)), (2, 1)),
]
"""Strides, padding and dilation."""


@pytest.mark.parametrize(("strides", "padding", "dilation"), STEPS, ids=str)
@pytest.mark.parametrize("size", [1, 2, 3, 4])
@pytest.mark.parametrize("kind", ["few channels", "half a block", "blocks", "few filters", "few of both", "depthwise"])
def test_products_by_steps(
    kind: str,
    size: int,
    strides: tuple[int, int],
    padding: tuple[tuple[int, int], ...],
    dilation: tuple[int, int],
    here: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All three products of a convolution, and those of the transposed one, whose result has a bias and a relu."""
    channels, filters = sizes_of(kind, here)
    attributes: dict[str, Any] = {"strides": strides, "padding": padding, "dilation": dilation, "groups": 1}
    if kind == "depthwise":
        attributes["groups"] = channels
    net = Network(9, 10, 2)
    x = ops.tanh(net.conv(net.image, channels, 2))
    y = ops.tanh(net.conv(x, filters, size, **attributes))
    W = net.parameter(size, size, channels // attributes["groups"], filters)
    back = ops.relu(ops.conv_input(y, W, shape=x.shape[1:3], **attributes) + net.parameter(channels))
    agree(net.training(back), here, monkeypatch)


@pytest.mark.parametrize(("strides", "padding"), [step[:2] for step in STEPS if step[2] == (1, 1)], ids=str)
@pytest.mark.parametrize(("kind", "size"), [("blocks", 2), ("blocks", 3), ("few channels", 4)])
@pytest.mark.parametrize("whole", [True, False])
def test_gradients_of_kernels_with_examples_side_by_side(
    whole: bool,
    kind: str,
    size: int,
    strides: tuple[int, int],
    padding: tuple[tuple[int, int], ...],
    here: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of fewer examples than a block, of whole blocks, and of some more; of images whole and in parts."""
    monkeypatch.setattr(direct_examples, "has_examples", lambda *_: True)
    if not whole:
        monkeypatch.setattr(
            direct_examples, "_parts", lambda _, high, *__: min(n for n in range(2, 14) if high % n == 0)
        )
    channels, _ = sizes_of(kind, here)
    net = Network(12, 10, channels)
    x = net.image if channels < here else ops.tanh(net.conv(net.image, channels, 1))
    graph = net.training(net.conv(x, 3 * here, size, strides=strides, padding=padding))
    assert "conv_kernel_examples" in operations(graph, Images(here, here))
    for rows in (1, here, 2 * here + 3):
        agree(graph, here, monkeypatch, values(graph, rows=rows), rows=here)


def operations(graph: Graph, images: Images) -> set[str]:
    return {node.op for node in all_in_blocks(graph, images).nodes}


@pytest.mark.parametrize(("rows", "side_by_side"), [(0, False), (10, False), (11, True), (17, False), (22, True)])
def test_examples_are_side_by_side_where_they_fill_blocks(rows: int, side_by_side: bool) -> None:
    net = Network(9, 10, BLOCK)
    graph = net.training(net.conv(net.image, BLOCK, **SAME))
    assert ("conv_kernel_examples" in operations(graph, Images(BLOCK, rows))) == side_by_side


@pytest.mark.parametrize(
    ("channels", "size", "strides", "expected"),
    [
        (3, 3, (1, 1), "conv_kernel_few"),
        (3, 4, (1, 1), "conv_kernel_examples"),
        (BLOCK, 2, (1, 1), "conv_kernel_examples"),
        (BLOCK, 2, (2, 2), "conv_kernel_blocks"),
        (BLOCK, 3, (2, 2), "conv_kernel_examples"),
        (BLOCK, 1, (1, 1), "conv_kernel_first"),
    ],
)
def test_which_gradients_of_kernels_have_examples_side_by_side(
    channels: int, size: int, strides: tuple[int, int], expected: str
) -> None:
    net = Network(12, 12, channels)
    graph = net.training(net.conv(net.image, BLOCK, size, strides=strides))
    assert {op for op in operations(graph, Images(BLOCK, BLOCK)) if op.startswith("conv_kernel")} == {expected}


@pytest.mark.parametrize(("high", "parts", "chosen"), [(6, 1, True), (8, 2, True), (32, 8, True), (26, 13, False)])
def test_parts_of_images_stay_in_the_cache(high: int, parts: int, chosen: bool) -> None:
    """Of 26 rows two are a part, for which four of x are copied: then columns are as fast. More filters than 64 are not
    computed together."""
    for filters in (4 * BLOCK, 8 * BLOCK):
        net = Network(high, 32, BLOCK)
        graph = net.training(net.conv(net.image, filters, padding=((1, 1), (0, 0))))
        (kernel,) = [node for node in graph.nodes if node.op == "conv_kernel"]
        assert direct_examples._parts(kernel, high, 30, BLOCK) == parts
        assert direct_examples.has_examples(kernel, BLOCK, BLOCK) == chosen
    assert direct_examples._parts(kernel, high, 200, BLOCK) == 0


def test_examples_side_by_side_save_more() -> None:
    net = Network(16, 16, BLOCK)
    graph = net.training(net.conv(net.image, 4 * BLOCK, **SAME))
    plain, side_by_side = (saved(all_in_blocks(graph, Images(BLOCK, rows))) for rows in (0, BLOCK))
    assert 0 < plain < side_by_side


@pytest.mark.parametrize(
    ("size", "strides"),
    [
        *(((2, 2), (2, 2)), ((3, 2), (3, 2)), ((1, 2), (1, 2)), ((2, 1), (2, 1))),
        *(((3, 3), (2, 2)), ((3, 2), (1, 2)), ((2, 3), (1, 1)), ((5, 4), (2, 3)), ((2, 2), (3, 2))),
    ],
    ids=str,
)
def test_of_equal_elements_the_first_gets_the_gradient(
    size: tuple[int, int], strides: tuple[int, int], here: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Values rounded to so few that many windows have several maxima."""
    net = Network(9, 7, 2)
    h = net.conv(net.image, here)
    coarse = h + (ops.floor(h * 4.0) * 0.25 - h)  # so that the gradient is that of h
    pooled = ops.max_pool(coarse, size=size, strides=strides, padding=((0, 0), (0, 0)))
    agree(net.training(pooled), here, monkeypatch)


@pytest.mark.parametrize("pool", [ops.max_pool, ops.avg_pool], ids=["max", "avg"])
@pytest.mark.parametrize("padding", [((0, 0), (0, 0)), ((1, 1), (0, 1))], ids=str)
def test_windows_that_overlap(
    pool: Primitive, padding: tuple[tuple[int, int], ...], here: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    net = Network(9, 8, 2)
    h = pool(ops.relu(net.conv(net.image, here)), size=(3, 3), strides=(2, 1), padding=padding)
    agree(net.training(net.conv(h, here)), here, monkeypatch)


@pytest.mark.parametrize("size", [(2, 2), (3, 2), (1, 2), (1, 1)], ids=str)
@pytest.mark.parametrize("padding", [((0, 0), (0, 0)), ((1, 1), (0, 1))], ids=str)
@pytest.mark.parametrize("channels", [1, 3])
def test_a_first_convolution_by_the_phases_of_its_pool(
    channels: int,
    padding: tuple[tuple[int, int], ...],
    size: tuple[int, int],
    here: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Small whole numbers: many windows have several maxima, of which the first gets the gradient."""
    net = Network(9, 8, channels)
    h = ops.relu(net.conv(net.image, here, padding=padding))
    pooled = ops.max_pool(h, size=size, strides=size, padding=((0, 0), (0, 0)))
    graph = net.training(net.conv(pooled, here, size=2))
    assert convolutions(graph) == 1 + size[0] * size[1] + 1  # the second, the first's phases, the second's gradient
    random = np.random.default_rng(0)
    inputs = {name: random.integers(-1, 2, value.shape).astype(np.float32) for name, value in values(graph).items()}
    agree(graph, here, monkeypatch, inputs)


def convolutions(graph: Graph) -> int:
    return operators(model_of(graph, Images(BLOCK)), DOMAIN)["Conv"]


def test_a_first_convolution_that_something_else_reads_is_computed_whole(
    here: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def network(other: Callable[[Value, Value], Value]) -> Graph:
        net = Network(8, 8, 3)
        y = net.conv(net.image, here)
        h = ops.relu(y)
        pooled = ops.max_pool(h, **HALVES)
        return net.training(ops.reduce_sum(pooled, axes=(1, 2), keepdims=False) + other(y, h))

    readers: list[Callable[[Value, Value], Value]] = [
        lambda y, h: ops.reduce_mean(h, axes=(1, 2), keepdims=False),
        lambda y, h: ops.reduce_max(y, axes=(1, 2), keepdims=False),
        lambda y, h: ops.reduce_sum(ops.avg_pool(h, **HALVES), axes=(1, 2), keepdims=False),
    ]
    for other in readers:
        graph = network(other)
        assert convolutions(graph) == 2  # and what the kernel's taps see
        agree(graph, here, monkeypatch)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("few channels", {"conv_blocks", "conv_input_first", "conv_kernel_first"}),
        ("half a block", {"conv_blocks", "conv_input_few", "conv_kernel_first"}),
        ("blocks", {"conv_blocks", "conv_input_blocks", "conv_kernel_blocks"}),
        ("few filters", {"conv_first", "conv_input_blocks", "conv_kernel_first"}),
        ("few of both", {"conv_first", "conv_input_first", "conv_kernel_fewest"}),
        ("depthwise", {"conv_blocks", "conv_input_blocks", "conv_kernel_depthwise"}),
    ],
)
def test_products_by_steps_are_in_blocks(kind: str, expected: set[str]) -> None:
    channels, filters = sizes_of(kind, BLOCK)
    net = Network(9, 10, channels)
    attributes = {**SAME, "strides": (2, 2), "groups": channels if kind == "depthwise" else 1}
    W = net.parameter(3, 3, channels // attributes["groups"], filters)
    parameter = net.parameter(channels)  # so that there is a gradient with respect to what is convolved
    graph = all_in_blocks(net.training(ops.conv(ops.tanh(net.image * parameter), W, **attributes)), Images(BLOCK))
    convolutions = {node.op for node in graph.nodes if node.op.startswith("conv_")}
    assert convolutions == expected


def test_kernels_of_few_filters_are_computed_turned_round() -> None:
    net = Network(9, 10, BLOCK)
    graph = all_in_blocks(net.training(net.conv(net.image, 1, **SAME)), Images(BLOCK))
    assert {"kernel_turned", "conv_kernel_few"} <= {node.op for node in graph.nodes}


def test_many_convolutions_for_one_gradient_are_not_made() -> None:
    """Steps of four in both directions would be sixteen."""
    net = Network(16, 16, BLOCK)
    h = ops.tanh(net.conv(net.image, BLOCK, **SAME))
    graph = all_in_blocks(net.training(net.conv(h, BLOCK, size=4, strides=(4, 4))), Images(BLOCK))
    assert "conv_input_first" in {node.op for node in graph.nodes}


def test_truth_values_go_into_blocks_and_out(here: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """ONNX Runtime's operators for that take numbers alone."""
    net = Network(6, 5, here)
    h = net.conv(net.image, here, **SAME)
    kept = ops.where(net.image > 0.0, h, h * 0.5)
    graph = net.b.graph("g", {"kept": kept, "mask": h > 0.1, "of some": ops.concat(kept, h, axis=3) > 0.0})
    agree(graph, here, monkeypatch)


@pytest.mark.parametrize("keepdims", [False, True])
def test_numbers_for_each_channel_are_stretched_by_lines(
    keepdims: bool, here: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    net = Network(6, 5, 2)
    h = net.conv(net.image, here, **SAME)
    mean = ops.reduce_mean(h, axes=(0, 1, 2), keepdims=keepdims)
    gate = ops.reduce_max(h, axes=(1, 2), keepdims=True)
    graph = net.training((h - mean) * ops.sigmoid(gate))
    found = {node.shape[3:] for node in all_in_blocks(graph, Images(here)).nodes if node.op == "stretched_lines"}
    assert found == {(5, here)}
    agree(graph, here, monkeypatch)


def test_what_is_stretched_over_places_or_channels(here: int, monkeypatch: pytest.MonkeyPatch) -> None:
    net = Network(6, 5, 2)

    def gated(x: Value) -> Value:
        channels = ops.reduce_mean(x, axes=(1, 2), keepdims=True) * net.parameter(here)
        places = ops.reduce_max(x, axes=(3,), keepdims=True) + net.parameter(x.shape[1], 1, 1)
        return x * ops.sigmoid(channels) + places + net.parameter(*x.shape[2:])

    agree(net.training(net.conv(gated(net.conv(net.image, here)), here)), here, monkeypatch)


PROGRAM = """
model images {
  input  image: f32[14, 12, 3]
  target digit: class[4]
  features = image -> conv2d(16, 3, relu) -> max_pool2d(2) -> conv2d(32, 3, relu, padding = same) -> conv2d(32, 3, relu)
  scores   = features -> max_pool2d(2) -> dropout(0.25) -> flatten -> dense(4)
  output probability = softmax(scores)
  loss   cross_entropy(scores, digit)
}

train {
  optimizer  = adam(1e-2)
  batch_size = 16
}
"""


def test_a_session_trains_as_without_optimisations(here: int) -> None:
    """Three steps, the last of fewer rows: the losses, and the outputs of what was learned."""
    source = Source("images.nn", PROGRAM)
    checked = check(load_program(source))
    found: list[list[np.ndarray[Any, Any]]] = []
    for optimise in (True, False):
        step = compile_network(checked.network, checked.train, source, optimise=optimise).step
        session = OnnxBackend().session(step, initial_state(step.states, 0), seed=1, batch_size=16)
        random = np.random.default_rng(0)
        measured: list[np.ndarray[Any, Any]] = []
        for number, rows in enumerate((16, 16, 5)):
            session.buffers(rows)["image"][...] = random.normal(size=(rows, 14, 12, 3))
            session.buffers(rows)["digit"][...] = random.integers(0, 4, rows)
            measured.append(np.array(session.train_step(rows, number)["loss"]))
        found.append([*measured, np.array(session.predict(5)["probability"])])
    for blocked, plain in zip(*found, strict=True):
        np.testing.assert_allclose(blocked, plain, rtol=1e-4, atol=1e-5)
    step = compile_network(checked.network, checked.train, source).step
    session = OnnxBackend().session(step, initial_state(step.states, 0), seed=1, batch_size=16)
    assert isinstance(session, OnnxSession)
    assert session._images
    found_in_blocks = {node.op for node in in_blocks(step.gradients, session._images).nodes}
    assert {"conv_phase", "conv_blocks", "conv_kernel_examples"} <= found_in_blocks


# ------------------------------------------------------------ what is emitted


def test_a_network_stays_in_blocks_between_its_ends() -> None:
    """In: the gradient alone, the image having few channels. Out: before `flatten`, for the gradients of kernels.

    Two of the convolutions put zeros where windows of pools leave something over."""
    model = model_of(image_network(), Images(BLOCK))
    assert operators(model, DOMAIN) == {"Conv": 8, "MaxPool": 2, "ReorderInput": 1, "ReorderOutput": 4}
    assert operators(model, "")["Relu"] == 0


def test_biases_and_relus_are_part_of_convolutions() -> None:
    model = model_of(image_network(), Images(BLOCK))
    convolutions = [node for node in model.graph.node if node.op_type == "Conv" and node.domain == DOMAIN]
    rectified = [node for node in convolutions if any(a.name == "activation" for a in node.attribute)]
    assert [len(node.input) for node in rectified] == [3, 3, 3]
    assert [len(node.input) for node in convolutions if node not in rectified] == [2] * 5  # gradients, and zeros


def test_what_else_reads_it_keeps_a_value_before_its_relu() -> None:
    net = Network(6, 6, 3)
    h = net.conv(net.image, BLOCK)
    model = model_of(net.b.graph("g", {"y": ops.relu(h), "h": h}), Images(BLOCK))
    assert operators(model, "")["Relu"] == 1


def test_few_filters_of_many_taps_stay_as_they_are() -> None:
    net = Network(6, 6, 3)
    graph = net.training(net.conv(net.image, BLOCK - 1, 5))
    assert not operators(model_of(graph, Images(BLOCK)), DOMAIN)


# ------------------------------------------------------------ where it pays


def normalized(net: Network, x: Value) -> Value:
    centred = x - ops.reduce_mean(x, axes=(0, 1, 2), keepdims=True)
    variance = ops.reduce_mean(centred * centred, axes=(0, 1, 2), keepdims=True)
    return centred / ops.sqrt(variance + 1e-3) * net.parameter(x.shape[-1]) + net.parameter(x.shape[-1])


def test_large_products_pay_for_what_is_between_them() -> None:
    net = Network(16, 16, 3)
    h = net.image
    for filters in (32, 64, 64):
        h = ops.relu(normalized(net, net.conv(h, 2 * filters, **SAME)))
    graph = net.training(ops.reduce_mean(h, axes=(1, 2), keepdims=False))
    assert any(node.op == "conv_blocks" for node in in_blocks(graph, Images(BLOCK)).nodes)


def test_small_products_do_not() -> None:
    net = Network(16, 16, 3)
    h = net.conv(net.image, BLOCK, **SAME)
    for _ in range(2):
        h = ops.relu(normalized(net, net.conv(h, 2 * BLOCK, size=1)))
    graph = net.training(ops.reduce_mean(h, axes=(1, 2), keepdims=False))
    assert {node.op for node in in_blocks(graph, Images(BLOCK)).nodes} >= {"conv_first", "conv_kernel_first"}


# ------------------------------------------------------------ this processor


def test_blocks_of_another_size_are_found_out(here: int) -> None:
    graph, inputs = processor._network()
    expected = processor.evaluate(graph, inputs)
    assert [block for block in processor.BLOCKS if processor._computes(graph, inputs, expected, block)] == [here]


def test_without_the_operators_there_are_no_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise RuntimeError("Could not find an implementation for Conv(1)")

    monkeypatch.setattr(processor, "load", refuse)
    assert processor._block_size.__wrapped__() == 0


def test_what_gives_other_results_is_not_used(here: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also of the gradients of kernels with examples side by side, which are part of the network that is tried."""
    gathered = direct_examples.gathered

    def other(e: emit.Emitter, lines: str, count: Dim, numbers: np.ndarray[Any, Any], *repeated: Any) -> str:
        return gathered(e, lines, count, numbers[::-1, ..., ::-1], *repeated)

    monkeypatch.setattr(direct_examples, "gathered", other)
    assert processor._block_size.__wrapped__() == 0


def test_networks_without_convolutions_do_not_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processor, "_block_size", lambda: pytest.fail("asked"))
    net = Network(4)
    assert block_of_images(net.training(net.dense(net.image, 2))) == 0
