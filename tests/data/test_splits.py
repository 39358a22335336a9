"""Splits: disjoint, exhaustive, of exactly the sizes asked for, proportional, and the same for ever."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from data_files import Files, f32, kinds, section, share
from hypothesis import given, settings
from hypothesis import strategies as st

from nndsl.data.load import load
from nndsl.data.splits import draw_splits, share_strata, split_counts
from nndsl.model.sections import Share
from nndsl.source import Source, Span

WHERE = Span(Source("program.nn", ""), 0, 0)

splittings = st.integers(3, 200).flatmap(
    lambda rows: st.tuples(
        st.just(rows),
        st.integers(1, rows // 3),
        st.integers(1, rows // 3),
        st.lists(st.integers(0, 4), min_size=rows, max_size=rows),
        st.booleans(),
        st.integers(0, 2**63 - 1),
    )
)


@given(splittings)
@settings(deadline=None)
def test_every_row_is_in_one_split_and_the_sizes_are_exact(case: tuple[int, int, int, list[int], bool, int]) -> None:
    rows, validation, test, strata, shuffle, seed = case
    counts = {"train": rows - validation - test, "validation": validation, "test": test}
    for groups in (None, np.array(strata)):
        splits = draw_splits(rows, counts, groups, shuffle=shuffle, seed=seed)
        assert {name: len(split) for name, split in splits.items()} == counts
        assert sorted(np.concatenate(list(splits.values())).tolist()) == list(range(rows))
        assert all((np.diff(split) > 0).all() for split in splits.values())


@given(splittings)
@settings(deadline=None)
def test_a_split_has_its_proportion_of_each_stratum(case: tuple[int, int, int, list[int], bool, int]) -> None:
    rows, validation, test, strata, _, _ = case
    sizes = np.bincount(strata).tolist()
    counts = {"train": rows - validation - test, "validation": validation, "test": test}
    shares = share_strata(sizes, counts)
    for split, count in counts.items():
        assert sum(shares[split]) == count
    taken = [sum(shares[split][i] for split in counts) for i in range(len(sizes))]
    assert taken == sizes
    if (
        min(size for size in sizes if size) * min(validation, test) >= rows
    ):  # else a stratum has less than a row to give
        for i, size in enumerate(sizes):
            # Rounding moves a part by less than one row; training takes what the other two leave.
            assert abs(shares["test"][i] - test * size / rows) < 1
            assert abs(shares["validation"][i] - validation * size / rows) < 2
            assert abs(shares["train"][i] - counts["train"] * size / rows) < 3


@given(splittings)
@settings(deadline=None)
def test_every_stratum_keeps_a_row_for_training_while_there_are_enough(
    case: tuple[int, int, int, list[int], bool, int],
) -> None:
    rows, validation, test, strata, _, _ = case
    sizes = [size for size in np.bincount(strata).tolist() if size]
    shares = share_strata(sizes, {"train": rows - validation - test, "validation": validation, "test": test})
    if rows - validation - test >= len(sizes):
        assert min(shares["train"]) >= 1


def test_the_same_rows_for_ever() -> None:
    """Pinned: another release, another platform or another NumPy must not move a row."""
    splits = draw_splits(20, {"train": 12, "validation": 4, "test": 4}, seed=0)
    assert {name: rows.tolist() for name, rows in splits.items()} == {
        "train": [2, 3, 5, 6, 8, 9, 11, 14, 16, 17, 18, 19],
        "validation": [0, 1, 12, 13],
        "test": [4, 7, 10, 15],
    }
    other = draw_splits(20, {"train": 12, "validation": 4, "test": 4}, seed=1)
    assert other["test"].tolist() != splits["test"].tolist()


def test_without_shuffling_training_comes_first_and_the_test_last() -> None:
    splits = draw_splits(10, {"train": 6, "validation": 2, "test": 2}, shuffle=False)
    assert {name: rows.tolist() for name, rows in splits.items()} == {
        "train": [0, 1, 2, 3, 4, 5],
        "validation": [6, 7],
        "test": [8, 9],
    }


@pytest.mark.parametrize(
    ("fraction", "rows", "count"),
    [(0.15, 1797, 270), (0.15, 10, 2), (0.29, 50, 15), (0.5, 3, 2), (0.05, 10, 1), (0.25, 100, 25)],
)
def test_a_share_is_rounded_half_up_as_it_is_written(fraction: float, rows: int, count: int) -> None:
    """0.29 of 50 is 14.5 and becomes 15, though the nearest double to 0.29 lies a little below it."""
    counts = split_counts(rows, {"test": Share(fraction, None, WHERE)}, WHERE)
    assert counts == {"train": rows - count, "test": count}


def test_a_share_for_training_leaves_rows_unused(files: Files) -> None:
    source = files.csv("x\n" + "".join(f"{i}\n" for i in range(10)))
    splits = load(section(source, train=share(0.3), test=share(2)), [f32("x")])
    assert (splits.train.rows, splits.test.rows if splits.test else 0) == (3, 2)
    assert splits.validation is None


def test_strata_of_names_and_numbers(files: Files) -> None:
    rows = [f"{i},{'abc'[i % 10 // 4]}\n" for i in range(100)]  # 40 a, 40 b, 20 c
    source = files.csv("x,c\n" + "".join(rows))
    program = section(source, validation=share(0.2), test=share(0.1), stratify="c")
    splits = load(program, [f32("x"), kinds("c")])
    assert splits.validation
    assert splits.test
    counts = [Counter(each.arrays["c"].tolist()) for each in (splits.train, splits.validation, splits.test)]
    assert counts == [{0: 28, 1: 28, 2: 14}, {0: 8, 1: 8, 2: 4}, {0: 4, 1: 4, 2: 2}]


def test_a_split_depends_on_no_other_setting(files: Files) -> None:
    """Neither on columns that it does not look at, nor on how they are bound, nor on the file's name."""
    text = "x,c\n" + "".join(f"{i},{'ab'[i % 2]}\n" for i in range(30))
    plain = load(section(files.csv(text), test=share(0.2)), [f32("x")])
    wide = "z,c,x\n" + "".join(f"0.5,{'ab'[i % 2]},{i}\n" for i in range(30))
    other = load(section(files.csv(wide, "b.csv"), test=share(0.2)), [kinds("c"), f32("x"), f32("z")])
    assert plain.test
    assert other.test
    assert plain.test.arrays["x"].tolist() == other.test.arrays["x"].tolist()
    assert plain.test.numbers.tolist() == other.test.numbers.tolist()


def test_shares_of_a_training_source(files: Files) -> None:
    """Without `source`, shares are of the rows of `train`."""
    train = files.npz({"x": np.arange(50.0)}, "train.npz")
    test = files.npz({"x": np.arange(50.0, 60)}, "test.npz")
    splits = load(section(train=(train,), test=(test,), validation=share(0.1)), [f32("x")])
    assert splits.facts.rows == {"train": 45, "validation": 5, "test": 10}
    assert splits.test
    assert splits.test.arrays["x"].tolist() == list(range(50, 60))
