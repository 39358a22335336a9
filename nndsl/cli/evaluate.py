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
    from nndsl.training.results import measured_text

    values = Run.open(run, backend=backend, provider=provider).evaluate(split)
    if as_json:
        plain = {name: value if isinstance(value, float) else value.tolist() for name, value in values.items()}
        click.echo(json.dumps(plain))
    else:
        click.echo(measured_text(split, values))
