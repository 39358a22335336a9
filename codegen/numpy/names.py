"""Identifiers of generated modules: from names of the program, made of safe letters, and unique where they stand."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Iterable

FUNCTIONS = (
    "init_state workspace predict loss_and_grads update train_step evaluate metrics fit load save".split()
)  # fmt: skip
"""The functions of every generated module."""

LOCALS = "np len state step seed row lr_scale work batch epochs batch_size examples".split()
"""What these functions call their own parameters, and what their bodies use."""

RESERVED = frozenset([*keyword.kwlist, *FUNCTIONS, *LOCALS])
"""What no name of a program may stand for in a generated module; it gets a `_` then."""


BUILTINS = frozenset(dir(builtins))


def identifier(text: str) -> str:
    """The letters, digits and underscores of a name, `_` for anything else: `hidden.W` is `hidden_W`."""
    safe = re.sub(r"_*[^A-Za-z0-9_]+_*", "_", text)
    return safe if safe[:1].isalpha() and not safe.endswith("__") else f"x{safe.rstrip('_')}"


class Names:
    """The identifiers of one scope: each is given out once, and none hides a builtin unless that is allowed."""

    def __init__(self, taken: Iterable[str] = (), *, hide_builtins: bool = False):
        self.taken = {*RESERVED, *taken}
        if not hide_builtins:
            self.taken |= BUILTINS

    def unique(self, *wishes: str) -> str:
        """The first of the wishes that is free, else one like it: with `_` if it is reserved, with `_2`, `_3`…"""
        free = (wish for wish in map(identifier, wishes) if wish not in self.taken)
        base = next(free, identifier(wishes[-1]))
        candidate = f"{base}_" if base in RESERVED | (BUILTINS & self.taken) else base
        count = 2
        while candidate in self.taken:
            candidate = f"{base}_{count}"
            count += 1
        self.taken.add(candidate)
        return candidate
