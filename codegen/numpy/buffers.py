"""Buffers: which arrays a workspace holds, and which of them can share memory since one is dead before the other lives.

workspace   "hidden": np.empty((batch, 64), np.float32)
            "d_logits": np.empty((batch, 10), np.float32)
            "d_hidden" is "hidden"'s neighbour in size and born after its last use: the same array
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nndsl.graph.types import TensorType


@dataclass(frozen=True)
class Lifetime:
    """A buffered variable: from the statement that first writes it to the last that reads it."""

    name: str
    type: TensorType
    first: int
    last: int


def share(lifetimes: Sequence[Lifetime]) -> dict[str, str]:
    """For each variable the one whose memory it uses: itself, or an earlier one of its type that is dead by then."""
    owners: dict[str, str] = {}
    free_from: dict[TensorType, list[tuple[int, str]]] = {}
    for life in sorted(lifetimes, key=lambda life: life.first):
        pool = free_from.setdefault(life.type, [])
        dead = next((entry for entry in pool if entry[0] < life.first), None)
        if dead:
            pool.remove(dead)
        owner = dead[1] if dead else life.name
        owners[life.name] = owner
        pool.append((life.last, owner))
    return owners
