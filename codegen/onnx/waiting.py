"""How threads wait for work, asleep or polling: whichever is faster here and now, found by timing real steps.

A polling thread begins at once where a sleeping one takes some 20 µs to wake, but takes its core from whoever else
needs it. What a step computes is the same either way, to the bit, so both can be tried while training goes on.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median

BLOCK = 8
"""Steps that are timed together."""

BLOCKS = 3
"""Timings of each way; their median counts: validation or a checkpoint may fall into one, luck into another."""

TRIALS = 2 * BLOCKS * BLOCK
"""Steps until it is found out."""

REST = 50 * TRIALS
"""Steps for which what was found is kept: the machine may be busier by then. Not seconds, of which other work between
steps takes as many as it likes: to try again, the other way's session has to be loaded again."""


class Waiting:
    """Says before each step whether its threads are to poll; is told nothing but that a step comes, or from the
    beginning what to say."""

    def __init__(
        self,
        *,
        several_threads: bool,
        told: bool | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ):
        self.polls = bool(told) and several_threads
        self.trying = several_threads and told is None
        """Whether both ways are still in use; when this ends, what belongs to the other one can go."""
        self._clock = clock
        self._steps = 0
        self._from = clock()
        self._found: dict[bool, list[float]] = {False: [], True: []}
        self._watches = self.trying

    def next(self) -> bool:
        """Whether the threads poll in the step that begins now."""
        if not self._watches:
            return self.polls
        if not self.trying:
            self._steps += 1
            if self._steps <= REST:
                return self.polls
            self.trying, self._steps = True, 0
        position = self._steps % BLOCK
        if position == 1:  # the first step of a block lets the other way's threads come to rest
            self._from = self._clock()
        elif position == 0 and self._steps:
            self._end_block()
        self._steps += 1
        return self.polls

    def _end_block(self) -> None:
        self._found[self.polls].append(self._clock() - self._from)
        self.polls = not self.polls
        if all(len(times) == BLOCKS for times in self._found.values()):
            self.polls = median(self._found[True]) < median(self._found[False])
            self.trying, self._steps = False, 0
            self._found = {False: [], True: []}
