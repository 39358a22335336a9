"""Writes keras_more.json: losses and metrics that keras_oracle.py leaves out, in the same format.

    oracle-env/bin/python tests/oracles/keras_more.py [folder]

What Keras has no name for comes from scikit-learn, SciPy or a formula; `references` then says from where (with the same
value as `outputs`).
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from keras_oracle import BATCHES, Array, Case, distributions, identifier, loss_case, sixty_fourths, write

# keras_oracle sets Keras up, so it comes first
# isort: split
import numpy as np
from keras import losses, metrics, ops
from scipy import stats
from sklearn import metrics as sk


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    write(folder, "more", loss_cases() + metric_cases() + schedule_cases())


# ---- Losses ---------------------------------------------------------------------------------------------------------


class Formula(losses.Loss):
    """A loss of Keras's kind from a function of target and prediction."""

    def __init__(self, function: Callable[[Array, Array], Array], **more: Any):
        super().__init__(**more)
        self.function = function

    def call(self, y_true: Array, y_pred: Array) -> Array:
        return self.function(y_true, y_pred)


def formula(function: Callable[[Array, Array], Array]) -> Callable[..., losses.Loss]:
    return lambda **more: Formula(function, **more)


def loss_cases() -> list[Case]:
    rng = np.random.default_rng(60)
    cases: list[Case] = []

    def add(name: str, args: dict[str, Any], make: Callable[..., Any], y: Array, z: Array, **more: Any) -> None:
        cases.append(loss_case(name, args, make, y, z, **more))

    y, error = sixty_fourths(rng, (5, 3)), sixty_fourths(rng, (5, 3))
    weight = np.array([1.0, 0.5, 2.0, 0.0, 3.0])
    for q in (0.5, 0.9):
        pinball = formula(lambda y, z, q=q: ops.mean(ops.maximum(q * (y - z), (q - 1) * (y - z)), axis=-1))
        add("quantile", {"q": q}, pinball, y, y - error, suffix="[5, 3]")
    add("quantile", {"q": 0.9}, pinball, y, y - error, suffix="weighted", weight=weight)

    p, truth = rng.integers(1, 64, (5, 6)) / 64, rng.integers(0, 2, (5, 6)).astype(float)
    truth[0] = 0  # nothing there
    # Over an example's axes; Keras's default sums over the batch too.
    add("dice", {}, lambda **k: losses.Dice(axis=1, **k), truth, p, suffix="[5, 6]")
    image, image_truth = p.reshape(5, 3, 2), truth.reshape(5, 3, 2)
    add("dice", {}, lambda **k: losses.Dice(axis=(1, 2), **k), image_truth, image, suffix="[5, 3, 2]")
    add("dice", {}, lambda **k: losses.Dice(axis=1, **k), truth, p, suffix="weighted", weight=weight)
    add("tversky", {}, lambda **k: losses.Tversky(axis=1, **k), truth, p, suffix="[5, 6]")
    # Keras 3.15 gives false positives the weight beta, against its documentation and the paper.
    swapped = lambda **k: losses.Tversky(alpha=0.75, beta=0.25, axis=1, **k)  # noqa: E731
    add("tversky", {"alpha": 0.25, "beta": 0.75}, swapped, truth, p, suffix="[5, 6]")

    scores, kinds = sixty_fourths(rng, (6, 4), -3, 3), rng.integers(0, 4, 6)
    one_hot, soft = np.eye(4)[kinds], distributions(rng, 6, 4)
    focal = losses.CategoricalFocalCrossentropy
    given = {"from": "probabilities"}
    add("focal", {}, lambda **k: focal(from_logits=True, **k), one_hot, scores, suffix="classes", stored_target=kinds)
    add("focal", given, focal, one_hot, distributions(rng, 6, 4), suffix="one-hot")
    smooth = {"label_smoothing": 0.1, "gamma": 0.5}
    add("focal", smooth, lambda **k: focal(from_logits=True, **smooth, **k), one_hot, scores, suffix="one-hot")
    add("focal", {}, lambda **k: focal(from_logits=True, **k), soft, scores, suffix="soft")
    weight = np.array([1, 0.5, 2, 0, 1, 3])
    add("focal", {}, lambda **k: focal(from_logits=True, **k), one_hot, scores, suffix="weighted", weight=weight)

    weights = {"class_weight": [1.0, 2.5, 0.5, 3.0]}  # Keras's class_weight multiplies a row by its class's weight
    more = {"weight": np.array(weights["class_weight"])[kinds], "store_weight": False, "stored_target": kinds}
    add("focal", weights, lambda **k: focal(from_logits=True, **k), one_hot, scores, suffix="classes", **more)

    binary = losses.BinaryFocalCrossentropy
    z, labels = sixty_fourths(rng, (5, 3), -3, 3), rng.integers(0, 2, (5, 3)).astype(float)
    probabilities = rng.integers(1, 64, (5, 3)) / 64
    balanced = {"apply_class_balancing": True, "alpha": 0.75}
    add("binary_focal", given, binary, labels, probabilities, suffix="[5, 3]")
    add("binary_focal", {"alpha": 0.75}, lambda **k: binary(from_logits=True, **balanced, **k), labels, z)
    add("binary_focal", smooth, lambda **k: binary(from_logits=True, **smooth, **k), labels, z, suffix="[5, 3]")
    one = labels[:, :1], z[:, :1]
    add("binary_focal", {"gamma": 1.0}, lambda **k: binary(gamma=1.0, from_logits=True, **k), *one, suffix="[5, 1]")

    more = {"weight": np.where(one[0][:, 0] == 1, 3.0, 0.5), "store_weight": False, "suffix": "[5, 1]"}
    add("binary_focal", {"class_weight": [0.5, 3.0]}, lambda **k: binary(from_logits=True, **k), *one, **more)

    tight = np.where(np.abs(scores) == 1, scores + 1 / 64, scores)
    hinge = losses.CategoricalHinge
    add("categorical_hinge", {}, hinge, one_hot, tight, suffix="classes", stored_target=kinds)
    return cases


# ---- Metrics --------------------------------------------------------------------------------------------------------


def metric_cases() -> list[Case]:
    rng = np.random.default_rng(61)
    rows = sum(BATCHES)
    cases: list[Case] = []

    def add(name: str, args: dict[str, Any], value: Any, y: Array, z: Array, suffix: str, source: str) -> None:
        case = {"id": identifier(name, args, suffix), "name": name, "args": args, "batches": BATCHES}
        case |= {"inputs": {"prediction": z, "target": y}, "outputs": {"value": np.asarray(value, float)}}
        cases.append(case | {"references": {source: case["outputs"]["value"]}})

    def keras(name: str, args: dict[str, Any], metric: Any, y: Array, z: Array, suffix: str) -> None:
        metric.update_state(y, z)  # all rows at once: the metric of the epoch
        add(name, args, metric.result(), y, z, suffix, "Keras")

    # yes and no, several at once
    p, y = rng.integers(0, 65, (rows, 3)) / 64, rng.integers(0, 2, (rows, 3)).astype(float)
    p = np.where(p == 0.75, 0.5, p)
    flat, said = y.ravel().astype(int), (p.ravel() > 0.5).astype(int)
    given, suffix = {"from": "probabilities"}, "[13, 3]"
    keras("precision", given, metrics.Precision(), y, p, suffix)
    keras("recall", given, metrics.Recall(), y, p, suffix)
    keras("precision", given | {"threshold": 0.75}, metrics.Precision(thresholds=0.75), y, p, suffix)
    keras("true_positives", given, metrics.TruePositives(), y, p, suffix)
    keras("false_negatives", given | {"threshold": 0.75}, metrics.FalseNegatives(thresholds=0.75), y, p, suffix)
    add("specificity", given, sk.recall_score(flat, said, pos_label=0), y, p, suffix, "scikit-learn")
    add("f1", given, sk.f1_score(flat, said), y, p, suffix, "scikit-learn")
    add("fbeta", given | {"beta": 0.5}, sk.fbeta_score(flat, said, beta=0.5), y, p, suffix, "scikit-learn")
    add("confusion_matrix", given, sk.confusion_matrix(flat, said), y, p, suffix, "scikit-learn")
    add("iou", given, sk.jaccard_score(flat, said), y, p, suffix, "scikit-learn")
    add("mean_iou", given, sk.jaccard_score(flat, said, average="macro"), y, p, suffix, "scikit-learn")
    z = sixty_fourths(rng, (rows, 3), -3, 3)
    above = (z.ravel() > 0).astype(int)
    add("precision", {}, sk.precision_score(flat, above), y, z, "scores", "scikit-learn")
    add("f1", {}, sk.f1_score(flat, above), y, z, "scores", "scikit-learn")
    sure = (z.ravel() > np.log(0.75 / 0.25)).astype(int)
    add("recall", {"threshold": 0.75}, sk.recall_score(flat, sure), y, z, "scores", "scikit-learn")
    nothing = np.zeros_like(y)
    add("precision", given, 0, y, nothing, "nothing said", "a share of nothing")
    add("recall", given, 0, nothing, p, "nothing there", "a share of nothing")
    for curve in ("roc", "pr"):
        keras("auc", given | {"curve": curve}, metrics.AUC(curve=curve.upper()), y, p, suffix)
        few = metrics.AUC(curve=curve.upper(), num_thresholds=11)
        keras("auc", given | {"curve": curve, "num_thresholds": 11}, few, y, p, suffix)

    # classes: five of them, of which the last is neither said nor true
    scores, kinds = sixty_fourths(rng, (rows, 5), -3, 3), rng.integers(0, 4, rows)
    scores[:, 4] = -4
    answer = scores.argmax(axis=1)
    for average in ("macro", "micro", "weighted"):
        args = {"average": average}
        for name, function in [("precision", sk.precision_score), ("recall", sk.recall_score), ("f1", sk.f1_score)]:
            value = function(kinds, answer, average=average, zero_division=0)
            add(name, args, value, kinds, scores, "classes", "scikit-learn")
        value = sk.fbeta_score(kinds, answer, beta=2, average=average, zero_division=0)
        add("fbeta", args | {"beta": 2.0}, value, kinds, scores, "classes", "scikit-learn")
    table = sk.confusion_matrix(kinds, answer, labels=range(5))
    add("confusion_matrix", {}, table, kinds, scores, "classes", "scikit-learn")
    add("mean_iou", {}, sk.jaccard_score(kinds, answer, average="macro"), kinds, scores, "classes", "scikit-learn")
    one = sk.jaccard_score(kinds, answer, labels=[1, 3], average="macro")
    add("iou", {"target_class_ids": [1, 3]}, one, kinds, scores, "classes", "scikit-learn")
    chance = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    add("log_loss", {}, sk.log_loss(kinds, chance, labels=range(5)), kinds, scores, "classes", "scikit-learn")

    # numbers
    far = sixty_fourths(rng, (rows, 1), -1, 1) + 4096
    guess = far + sixty_fourths(rng, (rows, 1), -1, 1)
    add("pearson", {}, stats.pearsonr(far[:, 0], guess[:, 0])[0], far, guess, "[13, 1], far from 0", "SciPy")
    several = sixty_fourths(rng, (rows, 3))
    guesses = several + sixty_fourths(rng, (rows, 3))
    each = [stats.pearsonr(several[:, i], guesses[:, i])[0] for i in range(3)]
    add("pearson", {}, np.mean(each), several, guesses, "[13, 3]", "SciPy")
    return cases


# ---- Schedules ------------------------------------------------------------------------------------------------------


def schedule_cases() -> list[Case]:
    """PyTorch's OneCycleLR (Keras has none), by its definition: two half cosines over `steps` - 1 steps."""
    steps = np.array([0, 1, 5, 28, 29, 30, 60, 98, 99, 100, 300])
    cases = []
    for args in ({"peak": 0.1, "steps": 100}, {"peak": 0.1, "steps": 100, "pct_start": 0.1, "div_factor": 10.0}):
        start = 0.1 / args.get("div_factor", 25.0)
        turn, last = args.get("pct_start", 0.3) * 100 - 1, 99.0
        at = np.minimum(steps, last)
        up = 0.1 + (start - 0.1) / 2 * (1 + np.cos(np.pi * at / turn))
        down = start / 1e4 + (0.1 - start / 1e4) / 2 * (1 + np.cos(np.pi * (at - turn) / (last - turn)))
        case = {"id": identifier("one_cycle", args), "name": "one_cycle", "args": args, "inputs": {"step": steps}}
        cases.append(case | {"outputs": {"lr": np.where(at <= turn, up, down)}})
    constant = {"id": "constant(lr=0.5)", "name": "constant", "args": {"lr": 0.5}, "inputs": {"step": [0, 7]}}
    return [*cases, constant | {"outputs": {"lr": [0.5, 0.5]}}]


if __name__ == "__main__":
    main()
