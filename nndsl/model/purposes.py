"""What a model is for: its outputs, losses and metrics."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from nndsl.diagnostics import Edit
from nndsl.errors.losses import AxesLeft
from nndsl.errors.names import NeedsAlias, NotRebindable, ReservedName
from nndsl.errors.static import WrongValue
from nndsl.graph.sizes import show_shape
from nndsl.model.blocks import Blocks, Body
from nndsl.model.naming import numbered
from nndsl.model.network import Input, LossSpec, MetricSpec, Number, OutputSpec, Term
from nndsl.model.scope import ROLES
from nndsl.model.values import POISON, Found, Value, describe, is_tensor
from nndsl.model.work import Work
from nndsl.source import Span
from nndsl.syntax import tree


@dataclass
class Purpose:
    """What a model is for: its outputs, losses and metrics so far."""

    outputs: dict[str, OutputSpec] = field(default_factory=dict)
    losses: list[LossSpec] = field(default_factory=list)
    metrics: dict[str, MetricSpec] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)
    """Kinds of statements that errors took away, so that their lack is no other error."""


class Purposes(Blocks):
    """Runs the statements that say what a model is for."""

    def __init__(self, work: Work):
        super().__init__(work)
        self.purpose = Purpose()
        self.inputs: Mapping[int, Input] = {}
        """Declared inputs and targets, by where their names stand."""

    def output(self, statement: tree.Output, body: Body) -> None:
        name = statement.name
        if name.text == "loss":
            raise Found(ReservedName(name.span, "an output", "loss", "the reported loss is called so"))
        declared = next((item.declared for item in self.inputs.values() if item.declared.name == name.text), None)
        if declared is not None:
            raise Found(NotRebindable(name.span, name.text, ROLES[declared.role], declared.span))
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
        if value is POISON:
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
            free = unused([], alias, {loss.name for loss in self.purpose.losses})
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
        reason = reserved_metric(name)
        if reason:
            raise Found(ReservedName(where, "a metric", name, reason))
        first = self.purpose.metrics.get(name)
        if first is not None:
            subject = first_argument(statement.value)
            free = unused([f"{subject}_{name}"] if subject else [], name, self.purpose.metrics.keys())
            raise Found(NeedsAlias(where, "metrics", name, first.span, edit_alias(statement, free)))
        place = replace(self.place("metric", name, body, statement.value), whole=True)
        value = self.evaluate(statement.value, place)
        term = self.reported(value, statement.value, "metric")
        if term is not None:
            self.purpose.metrics[name] = MetricSpec(name, term, statement.value.span)

    def reported(self, value: Value, expression: tree.Expression, what: str) -> Term | None:
        """The term of a loss or metric: one number an example, or one for the batch."""
        if value is POISON:
            self.purpose.failed.add(what)
            return None
        if not is_tensor(value) or isinstance(value, Number):
            raise Found(WrongValue(expression.span, f"a {what}", "calculated from tensors", describe(value)))
        term: Term = value
        if term in self.work.epochs or not term.type.shape[1 if term.type.batched else 0 :]:
            return term
        text = expression.span.text
        edit = Edit(expression.span, f"mean({text})")
        raise Found(AxesLeft(expression.span, what, show_shape(term.type.shape), edit))


def function_name(expression: tree.Expression) -> str:
    """What a metric without a name of its own is called: the function it is the result of."""
    while isinstance(expression, tree.Pipe) and not isinstance(expression.stages[-1], tree.Repeat):
        expression = expression.stages[-1]
    if isinstance(expression, tree.Call):
        expression = expression.function
    return expression.text if isinstance(expression, tree.Name) else ""


def reserved_metric(name: str) -> str:
    """Why no metric may have this name, if that is so: a run reports something else by it."""
    if name.startswith("val_"):
        return f"the `{name.removeprefix('val_')}` of the validation rows is reported so"
    return {
        "loss": "the reported loss is called so",
        "lr": "the learning rate is reported so",
        "epoch": "a history's column of epochs is called so",
    }.get(name, "")


def unused(preferred: Sequence[str], name: str, taken: Collection[str]) -> str:
    """A name that is not taken: a preferred one, or the name with a number behind it."""
    numbered_ = (f"{name}_{count}" for count in range(2, len(taken) + 3))
    return next(candidate for candidate in (*preferred, *numbered_) if candidate not in taken)


def edit_alias(statement: tree.Loss | tree.Metric, free: str) -> Edit:
    """The edit that gives a loss or metric another name."""
    if statement.alias is not None:
        return Edit(statement.alias.span, free)
    end = statement.value.span.end
    return Edit(Span(statement.span.source, end, end), f" as {free}")


def first_argument(expression: tree.Expression) -> str:
    """The name that a metric function is applied to, if it is one."""
    if not isinstance(expression, tree.Call) or not expression.arguments:
        return ""
    value = expression.arguments[0].value
    return value.text if isinstance(value, tree.Name) else ""
