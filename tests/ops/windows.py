"""Convolution and pooling by their definitions, place by place, and random windows to hold the primitives against."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st
from samples import Array

Ints = tuple[int, ...]
Pairs = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Geometry:
    """Windows of `kernel` taps over the spatial sizes `shape`."""

    batch: int
    shape: Ints
    kernel: Ints
    strides: Ints
    padding: Pairs
    dilation: Ints

    def windows(self) -> Iterator[tuple[Ints, list[tuple[Ints, Ints]]]]:
        """The place of each window in the result, with its taps that are not in the padding and what they see."""
        befores = [before for before, _ in self.padding]
        for place in np.ndindex(*self.out):
            seen = []
            for tap in np.ndindex(*self.kernel):
                parts = zip(place, self.strides, tap, self.dilation, befores, strict=True)
                source = tuple(p * s + t * d - before for p, s, t, d, before in parts)
                if all(0 <= i < n for i, n in zip(source, self.shape, strict=True)):
                    seen.append((tap, source))
            yield place, seen

    @property
    def out(self) -> Ints:
        """How many windows there are along each axis, by counting their first places."""
        counts = []
        for n, k, s, (before, after), d in zip(
            self.shape, self.kernel, self.strides, self.padding, self.dilation, strict=True
        ):
            starts = range(-before, n + after, s)
            counts.append(sum(start + (k - 1) * d < n + after for start in starts))
        return tuple(counts)

    @property
    def pool(self) -> dict[str, Any]:
        """The attributes of a pool with these windows."""
        return {"size": self.kernel, "strides": self.strides, "padding": self.padding}

    def conv(self, groups: int) -> dict[str, Any]:
        """The attributes of a convolution with these windows."""
        return {"strides": self.strides, "padding": self.padding, "dilation": self.dilation, "groups": groups}


@st.composite
def geometries(draw: st.DrawFn, pool: bool = False) -> Geometry:
    """Windows over one to three axes, few enough to count; those of a pool see at least one element."""
    axes = draw(st.integers(1, 3))
    few = st.integers(1, 3)
    kernel = tuple(draw(few) for _ in range(axes))
    strides = tuple(draw(few) for _ in range(axes))
    dilation = tuple(1 if pool else draw(st.integers(1, 2)) for _ in range(axes))
    room = [st.integers(0, k - 1 if pool else 3) for k in kernel]
    padding = tuple((draw(r), draw(r)) for r in room)
    shape = tuple(
        max(1, (k - 1) * d + 1 - sum(pads)) + draw(st.integers(0, 4))
        for k, d, pads in zip(kernel, dilation, padding, strict=True)
    )
    return Geometry(draw(st.sampled_from([1, 2, 5])), shape, kernel, strides, padding, dilation)


def at(place: Ints) -> Any:
    """The index of a place of all examples, with all its channels."""
    return (slice(None), *place)


def conv(x: Array, W: Array, geometry: Geometry, groups: int) -> Array:
    """y[n, p, f] is the sum of x[n, p strides + t dilation - before, c] W[t, c, f] over taps t and its group's c."""
    filters = W.shape[-1]
    y = np.zeros((len(x), *geometry.out, filters))
    for place, seen in geometry.windows():
        for tap, source in seen:
            for group in range(groups):
                channels = slice(group * W.shape[-2], (group + 1) * W.shape[-2])
                own = slice(group * filters // groups, (group + 1) * filters // groups)
                y[at(place)][:, own] += x[at(source)][:, channels] @ W[tap][:, own]
    return y


def pools(x: Array, geometry: Geometry) -> tuple[Array, Array]:
    """The largest element and the mean of each window."""
    largest, mean = (np.zeros((len(x), *geometry.out, x.shape[-1])) for _ in range(2))
    for place, seen in geometry.windows():
        elements = np.stack([x[at(source)] for _, source in seen])
        largest[at(place)] = elements.max(axis=0)
        mean[at(place)] = elements.mean(axis=0)
    return largest, mean


def max_pool_gradient(x: Array, g: Array, geometry: Geometry) -> Array:
    """Each window's g goes to the first of its largest elements."""
    gradient = np.zeros_like(x)
    for place, seen in geometry.windows():
        for n, channel in np.ndindex(len(x), x.shape[-1]):
            sources = [(n, *source, channel) for _, source in seen]
            gradient[max(sources, key=lambda source: x[source])] += g[(n, *place, channel)]
    return gradient
