"""`nndsl summary PROGRAM`: layers, shapes, parameters, memory."""

from __future__ import annotations

import click

from nndsl.cli.output import program_options, show_messages


@click.command("summary")
@program_options
def command(program: str, overrides: tuple[str, ...], model: str | None, root: str | None) -> None:
    """The layers, their shapes and parameters, and the memory of a step."""
    from nndsl.api import Net
    from nndsl.model.check import load_program

    net = Net(load_program(program, root=root), overrides, model)
    show_messages(net.warnings)
    click.echo(net.summary())
