"""Packing: small parameters share one flat tensor, and so do their slots, so that one update serves them all.

    hidden.W [64, 32]   hidden.b [32]   logits.W [32, 10]      nndsl.packed [2400]
    hidden.W.adam_m …                                          nndsl.packed.adam_m [2400]

An optimizer is a dozen element-wise operators for each tensor, and for a small tensor an operator costs what it costs
to start it. Packed, the forward part begins with one `Split`, the backward part ends in one `Concat`, and the optimizer
runs once: a step of three dense layers with adam takes 60 nodes instead of 102. Large tensors stay alone, since `Split`
and `Concat` copy. Only the ONNX backend packs; checkpoints and the NumPy module know single names alone.

A session packs otherwise than an exported model: with biases last (`row_sums`), and into matrices of one row, so that
`a m + g` is one operator (`fuse`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod

import numpy as np

from nndsl.codegen.backend import Array, Arrays
from nndsl.codegen.onnx.emit import Emitter
from nndsl.codegen.onnx.row_sums import sums_of_rows, with_product
from nndsl.graph.node import Graph
from nndsl.library.building import Role, State
from nndsl.transform.simplify import drop_markers, simplify
from nndsl.transform.step import Step
from nndsl.transform.update import Group, singles, update

PACKED = "nndsl.packed"
"""The name of the tensor that small parameters share; no layer can have a parameter of that name."""

PACKED_BIASES = "nndsl.packed_biases"
"""That of biases, gammas and betas, where the optimizer treats them otherwise."""

LARGEST_PACKED = 32_768
"""Parameters of more elements than this stay alone (`benchmarks/NOTES.md` has the measurement)."""


@dataclass(frozen=True)
class Piece:
    """A state and where it lies in its tensor: `offset` in elements."""

    name: str
    role: Role
    offset: int
    shape: tuple[int, ...]

    @cached_property
    def size(self) -> int:
        return prod(self.shape)


@dataclass(frozen=True)
class StateTensor:
    """A tensor of the graphs' interface: one state as it is, or several that lie in it one behind the other."""

    name: str
    shape: tuple[int, ...]
    pieces: tuple[Piece, ...]

    @property
    def packed(self) -> bool:
        return self.name != self.pieces[0].name

    @property
    def role(self) -> Role:
        return self.pieces[0].role

    def join(self, values: Arrays) -> Array:
        """The tensor that holds these values of its pieces, newly allocated."""
        parts = [np.asarray(values[piece.name], np.float32).reshape(-1) for piece in self.pieces]
        return np.concatenate(parts).reshape(self.shape)

    def split(self, array: Array) -> dict[str, Array]:
        """The values of its pieces, as views of it."""
        flat = array.reshape(-1)
        return {p.name: flat[p.offset : p.offset + p.size].reshape(p.shape) for p in self.pieces}


@dataclass(frozen=True)
class Packing:
    """How a model's states lie in the graphs' tensors, and the update that works on these."""

    groups: tuple[Group, ...]
    apply: Graph
    tensors: tuple[StateTensor, ...]
    """Parameters and statistics, then slots."""
    row_sums: Mapping[str, tuple[tuple[str, ...], ...]]
    """By group, the members at its end whose gradients are sums of rows, those together that are added up together."""

    def gradients(self, graph: Graph) -> Graph:
        """The graph of a step's gradients, in which these sums are products."""
        for members in (members for groups in self.row_sums.values() for members in groups):
            graph = with_product(graph, members, _row_sum_of(members))
        return graph

    @property
    def updated(self) -> tuple[StateTensor, ...]:
        """The tensors of the groups: a gradient's tensor is laid out as its group's is."""
        named = {tensor.name: tensor for tensor in self.tensors}
        return tuple(named[group.name] for group in self.groups)

    def used_by(self, *graphs: Graph) -> tuple[StateTensor, ...]:
        """The tensors that hold a state which one of the graphs takes, or are taken as they are."""
        taken = {name for graph in graphs for name in graph.inputs}
        return tuple(
            tensor
            for tensor in self.tensors
            if tensor.name in taken or any(piece.name in taken for piece in tensor.pieces)
        )

    def pack(self, state: Arrays) -> dict[str, Array]:
        """The tensors that hold these states (given by single names), newly allocated."""
        return {tensor.name: tensor.join(state) for tensor in self.tensors}

    def inside(self, tensors: Arrays) -> dict[str, Array]:
        """What lies in the packed ones of these tensors, as views of them."""
        packed = [tensor for tensor in self.tensors if tensor.packed and tensor.name in tensors]
        return {name: view for tensor in packed for name, view in tensor.split(tensors[tensor.name]).items()}

    def unpack(self, tensors: Sequence[Array]) -> dict[str, Array]:
        """The states by single names, as views of the tensors, which are in the packing's order."""
        pairs = zip(self.tensors, tensors, strict=True)
        return {name: value for tensor, array in pairs for name, value in tensor.split(array).items()}


def pack_step(step: Step, largest: int = LARGEST_PACKED, *, rows: int | None = None) -> Packing:
    """Choose the groups of a step's parameters: a tensor of more than `largest` elements stays alone, and all do where
    the step is not optimised. `rows` are those of a session's batches."""
    largest = largest if step.optimised else 0
    groups = _groups(step.trainable, largest, apart=step.train.optimizer.arguments.get("decay_bias") is False)
    sums: dict[str, tuple[tuple[str, ...], ...]] = {}
    if rows is not None:
        shared = [group for group in groups if group.packed]
        sums = {g.name: sums_of_rows(step.gradients, [member.name for member in g.members], rows) for g in shared}
        groups = tuple(_as_row(group, sums[group.name]) if group.packed else group for group in groups)
    apply, slots = update(step.train, groups)
    tensors: list[StateTensor] = []
    for group in groups:
        if group.packed:
            tensors.append(_tensor(group.name, group.shape, group.members))
    packed = {piece.name for tensor in tensors for piece in tensor.pieces}
    for state in step.states:
        if state.role != "slot" and state.name not in packed:
            tensors.append(alone(state))
    for slot in slots:
        tensors.append(_tensor(f"{slot.group.name}.{slot.name}", slot.group.shape, slot.states()))
    return Packing(groups, simplify(apply) if step.optimised else drop_markers(apply), tuple(tensors), sums)


def _groups(trainable: Sequence[State], largest: int, *, apart: bool) -> tuple[Group, ...]:
    """The groups of an update; `apart`: biases and the like are not packed with kernels."""
    small = [state for state in trainable if prod(state.shape) <= largest and state.constraint is None]
    packs = {
        PACKED: [state for state in small if not (apart and state.bias)],
        PACKED_BIASES: [state for state in small if apart and state.bias],
    }
    groups = [
        Group(name, (sum(state.size for state in members),), tuple(members))
        for name, members in packs.items()
        if len(members) > 1
    ]
    taken = {state.name for group in groups for state in group.members}
    return *groups, *singles([state for state in trainable if state.name not in taken])


def _as_row(group: Group, sums: Sequence[Sequence[str]]) -> Group:
    """The packed group as a matrix of one row, with the members last whose gradients are these sums."""
    last = {name for members in sums for name in members}
    members = sorted(group.members, key=lambda member: member.name in last)
    return Group(group.name, (1, *group.shape), tuple(members))


def _row_sum_of(members: Sequence[str]) -> str:
    return f"grad.{members[0]}.sum"


def alone(state: State) -> StateTensor:
    """A state that is a tensor of its own."""
    return _tensor(state.name, state.shape, (state,))


def _tensor(name: str, shape: tuple[int, ...], states: Sequence[State]) -> StateTensor:
    pieces, offset = [], 0
    for state in states:
        pieces.append(Piece(state.name, state.role, offset, state.shape))
        offset += pieces[-1].size
    return StateTensor(name, shape, tuple(pieces))


def emit_unpacking(e: Emitter, tensors: Sequence[StateTensor], graph: Graph) -> dict[str, str]:
    """Emit each tensor as an input, packed ones with a `Split` where the graph takes what lies in them; gives the
    value of every single state. A session on this machine's processor needs no `Split`: the states are inputs too,
    which lie in the tensor's memory."""
    values: dict[str, str] = {}
    for tensor in tensors:
        whole = e.input(tensor.name, "f32", tensor.shape)
        values[tensor.name] = whole
        if not tensor.packed or not any(piece.name in graph.inputs for piece in tensor.pieces):
            continue
        if e.block is not None:
            values |= {piece.name: e.input(piece.name, "f32", piece.shape) for piece in tensor.pieces}
            continue
        sizes = e.constant(np.array([piece.size for piece in tensor.pieces], np.int64))
        flat = e.nodes("Split", (whole, sizes), len(tensor.pieces))
        for piece, part in zip(tensor.pieces, flat, strict=True):
            values[piece.name] = _reshaped(e, part, piece.shape) if len(piece.shape) != 1 else part
            e.call(values[piece.name], piece.name)
    return values


def emit_gradients(e: Emitter, packing: Packing, gradients: Mapping[str, str]) -> dict[str, str]:
    """The gradient of each group's tensor from those of its members: for a packed one a `Concat`."""
    values = {}
    for group in packing.groups:
        name = f"grad.{group.name}"
        if not group.packed:
            values[name] = gradients[name]
            continue
        sums = packing.row_sums.get(group.name, ())
        summed = {name for members in sums for name in members}
        flat = (*group.shape[:-1], -1)
        parts = [
            gradients[f"grad.{member.name}"]
            if len(member.shape) == len(flat) == 1
            else _reshaped(e, gradients[f"grad.{member.name}"], flat)
            for member in group.members
            if member.name not in summed
        ]
        parts += [gradients[_row_sum_of(members)] for members in sums]
        values[name] = e.node("Concat", *parts, axis=len(flat) - 1)
    return values


def _reshaped(e: Emitter, value: str, shape: tuple[int, ...]) -> str:
    return e.node("Reshape", value, e.constant(np.array(shape, np.int64)))
