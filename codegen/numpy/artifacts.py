"""The files that `compile` writes for this backend, as bytes by name."""

from __future__ import annotations

from nndsl.codegen.backend import Arrays
from nndsl.codegen.numpy.module import generate
from nndsl.transform.step import Step


def artifacts(step: Step, state: Arrays) -> dict[str, bytes]:
    """`NAME.py`; its `init_state` gives the initial state, so that needs no file."""
    return {f"{step.network.name}.py": generate(step).text.encode()}
