"""Examples whose data cannot be bundled: each trains for a few steps on made-up data of the right shapes.

What is held is that they run as they are written, from the very files that they ask for, and that the networks are the
published ones.
"""

from __future__ import annotations

import gzip
import re
import shutil
import struct
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

import nndsl

EXAMPLES = Path(__file__).parent.parent / "examples"
ROWS = {"train": 20, "test": 5}
RNG = np.random.default_rng(7)

PARAMETERS = {
    "mnist_mlp": 669_706,  # keras-team/keras, examples/mnist_mlp.py (version 2.3)
    "fashion_mlp": 266_610,  # Géron, Hands-On Machine Learning, chapter 10
    "cifar10_cnn": 550_570,  # Brownlee, How to Develop a CNN for CIFAR-10, three VGG blocks
    "resnet": 272_474,  # He et al.: 0.27 million; with projections of 512 and 2048 weights where the shape changes
    "mnist_cnn": 320 + 18_496 + 204_928 + 1_290,  # 3·3·32 + 32, 3·3·32·64 + 64, 5·5·64·128 + 128, 128·10 + 10
    "autoencoder": 111_521,
    "siamese": 160 + 4_640 + 25_632,  # 3·3·16 + 16, 3·3·16·32 + 32, 5·5·32·32 + 32: once, though used twice
}


def write_idx(path: Path, array: np.ndarray[Any, Any]) -> None:
    head = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(head + array.tobytes(), 1))


def images(split: str, *shape: int) -> np.ndarray[Any, Any]:
    return RNG.integers(0, 256, (ROWS[split], *shape), np.uint8)


def labels(split: str) -> np.ndarray[Any, Any]:
    """Every class occurs."""
    return (np.arange(ROWS[split]) % 10).astype(np.uint8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the programs, beside a folder `data` with all files that they ask for."""
    made = tmp_path_factory.mktemp("examples")
    for name in PARAMETERS:
        shutil.copy(EXAMPLES / f"{name}.nn", made)
    for split, name in {"train": "train", "test": "t10k"}.items():
        for kind in ("mnist", "fashion"):
            write_idx(made / "data" / kind / f"{name}-images-idx3-ubyte.gz", images(split, 28, 28))
            write_idx(made / "data" / kind / f"{name}-labels-idx1-ubyte.gz", labels(split))
        pairs = images(split, 28, 28), images(split, 28, 28)
        np.savez(made / "data" / f"pairs_{split}.npz", left=pairs[0], right=pairs[1], same=labels(split) % 2 == 0)
    (x_train, x_test), (y_train, y_test) = ((images(s, 32, 32, 3) for s in ROWS), (labels(s) for s in ROWS))
    np.savez(made / "data" / "cifar10.npz", x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)
    return made


@pytest.mark.parametrize("backend", ["onnx", "numpy"])
@pytest.mark.parametrize("name", PARAMETERS)
def test_trains_for_a_few_steps(folder: Path, tmp_path: Path, name: str, backend: Literal["onnx", "numpy"]) -> None:
    few = {"train.steps": 2, "train.batch_size": 5, "train.epochs": 1, "data.validation": 4}
    net = nndsl.load(folder / f"{name}.nn", set=few)
    assert isinstance(net, nndsl.Net)
    assert not net.warnings
    run = net.train(tmp_path / "run", backend=backend)
    tested = run.evaluate("test")
    assert all(np.isfinite(value) for value in tested.values())
    data = net.data.test
    assert data is not None
    given = {each.name: data.arrays[each.name] for each in net.checked.network.inputs}
    assert all(len(values) == ROWS["test"] for values in run.predict(given).values())


@pytest.mark.parametrize(("name", "parameters"), PARAMETERS.items())
def test_the_network_is_the_published_one(name: str, parameters: int) -> None:
    net = nndsl.load(EXAMPLES / f"{name}.nn")
    assert isinstance(net, nndsl.Net)
    assert sum(state.size for state in net.step.states if state.role == "parameter") == parameters


@pytest.mark.parametrize("name", PARAMETERS)
def test_the_program_says_where_its_data_come_from(name: str) -> None:
    text = (EXAMPLES / f"{name}.nn").read_text(encoding="utf-8")
    comments = "\n".join(line for line in text.splitlines() if line.startswith("#"))
    for path in re.findall(r'"(data/[^"]+)"', text.partition("data {")[2]):
        told = path.rpartition("/")[2].replace("_train", "_{split}").replace("_test", "_{split}")
        assert told in comments or "see mnist_mlp.nn" in comments, path
