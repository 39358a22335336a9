"""What the documents say is true: programs check, commands print what is shown, Python does what it says.

Blocks of README.md, CONTRIBUTING.md and the pages below docs/, by what stands behind their opening fence:

    nn                      a program (if it holds a model): it checks without errors and without warnings
    nn wrong                a wrong one: the next block is exactly the message that it gives
    console                 commands after `$`, each followed by all that it prints (a line `…` stands for any lines)
    console numbers-vary    the same, where numbers may differ from machine to machine
    python                  a script of its own, which runs to its end (`py`, of another framework, is only shown)
    pycon                   a session that goes on from one such block of a page to the next, with what it shows

A page's blocks are run in order in a folder that holds `examples/`. `--update-golden` writes what is shown.
"""

from __future__ import annotations

import doctest
import io
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import click
import pytest

from nndsl.api import Net
from nndsl.cli.main import COMMANDS, commands
from nndsl.cli.main import run as run_command
from nndsl.diagnostics import Failure
from nndsl.library import entries, reference, vocabulary
from nndsl.library.registry import ALIASES, TABLES
from nndsl.model.callback_settings import CALLBACKS
from nndsl.model.check import load_program
from nndsl.model.sections import DATA_SETTINGS, TRAIN_SETTINGS
from nndsl.model.sources import SOURCES
from nndsl.render import render
from nndsl.source import Source

ROOT = Path(__file__).parent.parent
REFERENCE = ROOT / "docs" / "reference"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]

FENCED = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
MODEL = re.compile(r"^model \w+ \{", re.MULTILINE)
NUMBER = re.compile(r"\d[\d,_]*(\.\d+)?(e[-+]?\d+)?")
WORST = re.compile(r"\(\S+ at step ")
"""Where two backends differ most: which parameter that is depends on the processor, as the numbers do."""


@dataclass(frozen=True)
class Block:
    """A fenced block: what stands behind its fence, its text, and where the text lies in the page."""

    page: Path
    line: int
    info: str
    text: str
    start: int

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"


def blocks(page: Path) -> Iterator[Block]:
    text = page.read_text(encoding="utf-8")
    for match in FENCED.finditer(text):
        yield Block(page, text.count("\n", 0, match.start()) + 1, match[1].strip(), match[2], match.start(2))


BLOCKS = [block for page in PAGES for block in blocks(page)]
PROGRAMS = [block for block in BLOCKS if block.info in ("", "nn") and MODEL.search(block.text)]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory that holds the examples."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples", ignore=shutil.ignore_patterns("runs", "build"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    return tmp_path


# ---------------------------------------------------------------- programs


@pytest.mark.parametrize("block", PROGRAMS, ids=str)
def test_programs_check(block: Block, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT / "examples")
    net = Net(load_program(Source(str(block), block.text)))
    assert net.warnings == ()


# ---------------------------------------------------------------- messages, commands and Python


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pages_show_what_happens(page: Path, folder: Path, request: pytest.FixtureRequest) -> None:
    session: dict[str, Any] = {}
    actual: dict[Block, str] = {}
    found = list(blocks(page))
    for block, following in pairwise([*found, None]):
        assert block
        match block.info.split():
            case ["python"]:
                run_script(block, folder)
            case ["pycon"]:
                run_session(block, session)
            case ["console", *how]:
                actual[block] = run_console(block, vary=how == ["numbers-vary"])
            case ["nn", "wrong"]:
                assert following, f"{block}: no message follows"
                actual[following] = message(block)
    if request.config.getoption("--update-golden"):
        write(page, actual)
    else:
        for block, text in actual.items():
            assert block.text == text, f"{block}: review with --update-golden and git diff"


def write(page: Path, actual: Mapping[Block, str]) -> None:
    """Write a page anew, with these texts in its blocks."""
    text = page.read_text(encoding="utf-8")
    for block in sorted(actual, key=lambda block: -block.start):
        text = text[: block.start] + actual[block] + text[block.start + len(block.text) :]
    page.write_text(text, encoding="utf-8", newline="\n")


def message(block: Block) -> str:
    """What a wrong program is told."""
    with pytest.raises(Failure) as failure:
        Net(load_program(Source("program.nn", block.text))).checked  # noqa: B018
    return render(failure.value.diagnostics)


def run_script(block: Block, folder: Path) -> None:
    done = subprocess.run([sys.executable, "-c", block.text], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{block}: {done.stderr}"


def run_session(block: Block, session: dict[str, Any]) -> None:
    examples = doctest.DocTestParser().get_doctest(block.text, session, str(block), str(block.page), block.line)
    report = io.StringIO()
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    results = doctest.DocTestRunner(optionflags=flags).run(examples, out=report.write, clear_globs=False)
    session.update(examples.globs)
    assert results.failed == 0, report.getvalue()


def run_console(block: Block, vary: bool) -> str:
    """The block as it should be: its commands, each with what it prints."""
    text = ""
    for part in re.split(r"^(?=\$ )", block.text, flags=re.MULTILINE):
        if not part:
            continue
        line, _, shown = part.partition("\n")
        program, *arguments = shlex.split(line.removeprefix("$ "), comments=True)
        assert program == "nndsl", f"{block}: only nndsl is run"
        text += f"{line}\n{as_shown(printed(arguments), shown, vary)}"
    return text


def printed(arguments: list[str]) -> str:
    output = io.StringIO()
    with redirect_stdout(output), redirect_stderr(output):
        run_command(arguments)
    return output.getvalue()


def as_shown(output: str, shown: str, vary: bool) -> str:
    """What a command printed, cut where the page has `…`, with the page's numbers if they vary."""
    blank = "\n" if shown.endswith("\n\n") else ""
    wanted = shown.splitlines()
    lines = output.rstrip("\n").splitlines()
    if "…" in wanted:
        before = wanted.index("…")
        behind = len(wanted) - before - 1 - len(blank)
        lines = [*lines[:before], "…", *lines[len(lines) - behind :]]
    actual = "".join(f"{line}\n" for line in lines) + blank
    if vary and _without_numbers(actual) == _without_numbers(shown):
        return shown
    return actual


def _without_numbers(text: str) -> str:
    return re.sub(r" +", " ", NUMBER.sub("0", WORST.sub("(0 at step ", text)))


# ---------------------------------------------------------------- whole and up to date


def test_the_reference_is_what_the_library_says(golden: Callable[[Path, str], None]) -> None:
    """`python -m nndsl.library.reference docs/reference` writes it, as `--update-golden` does."""
    vocabulary.load()
    made = reference.pages()
    for name, page in made.items():
        golden(REFERENCE / name, page)
    assert {path.name for path in REFERENCE.iterdir()} == {*made}
    words = {name for table in TABLES.values() for name in table}
    assert all(f"`{name}`" in "".join(made.values()) for name in words)
    assert {*ALIASES.values()} <= words


def test_callbacks_sources_and_kinds_of_words_are_described() -> None:
    page = (ROOT / "docs" / "vocabulary.md").read_text(encoding="utf-8")
    named = {word for span in re.findall(r"`([^`\n]+)`", page) for word in re.findall(r"\w+", span)}
    assert {*CALLBACKS, *SOURCES} <= named
    vocabulary.load()
    assert all(f"](reference/{entries.plural(kind)}.md)" in page for kind in entries.kinds())


def test_every_setting_is_described() -> None:
    page = (ROOT / "docs" / "language.md").read_text(encoding="utf-8")
    for kind, settings in {"data": DATA_SETTINGS, "train": TRAIN_SETTINGS}.items():
        section = re.search(rf"^## {kind}\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
        assert section
        first = " ".join(line.split("|")[1] for line in section[1].splitlines() if line.startswith("|"))
        assert {*settings} <= {*re.findall(r"\w+", first)}


def test_every_command_and_option_is_described() -> None:
    page = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    with click.Context(commands) as context:
        for name in COMMANDS:
            command = commands.get_command(context, name)
            assert command is not None
            section = re.search(rf"^## nndsl {name}\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
            assert section, f"docs/commands.md has no section `nndsl {name}`"
            common = page[: page.index("\n## nndsl ")]
            for parameter in command.params:
                if isinstance(parameter, click.Option):
                    longest = max(parameter.opts, key=len)
                    assert f"`{longest}" in section[1] + common, f"{name}: {longest} is not described"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    text = FENCED.sub("", page.read_text(encoding="utf-8"))
    for link in LINK.findall(text):
        if link.startswith(("https://", "http://")):
            continue
        target, _, anchor = link.partition("#")
        linked = page.parent / target if target else page
        assert linked.exists(), f"{page.name}: {link}"
        if anchor:
            headings = re.findall(r"^#+ (.*)$", linked.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}, link
