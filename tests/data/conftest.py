"""A folder for the files that a test writes."""

from __future__ import annotations

from pathlib import Path

import pytest
from data_files import Files


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Files:
    """The test's folder, which is also the working directory, so that messages show plain names."""
    monkeypatch.chdir(tmp_path)
    return Files(tmp_path)
