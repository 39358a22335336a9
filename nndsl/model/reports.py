"""What callbacks of `train` name: values to report, and files in the run's folder."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from pathlib import PurePosixPath, PureWindowsPath

from nndsl.errors.callbacks import OutsideTheRun, ReportName
from nndsl.model.values import Found, show
from nndsl.source import Span
from nndsl.syntax import tree

LONGEST = 40
"""Characters of a report's name."""

OWN_FILES = frozenset(
    "model.onnx model.py weights.npz weights.safetensors history.csv history.png train.log run.json checkpoints".split()
)
"""What training itself writes into a run's folder."""


def report_names(callbacks: Sequence[tree.Expression]) -> list[str]:
    """The names that reports give, so that any callback can watch them."""
    names = []
    for call in callbacks:
        if isinstance(call, tree.Call) and isinstance(call.function, tree.Name) and call.function.text == "report":
            names += [a.value.value for a in call.arguments[:1] if isinstance(a.value, tree.Literal)]
    return [name for name in names if isinstance(name, str)]


def refuse_report_name(name: str, span: Span, taken: Collection[str]) -> None:
    """Raise `Found` for a name that a report cannot have."""
    reason = ""
    if name in taken:
        reason = "something else is logged by this name"
    elif not name.strip() or not name.isprintable():
        reason = "it needs letters, and nothing that cannot be printed"
    elif len(name) > LONGEST:
        reason = f"it has {len(name)} characters; {LONGEST} are the most"
    if reason:
        raise Found(ReportName(span, show(name), reason))


def refuse_outside(path: str, span: Span, callee: str, taken: Iterable[str], example: str) -> None:
    """Raise `Found` for a path that does not lie in a run's folder, or where something else is written."""
    windows, posix = PureWindowsPath(path), PurePosixPath(path)
    first = windows.parts[0].lower() if windows.parts else ""
    others = {PureWindowsPath(each.lower()) for each in taken}
    reason = ""
    if not windows.parts or not path.isprintable():
        reason = "this is no name of a file"
    elif windows.anchor or posix.is_absolute():
        reason = "it is not relative to the run's folder"
    elif ".." in windows.parts:
        reason = "it leads out of the run's folder"
    elif first in OWN_FILES:
        reason = "training writes that itself"
    elif PureWindowsPath(path.lower()) in others:
        reason = "something else is written there"
    if reason:
        raise Found(OutsideTheRun(span, callee, show(path), reason, show(example)))
