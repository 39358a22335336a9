"""Snapshots of error messages: beside each wrong program `NAME.nn` lies `NAME.txt`, what a user is shown for it.

A test module in a folder of such programs asks for `program` and `error_snapshot`:

    def test_wrong_programs(program, error_snapshot):
        error_snapshot(program, diagnose)      # diagnose: Source -> diagnostics
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from nndsl.diagnostics import Diagnostic
from nndsl.render import render
from nndsl.source import Source
from nndsl.syntax.read import read_source

Diagnose = Callable[[Source], Iterable[Diagnostic]]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every program beside the test module is a case of its own."""
    if "program" in metafunc.fixturenames:
        programs = sorted(Path(metafunc.module.__file__ or "").parent.glob("*.nn"))
        metafunc.parametrize("program", programs, ids=[path.stem for path in programs])


@pytest.fixture
def error_snapshot(golden: Callable[[Path, str], None]) -> Callable[[Path, Diagnose], None]:
    def compare(program: Path, diagnose: Diagnose) -> None:
        found = list(diagnose(read_source(program, program.name)))
        assert found, f"nothing is wrong with {program.name}"
        golden(program.with_suffix(".txt"), render(found))

    return compare
