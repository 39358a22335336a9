"""Bodies: the statements of models and blocks in order, blocks unfolded where they are used, shared layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from nndsl.diagnostics import Edit
from nndsl.errors.names import (
    AssertFails,
    BlockCallsItself,
    Misplaced,
    NeedsAlias,
    NotRebindable,
    NoValue,
    ReservedName,
    TooDeep,
    WrongCount,
    WrongValue,
)
from nndsl.errors.shapes import AxesLeft, SizeSharesName
from nndsl.graph.sizes import show_shape
from nndsl.library.registry import Composite, lookup
from nndsl.model.calls import bind, tensor
from nndsl.model.evaluate import OPERAND, Evaluator
from nndsl.model.expectations import expectations, of_block
from nndsl.model.naming import Kind, Plan, join, kind_of, numbered, ordinals
from nndsl.model.network import Input, Layer, LossSpec, MetricSpec, Number, OutputSpec, Term
from nndsl.model.program import Global
from nndsl.model.scope import REBINDABLE, ROLES, Entry, Environment, Made, Place, Role
from nndsl.model.values import (
    POISON,
    BlockValue,
    Found,
    Given,
    Shared,
    Value,
    Word,
    describe,
    has_term,
    is_poisoned,
    is_tensor,
)
from nndsl.model.work import Work
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
    result: Value | None = None
    returned: bool = False


@dataclass
class Purpose:
    """What a model is for: its outputs, losses and metrics so far, and the uses of its shared layers."""

    outputs: dict[str, OutputSpec] = field(default_factory=dict)
    losses: list[LossSpec] = field(default_factory=list)
    metrics: dict[str, MetricSpec] = field(default_factory=dict)
    shared: list[Shared] = field(default_factory=list)
    failed: set[str] = field(default_factory=set)
    """Kinds of statements that errors took away, so that their lack is no other error."""


class Bodies(Evaluator):
    """Runs statements."""

    def __init__(self, work: Work, inputs: Mapping[int, Input]):
        super().__init__(work)
        self.inputs = inputs
        """Declared inputs and targets, by where their names stand."""
        self.purpose = Purpose()

    def run(self, statements: Sequence[tree.Statement], body: Body) -> None:
        for statement in statements:
            self.work.spend(1, statement.span)
            try:
                self.statement(statement, body)
            except Found as found:
                self.work.report(found.diagnostic)
                self.lose(statement, body)

    def statement(self, statement: tree.Statement, body: Body) -> None:
        match statement:
            case tree.Binding():
                self.binding(statement, body)
            case tree.Declaration():
                self.declaration(statement, body)
            case tree.SharedLayer():
                self.shared_layer(statement, body)
            case tree.Output() | tree.Loss() | tree.Metric() if body.environment.kind == "block":
                kind = type(statement).__name__.lower()
                reason = "a block gives its values with `return`; the model says what they are for"
                raise Found(Misplaced(head(statement), f"`{kind}`", "in a block", reason))
            case tree.Output():
                self.output(statement, body)
            case tree.Loss():
                self.loss(statement, body)
            case tree.Metric():
                self.metric(statement, body)
            case tree.For():
                self.loop(statement, body)
            case tree.Assert():
                self.assertion(statement, body)
            case tree.Return():
                self.give_back(statement, body)

    def lose(self, statement: tree.Statement, body: Body) -> None:
        """After an error, the names that a statement would have bound are known but have no value."""
        names: Sequence[tree.Name] = ()
        match statement:
            case tree.Binding():
                names = statement.names
            case tree.SharedLayer() | tree.Output():
                names = (statement.name,)
            case _:
                pass
        for name in names:
            if name.text not in body.environment.names:
                body.environment.names[name.text] = Entry(POISON, "value", name.span)
        self.purpose.failed.add(type(statement).__name__.lower())

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

    def place(self, statement: Any, path: str, body: Body, *values: tree.Expression, result: str = "") -> Place:
        plan = Plan(values, lambda name: self.kind(name, body.environment, statement))
        return Place(body.environment, statement, path, plan, (), body.made, result)

    def kind(self, name: tree.Name, environment: Environment, statement: str) -> Kind | None:
        """What a callee of this name would make, as far as its name tells."""
        entry = environment.names.get(name.text)
        value = entry.value if entry is not None else None
        if value is None or has_term(value):
            known: Global | None = environment.file.names.get(name.text)
            if known is not None and isinstance(known.tree, tree.Block):
                return Kind("block", name.text)
            value = self.global_value(name.text, environment) if known is not None else Word(name.text)
        if isinstance(value, BlockValue):
            return Kind("block", value.name)
        if not isinstance(value, Word):
            return None
        composite = lookup(value.name, "metric" if statement == "metric" else "expression")
        return kind_of(composite) if composite is not None else None

    # ---------------------------------------------------------------- bindings

    def binding(self, statement: tree.Binding, body: Body) -> None:
        path = self.path(statement.names[0], body)
        single = len(statement.names) == 1
        place = self.place("binding", path, body, statement.value, result=path if single else "")
        value = self.evaluate(statement.value, place)
        values: Sequence[Value] = (value,)
        if not single:
            values = (POISON,) * len(statement.names)
            if value is not POISON:
                values = self.split(statement, value)
        for name, part in zip(statement.names, values, strict=True):
            self.bind_name(name, part, "value", body, path)

    def split(self, statement: tree.Binding, value: Value) -> Sequence[Value]:
        count = len(statement.names)
        if isinstance(value, tuple) and len(value) == count:
            return value
        values = f"{len(value)} values" if isinstance(value, tuple) else "1 value"
        raise Found(WrongCount(statement.value.span, count, values, f"this is {describe(value)}"))

    def declaration(self, statement: tree.Declaration, body: Body) -> None:
        if body.environment.kind == "block" or body.iterations:
            where = "in a block" if body.environment.kind == "block" else "in a loop"
            reason = f"{statement.kind}s belong at the top of a model"
            raise Found(Misplaced(head(statement), f"`{statement.kind}`", where, reason))
        role: Role = "input" if statement.kind == "input" else "target"
        first = body.environment.names.get(statement.name.text)
        if first is not None:
            raise Found(NotRebindable(statement.name.span, statement.name.text, ROLES[first.role], first.span))
        value = self.inputs.get(statement.name.span.start, POISON)
        self.bind_name(statement.name, value, role, body, statement.name.text)

    def shared_layer(self, statement: tree.SharedLayer, body: Body) -> None:
        path = self.path(statement.name, body)
        place = self.place("layer", path, body)
        expression, value = statement.value, POISON
        call = expression if isinstance(expression, tree.Call) else None
        function = call.function if call is not None else expression
        if isinstance(function, tree.Name):
            value = self.callee(function, body.environment)
        composite = lookup(value.name) if isinstance(value, Word) else None
        callee: Composite | BlockValue | None = value if isinstance(value, BlockValue) else composite
        if value is POISON and isinstance(function, tree.Name):
            callee = None
        elif callee is None or (
            isinstance(callee, Composite) and callee.kind not in ("layer", "activation", "function")
        ):
            expects = "one layer or block with its arguments, such as dense(64, relu)"
            shown = "several layers" if isinstance(expression, tree.Pipe) else "something else"
            advice = (
                "to share several layers, write a block of them: layer NAME = my_block()" if shown[:3] == "sev" else ""
            )
            raise Found(WrongValue(expression.span, "a shared layer", expects, shown, advice))
        shared: Value = POISON
        if callee is not None:
            arguments = [Given(a.name, a.span, a.value, place) for a in call.arguments] if call is not None else []
            shared = self.make_shared(statement.name.text, path, callee, arguments, expression.span, place)
        self.bind_name(statement.name, shared, "layer", body, path)

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
        if any(map(is_poisoned, arguments.values())):
            return POISON
        shared = Shared(name, path, callee, arguments, span)
        self.purpose.shared.append(shared)
        return shared

    # ---------------------------------------------------------------- what a model is for

    def output(self, statement: tree.Output, body: Body) -> None:
        name = statement.name
        if name.text == "loss":
            raise Found(ReservedName(name.span, "an output", "loss", "the reported loss is called so"))
        first = self.purpose.outputs.get(name.text)
        if first is not None:
            raise Found(NotRebindable(name.span, name.text, ROLES["output"], first.span))
        if statement.value is None:
            value, path, span = self.name(name, body.environment), "", name.span
        else:
            path, span = self.path(name, body), statement.value.span
            value = self.evaluate(statement.value, self.place("output", path, body, statement.value, result=path))
        entry = body.environment.names.get(name.text)
        if statement.value is None and entry is not None:
            body.environment.names[name.text] = replace(entry, role="output", span=name.span)
        else:
            self.bind_name(name, value, "output", body, path)
        if is_poisoned(value):
            self.purpose.failed.add("output")
            return
        if not is_tensor(value) or isinstance(value, Number):
            raise Found(WrongValue(span, "an output", "a tensor", describe(value)))
        self.purpose.outputs[name.text] = OutputSpec(name.text, value, name.span)

    def loss(self, statement: tree.Loss, body: Body) -> None:
        alias = statement.alias.text if statement.alias else ""
        path = f"loss.{alias}" if alias else numbered("loss", 1 + sum(not loss.name for loss in self.purpose.losses))
        first = next((loss for loss in self.purpose.losses if alias and loss.name == alias), None)
        if first is not None and statement.alias is not None:
            free = next(
                n for n in (f"{alias}_{i}" for i in range(2, 10**6)) if n not in {x.name for x in self.purpose.losses}
            )
            raise Found(NeedsAlias(statement.alias.span, "losses", alias, first.span, edit_alias(statement, free)))
        value = self.evaluate(statement.value, self.place("loss", path, body, statement.value))
        term = self.reported(value, statement.value, "loss")
        if term is not None:
            self.purpose.losses.append(LossSpec(alias, term, statement.value.span))

    def metric(self, statement: tree.Metric, body: Body) -> None:
        name = statement.alias.text if statement.alias else function_name(statement.value)
        where = statement.alias.span if statement.alias else statement.value.span
        if name == "":
            expects = "named after its function, or by `as NAME`"
            end = Span(where.source, where.end, where.end)
            advice = "name it", Edit(end, " as NAME")
            raise Found(WrongValue(where, "a metric", expects, "an expression without one name", *advice))
        if name == "loss":
            raise Found(ReservedName(where, "a metric", "loss", "the reported loss is called so"))
        first = self.purpose.metrics.get(name)
        if first is not None:
            taken = {*self.purpose.metrics, name}
            free = next(f"{name}_{i}" for i in range(2, 10**6) if f"{name}_{i}" not in taken)
            raise Found(NeedsAlias(where, "metrics", name, first.span, edit_alias(statement, free)))
        value = self.evaluate(statement.value, self.place("metric", name, body, statement.value))
        term = self.reported(value, statement.value, "metric")
        if term is not None:
            self.purpose.metrics[name] = MetricSpec(name, term, statement.value.span)

    def reported(self, value: Value, expression: tree.Expression, what: str) -> Term | None:
        """The term of a loss or metric: one number an example, or one for the batch."""
        if is_poisoned(value):
            self.purpose.failed.add(what)
            return None
        if not is_tensor(value) or isinstance(value, Number):
            raise Found(WrongValue(expression.span, f"a {what}", "calculated from tensors", describe(value)))
        term = tensor(value, OPERAND, what, expression.span)
        if term in self.work.epochs or not term.type.shape[1 if term.type.batched else 0 :]:
            return term
        text = expression.span.text
        edit = Edit(expression.span, f"mean({text})")
        raise Found(AxesLeft(expression.span, what, show_shape(term.type.shape), edit))

    # ---------------------------------------------------------------- loops, assertions, blocks

    def loop(self, statement: tree.For, body: Body) -> None:
        place = self.place("static", "", body)
        remedy = "it decides how many layers there are; lists, range(…), zip(…) and x.shape are known"
        values = self.static_list(statement.iterable, place, "what `for` runs through", remedy)
        if values is None:
            for name in bound_names(statement):
                if name.text not in body.environment.names:
                    body.environment.names[name.text] = Entry(POISON, "value", name.span)
            return
        outer = body.iterations
        for count, value in enumerate(values):
            body.iterations = (*outer, count)
            parts = (count, value) if len(statement.names) == 2 else (value,)
            for name, part in zip(statement.names, parts, strict=True):
                self.bind_name(name, part, "value", body, "")
            self.run(statement.body, body)
        body.iterations = outer

    def static_list(self, expression: tree.Expression, place: Place, what: str, remedy: str) -> Sequence[Value] | None:
        """The values of a list (which may be tensors), or None after an error."""
        value = self.evaluate(expression, place)
        if isinstance(value, tuple):
            return value
        value = (
            POISON if value is POISON else self.static(expression, place, what, remedy) if is_tensor(value) else value
        )
        if value is not POISON:
            self.work.report(WrongValue(expression.span, what, "a list", describe(value)))
        return None

    def assertion(self, statement: tree.Assert, body: Body) -> None:
        place = self.place("static", "", body)
        remedy = "only what is known while compiling can be checked then"
        value = self.static(statement.condition, place, "the condition of `assert`", remedy)
        if value is POISON:
            return
        if not isinstance(value, bool):
            where = statement.condition.span
            raise Found(WrongValue(where, "the condition of `assert`", "true or false", describe(value)))
        message: Value = f"the assertion `{statement.condition.span.text}` does not hold"
        if statement.message is not None:
            said = self.evaluate(statement.message, place)
            message = said if isinstance(said, str) else message
        if not value:
            raise Found(AssertFails(statement.condition.span, message))

    def give_back(self, statement: tree.Return, body: Body) -> None:
        if body.environment.kind == "model":
            raise Found(Misplaced(head(statement), "`return`", "in a model", "a model gives its values with `output`"))
        if body.iterations:
            raise Found(Misplaced(head(statement), "`return`", "in a loop", "it stands at the end of a block"))
        if body.returned:
            raise Found(Misplaced(head(statement), "a second `return`", "in a block", "the block has returned"))
        path = body.environment.prefix
        place = self.place("binding", path, body, *statement.values)
        values = tuple(self.evaluate(value, place) for value in statement.values)
        body.result, body.returned = values[0] if len(values) == 1 else values, True

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
        if block.tree in calls:
            path = " uses ".join([b.name.text for b in calls[calls.index(block.tree) :]] + [block.name])
            raise Found(BlockCallsItself(span, block.name, path))
        if len(calls) >= DEEPEST:
            raise Found(TooDeep(span))
        self.work.spend(1, span)
        used = use or place.environment.use
        environment = Environment(block.file, "block", {}, {}, prefix, used, (*calls, block.tree))
        body = Body(environment, ordinals(block.tree.body), made=place.made)
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


# ---------------------------------------------------------------- the text of statements


def head(statement: tree.Statement) -> Span:
    """The keyword that a statement begins with."""
    text = statement.span.text
    length = next((i for i, character in enumerate(text) if not character.isalpha()), len(text))
    return Span(statement.span.source, statement.span.start, statement.span.start + length)


def function_name(expression: tree.Expression) -> str:
    """What a metric without a name of its own is called: the function it is the result of."""
    while isinstance(expression, tree.Pipe) and not isinstance(expression.stages[-1], tree.Repeat):
        expression = expression.stages[-1]
    if isinstance(expression, tree.Call):
        expression = expression.function
    return expression.text if isinstance(expression, tree.Name) else ""


def edit_alias(statement: tree.Loss | tree.Metric, free: str) -> Edit:
    """The edit that gives a loss or metric another name."""
    if statement.alias is not None:
        return Edit(statement.alias.span, free)
    end = statement.value.span.end
    return Edit(Span(statement.span.source, end, end), f" as {free}")


def bound_names(statement: tree.For) -> list[tree.Name]:
    """All names that a loop binds."""
    names = list(statement.names)
    for inner in statement.body:
        match inner:
            case tree.Binding():
                names += inner.names
            case tree.SharedLayer() | tree.Output():
                names.append(inner.name)
            case tree.For():
                names += bound_names(inner)
            case _:
                pass
    return names
