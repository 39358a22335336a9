"""What commands have in common: their options, and how they print."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from typing import Any, TextIO, TypeVar

import click

from nndsl.diagnostics import SHOWN, Diagnostic
from nndsl.snippet import plain

Function = TypeVar("Function", bound=Callable[..., Any])


class Messages:
    """Messages on their way to standard error: as text at once, in colour on a terminal; or as one JSON list at the
    end, which is there even if it is empty. With the style "events" they are among those of `nndsl train --json`, on
    standard output."""

    def __init__(self, style: str = "text") -> None:
        self.style = style
        self.found: list[Diagnostic] = []
        self.run: str | None = None
        """The folder of the run that a command made, for the last event: it goes again where nothing was saved."""

    def show(self, diagnostics: Iterable[Diagnostic]) -> None:
        known = set(self.found)
        new = [diagnostic for diagnostic in diagnostics if diagnostic not in known]
        if self.found and new and self.style == "text":
            click.echo(err=True)
        self.found += new
        if self.style == "events":
            from nndsl.cli.events import emit_message

            for diagnostic in new:
                emit_message(diagnostic)
        if not new or self.style != "text":
            return
        from nndsl.render import render

        colour = wants_colour(sys.stderr)
        click.echo(render(new[:SHOWN], colour), nl=False, err=True, color=colour)
        errors = sum(diagnostic.severity == "error" for diagnostic in new)
        more = f", of which {len(new) - SHOWN} are not shown" if len(new) > SHOWN else ""
        if errors > 1:
            click.echo(f"\n{errors} errors{more}", err=True)
        elif more:
            click.echo(f"\n{len(new)} messages{more}", err=True)

    def finish(self, code: int) -> None:
        if self.style == "events":
            from nndsl.cli.events import emit

            emit("end", run=self.run if self.run is not None and os.path.isdir(self.run) else None, exit=code)
        if self.style == "json":
            from nndsl.render import render_json

            click.echo(render_json(self.found), err=True)


def show_messages(diagnostics: Iterable[Diagnostic]) -> None:
    """Show messages of the command that runs."""
    click.get_current_context().ensure_object(Messages).show(diagnostics)


def say(line: str) -> None:
    """Print a line to standard output; what could steer a terminal in names and paths comes out as escapes."""
    click.echo(plain(line))


def show_table(rows: Sequence[Sequence[str]], numbers: frozenset[int]) -> None:
    """Print a table to standard output, the first row its head, the columns in `numbers` flush right; with a head that
    stands out on a terminal that is wide enough. Its cells can be shown as they are."""
    from nndsl.training.results import text_table

    if wants_colour(sys.stdout):
        from rich.box import SIMPLE_HEAD
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        console = Console(force_terminal=True)
        table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold")
        for i, name in enumerate(rows[0]):
            table.add_column(Text(name), justify="right" if i in numbers else "left", no_wrap=True)
        for row in rows[1:]:
            table.add_row(*map(Text, row))
        if console.measure(table, options=console.options.update(width=1 << 16)).maximum <= console.width:
            console.print(table)
            return
    click.echo(text_table(rows, numbers))


def wants_colour(stream: TextIO) -> bool:
    """Colour on a terminal, unless NO_COLOR is set; FORCE_COLOR overrides."""
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and not os.environ.get("NO_COLOR")


def program_options(function: Function) -> Function:
    """The argument and options of every command that takes a program."""
    return click.argument("program", type=click.Path())(override_options(function))


def override_options(function: Function) -> Function:
    """The options of every command that takes a program."""
    options: Sequence[Callable[[Function], Function]] = (
        click.option("--set", "overrides", multiple=True, metavar="NAME=VALUE", help="Override a const or setting."),
        click.option("--model", metavar="NAME", help="The model to take, where the program has several."),
        click.option("--root", type=click.Path(), help="The folder that imports must stay in (the program's own)."),
        format_option,
    )
    for option in reversed(options):
        function = option(function)
    return function


no_opt_option = click.option("--no-opt", is_flag=True, help="Leave all optimisations of graphs out.")


def format_option(function: Function) -> Function:
    """`--format`, which `main` has read before the command line is parsed."""
    return click.option(
        "--format",
        type=click.Choice(["text", "json"]),
        default="text",
        show_default=True,
        expose_value=False,
        help="How messages are printed.",
    )(function)


def backend_options(function: Function) -> Function:
    """The options of every command that runs a network."""
    backend = click.option(
        "--backend", type=click.Choice(["onnx", "numpy"]), default="onnx", show_default=True, help="What runs it."
    )
    provider = click.option(
        "--provider", type=click.Choice(["cpu", "cuda"]), default="cpu", show_default=True, help="Where onnx runs it."
    )
    return backend(provider(function))


UNITS = {
    "": 1,
    **{f"{letter}b": 1000**power for power, letter in enumerate("kmgt", 1)},
    **{f"{letter}ib": 1024**power for power, letter in enumerate("kmgt", 1)},
}


def size(text: str) -> int:
    """A number of bytes: `500MB`, `2GB`, `1.5 GiB`, or a plain number (at most 18 digits)."""
    match = re.fullmatch(r"\s*(\d{1,18}(?:\.\d{1,18})?)\s*([kmgt]i?b)?\s*", text, re.IGNORECASE | re.ASCII)
    if not match:
        raise click.BadParameter(f"{text!r} is not a size such as 500MB or 2GB")
    return int(Fraction(match[1]) * UNITS[(match[2] or "").lower()])
