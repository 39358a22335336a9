"""`--set NAME=value`: consts and settings from the command line, their values parsed as expressions of the language."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

from nndsl.diagnostics import Diagnostics
from nndsl.errors.programs import BadOverride
from nndsl.errors.suggest import closest
from nndsl.model.program import Global, Loaded
from nndsl.model.sections import DATA_SETTINGS, TRAIN_SETTINGS
from nndsl.model.sources import SOURCES
from nndsl.source import Source, Span
from nndsl.syntax import tree
from nndsl.syntax.parse import parse

COMMAND_LINE = "command line"
"""The name of the source that overrides are shown in."""

SHOWN = "--set "
FORM = re.compile(r"\s*(?:(data|train)\s*\.\s*)?([A-Za-z_]\w*)\s*=(?!=)", re.ASCII)


@dataclass(frozen=True)
class Overrides:
    """What the command line says: values of consts, and settings of the sections that come after the program's own."""

    consts: dict[Global, tree.Expression]
    settings: dict[str, tuple[tree.Setting, ...]]


def parse_overrides(texts: Sequence[str], loaded: Loaded, found: Diagnostics) -> Overrides:
    """The overrides; those that are wrong are reported and left out. The last of a name counts."""
    consts: dict[Global, tree.Expression] = {}
    settings: dict[str, dict[str, tree.Setting]] = {"data": {}, "train": {}}
    for text in texts:
        form = FORM.match(text)
        if form is None:
            remedy = "write NAME=value for a const, train.epochs=5 for a setting"
            found.report(BadOverride(None, text, "this is not NAME=value", remedy))
            continue
        section, name = form[1], form[2]
        setting = _setting(text, form, found)
        if setting is None:
            continue
        if section:
            settings[section][name] = setting
            continue
        const = loaded.main.names.get(name)
        if const is not None and isinstance(const.tree, tree.Const):
            consts[const] = setting.value
        else:
            found.report(BadOverride(None, text, f"there is no const `{name}`", _remedy(name, loaded)))
    return Overrides(consts, {kind: tuple(given.values()) for kind, given in settings.items()})


def _setting(text: str, form: re.Match[str], found: Diagnostics) -> tree.Setting | None:
    """The name and value, placed in a source that shows the option as it was written."""
    shown = Source(COMMAND_LINE, SHOWN + text)
    start = len(SHOWN) + form.end()
    # The value parses as a const's; the padding keeps its place.
    program, errors = parse(Source(COMMAND_LINE, f"const x={text[form.end() :]}".rjust(len(shown.text))))
    found.extend(_placed(error, shown) for error in errors)
    if errors or len(program.items) != 1 or not isinstance(program.items[0], tree.Const):
        if not errors:
            found.report(BadOverride(None, text, "this is not one value", "write NAME=value, quoted for the shell"))
        return None
    name = Span(shown, len(SHOWN) + form.start(2), len(SHOWN) + form.end(2))
    whole = Span(shown, len(SHOWN) + form.start(), max(start, len(shown.text)))
    value: tree.Expression = _placed(program.items[0].value, shown)
    return tree.Setting(whole, tree.Name(name, form[2]), value)


def _placed(node: Any, source: Source) -> Any:
    """A tree or diagnostic with every span in another source."""
    if isinstance(node, Span):
        return Span(source, min(node.start, len(source.text)), min(node.end, len(source.text)))
    if isinstance(node, tuple):
        return tuple(_placed(item, source) for item in node)
    if is_dataclass(node) and not isinstance(node, type):
        return replace(node, **{f.name: _placed(getattr(node, f.name), source) for f in fields(node) if f.init})
    return node


def _remedy(name: str, loaded: Loaded) -> str:
    """What may have been meant: a const, or a setting without its section."""
    for section, known in (("train", TRAIN_SETTINGS), ("data", DATA_SETTINGS)):
        if name in known:
            return f"write {section}.{name}=…"
    consts = [n for n, entry in loaded.main.names.items() if isinstance(entry.tree, tree.Const)]
    near = closest(name, [*consts, *TRAIN_SETTINGS, *DATA_SETTINGS])
    if near is not None:
        section = "train." if near in TRAIN_SETTINGS else "data." if near in DATA_SETTINGS else ""
        return f"did you mean `{section}{near}`?"
    return f"there are {', '.join(consts)}" if consts else "settings are written with their section: train.epochs=5"


def copies(loaded: Loaded, texts: Sequence[str]) -> dict[str, str]:
    """The program's files by their paths below its folder, with overrides applied: what a run keeps of its program.

    Paths of data on the command line start in the working directory; the copy has them as absolute paths.
    """
    given = parse_overrides(texts, loaded, Diagnostics())
    changed: dict[Source, list[tuple[int, int, str]]] = {}

    def change(span: Span, text: str) -> None:
        changed.setdefault(span.source, []).append((span.start, span.end, text))

    for const, value in given.consts.items():
        assert isinstance(const.tree, tree.Const)
        change(const.tree.value.span, value.span.text)
    for kind, settings in given.settings.items():
        section = loaded.section(kind)
        own = {setting.name.text: setting for setting in section.settings} if section is not None else {}
        added = []
        for setting in settings:
            text = _absolute(setting.value)
            if setting.name.text in own:
                change(own[setting.name.text].value.span, text)
            else:
                added.append(f"  {setting.name.text} = {text}\n")
        if added:
            end = section.span.end - 1 if section is not None else len(loaded.source.text)
            lines = "".join(added)
            text = f"\n{lines}" if section is not None else f"\n{kind} {{\n{lines}}}\n"
            change(Span(loaded.source, end, end), text)
    files = {loaded.name: loaded.source}
    for path, file in loaded.imported.items():
        files[os.path.relpath(path, loaded.main.folder.resolve())] = file.tree.span.source
    return {name: _edited(source, changed.get(source, [])) for name, source in files.items()}


def _absolute(value: tree.Expression) -> str:
    """The text of a setting from the command line, with the paths of its sources made absolute."""
    span = value.span
    edits = []
    for place, text in _paths(value):
        path = os.path.abspath(text).replace("\\", "\\\\").replace('"', '\\"')
        edits.append((place.start - span.start, place.end - span.start, f'"{path}"'))
    return _edited(Source("", span.text), edits)


def _paths(value: tree.Expression) -> Iterator[tuple[Span, str]]:
    """The paths in sources and where they stand: unnamed arguments, and named ones where each array has its file."""
    if isinstance(value, tree.List):
        for item in value.items:
            yield from _paths(item)
    elif isinstance(value, tree.Call) and isinstance(value.function, tree.Name) and value.function.text in SOURCES:
        of_arrays = SOURCES[value.function.text].a_file == "array"
        for argument in value.arguments:
            given = argument.value.items if isinstance(argument.value, tree.List) else (argument.value,)
            for path in given if argument.name is None or of_arrays else ():
                if isinstance(path, tree.Literal) and isinstance(path.value, str):
                    yield path.span, path.value


def _edited(source: Source, edits: Sequence[tuple[int, int, str]]) -> str:
    text = source.text
    for start, end, replacement in sorted(edits, reverse=True):
        text = text[:start] + replacement + text[end:]
    return text
