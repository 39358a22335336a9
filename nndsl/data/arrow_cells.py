"""Arrow's columns as arrays: which types there are for networks, the shapes of lists, and the values themselves.

Only those who have opened something of Arrow's come here, so pyarrow is there; it is imported by the functions alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from nndsl.data.table import Array, Coded
from nndsl.data.typed import Cells, coded_text, recoded
from nndsl.data.wording import printable
from nndsl.extras import optional

REMEDIES = {
    "decimal": "write it as float64 (or, to keep it exact for a class, as text)",
    "date": "write what the network is to learn from as numbers: the year, the weekday, days since a date",
    "time": "write what the network is to learn from as numbers: the hour, seconds since a moment",
    "duration": "write it as a number of seconds",
    "struct": "write its fields as columns of their own",
    "map": "write its values as columns of their own",
    "binary": "write it as text, or as a list of numbers",
}
"""What helps, by how the name of a type begins that is no value for a network."""


class OddLength(Exception):
    """A list in a row is not as long as the first: `row`, and what is there."""

    def __init__(self, row: int, found: str):
        self.row = row
        self.found = found


def _types() -> Any:
    return optional("pyarrow", "arrow", "reading columns of Arrow").types


def _inner(type: Any) -> Any:
    """What a list is of; None for what is no list."""
    types = _types()
    if _is_tensor(type):
        return type.value_type
    is_list = types.is_fixed_size_list(type) or types.is_list(type) or types.is_large_list(type)
    return type.value_type if is_list else None


def _is_tensor(type: Any) -> bool:
    """Arrays of one shape, stored as lists of all their elements in that order."""
    named = getattr(type, "extension_name", "") == "arrow.fixed_shape_tensor"
    return named and type.permutation in (None, list(range(len(type.shape))))


def element_words(type: Any) -> tuple[str, str]:
    """What a column's elements are, in the words of `Table.element_type`; and what helps where they are of no use."""
    types = _types()
    leaf = type
    while (inner := _inner(leaf)) is not None:
        leaf = inner
    value = leaf.value_type if types.is_dictionary(leaf) else leaf
    if is_text(value):
        return "text", ""
    if types.is_boolean(value):
        return "true and false", ""
    if types.is_integer(value):
        return "whole numbers", ""
    if types.is_floating(value) or types.is_null(value):
        return "numbers", ""
    name = str(leaf)
    remedy = next((remedy for start, remedy in REMEDIES.items() if name.removeprefix("large_").startswith(start)), "")
    return f"elements of Arrow's type {printable(name)}", remedy


def is_text(type: Any) -> bool:
    types = _types()
    return bool(types.is_string(type) or types.is_large_string(type) or types.is_string_view(type))


def is_vector(type: Any) -> bool:
    return _inner(type) is not None


def itemsize(type: Any) -> int:
    """Bytes that an element takes in NumPy; text is coded."""
    while (inner := _inner(type)) is not None:
        type = inner
    types = _types()
    plain = types.is_integer(type) or types.is_floating(type)
    return type.bit_width // 8 if plain else 1 if types.is_boolean(type) else 8


def list_shape(type: Any, first: Any) -> tuple[int, ...]:
    """The shape of a row's list; `first` is some array of such rows, for lists whose type does not say it.

    Raises `OddLength` where no row of it holds a list.
    """
    types = _types()
    inner = _inner(type)
    if inner is None:
        return ()
    if _is_tensor(type):
        return tuple(type.shape)
    rows = first.drop_null()
    if types.is_fixed_size_list(type):
        return (type.list_size, *list_shape(inner, rows.flatten()))
    if not len(rows):
        raise OddLength(0, "no list")
    return (len(rows[0]), *list_shape(inner, rows[:1].flatten()))


def cells_of(chunks: Sequence[Any], shape: tuple[int, ...]) -> Cells:
    """The values of a column's chunks; lists are `[rows, *shape]`. Raises `OddLength` for a list of another length."""
    parts: list[Cells] = []
    start = 0
    for chunk in chunks:
        try:
            if _is_tensor(chunk.type):
                parts.append(_lists(chunk.storage, (prod(shape),)).reshaped(shape))
            else:
                parts.append(_lists(chunk, shape) if shape else _plain(chunk))
        except OddLength as odd:
            raise OddLength(start + odd.row, odd.found) from None
        start += len(chunk)
    return together(parts)


def together(parts: Sequence[Cells]) -> Cells:
    """Cells one below the other."""
    if len(parts) == 1:
        return parts[0]
    kinds: dict[str | int, int] = {}
    arrays: list[Array] = []
    coded: list[Array] = []
    for part in parts:
        if isinstance(part.values, Coded):
            coded.append(recoded(part.values, kinds))
        else:
            arrays.append(part.values)
    if coded:
        return Cells(Coded(np.concatenate(coded), tuple(kinds)))
    missing = None
    if any(part.missing is not None for part in parts):
        masks = [np.zeros(part.whole_shape, bool) if part.missing is None else part.missing for part in parts]
        missing = np.concatenate(masks)
    return Cells(np.concatenate(arrays), missing)


def _lists(chunk: Any, shape: tuple[int, ...]) -> Cells:
    """Lists of one shape: the elements of those that are there, in rows; a row without a list misses all of them."""
    rows = len(chunk)
    valid = np.asarray(chunk.is_valid().to_numpy(zero_copy_only=False))
    level = chunk.drop_null()
    for depth, size in enumerate(shape):
        if depth and level.null_count:
            raise OddLength(0, "a list with a gap")
        if not _types().is_fixed_size_list(level.type):
            lengths = np.asarray(level.value_lengths().to_numpy(zero_copy_only=False))
            odd = np.flatnonzero(lengths != size)
            if len(odd):
                row = int(np.flatnonzero(valid)[odd[0] // prod(shape[:depth])])
                raise OddLength(row, f"a list of {lengths[odd[0]]}")
        level = level.flatten()
    leaf = _plain(level)
    if isinstance(leaf.values, Coded):
        codes = np.full((rows, *shape), -1, np.int64)
        codes[valid] = leaf.values.codes.reshape(-1, *shape)
        return Cells(Coded(codes, leaf.values.distinct))
    values = np.zeros((rows, *shape), leaf.values.dtype)
    values[valid] = leaf.values.reshape(-1, *shape)
    if valid.all() and leaf.missing is None:
        return Cells(values)
    missing = np.ones((rows, *shape), bool)
    missing[valid] = False if leaf.missing is None else leaf.missing.reshape(-1, *shape)
    return Cells(values, missing)


def _plain(chunk: Any) -> Cells:
    """One value a row."""
    pa = optional("pyarrow", "arrow", "reading columns of Arrow")
    type = chunk.type
    if is_text(type):
        chunk = chunk.cast(pa.large_string()) if pa.types.is_string_view(type) else chunk
        chunk, type = (encoded := chunk.dictionary_encode()), encoded.type
    if pa.types.is_dictionary(type):
        if not is_text(type.value_type):
            return _plain(chunk.dictionary_decode())
        words = coded_text(chunk.dictionary.to_pylist())
        indices = np.asarray(chunk.indices.fill_null(0).to_numpy(zero_copy_only=False))
        codes = words.codes[indices] if len(words.codes) else np.full(len(chunk), -1, np.int64)
        codes[np.asarray(chunk.is_null().to_numpy(zero_copy_only=False))] = -1
        return Cells(Coded(codes, words.distinct))
    if pa.types.is_null(type):
        return Cells(np.zeros(len(chunk)), np.ones(len(chunk), bool))
    missing = np.asarray(chunk.is_null().to_numpy(zero_copy_only=False)) if chunk.null_count else None
    if pa.types.is_floating(type):
        return Cells(np.asarray(chunk.to_numpy(zero_copy_only=False)), missing)
    if missing is not None:
        chunk = chunk.fill_null(False if pa.types.is_boolean(type) else 0)
    return Cells(np.asarray(chunk.to_numpy(zero_copy_only=False)), missing)
