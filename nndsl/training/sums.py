"""Sums of what batches report: each loss weighted by rows, and the accumulators of metrics."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nndsl.codegen.backend import Array, Arrays
from nndsl.graph.evaluate import Evaluator
from nndsl.transform.step import MetricPlan


class Sums:
    """What the batches of an epoch report, added up in float64: losses times rows, accumulators as they are.

    Numbers are kept as Python's, whose sums cost a twentieth of NumPy's for a single one; tables as arrays. What a
    metric keeps of each row is put one behind the other.
    """

    def __init__(self, metrics: Sequence[MetricPlan]):
        self.metrics = metrics
        self.kept_names = frozenset(name for metric in metrics for name in metric.kept)
        self._finish = {metric.name: Evaluator(metric.finish, float_dtype="f64") for metric in metrics}
        self._quotients = {metric.name: quotient for metric in metrics if (quotient := _quotient(metric))}
        self.clear()

    def clear(self) -> None:
        self.rows = 0
        self.losses: dict[str, float] = {}
        self.numbers: dict[str, float] = {}
        self.arrays: dict[str, Array] = {}
        self.kept: dict[str, list[Array]] = {}

    def add(self, results: Arrays, rows: int) -> None:
        """Add what a batch of `rows` rows reports."""
        if not self.rows:
            self._begin(results)
        self.rows += rows
        losses, numbers = self.losses, self.numbers
        for name in losses:
            losses[name] += results[name].item() * rows
        for name in numbers:
            numbers[name] += results[name].item()
        for name in self.arrays:
            self.arrays[name] += results[name]
        for name in self.kept:
            self.kept[name].append(results[name].astype(np.float64))

    def _begin(self, results: Arrays) -> None:
        for name, value in results.items():
            if name == "loss" or name.startswith("loss."):
                self.losses[name] = 0.0
            elif name.startswith("metric."):
                if name in self.kept_names:
                    self.kept[name] = []
                elif value.shape:
                    self.arrays[name] = np.zeros(value.shape)
                else:
                    self.numbers[name] = 0.0

    @property
    def loss(self) -> float:
        """The mean loss over the rows so far."""
        return self.losses["loss"] / self.rows

    def means(self) -> dict[str, float]:
        """Each loss, over all rows so far."""
        return {name: total / self.rows for name, total in self.losses.items()}

    def finish(self) -> dict[str, float]:
        """The epoch's numbers: each loss over all rows, and each metric of the whole epoch that is a number."""
        numbers = (metric for metric in self.metrics if not metric.is_table)
        return self.means() | {metric.name: self._number(metric) for metric in numbers}

    def tables(self) -> dict[str, Array]:
        """The metrics of the whole epoch that are no numbers, such as a confusion matrix."""
        return {metric.name: self._value(metric) for metric in self.metrics if metric.is_table}

    def _number(self, metric: MetricPlan) -> float:
        """Most metrics are a quotient: Python has it in a hundredth of the time."""
        if metric.name in self._quotients:
            total, count = self._quotients[metric.name]
            if self.numbers[count]:
                return self.numbers[total] / self.numbers[count]
        return float(self._value(metric))

    def _value(self, metric: MetricPlan) -> Array:
        sums = {name: self._sum(name) for name in metric.accumulators}
        return np.asarray(self._finish[metric.name](sums)["value"])

    def _sum(self, name: str) -> float | Array:
        if name in self.kept:
            return np.concatenate(self.kept[name])
        return self.numbers[name] if name in self.numbers else self.arrays[name]


def _quotient(metric: MetricPlan) -> tuple[str, str] | None:
    """The names of two numbers, if the metric is one divided by the other."""
    value = metric.finish.outputs["value"]
    if value.op != "div" or any(operand.op != "input" or operand.shape for operand in value.inputs):
        return None
    total, count = (str(operand.attributes["name"]) for operand in value.inputs)
    return total, count
