"""What compilation gives the backends: the graphs of a training step and the states they work on."""

from __future__ import annotations

from dataclasses import dataclass

from nndsl.graph.node import Graph
from nndsl.library.building import State
from nndsl.model.network import Network
from nndsl.model.sections import TrainSection
from nndsl.source import Source


@dataclass(frozen=True)
class MetricPlan:
    """What is reported: the names of its accumulators (`metric.NAME.K`), and the graph that finishes them.

    `finish` takes the accumulators as f64 inputs by those names and has one output, `value`. Accumulators are added up
    over batches, but those in `kept`, whose first axis is the rows', are put one behind the other; a metric that keeps
    any is measured in evaluation only.
    """

    name: str
    accumulators: tuple[str, ...]
    finish: Graph
    kept: tuple[str, ...] = ()

    @property
    def is_table(self) -> bool:
        """Whether it is no single number: evaluation reports it, the epochs of training do not."""
        return bool(self.finish.outputs["value"].shape)


@dataclass(frozen=True)
class Step:
    """A compiled model. All graphs name their tensors as DESIGN's contract for `NAME.train.onnx` does.

    - `gradients`: inputs, targets, parameters and statistics, step, seed, row -> `loss`, `loss.NAME`,
      `metric.NAME.K`, `grad.PARAMETER` for each trainable parameter, `STATISTIC.next`.
    - `apply`: parameters, slots, `grad.PARAMETER`, step, lr_scale -> `STATE.next`, `nndsl.lr`.
    - `evaluate`: inputs, targets, parameters, statistics -> `loss`, `loss.NAME`, `metric.NAME.K`.
    - `predict`: inputs, parameters, statistics -> the outputs by name.
    - `fit`: inputs, targets -> for each fitted statistic, under its name, the values that it is computed from.
    - `optimised`: whether the graphs were simplified, and backends may rewrite them further.
    - `states`: parameters and statistics in order of creation, then slots.
    """

    network: Network
    train: TrainSection
    source: Source
    states: tuple[State, ...]
    gradients: Graph
    apply: Graph
    evaluate: Graph
    predict: Graph
    fit: Graph
    metrics: tuple[MetricPlan, ...]
    optimised: bool = True

    @property
    def loss_only(self) -> Graph:
        """The part of `gradients` that computes the loss."""
        return Graph(self.gradients.name, self.gradients.inputs, {"loss": self.gradients.outputs["loss"]})

    @property
    def training_metrics(self) -> tuple[MetricPlan, ...]:
        """The metrics that are measured over the training rows."""
        return tuple(metric for metric in self.metrics if not metric.kept) if self.train.train_metrics else ()

    @property
    def parameters(self) -> tuple[State, ...]:
        return tuple(state for state in self.states if state.role == "parameter")

    @property
    def trainable(self) -> tuple[State, ...]:
        return tuple(state for state in self.parameters if state.trainable)
