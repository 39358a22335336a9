"""`nndsl eval`: the metrics, and of classes what was said of them and what was true."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sklearn.metrics import classification_report, confusion_matrix

import nndsl as api
from nndsl.data import inputs

Command = Callable[..., Any]

YES_OR_NO = """\
model signs {
  input x: f32[2]
  target positive: binary
  z = x -> dense(1)
  output probability = sigmoid(z)
  loss binary_cross_entropy(z, positive)
  metric binary_accuracy(z, positive)
}
data {
  source = csv("signs.csv")
  x = columns("a", "b")
}
train { epochs = 3 }
"""


@pytest.fixture
def kinds(nndsl: Command) -> Command:
    """A trained run in `run`, of three classes that its data name."""
    assert nndsl("train", "kinds.nn", "-o", "run", "--quiet").code == 0
    return nndsl


def test_standard_input_is_evaluated(kinds: Command, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = (folder / "kinds.csv").read_bytes()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    expected = kinds("eval", "run", "--data", "kinds.csv").out
    done = kinds("eval", "run", "--data", "-")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines()[0].split() == ["name", "standard", "input"]
    assert done.out.splitlines()[2].split() == expected.splitlines()[2].split()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a,kind\n1,red\n")))
    assert 'standard input has no column "b"' in kinds("eval", "run", "--data", "-").err


def column(text: str, name: str) -> list[str]:
    return [row[name] for row in csv.DictReader(io.StringIO(text))]


@pytest.mark.parametrize("backend", ["onnx", "numpy"])
def test_classes_are_counted_as_predictions_say_them(kinds: Command, folder: Path, backend: str) -> None:
    """scikit-learn, given what `predict` says and what the file holds, agrees."""
    evaluated = json.loads(kinds("eval", "run", "--split", "train", "--json", "--backend", backend).out)
    said = column(kinds("predict", "run", "kinds.csv").out, "label")
    truth = column((folder / "kinds.csv").read_text(), "kind")
    ours = evaluated["classes.kind"]
    assert set(evaluated) == {"loss", "classes.kind"}
    assert ours["classes"] == ["blue, dark", "green", "red"]
    assert ours["confusion_matrix"] == confusion_matrix(truth, said).tolist()
    theirs = classification_report(truth, said, output_dict=True, zero_division=0)
    for i, name in enumerate(ours["classes"]):
        found = [ours[key][i] for key in ("precision", "recall", "f1", "support")]
        assert found == pytest.approx([theirs[name][key] for key in ("precision", "recall", "f1-score", "support")])


def test_the_table_names_the_classes(kinds: Command) -> None:
    done = kinds("eval", "run", "--split", "train")
    assert done.code == 0
    heads = [line for line in done.out.splitlines() if line.startswith("kind")]
    assert heads[0].split() == ["kind", "precision", "recall", "f1", "support"]
    assert heads[1] == "kind: true ↓ said →  blue, dark  green  red"


def test_a_binary_target_is_cut_as_binary_accuracy_cuts_it(nndsl: Command, folder: Path) -> None:
    (folder / "signs.nn").write_text(YES_OR_NO)
    (folder / "signs.csv").write_text("a,b,positive\n" + "".join(f"{i - 9},{i % 3},{int(i > 9)}\n" for i in range(20)))
    nndsl("train", "signs.nn", "-o", "run")
    evaluated = json.loads(nndsl("eval", "run", "--split", "train", "--json").out)
    said = [int(float(p) > 0.5) for p in column(nndsl("predict", "run", "signs.csv").out, "probability")]
    truth = [int(value) for value in column((folder / "signs.csv").read_text(), "positive")]
    ours = evaluated["classes.positive"]
    assert ours["classes"] == [0, 1]
    assert ours["confusion_matrix"] == confusion_matrix(truth, said).tolist()
    assert ours["accuracy"] == evaluated["binary_accuracy"]


def test_a_matrix_that_the_program_asks_for_is_shown_once(nndsl: Command, folder: Path) -> None:
    text = (folder / "kinds.nn").read_text()
    (folder / "kinds.nn").write_text(text.replace("}\ndata", "  metric confusion_matrix(scores, kind)\n}\ndata"))
    nndsl("train", "kinds.nn", "-o", "run")
    shown = nndsl("eval", "run", "--split", "train").out
    assert "confusion_matrix" not in shown
    evaluated = json.loads(nndsl("eval", "run", "--split", "train", "--json").out)
    assert evaluated["confusion_matrix"] == evaluated["classes.kind"]["confusion_matrix"]


def test_without_classes_there_are_the_metrics_alone(nndsl: Command) -> None:
    nndsl("train", "small.nn", "-o", "run")
    assert set(json.loads(nndsl("eval", "run", "--json").out)) == {"loss", "mae"}


# ---------------------------------------------------------------- other rows


def test_other_rows_are_those_of_a_file(kinds: Command, folder: Path) -> None:
    everything = json.loads(kinds("eval", "run", "--split", "train", "--json").out)
    assert json.loads(kinds("eval", "run", "--data", "kinds.csv", "--json").out) == everything
    (folder / "new.csv").write_text("kind,b,a\nred,2,1\n")
    assert json.loads(kinds("eval", "run", "--data", "new.csv", "--json").out)["classes.kind"]["support"] == [0, 0, 1]
    assert kinds("eval", "run", "--data", "new.csv").out.splitlines()[0].split() == ["name", "new.csv"]


def test_other_rows_may_be_several_files_read_in_pieces(
    kinds: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = kinds("eval", "run", "--data", "kinds.csv", "--json").out
    header, *body = (folder / "kinds.csv").read_text().splitlines(keepends=True)
    (folder / "part-1.csv").write_text("".join([header, *body[:5]]))
    (folder / "part-2.csv").write_text("".join([header, *body[5:]]))
    monkeypatch.setattr(inputs, "MOST_ROWS", 2)
    assert kinds("eval", "run", "--data", "part-*.csv", "--json").out == whole


def test_classes_are_those_of_the_training(kinds: Command, folder: Path) -> None:
    """Rows that came later, with a class of their own, do not change what the others are called."""
    with (folder / "kinds.csv").open("a") as file:
        file.write("1,2,amber\n")
    done = kinds("eval", "run", "--split", "train")
    assert done.code == 2
    assert 'kinds.csv, line 14, column "kind": "amber" is not a kind of `kind`' in done.err


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("a,b\n1,2\n", 'no column "kind"'),
        ("a,b,kind\n1,2,amber\n", '"amber" is not a kind of `kind`'),
        ("a,b,kind\n1,,red\n", "is empty or NaN"),
        ("a,b,kind\n", "no rows"),
    ],
)
def test_other_rows_are_checked(kinds: Command, folder: Path, content: str, words: str) -> None:
    (folder / "new.csv").write_text(content)
    done = kinds("eval", "run", "--data", "new.csv")
    assert (done.code, done.out) == (2, "")
    assert words in done.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--split", "test"], "no test split; they have train"),
        (["--split", "tset"], "'tset' is not one of"),
        (["--data", "nowhere.csv"], "nowhere.csv"),
        (["--data", "."], "."),
        (["--data", "kinds.csv", "--split", "train"], "give one of them"),
    ],
)
def test_wrong_arguments_of_eval(kinds: Command, arguments: list[str], words: str) -> None:
    done = kinds("eval", "run", *arguments)
    assert (done.code, done.out) == (2, "")
    assert words in done.err


# ---------------------------------------------------------------- from Python


def test_the_report_holds_what_evaluate_gives(kinds: Command) -> None:
    run = api.open_run("run")
    report = run.report("train")
    assert report.rows == 12
    assert report.values == pytest.approx(run.evaluate("train"))
    assert report.classes[0].support.tolist() == [4, 4, 4]
    rows = {"x": [[1, -1]], "kind": ["red"]}
    assert run.report(data=rows).rows == 1
    assert run.evaluate(data=rows).keys() == {"loss"}
