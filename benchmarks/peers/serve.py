"""A worker: a process with one network in one framework, that trains as many epochs as it is told and says how long.

It is started as `python WORKER TASK VARIANT`, says `{"ready": …, "imported": …}` (its versions, and the memory that its
imports take in bytes), then answers each line `N` (train N epochs) on
standard input with `{"seconds": …, "loss": …}`: shuffling and gathering of batches counted, the loss being the mean
over the last epoch while it trained. An empty line ends it.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parent.parent))

if TYPE_CHECKING:
    from tasks import Task

THREADS = 2


def two_threads() -> None:
    """The same two processors for everybody, and of each library the kernels that it chooses for them.

    To be called before anything imports NumPy, which reads the environment once.
    """
    for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
        os.environ.pop(name, None)
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = str(THREADS)
    with suppress(AttributeError):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:THREADS])


def serve(build: Callable[[Task, str], Callable[[int], float]], versions: Callable[[], str]) -> None:
    """Answer until there is nothing more to do; `build` gives the function that trains N epochs."""
    from tasks import TASKS

    task, variant = TASKS[sys.argv[1]], sys.argv[2]
    out, imported = answers_alone(), resident()
    serve_lines(out, build(task, variant), ready=versions(), imported=imported)


def answers_alone() -> Any:
    """Standard output for the answers; what anybody else prints goes where errors go."""
    out, sys.stdout = sys.stdout, sys.stderr
    return out


def serve_lines(out: Any, train: Callable[[int], float], **ready: object) -> None:
    """Say that all is ready, and answer each line."""
    answer(out, **ready)
    for line in sys.stdin:
        if not line.strip():
            return
        began = time.perf_counter()
        loss = train(int(line))
        answer(out, seconds=time.perf_counter() - began, loss=loss)


def resident() -> int:
    """Bytes of memory that this process holds."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def answer(out: Any, **values: object) -> None:
    print(json.dumps(values), file=out, flush=True)
