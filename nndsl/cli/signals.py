"""Ctrl-C, SIGTERM, SIGHUP: training ends after its step and saves what it has learnt; other work ends at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any, Self

from nndsl.diagnostics import HUNG_UP, TERMINATED

HANGUP: int | None = getattr(signal, "SIGHUP", None)
"""The terminal is gone; not every system says so."""


class Stopping:
    """While it is entered, a first signal is remembered in `asked`; a second one interrupts as it always does."""

    def __init__(self) -> None:
        self.asked: int | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, *endings()):
                self._before[number] = signal.signal(number, self._ask)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._restore()

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self.asked = number
        self._restore()

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)


def endings() -> list[int]:
    """The signals that ask a command to end; `nohup` has it ignore that the terminal is gone."""
    hangup = HANGUP is not None and signal.getsignal(HANGUP) is not signal.SIG_IGN
    return [signal.SIGTERM, *([HANGUP] if HANGUP is not None and hangup else [])]


@contextmanager
def termination_as_exit() -> Iterator[None]:
    """SIGTERM as `SystemExit(143)` and SIGHUP as `SystemExit(129)`, so that what is half done is cleared away as after
    any error."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, _terminate) for number in endings()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _terminate(number: int, frame: FrameType | None) -> None:
    raise SystemExit(TERMINATED if number == signal.SIGTERM else HUNG_UP)
