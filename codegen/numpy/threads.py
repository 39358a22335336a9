"""How a step is spread over the cores: its products by BLAS, or all of it, by parts of the batch.

BLAS computes products on all cores, and NumPy whatever else there is on one. With dense layers that is little. Of a
network of convolutions it is more than half: windows are copied, pools compared, masks applied. Where its batch is
large enough, each thread therefore computes a part of it from the inputs to the gradients, with products of its own.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import copy_context
from functools import cache
from importlib import import_module
from threading import Lock
from typing import TypeVar

Result = TypeVar("Result")

NAMES = ("scipy_openblas_{}_num_threads64_", "openblas_{}_num_threads64_", "openblas_{}_num_threads")
"""What OpenBLAS calls its functions in NumPy's wheels, and where it was built by others."""


class Blas:
    """The library that computes NumPy's products, which is asked and told how many threads it computes them with.

    Only OpenBLAS can be told, where the library that NumPy loads has it among those that it is linked to.
    """

    def __init__(self, get: Callable[[], int], set: Callable[[int], None]):
        self._get, self._set = get, set
        self._lock = Lock()
        self._asking, self._usual = 0, 0

    @property
    def threads(self) -> int:
        """How many there are, where nobody asks for a single one."""
        with self._lock:
            return self._usual if self._asking else self._get()

    @contextmanager
    def single(self) -> Iterator[None]:
        """Products are computed by the thread that asks for them. The number is the whole process's: it is what it was
        when the last of all that ask so has ended."""
        with self._lock:
            if not self._asking:
                self._usual = self._get()
                self._set(1)
            self._asking += 1
        try:
            yield
        finally:
            with self._lock:
                self._asking -= 1
                if not self._asking:
                    self._set(self._usual)


@cache
def find_blas() -> Blas | None:
    """The library, if it can be told."""
    try:
        library = ctypes.CDLL(import_module("numpy._core._multiarray_umath").__file__)
    except (ImportError, OSError):
        return None
    for name in NAMES:
        if hasattr(library, name.format("set")):
            return Blas(getattr(library, name.format("get")), getattr(library, name.format("set")))
    return None


class Team:
    """Threads that compute the parts of a batch side by side; the thread that asks computes the first."""

    def __init__(self, members: int):
        self._members = members
        self._process = 0

    def run(self, tasks: Sequence[Callable[[], Result]]) -> list[Result]:
        """What the tasks give, each of which runs in a copy of this thread's context (NumPy's `errstate` is there)."""
        from concurrent.futures import ThreadPoolExecutor, wait

        if self._process != os.getpid():  # threads do not follow into a process that is forked
            self._others = ThreadPoolExecutor(self._members - 1, "nndsl")
            self._process = os.getpid()
        first, *rest = tasks
        futures = [self._others.submit(copy_context().run, task) for task in rest]
        try:
            own = first()
        finally:
            wait(futures)
        return [own, *(future.result() for future in futures)]
