"""`fit(class_weight = …)`: a weight for each class of the target, and from it one for each row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nndsl.data.dataset import Dataset
from nndsl.diagnostics import Failure
from nndsl.errors.api import BadClassWeight
from nndsl.model.network import Declared, Network
from nndsl.model.static import TOO_LARGE

Array = np.ndarray[Any, Any]


def row_weights(value: Any, network: Network, train: Dataset) -> Array:
    """The weight of each training row by its class, float64: `[rows]`.

    `value` is `"balanced"` (rows / (classes * rows of the class), as scikit-learn has it), a mapping from classes to
    numbers (others count 1, as in Keras), or a sequence of a number for each class. Raises `Failure` (NN554).
    """
    target = _target(network)
    rows = np.asarray(train.arrays[target.name][:]).astype(np.int64)
    classes: Sequence[str | int] = range(2)
    if target.classes is not None:
        classes = [*(target.classes.names or range(target.classes.count))]
        if target.classes.unknown == "other":
            classes = [*classes, "other"]
    return _weights(value, classes, rows)[rows]


def _target(network: Network) -> Declared:
    """The target whose classes are weighted: the only one that has some."""
    targets = [item for item in network.targets if item.kind in ("class", "binary") and not item.shape]
    if len(targets) == 1:
        return targets[0]
    names = ", ".join(f"`{item.name}`" for item in targets)
    reason = f"`{network.name}` has several targets of classes: {names}" if targets else "no target is one class a row"
    raise Failure(BadClassWeight(None, reason, "say it in the program's loss, or give `sample_weight`"))


def _weights(value: Any, classes: Sequence[str | int], rows: Array) -> Array:
    if isinstance(value, str):
        if value != "balanced":
            raise Failure(BadClassWeight(None, f'"{value}" is not known', 'the one word there is is "balanced"'))
        counts = np.bincount(rows, minlength=len(classes))
        return len(rows) / (len(classes) * np.maximum(counts, 1.0))
    known = f"the classes are {', '.join(map(repr, classes[:10]))}{', …' if len(classes) > 10 else ''}"
    if isinstance(value, Mapping):
        weights = np.ones(len(classes))
        for name, weight in value.items():
            plain = name.item() if isinstance(name, np.generic) else name
            if plain not in classes:
                raise Failure(BadClassWeight(None, f"there is no class {plain!r}", known))
            weights[classes.index(plain)] = _number(weight)
        return weights
    try:
        given = [_number(weight) for weight in value]
    except TypeError:
        raise Failure(BadClassWeight(None, "it is a mapping, a list or a word", known)) from None
    if len(given) != len(classes):
        raise Failure(BadClassWeight(None, f"{len(given)} numbers for {len(classes)} classes", known))
    return np.array(given)


def _number(weight: Any) -> float:
    try:
        number = float(weight)
    except (TypeError, ValueError):
        number = np.nan
    if not 0 <= number < TOO_LARGE:
        raise Failure(BadClassWeight(None, f"a weight is a number from 0, not {weight!r}"))
    return number
