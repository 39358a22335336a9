"""The run's folder and its files: what is written is read back, whole or not at all."""

from __future__ import annotations

import math
import os
from pathlib import Path

import numpy as np
import pytest

from nndsl.diagnostics import Failure
from nndsl.files import folder_for, write_all, write_whole
from nndsl.library.arguments import Initial
from nndsl.library.building import State
from nndsl.training.history import History
from nndsl.training.store import new_folder, npz_bytes, read_weights, safetensors_bytes

STATE = {"a.W": np.arange(6, dtype=np.float32).reshape(2, 3), "a.b": np.array([1e-30, 3], np.float32)}
STATES = [State(name, array.shape, "parameter", Initial("zeros", {})) for name, array in STATE.items()]


def test_weights_come_back_bit_for_bit(tmp_path: Path) -> None:
    (tmp_path / "weights.safetensors").write_bytes(safetensors_bytes(STATE))
    (tmp_path / "weights.npz").write_bytes(npz_bytes(STATE))
    back = read_weights(tmp_path, STATES)
    with np.load(tmp_path / "weights.npz", allow_pickle=False) as archive:
        for name, array in STATE.items():
            assert np.array_equal(back[name], array)
            assert np.array_equal(archive[name], array)
    assert npz_bytes(STATE) == npz_bytes({name: array.copy() for name, array in STATE.items()})


def test_histories_come_back(tmp_path: Path) -> None:
    history = History([{"loss": 0.1 + 0.2, "lr": 1e-3}, {"loss": float("inf"), "val_loss": 1 / 3, "lr": 1e-3}])
    assert History.from_csv(history.to_csv()) == history
    assert History.from_csv(History().to_csv()) == History()


def test_a_file_has_the_usual_permissions(tmp_path: Path) -> None:
    mask = os.umask(0o027)
    try:
        write_whole(tmp_path / "file", "text ß")
    finally:
        os.umask(mask)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "file").read_bytes() == "text ß".encode()


def test_files_are_written_all_or_none(tmp_path: Path) -> None:
    (tmp_path / "old").write_text("old")
    (tmp_path / "folder").mkdir()
    for wrong in (tmp_path / "folder", tmp_path / "none" / "file", Path("/dev/null")):
        with pytest.raises(OSError, match=r"."):
            write_all({tmp_path / "new": "new", tmp_path / "old": "new", wrong: "new"})
        assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "old"]
        assert (tmp_path / "old").read_text() == "old"


def test_folders_go_again_when_nothing_was_put_in_them(tmp_path: Path) -> None:
    def fail(mine: str) -> None:
        with folder_for(tmp_path / "a" / "b"):
            if mine:
                (tmp_path / "a" / mine).touch()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail("")
    assert not list(tmp_path.iterdir())
    with pytest.raises(KeyboardInterrupt):
        fail("mine")
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["mine"]


def test_two_runs_at_once_have_two_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with new_folder("net", None) as one, new_folder("net", None) as two:
        assert (one.name, two.name) == ("net-001", "net-002")


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").touch()
    with pytest.raises(Failure), new_folder("net", str(tmp_path)):
        pass
    assert (tmp_path / "mine").exists()


def test_a_history_has_a_value_for_each_epoch_and_knows_its_names() -> None:
    history = History([{"loss": 2.0}, {"loss": 1.0, "val_loss": 3.0}])
    assert history["loss"] == [2.0, 1.0]
    assert math.isnan(history["val_loss"][0])
    assert history["val_loss"][1] == 3.0
    assert {len(values) for values in dict(history).values()} == {2}
    with pytest.raises(KeyError, match="did you mean `val_loss`"):
        history["val_los"]
    with pytest.raises(KeyError, match="there are loss, val_loss"):
        history["nonsense"]
    assert history.get("nonsense") is None
    assert history.get("loss") == [2.0, 1.0]
