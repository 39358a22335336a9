"""The text of a first program: what `nndsl new` writes, once it is chosen what is learnt from which columns."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np

from nndsl.data.starter_columns import Columns

MOST_KINDS = 20
"""A column of whole numbers with at most this many different ones is taken for kinds, not for quantities."""

MOST_NAMED = 8
"""Kinds that are words are listed by name up to this number."""

FEWEST_ROWS = 3
"""Whole numbers are taken for kinds only if each is in so many rows: then every split can have its share of each."""


WORDS = "hold words"
"""Why a column of a text is left out that holds no numbers."""


@dataclass(frozen=True)
class Choice:
    """What is learnt from which columns, and by reason which ones are left out."""

    inputs: Sequence[str]
    target: str
    left_out: Mapping[str, Sequence[str]]


class Program:
    """The parts of the text."""

    def __init__(
        self, name: str, kind: str, path: str, options: Mapping[str, str | bool], columns: Columns, choice: Choice
    ):
        self.name = identifier(name)
        written = "".join(f", {option} = {_literal(value)}" for option, value in options.items())
        self.source = f"{kind}({_literal(path)}{written})"
        self.file = Path(path).name
        self.columns = columns
        self.inputs = choice.inputs
        self.target = choice.target
        self.left_out = choice.left_out
        self.width = sum(prod(columns.table.shape(column)) for column in choice.inputs)
        self.kept = columns.kept((*choice.inputs, choice.target))
        """The rows without gaps."""
        taken = {"features", "hidden", "logits", "score", "label", "probability", "prediction", self.name}
        self.label = identifier(choice.target)
        while self.label in taken:
            self.label += "_"

    def text(self) -> str:
        kind, declared, kinds, stratify = self._kind()
        head = _HEADS[kind].replace("TARGET", self.label).replace("KINDS", str(kinds))
        if kind == "regression":
            head = head.replace("SCALING", self._scaling())
        lines = [
            f"# {self.name}.nn: {' '.join(self.target.split())} from {self.width} numbers of {self.file}",
            f"model {self.name} {{",
            f"  input  features: f32[{self.width}]",
            f"  target {self.label}: {declared}",
            "",
            "  hidden = features -> normalize -> dense(32, relu) -> dense(32, relu)",
            *head.splitlines(),
            "}",
            "",
            "data {",
            *self._data([("stratify", self.label)] if stratify else []),
            "}",
            "",
            "train {",
            "  optimizer  = adam(1e-3)",
            "  epochs     = 50",
            "  callbacks  = [early_stopping(val_loss, patience = 10, restore_best = true)]",
            "}",
        ]
        return "\n".join(lines) + "\n"

    def _kind(self) -> tuple[str, str, int, bool]:
        """What the target is learnt as, its type, how many kinds it has, and whether each is in every split."""
        numbers = self.columns.numbers(self.target)
        if numbers is None:
            coded = self.columns.coded(self.target)
            codes, counts = np.unique(coded.codes.reshape(-1)[self.kept], return_counts=True)
            words = sorted(str(coded.distinct[code]) for code in codes)
            declared = _listed(words) if len(words) <= MOST_NAMED else str(len(words))
            return "classes", f"class[{declared}]", len(words), bool((counts >= FEWEST_ROWS).all())
        distinct, counts = np.unique(numbers.reshape(-1)[self.kept], return_counts=True)
        whole = bool(np.all(distinct == np.round(distinct)))
        often = bool((counts >= FEWEST_ROWS).all())
        if whole and set(distinct.tolist()) == {0.0, 1.0}:
            return "binary", "binary", 2, often
        if whole and often and 2 <= len(distinct) <= MOST_KINDS:
            kinds = [int(kind) for kind in distinct]
            counted = kinds == list(range(len(kinds)))
            declared = str(len(kinds)) if counted else ", ".join(map(str, kinds))
            return "classes", f"class[{declared}]", len(kinds), True
        return "regression", "f32", 0, False

    def _scaling(self) -> str:
        """`rescale` with the target's spread and mean, roughly: a network's own values are about 0 and of size 1, and
        Adam takes equal steps however far it has to go."""
        numbers = self.columns.numbers(self.target)
        assert numbers is not None, "words are kinds"
        values = numbers.reshape(-1)[self.kept]
        values = values[np.abs(values) < np.finfo(np.float32).max]
        spread = float(f"{values.std():.2g}") if len(values) else 0.0
        if not spread:
            return ""
        return f" -> rescale({spread:g}, {float(f'{values.mean():.2g}'):g})"

    def _data(self, more: Sequence[tuple[str, str]]) -> list[str]:
        """The settings of the data section, their signs in line."""
        listed = _listed(self.inputs)
        vector = bool(self.columns.table.shape(self.inputs[0]))
        settings = [("source", self.source), ("features", f"{'array' if vector else 'columns'}({listed})")]
        if self.label != self.target:
            settings.append((self.label, f"column({_literal(self.target)})"))
        place = len(settings)
        if not self.kept.all():
            settings.append(("missing", "drop                      # some cells are empty: their rows are left out"))
        settings += [("validation", "15%"), ("test", "15%"), *more]
        width = max(len(name) for name, _ in settings)
        lines = [f"  {name:{width}} = {value}" for name, value in settings]
        return lines[:place] + self._comments() + lines[place:]

    def _comments(self) -> list[str]:
        """What is left out and why, and how a column of words would be taken in."""
        lines = []
        for why, names in self.left_out.items():
            shown = ", ".join(" ".join(name.split()) or '""' for name in names)
            lines.append(f"  # left out, since they {why}: {shown}")
        if WORDS in self.left_out:
            lines += self._of_words(self.left_out[WORDS])
        return lines

    def _of_words(self, names: Sequence[str]) -> list[str]:
        """How the first of these columns that has kinds, not a word for every row or so, would be an input."""
        for column in names:
            kinds = len(self.columns.words(column))
            if 2 <= kinds <= len(self.kept) / FEWEST_ROWS:
                name = identifier(column)
                bound = f", {name} = column({_literal(column)})" if name != column else ""
                coded = f"one_hot({name}, {kinds})" if kinds <= MOST_KINDS else f"embedding({name}, {kinds}, 8)"
                return [
                    f"  # words are kinds, as in: input {name}: class[{kinds}]{bound}",
                    f"  #                         concat(normalize(features), {coded})",
                ]
        return []


_HEADS = {
    "classes": """\
  logits = hidden -> dense(KINDS)

  output label       = argmax(logits)
  output probability = softmax(logits)

  loss   cross_entropy(logits, TARGET)
  metric accuracy(logits, TARGET)""",
    "binary": """\
  score  = hidden -> dense(1)

  output probability = sigmoid(score)

  loss   binary_cross_entropy(score, TARGET)
  metric binary_accuracy(score, TARGET)""",
    "regression": """\
  output prediction = hidden -> dense(1)SCALING

  loss   mse(prediction, TARGET)
  metric mae(prediction, TARGET)
  metric r2(prediction, TARGET)""",
}

RESERVED = frozenset("if then else and or not true false none repeat for in as".split())


def identifier(name: str) -> str:
    """A name of the language made from any text."""
    word = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_").lower() or "model"
    if word[0].isdigit():
        word = f"m_{word}"
    return f"{word}_" if word in RESERVED or word in SETTINGS else word


SETTINGS = frozenset("source train validation test stratify shuffle split_seed missing loss".split())


def _listed(words: Sequence[str]) -> str:
    return ", ".join(map(_literal, words))


def _literal(value: str | bool) -> str:
    """A string or a truth value as a program writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return '"' + "".join(c if c.isprintable() else f"\\u{{{ord(c):x}}}" for c in escaped) + '"'
