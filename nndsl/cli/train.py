"""`nndsl train PROGRAM`: train it and leave a run folder."""

from __future__ import annotations

from typing import Literal

import click

from nndsl.cli.output import backend_options, print_diagnostics, program_options, size


@click.command("train")
@program_options
@backend_options
@click.option("-o", "--out", type=click.Path(), help="The run's folder (runs/NAME-001 and so on if not given).")
@click.option("--quiet", is_flag=True, help="Print nothing but messages and the run's folder.")
@click.option("--max-memory", metavar="SIZE", type=size, help="Refuse a step that needs more, such as 2GB.")
def command(
    program: str,
    overrides: tuple[str, ...],
    model: str | None,
    root: str | None,
    style: str,
    backend: Literal["onnx", "numpy"],
    provider: Literal["cpu", "cuda"],
    out: str | None,
    quiet: bool,
    max_memory: int | None,
) -> None:
    """Train a program's network; makes a run folder with the trained model."""
    from nndsl.api import Net, load_program
    from nndsl.cli.progress import observer
    from nndsl.training.results import format_logs

    net = Net(load_program(program, root=root), overrides, model)
    net.read_data()
    print_diagnostics(net.warnings, style)
    run = net.train(out, backend=backend, provider=provider, observer=observer(quiet), max_memory=max_memory)
    if net.data.test is not None and not quiet:
        click.echo(f"test  {format_logs(run.evaluate('test'))}")
    click.echo(f"{run.path}")
