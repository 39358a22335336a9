"""How a thread's processor computes: subnormal numbers can be zero for a while.

Float32's numbers below 1.2e-38 are subnormal. They come up where gradients are zero for long, as those of a relu that
lets nothing pass any more: an optimizer's running means decay into them and stay there. Processors of Intel take a
hundred times as long for each (a step of a dense network in NumPy 1.5 times as long, `benchmarks/NOTES.md`). ONNX
Runtime's own threads take them for zero, so the thread that asks them does too; of the NumPy backend it is the update.
It can be told on Linux on x86-64; elsewhere the processor is left as it is.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable
from functools import cache
from typing import ParamSpec, TypeVar

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

Environment = ctypes.c_uint32 * 8
"""`fenv_t` of glibc and musl on x86-64, which ends with the register MXCSR."""

SUBNORMALS_AS_ZERO = 0x8040
"""The two bits of MXCSR that are for results and for operands."""


def without_subnormals(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """The function, whose thread takes subnormal numbers for zero while it runs.

    Afterwards the thread computes as before, whatever the function has set. One thread at a time may call it.
    """
    library = _library()
    if library is None:
        return function
    get, set = library.fegetenv, library.fesetenv
    before, within = Environment(), Environment()
    get(within)

    def run(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        get(before)
        within[7] = before[7] | SUBNORMALS_AS_ZERO
        set(within)
        try:
            return function(*args, **kwargs)
        finally:
            set(before)

    return run


@cache
def _library() -> ctypes.CDLL | None:
    """What gets and sets a thread's environment, where it is known what that looks like."""
    if sys.platform != "linux" or os.uname().machine != "x86_64" or ctypes.sizeof(ctypes.c_void_p) != 8:
        return None
    library = ctypes.CDLL(None)
    return library if hasattr(library, "fesetenv") else None
