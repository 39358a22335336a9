"""Which thing a name means: rebinding, blocks, consts, words of the vocabulary, sharing."""

from pathlib import Path

import pytest
from model_programs import codes, failure, model, program, states

from nndsl.diagnostics import Failure
from nndsl.model.check import check, load_program
from nndsl.model.network import Apply, LayerState
from nndsl.source import Source


def kinds(body: str, before: str = "") -> list[str]:
    """The vocabulary's names along the first operands of the output `h`, the last application first."""
    term = model(f"{body}\noutput out = h", before).outputs[0].term
    found = []
    while isinstance(term, Apply):
        found.append(term.composite.name)
        term = next(argument for argument in term.arguments.values() if not isinstance(argument, int | float | str))
        term = term[0] if isinstance(term, tuple) else term
    return found


# ---------------------------------------------------------------- rebinding


def test_a_plain_name_may_be_bound_again_and_then_stands_for_the_new_value() -> None:
    assert kinds("h = x -> relu\nh = h -> tanh") == ["tanh", "relu"]


def test_an_input_may_be_bound_again() -> None:
    assert kinds("x = x -> relu\nh = x") == ["relu"]


@pytest.mark.parametrize(
    "body",
    [
        "y = x",
        "output o = x\no = x",
        "output o = x\noutput o = v",
        "layer enc = dense(3)\nenc = x",
        "layer enc = dense(3)\nlayer enc = dense(4)",
        "width = 4",
        "f = x",
    ],
    ids=["target", "output", "output twice", "layer", "layer twice", "const", "block"],
)
def test_targets_outputs_layers_blocks_and_consts_may_not(body: str) -> None:
    assert codes(body, "const width = 3\nblock f(t) { return dense(t, width) }") == ["NN203"]


def test_an_output_without_a_value_is_the_value_of_that_name() -> None:
    network = model("z = x -> relu\noutput z")
    assert [output.name for output in network.outputs] == ["z"]


def test_names_bound_in_a_loop_are_visible_after_it() -> None:
    assert kinds("for f in [relu, tanh] { h = x -> f }") == ["tanh"]


def test_rebinding_in_a_loop_threads_a_value_through() -> None:
    assert kinds("h = x\nfor i, f in [relu, tanh] { h = h -> f }\nassert i == 1") == ["tanh", "relu"]


# ---------------------------------------------------------------- what a name means


def test_a_tensor_does_not_capture_a_stage_or_an_argument_of_its_name() -> None:
    assert kinds("relu = x -> dense(4)\ntanh = relu -> dense(4, relu)\nh = tanh -> tanh") == ["tanh", "dense", "dense"]


def test_an_argument_takes_the_programs_own_block_before_the_vocabularys_word() -> None:
    network = model("output h = x -> dense(4, relu)", "block relu(t) { return t -> dense(9) }")
    assert "h.relu.W" in states(network)


def test_an_argument_takes_the_programs_own_const_before_the_vocabularys_word() -> None:
    network = model("output h = x -> dense(4, relu, init = zeros)", "const zeros = he_normal")
    (term,) = (output.term for output in network.outputs)
    assert isinstance(term, Apply)
    assert term.arguments["init"].name == "he_normal"


def test_a_const_may_hold_a_word_or_a_partial_application() -> None:
    assert kinds("h = x -> act", "const act = leaky_relu(0.3)") == ["leaky_relu"]
    assert (
        codes("h = x -> dense(4, act) -> dense(4, init = start)", "const act = elu\nconst start = uniform(-1, 1)") == []
    )


def test_a_call_is_a_partial_application_where_an_activation_is_wanted() -> None:
    assert codes("h = x -> dense(8, leaky_relu(0.1)) -> dense(8, clip(0, 6)) -> dense(8, f(3))", BLOCK_F) == []


BLOCK_F = "block f(t, k) { return t * k }"


def test_a_block_sees_consts_blocks_and_its_parameters_but_no_value_of_the_model() -> None:
    assert codes("a = x -> g", "const k = 2\nblock f(t) { return t * k }\nblock g(t) { return t -> f }") == []
    assert codes("a = x -> f", "block f(t) { return t * v }") == ["NN201"]


def test_defaults_are_evaluated_at_the_call_from_left_to_right() -> None:
    network = model("output h = x -> f(3)", "block f(t, a, b = a * 2) { return t -> dense(b) }")
    assert network.outputs[0].term.type.shape[1:] == (6,)


def test_blocks_may_give_several_values() -> None:
    assert codes("a, b = x -> two\nh = a + b", "block two(t) { return t, t * 2 }") == []
    assert codes("a, b, c = x -> two", "block two(t) { return t, t * 2 }") == ["NN218"]


def test_every_use_of_a_block_makes_fresh_parameters() -> None:
    network = model("output h = (x -> f) + (v -> f)", "block f(t) { return t -> dense(3) }")
    assert states(network) == ["h.f_1.W", "h.f_1.b", "h.f_2.W", "h.f_2.b"]


def test_all_uses_of_a_shared_layer_share_its_parameters() -> None:
    assert states(model("layer enc = dense(3)\noutput h = (x -> enc) + (v -> enc)")) == ["enc.W", "enc.b"]


def test_a_layers_parameters_are_usable_in_expressions() -> None:
    network = model(
        "layer enc = dense(3)\nh = x -> enc\noutput o = h @ transpose(enc.W)\nk = x -> dense(2) -> dense(2)"
    )
    term = network.outputs[0].term
    assert isinstance(term, Apply)
    assert codes("k = x -> dense(2) -> dense(3)\noutput o = mean(k.dense_2.W) * x") == []
    inner = term.arguments["b"]
    assert isinstance(inner, Apply)
    assert isinstance(next(iter(inner.arguments.values())), LayerState)


def test_consts_may_stand_in_any_order_and_in_long_chains() -> None:
    chain = "\n".join(f"const a{i} = a{i + 1} + 1" for i in range(3000)) + "\nconst a3000 = 0"
    assert model("assert a0 == 3000\noutput o = x", chain).outputs


# ---------------------------------------------------------------- imports


def test_an_import_brings_consts_and_blocks_and_leaves_models_alone(tmp_path: Path) -> None:
    (tmp_path / "blocks.nn").write_text("const k = 2\nblock f(t) { return t * k }\nmodel other { input q: f32 }\n")
    (tmp_path / "main.nn").write_text(
        'import "blocks.nn"\nmodel m {\ninput x: f32[3]\noutput o = x -> f -> dense(k)\n}\n'
    )
    checked = check(load_program(tmp_path / "main.nn"), needs=())
    assert checked.network.name == "m"


def test_the_same_file_twice_is_once(tmp_path: Path) -> None:
    (tmp_path / "a.nn").write_text('import "c.nn"\n')
    (tmp_path / "b.nn").write_text('import "c.nn"\nimport "sub/../c.nn"\n')
    (tmp_path / "sub").mkdir()
    (tmp_path / "c.nn").write_text("const k = 2\n")
    (tmp_path / "main.nn").write_text('import "a.nn"\nimport "b.nn"\nmodel m {\ninput x: f32[k]\noutput o = x\n}\n')
    assert check(load_program(tmp_path / "main.nn"), needs=()).network.inputs[0].shape == (2,)


def test_an_imported_file_does_not_see_the_names_of_the_one_that_imports_it(tmp_path: Path) -> None:
    (tmp_path / "blocks.nn").write_text("block f(t) { return t * k }\n")
    (tmp_path / "main.nn").write_text(
        'import "blocks.nn"\nconst k = 2\nmodel m {\ninput x: f32\noutput o = x -> f\n}\n'
    )
    with pytest.raises(Failure, match="`k`"):
        check(load_program(tmp_path / "main.nn"), needs=())


@pytest.mark.parametrize(
    ("imported", "code"),
    [
        ('"../outside.nn"', "NN252"),
        ('"/etc/passwd"', "NN252"),
        ('"main.nn"', "NN251"),
        ('"loop.nn"', "NN251"),
        ('"twice.nn"', "NN204"),
        ('"folder"', "NN101"),
        ('"missing.nn"', "NN101"),
        ('"\\u{0}"', "NN250"),
        ('"' + "x" * 300 + '"', "NN101"),
        ('"link.nn"', "NN252"),
    ],
)
def test_imports_that_are_refused(tmp_path: Path, imported: str, code: str) -> None:
    folder = tmp_path / "program"
    (folder / "folder").mkdir(parents=True)
    (tmp_path / "outside.nn").write_text("const k = 2\n")
    (folder / "link.nn").symlink_to(tmp_path / "outside.nn")
    (folder / "loop.nn").write_text('import "main.nn"\n')
    (folder / "twice.nn").write_text("const k = 3\n")
    (folder / "main.nn").write_text(f"import {imported}\nconst k = 2\nmodel m {{\ninput x: f32[k]\noutput o = x\n}}\n")
    loaded = load_program(folder / "main.nn")
    assert [diagnostic.code for diagnostic in loaded.diagnostics] == [code]


def test_root_allows_a_larger_folder(tmp_path: Path) -> None:
    (tmp_path / "shared.nn").write_text("const k = 2\n")
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "main.nn").write_text('import "../shared.nn"\nmodel m {\ninput x: f32[k]\noutput o = x\n}\n')
    assert not load_program(tmp_path / "a" / "main.nn", root=tmp_path).diagnostics


# ---------------------------------------------------------------- models


def test_one_of_several_models_is_chosen_by_its_name() -> None:
    text = "model a {\ninput x: f32\noutput o = x\n}\nmodel b {\ninput x: f32\noutput o = x\n}\n"
    loaded = load_program(Source("two.nn", text))
    assert check(loaded, model_name="b", needs=()).network.name == "b"
    with pytest.raises(Failure, match="no model called `c`"):
        check(loaded, model_name="c", needs=())
    assert failure(text) == ["there are several models: a, b"]


def test_a_model_needs_a_loss_and_an_output_only_for_what_asks_for_them() -> None:
    text = "model m {\ninput x: f32\n}\n"
    assert program(text).network.outputs == ()
    assert len(failure(text)) == 0
    with pytest.raises(Failure) as caught:
        check(load_program(Source("m.nn", text)))
    assert [d.code for d in caught.value.diagnostics] == ["NN325", "NN326"]
