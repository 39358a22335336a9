"""The body of `init_state`: every parameter by its initializer, and the optimizer's slots beside them."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import numpy as np

from nndsl.codegen.numpy.expressions import call, method, name, number, quote, show
from nndsl.codegen.numpy.layout import INDENT, laid_out, mapping
from nndsl.codegen.numpy.pasting import Helper
from nndsl.library.building import State
from nndsl.library.registry import INITIALIZERS
from nndsl.transform.step import Step

PLAIN = {"zeros": "np.zeros", "ones": "np.ones"}


def initial_helpers(step: Step) -> Iterator[Helper]:
    """The initializers that the module has to hold."""
    for state in step.states:
        if state.initial.name not in PLAIN and state.initial.name != "constant":
            yield INITIALIZERS[state.initial.name].function


def initial_state(step: Step) -> list[str]:
    """The lines of the function's body."""
    first = [state for state in step.states if state.role != "slot"]
    entries = [(state.name, _value(state)) for state in first]
    slots = [state for state in step.states if state.role == "slot"]
    if not slots:
        return mapping(entries)
    kinds: dict[str, list[tuple[str, State]]] = {}
    for slot in slots:
        owner, _, kind = slot.name.rpartition(".")
        kinds.setdefault(kind, []).append((owner, slot))
    lines = mapping(entries, before="state = ")
    owners = {kind: [owner for owner, _ in members] for kind, members in kinds.items()}
    groups: dict[tuple[str, ...], list[str]] = {}
    for kind, names in owners.items():
        groups.setdefault(tuple(names), []).append(kind)
    for owned, members in groups.items():
        every = len(owned) == len(first)
        listed = name("list(state)") if every else ast.Tuple([ast.Constant(owner) for owner in owned])
        lines += laid_out("for name in ", listed, ":")
        for kind in members:
            _, slot = kinds[kind][0]
            lines.append(f"{INDENT}state[name + {quote('.' + kind)}] = {show(_like(slot))}")
    return [*lines, "return state"]


def _value(state: State) -> ast.expr:
    """A state's initial value as code: zeros and ones as everyone writes them, else the initializer's call."""
    shape = ast.Tuple([number(size) for size in state.shape])
    dtype = ast.Attribute(name("np"), "float32")
    arguments = {key: ast.Constant(value) for key, value in state.initial.arguments.items()}
    if state.initial.name in PLAIN:
        return call(PLAIN[state.initial.name], shape.elts[0] if len(shape.elts) == 1 else shape, dtype)
    if state.initial.name == "constant":
        value = state.initial.arguments.get("value", 0.0)
        if isinstance(value, tuple):  # a fitted statistic
            return call("np.array", ast.List([number(float(str(np.float32(x)))) for x in value]), dtype)
        return call("np.full", shape, number(value), dtype)
    function = INITIALIZERS[state.initial.name].function.__name__
    return call(function, name("seed"), ast.Constant(state.name), shape, **arguments)


def _like(slot: State) -> ast.expr:
    array = ast.Subscript(name("state"), name("name"))
    if slot.like:
        return method(array, "copy")
    if slot.initial.name == "constant":
        return call("np.full_like", array, ast.Constant(slot.initial.arguments["value"]))
    return call("np.zeros_like", array)
