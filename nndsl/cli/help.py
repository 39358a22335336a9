"""`nndsl help WORD`: what a word of the vocabulary means; alone, all words by kind."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, get_type_hints

import click

from nndsl.cli.output import format_option

if TYPE_CHECKING:
    from nndsl.library.entries import Entry

EXAMPLES = {
    "checkpoint": "checkpoint(every = 1000)",
    "terminate_on_nan": "terminate_on_nan()",
    "report": 'report("val/train", val_loss / loss)',
    "csv_log": 'csv_log("log.csv", separator = ";")',
    "tensorboard": "tensorboard(histograms = false)",
}
"""How callbacks are called that watch nothing."""

READERS = {
    **dict.fromkeys(("read_csv", "loadtxt", "genfromtxt"), "csv"),
    "read_parquet": "parquet",
    **dict.fromkeys(("read_feather", "read_ipc"), "arrow"),
    **dict.fromkeys(("image_dataset_from_directory", "flow_from_directory", "ImageFolder"), "images"),
}
"""The sources that stand for what pandas, NumPy, Keras and PyTorch read data with."""


@click.command("help")
@click.argument("word", required=False)
@format_option
def command(word: str | None) -> None:
    """What a word of the vocabulary means, such as dense or adam; alone, all words by kind.

    Names of Keras and PyTorch (Conv2D, nn.Linear) lead to ours.
    """
    from nndsl.library import entries, reference, vocabulary
    from nndsl.model.callback_settings import CALLBACKS
    from nndsl.model.sources import SOURCES

    vocabulary.load()
    if word is None:
        words = {str(kind): [each.name for each in members] for kind, members in entries.kinds().items()}
        click.echo(reference.overview(words | {"callback": sorted(CALLBACKS), "source": sorted(SOURCES)}))
        click.echo("`nndsl help WORD` says what one of them is, `nndsl COMMAND --help` what a command does.")
        return
    name, note = ours(word)
    if note:
        click.echo(f"{note}\n")
    click.echo("\n".join(reference.text(each) for each in entries_of(name)), nl=False)


def ours(word: str) -> tuple[str, str]:
    """Our name for a word, and what is to be said of the difference; a `Failure` where it means nothing."""
    from nndsl.diagnostics import Failure
    from nndsl.errors.commands import UnknownWord
    from nndsl.errors.suggest import INSTEAD, closest
    from nndsl.library.registry import ALIASES, FOREIGN, TABLES
    from nndsl.model.callback_settings import CALLBACKS
    from nndsl.model.sources import SOURCES

    known = {*(name for table in TABLES.values() for name in table), *CALLBACKS, *SOURCES}
    last = word.rpartition(".")[2] if word.rpartition(".")[2].isidentifier() else word  # nn.Linear, keras.layers.Dense
    if word in known:
        return word, ""
    if word in ALIASES:
        return ALIASES[word], f"`{word}` is another name of `{ALIASES[word]}`."
    if found := FOREIGN.get(last) or (last if last in known else "") or _callback(last) or READERS.get(last):
        return found, f"`{word}` is called `{found}` here."
    near = closest(last.lower(), [*known, *ALIASES])
    advice = f"did you mean `{near}`?" if near else "`nndsl help` lists all words"
    raise Failure(UnknownWord(None, word, INSTEAD.get(last.lower(), advice)))


def _callback(name: str) -> str | None:
    """`EarlyStopping` and `ReduceLROnPlateau` are Keras's spellings."""
    from nndsl.model.callback_settings import CALLBACKS

    keras = {own.replace("_", ""): own for own in CALLBACKS} | {"csvlogger": "csv_log", "modelcheckpoint": "checkpoint"}
    return keras.get(name.replace("_", "").lower())


def entries_of(name: str) -> list[Entry]:
    """Everything of that name: `mse` is a loss, and a metric; each with what is to be said of it alone."""
    from nndsl.library.entries import entry, is_loss_as_metric
    from nndsl.library.registry import TABLES
    from nndsl.model.callback_settings import CALLBACKS
    from nndsl.model.sources import SOURCES
    from nndsl.training.callbacks import known_callbacks

    if name in SOURCES:
        return [_source(name)]
    found = [table[name] for table in TABLES.values() if name in table]
    shown = [entry(each) for each in found if not is_loss_as_metric(each)]
    return shown + ([_entry_of(name, known_callbacks()[name])] if name in CALLBACKS else [])


def _entry_of(name: str, callback: type[Any]) -> Entry:
    from nndsl.library.entries import Entry, arguments_of

    hints = get_type_hints(callback.__init__)
    parameters = list(inspect.signature(callback).parameters.values())
    arguments = arguments_of(each.replace(annotation=hints[each.name]) for each in parameters)
    example = f"train {{\n  callbacks = [{EXAMPLES.get(name, f'{name}(val_loss)')}]\n}}\n"
    doc = inspect.getdoc(callback) or ""
    return Entry(name, "callback", arguments, doc, example, "https://keras.io/api/callbacks/" if "Keras" in doc else "")


def _source(name: str) -> Entry:
    from nndsl.library.entries import Argument, Entry
    from nndsl.model.sources import SOURCES

    kind = SOURCES[name]
    files = Argument("path", "a file, or a pattern such as part-*; several are joined by rows", variadic=True)
    if kind.a_file == "array":
        files = Argument("NAME", "the file of the array NAME, or several that are joined by rows", '"…"')
    options = [Argument(option, taken.expects, taken.default) for option, taken in kind.options.items()]
    return Entry(name, "source", (files, *options), kind.doc, f"data {{\n  source = {kind.example}\n}}\n", "")
