"""`nndsl compile PROGRAM -o build/`: write the graphs, the initial state and the NumPy module."""

from __future__ import annotations

from typing import Literal

import click

from nndsl.cli.output import no_opt_option, program_options, say, show_messages, size


@click.command("compile")
@program_options
@click.option("-o", "--out", type=click.Path(), default="build", show_default=True, help="The folder to write into.")
@click.option("--target", type=click.Choice(["onnx", "numpy"]), multiple=True, help="What to write; both if not given.")
@click.option("--split-step", is_flag=True, help="Also write the step as two graphs: gradients, and the update.")
@no_opt_option
@click.option("--max-memory", metavar="SIZE", type=size, help="Refuse a step that needs more, such as 2GB.")
def command(
    program: str,
    overrides: tuple[str, ...],
    model: str | None,
    root: str | None,
    out: str,
    target: tuple[Literal["onnx", "numpy"], ...],
    split_step: bool,
    no_opt: bool,
    max_memory: int | None,
) -> None:
    """Write the training graph, the prediction graph and the NumPy module."""
    from nndsl.api import Net
    from nndsl.model.check import load_program
    from nndsl.training.results import bytes_text

    net = Net(load_program(program, root=root), overrides, model)
    net.optimise = not no_opt
    show_messages(net.warnings)
    for path in net.compile(out, target or ("onnx", "numpy"), split_step=split_step, max_memory=max_memory):
        say(f"{path}  {bytes_text(path.stat().st_size)}")
