"""What composites are given when they run: states by the layer's name, random numbers by use, closures, weights."""

import pytest
from model_programs import model

from nndsl.graph.builder import Builder
from nndsl.graph.sizes import BATCH, symbol
from nndsl.graph.types import TensorType
from nndsl.library.arguments import Initial
from nndsl.model.apply import Collected, Graphing, Scope, SharedShape, UnknownSize

ZEROS = Initial("zeros", {})


def test_a_parameter_is_made_once_and_is_the_same_at_every_later_use() -> None:
    collected = Collected()
    first = Scope(Builder(), "enc", collected, use=1).parameter("W", (4, 3), ZEROS, l2=0.1)
    second = Scope(first.builder, "enc", collected, use=2).parameter("W", (4, 3), ZEROS, l2=0.1)
    assert first.node is second.node
    assert [(state.name, state.shape, state.l2) for state in collected.states.values()] == [("enc.W", (4, 3), 0.1)]


def test_a_later_use_cannot_change_its_shape() -> None:
    scope = Scope(Builder(), "enc", Collected())
    scope.parameter("W", (4, 3), ZEROS)
    with pytest.raises(SharedShape, match=r"`enc.W` is \[4, 3\] from its first use, and \[5, 3\] here"):
        scope.parameter("W", (5, 3), ZEROS)


def test_a_parameters_shape_must_be_known() -> None:
    with pytest.raises(UnknownSize, match=r"`enc.W` would have the shape \[time, 3\]"):
        Scope(Builder(), "enc", Collected()).parameter("W", (symbol("time"), 3), ZEROS)


def test_every_draw_of_every_use_has_a_site_of_its_own() -> None:
    sites = []
    for layer, use in (("drop", 1), ("drop", 2), ("other", 0)):
        scope = Scope(Builder(), layer, Collected(), use=use)
        sites += [scope.uniform((BATCH, 4)).node.attributes["site"] for _ in range(2)]
    assert len(set(sites)) == 6


def test_a_fitted_statistic_remembers_what_it_is_fitted_to() -> None:
    builder, collected = Builder(), Collected()
    x = builder.input("x", TensorType("f32", (BATCH, 4)))
    Scope(builder, "h", collected).fitted("mean", (4,), ZEROS, fit="mean", values=x)
    assert collected.fits == {"h.mean": x}
    assert (collected.states["h.mean"].role, collected.states["h.mean"].trainable) == ("statistic", False)


def test_a_function_given_as_argument_is_applied_to_what_the_composite_gives_it() -> None:
    network = model("output h = x -> dense(3, f)", "block f(t) { return t * 2 + t -> dense(3) }")
    graphing = Graphing(Builder(), Collected())
    value = graphing.value(network.outputs[0].term)
    assert value.type == TensorType("f32", (BATCH, 3))
    assert list(graphing.collected.states) == ["h.W", "h.b", "h.f.W", "h.f.b"]


def test_balanced_class_weights_are_a_statistic_fitted_to_the_target() -> None:
    network = model("z = x -> dense(3)\nloss cross_entropy(z, kind, class_weight = balanced)")
    graphing = Graphing(Builder(), Collected())
    graphing.value(network.losses[0].term)
    state = graphing.collected.states["loss.class_weights"]
    assert (state.shape, state.role, state.fit) == ((3,), "statistic", "class_weights")
    assert graphing.collected.fits["loss.class_weights"].node.name == "kind"


def test_a_chain_of_thousands_of_terms_is_built_without_recursion() -> None:
    network = model("output h = x" + " + x" * 5000)
    assert Graphing(Builder(), Collected()).value(network.outputs[0].term).type.shape == (BATCH, 4)
