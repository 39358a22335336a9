"""An evaluation as text: the metrics, then of each class precision, recall and F1, and the confusion matrix."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from nndsl.snippet import plain
from nndsl.training.classification import ClassReport, Report, Scores
from nndsl.training.results import measured_text, text_table

MOST_CLASSES = 30
"""Of more classes than that only the worst are shown."""

SHOWN = 10
"""How many classes and confusions are shown where there are too many."""

WIDEST = 100
"""Characters of a line in the matrix: a wider one has the classes' numbers for a head instead of their names."""

LONGEST = 24
"""Characters of a class's name."""


def evaluation_text(head: str, report: Report) -> str:
    """The numbers below that head, tables of the program's own, and the tables of each class or binary target."""
    matrices = [one.confusion for one in report.classes]
    values = {  # a confusion matrix that the program asks for is shown once, with the names of its classes
        name: value
        for name, value in report.values.items()
        if not any(np.array_equal(value, matrix) for matrix in matrices)
    }
    return "\n\n".join([measured_text(head, values), *map(report_text, report.classes)])


def report_text(report: ClassReport) -> str:
    """The tables of a report."""
    parts = [_of_classes(report), _matrix(report) if len(report.names) <= MOST_CLASSES else _confusions(report)]
    return "\n\n".join(part for part in parts if part)


def _of_classes(report: ClassReport) -> str:
    names = _names(report)
    shown = list(range(len(names)))
    if len(names) > MOST_CLASSES:
        occurring = np.flatnonzero(report.support)
        shown = occurring[np.argsort(report.scores.f1[occurring], kind="stable")][:SHOWN].tolist()
    rows = [
        (names[i], *_row(report.scores, i), f"{report.support[i]}")  # the worst first where not all are shown
        for i in shown
    ]
    total = f"{report.support.sum()}"
    averages = [
        ("accuracy", "", "", f"{report.accuracy:.4f}", total),
        ("mean of classes", *_row(report.macro), total),
        ("weighted by support", *_row(report.weighted), total),
    ]
    head = (report.target, "precision", "recall", "f1", "support")
    lines = text_table([head, *rows, *averages], frozenset({1, 2, 3, 4})).splitlines()
    rule = lines[1]
    cut = len(lines) - len(averages)
    more = [f"… the {len(rows)} of {len(names)} classes with the lowest f1"] if len(rows) < len(names) else []
    return "\n".join([*lines[:cut], *more, rule, *lines[cut:]])


def _row(scores: Scores, index: int | None = None) -> Iterator[str]:
    for values in (scores.precision, scores.recall, scores.f1):
        yield f"{float(values if index is None else values[index]):.4f}"


def _matrix(report: ClassReport) -> str:
    """The confusion matrix: a line for what is true, a column for what was said; a dot is 0."""
    names = _names(report)
    cells = [[f"{count}" if count else "·" for count in row] for row in report.confusion.tolist()]

    def table(left: Sequence[str], head: Sequence[str]) -> str:
        rows = [
            (f"{report.target}: true ↓ said →", *head),
            *((name, *row) for name, row in zip(left, cells, strict=True)),
        ]
        return text_table(rows, frozenset(range(1, len(names) + 1)))

    named = table(names, names)
    if max(map(len, named.splitlines())) <= WIDEST:
        return named
    numbers = [f"{i}" for i in range(len(names))]
    return table([f"{i} {name}" for i, name in enumerate(names)], numbers)


def _confusions(report: ClassReport) -> str:
    """What is confused most often, where there are too many classes for a matrix."""
    wrong = report.confusion.copy()
    np.fill_diagonal(wrong, 0)
    names = _names(report)
    most = np.argsort(-wrong, axis=None, kind="stable")[:SHOWN]
    pairs = [divmod(int(place), len(names)) for place in most]
    rows = [(names[true], names[said], f"{wrong[true, said]}") for true, said in pairs if wrong[true, said]]
    if not rows:
        return ""
    return text_table([(f"{report.target}: true", "said", "times"), *rows], frozenset({2}))


def _names(report: ClassReport) -> list[str]:
    texts = [plain(str(name)) for name in report.names]
    return [text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…" for text in texts]
