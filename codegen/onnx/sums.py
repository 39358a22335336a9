"""Accumulated gradients: the model of a micro-batch, which adds to sums, and the one of the update from these.

    accumulate      gradients of a micro-batch; sum.TENSOR.next = sum.TENSOR + rows * grad.TENSOR
    apply           grad.TENSOR = sum.TENSOR / rows of all micro-batches; the update

A loss is a mean over rows, so the rows weight the gradients; penalties, which are no mean, come out as they are.
"""

from __future__ import annotations

import numpy as np
from onnx import ModelProto

from nndsl.codegen.backend import Array, Arrays
from nndsl.codegen.onnx.blocks import Images
from nndsl.codegen.onnx.emit import Emitter
from nndsl.codegen.onnx.lanes import whole_of
from nndsl.codegen.onnx.models import emit_gradients_of, emit_update
from nndsl.codegen.onnx.packed import emit_written
from nndsl.codegen.onnx.packing import Packing, StateTensor
from nndsl.graph.sizes import BATCH
from nndsl.transform.step import Step
from nndsl.transform.update import Group

ROWS = "nndsl.rows"
"""float scalar: the rows of all micro-batches of an update."""


def sum_of(tensor: StateTensor | Group) -> str:
    """The name of the sum of a tensor's gradients."""
    return f"sum.{tensor.name}"


def accumulate_model(step: Step, packing: Packing, images: Images | None = None) -> ModelProto:
    """Loss and metric accumulators of a micro-batch, the statistics after it, and the sums with its gradients added."""
    e = Emitter(f"{step.network.name}.accumulate", optimised=step.optimised, images=images)
    gradients = emit_gradients_of(e, step, packing)
    rows = e.size(BATCH, "f32")
    for group in packing.groups:
        before = e.input(sum_of(group), "f32", group.shape)
        after = e.node("Add", before, e.node("Mul", gradients[f"grad.{group.name}"], rows))
        e.output(f"{sum_of(group)}.next", after, "f32", group.shape)
    return e.model({})


def apply_sums_model(step: Step, packing: Packing, images: Images | None = None) -> ModelProto:
    """The update by the accumulated gradients."""
    e = Emitter(f"{step.network.name}.apply", optimised=step.optimised, images=images)
    rows = e.input(ROWS, "f32", ())
    gradients, written = {}, {}
    for group in packing.groups:
        mean = e.node("Div", e.input(sum_of(group), "f32", group.shape), rows)
        if packing.lanes and (output := whole_of(group)) in packing.lanes.places:
            mean = e.output(output, mean, "f32", group.shape)
        gradients[f"grad.{group.name}"] = mean
        written[group.name] = [(mean, len(group.shape))]
    emit_update(e, packing, gradients | (emit_written(e, packing, packing.lanes, written) if packing.lanes else {}))
    return e.model({})


def packed_sums(packing: Packing, sums: Arrays) -> dict[str, Array]:
    """The sums as the models take them, from those by single names (`grad.PARAMETER`); zeros where there are none."""
    values = {name.removeprefix("grad."): value for name, value in sums.items()}
    return {
        sum_of(tensor): tensor.join(values) if values else np.zeros(tensor.shape, np.float32)
        for tensor in packing.updated
    }


def unpacked_sums(packing: Packing, sums: Arrays) -> dict[str, Array]:
    """The sums by single names (`grad.PARAMETER`), as copies."""
    return {
        f"grad.{name}": value
        for tensor in packing.updated
        for name, value in tensor.split(sums[sum_of(tensor)].copy()).items()
    }
