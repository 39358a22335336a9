"""Initial values: parameters and slots by seed and name, statistics as they were fitted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from nndsl.library.arguments import Initial
from nndsl.library.building import State
from nndsl.library.registry import INITIALIZERS
from nndsl.transform.step import Step


def initial_state(states: Iterable[State], seed: int) -> dict[str, np.ndarray[Any, Any]]:
    """The state before the first step, by name."""

    def value(state: State) -> np.ndarray[Any, Any]:
        initializer = INITIALIZERS[state.initial.name].function
        array: np.ndarray[Any, Any] = initializer(
            seed, state.like or state.name, state.shape, **state.initial.arguments
        )
        return array

    return {state.name: value(state) for state in states}


def with_fitted(step: Step, fitted: Mapping[str, np.ndarray[Any, Any]]) -> Step:
    """The step whose fitted statistics begin with these values, wherever their initial values are computed."""
    return replace(
        step,
        states=tuple(
            replace(state, initial=Initial("constant", {"value": tuple(fitted[state.name].tolist())}))
            if state.name in fitted
            else state
            for state in step.states
        ),
    )
