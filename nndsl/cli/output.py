"""What commands have in common: their options, and how they print."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TextIO, TypeVar

import click

from nndsl.diagnostics import Diagnostic

Function = TypeVar("Function", bound=Callable[..., Any])


def print_diagnostics(diagnostics: Iterable[Diagnostic], style: str = "text") -> None:
    """Print messages to standard error: as text, in colour on a terminal; or as one JSON list."""
    from nndsl.render import render, render_json

    found = tuple(diagnostics)
    if not found:
        return
    if style == "json":
        click.echo(render_json(found), err=True)
        return
    colour = wants_colour(sys.stderr)
    click.echo(render(found, colour), err=True, color=colour)
    errors = sum(d.severity == "error" for d in found)
    if errors > 1:
        click.echo(f"{errors} errors", err=True)


def wants_colour(stream: TextIO) -> bool:
    """Colour on a terminal, unless NO_COLOR is set; FORCE_COLOR overrides."""
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and not os.environ.get("NO_COLOR")


def program_options(function: Function) -> Function:
    """The options of every command that takes a program."""
    options: Sequence[Callable[[Function], Function]] = (
        click.argument("program", type=click.Path()),
        click.option("--set", "overrides", multiple=True, metavar="NAME=VALUE", help="Override a const or setting."),
        click.option("--model", metavar="NAME", help="The model to take, where the program has several."),
        click.option("--root", type=click.Path(), help="The folder that imports must stay in (the program's own)."),
        format_option,
    )
    for option in reversed(options):
        function = option(function)
    return function


def format_option(function: Function) -> Function:
    return click.option(
        "--format", "style", type=click.Choice(["text", "json"]), default="text", help="How messages are printed."
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


def table(rows: Sequence[Sequence[str]], numbers: frozenset[int] = frozenset()) -> str:
    """Columns padded to the widest cell; the columns in `numbers` are flush right. The first row is the header."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = [
        "  ".join(
            cell.rjust(w) if i in numbers else cell.ljust(w)
            for i, (cell, w) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
    lines.insert(1, "  ".join("─" * width for width in widths))
    return "\n".join(line.rstrip() for line in lines)


def bytes_text(count: int) -> str:
    """`1.5 MB` and the like (powers of 1000)."""
    amount = float(count)
    for unit in ("bytes", "kB", "MB", "GB"):
        if amount < 1000 or unit == "GB":
            return f"{count} bytes" if unit == "bytes" else f"{amount:,.1f} {unit}"
        amount /= 1000
    raise AssertionError
