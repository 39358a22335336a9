"""How well a network tells classes apart: the confusion matrix, and what follows from it for each class.

The numbers are those of scikit-learn's `classification_report` with `zero_division = 0`: a share of nothing is 0, and
averages are over the classes that occur.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from nndsl.model.network import Declared
from nndsl.training.results import Measured

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class Scores:
    """Precision, recall and F1 (2 · precision · recall / (precision + recall)): of each class, or an average."""

    precision: Array
    recall: Array
    f1: Array


@dataclass(frozen=True, eq=False)
class ClassReport:
    """What was said of a class or binary target, and what was true.

    `names` are the classes in index order (0 and 1 for a binary target); `confusion[i, j]` counts how often class i was
    said to be class j. A target with a shape counts each of its positions.
    """

    target: str
    names: tuple[str | int, ...]
    confusion: Array

    @cached_property
    def support(self) -> Array:
        """How often each class is true."""
        return np.asarray(self.confusion.sum(axis=1))

    @cached_property
    def scores(self) -> Scores:
        """Of each class."""
        hits, said = np.diagonal(self.confusion), self.confusion.sum(axis=0)
        return Scores(_share(hits, said), _share(hits, self.support), _share(2 * hits, said + self.support))

    @property
    def accuracy(self) -> float:
        """The share of right answers."""
        return float(_share(np.trace(self.confusion), self.confusion.sum()))

    @property
    def macro(self) -> Scores:
        """The mean over the classes that occur, be it as what is true or as what was said."""
        return self._averaged((self.support + self.confusion.sum(axis=0) > 0).astype(np.int64))

    @property
    def weighted(self) -> Scores:
        """The mean over the classes, each weighted by how often it is true."""
        return self._averaged(self.support)

    def _averaged(self, weights: Array) -> Scores:
        each = self.scores
        return Scores(
            *(_share((values * weights).sum(), weights.sum()) for values in (each.precision, each.recall, each.f1))
        )

    def to_json(self) -> dict[str, Any]:
        """Everything as plain values."""
        return {
            "classes": list(self.names),
            "confusion_matrix": self.confusion.tolist(),
            **_plain(self.scores),
            "support": self.support.tolist(),
            "accuracy": self.accuracy,
            "macro": _plain(self.macro),
            "weighted": _plain(self.weighted),
        }


@dataclass(frozen=True, eq=False)
class Report:
    """An evaluation: over how many rows, the losses and metrics, and a report for each class or binary target."""

    rows: int
    values: Measured
    classes: tuple[ClassReport, ...]

    def to_json(self) -> dict[str, Any]:
        """The values by name as plain numbers and lists, and each class report as `classes.TARGET`."""
        values = {name: value if isinstance(value, float) else value.tolist() for name, value in self.values.items()}
        return {**values, **{f"classes.{report.target}": report.to_json() for report in self.classes}}


def class_report(declared: Declared, counts: Array) -> ClassReport:
    """The report of a target from the sums of its confusion matrix."""
    confusion = np.rint(counts).astype(np.int64)
    names: tuple[str | int, ...] = tuple(range(len(confusion)))
    if declared.classes and declared.classes.names:
        names = (*declared.classes.names, *(("other",) if declared.classes.unknown == "other" else ()))
    return ClassReport(declared.name, names, confusion)


def _share(part: Any, whole: Any) -> Array:
    """part / whole, 0 where the whole is 0."""
    return np.asarray(part / np.where(whole == 0, 1, whole), np.float64)


def _plain(scores: Scores) -> Mapping[str, Any]:
    return {name: getattr(scores, name).tolist() for name in ("precision", "recall", "f1")}
