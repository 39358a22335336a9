"""The grammar file, the tables made from it, and the words that the forgiving scanner knows by itself: in step."""

from __future__ import annotations

import json
import logging
import re
import subprocess
import sys

import pytest
from lark import Lark, logger

from nndsl.syntax.grammar import GRAMMAR, TABLES, Newlines, grammar_file, maker
from nndsl.syntax.scan import ITEMS, RESERVED, STATEMENTS
from nndsl.syntax.situation import TERMINALS


def grammar() -> str:
    return grammar_file(GRAMMAR).read_text(encoding="utf-8")


def test_the_tables_are_those_of_the_grammar() -> None:
    made_by, *_ = json.loads(grammar_file(TABLES).read_text(encoding="utf-8"))
    hint = "run `python -m nndsl.syntax.grammar`"
    # Another version of Lark reads the grammar itself, so only the grammar's part must agree.
    assert made_by.split()[0] == maker(grammar()).split()[0], hint


def test_the_grammar_has_no_conflicts(caplog: pytest.LogCaptureFixture) -> None:
    """Lark refuses two reductions for one token by itself; a shift it prefers silently, but for its log."""
    caplog.set_level(logging.DEBUG, logger=logger.name)
    Lark(grammar(), parser="lalr", start="program", postlex=Newlines(), debug=True)
    assert "Shift/Reduce" not in caplog.text


def test_words_are_the_same_in_the_grammar_and_in_the_scanner() -> None:
    excluded = re.search(r"^NAME: /\(\?!\(\?:([a-z|]+)\)", grammar(), re.MULTILINE)
    assert excluded is not None
    assert set(excluded.group(1).split("|")) == RESERVED
    keywords = set(re.findall(r"^_?[A-Z]+(?:\.2)?: +/([a-z]+)\(\?!\\w\)/", grammar(), re.MULTILINE))
    assert keywords == RESERVED | set(ITEMS) | set(STATEMENTS)


def test_signs_are_the_same_in_the_grammar_and_in_recovery() -> None:
    for sign, terminal in TERMINALS.items():
        assert re.search(rf"^{terminal}: .*{re.escape(sign[-1])}", grammar(), re.MULTILINE), (sign, terminal)


def test_a_right_program_loads_nothing_of_the_careful_way() -> None:
    program = (
        "import sys\n"
        "from nndsl.source import Source\n"
        "from nndsl.syntax.parse import parse\n"
        "assert not parse(Source('a.nn', 'const a = 1\\n'))[1]\n"
        "loaded = [name for name in sys.modules if name.startswith(('nndsl.errors.', 'nndsl.syntax.explain'))]\n"
        "assert not loaded, loaded\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
