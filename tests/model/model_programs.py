"""Short programs to check: what they become, or the codes of what is wrong with them."""

from collections.abc import Sequence

from nndsl.diagnostics import Failure
from nndsl.graph.builder import Builder
from nndsl.model.apply import Collected, Graphing
from nndsl.model.check import Checked, check, load_program
from nndsl.model.network import Facts, Network
from nndsl.source import Source

HEAD = "input x: f32[4]\ninput v: f32[4]\ntarget y: f32\ntarget kind: class[3]"


def program(text: str, facts: Facts | None = None, overrides: Sequence[str] = (), needs: Sequence[str] = ()) -> Checked:
    """A whole program, checked."""
    return check(load_program(Source("test.nn", text)), facts, overrides, needs=needs)


def model(body: str, before: str = "", facts: Facts | None = None, head: str = HEAD) -> Network:
    """The network of a model with these statements."""
    return program(f"{before}\nmodel m {{\n{head}\n{body}\n}}", facts).network


def codes(body: str, before: str = "", facts: Facts | None = None, head: str = HEAD) -> list[str]:
    """The codes of the errors of a model with these statements; none if it is right."""
    try:
        model(body, before, facts, head)
    except Failure as failure:
        return [diagnostic.code for diagnostic in failure.diagnostics]
    return []


def failure(text: str, facts: Facts | None = None, overrides: Sequence[str] = ()) -> list[str]:
    """The messages of the errors of a whole program; none if it is right."""
    try:
        program(text, facts, overrides)
    except Failure as failure:
        return [diagnostic.message for diagnostic in failure.diagnostics]
    return []


def states(network: Network) -> list[str]:
    """The names of the states that a network's outputs and losses need, in the order of their creation."""
    collected = Collected()
    graphing = Graphing(Builder(), collected)
    for output in network.outputs:
        graphing.value(output.term)
    for loss in network.losses:
        graphing.value(loss.term)
    return list(collected.states)


def weights(body: str, before: str = "") -> list[str]:
    """The names of the kernels and other tensors, biases left out, of a model whose value `h` is its output."""
    return [name for name in states(model(f"{body}\noutput out = h", before)) if not name.endswith(".b")]
