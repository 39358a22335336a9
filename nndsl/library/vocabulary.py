"""The whole vocabulary: `load()` fills the registries; the names of other frameworks, each with ours."""

from __future__ import annotations

from collections.abc import Mapping

from nndsl.library import (
    activations,
    arithmetic,
    functions,
    initializers,
    layers,
    losses,
    metrics,
    optimizers,
    shapes,
)
from nndsl.library.registry import FOREIGN, TABLES, Composite, Place

MODULES = (activations, arithmetic, functions, shapes, layers, losses, metrics, optimizers, initializers)
"""Importing them declares everything."""

PYTORCH = {
    "Linear": "dense",
    "linear_layer": "dense",
    "Conv1d": "conv1d",
    "Conv2d": "conv2d",
    "Conv3d": "conv3d",
    "BatchNorm1d": "batch_norm",
    "BatchNorm2d": "batch_norm",
    "LayerNorm": "layer_norm",
    "GroupNorm": "group_norm",
    "MaxPool2d": "max_pool2d",
    "AvgPool2d": "avg_pool2d",
    "Dropout1d": "dropout",
    "Dropout2d": "spatial_dropout2d",
    "view": "reshape",
    "unflatten": "reshape",
    "permute_dims": "permute",
    "cat": "concat",
    "clamp": "clip",
    "pow": "`^`",
    "mm": "matmul",
    "bmm": "matmul",
    "detach": "stop_gradient",
    "hardtanh": "hard_tanh",
    "hardsigmoid": "hard_sigmoid",
    "hardswish": "hard_silu",
    "hardshrink": "hard_shrink",
    "softshrink": "soft_shrink",
    "tanhshrink": "tanh_shrink",
    "logsigmoid": "log_sigmoid",
    "logsoftmax": "log_softmax",
    "nll_loss": "cross_entropy",
    "cross_entropy_loss": "cross_entropy",
    "mse_loss": "mse",
    "l1_loss": "mae",
    "smooth_l1_loss": "huber",
    "huber_loss": "huber",
    "bce_loss": "binary_cross_entropy",
    "bce_with_logits": "binary_cross_entropy",
    "bce_with_logits_loss": "binary_cross_entropy",
    "kl_div": "kl_divergence",
    "kl_div_loss": "kl_divergence",
    "poisson_nll_loss": "poisson",
    "xavier_uniform": "glorot_uniform",
    "xavier_normal": "glorot_normal",
    "kaiming_uniform": "he_uniform",
    "kaiming_normal": "he_normal",
    "trunc_normal": "truncated_normal",
}

KERAS = {
    "fully_connected": "dense",
    "concatenate": "concat",
    "rescaling": "rescale",
    "normalization": "normalize",
    "activity_regularization": "activity",
    "activity_regularizer": "activity",
    "batch_normalization": "batch_norm",
    "batchnorm": "batch_norm",
    "layer_normalization": "layer_norm",
    "group_normalization": "group_norm",
    "max_pooling2d": "max_pool2d",
    "average_pooling2d": "avg_pool2d",
    "global_average_pooling2d": "global_avg_pool2d",
    "global_max_pooling2d": "global_max_pool2d",
    "hard_swish": "hard_silu",
    "take": "gather",
    "power": "`^`",
    "categorical_crossentropy": "cross_entropy",
    "sparse_categorical_crossentropy": "cross_entropy",
    "binary_crossentropy": "binary_cross_entropy",
    "crossentropy": "cross_entropy",
    "bce": "binary_cross_entropy",
    "categorical_accuracy": "accuracy",
    "sparse_categorical_accuracy": "accuracy",
    "top_k_categorical_accuracy": "top_k_accuracy",
    "sparse_top_k_categorical_accuracy": "top_k_accuracy",
    "kld": "kl_divergence",
    "kl": "kl_divergence",
    "random_uniform": "uniform",
    "random_normal": "normal",
    "xent": "cross_entropy",
    "softmax_cross_entropy": "cross_entropy",
    "sigmoid_cross_entropy": "binary_cross_entropy",
    "l2_loss": "mse",
    "step": "heaviside",
    "fc": "dense",
    "acc": "accuracy",
}


def _spellings(name: str) -> set[str]:
    """How else a name may be written: as it is, as a class's name, in lower case without underscores."""
    plain = name.replace("_", "")
    camel = "".join(part[:1].upper() + part[1:] for part in name.split("_"))
    return {name, camel, plain.lower(), name.lower()}


def _foreign() -> dict[str, str]:
    """Every spelling that is no name of ours: theirs, and ours as the classes of other frameworks write them."""
    own = {name for table in TABLES.values() for name in table}
    found: dict[str, str] = {}
    for theirs, ours in {**PYTORCH, **KERAS, **{name: name for name in own if name.isidentifier()}}.items():
        for spelling in sorted(_spellings(theirs)):
            if spelling not in own:
                found.setdefault(spelling, ours)
    return found


def load() -> Mapping[Place, Mapping[str, Composite]]:
    """The tables of the vocabulary, by place; every module is imported with this one."""
    FOREIGN.update(_foreign())
    return TABLES
