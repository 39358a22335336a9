"""The models of a step: training, evaluation, gradients and prediction, each emitted from its graphs.

train       gradients, packed, then the update          grads, apply    the same in two halves
evaluate    losses and accumulators                     gradients       of single parameters, not applied
predict     outputs

`images`: how a session has its images where a model is for this machine's processor alone; None for models of plain
operators, which any engine runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from onnx import ModelProto

from nndsl.codegen.onnx.blocks import Images
from nndsl.codegen.onnx.emit import Emitter
from nndsl.codegen.onnx.indices import guarded
from nndsl.codegen.onnx.lanes import LANE
from nndsl.codegen.onnx.metadata import model_metadata
from nndsl.codegen.onnx.packed import emit_gradients, emit_gradients_on_lanes, emit_unpacking
from nndsl.codegen.onnx.packing import Packing, StateTensor
from nndsl.codegen.onnx.selection import GIVEN
from nndsl.graph.node import Graph
from nndsl.graph.sizes import BATCH
from nndsl.graph.types import TensorType
from nndsl.model.index_range import index_ranges
from nndsl.model.network import Declared, Network
from nndsl.transform.names import LR, LR_SCALE, ROW, SEED, STEP
from nndsl.transform.step import Step

SCALARS: dict[str, TensorType] = {
    STEP: TensorType("i64", ()),
    SEED: TensorType("i64", ()),
    ROW: TensorType("i64", ()),
    LR_SCALE: TensorType("f32", ()),
}
"""The inputs of a training model besides data and states."""


def train_model(step: Step, packing: Packing, images: Images | None = None) -> ModelProto:
    """One training step: the gradients, and the update of every tensor that they change."""
    e = Emitter(f"{step.network.name}.train", optimised=step.optimised, images=images)
    tensors = packing.tensors
    values = emit_data(e, step.network, (*step.network.inputs, *step.network.targets))
    values |= emit_unpacking(e, tensors, step.gradients)
    values |= emit_scalars(e, SCALARS)
    gradients = packing.gradients(step.gradients)
    values |= emit_given(e, gradients, values)
    results = e.graph(gradients, values)
    lanes = packing.lanes
    values |= emit_gradients_on_lanes(e, packing, lanes, results) if lanes else emit_gradients(e, packing, results)
    values |= emit_given(e, packing.apply, values)
    following = e.graph(packing.apply, values)

    types = _types(step.gradients, packing.apply)
    emit_outputs(e, _named(results, "loss") | _named(following, LR) | _named(results, "metric"), types)
    changed = {**results, **following}
    emit_outputs(e, {name: changed[name] for t in tensors if (name := f"{t.name}.next") in changed}, types)
    emit_outputs(e, {name: following[name] for name in following if name.startswith(LANE)}, types)
    return e.model(model_metadata(step, tensors))


def grads_model(step: Step, packing: Packing) -> ModelProto:
    """The first half of a training step: all that `train_model` measures, what statistics become, and `grad.TENSOR`
    for each tensor of the update."""
    e = Emitter(f"{step.network.name}.grads", optimised=step.optimised)
    gradients = emit_gradients_of(e, step, packing)
    emit_outputs(e, gradients, {f"grad.{t.name}": TensorType("f32", t.shape) for t in packing.updated})
    return e.model(model_metadata(step, packing.used_by(step.gradients)))


def apply_model(step: Step, packing: Packing) -> ModelProto:
    """The second half: each tensor of the update and its gradient to what it becomes, and `nndsl.lr`."""
    e = Emitter(f"{step.network.name}.apply", optimised=step.optimised)
    names = [f"grad.{tensor.name}" for tensor in packing.updated]
    gradients = {name: e.input(name, "f32", t.shape) for name, t in zip(names, packing.updated, strict=True)}
    emit_update(e, packing, gradients)
    return e.model(model_metadata(step, packing.used_by(packing.apply)))


def emit_gradients_of(e: Emitter, step: Step, packing: Packing) -> dict[str, str]:
    """The first half of a training step: losses, accumulators and what statistics become are outputs; gives the
    gradients, packed (`grad.TENSOR`)."""
    tensors = packing.used_by(step.gradients)
    values = emit_data(e, step.network, (*step.network.inputs, *step.network.targets))
    values |= emit_unpacking(e, tensors, step.gradients)
    values |= emit_scalars(e, (STEP, SEED, ROW))
    graph = packing.gradients(step.gradients)
    values |= emit_given(e, graph, values)
    results = e.graph(graph, values)
    changed = {name: value for name, value in results.items() if name.endswith(".next")}
    measured = _named(results, "loss") | _named(results, "metric")
    emit_outputs(e, measured | changed, _types(step.gradients))
    return emit_gradients(e, packing, results)


def emit_update(e: Emitter, packing: Packing, gradients: Mapping[str, str]) -> None:
    """The second half: the tensors of the update as inputs, `nndsl.lr` and their next values as outputs, the first
    unless it is computed ahead."""
    tensors = packing.used_by(packing.apply)
    values = {tensor.name: e.input(tensor.name, "f32", tensor.shape) for tensor in tensors}
    values |= emit_scalars(e, (STEP, LR_SCALE))
    values |= gradients
    following = e.graph(packing.apply, values | emit_given(e, packing.apply, values))
    emit_outputs(e, _named(following, LR) | following, _types(packing.apply))


def evaluate_model(step: Step, packing: Packing, images: Images | None = None) -> ModelProto:
    """Losses and metric accumulators of a batch in prediction mode."""
    e = Emitter(f"{step.network.name}.eval", optimised=step.optimised, images=images)
    return _stateful(e, step, packing, step.evaluate, (*step.network.inputs, *step.network.targets))


def predict_model(step: Step, packing: Packing, images: Images | None = None) -> ModelProto:
    """Inputs to outputs, the parameters being inputs too."""
    e = Emitter(f"{step.network.name}.predict", optimised=step.optimised, images=images)
    return _stateful(e, step, packing, step.predict, step.network.inputs)


def gradients_model(step: Step, packing: Packing, images: Images | None = None) -> ModelProto:
    """The loss and `grad.PARAMETER` for each trainable parameter: what a training step would apply."""
    e = Emitter(f"{step.network.name}.gradients", optimised=step.optimised, images=images)
    values = emit_data(e, step.network, (*step.network.inputs, *step.network.targets))
    tensors = packing.used_by(step.gradients)
    values |= emit_unpacking(e, tensors, step.gradients)
    values |= emit_scalars(e, (STEP, SEED, ROW))
    values |= emit_given(e, step.gradients, values)
    results = e.graph(step.gradients, values)
    emit_outputs(e, {"loss": results["loss"], **_named(results, "grad")}, _types(step.gradients))
    return e.model(model_metadata(step, tensors))


def _stateful(e: Emitter, step: Step, packing: Packing, graph: Graph, data: tuple[Declared, ...]) -> ModelProto:
    values = emit_data(e, step.network, data)
    tensors: tuple[StateTensor, ...] = packing.used_by(graph)
    values |= emit_unpacking(e, tensors, graph)
    results = e.graph(graph, values)
    emit_outputs(e, results, _types(graph))
    return e.model(model_metadata(step, tensors))


def emit_data(e: Emitter, network: Network, data: tuple[Declared, ...]) -> dict[str, str]:
    """Each input and target as an input of the model, batch axis first. What a session is given was looked at before;
    models for any engine fail on indices that are none."""
    values = {item.name: e.input(item.name, item.dtype, (BATCH, *item.shape)) for item in data}
    if not e.portable:
        return values
    ranges = index_ranges(network)
    return {item.name: guarded(e, values[item.name], item, ranges) for item in data}


def emit_scalars(e: Emitter, names: Iterable[str]) -> dict[str, str]:
    return {name: e.input(name, SCALARS[name].dtype, SCALARS[name].shape) for name in names}


def emit_given(e: Emitter, graph: Graph, values: Mapping[str, str]) -> dict[str, str]:
    """What a graph is given beside these values: what a session knows of a batch, or computes ahead of its steps."""
    given = {name: node.type for name, node in graph.inputs.items() if name not in values}
    return {
        name: (e.sparse_input if name.startswith(GIVEN) else e.input)(name, type.dtype, type.shape)
        for name, type in given.items()
    }


def emit_outputs(e: Emitter, values: Mapping[str, str], types: Mapping[str, TensorType]) -> None:
    for name, value in values.items():
        found = e.output(name, value, types[name].dtype, types[name].shape)
        assert found == value or not name.startswith(LANE), f"what waits for {name} would not wait for its copy"


def _types(*graphs: Graph) -> dict[str, TensorType]:
    return {name: node.type for graph in graphs for name, node in graph.outputs.items()}


def _named(results: Mapping[str, str], kind: str) -> dict[str, str]:
    """The results called `kind` or `kind.…`."""
    return {name: value for name, value in results.items() if name == kind or name.startswith(f"{kind}.")}
