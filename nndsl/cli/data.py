"""`nndsl data PROGRAM`: what its data hold, before anything is trained on them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

import click

from nndsl.cli.output import program_options, say, show_messages, show_table


@click.command("data")
@program_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--plot", type=click.Path(), metavar="FILE", help="Draw histograms and classes: .png, .svg or .pdf.")
def command(
    program: str,
    overrides: tuple[str, ...],
    model: str | None,
    root: str | None,
    as_json: bool,
    plot: str | None,
) -> None:
    """Columns, ranges, classes and splits of a program's data.

    The program needs no loss or output yet: its inputs, targets and `data` section are enough.
    """
    from nndsl.api import Net
    from nndsl.model.check import load_program
    from nndsl.training.data_text import headline, tables

    kind = None if plot is None else _kind_of_picture(plot)
    net = Net(load_program(program, root=root), overrides, model)
    description = net.describe_data()
    show_messages(net.data.warnings)
    if as_json:
        click.echo(json.dumps(description.to_json()))
    else:
        for line in headline(description):
            say(line)
        for table in tables(description):
            click.echo()
            show_table(table.rows, table.numbers)
    if plot is not None and kind is not None:
        _save(plot, net.draw_data(kind))
        if not as_json:
            click.echo()
            say(plot)


def _kind_of_picture(file: str) -> Literal["png", "svg", "pdf"]:
    """By the file's ending; looked at before the data are, as is whether there is something to draw with."""
    from nndsl.diagnostics import Failure
    from nndsl.errors.commands import BadOption
    from nndsl.extras import optional
    from nndsl.training.data_picture import PURPOSE

    optional("matplotlib", "plot", PURPOSE)
    match Path(file).suffix.lower():
        case ".png":
            return "png"
        case ".svg":
            return "svg"
        case ".pdf":
            return "pdf"
    raise Failure(BadOption(None, "--plot", f"the file's name must end in .png, .svg or .pdf, and `{file}` does not"))


def _save(file: str, content: bytes) -> None:
    from nndsl.training.store import save

    path = Path(file)
    save(path.parent, {path.name: content})
