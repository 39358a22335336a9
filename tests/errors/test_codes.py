"""Every message has a code of its own and an explanation that a user can read."""

from __future__ import annotations

import re
from importlib.util import find_spec

import pytest

from nndsl.diagnostics import Diagnostic
from nndsl.errors.registry import MODULES, all_codes, explain

CODES = sorted(all_codes())


def test_codes_are_unique_and_belong_to_their_class() -> None:
    for code, diagnostic in all_codes().items():
        assert re.fullmatch(r"NN[1-6]\d\d", code)
        assert diagnostic.code == code


def test_every_module_of_messages_is_listed() -> None:
    from pathlib import Path

    package = find_spec("nndsl.errors")
    assert package is not None
    assert package.submodule_search_locations is not None
    (folder,) = package.submodule_search_locations
    with_codes = {path.stem for path in Path(folder).glob("*.py") if "    code = " in path.read_text(encoding="utf-8")}
    assert with_codes <= set(MODULES)


@pytest.mark.parametrize("code", CODES)
def test_every_message_is_explained(code: str) -> None:
    text = explain(code)
    assert text
    assert text == explain(code.lower())
    # A dataclass without a docstring gets one that lists its fields.
    assert not text.startswith(f"{all_codes()[code].__name__}(")
    assert all_codes()[code].__doc__ != Diagnostic.__doc__


@pytest.mark.parametrize("code", [code for code in CODES if code.startswith("NN1")])
def test_syntax_errors_show_wrong_and_right(code: str) -> None:
    text = explain(code) or ""
    if code not in ("NN101", "NN102"):
        assert "Wrong:" in text
    assert "Right:" in text


def test_an_unknown_code_has_no_explanation() -> None:
    assert explain("NN999") is None
