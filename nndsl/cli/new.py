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
@click.option("--separator", help="What separates the cells of a CSV file, if not commas, semicolons or tabs.")
@click.option("--decimal", help="The decimal sign of a CSV file: . or ,")
@click.option("--encoding", help="The encoding of a CSV file, such as latin-1 (utf-8 if not given).")
@click.option("--header/--no-header", default=None, help="Whether a CSV file's first line names its columns.")
@format_option
def command(
    data: str,
    out: str | None,
    target: str | None,
    separator: str | None,
    decimal: str | None,
    encoding: str | None,
    header: bool | None,
) -> None:
    """Write a starting program for a table of data."""
    from nndsl.data.starter import starting_program
    from nndsl.data.starter_text import identifier
    from nndsl.diagnostics import Failure
    from nndsl.errors.commands import ExistsAlready
    from nndsl.training.store import save

    path = Path(out) if out else Path(f"{identifier(Path(data).stem)}.nn")
    if path.exists():
        raise Failure(ExistsAlready(None, str(path)))
    options = {"separator": separator, "decimal": decimal, "encoding": encoding, "header": header}
    given = {option: value for option, value in options.items() if value is not None}
    save(path.parent, {path.name: starting_program(Path(data), path.stem, target, path.parent, given)})
    say(f"{path}: train it with `nndsl train {path}`")
