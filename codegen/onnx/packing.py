"""Packing: small parameters share one flat tensor, and so do their slots, so that one update serves them all.

    hidden.W [64, 32]   hidden.b [32]   logits.W [32, 10]      nndsl.packed [2400]
    hidden.W.adam_m …                                          nndsl.packed.adam_m [2400]

An optimizer is a dozen element-wise operators for each tensor, and for a small tensor an operator costs what it costs
to start it. Packed, the forward part begins with one `Split`, the backward part ends in one `Concat`, and the optimizer
runs once: a step of three dense layers with adam takes 60 nodes instead of 102. Large tensors stay alone, since `Split`
and `Concat` copy. Only the ONNX backend packs; checkpoints and the NumPy module know single names alone.

A session on the CPU packs otherwise than an exported model: in matrices of one row with biases last (`row_sums`), and
where there are many parameters all that one rule updates, which it does where they lie (`lanes`). There large
gradients are written to their place, and only small ones joined.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod

import numpy as np

from nndsl.codegen.backend import Array, Arrays
from nndsl.codegen.onnx.fuse import SMALL_ROW
from nndsl.codegen.onnx.lanes import ALIGNED, Lanes, Part, in_lanes
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

NARROW = 16_384
"""Elements of all parameters together for which lanes do not pay: products wait for each other, by operators of their
own (`benchmarks/NOTES.md` has the measurement)."""

NARROW_FOR_THREADS = SMALL_ROW
"""The same where all gradients are joined and a product has several threads: each has its elements in a cache of its
own then, and the operators between have one thread."""

LARGEST_PACKED = 32_768
"""Parameters of more elements than this stay alone, on lanes their gradients (`benchmarks/NOTES.md` has the
measurement)."""


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
        array = np.zeros(self.shape, np.float32)
        for name, part in self.split(array).items():
            part[...] = np.asarray(values[name], np.float32).reshape(part.shape)
        return array

    def filled(self, array: Array) -> Array:
        """As much of the array as its pieces are: on lanes there may be something behind them that nobody reads."""
        return array.reshape(-1)[: self.pieces[-1].offset + self.pieces[-1].size]

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
    parts: Mapping[str, tuple[Part, ...]]
    """By group, what its gradient is made of on lanes."""
    lanes: Lanes | None = None
    """Where the vectors of the update lie, in sessions on the CPU."""

    def gradients(self, graph: Graph) -> Graph:
        """The graph of a step's gradients, in which these sums are products."""
        for members in (members for groups in self.row_sums.values() for members in groups):
            graph = with_product(graph, members, row_sum_of(members))
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


def pack_step(
    step: Step, largest: int = LARGEST_PACKED, *, rows: int | None = None, lanes_for: int | None = None
) -> Packing:
    """Choose the groups of a step's parameters: a tensor of more than `largest` elements stays alone, and all do where
    the step is not optimised. `rows` are those of a session's batches.

    A session on the CPU has them on lanes, large ones too, whose gradients alone are not joined, unless an update gains
    nothing by that: `lanes_for` is how many threads it has.
    """
    largest = largest if step.optimised else 0
    apart = step.train.optimizer.arguments.get("decay_bias") is False
    groups = _groups(step.trainable, largest if lanes_for is None else None, apart=apart)
    sums: dict[str, tuple[tuple[str, ...], ...]] = {}
    if rows is not None:
        names = {group.name: [member.name for member in group.members] for group in groups if group.packed}
        sums = {name: sums_of_rows(step.gradients, members, rows) for name, members in names.items()}
        groups = tuple(_as_row(group, sums[group.name], largest) if group.packed else group for group in groups)
    wide = {g.name: _filled_up(g) for g in groups if lanes_for is not None and _is_wide(g, largest, lanes_for)}
    groups = tuple(wide.get(group.name, group) for group in groups)
    parts = {group.name: _parts(group, sums.get(group.name, ()), largest) for group in groups}
    apply, slots = update(step.train, groups)
    apply = simplify(apply) if step.optimised else drop_markers(apply)
    lanes = in_lanes(apply, [*wide.values()], parts)
    if lanes_for is not None and not lanes:
        return pack_step(step, largest, rows=rows)
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
    return Packing(groups, lanes.apply if lanes else apply, tuple(tensors), sums, parts, lanes)


def _groups(trainable: Sequence[State], largest: int | None, *, apart: bool) -> tuple[Group, ...]:
    """The groups of an update, of tensors up to a size or of any; `apart`: biases and the like are not packed with
    kernels."""
    small = [
        state for state in trainable if state.constraint is None and (largest is None or prod(state.shape) <= largest)
    ]
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


def _as_row(group: Group, sums: Sequence[Sequence[str]], largest: int) -> Group:
    """The packed group as a matrix of one row, with large members first, and those last whose gradients are these
    sums."""
    last = {name for members in sums for name in members}
    members = sorted(group.members, key=lambda m: (m.name in last, m.name in last or m.size <= largest))
    return Group(group.name, (1, *group.shape), tuple(members))


def _is_wide(group: Group, largest: int, threads: int) -> bool:
    """Whether lanes pay for a group."""
    joined = all(member.size <= largest for member in group.members)
    least = NARROW_FOR_THREADS if joined and threads != 1 else NARROW
    return group.packed and sum(member.size for member in group.members) > least


def _filled_up(group: Group) -> Group:
    """The group in a row that is as long as lanes are."""
    return replace(group, shape=(1, -(-group.shape[-1] // ALIGNED) * ALIGNED))


def _parts(group: Group, sums: Sequence[Sequence[str]], largest: int) -> tuple[Part, ...]:
    """A group's gradient, as far as it is joined: large members alone, the rest together."""
    if not group.packed:
        return (Part(group.members, group.shape),)
    summed = {name for members in sums for name in members}
    large = [member for member in group.members if member.size > largest and member.name not in summed]
    rest = tuple(member for member in group.members if member not in large)
    columns = group.shape[-1] - sum(member.size for member in large)
    parts = [Part((member,), member.shape) for member in large]
    return (*parts, Part(rest, (*group.shape[:-1], columns))) if columns else tuple(parts)


def row_sum_of(members: Sequence[str]) -> str:
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
