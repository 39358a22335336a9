"""A program and the network that it describes: trained, asked, looked into and saved."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from nndsl.api.options import BackendName, Provider
from nndsl.api.program import Program
from nndsl.diagnostics import Failure
from nndsl.training import callbacks, loop, store

if TYPE_CHECKING:
    from nndsl.api.run import Run


class Net(Program):
    """A program and the network that it describes.

    Whatever is wrong with the program, its data or an argument is raised as `nndsl.Failure`.
    """

    def train(
        self,
        out: str | os.PathLike[str] | None = None,
        *,
        backend: BackendName = "onnx",
        provider: Provider = "cpu",
        observer: loop.Observer | None = None,
        max_memory: int | None = None,
        picture: bool = True,
    ) -> Run:
        """Train as the program says; gives the run, whose folder is `out` (`runs/NAME-001` and so on if not given).

        The `observer` is told of every batch and epoch (`nndsl.training.loop.Observer`), and can end training. Nothing
        is written until training has ended; then all of it, and last `history.png`, unless `picture` is false or
        plotting is not installed. Raises `Failure`, among others with NN501 where training diverges; the run then has
        the weights of the last good epoch.
        """
        from nndsl.api.run import Run

        data = self.read_data()
        step = self.step
        actions = callbacks.build(step.train.callbacks, loop.reported(step, validated=data.validation is not None))
        state = self.initial_state(max_memory)
        session = self.session(state, backend, provider)
        with store.new_folder(step.network.name, os.fspath(out) if out is not None else None) as folder:
            examples = loop.Examples(data.train, data.validation)
            outcome = loop.Trainer(session, step, examples, actions, observer, folder=folder).run()
            run = Run(folder, self, session.state(), outcome.history, backend, provider, outcome.stopped)
            run.session = session
            kept = ""
            if outcome.diverged is None or len(outcome.history):
                run.save()
                kept = f"\n{folder} keeps the weights after epoch {len(outcome.history)}"
            if outcome.diverged is not None:
                raise Failure(replace(outcome.diverged, kept=kept))
        if picture:
            run.plot()
        return run
