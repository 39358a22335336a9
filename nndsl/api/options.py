"""What the API's methods can be asked for: backends, providers, splits, overrides, memory."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal

import numpy as np

from nndsl.codegen.backend import Backend
from nndsl.codegen.onnx.choices import USUAL, Choices
from nndsl.diagnostics import Failure
from nndsl.errors.commands import BadOption

BackendName = Literal["onnx", "numpy"]
Provider = Literal["cpu", "cuda"]
PROVIDERS = ("cpu", "cuda")
Split = Literal["train", "validation", "test"]
SPLITS = ("train", "validation", "test")
Overrides = Mapping[str, object] | Sequence[str]
"""`{"train.epochs": 5}`, or the command line's `["train.epochs=5"]`; a text is one override."""

MACHINE_SHARE = 0.8
"""Of the machine's memory: what a step may take unless a limit is given."""


def backend_named(name: str, argument: str = "backend", choices: Choices = USUAL) -> Backend:
    """The backend of that name, asked for by that argument; its engine is imported when it is used. Only ONNX Runtime
    leaves anything to choose."""
    if name == "onnx":
        from nndsl.codegen.onnx.backend import OnnxBackend

        return OnnxBackend(choices)
    if name == "numpy":
        from nndsl.codegen.numpy.backend import NumpyBackend

        return NumpyBackend()
    raise Failure(BadOption(None, argument, f"there is no {argument} `{name}`; there are onnx and numpy"))


def override_texts(overrides: Overrides) -> tuple[str, ...]:
    """Overrides as the command line has them."""
    if isinstance(overrides, Mapping):
        return tuple(f"{name}={_expression(value)}" for name, value in overrides.items())
    texts = (overrides,) if isinstance(overrides, str) else overrides
    if not isinstance(texts, Sequence) or not all(isinstance(text, str) for text in texts):
        raise Failure(BadOption(None, "set", 'it is a mapping such as {"train.epochs": 5}, or a list of texts'))
    return tuple(texts)


def _expression(value: object) -> str:
    """A value as the language writes it; a text is an expression already."""
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if value is None:
        return "none"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_expression, value))}]"
    return str(value)


def machine_memory() -> int:
    """What a step may take here, in bytes: of the machine's memory, or of its container's where that has less. There is
    no limit where the system does not say what it has."""
    try:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return sys.maxsize
    with suppress(OSError, ValueError):
        memory = min(memory, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    return int(MACHINE_SHARE * memory)
