"""The models of a step: names, types, metadata and determinism as promised, and they compute the step's graphs."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx_checks import checked, run
from onnx_networks import SOURCE, digits, digits_batch, initial_state, mixed, mixed_batch

import nndsl
from nndsl.codegen.onnx.artifacts import artifacts
from nndsl.codegen.onnx.models import evaluate_model, gradients_model, predict_model, train_model
from nndsl.codegen.onnx.packing import pack_step
from nndsl.graph.evaluate import evaluate
from nndsl.transform.step import Step

Batch = dict[str, np.ndarray[Any, Any]]
MODELS = (train_model, evaluate_model, predict_model, gradients_model)
NETWORKS: dict[str, tuple[Step, Callable[[int], Batch]]] = {
    "digits": (digits(), digits_batch),
    "mixed": (mixed(), mixed_batch),
}
SCALARS: Batch = {
    "nndsl.step": np.array(3),
    "nndsl.seed": np.array(11),
    "nndsl.row": np.array(0),
    "nndsl.lr_scale": np.array(0.5, np.float32),
}

network = pytest.mark.parametrize("network", NETWORKS)


def names(values: Any) -> list[str]:
    return [value.name for value in values]


def typed(values: Any) -> dict[str, tuple[int, list[int | str]]]:
    return {
        v.name: (
            v.type.tensor_type.elem_type,
            [d.dim_param or d.dim_value for d in v.type.tensor_type.shape.dim],
        )
        for v in values
    }


@network
@pytest.mark.parametrize("build", MODELS, ids=lambda build: build.__name__)
@pytest.mark.parametrize("largest", [0, 16_384], ids=["alone", "packed"])
def test_valid_standard_and_with_kernels_on_cpu_and_cuda(network: str, build: Any, largest: int) -> None:
    step, _ = NETWORKS[network]
    checked(build(step, pack_step(step, largest)))


def test_names_of_a_training_model() -> None:
    step, _ = NETWORKS["mixed"]
    graph = train_model(step, pack_step(step)).graph
    f32, i64 = onnx.TensorProto.FLOAT, onnx.TensorProto.INT64
    assert typed(graph.input) == {
        "signal": (f32, ["batch", "time", 3]),
        "city": (i64, ["batch"]),
        "unused": (f32, ["batch", 2]),
        "kind": (i64, ["batch"]),
        "weight": (f32, ["batch"]),
        "nndsl.packed": (f32, [28]),
        "frozen.scale": (f32, [7]),
        "norm.moving_mean": (f32, [3]),
        "nndsl.packed.adam_m": (f32, [28]),
        "nndsl.packed.adam_v": (f32, [28]),
        "nndsl.step": (i64, []),
        "nndsl.seed": (i64, []),
        "nndsl.row": (i64, []),
        "nndsl.lr_scale": (f32, []),
    }
    assert typed(graph.output) == {
        "loss": (f32, []),
        "loss.size": (f32, []),
        "nndsl.lr": (f32, []),
        "metric.accuracy.correct": (f32, []),
        "metric.accuracy.count": (f32, []),
        "nndsl.packed.next": (f32, [28]),
        "norm.moving_mean.next": (f32, [3]),
        "nndsl.packed.adam_m.next": (f32, [28]),
        "nndsl.packed.adam_v.next": (f32, [28]),
    }


def test_names_of_evaluation_and_prediction() -> None:
    step, _ = NETWORKS["mixed"]
    packing = pack_step(step)
    evaluation, prediction = evaluate_model(step, packing).graph, predict_model(step, packing).graph
    states = ["nndsl.packed", "frozen.scale", "norm.moving_mean"]
    assert names(evaluation.input) == ["signal", "city", "unused", "kind", "weight", *states]
    assert names(evaluation.output) == ["loss", "loss.size", "metric.accuracy.correct", "metric.accuracy.count"]
    assert names(prediction.input) == ["signal", "city", "unused", *states]
    assert typed(prediction.output) == {
        "score": (onnx.TensorProto.FLOAT, ["batch", 2]),
        "label": (onnx.TensorProto.INT64, ["batch"]),
        "same": (onnx.TensorProto.FLOAT, ["batch", "time", 3]),
    }


def test_large_parameters_stay_alone_under_their_own_names() -> None:
    step, _ = NETWORKS["digits"]
    graph = train_model(step, pack_step(step, largest=600)).graph
    assert names(graph.input)[2:9] == [
        *("nndsl.packed", "layer_1.W", "nndsl.packed.adam_m", "nndsl.packed.adam_v"),
        *("layer_1.W.adam_m", "layer_1.W.adam_v", "nndsl.step"),
    ]
    alone = train_model(step, pack_step(step, largest=0)).graph
    assert names(alone.input)[2:5] == ["layer_1.W", "layer_1.b", "layer_2.W"]
    assert "layer_3.b.adam_v.next" in names(alone.output)


@network
def test_a_training_model_computes_gradients_then_the_update(network: str) -> None:
    """Against the NumPy evaluator on the step's own graphs."""
    step, batch = NETWORKS[network]
    packing = pack_step(step)
    state, data = initial_state(step), batch(9)
    found = run(train_model(step, packing), {**data, **packing.pack(state), **SCALARS})
    expected = evaluate(step.gradients, {**data, **state, **SCALARS})
    following = evaluate(step.apply, {**state, **expected, **SCALARS})
    after = packing.unpack([found.get(f"{name}.next", value) for name, value in packing.pack(state).items()])
    for name, value in {**expected, **following}.items():
        if name.startswith("grad."):
            continue
        mine = after[name.removesuffix(".next")] if name.endswith(".next") else found[name]
        # Adam's first steps divide a gradient by its own size: where it is nearly 0, rounding moves the quotient.
        np.testing.assert_allclose(mine, value, rtol=1e-4, atol=2e-6, err_msg=name)
    assert found["nndsl.lr"] == np.float32(0.5 * 1e-2)


@network
def test_other_models_compute_their_graphs(network: str) -> None:
    step, batch = NETWORKS[network]
    packing = pack_step(step)
    state, data = initial_state(step), batch(9)
    for build, graph in (
        (evaluate_model, step.evaluate),
        (predict_model, step.predict),
        (gradients_model, step.gradients),
    ):
        model = build(step, packing)
        values = {**data, **packing.pack(state), **SCALARS}
        found = run(model, {name: values[name] for name in names(model.graph.input)})
        expected = evaluate(graph, {**data, **state, **SCALARS})
        for name, value in found.items():
            # Sums of up to some hundred products, in another order than NumPy's.
            np.testing.assert_allclose(value, expected[name], rtol=1e-5, atol=1e-6, err_msg=name)


@network
def test_packed_and_unpacked_steps_agree_bit_for_bit(network: str) -> None:
    """Packing moves elements and changes no arithmetic: the update is element-wise and rounds each operation."""
    step, batch = NETWORKS[network]
    results = []
    for largest in (0, 16_384):
        packing = pack_step(step, largest)
        tensors = packing.pack(initial_state(step))
        model = train_model(step, packing)
        for number in range(4):
            scalars = {**SCALARS, "nndsl.step": np.array(number)}
            found = run(model, {**batch(8), **tensors, **scalars})
            tensors = {name: found.get(f"{name}.next", value) for name, value in tensors.items()}
        results.append((found["loss"], packing.unpack([*tensors.values()])))
    (loss, alone), (packed_loss, packed) = results
    assert loss == packed_loss
    assert list(alone.keys() ^ packed.keys()) == []
    for name, value in alone.items():
        np.testing.assert_array_equal(value, packed[name], err_msg=name)


def metadata(model: onnx.ModelProto) -> Mapping[str, str]:
    return {entry.key: entry.value for entry in model.metadata_props}


def test_metadata_find_every_state_in_its_tensor() -> None:
    step, _ = NETWORKS["mixed"]
    packing = pack_step(step)
    rng = np.random.default_rng(0)
    state = {name: np.asarray(rng.normal(size=v.shape)) for name, v in initial_state(step).items()}
    tensors = packing.pack(state)
    model = train_model(step, packing)
    described = json.loads(metadata(model)["nndsl.states"])
    assert [entry["tensor"] for entry in described] == list(tensors)
    found = {}
    for entry in described:
        assert entry["shape"] == list(tensors[entry["tensor"]].shape)
        flat = tensors[entry["tensor"]].reshape(-1)
        for piece in entry["pieces"]:
            size = int(np.prod(piece["shape"]))
            found[piece["name"]] = flat[piece["offset"] : piece["offset"] + size].reshape(piece["shape"])
            assert piece["role"] == next(s.role for s in step.states if s.name == piece["name"])
    assert found.keys() == state.keys()
    for name, value in state.items():
        np.testing.assert_array_equal(found[name], value.astype(np.float32))


def test_metadata_of_the_program_and_its_interface() -> None:
    step, _ = NETWORKS["mixed"]
    for build in MODELS:
        found = metadata(build(step, pack_step(step)))
        assert list(found) == ["nndsl.version", "nndsl.source", "nndsl.states", "nndsl.interface"]
        assert found["nndsl.version"] == nndsl.__version__
        assert found["nndsl.source"] == SOURCE.text
        assert json.loads(found["nndsl.interface"]) == {
            "inputs": [
                {"name": "signal", "kind": "f32", "shape": ["time", 3]},
                {"name": "city", "kind": "class", "shape": [], "classes": ["Bern", "Oslo", "Rom"], "unknown": "error"},
                {"name": "unused", "kind": "f32", "shape": [2]},
            ],
            "targets": [
                {"name": "kind", "kind": "class", "shape": [], "classes": ["no", "yes"], "unknown": "error"},
                {"name": "weight", "kind": "f32", "shape": []},
            ],
            "outputs": [
                {"name": "score", "kind": "f32", "shape": [2]},
                {"name": "label", "kind": "class", "shape": [], "classes": ["no", "yes"]},
                {"name": "same", "kind": "f32", "shape": ["time", 3]},
            ],
            "metrics": [
                {
                    "name": "accuracy",
                    "accumulators": ["metric.accuracy.correct", "metric.accuracy.count"],
                    "formula": "metric.accuracy.correct / metric.accuracy.count",
                }
            ],
        }


def test_files_of_compile_and_their_state() -> None:
    from safetensors.numpy import load

    step, batch = NETWORKS["digits"]
    state = initial_state(step)
    files = artifacts(step, state)
    assert list(files) == ["digits.train.onnx", "digits.eval.onnx", "digits.predict.onnx", "digits.state.safetensors"]
    tensors = load(files["digits.state.safetensors"])
    found = run(files["digits.train.onnx"], {**batch(4), **tensors, **SCALARS})
    assert np.isfinite(found["loss"])
    taken = {name.removesuffix(".next") for name in found if name.endswith(".next")}
    assert taken == tensors.keys()


def test_the_same_bytes_in_another_process_with_another_hash_seed() -> None:
    here = Path(__file__).parent
    script = (
        "import hashlib, sys; sys.path.insert(0, sys.argv[1]);"
        "from onnx_networks import *; from nndsl.codegen.onnx.artifacts import artifacts;"
        "files = {k: v for s in (digits(), mixed()) for k, v in artifacts(s, initial_state(s)).items()};"
        "print({k: hashlib.sha256(v).hexdigest() for k, v in files.items()})"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", script, str(here)],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(here.parents[2])},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1
