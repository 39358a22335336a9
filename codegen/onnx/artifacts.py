"""The files that `compile` writes for this backend, as bytes by name."""

from __future__ import annotations

from nndsl.codegen.backend import Arrays
from nndsl.codegen.onnx.models import apply_model, evaluate_model, grads_model, predict_model, train_model
from nndsl.codegen.onnx.packing import pack_step
from nndsl.codegen.onnx.proto import serialize
from nndsl.transform.step import Step


def artifacts(step: Step, state: Arrays, *, split: bool = False) -> dict[str, bytes]:
    """`NAME.train.onnx`, `NAME.eval.onnx`, `NAME.predict.onnx` and `NAME.state.safetensors`.

    `state` is the initial state by single names; its file holds the tensors that the training graph takes. With `split`
    the training step comes in two halves besides, `NAME.grads.onnx` and `NAME.apply.onnx`.
    """
    from safetensors.numpy import save

    name = step.network.name
    packing = pack_step(step)
    models = {f"{name}.train.onnx": train_model(step, packing)}
    if split:
        models[f"{name}.grads.onnx"] = grads_model(step, packing)
        models[f"{name}.apply.onnx"] = apply_model(step, packing)
    models[f"{name}.eval.onnx"] = evaluate_model(step, packing)
    models[f"{name}.predict.onnx"] = predict_model(step, packing)
    files = {path: serialize(model) for path, model in models.items()}
    return {**files, f"{name}.state.safetensors": save(packing.pack(state))}
