"""The command group: finds commands lazily, and turns whatever goes wrong into a message and an exit code."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from itertools import pairwise

import click

from nndsl import __version__
from nndsl.cli.output import Messages
from nndsl.cli.signals import termination_as_exit
from nndsl.cli.streams import flush, leave, though_nobody_reads, usable
from nndsl.diagnostics import FAILED, HUNG_UP, Diagnostic, Failure

COMMANDS = {
    "train": "Train a program's network; makes a run folder with the trained model.",
    "runs": "List the runs in a folder: when, how long, what came out, and what became of them.",
    "predict": "Run a trained model on a file of examples.",
    "eval": "Losses and metrics of a trained model.",
    "compile": "Write the training graph, the prediction graph and the NumPy module.",
    "data": "Columns, ranges, classes and splits of a program's data.",
    "check": "Check a program; with --grad its gradients, with --backends that both backends agree.",
    "summary": "The layers, their shapes and parameters, and the memory of a step.",
    "show": "Print a stage of the compilation as text.",
    "new": "Write a starting program for a table of data.",
    "help": "What a word of the vocabulary means, such as dense; alone, all words.",
    "explain": "Explain the code of a message, such as NN305.",
}
"""The commands with their one-line help, in the order of `nndsl --help`; `eval` lives in `evaluate`."""

MODULES = {"eval": "evaluate"}


class Commands(click.Group):
    """Imports a command's module when that command is asked for."""

    def list_commands(self, context: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command: click.Command = import_module(f"nndsl.cli.{MODULES.get(name, name)}").command
        return command

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, context: click.Context, arguments: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = arguments[0]
        if name not in COMMANDS and not name.startswith("-"):
            from nndsl.errors.suggest import closest

            near = closest(name, list(COMMANDS))
            raise click.UsageError(
                f"there is no command `{name}`" + (f"; did you mean `{near}`?" if near else ""), context
            )
        return super().resolve_command(context, arguments)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="nndsl %(version)s")
def commands() -> None:
    """Compile and train networks that are written in .nn files."""


def run(arguments: Sequence[str]) -> int:
    """Run one command; the exit code is DESIGN's: 0 done, 1 failed, 2 wrong input, 3 diverged, 4 environment, 129,
    130 and 143 interrupted. Whatever goes wrong ends in a message."""
    sys.stdout, sys.stderr = usable(sys.stdout), usable(sys.stderr)
    messages = Messages(_format_asked_for(arguments))
    if messages.style == "json":
        import logging

        logging.getLogger("nndsl").addHandler(logging.NullHandler())  # standard error holds one list, and no lines
    try:
        with termination_as_exit():
            commands.main(list(arguments) or ["--help"], prog_name="nndsl", standalone_mode=False, obj=messages)
            sys.stdout.flush()
        code = 0
    except click.exceptions.Exit as stop:
        code = stop.exit_code
    except (Exception, KeyboardInterrupt, SystemExit) as error:
        if isinstance(error, BrokenPipeError) or (isinstance(error, SystemExit) and error.code == 1):  # click's of it
            leave(sys.stdout)  # whoever read the output is gone
            return FAILED
        failure = error if isinstance(error, Failure) else Failure(explanation(error))
        code = failure.exit_code
        with though_nobody_reads():
            messages.show(failure.diagnostics)
        flush(sys.stdout)
    with though_nobody_reads():
        messages.finish(code)
    return code


def explanation(error: BaseException) -> Diagnostic:
    """The message for an error that no part of nndsl has put into words."""
    from nndsl.errors.commands import (
        HungUp,
        Internal,
        Interrupted,
        OutOfMemory,
        SystemRefuses,
        Terminated,
        WrongCommand,
    )

    match error:
        case KeyboardInterrupt() | click.Abort():
            return Interrupted(None)
        case SystemExit(code=code) if code == HUNG_UP:
            return HungUp(None)
        case SystemExit():
            return Terminated(None)
        case click.NoSuchOption(ctx=context, option_name=name) if context is not None and (
            setting := _setting(name, context)
        ):
            return WrongCommand(
                None, _one_line(error.format_message()), f"the program's settings are overridden by --set {setting}=…"
            )
        case click.UsageError(ctx=context) if context is not None:
            return WrongCommand(None, _one_line(error.format_message()), f"see {context.command_path} --help")
        case click.ClickException():
            return WrongCommand(None, _one_line(error.format_message()), "see nndsl --help")
        case MemoryError():
            return OutOfMemory(None)
        case OSError():
            reason = (error.strerror or str(error)).lower()
            return SystemRefuses(None, f"{error.filename or 'the system refuses'}: {reason}")
    if "allocat" in str(error) or "bad_alloc" in str(error):  # so says ONNX Runtime, in errors of no kind of their own
        return OutOfMemory(None)
    if os.environ.get("NNDSL_TRACEBACK"):
        traceback.print_exception(error)
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{os.path.basename(frames[-1].filename)}:{frames[-1].lineno}" if frames else "nndsl"
    return Internal(None, _one_line(f"{type(error).__name__}: {error}"), place)


def _setting(option: str, context: click.Context) -> str | None:
    """The setting of a program that an option was taken for, `train.epochs` for `--epochs`, where a command has
    `--set`."""
    from nndsl.errors.suggest import closest
    from nndsl.model.sections import DATA_SETTINGS, TRAIN_SETTINGS

    if all(parameter.name != "overrides" for parameter in context.command.params):
        return None
    known = {**{name: f"data.{name}" for name in DATA_SETTINGS}, **{name: f"train.{name}" for name in TRAIN_SETTINGS}}
    known |= {"lr": "train.optimizer", "learning_rate": "train.optimizer"}
    name = option.lstrip("-").replace("-", "_")
    return known.get(closest(name, list(known)) or "") if name not in known else known[name]


def _one_line(text: str) -> str:
    return " ".join(text.split()).rstrip(".")


def _format_asked_for(arguments: Sequence[str]) -> str:
    """How the command line asks for messages, which is known even when the command itself cannot be parsed: `json`, as
    `events` of training, or as text."""
    if arguments[:1] == ["train"] and "--json" in arguments:
        return "events"
    asked = "--format=json" in arguments or ("--format", "json") in pairwise(arguments)
    return "json" if asked else "text"
