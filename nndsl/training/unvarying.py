"""Warnings of what `normalize` and `min_max` cannot scale: elements that do not vary in the training rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from nndsl.data.wording import counted, listed
from nndsl.diagnostics import Diagnostic
from nndsl.errors.examples import UnvaryingElement
from nndsl.model.network import Layer
from nndsl.training.elements import element_names
from nndsl.transform.step import Step

LEAST_SPREAD = 1e-7
"""What `normalize` divides by at the least, where there is a spread at all."""

Array = np.ndarray[Any, Any]


def unvarying_elements(
    step: Step, fitted: Mapping[str, Array], columns: Mapping[str, Sequence[str]]
) -> Iterator[Diagnostic]:
    """A warning for each layer that was fitted to values some of which never change.

    `columns` are what the data call the elements of inputs (`column "age"`), as far as they have columns.
    """
    for layer in step.network.layers:
        constant = _constant(fitted, layer)
        if constant is None or not constant.any():
            continue
        seen = next(node for name, node in step.fit.outputs.items() if name.rpartition(".")[0] == layer.name)
        names = element_names(seen, columns)
        places = np.flatnonzero(constant).tolist()
        words = [names[place] for place in places] if names else [f"element {place}" for place in places]
        if len(words) == 1:
            said, them = f"{words[0]} is", "it"
        else:
            said = f"{len(words)} of {counted(constant.size, 'element')}, {listed(words, most=6)}, are"
            them = "them"
        yield UnvaryingElement(layer.span, said, layer.composite.name, them)


def _constant(fitted: Mapping[str, Array], layer: Layer) -> Array | None:
    """Which elements do not vary, for a layer that scales. Another may share its name (`normalize -> dense`)."""
    match layer.composite.name:
        case "normalize" if f"{layer.name}.variance" in fitted:
            return np.asarray(np.sqrt(fitted[f"{layer.name}.variance"]) <= LEAST_SPREAD)
        case "min_max" if f"{layer.name}.max" in fitted:
            return np.asarray(fitted[f"{layer.name}.max"] <= fitted[f"{layer.name}.min"])
    return None
