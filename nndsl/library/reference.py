"""The reference, made from the registry: each word as text for a terminal, and pages of Markdown for each kind.

    python -m nndsl.library.reference docs/reference      writes the pages

What is said of a word is its signature, its docstring, its parameters' annotations and its example
(`nndsl.library.entries`): nothing is written twice.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import fill, indent

from nndsl.library.entries import WIDTH, Entry, entry, is_loss_as_metric, kinds, plural, signature
from nndsl.library.registry import TABLES, Composite, Kind

ABOUT: Mapping[Kind, str] = {
    "layer": "What stands in a pipe: `x -> dense(64, relu)` is `dense(x, 64, relu)`. Shapes begin with the batch axis.",
    "activation": "Functions (`relu(x)`), stages of a pipe (`x -> relu`) and arguments (`dense(64, relu)`); as an "
    "argument, a call is a partial application: `dense(64, leaky_relu(0.1))`.",
    "function": "What expressions are made of. Those of single elements keep the shape; reductions act on an "
    "example's axes (`axis`, by default on all of them), never on the batch.",
    "operator": "What the language's operators do with tensors. Shapes broadcast over an example's axes as in NumPy; "
    "the batch axis meets itself only.",
    "loss": "One value for each example, the average over the example's own axes; the `loss` statement takes the mean "
    "over the batch. Prediction and target have equal shapes, except that a last axis of 1 on either side is dropped.",
    "metric": "A metric is a number of the whole epoch, not the mean of its batches.",
    "optimizer": "In `train { optimizer = … }`. p is a parameter, g its gradient, t the number of the step from 1. "
    "`weight_decay` first multiplies p by 1 - lr · weight_decay; `decay_bias = false` spares biases, gammas and betas.",
    "schedule": "In place of a learning rate: `adam(lr = …)`. Steps are steps of the optimizer; `5 * epoch` are those "
    "of five epochs.",
    "regularizer": "For `regularizer` of layers with weights: what it gives is added to the loss, as what arguments "
    "`l1` and `l2` give.",
    "constraint": "For `constraint` of layers with weights: what the weights are made to be after every step.",
    "initializer": "For `init` and `bias_init` of layers. fan_in and fan_out are how many values meet in one output, "
    "and how many outputs one value goes to.",
}
"""What is to be known of all words of a kind."""


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


GENERATED = """`nndsl help WORD` shows the same.

These pages are made from the library: `python -m nndsl.library.reference docs/reference`."""


def _index() -> str:
    parts = ["# Reference\n", f"Every word of the [vocabulary](../vocabulary.md). {GENERATED}\n"]
    for kind, members in kinds().items():
        page = f"{plural(kind)}.md"
        lines = []
        for each in members:
            link = f"`{each.name}`" if kind == "operator" else f"[`{each.name}`]({page}#{each.name})"
            lines.append(f"- {link}: {escaped(entry(each).summary)}\n")
        parts.append(f"## [{plural(kind).capitalize()}]({page})\n\n{''.join(lines)}")
    return "\n".join(parts)


def _page(kind: Kind, members: Sequence[Composite]) -> str:
    parts = [f"# {plural(kind).capitalize()}\n", f"{fill(ABOUT[kind], 120)}\n"]
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


SIGNS = r"([*<|]|(?<!\w)_|_(?!\w))"
"""What Markdown would take for its own; it leaves `_` inside of words alone."""


def escaped(text: str) -> str:
    """Text whose signs are not Markdown's, what stands in backticks apart."""
    pieces = re.split(r"(`[^`]*`)", text)
    return "".join(piece if piece.startswith("`") else re.sub(SIGNS, r"\\\1", piece) for piece in pieces)


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
