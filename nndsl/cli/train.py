"""`nndsl train PROGRAM`: train it and leave a run folder; `--resume RUN` goes on with one."""

from __future__ import annotations

import signal
from typing import Literal

import click

from nndsl.cli.output import Messages, backend_options, override_options, say, show_messages, size


@click.command("train")
@click.argument("program", type=click.Path(), required=False)
@override_options
@backend_options
@click.option("-o", "--out", type=click.Path(), help="The run's folder (runs/NAME-001 and so on if not given).")
@click.option("--resume", metavar="RUN", type=click.Path(), help="Go on with a run that was stopped or killed.")
@click.option("--force", is_flag=True, help="Resume although the program, its data or what computes changed.")
@click.option("--quiet", is_flag=True, help="Print nothing but messages and the run's folder.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON event a line, and nothing else.")
@click.option("--chart", is_flag=True, help="Print charts of what was logged when training has ended.")
@click.option("--tune", is_flag=True, help="Measure first what computes a step fastest here: threads, packing.")
@click.option("--tuned", metavar="RUN", type=click.Path(), help="Take what --tune found for an earlier run.")
@click.option("--max-memory", metavar="SIZE", type=size, help="Refuse a step that needs more, such as 2GB.")
@click.pass_context
def command(
    context: click.Context,
    program: str | None,
    overrides: tuple[str, ...],
    model: str | None,
    root: str | None,
    backend: Literal["onnx", "numpy"],
    provider: Literal["cpu", "cuda"],
    out: str | None,
    resume: str | None,
    force: bool,
    quiet: bool,
    as_json: bool,
    chart: bool,
    tune: bool,
    tuned: str | None,
    max_memory: int | None,
) -> None:
    """Train a program's network; makes a run folder with the trained model.

    Ctrl-C ends training after the step it is in, and saves what it has learnt: `--resume RUN` goes on from there, with
    the run's own program if none is given. So does a terminal that is closed.
    """
    from nndsl.api import Net
    from nndsl.api.training import net_of_run
    from nndsl.cli.events import Events, emit_test
    from nndsl.cli.progress import chart_text, observer
    from nndsl.cli.signals import HANGUP, Stopping
    from nndsl.cli.streams import though_nobody_reads
    from nndsl.diagnostics import Diagnostic, Failure
    from nndsl.errors.commands import HungUp, Interrupted, Terminated
    from nndsl.model.check import load_program
    from nndsl.training.results import Measured, format_logs, table_texts

    if program is not None:
        net = Net(load_program(program, root=root), overrides, model)
    elif resume is not None:
        net = net_of_run(resume, overrides, model)
    else:
        raise click.UsageError("Missing argument 'PROGRAM'.", context)
    if as_json and chart:
        raise click.UsageError("--json prints events only: --chart has no place among them", context)
    if tune and tuned is not None:
        raise click.UsageError("--tune measures anew, --tuned does not: give one of them", context)
    net.read_data()
    show_messages(net.warnings)

    def warn(warning: Diagnostic) -> None:
        with though_nobody_reads():
            show_messages([warning])

    with Stopping() as stopping:
        shown = Events(stopping) if as_json else observer(quiet, stopping)
        run = net.train(
            out,
            resume=resume,
            force=force,
            backend=backend if _given(context, "backend") else None,
            provider=provider if _given(context, "provider") else None,
            observer=shown,
            max_memory=max_memory,
            picture=False,
            warn=warn,
            tune=tune if tuned is None else tuned,
        )
    context.ensure_object(Messages).run = str(run.path)
    if chart:
        with though_nobody_reads():
            click.echo(chart_text(run.history), color=True)
    if stopping.asked is not None:
        outcome = f": {run.path} holds what was learnt until then, and `nndsl train --resume {run.path}` goes on"
        messages = {signal.SIGTERM: Terminated, HANGUP: HungUp}
        raise Failure(messages.get(stopping.asked, Interrupted)(None, outcome))
    has_tables = any(metric.is_table for metric in net.step.metrics)
    measured: Measured = {}
    if net.data.test is not None and (as_json or not quiet or has_tables):
        measured = run.evaluate("test")
    with though_nobody_reads():
        if as_json and measured:
            emit_test(measured)
        elif measured and not quiet:
            say(f"test  {format_logs(measured)}")
            for line in "\n".join(table_texts(measured)).splitlines():
                say(line)
        if not as_json:
            say(str(run.path))
    run.plot({name: value for name, value in measured.items() if not isinstance(value, float)})


def _given(context: click.Context, name: str) -> bool:
    """Whether an option stands on the command line."""
    return context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
