"""What a network answers: outputs by name, and what its loss and metrics measure, over any examples."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from nndsl.api.options import SPLITS
from nndsl.api.program import Program
from nndsl.codegen.backend import Array, Session
from nndsl.data.dataset import Dataset
from nndsl.data.endings import are_paths, open_like
from nndsl.data.files import UNLIMITED
from nndsl.data.given import Given, given_dataset
from nndsl.data.index_range import refuse_out_of_range
from nndsl.data.inputs import input_pieces
from nndsl.data.load import load_inputs, sources_of
from nndsl.data.sources import Opened
from nndsl.data.wording import quoted
from nndsl.diagnostics import Failure
from nndsl.errors.commands import BadOption
from nndsl.model.index_range import index_ranges
from nndsl.model.network import Declared
from nndsl.model.sections import DataSection
from nndsl.training import measuring
from nndsl.training.sums import Sums
from nndsl.transform.step import Step

PREDICTED_TOGETHER = 1024
PREDICTION_MEMORY = 2**30
"""Prediction runs on this many rows at a time, or on as few as keep their activations within this many bytes."""

Data = Any
"""Arrays by name (anything that `numpy.asarray` takes), one such or a frame, or paths of data files."""


def predictions(
    program: Program, session: Session, inputs: Dataset, together: int | None = None, before: int = 0
) -> dict[str, Array]:
    """The outputs for all rows, in order; classes that have names are given by name. The session runs on so many rows
    `together`, or on as many as are good. Messages count the rows `before`."""
    refuse_out_of_range(inputs, index_ranges(program.step.network, predicting=True), before=before)
    outputs = measuring.predict(session, inputs, together or rows_together(program))
    for output in program.step.network.outputs:
        classes = output.classes.classes if output.classes else None
        if classes is not None and classes.names is not None:
            other = ("other",) if classes.unknown == "other" else ()
            outputs[output.name] = np.array([*classes.names, *other])[outputs[output.name]]
    return outputs


def rows_together(program: Program) -> int:
    """On how many rows prediction runs at once."""
    needed = program.memory_of(PREDICTED_TOGETHER).activations
    return max(1, PREDICTED_TOGETHER * PREDICTION_MEMORY // max(needed, PREDICTION_MEMORY))


def predictions_in_pieces(
    program: Program, session: Session, opened: Sequence[Opened], keep: Sequence[str] = ()
) -> Iterator[dict[str, Array]]:
    """The outputs of piece after piece of the rows of tables, in order, with what is kept before them."""
    inputs, sizes = program.checked.network.inputs, program.facts.sizes if program.facts else None
    outputs = [output.name for output in program.checked.network.outputs]
    together, before = rows_together(program), 0
    for piece in input_pieces(opened, _section(program), inputs, sizes, together, keep):
        for name in piece.kept:
            if name in outputs:
                reason = f"{quoted(name)} is what an output of the model is called, so it cannot be a column beside it"
                raise Failure(BadOption(None, "keep", reason))
        yield {**piece.kept, **predictions(program, session, piece.inputs, together, before)}
        before += piece.inputs.rows


def measured(program: Program, session: Session, data: Dataset) -> dict[str, float | Array]:
    """Loss and metrics over all rows; a metric that is a table, such as a confusion matrix, is an array."""
    refuse_out_of_range(data, index_ranges(program.step.network))
    return _finished(measuring.measure(session, program.step, data, program.batch_size))


def measured_in_pieces(
    program: Program, session: Session, step: Step, pieces: Iterable[Dataset]
) -> tuple[int, dict[str, float | Array]]:
    """The same over one piece of rows after another, and how many rows there were; `step` is the session's own."""
    ranges = index_ranges(step.network)

    def refused(pieces: Iterable[Dataset]) -> Iterator[Dataset]:
        before = 0
        for piece in pieces:
            refuse_out_of_range(piece, ranges, before=before)
            before += piece.rows
            yield piece

    sums = measuring.measure_pieces(session, step, refused(pieces), program.batch_size)
    return sums.rows, _finished(sums)


def _finished(sums: Sums) -> dict[str, float | Array]:
    return {**sums.finish(), **sums.tables()}


def pieces_of(program: Program, split: str, data: Data | None = None, kind: str | None = None) -> Iterator[Dataset]:
    """What `examples_of` gives, a piece of rows at a time where data files are given, all of `kind` if one is given."""
    _refuse_unknown(split)
    if data is None or not are_paths(data):
        yield examples_of(program, split, data)
        return
    network, section = program.checked.network, _section(program)
    declared, sizes = (*network.inputs, *network.targets), program.facts.sizes if program.facts else None
    opened = open_like(data, sources_of(section), declared, UNLIMITED, kind=kind, in_pieces=True)
    for piece in input_pieces(opened, section, declared, sizes, program.batch_size):
        yield piece.inputs


def examples_of(program: Program, split: str, data: Data | None = None) -> Dataset:
    """Inputs and targets of a split of the program's own data, or of other data; raises `Failure` where there is no
    such split."""
    _refuse_unknown(split)
    if data is not None:
        return _read(program, data, (*program.checked.network.inputs, *program.checked.network.targets))
    examples: Dataset | None = getattr(program.data, split)
    if examples is None:
        there = ", ".join(name for name in SPLITS if getattr(program.data, name) is not None)
        raise Failure(BadOption(None, "split", f"the program's data have no {split} split; they have {there}"))
    return examples


def _refuse_unknown(split: str) -> None:
    if split not in SPLITS:
        raise Failure(BadOption(None, "split", f"there is no split `{split}`; there are {', '.join(SPLITS)}"))


def inputs_of(program: Program, data: Data) -> Dataset:
    """The inputs of all rows, in order."""
    return _read(program, data, program.checked.network.inputs)


def _section(program: Program) -> DataSection | None:
    """The data section, whose patterns stand for the columns that they found when the network was trained."""
    section, columns = program.declared.data, program.facts.columns if program.facts else {}
    if section is None or not columns:
        return section
    bindings = {
        name: replace(selection, patterns=columns[name]) if name in columns else selection
        for name, selection in section.bindings.items()
    }
    return replace(section, bindings=bindings)


def _read(program: Program, data: Data, declared: Sequence[Declared]) -> Dataset:
    section = _section(program)
    if are_paths(data):
        return load_inputs(data, section, declared, sizes=program.facts.sizes if program.facts else None)
    return given_dataset(Given(data), section, declared, program.facts, model=program.checked.network.name)
