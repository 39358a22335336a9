"""Event files, read back by TensorBoard's own reader."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.compat.proto.graph_pb2 import GraphDef

from nndsl.api import Net
from nndsl.diagnostics import Failure
from nndsl.model.check import load_program
from nndsl.training.callbacks import Control
from nndsl.training.tensorboard import TensorBoard, network_graph

PROGRAM = """
model tabled {
  input x: f32[2]
  target y: f32
  h = x -> normalize -> dense(4, relu)
  output p = h -> dense(1)
  loss mse(p, y)
  metric mae(p, y)
}
data {
  source = csv("rows.csv")
  x = columns("a", "b")
  validation = 4
}
train {
  epochs = 3
  batch_size = 4
  callbacks = [report("val/train", val_loss / loss), tensorboard()]
}
"""

ROWS = "a,b,y\n" + "".join(f"{i},{i * 2 % 7},{i * 0.5}\n" for i in range(20))

GUIDANCE = {"scalars": 0, "histograms": 0, "graph": 0}
"""Everything is kept."""


@pytest.fixture
def net(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Net:
    monkeypatch.chdir(tmp_path)
    Path("rows.csv").write_text(ROWS)
    Path("tabled.nn").write_text(PROGRAM)
    return Net(load_program("tabled.nn"))


def read(folder: Path) -> EventAccumulator:
    return EventAccumulator(str(folder), size_guidance=GUIDANCE).Reload()


def test_tensorboard_reads_scalars_histograms_and_the_graph(net: Net) -> None:
    run = net.train("run", picture=False)
    training, validation = (read(run.path / "tensorboard" / split) for split in ("train", "validation"))
    tags = training.Tags()
    assert tags["scalars"] == ["epoch_loss", "epoch_mae", "val/train", "epoch_lr"]
    assert tags["histograms"] == [
        name.replace(".", "/") for name in ("h.mean", "h.variance", "h.W", "h.b", "p.W", "p.b")
    ]
    assert tags["graph"] is True
    assert validation.Tags()["scalars"] == ["epoch_loss", "epoch_mae"]
    for reader, tag, name in (
        (training, "epoch_loss", "loss"),
        (training, "val/train", "val/train"),
        (training, "epoch_lr", "lr"),
        (validation, "epoch_mae", "val_mae"),
    ):
        events = reader.Scalars(tag)
        assert [event.step for event in events] == [0, 1, 2]
        # Event files hold float32.
        assert [event.value for event in events] == [np.float32(value) for value in run.history[name]]


def test_a_histogram_is_of_the_parameter_after_the_epoch(net: Net) -> None:
    run = net.train("run", picture=False)
    last = read(run.path / "tensorboard" / "train").Histograms("h/W")[-1]
    weights = np.asarray(run.state["h.W"], np.float64)
    assert last.step == 2
    assert last.histogram_value.num == weights.size
    assert (last.histogram_value.min, last.histogram_value.max) == (weights.min(), weights.max())
    assert last.histogram_value.sum == pytest.approx(weights.sum(), rel=1e-12)  # float64 sums of a few numbers


def test_the_graph_has_a_node_for_each_layer(net: Net) -> None:
    net.train("run", picture=False)
    graph = GraphDef.FromString(read(Path("run/tensorboard/train")).Graph().SerializeToString())
    nodes = {node.name: (node.op, list(node.input)) for node in graph.node}
    assert nodes == {
        "x": ("input", []),
        "h": ("normalize", ["x"]),
        "h_2": ("dense · relu", ["h"]),
        "p": ("dense", ["h_2"]),
        "p_2": ("output", ["p"]),
        "y": ("target", []),
        "loss": ("loss", ["p", "y"]),
    }


def test_node_names_are_those_that_tensorflow_allows(net: Net) -> None:
    step = net.step
    for node in network_graph(step).node:
        assert node.name.isascii()
        assert node.name[0].isalnum()


def test_a_resumed_run_has_one_curve(net: Net, tmp_path: Path) -> None:
    """It was killed after epoch 2, and goes on from a checkpoint after epoch 0."""
    nobody: Any = None
    for pid, epochs in ((1, range(3)), (2, range(1, 4))):
        callback = TensorBoard(histograms=False, graph=False)
        control = Control(nobody, net.step, tmp_path, epoch=epochs.start)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("os.getpid", lambda: pid)  # noqa: B023
            callback.on_train_begin(control)
            for epoch in epochs:
                callback.on_epoch_end(epoch, {"loss": 10.0 * pid + epoch, "lr": 0.1}, control)
        callback.on_train_end(control)
    events = read(tmp_path / "tensorboard" / "train").Scalars("epoch_loss")
    assert [(event.step, event.value) for event in events] == [(0, 10.0), (1, 21.0), (2, 22.0), (3, 23.0)]


def test_nothing_is_written_where_there_is_no_folder(net: Net, tmp_path: Path) -> None:
    nobody: Any = None
    callback, control = TensorBoard(), Control(nobody, net.step, None)
    callback.on_train_begin(control)
    callback.on_epoch_end(0, {"loss": 1.0}, control)
    callback.on_train_end(control)
    assert not list(tmp_path.rglob("*tfevents*"))


def test_a_missing_library_is_said_before_training(net: Net, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(Failure) as failure:
        net.train("run", picture=False)
    assert failure.value.exit_code == 4
    assert "tensorboardX" in str(failure.value)
    assert not Path("run").exists()
