"""Programs that are deeper than Python's calls may be: no stage goes down a network by calling itself."""

from __future__ import annotations

import sys
from pathlib import Path

import nndsl
from nndsl.codegen.numpy.scalars import is_weak
from nndsl.graph.builder import Builder
from nndsl.graph.types import TensorType

DEEP = sys.getrecursionlimit() + 100


def test_a_deep_network_compiles_to_both_backends(tmp_path: Path) -> None:
    steps = "".join(f"  h{i + 1} = h{i} + x\n" for i in range(DEEP))
    program = (
        f"model deep {{\n  input x: f32[2]\n  target y: f32\n  h0 = x -> dense(2)\n{steps}"
        f"  z = h{DEEP} -> dense(1) -> reshape([])\n  loss mse(z, y)\n  output z\n}}\n"
    )
    files = nndsl.loads(program).compile(tmp_path)
    assert {"deep.train.onnx", "deep.py"} <= {path.name for path in files}


def test_a_deep_total_of_numbers_is_told_from_one_of_results() -> None:
    b = Builder()
    total = b.constant(0.0, "f32")
    for _ in range(DEEP):
        total = total + 1.0
    assert is_weak(total.node)
    mean = b.input("x", TensorType("f32", ()))
    for _ in range(DEEP):
        mean = mean + 1.0
    assert not is_weak(mean.node)
