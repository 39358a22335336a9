"""A program and the network that it describes: trained, asked, looked into and saved."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from nndsl.api import answers
from nndsl.api.fitting import Asked, fit, with_weights
from nndsl.api.loading import load_weights
from nndsl.api.options import SPLITS, BackendName, Provider, Split
from nndsl.api.saving import save
from nndsl.api.stateful import Stateful
from nndsl.api.training import Wish, python_warning
from nndsl.api.training import train as train_in_folder
from nndsl.api.tuning import Tune
from nndsl.codegen.backend import Array
from nndsl.data.given import Given, given_dataset
from nndsl.diagnostics import Diagnostic, Failure
from nndsl.errors.commands import BadOption
from nndsl.training import loop
from nndsl.transform.weighting import weight_of

if TYPE_CHECKING:
    from nndsl.api.run import Run


class Net(Stateful):
    """A program and the network that it describes, with its weights.

    A new one has initial weights; `fit` and `train` change them, `predict` and `evaluate` use them as they are.
    Whatever is wrong with the program, its data or an argument is raised as `nndsl.Failure`.
    """

    # ------------------------------------------------------------ training

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        *,
        epochs: int | None = None,
        batch_size: int | None = None,
        validation_data: Any = None,
        validation_split: float = 0.0,
        sample_weight: Any = None,
        class_weight: Any = None,
        callbacks: Iterable[Any] = (),
        verbose: bool | int | str = "auto",
        seed: int | None = None,
        backend: BackendName | None = None,
        provider: Provider | None = None,
        out: str | os.PathLike[str] | None = None,
        max_memory: int | None = None,
        tune: Tune = False,
    ) -> Run:
        """Train on what a Python program has in hand, as Keras's `fit`; a second call goes on where the first ended.

        - `x`, `y`: arrays, `[rows, …]`; mappings from names to arrays where there are several inputs or targets; or
          frames (pandas, polars, arrow), whose columns go where the program says, or all to its one input. Without `y`,
          `x` holds the targets too; without `x`, the program's own data are taken.
        - `epochs`, `batch_size`, `seed`: instead of the program's. Epochs are those of this call.
        - `validation_data`: `(x, y)` or `(x, y, sample_weight)`. `validation_split`: that share of the rows, from the
          end, before anything is shuffled.
        - `sample_weight`: a weight for each row, which multiplies its losses: sum(w l) / rows of the batch.
          `class_weight`: `"balanced"`, or a mapping or list of a weight for each class; both together are multiplied.
          Metrics are not weighted, validation has the weights of `validation_data` only.
        - `callbacks`: objects with some of `on_train_begin`, `on_epoch_begin(epoch, logs)`, `on_batch_end(batch,
          logs)`, `on_epoch_end(epoch, logs)`, `on_train_end`, beside those of the program. Each has this network as
          `net`; it ends training with `net.stop_training = True`, or by raising `nndsl.StopTraining("why")`.
        - `verbose`: True for a line an epoch, in a notebook for a curve; "auto" does so in a terminal or notebook only.
        - `out`: a folder for the run, as that of `train`; without it nothing is written.
        - `tune`: as for `train`; later calls keep what was found.

        The first call settles what is read from data: the kinds of a bare `class`, free sizes, fitted layers (these see
        the training rows only). The run has `history`, `stopped`, and the network as `net`. Raises `Failure` where what
        is given does not fit the program, and with NN501 where training diverges: the last good weights then stay.
        """
        engine = self.backend, self.provider, self.choices
        self.backend, self.provider = backend or self.backend, provider or self.provider
        asked = Asked(x, y, validation_data, validation_split, sample_weight, class_weight)
        settings = {"epochs": epochs, "batch_size": batch_size, "seed": seed}
        try:
            return fit(
                self,
                asked,
                settings,
                callbacks=callbacks,
                verbose=verbose,
                out=out,
                max_memory=max_memory,
                tune=tune,
            )
        except Failure:
            self.backend, self.provider, self.choices = engine
            raise

    def train(
        self,
        out: str | os.PathLike[str] | None = None,
        *,
        resume: str | os.PathLike[str] | None = None,
        force: bool = False,
        backend: BackendName | None = None,
        provider: Provider | None = None,
        observer: loop.Observer | None = None,
        max_memory: int | None = None,
        picture: bool = True,
        warn: Callable[[Diagnostic], object] = python_warning,
        callbacks: Iterable[Any] = (),
        tune: Tune = False,
    ) -> Run:
        """Train as the program says; gives the run, whose folder is `out` (`runs/NAME-001` and so on if not given).

        With `resume`, the folder of a run that was stopped or killed, training goes on from its newest checkpoint and
        ends as it would have ended: bit for bit, with the same program, data, backend, threads and versions. `force`
        goes on although one of these changed. Without an own wish a resumed run keeps its backend (else `onnx`).

        With `tune`, what can be chosen for the network on this machine, such as the number of threads, is measured on
        its first batches before training begins, for a few seconds, and kept in the run's folder (`tuning.json`); or
        `tune` is the folder of a run for which that was done. What trains is another session than those measured.

        The `observer` is told of every batch and epoch (`nndsl.training.loop.Observer`), and can end training; `warn`
        of what goes wrong without ending it, such as a checkpoint that could not be written. `callbacks` come after the
        program's; one with `state` and `set_state` goes on counting where a run is resumed. The trained model is
        written when training has ended, and last `history.png`, unless `picture` is false or plotting is not
        installed. Raises `Failure`, among others with NN501 where training diverges; the run then has the last good
        weights.
        """
        wish = Wish(out, resume, force, backend, provider, observer, max_memory, warn, callbacks, tune)
        with self.anew():
            run = train_in_folder(self, wish)
        self.go_on_from(run)
        if picture:
            run.plot()
        return run

    # ------------------------------------------------------------ answers

    def predict(self, x: Any) -> dict[str, Array]:
        """The outputs by name for all rows of `x`: `{"label": [rows], "probability": [rows, …]}`.

        `x` is what `fit` takes, or the path of a data file. Classes that have names are given by name.
        """
        return answers.predictions(self, self.live_session(), answers.inputs_of(self, x))

    def evaluate(
        self, x: Any = None, y: Any = None, *, split: Split | None = None, sample_weight: Any = None
    ) -> dict[str, float | Array]:
        """Loss and metrics by name over the rows of `x` and `y`, or of a split of the program's own data (`test`, if no
        other is asked for).

        `x` and `y` are what `fit` takes, or `x` is the path of a data file, or a split by its name alone
        (`evaluate("train")`). A metric that is a table is an array.
        """
        if x is not None and split is not None:
            raise Failure(BadOption(None, "split", "it is of the program's own data, `x` are others: give one of them"))
        if isinstance(x, str) and x in SPLITS:
            x, split = None, cast(Split, x)
        if sample_weight is not None and not self.weighs:
            self.live_session(replace(self.weighted_step, train=self.step.train))
        session, weight = self.live_session(), weight_of(self.declared.declared)
        if x is None or isinstance(x, str | os.PathLike):
            for name, value in (("y", y), ("sample_weight", sample_weight)):
                if value is not None:
                    raise Failure(BadOption(None, name, "it belongs to an array `x`, and none is given"))
            data = answers.examples_of(self, split or "test", x)
        else:
            network, section = self.checked.network, self.declared.data
            given, own = Given(x, y, sample_weight), (*network.inputs, *network.targets)
            asked = weight if sample_weight is not None else None
            data = given_dataset(given, section, own, self.facts, weight=asked, model=network.name)
        return answers.measured(self, session, with_weights(data, weight.name) if self.weighs else data)

    # ------------------------------------------------------------ files

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the network to a file, whole or not at all, in place of one that is there:

        - `digits.onnx`: the trained model: raw data in, weights and fitted preprocessing inside;
        - `digits.safetensors`, `digits.npz`: its state by name;
        - a path without an ending: the folder of a run, which `nndsl.load` reads again. It must not be there yet.
        """
        save(self, os.fspath(path))

    def load_weights(self, path: str | os.PathLike[str]) -> None:
        """Take all weights, fitted layers included, from what `save` wrote (`.safetensors`, `.npz`), from a checkpoint,
        or from the folder of a run; the program may be another, its weights have the same names and shapes.

        The network then counts as trained: `predict` answers, `fit` goes on from these weights. Slots of the optimizer
        stay as they are. Raises `Failure` (NN552, NN558) where the weights are not this network's, which stays as it
        was.
        """
        load_weights(self, os.fspath(path))

    # ------------------------------------------------------------ notebooks

    def _repr_html_(self) -> str:
        from nndsl.notebook import net_html

        return net_html(self)
