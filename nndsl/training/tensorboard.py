"""The callback `tensorboard`: event files that TensorBoard shows, as Keras writes them.

    tensorboard/
      train/        epoch_loss, epoch_METRIC, epoch_lr; reports by their names; a histogram of each parameter; the graph
      validation/   epoch_loss, epoch_METRIC

Steps are epochs, from 0. Where a run is resumed, what came after its checkpoint is declared void (TensorBoard's purge).
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

from nndsl.extras import optional
from nndsl.pictures.diagram import diagram
from nndsl.training.callbacks import Callback, Control
from nndsl.transform.step import Step

VALIDATION = "val_"


class TensorBoard(Callback):
    """Write event files for TensorBoard into a folder of the run's: scalars after each epoch, with `histograms` those
    of all parameters, with `graph` a picture of the network   (Keras: TensorBoard)."""

    def __init__(self, folder: str = "tensorboard", histograms: bool = True, graph: bool = True):
        self.folder = folder
        self.histograms = histograms
        self.graph = graph
        self.library = optional("tensorboardX", "tensorboard", "writing TensorBoard's event files")
        self.writers: dict[str, Any] = {}
        self.begun = 0
        """The epoch that training began with."""
        self.losses_and_metrics: set[str] = set()

    def on_train_begin(self, control: Control) -> None:
        step, self.begun = control.step, control.epoch
        named = [f"loss.{loss.name}" for loss in step.network.losses]
        self.losses_and_metrics = {"loss", *named, *(metric.name for metric in step.metrics)}
        if control.folder is not None and self.graph and not self.begun:
            from tensorboardX.proto.event_pb2 import Event

            graph = network_graph(step).SerializeToString()
            self._writer("train", control).file_writer.add_event(Event(graph_def=graph))

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float], control: Control) -> None:
        if control.folder is None:
            return
        for name, value in logs.items():
            measured = name.removeprefix(VALIDATION)
            split = "train" if measured == name or measured not in self.losses_and_metrics else "validation"
            known = measured in self.losses_and_metrics or name == "lr"
            tag = f"epoch_{measured}" if known else name
            self._writer(split, control).add_scalar(tag, value, epoch)
        if self.histograms:
            state = control.session.state()
            for spec in control.step.states:
                if spec.role != "slot":
                    tag = spec.name.replace(".", "/")
                    self._writer("train", control).add_histogram(tag, state[spec.name], epoch)
        for writer in self.writers.values():
            writer.flush()

    def on_train_end(self, control: Control) -> None:
        for writer in self.writers.values():
            writer.close()
        self.writers.clear()

    def _writer(self, split: str, control: Control) -> Any:
        if split not in self.writers:
            assert control.folder is not None
            folder = control.folder / self.folder / split
            purge = self.begun if folder.exists() else None  # what an earlier run, or one that was resumed, had more
            suffix = f".{os.getpid()}"  # files are told apart by the second of their beginning only
            self.writers[split] = self.library.SummaryWriter(str(folder), purge_step=purge, filename_suffix=suffix)
        return self.writers[split]


def network_graph(step: Step) -> Any:
    """The network as a `GraphDef`: a node for each box of its picture, grouped by the names of its layers."""
    from tensorboardX.proto.attr_value_pb2 import AttrValue
    from tensorboardX.proto.graph_pb2 import GraphDef
    from tensorboardX.proto.node_def_pb2 import NodeDef

    boxes = diagram(step).boxes
    names: dict[str, None] = {}
    for box in boxes:
        name = re.sub(r"[^A-Za-z0-9_/-]", "_", (box.lines[0] if box.kind == "layer" else box.title).replace(".", "/"))
        name = name if name[:1].isalnum() else f"node{name}"
        number = 1
        while (unique := name if number == 1 else f"{name}_{number}") in names:
            number += 1
        names[unique] = None
    inputs = list(names)
    nodes = [
        NodeDef(
            name=name,
            op=box.title if box.kind in ("layer", "activation") else box.kind,
            input=[inputs[source] for source in box.sources],
            attr={"shown": AttrValue(s=", ".join(box.lines).encode())},
        )
        for name, box in zip(names, boxes, strict=True)
    ]
    return GraphDef(node=nodes)
