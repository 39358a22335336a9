"""Initial values: every parameter, statistic and slot as a pure function of the seed and its name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from nndsl.library.building import State
from nndsl.library.registry import INITIALIZERS


def initial_state(states: Iterable[State], seed: int) -> dict[str, np.ndarray[Any, Any]]:
    """The state before the first step, by name (fitted statistics as before fitting)."""
    return {
        state.name: INITIALIZERS[state.initial.name].function(seed, state.name, state.shape, **state.initial.arguments)
        for state in states
    }
