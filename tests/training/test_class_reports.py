"""Class reports against scikit-learn, and how they read; which scores decide about which target."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import classification_report, confusion_matrix

import nndsl
from nndsl.training.class_text import report_text
from nndsl.training.classification import ClassReport
from nndsl.transform.decisions import counting_decisions


def report_of(truth: Any, said: Any, names: tuple[str | int, ...]) -> ClassReport:
    """A report of class indices, counted in plain Python."""
    confusion = np.zeros((len(names), len(names)), np.int64)
    for i, j in zip(truth, said, strict=True):
        confusion[i, j] += 1
    return ClassReport("kind", names, confusion)


# ---------------------------------------------------------------- numbers


@pytest.mark.parametrize("count", [2, 3, 12])
def test_reports_are_those_of_scikit_learn(count: int) -> None:
    random = np.random.default_rng(count)
    truth = random.integers(count, size=400)
    said = np.where(random.random(400) < 0.6, truth, random.integers(count, size=400))
    ours = report_of(truth, said, tuple(range(count)))
    theirs = classification_report(truth, said, output_dict=True, zero_division=0)
    assert ours.confusion.tolist() == confusion_matrix(truth, said).tolist()
    for i in range(count):
        own = {"precision": ours.scores.precision[i], "recall": ours.scores.recall[i], "f1-score": ours.scores.f1[i]}
        assert {**own, "support": ours.support[i]} == pytest.approx(theirs[str(i)])
    assert ours.accuracy == pytest.approx(theirs["accuracy"])
    for name, average in (("macro avg", ours.macro), ("weighted avg", ours.weighted)):
        assert [average.precision, average.recall, average.f1] == pytest.approx(
            [theirs[name][key] for key in ("precision", "recall", "f1-score")]
        )


def test_averages_leave_out_what_neither_occurs_nor_is_said() -> None:
    """As scikit-learn does: class 1 is never true but said, class 3 neither."""
    truth, said = [0, 0, 2, 2], [0, 1, 2, 0]
    ours = report_of(truth, said, (0, 1, 2, 3))
    theirs = classification_report(truth, said, output_dict=True, zero_division=0)
    assert float(ours.macro.f1) == pytest.approx(theirs["macro avg"]["f1-score"])
    assert ours.scores.f1.tolist() == pytest.approx([0.5, 0, 2 / 3, 0])


def test_nothing_at_all_is_zero() -> None:
    empty = report_of([], [], ("a", "b"))
    assert empty.accuracy == 0
    assert float(empty.weighted.f1) == 0


# ---------------------------------------------------------------- text


def test_a_report_of_a_few_classes() -> None:
    assert report_text(report_of([0, 0, 0, 1, 1], [0, 0, 1, 1, 1], ("no", "yes"))) == (
        "kind                 precision  recall      f1  support\n"
        "───────────────────  ─────────  ──────  ──────  ───────\n"
        "no                      1.0000  0.6667  0.8000        3\n"
        "yes                     0.6667  1.0000  0.8000        2\n"
        "───────────────────  ─────────  ──────  ──────  ───────\n"
        "accuracy                                0.8000        5\n"
        "mean of classes         0.8333  0.8333  0.8000        5\n"
        "weighted by support     0.8667  0.8000  0.8000        5\n"
        "\n"
        "kind: true ↓ said →  no  yes\n"
        "───────────────────  ──  ───\n"
        "no                    2    1\n"
        "yes                   ·    2"
    )


def test_long_names_are_cut_and_wide_matrices_have_numbers_for_a_head() -> None:
    names = tuple(f"the {'very ' * 5}long name of {i}" for i in range(8))
    matrix = report_text(report_of(range(8), range(8), names)).split("\n\n")[1].splitlines()
    assert matrix[0].split("→")[1].split() == [str(i) for i in range(8)]
    assert matrix[2].startswith("0 the very very very very…  1  ·")


def test_names_cannot_steer_a_terminal() -> None:
    assert "\x1b" not in report_text(report_of([0, 1], [0, 1], ("\x1b[31mred", "blue")))


def test_of_many_classes_the_worst_are_shown() -> None:
    count = 40
    said = list(range(count))
    said[7], said[8] = 8, 7  # the only errors
    text = report_text(report_of(range(count), said, tuple(f"c{i}" for i in range(count))))
    table, confused = text.split("\n\n")
    assert [line.split()[0] for line in table.splitlines()[2:4]] == ["c7", "c8"]
    assert "… the 10 of 40 classes with the lowest f1" in table
    assert [line.split() for line in confused.splitlines()[2:]] == [["c7", "c8", "1"], ["c8", "c7", "1"]]


# ---------------------------------------------------------------- which scores decide

HEAD = """\
model m {{
  input x: f32[4]
  target y: {target}
  {body}
}}
"""


def decided(tmp_path: Path, target: str, body: str) -> dict[str, str]:
    """What decides about each target, and how it is read."""
    path = tmp_path / "m.nn"
    path.write_text(HEAD.format(target=target, body=body.replace("; ", "\n  ")))
    net = nndsl.load(path)
    assert isinstance(net, nndsl.Net)
    network, targets = counting_decisions(net.checked.network)
    matrices = {metric.name: metric.term for metric in network.metrics if metric.name in targets}
    return {
        targets[name].name: f"{matrix.arguments['prediction'].name} {matrix.arguments['from']}"  # type: ignore[union-attr]
        for name, matrix in matrices.items()
    }


@pytest.mark.parametrize(
    ("target", "body", "expected"),
    [
        ("class[3]", "z = x -> dense(3); output o = softmax(z); loss cross_entropy(z, y)", {"y": "z scores"}),
        ("class[3]", "p = x -> dense(3) -> softmax; output o = p; loss focal(p, y)", {"y": " scores"}),
        ("class[3]", "z = x -> dense(3); output o = z; loss categorical_hinge(z, y)", {"y": "z scores"}),
        ("binary", "z = x -> dense(1); output o = z; loss binary_cross_entropy(z, y)", {"y": "z scores"}),
        ("binary", "z = x -> dense(1); output o = z; loss hinge(z, y)", {"y": "z scores"}),
        ("binary", "p = x -> dense(1) -> sigmoid; output o = p; loss mse(p, y)", {"y": "p probabilities"}),
        ("binary", "p = x -> dense(1, sigmoid); output o = p; loss mse(p, y)", {"y": "p probabilities"}),
        ("class[2]", "z = x -> dense(1); output o = z; loss binary_cross_entropy(z, y)", {"y": "z scores"}),
        ("binary", "z = x -> dense(1); output o = z; loss mse(z, y)", {}),
        ("binary", "z = x -> dense(1); output o = z; loss mse(z, y); metric binary_accuracy(z, y)", {"y": "z scores"}),
        ("class[3]", "z = x -> dense(1); output o = z; loss mse(z, y)", {}),
        ("f32[3]", "z = x -> dense(3); output o = z; loss cross_entropy(z, y)", {}),
        (
            "class[3]",
            "a = x -> dense(3); z = x -> dense(3); output o = argmax(z, of = y); "
            "loss cross_entropy(a, y); loss cross_entropy(z, y)",
            {"y": "z scores"},
        ),
    ],
    ids=lambda value: value[:90] if isinstance(value, str) else "",
)
def test_losses_say_which_scores_decide(tmp_path: Path, target: str, body: str, expected: dict[str, str]) -> None:
    assert decided(tmp_path, target, body) == expected


def test_too_many_classes_for_a_matrix(tmp_path: Path) -> None:
    body = "z = x -> dense(2000); output o = z; loss cross_entropy(z, y)"
    assert decided(tmp_path, "class[2000]", body) == {}
