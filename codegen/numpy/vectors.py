"""Parameters side by side: where an update treats all elements alike, it runs once for all of them, a piece at a time.

The state's arrays, and the gradients', are views of one vector for the parameters, one for each slot and one for the
gradients. The generated `update` goes over whatever arrays it is given, so it is given pieces of the vectors: a network
of many small arrays takes a dozen calls of NumPy instead of a dozen for each array, and what it computes with for a
large one stays in the cache.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from nndsl.codegen.backend import Array
from nndsl.library.building import State

PIECE = 32_768
"""Elements that are updated together: 128 KiB of each vector.

Smaller pieces are more calls, larger ones leave the second level of the cache: with adam a million elements take 1.8 ms
by 16 384, 1.4 by 32 768 and 1.7 by 65 536."""


class Vectors:
    """The trainable parameters of a state and their slots, which become views of a few vectors."""

    def __init__(self, trainable: Sequence[State], state: dict[str, Array]):
        slots = [name.removeprefix(trainable[0].name) for name in state if name.startswith(f"{trainable[0].name}.")]
        self._ends = np.cumsum([spec.size for spec in trainable]).tolist()
        self._trainable = trainable
        vectors: dict[str, Array] = {}
        self.pieces: dict[str, Array] = {}
        """What `update` takes for the state: each piece of each vector, under a name of its own."""
        for slot in ("", *slots):
            vector = np.concatenate([state[spec.name + slot].ravel() for spec in trainable])
            vectors[slot] = vector
            self.pieces |= {f"{piece}{slot}": part for piece, part in _cut(vector).items()}
        self._slots, self._names = tuple(vectors), tuple(state)
        inside = self._named(vectors.values())
        apart = {name: array for name, array in state.items() if name not in inside}
        self._apart = tuple(apart)
        self.tensors = [*vectors.values(), *apart.values()]
        """The fewest arrays that hold the state."""
        state |= inside
        gradients = np.zeros(self._ends[-1], np.float32)
        self.gradients = self._views(gradients)
        """A view for each parameter's gradient, by the parameter's name."""
        self.gradient_pieces = _cut(gradients)

    def cut(self, tensors: Sequence[Array]) -> dict[str, Array]:
        """The state by single names, as views of such arrays as `tensors`."""
        count = len(self._slots)
        found = self._named(tensors[:count]) | dict(zip(self._apart, tensors[count:], strict=True))
        return {name: found[name] for name in self._names}

    def _named(self, vectors: Iterable[Array]) -> dict[str, Array]:
        pairs = zip(self._slots, vectors, strict=True)
        return {name + slot: view for slot, vector in pairs for name, view in self._views(vector).items()}

    def _views(self, vector: Array) -> dict[str, Array]:
        parts = np.split(vector, self._ends[:-1])
        return {spec.name: part.reshape(spec.shape) for spec, part in zip(self._trainable, parts, strict=True)}

    def adopt(self, work: dict[str, Array], grads: Mapping[str, Array]) -> list[str]:
        """Put the views into a workspace in place of the arrays that these gradients were written to.

        Gives the names of those that were not written to the workspace.
        """
        apart = []
        for name, array in grads.items():
            keys = [key for key, own in work.items() if own is array]
            work |= dict.fromkeys(keys, self.gradients[name])
            if not keys:
                apart.append(name)
        return apart

    def take(self, grads: Mapping[str, Array], names: Iterable[str]) -> None:
        """Copy the gradients of these names to their views."""
        for name in names:
            self.gradients[name][...] = grads[name]


def _cut(vector: Array) -> dict[str, Array]:
    return {str(start): vector[start : start + PIECE] for start in range(0, len(vector), PIECE)}
