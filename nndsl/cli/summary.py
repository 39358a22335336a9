"""`nndsl summary PROGRAM`: layers, shapes, parameters, memory; or a picture of the network."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from nndsl.cli.output import program_options, say, show_messages

SUFFIXES = {"--svg": (".svg",), "--mermaid": (".mmd", ".mermaid")}
"""How the file of a picture must end: so that no program or page is taken for it and overwritten."""


@click.command("summary")
@program_options
@click.option("--svg", metavar="[FILE]", is_flag=False, flag_value="-", help="Draw the network, as SVG.")
@click.option("--mermaid", metavar="[FILE]", is_flag=False, flag_value="-", help="Draw it as a Mermaid flowchart.")
def command(
    program: str, overrides: tuple[str, ...], model: str | None, root: str | None, svg: str | None, mermaid: str | None
) -> None:
    """The layers, their shapes and parameters, and the memory of a step.

    With --svg or --mermaid a picture of the network instead, in FILE (named behind the program) or printed.
    """
    from nndsl.api import Net
    from nndsl.model.check import load_program
    from nndsl.pictures.mermaid import network_mermaid
    from nndsl.pictures.svg import network_svg

    net = Net(load_program(program, root=root), overrides, model)
    show_messages(net.warnings)
    if svg is None and mermaid is None:
        click.echo(net.summary())
    if svg is not None:
        _draw("--svg", svg, lambda: network_svg(net.step))
    if mermaid is not None:
        _draw("--mermaid", mermaid, lambda: network_mermaid(net.step))


def _draw(option: str, file: str, picture: Callable[[], str]) -> None:
    from nndsl.diagnostics import Failure
    from nndsl.errors.commands import BadOption
    from nndsl.training.store import save

    if file == "-":
        click.echo(picture(), nl=False)
        return
    path = Path(file)
    if path.suffix.lower() not in SUFFIXES[option]:
        ends = " or ".join(SUFFIXES[option])
        raise Failure(BadOption(None, option, f"the file's name must end in {ends}, and `{file}` does not"))
    save(path.parent, {path.name: picture()})
    say(str(path))
