"""The values of consts, each evaluated once, after those that it needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nndsl.errors.static import ConstCycle, NotStatic
from nndsl.model.bodies import Bodies
from nndsl.model.naming import parts
from nndsl.model.program import File, Global
from nndsl.model.scope import Environment, Place
from nndsl.model.values import POISON, BlockValue, Value, describe, has_term
from nndsl.syntax import tree


class Checker(Bodies):
    """The whole evaluator: statements, expressions, calls, and the consts and blocks that files define."""

    def global_value(self, name: str, environment: Environment) -> Value | None:
        known = environment.file.names.get(name)
        if known is None:
            return None
        known.used = True
        if known.ambiguous:
            return POISON
        if isinstance(known.tree, tree.Block):
            return BlockValue(known.tree, known.file)
        if known not in self.work.consts:
            self.evaluate_const(known)
        return self.work.consts[known]

    def evaluate_const(self, const: Global) -> None:
        """Evaluate a const after whatever it needs; without recursion, since a chain of consts may be long."""
        stack: list[tuple[Global, Iterator[Global]]] = [(const, self.needs(const))]
        while stack:
            current, needs = stack[-1]
            following = next((need for need in needs if need not in self.work.consts), None)
            if following is None:
                stack.pop()
                if current not in self.work.consts:
                    self.work.consts[current] = self.const_value(current)
                continue
            open_ = [entry for entry, _ in stack]
            if following in open_:
                names = [entry.tree.name.text for entry in open_[open_.index(following) :]]
                path = " needs ".join([*names, following.tree.name.text])
                name = following.tree.name
                self.work.report(ConstCycle(name.span, name.text, path))
                self.work.consts[following] = POISON
            else:
                stack.append((following, self.needs(following)))

    def const_value(self, const: Global) -> Value:
        expression, file = self.definition(const)
        value = self.evaluate(expression, Place(Environment(file, "section"), "static"))
        if has_term(value):
            what, remedy = f"the const `{const.tree.name.text}`", "consts are numbers, strings, lists, maps and words"
            self.work.report(NotStatic(expression.span, what, describe(value), remedy))
            return POISON
        return value

    def definition(self, const: Global) -> tuple[tree.Expression, File]:
        """A const's expression, and the file whose names it sees: its own, or what the command line says."""
        assert isinstance(const.tree, tree.Const)
        override = self.work.overrides.get(const)
        return (const.tree.value, const.file) if override is None else (override, const.file)

    def needs(self, const: Global) -> Iterator[Global]:
        """The consts that a const's expression names."""
        expression, file = self.definition(const)
        for name in names_in([expression]):
            known = file.names.get(name.text)
            if known is not None and isinstance(known.tree, tree.Const):
                yield known


def names_in(expressions: Sequence[tree.Stage]) -> Iterator[tree.Name]:
    """Every name that stands in expressions, in the order of the text."""
    stack: list[tree.Stage] = list(reversed(expressions))
    while stack:
        node = stack.pop()
        if isinstance(node, tree.Name):
            yield node
        elif isinstance(node, tree.Call) and isinstance(node.function, tree.Name):
            yield node.function
        stack += [part for part, _ in reversed(parts(node))]
