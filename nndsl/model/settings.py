"""The settings of a section: the program's own, then those of the command line, read one by one with their defaults."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from nndsl.diagnostics import Edit
from nndsl.errors.programs import BadSetting, SettingTwice, UnknownSetting
from nndsl.errors.suggest import closest
from nndsl.model.consts import Checker
from nndsl.model.program import Loaded
from nndsl.model.scope import Environment, Place
from nndsl.model.static import computable
from nndsl.model.values import POISON, Found, Silenced, Value, describe, has_term, is_number, is_whole
from nndsl.source import Span
from nndsl.syntax import tree


class Settings:
    """The settings of one section, those of the command line after the program's own."""

    def __init__(
        self, checker: Checker, kind: str, loaded: Loaded, given: Sequence[tree.Setting], known: Iterable[str]
    ):
        self.checker = checker
        self.kind = kind
        self.loaded = loaded
        self.environment = Environment(loaded.main, "section")
        self.place = Place(self.environment, "setting")
        self.spans: dict[str, Span] = {}
        self.values: dict[str, tree.Expression] = {}
        section = loaded.section(kind)
        self.span = section.span if section is not None else None
        known = list(known)
        for setting in section.settings if section is not None else ():
            if setting.name.text in self.values:
                first = self.spans[setting.name.text]
                checker.work.report(SettingTwice(setting.name.span, setting.name.text, first))
            self.take(setting, known)
        for setting in given:
            self.take(setting, known)

    def take(self, setting: tree.Setting, known: list[str]) -> None:
        name = setting.name
        if name.text not in known:
            shown = ", ".join(f"`{k}`" for k in known)
            near = closest(name.text, known)
            self.checker.work.report(UnknownSetting(name.span, near, self.kind, name.text, shown))
            return
        self.values[name.text] = setting.value
        self.spans[name.text] = name.span

    def value(self, name: str, default: Any, read: Callable[[tree.Expression, str], Any]) -> Any:
        """A setting as `read` takes it, or its default where it is not set or wrong (which is reported)."""
        if name not in self.values:
            return default
        try:
            return read(self.values[name], name)
        except Found as found:
            self.checker.work.report(found.diagnostic)
        except Silenced:
            pass
        return default

    def static(self, expression: tree.Expression, name: str, expects: str) -> Value:
        value = self.checker.evaluate(expression, self.place)
        if value is POISON:
            raise Silenced
        if has_term(value):
            raise Found(BadSetting(expression.span, name, expects, describe(value)))
        return value

    def whole(self, least: int) -> Callable[[tree.Expression, str], int]:
        expects = f"a whole number of at least {least}"

        def read(expression: tree.Expression, name: str) -> int:
            value = self.static(expression, name, expects)
            if not is_whole(value) or value < least:
                raise Found(BadSetting(expression.span, name, expects, describe(value)))
            return int(value)

        return read

    def positive(self, expression: tree.Expression, name: str) -> float:
        value = self.static(expression, name, "a number greater than 0")
        if not is_number(value) or value <= 0:
            raise Found(BadSetting(expression.span, name, "a number greater than 0", describe(value)))
        computable(value, expression.span)
        return float(value)

    def share(self, expression: tree.Expression, name: str) -> float:
        """A number between 0 and 1, neither of them."""
        expects = "a number between 0 and 1"
        value = self.static(expression, name, expects)
        if not is_number(value) or not 0 < value < 1:
            raise Found(BadSetting(expression.span, name, expects, describe(value)))
        return float(value)

    def optional(self, read: Callable[[tree.Expression, str], Any]) -> Callable[[tree.Expression, str], Any]:
        """`none`, or what `read` takes."""

        def read_or_none(expression: tree.Expression, name: str) -> Any:
            none = isinstance(expression, tree.Literal) and expression.value is None
            return None if none else read(expression, name)

        return read_or_none

    def truth(self, expression: tree.Expression, name: str) -> bool:
        value = self.static(expression, name, "true or false")
        if not isinstance(value, bool):
            raise Found(BadSetting(expression.span, name, "true or false", describe(value)))
        return value

    def word(self, *words: str) -> Callable[[tree.Expression, str], str]:
        expects = " or ".join(filter(None, [", ".join(words[:-1]), words[-1]]))

        def read(expression: tree.Expression, name: str) -> str:
            if isinstance(expression, tree.Name) and expression.text in words:
                return expression.text
            raise unknown(expression, name, expects, words)

        return read

    def origin(self, expression: tree.Expression) -> tree.Expression:
        """What a name of a const stands for, as its text: sources and selections are no values."""
        file = self.environment.file
        for _ in range(64):
            const = file.names.get(expression.text) if isinstance(expression, tree.Name) else None
            if const is None or not isinstance(const.tree, tree.Const):
                break
            const.used = True
            expression, file = self.checker.definition(const)
        return expression


def unknown(expression: tree.Expression, name: str, expects: str, words: Iterable[str], otherwise: str = "") -> Found:
    """The error for a word that a setting does not take; `otherwise` is the help if no known word is near."""
    known = list(words)
    written = expression.text if isinstance(expression, tree.Name) else ""
    if isinstance(expression, tree.Literal) and expression.value in known:
        edit = Edit(expression.span, str(expression.value))
        advice = f"`{expression.value}` is a name, written without quotes"
        return Found(BadSetting(expression.span, name, expects, f"the string {expression.span.text}", advice, edit))
    near = closest(written, known)
    if near is None:
        return Found(
            BadSetting(expression.span, name, expects, f"`{written}`" if written else "something else", otherwise)
        )
    edit = Edit(expression.span, near)
    return Found(BadSetting(expression.span, name, expects, f"`{written}`", f"did you mean `{near}`?", edit))
