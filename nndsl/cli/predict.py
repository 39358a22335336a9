"""`nndsl predict RUN DATA -o OUT`: the trained model's outputs for the rows of a data file, as CSV."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

import click

from nndsl.cli.output import backend_options, format_option, say


@click.command("predict")
@click.argument("run", type=click.Path())
@click.argument("data", type=click.Path())
@click.option("-o", "--out", type=click.Path(), help="The CSV to write (standard output if not given).")
@backend_options
@format_option
def command(
    run: str,
    data: str,
    out: str | None,
    backend: Literal["onnx", "numpy"],
    provider: Literal["cpu", "cuda"],
) -> None:
    """Run a trained model on a file of examples."""
    from nndsl.api import Run
    from nndsl.diagnostics import Failure
    from nndsl.errors.commands import ExistsAlready
    from nndsl.training.results import outputs_csv
    from nndsl.training.store import save

    if out is not None and os.path.exists(out) and os.path.exists(data) and os.path.samefile(out, data):
        raise Failure(ExistsAlready(None, f"{out}, which holds the data,"))
    text = outputs_csv(Run.open(run, backend=backend, provider=provider).predict(data))
    if out is None:
        click.echo(text, nl=False)
    else:
        path = Path(out)
        save(path.parent, {path.name: text})
        say(f"{path}: {text.count(chr(10)) - 1} rows")
