"""The files that `compile` writes for this backend, as bytes by name."""

from __future__ import annotations

import sys

from nndsl.codegen.backend import Arrays
from nndsl.codegen.numpy.module import generate
from nndsl.transform.step import Step

HIDDEN = sys.stdlib_module_names | {"numpy"}
"""Modules that one of their name in the same folder would hide, from NumPy too."""


def artifacts(step: Step, state: Arrays) -> dict[str, bytes]:
    """`NAME.py`, or `NAME_.py`; its `init_state` gives the initial state, so that needs no file."""
    name = step.network.name
    return {f"{name}_.py" if name in HIDDEN else f"{name}.py": generate(step).text.encode()}
