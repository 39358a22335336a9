"""Standard input as a data file: kept in a temporary one, since most kinds of files are not read from front to back."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from typing import Any

from nndsl.data.wording import shown_path
from nndsl.diagnostics import Diagnostic, Failure
from nndsl.errors.data import NoRows

NAME = "standard input"


@contextmanager
def standard_input() -> Iterator[str]:
    """The path of a file that holds all of standard input, for as long as the block lasts.

    Messages call it what it is. Raises `Failure` (NN408) where there is nothing.
    """
    with tempfile.TemporaryDirectory(prefix="nndsl-") as folder:
        path = os.path.join(folder, "standard-input")
        with open(path, "wb") as file:
            if sys.stdin is not None:  # as it is where a program starts without one
                shutil.copyfileobj(sys.stdin.buffer, file, 1 << 20)
        if not os.path.getsize(path):
            raise Failure(NoRows(None, NAME))
        try:
            yield path
        except Failure as failure:
            raise Failure(*(_renamed(diagnostic, path) for diagnostic in failure.diagnostics)) from None


def _renamed(diagnostic: Diagnostic, path: str) -> Diagnostic:
    texts = {field.name: getattr(diagnostic, field.name) for field in fields(diagnostic)}
    changed: dict[str, Any] = {
        name: text.replace(shown_path(path), NAME).replace(path, NAME)
        for name, text in texts.items()
        if isinstance(text, str)
    }
    return replace(diagnostic, **changed)
