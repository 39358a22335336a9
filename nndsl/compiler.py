"""The compiler on one screen: from a program's text to the graphs that the backends emit.

    text ── parse ──▶ program ── check ──▶ network ── lower ──▶ forward ── differentiate ──▶ gradients ─┐
                                                        │                                              ├▶ Step
                                                        └──▶ evaluate, predict, fit     update ──▶ apply ┘

Every graph is simplified and verified before it is handed on. `Stages` keeps what each stage made, for
`nndsl show --stage` and for tests.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from nndsl.graph.node import Graph
from nndsl.graph.verify import verify
from nndsl.model.network import Network
from nndsl.model.sections import TrainSection
from nndsl.source import Source
from nndsl.transform.differentiate import differentiate
from nndsl.transform.lower import Forward, lower_forward, lower_predict, with_states
from nndsl.transform.simplify import drop_markers, simplify
from nndsl.transform.step import Step
from nndsl.transform.update import singles, update, with_averages


@dataclass(frozen=True)
class Stages:
    """What each stage made: graphs as they were before simplification, and the finished step."""

    forward: Graph
    gradients: Graph
    step: Step


def compile_network(network: Network, train: TrainSection, source: Source, *, optimise: bool = True) -> Stages:
    """The training step of a checked network.

    Without `optimise`, graphs stay as they were made, and backends emit them node by node: the same numbers up to
    rounding, more slowly, which is what optimisations are held to.
    """
    finish = simplified if optimise else plain
    predict, states = lower_predict(network)
    forward: Forward = with_states(lower_forward(network, training=True), states)
    evaluation: Forward = with_states(lower_forward(network, training=False), states)

    groups = singles(forward.states)
    gradients: Graph = differentiate(verify(forward.graph), of="loss", wrt=[group.name for group in groups])
    apply, slots = update(train, groups)
    seen, answered = evaluation.graph, predict
    if train.ema is not None:
        seen, answered = (with_averages(graph, groups) for graph in (seen, answered))

    step = Step(
        network=network,
        train=train,
        source=source,
        states=(*forward.states, *(state for slot in slots for state in slot.states())),
        gradients=finish(gradients),
        apply=finish(apply),
        evaluate=finish(seen),
        predict=finish(answered),
        fit=finish(evaluation.fit),
        metrics=tuple(replace(metric, finish=finish(metric.finish)) for metric in forward.metrics),
        optimised=optimise,
    )
    return Stages(forward.graph, gradients, step)


def simplified(graph: Graph) -> Graph:
    """A graph, verified, simplified, and verified again."""
    return verify(simplify(verify(graph)), sound=graph)


def plain(graph: Graph) -> Graph:
    """A graph, verified, as it is, but for the marks that only differentiation reads."""
    return verify(drop_markers(verify(graph)), sound=graph)
