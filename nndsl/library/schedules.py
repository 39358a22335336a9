"""Schedules: the learning rate of each step, from the number of steps before it (0 at the first).

They calculate in f64 with one scalar, `step`. Definitions and argument names are Keras's, but for `cosine_decay` and
`one_cycle`. Steps may be written in epochs: `5 * epoch`.
"""

from __future__ import annotations

from itertools import pairwise
from math import log, pi

from nndsl import ops
from nndsl.graph.builder import Value
from nndsl.library.arguments import Misuse, NonNegative, Positive, Rate, Tensor
from nndsl.library.registry import composite

KERAS = "https://keras.io/api/optimizers/learning_rate_schedules/"


@composite("schedule", "constant", example="adam(lr = constant(1e-3))", follows=KERAS)
def constant(step: Tensor, lr: Positive) -> Tensor:
    """The same rate at every step, as the number by itself."""
    return step.builder.constant(lr, step.dtype)


@composite(
    "schedule",
    "piecewise",
    example="adam(lr = piecewise([1000, 5000], [1e-2, 1e-3, 1e-4]))",
    follows=KERAS + "piecewise_constant_decay/",
)
def piecewise(step: Tensor, boundaries: tuple[float, ...], values: tuple[float, ...]) -> Tensor:
    """values[0] up to and including step boundaries[0], then values[1] up to boundaries[1]…, and the last for ever."""
    if len(values) != len(boundaries) + 1:
        raise Misuse(
            f"`piecewise` has {len(boundaries)} boundaries and {len(values)} values",
            label="takes one value more than boundaries",
        )
    if any(a >= b for a, b in pairwise(boundaries)):
        raise Misuse("`piecewise` needs boundaries that rise", argument="boundaries")
    if min(values) < 0:
        raise Misuse("`piecewise` has a learning rate below 0", argument="values")
    rate = step.builder.constant(values[-1], step.dtype)
    for boundary, value in zip(reversed(boundaries), reversed(values[:-1]), strict=True):
        rate = ops.where(step <= boundary, step.builder.constant(value, step.dtype), rate)
    return rate


@composite(
    "schedule",
    "exponential_decay",
    example="adam(lr = exponential_decay(1e-2, 1000, 0.5))",
    follows=KERAS + "exponential_decay/",
)
def exponential_decay(
    step: Tensor,
    initial_learning_rate: Positive,
    decay_steps: Positive,
    decay_rate: Positive,
    *,
    staircase: bool = False,
) -> Tensor:
    """initial_learning_rate · decay_rate^(step / decay_steps); the exponent rounded down with `staircase`."""
    return decay_rate ** _passed(step, decay_steps, staircase) * initial_learning_rate


@composite(
    "schedule",
    "inverse_time_decay",
    example="adam(lr = inverse_time_decay(1e-2, 1000, 0.5))",
    follows=KERAS + "inverse_time_decay/",
)
def inverse_time_decay(
    step: Tensor,
    initial_learning_rate: Positive,
    decay_steps: Positive,
    decay_rate: NonNegative,
    *,
    staircase: bool = False,
) -> Tensor:
    """initial_learning_rate / (1 + decay_rate · step / decay_steps); the quotient rounded down with `staircase`."""
    return initial_learning_rate / (_passed(step, decay_steps, staircase) * decay_rate + 1)


def _passed(step: Value, steps: float, staircase: bool) -> Value:
    passed = step / steps
    return ops.floor(passed) if staircase else passed


@composite(
    "schedule",
    "polynomial_decay",
    example="adam(lr = polynomial_decay(1e-2, 1000, power = 2))",
    follows=KERAS + "polynomial_decay/",
)
def polynomial_decay(
    step: Tensor,
    initial_learning_rate: Positive,
    decay_steps: Positive,
    end_learning_rate: NonNegative = 1e-4,
    power: Positive = 1.0,
    *,
    cycle: bool = False,
) -> Tensor:
    """From the initial to the end rate over `decay_steps`: end + (initial - end) (1 - step / decay_steps)^power.

    Then it stays; with `cycle`, it begins anew, each time decaying over `decay_steps` more than the time before.
    """
    if cycle:
        begun = ops.maximum(-ops.floor(-step / decay_steps), step.builder.constant(1, step.dtype))
        left = 1 - step / (begun * decay_steps)
    else:
        left = 1 - _until(step, decay_steps) / decay_steps
    return left**power * (initial_learning_rate - end_learning_rate) + end_learning_rate


def _until(step: Value, last: float) -> Value:
    """The step, or the last one after it."""
    return ops.minimum(step, step.builder.constant(last, step.dtype))


@composite(
    "schedule",
    "cosine_decay",
    example="adam(lr = cosine_decay(1e-3, steps = 2000, warmup = 100))",
    follows=KERAS + "cosine_decay/",
)
def cosine_decay(
    step: Tensor, peak: Positive, steps: Positive, warmup: NonNegative = 0.0, *, alpha: NonNegative = 0.0
) -> Tensor:
    """Rises linearly from 0 at step 0 to the peak at step `warmup`, then falls over `steps` further steps.

    It falls as half a cosine, to peak · alpha, and stays there.
    """
    fallen = _until(step - warmup if warmup else step, steps) / steps
    rate = _half_cosine(fallen, peak, peak * alpha).named("falling")
    return ops.where(step < warmup, step * (peak / warmup), rate) if warmup else rate


def _half_cosine(passed: Value, first: float, last: float) -> Value:
    """From `first` at 0 to `last` at 1."""
    return _fallen(passed) * (first - last) + last


def _fallen(passed: Value) -> Value:
    """Half a cosine from 1 at 0 to 0 at 1, (1 + cos πt) / 2 = 1 - sin² πt/2.

    Sines of f64 are computed by any ONNX Runtime, cosines only by late ones (1.28 does not).
    """
    sine = ops.sin(passed * (pi / 2)).named("sine")
    return 1 - sine * sine


@composite(
    "schedule",
    "cosine_restarts",
    example="adam(lr = cosine_restarts(1e-3, 1000))",
    follows=KERAS + "cosine_decay_restarts/",
)
def cosine_restarts(
    step: Tensor,
    initial_learning_rate: Positive,
    first_decay_steps: Positive,
    t_mul: Positive = 2.0,
    m_mul: Positive = 1.0,
    alpha: NonNegative = 0.0,
) -> Tensor:
    """Half cosines from the initial rate down to alpha times it, one after the other (Loshchilov and Hutter, 2017).

    Each takes `t_mul` times as many steps as the one before, and begins `m_mul` times as high.
    """
    if t_mul < 1:
        raise Misuse("`cosine_restarts` with a `t_mul` below 1 would come to an end", argument="t_mul")
    passed = step / first_decay_steps
    if t_mul == 1:
        restarts = ops.floor(passed)
        passed = passed - restarts
    else:
        # The sum of a geometric series, solved for how many are over; what is added keeps a restart from rounding.
        restarts = ops.floor(ops.log(passed * (t_mul - 1) + 1) / log(t_mul) + 1e-9)
        length = t_mul**restarts
        passed = (passed - (length - 1) / (t_mul - 1)) / length
    height = _fallen(passed)
    if m_mul != 1:
        height = height * m_mul**restarts
    return (height * (1 - alpha) + alpha) * initial_learning_rate


@composite(
    "schedule",
    "one_cycle",
    example="sgd(lr = one_cycle(0.1, steps = 2000), momentum = 0.9)",
    follows="https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.OneCycleLR.html",
)
def one_cycle(
    step: Tensor,
    peak: Positive,
    steps: Positive,
    *,
    pct_start: Rate = 0.3,
    div_factor: Positive = 25.0,
    final_div_factor: Positive = 1e4,
) -> Tensor:
    """Rises from peak / div_factor to the peak in the share `pct_start` of the steps, then falls, both half a cosine.

    It ends at peak / div_factor / final_div_factor with step number `steps` - 1, and stays there (Smith and Topin,
    2019; PyTorch's OneCycleLR with its argument names, the momentum staying as it is).
    """
    turn, last, first = pct_start * steps - 1, steps - 1, peak / div_factor
    if turn <= 0:
        raise Misuse("`one_cycle` needs more than one step to rise in", argument="steps")
    at = _until(step, last)
    rising = _half_cosine(at / turn, first, peak).named("rising")
    falling = _half_cosine((at - turn) / (last - turn), peak, first / final_div_factor).named("falling")
    return ops.where(at <= turn, rising, falling)
