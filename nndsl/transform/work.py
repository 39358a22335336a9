"""How much a step computes, known before anything of it is."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from math import prod

from nndsl.graph.node import Graph, Node
from nndsl.graph.sizes import known

CONVOLUTIONS = frozenset({"conv", "conv_input", "conv_kernel"})
PRODUCTS = CONVOLUTIONS | {"matmul"}


def work(graph: Graph, sizes: Mapping[str, int], ops: frozenset[str] = PRODUCTS) -> int:
    """The multiplications of a graph's products, with these values for its symbolic sizes."""

    size = partial(known, values=sizes)

    def multiplications(node: Node) -> int:
        match node.op:
            case "matmul":
                return prod(map(size, (*node.shape, node.inputs[0].shape[-1])))
            case "conv":  # for each result as many as the kernel has elements for one filter
                return prod(map(size, (*node.shape, *node.inputs[1].shape[:-1])))
            case "conv_input":  # for each element of the gradient that it spreads
                return prod(map(size, (*node.inputs[0].shape, *node.inputs[1].shape[:-1])))
            case "conv_kernel":
                return prod(map(size, (*node.inputs[1].shape, *node.shape[:-1])))
        return 0

    return sum(multiplications(node) for node in graph.nodes if node.op in ops)
