"""Checking on one screen: from a program's text to its network and sections, or to every error that it has.

load_program   text ──▶ trees of the program and what it imports
declarations   ──▶ inputs, targets and the data section: what a probe of the data needs
check          ──▶ the network, its data and train sections, and warnings
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NoReturn

from nndsl.diagnostics import Diagnostic, Diagnostics, Edit, Failure
from nndsl.errors.losses import AmbiguousClasses, NoLoss, NoOutput, OutputNeedsTarget
from nndsl.errors.static import NeedsData, TooDeep
from nndsl.library.vocabulary import load
from nndsl.model.blocks import Body
from nndsl.model.consts import Checker, names_in
from nndsl.model.data_settings import data_section
from nndsl.model.declarations import Declarations, Declaring, known
from nndsl.model.lints import layers_of, lint, reached
from nndsl.model.naming import bound_names, ordinals
from nndsl.model.network import Apply, Declared, Facts, Input, Network, OutputSpec, Term
from nndsl.model.overrides import Overrides, parse_overrides
from nndsl.model.program import Loaded, load_program
from nndsl.model.scope import Entry, Environment
from nndsl.model.scores import classes_of_output
from nndsl.model.sections import DataSection, TrainSection
from nndsl.model.train_settings import train_section
from nndsl.model.values import POISON, BlockValue, Unfixed
from nndsl.model.work import Exhausted, Work
from nndsl.source import Span
from nndsl.syntax import tree

__all__ = ["Checked", "Declarations", "Loaded", "check", "declarations", "load_program"]


@dataclass(frozen=True)
class Checked:
    """A program without errors."""

    network: Network
    data: DataSection | None
    train: TrainSection
    warnings: tuple[Diagnostic, ...]


def declarations(loaded: Loaded, overrides: Sequence[str] = (), model_name: str | None = None) -> Declarations:
    """What can be known before the data are looked at. Raises `Failure` with all errors of the program if it has some
    here."""
    load()
    model = loaded.model(model_name)
    work = Work()
    work.found.extend(loaded.diagnostics)
    given = parse_overrides(overrides, loaded, work.found)
    work.overrides = given.consts
    checker = Checker(work)
    environment = Environment(loaded.main, "model")
    found: list[Declared] = []
    data: DataSection | None = None
    try:
        found = Declaring(checker, environment).declare(model)
        data = data_section(checker, loaded, given.settings["data"], found)
    except Exhausted as exhausted:
        work.report(exhausted.diagnostic)
    except RecursionError:
        work.report(TooDeep(model.name.span))
    except Unfixed as unfixed:
        sizes = ", ".join(f"`{size}`" for size in sorted(unfixed.sizes))
        remedy = "use it as a size only, or write a number"
        work.report(NeedsData(unfixed.span, f"the size {sizes}", "used as a number here", remedy))
    if work.found.errors:
        # Whatever else is wrong with the program is said in the same run.
        work.found.extend(_Run(loaded, Facts(), given, model, ()).errors(without=NeedsData))
        raise_in_order(work.found.errors, loaded)
    section = loaded.section("train")
    settings = [s.value for s in (*(section.settings if section is not None else ()), *given.settings["train"])]
    counts_steps = any(name.text == "epoch" for name in names_in(settings))
    inputs = tuple(item for item in found if item.role == "input")
    targets = tuple(item for item in found if item.role == "target")
    return Declarations(model.name.text, inputs, targets, data, environment.sizes, counts_steps)


def check(
    loaded: Loaded,
    facts: Facts | None = None,
    overrides: Sequence[str] = (),
    model_name: str | None = None,
    *,
    needs: Collection[str] = ("loss", "output"),
) -> Checked:
    """The checked program; `needs` says whether it must have a loss and an output.

    Raises `Failure` with every error that can be found, each once.
    """
    load()
    model = loaded.model(model_name)
    found = Diagnostics()
    found.extend(loaded.diagnostics)
    given = parse_overrides(overrides, loaded, found)
    run = _Run(loaded, facts or Facts(), given, model, needs)
    checked = run.check()
    found.extend(run.work.found.errors)
    if checked is None or found.errors:
        raise_in_order(found.errors, loaded)
    assert checked is not None
    return checked


def raise_in_order(errors: Sequence[Diagnostic], loaded: Loaded) -> NoReturn:
    """Raise a `Failure` of each error once: first what has no place, then the main file's errors, then others', as
    they stand there."""

    def place(error: Diagnostic) -> tuple[bool, bool, str, int]:
        if error.span is None:
            return (False, False, "", 0)
        return (True, error.span.source is not loaded.source, error.span.source.name, error.span.start)

    raise Failure(*sorted(dict.fromkeys(errors), key=place))


class _Run:
    """One check of one model, begun again with free sizes as numbers where something needs them so."""

    def __init__(self, loaded: Loaded, facts: Facts, overrides: Overrides, model: tree.Model, needs: Collection[str]):
        self.loaded = loaded
        self.facts = facts
        self.overrides = overrides
        self.model = model
        self.needs = needs
        self.work = Work()

    def errors(self, *, without: type[Diagnostic]) -> list[Diagnostic]:
        """The errors of a check without those of one kind."""
        self.check()
        return [error for error in self.work.found.errors if not isinstance(error, without)]

    def check(self) -> Checked | None:
        """The result, or None if something was reported."""
        fixed: dict[str, int] = {}
        unknown: list[Diagnostic] = []
        for _ in range(1000):
            self.work = Work(self.facts, fixed, self.overrides.consts)
            for diagnostic in unknown:
                self.work.report(diagnostic)
            try:
                return self._check()
            except Unfixed as unfixed:
                for size in sorted(unfixed.sizes):
                    if size not in self.facts.sizes:
                        remedy = "write a number where it is declared, or give the program data"
                        detail = "must be a number here"
                        unknown.append(NeedsData(unfixed.span, f"the size `{size}`", detail, remedy))
                    # Going on with 1 finds what else is wrong.
                    fixed = {**fixed, size: self.facts.sizes.get(size, 1)}
            except Exhausted as exhausted:
                self.work.report(exhausted.diagnostic)
                return None
            except RecursionError:
                self.work.report(TooDeep(self.model.name.span))
                return None
        return None

    def _check(self) -> Checked | None:
        loaded, work, model = self.loaded, self.work, self.model
        checker = Checker(work)
        later = bound_names(model.body)
        work.values = frozenset(later)
        environment = Environment(loaded.main, "model", later=later)
        declared = Declaring(checker, environment).declare(model)
        declared, checker.inputs = known(checker, declared, self.facts, complain=True)
        for entry in list(loaded.main.names.values()):
            if isinstance(entry.tree, tree.Const) and entry not in work.consts:
                checker.evaluate_const(entry)
        checker.run(model.body, Body(environment, ordinals(model.body)))
        self._unused_blocks(checker)
        purpose = checker.purpose
        outputs = tuple(self._output(output) for output in purpose.outputs.values())
        self._complete(checker)
        metrics = list(purpose.metrics) + [f"loss.{loss.name}" for loss in purpose.losses if loss.name]
        data = data_section(checker, loaded, self.overrides.settings["data"], declared)
        rows = self.facts.rows.get("train")
        train = train_section(checker, loaded, self.overrides.settings["train"], metrics, rows)
        if work.found.errors or loaded.diagnostics:
            return None
        roots: list[Term] = [output.term for output in outputs]
        roots += [loss.term for loss in purpose.losses]
        roots += [metric.term for metric in purpose.metrics.values()]
        used = layers_of(work, reached(roots))
        network = Network(
            name=model.name.text,
            inputs=tuple(item for item in declared if item.role == "input"),
            targets=tuple(item for item in declared if item.role == "target"),
            outputs=outputs,
            losses=tuple(purpose.losses),
            metrics=tuple(purpose.metrics.values()),
            layers=tuple(layer for layer in work.layers.values() if layer in used),
            span=model.span,
        )
        warnings = tuple(dict.fromkeys(lint(work, loaded, network)))
        work.release()
        return Checked(network, data, train, warnings)

    def _unused_blocks(self, checker: Checker) -> None:
        """Blocks that nothing uses are looked through for what is wrong with any argument."""
        for entry in reversed(dict.fromkeys(self.loaded.main.names.values())):
            if not isinstance(entry.tree, tree.Block) or entry.used:
                continue
            block = BlockValue(entry.tree, entry.file)
            environment = Environment(entry.file, "block", prefix=f"block {block.name}", calls=(entry.tree,))
            for parameter in entry.tree.parameters:
                environment.names[parameter.name.text] = Entry(POISON, "parameter", parameter.name.span)
            entry.used = True
            checker.run(entry.tree.body, Body(environment, ordinals(entry.tree.body)))

    def _output(self, output: OutputSpec) -> OutputSpec:
        """An output with whose classes it gives; one that depends on a target is an error."""
        targets = [t for t in reached([output.term]) if isinstance(t, Input) and t.declared.role == "target"]
        if targets:
            target = targets[0]
            places = ((target.declared.span, "a target"),)
            self.work.report(OutputNeedsTarget(output.span, output.name, target.declared.name, places))
        classes = classes_of_output(self.work, output.term)
        if len(classes) > 1:
            span = output.term.span if isinstance(output.term, Apply) else output.span
            named = " and ".join(f"`{item.name}`" for item in classes)
            close = Span(span.source, span.end - 1, span.end - 1)
            self.work.report(AmbiguousClasses(span, named, classes[0].name, Edit(close, f", of = {classes[0].name}")))
        return OutputSpec(output.name, output.term, output.span, classes[0] if classes else None)

    def _complete(self, checker: Checker) -> None:
        """Whether the model has what the command needs; what an error took away is not asked for."""
        purpose, name = checker.purpose, self.model.name
        broken = bool(self.loaded.diagnostics)
        if "loss" in self.needs and not purpose.losses and "loss" not in purpose.failed and not broken:
            self.work.report(NoLoss(name.span, name.text))
        if "output" in self.needs and not purpose.outputs and "output" not in purpose.failed and not broken:
            self.work.report(NoOutput(name.span, name.text))
