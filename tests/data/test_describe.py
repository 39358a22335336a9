"""Descriptions of data against pandas and NumPy, with missing values, over any chunks; what histograms count."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest
from data_files import Files, binary, f32, i64, kinds, section, select, share
from PIL import Image

from nndsl.data import describe as describing
from nndsl.data.cache import Cache
from nndsl.data.describe import describe
from nndsl.data.description import Described, Description
from nndsl.data.histograms import Bars, Histogram, histograms
from nndsl.data.program_data import Data
from nndsl.model.network import Declared
from nndsl.model.sections import DataSection


def described(program: DataSection, *declared: Declared) -> Description:
    data = Data(program, declared)
    return describe(data, data.splits())


def one(description: Description, name: str) -> Described:
    return next(each for each in description.described if each.name == name)


def drawn(program: DataSection, *declared: Declared) -> list[Histogram | Bars]:
    data = Data(program, declared)
    splits = data.splits()
    return histograms(splits, describe(data, splits))


TABLE = "a,b,y\n" + "".join(f"{i},{i * 0.1:.1f},{('red', 'blue')[i % 2]}\n" for i in range(10))


# ---------------------------------------------------------------- numbers


@pytest.mark.parametrize("chunk", [1, 1000, 1 << 25])
def test_numbers_are_those_of_pandas(files: Files, monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    """However few bytes are looked at together; values far from 0 keep their spread."""
    monkeypatch.setattr(describing, "CHUNK", chunk)
    random = np.random.default_rng(0)
    frame = pandas.DataFrame({"a": random.normal(1e4, 1, 500), "b": random.exponential(3, 500)}).astype(np.float32)
    frame.loc[random.random(500) < 0.2, "b"] = np.nan
    frame["y"] = "k"
    program = section(
        files.csv(frame.to_csv(index=False)),
        missing="keep",
        test=share(0.3),
        bindings={"x": select("columns", "a", "b")},
    )
    quantities = one(described(program, f32("x", 2), kinds("y", ["k"])), "x").quantities
    for ours, name in zip(quantities, ("a", "b"), strict=True):
        theirs = frame[name].astype(np.float64)
        assert ours.name == name
        assert (ours.count, ours.missing) == (theirs.count(), theirs.isna().sum())
        assert ours.min == pytest.approx(theirs.min(), rel=1e-7)  # of a float32, written as short as it reads back
        assert ours.max == pytest.approx(theirs.max(), rel=1e-7)
        assert ours.mean == pytest.approx(theirs.mean(), rel=1e-12)
        assert ours.std == pytest.approx(theirs.std(ddof=0), rel=1e-9)


def test_all_columns_together_are_all_their_values(files: Files) -> None:
    program = section(files.csv("a,b\n1,10\n2,\n3,30\n,40\n"), missing="keep", bindings={"x": select("columns", "*")})
    total = one(described(program, f32("x", 2)), "x").total
    values = np.array([1, 2, 3, 10, 30, 40])
    assert (total.count, total.missing, total.min, total.max, total.whole) == (6, 2, 1, 40, True)
    assert total.mean == pytest.approx(values.mean())
    assert total.std == pytest.approx(values.std())


def test_an_array_is_one_quantity(files: Files) -> None:
    images = np.random.default_rng(0).integers(0, 256, (20, 4, 3, 1), np.uint8)
    found = one(described(section(files.npz({"x": images})), f32("x", 4, 3, 1)), "x")
    (quantity,) = found.quantities
    assert (found.shape, found.what, found.names, found.files) == ((4, 3, 1), "array", ("x",), ("a.npz",))
    assert (quantity.count, quantity.min, quantity.max) == (240, images.min(), images.max())
    assert quantity.std == pytest.approx(images.std())


def test_whole_numbers_stay_exact(files: Files) -> None:
    found = one(described(section(files.csv(f"x\n{2**62 + 1}\n-7\n")), i64("x")), "x").quantities[0]
    assert (found.min, found.max) == (-7, 2**62 + 1)


def test_an_empty_column_has_no_range(files: Files) -> None:
    found = one(described(section(files.csv("x,y\n,1\n,2\n"), missing="keep"), f32("x"), f32("y")), "x").quantities[0]
    assert (found.count, found.missing, found.min, found.max, found.mean, found.std) == (0, 2, None, None, None, None)


def test_free_sizes_have_their_values(files: Files) -> None:
    found = one(described(section(files.npz({"x": np.zeros((5, 7))})), f32("x", "time")), "x")
    assert found.shape == (7,)


# ---------------------------------------------------------------- classes


def test_classes_are_counted_in_each_split(files: Files) -> None:
    program = section(files.csv(TABLE), validation=share(2), test=share(4), stratify="y")
    found = one(described(program, f32("a"), kinds("y")), "y")
    assert [(each.name, dict(each.counts), each.count) for each in found.classes] == [
        ("blue", {"train": 2, "validation": 1, "test": 2}, 5),
        ("red", {"train": 2, "validation": 1, "test": 2}, 5),
    ]
    assert (found.count, found.quantities) == (10, ())


def test_a_class_of_fixed_names_that_never_occurs_counts_0(files: Files) -> None:
    found = one(described(section(files.csv(TABLE)), f32("a"), kinds("y", ["red", "green", "blue"])), "y")
    assert [(each.name, each.count) for each in found.classes] == [("red", 5), ("green", 0), ("blue", 5)]


def test_unknown_kinds_are_the_other_class(files: Files) -> None:
    program = section(files.csv(TABLE), test=(files.csv("a,b,y\n1,2,green\n", "later.csv"),))
    found = one(described(program, f32("a"), kinds("y", unknown="other")), "y")
    assert [(each.name, each.counts["test"]) for each in found.classes] == [("blue", 0), ("red", 0), ("other", 1)]

    same = one(described(section(files.csv(TABLE)), f32("a"), kinds("y", unknown="other")), "y")
    assert [each.name for each in same.classes] == ["blue", "red"]  # where there are none, nothing is said of them


def test_long_lists_of_classes_are_only_counted_in_the_type(files: Files) -> None:
    few, many = kinds("y", ["red", "blue"]), kinds("y", ["red", "blue", "a rather long name of a colour"])
    program = section(files.csv(TABLE))
    assert one(described(program, few), "y").type == 'class["red", "blue"]'
    assert one(described(program, many), "y").type == "class[3]"


def test_a_binary_has_two_classes_and_several_have_shares_of_yes(files: Files) -> None:
    program = section(files.csv("y,z\nyes,no\nno,no\nyes,yes\nyes,no\n"), bindings={"x": select("columns", "*")})
    description = described(program, binary("y"), binary("x", 2, role="input"))
    assert [(each.name, each.count) for each in one(description, "y").classes] == [(0, 1), (1, 3)]
    assert [quantity.mean for quantity in one(description, "x").quantities] == [0.75, 0.25]


# ---------------------------------------------------------------- rows


def test_what_is_dropped_is_counted(files: Files) -> None:
    program = section(files.csv("a,b,y\n1,,red\n2,3,\n4,5,red\n,,blue\n6,7,blue\n"), missing="drop")
    description = described(program, f32("a"), f32("b"), kinds("y"))
    assert (description.rows, description.dropped, description.splits) == (5, 3, {"train": 2})
    assert [each.missing for each in description.described] == [1, 2, 1]
    assert [each.count for each in description.described] == [2, 2, 2]


def test_missing_values_of_several_columns_are_counted_for_each(files: Files) -> None:
    program = section(files.csv("a,b\n1,\n2,\n,5\n6,7\n8,\n"), missing="drop", bindings={"x": select("columns", "*")})
    assert [each.missing for each in one(described(program, f32("x", 2)), "x").quantities] == [1, 3]


def test_sources_that_are_joined_are_all_named(files: Files) -> None:
    program = section(files.csv(TABLE, "one.csv"), files.csv(TABLE, "two.csv"), test=(files.csv(TABLE, "three.csv"),))
    description = described(program, f32("a"))
    assert description.files == ("one.csv", "two.csv", "three.csv")
    assert (description.rows, description.splits) == (30, {"train": 20, "test": 10})


def test_many_pictures_are_told_by_their_folder(files: Files) -> None:
    for kind, shade in (("dark", 10), ("light", 200)):
        (files.folder / "shots" / kind).mkdir(parents=True)
        for i in range(10):
            Image.new("L", (2, 3), shade + i).save(files.folder / "shots" / kind / f"{i}.png")
    pictures = files.call("images", "shots/*/*.png", {"y": "folder"})
    description = described(section(pictures), f32("image", 3, 2, 1), kinds("y"))
    assert description.files == ("shots (20 files)",)
    assert [(each.name, each.count) for each in one(description, "y").classes] == [("dark", 10), ("light", 10)]
    assert (one(description, "image").total.min, one(description, "image").total.max) == (10, 209)


def test_plain_values_are_json(files: Files) -> None:
    program = section(files.csv(TABLE), test=share(5), bindings={"x": select("columns", "a", "b")})
    plain = json.loads(json.dumps(described(program, f32("x", 2), kinds("y")).to_json()))
    assert plain["splits"] == {"train": 5, "test": 5}
    assert plain["inputs"]["x"]["each"]["a"] == {
        "count": 10,
        "missing": 0,
        "min": 0,
        "max": 9,
        "mean": 4.5,
        "std": pytest.approx(np.arange(10).std()),
    }
    assert plain["targets"]["y"]["classes"][0]["class"] == "blue"
    assert plain["targets"]["y"]["classes"][0]["share"] == 0.5


@pytest.mark.parametrize("missing", ["drop", "keep"])
def test_what_is_larger_than_memory_is_described_alike(
    files: Files, monkeypatch: pytest.MonkeyPatch, missing: Any
) -> None:
    monkeypatch.setattr(describing, "CHUNK", 64)
    rows = "".join(f"{i % 7 or ''},{i * 0.3:.1f},{'uvw'[i % 3]}\n" for i in range(60))
    program = section(
        files.csv(f"a,b,y\n{rows}"), missing=missing, test=share(20), bindings={"x": select("columns", "a", "b")}
    )
    declared = [f32("x", 2), kinds("y")]
    streamed = Data(program, declared, cache=Cache(Path("cache"), "program.nn", above=0, piece=11))
    splits = streamed.splits()
    assert not isinstance(splits.train.arrays["x"], np.ndarray)
    found, expected = describe(streamed, splits), described(program, *declared)
    assert found == expected
    assert found.dropped == (9 if missing == "drop" else 0)
    assert found.described[0].missing == 9
    for ours, theirs in zip(histograms(splits, found), drawn(program, *declared), strict=True):
        assert {split: counts.tolist() for split, counts in ours.counts.items()} == {
            split: counts.tolist() for split, counts in theirs.counts.items()
        }


# ---------------------------------------------------------------- histograms


def titles(panels: Sequence[Histogram | Bars]) -> list[str]:
    return [panel.title for panel in panels]


def test_histograms_count_every_value_once(files: Files) -> None:
    values = np.random.default_rng(0).normal(size=400).astype(np.float32)
    values[::7] = np.nan
    program = section(files.npz({"x": values}), missing="keep", test=share(100))
    (panel,) = drawn(program, f32("x"))
    assert isinstance(panel, Histogram)
    there = values[~np.isnan(values)]
    assert (panel.counts["train"] + panel.counts["test"]).sum() == len(there)
    inner = slice(1, -1)  # the outermost edges are written as short as they read back
    both = panel.counts["train"] + panel.counts["test"]
    assert both[inner].tolist() == np.histogram(there, panel.edges)[0][inner].tolist()


def test_few_whole_numbers_have_a_bin_each(files: Files) -> None:
    (panel,) = drawn(section(files.csv("x\n1\n1\n4\n")), f32("x"))
    assert isinstance(panel, Histogram)
    assert panel.edges.tolist() == [0.5, 1.5, 2.5, 3.5, 4.5]
    assert panel.counts["train"].tolist() == [2, 0, 0, 1]


def test_a_constant_has_one_bin(files: Files) -> None:
    (panel,) = drawn(section(files.csv("x\n0.25\n0.25\n")), f32("x"))
    assert isinstance(panel, Histogram)
    assert panel.counts["train"].tolist() == [2]


def test_columns_have_panels_of_their_own_unless_they_are_many(files: Files) -> None:
    few = section(files.npz({f"c{i}": np.arange(3.0) for i in range(3)}), bindings={"x": select("columns", "*")})
    assert titles(drawn(few, f32("x", 3))) == ["x: c0", "x: c1", "x: c2"]
    many = section(files.npz({f"c{i}": np.arange(3.0) for i in range(50)}), bindings={"x": select("columns", "*")})
    assert titles(drawn(many, f32("x", 50))) == ["x (50 columns)"]


def test_of_many_classes_the_most_frequent_have_bars(files: Files) -> None:
    rows = [f"k{i}" for i in range(60) for _ in range(1 + (i == 17))]
    (panel,) = drawn(section(files.csv("y\n" + "\n".join(rows) + "\n")), kinds("y"))
    assert isinstance(panel, Bars)
    assert (panel.names[0], len(panel.names), panel.classes, panel.totals) == ("k17", 20, 60, {"train": 61})


def test_what_has_no_values_has_no_histogram(files: Files) -> None:
    assert titles(drawn(section(files.csv("x,y\n,1\n,2\n"), missing="keep"), f32("x"), f32("y"))) == ["y"]
