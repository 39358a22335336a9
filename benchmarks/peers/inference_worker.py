"""Inference of a trained network by one contender: `python … FOLDER CONTENDER`.

`FOLDER` has been filled by `inference.py`: `model.onnx`, `model.py` and `weights.npz` (nndsl's), `task` (its name) and
`weights.json` (which array is which layer's). Contenders are `nndsl`, `module`, `export`, `torch` and `sklearn`. Says
`{"ready": …}`, then answers each line `BATCH CALLS` with the seconds of a call and the first row's probabilities.
"""

from __future__ import annotations

import importlib.util
import json
import sys
import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from serve import THREADS, answer, two_threads

two_threads()

import numpy as np  # noqa: E402
from tasks import CLASSES, TASKS, Task, data, shapes  # noqa: E402

Predict = Callable[[Any], Any]


def torch_network(task: Task, arrays: list[Any]) -> Any:
    """The trained network, for images channels first as PyTorch wants them; gives probabilities."""
    import torch
    from torch import nn

    class ChannelsLast(nn.Module):
        """The weights of a dense layer after `flatten` were trained on channels that come last."""

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x.permute(0, 2, 3, 1)

    torch.set_num_threads(THREADS)
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


def in_onnxruntime(path: str) -> Predict:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    name, result = session.get_inputs()[0].name, session.get_outputs()[0].name
    return lambda rows: session.run([result], {name: rows})[0]


def contender(name: str, folder: Path, task: Task, rows: Any) -> Predict:
    """The function that gives probabilities; `rows` are some for what wants to see an example."""
    state = dict(np.load(folder / "weights.npz"))
    arrays = [state[key] for key in json.loads((folder / "weights.json").read_text())]
    match name:
        case "nndsl":
            return in_onnxruntime(str(folder / "model.onnx"))
        case "module":
            specification = importlib.util.spec_from_file_location("model", folder / "model.py")
            assert specification is not None
            assert specification.loader is not None
            module = importlib.util.module_from_spec(specification)
            specification.loader.exec_module(module)
            return lambda rows: module.predict(state, x=rows)["probability"]
        case "sklearn":
            from sklearn.neural_network import MLPClassifier

            units = [arguments[0] for kind, *arguments in task.layers if kind == "dense"][:-1]
            classifier = MLPClassifier(units, max_iter=1).fit(rows, np.arange(len(rows)) % CLASSES)
            classifier.coefs_, classifier.intercepts_ = arrays[::2], arrays[1::2]
            return partial(classifier.predict_proba)
    import torch

    network = torch_network(task, arrays)
    if name == "torch":

        def predict(rows: Any) -> Any:
            with torch.inference_mode():
                return network(torch.from_numpy(rows)).numpy()

        return predict
    exported = str(folder / "torch.onnx")
    any_number = ({0: torch.export.Dim("n")},)
    torch.onnx.export(network, (torch.from_numpy(rows[:2]),), exported, input_names=["x"], dynamic_shapes=any_number)
    return in_onnxruntime(exported)


def main(folder: Path, name: str) -> None:
    warnings.filterwarnings("ignore")
    out, sys.stdout = sys.stdout, sys.stderr
    task = TASKS[(folder / "task").read_text()]
    x = data(task)[0]
    if len(task.shape) == 3 and name in ("torch", "export"):
        x = np.ascontiguousarray(x.transpose(0, 3, 1, 2))
    predict = contender(name, folder, task, x[:64])
    answer(out, ready=name)
    for line in sys.stdin:
        batch, calls = map(int, line.split())
        rows = np.ascontiguousarray(x[:batch])
        first = np.array(predict(rows)[0])
        began = time.perf_counter()
        for _ in range(calls):
            predict(rows)
        answer(out, seconds=(time.perf_counter() - began) / calls, first=first.tolist())


main(Path(sys.argv[1]), sys.argv[2])
