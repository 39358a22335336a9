"""What the reference says of a word of the vocabulary, taken from the registry: signature, arguments, example."""

from __future__ import annotations

import inspect
import re
import types
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from nndsl.graph.builder import Value
from nndsl.library.arguments import Initial, Marker
from nndsl.library.registry import ALIASES, COMPOSITES, TABLES, Composite, Kind

WIDTH = 100
"""Characters of a line."""

KINDS: tuple[Kind, ...] = (
    *("layer", "activation", "function", "operator"),
    *("loss", "metric", "optimizer", "schedule"),
    *("initializer", "regularizer", "constraint"),
)
"""The kinds in the order of the reference."""

PLURALS = {"loss": "losses"}


@dataclass(frozen=True)
class Argument:
    """What one parameter takes, in words, and its default as a program writes it (None: it must be given)."""

    name: str
    takes: str
    default: str | None = None
    variadic: bool = False
    tensor: bool = False

    def __str__(self) -> str:
        if self.variadic:
            return f"{self.name}, …"
        return self.name if self.default is None else f"{self.name} = {self.default}"


@dataclass(frozen=True)
class Entry:
    """What the reference says of one word."""

    name: str
    kind: str
    arguments: Sequence[Argument]
    doc: str
    example: str
    """Text of a program."""
    follows: str
    aliases: Sequence[str] = ()

    @property
    def summary(self) -> str:
        """The first paragraph of what is said, on one line."""
        return " ".join(self.doc.partition("\n\n")[0].split())


# ---------------------------------------------------------------- from the registry


def entry(composite: Composite) -> Entry:
    """What the registry knows of a word."""
    arguments = arguments_of(composite.parameters)
    aliases = [alias for alias, name in ALIASES.items() if name == composite.name]
    return Entry(
        composite.name, composite.kind, arguments, composite.doc, program(composite), composite.follows, aliases
    )


def arguments_of(parameters: Iterable[inspect.Parameter]) -> tuple[Argument, ...]:
    """Parameters, their annotations resolved, in the language's words."""
    return tuple(
        Argument(
            parameter.name.rstrip("_"),
            takes(parameter.annotation),
            None if parameter.default is parameter.empty else shown(parameter.default, parameter.annotation),
            parameter.kind is parameter.VAR_POSITIONAL,
            parameter.annotation is Value,
        )
        for parameter in parameters
    )


def kinds() -> dict[Kind, list[Composite]]:
    """The vocabulary by kind, each in alphabetical order. Losses that are metrics by themselves count as losses."""
    found: dict[Kind, list[Composite]] = {kind: [] for kind in KINDS}
    for table in TABLES.values():
        for composite in table.values():
            if not is_loss_as_metric(composite):
                found[composite.kind].append(composite)
    return {kind: sorted(members, key=lambda each: each.name) for kind, members in found.items() if members}


def is_loss_as_metric(composite: Composite) -> bool:
    """Whether a metric is only a loss's mean over the epoch, under the same name."""
    loss = COMPOSITES.get(composite.name)
    return composite.kind == "metric" and loss is not None and inspect.unwrap(composite.function) is loss.function


def plural(kind: str) -> str:
    return PLURALS.get(kind, f"{kind}s")


PLAIN: Mapping[Any, str] = {
    Value: "a tensor",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a string",
    type(None): "none",
}


def takes(annotation: Any) -> str:
    """What a parameter of that annotation takes, in words."""
    origin = get_origin(annotation)
    if origin is Annotated:
        marker = get_args(annotation)[1]
        assert isinstance(marker, Marker)
        return marker.expects
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(map(takes, get_args(annotation))))
    if origin is Literal:
        return " or ".join(f"`{word}`" for word in get_args(annotation))
    if origin in (tuple, list):
        items = {item for item in get_args(annotation) if item is not Ellipsis}
        return "a list of whole numbers" if items == {int} else "a list of numbers"
    return PLAIN.get(annotation, "a value")


def shown(value: Any, annotation: Any = None) -> str:
    """A default as a program writes it."""
    match value:
        case None:
            return "none"
        case bool():
            return str(value).lower()
        case Initial(name, arguments):
            given = ", ".join(f"{name} = {shown(argument)}" for name, argument in arguments.items())
            return f"{name}({given})" if given else name
        case float():
            short = repr(int(value)) if value.is_integer() and abs(value) < 1e6 else repr(value)
            return re.sub(r"e([-+])0", r"e\1", short)
        case str():
            words = get_origin(annotation) is Literal or value.isidentifier()
            return value if words else f'"{value}"'
        case tuple() | list():
            items = [shown(item) for item in value]
            return items[0] if items and len(set(items)) == 1 else f"[{', '.join(items)}]"
    return str(value)


# ---------------------------------------------------------------- as a program has it


def signature(e: Entry) -> str:
    """How a call is written, with all defaults; long ones broken between arguments."""
    tensors = [a for a in e.arguments if a.tensor and a.default is None]
    piped = e.kind == "layer" and len(tensors) == 1 and not tensors[0].variadic and e.arguments[0] is tensors[0]
    if e.kind == "operator":
        names = [a.name for a in e.arguments]
        return f"{names[0]} {e.name} {names[1]}" if len(names) == 2 else f"{e.name} {names[0]}"
    inside = [str(a) for a in (e.arguments[1:] if piped else e.arguments)]
    start = (f"{tensors[0].name} -> " if piped else "") + e.name
    if not inside:
        return start
    lines = [f"{start}("]
    for i, argument in enumerate(inside):
        part = argument + (", " if i + 1 < len(inside) else ")")
        if len(lines[-1]) + len(part.rstrip()) > WIDTH - 4:
            lines.append(" " * (len(start) + 1))
        lines[-1] += part
    return "\n".join(line.rstrip() for line in lines)


def program(composite: Composite) -> str:
    """A composite's example as a program; of a loss or metric the last input becomes a target."""
    declarations, arrow, expression = composite.example.partition(" => ")
    if not arrow:
        return f"train {{\n  optimizer = {composite.example}\n}}\n"
    declared = [("input", each) for each in re.split(r", (?=\w+: )", declarations)]
    statement = f"output result = {expression}"
    if composite.kind in ("loss", "metric"):
        statement = f"{composite.kind} {expression}"
        if len(declared) > 1:
            declared[-1] = ("target", declared[-1][1])
    width = max(len(role) for role, _ in declared)
    lines = [f"{role:{width}} {each}" for role, each in declared]
    return "model example {\n" + "".join(f"  {line}\n" for line in [*lines, statement]) + "}\n"
