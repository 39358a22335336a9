"""Bodies: the statements of models and blocks in order, blocks unfolded where they are used, shared layers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from nndsl.errors.calls import Misplaced, WrongCount
from nndsl.errors.names import NotRebindable
from nndsl.errors.static import AssertFails, WrongValue
from nndsl.library.registry import Composite, lookup
from nndsl.model.blocks import Body
from nndsl.model.evaluate import given
from nndsl.model.naming import bound_names
from nndsl.model.network import Apply
from nndsl.model.purposes import Purposes
from nndsl.model.scope import ROLES, Entry, Place, Role
from nndsl.model.scores import note
from nndsl.model.values import (
    POISON,
    BlockValue,
    Found,
    Value,
    Word,
    describe,
    is_tensor,
)
from nndsl.source import Span
from nndsl.syntax import tree


class Bodies(Purposes):
    """Runs statements."""

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
                parts = zip(statement.names, self.split(statement, value), strict=True)
                values = [self.called(part, self.path(name, body)) for name, part in parts]
        for name, part in zip(statement.names, values, strict=True):
            self.bind_name(name, part, "value", body, path)

    def split(self, statement: tree.Binding, value: Value) -> Sequence[Value]:
        count = len(statement.names)
        if isinstance(value, tuple) and len(value) == count:
            return value
        values = f"{len(value)} values" if isinstance(value, tuple) else "1 value"
        raise Found(WrongCount(statement.value.span, count, values))

    def called(self, value: Value, name: str) -> Value:
        """One of the values of a composite under the name that it is bound to."""
        if not isinstance(value, Apply) or value.part is None or value.name:
            return value
        term = replace(value, name=name)
        note(self.work, term)
        return term

    def declaration(self, statement: tree.Declaration, body: Body) -> None:
        if body.environment.kind == "block" or body.iterations:
            where = "in a block" if body.environment.kind == "block" else "in a loop"
            reason = f"{statement.kind}s belong at the top of a model"
            raise Found(Misplaced(head(statement), f"`{statement.kind}`", where, reason))
        role: Role = "input" if statement.kind == "input" else "target"
        first = body.environment.names.get(statement.name.text)
        if first is not None and statement.name.span.start in self.inputs:
            raise Found(NotRebindable(statement.name.span, statement.name.text, ROLES[first.role], first.span))
        if first is not None:
            return  # one of two declarations of the name: said where declarations are read
        value = self.inputs.get(statement.name.span.start, POISON)
        self.bind_name(statement.name, value, role, body, statement.name.text)

    def shared_layer(self, statement: tree.SharedLayer, body: Body) -> None:
        path = self.path(statement.name, body)
        place = self.place("layer", path, body)
        call = statement.value if isinstance(statement.value, tree.Call) else None
        arguments = given(call, place) if call is not None else []
        callee = self.shareable(call.function if call is not None else statement.value, body)
        shared: Value = POISON
        if callee is not None:
            shared = self.make_shared(statement.name.text, path, callee, arguments, statement.value.span, place)
        self.bind_name(statement.name, shared, "layer", body, path)

    def shareable(self, callee: tree.Expression, body: Body) -> Composite | BlockValue | None:
        """The layer or block that a shared layer is made of; None where an error has been reported."""
        value = self.callee(callee, body.environment) if isinstance(callee, tree.Name) else None
        if value is POISON or isinstance(callee, tree.Hole):
            return None
        if isinstance(value, BlockValue):
            return value
        composite = lookup(value.name) if isinstance(value, Word) else None
        if composite is not None and composite.kind in ("layer", "activation", "function"):
            return composite
        expects = "one layer or block with its arguments, such as dense(64, relu)"
        if isinstance(callee, tree.Pipe):
            advice = "to share several layers, write a block of them: layer NAME = my_block()"
            raise Found(WrongValue(callee.span, "a shared layer", expects, "several layers", advice))
        raise Found(WrongValue(callee.span, "a shared layer", expects, describe(value) if value else "something else"))

    # ---------------------------------------------------------------- loops, assertions, returns

    def loop(self, statement: tree.For, body: Body) -> None:
        place = self.place("static", "", body)
        remedy = "it decides how many layers there are; lists, range(…), zip(…) and x.shape are known"
        values = self.static_list(statement.iterable, place, "what `for` runs through", remedy)
        if values is None:
            for text, span in bound_names([statement]).items():
                body.environment.names.setdefault(text, Entry(POISON, "value", span))
            return
        outer = body.iterations
        for count, value in enumerate(values):
            self.work.spend(1, statement.span)
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
        name = body.name if len(statement.values) == 1 else ""
        place = self.place("binding", body.environment.prefix, body, *statement.values, result=name)
        values = tuple(self.evaluate(value, place) for value in statement.values)
        result = values[0] if len(values) == 1 else POISON if POISON in values else values
        body.result, body.returned = result, True


def head(statement: tree.Statement) -> Span:
    """The keyword that a statement begins with."""
    text = statement.span.text
    length = next((i for i, character in enumerate(text) if not character.isalpha()), len(text))
    return Span(statement.span.source, statement.span.start, statement.span.start + length)
