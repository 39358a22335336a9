"""NN25x and NN26x: imports, models, sections with their settings, and the command line's overrides."""

from __future__ import annotations

from collections.abc import Iterator

from nndsl.diagnostics import Diagnostic, Edit, Help, Label
from nndsl.errors.names import Suggesting
from nndsl.source import Span


class NotAPath(Diagnostic):
    """An import names something that no file can be called.

    wrong:  import ""
    right:  import "blocks.nn"
    """

    code = "NN250"
    title = "this is not the path of a file"
    label = "cannot be opened"


class ImportCycle(Diagnostic):
    """Files import each other in a circle.

    wrong:  # a.nn: import "b.nn"     b.nn: import "a.nn"
    right:  # a.nn: import "b.nn"     b.nn imports nothing
    """

    code = "NN251"
    title = "{path} imports itself"
    label = "{cycle}"

    path: str
    cycle: str


class ImportOutside(Diagnostic):
    """An import leaves the folder of the main file.

        wrong:  import "../blocks.nn"
        right:  import "blocks.nn"

    A program names files of its own folder and those below it; `--root` names a folder that may hold more.
    """

    code = "NN252"
    title = "{path} lies outside {root}"
    label = "imports stay within the folder of the main file"
    advice = "move the file there, or allow a larger folder with --root"

    path: str
    root: str


class NoModel(Diagnostic):
    """A program is compiled or trained that has no model.

    wrong:  const n = 3
    right:  model m { input x: f32[4]  output y = x -> dense(3) … }
    """

    code = "NN253"
    title = "{path} has no model"
    advice = "write one: model NAME {{ … }}"

    path: str


class SeveralModels(Diagnostic):
    """A file holds several models, and none of them was chosen."""

    code = "NN254"
    title = "there are several models: {names}"
    label = "one of them"
    advice = "choose one with --model {first}"

    names: str
    first: str


class UnknownModel(Suggesting):
    """`--model` names a model that the file does not have."""

    code = "NN255"
    title = "there is no model called `{name}` (there is {known})"

    name: str
    known: str

    def help(self) -> Help | None:
        return Help(f"did you mean `{self.suggestion}`?") if self.suggestion else None


class SectionTwice(Diagnostic):
    """A program has two `data` or two `train` sections.

    wrong:  train { epochs = 5 }
            train { seed = 1 }
    right:  train { epochs = 5 \n seed = 1 }
    """

    code = "NN256"
    title = "there are two `{kind}` sections"
    label = "the second one"
    advice = "move its settings into the first one"

    kind: str
    first: Span

    def secondary(self) -> Iterator[Label]:
        yield Label(self.first, "the first one")


class UnknownSetting(Suggesting):
    """`data` or `train` has no setting of that name.

    wrong:  train { epoch = 5 }
    right:  train { epochs = 5 }
    """

    code = "NN257"
    title = "`{section}` has no setting `{name}`"
    label = "not known"

    section: str
    name: str
    known: str

    def help(self) -> Help | None:
        return super().help() or Help(f"it has {self.known}")


class SettingTwice(Diagnostic):
    """A setting is given twice.

    wrong:  train { epochs = 5 \n epochs = 10 }
    right:  train { epochs = 10 }
    """

    code = "NN258"
    title = "`{name}` is set twice"
    label = "the second time"

    name: str
    first: Span

    def secondary(self) -> Iterator[Label]:
        yield Label(self.first, "the first time")


class BadSetting(Diagnostic):
    """A setting's value is not what it takes.

    wrong:  train { batch_size = 0 }
    right:  train { batch_size = 32 }
    """

    code = "NN259"
    title = "`{name}` must be {expects}"
    label = "this is {found}"

    name: str
    expects: str
    found: str
    remedy: str = ""
    edit: Edit | None = None

    def help(self) -> Help | None:
        return Help(self.remedy, self.edit) if self.remedy else None


class BadOverride(Diagnostic):
    """`--set` takes NAME=value: a const of the program, or a setting such as train.epochs.

    wrong:  nndsl train digits.nn --set epochs=5
    right:  nndsl train digits.nn --set train.epochs=5
    """

    code = "NN260"
    title = "--set {text}: {reason}"
    advice = "{remedy}"

    text: str
    reason: str
    remedy: str
