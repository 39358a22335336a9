"""Writes keras_normalization.json: normalising layers, embeddings, constraints and fitted preprocessing.

    oracle-env/bin/python keras_normalization.py [folder]

An extension of keras_oracle.py, from which it has everything but the cases; README.md describes the format.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

# isort: split  -- keras_oracle sets Keras up, so it comes first
import jax
import jax.numpy as jnp
import keras
import numpy as np
from keras import constraints, initializers, layers, optimizers, regularizers
from keras_oracle import Array, Case, identifier, layer_case, sixty_fourths, write
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import MinMaxScaler


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    rng = np.random.default_rng(21)
    cases = batch_norm_cases(rng) + layer_cases(rng) + embedding_cases(rng) + constraint_cases(rng)
    cases += regularizer_cases(rng) + initializer_cases() + fitted_cases(rng) + training_cases(rng)
    write(folder, "normalization", cases)


# ---- Layers ---------------------------------------------------------------------------------------------------------


def batch_norm_cases(rng: np.random.Generator) -> list[Case]:
    cases = []
    table: list[tuple[dict[str, Any], tuple[int, ...]]] = [
        ({}, (5, 3)),
        ({}, (2, 3, 2, 2)),
        ({"momentum": 0.5, "epsilon": 1e-5}, (4, 3, 2)),
        ({"center": False}, (4, 2)),
        ({"scale": False}, (4, 2)),
        ({"center": False, "scale": False}, (4, 2)),
        ({"trainable": False}, (4, 2)),
    ]
    for args, shape in table:
        for training in (True, False):
            cases.append(batch_norm_case(args, sixty_fourths(rng, shape), training, rng))
    far = 100 + sixty_fourths(rng, (6, 2))
    cases.append(batch_norm_case({}, far, True, rng, "far from 0"))
    return cases


def batch_norm_case(args: dict[str, Any], x: Array, training: bool, rng: np.random.Generator, suffix: str = "") -> Case:
    """One pass in either mode: the outputs hold the statistics after it, the gradients are those of sum(y * c)."""
    d = x.shape[-1]
    layer = layers.BatchNormalization(**args)
    layer.build(x.shape)
    parameters = {"gamma": sixty_fourths(rng, (d,)), "beta": sixty_fourths(rng, (d,))}
    parameters = {name: value for name, value in parameters.items() if getattr(layer, name) is not None}
    statistics = {"moving_mean": sixty_fourths(rng, (d,)), "moving_variance": sixty_fourths(rng, (d,), 0.25, 2)}
    cotangent = sixty_fourths(rng, x.shape)

    def run(x: Array, weights: list[Array]) -> tuple[Array, tuple[Array, list[Array]]]:
        own = dict(zip(parameters, weights, strict=True)) | statistics
        values = {layer_variable.path: own[layer_variable.name] for layer_variable in layer.variables}
        first = [values[v.path] for v in layer.trainable_variables]
        rest = [values[v.path] for v in layer.non_trainable_variables]
        y, following = layer.stateless_call(first, rest, x, training=training)
        return jnp.sum(y * cotangent), (y, following)

    weights = [jnp.asarray(value) for value in parameters.values()]
    (_, (y, following)), slopes = jax.value_and_grad(run, argnums=(0, 1), has_aux=True)(jnp.asarray(x), weights)
    after = {v.name: value for v, value in zip(layer.non_trainable_variables, following, strict=True)}
    outputs = {"y": y, **{name: after[name] for name in statistics}}
    mode = "training" if training else "prediction"
    case: Case = {"id": identifier("batch_norm", args, " ".join(filter(None, [str(list(x.shape)), mode, suffix])))}
    case |= {"name": "batch_norm", "args": args, "inputs": {"x": x}, "parameters": parameters | statistics}
    case |= {"outputs": outputs, "cotangents": {"y": cotangent}, "train": {"training": training}}
    case["gradients"] = {"x": slopes[0], **dict(zip(parameters, slopes[1], strict=True))}
    return case


def layer_cases(rng: np.random.Generator) -> list[Case]:
    """Axes of `args` do not count the batch, as ours do not; those given to Keras are one more."""
    cases = []

    def add(name: str, args: dict[str, Any], layer: Any, shape: tuple[int, ...], *sizes: tuple[int, ...]) -> None:
        names = {"layer_norm": ("gamma", "beta"), "group_norm": ("gamma", "beta"), "rms_norm": ("gamma",)}
        known = [n for n in names.get(name, ("alpha",)) if args.get({"gamma": "scale", "beta": "center"}.get(n), True)]
        values = {n: sixty_fourths(rng, size) for n, size in zip(known, sizes, strict=True)} if sizes else {}
        cases.append(layer_case(name, args, layer, {"x": sixty_fourths(rng, shape)}, values, str(list(shape))))

    norm, group, rms = layers.LayerNormalization, layers.GroupNormalization, layers.RMSNormalization
    add("layer_norm", {}, norm(), (3, 4), (4,), (4,))
    add("layer_norm", {}, norm(), (2, 3, 4), (4,), (4,))
    add("layer_norm", {"axis": [0, 1]}, norm(axis=[1, 2]), (2, 3, 4), (3, 4), (3, 4))
    add("layer_norm", {"axis": [0]}, norm(axis=[1]), (2, 3, 4), (3,), (3,))
    add("layer_norm", {"epsilon": 1e-6, "center": False}, norm(epsilon=1e-6, center=False), (3, 4), (4,))
    add("layer_norm", {"scale": False}, norm(scale=False), (3, 4), (4,))
    add("group_norm", {"groups": 2}, group(2), (3, 4), (4,), (4,))
    add("group_norm", {"groups": 2}, group(2), (2, 3, 2, 4), (4,), (4,))
    add("group_norm", {"groups": 1}, group(1), (2, 3, 4), (4,), (4,))
    add("group_norm", {"groups": 4, "center": False}, group(4, center=False), (2, 3, 4), (4,))
    add("rms_norm", {}, rms(), (3, 4), (4,))
    add("rms_norm", {"epsilon": 0.01}, rms(epsilon=0.01), (2, 3, 4), (4,))
    add("rms_norm", {"axis": [0, 1]}, rms(axis=[1, 2]), (2, 3, 4), (3, 4))
    add("unit_norm", {}, layers.UnitNormalization(), (3, 4))
    add("unit_norm", {"axis": [0, 1]}, layers.UnitNormalization(axis=[1, 2]), (2, 3, 4))
    add("prelu", {}, layers.PReLU(), (3, 4), (4,))
    add("prelu", {"shared_axes": [0]}, layers.PReLU(shared_axes=[1]), (2, 3, 4), (1, 4))
    add("prelu", {"shared_axes": [0, 1]}, layers.PReLU(shared_axes=[1, 2]), (2, 3, 2, 2), (1, 1, 2))
    add("prelu", {"l2": 0.1}, layers.PReLU(alpha_regularizer=regularizers.L2(0.1)), (3, 2), (2,))
    return cases


def embedding_cases(rng: np.random.Generator) -> list[Case]:
    cases = []
    for args, x in [
        ({"kinds": 5, "units": 3}, np.array([0, 4, 2, 2, 2, 1])),
        ({"kinds": 4, "units": 2}, np.array([[0, 1, 0], [3, 0, 1]])),
        ({"kinds": 4, "units": 1}, np.array([[[3, 3], [3, 0]]])),
        ({"kinds": 3, "units": 2, "l2": 0.1}, np.array([1, 1])),
    ]:
        penalty = regularizers.L2(args["l2"]) if "l2" in args else None
        layer = layers.Embedding(args["kinds"], args["units"], embeddings_regularizer=penalty)
        layer.build()
        table = sixty_fourths(rng, (args["kinds"], args["units"]))
        cotangent = sixty_fourths(rng, (*x.shape, args["units"]))

        def run(table: Array, layer: Any = layer, x: Array = x, c: Array = cotangent) -> tuple[Array, Array]:
            with keras.StatelessScope(state_mapping=[(layer.trainable_variables[0], table)], collect_losses=True):
                y, own = layer(x), sum(layer.losses, jnp.zeros(()))
            return jnp.sum(y * c) + own, (y, own)

        slope, (y, own) = jax.grad(run, has_aux=True)(jnp.asarray(table))
        case: Case = {"id": identifier("embedding", args, str(list(x.shape))), "name": "embedding", "args": args}
        case |= {"inputs": {"x": x}, "parameters": {"embeddings": table}, "outputs": {"y": y}}
        if own != 0:
            case["outputs"]["regularization"] = own
        case |= {"cotangents": {"y": cotangent}, "gradients": {"embeddings": slope}}
        cases.append(case)
    for kinds, x in [(4, np.array([0, 3, 1, 1])), (3, np.array([[2, 0], [1, 1]]))]:
        case = {"id": identifier("one_hot", {"kinds": kinds}, str(list(x.shape))), "name": "one_hot"}
        case |= {"args": {"kinds": kinds}, "inputs": {"x": x}, "outputs": {"y": keras.ops.one_hot(x, kinds)}}
        cases.append(case)
    return cases


# ---- What is done to weights ----------------------------------------------------------------------------------------


def constraint_cases(rng: np.random.Generator) -> list[Case]:
    """`W` before and after; the second column of the matrix is 0."""
    matrix, kernel = sixty_fourths(rng, (4, 3)), sixty_fourths(rng, (2, 2, 2, 3))
    matrix[:, 1] = 0
    table: list[tuple[str, dict[str, Any], Callable[..., Any], Array]] = [
        ("max_norm", {}, constraints.MaxNorm, matrix),
        ("max_norm", {"max_value": 1.5}, constraints.MaxNorm, matrix),
        ("max_norm", {"max_value": 1.0, "axis": [0, 1, 2]}, constraints.MaxNorm, kernel),
        ("non_neg", {}, constraints.NonNeg, matrix),
        ("unit_norm", {}, constraints.UnitNorm, matrix),
        ("unit_norm", {"axis": [0, 1, 2]}, constraints.UnitNorm, kernel),
        ("min_max_norm", {}, constraints.MinMaxNorm, matrix),
        ("min_max_norm", {"min_value": 2.0, "max_value": 3.0, "rate": 0.25}, constraints.MinMaxNorm, matrix),
        ("min_max_norm", {"min_value": 0.5, "axis": [0, 1, 2]}, constraints.MinMaxNorm, kernel),
    ]
    cases = []
    for name, args, make, W in table:
        after = make(**args)(jnp.asarray(W))
        case: Case = {"id": identifier(f"constraint {name}", args), "name": f"constraint {name}", "args": args}
        cases.append(case | {"inputs": {"W": W}, "outputs": {"W": after}})
    return cases


def regularizer_cases(rng: np.random.Generator) -> list[Case]:
    cases = []
    for args, shape in [({}, (3, 4)), ({"factor": 0.5, "mode": "columns"}, (4, 3)), ({"mode": "rows"}, (2, 5))]:
        W = sixty_fourths(rng, shape)
        penalty = regularizers.OrthogonalRegularizer(**args)
        name = "regularizer orthogonal"
        case: Case = {"id": identifier(name, args, str(list(shape))), "name": name, "args": args}
        case |= {"inputs": {"W": W}, "outputs": {"y": penalty(jnp.asarray(W))}}
        cases.append(case | {"gradients": {"W": jax.grad(penalty)(jnp.asarray(W))}})
    return cases


def initializer_cases() -> list[Case]:
    cases = []
    for args, shape in [({}, (3, 3)), ({"gain": 0.5}, (2, 4)), ({"gain": -1.0}, (3, 2))]:
        W = initializers.Identity(**args)(shape)
        case: Case = {"id": identifier("identity", args, str(list(shape))), "name": "initializer identity"}
        cases.append(case | {"args": args, "shape": shape, "outputs": {"W": W}})
    return cases


# ---- Fitted to the training split -----------------------------------------------------------------------------------


def fitted_cases(rng: np.random.Generator) -> list[Case]:
    """scikit-learn's scaler and imputer; what is missing is -999 here, JSON having no NaN."""
    train, x = sixty_fourths(rng, (7, 3), -4, 8), sixty_fourths(rng, (3, 3), -8, 16)
    train[:, 2] = 0.75
    scaler = MinMaxScaler().fit(train)
    case: Case = {"id": "min_max()", "name": "min_max", "args": {}, "inputs": {"x": x, "train": train}}
    case["outputs"] = {"y": scaler.transform(x), "min": scaler.data_min_, "max": scaler.data_max_}
    case["note"] = "the last column of the training data is constant"
    cases = [case]
    train, x = sixty_fourths(rng, (7, 3), -4, 8), sixty_fourths(rng, (3, 3), -4, 8)
    train[[0, 2, 3], [0, 1, 0]] = -999
    x[[0, 1], [2, 0]] = -999
    imputer = SimpleImputer(missing_values=-999, strategy="median").fit(train)
    case = {"id": "impute()", "name": "impute", "args": {}, "inputs": {"x": x, "train": train}}
    case["outputs"] = {"y": imputer.transform(x), "median": imputer.statistics_}
    case["note"] = "-999 stands for a missing value"
    return [*cases, case]


# ---- Training -------------------------------------------------------------------------------------------------------

PROGRAM = """\
model normalized {
  input  x: f32[3]
  target y: f32

  hidden = x -> dense(4) -> batch_norm(momentum = 0.8) -> tanh
  output y_hat = hidden -> dense(1, constraint = max_norm(0.5))

  loss mse(y_hat, y)
}

train {
  optimizer = sgd(0.1)
}
"""

SHARED = """\
model shared_norm {
  input  a: f32[2]
  input  b: f32[2]
  target y: f32

  layer norm = batch_norm(momentum = 0.5)
  u = a -> norm
  v = b -> norm
  output y_hat = concat(u, v) -> dense(1)

  loss mse(y_hat, y)
}

train {
  optimizer = sgd(0.1)
}
"""


def training_cases(rng: np.random.Generator) -> list[Case]:
    """Four steps on four batches: parameters and statistics after each, then a prediction."""
    dense, norm = layers.Dense, layers.BatchNormalization
    x = keras.Input((3,))
    hidden = norm(momentum=0.8, name="hidden.batch_norm_1")(dense(4, name="hidden.dense_1")(x))
    y = dense(1, kernel_constraint=constraints.MaxNorm(0.5), name="y_hat")(layers.Activation("tanh")(hidden))
    cases = [training_case("batch_norm in a network", PROGRAM, keras.Model([x], y), {"x": 3}, rng)]
    a, b = keras.Input((2,)), keras.Input((2,))
    shared = norm(momentum=0.5, name="norm")
    y = dense(1, name="y_hat")(layers.Concatenate()([shared(a), shared(b)]))
    cases.append(training_case("a shared batch_norm", SHARED, keras.Model([a, b], y), {"a": 2, "b": 2}, rng))
    return cases


def training_case(name: str, program: str, model: Any, sizes: dict[str, int], rng: np.random.Generator) -> Case:
    for variable in model.trainable_variables:
        variable.assign(sixty_fourths(rng, variable.shape, 0.25, 1))
    model.compile(optimizers.SGD(0.1), "mse", jit_compile=False)

    def state() -> dict[str, Array]:
        short = {"kernel": "W", "bias": "b"}
        parts = [(v.path.rsplit("/", 1), v) for v in model.variables if "seed" not in v.path]
        return {f"{layer}.{short.get(own, own)}": np.array(v.value) for (layer, own), v in parts}

    data = {key: sixty_fourths(rng, (4, 5, size)) for key, size in sizes.items()}
    data["y"] = sixty_fourths(rng, (4, 5))
    case: Case = {"id": name, "name": "training", "program": program, "args": {}, "inputs": data, "parameters": state()}
    after = []
    for step in range(4):
        model.train_on_batch([data[key][step] for key in sizes], data["y"][step][:, None])
        after.append(state())
    outputs = {key: np.stack([states[key] for states in after]) for key in after[0]}
    predicted = model([data[key][0] for key in sizes], training=False)
    return case | {"outputs": outputs | {"y_hat": predicted}}


if __name__ == "__main__":
    main()
