"""LANGUAGE, section 6, "Names": each sentence, with programs that it decides."""

import pytest
from model_programs import codes, model, program, states, weights

from nndsl.library.registry import COMPOSITES
from nndsl.library.vocabulary import load
from nndsl.model.apply import operands
from nndsl.model.lints import reached
from nndsl.model.naming import has_parameters
from nndsl.model.network import Apply

BLOCK = "block residual(t, filters) { y = t -> dense(filters) -> dense(filters)\nreturn t + y }"


def test_a_binding_that_makes_one_layer_names_it() -> None:
    assert states(model("hidden = x -> dense(32)\noutput o = hidden")) == ["hidden.W", "hidden.b"]


def test_with_several_in_one_binding_each_adds_its_kind_and_its_count() -> None:
    assert weights("h = x -> dense(32) -> dense(16)") == ["h.dense_1.W", "h.dense_2.W"]


def test_the_second_and_later_bindings_of_one_name_are_numbered() -> None:
    assert weights("h = x -> dense(3)\nh = h -> dense(3)\nh = h -> dense(3)") == ["h.W", "h_2.W", "h_3.W"]


def test_an_input_is_no_binding_of_its_name() -> None:
    assert weights("x = x -> dense(3)\nh = x") == ["x.W"]


def test_in_a_for_the_iterations_number_follows_the_name() -> None:
    body = "for f in [8, 4] { x = x -> dense(f) -> dense(f) }\nh = x"
    assert weights(body) == ["x.0.dense_1.W", "x.0.dense_2.W", "x.1.dense_1.W", "x.1.dense_2.W"]
    assert weights("for f in [8, 4] { x = x -> dense(f) }\nh = x") == ["x.0.W", "x.1.W"]


def test_the_iterations_of_nested_loops_follow_each_other() -> None:
    body = "for i in [1, 2] { for j in [1, 2] { x = x -> dense(4) } }\nh = x"
    assert weights(body) == ["x.0.0.W", "x.0.1.W", "x.1.0.W", "x.1.1.W"]


def test_in_a_repeat_the_number_stands_before_the_layer() -> None:
    assert weights("h = x -> repeat 3 { dense(64, relu) -> dropout(0.5) }") == [
        "h.0.dense.W",
        "h.1.dense.W",
        "h.2.dense.W",
    ]


def test_several_layers_with_a_repeat_among_them_are_counted_over_the_whole_binding() -> None:
    body = "h = x -> dense(4) -> repeat 2 { dense(4) } -> dense(4)"
    assert weights(body) == ["h.dense_1.W", "h.0.dense_2.W", "h.1.dense_2.W", "h.dense_3.W"]


def test_a_block_adds_its_name_and_inside_it_the_same_rules_give_names() -> None:
    assert weights("h = x -> residual(4)", BLOCK) == ["h.residual.y.dense_1.W", "h.residual.y.dense_2.W"]


def test_with_several_uses_of_a_block_each_is_numbered() -> None:
    names = weights("h = x -> residual(4) -> residual(4)", BLOCK)
    assert names[0] == "h.residual_1.y.dense_1.W"
    assert names[-1] == "h.residual_2.y.dense_2.W"


def test_a_layer_that_a_block_returns_adds_no_more_than_the_block() -> None:
    assert weights("h = x -> f", "block f(t) { return t -> dense(4) }") == ["h.f.W"]
    two = "block f(t) { return t -> dense(4) -> dense(4) }"
    assert weights("h = x -> f", two) == ["h.f.dense_1.W", "h.f.dense_2.W"]


def test_beside_a_block_a_layer_is_one_of_several() -> None:
    assert weights("h = x -> f -> dense(4)", "block f(t) { return t -> dense(4) }") == ["h.f.W", "h.dense_1.W"]


def test_a_block_in_a_block_and_in_a_repeat() -> None:
    blocks = "block f(t) { return t -> dense(4) }\nblock g(t) { u = t -> f\nreturn u }"
    assert weights("h = x -> repeat 2 { g }", blocks) == ["h.0.g.u.f.W", "h.1.g.u.f.W"]


def layer_names(body: str, kind: str) -> list[str]:
    network = model(f"{body}\noutput out = h")
    terms = reached([output.term for output in network.outputs])
    names = [t.layer.name for t in terms if isinstance(t, Apply) and t.composite.name == kind]
    return list(reversed(names))


def test_layers_without_parameters_are_counted_apart_from_those_with() -> None:
    body = "h = x -> dense(8) -> dropout(0.5)"
    assert weights(body) == ["h.W"]
    assert layer_names(body, "dropout") == ["h"]


def test_random_layers_are_named_by_the_same_rules() -> None:
    body = "h = x -> dropout(0.1) -> dense(8) -> dropout(0.2)"
    assert layer_names(body, "dropout") == ["h.dropout_1", "h.dropout_2"]
    assert layer_names("h = x -> repeat 2 { dense(4) -> dropout(0.1) }", "dropout") == ["h.0.dropout", "h.1.dropout"]


def test_a_shared_layers_uses_are_counted() -> None:
    network = model("layer drop = dropout(0.5)\nh = (x -> drop) + (v -> drop)\noutput out = h")
    dropped = [operand for operand in operands(network.outputs[0].term) if isinstance(operand, Apply)]
    assert [(term.layer.name, term.use) for term in dropped] == [("drop", 1), ("drop", 2)]


def test_a_layer_outside_any_binding_takes_its_statements_name() -> None:
    assert states(model("output main = x -> dense(1)")) == ["main.W", "main.b"]
    terms = reached([model("loss mse(x -> dropout(0.1) -> mean, y)").losses[0].term])
    assert [t.layer.name for t in terms if isinstance(t, Apply) and t.composite.name == "dropout"] == ["loss"]


@pytest.mark.parametrize("other", ["n = 3", "k = x -> dense(9)", "k = x -> dense(9) -> dense(9)\noutput second = k"])
def test_a_name_depends_only_on_the_text_of_its_own_binding(other: str) -> None:
    assert "h.dense_2.W" in weights(f"{other}\nh = x -> dense(32) -> dense(16)")


def test_what_a_condition_chooses_does_not_change_the_names() -> None:
    def chosen(deep: str) -> list[str]:
        condition = f"h = x -> dense(4) -> (if {deep} then dense(8) else dropout(0.1))"
        return weights(condition)

    assert chosen("true") == ["h.dense_1.W", "h.dense_2.W"]
    assert chosen("false") == ["h.dense_1.W"]


def test_layers_in_arguments_are_counted_in_the_order_of_the_text() -> None:
    assert weights("h = concat(x -> dense(2), v -> dense(3)) -> dense(1)") == [
        "h.dense_1.W",
        "h.dense_2.W",
        "h.dense_3.W",
    ]


def test_layers_of_a_block_that_is_an_activation_belong_to_the_layer() -> None:
    assert weights("h = x -> dense(4, act)", "block act(t) { return t -> dense(4) }") == ["h.W", "h.act.W"]


def test_a_shared_block_has_the_layers_name_and_its_own() -> None:
    names = weights("layer both = residual(4)\nh = (x -> both) + (v -> both)", BLOCK)
    assert names == ["both.residual.y.dense_1.W", "both.residual.y.dense_2.W"]


def test_two_layers_of_one_name_are_an_error() -> None:
    assert codes("h = x -> dense(4)\nh = h -> dense(4)\nh_2 = h -> dense(4)\noutput o = h_2") == ["NN207"]


def test_losses_with_statistics_in_one_statement_are_counted() -> None:
    two = "cross_entropy(z, kind, class_weight = balanced) + cross_entropy(z, kind, class_weight = balanced)"
    network = model(f"z = x -> dense(3)\nloss {two}")
    names = [name for name in states(network) if "class_weights" in name]
    assert names == ["loss.cross_entropy_1.class_weights", "loss.cross_entropy_2.class_weights"]


def test_a_layer_has_parameters_if_and_only_if_it_can_be_frozen() -> None:
    load()
    for composite in COMPOSITES.values():
        if composite.kind != "layer":
            continue
        declared, expression = composite.example.split(" => ")
        inputs = "\n".join(f"input {part}" for part in declared.replace("], ", "]\n").split("\n"))
        network = program(f"model m {{\n{inputs}\noutput out = {expression}\n}}").network
        fitted = (".mean", ".variance", ".min", ".max", ".median", ".value")
        owned = [name for name in states(network) if not name.endswith(fitted)]
        assert bool(owned) == has_parameters(composite), composite.name
