"""What a run depends on besides its snapshot: program, data, engine, threads and versions; and what changed of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher

import numpy as np

from nndsl import __version__
from nndsl.codegen.backend import Array, Session
from nndsl.data.columns import Column
from nndsl.training.checkpoint import Identity
from nndsl.training.loop import Examples

BLOCKS, BLOCK = 256, 1 << 18
"""How many bytes of a column that lies on the disk are looked at, and in how many places."""

WIDEST = 80
"""How much of a line of a program is told."""

MEANING = frozenset({"program", "data"})
"""With others of these, an epoch that was begun begins anew; everything else only rounds differently."""


def identity(program: Mapping[str, str], examples: Examples, session: Session, backend: str, provider: str) -> Identity:
    """Hashes of the program's files and of the rows it is trained on, and what computes, by name."""
    return {
        "program": program_hash(program),
        "data": data_hash(examples),
        "backend": backend,
        "provider": provider,
        "threads": str(session.threads),
        "engine": session.engine,
        "numpy": f"numpy {np.__version__}",
        "nndsl": f"nndsl {__version__}",
    }


def program_hash(program: Mapping[str, str]) -> str:
    return hashlib.sha256(json.dumps(sorted(program.items())).encode()).hexdigest()


def data_hash(examples: Examples) -> str:
    """The hash of all rows for training and validation, by name.

    Of columns that lie on the disk, as data larger than memory do, blocks in many places are looked at.
    """
    whole = hashlib.sha256()
    for split in (examples.train, examples.validation):
        for name, values in sorted(split.arrays.items()) if split is not None else ():
            whole.update(f"{name} {values.dtype.str} {values.shape}".encode())
            for part in _looked_at(values):
                whole.update(np.ascontiguousarray(part).reshape(-1).view(np.uint8).data)
        whole.update(b"|")
    return whole.hexdigest()


def _looked_at(values: Array | Column) -> Iterator[Array]:
    if isinstance(values, np.ndarray):
        yield values
        return
    rows = max(1, BLOCK * len(values) // max(values.size * values.dtype.itemsize, 1))
    starts = np.linspace(0, max(len(values) - rows, 0), BLOCKS).astype(int)
    for start in sorted(set(starts.tolist())):
        yield values[start : start + rows]


def changes(before: Identity, now: Identity) -> list[str]:
    """The names of what is not as it was."""
    return [name for name in {**before, **now} if before.get(name) != now.get(name)]


def changes_text(changed: list[str], before: Identity, now: Identity) -> str:
    """In words; of the program `program_change` knows more."""
    if "backend" in changed:
        changed = [name for name in changed if name not in ("engine", "threads")]  # which follow from it
    forms = {"threads": "{} threads", "backend": "the {} backend", "provider": "the {} provider"}
    words = []
    for name in changed:
        form = "1 thread" if name == "threads" and now.get(name) == "1" else forms.get(name, "{}")
        instead = f"{form.format(now.get(name, 'none'))} instead of {before.get(name, 'none')}"
        words.append(f"the {name} is another" if name in MEANING else instead)
    return ", ".join(words).replace("the data is another", "the data are others")


def program_change(before: Mapping[str, str], now: Mapping[str, str]) -> str:
    """The first difference between two programs in words, empty if there is none: `epochs = 5` instead of …"""
    missing, others = [name for name in before if name not in now], [name for name in now if name not in before]
    if others and before:
        return f"{others[0]} instead of {missing[0]}" if missing else f"{others[0]} is new"
    if missing:
        return f"{missing[0]} is gone"
    for name in before:
        old, new = (files[name].splitlines() for files in (before, now))
        for kind, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
            if kind == "equal":
                continue
            added, gone = _shortened(new[c:d]), _shortened(old[a:b])
            place = f"{name}, line {c + 1}: "
            if not gone:
                return f"{place}`{added}` is new"
            return f"{place}`{added}` instead of `{gone}`" if added else f"{place}`{gone}` is gone"
    return ""


def _shortened(lines: list[str]) -> str:
    """The first line that says something, and no more of it than fits."""
    told = [" ".join(line.split()) for line in lines if line.strip()]
    first = told[0] if told else ""
    return first if len(told) <= 1 and len(first) <= WIDEST else f"{first[:WIDEST].rstrip()} …"
