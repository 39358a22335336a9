"""`nndsl eval RUN`: losses and metrics of a trained model over a split of its data."""

from __future__ import annotations

import json
from typing import Literal

import click

from nndsl.cli.output import backend_options, format_option


@click.command("eval")
@click.argument("run", type=click.Path())
@click.option(
    "--split", type=click.Choice(["train", "validation", "test"]), default="test", show_default=True, help="Which rows."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@backend_options
@format_option
def command(
    run: str,
    split: Literal["train", "validation", "test"],
    as_json: bool,
    backend: Literal["onnx", "numpy"],
    provider: Literal["cpu", "cuda"],
) -> None:
    """Losses and metrics of a trained model."""
    from nndsl.api import Run
    from nndsl.training.results import text_table

    values = Run.open(run, backend=backend, provider=provider).evaluate(split)
    if as_json:
        click.echo(json.dumps(values))
    else:
        click.echo(
            text_table([("name", split), *((name, f"{value:.6g}") for name, value in values.items())], frozenset({1}))
        )
