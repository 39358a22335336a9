"""`net.load_weights(path)`: the weights of an earlier training, from what `net.save` or a run left behind."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nndsl.api.weights import fitting_array
from nndsl.diagnostics import Failure
from nndsl.errors.api import OtherWeights
from nndsl.errors.commands import BadOption
from nndsl.model.network import Facts
from nndsl.training import store
from nndsl.transform.names import EMA

if TYPE_CHECKING:
    from nndsl.api.net import Net

SHOWN = 3
"""Names that a message lists."""


def load_weights(net: Net, path: str) -> None:
    """Give the network all weights of a file or of a run's folder, or leave it as it was."""
    if not path:
        raise Failure(BadOption(None, "path", "it is empty"))
    found, facts = _read(path)
    with net.or_as_before():
        if net.facts is None and facts is not None:
            net.learn_facts(facts)
        if net.waits_for_facts is not None:
            raise Failure(net.waits_for_facts)
        if net.facts is not None and facts is not None:
            for name in net.facts.classes.keys() & facts.classes.keys():
                if net.facts.classes[name].names != facts.classes[name].names:
                    raise Failure(OtherWeights(None, path, f"`{name}` has other kinds, or in another order, there"))
        net.take_weights(_matched(net, path, found))


def _matched(net: Net, path: str, found: dict[str, np.ndarray[Any, Any]]) -> dict[str, np.ndarray[Any, Any]]:
    """What the network has of a file's arrays: each of its weights, and averages of them where it keeps some.

    The file may hold more that belongs to these weights (slots of an optimizer, what checkpoints have with a slash).
    """
    weights = {state.name: state for state in net.step.states if state.role != "slot"}
    missing = [name for name in weights if name not in found]
    if missing:
        raise Failure(OtherWeights(None, path, f"it has no {_listed(missing)}"))
    own = tuple(f"{name}." for name in weights)
    other = [name for name in found if name not in weights and "/" not in name and not name.startswith(own)]
    if other:
        raise Failure(OtherWeights(None, path, f"the network has no {_listed(other)}, which it holds"))
    averages = [state for state in net.step.states if state.name in found and state.name.endswith(f".{EMA}")]
    return {state.name: fitting_array(state, found[state.name]) for state in (*weights.values(), *averages)}


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names[:SHOWN]) + (", …" if len(names) > SHOWN else "")


def _read(path: str) -> tuple[dict[str, np.ndarray[Any, Any]], Facts | None]:
    """The arrays by name, and what a run had read from its data where it is one's folder."""
    place = Path(path)
    if place.is_dir():
        facts = store.read_record(place).facts
        return _read(str(place / store.WEIGHTS))[0], facts
    ending = place.suffix.lower()
    if ending not in (".safetensors", ".npz"):
        known = "give a .safetensors or .npz file, or the folder of a run"
        raise Failure(BadOption(None, "path", f"{path} does not hold weights that can be read; {known}"))
    try:
        if not place.is_file():
            raise Failure(OtherWeights(None, path, "it is no file" if place.exists() else "there is no such file"))
        content = place.read_bytes()
    except (OSError, ValueError) as error:
        reason = store.reason_of(error) if isinstance(error, OSError) else "no file can have this name"
        raise Failure(OtherWeights(None, path, f"it cannot be read: {reason}")) from None
    if ending == ".npz":
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
                return dict(arrays), None
        except (ValueError, TypeError, OSError, EOFError, zipfile.BadZipFile, NotImplementedError):
            raise Failure(OtherWeights(None, path, "it is not an archive of arrays, or damaged")) from None
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        return dict(load(content)), None
    except (SafetensorError, KeyError, ValueError, TypeError) as error:
        raise Failure(OtherWeights(None, path, f"it cannot be read ({error})")) from None
