"""ONNX Runtime as it is used here: providers, threads and options of its sessions.

`onnxruntime` is imported only in this file, in `buffers` and in `session`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from math import prod

import onnxruntime

from nndsl.codegen.arithmetic import without_subnormals
from nndsl.codegen.backend import usable_cores
from nndsl.diagnostics import Failure
from nndsl.errors.commands import ProviderMissing
from nndsl.graph.sizes import known
from nndsl.transform.algebra import ELEMENTWISE
from nndsl.transform.step import Step
from nndsl.transform.work import work

PROVIDERS = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}

WORK_A_THREAD = 8_000_000
"""Multiplications in a step for each thread that computes it (`benchmarks/NOTES.md` has the measurement): with fewer,
the operators of one thread end before others have woken up. For a second thread the update counts as well."""

WORK_OF_A_PASS = 6
"""Multiplications that products do while an operator of the update passes over one element of a parameter."""

POLLING = 1000
"""Microseconds that a thread polls for work before it sleeps: enough for what comes between two products, and between
two steps. ONNX Runtime's own 45 ms are no faster, and take a core from whatever else runs after a step."""

PLANNED = 4_000_000
"""Bytes of a step's activations up to which its memory is one block with a place for each value. That saves 0.1 µs a
node, a fifth of a small network's step, but takes the memory twice: the first run, which shows what is needed, takes it
value by value (`benchmarks/NOTES.md` has the measurement)."""


def require(provider: str) -> None:
    """Raise `Failure` (exit code 4) where the installed ONNX Runtime lacks the provider: nothing falls back."""
    available = onnxruntime.get_available_providers()
    if PROVIDERS[provider] not in available:
        raise _missing(provider, available, "install it: pip uninstall onnxruntime && pip install onnxruntime-gpu")


def load(
    model: bytes, provider: str, threads: int, *, polls: bool = False, optimised: bool = True, planned: bool = True
) -> onnxruntime.InferenceSession:
    """A session for the model on one provider; `threads` 0 means one for each core, which poll for work if it `polls`.
    Unless `optimised`, ONNX Runtime runs it as it is. With its memory `planned` it takes one block in each run, else
    it takes and gives back what each node needs.

    Raises `Failure` (exit code 4) where the provider is there but does not start.
    """
    wanted = PROVIDERS[provider]
    _share_memory()
    opened = without_subnormals(onnxruntime.InferenceSession)  # the first of a process sets the thread that asks for it
    session = opened(
        model,
        _options(threads, polls, optimised, planned),
        providers=[wanted],
        disabled_optimizers=[*_DISABLED, *([] if threads == 1 else _DISABLED_FOR_THREADS)],
    )
    if wanted not in session.get_providers():
        remedy = "it is installed but cannot start: check that the CUDA and cuDNN versions are those that it needs"
        raise _missing(provider, session.get_providers(), remedy)
    return session


_DISABLED = ("NchwcTransformer", "GemmTransposeFusion")
"""The first brings pools into blocks of channels, and back since convolutions whose kernels are inputs stay as they
are; the second undoes what `fuse` chose."""

_DISABLED_FOR_THREADS = ("GemmActivationFusion",)
"""It lets one thread compute the activation behind a product."""


@cache
def _share_memory() -> None:
    """All sessions take their memory from one place: those whose threads wait in one way and in the other, and those
    that train and evaluate, never run at once, and each would keep what it needs at its peak."""
    memory = onnxruntime.OrtMemoryInfo(
        "Cpu", onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, onnxruntime.OrtMemType.DEFAULT
    )
    onnxruntime.create_and_register_allocator(memory, onnxruntime.OrtArenaCfg({"max_mem": 0}))


def _options(threads: int, polls: bool, optimised: bool, planned: bool) -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    levels = onnxruntime.GraphOptimizationLevel
    options.graph_optimization_level = levels.ORT_ENABLE_ALL if optimised else levels.ORT_DISABLE_ALL
    options.log_severity_level = 3  # errors: what it warns of (such as an input that nothing uses) is meant to be
    options.enable_mem_pattern = planned
    options.add_session_config_entry("session.use_env_allocators", "1")
    options.add_session_config_entry("session.set_denormal_as_zero", "1")
    options.add_session_config_entry("session.intra_op.allow_spinning", "1" if polls else "0")
    options.add_session_config_entry("session.intra_op.spin_duration_us", str(POLLING))
    return options


def _missing(provider: str, available: list[str], remedy: str) -> Failure:
    names = [name.removesuffix("ExecutionProvider") for name in available]
    return Failure(ProviderMissing(None, provider.upper(), ", ".join(names), remedy))


def threads_for(step: Step, sizes: Mapping[str, int]) -> int:
    """One thread for a small network; for a larger one as many as it has work for, at the most one for each core."""
    products = work(step.gradients, sizes)
    passes = sum(prod(known(n, sizes) for n in node.shape) for node in step.apply.nodes if node.op in ELEMENTWISE)
    least = 2 if products + WORK_OF_A_PASS * passes >= WORK_A_THREAD else 1
    return min(usable_cores(), max(least, products // WORK_A_THREAD))
