"""The table of layers: each parameter in the row of the layer that has it, shared layers once."""

from __future__ import annotations

from nndsl.compiler import compile_network
from nndsl.model.check import check, load_program
from nndsl.source import Source
from nndsl.transform.summary import layer_table

PROGRAM = """
model table {
  input a: f32[4]
  input b: f32[4]
  target y: f32

  layer norm = batch_norm()
  h = a -> normalize -> dense(8, trainable = false)
  output p = concat(h, a -> norm, b -> norm) -> dense(1)

  loss mse(p, y)
}

train {
  optimizer = adam
}
"""


def test_rows_of_layers() -> None:
    source = Source("table.nn", PROGRAM)
    checked = check(load_program(source))
    rows = layer_table(compile_network(checked.network, checked.train, source).step)
    assert [(row.name, row.kind, row.parameters) for row in rows] == [
        ("a", "input", 0),
        ("b", "input", 0),
        ("h", "normalize", 8),
        ("h", "dense", 40),
        ("norm", "batch_norm", 16),
        ("norm", "batch_norm", 0),
        ("p", "concat", 0),
        ("p", "dense", 17),
    ]
    assert {row.name for row in rows if not row.trainable} == {"a", "b", "h"}


def test_a_layer_used_as_an_activation_has_a_row() -> None:
    text = (
        "model m { input x: f32[4]\ntarget y: f32\nh = x -> dense(8, prelu)\noutput p = h -> dense(1)\nloss mse(p, y) }"
    )
    source = Source("table.nn", text)
    checked = check(load_program(source))
    rows = layer_table(compile_network(checked.network, checked.train, source).step)
    assert [(row.name, row.kind, row.shape, row.parameters, row.inputs) for row in rows][1:] == [
        ("h", "dense", "[batch, 8]", 40, ("x",)),
        ("h.prelu", "prelu", "[batch, 8]", 8, ("h",)),
        ("p", "dense", "[batch, 1]", 9, ("h",)),
    ]
