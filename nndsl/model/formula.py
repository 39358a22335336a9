"""`report("val/train", val_loss / loss)`: an expression of logged numbers, read into a function of them.

It is the language's expression over numbers alone: logged names, numbers and consts; `+ - * / // % ^`, comparisons,
`and or not` (0 or 1), `if then else`, and the functions below. It calculates in float64 as IEEE 754 has it: dividing by
zero gives infinity, so that no report ever ends a training run.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np

from nndsl.diagnostics import Edit
from nndsl.errors.callbacks import NotInReport, NotLogged
from nndsl.errors.suggest import closest
from nndsl.model.consts import Checker
from nndsl.model.scope import Place
from nndsl.model.values import POISON, Found, Silenced, describe, is_number
from nndsl.source import Span
from nndsl.syntax import tree

Logs = Mapping[str, float]
Calculation = Callable[[Logs], float]

OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "//": np.floor_divide,
    "%": np.mod,
    "^": np.float_power,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "and": lambda a, b: bool(a) and bool(b),
    "or": lambda a, b: bool(a) or bool(b),
}

FUNCTIONS: Mapping[str, Callable[[float], Any]] = {
    "abs": np.abs,
    "exp": np.exp,
    "expm1": np.expm1,
    "log": np.log,
    "log1p": np.log1p,
    "sqrt": np.sqrt,
    "square": np.square,
    "floor": np.floor,
    "round": np.round,
}
"""Functions of one number."""

CHOICES: Mapping[str, Callable[[Any, Any], Any]] = {"min": np.minimum, "max": np.maximum}
"""Functions of two numbers or more; like NumPy's they hand a NaN on."""


@dataclass(frozen=True)
class Formula:
    """What a report calculates after an epoch: `names` are the logged values that it needs."""

    names: tuple[str, ...]
    calculation: Calculation

    def __call__(self, logs: Logs) -> float:
        with np.errstate(all="ignore"):
            return float(self.calculation(logs))


class FormulaReader:
    """Reads expressions over the names in `logged`; everything else must be static. Raises `Found`."""

    def __init__(self, checker: Checker, place: Place, logged: Collection[str]):
        self.checker = checker
        self.place = place
        self.logged = logged
        self.names: dict[str, None] = {}

    def read(self, expression: tree.Expression) -> Formula:
        self.names = {}
        calculation = self._read(expression)
        return Formula(tuple(self.names), calculation)

    def _read(self, expression: tree.Expression) -> Calculation:
        match expression:
            case tree.Literal(value=bool() | int() | float() as number):
                return _constant(float(number))
            case tree.Name(text=name) if name in self.logged:
                return self._logged(name)
            case tree.Attribute(object=tree.Name(text=first), name=tree.Name(text=last)):
                name = f"{first}.{last}"
                if name not in self.logged:
                    raise self._unknown(expression.span, name)
                return self._logged(name)
            case tree.Name():
                return self._static(expression)
            case tree.Unary(operator=sign, operand=operand):
                value = self._read(operand)
                return (lambda logs: -value(logs)) if sign == "-" else (lambda logs: not value(logs))
            case tree.Chain():
                return self._chain(expression)
            case tree.Conditional():
                condition, yes, no = map(self._read, (expression.condition, expression.yes, expression.no))
                return lambda logs: yes(logs) if condition(logs) else no(logs)
            case tree.Call(function=tree.Name()):
                return self._call(expression)
            case tree.Literal(value=str() as text) if text in self.logged:
                edit = Edit(expression.span, text)
                raise Found(NotInReport(expression.span, "this is a string", "names are written without quotes", edit))
            case tree.Pipe():
                hint = "write functions as calls, such as log(loss)"
                raise Found(NotInReport(expression.span, "this is a pipe", hint))
            case tree.Hole():
                raise Silenced
        hint = "it takes numbers, logged names, consts, operators, `if`, and functions of one number, min and max"
        raise Found(NotInReport(expression.span, "this is something else", hint))

    def _logged(self, name: str) -> Calculation:
        self.names[name] = None
        return operator.itemgetter(name)

    def _static(self, name: tree.Name) -> Calculation:
        """A const."""
        if name.text not in {*self.place.environment.known()}:
            raise self._unknown(name.span, name.text)
        value = self.checker.evaluate(name, self.place)
        if value is POISON:
            raise Silenced
        if not (is_number(value) or isinstance(value, bool)):
            raise Found(NotInReport(name.span, f"this is {describe(value)}"))
        return _constant(float(value))

    def _chain(self, chain: tree.Chain) -> Calculation:
        first = self._read(chain.first)
        steps = []
        for sign, operand in chain.rest:
            if sign.text not in OPERATORS:
                raise Found(NotInReport(sign.span, f"there is no `{sign.text}` of them"))
            steps.append((OPERATORS[sign.text], self._read(operand)))

        def calculate(logs: Logs) -> Any:
            value: Any = first(logs)
            for apply, operand in steps:
                value = apply(value, operand(logs))
            return value

        return calculate

    def _call(self, call: tree.Call) -> Calculation:
        assert isinstance(call.function, tree.Name)
        name = call.function.text
        if name not in FUNCTIONS and name not in CHOICES:
            known = [*FUNCTIONS, *CHOICES]
            near = closest(name, known)
            hint = f"did you mean `{near}`?" if near else f"there are {', '.join(known)}"
            raise Found(NotInReport(call.function.span, f"`{name}` is none of its functions", hint))
        operands = [self._read(argument.value) for argument in call.arguments if argument.name is None]
        named = next((argument.name for argument in call.arguments if argument.name is not None), None)
        if named is not None:
            raise Found(NotInReport(named.span, f"`{name}` takes nothing by name here"))
        if name in CHOICES and len(operands) >= 2:
            return lambda logs: reduce(CHOICES[name], [operand(logs) for operand in operands])
        if name in FUNCTIONS and len(operands) == 1:
            function, operand = FUNCTIONS[name], operands[0]
            return lambda logs: function(operand(logs))
        takes = "one number" if name in FUNCTIONS else "two numbers or more"
        raise Found(NotInReport(call.span, f"`{name}` takes {takes}"))

    def _unknown(self, span: Span, name: str) -> Found:
        near = closest(name, [*self.logged, *self.place.environment.known()])
        return Found(NotLogged(span, near, name, ", ".join(f"`{each}`" for each in self.logged)))


def _constant(number: float) -> Calculation:
    return lambda logs: number
