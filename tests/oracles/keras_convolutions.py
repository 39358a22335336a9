"""Writes keras_convolutions.json: what Keras 3 answers for convolutions, pools, noise and what moves pixels about.

    oracle-env/bin/python keras_convolutions.py [folder]

Stand-alone like keras_oracle.py, whose versions, rounding and format it shares; README.md describes them. Values are
multiples of 1/8, and of 1/2 where maxima shall meet equals.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from keras_oracle import Array, Case, identifier, layer_case, layers, regularizers, write


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    write(folder, "convolutions", convolution_cases() + pooling_cases() + moving_cases() + noise_cases())


def fractions(rng: np.random.Generator, shape: Sequence[int], parts: int = 8, bound: int = 2) -> Array:
    """Multiples of 1 / parts from -bound to bound."""
    return rng.integers(-bound * parts, bound * parts + 1, shape) / parts


# ---- Convolutions ---------------------------------------------------------------------------------------------------

SETTINGS = {
    "dilation": "dilation_rate",
    "bias": "use_bias",
    "strides": "strides",
    "padding": "padding",
    "groups": "groups",
    "depth_multiplier": "depth_multiplier",
    "output_padding": "output_padding",
    "activation": "activation",
}
"""Our arguments, and Keras's names for them."""

LAYERS = {
    "conv1d": layers.Conv1D,
    "conv2d": layers.Conv2D,
    "conv3d": layers.Conv3D,
    "depthwise_conv2d": layers.DepthwiseConv2D,
    "separable_conv2d": layers.SeparableConv2D,
    "conv2d_transpose": layers.Conv2DTranspose,
}


def convolution_cases() -> list[Case]:
    rng = np.random.default_rng(11)
    cases: list[Case] = []

    def add(name: str, shape: Sequence[int], *sizes: Any, **args: Any) -> None:
        """`sizes` are filters and kernel size, or the kernel size alone."""
        said = {SETTINGS[key]: value for key, value in args.items() if key in SETTINGS}
        if "l2" in args:
            said["kernel_regularizer"] = regularizers.L1L2(args.get("l1", 0.0), args["l2"])
            if name == "separable_conv2d":
                penalty = said.pop("kernel_regularizer")
                said |= {"depthwise_regularizer": penalty, "pointwise_regularizer": penalty}
        probe = LAYERS[name](*sizes, **said)
        probe.build((None, *shape[1:]))
        names = ["depthwise_W", "pointwise_W"] if name == "separable_conv2d" else ["W"]
        names += ["b"] if args.get("bias", True) else []
        values = {
            key: fractions(rng, variable.shape, bound=1)
            for key, variable in zip(names, probe.trainable_variables, strict=True)
        }
        ours = dict(zip(["filters", "kernel_size"][-len(sizes) :], sizes, strict=True)) | args
        x = fractions(rng, shape)
        cases.append(layer_case(name, ours, LAYERS[name](*sizes, **said), {"x": x}, values, str(list(shape))))

    add("conv1d", (2, 5, 2), 2, 3)
    add("conv1d", (1, 6, 1), 2, 2, strides=2, padding="same")
    add("conv1d", (2, 7, 1), 1, 4, strides=3, padding="same", bias=False)
    add("conv1d", (2, 7, 1), 2, 3, dilation=2)
    add("conv1d", (1, 6, 2), 1, 3, padding="causal", dilation=2)
    add("conv1d", (1, 7, 1), 2, 3, padding="causal", strides=2)
    add("conv1d", (2, 4, 4), 2, 2, groups=2, padding="same")

    add("conv2d", (2, 4, 5, 2), 2, 3)
    add("conv2d", (1, 3, 4, 3), 2, 1)
    add("conv2d", (1, 5, 4, 1), 2, [2, 3], padding="same")
    add("conv2d", (2, 5, 4, 1), 2, 3, strides=2, padding="same")
    add("conv2d", (1, 6, 6, 1), 1, 3, strides=2, padding="same")
    add("conv2d", (1, 7, 5, 1), 1, [2, 4], strides=[3, 2], padding="same")
    add("conv2d", (1, 4, 4, 1), 2, 2, strides=3, padding="same")
    add("conv2d", (2, 6, 5, 1), 1, 3, strides=[2, 1])
    add("conv2d", (1, 6, 5, 1), 2, [3, 2], dilation=[2, 3])
    add("conv2d", (1, 5, 4, 1), 2, 3, dilation=2, padding="same")
    add("conv2d", (1, 4, 3, 4), 6, 2, groups=2)
    add("conv2d", (1, 4, 3, 3), 3, 2, groups=3, padding="same", strides=2)
    add("conv2d", (1, 3, 3, 2), 3, 3, padding="same", activation="relu")
    add("conv2d", (1, 3, 4, 2), 1, 2, activation="tanh", l2=0.01)

    add("conv3d", (1, 3, 4, 3, 1), 2, 2)
    add("conv3d", (1, 3, 4, 3, 1), 1, [2, 3, 2], strides=2, padding="same")
    add("conv3d", (1, 3, 5, 3, 2), 2, 2, groups=2, dilation=[1, 2, 2])

    add("depthwise_conv2d", (2, 4, 4, 2), 3)
    add("depthwise_conv2d", (1, 5, 4, 2), [2, 3], strides=2, padding="same", depth_multiplier=2)
    add("depthwise_conv2d", (1, 5, 5, 2), 2, dilation=2, depth_multiplier=3, bias=False)
    add("separable_conv2d", (1, 4, 4, 2), 3, 3)
    add("separable_conv2d", (1, 5, 4, 2), 1, 2, strides=2, padding="same", depth_multiplier=2)
    add("separable_conv2d", (1, 4, 4, 1), 2, 2, dilation=2, l2=0.02, activation="softplus")

    add("conv2d_transpose", (2, 2, 3, 2), 2, 3)
    add("conv2d_transpose", (1, 3, 2, 2), 1, 3, strides=2)
    add("conv2d_transpose", (1, 3, 2, 1), 2, 3, strides=2, padding="same")
    add("conv2d_transpose", (1, 3, 2, 1), 2, 2, strides=2, padding="same")
    add("conv2d_transpose", (1, 2, 3, 1), 1, [4, 5], strides=[3, 2], padding="same", bias=False)
    add("conv2d_transpose", (1, 2, 3, 1), 2, 2, strides=3)
    add("conv2d_transpose", (1, 2, 3, 1), 2, [1, 2], strides=3, padding="same")
    add("conv2d_transpose", (1, 2, 2, 1), 1, 3, strides=2, padding="same", output_padding=1)
    add("conv2d_transpose", (1, 3, 2, 1), 1, [3, 2], strides=3, padding="same", output_padding=[0, 2])
    add("conv2d_transpose", (1, 2, 2, 1), 1, 3, strides=2, output_padding=1)
    add("conv2d_transpose", (1, 3, 3, 1), 1, 2, dilation=2)
    add("conv2d_transpose", (1, 3, 3, 1), 1, 3, dilation=2, padding="same", activation="sigmoid")
    return cases


# ---- Pools ----------------------------------------------------------------------------------------------------------


def pooling_cases() -> list[Case]:
    rng = np.random.default_rng(12)
    cases: list[Case] = []
    kinds = {
        "max_pool": (layers.MaxPooling1D, layers.MaxPooling2D, layers.MaxPooling3D),
        "avg_pool": (layers.AveragePooling1D, layers.AveragePooling2D, layers.AveragePooling3D),
    }
    shapes: list[tuple[tuple[int, ...], dict[str, Any]]] = [
        ((2, 5, 2), {}),
        ((2, 7, 1), {"pool_size": 3, "strides": 2}),
        ((1, 6, 2), {"pool_size": 3, "strides": 1, "padding": "same"}),
        ((2, 5, 4, 2), {}),
        ((1, 5, 6, 2), {"pool_size": 3, "strides": 1}),
        ((1, 5, 5, 1), {"pool_size": 3, "strides": 2, "padding": "same"}),
        ((1, 6, 5, 1), {"pool_size": [2, 3], "strides": [1, 2], "padding": "same"}),
        ((1, 5, 4, 2), {"pool_size": 2, "padding": "same"}),
        ((1, 5, 5, 1), {"pool_size": 1, "strides": 2}),
        ((1, 4, 3, 2, 1), {}),
        ((1, 3, 4, 3, 1), {"pool_size": [2, 3, 2], "strides": 1, "padding": "same"}),
    ]
    for kind, (one, two, three) in kinds.items():
        for shape, args in shapes:
            make = {3: one, 4: two, 5: three}[len(shape)]
            layer = make(**{"pool_size": 2} | args)
            x = fractions(rng, shape, parts=2)
            cases.append(layer_case(f"{kind}{len(shape) - 2}d", args, layer, {"x": x}, suffix=str(list(shape))))
    whole = {
        "global_max_pool": (layers.GlobalMaxPooling1D, layers.GlobalMaxPooling2D, layers.GlobalMaxPooling3D),
        "global_avg_pool": (
            layers.GlobalAveragePooling1D,
            layers.GlobalAveragePooling2D,
            layers.GlobalAveragePooling3D,
        ),
    }
    for kind, makes in whole.items():
        for make, shape in zip(makes, [(2, 3, 2), (2, 3, 4, 2), (1, 2, 3, 2, 2)], strict=True):
            name = f"{kind}{len(shape) - 2}d"
            for args in ({}, {"keepdims": True}):
                x = fractions(rng, shape, parts=2)
                cases.append(layer_case(name, args, make(**args), {"x": x}, suffix=str(list(shape))))
    return cases


# ---- What moves pixels about ----------------------------------------------------------------------------------------


def moving_cases() -> list[Case]:
    rng = np.random.default_rng(13)
    cases: list[Case] = []
    image = fractions(rng, (2, 3, 2, 2))
    wide = fractions(rng, (1, 4, 5, 2))
    table: list[tuple[str, dict[str, Any], Any, Array]] = [
        ("up_sampling2d", {}, layers.UpSampling2D(), image),
        ("up_sampling2d", {"size": [1, 3]}, layers.UpSampling2D((1, 3)), image),
        (
            "up_sampling2d",
            {"size": [2, 3], "interpolation": "bilinear"},
            layers.UpSampling2D((2, 3), interpolation="bilinear"),
            image,
        ),
        ("zero_padding2d", {}, layers.ZeroPadding2D(), image),
        ("zero_padding2d", {"padding": [0, 2]}, layers.ZeroPadding2D((0, 2)), image),
        ("zero_padding2d", {"padding": [[1, 0], [0, 2]]}, layers.ZeroPadding2D(((1, 0), (0, 2))), image),
        ("cropping2d", {}, layers.Cropping2D(), image),
        ("cropping2d", {"cropping": 1}, layers.Cropping2D(1), wide),
        ("cropping2d", {"cropping": [1, 2]}, layers.Cropping2D((1, 2)), wide),
        ("cropping2d", {"cropping": [[0, 3], [2, 0]]}, layers.Cropping2D(((0, 3), (2, 0))), wide),
        ("permute", {"dims": [1, 0]}, layers.Permute((2, 1)), fractions(rng, (2, 3, 2))),
        ("permute", {"dims": [1, 2, 0]}, layers.Permute((2, 3, 1)), wide),
        ("repeat_vector", {"n": 3}, layers.RepeatVector(3), fractions(rng, (2, 4))),
    ]
    for name, args, layer, x in table:
        cases.append(layer_case(name, args, layer, {"x": x}, suffix=str(list(x.shape))))
    row, other = fractions(rng, (3, 4)), fractions(rng, (3, 4))
    rows, others = fractions(rng, (2, 3, 4)), fractions(rng, (2, 4, 2))
    dots: list[tuple[dict[str, Any], Any, Array, Array]] = [
        ({}, layers.Dot(-1), row, other),
        ({"normalize": True}, layers.Dot(-1, normalize=True), row, other),
        ({"axes": [1, 0]}, layers.Dot((2, 1)), rows, others),
        ({"axes": -1, "normalize": True}, layers.Dot(-1, normalize=True), rows, fractions(rng, (2, 2, 4))),
    ]
    for args, layer, a, b in dots:
        cases.append(layer_case("dot", args, layer, {"a": a, "b": b}, suffix=f"{list(a.shape)}, {list(b.shape)}"))
    return cases


# ---- Noise ----------------------------------------------------------------------------------------------------------


def noise_cases() -> list[Case]:
    """Which elements are hit is each library's own affair; what they become, and how they are spread, is not.

    `training_values_of_ones` are the values that ones take, `mean` and `std` those of 400 000 of them.
    """
    table: list[tuple[str, dict[str, Any], Any]] = [
        ("gaussian_noise", {"stddev": 0.5}, layers.GaussianNoise(0.5, seed=1)),
        ("gaussian_dropout", {"rate": 0.2}, layers.GaussianDropout(0.2, seed=1)),
        ("gaussian_dropout", {"rate": 0.75}, layers.GaussianDropout(0.75, seed=1)),
        ("alpha_dropout", {"rate": 0.1}, layers.AlphaDropout(0.1, seed=1)),
        ("alpha_dropout", {"rate": 0.5}, layers.AlphaDropout(0.5, seed=1)),
        ("spatial_dropout2d", {"rate": 0.25}, layers.SpatialDropout2D(0.25, seed=1)),
    ]
    x = fractions(np.random.default_rng(14), (2, 2, 3, 2))
    cases = []
    for name, args, layer in table:
        drawn = np.asarray(layer(np.ones((1000, 2, 2, 100)), training=True))
        case = {"id": identifier(name, args), "name": name, "args": args, "inputs": {"x": x}}
        case["outputs"] = {"y": layer(x, training=False)}
        if "gaussian" in name:
            case["outputs"] |= {"mean": float(f"{drawn.mean():.3g}"), "std": float(f"{drawn.std():.3g}")}
        else:
            case["outputs"]["training_values_of_ones"] = np.unique(np.round(drawn, 9))
        if name == "spatial_dropout2d":
            assert (drawn == drawn[:, :1, :1]).all(), "a channel is dropped as a whole"
        cases.append(case)
    return cases


if __name__ == "__main__":
    main()
