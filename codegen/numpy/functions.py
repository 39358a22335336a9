"""The functions of a generated module, each as the lines of its body."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

import numpy as np

from nndsl.codegen.numpy.buffers import share
from nndsl.codegen.numpy.comments import title
from nndsl.codegen.numpy.emit import Body, emit
from nndsl.codegen.numpy.expressions import call, item, name, parse, quote, show
from nndsl.codegen.numpy.layout import INDENT, WIDTH, assignment, laid_out, mapping
from nndsl.codegen.numpy.names import Names, identifier
from nndsl.codegen.numpy.scalars import dim
from nndsl.codegen.numpy.schedule import schedule
from nndsl.codegen.numpy.updates import update_body
from nndsl.graph.facets import NUMPY_NAMES, numpy_array
from nndsl.graph.node import Graph, Node, Origin
from nndsl.graph.sizes import BATCH, Dim, Size
from nndsl.graph.types import Shape
from nndsl.model.apply import operands
from nndsl.model.network import Apply, Term
from nndsl.transform.names import EMA, LR_SCALE, ROW, SEED, STEP
from nndsl.transform.rewrite import rewrite
from nndsl.transform.step import Step

SMALL = 16
"""Constant arrays of more elements than this, or of several axes, stand at the head of the module, under a name."""


@dataclass
class Functions:
    """Writes the functions of one module; `parameters` are the keywords by input and target, `taken` other names."""

    step: Step
    parameters: Mapping[str, str]
    taken: Iterable[str]
    constants: dict[str, str] = field(default_factory=dict)
    sizes: dict[str, str] = field(default_factory=dict)
    workspace_sizes: list[str] = field(default_factory=list)
    said: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        names = Names([*self.taken, *self.parameters.values()])
        self.said = names_said(self.step)
        self.sizes["batch"] = "batch"
        for dims in (node.shape for node in self.step.gradients.inputs.values()):
            for symbol in sorted({s for d in dims if isinstance(d, Size) for s in d.symbols} - {*self.sizes}):
                self.sizes[symbol] = names.unique(symbol)
        self.taken = frozenset([*self.taken, *self.parameters.values(), *self.sizes.values()])

    # ---------------------------------------------------------------- the bodies

    def predict(self) -> list[str]:
        return self._plain(self.step.predict)

    def evaluate(self) -> list[str]:
        return self._plain(self.step.evaluate)

    def loss_and_grads(self) -> tuple[list[str], list[str]]:
        """The bodies of `loss_and_grads` and of `workspace`, which makes what the first works in."""
        graph = self.step.gradients
        names = Names(self.taken)
        bound = self._bound(graph, names)
        order = schedule(graph, self.step.network.span)
        body = emit(graph, order, bound, names, self.sizes, buffered=True, said=self.said)
        arguments = ", ".join(self.sizes[symbol] for symbol in self._buffer_sizes(body))
        work = [f"work = workspace({arguments}) if work is None else work", *self._work_checks(body)]
        self.workspace_sizes = self._buffer_sizes(body)
        lines = [*self._head(graph, body, bound, work)]
        lines += self._sections(body, phases=True)
        gradients = {k.removeprefix("grad."): tree for k, tree in body.results.items() if k.startswith("grad.")}
        measured = {k: tree for k, tree in body.results.items() if not k.startswith("grad.")}
        lines += ["", *mapping(measured.items(), before="result = ")]
        lines += [*mapping(gradients.items(), before="grads = "), "return result, grads"]
        return lines, self._workspace(body)

    def update(self) -> list[str]:
        graph = self.step.apply
        bound = {graph.inputs[STEP]: name("step"), graph.inputs[LR_SCALE]: name("lr_scale")}
        return update_body(self.step, {**bound, **self._large_constants(graph)})

    def train_step(self) -> list[str]:
        """The call of `loss_and_grads` in `train_step`."""
        passed = {local: name(local) for local in (*self.parameters.values(), "step", "seed", "work")}
        return laid_out("result, grads = ", call("loss_and_grads", name("state"), **passed))

    def metrics(self) -> list[str]:
        """The body of `metrics(sums)`."""
        lines: list[str] = []
        results: dict[str, ast.expr] = {}
        names = Names(["sums"])
        for plan in self.step.metrics:
            if plan.kept:
                continue
            bound: dict[Node, ast.expr] = {node: item(name("sums"), k) for k, node in plan.finish.inputs.items()}
            finish = rewrite(plan.finish, _without_origin)
            order = [node for node in finish.nodes if node.op != "input"]
            graph = Graph(plan.name, finish.inputs, {plan.name: finish.outputs["value"]})
            body = emit(graph, order, bound, names, self.sizes, buffered=False)
            lines += [line for statement in body.statements for line in statement.lines]
            results |= body.results
        return [*lines, *mapping(results.items())]

    # ---------------------------------------------------------------- their parts

    def _plain(self, graph: Graph) -> list[str]:
        """A function that computes the graph and returns its outputs by name."""
        names = Names(self.taken)
        bound = self._bound(graph, names)
        order = schedule(graph, self.step.network.span)
        body = emit(graph, order, bound, names, self.sizes, buffered=False, said=self.said)
        return [*self._head(graph, body, bound), *self._sections(body), "", *mapping(body.results.items())]

    def _bound(self, graph: Graph, names: Names) -> dict[Node, ast.expr]:
        """What the graph's inputs are called in the function's body, and large constants in the module."""
        bound: dict[Node, ast.expr] = {}
        scalars = {STEP: name("step"), SEED: name("seed"), ROW: name("row")}
        for key, node in graph.inputs.items():
            if key in scalars:
                bound[node] = scalars[key]
            elif key in self.parameters:
                bound[node] = name(self.parameters[key])
            else:
                bound[node] = name(names.unique(_parameter(key)))
        bound |= self._large_constants(graph)
        names.taken.update(self.constants.values())
        return bound

    def _large_constants(self, graph: Graph) -> dict[Node, ast.expr]:
        """Constant arrays that are too large for a line."""
        constants = (node for node in graph.nodes if node.op == "constant")
        return {n: self._constant(n) for n in constants if n.type.rank > 1 or np.size(n.attributes["value"]) > SMALL}

    def _constant(self, node: Node) -> ast.expr:
        text = numpy_array(np.asarray(node.attributes["value"]))
        if text.startswith("np.arange"):
            return parse(text)
        if text not in self.constants:
            names = Names([*self.taken, *self.constants.values()])
            self.constants[text] = names.unique(identifier(node.name or node.origin.name or "constant").upper())
        return name(self.constants[text])

    def _head(
        self, graph: Graph, body: Body, bound: Mapping[Node, ast.expr], work: Sequence[str] = ()
    ) -> Iterator[str]:
        """Sizes as local names, the shapes of the arguments, and states as local names, as far as they are used."""
        shapes = self._shapes(graph)
        used = {read for statement in body.statements for read in statement.reads}
        used |= {part.id for tree in body.results.values() for part in ast.walk(tree) if isinstance(part, ast.Name)}
        used |= {self.sizes[symbol] for symbol in self._buffer_sizes(body)} if work else set()
        used |= {self.sizes[symbol] for shape in shapes.values() for symbol in _symbols(shape)}
        for symbol, local in self.sizes.items():
            if local in used:
                yield f"{local} = {self._measure(graph, symbol, self.parameters)}"
        for key, shape in shapes.items():
            local = self.parameters[key]
            dtype = parse(NUMPY_NAMES[graph.inputs[key].type.dtype])
            converted = call("as_array", ast.Constant(local), name(local), dtype, self._lengths(shape))
            yield from assignment(local, converted)
        yield from work
        if body.fixed:
            yield f"{', '.join(body.fixed)} = {', '.join(show(item(name('work'), key)) for key in body.fixed)}"
        states = [key for key in graph.inputs if key not in self.parameters and not key.startswith("nndsl.")]
        local_names = {key: show(bound[graph.inputs[key]]) for key in states}
        kept = [key for key in states if local_names[key] in used]
        for _, group in groupby(kept, key=lambda key: _parameter(key).rpartition(".")[0]):
            keys = list(group)
            values = {key: show(item(name("state"), key)) for key in keys}
            line = f"{', '.join(local_names[key] for key in keys)} = {', '.join(values.values())}"
            if len(line) + len(INDENT) <= WIDTH:
                yield line
            else:
                yield from (f"{local_names[key]} = {values[key]}" for key in keys)

    def _shapes(self, graph: Graph) -> dict[str, Shape]:
        """The shapes of a graph's inputs and targets, as far as their sizes can be told from the arrays."""
        known = {s for node in graph.inputs.values() for d in node.shape for s in [_alone(d)] if s is not None}
        shapes = {key: node.shape for key, node in graph.inputs.items() if key in self.parameters}
        return {key: shape for key, shape in shapes.items() if known >= _symbols(shape)}

    def fit_sizes(self) -> list[str]:
        """What `fit` gives `workspace`: the size of its batches, and other sizes as its examples have them."""
        inputs = {key: f"examples[{quote(local)}]" for key, local in self.parameters.items()}
        return [
            "batch_size" if local == "batch" else self._measure(self.step.gradients, symbol, inputs)
            for symbol, local in self.sizes.items()
            if symbol in self.workspace_sizes
        ]

    def _measure(self, graph: Graph, symbol: str, arrays: Mapping[str, str]) -> str:
        """A symbolic size, from the first input that has an axis of it (or of a multiple of it)."""
        for key, node in graph.inputs.items():
            for axis, size in enumerate(node.shape):
                if not isinstance(size, Size) or key not in arrays or len(size.terms) != 1:
                    continue
                ((atoms, factor),) = size.terms
                if atoms == (symbol,):
                    length = f"np.shape({arrays[key]})[{axis}]" if axis else f"len({arrays[key]})"
                    return length if factor == 1 else f"{length} // {factor}"
        raise ValueError(f"no input has an axis of size {symbol!r}")

    def _sections(self, body: Body, *, phases: bool = False) -> list[str]:
        lines: list[str] = []
        phase = "forward" if not phases else ""
        for section, statements in groupby(body.statements, key=lambda statement: statement.section):
            lines.append("")
            if section.phase != phase:
                phase = section.phase
                lines += [f"# {'-' * 20} {phase}", ""]
            lines += [f"# {line}" for line in title(section)]
            lines += [line for statement in statements for line in statement.lines]
        return lines

    def _buffer_sizes(self, body: Body) -> list[str]:
        """The symbolic sizes that a workspace's arrays have."""
        symbols = {s for life in body.buffers for d in life.type.shape if isinstance(d, Size) for s in d.symbols}
        return [symbol for symbol in self.sizes if symbol in symbols or (symbol == str(BATCH) and body.fixed)]

    def _work_checks(self, body: Body) -> Iterator[str]:
        """Calls that compare the sizes of a workspace with the batch's, each by the first array that has it."""
        known: set[str] = set()
        shapes = dict.fromkeys(body.fixed, (BATCH,)) | {life.name: life.type.shape for life in body.buffers}
        for key, shape in shapes.items():
            if _symbols(shape) - known:
                known |= _symbols(shape)
                yield show(call("check_work", name("work"), ast.Constant(key), self._lengths(shape)))

    def _lengths(self, shape: Shape) -> ast.expr:
        return ast.Tuple([dim(size, self.sizes) for size in shape])

    def _workspace(self, body: Body) -> list[str]:
        owners = share(body.buffers)
        own = [life for life in body.buffers if owners[life.name] == life.name]
        entries = list(body.fixed.items())
        for life in own:
            array = call("np.empty", self._lengths(life.type.shape), parse(NUMPY_NAMES[life.type.dtype]))
            entries.append((life.name, array))
        shared = [(quote(life.name), owners[life.name]) for life in body.buffers if owners[life.name] != life.name]
        if not shared:
            return mapping(entries)
        lines = mapping(entries, before="work = ")
        lines += ["# When these are written to, what they overwrite has been read for the last time."]
        lines += [f"work[{key}] = work[{quote(owner)}]" for key, owner in shared]
        return [*lines, "return work"]


def _symbols(shape: Shape) -> set[str]:
    return {symbol for size in shape if isinstance(size, Size) for symbol in size.symbols}


def _alone(size: Dim) -> str | None:
    """The symbol that a size is a multiple of, so that it can be told from the size."""
    if not isinstance(size, Size) or len(size.terms) != 1:
        return None
    ((atoms, _),) = size.terms
    return atoms[0] if len(atoms) == 1 and isinstance(atoms[0], str) else None


def _parameter(key: str) -> str:
    """A state's name, an average going by that of its parameter: no graph but the update's takes both."""
    return key.removesuffix(f".{EMA}")


def _without_origin(node: Node) -> Node:
    return node if node.op == "input" else replace(node, origin=Origin())


def names_said(step: Step) -> frozenset[str]:
    """Every name that the program gives a value, and those of inputs, states and the loss."""
    said = {"loss", *step.gradients.inputs, *step.predict.outputs}
    network = step.network
    stack: list[Term] = [output.term for output in network.outputs]
    stack += [loss.term for loss in network.losses] + [metric.term for metric in network.metrics]
    seen = set(stack)
    while stack:
        term = stack.pop()
        if isinstance(term, Apply):
            said.add(term.name)
            found = [operand for operand in operands(term) if operand not in seen]
            seen.update(found)
            stack += found
    return frozenset(said - {""})
