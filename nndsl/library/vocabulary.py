"""The whole vocabulary: `load()` fills the registries; the names of other frameworks, each with ours."""

from __future__ import annotations

from collections.abc import Mapping

from nndsl.library import (
    activations,
    adam,
    arithmetic,
    classification,
    constraints,
    convolution,
    counts,
    curves,
    einsum,
    embedding,
    focal,
    functions,
    images,
    initializers,
    layers,
    losses,
    metrics,
    noise,
    normalization,
    optimizers,
    overlap,
    pooling,
    preprocessing,
    schedules,
    shapes,
    transposed,
)
from nndsl.library.registry import ALIASES, COMPOSITES, FOREIGN, METRICS, TABLES, Composite, Place

MODULES = (
    activations,
    arithmetic,
    functions,
    shapes,
    einsum,
    layers,
    convolution,
    transposed,
    pooling,
    images,
    noise,
    embedding,
    normalization,
    preprocessing,
    losses,
    classification,
    focal,
    overlap,
    metrics,
    counts,
    curves,
    optimizers,
    adam,
    schedules,
    initializers,
    constraints,
)
"""Importing them declares everything."""

THEIRS = {
    # layers
    "linear": "dense",  # where a layer is meant; our `linear` is the activation
    "fully_connected": "dense",
    "fc": "dense",
    "concatenate": "concat",
    "cat": "concat",
    "view": "reshape",
    "unflatten": "reshape",
    "rescaling": "rescale",
    "normalization": "normalize",
    "batch_normalization": "batch_norm",
    "batch_norm1d": "batch_norm",
    "batch_norm2d": "batch_norm",
    "batch_norm3d": "batch_norm",
    "layer_normalization": "layer_norm",
    "group_normalization": "group_norm",
    "rms_normalization": "rms_norm",
    "unit_normalization": "unit_norm",
    "min_max_scaler": "min_max",
    "simple_imputer": "impute",
    "category_encoding": "one_hot",
    "activity_regularization": "activity",
    "activity_regularizer": "activity",
    **{f"max_pooling{n}d": f"max_pool{n}d" for n in (1, 2, 3)},
    **{f"average_pooling{n}d": f"avg_pool{n}d" for n in (1, 2, 3)},
    **{f"global_max_pooling{n}d": f"global_max_pool{n}d" for n in (1, 2, 3)},
    **{f"global_average_pooling{n}d": f"global_avg_pool{n}d" for n in (1, 2, 3)},
    **{f"adaptive_avg_pool{n}d": f"global_avg_pool{n}d" for n in (1, 2, 3)},
    **{f"adaptive_max_pool{n}d": f"global_max_pool{n}d" for n in (1, 2, 3)},
    "conv": "conv2d",
    "convolution": "conv2d",
    "conv_transpose2d": "conv2d_transpose",
    "deconv": "conv2d_transpose",
    "upsample": "up_sampling2d",
    "zero_pad2d": "zero_padding2d",
    "dropout2d": "spatial_dropout2d",
    "feature_dropout": "spatial_dropout2d",
    # activations and functions
    "hard_swish": "hard_silu",
    "step": "heaviside",
    "clamp": "clip",
    "pow": "^",
    "power": "^",
    "mm": "matmul",
    "bmm": "matmul",
    "take": "gather",
    "detach": "stop_gradient",
    **{f"reduce_{name}": name for name in ("sum", "mean", "max", "min")},
    # losses; a last `loss` is left out when a name is looked up
    "bce": "binary_cross_entropy",
    "bce_with_logits": "binary_cross_entropy",
    "binary_crossentropy": "binary_cross_entropy",
    "sigmoid_cross_entropy": "binary_cross_entropy",
    "categorical_crossentropy": "cross_entropy",
    "sparse_categorical_crossentropy": "cross_entropy",
    "softmax_cross_entropy": "cross_entropy",
    "nll": "cross_entropy",
    "l1": "mae",
    "l2": "mse",
    "smooth_l1": "huber",
    "kl_div": "kl_divergence",
    "kld": "kl_divergence",
    "poisson_nll": "poisson",
    "cosine_embedding": "cosine_similarity",
    "categorical_focal_crossentropy": "focal",
    "binary_focal_crossentropy": "binary_focal",
    "pinball": "quantile",
    # metrics
    "acc": "accuracy",
    "categorical_accuracy": "accuracy",
    "sparse_categorical_accuracy": "accuracy",
    "top_k_categorical_accuracy": "top_k_accuracy",
    "sparse_top_k_categorical_accuracy": "top_k_accuracy",
    "f1_score": "f1",
    "fbeta_score": "fbeta",
    "roc_auc": "auc",
    "pearson_correlation": "pearson",
    "pearsonr": "pearson",
    "jaccard": "iou",
    "binary_iou": "iou",
    # schedules
    "cosine_decay_restarts": "cosine_restarts",
    "piecewise_constant_decay": "piecewise",
    "one_cycle_lr": "one_cycle",
    "cosine_annealing": "cosine_decay",
    "cosine_annealing_lr": "cosine_decay",
    "cosine_annealing_warm_restarts": "cosine_restarts",
    "exponential_lr": "exponential_decay",
    "multi_step_lr": "piecewise",
    # initializers and regularizers
    "orthogonal_regularizer": "orthogonal",
    "random_uniform": "uniform",
    "random_normal": "normal",
    "xavier_uniform": "glorot_uniform",
    "xavier_normal": "glorot_normal",
    "kaiming_uniform": "he_uniform",
    "kaiming_normal": "he_normal",
    "trunc_normal": "truncated_normal",
}
"""PyTorch's and Keras's names that are not ours in another spelling."""


def load() -> Mapping[Place, Mapping[str, Composite]]:
    """The tables of the vocabulary, by place; every module is imported with this one."""
    for name, composite in COMPOSITES.items():
        if composite.kind == "loss":
            METRICS.setdefault(name, metrics.as_metric(composite))
    FOREIGN.update({name: name for table in TABLES.values() for name in table if name.isidentifier()})
    FOREIGN.update(ALIASES)
    FOREIGN.update(THEIRS)
    return TABLES
