"""`net.save(path)`: what a network is as a file, by the path's ending."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from nndsl.api.training import python_warning, run_state
from nndsl.diagnostics import Failure
from nndsl.errors.commands import BadOption
from nndsl.model.overrides import copies
from nndsl.training import store
from nndsl.training.run_folder import new_run

if TYPE_CHECKING:
    from nndsl.api.net import Net


def save(net: Net, path: str) -> None:
    """Write the file, or the folder of a run where the path has no ending."""
    from nndsl.api.run import Run

    if not path:
        raise Failure(BadOption(None, "path", "it is empty"))
    step, state, place = net.step, net.state, Path(path)
    match place.suffix.lower():
        case ".onnx":
            from nndsl.codegen.onnx.trained import trained_model

            content = trained_model(step, state)
        case ".safetensors":
            content = store.safetensors_bytes(state)
        case ".npz":
            content = store.npz_bytes(state)
        case "":
            overrides = (*net.overrides, *([] if net.seed is None else [f"train.seed={net.seed}"]))
            program = copies(net.program, overrides)
            began = run_state(net, program, net.backend, net.provider)
            with new_run(path, began, program, python_warning) as folder:
                # A checkpoint too, since it says how many steps were taken.
                folder.save(replace(net.progress, state=state, history=tuple(net.history.epochs)))
                run = Run(folder.path, net, state, net.history, net.backend, net.provider)
                run.overrides = overrides
                run.save()
                folder.end("finished", "")
            return
        case ending:
            known = ".onnx, .safetensors and .npz, and none for the folder of a run"
            raise Failure(BadOption(None, "path", f"`{ending}` is no ending of a file to save; there are {known}"))
    store.save(place.parent, {place.name: content})
