"""What models take of packed tensors: the states that lie in them, and the gradients that are joined or written there.

train, evaluate …   single states, by a `Split`, or from where they lie
train               grad.TENSOR, by a `Concat`; on lanes large gradients are written to memory
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from math import prod

import numpy as np

from nndsl.codegen.onnx.emit import Emitter
from nndsl.codegen.onnx.lanes import Lanes, Part, part_of, written_of
from nndsl.codegen.onnx.order import emit_token
from nndsl.codegen.onnx.packing import Packing, StateTensor, row_sum_of
from nndsl.graph.node import Graph
from nndsl.transform.update import Group


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
        if not e.portable:
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
    return {
        f"grad.{group.name}": _joined(e, packing, group, Part(group.members, group.shape), gradients)
        for group in packing.groups
    }


def emit_gradients_on_lanes(e: Emitter, packing: Packing, lanes: Lanes, gradients: Mapping[str, str]) -> dict[str, str]:
    """The same on lanes: large gradients are written to memory where the others are joined, and the update waits."""
    values = {}
    written: dict[str, list[tuple[str, int]]] = {}
    users = Counter(gradients.get(f"grad.{member.name}") for group in packing.groups for member in group.members)
    for group in packing.groups:
        for i, part in enumerate(packing.parts[group.name]):
            value = _joined(e, packing, group, part, gradients)
            if (output := part_of(group, i)) in lanes.places:
                if users[value] > 1:  # another update reads it, which would have to be waited for
                    (value,) = e.nodes("Identity", (value,), 1)
                value = e.output(output, value, "f32", part.shape)
            written.setdefault(group.name, []).append((value, len(part.shape)))
        values[f"grad.{group.name}"] = value
    return values | emit_written(e, packing, lanes, written)


def emit_written(
    e: Emitter, packing: Packing, lanes: Lanes, written: Mapping[str, Sequence[tuple[str, int]]]
) -> dict[str, str]:
    """What an update on lanes waits for: by groups what their gradients are, with ranks, and whatever else reads the
    parameters that it changes in place."""
    tokens = {}
    for group, tensor in zip(packing.groups, packing.updated, strict=True):
        if (name := written_of(group)) in packing.apply.inputs:
            memory = (tensor.name, *(piece.name for piece in tensor.pieces)) if group.name in lanes.states else ()
            others = e.reading(memory, [value for value, _ in written[group.name]])
            tokens[name] = emit_token(e, written[group.name], others)
    return tokens


def _joined(e: Emitter, packing: Packing, group: Group, part: Part, gradients: Mapping[str, str]) -> str:
    """The gradient of a part from those of its members, and zeros behind them where it is longer."""
    if [member.shape for member in part.members] == [part.shape]:
        return gradients[f"grad.{part.members[0].name}"]
    sums = packing.row_sums.get(group.name, ())
    summed = {name for members in sums for name in members}
    flat = (*group.shape[:-1], -1)
    values = [
        gradients[f"grad.{member.name}"]
        if len(member.shape) == len(flat) == 1
        else _reshaped(e, gradients[f"grad.{member.name}"], flat)
        for member in part.members
        if member.name not in summed
    ]
    values += [gradients[row_sum_of(members)] for members in sums]
    if rest := prod(part.shape) - sum(member.size for member in part.members):
        values.append(e.constant(np.zeros((*part.shape[:-1], rest), np.float32)))
    return values[0] if len(values) == 1 else e.node("Concat", *values, axis=len(flat) - 1)


def _reshaped(e: Emitter, value: str, shape: tuple[int, ...]) -> str:
    return e.node("Reshape", value, e.constant(np.array(shape, np.int64)))
