"""Shared by all tests: `--update-golden`, and `golden(path, text)`, which compares a text with the one in a file."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

# What starts the tests in the background may ignore these, and processes would inherit it that tests interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP"):
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

# Tests run side by side: workers whose products take all cores each would wait for one another.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden files instead of comparing")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[Path, str], None]:
    """Compares `text` with the file at `path`; with `--update-golden` writes it there instead.

    A new text is reviewed like code: `git diff` shows what changed.
    """
    update = request.config.getoption("--update-golden")

    def compare(path: Path, text: str) -> None:
        if update:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
            return
        assert path.exists(), f"{path} does not exist yet: run pytest with --update-golden and review it"
        assert text == path.read_text(encoding="utf-8"), f"{path} differs: review with --update-golden and git diff"

    return compare
