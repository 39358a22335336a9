"""What checking a program needs to know of its data, without loading them where that can be helped."""

from __future__ import annotations

from collections.abc import Sequence

from nndsl.data.files import MAX_MEMORY
from nndsl.data.program_data import Data
from nndsl.model.network import Declared, Facts
from nndsl.model.sections import DataSection


def probe(section: DataSection, declared: Sequence[Declared], *, limit: int = MAX_MEMORY) -> Facts:
    """Free sizes, the kinds of each class in the training rows, and the rows of each split.

    Sizes and rows come from headers. Values are read only of classes, of strata, and where rows may be dropped. Raises
    `Failure` with everything that is wrong up to there.
    """
    return Data(section, declared, limit=limit).facts
