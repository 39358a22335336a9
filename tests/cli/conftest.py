"""A folder with a small program and its data, and `nndsl(...)`, which runs a command there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from nndsl.cli.main import run

PROGRAM = """\
const width = 4
model small {
  input x: f32[2]
  target y: f32
  output p = x -> dense(width, relu) -> dense(1)
  loss mse(p, y)
  metric mae(p, y)
}
data {
  source = csv("small.csv")
  x = columns("a", "b")
  validation = 2
  test = 2
}
train {
  epochs = 2
  batch_size = 4
}
"""

ROWS = "a,b,y\n" + "".join(f"{i},{i * 2 % 7},{i * 0.5}\n" for i in range(14))

KINDS = """\
model kinds {
  input x: f32[2]
  target kind: class
  scores = x -> dense(3)
  output label = argmax(scores)
  output probability = softmax(scores)
  loss cross_entropy(scores, kind)
}
data {
  source = csv("kinds.csv")
  x = columns("a", "b")
}
train { epochs = 1 }
"""

KIND_ROWS = "a,b,kind\n" + "".join(f"{i},{-i},{('red', 'green', 'blue, dark')[i % 3]!r}\n" for i in range(12)).replace(
    "'", '"'
)


@dataclass(frozen=True)
class Result:
    """What a command did."""

    code: int
    out: str
    err: str


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory: `small.nn` and `kinds.nn` with their data."""
    for name, text in (
        ("small.nn", PROGRAM),
        ("small.csv", ROWS),
        ("kinds.nn", KINDS),
        ("kinds.csv", KIND_ROWS),
    ):
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    monkeypatch.setattr("nndsl.api.run.can_plot", lambda: False)  # a picture takes longer than all the rest
    return tmp_path


@pytest.fixture
def nndsl(folder: Path, capfd: pytest.CaptureFixture[str]) -> Callable[..., Result]:
    """Runs a command and gives its exit code and what it printed; no command may show a traceback or a fault."""

    def command(*arguments: str) -> Result:
        capfd.readouterr()
        code = run([str(argument) for argument in arguments])
        printed = capfd.readouterr()
        assert "Traceback" not in printed.err
        assert "NN520" not in printed.err
        return Result(code, printed.out, printed.err)

    return command
