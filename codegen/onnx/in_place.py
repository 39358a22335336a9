"""What an update may write over what it has read: the running sums of an optimizer, which nothing else reads.

    m.next = 0.9 m + g      m is read by the product alone, which is done when the sum is written
    p.next = p - …          p is also read for the gradients of other layers, perhaps later than this

ONNX Runtime asks nobody whether a buffer that it writes is still read: it is for us to know. So p has two buffers that
swap roles after each step, and m has one, where the processor finds in its cache what it has just read. (Packed, m is
an operand of the one `Gemm` that makes the sum there, which reads in an order of its own: it has two buffers too.)
"""

from __future__ import annotations

from collections.abc import Mapping

from nndsl.codegen.onnx.fuse import Fused, fusions, needed
from nndsl.graph.node import Graph, Node


def written_in_place(apply: Graph) -> frozenset[str]:
    """The tensors of an update, as it is emitted for this processor, whose next values may be written over them as far
    as the update goes: whatever reads such a tensor is something that its next value is made of, and not that itself.
    """
    fused = fusions(apply, portable=False)
    readers: dict[Node, set[Node]] = {}
    for node in needed(apply, fused):
        for operand in _operands(node, fused):
            readers.setdefault(operand, set()).add(node)
    found = set()
    for name, node in apply.inputs.items():
        following = apply.outputs.get(f"{name}.next")
        if following and readers.get(node, {following}) <= _made_of(following, fused):
            found.add(name)
    return frozenset(found)


def _made_of(node: Node, fused: Mapping[Node, Fused]) -> set[Node]:
    """All values that one is computed from."""
    found: set[Node] = set()
    waiting = [*_operands(node, fused)]
    while waiting:
        node = waiting.pop()
        if node not in found:
            found.add(node)
            waiting += _operands(node, fused)
    return found


def _operands(node: Node, fused: Mapping[Node, Fused]) -> tuple[Node, ...]:
    operands = fused[node].operands if node in fused else node.inputs
    return tuple(operand for operand in operands if isinstance(operand, Node))
