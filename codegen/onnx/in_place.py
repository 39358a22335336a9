"""What an update may write over what it has read: the running sums of an optimizer, which nothing else reads.

    m.next = 0.9 m + g      m is read by the product alone, which is done when the sum is written
    p.next = p - …          p is also read for the gradients of other layers, perhaps later than this

ONNX Runtime asks nobody whether a buffer that it writes is still read: it is for us to know. So m has one buffer, where
the processor finds in its cache what it has just read, and p has two that swap roles after each step; on `lanes` p has
one too, since an update waits there for whatever reads it. (In a small row, m is an operand of the one `Gemm` that
makes the sum, which reads in an order of its own: it has two buffers.)
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from nndsl.codegen.onnx.fuse import Fused, fusions, needed
from nndsl.graph.node import Graph, Node
from nndsl.transform.algebra import ELEMENTWISE


def written_in_place(apply: Graph, fused: Mapping[Node, Fused] | None = None) -> frozenset[str]:
    """The tensors of an update whose next values may be written over them as far as the update goes: whatever reads
    such a tensor is something that its next value is made of, or that itself if it takes one element after the other.

    The update is emitted with what is `fused`; unless that is given, as for this processor.
    """
    if fused is None:
        fused = fusions(apply, portable=False)
    readers: dict[Node, set[Node]] = {}
    for node in needed(apply, fused):
        for operand in _operands(node, fused):
            readers.setdefault(operand, set()).add(node)
    found = set()
    for name, node in apply.inputs.items():
        following = apply.outputs.get(f"{name}.next")
        if following is None:
            continue
        element_by_element = following.op in ELEMENTWISE and following not in fused
        if readers.get(node, set()) <= made_of(following, fused) | ({following} if element_by_element else set()):
            found.add(name)
    return frozenset(found)


def made_of(node: Node, fused: Mapping[Node, Fused] = MappingProxyType({})) -> set[Node]:
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
