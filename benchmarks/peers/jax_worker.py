"""JAX: a jitted step with donated buffers, batches gathered on the device. `scan`: a whole epoch in one call."""

from __future__ import annotations

from functools import partial

from serve import serve, two_threads

two_threads()

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402
from tasks import LEARNING_RATE, Task, data, weights  # noqa: E402


def scores(task: Task, parameters, x, key):
    given = iter(parameters)
    for kind, *arguments in task.layers:
        match kind:
            case "dense":
                W, b = next(given)
                x = x @ W + b
            case "conv":
                W, b = next(given)
                x = jax.lax.conv_general_dilated(
                    x, W, (1, 1), arguments[0 + 1].upper(), dimension_numbers=("NHWC", "HWIO", "NHWC")
                )
                x = x + b
            case "relu":
                x = jax.nn.relu(x)
            case "pool":
                x = jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
            case "flatten":
                x = x.reshape(len(x), -1)
            case "dropout":
                keep = 1 - arguments[0]
                x = jnp.where(jax.random.bernoulli(key, keep, x.shape), x / keep, 0)
    return x


def build(task: Task, variant: str):
    images, labels = data(task)
    x, y = jnp.asarray(images), jnp.asarray(labels)
    parameters = [(jnp.asarray(W), jnp.zeros(W.shape[-1])) for W in weights(task)]
    zeros = jax.tree.map(jnp.zeros_like, parameters)
    state = (parameters, zeros, jax.tree.map(jnp.zeros_like, parameters), jnp.zeros((), jnp.int32))

    def loss_of(parameters, x, y, key):
        return -jnp.take_along_axis(jax.nn.log_softmax(scores(task, parameters, x, key)), y[:, None], 1).mean()

    def step(state, x, y, rows):
        parameters, m, v, t = state
        key = jax.random.fold_in(jax.random.key(0), t)
        loss, g = jax.value_and_grad(loss_of)(parameters, x[rows], y[rows], key)
        t = t + 1
        m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, g)
        v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
        rate = LEARNING_RATE * jnp.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        parameters = jax.tree.map(lambda p, m, v: p - rate * m / (jnp.sqrt(v) + 1e-8), parameters, m, v)
        return (parameters, m, v, t), loss * len(rows)

    random = np.random.default_rng(0)
    one = jax.jit(step, donate_argnums=0)

    @partial(jax.jit, donate_argnums=0)
    def many(state, x, y, batches):
        state, losses = jax.lax.scan(lambda state, rows: step(state, x, y, rows), state, batches)
        return state, losses.sum()

    whole = len(x) // task.batch * task.batch

    def train(epochs: int) -> float:
        nonlocal state
        total = jnp.zeros(())
        for _ in range(epochs):
            total = jnp.zeros(())
            order = random.permutation(len(x)).astype(np.int32)
            if variant == "scan":
                state, total = many(state, x, y, order[:whole].reshape(-1, task.batch))
                rest = [order[whole:]] if whole < len(x) else []
            else:
                rest = [order[i : i + task.batch] for i in range(0, len(x), task.batch)]
            for rows in rest:
                state, loss = one(state, x, y, rows)
                total += loss
        return float(total) / len(x)

    return train


serve(build, lambda: f"JAX {jax.__version__}")
