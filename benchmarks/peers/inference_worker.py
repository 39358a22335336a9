"""Inference of a trained network, everybody in one process: `python … FOLDER`, which `inference.py` has filled.

`FOLDER` holds `model.onnx`, `model.py` and `weights.npz` (nndsl's), `task` (its name) and `weights.json` (which array
is which layer's). Each gives the probabilities of the same rows; they must agree before time counts. Prints JSON.
"""

from __future__ import annotations

import importlib.util
import json
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from serve import THREADS, two_threads

two_threads()

import numpy as np  # noqa: E402
import onnxruntime  # noqa: E402
import torch  # noqa: E402
from sklearn.neural_network import MLPClassifier  # noqa: E402
from tasks import CLASSES, TASKS, Task, data, shapes  # noqa: E402
from torch import nn  # noqa: E402

BATCHES = (1, 1024)


def torch_network(task: Task, arrays: list[Any]) -> nn.Module:
    """The trained network, for images channels first as PyTorch wants them; gives probabilities."""
    given = iter(arrays)
    layers: list[nn.Module] = []
    for (kind, *arguments), (before, shape) in zip(task.layers, shapes(task), strict=True):
        if kind == "dense":
            layer: nn.Module = nn.Linear(before[0], arguments[0])
            layer.weight.data = torch.from_numpy(next(given).T.copy())
            layer.bias.data = torch.from_numpy(next(given).copy())
        elif kind == "conv":
            layer = nn.Conv2d(shape[2], shape[3], 3, padding=arguments[1])
            layer.weight.data = torch.from_numpy(next(given).transpose(3, 2, 0, 1).copy())
            layer.bias.data = torch.from_numpy(next(given).copy())
        elif kind == "flatten":
            layers.append(ChannelsLast())
            layer = nn.Flatten()
        else:
            made = {"relu": nn.ReLU, "pool": lambda: nn.MaxPool2d(2), "dropout": nn.Dropout}
            layer = made[kind](*arguments)
        layers.append(layer)
    return nn.Sequential(*layers, nn.Softmax(1)).eval()


class ChannelsLast(nn.Module):
    """The weights of a dense layer after `flatten` were trained on channels that come last."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.permute(0, 2, 3, 1)


def session(path: str) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def main(folder: Path) -> None:
    warnings.filterwarnings("ignore")
    torch.set_num_threads(THREADS)
    task = TASKS[(folder / "task").read_text()]
    state = dict(np.load(folder / "weights.npz"))
    arrays = [state[name] for name in json.loads((folder / "weights.json").read_text())]
    x = data(task)[0]
    image = len(task.shape) == 3
    network = torch_network(task, arrays)

    rows = np.ascontiguousarray(x[:2])
    sample = torch.from_numpy(rows.transpose(0, 3, 1, 2).copy() if image else rows)
    exported = str(folder / "torch.onnx")
    rows_of_any_number = ({0: torch.export.Dim("n")},)
    torch.onnx.export(network, (sample,), exported, input_names=["x"], dynamic_shapes=rows_of_any_number)
    own, theirs = session(str(folder / "model.onnx")), session(exported)
    specification = importlib.util.spec_from_file_location("model", folder / "model.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)

    results = []
    for batch in BATCHES:
        rows = np.ascontiguousarray(x[:batch])
        first = np.ascontiguousarray(rows.transpose(0, 3, 1, 2)) if image else rows
        tensor = torch.from_numpy(first)

        def with_torch(tensor: torch.Tensor = tensor) -> Any:
            with torch.inference_mode():
                return network(tensor).numpy()

        field: dict[str, Callable[[], Any]] = {
            "nndsl's model.onnx in ONNX Runtime": lambda rows=rows: own.run(["probability"], {"x": rows})[0],
            "PyTorch's export in ONNX Runtime": lambda first=first: theirs.run(None, {"x": first})[0],
            "PyTorch": with_torch,
            "nndsl's NumPy module": lambda rows=rows: module.predict(state, x=rows)["probability"],
        }
        if not image:
            units = [arguments[0] for kind, *arguments in task.layers if kind == "dense"][:-1]
            classifier = MLPClassifier(units, max_iter=1).fit(x[:64], np.arange(64) % CLASSES)
            classifier.coefs_, classifier.intercepts_ = arrays[::2], arrays[1::2]
            field["scikit-learn"] = partial(classifier.predict_proba, rows)
        expected = np.array(field["PyTorch"]())
        for name, run in field.items():
            assert np.allclose(run(), expected, atol=1e-4), f"{name} gives other probabilities"
        times: dict[str, list[float]] = {name: [] for name in field}
        calls = max(1, int(0.02 / _seconds(field["PyTorch"], 3)))
        for _ in range(15):
            for name, run in field.items():
                times[name].append(1e6 * _seconds(run, calls))
        for name, found in times.items():
            results.append({"contender": name, "batch": batch, "median": statistics.median(found), "least": min(found)})
    print(json.dumps(results))


def _seconds(run: Callable[[], Any], calls: int) -> float:
    began = time.perf_counter()
    for _ in range(calls):
        run()
    return (time.perf_counter() - began) / calls


main(Path(sys.argv[1]))
