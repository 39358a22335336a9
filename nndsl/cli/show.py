"""`nndsl show PROGRAM --stage STAGE`: any stage of the compilation as text."""

from __future__ import annotations

import click

from nndsl.cli.output import no_opt_option, program_options

STAGES = ("syntax", "model", "forward", "gradients", "graph", "apply", "evaluate", "predict", "numpy", "onnx")
"""As in `nndsl.api`, which is imported only when it is needed."""


@click.command("show")
@program_options
@click.option(
    "--stage",
    type=click.Choice(STAGES),
    default="graph",
    show_default=True,
    help="forward and gradients: before simplification; graph: the gradients after it.",
)
@no_opt_option
def command(
    program: str, overrides: tuple[str, ...], model: str | None, root: str | None, stage: str, no_opt: bool
) -> None:
    """Print a stage of the compilation as text."""
    from nndsl.api import Net
    from nndsl.model.check import load_program

    net = Net(load_program(program, root=root), overrides, model)
    net.optimise = not no_opt
    click.echo(net.show(stage), nl=False)
