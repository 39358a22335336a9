"""Composites that give several values: bound to names, handed around in a list, and wrong in number."""

from __future__ import annotations

import numpy as np
from model_programs import codes, model

from nndsl.graph.evaluate import evaluate
from nndsl.model.network import Apply
from nndsl.transform.lower import lower_predict

X = np.arange(8, dtype=np.float32).reshape(2, 4)


def predicted(body: str, before: str = "") -> dict[str, np.ndarray]:
    return evaluate(lower_predict(model(body, before))[0], {"x": X})


def test_each_value_has_its_own_name() -> None:
    network = model("a, b = x -> split(2)\noutput p = a\noutput q = b")
    terms = [output.term for output in network.outputs]
    assert all(isinstance(term, Apply) for term in terms)
    assert [(term.name, term.part) for term in terms if isinstance(term, Apply)] == [("a", 0), ("b", 1)]
    found = predicted("a, b = x -> split(2)\noutput p = a\noutput q = b")
    np.testing.assert_array_equal(found["p"], X[:, :2])
    np.testing.assert_array_equal(found["q"], X[:, 2:])


def test_sections_may_be_unequal() -> None:
    found = predicted("a, b, c = split(x, [1, 3])\noutput p = b\noutput q = c")
    np.testing.assert_array_equal(found["p"], X[:, 1:3])
    np.testing.assert_array_equal(found["q"], X[:, 3:])


def test_a_list_of_values_is_what_layers_of_many_take() -> None:
    found = predicted("parts = x -> split(2)\noutput p = add(parts)\noutput q = parts[1]")
    np.testing.assert_array_equal(found["p"], X[:, :2] + X[:, 2:])
    np.testing.assert_array_equal(found["q"], X[:, 2:])


def test_a_block_may_return_them() -> None:
    block = "block ends(x) {\n  a, b = x -> split(2)\n  return b, a\n}"
    np.testing.assert_array_equal(predicted("a, b = ends(x)\noutput p = a", block)["p"], X[:, 2:])


def test_a_shared_split_is_one() -> None:
    found = predicted("layer halves = split(sections = 2)\na, b = x -> halves\nc, d = 2 * x -> halves\noutput p = d")
    np.testing.assert_array_equal(found["p"], 2 * X[:, 2:])


def test_a_loop_runs_through_them() -> None:
    body = "s = 0 * slice(x, 0, 2)\nfor part in split(x, 2) {\n  s = s + part\n}\noutput p = s"
    np.testing.assert_array_equal(predicted(body)["p"], X[:, :2] + X[:, 2:])


def test_the_number_of_names_must_be_theirs() -> None:
    assert codes("a, b, c = x -> split(2)\noutput p = a") == ["NN218"]
    assert codes("h = x -> split(2) -> relu\noutput p = h") == ["NN215"]
