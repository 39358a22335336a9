"""The folder of a run: what training leaves behind, and how it is read back.

runs/digits-001/
  digits.nn              the program with all overrides applied (and the files it imports, in their folders)
  run.json               where its data lie, what was read from them, backend, versions
  model.onnx             trained: raw data in, weights and fitted preprocessing inside
  model.py weights.npz   the NumPy module and its state
  weights.safetensors    the same state, by single names
  history.csv train.log
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from nndsl.diagnostics import Failure
from nndsl.errors.commands import CannotWrite, ExistsAlready, NotARun
from nndsl.files import write_whole
from nndsl.model.network import Classes, Facts
from nndsl.training.history import History

RECORD = "run.json"


def new_folder(name: str, asked: str | None) -> Path:
    """Make the run's folder: the one asked for, or the next free `runs/NAME-001`.

    Raises `Failure` where it exists with something in it, or cannot be made.
    """
    try:
        if asked is None:
            return _next_free(Path("runs"), name)
        folder = Path(asked)
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise Failure(ExistsAlready(None, str(folder)))
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Failure(CannotWrite(None, asked or "runs", error.strerror or str(error))) from None
    return folder


def _next_free(parent: Path, name: str) -> Path:
    parent.mkdir(parents=True, exist_ok=True)
    taken = [int(m[1]) for path in parent.iterdir() if (m := re.fullmatch(rf"{re.escape(name)}-(\d+)", path.name))]
    number = max(taken, default=0) + 1
    while True:  # another process may take the number first
        folder = parent / f"{name}-{number:03}"
        try:
            folder.mkdir()
        except FileExistsError:
            number += 1
        else:
            return folder


def save(folder: Path, files: Mapping[str, bytes | str]) -> None:
    """Write each file whole; raises `Failure` with the file's name and the system's reason."""
    for name, content in files.items():
        path = folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, content)
        except OSError as error:
            raise Failure(CannotWrite(None, str(path), error.strerror or str(error))) from None


def record_text(record: Mapping[str, Any], facts: Facts) -> str:
    """The text of `run.json`: the record, and the facts under `facts`."""
    plain = {
        "sizes": dict(facts.sizes),
        "classes": {name: asdict(classes) for name, classes in facts.classes.items()},
        "rows": dict(facts.rows),
    }
    return json.dumps({**record, "facts": plain}, indent=2, ensure_ascii=False) + "\n"


def read_record(folder: Path) -> tuple[dict[str, Any], Facts]:
    """The record and facts of a run's folder; raises `Failure` (NN504) where it is not one."""
    path = folder / RECORD
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        facts = Facts(
            sizes=record["facts"]["sizes"],
            classes={name: _classes(plain) for name, plain in record["facts"]["classes"].items()},
            rows=record["facts"]["rows"],
        )
    except FileNotFoundError:
        reason = f"it has no {RECORD}" if folder.is_dir() else "there is no such folder"
        raise Failure(NotARun(None, str(folder), reason)) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Failure(NotARun(None, str(folder), f"{RECORD} cannot be read ({error})")) from None
    return record, facts


def _classes(plain: Mapping[str, Any]) -> Classes:
    names = plain["names"]
    return Classes(plain["count"], None if names is None else tuple(names), plain["unknown"])


def npz_bytes(state: Mapping[str, np.ndarray[Any, Any]]) -> bytes:
    """The state as an `.npz` archive: the same state, the same bytes (no dates)."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        for name, array in state.items():
            content = io.BytesIO()
            np.lib.format.write_array(content, np.ascontiguousarray(array), allow_pickle=False)
            file.writestr(zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0)), content.getvalue())
    return archive.getvalue()


def safetensors_bytes(state: Mapping[str, np.ndarray[Any, Any]]) -> bytes:
    """The state as a safetensors file."""
    from safetensors.numpy import save as serialize

    return bytes(serialize({name: np.ascontiguousarray(array) for name, array in state.items()}))


def read_weights(folder: Path) -> dict[str, np.ndarray[Any, Any]]:
    """The state of a run, by single names; raises `Failure` (NN504) where it cannot be read."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        return dict(load((folder / "weights.safetensors").read_bytes()))
    except (OSError, SafetensorError) as error:
        raise Failure(NotARun(None, str(folder), f"weights.safetensors cannot be read ({error})")) from None


def read_history(folder: Path) -> History:
    """The history of a run; raises `Failure` (NN504) where it cannot be read."""
    try:
        return History.from_csv((folder / "history.csv").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Failure(NotARun(None, str(folder), f"history.csv cannot be read ({error})")) from None
