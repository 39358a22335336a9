"""Example weights of a network that has none of its own: what `fit(sample_weight = …)` compiles.

    loss cross_entropy(scores, kind)   ──▶   target sample_weight: f32
                                             loss sample_weight * cross_entropy(scores, kind)

A loss of each example is multiplied by the example's weight; the mean over the batch stays sum(w l) / batch, as in
Keras (https://keras.io/api/models/model_training_apis/#fit-method). Metrics and penalties are not weighted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from nndsl.graph.sizes import BATCH
from nndsl.graph.types import TensorType
from nndsl.library.registry import OPERATORS
from nndsl.model.network import Apply, Declared, Input, Layer, LossSpec, Network

WEIGHT = "sample_weight"


def weight_of(declared: Sequence[Declared]) -> Declared:
    """The target that holds the weights, beside what is declared: `sample_weight`, with a `_` for each such name that
    the program has itself."""
    taken = {item.name for item in declared}
    name = WEIGHT
    while name in taken:
        name += "_"
    return Declared(name, "target", "f32", (), declared[0].span)


def weighted(network: Network) -> Network:
    """The network whose losses of each example are multiplied by its weight."""
    declared = weight_of((*network.inputs, *network.targets))
    weight = Input(declared, TensorType("f32", (BATCH,)), declared.span)
    losses = tuple(_times(weight, loss) for loss in network.losses)
    return replace(network, targets=(*network.targets, declared), losses=losses)


def has_loss_of_examples(network: Network) -> bool:
    """Whether a loss has a value for each example, which a weight can multiply."""
    return any(loss.term.type.batched for loss in network.losses)


def _times(weight: Input, loss: LossSpec) -> LossSpec:
    if not loss.term.type.batched:
        return loss  # a number of the whole batch stays as it is
    product = OPERATORS["*"]
    left, right = (parameter.name for parameter in product.parameters)
    layer = Layer(loss.name or "loss", product, loss.span)
    return replace(loss, term=Apply(product, {left: weight, right: loss.term}, loss.term.type, layer, loss.span))
