"""Every item and statement of the language, and where their keywords are only names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from nndsl.diagnostics import Diagnostic
from nndsl.syntax import tree

Body = Callable[[str], tuple[tree.Statement, ...]]
Program = Callable[[str], tree.Program]
Show = Callable[[Any], str]


def test_declarations_have_a_type(body: Body, shape_of: Show) -> None:
    pixels, digit, city, tags = body(
        "input pixels: f32[28, 2 * n, 1]\n"
        "target digit: class\n"
        "input city: class unknown = other\n"
        'target tags: class["O", "B"][time]'
    )
    assert isinstance(pixels, tree.Declaration)
    assert (pixels.kind, pixels.name.text) == ("input", "pixels")
    assert isinstance(pixels.type, tree.TypeExpression)
    assert pixels.type.base.text == "f32"
    assert [shape_of(bracket) for bracket in pixels.type.brackets] == ["[28 (* 2 n) 1]"]
    assert isinstance(digit, tree.Declaration)
    assert isinstance(digit.type, tree.TypeExpression)
    assert (digit.kind, digit.type.base.text, digit.type.brackets) == ("target", "class", ())
    assert isinstance(city, tree.Declaration)
    assert isinstance(city.type, tree.TypeExpression)
    assert [(option.name.text, shape_of(option.value)) for option in city.type.options] == [("unknown", "other")]
    assert isinstance(tags, tree.Declaration)
    assert isinstance(tags.type, tree.TypeExpression)
    assert [shape_of(bracket) for bracket in tags.type.brackets] == ["['O' 'B']", "[time]"]


def test_bindings_name_one_value_or_several(body: Body, shape_of: Show) -> None:
    one, two = body("h = x -> f\nu, v = x -> g")
    assert isinstance(one, tree.Binding)
    assert isinstance(two, tree.Binding)
    assert [name.text for name in one.names] == ["h"]
    assert [name.text for name in two.names] == ["u", "v"]
    assert shape_of(two.value) == "(-> x g)"


def test_layers_outputs_losses_and_metrics(body: Body, shape_of: Show) -> None:
    layer, plain, computed, loss, named, metric = body(
        "layer shared = dense(8)\noutput y\noutput z = y + 1\n"
        "loss mse(y, t)\nloss l1(y) as small\nmetric mae(y, t) as off"
    )
    assert isinstance(layer, tree.SharedLayer)
    assert shape_of(layer.value) == "dense(8)"
    assert isinstance(plain, tree.Output)
    assert plain.value is None
    assert isinstance(computed, tree.Output)
    assert shape_of(computed.value) == "(+ y 1)"
    assert isinstance(loss, tree.Loss)
    assert loss.alias is None
    assert isinstance(named, tree.Loss)
    assert named.alias is not None
    assert named.alias.text == "small"
    assert isinstance(metric, tree.Metric)
    assert metric.alias is not None
    assert metric.alias.text == "off"


def test_for_may_give_the_index(body: Body, shape_of: Show) -> None:
    one, two = body("for f in [32, 64] {\n  h = h -> dense(f)\n}\nfor i, f in zip(a, b) { h = f\n }")
    assert isinstance(one, tree.For)
    assert isinstance(two, tree.For)
    assert [name.text for name in one.names] == ["f"]
    assert [name.text for name in two.names] == ["i", "f"]
    assert shape_of(one.iterable) == "[32 64]"
    assert len(one.body) == len(two.body) == 1


def test_assert_and_return(program: Program, shape_of: Show) -> None:
    (block,) = program('block b(x, n, s = 1,) {\n  assert n > 0, "no"\n  assert s == 1\n  return x, n\n}\n').items
    assert isinstance(block, tree.Block)
    assert [(p.name.text, p.default and shape_of(p.default)) for p in block.parameters] == [
        ("x", None),
        ("n", None),
        ("s", "1"),
    ]
    with_message, without, result = block.body
    assert isinstance(with_message, tree.Assert)
    assert with_message.message is not None
    assert isinstance(without, tree.Assert)
    assert without.message is None
    assert isinstance(result, tree.Return)
    assert [shape_of(value) for value in result.values] == ["x", "n"]


def test_items(program: Program) -> None:
    items = program(
        'const n = 8\nimport "blocks.nn"\nmodel m { }\nblock b() { }\n'
        'data { source = csv("a.csv") }\ntrain { epochs = 3 }\n'
    ).items
    assert [type(item).__name__ for item in items] == ["Const", "Import", "Model", "Block", "Section", "Section"]
    data, train = items[4:]
    assert isinstance(data, tree.Section)
    assert isinstance(train, tree.Section)
    assert (data.kind, train.kind) == ("data", "train")
    assert [setting.name.text for setting in (*data.settings, *train.settings)] == ["source", "epochs"]


def test_keywords_are_names_wherever_no_statement_begins(program: Program, body: Body, shape_of: Show) -> None:
    (data,) = program("data {\n  train = input\n  loss = model\n  metric = const\n}\n").items
    assert isinstance(data, tree.Section)
    assert [setting.name.text for setting in data.settings] == ["train", "loss", "metric"]
    (binding,) = body("y = loss -> data.output(input = target, layer = model)")
    assert isinstance(binding, tree.Binding)
    assert shape_of(binding.value) == "(-> loss data.output(input=target layer=model))"
    (loop,) = body("for data in range(0, 3) { input train: f32[layer] }")
    assert isinstance(loop, tree.For)
    assert loop.names[0].text == "data"


def test_keywords_end_where_words_end(program: Program, body: Body) -> None:
    (binding,) = body("inputs = outputs")
    assert isinstance(binding, tree.Binding)
    assert binding.names[0].text == "inputs"
    assert isinstance(program("const constA = 1\n").items[0], tree.Const)


@pytest.mark.parametrize("text", ["constA = 1\n", "modelm { }\n", "trainer { }\n"])
def test_a_keyword_run_into_a_name_is_none(errors: Callable[[str], tuple[Diagnostic, ...]], text: str) -> None:
    assert errors(text)


def test_every_node_knows_its_place(program: Program) -> None:
    text = "# a\nmodel m {\n  input x: f32[8]\n  y = (x + 1) * 2 -> dense(8)  # b\n}\n"
    (model,) = program(text).items
    assert isinstance(model, tree.Model)
    assert model.span.text == text[4:-1]
    binding = model.body[1]
    assert isinstance(binding, tree.Binding)
    assert binding.span.text == "y = (x + 1) * 2 -> dense(8)"
    assert isinstance(binding.value, tree.Pipe)
    assert binding.value.head.span.text == "(x + 1) * 2"
    assert [stage.span.text for stage in binding.value.stages] == ["dense(8)"]
    assert (binding.span.line, binding.span.column) == (4, 3)
