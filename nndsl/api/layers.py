"""The layers of a network as values: `net.layers`, and what each holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from nndsl.diagnostics import Failure
from nndsl.errors.api import NoSuchWeight
from nndsl.errors.suggest import closest
from nndsl.library.registry import COMPOSITES
from nndsl.model.naming import has_parameters
from nndsl.training.results import text_table
from nndsl.transform.summary import layer_table

if TYPE_CHECKING:
    from nndsl.api.stateful import Stateful


@dataclass(frozen=True)
class Layer:
    """One layer: its name in all artifacts (`hidden`), the vocabulary's word for it (`dense`), and what it holds.

    `output` is its result's shape as messages show it (`[batch, 64]`; of the first use of a shared layer),
    `parameters` how many numbers it holds, fitted ones included, `inputs` the names of what it is applied to.
    """

    name: str
    kind: str
    output: str
    parameters: int
    trainable: bool
    inputs: tuple[str, ...]
    _net: Stateful = field(repr=False, compare=False)

    @property
    def weights(self) -> dict[str, np.ndarray[Any, Any]]:
        """Its parameters and statistics by their full names, as they are now; to set one: `net.weights[name] = …`."""
        # A layer with parameters and one without may share a name: what is fitted belongs to the second.
        fitted = not has_parameters(COMPOSITES[self.kind])
        held = [state for state in self._net.step.states if state.role != "slot" and bool(state.fit) == fitted]
        names = [state.name for state in held if state.name.rpartition(".")[0] == self.name]
        return {name: self._net.weights[name] for name in names}


class Layers(Sequence[Layer]):
    """The layers in the program's order; `layers["hidden"]` is the one of that name."""

    def __init__(self, net: Stateful):
        found: dict[tuple[str, str], Layer] = {}
        for row in layer_table(net.step):
            if row.kind != "input":
                layer = Layer(row.name, row.kind, row.shape, row.parameters, row.trainable, row.inputs, net)
                found.setdefault((row.name, row.kind), layer)  # a shared layer has a row for each use
        self._layers = tuple(found.values())
        self._net = net

    @overload
    def __getitem__(self, index: int | str) -> Layer: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Layer]: ...
    def __getitem__(self, index: int | str | slice) -> Layer | Sequence[Layer]:
        if not isinstance(index, str):
            return self._layers[index]
        for layer in self:
            if layer.name == index:
                return layer
        names = [layer.name for layer in self]
        near = closest(index, names)
        hint = f"did you mean `{near}`?" if near else f"there are {', '.join(names)}"
        raise Failure(NoSuchWeight(None, self._net.step.network.name, "layer", index, hint))

    def __len__(self) -> int:
        return len(self._layers)

    def __iter__(self) -> Iterator[Layer]:
        return iter(self._layers)

    def __repr__(self) -> str:
        rows = [(layer.name, layer.kind, layer.output, f"{layer.parameters:,}") for layer in self]
        return text_table([("layer", "kind", "output", "parameters"), *rows], numbers=frozenset({3}))
