"""Statistics that are fitted to the training rows before the first step, in one pass over chunks of values (a median
takes some more).

mean, variance   of each element of a layer's last axes: Chan, Golub and LeVeque, "Updating formulae and a pairwise
                 algorithm for computing sample variances", 1979; of the population, as Keras's `Normalization`
min, max         of each element of a layer's last axes
present_mean     of the values that are not missing (NaN)
median           of the values that are not missing (NaN), exactly: by counting, see `nndsl.data.median`
class_weights    rows / (classes * rows of the class), as scikit-learn's `balanced`
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Protocol

import numpy as np

from nndsl.data.median import Median
from nndsl.data.table import Array
from nndsl.data.wording import listed
from nndsl.diagnostics import Failure
from nndsl.errors.examples import TooLargeToFit
from nndsl.errors.values import AbsentClass, UnfittedStatistic
from nndsl.library.building import State


class Fit(Protocol):
    """Takes chunks of values one after another, then gives the statistic in float64."""

    def add(self, values: Array) -> None: ...

    def needs_more(self) -> bool:
        """Asked after all chunks: whether they have to come once more."""
        ...

    def result(self) -> Array: ...


class OnePass:
    """A fit that needs the values once."""

    def needs_more(self) -> bool:
        return False


class Moments(OnePass):
    """Mean and variance of each element of `shape`, over all axes before it: chunks are `[rows, …, *shape]`."""

    def __init__(self, shape: tuple[int, ...]):
        self.shape = shape
        self.count = 0
        self.mean = np.zeros(shape)
        self.squares = np.zeros(shape)
        """Sums of squared deviations from the mean."""

    def add(self, values: Array) -> None:
        rows = np.asarray(values, np.float64).reshape(-1, *self.shape)
        if not len(rows):
            return
        mean = rows.mean(axis=0)
        squares = np.square(rows - mean).sum(axis=0)
        total = self.count + len(rows)
        delta = mean - self.mean
        self.mean += delta * (len(rows) / total)
        self.squares += squares + np.square(delta) * (self.count * len(rows) / total)
        self.count = total

    @property
    def variance(self) -> Array:
        return self.squares / max(self.count, 1)


class Mean(Moments):
    """The mean as a fit."""

    def result(self) -> Array:
        return self.mean


class Variance(Moments):
    """The variance as a fit."""

    def result(self) -> Array:
        return self.variance


class PresentMean(OnePass):
    """The mean of each element of `shape`, over all axes before it, of the values that are not NaN."""

    def __init__(self, shape: tuple[int, ...]):
        self.count = np.zeros(shape, np.int64)
        self.mean = np.zeros(shape)

    def add(self, values: Array) -> None:
        rows = np.asarray(values, np.float64).reshape(-1, *self.mean.shape)
        present = ~np.isnan(rows)
        self.count += present.sum(axis=0)
        away = np.where(present, rows - self.mean, 0).sum(axis=0)
        self.mean += away / np.maximum(self.count, 1)

    def result(self) -> Array:
        return np.where(self.count == 0, np.nan, self.mean)


class Extreme(OnePass):
    """The least or the greatest value of each element of `shape`, over all axes before it."""

    def __init__(self, pick: np.ufunc, start: float, shape: tuple[int, ...]):
        self.pick, self.start = pick, start
        self.value = np.full(shape, start)

    def add(self, values: Array) -> None:
        rows = np.asarray(values, np.float64).reshape(-1, *self.value.shape)
        self.value = self.pick(self.value, self.pick.reduce(rows, axis=0, initial=self.start))

    def result(self) -> Array:
        return self.value


class ClassWeights(OnePass):
    """`balanced`: a weight for each class, from class indices of any shape; others than 0 to classes - 1 do not
    count.
    """

    def __init__(self, shape: tuple[int, ...]):
        self.counts = np.zeros(shape, np.int64)

    def add(self, values: Array) -> None:
        indices = np.asarray(values).ravel().astype(np.int64)
        known = indices[(indices >= 0) & (indices < len(self.counts))]
        self.counts += np.bincount(known, minlength=len(self.counts))

    def result(self) -> Array:
        absent = np.flatnonzero(self.counts == 0)
        if len(absent):
            raise Failure(AbsentClass(None, listed(list(map(str, absent.tolist())))))
        return np.asarray(self.counts.sum() / (len(self.counts) * self.counts))


FITS: dict[str, Callable[[tuple[int, ...]], Fit]] = {
    "mean": Mean,
    "variance": Variance,
    "min": partial(Extreme, np.minimum, np.inf),
    "max": partial(Extreme, np.maximum, -np.inf),
    "median": Median,
    "present_mean": PresentMean,
    "class_weights": ClassWeights,
}
"""By the `fit` of a state; made with the state's shape."""


def fit_states(
    states: Sequence[State],
    chunks: Iterable[Mapping[str, Array]],
    called: Mapping[str, Sequence[str] | None] | None = None,
) -> dict[str, Array]:
    """The float32 value of each fitted state, from the values that it is fitted to: chunks map state names to them.

    The chunks are gone through as often as a fit needs them: once, unless there is a median. `called` are what messages
    call the elements of a state's values. Raises `Failure` where a statistic is not finite in float32, or a class has
    no row.
    """
    fits = {state.name: FITS[state.fit](state.shape) for state in states if state.fit}
    waiting = fits
    while waiting:
        for chunk in chunks:
            for name, fit in waiting.items():
                with np.errstate(invalid="ignore"):  # infinite values are told of below
                    fit.add(chunk[name])
        waiting = {name: fit for name, fit in waiting.items() if fit.needs_more()}
    results = {name: fit.result() for name, fit in fits.items()}
    for name, value in results.items():
        if not np.isfinite(value).all():
            what = "missing (NaN)" if np.isnan(value).any() else "infinite"
            raise Failure(UnfittedStatistic(None, name, what))
    with np.errstate(over="ignore"):
        fitted = {name: value.astype(np.float32) for name, value in results.items()}
    for name, value in fitted.items():
        places = np.flatnonzero(~np.isfinite(value)).tolist()
        if places:
            names = (called or {}).get(name)
            words = [names[place] for place in places] if names else [f"element {place}" for place in places]
            them = "it" if len(words) == 1 else "them"
            raise Failure(TooLargeToFit(None, name, listed(words, most=6), them))
    return fitted
