"""Random numbers: pinned for ever, functions of what they should depend on alone, and without visible structure.

Statistics are computed on fixed seeds, so a test passes always or never. Deviations are given in standard deviations of
what independent numbers would show; bounds of 4.5 and more leave room for the largest of the many that are looked at.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from samples import Array

from nndsl import ops
from nndsl.graph.builder import Builder
from nndsl.graph.evaluate import evaluate
from nndsl.graph.sizes import BATCH, Dim, symbol
from nndsl.graph.types import TensorType
from nndsl.ops.helpers import normal, permutation, random_uniform, site_number, uniform

N = 512
SEEDS_AND_STEPS = [(0, 0), (0, 1), (1, 0), (7, 1000), (2**40 + 1, 3), (-1, 10**6)]


def bits(seed: int = 0, step: int = 0, row: int = 0, rows: int = N, count: int = N, site: int = 5) -> Array:
    """The 24 bits of each number, [rows, count]."""
    return (random_uniform(seed, step, row, (rows, count), site) * 2**24).astype(np.uint32)


def standardised(bits: Array) -> Array:
    """Numbers of mean 0 and variance 1."""
    return np.asarray((bits / 2**24 - 0.5) * np.sqrt(12))


# ------------------------------------------------------------ for ever the same


def test_bits_never_change() -> None:
    """Seeds give the same training run in every version: these numbers may not be edited."""
    assert bits(rows=2, count=3).tolist() == [[9165071, 10560755, 5492620], [1927561, 9186383, 2806046]]
    large = bits(seed=2**33 + 7, step=2**35, row=2**31, rows=2, count=2, site=2**32 - 1)
    assert large.tolist() == [[16068048, 2103803], [7856104, 8426180]]
    assert bits(seed=-1, step=12, rows=1, count=2).tolist() == [[11242891, 13633364]]
    assert [site_number(name) for name in ("", "hidden.W", "größe")] == [2166136261, 1280188230, 3443061914]
    assert permutation(7, "shuffle", 0, 10).tolist() == [6, 1, 8, 3, 9, 4, 0, 7, 2, 5]
    assert uniform(7, "hidden.W", (2,)).tolist() == [0.9380545362352297, 0.38315046269220154]
    np.testing.assert_allclose(normal(7, "hidden.W", (2,)), [1.5386452405764064, -0.29721689322649], rtol=1e-14)


# ------------------------------------------------------------ a function of what it should depend on alone


def test_rows_are_numbered_in_the_whole_batch() -> None:
    """Micro-batches and ranks draw what the whole batch would, in whatever order and size."""
    whole = bits(row=0, rows=10)
    np.testing.assert_array_equal(np.concatenate([bits(row=0, rows=4), bits(row=4, rows=6)]), whole)


def test_each_argument_matters() -> None:
    first = bits()
    others = [bits(seed=1), bits(step=1), bits(row=N), bits(site=6), bits(seed=2**32), bits(step=2**32)]
    for other in others:
        assert np.mean(first == other) < 1e-4  # 2^-24 of chance


def test_numbers_are_multiples_of_2_to_minus_24_below_one() -> None:
    numbers = random_uniform(3, 1, 0, (1000, 1000), 9)
    assert numbers.dtype == np.float32
    assert numbers.min() >= 0
    assert numbers.max() < 1
    assert np.all(np.float64(numbers) * 2**24 % 1 == 0)


@pytest.mark.parametrize("shape", [(BATCH,), (BATCH, 3), (BATCH, 3, 2), (3, 2), (), (BATCH, symbol("time"))])
def test_graphs_draw_the_same(shape: tuple[Dim, ...]) -> None:
    """The batch's axis holds rows; without one, all is one row, whatever rows of the batch are at hand."""
    builder = Builder()
    builder.input("x", TensorType("f32", (BATCH, symbol("time"))))
    operands = [builder.input(name, TensorType("i64", ())) for name in ("seed", "step", "row")]
    drawn = builder.apply(ops.random_uniform, operands, {"shape": shape, "site": 5})
    values: dict[str, Any] = {"x": np.zeros((4, 6)), "seed": 1, "step": 2, "row": 8}
    found = evaluate(builder.graph("g", {"u": drawn}), values)["u"]
    batched = shape[:1] == (BATCH,)
    inner = [6 if dim == symbol("time") else dim for dim in (shape[1:] if batched else shape)]
    expected = random_uniform(1, 2, 8 if batched else 0, (4 if batched else 1, *inner), 5)  # type: ignore[arg-type]
    np.testing.assert_array_equal(found, expected if batched else expected[0])


# ------------------------------------------------------------ without visible structure


@pytest.mark.parametrize(("seed", "step"), SEEDS_AND_STEPS)
def test_uniformity(seed: int, step: int) -> None:
    drawn = bits(seed, step)
    for shift in (0, 8, 16):
        counts = np.bincount((drawn >> shift & 255).ravel(), minlength=256)
        expected = drawn.size / 256
        chi_square = np.sum((counts - expected) ** 2 / expected)
        assert abs(chi_square - 255) / np.sqrt(2 * 255) < 4.5
    x = standardised(drawn)
    for power, mean, variance in ((1, 0, 1), (2, 1, 4 / 5), (3, 0, 27 / 7), (4, 9 / 5, 9 - (9 / 5) ** 2)):
        assert abs(np.mean(x**power) - mean) * np.sqrt(x.size / variance) < 4.5


@pytest.mark.parametrize(("seed", "step"), SEEDS_AND_STEPS)
def test_each_bit_is_balanced_and_independent_of_the_others(seed: int, step: int) -> None:
    drawn = bits(seed, step, rows=128).ravel()
    signs = np.array([(drawn >> bit & 1) * np.float32(2) - 1 for bit in range(24)])
    products = signs @ signs.T / np.sqrt(drawn.size)
    assert np.abs(signs.sum(axis=1)).max() / np.sqrt(drawn.size) < 4.5
    assert np.abs(products[np.triu_indices(24, 1)]).max() < 4.5


@pytest.mark.parametrize(("seed", "step"), SEEDS_AND_STEPS)
def test_neighbours_are_uncorrelated(seed: int, step: int) -> None:
    x = standardised(bits(seed, step))
    for distance in (1, 2, 3, 64, 256):
        for products in (x[distance:] * x[:-distance], x[:, distance:] * x[:, :-distance]):
            assert abs(products.mean()) * np.sqrt(products.size) < 4.5
    for other in (bits(seed, step + 1), bits(seed + 1, step), bits(seed, step, site=6), bits(seed, step, row=N)):
        products = x * standardised(other)
        assert abs(products.mean()) * np.sqrt(products.size) < 4.5
        assert np.abs(products.mean(axis=0)).max() * np.sqrt(N) < 5  # the largest of 512
        assert np.abs(products.mean(axis=1)).max() * np.sqrt(N) < 5


@pytest.mark.parametrize(("seed", "step"), SEEDS_AND_STEPS)
@pytest.mark.parametrize("axis", [0, 1])
def test_no_two_rows_or_elements_are_alike(seed: int, step: int, axis: int) -> None:
    """All pairs of rows, and of elements, in the numbers and in each of their bits.

    This is where hashes that add the keys of rows and elements fail first: their pairs lie on a lattice.
    """
    drawn = bits(seed, step)
    drawn = drawn.T if axis else drawn
    pairs = np.triu_indices(N, 1)
    for x in (standardised(drawn).astype(np.float32), *((drawn >> bit & 1) * np.float32(2) - 1 for bit in range(24))):
        correlations = (x @ x.T)[pairs] / np.sqrt(N)
        assert np.abs(correlations).max() < 6  # the largest of 130 816
        spread = (np.sum(correlations**2) - correlations.size) / np.sqrt(2 * correlations.size)
        assert abs(spread) < 5


def test_sites_whose_elements_are_numbered_alike_differ() -> None:
    """The worst two sites: element n of one is hashed from the number that n + 1 of the other is."""
    x = standardised(bits(site=5, count=N + 1))[:, 1:]
    y = standardised(bits(site=(5 + 0x9E3779B1) % 2**32, count=N + 1))[:, :-1]
    assert abs(np.mean(x * y)) * N < 4.5


def test_every_step_of_a_long_training_is_new() -> None:
    """The keys of steps do not repeat: the first numbers of 20 000 steps look like a sample of their own."""
    drawn = np.array([random_uniform(0, step, 0, (1, 2), 5)[0] for step in range(20_000)])
    assert len(np.unique(drawn, axis=0)) == len(drawn)
    counts = np.bincount((drawn * 100).astype(int).ravel(), minlength=100)
    chi_square = np.sum((counts - drawn.size / 100) ** 2 / (drawn.size / 100))
    assert abs(chi_square - 99) / np.sqrt(2 * 99) < 4.5
    x = standardised((drawn * 2**24).astype(np.uint32))
    assert abs(np.mean(x[1:] * x[:-1])) * np.sqrt(x.size) < 4.5


# ------------------------------------------------------------ for initial values and shuffles


def test_uniforms_for_initial_values_are_open_and_fine() -> None:
    numbers = uniform(0, "W", (300, 400))
    assert numbers.shape == (300, 400)
    assert numbers.dtype == np.float64
    assert 0 < numbers.min() < numbers.max() < 1
    assert len(np.unique(numbers)) == numbers.size  # with 24 bits there would be hundreds of pairs
    assert np.mean(numbers == uniform(0, "V", (300, 400))) == 0
    assert np.mean(numbers == uniform(0, "W", (300, 400), epoch=1)) == 0


def test_normals_have_the_moments_of_the_distribution() -> None:
    x = normal(0, "W", (1000, 200))
    for power, mean, variance in ((1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96)):
        assert abs(np.mean(x**power) - mean) * np.sqrt(x.size / variance) < 4.5


def test_permutations_put_everything_everywhere() -> None:
    orders = np.array([permutation(3, "shuffle", epoch, 20) for epoch in range(2000)])
    assert np.all(np.sort(orders, axis=1) == np.arange(20))
    for place in range(20):
        counts = np.bincount(orders[:, place], minlength=20)
        chi_square = np.sum((counts - 100) ** 2 / 100)
        assert abs(chi_square - 19) / np.sqrt(2 * 19) < 4.5
    assert permutation(3, "shuffle", 0, 0).size == 0
    assert permutation(3, "shuffle", 0, 5).dtype == np.int64
