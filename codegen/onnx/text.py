"""The ONNX training graph as text, for `nndsl show --stage onnx`."""

from __future__ import annotations

from nndsl.codegen.onnx.models import train_model
from nndsl.codegen.onnx.packing import pack_step
from nndsl.transform.step import Step


def training_graph_text(step: Step) -> str:
    """The graph of `NAME.train.onnx` in ONNX's own text syntax, metadata left out."""
    from onnx import printer

    model = train_model(step, pack_step(step))
    return printer.to_text(model.graph) + "\n"
