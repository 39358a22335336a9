"""Which known name a misspelt one was meant to be."""

from __future__ import annotations

from collections.abc import Iterable

ELSEWHERE = {"True": "true", "False": "false", "None": "none", "null": "none", "nil": "none"}
"""How Python and its neighbours write our literals: too far away for a count of letters, or too close to see."""

ARGUMENTS = {
    "use_bias": "bias",
    "kernel_initializer": "init",
    "bias_initializer": "bias_init",
    "kernel_constraint": "constraint",
    "dilation_rate": "dilation",
    "learning_rate": "lr",
    "out_channels": "filters",
    "out_features": "units",
    "num_embeddings": "kinds",
    "input_dim": "kinds",
    "embedding_dim": "units",
    "output_dim": "units",
    "num_groups": "groups",
    "kernel_size": "pool_size",
    "scale_factor": "size",
    "p": "rate",
    "prob": "rate",
    "dropout_rate": "rate",
    "eps": "epsilon",
    "std": "stddev",
    "dim": "axis",
}
"""What Keras and PyTorch call our arguments, where the value stays what it is."""

INSTEAD = {
    "input": "a model declares it: `input image: f32[28, 28]`",
    "inputlayer": "a model declares it: `input image: f32[28, 28]`",
    "sequential": "a pipe does that: `x -> dense(64, relu) -> dense(10)`",
    "model": "`model NAME { … }` holds inputs, layers, outputs and losses",
    "module": "`block NAME(x) { … return y }` is a reusable piece of network",
    "lambda": "an expression does that: `y = x ^ 2 - mean(x)`",
    "activation": "an activation is a stage of its own: `x -> relu`",
    **dict.fromkeys(("rnn", "lstm", "gru"), "there are no recurrent layers: `conv1d` works along time"),
    "dataloader": "`data { source = csv(…) }` and `batch_size` in `train`",
    "train_test_split": "`data` says it: `test = 20%`, `validation = 15%`",
    **dict.fromkeys(
        ("to_categorical", "labelencoder", "ordinalencoder", "stringlookup", "get_dummies"),
        'a class needs no encoding: `target kind: class["cat", "dog"]`; `one_hot` makes numbers of an input of kinds',
    ),
    **dict.fromkeys(
        ("fit", "compile", "load_weights", "save_weights", "load_model"),
        "a command does that (`nndsl --help`), or a method of the network in Python",
    ),
}
"""What stands for names of other frameworks that are no words here, by their names in lower case."""

MODULES = frozenset("nn np numpy torch tf tensorflow keras layers jax jnp math optim F".split())
"""What other frameworks' names are written behind."""


def closest_argument(name: str, known: Iterable[str]) -> str | None:
    """The parameter that an argument's name probably stands for: what others call it, else the nearest name."""
    names = list(known)
    return ARGUMENTS[name] if ARGUMENTS.get(name) in names else closest(name, names)


def closest(name: str, candidates: Iterable[str]) -> str | None:
    """The candidate that `name` most probably stands for, or None if none is near.

    Near is a third of the name's length in edits (one at least, so that short names must fit well); case, and `_`
    left out or put in, cost little. Ties go to a candidate with the same first letter, then to the alphabet's first.
    """
    known = sorted(set(candidates) - {name})
    if ELSEWHERE.get(name) in known:
        return ELSEWHERE[name]
    limit = max(1.0, len(name) / 3)
    # A name whose length differs by more than the limit cannot be near: no need to measure it.
    near = (
        (distance(name, other), other[:1] != name[:1], other)
        for other in known
        if abs(len(name) - len(other)) <= limit + 2
    )
    edits, _, best = min(near, default=(limit + 1, True, ""))
    return best if edits <= limit and edits < max(len(name), len(best)) else None


def distance(a: str, b: str) -> float:
    """Damerau and Levenshtein's distance (optimal string alignment), where case and `_` count a quarter."""
    before: list[float] = []
    above = [0.0]
    for character in b:
        above.append(above[-1] + weight(character))
    for i, x in enumerate(a):
        row = [above[0] + weight(x)]
        for j, y in enumerate(b):
            substitution = 0.0 if x == y else 0.25 if x.lower() == y.lower() else 1.0
            cost = min(above[j + 1] + weight(x), row[j] + weight(y), above[j] + substitution)
            if i and j and x == b[j - 1] and y == a[i - 1] and x != y:
                cost = min(cost, before[j - 1] + 1.0)
            row.append(cost)
        before, above = above, row
    return above[-1]


def weight(character: str) -> float:
    """What it costs to leave a character out or to put it in."""
    return 0.25 if character == "_" else 1.0


def did_you_mean(name: str, candidates: Iterable[str]) -> str:
    """A sentence for a help line, or nothing."""
    found = closest(name, candidates)
    return f"did you mean `{found}`?" if found else ""
