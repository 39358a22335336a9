"""`nndsl eval RUN`: losses and metrics of a trained model over a split of its data, and how well it tells classes."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path
from typing import Literal

import click

from nndsl.cli.output import backend_options, format_option


@click.command("eval")
@click.argument("run", type=click.Path())
@click.option("--split", type=click.Choice(["train", "validation", "test"]), help="Which rows (test if not given).")
@click.option(
    "--data", type=click.Path(), metavar="FILE", help="Other rows: a data file with inputs and targets, or - (CSV)."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@backend_options
@format_option
def command(
    run: str,
    split: Literal["train", "validation", "test"] | None,
    data: str | None,
    as_json: bool,
    backend: Literal["onnx", "numpy"],
    provider: Literal["cpu", "cuda"],
) -> None:
    """Losses and metrics of a trained model."""
    from nndsl.api import Run
    from nndsl.data.standard_input import NAME, standard_input
    from nndsl.snippet import plain
    from nndsl.training.class_text import evaluation_text

    if split is not None and data is not None:
        raise click.UsageError("--split is of the program's own data, --data are others: give one of them")
    opened = Run.open(run, backend=backend, provider=provider)
    with standard_input() if data == "-" else nullcontext(data) as rows:
        report = opened.report(split or "test", data=rows, kind="csv" if data == "-" else None)
    if as_json:
        click.echo(json.dumps(report.to_json()))
    else:
        name = NAME if data == "-" else plain(Path(data).name) if data is not None else None
        head = name or split or "test"
        click.echo(evaluation_text(head, report))
