"""The reference, made from the registry: each word as text for a terminal, and pages of Markdown for each kind.

    python -m nndsl.library.reference docs/reference      writes the pages

What a page says of a word is its signature, its docstring, its parameters' annotations and its example: nothing is
written twice.
"""

from __future__ import annotations

import inspect
import re
import sys
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import indent
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from nndsl.graph.builder import Value
from nndsl.library.arguments import Initial, Marker
from nndsl.library.registry import ALIASES, COMPOSITES, TABLES, Composite

WIDTH = 100
"""Characters of a line."""

PLURALS = {"loss": "losses"}

ABOUT = {
    "layer": "What stands in a pipe: `x -> dense(64, relu)` is `dense(x, 64, relu)`. Shapes begin with the batch axis.",
    "activation": "Functions (`relu(x)`), stages of a pipe (`x -> relu`) and arguments (`dense(64, relu)`); as an "
    "argument, a call is a partial application: `dense(64, leaky_relu(0.1))`.",
    "function": "What expressions are made of. Reductions act on an example's axes (`axis`, by default on all of "
    "them), never on the batch.",
    "operator": "What the language's operators do with tensors. Shapes broadcast over an example's axes as in NumPy; "
    "the batch axis meets itself only.",
    "loss": "One value for each example, the average over the example's own axes; the `loss` statement takes the mean "
    "over the batch. Prediction and target have equal shapes, except that a last axis of 1 on either side is dropped.",
    "metric": "A metric is a number of the whole epoch, not the mean of its batches.",
    "optimizer": "In `train { optimizer = … }`. p is a parameter, g its gradient, t the number of the step from 1.",
    "schedule": "In place of a learning rate: `adam(lr = …)`. Steps are steps of the optimizer; `5 * epoch` are those "
    "of five epochs.",
    "initializer": "For `init` and `bias_init` of layers. fan_in and fan_out are how many values meet in one output, "
    "and how many outputs one value goes to.",
}
"""What is to be known of all words of a kind."""


@dataclass(frozen=True)
class Argument:
    """What one parameter takes, in words, and its default as a program writes it (None: it must be given)."""

    name: str
    takes: str
    default: str | None = None
    variadic: bool = False
    tensor: bool = False

    def __str__(self) -> str:
        if self.variadic:
            return f"{self.name}, …"
        return self.name if self.default is None else f"{self.name} = {self.default}"


@dataclass(frozen=True)
class Entry:
    """What the reference says of one word."""

    name: str
    kind: str
    arguments: Sequence[Argument]
    doc: str
    example: str
    """Text of a program."""
    follows: str
    aliases: Sequence[str] = ()

    @property
    def summary(self) -> str:
        """The first paragraph of what is said, on one line."""
        return " ".join(self.doc.partition("\n\n")[0].split())


# ---------------------------------------------------------------- from the registry


def entry(composite: Composite) -> Entry:
    """What the registry knows of a word."""
    arguments = arguments_of(composite.parameters)
    aliases = [alias for alias, name in ALIASES.items() if name == composite.name]
    return Entry(
        composite.name, composite.kind, arguments, composite.doc, program(composite), composite.follows, aliases
    )


def arguments_of(parameters: Iterable[inspect.Parameter]) -> tuple[Argument, ...]:
    """Parameters, their annotations resolved, in the language's words."""
    return tuple(
        Argument(
            parameter.name.rstrip("_"),
            takes(parameter.annotation),
            None if parameter.default is parameter.empty else shown(parameter.default, parameter.annotation),
            parameter.kind is parameter.VAR_POSITIONAL,
            parameter.annotation is Value,
        )
        for parameter in parameters
    )


def kinds() -> dict[str, list[Composite]]:
    """The vocabulary by kind, each in alphabetical order. Losses that are metrics by themselves count as losses."""
    found: dict[str, list[Composite]] = {kind: [] for kind in ABOUT}
    for table in TABLES.values():
        for composite in table.values():
            if not is_loss_as_metric(composite):
                found.setdefault(composite.kind, []).append(composite)
    return {kind: sorted(members, key=lambda each: each.name) for kind, members in found.items() if members}


def is_loss_as_metric(composite: Composite) -> bool:
    """Whether a metric is only a loss's mean over the epoch, under the same name."""
    loss = COMPOSITES.get(composite.name)
    return composite.kind == "metric" and loss is not None and inspect.unwrap(composite.function) is loss.function


def plural(kind: str) -> str:
    return PLURALS.get(kind, f"{kind}s")


PLAIN: Mapping[Any, str] = {
    Value: "a tensor",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a string",
    type(None): "none",
}


def takes(annotation: Any) -> str:
    """What a parameter of that annotation takes, in words."""
    origin = get_origin(annotation)
    if origin is Annotated:
        marker = get_args(annotation)[1]
        assert isinstance(marker, Marker)
        return marker.expects
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(map(takes, get_args(annotation))))
    if origin is Literal:
        return " or ".join(f"`{word}`" for word in get_args(annotation))
    if origin in (tuple, list):
        items = {item for item in get_args(annotation) if item is not Ellipsis}
        return "a list of whole numbers" if items == {int} else "a list of numbers"
    return PLAIN.get(annotation, "a value")


def shown(value: Any, annotation: Any = None) -> str:
    """A default as a program writes it."""
    match value:
        case None:
            return "none"
        case bool():
            return str(value).lower()
        case Initial(name, arguments):
            given = ", ".join(f"{name} = {shown(argument)}" for name, argument in arguments.items())
            return f"{name}({given})" if given else name
        case float():
            short = repr(int(value)) if value.is_integer() and abs(value) < 1e6 else repr(value)
            return re.sub(r"e([-+])0", r"e\1", short)
        case str():
            words = get_origin(annotation) is Literal or value.isidentifier()
            return value if words else f'"{value}"'
        case tuple() | list():
            items = [shown(item) for item in value]
            return items[0] if items and len(set(items)) == 1 else f"[{', '.join(items)}]"
    return str(value)


# ---------------------------------------------------------------- parts


def signature(e: Entry) -> str:
    """How a call is written, with all defaults; long ones broken between arguments."""
    tensors = [a for a in e.arguments if a.tensor and a.default is None]
    piped = e.kind == "layer" and len(tensors) == 1 and not tensors[0].variadic and e.arguments[0] is tensors[0]
    if e.kind == "operator":
        names = [a.name for a in e.arguments]
        return f"{names[0]} {e.name} {names[1]}" if len(names) == 2 else f"{e.name} {names[0]}"
    inside = [str(a) for a in (e.arguments[1:] if piped else e.arguments)]
    start = (f"{tensors[0].name} -> " if piped else "") + e.name
    if not inside:
        return start
    lines = [f"{start}("]
    for i, argument in enumerate(inside):
        part = argument + (", " if i + 1 < len(inside) else ")")
        if len(lines[-1]) + len(part.rstrip()) > WIDTH - 4:
            lines.append(" " * (len(start) + 1))
        lines[-1] += part
    return "\n".join(line.rstrip() for line in lines)


def program(composite: Composite) -> str:
    """A composite's example as a program; of a loss or metric the last input becomes a target."""
    declarations, arrow, expression = composite.example.partition(" => ")
    if not arrow:
        rate = composite.kind == "schedule"
        return f"train {{\n  optimizer = {f'adam(lr = {composite.example})' if rate else composite.example}\n}}\n"
    declared = [("input", each) for each in re.split(r", (?=\w+: )", declarations)]
    statement = f"output result = {expression}"
    if composite.kind in ("loss", "metric"):
        statement = f"{composite.kind} {expression}"
        if len(declared) > 1:
            declared[-1] = ("target", declared[-1][1])
    width = max(len(role) for role, _ in declared)
    lines = [f"{role:{width}} {each}" for role, each in declared]
    return "model example {\n" + "".join(f"  {line}\n" for line in [*lines, statement]) + "}\n"


# ---------------------------------------------------------------- text


def text(e: Entry) -> str:
    """What `nndsl help WORD` prints."""
    parts = [f"{title(e)}\n", indent(signature(e), "  ") + "\n", indent(e.doc, "  ") + "\n"]
    given = [a for a in e.arguments if not a.tensor or a.default is not None]
    if given and e.kind != "operator":
        left = [f"{a.name} = {a.default}" if a.default is not None else a.name for a in given]
        width = max(map(len, left))
        parts.append("".join(f"  {name:{width}}  {plain(a.takes)}\n" for name, a in zip(left, given, strict=True)))
    parts.append(indent(e.example, "  "))
    if e.follows:
        parts.append(f"  Follows {e.follows}\n")
    return "\n".join(parts)


def title(e: Entry) -> str:
    """`mse: a loss, and a metric: its mean over the epoch`."""
    what = f"{'an' if e.kind[0] in 'aeiou' else 'a'} {e.kind}"
    if e.kind == "loss" and is_loss_as_metric(TABLES["metric"][e.name]):
        what += ", and as a metric its mean over the epoch"
    return f"{e.name}: {what}" + (f"; also called {', '.join(e.aliases)}" if e.aliases else "")


def plain(markdown: str) -> str:
    return markdown.replace("`", "")


def overview(words: Mapping[str, Sequence[str]]) -> str:
    """All words by kind, for a terminal."""
    lines: list[str] = []
    for kind, names in words.items():
        lines.append(plural(kind).capitalize())
        line = " "
        for name in names:
            if len(line) + 1 + len(name) > WIDTH:
                lines.append(line)
                line = " "
            line += f" {name}"
        lines += [line, ""]
    return "\n".join(lines)


# ---------------------------------------------------------------- Markdown


def pages() -> dict[str, str]:
    """The files of `docs/reference`: a page for each kind, and an index."""
    found = {"index.md": _index()}
    for kind, members in kinds().items():
        found[f"{plural(kind)}.md"] = _page(kind, members)
    return found


def _index() -> str:
    lines = ["# Reference\n", f"Every word of the [vocabulary](../vocabulary.md). {GENERATED}\n"]
    for kind, members in kinds().items():
        page = f"{plural(kind)}.md"
        link: Callable[[str], str] = lambda name, page=page: f"[`{name}`]({page}#{name})"  # type: ignore[misc]  # noqa: E731
        names = [f"`{each.name}`" if kind == "operator" else link(each.name) for each in members]
        lines.append(f"## [{plural(kind).capitalize()}]({page})\n\n{' '.join(names)}\n")
    return "\n".join(lines)


GENERATED = "`nndsl help WORD` shows the same. Made from the library by `python -m nndsl.library.reference`."


def _page(kind: str, members: Sequence[Composite]) -> str:
    parts = [f"# {plural(kind).capitalize()}\n", f"{ABOUT.get(kind, '')}\n"]
    if kind == "metric":
        also = sorted(name for name, composite in TABLES["metric"].items() if is_loss_as_metric(composite))
        named = " ".join(f"[`{name}`](losses.md#{name})" for name in also)
        parts.append(f"Every loss is a metric too, its mean over the epoch's examples: {named}.\n")
    parts += [markdown(entry(each)) for each in members]
    return "\n".join(parts)


def markdown(e: Entry) -> str:
    """A section of a page."""
    also = f"Also called {', '.join(f'`{alias}`' for alias in e.aliases)}.\n" if e.aliases else ""
    parts = [f"## `{e.name}`\n", f"```text\n{signature(e)}\n```\n", f"{escaped(e.doc)}\n", also]
    given = [a for a in e.arguments if not a.tensor or a.default is not None]
    if given and e.kind != "operator":
        rows = [f"| `{a.name}` | {a.takes} | {'' if a.default is None else f'`{a.default}`'} |\n" for a in given]
        parts.append("| argument | takes | default |\n|---|---|---|\n" + "".join(rows))
    parts.append(f"```nn\n{e.example}```\n")
    if e.follows:
        parts.append(f"Follows {f'<{e.follows}>' if e.follows.startswith('http') else escaped(e.follows)}.\n")
    return "\n".join(filter(None, parts))


def escaped(text: str) -> str:
    """Text whose signs are not Markdown's, what stands in backticks apart."""
    pieces = re.split(r"(`[^`]*`)", text)
    return "".join(piece if piece.startswith("`") else re.sub(r"([*_<|])", r"\\\1", piece) for piece in pieces)


def write(folder: Path) -> None:
    """Write the pages, and remove those of kinds that are no more."""
    folder.mkdir(parents=True, exist_ok=True)
    made = pages()
    for path in folder.glob("*.md"):
        if path.name not in made:
            path.unlink()
    for name, page in made.items():
        (folder / name).write_text(page, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    from nndsl.library.vocabulary import load

    load()
    write(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/reference"))
