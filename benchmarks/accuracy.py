"""What the examples reach on held-back test rows: the mean over `split_seed` 0 to 9, on both backends.

python benchmarks/accuracy.py [example …]
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Literal

import numpy as np

import nndsl

EXAMPLES = Path(__file__).parent.parent / "examples"
MEASURES = {
    "digits": "accuracy",
    "digits_odd": "binary_accuracy",
    "iris": "accuracy",
    "regression": "r2",
    "wide_and_deep": "r2",
    "perceptron": "binary_accuracy",
    "digits_cnn": "accuracy",
}
"""The measure of each example."""


def values(example: str, backend: Literal["onnx", "numpy"], folder: Path) -> list[float]:
    """The example's measure on the test rows of ten different splits."""
    found = []
    for seed in range(10):
        net = nndsl.load(EXAMPLES / f"{example}.nn", set={"data.split_seed": seed})
        assert isinstance(net, nndsl.Net)
        run = net.train(folder / f"{example}-{backend}-{seed}", backend=backend, picture=False)
        found.append(run.evaluate("test")[MEASURES[example]])
    return found


def main(examples: list[str]) -> None:
    print(f"{'example':<15}{'measure':<17}{'backend':<9}{'mean':>7}{'min':>8}{'max':>8}")
    with tempfile.TemporaryDirectory() as folder:
        for example in examples or list(MEASURES):
            for backend in ("onnx", "numpy"):
                found = values(example, backend, Path(folder))  # type: ignore[arg-type]
                row = f"{np.mean(found):7.4f}{min(found):8.4f}{max(found):8.4f}"
                print(f"{example:<15}{MEASURES[example]:<17}{backend:<9}{row}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
