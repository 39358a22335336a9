"""Emission: graphs become the nodes of one ONNX model, each primitive by its own `onnx` facet.

    e = Emitter("digits")
    x = e.input("pixels", type)                     a name of the model's interface
    values = e.graph(graph, {"pixels": x, …})       emit a graph on these operands; the names of its outputs' values
    e.output("loss", values["loss"], type)
    e.model(metadata)

Several graphs emitted into one emitter make one model, which is how a training step is joined from its parts.
Names inside the model come from the program: the value's own, else its layer's with phase and operator.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from onnx import ModelProto, TensorProto, ValueInfoProto

from nndsl.codegen.onnx import proto
from nndsl.codegen.onnx.blocks import Images, in_blocks
from nndsl.codegen.onnx.fuse import fusions, needed
from nndsl.codegen.onnx.layout import channels_first
from nndsl.codegen.onnx.sizes import SizeEmitter
from nndsl.graph.node import Graph, Node
from nndsl.graph.sizes import Dim
from nndsl.graph.types import DType, TensorType

Value = str
"""A value while the model is being built: an input's name, an initializer's, or the number of a node's output."""


SAME_MEMORY = ("Reshape", "Transpose", "Squeeze", "Unsqueeze", "Flatten", "Identity", "Slice", "Split")
"""Operators whose users ONNX Runtime may let read what these have read."""


@dataclass(frozen=True)
class Operation:
    """A node to be; `prefix` is what its outputs are called after unless they get a better name."""

    op_type: str
    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]
    attributes: Mapping[str, Any]
    domain: str
    prefix: str


class Emitter:
    """Collects the parts of a model; it is the `OnnxEmitter` that primitives' facets are given.

    Unless `optimised`, graphs are emitted node by node, as they are. With `images` the model is for ONNX Runtime on
    this machine's processor alone, which has images so.
    """

    def __init__(self, name: str, *, optimised: bool = True, images: Images | None = None):
        self.name = name
        self.optimised = optimised
        self.images = images
        self._inputs: dict[str, ValueInfoProto] = {}
        self._outputs: dict[str, tuple[Value, str, tuple[Dim, ...]]] = {}
        self._given: set[Value] = set()
        self._operations: list[Operation] = []
        self._initializers: dict[Value, TensorProto] = {}
        self._constants: dict[tuple[str, tuple[int, ...], bytes], Value] = {}
        self._shared: dict[tuple[Any, ...], Value] = {}
        self._names: dict[Value, str] = {}
        self._types: dict[Value, TensorType] = {}
        self._prefix = ""
        self._count = 0
        self._sizes = SizeEmitter(self)

    # ------------------------------------------------------------ the interface

    def input(self, name: str, dtype: DType | str, shape: tuple[Dim, ...]) -> Value:
        """An input of the model, in the order of the calls; it stays whether anything uses it or not."""
        self._inputs[name] = proto.value_info(name, dtype, shape)
        self._sizes.add_input(name, shape)
        return name

    def sparse_input(self, name: str, dtype: DType, shape: tuple[Dim, ...]) -> Value:
        """An input that is a sparse tensor, which no operator tells the sizes of."""
        self._inputs[name] = proto.sparse_value_info(name, dtype, shape)
        return name

    def output(self, name: str, value: Value, dtype: DType | str, shape: tuple[Dim, ...]) -> Value:
        """An output of the model, and the value that it is: what is an input, a constant or another output gets there
        by an `Identity`."""
        if value in self._inputs or value in self._initializers or value in self._given:
            (value,) = self.nodes("Identity", (value,), 1)
        self._given.add(value)
        self._outputs[name] = value, dtype, shape
        return value

    def initializer(self, name: str, value: np.ndarray[Any, Any]) -> Value:
        """A named constant of the model, such as a trained weight."""
        self._initializers[name] = proto.tensor(name, value)
        return name

    def strings(self, values: Sequence[str]) -> Value:
        """A constant vector of strings."""
        return self.initializer(f"strings/{len(self._initializers) + 1}", np.array(values, object))

    # ------------------------------------------------------------ what facets call

    @property
    def portable(self) -> bool:
        return self.images is None

    def node(self, op_type: str, *inputs: Value, **attributes: Any) -> Value:
        key = op_type, inputs, tuple((name, _hashable(attributes[name])) for name in sorted(attributes))
        if key not in self._shared:  # what is computed already is not computed again: no operator has hidden state
            self._shared[key] = self.nodes(op_type, inputs, 1, **attributes)[0]
        return self._shared[key]

    def nodes(
        self, op_type: str, inputs: Sequence[Value], outputs: int, domain: str = "", **attributes: Any
    ) -> tuple[Value, ...]:
        """Add a node of several outputs, in any domain."""
        values = tuple(f"%{self._count + i}" for i in range(outputs))
        self._count += outputs
        self._operations.append(Operation(op_type, tuple(inputs), values, attributes, domain, self._prefix))
        return values

    def constant(self, value: np.ndarray[Any, Any]) -> Value:
        key = value.dtype.str, value.shape, value.tobytes()
        if key not in self._constants:
            name = f"constant/{len(self._constants) + 1}"
            self._constants[key] = name
            self._initializers[name] = proto.tensor(name, value)
        return self._constants[key]

    def call(self, value: Value, name: str) -> None:
        """Wish a name for a value, which it gets unless another has it or it is an output."""
        self._names.setdefault(value, name)

    def shape(self, dims: Sequence[Dim]) -> Value:
        return self._sizes.shape(tuple(dims))

    def size(self, dim: Dim, dtype: DType) -> Value:
        return self._sizes.size(dim, dtype)

    def reading(self, inputs: Collection[Value], values: Collection[Value]) -> list[Value]:
        """The results of the operators that read these inputs, or the same memory in another shape, and that none of
        these values are made of."""
        memory, needed = {*inputs}, {*values}
        for operation in self._operations:
            if operation.op_type in SAME_MEMORY and operation.inputs[0] in memory:
                memory.update(operation.outputs)
        for operation in reversed(self._operations):
            if not needed.isdisjoint(operation.outputs):
                needed.update(operation.inputs)
        return [
            operation.outputs[0]
            for operation in self._operations
            if not memory.isdisjoint(operation.inputs) and needed.isdisjoint(operation.outputs)
        ]

    # ------------------------------------------------------------ graphs

    def graph(self, graph: Graph, operands: Mapping[str, Value]) -> dict[str, Value]:
        """Emit a graph's nodes with these values as its inputs; gives the values of its outputs by name."""
        if self.optimised:
            graph = in_blocks(graph, self.images) if self.images else channels_first(graph)
        fused = fusions(graph, portable=self.portable) if self.optimised else {}
        values: dict[Node, Value] = {node: operands[name] for name, node in graph.inputs.items() if name in operands}
        for node in needed(graph, fused):
            if node in values:
                continue
            self._prefix = _prefix(node)
            rule = fused.get(node)
            if rule:
                inputs = [values[x] if isinstance(x, Node) else self.constant(x) for x in rule.operands]
                value = self.node(rule.op_type, *inputs, **rule.attributes)
            else:
                value = self._primitive(node, [values[operand] for operand in node.inputs])
            values[node] = value
            self._types.setdefault(value, (rule and rule.type) or node.type)
            if node.name:
                self.call(value, node.name)
        self._prefix = ""
        return {name: values[node] for name, node in graph.outputs.items()}

    def _primitive(self, node: Node, operands: Sequence[Value]) -> Value:
        if node.op == "input":
            raise KeyError(f"the graph's input {node.attributes['name']!r} is given no value")
        facet = node.primitive.onnx
        if isinstance(facet, str):
            return self.node(facet, *operands, **node.attributes)
        return facet(self, node, *operands)

    # ------------------------------------------------------------ the model

    def model(self, metadata: Mapping[str, str]) -> ModelProto:
        names = self._final_names()
        outputs = {value for value, *_ in self._outputs.values()}
        return proto.model(
            self.name,
            inputs=list(self._inputs.values()),
            outputs=[proto.value_info(name, dtype, shape) for name, (_, dtype, shape) in self._outputs.items()],
            nodes=[
                proto.node(
                    operation.op_type,
                    [names.get(value, value) for value in operation.inputs],
                    [names[value] for value in operation.outputs],
                    operation.attributes,
                    operation.domain,
                )
                for operation in self._operations
            ],
            initializers=list(self._initializers.values()),
            values=[
                proto.value_info(names[value], type.dtype, type.shape)
                for value, type in self._types.items()
                if value in names and value not in outputs
            ],
            metadata=metadata,
        )

    def _final_names(self) -> dict[Value, str]:
        """A name of its own for each node's output: the output's, else the program's, else prefix and operator."""
        names = {value: name for name, (value, *_) in self._outputs.items()}
        taken = {*self._inputs, *self._outputs, *self._initializers}
        counts: dict[str, int] = {}
        for operation in self._operations:
            for value in operation.outputs:
                if value not in names:
                    wish = self._names.get(value) or f"{operation.prefix}{operation.op_type}"
                    names[value] = _different(wish, taken, counts)
                taken.add(names[value])
        return names


def _prefix(node: Node) -> str:
    """`hidden/` for what a layer computes, `hidden/backward/` and `hidden/update/` for what follows from it."""
    layer = f"{node.origin.name}/" if node.origin.name else ""
    return layer if node.origin.phase == "forward" else f"{layer}{node.origin.phase}/"


def _different(name: str, taken: set[str], counts: dict[str, int]) -> str:
    """The name, or the first of `name_2`, `name_3` … that is not taken; `counts` are how far each name has come."""
    other, count = name, counts.get(name, 1)
    while other in taken:
        count += 1
        other = f"{name}_{count}"
    counts[name] = count
    return other


def _hashable(attribute: Any) -> Any:
    if isinstance(attribute, np.ndarray):
        return attribute.dtype.str, attribute.shape, attribute.tobytes()
    return tuple(attribute) if isinstance(attribute, list) else attribute
