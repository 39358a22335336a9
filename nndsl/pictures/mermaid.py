"""A network as Mermaid text, which GitHub, GitLab and many editors draw: put it behind a fence of ```mermaid."""

from __future__ import annotations

import re

from nndsl.pictures.diagram import Box, diagram
from nndsl.transform.step import Step

SHAPES = {
    "input": ("([", "])"),
    "target": ("([", "])"),
    "output": ("([", "])"),
    "layer": ("[", "]"),
    "activation": ("(", ")"),
    "expression": ("(", ")"),
    "loss": ("{{", "}}"),
}
"""What stands around the label of each kind of box."""

STYLES = {
    "input": "fill:#dcfce7,stroke:#4ade80,color:#111827",
    "target": "fill:#fef9c3,stroke:#eab308,color:#111827",
    "output": "fill:#dcfce7,stroke:#4ade80,color:#111827",
    "layer": "fill:#dbeafe,stroke:#60a5fa,color:#111827",
    "activation": "fill:#ede9fe,stroke:#a78bfa,color:#111827",
    "expression": "fill:#f3f4f6,stroke:#9ca3af,color:#111827",
    "loss": "fill:#fee2e2,stroke:#f87171,color:#111827",
}
"""Light boxes with dark letters, which can be read on a dark page too."""


def network_mermaid(step: Step) -> str:
    """A flowchart from top to bottom."""
    drawing = diagram(step)
    lines = ["flowchart TD"]
    for index, box in enumerate(drawing.boxes):
        before, behind = SHAPES[box.kind]
        lines.append(f'  n{index}{before}"{_label(box)}"{behind}:::{box.kind}')
    lines += [f"  n{source} --> n{target}" for source, target in drawing.edges]
    used = {box.kind for box in drawing.boxes}
    lines += [f"  classDef {kind} {style}" for kind, style in STYLES.items() if kind in used]
    return "\n".join(lines) + "\n"


def _label(box: Box) -> str:
    return "<br/>".join(_escaped(line) for line in (box.title, *box.lines))


def _escaped(text: str) -> str:
    """Letters, digits and harmless marks as they are; what Mermaid, HTML or Markdown would read as theirs by number."""
    return re.sub(r"[^\w .,:·…=()+/\[\]^@%!?-]", lambda match: f"#{ord(match[0])};", text)
