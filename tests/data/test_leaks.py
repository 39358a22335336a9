"""Rows that are in two splits: found wherever they come from, told with an example, not where they must coincide."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from data_files import Files, binary, f32, kinds, section, select, share, told

from nndsl.data import leaks
from nndsl.data.dataset import Dataset
from nndsl.data.leaks import row_keys
from nndsl.data.load import load
from nndsl.model.network import Declared
from nndsl.model.sections import DataSection

XC = [f32("x"), f32("z"), kinds("c")]


def warnings(program: DataSection, declared: list[Declared]) -> list[tuple[str, str]]:
    return [told(warning) for warning in load(program, declared).warnings]


def table(rows: int, seed: int = 0) -> list[str]:
    """Lines of numbers that do not repeat themselves."""
    rng = np.random.default_rng(seed)
    return [f"{x:.6f},{z:.6f},{'ab'[i % 2]}" for i, (x, z) in enumerate(rng.random((rows, 2)))]


def text(lines: list[str]) -> str:
    return "\n".join(["x,z,c", *lines, ""])


def test_rows_of_one_file_in_another(files: Files) -> None:
    train = table(60)
    test = [*table(20, seed=1), train[7], train[30]]
    program = section(train=(files.csv(text(train)),), test=(files.csv(text(test), "b.csv"),))
    assert warnings(program, XC) == [
        (
            "2 of the 22 rows of `test` are in `train` too, with the same inputs and targets",
            "b.csv, line 22 and a.csv, line 9 are such a pair",
        )
    ]


def test_copies_in_one_file_fall_into_two_splits(files: Files) -> None:
    """Each row stands there twice, one below the other; what is drawn are the first rows and the last."""
    lines = [line for line in table(50) for _ in range(2)]
    program = section(files.csv(text(lines)), validation=share(11), test=share(10), shuffle=False)
    assert warnings(program, XC) == [
        (
            "1 of the 11 rows of `validation` is in `train` too, with the same inputs and targets",
            "a.csv, line 81 and a.csv, line 80 are such a pair",
        )
    ]
    found = warnings(section(files.csv(text(lines)), validation=share(0.3), test=share(0.3)), XC)
    assert [message.split(" too")[0].split("rows of ")[1] for message, _ in found] == [
        "`validation` are in `train`",
        "`test` are in `train`",
        "`test` are in `validation`",
    ]


def test_the_same_inputs_with_other_targets(files: Files) -> None:
    train = table(40)
    other = [line[:-1] + ("b" if line.endswith("a") else "a") for line in train[:3]]
    fresh = table(9, seed=1)
    program = section(train=(files.csv(text(train)),), test=(files.csv(text([*fresh, *other]), "b.csv"),))
    ((message, _),) = warnings(program, XC)
    assert message == "3 of the 12 rows of `test` are in `train` too, with the same inputs, but other targets"
    files.csv(text([*fresh, *other, train[5]]), "b.csv")
    ((message, help),) = warnings(program, XC)
    assert message == "4 of the 13 rows of `test` are in `train` too, with the same inputs, and in 1 the same targets"
    assert help == "b.csv, line 14 and a.csv, line 7 are such a pair"


def test_rows_are_counted_over_several_files(files: Files) -> None:
    parts = table(30), table(30, seed=1)
    program = section(
        train=(files.csv(text(parts[0])), files.csv(text(parts[1]), "b.csv")),
        test=(files.csv(text([*table(5, seed=2), parts[1][4]]), "c.csv"),),
    )
    ((_, help),) = warnings(program, XC)
    assert help == "c.csv, line 7 and b.csv, line 6 are such a pair"


def test_what_is_the_same_but_for_the_sign_of_zero_or_is_missing(files: Files) -> None:
    train, test = [*table(30), "0.0,0.25,a", ",0.75,b"], [*table(9, seed=1), "-0.0,0.25,a", "nan,0.75,b"]
    program = section(train=(files.csv(text(train)),), test=(files.csv(text(test), "b.csv"),), missing="keep")
    ((message, _),) = warnings(program, XC)
    assert message.startswith("2 of the 11 rows of `test`")


def test_different_rows_are_no_leak(files: Files) -> None:
    assert warnings(section(files.csv(text(table(300))), validation=share(0.2), test=share(0.2)), XC) == []


def test_a_table_of_few_values_must_coincide(files: Files) -> None:
    """A Boolean function of three inputs, each line five times: no other rows exist."""
    lines = [",".join(map(str, (*bits, bits[0] ^ bits[1]))) for bits in itertools.product((0, 1), repeat=3)] * 5
    program = section(
        files.csv("\n".join(["p,q,r,y", *lines])),
        bindings={"x": select("columns", "p", "q", "r")},
        test=share(0.25),
    )
    assert warnings(program, [f32("x", 3), binary("y")]) == []


def test_measurements_of_few_digits_coincide_now_and_then(files: Files) -> None:
    """Two columns of 40 and 25 values: of 300 rows some coincide by chance, which says nothing. A third that is exact
    makes copies of what coincides."""
    rng = np.random.default_rng(0)
    lines = [f"{a},{b},{'ab'[a % 2]}" for a, b in rng.integers(0, (40, 25), (300, 2))]
    assert warnings(section(files.csv(text(lines)), test=share(0.2)), XC) == []
    exact = [
        f"{line.rsplit(',', 1)[0]}.{number:09d},a"
        for line, number in zip(lines, rng.integers(0, 10**9, 300), strict=True)
    ]
    copied = exact + exact[:40]
    ((message, _),) = warnings(section(files.csv(text(copied)), test=share(0.2)), [*XC[:2], kinds("c", ["a", "b"])])[
        -1:
    ]
    assert message.startswith("13 of the 68 rows of `test` are in `train` too")


@pytest.mark.parametrize("together", [1, 7, 1000])
def test_keys_are_the_same_for_equal_rows_alone(together: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many rows are looked at together, and over all inputs; Python's tuples are the oracle."""
    monkeypatch.setattr(leaks, "TOGETHER", together)
    rng = np.random.default_rng(1)
    arrays = {
        "image": rng.integers(0, 2, (200, 2, 2)).astype(np.float32),
        "kind": rng.integers(0, 3, 200),
        "y": rng.random(200).astype(np.float32),
    }
    keys = row_keys(Dataset(arrays, np.arange(200)), ["image", "kind"]).tolist()
    rows = [(*image.ravel().tolist(), int(kind)) for image, kind in zip(arrays["image"], arrays["kind"], strict=True)]
    assert [keys.index(key) for key in keys] == [rows.index(row) for row in rows]
