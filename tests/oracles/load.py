"""Reads the oracles of this folder: `cases("losses")` gives keras_losses.json as objects with NumPy arrays."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Arrays = Mapping[str, Array]

ARRAYS = ("inputs", "parameters", "outputs", "cotangents", "gradients")


@dataclass(frozen=True)
class Case:
    """One question and its answer; README.md says what the fields hold in which file."""

    id: str
    name: str
    args: Mapping[str, Any]
    inputs: Arrays = field(default_factory=dict)
    parameters: Arrays = field(default_factory=dict)
    outputs: Arrays = field(default_factory=dict)
    cotangents: Arrays = field(default_factory=dict)
    gradients: Arrays = field(default_factory=dict)
    train: Mapping[str, Any] = field(default_factory=dict)
    references: Mapping[str, float] = field(default_factory=dict)
    batches: tuple[int, ...] = ()
    kinks: tuple[float, ...] = ()
    shape: tuple[int, ...] = ()
    program: str = ""
    note: str = ""

    def __str__(self) -> str:
        return self.id


@cache
def cases(name: str) -> tuple[Case, ...]:
    """The cases of keras_<name>.json: `@pytest.mark.parametrize("case", cases("losses"), ids=str)`."""
    content = read(name)
    return tuple(to_case(case, content.get("shared", {})) for case in content["cases"])


def meta(name: str) -> dict[str, Any]:
    """The versions, the dtype and Keras's epsilon behind keras_<name>.json."""
    found: dict[str, Any] = read(name)["meta"]
    return found


def read(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((Path(__file__).parent / f"keras_{name}.json").read_text(encoding="utf-8"))
    return content


def to_case(content: Mapping[str, Any], shared: Mapping[str, Any]) -> Case:
    fields = {**shared, **content}
    for key in ARRAYS:
        fields[key] = {name: to_array(value) for name, value in fields.get(key, {}).items()}
    for key in ("batches", "kinks", "shape"):
        fields[key] = tuple(fields.get(key, ()))
    return Case(**fields)


def to_array(value: Any) -> Array:
    """Numbers as float64, also where the file has whole ones; class indices are converted by who wants them."""
    return np.asarray(value, dtype=np.float64)
