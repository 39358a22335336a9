"""The optimizer's step: one loop over the parameters that are updated alike, every array changed in place.

for name, g in grads.items():
    p, m = state[name], state[name + ".momentum"]
    m *= 0.9
    m -= lr * g
    p += m
"""

from __future__ import annotations

import ast
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nndsl.codegen.numpy.emit import emit
from nndsl.codegen.numpy.expressions import as_function, fill, item, name, quote
from nndsl.codegen.numpy.layout import INDENT, WIDTH, assignment, laid_out
from nndsl.codegen.numpy.names import Names, identifier
from nndsl.codegen.numpy.scalars import is_weak
from nndsl.codegen.numpy.schedule import VIEWS
from nndsl.codegen.numpy.spelling import repeats_operand, spell
from nndsl.codegen.numpy.totals import totals
from nndsl.graph.node import Graph, Node
from nndsl.transform.algebra import ELEMENTWISE
from nndsl.transform.names import LR
from nndsl.transform.step import Step


@dataclass(frozen=True)
class Parameter:
    """A parameter's part of the apply graph: its inputs and outputs by what they are to it (`p`, `g`, slots)."""

    name: str
    inputs: Mapping[str, Node]
    outputs: Mapping[str, Node]


def treats_all_alike(step: Step) -> bool:
    """Whether one loop over all parameters does the update, element by element: then it does not matter to an element
    which array it lies in. (A norm over all gradients would be added up in another order.)"""
    parameters = _parameters(step, step.apply)
    shared = set(_shared(step.apply, parameters))
    forms = {_form(parameter, shared) for parameter in parameters}
    nodes = Graph("", {}, parameters[0].outputs).nodes if parameters else ()
    return len(forms) == 1 and all(node.op in ELEMENTWISE or node.op in ("input", "constant") for node in nodes)


def update_body(step: Step, bound: Mapping[Node, ast.expr]) -> list[str]:
    """The lines of `update(state, grads, step, lr_scale)`."""
    graph = step.apply
    parameters = _parameters(step, graph)
    shared = _shared(graph, parameters)
    names = Names(["g", "p"])
    prologue = Graph("", graph.inputs, {LR: graph.outputs[LR], **{f"shared_{i}": n for i, n in enumerate(shared)}})
    sums = totals(prologue, [parameter.inputs["g"] for parameter in parameters])
    order = [node for node in _until(prologue, sums) if node.op != "input" and node not in sums]
    grads = {n: item(name("grads"), k.removeprefix("grad.")) for k, n in graph.inputs.items() if k.startswith("grad.")}
    states = {n: item(name("state"), k) for k, n in graph.inputs.items() if not k.startswith(("grad.", "nndsl."))}
    body = emit(prologue, order, {**states, **grads, **bound, **sums}, names, {}, buffered=False)
    lines = [line for statement in body.statements for line in statement.lines]
    known = {node: body.results[f"shared_{i}"] for i, node in enumerate(shared)}
    groups: dict[object, list[Parameter]] = {}
    for parameter in parameters:
        groups.setdefault(_form(parameter, set(shared)), []).append(parameter)
    for members in groups.values():
        lines += _loop(step, members, known, names, everything=len(groups) == 1)
    return [*lines, *laid_out("return ", body.results[LR])]


def _parameters(step: Step, graph: Graph) -> list[Parameter]:
    slots: dict[str, list[str]] = {}
    for state in step.states:
        if state.role == "slot":
            owner, _, slot = state.name.rpartition(".")
            slots.setdefault(owner, []).append(slot)
    return [_parameter(graph, state.name, slots.get(state.name, [])) for state in step.trainable]


def _parameter(graph: Graph, key: str, slots: Sequence[str]) -> Parameter:
    inputs = {"p": graph.inputs[key], "g": graph.inputs[f"grad.{key}"]}
    inputs |= {slot: graph.inputs[f"{key}.{slot}"] for slot in slots}
    outputs = {slot: graph.outputs[f"{key}.{slot}.next"] for slot in slots if f"{key}.{slot}.next" in graph.outputs}
    return Parameter(key, inputs, {**outputs, "p": graph.outputs[f"{key}.next"]})


SEVERAL = frozenset({"one", "another"})
"""Stands for any parameters that are more than one: which they are never matters, and for a norm they are all."""


def _shared(graph: Graph, parameters: list[Parameter]) -> list[Node]:
    """Scalars that belong to no single parameter (a bias correction, a norm over all gradients)."""
    owners: dict[Node, frozenset[str]] = {}
    for parameter in parameters:
        owners |= dict.fromkeys(parameter.inputs.values(), frozenset({parameter.name}))
    for node in graph.nodes:
        if node not in owners:
            found_owners = frozenset[str]().union(*[owners[operand] for operand in node.inputs])
            owners[node] = found_owners if len(found_owners) < 2 else SEVERAL
    found: dict[Node, None] = {}
    for node in graph.nodes:
        for operand in node.inputs:
            is_shared = len(owners[operand]) != 1 and not operand.shape and operand.op != "constant"
            if is_shared and (owners[node] and (node.shape or len(owners[node]) == 1)):
                found[operand] = None
    return list(found)


def _form(parameter: Parameter, shared: set[Node]) -> object:
    """What two parameters' updates must have in common to be written as one: everything but names and shapes."""
    numbers: dict[Node, int] = {}
    form: list[object] = []
    roles = {node: role for role, node in parameter.inputs.items()}
    shape = parameter.inputs["p"].shape
    for node in _until(Graph("", {}, parameter.outputs), shared):
        numbers[node] = len(numbers)
        if node in roles:
            form.append(roles[node])
        elif node in shared or node.op == "input":
            form.append(id(node))
        else:
            attributes = [(k, _attribute(v, shape)) for k, v in sorted(node.attributes.items())]
            ranks = tuple(operand.type.rank for operand in node.inputs) if node.op in VIEWS else ()
            form.append((node.op, tuple(numbers[operand] for operand in node.inputs), tuple(attributes), ranks))
    return tuple(form), tuple((role, numbers[node]) for role, node in parameter.outputs.items())


def _attribute(value: object, shape: object) -> object:
    if isinstance(value, np.ndarray):
        return (value.shape, value.tobytes())
    return "its shape" if value == shape else repr(value)


# ---------------------------------------------------------------- one loop


def _loop(
    step: Step, members: list[Parameter], known: Mapping[Node, ast.expr], names: Names, *, everything: bool
) -> list[str]:
    first = members[0]
    optimizer = step.train.optimizer.name
    local = {
        role: identifier(role).removeprefix(f"{identifier(optimizer)}_") if role not in ("p", "g") else role
        for role in first.inputs
    }
    scope = Names([*names.taken])
    roles = {role: role if role in ("p", "g") else scope.unique(text) for role, text in local.items()}
    if everything:
        lines = ["for name, g in grads.items():"]
    else:
        listed = ast.Tuple([ast.Constant(member.name) for member in members])
        lines = [*laid_out("for name in ", listed, ":"), f"{INDENT}g = grads[name]"]
    slots = [role for role in first.inputs if role not in ("p", "g")]
    targets = ["p", *(roles[slot] for slot in slots)]
    sources = ["state[name]", *(f"state[name + {quote('.' + slot)}]" for slot in slots)]
    unpacked = f"{INDENT}{', '.join(targets)} = {', '.join(sources)}"
    if len(unpacked) + len(INDENT) <= WIDTH:
        lines.append(unpacked)
    else:
        lines += [f"{INDENT}{target} = {source}" for target, source in zip(targets, sources, strict=True)]
    trees = {**known, **{node: name(OLD + roles[role]) for role, node in first.inputs.items()}}
    return [*lines, *(INDENT + line for line in _write(first, trees, roles, scope.taken))]


OLD = "@"
"""Marks the value that an array had before the step, until it is certain that nothing reads it after the change."""


@dataclass(frozen=True)
class Change:
    """`target = tree`; `role` says which array of the parameter changes in place (none: a temporary)."""

    target: str
    tree: ast.expr
    role: str | None


def _write(
    parameter: Parameter, trees: Mapping[Node, ast.expr], roles: Mapping[str, str], taken: set[str]
) -> list[str]:
    """The statements of one parameter's update. An array whose old value is read later changes only at the end."""
    late: set[str] = set()
    while True:
        changes = _changes(parameter, dict(trees), roles, Names(taken), late)
        found = {
            change.role
            for i, change in enumerate(changes)
            if change.role
            and change.role not in late
            and any(_mentions(after.tree, OLD + change.target) for after in changes[i + 1 :])
        }
        if not found:
            break
        late |= found
    lines = [line for change in changes for line in _lines(change, change.role is not None and change.role not in late)]
    return [*lines, *(f"{roles[c.role]}[...] = {c.target}" for c in changes if c.role in late and c.role)]


def _changes(
    parameter: Parameter, trees: dict[Node, ast.expr], roles: Mapping[str, str], scope: Names, late: set[str]
) -> list[Change]:
    users = Graph("", {}, parameter.outputs).users()
    finals = {node: role for role, node in parameter.outputs.items()}
    changes = []
    for node in _remaining(parameter, trees):
        tree = spell(node, [trees[operand] for operand in node.inputs], {})
        role = finals.get(node)
        if role is None and _is_inline(node, users[node]):
            trees[node] = tree
            continue
        if role is not None and role not in late:
            target = roles[role]
        else:
            target = scope.unique(f"next_{roles[role]}" if role else node.name or "change")
        changes.append(Change(target, tree, role))
        trees[node] = name(target)
    return changes


def _remaining(parameter: Parameter, trees: Mapping[Node, ast.expr]) -> list[Node]:
    """What is still to be computed, operands first, when some nodes have their code already."""
    return [node for node in _until(Graph("", {}, parameter.outputs), trees) if node not in trees]


def _until(graph: Graph, known: Container[Node]) -> list[Node]:
    """The nodes that the outputs need, operands first, looking behind none that is known."""
    wanted = set(graph.outputs.values())
    for node in reversed(graph.nodes):
        if node in wanted and node not in known:
            wanted.update(node.inputs)
    return [node for node in graph.nodes if node in wanted]


def _is_inline(node: Node, users: Sequence[Node]) -> bool:
    if is_weak(node) or node.op in VIEWS or node.op == "constant":
        return True
    return len(users) == 1 and not node.name and not repeats_operand(users[0], users[0].inputs.index(node), {})


def _lines(change: Change, in_place: bool) -> list[str]:
    """A change as code: `m += …` where the tree is a sum or product that begins with the array's old value."""
    tree = _without_marks(change.tree)
    if not in_place:
        return assignment(change.target, tree, depth=2)
    steps: list[tuple[str, ast.expr]] = []
    current = change.tree
    while not _is_old(current, change.target):
        function = as_function(current)
        if not isinstance(current, ast.BinOp) or function is None or function[0] not in _AUGMENTED:
            return laid_out(f"{change.target}[...] = ", tree, depth=2)
        left, right = function[1]
        if function[0] in ("np.add", "np.multiply") and not _leads(left, change.target):
            left, right = right, left
        steps.append((_AUGMENTED[function[0]], right))
        current = left
    if not steps or any(_mentions(right, OLD + change.target) for _, right in steps[:-1]):
        return laid_out(f"{change.target}[...] = ", tree, depth=2)
    return [
        line
        for symbol, right in reversed(steps)
        for line in laid_out(f"{change.target} {symbol}= ", _without_marks(right), depth=2)
    ]


_AUGMENTED = {"np.add": "+", "np.subtract": "-", "np.multiply": "*", "np.divide": "/"}


def _is_old(tree: ast.expr, target: str) -> bool:
    return isinstance(tree, ast.Name) and tree.id == OLD + target


def _leads(tree: ast.expr, target: str) -> bool:
    """Whether the tree is made from the old value by steps that can be taken in place."""
    match tree:
        case ast.BinOp(left, ast.Add() | ast.Mult(), right):
            return _leads(left, target) or _leads(right, target)
        case ast.BinOp(left, ast.Sub() | ast.Div(), _):
            return _leads(left, target)
    return _is_old(tree, target)


def _mentions(tree: ast.expr, identifier: str) -> bool:
    return any(isinstance(part, ast.Name) and part.id == identifier for part in ast.walk(tree))


def _without_marks(tree: ast.expr) -> ast.expr:
    marked = {part.id for part in ast.walk(tree) if isinstance(part, ast.Name) and part.id.startswith(OLD)}
    return fill(tree, {identifier: name(identifier.removeprefix(OLD)) for identifier in marked})
