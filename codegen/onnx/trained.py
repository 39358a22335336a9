"""The trained model: raw data in, outputs out, weights and fitted preprocessing inside.

Classes that have names go in and come out by name: an input's name becomes its index by a `LabelEncoder`, an output's
index its name by a `Gather`. A kind that the model does not know, or a number that is no index, makes the run fail,
unless the program says `unknown = other`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from nndsl.codegen.backend import Arrays
from nndsl.codegen.onnx.emit import Emitter
from nndsl.codegen.onnx.indices import guarded
from nndsl.codegen.onnx.metadata import model_metadata
from nndsl.codegen.onnx.packing import alone
from nndsl.codegen.onnx.proto import serialize
from nndsl.graph.sizes import BATCH
from nndsl.model.index_range import IndexRange, index_ranges
from nndsl.model.network import Classes, Declared
from nndsl.transform.names import EMA
from nndsl.transform.step import Step


def trained_model(step: Step, state: Arrays) -> bytes:
    """The prediction graph with the parameters and statistics of `state` (by single names) as initializers.

    Where training keeps averages of the parameters, these are the parameters of the trained model.
    """
    e = Emitter(step.network.name, optimised=step.optimised)
    ranges = index_ranges(step.network, predicting=True)
    values = {item.name: _input(e, item, ranges) for item in step.network.inputs}
    weights = []
    for weight in (item for item in step.states if item.role != "slot"):
        for name in (weight.name, f"{weight.name}.{EMA}"):
            if name in step.predict.inputs:
                values[name] = e.initializer(weight.name, np.asarray(state[name], np.float32))
                weights.append(alone(weight))
    results = e.graph(step.predict, values)
    for output in step.network.outputs:
        type = step.predict.outputs[output.name].type
        classes = output.classes.classes if output.classes else None
        value, dtype = results[output.name], str(type.dtype)
        if classes is not None and classes.names is not None:
            value, dtype = _named(e, value, classes)
        e.output(output.name, value, dtype, type.shape)
    return serialize(e.model(model_metadata(step, weights)))


def _input(e: Emitter, item: Declared, ranges: Mapping[str, Sequence[IndexRange]]) -> str:
    """An input as the data hold it, turned into what the graph takes."""
    shape = (BATCH, *item.shape)
    classes = item.classes
    if classes is None:
        return guarded(e, e.input(item.name, item.dtype, shape), item, ranges)
    raw = e.input(item.name, _dtype(classes), shape)
    index = _index(e, raw, classes)  # the count of the kinds for what is none of them
    if classes.unknown == "other":
        return index
    return e.node("Gather", e.constant(np.arange(classes.count)), index)  # out of bounds for what is none: an error


def _index(e: Emitter, raw: str, classes: Classes) -> str:
    """Indices of kinds; what is none of them gets the index behind, and never -1, which would count from the end."""
    if classes.names is None:
        least, count = e.constant(np.array(0)), e.constant(np.array(classes.count))
        known = e.node("And", e.node("GreaterOrEqual", raw, least), e.node("Less", raw, count))
        return e.node("Where", known, raw, count)
    keys = {f"keys_{'strings' if _dtype(classes) == 'string' else 'int64s'}": classes.names}
    values = range(classes.count)
    return e.nodes(
        "LabelEncoder", (raw,), 1, domain="ai.onnx.ml", values_int64s=values, default_int64=classes.count, **keys
    )[0]


def _named(e: Emitter, index: str, classes: Classes) -> tuple[str, str]:
    """An output's classes by name, and the type these have."""
    names = classes.names or ()
    if _dtype(classes) == "string":
        return e.node("Gather", e.strings([str(name) for name in names]), index), "string"
    return e.node("Gather", e.constant(np.array(names, np.int64)), index), "i64"


def _dtype(classes: Classes) -> str:
    return "string" if any(isinstance(name, str) for name in classes.names or ()) else "i64"
