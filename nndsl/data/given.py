"""What a Python program hands over to learn from: arrays, mappings of them or frames, as the parts of a data section.

    Given(x, y, weights)      one set of examples
    given_data(…)             sets to train and to validate on, as a `Data` section at work
    given_dataset(…)          one set for a network that is made, to answer or to measure

One array is the only input (or target); a mapping has them by name. The program's `data` section says what columns are
called and what becomes of missing values; its sources and shares are not looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import floor
from types import MappingProxyType
from typing import Any

import numpy as np

from nndsl.data.binding import Bound, bind
from nndsl.data.dataset import Dataset
from nndsl.data.frames import GIVEN, GivenArrays, given_frame
from nndsl.data.parts import Part
from nndsl.data.program_data import Data, dataset
from nndsl.data.solving import solve_sizes
from nndsl.data.sources import Opened, visible
from nndsl.data.table import Array, Table
from nndsl.data.wording import and_more, counted, listed
from nndsl.diagnostics import Diagnostics, Failure
from nndsl.errors.api import BadSampleWeight, GivenRowsDisagree, NeedsNames
from nndsl.errors.commands import BadOption
from nndsl.graph.sizes import show_shape
from nndsl.model.network import Declared, Facts
from nndsl.model.sections import DataSection, Selection, Share
from nndsl.source import Span

VALIDATION = "the validation data"
"""What messages call examples to validate on, to tell them from those to train on."""


@dataclass(frozen=True)
class Given:
    """Examples that a Python program has in hand; without `y`, `x` holds the targets too. `weights` are one a row."""

    x: Any
    y: Any = None
    weights: Any = None


def given_data(
    section: DataSection | None,
    declared: Sequence[Declared],
    train: Given,
    validation: Given | None = None,
    *,
    split: float = 0.0,
    weight: Declared | None = None,
    model: str,
    span: Span,
    columns: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
) -> Data:
    """Examples to train on, and to validate on: given ones, or the share `split` of the rows, from the end, as Keras
    takes them (`int(rows * (1 - split))` rows are left).

    `weight` is the target that takes the weights, if any set has some; a set without has ones. `columns` are the names
    that frames had before; without them the rows to train on say what others are to be called.
    """
    parts = {"train": given_part(train, section, declared, weight, model, columns)}
    columns = columns or frame_columns(parts["train"])
    splits: dict[str, Any] = {"train": ()}
    if validation is not None:
        parts["validation"] = given_part(validation, section, declared, weight, model, columns, VALIDATION)
        splits["validation"] = ()
    elif split:
        rows = parts["train"].rows
        kept = floor(rows * (1.0 - split))
        if not 0 < kept < rows:
            reason = f"{split:g} of {counted(rows, 'row')} leaves no {'validation' if kept else 'training'} rows"
            raise Failure(BadOption(None, "validation_split", reason))
        splits["validation"] = Share(None, rows - kept, span)
    missing = section.missing if section else "error"
    spans = section.spans if section else {}
    made = DataSection(span, (), splits, {}, shuffle=False, missing=missing, spans=spans)
    return Data(made, (*declared, *([weight] if weight else ())), parts=parts)


def given_dataset(
    given: Given,
    section: DataSection | None,
    declared: Sequence[Declared],
    facts: Facts | None,
    *,
    weight: Declared | None = None,
    model: str,
) -> Dataset:
    """All rows, in order, for a network whose classes and free sizes (of `facts`) are known: to answer, or to measure.

    Missing values are errors unless `section` keeps them: no row is dropped, since every one is to be answered.
    """
    part = given_part(given, section, declared, weight, model, facts.columns if facts else {})
    refuse_other_sizes(part, facts)
    names = list(part.bound)
    part.read(names)
    part.refuse_missing(names, "keep" if section and section.missing == "keep" else "answer")
    return dataset(part, np.arange(part.rows), [*declared, *([weight] if weight else ())], facts or Facts())


def refuse_other_sizes(part: Part, facts: Facts | None) -> None:
    """Raise a `Failure` where a free size has another value than the network was made for."""
    found = Diagnostics()
    solve_sizes(part.bound, found, facts.sizes if facts else None)
    found.raise_errors()


def frame_columns(part: Part) -> dict[str, tuple[str, ...]]:
    """What frames call the columns of each input and target that is made of some, in order."""
    return {name: bound[0].names for name, bound in part.bound.items() if bound[0].stacked}


def given_part(
    given: Given,
    section: DataSection | None,
    declared: Sequence[Declared],
    weight: Declared | None,
    model: str,
    columns: Mapping[str, tuple[str, ...]],
    path: str = GIVEN,
) -> Part:
    """One set of examples, bound to what is declared; every set of weights and each of the rows is checked. Messages
    call it `path`.

    Frames have these `columns` for a name where it is known what they are called, in whatever order they come.
    """
    found = Diagnostics()
    inputs = [item for item in declared if item.role == "input"]
    targets = [item for item in declared if item.role == "target"]
    known = {
        each.name: Selection("columns", columns[each.name], each.span) for each in declared if each.name in columns
    }
    bindings = {**(section.bindings if section else {}), **known}
    if given.y is None:
        inputs, targets = [*inputs, *targets], []
    bound: dict[str, list[Bound]] = {}
    for argument, value, wanted in (("x", given.x, inputs), ("y", given.y, targets)):
        if wanted or value is not None:
            for opened, names, bindings_here in given_tables(argument, value, wanted, bindings, known, model):
                opened.table.path = path
                bound |= bind([opened], names, bindings_here, found)
    found.raise_errors()
    if weight is not None:
        weights = _weights(given.weights, _rows(next(iter(bound.values()))))
        bound |= bind([_arrays({weight.name: weights})], [weight], {}, found)
    for (first, one), (second, other) in pairwise(bound.items()):
        if _rows(one) != _rows(other):
            raise Failure(
                GivenRowsDisagree(None, first, counted(_rows(one), "row"), second, counted(_rows(other), "row"))
            )
    return Part(bound)


def given_tables(
    argument: str,
    value: Any,
    wanted: Sequence[Declared],
    bindings: Mapping[str, Selection],
    known: Mapping[str, Selection],
    model: str,
) -> Iterator[tuple[Opened, Sequence[Declared], Mapping[str, Selection]]]:
    """What was given as tables, what each is for, and how that is bound: an array by its name, a frame as a CSV file.

    A frame that has nothing of the only name's is its array, all columns of it; so is a frame in a mapping.
    """
    if isinstance(value, Mapping):
        framed = {each.name: frame for each in wanted if (frame := _whole_frame(value.get(each.name), each))}
        for each in wanted:
            if each.name in framed:
                frame = framed[each.name]
                yield visible(frame, {}), [each], {each.name: known.get(each.name) or _all_columns(frame, each)}
        yield _arrays(value), [each for each in wanted if each.name not in framed], {}
        return
    frame = given_frame(value)
    if frame is not None:
        only = wanted[0] if len(wanted) == 1 else None
        if only is None or only.name in bindings or _has_own(frame, only):
            yield visible(frame, {}), wanted, bindings
        else:
            yield visible(frame, {}), wanted, {only.name: _all_columns(frame, only)}
    elif len(wanted) == 1:
        yield _arrays({wanted[0].name: value}), wanted, {}
    else:
        raise Failure(_needs_names(argument, wanted, model))


def _whole_frame(value: Any, declared: Declared) -> Table | None:
    """A frame whose columns, each by its own name, are the one axis of what is declared."""
    frame = given_frame(value) if len(declared.shape) == 1 else None
    return frame if frame is not None and len(set(frame.names)) == len(frame.names) else None


def _has_own(frame: Table, declared: Declared) -> bool:
    """Whether a frame has what is declared under its name, and not just one of its columns that is called so."""
    return declared.name in frame.names and (declared.shape in ((), (1,)) or bool(frame.shape(declared.name)))


def _all_columns(frame: Table, declared: Declared) -> Selection:
    return Selection("columns", tuple(frame.names), declared.span)


def _weights(given: Any, rows: int) -> Array:
    """A weight for each row: ones, where none are given. Raises `Failure` (NN559) for what cannot be a weight."""
    if given is None:
        return np.ones(rows)
    name = "sample_weight"
    table = GivenArrays({name: given})
    shape, elements = table.shape(name), table.element_type(name)
    if shape:
        hint = "`sample_weight.ravel()` is without the axis of 1" if shape == (1,) else ""
        reason = f"it is one number for each row, and this has the shape {show_shape(shape)} for each row"
        raise Failure(BadSampleWeight(None, reason, hint))
    if elements not in ("numbers", "whole numbers", "true and false"):
        raise Failure(BadSampleWeight(None, f"it is numbers, and this is {elements}"))
    weights = np.asarray(table.numbers([name])[0][:, 0], np.float64)
    wrong = ~(weights >= 0) | np.isinf(weights)
    if wrong.any():
        first, more = int(wrong.argmax()), and_more(int(wrong.sum()) - 1, "row")
        shown = "NaN or missing" if np.isnan(weights[first]) else f"{weights[first]:g}"
        raise Failure(BadSampleWeight(None, f"row {first} (from 0) is {shown}{more}", "a weight is a number from 0"))
    return weights


def _needs_names(argument: str, wanted: Sequence[Declared], model: str) -> NeedsNames:
    if not wanted:
        return NeedsNames(None, argument, model, "no targets", f"leave `{argument}` out")
    roles = {each.role for each in wanted}
    what = counted(len(wanted), *roles) if len(roles) == 1 else f"{len(wanted)} inputs and targets"
    names = listed([f"`{each.name}`" for each in wanted])
    pairs = ", ".join(f'"{each.name}": …' for each in wanted)
    return NeedsNames(None, argument, model, f"{what}: {names}", f"give a mapping: {{{pairs}}}")


def _arrays(arrays: Mapping[str, Any]) -> Opened:
    return visible(GivenArrays(arrays), {})


def _rows(bound: Sequence[Bound]) -> int:
    return bound[0].table.rows(bound[0].names[0])
