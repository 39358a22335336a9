"""The embedding example trains what `compile` wrote, in a process that cannot import nndsl."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from onnx_networks import digits, initial_state

from nndsl.codegen.onnx.artifacts import artifacts

EXAMPLES = Path(__file__).parents[3] / "examples"


def test_trains_without_nndsl(tmp_path: Path) -> None:
    step = digits()
    for name, data in artifacts(step, initial_state(step)).items():
        (tmp_path / name).write_bytes(data)
    hidden = "import runpy, sys; sys.modules['nndsl'] = None; sys.argv[:] = sys.argv[1:]; runpy.run_path(sys.argv[0])"
    script = [str(EXAMPLES / "embed_onnx.py"), str(tmp_path), str(EXAMPLES / "data" / "digits.csv")]
    lines = subprocess.run(
        [sys.executable, "-I", "-c", hidden, *script], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert len(lines) == 31
    assert float(lines[-1].partition("%")[0]) > 97
