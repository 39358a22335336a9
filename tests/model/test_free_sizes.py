"""Types and sizes: classes, options, free sizes as symbols, as numbers of the data, and their errors."""

import pytest
from model_programs import codes, failure, model

from nndsl.graph.sizes import BATCH, symbol
from nndsl.model.check import check, declarations, load_program
from nndsl.model.network import Classes, Facts
from nndsl.source import Source

TIME = symbol("time")
SERIES = "input x: f32[time, 9]\ninput mask: f32[time]\ntarget y: f32"


@pytest.mark.parametrize(
    ("type", "dtype", "shape", "classes"),
    [
        ("f32", "f32", (), None),
        ("f32[28, 28, 1]", "f32", (28, 28, 1), None),
        ("f32[n, 2 * n]", "f32", (3, 6), None),
        ("i64[5]", "i64", (5,), None),
        ("binary", "f32", (), None),
        ("class[10]", "i64", (), Classes(10)),
        ("class[10][28, 28]", "i64", (28, 28), Classes(10)),
        ('class["no", "yes"]', "i64", (), Classes(2, ("no", "yes"))),
        ("class[1, 2, 4]", "i64", (), Classes(3, (1, 2, 4))),
        ('class["O", "B", "I"][time]', "i64", (TIME,), Classes(3, ("O", "B", "I"))),
        ("class[kinds]", "i64", (), Classes(2, ("a", "b"))),
        ("class[n] unknown = other", "i64", (), Classes(3, None, "other")),
    ],
)
def test_what_types_mean(type: str, dtype: str, shape: tuple[object, ...], classes: Classes | None) -> None:
    network = model("output o = v", 'const n = 3\nconst kinds = ["a", "b"]', head=f"input v: f32\ninput t: {type}")
    (_, declared) = network.inputs
    assert (declared.dtype, declared.shape, declared.classes) == (dtype, shape, classes)


def test_an_unseen_kind_is_one_more_index() -> None:
    assert codes("assert t.classes == 4", head="input t: class[3] unknown = other") == []


def test_equal_names_are_equal_sizes() -> None:
    network = model("output o = mean(x, axis = -1) * mask", head=SERIES)
    assert network.outputs[0].term.type.shape == (BATCH, TIME)
    assert codes(
        "output o = mean(x, axis = -1) * mask", head=SERIES.replace("mask: f32[time]", "mask: f32[steps]")
    ) == ["NN304"]


def test_sizes_are_calculated_with() -> None:
    network = model("output o = flatten(x)", head=SERIES)
    assert network.outputs[0].term.type.shape == (BATCH, 9 * TIME)


def test_a_free_size_stays_a_symbol_though_the_data_know_it() -> None:
    network = model("output o = mean(x, axis = 0) -> dense(3)", head=SERIES, facts=Facts(sizes={"time": 5}))
    assert network.inputs[0].shape == (TIME, 9)


@pytest.mark.parametrize(
    "body", ["output o = x -> flatten -> dense(3)", "output o = x / time", "n = time ^ 2\noutput o = x"]
)
def test_where_a_free_size_must_be_a_number_it_is_the_datas(body: str) -> None:
    network = model(body, head=SERIES, facts=Facts(sizes={"time": 5}))
    assert network.inputs[0].shape == (5, 9)


def test_without_data_a_free_size_is_no_number() -> None:
    assert codes("n = time ^ 2\nm = 1 // 0", head=SERIES) == ["NN238", "NN234"]


def test_a_bare_class_has_the_kinds_of_the_data() -> None:
    facts = Facts(classes={"t": Classes(2, ("cat", "dog"))})
    network = model('assert t.classes == 2\noutput o = (t == "dog")', head="input t: class", facts=facts)
    assert network.inputs[0].classes == Classes(2, ("cat", "dog"))
    assert codes("output o = t", head="input t: class") == ["NN238"]


def test_what_needs_data_is_known_before_they_are_looked_at() -> None:
    def needs(declared: str, rest: str = "") -> bool:
        text = f"model m {{\n{declared}\n}}\n{rest}"
        return declarations(load_program(Source("m.nn", text))).needs_data

    assert not needs("input x: f32[3]\ntarget y: class[3]")
    assert needs("target y: class")
    assert needs("input x: f32[time]")
    assert needs("input x: f32", "train {\noptimizer = sgd(0.1)\nsteps = 5 * epoch\n}")


def test_an_epoch_has_the_steps_of_the_training_rows() -> None:
    text = "model m {\ninput x: f32\n}\ntrain {\nbatch_size = 32\nsteps = 3 * epoch\n}"
    checked = check(load_program(Source("m.nn", text)), Facts(rows={"train": 100}), needs=())
    assert checked.train.steps == 12
    assert failure(text)[0].startswith("how many steps an epoch has")
