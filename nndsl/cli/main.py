"""The command group: finds commands lazily, and turns whatever goes wrong into a message and an exit code."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module

import click

from nndsl import __version__
from nndsl.cli.output import print_diagnostics
from nndsl.diagnostics import WRONG_INPUT, Failure

COMMANDS = {
    "train": "Train a program's network; makes a run folder with the trained model.",
    "predict": "Run a trained model on a file of examples.",
    "eval": "Losses and metrics of a trained model.",
    "compile": "Write the training graph, the prediction graph and the NumPy module.",
    "check": "Check a program; with --grad its gradients, with --backends that both backends agree.",
    "summary": "The layers, their shapes and parameters, and the memory of a step.",
    "show": "Print a stage of the compilation as text.",
    "new": "Write a starting program for a CSV file.",
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
            raise click.UsageError(f"there is no command `{name}`" + (f"; did you mean `{near}`?" if near else ""))
        return super().resolve_command(context, arguments)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="nndsl %(version)s")
def commands() -> None:
    """Compile and train networks that are written in .nn files."""


def run(arguments: Sequence[str]) -> int:
    """Run one command; the exit code is DESIGN's: 0 done, 1 failed, 2 wrong input, 3 diverged, 4 environment."""
    style = _format_asked_for(arguments)
    try:
        commands.main(list(arguments), prog_name="nndsl", standalone_mode=False)
    except Failure as failure:
        print_diagnostics(failure.diagnostics, style)
        return failure.exit_code
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except (KeyboardInterrupt, click.Abort):
        return 130
    except click.ClickException as wrong:
        click.echo(f"error: {wrong.format_message()}", err=True)
        if isinstance(wrong, click.UsageError) and wrong.ctx:
            click.echo(f"  see: {wrong.ctx.command_path} --help", err=True)
        return WRONG_INPUT
    except BrokenPipeError:
        sys.stdout = None  # whoever read the output is gone: nothing more to flush
        return 1
    return 0


def _format_asked_for(arguments: Sequence[str]) -> str:
    """`json` if the command line asks for messages in JSON: known even when the command itself cannot be parsed."""
    pairs = zip(arguments, [*arguments[1:], ""], strict=True)
    return "json" if "--format=json" in arguments or ("--format", "json") in pairs else "text"
