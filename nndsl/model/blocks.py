"""Blocks and shared layers: bodies that are unfolded where they are used, with the names of their layers."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from nndsl.errors.calls import BlockCallsItself, NoValue
from nndsl.errors.names import NotRebindable
from nndsl.errors.shapes import SizeSharesName
from nndsl.errors.static import TooDeep
from nndsl.library.registry import Composite, lookup
from nndsl.model.calls import bind
from nndsl.model.evaluate import Evaluator
from nndsl.model.expectations import expectations, of_block
from nndsl.model.naming import Kind, Plan, bound_names, join, kind_of, numbered, ordinals
from nndsl.model.network import Layer
from nndsl.model.scope import REBINDABLE, ROLES, Entry, Environment, Made, Place, Role, Statement
from nndsl.model.values import POISON, BlockValue, Found, Given, Shared, Value, Word, has_term
from nndsl.model.work import Exhausted, Work
from nndsl.source import Span
from nndsl.syntax import tree

DEEPEST = 32
"""How many blocks may be unfolded within each other."""


@dataclass
class Body:
    """A body that is being run."""

    environment: Environment
    ordinals: Mapping[int, int]
    iterations: tuple[int, ...] = ()
    made: Made | None = None
    name: str = ""
    """The program's name for the result, "" where it has none."""
    result: Value | None = None
    returned: bool = False


class Blocks(Evaluator):
    """Uses blocks and shared layers."""

    def __init__(self, work: Work):
        super().__init__(work)
        self.contents: dict[int, tuple[Mapping[int, int], Mapping[str, Span]]] = {}

    @abstractmethod
    def run(self, statements: Sequence[tree.Statement], body: Body) -> None:
        """Run the statements of a body; errors are reported."""

    # ---------------------------------------------------------------- names

    def bind_name(self, name: tree.Name, value: Value, role: Role, body: Body, path: str) -> None:
        """Give a name its value; raises `Found` where it may not be bound."""
        environment = body.environment
        first = environment.names.get(name.text)
        if first is not None and first.role not in REBINDABLE:
            raise Found(NotRebindable(name.span, name.text, ROLES[first.role], first.span))
        known = environment.file.names.get(name.text)
        if known is not None:
            kind = "a const" if isinstance(known.tree, tree.Const) else "a block"
            raise Found(NotRebindable(name.span, name.text, kind, known.tree.name.span))
        if name.text in environment.sizes:
            raise Found(SizeSharesName(environment.sizes[name.text], name.text, ROLES[role], name.span))
        environment.names[name.text] = Entry(value, role, name.span, path)

    def path(self, name: tree.Name, body: Body) -> str:
        """What the layers of a binding are called after."""
        own = numbered(name.text, body.ordinals.get(name.span.start, 1))
        return join(body.environment.prefix, own, *map(str, body.iterations))

    def place(self, statement: Statement, path: str, body: Body, *values: tree.Expression, result: str = "") -> Place:
        """Where a statement's expressions stand."""
        plan = cache(lambda: Plan(values, lambda name: self.kind(name, body.environment, statement)))
        return Place(body.environment, statement, path, plan, (), body.made, result)

    def kind(self, name: tree.Name, environment: Environment, statement: Statement) -> Kind | None:
        """What a callee of this name would make, as far as its name tells."""
        entry = environment.names.get(name.text)
        value = entry.value if entry is not None else None
        if value is None or has_term(value):
            known = environment.file.names.get(name.text)
            if known is not None and isinstance(known.tree, tree.Block):
                return Kind("block", name.text)
            value = self.global_value(name.text, environment) if known is not None else Word(name.text)
        if isinstance(value, BlockValue):
            return Kind("block", value.name)
        if not isinstance(value, Word):
            return None
        composite = lookup(value.name, "metric" if statement == "metric" else "expression")
        return kind_of(composite) if composite is not None else None

    # ---------------------------------------------------------------- blocks

    def unfold(
        self, block: BlockValue, callee: tree.Expression, given: Sequence[Given], span: Span, place: Place
    ) -> Value:
        """Run a block's body: every use makes its layers anew, unless the use is one of a shared block's."""
        prefix = place.layer_name(callee, block.name)
        bound = self.bound(block.name, of_block(block.tree), given, span)
        return self.run_block(block, bound, {}, span, place, prefix)

    def run_block(
        self,
        block: BlockValue,
        bound: Mapping[str, Any],
        fixed: Mapping[str, Value],
        span: Span,
        place: Place,
        prefix: str,
        use: int = 0,
    ) -> Value:
        calls = place.environment.calls
        open_ = [index for index, other in enumerate(calls) if other is block.tree]
        if open_:
            path = " uses ".join([*(other.name.text for other in calls[open_[0] :]), block.name])
            raise Found(BlockCallsItself(span, block.name, path))
        if len(calls) >= DEEPEST:
            raise Exhausted(TooDeep(span))
        self.work.spend(10, span)
        used = use or place.environment.use
        numbers, later = self.content(block.tree)
        environment = Environment(block.file, "block", {}, {}, later, prefix, used, (*calls, block.tree))
        body = Body(environment, numbers, made=place.made, name=place.result)
        for parameter in block.tree.parameters:
            name = parameter.name.text
            if name in fixed:
                value = fixed[name]
            elif name in bound:
                value = self.plain(bound[name])
            else:
                assert parameter.default is not None
                value = self.evaluate(parameter.default, self.place("static", prefix, body))
            environment.names[name] = Entry(value, "parameter", parameter.name.span)
        self.run(block.tree.body, body)
        if not body.returned:
            raise Found(NoValue(block.tree.name.span, block.name, span))
        return body.result

    def content(self, block: tree.Block) -> tuple[Mapping[int, int], Mapping[str, Span]]:
        """The ordinals of a block's bindings and the names that it binds, worked out once."""
        if id(block) not in self.contents:
            self.contents[id(block)] = ordinals(block.body), bound_names(block.body)
        return self.contents[id(block)]

    # ---------------------------------------------------------------- shared layers

    def share(self, shared: Shared, given: Sequence[Given], span: Span, place: Place) -> Value:
        """Use a shared layer or block: its layers are made once, each use draws its own random numbers."""
        callee = shared.callee
        parameters = of_block(callee.tree) if isinstance(callee, BlockValue) else expectations(callee)
        rest = [e for e in parameters if e.name not in shared.arguments]
        bound = self.bound(shared.name, rest, given, span)
        shared.uses += 1
        inside = replace(place, statement="binding", path=shared.path, plan=None, repeats=(), made=shared.made)
        if isinstance(callee, BlockValue):
            prefix = join(shared.path, callee.name)
            return self.run_block(callee, bound, shared.arguments, span, inside, prefix, shared.uses)
        kind = kind_of(callee)
        key = (shared.path, kind.group if kind is not None else "plain")
        if key not in shared.made:
            shared.made[key] = Layer(shared.path, callee, shared.span)
            self.work.register(shared.made[key], key[1])
        layer = shared.made[key]
        inside = replace(inside, result=place.result)
        return self.applied(callee, rest, bound, shared.arguments, layer, span, inside, use=shared.uses)

    def make_shared(
        self,
        name: str,
        path: str,
        callee: Composite | BlockValue,
        given: Sequence[Given],
        span: Span,
        place: Place,
    ) -> Value:
        """A layer or block with its arguments; what it is applied to comes with each use."""
        parameters = of_block(callee.tree) if isinstance(callee, BlockValue) else expectations(callee)
        later = [e for e in parameters if e.positional][:1]
        bound = bind(callee.name, [e for e in parameters if e not in later], given, span)
        inside = replace(place, path=path, plan=None)
        arguments, _ = self.arguments(callee.name, parameters, bound, inside)
        if POISON in arguments.values():
            return POISON
        shared = Shared(name, path, callee, arguments, span)
        self.work.shared.append(shared)
        return shared
