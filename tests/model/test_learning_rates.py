"""Learning rates, schedules and clipping in `train`: numbers, words with arguments, and steps counted in epochs."""

import pytest
from model_programs import failure

from nndsl.model.check import check, load_program
from nndsl.model.network import Facts
from nndsl.model.sections import Configured, TrainSection
from nndsl.source import Source

MODEL = "model m {\ninput x: f32[2]\ntarget y: f32\noutput o = x -> dense(1)\nloss mse(o, y)\n}\n"


def train(settings: str, facts: Facts | None = None) -> TrainSection:
    source = Source("test.nn", f"{MODEL}train {{\n{settings}\n}}\n")
    return check(load_program(source), facts or Facts()).train


def rate(text: str, facts: Facts | None = None) -> Configured:
    found = train(f"optimizer = adam(lr = {text})\nbatch_size = 32", facts).optimizer.arguments["lr"]
    assert isinstance(found, Configured)
    return found


def messages(settings: str) -> list[str]:
    return failure(f"{MODEL}train {{\n{settings}\n}}\n")


def test_a_schedule_has_its_arguments() -> None:
    schedule = rate("cosine_decay(1e-3, steps = 2000, warmup = 100)")
    assert schedule.name == "cosine_decay"
    assert schedule.arguments == {"peak": 1e-3, "steps": 2000, "warmup": 100}


def test_steps_may_be_counted_in_epochs() -> None:
    """1000 rows in batches of 32 are 32 steps, the last of them short."""
    facts = Facts(rows={"train": 1000})
    assert rate("cosine_decay(1e-3, steps = 5 * epoch, warmup = epoch)", facts).arguments["steps"] == 160
    assert rate("piecewise([2 * epoch, 3.5 * epoch], [1, 0.1, 0.01])", facts).arguments["boundaries"] == (64, 112)
    assert rate("one_cycle(0.1, 10 * epoch)", facts).arguments["steps"] == 320


@pytest.mark.parametrize(
    ("settings", "updates"),
    [
        ("batch_size = 32", 32),
        ("batch_size = 32\ndrop_last = true", 31),
        ("batch_size = 32\naccumulate = 4", 8),
        ("batch_size = 32\naccumulate = 5", 7),
        ("batch_size = 32\ndrop_last = true\naccumulate = 5", 7),
        ("batch_size = all", 1),
        ("batch_size = all\naccumulate = 2", 1),
    ],
)
def test_an_epoch_is_counted_in_updates(settings: str, updates: int) -> None:
    """1000 rows are 31 batches of 32 and one of 8; an update takes `accumulate` of them, the last one what is left."""
    facts = Facts(rows={"train": 1000})
    assert train(f"{settings}\nsteps = 3 * epoch", facts).steps == 3 * updates


def test_epochs_need_data() -> None:
    (message,) = messages("optimizer = adam(lr = one_cycle(0.1, 10 * epoch))")
    assert "how many steps an epoch has" in message


def test_gradients_may_be_clipped() -> None:
    found = train("clip_norm = 1\nclip_value = 0.5")
    assert (found.clip_norm, found.clip_value) == (1.0, 0.5)
    assert (train("clip_norm = none\nsteps = none").clip_norm, train("steps = none").steps) == (None, None)
    assert (train("epochs = 1").clip_norm, train("epochs = 1").clip_value) == (None, None)


def test_updates_may_be_accumulated_and_averaged() -> None:
    found = train("accumulate = 4\nema = 0.99\nprecision = f32")
    assert (found.accumulate, found.ema) == (4, 0.99)
    assert (train("ema = none").accumulate, train("ema = none").ema) == (1, None)


@pytest.mark.parametrize(
    "settings",
    [
        "precision = f16",
        "accumulate = 0",
        "accumulate = 1.5",
        "accumulate = all",
        "ema = 0",
        "ema = 1",
        "ema = true",
        'ema = "0.9"',
        "clip_norm = 0",
        "clip_value = -1",
        "clip_norm = true",
        "optimizer = adam(lr = 0)",
        "optimizer = adam(lr = cosine_decay(1e-3))",
        "optimizer = adam(lr = cosine_decay(1e-3, 0))",
        "optimizer = adam(lr = piecewise([1, 2], [0.1, 0.2]))",
        "optimizer = adam(lr = piecewise([2, 1], [0.1, 0.2, 0.3]))",
        "optimizer = adam(lr = piecewise([1], [0.1, -0.2]))",
        "optimizer = adam(lr = cosine_restarts(0.1, 10, t_mul = 0.5))",
        "optimizer = adam(lr = cosine_annealing(0.1, 10))",
        "optimizer = adam(lr = he_normal)",
        "optimizer = cosine_decay(0.1, 10)",
    ],
)
def test_wrong_rates_are_one_message(settings: str) -> None:
    assert len(messages(settings)) == 1
