"""`nndsl summary PROGRAM`: layers, shapes, parameters, memory."""

from __future__ import annotations

import click

from nndsl.cli.output import print_diagnostics, program_options


@click.command("summary")
@program_options
def command(program: str, overrides: tuple[str, ...], model: str | None, root: str | None, style: str) -> None:
    """The layers, their shapes and parameters, and the memory of a step."""
    from nndsl.api import Net, load_program

    net = Net(load_program(program, root=root), overrides, model)
    print_diagnostics(net.warnings, style)
    click.echo(net.summary())
