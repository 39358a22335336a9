"""`nndsl new DATA`: a starting program from the columns of a CSV, parquet or Arrow file."""

from __future__ import annotations

from pathlib import Path

import click

from nndsl.cli.output import format_option, say


@click.command("new")
@click.argument("data", type=click.Path())
@click.option(
    "-o", "--out", type=click.Path(), help="The program to write (the data file's name with .nn if not given)."
)
@click.option("--target", help="The column to predict (the last one if not given).")
@format_option
def command(data: str, out: str | None, target: str | None) -> None:
    """Write a starting program for a table of data."""
    from nndsl.data.starter import identifier, starting_program
    from nndsl.diagnostics import Failure
    from nndsl.errors.commands import ExistsAlready
    from nndsl.training.store import save

    path = Path(out) if out else Path(f"{identifier(Path(data).stem)}.nn")
    if path.exists():
        raise Failure(ExistsAlready(None, str(path)))
    save(path.parent, {path.name: starting_program(Path(data), path.stem, target, path.parent)})
    say(f"{path}: train it with `nndsl train {path}`")
