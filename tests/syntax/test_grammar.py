"""The grammar file, the tables made from it, and the words that the forgiving scanner knows by itself: in step."""

from __future__ import annotations

import json
import logging
import re
import subprocess
import sys
from pathlib import Path

import pytest
from lark import Lark, logger
from lark.exceptions import UnexpectedInput

from nndsl.syntax import tables
from nndsl.syntax.grammar import GRAMMAR, TABLES, Newlines, build, grammar_file, load, maker, tokens
from nndsl.syntax.scan import ITEMS, RESERVED, STATEMENTS
from nndsl.syntax.situation import TERMINALS
from nndsl.syntax.tables import OFTEN


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


def read_by(lark: Lark, text: str) -> list[tuple[str, str, int]]:
    """The tokens of a text as a parser's lexer reads them, up to the first that is wrong."""
    state = lark.parse_interactive(text).parser_state
    found = []
    try:
        for token in tokens(state):
            found.append((token.type, str(token), token.start_pos or 0))
            state.feed_token(token)
    except UnexpectedInput as wrong:
        found.append((type(wrong).__name__, "", wrong.pos_in_stream or 0))
    return found


WRONG = [
    "model m { input x: f32[4] y = x ** 2 }",
    "const a = 1 == = 2",
    "model m {\n  y = x -> dense(1) -> \n}\n",
    "const a = 5%b\n",
    "const é = 1",
]


@pytest.mark.parametrize("often", [1, 3, OFTEN])
def test_our_lexer_reads_as_larks(often: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a state has read with: its terminals one by one, its own expression, or first these, then that."""
    monkeypatch.setattr(tables, "OFTEN", often)
    examples = Path(__file__).parents[2] / "examples"
    texts = [path.read_text(encoding="utf-8") for path in sorted(examples.glob("*.nn"))]
    assert len(texts) > 10
    ours = load(None, Newlines())
    larks = build(grammar(), None, Newlines())
    assert isinstance(ours.parser.lexer.lexer, tables.Lexer)
    for text in (*texts, *WRONG, *(text[: len(text) // 2] for text in texts)):
        assert read_by(ours, text) == read_by(larks, text)
