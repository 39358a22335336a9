"""Updates on lanes: neighbours in memory, nothing read or written too early, and the numbers of any other update."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import onnx
import pytest
from onnx_networks import OPTIMIZERS

import nndsl
from nndsl.codegen.backend import Array, Arrays
from nndsl.codegen.onnx import session
from nndsl.codegen.onnx.buffers import Binding
from nndsl.codegen.onnx.lanes import Memory
from nndsl.codegen.onnx.order import FIRST
from nndsl.codegen.onnx.packing import pack_step
from nndsl.codegen.onnx.processor import adds_in_place
from nndsl.codegen.onnx.session import OnnxSession
from nndsl.transform.state import initial_state
from nndsl.transform.step import Step

ROWS = 8
DENSE = "x -> dense(300, tanh) -> dense(150, relu) -> dense(3)"
PROGRAMS = {
    "dense": "input x: f32[120]\n target y: class[3]\n scores = " + DENSE,
    "penalised": "input x: f32[120]\n target y: class[3]\n scores = "
    "x -> dense(300, tanh, l2 = 0.01) -> dense(150, relu, constraint = max_norm(2)) -> dense(3)",
    "measured": "input x: f32[120]\n target y: class[3]\n scores = x -> dense(150, tanh) -> dense(100) -> dense(3)\n"
    " aside = x -> dense(90) -> dense(3)\n metric accuracy(aside, y) as other",
    "images": "input x: f32[12, 10, 1]\n target y: class[3]\n scores = x -> conv2d(32, 3, relu, padding = same)"
    " -> max_pool2d(2) -> conv2d(128, 3, padding = same) -> batch_norm -> relu -> global_avg_pool2d -> dense(3)",
    "frozen": "input x: f32[120]\n target y: class[3]\n scores = x -> dense(130, tanh, trainable = false)"
    " -> dense(130, relu) -> dropout(0.2) -> dense(3)",
    "alike": "input x: f32[120]\n target y: class[3]\n a = x -> dense(300, constraint = max_norm(2))\n"
    " b = x -> dense(300)\n scores = tanh(a + b) -> dense(100) -> dense(3)",  # two gradients that are one value
    "wide": "input x: f32[4]\n target y: class[3]\n scores = x -> dense(10, tanh) -> dense(33_000, tanh) -> dense(3)",
    "few": "input x: f32[120]\n target y: class[3]\n scores = x -> dense(130, relu) -> dense(3)",
    "words": "input x: i64[20]\n target y: class[3]\n"
    " scores = x -> embedding(2000, 20) -> flatten -> dense(100) -> dense(3)",
}
NETWORKS = [name for name in PROGRAMS if name != "few"]


def step_of(network: str, settings: str) -> Step:
    outputs = "output label = argmax(scores)\n loss cross_entropy(scores, y)"
    return nndsl.loads(f"model net {{\n {PROGRAMS[network]}\n {outputs}\n}}\ntrain {{ {settings} }}").step


def opened(step: Step, rows: int = ROWS) -> OnnxSession:
    return OnnxSession(step, initial_state(step.states, 0), seed=0, batch_size=rows)


def train(own: OnnxSession, step: Step, number: int, rows: int = ROWS) -> Arrays:
    random = np.random.default_rng(number)
    buffers = own.buffers(rows)
    x = buffers["x"]
    x[...] = random.integers(0, 2000, x.shape) if x.dtype == np.int64 else random.normal(size=x.shape)
    buffers["y"][...] = random.integers(0, 3, rows)
    if step.train.accumulate == 1:
        return own.train_step(rows, number)
    results = own.accumulate(rows, number, 0)
    own.apply(number)
    return results


# ---------------------------------------------------------------- what is computed


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("settings", OPTIMIZERS)
def test_the_state_is_what_it_is_elsewhere(network: str, settings: str, monkeypatch: pytest.MonkeyPatch) -> None:
    step = step_of(network, settings)
    own = opened(step)
    assert own._packing.lanes
    monkeypatch.setattr(session, "adds_in_place", lambda: False)
    other = opened(step)
    assert not other._packing.lanes
    for number, rows in enumerate((ROWS, ROWS, 3, ROWS)):
        found, expected = (train(each, step, number, rows) for each in (own, other))
        np.testing.assert_allclose(found["loss"], expected["loss"], rtol=1e-4)
        # Sums are rounded as before, but factors are multiplied in another order: some roundings of 6e-8 a step, which
        # quotients of the least gradients pass on at the size of a step.
        states = own.state(), other.state()
        for name in states[0]:
            np.testing.assert_allclose(states[0][name], states[1][name], rtol=1e-3, atol=1e-4, err_msg=name)
        assert own.is_finite()
        own.set_state(states[1])  # so that each step is compared by itself


@pytest.mark.parametrize(
    ("network", "settings"),
    [("dense", "optimizer = ftrl(0.1)"), ("dense", "optimizer = ftrl(0.1)\n ema = 0.9"), ("few", "optimizer = adam()")],
)
def test_where_nothing_is_gained_parameters_lie_as_they_did(network: str, settings: str) -> None:
    """`ftrl` makes no parameter of itself and of something else, and small updates take longer on lanes."""
    step = step_of(network, settings)
    own = opened(step)
    assert not own._memory.arrays
    assert own._packing.tensors == pack_step(step, rows=ROWS).tensors


def test_adams_vectors_lie_in_five_lanes() -> None:
    """What an update makes of two vectors is made of neighbours, and what it needs between lies where something is that
    it needs no longer."""
    step = step_of("dense", "optimizer = adam(1e-2)")
    lanes = pack_step(step, rows=ROWS, lanes_for=1).lanes
    assert lanes
    count = 121 * 300 + 301 * 150 + 151 * 3 + 1  # as many as fill the lines of a processor's cache
    assert count % 16 == 0
    assert sorted(lanes.strips) == [(2, count), (3, count)]
    memory = Memory(lanes)
    at = {name: _address(array) for name, array in memory.arrays.items()}
    gradient, m, v, p = (at[f"nndsl.{name}"] for name in ("lane.grad.nndsl.packed", *STATES))
    assert abs(m - gradient) == 4 * count
    assert abs(p - v) == 8 * count  # with a lane between that both are added to
    written = {address for name, address in at.items() if name.startswith("nndsl.lane.") and "grad" not in name}
    assert written == {(p + v) // 2}
    first, second, rest = (memory.arrays[f"nndsl.lane.grad.nndsl.packed.{i}"] for i in range(3))
    assert (first.shape, second.shape, rest.shape) == ((120, 300), (300, 150), (1, 300 + 150 + 151 * 3 + 1))
    assert {address % 64 for address in (gradient, m, v, p)} == {0}
    assert len(memory.factors) == 1  # of six: the size of the step, which depends on its number


STATES = ("packed.adam_m", "packed.adam_v", "packed")


def _address(array: Array) -> int:
    return int(array.ctypes.data)


def test_this_machines_products_may_be_written_over_an_operand() -> None:
    assert adds_in_place()


def test_what_lies_behind_the_parameters_does_not_matter() -> None:
    """There all is 0, and where epsilon is less than float32 knows, 0 / 0."""
    step = step_of("wide", "optimizer = adam(1e-2, epsilon = 1e-50)")
    own = opened(step)
    for number in range(2):
        train(own, step, number)
    assert np.isnan(own._memory.arrays["nndsl.packed"]).sum() == -sum(state.size for state in step.trainable) % 16 > 0
    assert own.is_finite()
    own._memory.arrays["nndsl.packed"][0, 5] = np.inf
    assert not own.is_finite()


def test_a_small_decay_is_not_rounded_away() -> None:
    """A factor 1 - 4e-8 would be 1 or 1 - 6e-8 for all elements alike."""
    step = step_of("dense", "optimizer = adamw(1e-5, weight_decay = 0.004, beta_1 = 0.0)")
    own = opened(step)
    before = own.state()["scores.dense_1.W"]
    for number in range(100):
        own.buffers(ROWS)["x"][...] = 0  # so that W has no gradient
        own.buffers(ROWS)["y"][...] = 0
        own.train_step(ROWS, number)
    decayed = 1 - np.sum(own.state()["scores.dense_1.W"] * before) / np.sum(before * before)
    # 100 times 4e-8; of each element a rounding of 6e-8 of it, up or down, of all 36 000 together a hundredth of that.
    np.testing.assert_allclose(decayed, 4e-6, rtol=0.1)


def test_states_are_set_and_read_where_they_lie() -> None:
    step = step_of("dense", "optimizer = adam(1e-2)")
    own, other = opened(step), opened(step)
    for number in range(3):
        train(own, step, number)
    other.set_state(own.state())
    for each in (own, other):
        train(each, step, 3)
    for name, value in own.state().items():
        np.testing.assert_array_equal(value, other.state()[name])
    before = own.state()
    kept = {name: before[name].copy() for name in before}
    train(own, step, 4)
    for name, value in kept.items():
        np.testing.assert_array_equal(before[name], value)  # a state that was read is a copy


# ---------------------------------------------------------------- order


Memories = list[tuple[onnx.ModelProto, dict[str, tuple[int, int]]]]
"""Models, and what their inputs and outputs are bound to: address and bytes."""


@pytest.fixture
def bound(monkeypatch: pytest.MonkeyPatch) -> Memories:
    """What sessions load and bind from now on; each model is bound before the next one is loaded."""
    found: Memories = []
    loaded, read, write = session.load, Binding.read, Binding.write

    def load(model: bytes, *arguments: Any, **settings: Any) -> Any:
        found.append((onnx.load_from_string(model), {}))
        return loaded(model, *arguments, **settings)

    def note(name: str, value: Any) -> None:
        if found and value.is_tensor():
            array = value.numpy()
            found[-1][1][name] = _address(array), array.nbytes

    monkeypatch.setattr(session, "load", load)
    monkeypatch.setattr(Binding, "read", lambda own, name, value: (note(name, value), read(own, name, value)))
    monkeypatch.setattr(Binding, "write", lambda own, name, value: (note(name, value), write(own, name, value)))
    return found


def conflicts(model: onnx.ModelProto, memory: dict[str, tuple[int, int]]) -> Iterator[str]:
    """What is written to memory with no order between that and another operator that reads or writes it."""
    nodes = list(model.graph.node)
    maker = {output: i for i, node in enumerate(nodes) for output in node.output}
    before: list[set[int]] = []  # by node, those that it waits for
    for node in nodes:
        needed = {maker[name] for name in node.input if name in maker}
        before.append(needed.union(*(before[i] for i in needed)))
    inputs = {info.name for info in model.graph.input}
    outputs = {info.name for info in model.graph.output}

    def readers_of(name: str) -> set[int]:
        """The operators that read a value, or a view of it, but for what reads no element."""
        found, views = set(), {name}
        for i, node in enumerate(nodes):
            if views & {*node.input} and FIRST not in node.input:
                found.add(i)
                if node.op_type in ("Reshape", "Transpose", "Identity", "Split", "Slice", "Squeeze", "Unsqueeze"):
                    views |= {*node.output}
        return found

    def overlap(a: str, b: str) -> bool:
        (first, size), (second, other) = memory[a], memory[b]
        return first < second + other and second < first + size

    def ordered(i: int, j: int) -> bool:
        return i == j or i in before[j] or j in before[i]

    written = sorted(outputs & {*memory} & {*maker})
    for output, name in itertools.product(written, sorted(inputs & {*memory})):
        if overlap(output, name):
            for reader in readers_of(name):
                if not ordered(maker[output], reader):
                    yield f"{nodes[reader].op_type} {list(nodes[reader].output)} reads {name}, {output} is written"
    for a, b in itertools.permutations(written, 2):
        if not overlap(a, b) or maker[a] > maker[b]:
            continue
        if not ordered(maker[a], maker[b]):
            yield f"{a} and {b} are written"
        for reader in readers_of(a):
            if reader != maker[b] and reader not in before[maker[b]]:
                yield f"{nodes[reader].op_type} {list(nodes[reader].output)} reads {a}, {b} is written over it"


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("settings", OPTIMIZERS)
def test_nothing_is_read_or_written_too_early(network: str, settings: str, bound: Memories) -> None:
    """Whatever lies in memory that is also written: one operator waits for the other."""
    step = step_of(network, settings)
    own = opened(step)
    train(own, step, 0)
    assert own._memory.states
    assert bound
    for model, memory in bound:
        assert [*conflicts(model, memory)] == []


def test_conflicts_are_found() -> None:
    """Of y = x + 1 written over x, which another operator reads with no order between the two."""
    x, y, z = (onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [4]) for name in "xyz")
    make = onnx.helper.make_node
    for operand, count in (("x", 1), ("y", 0)):
        nodes = [make("Neg", ["x"], ["y"]), make("Abs", [operand], ["z"])]
        model = onnx.helper.make_model(onnx.helper.make_graph(nodes, "net", [x], [y, z]))
        assert len([*conflicts(model, {"x": (64, 16), "y": (64, 16), "z": (128, 16)})]) == count
        assert len([*conflicts(model, {"x": (64, 16), "y": (128, 16), "z": (140, 16)})]) == count
