"""What can be chosen for a network on a machine: by a cost model, or by measuring (`nndsl.training.tuning`).

What a step computes is the same with each choice, but for the number of threads and the layout of images, which add up
sums in another order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

from nndsl.codegen.backend import usable_cores
from nndsl.graph.sizes import BATCH
from nndsl.transform.step import Step


@dataclass(frozen=True)
class Choices:
    """None leaves a choice to the cost model or, how threads wait, to what real steps show."""

    threads: int | None = None
    """How many compute a step; 0 is one for each core (`engine.threads_for`)."""
    packed: int | None = None
    """Parameters of up to so many elements share one tensor, or on lanes have their gradients joined
    (`packing.LARGEST_PACKED`)."""
    blocks: bool | None = None
    """Whether convolutions of images are computed in blocks of channels, where the processor has them (`blocks`)."""
    polls: bool | None = None
    """Whether threads poll for work, or sleep until there is some (`waiting`)."""

    def given(self, other: Choices) -> Choices:
        """These, with what the other has chosen instead."""
        made = {field.name: getattr(other, field.name) for field in fields(other)}
        return replace(self, **{name: value for name, value in made.items() if value is not None})

    def is_but_for_waiting(self, other: Choices) -> bool:
        """Whether the other one is the same, however its threads wait."""
        return replace(self, polls=None) == replace(other, polls=None)


USUAL = Choices()

PACKED = (0, 65_536)
"""Limits of packing that are worth a try beside the cost model's: nothing, and more."""


def questions(step: Step, batch_size: int, sizes: Mapping[str, int]) -> list[list[Choices]]:
    """What to measure for a network, one question after the other: of each the candidates, the cost model's first.

    A question is asked with the answers to those before it.
    """
    from nndsl.codegen.onnx.engine import threads_for
    from nndsl.codegen.onnx.packing import LARGEST_PACKED
    from nndsl.codegen.onnx.processor import block_of_images

    usual, cores = threads_for(step, {**sizes, str(BATCH): batch_size}), usable_cores()
    powers = [1 << i for i in range(cores.bit_length())]
    counts = dict.fromkeys([usual, *powers, cores])
    waits = [Choices(threads=n, polls=polls) for n in counts for polls in ((False, True) if n > 1 else (None,))]
    limits: dict[int, int] = {}  # by how many parameters they pack, one of which is none
    for limit in (LARGEST_PACKED, *PACKED) if step.optimised else ():
        limits.setdefault(max(1, sum(state.size <= limit for state in step.trainable)), limit)
    layouts = (True, False) if step.optimised and block_of_images(step.gradients) else ()
    return [
        waits,
        [Choices(packed=limit) for limit in limits.values()],
        [Choices(blocks=blocks) for blocks in layouts],
    ]
