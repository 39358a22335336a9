"""The weights of a network as a mapping: `net.weights["hidden.W"]`, to read and to set."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nndsl.diagnostics import Failure
from nndsl.errors.api import BadWeight, NoSuchWeight
from nndsl.errors.suggest import closest
from nndsl.library.building import State

if TYPE_CHECKING:
    from nndsl.api.stateful import Stateful

SHOWN = 6
"""Names that a message lists."""


class NoSuchName(Failure, KeyError):
    """A `Failure` that a mapping may raise: `name in net.weights` and `.get(name)` know it."""


def fitting_array(state: State, value: npt.ArrayLike) -> np.ndarray[Any, Any]:
    """The value as what the state holds, float32 of its shape; raises `Failure` (NN552) where it is not that."""
    try:
        array = np.asarray(value)
    except (ValueError, TypeError):
        raise Failure(BadWeight(None, state.name, "its rows have different lengths")) from None
    if array.dtype.kind not in "biuf":
        raise Failure(BadWeight(None, state.name, f"it holds numbers, and what is given is {array.dtype}"))
    if array.shape != state.shape:
        raise Failure(BadWeight(None, state.name, f"its shape is {list(state.shape)}, not {list(array.shape)}"))
    with np.errstate(over="ignore"):
        narrow = array.astype(np.float32)
    if not np.isfinite(narrow).all():
        raise Failure(BadWeight(None, state.name, "what is given holds NaN or infinity"))
    return narrow


class Weights(MutableMapping[str, np.ndarray[Any, Any]]):
    """Parameters and statistics by name, float32; optimizer slots are in `net.state` only.

    Reading gives the values as they are now, as an array that cannot be written to; `net.weights[name] = array` sets
    them, for the next `predict`, `evaluate` and `fit`. What is set must have the very shape.
    """

    def __init__(self, net: Stateful):
        self._net = net

    def _states(self) -> dict[str, State]:
        return {state.name: state for state in self._net.step.states if state.role != "slot"}

    def _find(self, name: str) -> State:
        states = self._states()
        if name in states:
            return states[name]
        near = closest(name, states)
        names = ", ".join(list(states)[:SHOWN]) + (", …" if len(states) > SHOWN else "")
        hint = f"did you mean `{near}`?" if near else f"there are {names}"
        raise NoSuchName(NoSuchWeight(None, self._net.step.network.name, "weight", name, hint))

    def __getitem__(self, name: str) -> np.ndarray[Any, Any]:
        value: np.ndarray[Any, Any] = self._net.state[self._find(name).name]
        value.flags.writeable = False  # `net.weights["hidden.W"][0] = 1` would change a copy
        return value

    def __setitem__(self, name: str, value: npt.ArrayLike) -> None:
        self._net.set_state({name: fitting_array(self._find(name), value)})

    def __delitem__(self, name: str) -> None:
        raise Failure(BadWeight(None, name, "a network cannot lose a weight"))

    def __iter__(self) -> Iterator[str]:
        return iter(self._states())

    def __len__(self) -> int:
        return len(self._states())

    def __repr__(self) -> str:
        shapes = (f"{name!r}: float32{list(state.shape)}" for name, state in self._states().items())
        return f"<Weights {', '.join(shapes)}>"
