"""A `Table`: what a data source is once it is opened. Named columns or arrays with rows, and where each cell stands."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from nndsl.graph.sizes import Dim
from nndsl.source import Span

Array = np.ndarray[Any, Any]

Index = tuple[int, ...]
"""Where a value stands: its row, then which of the columns asked for (0 for an array), then the array's own axes."""


@dataclass(frozen=True)
class Coded:
    """Values as indices into the distinct ones, in the order they were found; -1 where a value is missing.

    From text the distinct values are exact strings, from arrays strings or whole numbers.
    """

    codes: Any
    """An array, or a column (see `nndsl.data.columns`)."""
    distinct: tuple[str | int, ...]

    def value(self, index: Index) -> str | int:
        row, *rest = index
        return self.distinct[int(self.codes[row : row + 1][(0, *rest)])]


@dataclass(frozen=True)
class Misfit:
    """The first value that is not what was asked for, as the data write it, and how many more there are."""

    index: Index
    text: str
    more: int = 0


def first_index(wrong: Array) -> Index:
    """Where the first true value of an array of booleans stands."""
    return tuple(map(int, np.unravel_index(int(wrong.argmax()), wrong.shape)))


@dataclass(frozen=True)
class InFile:
    """Where an array lies in a file as memory would hold it, row after row."""

    path: str
    offset: int
    dtype: np.dtype[Any]


class Table(ABC):
    """Named columns (one value a row) or arrays (any shape a row) of one file.

    `names` are in the file's order. What the methods give has the rows first, then the names asked for, then the axes
    of the arrays (which must be the same for all of them; columns have none).
    """

    path: str
    """As messages show it."""
    span: Span | None
    """Where the program names the source."""
    names: tuple[str, ...]
    what: str
    """What a name stands for: `column` or `array`."""
    typed: bool = False
    """Whether the file says which values are numbers and which are text; else text may well be numbers."""
    origins: tuple[str, ...] = ()
    """The files that its values come from; none where they are in memory already."""
    reading: str = ""
    """How the files are read, as far as the values depend on it: the kind of source, and its options."""

    def pieces(self, rows: int) -> Iterator[Table]:
        """The table in consecutive pieces of about that many rows, each good until the next is asked for.

        What a piece reads is in memory; its places in messages count over the whole file. By default the one piece is
        the table itself.
        """
        yield self

    def in_file(self, name: str) -> InFile | None:
        """Where its values lie in a file just as they are, if they do."""
        return None

    def memory(self, names: Sequence[str], element: int) -> int:
        """Bytes that reading these names takes at once; what is made of an element takes `element` bytes."""
        return sum(self.rows(name) * prod(self.shape(name)) * (self.itemsize(name) + element) for name in names)

    def expect(self, numbers: Sequence[str], kinds: Sequence[str]) -> None:
        """What will be asked for, name by name, so that a text need not be gone through for each of them."""
        return

    @abstractmethod
    def rows(self, name: str) -> int: ...

    @abstractmethod
    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of one row of it."""

    @abstractmethod
    def itemsize(self, name: str) -> int:
        """Bytes that one element takes when it is read."""

    @abstractmethod
    def numbers(self, names: Sequence[str]) -> tuple[Array, Misfit | None]:
        """The values in their own type of number, NaN where one is missing; and the first that is no number."""

    @abstractmethod
    def coded(self, names: Sequence[str]) -> tuple[Coded, Misfit | None]:
        """The values as kinds; and the first that cannot be one (a number with a fraction)."""

    @abstractmethod
    def place(self, names: Sequence[str], index: Index) -> str:
        """Where a value stands, for messages: `data.csv, line 17, column "age"`."""

    def row_place(self, row: int) -> str:
        """Where a row stands: `data.csv, line 17`."""
        return f"{self.path}, row {row}"

    @abstractmethod
    def element_type(self, name: str) -> str:
        """What the elements are: `text` if they need not be numbers, else the type in words."""

    def remedy(self, name: str) -> str:
        """What helps where the elements are of no use to a network; empty if nothing is known to."""
        return ""

    def names_remedy(self) -> str:
        """What helps where names are not found because the file was read in another way than it is written."""
        return ""

    def shape_remedy(self, name: str, shape: Sequence[Dim]) -> str:
        """What helps where the rows of an array have another shape than the declared one."""
        return ""

    def declared_as(self, name: str, shape: Sequence[Dim]) -> Table:
        """The table as it gives an array to what is declared with this shape, where the file leaves that open."""
        return self
