"""Programs that between them use most of what a generated module can hold, and data to run them on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from nndsl.compiler import compile_network
from nndsl.graph.sizes import Size
from nndsl.model.check import check, load_program
from nndsl.model.network import Facts
from nndsl.transform.step import Step

Arrays = dict[str, np.ndarray[Any, Any]]

PROGRAMS: Mapping[str, str] = {
    "classifier": """
model classifier {
  input  pixels: f32[12]
  target digit:  class[4]
  hidden = pixels / 16 -> dense(8, relu, l2 = 1e-3) -> dropout(0.2)
  logits = hidden -> dense(6, tanh) -> dense(4)
  output probability = softmax(logits)
  output label = argmax(logits)
  loss   cross_entropy(logits, digit)
  metric accuracy(logits, digit)
}
train {
  optimizer = adam(lr = 1e-2)
  epochs = 2
  batch_size = 8
  seed = 3
}
""",
    "two_ways": """
const units = 5
block residual(x, n) {
  y = x -> dense(n, silu) -> dense(n)
  return x + y
}
model two_ways {
  input  wide: f32[3]
  input  deep: f32[4]
  target price: f32
  target weight: f32
  start  = deep -> dense(units, gelu)
  hidden = start -> residual(units) -> residual(units)
  output main = concat(wide, hidden) -> dense(1)
  output aux  = hidden -> dense(1, sigmoid)
  loss   0.9 * weight * mse(main, price)
  loss   0.1 * huber(aux, price, delta = 0.5) as side
  metric mae(main, price)
  metric sqrt(mse(main, price)) as rmse
  metric r2(main, price)
}
train {
  optimizer = rmsprop(lr = 1e-2, momentum = 0.9)
  batch_size = 8
}
""",
    "series": """
model series {
  input  signal: f32[time, 3]
  target odd: binary
  layer  shared = dense(4, tanh)
  mixed  = signal -> shared
  state  = mean(mixed, axis = 0) + max(mixed, axis = 0)
  score  = state -> dense(1)
  output score
  output answer = score > 0
  loss   binary_cross_entropy(score, odd)
  metric binary_accuracy(score, odd)
}
train {
  optimizer = sgd(lr = 0.1, momentum = 0.9, nesterov = true)
  batch_size = 8
}
""",
    "loops": """
model loops {
  input  image: f32[3, 4]
  target shade: class[3]
  hidden = image / 16
    -> flatten
    -> dense(8, selu)
    -> repeat 2 { dense(6, relu) -> dropout(0.5) }
  for units in [5, 4] {
    hidden = hidden -> dense(units, softplus)
  }
  scores = hidden -> dense(3)
  output scores
  loss   cross_entropy(scores, shade)
  loss   0.1 * mean(square(scores)) as small
  metric accuracy(scores, shade)
}
train {
  optimizer = adamw(lr = 1e-2, weight_decay = 0.01)
  batch_size = 8
}
""",
    "careful": """
model careful {
  input  x: f32[5]
  target sick: binary
  target organ: class[3]
  hidden = x -> dense(8, relu) -> dense(6, relu)
  risk   = hidden -> dense(1)
  where_ = hidden -> dense(3)
  output probability = sigmoid(risk)
  loss   binary_focal(risk, sick)
  loss   cross_entropy(where_, organ, class_weight = [1, 2, 5]) as organs
  metric auc(risk, sick)
  metric precision(risk, sick)
  metric f1(where_, organ)
  metric confusion_matrix(where_, organ)
}
train {
  optimizer = adamw(cosine_decay(1e-2, steps = 200, warmup = 10), weight_decay = 0.01, decay_bias = false)
  clip_norm = 5
  batch_size = 8
}
""",
    "clashes": """
model clashes {
  input  lambda: f32[3]
  input  state:  f32[2]
  input  sum:    f32[2]
  target step:   f32
  relu_ = concat(lambda, state, sum) -> dense(4, relu)
  np     = relu_ -> dense(4, softplus)
  work   = np * 2 -> dense(1)
  output work
  output predict = exp(work)
  loss   log_cosh(work, step) as grads
  metric mse(work, step) as batch
}
train {
  optimizer = adagrad(lr = 0.1)
  batch_size = all
}
""",
}


def compiled(name: str, folder: Path) -> Step:
    return compiled_text(PROGRAMS[name], folder / f"{name}.nn")


def compiled_text(text: str, path: Path, *, optimise: bool = True) -> Step:
    path.write_text(text.strip() + "\n", encoding="utf-8")
    program = load_program(str(path))
    checked = check(program, Facts())
    return compile_network(checked.network, checked.train, program.source, optimise=optimise).step


def examples(step: Step, rows: int, seed: int = 0) -> Arrays:
    """Inputs and targets of the right kinds; free sizes are 5."""
    random = np.random.default_rng(seed)
    arrays: Arrays = {}
    for item in (*step.network.inputs, *step.network.targets):
        sizes = (dim.evaluate(dict.fromkeys(dim.symbols, 5)) if isinstance(dim, Size) else dim for dim in item.shape)
        shape = (rows, *sizes)
        if item.kind == "class":
            assert item.classes
            arrays[item.name] = random.integers(0, item.classes.count, shape)
        elif item.kind == "i64":
            arrays[item.name] = random.integers(0, 2, shape)
        elif item.kind == "binary":
            arrays[item.name] = random.integers(0, 2, shape).astype(np.float32)
        else:
            arrays[item.name] = random.uniform(-1, 1, shape).astype(np.float32)
    return arrays
