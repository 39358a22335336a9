"""Optional libraries: imported when they are used, with a message that says what to install where one is missing."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from nndsl.diagnostics import Failure
from nndsl.errors.commands import ExtraMissing
from nndsl.source import Span


def is_installed(module: str) -> bool:
    """Whether an optional library is there, without importing it."""
    return find_spec(module) is not None


def optional(module: str, extra: str, needed_for: str, span: Span | None = None) -> Any:
    """The module, imported (`pyarrow.csv` and the like too).

    Raises `Failure` (NN507, exit code 4) where the library is not installed; `extra` is nndsl's name for it and
    `needed_for` says what cannot be done without it, such as "reading parquet files".
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        library = module.partition(".")[0]
        if (error.name or "").partition(".")[0] != library:
            raise
        raise Failure(ExtraMissing(span, needed_for, library, extra)) from None
