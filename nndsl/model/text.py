"""The text form of a checked network, for `nndsl show --stage model`.

model digits
  input pixels: f32[batch, 64]
  target digit: i64[batch], 10 classes
  %0: f32[batch, 64] = /(pixels, 16.0)
  hidden: f32[batch, 32] = dense(%0, units = 32, activation = relu)    layer hidden
  output label = %7
  loss %8
  metric accuracy = %9
"""

from __future__ import annotations

from typing import Any

from nndsl.graph.sizes import show_shape
from nndsl.library.arguments import Chosen
from nndsl.model.apply import operands
from nndsl.model.network import Apply, Balanced, Closure, Declared, Hole, Input, LayerState, Network, Number, Term


def print_network(network: Network) -> str:
    """Inputs, targets, every application of the vocabulary in order, then what the model is for."""
    lines = [f"model {network.name}"]
    lines += [f"  {item.role} {item.name}: {_declared(item)}" for item in (*network.inputs, *network.targets)]
    names: dict[Term, str] = {}
    taken: set[str] = set()
    for term in network_terms(network):
        if not isinstance(term, Apply):
            continue
        name = term.name if term.name and term.name not in taken else f"%{len(names)}"
        arguments = ", ".join(_argument(key, value, names) for key, value in term.arguments.items())
        part = "" if term.part is None else f"[{term.part}]"
        lines.append(f"  {name}: {term.type} = {term.composite.name}({arguments}){part}    layer {term.layer.name}")
        names[term] = name
        taken.add(name)
    lines += [f"  output {output.name} = {_name(output.term, names)}" for output in network.outputs]
    lines += [f"  loss {loss.name + ' = ' if loss.name else ''}{_name(loss.term, names)}" for loss in network.losses]
    lines += [f"  metric {metric.name} = {_name(metric.term, names)}" for metric in network.metrics]
    return "\n".join(lines) + "\n"


def network_terms(network: Network, metrics: bool = True) -> list[Term]:
    """Every term that an output or loss (and with `metrics` a metric) needs, operands first."""
    roots: list[Term] = [output.term for output in network.outputs]
    roots += [loss.term for loss in network.losses]
    roots += [metric.term for metric in network.metrics if metrics]
    order: dict[Term, None] = {}
    stack = [(root, False) for root in reversed(roots)]
    while stack:
        term, ready = stack.pop()
        if ready:
            order.setdefault(term)
        elif term not in order:
            stack.append((term, True))
            stack += [(operand, False) for operand in reversed(list(operands(term)))]
    return list(order)


def _declared(item: Declared) -> str:
    shape = show_shape(("batch", *item.shape))  # type: ignore[arg-type]
    kinds = f", {item.classes.count} classes" if item.classes else ""
    return f"{item.dtype}{shape}{kinds}"


def _argument(key: str, value: Any, names: dict[Term, str]) -> str:
    if isinstance(value, Apply | Input | LayerState | Number | Hole):
        return _name(value, names)
    if isinstance(value, tuple) and any(isinstance(item, Apply | Input | LayerState) for item in value):
        return f"[{', '.join(_name(item, names) for item in value)}]"
    if isinstance(value, Closure):
        return f"{key} = {value.name}"
    if isinstance(value, Chosen):
        inner = ", ".join(f"{k} = {v}" for k, v in value.arguments.items())
        return f"{key} = {value.name}({inner})" if inner else f"{key} = {value.name}"
    if isinstance(value, Balanced):
        return f"{key} = balanced"
    return f"{key} = {value}"


def _name(term: Term, names: dict[Term, str]) -> str:
    match term:
        case Input():
            return term.declared.name
        case LayerState():
            return term.name
        case Number():
            return str(term.value)
        case Hole():
            return "·"
    return names[term]
