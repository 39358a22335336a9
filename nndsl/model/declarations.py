"""Declared inputs and targets: their types, shapes and free sizes, which no data are needed for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

from nndsl.diagnostics import Edit
from nndsl.errors.names import DefinedTwice, ReservedName, UnknownName
from nndsl.errors.shapes import BadType, UnknownType
from nndsl.errors.static import NeedsData, WrongValue
from nndsl.errors.suggest import closest
from nndsl.graph.sizes import BATCH, Dim
from nndsl.graph.types import TensorType
from nndsl.model import static
from nndsl.model.consts import Checker, names_in
from nndsl.model.network import Classes, Declared, Facts, Input
from nndsl.model.scope import Environment, Place
from nndsl.model.sections import DATA_SETTINGS, DataSection
from nndsl.model.values import POISON, Found, Silenced, Value, describe, is_whole, show
from nndsl.source import Span
from nndsl.syntax import tree

Kind = Literal["f32", "class", "binary", "i64"]

RESERVED = {
    **dict.fromkeys(DATA_SETTINGS, "a setting of `data` is called so"),
    "loss": "the reported loss is called so",
}

NEIGHBOURS = {"float": "f32", "float32": "f32", "int": "i64", "int64": "i64", "bool": "binary", "category": "class"}
"""What other languages call our types."""


@dataclass(frozen=True)
class Declarations:
    """What a program says about its data: all that a probe of them needs."""

    name: str
    """The model's name."""
    inputs: tuple[Declared, ...]
    targets: tuple[Declared, ...]
    data: DataSection | None
    sizes: Mapping[str, Span] = field(default_factory=dict)
    """Free sizes, and where each is first used."""
    counts_steps: bool = False
    """Whether a setting of `train` speaks of an `epoch`."""

    @property
    def declared(self) -> tuple[Declared, ...]:
        return (*self.inputs, *self.targets)

    @property
    def needs_data(self) -> bool:
        """Whether checking may ask the data: about the kinds of a bare `class`, free sizes, or an epoch's steps."""
        bare = any(item.kind == "class" and item.classes is None for item in self.declared)
        return bare or bool(self.sizes) or self.counts_steps


class Declaring:
    """Evaluates the declarations of a model in its environment."""

    def __init__(self, checker: Checker, environment: Environment):
        self.checker = checker
        self.environment = environment
        self.place = Place(environment, "static")

    def declare(self, model: tree.Model) -> list[Declared]:
        """Inputs and targets in order; what is wrong with one is reported, and the others go on."""
        found: dict[str, Declared] = {}
        for statement in model.body:
            if not isinstance(statement, tree.Declaration) or isinstance(statement.type, tree.Hole):
                continue
            try:
                declared = self.declaration(statement)
                first = found.setdefault(declared.name, declared)
                if first is not declared:
                    raise Found(DefinedTwice(statement.name.span, declared.name, first.span))
            except Found as error:
                self.checker.work.report(error.diagnostic)
            except Silenced:
                pass
        return list(found.values())

    def declaration(self, statement: tree.Declaration) -> Declared:
        assert isinstance(statement.type, tree.TypeExpression)
        name, role = statement.name, "input" if statement.kind == "input" else "target"
        if name.text in RESERVED:
            what = "an input" if role == "input" else "a target"
            raise Found(ReservedName(name.span, what, name.text, RESERVED[name.text]))
        base, brackets = statement.type.base, list(statement.type.brackets)
        if base.text not in get_args(Kind):
            near = NEIGHBOURS.get(base.text.lower()) or closest(base.text, get_args(Kind))
            raise Found(UnknownType(base.span, near, base.text))
        kind: Any = base.text
        classes: tuple[Value, tree.List] | None = None
        if kind == "class" and brackets:
            classes = self.kinds(brackets.pop(0))
        if len(brackets) > 1:
            raise Found(BadType(brackets[1].span, f"`{kind}` has one shape", "a second one"))
        shape = self.shape(brackets[0]) if brackets else ()
        unknown = self.options(statement.type)
        declared = Declared(name.text, role, kind, shape, name.span, None, unknown)  # type: ignore[arg-type]
        return replace(declared, classes=self.classes(classes, unknown)) if classes is not None else declared

    # ---------------------------------------------------------------- shapes

    def shape(self, bracket: tree.List) -> tuple[Dim, ...]:
        sizes = [self.size(item) for item in bracket.items]
        if POISON in sizes:
            raise Silenced
        return tuple(sizes)

    def size(self, expression: tree.Expression) -> Any:
        """The size of an axis; a name that is no const is a free size."""
        try:
            for name in names_in([expression]):
                self.free(name)
            value = self.checker.evaluate(expression, self.place)
            return POISON if value is POISON else static.dimension(value, "a size", expression.span)
        except Found as found:
            self.checker.work.report(found.diagnostic)
            return POISON

    def free(self, name: tree.Name) -> None:
        environment = self.environment
        if name.text in environment.file.names or name.text in environment.sizes or name.text in ("len", "range"):
            return
        near = closest(name.text, environment.file.names)
        if near is not None:
            raise Found(UnknownName(name.span, near, "const", name.text, "here"))
        if name.text == "batch":
            raise Found(ReservedName(name.span, "a size", "batch", "the size of the batch is called so"))
        environment.sizes[name.text] = name.span

    # ---------------------------------------------------------------- classes

    def kinds(self, bracket: tree.List) -> tuple[Value, tree.List]:
        """What stands in the first bracket of a class: a count, names, or an expression that gives either."""
        items = bracket.items
        words = [item.text for item in items if isinstance(item, tree.Name)]
        if len(words) == len(items) > 0 and not any(word in self.environment.file.names for word in words):
            near = closest(words[0], self.environment.file.names) if len(words) == 1 else None
            if near is None:
                quoted = ", ".join(f'"{word}"' for word in words)
                edit = Edit(bracket.span, f"[{quoted}]")
                detail = "no const is called so"
                raise Found(
                    BadType(items[0].span, "names of classes are strings", detail, "write them in quotes", edit)
                )
        values = tuple(self.checker.evaluate(item, self.place) for item in items)
        if POISON in values:
            raise Silenced
        return (values[0] if len(values) == 1 and not isinstance(values[0], str) else values), bracket

    def classes(self, given: tuple[Value, tree.List], unknown: Literal["error", "other"]) -> Classes:
        value, bracket = given
        span = bracket.span
        if is_whole(value):
            if value < 1:
                raise Found(BadType(span, "a class has at least one kind", f"{value} kinds"))
            return Classes(value, None, unknown)
        if not isinstance(value, tuple):
            raise Found(WrongValue(span, "what a class has in brackets", "a count or a list of names", describe(value)))
        if not value:
            edit = Edit(span, "")
            raise Found(
                BadType(span, "these brackets are empty", "a count or names", "`class` alone: as in the data", edit)
            )
        kinds = {type(item) for item in value}
        if kinds not in ({str}, {int}):
            wrong = next(
                item for item in value if not isinstance(item, str | int) or isinstance(item, bool) or len(kinds) > 1
            )
            detail = f"names are strings or whole numbers, all of one kind; this has {describe(wrong)}"
            raise Found(BadType(span, "these are no names of classes", detail))
        if len(set(value)) < len(value):
            twice = next(item for index, item in enumerate(value) if item in value[:index])
            raise Found(BadType(span, f"the class {show(twice)} stands here twice", "each kind has one name"))
        return Classes(len(value), value, unknown)

    def options(self, type_: tree.TypeExpression) -> Literal["error", "other"]:
        unknown: Literal["error", "other"] = "error"
        for option in type_.options:
            if option.name.text != "unknown":
                raise Found(BadType(option.name.span, f"a type has no option `{option.name.text}`", "only `unknown`"))
            if type_.base.text != "class":
                raise Found(BadType(option.span, "only a class can have unknown kinds", f"this is {type_.base.text}"))
            word = option.value.text if isinstance(option.value, tree.Name) else None
            if word not in ("error", "other"):
                near = closest(word or "", ("error", "other"))
                help_ = (f"did you mean `{near}`?", Edit(option.value.span, near)) if near else ("",)
                raise Found(BadType(option.value.span, "`unknown` is `error` or `other`", "neither of them", *help_))
            unknown = "other" if word == "other" else "error"
        return unknown


def known(
    checker: Checker, declared: Sequence[Declared], facts: Facts, *, complain: bool
) -> tuple[list[Declared], dict[int, Input]]:
    """Inputs and targets with the kinds that the data told, and their terms by where their names stand.

    `complain` reports a bare `class` that no data told about.
    """
    completed: list[Declared] = []
    terms: dict[int, Input] = {}
    for item in declared:
        classes = facts.classes.get(item.name, item.classes) if item.kind == "class" else None
        if item.kind == "class" and classes is None and complain:
            remedy = f"write how many kinds there are, {item.name}: class[10], or give the program data"
            checker.work.report(
                NeedsData(item.span, f"the number of classes of `{item.name}`", "a bare `class`", remedy)
            )
        item = replace(item, classes=classes)
        completed.append(item)
        terms[item.span.start] = Input(item, TensorType(item.dtype, (BATCH, *item.shape)), item.span)
    return completed, terms
