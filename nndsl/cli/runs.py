"""`nndsl runs [FOLDER]`: the runs in a folder, and how they went."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nndsl.cli.output import format_option, say

if TYPE_CHECKING:
    from nndsl.training.listing import ListedRun


@click.command("runs")
@click.argument("folder", type=click.Path(), default="runs")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list.")
@format_option
def command(folder: str, as_json: bool) -> None:
    """List the runs in a folder (runs if not given): when, how long, what came out, and what became of them."""
    from nndsl.diagnostics import Failure
    from nndsl.errors.commands import BadOption
    from nndsl.training.listing import list_runs
    from nndsl.training.results import text_table

    try:
        found = list_runs(Path(folder))
    except FileNotFoundError:
        if folder != "runs":
            raise Failure(BadOption(None, "FOLDER", f"there is no folder {folder}")) from None
        found = []
    except NotADirectoryError:
        raise Failure(BadOption(None, "FOLDER", f"{folder} is a file")) from None
    if as_json:
        click.echo(json.dumps([_as_json(run) for run in found], ensure_ascii=True, allow_nan=False))
    elif found:
        header = ("run", "program", "started", "took", "epochs", "best", "state")
        for line in text_table([header, *map(_row, found)], frozenset({3, 4})).splitlines():
            say(line)
    else:
        say(f"there are no runs in {folder}: `nndsl train PROGRAM` makes them")


def _row(run: ListedRun) -> tuple[str, ...]:
    from nndsl.cli.progress import duration

    best = run.best
    return (
        str(run.folder),
        run.program,
        _local(run.started),
        "" if run.seconds is None else duration(run.seconds),
        "" if run.state == "broken" else str(run.epochs),
        "" if best is None else f"{best.name} {best.value:.4g} (epoch {best.epoch})",
        f"{run.state}: {run.stopped}" if run.stopped else run.state,
    )


def _local(moment: datetime | None) -> str:
    """In the time zone of whoever looks."""
    return "" if moment is None else f"{moment.astimezone():%Y-%m-%d %H:%M}"


def _as_json(run: ListedRun) -> dict[str, Any]:
    best = run.best
    return {
        "folder": str(run.folder),
        "state": run.state,
        "model": run.model or None,
        "program": run.program or None,
        "started": None if run.started is None else run.started.isoformat(),
        "seconds": None if run.seconds is None else round(run.seconds, 3),
        "epochs": run.epochs,
        "best": None if best is None else {"name": best.name, "value": best.value, "epoch": best.epoch},
        "stopped": run.stopped or None,
    }
