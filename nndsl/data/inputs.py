"""The rows that a trained model is to answer, a piece at a time and in order, however many there are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any

import numpy as np

from nndsl.data.dataset import Dataset
from nndsl.data.images import ImagesTable
from nndsl.data.load import examples, keeps_missing
from nndsl.data.sources import Opened
from nndsl.data.table import Array, Table
from nndsl.data.wording import listed, quoted
from nndsl.diagnostics import Failure
from nndsl.errors.commands import BadOption
from nndsl.errors.suggest import closest
from nndsl.graph.sizes import product
from nndsl.model.network import Declared
from nndsl.model.sections import DataSection

PIECE = 1 << 25
"""Bytes of inputs in a piece, about."""

MOST_ROWS = 1 << 16

FILE = "file"
"""What can be kept beside predictions for images: the path of each."""


@dataclass(frozen=True, eq=False)
class Piece:
    """Consecutive rows: the inputs, and what is kept beside the answers, by the names that the file has for it."""

    inputs: Dataset
    kept: Mapping[str, Array]

    def cut(self, rows: slice) -> Piece:
        arrays = {name: values[rows] for name, values in self.inputs.arrays.items()}
        return Piece(
            Dataset(arrays, self.inputs.numbers[rows]), {name: values[rows] for name, values in self.kept.items()}
        )

    def joined(self, later: Piece) -> Piece:
        """These rows, then those of the next piece."""

        def join(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Array]:
            return {name: np.concatenate([first[name], second[name]]) for name in first}

        numbers = np.concatenate([self.inputs.numbers, later.inputs.numbers])
        return Piece(Dataset(join(self.inputs.arrays, later.inputs.arrays), numbers), join(self.kept, later.kept))


def input_pieces(
    opened: Sequence[Opened],
    section: DataSection | None,
    declared: Sequence[Declared],
    sizes: Mapping[str, int] | None,
    together: int,
    keep: Sequence[str] = (),
) -> Iterator[Piece]:
    """The rows of tables one after another; `declared` and the rest are as for `load_inputs`.

    Each piece but the last is of a multiple of `together` rows, so that whoever takes so many at once takes the same
    ones, however the files are read. `keep` are columns, or patterns of them, that go along: text exactly as it is
    written, None where it is missing.

    Raises `Failure` where something is wrong, after the pieces before it.
    """
    row = sum(8 * _elements(each, sizes or {}) for each in declared)
    rows = max(1, min(MOST_ROWS, PIECE // max(row, 1)))
    kept = [_kept(one.table, keep) for one in opened]
    for other in kept[1:]:
        if other != kept[0]:
            reason = f"files must hold the same columns to keep: {listed(kept[0])}, but then {listed(other) or 'none'}"
            raise Failure(BadOption(None, "keep", reason))
    held: Piece | None = None
    for one, names in zip(opened, kept, strict=True):
        for table in one.table.pieces(rows):
            inputs = examples(
                [replace(one, table=table)], section, declared, sizes, keep_missing=keeps_missing(section)
            )
            piece = Piece(inputs, {name: _values(table, name) for name in names})
            piece = held.joined(piece) if held else piece
            whole = piece.inputs.rows - piece.inputs.rows % together
            if whole:
                yield piece.cut(slice(whole))
            held = piece.cut(slice(whole, None)) if whole < piece.inputs.rows else None
    if held:
        yield held


def _elements(declared: Declared, sizes: Mapping[str, int]) -> int:
    shape = [dim if isinstance(dim, int) else dim.substitute(sizes) for dim in declared.shape]
    return product([dim if isinstance(dim, int) else 1 for dim in shape])  # type: ignore[return-value]


def _kept(table: Table, patterns: Sequence[str]) -> list[str]:
    """The columns that patterns stand for, each once, in the order of the file within a pattern."""
    there = (*table.names, FILE) if isinstance(table, ImagesTable) else table.names
    names: dict[str, None] = {}
    for pattern in patterns:
        literal = pattern.replace("[", "[[]")
        found = [pattern] if pattern in there else [name for name in there if fnmatchcase(name, literal)]
        if not found:
            near = closest(pattern, there)
            hint = f"did you mean {quoted(near)}?" if near else f"there are {listed([*map(quoted, there)], most=6)}"
            raise Failure(BadOption(None, "keep", f"{table.path} has no {table.what} {quoted(pattern)}; {hint}"))
        for name in found:
            if there.count(name) > 1 or (name in table.names and table.shape(name)):
                what = "several columns of that name" if there.count(name) > 1 else "several values a row"
                raise Failure(BadOption(None, "keep", f"{quoted(name)} in {table.path} has {what}"))
        names |= dict.fromkeys(found)
    return list(names)


def _values(table: Table, name: str) -> Array:
    """One value a row, as the file has it."""
    if name == FILE and isinstance(table, ImagesTable):
        return np.array([*table.files], object)
    if table.element_type(name) != "text":
        return np.asarray(table.numbers([name])[0][:, 0])
    coded, _ = table.coded([name])
    distinct = np.array([*coded.distinct, None], object)
    return np.asarray(distinct[np.asarray(coded.codes[:])[:, 0]], object)
