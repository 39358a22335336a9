"""`data` and `train`: their settings and defaults, and what the command line puts in their place."""

from pathlib import Path

import pytest
from model_programs import failure

from nndsl.diagnostics import Failure
from nndsl.model.check import Checked, check, load_program
from nndsl.model.overrides import copies
from nndsl.model.sections import Share, TrainSection
from nndsl.source import Source

MODEL = "model m {\ninput x: f32[2]\ntarget y: f32\noutput o = x -> dense(1)\nloss mse(o, y)\nmetric mae(o, y)\n}\n"


def sections(text: str, *overrides: str) -> Checked:
    return check(load_program(Source("test.nn", MODEL + text)), overrides=overrides)


def train(settings: str = "", *overrides: str) -> TrainSection:
    return sections(f"train {{\n{settings}\n}}\n" if settings else "", *overrides).train


def messages(text: str, *overrides: str) -> list[str]:
    return failure(MODEL + text, overrides=overrides)


# ---------------------------------------------------------------- train


def test_without_a_section_every_setting_has_its_default() -> None:
    found = train()
    assert (found.optimizer.name, found.epochs, found.batch_size, found.seed) == ("adam", 10, 32, 0)
    assert (found.shuffle, found.drop_last, found.callbacks, found.train_metrics) == (True, False, (), True)


def test_settings_of_the_training() -> None:
    found = train("optimizer = sgd(0.1, momentum = 0.9)\nepochs = 3\nbatch_size = all\nseed = 7\nshuffle = false")
    assert (found.optimizer.name, dict(found.optimizer.arguments)) == ("sgd", {"lr": 0.1, "momentum": 0.9})
    assert (found.epochs, found.batch_size, found.seed, found.shuffle) == (3, None, 7, False)


def test_an_optimizer_without_arguments_is_a_word() -> None:
    assert train("optimizer = rmsprop").optimizer.name == "rmsprop"


def test_settings_may_use_consts() -> None:
    checked = sections("const n = 4\nconst opt = adam(1e-2)\ntrain {\nepochs = 2 * n\noptimizer = opt\n}")
    assert (checked.train.epochs, dict(checked.train.optimizer.arguments)) == (8, {"lr": 0.01})


@pytest.mark.parametrize("monitored", ["loss", "val_loss", "mae", "val_mae"])
def test_callbacks_monitor_what_is_reported(monitored: str) -> None:
    (callback,) = train(f"callbacks = [early_stopping({monitored}, patience = 5, restore_best = true)]").callbacks
    assert callback.name == "early_stopping"
    assert dict(callback.arguments) == {"monitor": monitored, "patience": 5, "restore_best": True}


@pytest.mark.parametrize(
    "settings",
    [
        "epochs = -1",
        "epochs = 1.5",
        "epochs = x",
        'batch_size = "all"',
        "seed = true",
        "shuffle = none",
        "optimizer = dense(3)",
        "optimizer = 0.1",
        "optimizer = adam(lr = 0.1, lr = 0.2)",
        "optimizer = sgd(momentum = 1)",
        "callbacks = early_stopping(val_loss)",
        "callbacks = [early_stopping(val_accuracy)]",
        "callbacks = [early_stopping(val_loss, patience = -1)]",
        'callbacks = [early_stopping(val_loss, mode = "down")]',
        "callbacks = [3]",
        "steps = 0",
    ],
)
def test_settings_that_are_refused(settings: str) -> None:
    assert len(messages(f"train {{\n{settings}\n}}")) == 1


# ---------------------------------------------------------------- data


def test_sources_splits_and_bindings() -> None:
    text = """data {
      source = [csv("a.csv", separator = ";"), csv("b.csv", y = "price")]
      x = columns("left", "right")
      validation = 15%
      test = 20
      split_seed = 3
      stratify = y
      missing = drop
    }"""
    data = sections(text).data
    assert data is not None
    first, second = data.source
    assert (first.kind, dict(first.options), dict(second.renames)) == ("csv", {"separator": ";"}, {"y": "price"})
    assert [Path(path) for call in data.source for path in call.paths] == [Path.cwd() / "a.csv", Path.cwd() / "b.csv"]
    validation, test = data.splits["validation"], data.splits["test"]
    assert isinstance(validation, Share)
    assert isinstance(test, Share)
    assert (validation.fraction, validation.count, test.fraction, test.count) == (0.15, None, None, 20)
    assert data.bindings["x"].patterns == ("left", "right")
    assert (data.split_seed, data.stratify, data.missing, data.shuffle) == (3, "y", "drop", True)


def test_a_split_may_be_a_source_of_its_own() -> None:
    data = sections('data {\ntrain = npz("a.npz")\ntest = npz("b.npz", x = "images")\n}').data
    assert data is not None
    assert isinstance(data.splits["train"], tuple)


def test_paths_start_at_the_folder_of_the_program(tmp_path: Path) -> None:
    (tmp_path / "main.nn").write_text(MODEL + 'data {\nsource = csv("sub/../a.csv")\n}\n')
    data = check(load_program(tmp_path / "main.nn")).data
    assert data is not None
    assert data.source[0].paths == (str(tmp_path / "a.csv"),)


@pytest.mark.parametrize(
    "settings",
    [
        'source = "a.csv"',
        "source = csv()",
        "source = csv(3)",
        'source = excel("a.xls")',
        'source = csv("a.csv", z = "b")',
        "validation = 0%",
        "validation = 100%",
        "validation = -3",
        "validation = x",
        'x = "left"',
        "x = column()",
        "x = column(left)",
        'x = column("a", "b")',
        'z = column("a")',
        "stratify = z",
        "missing = ignore",
        "shuffle = 1",
    ],
)
def test_data_settings_that_are_refused(settings: str) -> None:
    assert len(messages(f"data {{\n{settings}\n}}")) == 1


# ---------------------------------------------------------------- the command line


def test_the_command_line_sets_consts_and_settings() -> None:
    text = "const n = 4\ntrain {\nepochs = n\n}"
    checked = sections(text, "n=6", "train.seed=9", "train.optimizer=sgd(0.1)")
    assert (checked.train.epochs, checked.train.seed, checked.train.optimizer.name) == (6, 9, "sgd")
    assert sections(text, "train.epochs=2").train.epochs == 2
    assert sections("", "train.epochs = 2").train.epochs == 2


def test_paths_on_the_command_line_start_in_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "main.nn").write_text(MODEL + 'data {\nsource = csv("a.csv")\n}\n')
    monkeypatch.chdir(tmp_path.parent)
    data = check(load_program(tmp_path / "main.nn"), overrides=['data.source=csv("other.csv")']).data
    assert data is not None
    assert data.source[0].paths == (str(tmp_path.parent / "other.csv"),)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("epochs=5", "--set epochs=5: there is no const `epochs`"),
        ("nonsense", "--set nonsense: this is not NAME=value"),
        ("=3", "--set =3: this is not NAME=value"),
        ("n==3", "--set n==3: this is not NAME=value"),
        ("train.epoch=5", "`train` has no setting `epoch`"),
        ("data.z=5", "`data` has no setting `z`"),
        ("m=5", "--set m=5: there is no const `m`"),
        ("n=y", "there is no name called `y`"),
    ],
)
def test_overrides_that_are_refused(override: str, message: str) -> None:
    assert messages("const n = 4\ntrain {\nepochs = n\n}", override) == [message]


@pytest.mark.parametrize("value", ["", "(", "3 4", "3\nconst k = 4", "model m {", '"open', "a.b.c(", "\x00"])
def test_values_that_are_no_expression_are_syntax_errors(value: str) -> None:
    with pytest.raises(Failure) as caught:
        sections("const n = 4\ntrain {\nepochs = n\n}", f"n={value}")
    assert all(d.span is None or d.span.source.text.startswith("--set n=") for d in caught.value.diagnostics)


def test_a_copy_of_the_program_has_the_overrides_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "parts.nn").write_text("const k = 1\n")
    text = 'import "parts.nn"\nconst n = 4\n' + MODEL + "train {\n  epochs = n + k\n}\n"
    (tmp_path / "main.nn").write_text(text)
    monkeypatch.chdir(tmp_path.parent)
    overrides = ["n=6", "k=3", "train.seed=5", 'data.source=csv("d.csv")']
    (tmp_path / "copy").mkdir()
    for name, content in copies(load_program(tmp_path / "main.nn"), overrides).items():
        (tmp_path / "copy" / name).write_text(content)
    copied = check(load_program(tmp_path / "copy" / "main.nn"))
    original = check(load_program(tmp_path / "main.nn"), overrides=overrides)
    assert (copied.train.epochs, copied.train.seed) == (original.train.epochs, original.train.seed) == (9, 5)
    assert copied.data is not None
    assert original.data is not None
    assert copied.data.source[0].paths == original.data.source[0].paths
