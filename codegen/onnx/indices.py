"""Indices that a model of any engine is given: a negative one, which would count from the end, is made one too large,
which every operator that takes elements by index fails at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from nndsl.codegen.onnx.emit import Emitter
from nndsl.model.index_range import IndexRange
from nndsl.model.network import Declared


def guarded(e: Emitter, index: str, item: Declared, ranges: Mapping[str, Sequence[IndexRange]]) -> str:
    """The index of an input or target that holds classes, or numbers of an embedding's rows or a loss's classes; as it
    is where it may be any number, or one that is ignored."""
    if item.classes is not None:
        return from_zero(e, index, item.classes.indices)
    for narrowest in ranges.get(item.name, [])[:1]:
        if narrowest.ignored is None:
            return from_zero(e, index, narrowest.count)
    return index


def from_zero(e: Emitter, index: str, count: int) -> str:
    negative = e.node("Less", index, e.constant(np.array(0)))
    return e.node("Where", negative, e.constant(np.array(count)), index)
