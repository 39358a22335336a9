"""Free sizes: what the shapes in the data make of `f32[time, 9]` and `f32[2 * n + 1]`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nndsl.data.binding import Bound
from nndsl.data.wording import shown_type
from nndsl.diagnostics import Diagnostics
from nndsl.errors.data import SizesDisagree, SizeUnsolved
from nndsl.graph.sizes import Dim, Size, substitute


def solve_sizes(
    bound: Mapping[str, Sequence[Bound]], report: Diagnostics, known: Mapping[str, int] | None = None
) -> dict[str, int]:
    """The value of each free size; every axis of every table must agree with it (and with those already known)."""
    axes = [(dim, size, part) for parts in bound.values() for part in parts for dim, size in _symbolic_axes(part)]
    sizes = dict(known or {})
    places = dict.fromkeys(sizes, "the trained model")
    # An axis solves a size once all others in it are known, so axes are looked at again while that helps.
    progress = True
    while progress:
        progress = False
        for dim, size, part in axes:
            left = dim.substitute(sizes)
            solved = _solve(left, size)
            if solved is not None:
                sizes.setdefault(*solved)
                places.setdefault(solved[0], _place(part))
                progress = True
    for dim, size, part in axes:
        left = substitute(dim, sizes)
        if isinstance(left, int) and left != size:
            name = str(dim)
            blamed = next((places[symbol] for symbol in sorted(dim.symbols)), "")
            report.report(SizesDisagree(part.span, name, left, blamed, size, _place(part)))
        elif isinstance(left, Size):
            for symbol in sorted(left.symbols):
                report.report(SizeUnsolved(part.span, symbol, f"`{part.declared.name}` is {shown_type(part.declared)}"))
    return sizes


def _symbolic_axes(part: Bound) -> list[tuple[Size, int]]:
    pairs = zip(part.declared.shape, part.found_shape, strict=True)
    return [(dim, size) for dim, size in pairs if isinstance(dim, Size)]


def _solve(dim: Dim, size: int) -> tuple[str, int] | None:
    """The one symbol of `factor * symbol + constant` and its value, if it has one that is whole and at least 1."""
    if isinstance(dim, int):
        return None
    constant = factor = 0
    name = ""
    for atoms, number in dim.terms:
        if not atoms:
            constant = number
        elif len(atoms) == 1 and isinstance(atoms[0], str) and not name:
            name, factor = atoms[0], number
        else:
            return None
    if not name or (size - constant) % factor or (size - constant) // factor < 1:
        return None
    return name, (size - constant) // factor


def _place(part: Bound) -> str:
    return f"`{part.declared.name}` ({part.table.path})"
