"""What a composite's parameters take: annotations read once, in the words that errors use."""

from __future__ import annotations

import types
from dataclasses import dataclass, field
from functools import cache
from inspect import Parameter
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from nndsl.graph.builder import Value as Tensor
from nndsl.library.arguments import Marker
from nndsl.library.registry import TABLES, Composite
from nndsl.syntax import tree

BUILTINS = ("range", "len", "zip")
"""Functions of static values."""

PLAIN: dict[Any, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a string",
}


@dataclass(frozen=True)
class Expectation:
    """What one parameter takes.

    `marker` names an annotation of `nndsl.library.arguments`, `count` is its count; `kinds` are plain Python types;
    `items` those of a list's elements; `choices` the words it knows.
    """

    name: str
    required: bool
    positional: bool
    variadic: bool
    default: Any = None
    tensor: bool = False
    none: bool = False
    marker: str = ""
    count: int = 0
    kinds: frozenset[type] = frozenset()
    items: frozenset[type] = frozenset()
    choices: tuple[str, ...] = ()
    words: tuple[str, ...] = field(default=())

    @property
    def expects(self) -> str:
        """What it takes, as errors say it."""
        return " or ".join(self.words) or "a value"

    @property
    def anything(self) -> bool:
        """Whether it takes any value, as a block's parameters do."""
        return not (self.tensor or self.marker or self.kinds or self.items or self.choices)

    @property
    def named(self) -> bool:
        """Whether it takes words of the vocabulary, so that a tensor of that name is not meant."""
        return bool(self.choices) or self.marker in (
            "Activation",
            "Initializer",
            "Constraint",
            "Regularizer",
            "ClassWeights",
            "Schedule",
            "Optimizer",
        )


@cache
def expectations(composite: Composite) -> tuple[Expectation, ...]:
    """The expectations of a composite's parameters, in order."""
    return tuple(map(_expectation, composite.parameters))


def of_block(block: tree.Block) -> tuple[Expectation, ...]:
    """Those of a block's parameters: anything."""
    return tuple(
        Expectation(p.name.text, required=p.default is None, positional=True, variadic=False) for p in block.parameters
    )


def _expectation(parameter: Parameter) -> Expectation:
    found: dict[str, Any] = {"kinds": set(), "items": set(), "choices": [], "words": []}
    _read(parameter.annotation, found)
    return Expectation(
        name=parameter.name.rstrip("_"),
        required=parameter.default is Parameter.empty and parameter.kind is not Parameter.VAR_POSITIONAL,
        positional=parameter.kind is not Parameter.KEYWORD_ONLY,
        variadic=parameter.kind is Parameter.VAR_POSITIONAL,
        default=None if parameter.default is Parameter.empty else parameter.default,
        tensor=found.get("tensor", False),
        none=found.get("none", False),
        marker=found.get("marker", ""),
        count=found.get("count", 0),
        kinds=frozenset(found["kinds"]),
        items=frozenset(found["items"]),
        choices=tuple(found["choices"]),
        words=tuple(dict.fromkeys(found["words"])),
    )


def _read(annotation: Any, found: dict[str, Any]) -> None:
    origin = get_origin(annotation)
    if origin is Annotated:
        _, marker = get_args(annotation)
        assert isinstance(marker, Marker)
        found["marker"], found["count"] = marker.name, marker.count
        found["words"].append(marker.expects)
        found["none"] = found.get("none") or type(None) in get_args(get_args(annotation)[0])
    elif origin in (Union, types.UnionType):
        for member in get_args(annotation):
            _read(member, found)
    elif origin is Literal:
        found["choices"] += get_args(annotation)
        found["words"].append(one_of(get_args(annotation)))
    elif origin is tuple or origin is list:
        items = {item for item in get_args(annotation) if item is not Ellipsis}
        found["items"] |= items
        found["words"].append("a list of whole numbers" if items == {int} else "a list of numbers")
    elif annotation is Tensor:
        found["tensor"] = True
        found["words"].append("a tensor")
    elif annotation is type(None):
        found["none"] = True
    elif annotation in PLAIN:
        found["kinds"].add(annotation)
        found["words"].append(PLAIN[annotation])


def one_of(words: tuple[str, ...]) -> str:
    """`same`, `valid` or `causal`."""
    quoted = [f"`{word}`" for word in words]
    return " or ".join(filter(None, [", ".join(quoted[:-1]), quoted[-1]])) if quoted else "nothing"


@cache
def _names() -> frozenset[str]:
    composites = (composite for table in TABLES.values() for composite in table.values())
    return frozenset({*BUILTINS, "balanced", *(c.name for c in composites if c.kind != "operator")})


@cache
def vocabulary() -> frozenset[str]:
    """Every word that means something by itself: composites of all places, choices, static functions."""
    composites = (composite for table in TABLES.values() for composite in table.values())
    return _names().union(choice for c in composites for e in expectations(c) for choice in e.choices)


def is_word(text: str) -> bool:
    """Whether a word is in the vocabulary. Names come first: choices take reading what all parameters are, 20 ms."""
    return text in _names() or text in vocabulary()


def usage(name: str, parameters: tuple[Expectation, ...], *, piped: bool = True) -> str:
    """How a call is written: `x -> dense(units, activation = none)`, shortened to what is needed most."""
    head = [p for p in parameters if p.positional]
    first = head[0].name if head and piped else ""
    inside = [_parameter(p) for p in (head[1:] if first else head)]
    call = f"{name}({', '.join(inside)})" if inside or not first else name
    return f"write `{f'{first} -> ' if first else ''}{call}`"


def _parameter(parameter: Expectation) -> str:
    return f"{parameter.name}, …" if parameter.variadic else parameter.name
