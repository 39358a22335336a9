"""`nndsl predict RUN DATA… -o OUT`: the trained model's outputs for the rows of data files, in order and streaming."""

from __future__ import annotations

import io
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Literal

import click

from nndsl.cli.output import backend_options, format_option, say
from nndsl.model.sources import SOURCES

FORMATS = ("csv", "jsonl", "npz", "parquet")

UNWRITTEN = frozenset(
    ".json .xlsx .xls .ods .npy .arrow .feather .h5 .hdf5 .pkl .pickle .gz .zip .sqlite .html".split()
)
"""Endings that ask for something else than CSV, which is what a name says nothing of gets."""


@click.command("predict")
@click.argument("run", type=click.Path())
@click.argument("data", type=click.Path(), nargs=-1, required=True)
@click.option("-o", "--out", type=click.Path(), help="The file to write: .csv, .jsonl, .npz, .parquet (or print CSV).")
@click.option("--to", type=click.Choice(FORMATS), help="What to write, whatever the name of the file says.")
@click.option("--from", "kind", type=click.Choice([*SOURCES]), help="What DATA is, whatever its name says.")
@click.option(
    "--keep", multiple=True, metavar="COLUMN", help="A column of DATA to write beside the outputs (* for all)."
)
@backend_options
@format_option
def command(
    run: str,
    data: tuple[str, ...],
    out: str | None,
    to: str | None,
    kind: str | None,
    keep: tuple[str, ...],
    backend: Literal["onnx", "numpy"],
    provider: Literal["cpu", "cuda"],
) -> None:
    """Run a trained model on files of examples.

    DATA are files, patterns, a folder of images, or - for standard input (CSV, unless --from says otherwise). Where the
    model has several inputs, arrays of one file each are given as NAME=FILE.
    """
    from nndsl.api import Run
    from nndsl.data.standard_input import standard_input
    from nndsl.training.predictions import writer

    written = _format(out, to)
    opened = Run.open(run, backend=backend, provider=provider)
    with ExitStack() as stack:
        files, arrays = _arguments(data, [each.name for each in opened.net.checked.network.inputs])
        if "-" in files:
            kind = kind or "csv"
            files = [stack.enter_context(standard_input())]
        _refuse_overwriting(out, [*files, *arrays.values()])
        rows = 0
        with _output(out, written) as file:
            target = writer(written, file)
            for piece in opened.predictions(files, kind=kind, keep=keep, arrays=arrays):
                target.write(piece)
                rows += len(next(iter(piece.values())))
            target.finish()
    if out not in (None, "-"):
        say(f"{out}: {rows} row{'s' * (rows != 1)}")


def _format(out: str | None, to: str | None) -> str:
    """What is to be written: as it is said, by the file's ending, or CSV."""
    from nndsl.diagnostics import Failure
    from nndsl.errors.commands import BadOption
    from nndsl.errors.suggest import closest
    from nndsl.training.predictions import ENDINGS, TEXTS

    if out in (None, "-"):
        if to not in (None, *TEXTS) and sys.stdout.isatty():
            raise Failure(BadOption(None, "--to", f"{to} is not for a terminal: name a file with -o, or redirect it"))
        return to or "csv"
    ending = Path(out or "").suffix.lower()
    near = closest(ending, ENDINGS) if ending else None
    if to is None and ending not in ENDINGS and (near or ending in UNWRITTEN):
        hint = f"did you mean {near}?" if near else f"there are {', '.join(ENDINGS)}"
        raise Failure(BadOption(None, "-o", f"{ending} is nothing that can be written; {hint}"))
    return to or ENDINGS.get(ending, "csv")


def _arguments(data: Sequence[str], inputs: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Files, and those that are given as NAME=FILE."""
    from nndsl.diagnostics import Failure
    from nndsl.errors.commands import BadOption

    arrays: dict[str, str] = {}
    files = []
    for argument in data:
        name, equals, file = argument.partition("=")
        if equals and name in inputs and not os.path.lexists(argument):
            if name in arrays:
                raise Failure(BadOption(None, argument, f"`{name}` is given twice"))
            arrays[name] = file
        else:
            files.append(argument)
    if files and arrays:
        raise Failure(BadOption(None, files[0], "give either files that hold all inputs, or NAME=FILE for each input"))
    if "-" in files and len(files) > 1:
        raise Failure(BadOption(None, "-", "standard input stands alone: it cannot be joined with files"))
    return files, arrays


def _refuse_overwriting(out: str | None, files: Sequence[str]) -> None:
    """Raise a `Failure` where the output would replace what it is made from."""
    from nndsl.data.endings import files_of
    from nndsl.diagnostics import Failure
    from nndsl.errors.commands import ExistsAlready

    if out in (None, "-") or not os.path.exists(out or ""):
        return
    for file in files_of(files):
        if os.path.exists(file) and os.path.samefile(out or "", file):
            raise Failure(ExistsAlready(None, f"{out}, which holds the data,"))


@contextmanager
def _output(out: str | None, written: str) -> Iterator[Any]:
    """Where to write to: standard output, or a file that is there when all is done."""
    from nndsl.files import folder_for, written_whole
    from nndsl.training.predictions import TEXTS
    from nndsl.training.store import cannot_write

    if out is not None and out != "-":
        path = Path(out)
        try:
            with folder_for(path.parent), written_whole(path) as file:
                yield file
        except (OSError, ValueError) as error:
            raise cannot_write(out, error) from None
    elif written in TEXTS:
        yield _StandardOutput()
    else:  # written as a whole, since its parts are not written in order
        with tempfile.TemporaryFile() as file:
            yield file
            file.seek(0)
            shutil.copyfileobj(file, _StandardOutput(), 1 << 20)


class _StandardOutput(io.RawIOBase):
    """Standard output as a binary file: UTF-8, whatever encoding a terminal's text has."""

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:
        binary = getattr(sys.stdout, "buffer", None)
        if binary is None:  # it was replaced by something that takes text only
            sys.stdout.write(bytes(content).decode())
        else:
            sys.stdout.flush()
            binary.write(content)
            binary.flush()
        return len(content)
