"""Losses, metrics and outputs: scores behind probabilities, whose classes an argmax gives, class weights, lints."""

import pytest
from model_programs import codes, model, program

from nndsl.model.network import Apply, Balanced, Number, Term

HEAD = 'input x: f32[4]\ntarget kind: class["a", "b", "c"]\ntarget hit: binary[3]\ntarget share: f32[3]'


def applied(term: Term) -> Apply:
    assert isinstance(term, Apply)
    return term


def loss(body: str) -> Apply:
    return applied(model(body, head=HEAD).losses[0].term)


def prediction(term: Apply) -> Apply:
    return applied(next(iter(term.arguments.values())))


@pytest.mark.parametrize(
    "body",
    [
        "z = x -> dense(3)\nloss cross_entropy(softmax(z), kind)",
        "p = x -> dense(3, softmax)\nloss cross_entropy(p, kind)",
        "p = x -> dense(3) -> softmax\nloss cross_entropy(p, share)",
        "p = x -> dense(3, sigmoid)\nloss binary_cross_entropy(p, hit)",
        "block own(t) { return sigmoid(t) }",
    ],
)
def test_a_loss_of_scores_uses_those_behind_a_direct_link(body: str) -> None:
    before = ""
    if body.startswith("block"):
        before, body = body, "p = x -> dense(3, own)\nloss binary_cross_entropy(p, hit)"
    term = applied(model(body, before, head=HEAD).losses[0].term)
    assert term.arguments["from"] == "scores"
    assert prediction(term).composite.name == "dense"
    assert prediction(term).arguments.get("activation") is None


def test_the_layer_behind_the_probabilities_is_the_same_layer() -> None:
    network = model("output p = x -> dense(3, softmax)\nloss cross_entropy(p, kind)", head=HEAD)
    assert prediction(applied(network.losses[0].term)).layer is applied(network.outputs[0].term).layer


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("loss cross_entropy(sigmoid(z), kind)", "NN321"),
        ("loss binary_cross_entropy(softmax(z), hit)", "NN321"),
        ("loss cross_entropy(softmax(z) * 0.9 + 0.1 / 3, kind)", "NN322"),
        ("loss cross_entropy((softmax(z) + softmax(2 * z)) / 2, kind)", "NN322"),
        ("loss cross_entropy(softmax(softmax(z)), kind)", "NN322"),
        ("loss binary_cross_entropy(sigmoid(sigmoid(z)), hit)", "NN322"),
        ("loss binary_cross_entropy(softmax(sigmoid(z)), hit)", "NN322"),
        ("p = z -> dense(3, softmax) -> softmax\nloss cross_entropy(p, kind)", "NN322"),
        ("loss binary_cross_entropy(clip(sigmoid(z), 0.1, 0.9), hit)", "NN322"),
    ],
)
def test_other_probabilities_are_errors_unless_the_program_says_what_they_are(body: str, code: str) -> None:
    assert codes(f"z = x -> dense(3)\n{body}", head=HEAD) == [code]
    said = body[:-1] + ", from = probabilities)"
    assert codes(f"z = x -> dense(3)\n{said}", head=HEAD) == []


def test_a_gate_is_no_probability() -> None:
    assert codes("z = x -> dense(3)\nloss cross_entropy(z * sigmoid(z), kind)", head=HEAD) == []


def test_metrics_see_scores_or_probabilities() -> None:
    body = "z = x -> dense(3)\nmetric binary_accuracy({}, hit)"
    assert "from" not in applied(model(body.format("z"), head=HEAD).metrics[0].term).arguments
    direct = applied(model(body.format("sigmoid(z)"), head=HEAD).metrics[0].term)
    assert (direct.arguments["from"], prediction(direct).composite.name) == ("scores", "dense")
    mixed = applied(model(body.format("0.5 * sigmoid(z)"), head=HEAD).metrics[0].term)
    assert mixed.arguments["from"] == "probabilities"


# ---------------------------------------------------------------- argmax


@pytest.mark.parametrize("scores", ["z", "softmax(z)", "p"])
def test_an_argmax_output_gives_the_classes_of_the_target_whose_loss_uses_the_scores(scores: str) -> None:
    body = f"z = x -> dense(3)\np = softmax(z)\noutput label = argmax({scores})\nloss cross_entropy(p, kind)"
    classes = model(body, head=HEAD).outputs[0].classes
    assert classes is not None
    assert classes.name == "kind"


def test_an_argmax_of_other_numbers_gives_indices() -> None:
    body = "z = x -> dense(3)\noutput label = argmax(z * 2)\nloss cross_entropy(z, kind)"
    assert model(body, head=HEAD).outputs[0].classes is None


def test_of_two_targets_the_program_says_which() -> None:
    head = "input x: f32[4]\ntarget a: class[3]\ntarget b: class[3]"
    body = "z = x -> dense(3)\noutput label = argmax(z{})\nloss cross_entropy(z, a) + cross_entropy(z, b)"
    assert codes(body.format(""), head=head) == ["NN324"]
    classes = model(body.format(", of = b"), head=head).outputs[0].classes
    assert classes is not None
    assert classes.name == "b"


# ---------------------------------------------------------------- shapes


def test_a_mismatch_of_scores_is_said_once_though_loss_and_metric_have_it() -> None:
    body = "z = x -> dense(4)\nloss cross_entropy(z, kind)\nmetric accuracy(z, kind)"
    assert codes(body, head=HEAD) == ["NN305"]


@pytest.mark.parametrize("expression", ["mse(z, share)", "mean(abs(z))", "0.5 * mse(z, share) + mean(z)"])
def test_a_loss_is_one_number_an_example(expression: str) -> None:
    assert codes(f"z = x -> dense(3)\nloss {expression}", head=HEAD) == []
    assert codes("z = x -> dense(3)\nloss abs(z)", head=HEAD) == ["NN320"]


def test_a_loss_of_parameters_alone_is_one_number() -> None:
    assert codes("z = x -> dense(3)\nloss mse(z, share) \nloss mean(z.W ^ 2) as decay\noutput z", head=HEAD) == []


def test_an_output_may_not_depend_on_a_target() -> None:
    assert codes("output o = x -> dense(3)\noutput e = o - share\noutput f = e * 2", head=HEAD) == ["NN323", "NN323"]


def test_arithmetic_on_metrics_is_allowed_and_metrics_of_metrics_are_not() -> None:
    assert codes("z = x -> dense(3)\nmetric sqrt(mse(z, share)) + mae(z, share) as sum", head=HEAD) == []
    assert codes("z = x -> dense(3)\nmetric dense(mse(z, share), 3) as d", head=HEAD) == ["NN308"]


# ---------------------------------------------------------------- class weights


def test_class_weights_are_a_list_in_class_order_or_a_map_by_name_or_balanced() -> None:
    body = "z = x -> dense(3)\nloss cross_entropy(z, kind, class_weight = {})"
    by_name = loss(body.format('{"c": 5, "a": 2}')).arguments["class_weight"]
    assert isinstance(by_name, Number)
    assert by_name.value == (2.0, 1.0, 5.0)
    listed = loss(body.format("[1, 2, 3]")).arguments["class_weight"]
    assert isinstance(listed, Number)
    assert listed.value == (1.0, 2.0, 3.0)
    assert loss(body.format("balanced")).arguments["class_weight"] == Balanced(3, "target")
    for wrong in ("[1, 2]", '{"d": 1}', "[1, -1, 1]"):
        assert codes(body.format(wrong), head=HEAD) == ["NN329"]


# ---------------------------------------------------------------- lints


def warnings(text: str) -> list[str]:
    return [warning.code for warning in program(f"model m {{\ninput x: f32[4]\ntarget y: f32\n{text}\n}}").warnings]


def test_a_program_as_it_should_be_has_no_warning() -> None:
    assert warnings("h = x -> dense(8, relu) -> dropout(0.2)\noutput o = h -> dense(1)\nloss mse(o, y)") == []


def test_layers_of_activations_and_shared_ones_count_as_used() -> None:
    blocks = "block enc(t) { return dense(t, 3, act) }\nblock act(t) { return t -> dense(3) }"
    text = f"{blocks}\nmodel m {{\ninput x: f32[4]\noutput o = x -> enc\nlayer unused = dense(2)\n}}"
    assert [warning.code for warning in program(text).warnings] == ["NN603"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("output o = x -> dense(1) -> dropout(0.5)\nloss mse(o, y)", "NN605"),
        ("output o = x -> dense(1) -> dropout(0.5) -> sigmoid\nloss mse(o, y)", "NN605"),
        ("output o = x -> dense(1)\nh = x -> dense(8)\nloss mse(o, y)", "NN603"),
        ("output o = x -> dense(1)\noutput p = x -> dense(1)\nloss mse(o, y)", "NN604"),
    ],
)
def test_what_was_probably_not_meant_is_a_warning(body: str, code: str) -> None:
    assert warnings(body) == [code]


def test_dropout_of_the_inputs_is_no_dropout_after_the_last_layer() -> None:
    assert warnings("output o = x -> dropout(0.5)\nh = o -> dense(1)\nloss mse(h, y)") == []
