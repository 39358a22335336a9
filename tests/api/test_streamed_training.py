"""Training on data larger than memory is training on them in memory: the same weights, bits and messages."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nndsl
from nndsl.api import program as opening
from nndsl.data.cache import FOLDER, Cache
from nndsl.data.columns import Column
from nndsl.data.describe import describe
from nndsl.data.load import Data

PROGRAM = """\
model mixed {
  input age: f32
  input measures: f32[3]
  input city: class unknown = other
  target kind: class["no", "yes"]
  filled = concat(age, measures) -> impute -> normalize
  x = concat(filled, measures -> impute -> min_max, city -> one_hot(city.classes))
  scores = x -> dense(8, relu) -> dropout(0.2) -> dense(2)
  output label = argmax(scores)
  loss cross_entropy(scores, kind, class_weight = balanced)
  metric accuracy(scores, kind)
}
data {
  source     = csv("people.csv")
  measures   = columns("m*")
  missing    = keep
  stratify   = kind
  validation = 20%
  test       = 31
}
train {
  epochs     = 3
  batch_size = 16
  callbacks  = [early_stopping(val_loss, patience = 2, restore_best = true)]
}
"""
ROWS = 211


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(1)
    rows = []
    for i, (a, b, c) in enumerate(rng.normal(size=(ROWS, 3))):
        third = "" if i % 9 == 2 else f"{c:.3f}"
        rows.append(f"{rng.normal(40, 12):.1f},{a:.4f},{b:.4f},{third},{'abcd'[i % 4]},{'yes' if a + b > 0 else 'no'}")
    (tmp_path / "people.csv").write_text("age,m1,m2,m3,city,kind\n" + "\n".join(rows) + "\n")
    (tmp_path / "mixed.nn").write_text(PROGRAM)
    return tmp_path


@pytest.fixture
def streamed(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes everything too large for memory."""

    def force() -> None:
        monkeypatch.setattr(opening, "Cache", partial(Cache, above=0, piece=1000))

    return force


def trained(out: str, backend: Any) -> Any:
    net = nndsl.load("mixed.nn")
    assert isinstance(net, nndsl.Net)
    return net.train(out, backend=backend, picture=False)


@pytest.mark.parametrize("backend", ["onnx", "numpy"])
def test_a_streamed_run_is_the_run_in_memory(folder: Path, streamed: Any, backend: str) -> None:
    plain = trained("plain", backend)
    assert not Path(FOLDER).exists()
    streamed()
    other = trained("streamed", backend)
    assert isinstance(other.net.data.train.arrays["measures"], Column)
    assert other.state.keys() == plain.state.keys()
    for name, value in plain.state.items():
        assert value.tobytes() == other.state[name].tobytes(), name
    assert other.history.to_csv() == plain.history.to_csv()
    for split in ("train", "validation", "test"):
        assert other.evaluate(split) == plain.evaluate(split)


def test_checks_and_descriptions_of_streamed_data(folder: Path, streamed: Any) -> None:
    net = nndsl.load("mixed.nn")
    assert isinstance(net, nndsl.Net)
    section, declared = net.declared.data, net.declared.declared
    assert section
    in_memory = Data(section, declared)
    expected = describe(in_memory, in_memory.splits()).to_json()
    streamed()
    net = nndsl.load("mixed.nn")
    assert isinstance(net, nndsl.Net)
    assert all(check.passed for check in net.check_gradients())
    assert all(check.passed for check in net.check_backends(steps=3))
    data = Data(section, declared, cache=Cache(Path(FOLDER), above=0))
    assert describe(data, data.splits()).to_json() == expected


LARGE = """\
import sys
from functools import partial
from nndsl.api import program
from nndsl.cli.main import run
from nndsl.data.cache import Cache
program.Cache = partial(Cache, above=0)
sys.exit(run(sys.argv[1:]))
"""


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", LARGE, *arguments], capture_output=True, text=True, check=False)


def test_the_command_says_what_it_makes_and_only_then(folder: Path) -> None:
    first = command("train", "mixed.nn", "--quiet", "-o", "run")
    assert (first.returncode, first.stdout) == (0, "run\n")
    told = first.stderr.splitlines()
    assert told[0].startswith("reading people.csv (")
    assert told[0].endswith(") once, into .nndsl-cache")
    assert told[1].startswith("made .nndsl-cache/people-")
    assert told[1].endswith(" from people.csv; it is reused until the file changes")
    second = command("train", "mixed.nn", "--quiet", "-o", "run-2")
    assert (second.returncode, second.stderr) == (0, "")


def test_messages_in_json_stay_json(folder: Path) -> None:
    result = command("train", "mixed.nn", "--quiet", "-o", "run", "--format", "json")
    assert result.returncode == 0
    assert json.loads(result.stderr) == []
