"""Checkpoints as files: a snapshot and what the run depends on, in one safetensors file each.

checkpoints/epoch-0003.safetensors          after three epochs
checkpoints/epoch-0003+00012.safetensors    and twelve batches of the fourth

The state lies in it by its own names (`hidden.W`), so that any reader of the format finds the weights; the sums of the
unfinished epoch, accumulated gradients and what callbacks keep have names with a slash.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nndsl.codegen.backend import Array
from nndsl.diagnostics import Failure
from nndsl.errors.runs import StateOfCallback
from nndsl.files import write_whole
from nndsl.training.safetensors import CODES, Damaged, parse, pieces
from nndsl.training.snapshot import Snapshot

NAME = re.compile(r"epoch-(\d+)(?:\+(\d+))?\.safetensors")
ARRAYS = ("accumulated", "arrays")
"""The snapshot's arrays besides its state."""
PLAIN = ("epoch", "batch", "steps", "lr", "lr_scale", "rows", "losses", "numbers", "history", "stop")
"""What of it is numbers and texts; JSON holds each float64 exactly."""

Identity = Mapping[str, str]
"""What a run depends on besides its snapshot, by name: hashes of program and data, backend, threads, versions."""


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A checkpoint that was read, and is whole."""

    snapshot: Snapshot
    identity: Identity


def file_name(snapshot: Snapshot) -> str:
    within = f"+{snapshot.batch:05}" if snapshot.batch else ""
    return f"epoch-{snapshot.epoch:04}{within}.safetensors"


def found_in(folder: Path) -> list[Path]:
    """The checkpoints of a folder in the order of the run."""
    if not folder.is_dir():
        return []
    found = [(match, path) for path in folder.iterdir() if (match := NAME.fullmatch(path.name))]
    return [path for match, path in sorted(found, key=lambda each: (int(each[0][1]), int(each[0][2] or 0)))]


def write_checkpoint(path: Path, snapshot: Snapshot, identity: Identity) -> None:
    """Write the file whole or not at all.

    Raises `OSError` as the system gives it, `Failure` where a callback's state cannot be written.
    """
    arrays: dict[str, Array] = dict(snapshot.state)
    for kind in ARRAYS:
        arrays |= {f"{kind}/{name}": array for name, array in getattr(snapshot, kind).items()}
    callbacks = []
    for number, (name, state) in enumerate(snapshot.callbacks):
        callbacks.append([name, _split(state, f"callbacks/{number}", arrays)])
        try:
            json.dumps(callbacks[-1])
        except (TypeError, ValueError, RecursionError) as error:
            raise Failure(StateOfCallback(None, name, str(error))) from None
    record = {
        "identity": dict(identity),
        "snapshot": {name: getattr(snapshot, name) for name in PLAIN},
        "callbacks": callbacks,
    }
    write_whole(path, pieces(arrays, {"nndsl": json.dumps(record)}))


def read_checkpoint(path: Path) -> Checkpoint:
    """Raises `Damaged` where it is not what was written, `OSError` where it cannot be read."""
    arrays, metadata = parse(path.read_bytes())
    try:
        record = json.loads(metadata["nndsl"])
    except (KeyError, ValueError, TypeError):
        raise Damaged("it is no checkpoint of training") from None
    owned: dict[str, Any] = {
        kind: {name.removeprefix(f"{kind}/"): array for name, array in arrays.items() if name.startswith(f"{kind}/")}
        for kind in ARRAYS
    }
    snapshot = Snapshot(
        state={name: array for name, array in arrays.items() if "/" not in name},
        callbacks=tuple((name, _join(state, arrays)) for name, state in record["callbacks"]),
        **owned,
        **record["snapshot"],
    )
    return Checkpoint(snapshot, record["identity"])


def _split(value: Any, place: str, arrays: dict[str, Array]) -> Any:
    """The value with each array in it moved to `arrays`, and its name there in its place."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray) and value.dtype.name in CODES:
        arrays[place] = value
        return {"array": place}
    if isinstance(value, Mapping):
        return {"of": {name: _split(item, f"{place}/{name}", arrays) for name, item in value.items()}}
    if isinstance(value, list | tuple):
        return [_split(item, f"{place}/{number}", arrays) for number, item in enumerate(value)]
    return value


def _join(value: Any, arrays: Mapping[str, Array]) -> Any:
    if isinstance(value, list):
        return [_join(item, arrays) for item in value]
    if not isinstance(value, dict):
        return value
    if "array" in value:
        return arrays[value["array"]]
    return {name: _join(item, arrays) for name, item in value["of"].items()}
