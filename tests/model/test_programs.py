"""Whole programs: those of the language's page and the examples check cleanly, and errors of all parts come at once."""

from pathlib import Path

import pytest
from model_programs import HEAD, failure, program

from nndsl.diagnostics import Failure
from nndsl.model.apply import operands
from nndsl.model.check import check, declarations, load_program
from nndsl.model.network import Apply
from nndsl.source import Source

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.nn"))

DIGITS = """
model digits {
  input  pixels: f32[64]                 # one example's shape: the batch axis is implied everywhere
  target digit:  class[10]               # known while training and evaluating, not while predicting

  hidden = pixels / 16 -> dense(32, relu) -> dropout(0.2)
  logits = hidden -> dense(10)

  output probability = softmax(logits)
  output label       = argmax(logits)    # over a class target's scores: the class, by its name if it has names

  loss   cross_entropy(logits, digit)
  metric accuracy(logits, digit)
}

data {
  source     = csv("data/digits.csv")    # paths are relative to the .nn file
  pixels     = columns("pixel_*")        # a name not given here binds to the column or array of the same name
  validation = 15%
  test       = 15%
  stratify   = digit
}

train {
  optimizer  = adam(lr = 1e-3)
  epochs     = 30
  batch_size = 32
  seed       = 7
  callbacks  = [early_stopping(val_loss, patience = 5, restore_best = true)]
}
"""

WIDE_AND_DEEP = """
model wide_and_deep {
  input  wide: f32[5]
  input  deep: f32[6]
  target price: f32

  hidden = deep -> dense(30, relu) -> dense(30, relu)
  output main = concat(wide, hidden) -> dense(1)
  output aux  = hidden -> dense(1)

  loss 0.9 * mse(main, price) + 0.1 * mse(aux, price)
  metric mae(main, price)
}
"""


def test_the_digits_of_the_languages_first_page() -> None:
    checked = program(DIGITS, needs=("loss", "output"))
    network = checked.network
    assert [layer.name for layer in network.layers] == ["hidden", "hidden", "logits"]
    assert [output.name for output in network.outputs] == ["probability", "label"]
    assert network.outputs[1].classes is not None
    assert network.outputs[1].classes.name == "digit"
    assert [metric.name for metric in network.metrics] == ["accuracy"]
    assert checked.warnings == ()
    (logits,) = operands(network.outputs[0].term)
    assert isinstance(logits, Apply)
    assert (logits.name, logits.span.text) == ("logits", "dense(10)")


def test_several_inputs_and_outputs_with_weighted_losses() -> None:
    checked = program(WIDE_AND_DEEP, needs=("loss", "output"))
    names = [layer.name for layer in checked.network.layers]
    assert names == ["hidden.dense_1", "hidden.dense_2", "main", "main", "aux"]
    assert checked.warnings == ()


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_examples_check_without_a_warning(path: Path) -> None:
    loaded = load_program(path)
    assert declarations(loaded).data is not None
    assert check(loaded).warnings == ()


def test_errors_of_syntax_names_shapes_and_sections_come_in_one_run_in_the_order_of_the_text() -> None:
    text = f"""const n = 2 ^ 70
model m {{
{HEAD}
h = x -> dense(8
a = x -> dnse(8)
b = x + relu(x -> dense(3))
loss cross_entropy(x, kind)
}}
train {{ epoch = 3 }}
"""
    messages = failure(text)
    assert messages[0] == "this number is too large"
    assert any("dnse" in message for message in messages)
    assert messages[-1] == "`train` has no setting `epoch`"
    assert len(messages) == 6
    assert len(set(messages)) == 6


def test_declarations_of_a_wrong_program_say_what_is_wrong_elsewhere_too() -> None:
    text = "model m {\ninput x: f64[4]\nh = v -> dnse(8)\n}\n"
    with pytest.raises(Failure) as caught:
        declarations(load_program(Source("m.nn", text)))
    assert [d.code for d in caught.value.diagnostics] == ["NN301", "NN201", "NN201"]


def test_checking_twice_gives_the_same_network() -> None:
    def shape(text: str) -> list[tuple[str, str]]:
        return [(layer.name, layer.composite.name) for layer in program(text).network.layers]

    assert shape(DIGITS) == shape(DIGITS)
