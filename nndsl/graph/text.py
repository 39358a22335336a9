"""The text form of a graph, and its parser: `parse_graph(print_graph(g))` is the same graph (spans aside).

graph digits {
  input pixels: f32[batch, 64]
  # hidden (forward), line 6
  %0: f32[batch, 32] = matmul(pixels, hidden.W)
  hidden: f32[batch, 32] = relu(%0)
  %1: f32 = constant() {value = 0.5}
  output loss = %1
}
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from nndsl.graph.node import PRIMITIVES, Attribute, Graph, Node, Origin
from nndsl.graph.sizes import Dim, symbol
from nndsl.graph.types import NUMPY_DTYPES, DType, TensorType


def print_graph(graph: Graph) -> str:
    """The graph as text; a value without a unique name of its own is numbered (`%3`)."""
    names = value_names(graph)
    lines = [f"graph {graph.name or '_'} {{"]
    lines += [f"  input {name}: {node.type}" for name, node in graph.inputs.items()]
    comment = ""
    for node in graph.nodes:
        if node.op == "input":
            continue
        if (origin := _origin(node.origin)) != comment:
            comment = origin
            lines.append(f"  # {comment}")
        operands = ", ".join(names[operand] for operand in node.inputs)
        attributes = ", ".join(f"{key} = {print_attribute(value)}" for key, value in node.attributes.items())
        text = f"  {names[node]}: {node.type} = {node.op}({operands})"
        lines.append(f"{text} {{{attributes}}}" if attributes else text)
    lines += [f"  output {name} = {names[node]}" for name, node in graph.outputs.items()]
    return "\n".join([*lines, "}", ""])


def value_names(graph: Graph) -> dict[Node, str]:
    """A unique printed name for each node: its own where no earlier node has it, else a number."""
    taken = set(graph.inputs)
    names: dict[Node, str] = {node: name for name, node in graph.inputs.items()}
    count = 0
    for node in graph.nodes:
        if node in names:
            continue
        if node.name and node.name not in taken:
            names[node] = node.name
            taken.add(node.name)
        else:
            names[node] = f"%{count}"
            count += 1
    return names


def _origin(origin: Origin) -> str:
    where = f", line {origin.span.line}" if origin.span else ""
    return f"{origin.name or '-'} ({origin.phase}){where}"


def print_attribute(value: Attribute) -> str:
    if isinstance(value, np.ndarray):
        dtype = next(name for name, t in NUMPY_DTYPES.items() if value.dtype == t)
        return f"{dtype}{_print_array(value)}"
    if isinstance(value, tuple):
        return f"[{', '.join(map(print_attribute, value))}]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
    return str(value)


def _print_array(array: np.ndarray[Any, Any]) -> str:
    if array.ndim == 0:
        return f"({str(array[()]).lower() if array.dtype == np.bool_ else str(array[()])})"
    shape = " ".join(map(str, array.shape))
    return f"({shape}: {' '.join(str(x).lower() if array.dtype == np.bool_ else str(x) for x in array.ravel())})"


# ---------------------------------------------------------------- the parser


class GraphSyntaxError(ValueError):
    """Text that is not a graph; the message names the line."""


_HEAD = re.compile(r"graph (\S+) \{$")
_INPUT = re.compile(r"input (\S+): (.+)$")
_COMMENT = re.compile(r"# (.*) \((forward|backward|update)\)(?:, line \d+)?$")
_NODE = re.compile(r"(\S+): (.+?) = (\w+)\(([^)]*)\)(?: \{(.*)\})?$")
_OUTPUT = re.compile(r"output (\S+) = (\S+)$")
_TYPE = re.compile(r"(f32|f64|i64|u32|bool)(?:\[(.*)\])?$")


def parse_graph(text: str) -> Graph:
    """The graph that `print_graph` printed; types are taken as written (the verifier checks them)."""
    name = ""
    inputs: dict[str, Node] = {}
    outputs: dict[str, Node] = {}
    values: dict[str, Node] = {}
    origin = Origin()
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        try:
            if match := _HEAD.match(line):
                name = "" if match[1] == "_" else match[1]
            elif match := _INPUT.match(line):
                node = Node(PRIMITIVES["input"], (), {"name": match[1]}, _parse_type(match[2]), origin, match[1])
                inputs[match[1]] = values[match[1]] = node
            elif match := _COMMENT.match(line):
                phase: Any = match[2]
                origin = Origin("" if match[1] == "-" else match[1], None, phase)
            elif match := _OUTPUT.match(line):
                outputs[match[1]] = values[match[2]]
            elif match := _NODE.match(line):
                operands = tuple(values[operand] for operand in match[4].split(", ") if operand)
                own = "" if match[1].startswith("%") else match[1]
                attributes = _parse_attributes(match[5] or "")
                values[match[1]] = Node(PRIMITIVES[match[3]], operands, attributes, _parse_type(match[2]), origin, own)
            elif line not in ("", "}"):
                raise ValueError("not an input, output, comment or operation")
        except (KeyError, ValueError) as error:
            raise GraphSyntaxError(f"line {number}: {line}: {error}") from None
    return Graph(name, inputs, outputs)


def _parse_type(text: str) -> TensorType:
    match = _TYPE.match(text)
    if not match:
        raise ValueError(f"{text!r} is not a type")
    dtype: Any = match[1]
    return TensorType(dtype, tuple(parse_size(dim) for dim in _split(match[2] or "")))


def parse_size(text: str) -> Dim:
    """A size as `str(size)` prints it."""
    tokens = re.findall(r"\d+|\w+|//|[-+*()]", text)
    value, rest = _sum(tokens)
    if rest:
        raise ValueError(f"{text!r} is not a size")
    return value


def _sum(tokens: list[str]) -> tuple[Dim, list[str]]:
    total: Dim = 0
    sign = 1
    while tokens:
        if tokens[0] in "+-":
            sign, tokens = (1 if tokens[0] == "+" else -1), tokens[1:]
        value, tokens = _term(tokens)
        total = total + value * sign
        if not tokens or tokens[0] not in ("+", "-"):
            break
    return total, tokens


def _term(tokens: list[str]) -> tuple[Dim, list[str]]:
    value, tokens = _atom(tokens)
    while tokens and tokens[0] in ("*", "//"):
        operator = tokens[0]
        right, tokens = _atom(tokens[1:])
        if operator == "*":
            value = value * right
        else:
            if not isinstance(right, int):
                raise ValueError("a size is divided by a number only")
            value = value // right
    return value, tokens


def _atom(tokens: list[str]) -> tuple[Dim, list[str]]:
    if not tokens:
        raise ValueError("a size is missing")
    if tokens[0] == "(":
        value, tokens = _sum(tokens[1:])
        return value, tokens[1:]
    return (int(tokens[0]) if tokens[0].isdigit() else symbol(tokens[0])), tokens[1:]


def _split(text: str) -> list[str]:
    """The parts between commas that stand outside brackets and strings."""
    parts, depth, start, quoted = [], 0, 0, False
    i = 0
    while i < len(text):
        character = text[i]
        if quoted and character == "\\":
            i += 1
        elif character == '"':
            quoted = not quoted
        elif not quoted:
            depth += (character in "[(") - (character in "])")
            if character == "," and not depth:
                parts.append(text[start:i].strip())
                start = i + 1
        i += 1
    return [*parts, last] if (last := text[start:].strip()) else parts


def _parse_attributes(text: str) -> Mapping[str, Attribute]:
    pairs = (part.split(" = ", 1) for part in _split(text))
    return {key: parse_attribute(value) for key, value in pairs}


def parse_attribute(text: str) -> Attribute:
    if text.startswith('"'):
        return re.sub(r"\\(.)", lambda m: "\n" if m[1] == "n" else m[1], text[1:-1])
    if text.startswith("["):
        return tuple(parse_attribute(part) for part in _split(text[1:-1]))
    if text in ("true", "false"):
        return text == "true"
    if match := re.match(r"(f32|f64|i64|u32|bool)\((?:([\d ]*): )?(.*)\)$", text):
        return _parse_array(match[1], match[2], match[3])
    if re.fullmatch(r"-?(\d+|\d+\.\d*(e[-+]?\d+)?|\d+e[-+]?\d+|inf)|nan", text):
        return int(text) if re.fullmatch(r"-?\d+", text) else float(text)
    return parse_size(text)


def _parse_array(dtype: Any, shape: str | None, numbers: str) -> np.ndarray[Any, Any]:
    kind: DType = dtype
    items = [x == "true" if kind == "bool" else x for x in numbers.split()]
    array = np.array(items, dtype=NUMPY_DTYPES[kind])
    return array.reshape([int(n) for n in shape.split()]) if shape is not None else array.reshape(())
