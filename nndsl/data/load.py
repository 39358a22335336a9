"""Examples as arrays: all that a program's `data` section names, or the inputs that a trained model is to answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nndsl.data.binding import bind
from nndsl.data.cache import Cache
from nndsl.data.dataset import Dataset, Splits
from nndsl.data.endings import Paths, open_like
from nndsl.data.files import MAX_MEMORY
from nndsl.data.frames import GivenArrays
from nndsl.data.parts import Part
from nndsl.data.program_data import Data, dataset
from nndsl.data.solving import solve_sizes
from nndsl.data.sources import Opened, visible
from nndsl.diagnostics import Diagnostics
from nndsl.model.network import Declared, Facts
from nndsl.model.sections import DataSection, Share, SourceCall

__all__ = ["Data", "load", "load_inputs"]


def load(
    section: DataSection,
    declared: Sequence[Declared],
    facts: Facts | None = None,
    *,
    limit: int = MAX_MEMORY,
    cache: Cache | None = None,
) -> Splits:
    """The examples, split. Classes are found in the training rows, unless `facts` say them (those of a trained model).

    `limit` is how many bytes data may take; what is larger than memory goes through the `cache`, if one is given.
    Raises `Failure` with everything that is wrong.
    """
    return Data(section, declared, limit=limit, cache=cache).splits(facts)


def load_inputs(
    data: Mapping[str, Any] | Paths,
    section: DataSection | None,
    declared: Sequence[Declared],
    *,
    sizes: Mapping[str, int] | None = None,
    limit: int = MAX_MEMORY,
) -> Dataset:
    """All rows, in order, of arrays by name (anything that `numpy.asarray` takes) or of data files.

    `declared` are the inputs of a checked model, to predict; with its targets too, to evaluate. Files are read and
    bound as `section` says of its own (its sources' renames apart); they may lack whatever is not declared. Missing
    values are errors unless `section` keeps them: no row is dropped, since every one is to be answered. Free sizes are
    to be the model's own `sizes`.
    """
    if isinstance(data, Mapping):
        return examples([visible(GivenArrays(data), {})], None, declared, sizes, keep_missing=keeps_missing(section))
    opened = open_like(data, sources_of(section), declared, limit)
    return examples(opened, section, declared, sizes, keep_missing=keeps_missing(section))


def examples(
    opened: Sequence[Opened],
    section: DataSection | None,
    declared: Sequence[Declared],
    sizes: Mapping[str, int] | None,
    *,
    keep_missing: bool,
) -> Dataset:
    """All rows of tables, bound as `section` says."""
    found = Diagnostics()
    part = Part(bind(opened, declared, section.bindings if section else {}, found))
    found.raise_errors()
    solve_sizes(part.bound, found, sizes)
    found.raise_errors()
    names = [each.name for each in declared]
    part.read(names)
    part.refuse_missing(names, "keep" if keep_missing else "answer")
    return dataset(part, np.arange(part.rows), declared, Facts())


def keeps_missing(section: DataSection | None) -> bool:
    """Whether missing values are left to the network."""
    return section is not None and section.missing == "keep"


def sources_of(section: DataSection | None) -> list[SourceCall]:
    """The sources of a section, those of its splits too."""
    if section is None:
        return []
    splits = [calls for calls in section.splits.values() if not isinstance(calls, Share)]
    return [call for calls in (section.source, *splits) for call in calls]
