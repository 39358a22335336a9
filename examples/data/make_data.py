"""Writes the data sets of this folder: `python make_data.py [folder]`; needs NumPy and scikit-learn.

All of them come with scikit-learn or are made up here, so nothing is downloaded, and running this again writes the
same bytes (digits.npz: with the same zlib). Origins and licences: README.md.
"""

import csv
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris, load_wine


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    write_digits(folder)
    write_iris(folder)
    write_diabetes(folder)
    write_wine(folder)
    write_breast_cancer(folder)
    write_passengers(folder)


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


def write_wine(folder: Path) -> None:
    """178 wines by three growers, thirteen measures of each."""
    wine = load_wine()
    names = [name.replace("/", "_") for name in wine.feature_names]
    rows = [[*map(number, row), "ABC"[kind]] for row, kind in zip(wine.data, wine.target, strict=True)]
    write_csv(folder / "wine.csv", [*names, "grower"], rows)


def write_breast_cancer(folder: Path) -> None:
    """569 tumours by the means of ten measures of their cells (scikit-learn has errors and extremes too)."""
    cancer = load_breast_cancer()
    names = [name.removeprefix("mean ").replace(" ", "_") for name in cancer.feature_names[:10]]
    kinds = cancer.target_names[cancer.target]
    rows = [[*map(number, row[:10]), str(kind)] for row, kind in zip(cancer.data, kinds, strict=True)]
    write_csv(folder / "breast_cancer.csv", [*names, "diagnosis"], rows)


def write_passengers(folder: Path) -> None:
    """900 passengers of a sinking ship, made up: no line is a person.

    Who survives is drawn with the probability sigmoid(score). The score is 1.6 for women and -1.9 for men; 1.2 more in
    the first class and 1 less in the third; 1.5 more for children below 13; 0.5 less for each relative above two.
    Of one age in five nothing is known, whoever it was.
    """
    rng = np.random.default_rng(1912)
    rows = []
    for _ in range(900):
        cabin = int(rng.choice(3, p=(0.24, 0.21, 0.55)))
        woman = rng.random() < (0.44, 0.41, 0.29)[cabin]
        age = float(np.clip(rng.normal((38, 30, 25)[cabin], 14), 0.5, 80))
        siblings, parents = (int(rng.poisson(mean)) for mean in (0.5, 0.4))
        fare = float(np.exp(rng.normal((4.1, 2.8, 2.2)[cabin], 0.5))) * (1 + 0.4 * (siblings + parents))
        port = ("Southampton", "Cherbourg", "Queenstown")[int(rng.choice(3, p=(0.72, 0.19, 0.09)))]
        score = (1.6 if woman else -1.9) + (1.2, 0, -1)[cabin] + 1.5 * (age < 13)
        score -= 0.5 * max(siblings + parents - 2, 0)
        survived = rng.random() < 1 / (1 + np.exp(-score))
        known = "" if rng.random() < 0.2 else f"{age:.1f}"
        names = ("first", "second", "third")[cabin], "female" if woman else "male"
        rows.append([*names, known, siblings, parents, f"{fare:.2f}", port, "yes" if survived else "no"])
    header = ["cabin", "sex", "age", "siblings", "parents", "fare", "port", "survived"]
    write_csv(folder / "passengers.csv", header, rows)


if __name__ == "__main__":
    main()
