"""The trained model: raw data in, outputs out, weights and fitted preprocessing inside.

Classes that have names go in and come out by name: an input's name becomes its index by a `LabelEncoder`, an output's
index its name by a `Gather`. A kind that the model does not know makes the run fail, unless the program says
`unknown = other`.
"""

from __future__ import annotations

import numpy as np

from nndsl.codegen.backend import Arrays
from nndsl.codegen.onnx.emit import Emitter
from nndsl.codegen.onnx.metadata import model_metadata
from nndsl.codegen.onnx.packing import alone
from nndsl.codegen.onnx.proto import serialize
from nndsl.graph.sizes import BATCH
from nndsl.model.network import Classes, Declared
from nndsl.transform.names import EMA
from nndsl.transform.step import Step


def trained_model(step: Step, state: Arrays) -> bytes:
    """The prediction graph with the parameters and statistics of `state` (by single names) as initializers.

    Where training keeps averages of the parameters, these are the parameters of the trained model.
    """
    e = Emitter(step.network.name)
    values = {item.name: _input(e, item) for item in step.network.inputs}
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


def _input(e: Emitter, item: Declared) -> str:
    """An input as the data hold it, turned into what the graph takes."""
    shape = (BATCH, *item.shape)
    classes = item.classes
    if classes is None or classes.names is None:
        return e.input(item.name, item.dtype, shape)
    raw = e.input(item.name, _dtype(classes), shape)
    known = len(classes.names)
    keys = {f"keys_{'strings' if _dtype(classes) == 'string' else 'int64s'}": classes.names}
    index = e.nodes(
        "LabelEncoder", (raw,), 1, domain="ai.onnx.ml", values_int64s=range(known), default_int64=known, **keys
    )[0]
    if classes.unknown == "other":
        return index  # the kind after the known ones
    return e.node("Gather", e.constant(np.arange(known)), index)  # out of bounds for an unknown kind: an error


def _named(e: Emitter, index: str, classes: Classes) -> tuple[str, str]:
    """An output's classes by name, and the type these have."""
    names = classes.names or ()
    if _dtype(classes) == "string":
        return e.node("Gather", e.strings([str(name) for name in names]), index), "string"
    return e.node("Gather", e.constant(np.array(names, np.int64)), index), "i64"


def _dtype(classes: Classes) -> str:
    return "string" if any(isinstance(name, str) for name in classes.names or ()) else "i64"
