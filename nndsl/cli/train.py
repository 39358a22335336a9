"""`nndsl train PROGRAM`: train it and leave a run folder."""

from __future__ import annotations

import signal
from typing import Literal

import click

from nndsl.cli.output import backend_options, program_options, say, show_messages, size


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
    backend: Literal["onnx", "numpy"],
    provider: Literal["cpu", "cuda"],
    out: str | None,
    quiet: bool,
    max_memory: int | None,
) -> None:
    """Train a program's network; makes a run folder with the trained model.

    Ctrl-C ends training after the step it is in, and saves what it has learnt.
    """
    from nndsl.api import Net
    from nndsl.cli.progress import observer
    from nndsl.cli.signals import Stopping
    from nndsl.diagnostics import Failure
    from nndsl.errors.commands import Interrupted, Terminated
    from nndsl.model.check import load_program
    from nndsl.training.results import format_logs, table_texts

    net = Net(load_program(program, root=root), overrides, model)
    net.read_data()
    show_messages(net.warnings)
    with Stopping() as stopping:
        shown = observer(quiet, stopping)
        run = net.train(out, backend=backend, provider=provider, observer=shown, max_memory=max_memory, picture=False)
    if stopping.asked is not None:
        outcome = f": {run.path} holds what was learnt until then"
        raise Failure((Terminated if stopping.asked == signal.SIGTERM else Interrupted)(None, outcome))
    if net.data.test is not None and not quiet:
        measured = run.evaluate("test")
        say(f"test  {format_logs(measured)}")
        for line in "\n".join(table_texts(measured)).splitlines():
            say(line)
    say(str(run.path))
    run.plot()
