"""The history of a run: one row of logged values per epoch, and its CSV."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from nndsl.errors.suggest import did_you_mean


@dataclass
class History:
    """What was logged: `epochs[i]` maps `loss`, `val_loss`, metrics and `lr` to the value after epoch i."""

    epochs: list[dict[str, float]] = field(default_factory=list)

    def add(self, logs: Mapping[str, float]) -> None:
        self.epochs.append(dict(logs))

    @property
    def names(self) -> list[str]:
        """Every logged name, in order of first appearance."""
        return list(dict.fromkeys(name for logs in self.epochs for name in logs))

    def __getitem__(self, name: str) -> list[float]:
        """The values of one name, one for each epoch: NaN for those that did not log it.

        Raises `KeyError` for what no epoch logged.
        """
        if name not in self:
            hint = did_you_mean(name, self.names) or f"there are {', '.join(self.names) or 'no epochs yet'}"
            raise KeyError(f"no epoch logged `{name}`: {hint}")
        return [logs.get(name, math.nan) for logs in self.epochs]

    def get(self, name: str, default: list[float] | None = None) -> list[float] | None:
        """The values of one name; the default for what no epoch logged."""
        try:
            return self[name]
        except KeyError:
            return default

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def keys(self) -> list[str]:
        """The names, so that `dict(history)` is a dict of lists."""
        return self.names

    def values(self) -> list[list[float]]:
        return [self[name] for name in self.names]

    def items(self) -> list[tuple[str, list[float]]]:
        return [(name, self[name]) for name in self.names]

    def __len__(self) -> int:
        """How many epochs there are."""
        return len(self.epochs)

    def __iter__(self) -> Iterator[dict[str, float]]:
        """Epoch by epoch: the rows of `pandas.DataFrame(history)`."""
        return iter(self.epochs)

    def to_csv(self) -> str:
        """`epoch` (from 1) and a column for each name; numbers as short as they read back the same."""
        names = self.names
        return _line(["epoch", *names]) + "".join(self.row(number, names) for number in range(1, len(self) + 1))

    def row(self, number: int, names: Sequence[str]) -> str:
        """The CSV's line of one epoch (from 1), under a header of these names."""
        logs = self.epochs[number - 1]
        return _line([number, *(repr(logs[name]) if name in logs else "" for name in names)])

    @classmethod
    def from_csv(cls, text: str) -> History:
        """The history that `to_csv` wrote; `ValueError` for another text."""
        rows = list(csv.DictReader(io.StringIO(text)))
        return cls([{name: float(value) for name, value in row.items() if name != "epoch" and value} for row in rows])


def _line(cells: Iterable[object]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()
