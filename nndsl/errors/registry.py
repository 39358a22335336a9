"""All messages by their code, and what `nndsl explain CODE` says of them."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.util import find_spec
from inspect import cleandoc

from nndsl.diagnostics import Diagnostic

MODULES = (
    *("syntax", "grammar", "expressions"),
    *("names", "calls", "static", "programs"),
    *("shapes", "losses"),
    *("data", "sources", "storing", "values", "commands", "runs", "api", "callbacks", "examples", "lints"),
)


@cache
def all_codes() -> dict[str, type[Diagnostic]]:
    """Every diagnostic class by its code, in the order of the codes."""
    found: dict[str, type[Diagnostic]] = {}
    for module in MODULES:
        if find_spec(f"nndsl.errors.{module}") is None:
            continue
        for value in vars(import_module(f"nndsl.errors.{module}")).values():
            if not (isinstance(value, type) and issubclass(value, Diagnostic) and hasattr(value, "code")):
                continue
            if found.setdefault(value.code, value) is not value:
                raise TypeError(f"{value.code} is both {found[value.code].__name__} and {value.__name__}")
    return dict(sorted(found.items()))


def explain(code: str) -> str | None:
    """The explanation of a code (`NN305`, in any case), or None if there is no such code."""
    diagnostic = all_codes().get(code.upper())
    return cleandoc(diagnostic.__doc__ or "") if diagnostic else None
