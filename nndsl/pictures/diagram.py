"""What a picture of a network shows: boxes and the edges between them.

- An input or target, a layer or activation, an output and a loss have a box each; a shared layer has one for each use.
- Functions and operators between layers are one box with the program's own words (`y + past`); so a skip connection
  shows where it comes back. What only a loss calculates with is inside the loss's box.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from textwrap import wrap
from typing import Literal

from nndsl.graph.sizes import show_shape
from nndsl.model.apply import operands
from nndsl.model.network import Apply, Closure, Declared, Input, Network, Term
from nndsl.model.text import network_terms
from nndsl.snippet import plain
from nndsl.transform.step import Step
from nndsl.transform.summary import SHOWN, layer_states, layers_inside, owner_of

Kind = Literal["input", "target", "layer", "activation", "expression", "output", "loss"]

LONGEST = 34
"""Characters of an expression that are shown, and of each line of a loss."""

LOSS_LINES = 3


@dataclass(frozen=True)
class Box:
    """A box: its heading, the lines below it, and the boxes (by index) whose values it takes."""

    kind: Kind
    title: str
    lines: tuple[str, ...]
    sources: tuple[int, ...]
    trained: bool = True
    """False of a layer whose parameters stay as they are."""


@dataclass(frozen=True)
class Diagram:
    """The boxes of a network, sources before what takes them."""

    name: str
    boxes: tuple[Box, ...]

    @property
    def edges(self) -> Iterator[tuple[int, int]]:
        """Pairs of indices: a box and one that takes its value."""
        for index, box in enumerate(self.boxes):
            for source in box.sources:
                yield source, index


def diagram(step: Step) -> Diagram:
    """The picture of a network, before it has places."""
    return Diagram(step.network.name, tuple(_Drawing(step).boxes))


class _Drawing:
    def __init__(self, step: Step):
        self.network: Network = step.network
        self.states = layer_states(step)
        self.boxes: list[Box] = []
        self.of: dict[Term, int] = {}
        """The box of a term that has one."""
        self.drawn: set[tuple[str, bool]] = set()
        order = network_terms(self.network, metrics=False)
        self.inside = layers_inside(self.network, order)
        self.kept = self._kept(order)
        for declared in self.network.inputs:
            self._declared(declared, order)
        for term in order:
            if isinstance(term, Apply) and term in self.kept:
                self._applied(term)
        for output in self.network.outputs:
            shape = show_shape(output.term.type.shape)
            self._add("output", output.name, ("output", shape), self._behind([output.term]))
        used = {term.declared.name for term in order if isinstance(term, Input)}
        for declared in self.network.targets:
            if declared.name in used:
                self._declared(declared, order)
        for loss in self.network.losses:
            title = f"loss {loss.name}".rstrip()
            words = wrap(one_line(loss.span.text), LONGEST, max_lines=LOSS_LINES, placeholder=" …")
            self._add("loss", title, tuple(words), self._behind([loss.term]))

    def _kept(self, order: list[Term]) -> set[Term]:
        """The terms that have a box: layers everywhere; of what outputs need, also activations, and each function or
        operator that is not just a part of a larger expression."""
        needed: set[Term] = set()
        stack: list[Term] = [output.term for output in self.network.outputs]
        stack += [term for term in order if _kind(term) == "layer"]
        while stack:
            term = stack.pop()
            if term not in needed:
                needed.add(term)
                stack.extend(operands(term))
        takers: dict[Term, list[Term]] = {}
        for term in order:
            for operand in operands(term) if term in needed else ():
                takers.setdefault(operand, []).append(term)
        outputs = {output.term for output in self.network.outputs}
        kept = set()
        for term in needed:
            kind = _kind(term)
            ends = term in outputs or any(_kind(taker) != "expression" for taker in takers.get(term, ()))
            shared = len(takers.get(term, ())) > 1
            if kind in SHOWN or (kind == "expression" and (ends or shared)):
                kept.add(term)
        return kept

    def _declared(self, declared: Declared, order: list[Term]) -> None:
        kinds = f" of {declared.classes.count}" if declared.classes else ""
        shape = show_shape(("batch", *declared.shape))  # type: ignore[arg-type]
        self._add(declared.role, declared.name, (f"{declared.kind}{kinds}", shape), ())
        for term in order:
            if isinstance(term, Input) and term.declared is declared:
                self.of[term] = len(self.boxes) - 1

    def _applied(self, term: Apply) -> None:
        shape, sources = show_shape(term.type.shape), self._behind(operands(term))
        self.of[term] = len(self.boxes)
        if _kind(term) == "expression":
            self._add("expression", shortened(term.span.text), (shape,), sources)
            return
        activations = [value.name for value in term.arguments.values() if isinstance(value, Closure)]
        own = owner_of(term)
        inside = [(layer.name, True) for layer in self.inside.get(term.layer.name, ())] if activations else []
        states = [self.states[owner] for owner in (own, *inside) if owner in self.states]
        parameters, count = sum(each.parameters for each in states), ""
        if parameters:
            word = "parameters" if own[1] else "fitted"
            count = "shared" if own in self.drawn else f"{parameters:,} {word}"
        self.drawn.add(own)
        lines = [*([term.layer.name] if _kind(term) == "layer" else []), shape, *([count] if count else [])]
        trained = all(each.trainable for each in states)
        self._add(_kind(term), " · ".join([term.composite.name, *activations]), tuple(lines), sources, trained)

    def _behind(self, terms: Iterator[Term] | list[Term]) -> tuple[int, ...]:
        """The boxes that terms come from, looking through what has none."""
        found: dict[int, None] = {}
        seen: set[Term] = set()
        stack = list(terms)[::-1]
        while stack:
            term = stack.pop()
            if term in seen:
                continue
            seen.add(term)
            if term in self.of:
                found.setdefault(self.of[term])
            else:
                stack += list(operands(term))[::-1]
        return tuple(found)

    def _add(
        self, kind: Kind, title: str, lines: tuple[str, ...], sources: tuple[int, ...], trained: bool = True
    ) -> None:
        self.boxes.append(Box(kind, plain(title), tuple(map(plain, lines)), sources, trained))


def _kind(term: Term) -> Kind:
    """What a term that is applied to others is in the picture."""
    if isinstance(term, Apply) and term.composite.kind in SHOWN:
        return "layer" if term.composite.kind == "layer" else "activation"
    return "expression"


def one_line(text: str) -> str:
    """A piece of program on one line, without comments."""
    return " ".join(" ".join(line if '"' in line else line.split("#")[0] for line in text.splitlines()).split())


def shortened(text: str) -> str:
    """A piece of program on one line, cut where it is long."""
    words = one_line(text)
    return words if len(words) <= LONGEST else f"{words[: LONGEST - 1].rstrip()}…"
