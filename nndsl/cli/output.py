"""What commands have in common: their options, and how they print."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar, TextIO, TypeVar

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


class SizeType(click.ParamType):
    """A number of bytes: `500MB`, `2GB`, `1.5 GiB`, or a plain number."""

    name = "size"
    UNITS: ClassVar = {"": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30}

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> int:
        match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmg]i?b)?\s*", str(value), re.IGNORECASE)
        if not match:
            self.fail(f"{value!r} is not a size such as 500MB or 2GB", parameter, context)
        return int(float(match[1]) * self.UNITS[(match[2] or "").lower()])


size = SizeType()
