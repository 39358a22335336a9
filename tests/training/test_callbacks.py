"""Callbacks mean what Keras's mean: checked on sequences whose outcome its documentation gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nndsl.training.callbacks import Best, Control, EarlyStopping, ReduceLrOnPlateau


class Weights:
    """A session whose state is the number of the epoch it was last trained in."""

    def __init__(self) -> None:
        self.epoch = -1

    def state(self) -> dict[str, Any]:
        return {"epoch": np.array(self.epoch)}

    def set_state(self, state: dict[str, Any]) -> None:
        self.epoch = int(state["epoch"])


def run(
    callback: EarlyStopping | ReduceLrOnPlateau, values: list[float], name: str = "val_loss"
) -> tuple[int, Control]:
    """How many epochs were run with these monitored values, and what the callback left behind."""
    session: Any = Weights()
    step: Any = None
    control = Control(session, step)
    epochs = 0
    for epoch, value in enumerate(values):
        session.epoch = epoch
        epochs += 1
        callback.on_epoch_end(epoch, {name: value}, control)
        if control.stop:
            break
    callback.on_train_end(control)
    return epochs, control


def test_it_stops_after_patience_epochs_without_improvement() -> None:
    epochs, control = run(EarlyStopping(patience=2), [1.0, 0.5, 0.6, 0.7, 0.1])
    assert epochs == 4
    assert "val_loss" in control.stop


def test_an_improvement_starts_the_count_anew() -> None:
    assert run(EarlyStopping(patience=2), [1.0, 1.1, 0.9, 1.0, 0.8, 0.9, 0.95])[0] == 7


def test_a_gain_of_min_delta_is_not_enough() -> None:
    assert run(EarlyStopping(patience=1, min_delta=0.1), [1.0, 0.9, 0.5])[0] == 2


def test_accuracies_are_better_when_higher() -> None:
    assert run(EarlyStopping("val_accuracy", patience=1), [0.5, 0.6, 0.7, 0.65], "val_accuracy")[0] == 4


def test_mode_overrides_the_name() -> None:
    assert run(EarlyStopping("val_loss", patience=1, mode="max"), [1.0, 0.9, 0.8])[0] == 2


def test_epochs_before_start_from_do_not_count() -> None:
    assert run(EarlyStopping(patience=1, start_from=3), [1.0, 2.0, 3.0, 4.0, 3.5, 3.6])[0] == 6


@pytest.mark.parametrize("values", [[1.0, 0.2, 0.5, 0.6], [1.0, 0.2, 0.5]])
def test_the_best_weights_come_back(values: list[float]) -> None:
    """Whether it stopped or ran out of epochs."""
    _, control = run(EarlyStopping(patience=2, restore_best=True), values)
    assert control.session.state()["epoch"] == 1


def test_without_restore_best_the_last_weights_stay() -> None:
    _, control = run(EarlyStopping(patience=2), [1.0, 0.2, 0.5, 0.6])
    assert control.session.state()["epoch"] == 3


def test_not_a_number_is_no_improvement() -> None:
    assert not Best("val_loss").improves(float("nan"), 0)


def test_the_rate_falls_on_a_plateau() -> None:
    _, control = run(ReduceLrOnPlateau(factor=0.5, patience=2), [1.0, 1.0, 1.0, 1.0, 1.0])
    assert control.lr_scale == 0.25


def test_cooldown_waits_before_counting_again() -> None:
    _, control = run(ReduceLrOnPlateau(factor=0.5, patience=1, cooldown=2), [1.0, 1.0, 1.0, 1.0])
    assert control.lr_scale == 0.25


def test_the_rate_has_a_floor() -> None:
    _, control = run(ReduceLrOnPlateau(factor=0.1, patience=1, min_scale=0.05), [1.0] * 6)
    assert control.lr_scale == 0.05
