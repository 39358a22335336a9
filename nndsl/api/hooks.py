"""Callbacks of a Python program: objects with Keras's hooks, as the training loop calls its own."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from nndsl.diagnostics import Failure
from nndsl.errors.commands import BadOption
from nndsl.training.callbacks import Callback, Control
from nndsl.training.loop import StopTraining

if TYPE_CHECKING:
    from nndsl.api.net import Net

BATCH_HOOKS = ("on_batch_end", "on_train_batch_end")
HOOKS = ("on_train_begin", "on_epoch_begin", *BATCH_HOOKS, "on_epoch_end", "on_train_end")


class Hooked(Callback):
    """An object with any of `HOOKS`, with Keras's arguments; `net` and `control` are set on it before training.

    It ends training by raising `nndsl.StopTraining("why")` or with `self.net.stop_training = True`: then the epoch ends
    after the batch that it is in.
    """

    def __init__(self, hooks: Any, net: Net):
        self.hooks = hooks
        self.net = net
        self.known = {name: _calling(getattr(hooks, name)) for name in HOOKS if callable(getattr(hooks, name, None))}

    def call(self, name: str, control: Control, *arguments: Any) -> None:
        hook = self.known.get(name)
        if hook is None:
            return
        try:
            hook(*arguments)
        except StopTraining as stop:
            control.stop = str(stop) or f"{type(self.hooks).__name__} stopped it"
        if self.net.stop_training and not control.stop:
            control.stop = f"{type(self.hooks).__name__} stopped it"

    def on_train_begin(self, control: Control) -> None:
        for name, value in (("net", self.net), ("control", control)):
            with suppress(AttributeError):  # an object with slots has no place for it
                setattr(self.hooks, name, value)
        self.call("on_train_begin", control, {})

    def on_epoch_begin(self, epoch: int, control: Control) -> None:
        self.call("on_epoch_begin", control, epoch, {})

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float], control: Control) -> None:
        self.call("on_epoch_end", control, epoch, dict(logs))

    def on_train_end(self, control: Control) -> None:
        self.call("on_train_end", control, {})

    def state(self) -> dict[str, Any]:
        """What the object's own `state()` gives, if it has one: then checkpoints hold it."""
        return {"of": self.hooks.state()} if callable(getattr(self.hooks, "state", None)) else {}

    def set_state(self, state: Mapping[str, Any]) -> None:
        if "of" in state:
            self.hooks.set_state(state["of"])


class HookedBatches(Hooked):
    """One that is called after each batch too; the loop spares others the call."""

    def on_batch_end(self, epoch: int, batch: int, logs: Mapping[str, float], control: Control) -> None:
        for name in BATCH_HOOKS:
            self.call(name, control, batch, dict(logs))


def hooked(callbacks: Iterable[Any], net: Net) -> list[Callback]:
    """Each as the loop takes it; raises `Failure` for what has none of the hooks."""
    made: list[Callback] = []
    if not isinstance(callbacks, Iterable):
        raise Failure(BadOption(None, "callbacks", f"they come in a list, not as {callbacks!r}"))
    for each in callbacks:
        if isinstance(each, Callback):
            made.append(each)
            continue
        found = [name for name in HOOKS if callable(getattr(each, name, None))]
        if not found or isinstance(each, type):
            what = f"{each!r} is a class: make one" if isinstance(each, type) else f"{each!r} has no hook"
            raise Failure(BadOption(None, "callbacks", f"{what}; the hooks are {', '.join(HOOKS)}"))
        made.append((HookedBatches if any(name in BATCH_HOOKS for name in found) else Hooked)(each, net))
    return made


def _calling(hook: Callable[..., Any]) -> Callable[..., Any]:
    """The hook, called with as many of the arguments as it takes: the last one, the logs, may be left out."""
    try:
        parameters = inspect.signature(hook).parameters.values()
    except (TypeError, ValueError):
        return hook
    if any(each.kind is each.VAR_POSITIONAL for each in parameters):
        return hook
    taken = sum(each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD) for each in parameters)
    return lambda *arguments: hook(*arguments[:taken])
