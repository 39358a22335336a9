"""Running composites on graph values: what checking does to learn a type, and lowering to build the graph.

    Collected   the states and penalties that layers have asked for, by name
    Scope       the `LayerBuilder` of one application of one layer
    Graphing    terms -> graph values, by calling the composites they apply

Checking gives every application a scratch `Builder` with fresh inputs; lowering uses one builder for the whole model.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field, replace
from typing import Any

from nndsl.graph.builder import Builder, Value
from nndsl.graph.node import PRIMITIVES, Origin, Phase
from nndsl.graph.sizes import is_static, show_shape
from nndsl.graph.types import Shape, TensorType, TypeMismatch
from nndsl.library.arguments import Initial, Rule
from nndsl.library.building import State
from nndsl.library.initializers import require_fit
from nndsl.library.registry import CONSTRAINTS, REGULARIZERS, Composite
from nndsl.model.network import Apply, Balanced, Closure, Hole, Input, Number, Term
from nndsl.ops.helpers import site_number

STEP, SEED, ROW = "nndsl.step", "nndsl.seed", "nndsl.row"
"""Graph inputs of what is random: scalars `i64`."""

SCALAR = TensorType("i64", ())


class UnknownSize(TypeMismatch):
    """A state whose shape depends on free sizes that have no value yet."""

    def __init__(self, state: str, shape: Shape):
        super().__init__(f"`{state}` would have the shape {show_shape(shape)}, which is not known yet")
        self.state = state
        self.shape = shape


class SharedShape(TypeMismatch):
    """A shared layer's parameter that a later use needs in another shape."""

    def __init__(self, state: State, shape: Shape):
        super().__init__(
            f"`{state.name}` is {show_shape(state.shape)} from its first use, and {show_shape(shape)} here"
        )
        self.state = state
        self.shape = shape


@dataclass
class Collected:
    """What the layers of a model have asked for.

    - `states`: parameters and statistics by name, in the order of creation.
    - `fits`: for a statistic that is fitted, the values that it is fitted to (of the builder that was in use).
    - `updates`: what statistics become after a training step, by name.
    - `penalties`: scalars to add to the loss, besides the `l1` and `l2` of the states.
    """

    states: dict[str, State] = field(default_factory=dict)
    fits: dict[str, Value] = field(default_factory=dict)
    updates: dict[str, Value] = field(default_factory=dict)
    penalties: list[Value] = field(default_factory=list)


class Scope:
    """The `LayerBuilder` of one application: names what the layer asks for after `layer`, and collects it.

    `use` counts the uses of a shared layer from 1; it is 0 for a layer that is used once. Uses share parameters and
    statistics, but each draws its own random numbers.
    """

    def __init__(self, graph: Builder, layer: str, collected: Collected, *, training: bool = True, use: int = 0):
        self.graph = graph
        self.layer = layer
        self.collected = collected
        self.training = training
        self.site = f"{layer}.use_{use}" if use else layer
        self.draws = 0

    def parameter(
        self,
        name: str,
        shape: Shape,
        init: Initial,
        *,
        trainable: bool = True,
        l1: float = 0,
        l2: float = 0,
        regularizer: Rule | None = None,
        constraint: Rule | None = None,
    ) -> Value:
        full = f"{self.layer}.{name}"
        if not trainable:
            l1, l2, regularizer = 0, 0, None  # as in Keras: only what is trained is regularised
        require_fit(init, full, self._static(full, shape))
        own = State(full, self._static(full, shape), "parameter", init, trainable, l1, l2)
        value = self._state(replace(own, constraint=constraint, regularizer=regularizer))
        for rule, table in ((constraint, CONSTRAINTS), (regularizer, REGULARIZERS)):
            if rule is not None:
                table[rule.name].function(value, **rule.arguments)  # it must be able to work on this
        return value

    def fitted(self, name: str, shape: Shape, init: Initial, *, fit: str, values: Value) -> Value:
        full = f"{self.layer}.{name}"
        self.collected.fits.setdefault(full, values)
        return self._state(State(full, self._static(full, shape), "statistic", init, trainable=False, fit=fit))

    def statistic(self, name: str, shape: Shape, init: Initial) -> Value:
        full = f"{self.layer}.{name}"
        state = self._state(State(full, self._static(full, shape), "statistic", init, trainable=False))
        return self.collected.updates.get(full, state)  # a later use of a shared layer goes on from an earlier one's

    def update(self, name: str, value: Value) -> None:
        self.collected.updates[f"{self.layer}.{name}"] = value

    def uniform(self, shape: Shape) -> Value:
        """Random numbers of this use: the second draw of a layer gets a site of its own."""
        self.draws += 1
        name = self.site if self.draws == 1 else f"{self.site}.{self.draws}"
        operands = [self.graph.input(source, SCALAR) for source in (SEED, STEP, ROW)]
        return self.graph.apply(PRIMITIVES["random_uniform"], operands, {"shape": shape, "site": site_number(name)})

    def penalize(self, value: Value) -> None:
        self.collected.penalties.append(value)

    def _static(self, name: str, shape: Shape) -> tuple[int, ...]:
        if not is_static(shape):
            raise UnknownSize(name, shape)
        return tuple(dim for dim in shape if isinstance(dim, int))

    def _state(self, state: State) -> Value:
        made = self.collected.states.setdefault(state.name, state)
        if made.shape != state.shape:
            raise SharedShape(made, state.shape)
        return self.graph.input(made.name, TensorType("f32", made.shape))


def call_composite(composite: Composite, b: Scope, arguments: Mapping[str, Any]) -> Any:
    """The composite's result on graph values; `arguments` by the names that programs use (`from`, not `from_`): graph
    values (tuples of them for `*xs`) for tensors, a function for an activation, else static values.

    Raises `TypeMismatch` where operands do not fit.
    """
    positional: list[Any] = [b] if composite.takes_builder else []
    keywords: dict[str, Any] = {}
    for parameter in composite.parameters:
        name = parameter.name.rstrip("_")
        if name not in arguments:
            continue
        argument = arguments[name]
        if isinstance(argument, Balanced):
            weights, ones = (argument.classes,), Initial("ones", {})
            values = arguments[argument.target]
            argument = b.fitted("class_weights", weights, ones, fit="class_weights", values=values)
        if parameter.kind is parameter.VAR_POSITIONAL:
            positional += [*keywords.values(), *argument]
            keywords = {}
        elif parameter.kind is parameter.POSITIONAL_ONLY:
            positional.append(argument)
        else:
            keywords[parameter.name] = argument
    return composite.function(*positional, **keywords)


class Graphing:
    """Builds terms into one graph: the value of each term is made once, its operands first, without recursion.

    `values` may be filled beforehand: with holes and with terms whose value is known already.
    """

    def __init__(self, graph: Builder, collected: Collected, *, training: bool = True, phase: Phase = "forward"):
        self.graph = graph
        self.collected = collected
        self.training = training
        self.phase = phase
        self.values: MutableMapping[Term, Any] = {}

    def value(self, term: Term) -> Any:
        """The graph value of a term; what a composite returned (`Accumulated` for a metric) if it applies one."""
        stack = [term]
        while stack:
            current = stack[-1]
            if current in self.values:
                stack.pop()
                continue
            missing = [operand for operand in operands(current) if operand not in self.values]
            if missing:
                stack.extend(reversed(missing))
            else:
                self.values[current] = self._build(current)
                stack.pop()
        return self.values[term]

    def _build(self, term: Term) -> Any:
        if isinstance(term, Apply):
            return self.apply(term)
        if isinstance(term, Number):
            return self.graph.constant(term.value, term.type.dtype)
        if isinstance(term, Hole):
            raise LookupError("a closure's hole has no value here")
        return self.graph.input(term.declared.name if isinstance(term, Input) else term.name, term.type)

    def apply(self, term: Apply) -> Any:
        """Call the term's composite; its operands have their values."""
        scope = Scope(self.graph, term.layer.name, self.collected, training=self.training, use=term.use)
        arguments = {name: self._argument(value) for name, value in term.arguments.items()}
        with self.graph.at(Origin(term.layer.name, term.span, self.phase)):
            result = call_composite(term.composite, scope, arguments)
            if term.part is not None:
                result = result[term.part]
            return result.named(term.name) if term.name and isinstance(result, Value) else result

    def _argument(self, argument: Any) -> Any:
        if isinstance(argument, tuple) and argument and isinstance(argument[0], Term):
            return tuple(self.values[item] for item in argument)
        if isinstance(argument, Closure):
            return self._function(argument)
        return self.values[argument] if isinstance(argument, Term) else argument

    def _function(self, closure: Closure) -> Callable[[Value], Value]:
        def function(x: Value) -> Value:
            hole = Hole(x.type)
            inside = Graphing(self.graph, self.collected, training=self.training, phase=self.phase)
            # What is inside depends on this argument, so it is not kept for the next one.
            inside.values = ChainMap({hole: x}, self.values)
            value: Value = inside.value(closure.apply(hole))
            return value

        return function


def operands(term: Term) -> Iterator[Term]:
    """The terms that this one is applied to (not what its closures will be applied to)."""
    if isinstance(term, Apply):
        for argument in term.arguments.values():
            for item in argument if isinstance(argument, tuple) else (argument,):
                if isinstance(item, Term):
                    yield item
