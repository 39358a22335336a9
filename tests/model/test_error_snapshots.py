"""Wrong programs beside what is said of them: `tests/errors/{names,shapes,lints}/*.nn`, each with its `.txt`."""

from collections.abc import Callable
from pathlib import Path

import pytest

from nndsl.diagnostics import Failure
from nndsl.errors.registry import all_codes
from nndsl.model.check import check, declarations, load_program
from nndsl.render import render
from nndsl.syntax.read import read_source

FOLDER = Path(__file__).parent.parent / "errors"
OWN = ("names", "calls", "static", "programs", "shapes", "losses", "callbacks", "lints")
"""The modules of `nndsl.errors` whose codes these programs show."""

PROGRAMS = sorted(path for kind in ("names", "shapes", "lints") for path in (FOLDER / kind).glob("*.nn"))


def messages(path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Everything that is said of the program, as `nndsl compile` in its folder would print it."""
    monkeypatch.chdir(path.parent)
    try:
        program = load_program(path.name)
        declarations(program)
        return render(check(program).warnings)
    except Failure as failure:
        return render(failure.diagnostics)


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_what_is_said_of_a_wrong_program(
    path: Path, golden: Callable[[Path, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    said = messages(path, monkeypatch)
    assert said.startswith("warning" if path.parent.name == "lints" else "error")
    golden(path.with_suffix(".txt"), said)


def test_every_code_has_a_wrong_program() -> None:
    said = "".join(path.with_suffix(".txt").read_text() for path in PROGRAMS)
    own = [code for code, kind in all_codes().items() if kind.__module__.rpartition(".")[2] in OWN]
    # These need a command line, data, or a program too large to keep here: test_check.py has them.
    elsewhere = {"NN240", "NN250", "NN255", "NN260"}
    assert [code for code in own if code not in said and code not in elsewhere] == []


def test_reading_again_gives_the_same_text(monkeypatch: pytest.MonkeyPatch) -> None:
    path = FOLDER / "names" / "every_error_in_one_run.nn"
    assert messages(path, monkeypatch) == messages(path, monkeypatch)
    assert read_source(path).text
