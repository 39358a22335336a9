"""Writes the data sets of this folder: `python make_data.py [folder]`; needs NumPy and scikit-learn.

All of them come with scikit-learn, so nothing is downloaded, and running this again writes the same bytes (digits.npz:
with the same zlib). Origins and licences: README.md.
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


if __name__ == "__main__":
    main()
