"""Sizes of axes: integers, or polynomials over symbols such as `batch` and a program's free sizes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import mul

Atom = "str | FloorDivision"
"""What a monomial multiplies: a symbol, or an integer division that does not simplify."""


@dataclass(frozen=True)
class FloorDivision:
    """`numerator // denominator` where the polynomial does not divide evenly."""

    numerator: Size
    denominator: int

    def __str__(self) -> str:
        return f"({self.numerator}) // {self.denominator}"


@dataclass(frozen=True)
class Size:
    """A polynomial with integer coefficients: `terms` maps products of atoms to their factor, in a fixed order.

    Arithmetic with integers and sizes gives an `int` as soon as no symbol is left, so equal sizes compare equal.
    """

    terms: tuple[tuple[tuple[str | FloorDivision, ...], int], ...]

    def __add__(self, other: Dim) -> Dim:
        return _polynomial([*self.terms, *_terms(other)])

    __radd__ = __add__

    def __neg__(self) -> Dim:
        return self * -1

    def __sub__(self, other: Dim) -> Dim:
        return self + (other * -1)

    def __rsub__(self, other: Dim) -> Dim:
        return other + (self * -1)

    def __mul__(self, other: Dim) -> Dim:
        return _polynomial([(a + b, i * j) for a, i in self.terms for b, j in _terms(other)])

    __rmul__ = __mul__

    def __floordiv__(self, other: int) -> Dim:
        whole = _polynomial([(atoms, factor // other) for atoms, factor in self.terms])
        rest = _polynomial([(atoms, factor % other) for atoms, factor in self.terms])
        if isinstance(rest, int):
            return whole + rest // other
        return whole + Size((((FloorDivision(rest, other),), 1),))

    @property
    def symbols(self) -> frozenset[str]:
        atoms = [atom for atoms, _ in self.terms for atom in atoms]
        return frozenset().union(*({a} if isinstance(a, str) else a.numerator.symbols for a in atoms))

    def evaluate(self, values: Mapping[str, int]) -> int:
        """The integer that this size is when each symbol has its value; `KeyError` names a symbol without one."""

        def atom(a: str | FloorDivision) -> int:
            return values[a] if isinstance(a, str) else a.numerator.evaluate(values) // a.denominator

        return sum(reduce(mul, map(atom, atoms), factor) for atoms, factor in self.terms)

    def substitute(self, values: Mapping[str, int]) -> Dim:
        """This size with the symbols that have a value replaced by it."""
        total: Dim = 0
        for atoms, factor in self.terms:
            product: Dim = factor
            for a in atoms:
                if isinstance(a, str):
                    product = product * values.get(a, symbol(a))
                else:
                    numerator = substitute(a.numerator, values)
                    product = product * (numerator // a.denominator)
            total = total + product
        return total

    def __str__(self) -> str:
        text = ""
        for atoms, factor in self.terms:
            sign = "-" if factor < 0 else "+"
            factors = [] if abs(factor) == 1 and atoms else [str(abs(factor))]
            term = " * ".join([*factors, *(a if isinstance(a, str) else f"({a})" for a in atoms)])
            text += f" {sign} {term}" if text else f"{'-' if sign == '-' else ''}{term}"
        return text

    __repr__ = __str__


Dim = int | Size
"""The size of one axis."""


def symbol(name: str) -> Size:
    return Size((((name,), 1),))


BATCH = symbol("batch")
"""The size of the batch axis; no program may name a free size so."""


def is_static(shape: Iterable[Dim]) -> bool:
    return all(isinstance(dim, int) for dim in shape)


def substitute(dim: Dim, values: Mapping[str, int]) -> Dim:
    return dim if isinstance(dim, int) else dim.substitute(values)


def known(dim: Dim, values: Mapping[str, int]) -> int:
    """The integer that a size is with these values; `KeyError` names a symbol without one."""
    return dim if isinstance(dim, int) else dim.evaluate(values)


def product(dims: Iterable[Dim]) -> Dim:
    return reduce(mul, dims, 1)


def show_shape(shape: Iterable[Dim]) -> str:
    return f"[{', '.join(map(str, shape))}]"


def _terms(dim: Dim) -> Iterable[tuple[tuple[str | FloorDivision, ...], int]]:
    return dim.terms if isinstance(dim, Size) else [((), dim)]


def _polynomial(terms: Iterable[tuple[tuple[str | FloorDivision, ...], int]]) -> Dim:
    factors: dict[tuple[str | FloorDivision, ...], int] = {}
    for atoms, factor in terms:
        key = tuple(sorted(atoms, key=str))
        factors[key] = factors.get(key, 0) + factor
    kept = tuple(sorted(((a, f) for a, f in factors.items() if f), key=lambda term: (-len(term[0]), str(term[0]))))
    if not kept:
        return 0
    if len(kept) == 1 and not kept[0][0]:
        return kept[0][1]
    return Size(kept)
