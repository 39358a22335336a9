"""How the processor computes while a network trains, is measured or predicts.

Float32's numbers below 1.2e-38 are subnormal. They come up where gradients are zero for long, as those of a relu that
lets nothing pass any more: an optimizer's running means decay into them and stay there. Processors of Intel take a
hundred times as long for each (a step of a dense network in NumPy 1.5 times as long, `benchmarks/NOTES.md`). They are
taken for zero, as by ONNX Runtime's own threads: on Linux on x86-64; elsewhere the processor is left as it is.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import numpy as np

Environment = ctypes.c_uint32 * 8
"""`fenv_t` of glibc and musl on x86-64, which ends with the register MXCSR."""

SUBNORMALS_AS_ZERO = 0x8040
"""The two bits of MXCSR that are for results and for operands."""


@contextmanager
def computing() -> Iterator[None]:
    """Within, this thread takes subnormal numbers for zero, and NumPy does not warn.

    What is not finite is looked for, and told in a message: NumPy's own warnings of it would only come before.
    """
    with np.errstate(all="ignore"), arithmetic_kept():
        if library := _library():
            environment = Environment()
            library.fegetenv(environment)
            environment[-1] |= SUBNORMALS_AS_ZERO
            library.fesetenv(environment)
        yield


@contextmanager
def arithmetic_kept() -> Iterator[None]:
    """Whatever is set within, afterwards this thread computes as before."""
    library = _library()
    if library is None:
        yield
        return
    environment = Environment()
    library.fegetenv(environment)
    try:
        yield
    finally:
        library.fesetenv(environment)


@cache
def _library() -> ctypes.CDLL | None:
    """What gets and sets a thread's environment, where it is known what that looks like."""
    if sys.platform != "linux" or os.uname().machine != "x86_64" or ctypes.sizeof(ctypes.c_void_p) != 8:
        return None
    library = ctypes.CDLL(None)
    return library if hasattr(library, "fesetenv") else None
