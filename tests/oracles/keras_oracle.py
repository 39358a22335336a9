"""Writes the keras_*.json files of this folder: what Keras 3 answers, for our tests to be held against.

Stand-alone, and the only place that imports Keras; the tests read the JSON files through load.py.

    python -m venv oracle-env
    oracle-env/bin/pip install keras==3.15.1 jax==0.10.2 jaxlib==0.10.2 scikit-learn==1.9.1 numpy==2.4.6
    oracle-env/bin/python keras_oracle.py [folder]

Everything is computed in float64 on the JAX backend from fixed seeds, and rounded to nine significant digits. Inputs
are multiples of 1/64 wherever possible, hence exact in float32 and short in print. README.md describes the format.
"""

import json
import math
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

os.environ["KERAS_BACKEND"] = "jax"
os.environ["JAX_ENABLE_X64"] = "1"
os.environ["JAX_PLATFORMS"] = "cpu"

import jax
import jax.numpy as jnp
import keras
import numpy as np
import sklearn
from keras import activations, initializers, layers, losses, metrics, ops, optimizers, regularizers
from keras.src.backend.common import dtypes
from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score, roc_auc_score

keras.config.set_floatx("float64")
# Keras takes float64 back to float32 in sums, means and more on every backend but TensorFlow, as JAX does by default.
dtypes.BIT64_TO_BIT32_DTYPE["float64"] = "float64"

Array = Any  # a NumPy or JAX array
Case = dict[str, Any]


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    write(folder, "activations", activation_cases())
    write(folder, "losses", loss_cases())
    write(folder, "metrics", metric_cases())
    write(folder, "optimizers", optimizer_cases(), shared={"inputs": GRADIENTS, "parameters": START})
    write(folder, "schedules", schedule_cases())
    write(folder, "layers", layer_cases() + network_cases())
    write(folder, "initializers", initializer_cases())


# ---- Files ----------------------------------------------------------------------------------------------------------


def write(folder: Path, name: str, cases: Sequence[Case], shared: Mapping[str, Any] | None = None) -> None:
    """One case a line, so that a change shows as the cases that changed."""
    identifiers = [case["id"] for case in cases]
    assert len(set(identifiers)) == len(identifiers), "two cases of one id"
    meta = {
        "keras": keras.__version__,
        "backend": f"jax {jax.__version__}",
        "scikit-learn": sklearn.__version__,
        "dtype": keras.config.floatx(),
        "keras_epsilon": keras.config.epsilon(),
    }
    lines = ['{"meta": ' + compact(meta) + ","]
    if shared:
        lines.append('"shared": ' + compact(plain(shared)) + ",")
    lines.append('"cases": [')
    lines.append(",\n".join(compact(plain(case)) for case in cases))
    lines.append("]}")
    (folder / f"keras_{name}.json").write_text("\n".join(lines) + "\n", encoding="utf-8")


def compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def plain(value: Any) -> Any:
    """Arrays become nested lists, floats keep nine significant digits; empty entries of a case are left out."""
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, np.ndarray | np.generic | jax.Array):
        return plain(np.asarray(value).tolist())
    if isinstance(value, float):
        rounded = float(f"{value:.9g}")
        assert math.isfinite(rounded), "an infinite or undefined result is no oracle"
        return int(rounded) if rounded == int(rounded) and abs(rounded) < 1e6 else rounded
    return value


def sixty_fourths(rng: np.random.Generator, shape: Sequence[int], low: float = -2.0, high: float = 2.0) -> Array:
    """Values in low...high that are multiples of 1/64 and never 0."""
    values = rng.integers(round(low * 64), round(high * 64), shape) / 64
    return np.where(values == 0, 1 / 64, values)


def distributions(rng: np.random.Generator, rows: int, n: int) -> Array:
    """[rows, n] probabilities: multiples of 1/64, none of them 0, that add up to exactly 1."""
    cuts = [np.sort(rng.choice(np.arange(1, 64), n - 1, replace=False)) for _ in range(rows)]
    return np.array([np.diff(np.concatenate([[0], cut, [64]])) / 64 for cut in cuts])


# ---- Activations ----------------------------------------------------------------------------------------------------

POINTS = np.array(
    [
        [-1000, -100, -30, -10, -5.5, -3.25],
        [-2, -1.5, -0.75, -0.25, -0.0078125, 0],
        [0.0078125, 0.25, 0.75, 1.25, 1.5, 2.5],
        [3.75, 5.5, 10, 30, 100, 1000],
    ]
)


def activation_cases() -> list[Case]:
    k = activations
    moderate = np.where(np.abs(POINTS) > 50, np.sign(POINTS) * 20, POINTS)
    rng = np.random.default_rng(1)
    far = [[1000, 0, -1000, 999, 1000], [-1000, -1000, -1000, -1001, -999.5], [0, 0, 0, 0, 0], [100, -100, 0, 50, 99]]
    scores = np.concatenate([sixty_fourths(rng, (2, 5), -4, 4), far])
    higher = sixty_fourths(rng, (2, 3, 4), -4, 4)

    # our name, our arguments, Keras's function, input, points where the slope jumps (there, a convention)
    table: list[tuple[str, dict[str, Any], Callable[[Array], Array], Array, list[float]]] = [
        ("linear", {}, k.linear, POINTS, []),
        ("relu", {}, k.relu, POINTS, [0]),
        ("relu6", {}, k.relu6, POINTS, [0, 6]),
        ("leaky_relu", {}, k.leaky_relu, POINTS, [0]),
        ("leaky_relu", {"negative_slope": 0.1}, lambda x: k.leaky_relu(x, 0.1), POINTS, [0]),
        ("elu", {}, k.elu, POINTS, []),
        ("elu", {"alpha": 0.5}, lambda x: k.elu(x, 0.5), POINTS, [0]),
        ("selu", {}, k.selu, POINTS, [0]),
        ("celu", {}, k.celu, POINTS, []),
        ("celu", {"alpha": 2.0}, lambda x: k.celu(x, 2.0), POINTS, []),
        ("sigmoid", {}, k.sigmoid, POINTS, []),
        ("hard_sigmoid", {}, k.hard_sigmoid, POINTS, [-3, 3]),
        ("log_sigmoid", {}, k.log_sigmoid, POINTS, []),
        ("tanh", {}, k.tanh, POINTS, []),
        ("hard_tanh", {}, k.hard_tanh, POINTS, [-1, 1]),
        ("tanh_shrink", {}, k.tanh_shrink, POINTS, []),
        ("softplus", {}, k.softplus, POINTS, []),
        ("softsign", {}, k.softsign, POINTS, []),
        ("squareplus", {}, k.squareplus, POINTS, []),
        ("soft_shrink", {}, k.soft_shrink, POINTS, [-0.5, 0.5]),
        ("hard_shrink", {}, k.hard_shrink, POINTS, [-0.5, 0.5]),
        (
            "threshold",
            {"threshold": 1.0, "default_value": 0.25},
            lambda x: k.threshold(x, 1.0, 0.25),
            POINTS,
            [1],
        ),
        ("gelu", {}, lambda x: k.gelu(x, approximate=False), POINTS, []),
        ("gelu", {"approximate": True}, lambda x: k.gelu(x, approximate=True), POINTS, []),
        ("silu", {}, k.silu, POINTS, []),
        ("hard_silu", {}, k.hard_silu, POINTS, [-3, 3]),
        ("mish", {}, k.mish, POINTS, []),
        ("exponential", {}, k.exponential, moderate, []),
        ("heaviside", {}, lambda x: ops.heaviside(x, 1.0), POINTS, []),
        ("sign", {}, ops.sign, POINTS, []),
        ("softmax", {}, k.softmax, scores, []),
        ("softmax", {"axis": -2}, lambda x: k.softmax(x, axis=-2), higher, []),
        ("log_softmax", {}, k.log_softmax, scores, []),
        ("log_softmax", {"axis": -2}, lambda x: k.log_softmax(x, axis=-2), higher, []),
        ("glu", {}, k.glu, higher, []),
    ]
    cases = []
    for number, (name, args, f, x, kinks) in enumerate(table):
        y = f(ops.convert_to_tensor(x))
        assert y.dtype == np.float64, name
        cotangent = sixty_fourths(np.random.default_rng(100 + number), y.shape)
        case = {"id": identifier(name, args), "name": name, "args": args, "inputs": {"x": x}, "outputs": {"y": y}}
        case["cotangents"] = {"y": cotangent}
        if name in ("heaviside", "sign"):
            case["gradients"] = {"x": np.zeros_like(x)}
        else:
            case["gradients"] = {"x": jax.grad(lambda x, f=f, c=cotangent: jnp.sum(f(x) * c))(jnp.asarray(x))}
        if kinks:
            case["kinks"] = kinks
        cases.append(case)
    return cases


def identifier(name: str, args: Mapping[str, Any], suffix: str = "") -> str:
    said = [f"{key}={json.dumps(value) if not isinstance(value, str) else value}" for key, value in args.items()]
    return f"{name}({', '.join(said)})" + (f" {suffix}" if suffix else "")


# ---- Losses ---------------------------------------------------------------------------------------------------------

CLIPPED = "Keras clips at its epsilon: in float32 the clipped end 1 - 1e-7 is 1 - 1.19e-7, so compare loosely"


def loss_cases() -> list[Case]:
    rng = np.random.default_rng(2)
    cases: list[Case] = []

    def add(name: str, args: dict[str, Any], make: Callable[..., Any], target: Array, prediction: Array, **more: Any):
        cases.append(loss_case(name, args, make, target, prediction, **more))

    # Regression. Errors on both sides of both deltas, none of them 0 (where mae has no slope).
    wide, single = sixty_fourths(rng, (5, 4), -3, 3), sixty_fourths(rng, (6, 1), -3, 3)
    wide_target = wide - sixty_fourths(rng, (5, 4), -2.5, 2.5)
    single_target = single - sixty_fourths(rng, (6, 1), -2.5, 2.5)
    higher = sixty_fourths(rng, (3, 2, 3))
    higher_target = higher - sixty_fourths(rng, (3, 2, 3))
    weight = np.array([1.0, 0.5, 2.0, 0.0, 3.0])
    for name, args, make in [
        ("mse", {}, losses.MeanSquaredError),
        ("mae", {}, losses.MeanAbsoluteError),
        ("huber", {}, losses.Huber),
        ("huber", {"delta": 0.5}, lambda **k: losses.Huber(delta=0.5, **k)),
        ("log_cosh", {}, losses.LogCosh),
        ("mape", {}, losses.MeanAbsolutePercentageError),
        ("cosine_similarity", {}, losses.CosineSimilarity),
    ]:
        add(name, args, make, wide_target, wide, suffix="[5, 4]")
        if name != "cosine_similarity":
            add(name, args, make, single_target, single, suffix="[6, 1]")
            add(name, args, make, higher_target, higher, suffix="[3, 2, 3]")
        add(name, args, make, wide_target, wide, weight=weight, suffix="weighted")
    far = np.array([[-200.0, 300.0, 0.5], [1000.0, -1000.0, 12.0]])
    add("log_cosh", {}, losses.LogCosh, np.zeros((2, 3)), far, suffix="large errors")
    positive, counts = sixty_fourths(rng, (5, 3), 0.125, 4), rng.integers(0, 5, (5, 3)).astype(float)
    add("msle", {}, losses.MeanSquaredLogarithmicError, counts, positive, suffix="[5, 3]")
    add("msle", {}, losses.MeanSquaredLogarithmicError, counts[:, :1], positive[:, :1], suffix="[5, 1]")
    below = np.array([[-0.5, 2.0], [1.0, -3.0]])
    make = losses.MeanSquaredLogarithmicError
    add("msle", {}, make, np.array([[1.0, 0.0], [-1.0, 2.0]]), below, suffix="below 0", note=CLIPPED)
    add("poisson", {}, losses.Poisson, counts, positive, suffix="[5, 3]")
    add("poisson", {}, losses.Poisson, counts[:, :1], positive[:, :1], suffix="[5, 1]")
    p, q = distributions(rng, 5, 4), distributions(rng, 5, 4)
    add("kl_divergence", {}, losses.KLDivergence, p, q, suffix="[5, 4]")
    edge = np.array([[0.0, 1.0], [0.5, 0.5]])
    add("kl_divergence", {}, losses.KLDivergence, edge, np.array([[0.25, 0.75], [0.5, 0.5]]), suffix="0 and 1")

    # Margins. No margin is exactly met: there the slope is a convention.
    scores, labels = sixty_fourths(rng, (5, 4), -2, 2), rng.integers(0, 2, (5, 4)).astype(float)
    labels[0, :2] = [0, 1]
    scores = np.where(np.abs(scores) == 1, scores + 1 / 64, scores)
    for name, make in [("hinge", losses.Hinge), ("squared_hinge", losses.SquaredHinge)]:
        add(name, {}, make, labels, scores, suffix="[5, 4] labels 0, 1")
        add(name, {}, make, 2 * labels - 1, scores, suffix="[5, 4] labels -1, 1")
        add(name, {}, make, labels[:, :1], scores[:, :1], suffix="[5, 1] labels 0, 1")
    one_hot = np.eye(4)[rng.integers(0, 4, 5)]
    add("categorical_hinge", {}, losses.CategoricalHinge, one_hot, scores, suffix="[5, 4]")

    cases += cross_entropy_cases(rng)
    cases += binary_cross_entropy_cases(rng)
    return cases


def cross_entropy_cases(rng: np.random.Generator) -> list[Case]:
    name, cases = "cross_entropy", []
    n = 5
    scores, kinds = sixty_fourths(rng, (6, n), -3, 3), np.array([0, 4, 2, 2, 1, 3])
    one_hot, soft, probabilities = np.eye(n)[kinds], distributions(rng, 6, n), distributions(rng, 6, n)
    extreme = np.array([[200, -200, 0, 0, 0], [200, 200, -200, 0, 0], [-200, -200, -200, -200, -200]], float)
    higher, higher_kinds = sixty_fourths(rng, (3, 2, n), -3, 3), rng.integers(0, n, (3, 2))
    class_weight = [1.0, 2.5, 0.5, 0.0, 3.0]

    def sparse(**k: Any) -> Any:
        return losses.SparseCategoricalCrossentropy(from_logits=True, **k)

    def dense(**k: Any) -> Any:
        return losses.CategoricalCrossentropy(from_logits=True, **k)

    def smooth(**k: Any) -> Any:
        return losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1, **k)

    def add(args: dict[str, Any], make: Callable[..., Any], target: Array, prediction: Array, **more: Any) -> None:
        cases.append(loss_case(name, args, make, target, prediction, **more))

    add({}, sparse, kinds, scores, suffix="classes")
    add({}, dense, one_hot, scores, suffix="one-hot")
    add({}, dense, soft, scores, suffix="soft")
    add({}, sparse, np.array([1, 2, 3]), extreme, suffix="classes, scores ±200")
    add({}, sparse, np.array([0, 0, 0]), extreme, suffix="classes, scores ±200, first")
    add({}, sparse, higher_kinds, higher, suffix="classes, [3, 2, 5]")
    # Keras smooths one-hot targets only; for classes the same formula is meant.
    add({"label_smoothing": 0.1}, smooth, one_hot, scores, suffix="one-hot")
    add({"label_smoothing": 0.1}, smooth, one_hot, scores, suffix="classes", stored_target=kinds)
    add({"label_smoothing": 0.1}, smooth, soft, scores, suffix="soft")
    given = {"from": "probabilities"}
    add(given, losses.SparseCategoricalCrossentropy, kinds, probabilities, suffix="classes")
    add(given, losses.CategoricalCrossentropy, one_hot, probabilities, suffix="one-hot")
    add(given, losses.CategoricalCrossentropy, soft, probabilities, suffix="soft")
    make, note = losses.SparseCategoricalCrossentropy, "Keras divides by the sum of the probabilities first"
    add(given, make, kinds, probabilities / 2, suffix="classes, not normalised", note=note)
    certain = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.5, 0.5, 0.0]])
    add(given, make, np.array([0, 0, 1]), certain, suffix="classes, 0 and 1", note=CLIPPED)

    weighted = {"class_weight": class_weight}
    weight = np.array(class_weight)[kinds]
    note = "sum(weight * loss) / batch, as Keras's class_weight does it"
    add(weighted, sparse, kinds, scores, weight=weight, suffix="classes", note=note, store_weight=False)
    add(weighted, dense, one_hot, scores, weight=weight, suffix="one-hot", note=note, store_weight=False)
    add({}, sparse, kinds, scores, weight=np.array([1, 0.5, 2, 0, 1, 3]), suffix="classes, weighted")

    def ignoring(**k: Any) -> Any:
        return losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=2, **k)

    note = "the mean is over the examples that count: sum / 4 here, where `example` holds 0 for the ignored"
    add({"ignore": 2}, ignoring, kinds, scores, suffix="classes", note=note)

    def focal(**k: Any) -> Any:
        return losses.CategoricalFocalCrossentropy(from_logits=True, **k)

    def sharper(**k: Any) -> Any:
        return losses.CategoricalFocalCrossentropy(alpha=0.5, gamma=1.0, from_logits=True, **k)

    cases.append(loss_case("focal", {}, focal, one_hot, scores, suffix="one-hot"))
    cases.append(loss_case("focal", {"alpha": 0.5, "gamma": 1.0}, sharper, one_hot, scores, suffix="one-hot"))
    return cases


def binary_cross_entropy_cases(rng: np.random.Generator) -> list[Case]:
    name, cases = "binary_cross_entropy", []
    scores, labels = sixty_fourths(rng, (5, 3), -3, 3), rng.integers(0, 2, (5, 3)).astype(float)
    probabilities = rng.integers(1, 64, (5, 3)) / 64
    extreme = np.array([[200.0, -200.0, 200.0], [-200.0, 0.0, 200.0]])
    extreme_labels = np.array([[1.0, 0.0, 0.0], [1.0, 1.0, 1.0]])

    def from_scores(**k: Any) -> Any:
        return losses.BinaryCrossentropy(from_logits=True, **k)

    def smooth(**k: Any) -> Any:
        return losses.BinaryCrossentropy(from_logits=True, label_smoothing=0.1, **k)

    def smooth_probabilities(**k: Any) -> Any:
        return losses.BinaryCrossentropy(label_smoothing=0.1, **k)

    def focal(**k: Any) -> Any:
        return losses.BinaryFocalCrossentropy(from_logits=True, **k)

    def add(args: dict[str, Any], make: Callable[..., Any], target: Array, prediction: Array, **more: Any) -> None:
        cases.append(loss_case(name, args, make, target, prediction, **more))

    for suffix, columns in [("[5, 3]", 3), ("[5, 1]", 1)]:
        add({}, from_scores, labels[:, :columns], scores[:, :columns], suffix=suffix)
        given = {"from": "probabilities"}
        add(given, losses.BinaryCrossentropy, labels[:, :columns], probabilities[:, :columns], suffix=suffix)
        add({"label_smoothing": 0.1}, smooth, labels[:, :columns], scores[:, :columns], suffix=suffix)
    add({}, from_scores, extreme_labels, extreme, suffix="scores ±200")
    add({}, from_scores, probabilities, scores, suffix="soft")
    add({"from": "probabilities", "label_smoothing": 0.1}, smooth_probabilities, labels, probabilities)
    certain = np.array([[1.0, 0.0], [0.0, 1.0]])
    target = np.array([[1.0, 0.0], [1.0, 0.0]])
    add({"from": "probabilities"}, losses.BinaryCrossentropy, target, certain, suffix="0 and 1", note=CLIPPED)
    cases.append(loss_case("binary_focal", {}, focal, labels, scores, suffix="[5, 3]"))
    return cases


def loss_case(
    name: str,
    args: dict[str, Any],
    make: Callable[..., Any],
    target: Array,
    prediction: Array,
    *,
    weight: Array | None = None,
    store_weight: bool = True,
    stored_target: Array | None = None,
    suffix: str = "",
    note: str = "",
) -> Case:
    """Each example's value (over its own axes, the mean), the batch's, and the gradient of the batch's."""
    each = np.asarray(make(reduction=None)(target, prediction, sample_weight=weight))
    assert each.dtype == np.float64, f"{name}: {each.dtype}"
    each = each.reshape(len(each), -1).mean(axis=1)
    reduce = make(reduction="sum_over_batch_size")

    def mean(prediction: Array) -> Array:
        return reduce(target, prediction, sample_weight=weight)

    value = np.asarray(mean(jnp.asarray(prediction)))
    assert "ignore" in args or np.isclose(value, each.mean(), rtol=1e-12), name
    inputs = {"prediction": prediction, "target": target if stored_target is None else stored_target}
    if weight is not None and store_weight:
        inputs["weight"] = weight
    case = {"id": identifier(name, args, suffix), "name": name, "args": args, "inputs": inputs}
    case["outputs"] = {"example": each, "mean": value}
    case["gradients"] = {"prediction": jax.grad(mean)(jnp.asarray(prediction))}
    if note:
        case["note"] = note
    return case


# ---- Metrics --------------------------------------------------------------------------------------------------------

BATCHES = (7, 5, 1)  # unequal on purpose: the mean of batches' means is another number


def metric_cases() -> list[Case]:
    rng = np.random.default_rng(3)
    rows = sum(BATCHES)
    cases = []

    def add(
        name: str,
        args: dict[str, Any],
        metric: Any,
        target: Array,
        prediction: Array,
        suffix: str = "",
        stored_target: Array | None = None,
        references: dict[str, float] | None = None,
    ) -> None:
        start = 0
        for size in BATCHES:
            metric.update_state(target[start : start + size], prediction[start : start + size])
            start += size
        stored = target if stored_target is None else stored_target
        # MeanIoU divides in float32 whatever it is told; all others obey.
        assert name == "mean_iou" or np.asarray(metric.result()).dtype == np.float64, name
        case = {"id": identifier(name, args, suffix), "name": name, "args": args, "batches": BATCHES}
        case["inputs"] = {"prediction": prediction, "target": stored}
        case["outputs"] = {"value": np.asarray(metric.result())}
        if references:
            case["references"] = references
        cases.append(case)

    scores, kinds = sixty_fourths(rng, (rows, 6), -3, 3), rng.integers(0, 6, rows)
    scores[np.arange(rows), kinds] += 1.5
    tied = rng.integers(0, 4, (rows, 6)).astype(float)
    higher, higher_kinds = sixty_fourths(rng, (rows, 2, 4)), rng.integers(0, 4, (rows, 2))
    add("accuracy", {}, metrics.SparseCategoricalAccuracy(), kinds, scores, "classes")
    add("accuracy", {}, metrics.SparseCategoricalAccuracy(), kinds, tied, "classes, ties")
    add("accuracy", {}, metrics.SparseCategoricalAccuracy(), higher_kinds, higher, "classes, [13, 2, 4]")
    add("accuracy", {}, metrics.CategoricalAccuracy(), np.eye(6)[kinds], scores, "one-hot")
    for k in (1, 3, 5):
        for suffix, z in [("classes", scores), ("classes, ties", tied)]:
            add("top_k_accuracy", {"k": k}, metrics.SparseTopKCategoricalAccuracy(k=k), kinds, z, suffix)
    add("cross_entropy", {}, metrics.SparseCategoricalCrossentropy(from_logits=True), kinds, scores, "classes")

    probability, labels = rng.integers(1, 64, (rows, 1)) / 64, rng.integers(0, 2, (rows, 1)).astype(float)
    probability[:2], labels[:2] = 0.5, [[0.0], [1.0]]  # at the threshold an answer is no
    logit = np.where(probability == 0.5, 0.0, np.round(64 * np.log((probability + 0.01) / (1.01 - probability))) / 64)
    given = {"from": "probabilities"}
    add("binary_accuracy", given, metrics.BinaryAccuracy(), labels, probability, "[13, 1]")
    add("binary_accuracy", {}, metrics.BinaryAccuracy(threshold=0.0), labels, logit, "scores, [13, 1]")
    several, several_labels = rng.integers(0, 65, (rows, 3)) / 64, rng.integers(0, 2, (rows, 3)).astype(float)
    add("binary_accuracy", given, metrics.BinaryAccuracy(), several_labels, several, "[13, 3]")
    for name, metric in [
        ("precision", metrics.Precision()),
        ("recall", metrics.Recall()),
        ("true_positives", metrics.TruePositives()),
        ("false_positives", metrics.FalsePositives()),
        ("true_negatives", metrics.TrueNegatives()),
        ("false_negatives", metrics.FalseNegatives()),
        ("log_loss", metrics.BinaryCrossentropy()),
    ]:
        add(name, given, metric, labels, probability, "[13, 1]")
    add("f1", given, metrics.F1Score(threshold=0.5), labels, probability, "[13, 1]")
    add("fbeta", given | {"beta": 2.0}, metrics.FBetaScore(beta=2.0, threshold=0.5), labels, probability, "[13, 1]")
    exact = {"scikit-learn, exact": float(roc_auc_score(labels[:, 0], probability[:, 0]))}
    curve = given | {"curve": "roc"}
    add("auc", curve, metrics.AUC(curve="ROC"), labels, probability, "[13, 1]", references=exact)
    add("auc", given | {"curve": "pr"}, metrics.AUC(curve="PR"), labels, probability, "[13, 1]")

    for columns in (1, 3):
        y = sixty_fourths(rng, (rows, columns), -4, 4)
        y_hat = y + sixty_fourths(rng, (rows, columns), -1.5, 1.5)
        suffix = f"[13, {columns}]"
        mse, mae = float(mean_squared_error(y, y_hat)), float(mean_absolute_error(y, y_hat))
        add("mse", {}, metrics.MeanSquaredError(), y, y_hat, suffix, references={"scikit-learn": mse})
        add("mae", {}, metrics.MeanAbsoluteError(), y, y_hat, suffix, references={"scikit-learn": mae})
        root = {"scikit-learn": math.sqrt(mse)}
        add("rmse", {}, metrics.RootMeanSquaredError(), y, y_hat, suffix, references=root)
        add("r2", {}, metrics.R2Score(), y, y_hat, suffix, references={"scikit-learn": float(r2_score(y, y_hat))})
        add("mape", {}, metrics.MeanAbsolutePercentageError(), y, y_hat, suffix)
    add("cosine_similarity", {}, metrics.CosineSimilarity(), y, y_hat, "[13, 3]")
    add("hinge", {}, metrics.Hinge(), np.sign(y), y_hat, "[13, 3] labels -1, 1")
    add("msle", {}, metrics.MeanSquaredLogarithmicError(), np.abs(y), np.abs(y_hat), "[13, 3]")
    add("poisson", {}, metrics.Poisson(), np.floor(np.abs(y)), np.abs(y_hat) + 0.25, "[13, 3]")
    p, q = distributions(rng, rows, 3), distributions(rng, rows, 3)
    add("kl_divergence", {}, metrics.KLDivergence(), p, q, "[13, 3]")

    found = rng.integers(0, 3, rows)
    found_scores = np.eye(3)[found] * 2.0
    truth = rng.integers(0, 3, rows)
    iou = metrics.MeanIoU(num_classes=3, sparse_y_pred=False)
    add("mean_iou", {}, iou, truth, found_scores, "classes")
    return cases


# ---- Optimizers -----------------------------------------------------------------------------------------------------

STEPS = 12
START = {"W": sixty_fourths(np.random.default_rng(40), (3, 2)), "b": sixty_fourths(np.random.default_rng(41), (2,))}
GRADIENTS = {
    "W": sixty_fourths(np.random.default_rng(42), (STEPS, 3, 2), -3, 3),
    "b": sixty_fourths(np.random.default_rng(43), (STEPS, 2), -3, 3),
}
GRADIENTS["W"][:, 2, 1] = 0.0  # an element that never has a gradient: 0 / (0 + epsilon)
GRADIENTS["W"][4], GRADIENTS["b"][4] = 0.0, 0.0  # a step without any: what momentum does alone
GRADIENTS["W"][7, 0, 0], GRADIENTS["b"][7, 1] = 100.0, 1 / 1024  # a sudden large one, a tiny one


def optimizer_cases() -> list[Case]:
    o = optimizers
    # our name, our arguments, Keras's class; Keras's arguments are ours but for the few in RENAMED
    table: list[tuple[str, dict[str, Any], Any]] = [
        ("sgd", {"lr": 0.01}, o.SGD),
        ("sgd", {"lr": 0.01, "momentum": 0.9}, o.SGD),
        ("sgd", {"lr": 0.01, "momentum": 0.9, "nesterov": True}, o.SGD),
        ("adam", {}, o.Adam),
        ("adam", {"lr": 0.01, "beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-3}, o.Adam),
        ("adam", {"amsgrad": True}, o.Adam),
        ("adamw", {}, o.AdamW),
        ("rmsprop", {}, o.RMSprop),
        ("rmsprop", {"lr": 0.01, "rho": 0.8}, o.RMSprop),
        ("rmsprop", {"momentum": 0.9}, o.RMSprop),
        ("rmsprop", {"centered": True}, o.RMSprop),
        ("rmsprop", {"centered": True, "momentum": 0.9}, o.RMSprop),
        ("adagrad", {}, o.Adagrad),
        ("adagrad", {"lr": 0.1, "initial_accumulator_value": 0.0}, o.Adagrad),
        ("adamax", {}, o.Adamax),
        ("nadam", {}, o.Nadam),
        ("adadelta", {}, o.Adadelta),
        ("adadelta", {"lr": 1.0}, o.Adadelta),
        ("lion", {}, o.Lion),
        ("lamb", {}, o.Lamb),
        ("ftrl", {}, o.Ftrl),
    ]
    decayed = [(name, args | {"weight_decay": 0.01}, make) for name, args, make in table if is_plain(name, args)]
    cases = [optimizer_case(name, args, make) for name, args, make in table + decayed]
    clip = {"lr": 0.01, "momentum": 0.9}
    cases.append(optimizer_case("sgd", clip, o.SGD, train={"clip_norm": 1.5}))
    cases.append(optimizer_case("sgd", clip, o.SGD, train={"clip_value": 0.75}))
    cases.append(optimizer_case("adam", {}, o.Adam, train={"clip_norm": 1.5}))
    cases.append(optimizer_case("sgd", clip, o.SGD, train={"accumulate": 3}))
    cases.append(optimizer_case("adam", {}, o.Adam, train={"accumulate": 3}))
    return cases


RENAMED = {"lr": "learning_rate", "clip_norm": "global_clipnorm", "clip_value": "clipvalue"} | {
    "accumulate": "gradient_accumulation_steps"
}


def is_plain(name: str, args: Mapping[str, Any]) -> bool:
    return "amsgrad" not in args and (name == "sgd" or not args or bool(args.keys() & {"momentum", "centered"}))


def optimizer_case(name: str, args: dict[str, Any], make: Any, train: dict[str, Any] | None = None) -> Case:
    """The parameters after each of twelve steps; `train` holds what our `train` section says of gradients."""
    settings = {RENAMED.get(key, key): value for key, value in (args | (train or {})).items()}
    optimizer = make(**settings)
    variables = {key: keras.Variable(value, dtype="float64", name=key) for key, value in START.items()}
    trace: dict[str, list[Array]] = {key: [] for key in variables}
    for step in range(STEPS):
        gradients = [ops.convert_to_tensor(GRADIENTS[key][step]) for key in variables]
        optimizer.apply(gradients, list(variables.values()))
        for key, variable in variables.items():
            trace[key].append(np.asarray(variable.value))
    case: Case = {"id": identifier(name, args), "name": name, "args": args}
    if train:
        case["id"] = f"{identifier(name, args)} with {identifier('train', train)}"
        case["train"] = train
    case["outputs"] = {key: np.stack(values) for key, values in trace.items()}
    return case


# ---- Schedules ------------------------------------------------------------------------------------------------------


def schedule_cases() -> list[Case]:
    """Keras's schedules with Keras's arguments, but for the cosine's, whose arguments are ours."""
    s = optimizers.schedules
    steps = [0, 1, 5, 9, 10, 11, 20, 50, 60, 99, 100, 101, 110, 150, 300]
    decay = {"decay_steps": 10, "decay_rate": 0.5}
    polynomial = {"decay_steps": 100, "end_learning_rate": 1e-4}
    restarts = {"first_decay_steps": 20}
    table: list[tuple[str, dict[str, Any], Any]] = [
        ("exponential_decay", decay, s.ExponentialDecay(0.1, **decay)),
        ("exponential_decay", decay | {"staircase": True}, s.ExponentialDecay(0.1, **decay, staircase=True)),
        ("inverse_time_decay", decay, s.InverseTimeDecay(0.1, **decay)),
        ("inverse_time_decay", decay | {"staircase": True}, s.InverseTimeDecay(0.1, **decay, staircase=True)),
        ("polynomial_decay", polynomial, s.PolynomialDecay(0.1, **polynomial)),
        ("polynomial_decay", polynomial | {"power": 2.0}, s.PolynomialDecay(0.1, **polynomial, power=2.0)),
        ("cosine_restarts", restarts, s.CosineDecayRestarts(0.1, **restarts)),
        (
            "cosine_restarts",
            restarts | {"t_mul": 1.5, "m_mul": 0.8, "alpha": 0.1},
            s.CosineDecayRestarts(0.1, **restarts, t_mul=1.5, m_mul=0.8, alpha=0.1),
        ),
    ]
    table = [(name, {"initial_learning_rate": 0.1} | args, schedule) for name, args, schedule in table]
    pieces = {"boundaries": [10, 100], "values": [0.1, 0.01, 0.001]}
    table.append(("piecewise", pieces, s.PiecewiseConstantDecay(**pieces)))
    table.append(("cosine_decay", {"peak": 0.1, "steps": 100}, s.CosineDecay(0.1, 100)))
    warm = s.CosineDecay(0.0, 100, warmup_target=0.1, warmup_steps=10)
    table.append(("cosine_decay", {"peak": 0.1, "steps": 100, "warmup": 10}, warm))
    return [
        {
            "id": identifier(name, args),
            "name": name,
            "args": args,
            "inputs": {"step": steps},
            "outputs": {"lr": [float(np.asarray(schedule(step))) for step in steps]},
        }
        for name, args, schedule in table
    ]


# ---- Layers ---------------------------------------------------------------------------------------------------------


def layer_cases() -> list[Case]:
    rng = np.random.default_rng(5)
    cases: list[Case] = []

    def dense(shape: Sequence[int], units: int, **args: Any) -> None:
        settings: dict[str, Any] = {"activation": args.get("activation"), "use_bias": args.get("bias", True)}
        if "l1" in args or "l2" in args:
            settings["kernel_regularizer"] = regularizers.L1L2(args.get("l1", 0.0), args.get("l2", 0.0))
        x = sixty_fourths(rng, shape)
        values = {"W": sixty_fourths(rng, (shape[-1], units), -1, 1)}
        if settings["use_bias"]:
            values["b"] = sixty_fourths(rng, (units,), -1, 1)
        args = {"units": units} | args
        cases.append(layer_case("dense", args, layers.Dense(units, **settings), {"x": x}, values, str(list(shape))))

    dense((4, 3), 2)
    dense((3, 5), 1)
    dense((1, 1), 4)
    dense((2, 3, 4), 3)
    dense((2, 2, 2, 3), 2)
    dense((4, 3), 2, bias=False)
    for name in ["relu", "leaky_relu", "elu", "selu", "sigmoid", "tanh", "softplus", "softsign", "gelu", "silu"]:
        dense((3, 4), 3, activation=name)
    dense((3, 4), 3, activation="softmax")
    dense((3, 4), 3, activation="log_softmax")
    dense((3, 4), 2, activation="exponential")
    dense((2, 2, 3), 4, activation="softmax")
    dense((3, 4), 2, l2=0.01)
    dense((3, 4), 2, l1=0.02)
    dense((3, 4), 2, l1=0.02, l2=0.01, activation="tanh")

    x = sixty_fourths(rng, (3, 4))
    cases.append(layer_case("activity", {"l2": 0.1}, layers.ActivityRegularization(l2=0.1), {"x": x}))
    both = layers.ActivityRegularization(l1=0.2, l2=0.1)
    cases.append(layer_case("activity", {"l1": 0.2, "l2": 0.1}, both, {"x": x}))

    for shape in [(2, 3), (2, 3, 2), (2, 2, 2, 3)]:
        x = sixty_fourths(rng, shape)
        cases.append(layer_case("flatten", {}, layers.Flatten(), {"x": x}, suffix=str(list(shape))))
    x = sixty_fourths(rng, (2, 12))
    for target in [[3, 4], [2, -1], [-1], [2, 3, 2]]:
        cases.append(layer_case("reshape", {"shape": target}, layers.Reshape(target), {"x": x}))
    a, b, c = (sixty_fourths(rng, (2, 3, 2)) for _ in range(3))
    d = sixty_fourths(rng, (2, 3, 1))
    e = sixty_fourths(rng, (2, 1, 2))
    join = layers.Concatenate
    cases.append(layer_case("concat", {"axis": -1}, join(axis=-1), {"a": a, "b": b, "c": d}))
    note = "Keras counts the batch: this is the first axis of an example, -2 here"
    cases.append(layer_case("concat", {"axis": 1}, join(axis=1), {"a": a, "b": e}, note=note))
    wide, deep = sixty_fourths(rng, (3, 2)), sixty_fourths(rng, (3, 4))
    cases.append(layer_case("concat", {}, join(), {"a": wide, "b": deep}))
    for name, layer in [
        ("add", layers.Add),
        ("multiply", layers.Multiply),
        ("average", layers.Average),
        ("maximum", layers.Maximum),
        ("minimum", layers.Minimum),
    ]:
        cases.append(layer_case(name, {}, layer(), {"a": a, "b": b, "c": c}, suffix="of 3"))
        cases.append(layer_case(name, {}, layer(), {"a": a, "b": b}, suffix="of 2"))
    cases.append(layer_case("add", {}, layers.Add(), {"a": a, "b": d}, suffix="broadcast"))
    cases.append(layer_case("subtract", {}, layers.Subtract(), {"a": a, "b": b}))
    pixels = rng.integers(0, 256, (2, 3, 3)).astype(float)
    cases.append(layer_case("rescale", {"scale": 1 / 255}, layers.Rescaling(1 / 255), {"x": pixels}))
    args = {"scale": 1 / 127.5, "offset": -1.0}
    cases.append(layer_case("rescale", args, layers.Rescaling(1 / 127.5, offset=-1.0), {"x": pixels}))
    return cases + normalize_cases(rng) + dropout_cases()


def layer_case(
    name: str,
    args: dict[str, Any],
    layer: Any,
    inputs: dict[str, Array],
    values: dict[str, Array] | None = None,
    suffix: str = "",
    note: str = "",
) -> Case:
    """Outputs, the layer's own loss where it has one, and gradients of sum(y * cotangent) + that loss."""
    tensors = [jnp.asarray(value) for value in inputs.values()]
    layer.build(tensors[0].shape if len(tensors) == 1 else [t.shape for t in tensors])
    weights = [jnp.asarray(value) for value in (values or {}).values()]
    assert [tuple(v.shape) for v in layer.trainable_variables] == [w.shape for w in weights]

    def run(tensors: list[Array], weights: list[Array]) -> tuple[Array, Array]:
        x = tensors[0] if len(tensors) == 1 else tensors
        state = list(zip(layer.trainable_variables, weights, strict=True))
        with keras.StatelessScope(state_mapping=state, collect_losses=True):
            return layer(x), sum(layer.losses, jnp.zeros(()))

    y, own = run(tensors, weights)
    assert y.dtype == jnp.float64
    cotangent = sixty_fourths(np.random.default_rng(sum(map(ord, name)) + y.size), y.shape)

    def total(tensors: list[Array], weights: list[Array]) -> Array:
        y, own = run(tensors, weights)
        return jnp.sum(y * cotangent) + own

    slopes = jax.grad(total, argnums=(0, 1))(tensors, weights)
    case: Case = {"id": identifier(name, args, suffix), "name": name, "args": args, "inputs": inputs}
    if values:
        case["parameters"] = values
    case["outputs"] = {"y": y}
    if own != 0:
        case["outputs"]["regularization"] = own
    case["cotangents"] = {"y": cotangent}
    case["gradients"] = dict(zip([*inputs, *(values or {})], [*slopes[0], *slopes[1]], strict=True))
    if note:
        case["note"] = note
    return case


def normalize_cases(rng: np.random.Generator) -> list[Case]:
    """(x - mean) / max(sqrt(variance), keras_epsilon), by the training data's mean and (biased) variance."""
    cases = []
    for shape, suffix in [((8, 3), "[8, 3]"), ((5, 2, 3), "[5, 2, 3]: one mean a channel")]:
        train = sixty_fourths(rng, shape, -4, 8)
        x = sixty_fourths(rng, (2, *shape[1:]), -4, 8)
        cases.append(normalize_case(train, x, suffix))
    train = sixty_fourths(rng, (6, 3))
    train[:, 1] = 0.75
    x = sixty_fourths(rng, (2, 3))
    x[:, 1] = 0.75
    note = "the second column of the training data is constant: its own value becomes 0"
    cases.append(normalize_case(train, x, "constant column", note))
    x = x.copy()
    x[:, 1] = [1.0, 0.5]
    note = "any other value in that column is divided by keras_epsilon, so it becomes huge"
    cases.append(normalize_case(train, x, "constant column, another value", note))
    return cases


def normalize_case(train: Array, x: Array, suffix: str, note: str = "") -> Case:
    layer = layers.Normalization()
    layer.adapt(train)
    outputs = {"y": layer(x), "mean": layer.adapt_mean.value, "variance": layer.adapt_variance.value}
    case: Case = {"id": identifier("normalize", {}, suffix), "name": "normalize", "args": {}}
    case |= {"inputs": {"x": x, "train": train}, "outputs": outputs}
    if note:
        case["note"] = note
    return case


def dropout_cases() -> list[Case]:
    """Which units drop is each library's own affair; what happens to those that stay is not."""
    cases = []
    for rate in (0.0, 0.2, 0.5, 0.9):
        layer = layers.Dropout(rate, seed=1)
        draw = np.asarray(layer(np.ones((400, 250)), training=True))
        values = sorted({float(value) for value in np.unique(draw)})
        x = np.array([[1.0, -2.0, 0.5]])
        assert np.array_equal(np.asarray(layer(x, training=False)), x)
        outputs = {"y": x, "training_values_of_ones": values, "kept_share": float((draw > 0).mean())}
        case: Case = {"id": identifier("dropout", {"rate": rate}), "name": "dropout", "args": {"rate": rate}}
        case |= {"inputs": {"x": x}, "outputs": outputs}
        case["note"] = "y is the prediction's output; training turns a 1 into one of training_values_of_ones"
        cases.append(case)
    return cases


# ---- Networks -------------------------------------------------------------------------------------------------------

CLASSIFIER = """\
model classifier {
  input  x: f32[4]
  target y: class[3]

  hidden = x -> dense(5, tanh, l2 = 0.01)
  logits = hidden -> dense(3, l1 = 0.002)

  output probability = softmax(logits)
  loss cross_entropy(logits, y)
}
"""

REGRESSOR = """\
model regressor {
  input  x: f32[3]
  target y: f32

  hidden = x -> dense(4, softplus) -> dense(4, sigmoid, l2 = 0.05)
  output y_hat = hidden -> dense(1)

  loss mse(y_hat, y)
}
"""

TWO_OUTPUTS = """\
model two_outputs {
  input  wide: f32[2]
  input  deep: f32[3]
  target price: f32

  hidden = deep -> dense(4, tanh, l2 = 0.02) -> dense(3, elu)
  output main = concat(wide, hidden) -> dense(1)
  output aux  = hidden -> dense(1, bias = false)

  loss 0.9 * mse(main, price) + 0.1 * huber(aux, price)
}
"""

SHARED = """\
model shared_layer {
  input  a: f32[3]
  input  b: f32[3]
  target same: binary

  layer encode = dense(4, tanh)
  u = a -> encode
  v = b -> encode
  score = concat(u, v, u * v) -> dense(1)

  output probability = sigmoid(score)
  loss binary_cross_entropy(score, same)
}
"""


def network_cases() -> list[Case]:
    """Each program above, built by hand in Keras; its layers bear the names that ours give them."""
    rng = np.random.default_rng(6)
    dense, l1, l2 = layers.Dense, regularizers.L1, regularizers.L2
    mse, huber = losses.MeanSquaredError(), losses.Huber()
    cases = []

    x = keras.Input((4,))
    hidden = dense(5, "tanh", kernel_regularizer=l2(0.01), name="hidden")(x)
    logits = dense(3, kernel_regularizer=l1(0.002), name="logits")(hidden)
    model = keras.Model([x], {"probability": layers.Softmax()(logits), "logits": logits})
    given = {"x": sixty_fourths(rng, (6, 4))}
    target = {"y": np.array([0, 2, 1, 1, 0, 2])}
    entropy = losses.SparseCategoricalCrossentropy(from_logits=True)
    cases.append(network_case(CLASSIFIER, model, given, target, lambda out, y: entropy(y, out["logits"]), rng))

    x = keras.Input((3,))
    hidden = dense(4, "softplus", name="hidden.dense_1")(x)
    hidden = dense(4, "sigmoid", kernel_regularizer=l2(0.05), name="hidden.dense_2")(hidden)
    model = keras.Model([x], {"y_hat": dense(1, name="y_hat")(hidden)})
    given, target = {"x": sixty_fourths(rng, (5, 3))}, {"y": sixty_fourths(rng, (5,))}
    cases.append(network_case(REGRESSOR, model, given, target, lambda out, y: mse(y[:, None], out["y_hat"]), rng))

    wide, deep = keras.Input((2,)), keras.Input((3,))
    hidden = dense(4, "tanh", kernel_regularizer=l2(0.02), name="hidden.dense_1")(deep)
    hidden = dense(3, "elu", name="hidden.dense_2")(hidden)
    main = dense(1, name="main")(layers.Concatenate()([wide, hidden]))
    aux = dense(1, use_bias=False, name="aux")(hidden)
    model = keras.Model([wide, deep], {"main": main, "aux": aux})
    given = {"wide": sixty_fourths(rng, (5, 2)), "deep": sixty_fourths(rng, (5, 3))}
    target = {"price": sixty_fourths(rng, (5,))}

    def both(out: dict[str, Array], price: Array) -> Array:
        return 0.9 * mse(price[:, None], out["main"]) + 0.1 * huber(price[:, None], out["aux"])

    cases.append(network_case(TWO_OUTPUTS, model, given, target, both, rng))

    a, b = keras.Input((3,)), keras.Input((3,))
    encode = dense(4, "tanh", name="encode")
    u, v = encode(a), encode(b)
    score = dense(1, name="score")(layers.Concatenate()([u, v, layers.Multiply()([u, v])]))
    model = keras.Model([a, b], {"probability": layers.Activation("sigmoid")(score), "score": score})
    given = {"a": sixty_fourths(rng, (4, 3)), "b": sixty_fourths(rng, (4, 3))}
    target = {"same": np.array([1, 0, 0, 1])}
    binary = losses.BinaryCrossentropy(from_logits=True)
    cases.append(network_case(SHARED, model, given, target, lambda out, y: binary(y[:, None], out["score"]), rng))
    return cases


def network_case(
    program: str,
    model: Any,
    given: dict[str, Array],
    target: dict[str, Array],
    loss: Callable[[dict[str, Array], Array], Array],
    rng: np.random.Generator,
) -> Case:
    """Outputs, the loss with its regularisation, and the gradients of both in every parameter and input."""
    variables = sorted(model.trainable_variables, key=lambda variable: variable.path)
    names = [variable.path.replace("/kernel", ".W").replace("/bias", ".b") for variable in variables]
    weights = {name: jnp.asarray(sixty_fourths(rng, v.shape, -1, 1)) for name, v in zip(names, variables, strict=True)}
    paths = [variable.path for variable in variables]
    order = [paths.index(variable.path) for variable in model.trainable_variables]
    inputs, (y,) = list(given), target.values()  # JAX sorts the keys of what it differentiates in

    def run(weights: dict[str, Array], x: dict[str, Array]) -> tuple[dict[str, Array], Array, Array]:
        values = [weights[names[i]] for i in order]
        out, _, own = model.stateless_call(values, [], [x[name] for name in inputs], return_losses=True)
        return out, loss(out, y), sum(own, jnp.zeros(()))

    tensors = {name: jnp.asarray(value) for name, value in given.items()}
    out, data_loss, own = run(weights, tensors)
    assert data_loss.dtype == jnp.float64
    slopes = jax.grad(lambda *a: sum(run(*a)[1:]), argnums=(0, 1))(weights, tensors)
    name = program.split()[1]
    return {
        "id": f"network {name}",
        "name": "network",
        "args": {},
        "program": program,
        "inputs": given | target,
        "parameters": weights,
        "outputs": out | {"loss": data_loss + own, "regularization": own},
        "gradients": slopes[0] | slopes[1],
    }


# ---- Initializers ---------------------------------------------------------------------------------------------------

CUT = 0.87962566103423978  # the standard deviation of a standard normal cut at ±2


def initializer_cases() -> list[Case]:
    i = initializers
    shapes = [(64, 32), (5,), (3, 3, 8, 16)]
    # our name, our arguments, Keras's class, and either (kind, value) or (kind, scale, mode) of a variance scaling
    table: list[tuple[str, dict[str, Any], Any, tuple[Any, ...]]] = [
        ("zeros", {}, i.Zeros, ("constant", 0.0)),
        ("ones", {}, i.Ones, ("constant", 1.0)),
        ("constant", {"value": 0.25}, i.Constant, ("constant", 0.25)),
        ("uniform", {}, i.RandomUniform, ("uniform", 0.05)),
        ("uniform", {"minval": -0.5, "maxval": 0.5}, i.RandomUniform, ("uniform", 0.5)),
        ("normal", {}, i.RandomNormal, ("normal", 0.05)),
        ("normal", {"stddev": 2.0}, i.RandomNormal, ("normal", 2.0)),
        ("truncated_normal", {}, i.TruncatedNormal, ("truncated_normal", 0.05)),
        ("glorot_uniform", {}, i.GlorotUniform, ("uniform", 1.0, "fan_avg")),
        ("glorot_normal", {}, i.GlorotNormal, ("truncated_normal", 1.0, "fan_avg")),
        ("he_uniform", {}, i.HeUniform, ("uniform", 2.0, "fan_in")),
        ("he_normal", {}, i.HeNormal, ("truncated_normal", 2.0, "fan_in")),
        ("lecun_uniform", {}, i.LecunUniform, ("uniform", 1.0, "fan_in")),
        ("lecun_normal", {}, i.LecunNormal, ("truncated_normal", 1.0, "fan_in")),
    ]
    cases = []
    for name, args, make, rule in table:
        for shape in shapes if len(rule) == 3 else shapes[:1]:
            expected = expectation(shape, *rule)
            draw = draws(make, args, shape, rule[0] != "constant")
            measured = {"mean": draw.mean(), "std": draw.std(), "min": draw.min(), "max": draw.max()}
            assert expected["low"] is None or (draw.min() >= expected["low"] and draw.max() <= expected["high"])
            assert abs(draw.std() - expected["std"]) <= 0.03 * expected["std"], (name, shape)
            case = {"id": identifier(name, args, str(list(shape))), "name": name, "args": args, "shape": shape}
            case["outputs"] = {key: value for key, value in expected.items() if value is not None}
            case["outputs"] |= {f"measured_{key}": float(f"{value:.4g}") for key, value in measured.items()}
            case["outputs"]["measured_count"] = draw.size
            cases.append(case)
    return cases


def draws(make: Any, args: dict[str, Any], shape: Sequence[int], random: bool) -> Array:
    """The values of many tensors of one shape, each from a seed of its own."""
    if not random:
        return np.asarray(make(**args)(shape)).ravel()
    seeds = range(min(2000, 1 + 200_000 // math.prod(shape)))
    return np.concatenate([np.asarray(make(**args, seed=seed)(shape)).ravel() for seed in seeds])


def expectation(shape: Sequence[int], kind: str, value: float, mode: str = "") -> dict[str, float | None]:
    """Bounds and standard deviation; `stddev` is the normal's before it is cut at two of them, `std` after."""
    if mode:
        fan_in, fan_out = fans(shape)
        scale = value / max(1.0, {"fan_in": fan_in, "fan_avg": (fan_in + fan_out) / 2}[mode])
        value = math.sqrt(3 * scale) if kind == "uniform" else math.sqrt(scale) / CUT
    if kind == "constant":
        return {"low": value, "high": value, "mean": value, "std": 0.0}
    if kind == "uniform":
        return {"limit": value, "low": -value, "high": value, "mean": 0.0, "std": value / math.sqrt(3)}
    if kind == "normal":
        return {"stddev": value, "low": None, "mean": 0.0, "std": value}
    return {"stddev": value, "low": -2 * value, "high": 2 * value, "mean": 0.0, "std": value * CUT}


def fans(shape: Sequence[int]) -> tuple[int, int]:
    if len(shape) == 1:
        return shape[0], shape[0]
    field = math.prod(shape[:-2])
    return shape[-2] * field, shape[-1] * field


if __name__ == "__main__":
    main()
