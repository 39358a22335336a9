"""The `data` section: sources, splits, what inputs and targets are bound to."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nndsl.diagnostics import Edit
from nndsl.errors.calls import UnknownArgument, WrongArgument
from nndsl.errors.programs import BadSetting
from nndsl.errors.suggest import closest
from nndsl.model.consts import Checker
from nndsl.model.network import Declared
from nndsl.model.overrides import COMMAND_LINE
from nndsl.model.program import Loaded
from nndsl.model.sections import DATA_SETTINGS, DataSection, Selection, Share, SourceCall
from nndsl.model.settings import Settings, unknown
from nndsl.model.sources import SOURCES, source_of
from nndsl.model.values import Found, Silenced, Value, describe, is_whole
from nndsl.syntax import tree

SPLITS = ("train", "validation", "test")
SELECTIONS = ("column", "columns", "array")


def data_section(
    checker: Checker, loaded: Loaded, given: Sequence[tree.Setting], declared: Sequence[Declared]
) -> DataSection | None:
    """The `data` section; None where there is none and the command line says nothing."""
    if loaded.section("data") is None and not given:
        return None
    names = [item.name for item in declared]
    settings = Settings(checker, "data", loaded, given, [*DATA_SETTINGS, *names])
    reader = _DataReader(settings, names)
    splits = {name: share for name in SPLITS if (share := settings.value(name, None, reader.split)) is not None}
    missing = settings.value("missing", "error", settings.word("error", "drop", "keep"))
    return DataSection(
        span=settings.span or next(iter(settings.spans.values()), loaded.main.tree.span),
        source=settings.value("source", (), reader.sources),
        splits=splits,
        bindings={n: s for n in names if (s := settings.value(n, None, reader.selection)) is not None},
        stratify=settings.value("stratify", None, reader.stratify),
        shuffle=settings.value("shuffle", True, settings.truth),
        split_seed=settings.value("split_seed", 0, settings.whole(0)),
        missing=missing,
        spans=settings.spans,
    )


class _DataReader:
    """Reads the values that only `data` has."""

    def __init__(self, settings: Settings, names: Sequence[str]):
        self.settings = settings
        self.names = names

    def sources(self, expression: tree.Expression, name: str) -> tuple[SourceCall, ...]:
        expression = self.settings.origin(expression)
        if isinstance(expression, tree.List):
            return tuple(call for item in expression.items for call in self.sources(item, name))
        if isinstance(expression, tree.Hole):
            raise Silenced
        if not isinstance(expression, tree.Call) or not isinstance(expression.function, tree.Name):
            value = expression.value if isinstance(expression, tree.Literal) else ""
            found = describe(value) if isinstance(expression, tree.Literal) else "something else"
            name_of_one = next(iter(self.names), "x")
            remedy = f"write {source_of(value, name_of_one)}" if value and isinstance(value, str) else ""
            raise Found(BadSetting(expression.span, name, 'a source, such as csv("examples.csv")', found, remedy))
        kind = expression.function.text
        if kind not in SOURCES:
            expects = 'a source, such as csv("examples.csv")'
            *most, last = SOURCES
            raise unknown(expression.function, name, expects, SOURCES, f"there are {', '.join(most)} and {last}")
        return (self.source(expression, kind),)

    def source(self, call: tree.Call, kind: str) -> SourceCall:
        if SOURCES[kind].a_file == "array":
            return self.array_files(call, kind)
        paths: list[str] = []
        options: dict[str, Any] = {}
        renames: dict[str, str] = {}
        taken = SOURCES[kind].options
        for argument in call.arguments:
            key = argument.name.text if argument.name is not None else "path"
            value = self.settings.static(argument.value, key, "a string")
            if argument.name is None:
                paths += self.paths(value, argument)
            elif key in taken:
                if not taken[key].accepts(value):
                    raise Found(WrongArgument(argument.span, kind, key, taken[key].expects, describe(value)))
                options[key] = value
            elif key not in self.names:
                known = [*taken, *self.names]
                shown = ", ".join(f"`{k}`" for k in known)
                raise Found(UnknownArgument(argument.name.span, closest(key, known), kind, key, shown))
            elif not isinstance(value, str):
                raise Found(WrongArgument(argument.span, kind, key, "the name it has in the file", describe(value)))
            else:
                renames[key] = value
        if not paths:
            raise Found(BadSetting(call.span, "path", f"given first: {SOURCES[kind].example}", "no path"))
        return SourceCall(kind, tuple(paths), options, renames, call.span)

    def array_files(self, call: tree.Call, kind: str) -> SourceCall:
        """`idx(image = "a.gz", label = "b.gz")`: each array's name with its file, or with several to join."""
        files: dict[str, tuple[str, ...]] = {}
        for argument in call.arguments:
            expects = f'given with the name of its array: {kind}({next(iter(self.names), "x")} = "…")'
            if argument.name is None:
                raise Found(BadSetting(argument.span, "path", expects, "a path alone"))
            name = argument.name.text
            if name in files:
                raise Found(BadSetting(argument.span, name, "given one file", "two"))
            files[name] = self.paths(self.settings.static(argument.value, name, "a string"), argument)
            if not files[name]:
                raise Found(BadSetting(argument.span, name, "given a file", "an empty list"))
        if not files:
            raise Found(BadSetting(call.span, "path", f'given with its name: {kind}(x = "…")', "no path"))
        return SourceCall(kind, (), {}, {}, call.span, files)

    def paths(self, value: Value, argument: tree.Argument) -> tuple[str, ...]:
        """A path, or a list of them."""
        return tuple(self.path(text, argument) for text in (value if isinstance(value, tuple) else (value,)))

    def path(self, text: Value, argument: tree.Argument) -> str:
        """An absolute path: those of the program start at its folder, those of the command line where one is."""
        if not isinstance(text, str) or not text:
            raise Found(BadSetting(argument.span, "path", "a string", describe(text)))
        written = argument.span.source.name != COMMAND_LINE
        return os.path.normpath(os.path.join(self.settings.loaded.folder if written else Path.cwd(), text))

    def split(self, expression: tree.Expression, name: str) -> Share | tuple[SourceCall, ...]:
        text = self.settings.origin(expression)
        if isinstance(text, tree.List | tree.Call) and names_of_sources(text):
            return self.sources(expression, name)
        expects = "a share such as 15%, a number of rows, or a source"
        value = self.settings.static(expression, name, expects)
        if isinstance(value, float) and 0 < value < 1:
            return Share(value, None, expression.span)
        if is_whole(value) and value >= 1:
            return Share(None, value, expression.span)
        remedy = "a share is less than all rows" if isinstance(value, float) and value >= 1 else ""
        raise Found(BadSetting(expression.span, name, expects, describe(value), remedy))

    def selection(self, expression: tree.Expression, name: str) -> Selection:
        expression = self.settings.origin(expression)
        expects = 'column("name"), columns("pixel_*") or array("name")'
        if not isinstance(expression, tree.Call) or not isinstance(expression.function, tree.Name):
            text = expression.value if isinstance(expression, tree.Literal) else None
            remedy = f'write column("{text}")' if isinstance(text, str) else ""
            raise Found(BadSetting(expression.span, name, expects, "something else", remedy))
        kind: Any = expression.function.text
        if kind not in SELECTIONS:
            raise unknown(expression.function, name, expects, SELECTIONS)
        patterns: list[str] = []
        for argument in expression.arguments:
            if isinstance(bare := self.settings.origin(argument.value), tree.Name) and argument.name is None:
                edit = Edit(argument.span, f'"{bare.text}"')
                remedy = f'write "{bare.text}"'
                raise Found(BadSetting(argument.span, name, "given by names in quotes", "not quoted", remedy, edit))
            value = self.settings.static(argument.value, name, "a string")
            for item in value if isinstance(value, tuple) else (value,):
                if not isinstance(item, str) or argument.name is not None:
                    raise Found(BadSetting(argument.span, name, "given by names in quotes", describe(item)))
                patterns.append(item)
        if not patterns or (kind != "columns" and len(patterns) > 1):
            expects = "at least one name" if kind == "columns" else "one name"
            raise Found(BadSetting(expression.span, f"{kind}(…)", f"given {expects}", f"{len(patterns)} names"))
        return Selection(kind, tuple(patterns), expression.span)

    def stratify(self, expression: tree.Expression, name: str) -> str:
        if not isinstance(expression, tree.Name) or expression.text not in self.names:
            raise unknown(expression, name, "the name of an input or target", self.names)
        return expression.text


def names_of_sources(expression: tree.Expression) -> bool:
    """Whether an expression is a source, or a list that holds one."""
    items = expression.items if isinstance(expression, tree.List) else (expression,)
    return any(
        isinstance(i, tree.Call) and isinstance(i.function, tree.Name) and i.function.text in SOURCES for i in items
    )
