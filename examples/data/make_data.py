"""Writes the data sets of this folder: `python make_data.py [folder]`; needs NumPy and scikit-learn.

Three of the four come with scikit-learn, so nothing is downloaded; the fourth, housing.csv, is drawn here from a fixed
seed. Running this again writes the same bytes (digits.npz: with the same zlib). Origins and licences: README.md.
"""

import csv
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from sklearn.datasets import load_diabetes, load_digits, load_iris


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    write_digits(folder)
    write_iris(folder)
    write_diabetes(folder)
    write_housing(folder)


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def number(value: float) -> str:
    """The shortest text that reads back as `value`, without a trailing `.0`."""
    return repr(float(value)).removesuffix(".0")


def write_digits(folder: Path) -> None:
    """1797 images of 8x8 pixels in 0..16, flat in the CSV file and square in the NumPy archive."""
    digits = load_digits()
    pixels = digits.data.astype(np.uint8)
    labels = digits.target.astype(np.uint8)
    header = [f"pixel_{i}" for i in range(64)] + ["digit"]
    write_csv(folder / "digits.csv", header, np.column_stack([pixels, labels]).tolist())
    np.savez_compressed(folder / "digits.npz", image=pixels.reshape(-1, 8, 8, 1), digit=labels)


def write_iris(folder: Path) -> None:
    """150 flowers of three species; and, for the perceptron, two of the measures with `setosa` as 0 or 1."""
    iris = load_iris()
    measures = [[number(value) for value in row] for row in iris.data]
    header = ["sepal_length", "sepal_width", "petal_length", "petal_width", "species"]
    rows = [[*row, str(iris.target_names[kind])] for row, kind in zip(measures, iris.target, strict=True)]
    write_csv(folder / "iris.csv", header, rows)

    # A line separates setosa from the other two in these two measures, so the perceptron's rule comes to rest.
    header = ["petal_length", "petal_width", "setosa"]
    rows = [[row[2], row[3], str(int(kind == 0))] for row, kind in zip(measures, iris.target, strict=True)]
    write_csv(folder / "iris_setosa.csv", header, rows)


def write_diabetes(folder: Path) -> None:
    """442 patients, ten measures as they were taken (not the standardised ones) and the disease's progression."""
    diabetes = load_diabetes(scaled=False)
    rows = np.column_stack([diabetes.data, diabetes.target])
    header = [*diabetes.feature_names, "progression"]
    write_csv(folder / "diabetes.csv", header, [[number(value) for value in row] for row in rows])


def write_housing(folder: Path, rows: int = 2000, seed: int = 20) -> None:
    """An invented county of 2000 districts, with columns like those of the California housing data.

    The price (in 100 000) grows linearly with income and age, and falls off around two towns, which is no linear
    function of where a district lies: a wide part finds the first, a deep part is needed for the second.
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    # Sums of three uniforms, standardised: bell-shaped and, unlike a library's normals, the same in every release.
    bell = (rng.random((rows, 5, 3)).sum(axis=2) - 1.5) * 2.0
    income = np.maximum(np.round(4.0 + 1.5 * bell[:, 0], 2), 0.5)
    age = rng.integers(1, 53, rows)
    rooms = np.round(5.2 + 0.35 * (income - 4.0) + 0.5 * bell[:, 1], 2)
    bedrooms = np.round(0.2 * rooms + 0.08 * bell[:, 2], 2)
    occupancy = np.round(2.9 + 0.35 * bell[:, 3], 2)
    population = rng.integers(200, 3000, rows)
    latitude = np.round(33.0 + 4.0 * rng.random(rows), 2)
    longitude = np.round(-122.0 + 4.0 * rng.random(rows), 2)

    north = 1.6 / (1.0 + 2.0 * ((latitude - 36.2) ** 2 + (longitude + 121.3) ** 2))
    south = 1.2 / (1.0 + 2.0 * ((latitude - 33.9) ** 2 + (longitude + 119.0) ** 2))
    crowding = -0.25 * np.maximum(occupancy - 2.9, 0.0) * rooms / 5.2
    price = 0.3 + 0.28 * income + 0.006 * age + 0.25 * (bedrooms - 1.0) - 0.0001 * population
    price = np.round(np.maximum(price + north + south + crowding + 0.12 * bell[:, 4], 0.15), 3)

    header = ["income", "age", "rooms", "bedrooms", "population", "occupancy", "latitude", "longitude", "price"]
    columns = [income, age, rooms, bedrooms, population, occupancy, latitude, longitude, price]
    write_csv(folder / "housing.csv", header, [[number(value) for value in row] for row in zip(*columns, strict=True)])


if __name__ == "__main__":
    main()
