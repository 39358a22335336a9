"""A page of `docs` for a machine, and its picture, from the JSON that the other benchmarks wrote there.

python benchmarks/report.py results.json [benchmarks-xeon]
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parent.parent / "docs"
OWN = "nndsl"
INTRODUCTION = """# Benchmarks

The same network, data, initial weights, batch and optimizer (Adam) in nndsl, PyTorch, JAX, Keras and scikit-learn.
Shuffling and the gathering of batches are counted. Everybody has a process of their own on the same two processors,
and they take turns, a few epochs each; a figure is the median over the rounds, and it counts only if everybody has
come to the same loss. "JAX jit" calls a compiled step for each batch; "JAX scan" compiles a whole epoch into one call,
without Python between the steps. Ratios are to nndsl on ONNX Runtime: above 1 is slower. The machine is shared: between
runs, and within one, figures move by up to 1.7 times, so the least of the rounds is beside the median.

Machine: {processor}, {processors} processors, Python {python}. {versions}. {others}

To measure again: `python benchmarks/compare.py --setup`, then `python benchmarks/compare.py --out results.json`,
the same of `command.py`, `inference.py`, `networks.py`, `floors.py` and `memory.py`, and
`python benchmarks/report.py results.json`.
What was tried: `benchmarks/NOTES.md`.

![Steps a second, relative to the fastest other framework](images/{page}.svg)
"""

PAGES = {"benchmarks": "an AMD EPYC (Zen 5)", "benchmarks-xeon": "an Intel Xeon (Sapphire Rapids)"}
"""The machines that have a page."""

FLOORS = """## How far from the floor

The least time of a step on ONNX Runtime beside what its multiplications take at the rate of a large matrix product and
what its update takes at the rate of a copy of as many bytes, µs, all measured in one run (`benchmarks/floors.py`).
"""
NETWORKS = """## Other networks

What courses and small products train, in nndsl and in PyTorch without its compiler, µs a step
(`benchmarks/networks.py`).
Here everybody has initial weights of their own and data at random; the numbers of parameters are the same.
"""
MEMORY = """## Memory

The peak of a process that trains, without what its imports take and one copy of the data (`benchmarks/memory.py`).
"""


def page(results: dict[str, Any], name: str) -> str:
    tasks = dict(sorted(results["tasks"].items()))
    versions = {row.get("version") for task in tasks.values() for row in task["rows"]} - {None, ""}
    others = ", ".join(f"[{machine}]({other}.md)" for other, machine in PAGES.items() if other != name)
    introduction = INTRODUCTION.format(
        **results["machine"],
        versions=", ".join(sorted(map(str, versions))),
        others=f"The same on {others}.",
        page=name,
    )
    parts = [introduction]
    for name, task in tasks.items():
        parts.append(f"## {name}: {task['title']}\n")
        parts.append(batches(task["rows"]) if "batch" in task["rows"][0] else table(task))
    if "networks" in results:
        parts.append(networks(results["networks"]))
    if "floors" in results:
        parts.append(floors(results["floors"]))
    if "memory" in results:
        parts.append(memory(results["memory"]))
    return "\n".join(parts)


def floors(tasks: dict[str, Any]) -> str:
    """How far steps on ONNX Runtime are from what the machine could do."""
    lines = [FLOORS, "| | floor: products | … update | a step | ratio | where the time of its nodes goes |"]
    lines.append("|---|---:|---:|---:|---:|---|")
    for name, row in tasks.items():
        parts = ", ".join(f"{part} {share:.0%}" for part, share in row["profile"].items() if share >= 0.02)
        ratio = row["least"] / (row["compute"] + row["memory"])
        figures = f"{number(row['compute'])} ({row['gflops']:.0f} GFLOP/s) | {number(row['memory'])}"
        lines.append(f"| {name} | {figures} | {number(row['least'])} | {ratio:.2f} | {parts} |")
    return "\n".join(lines) + "\n"


def networks(found: dict[str, Any]) -> str:
    """A row for each of the other networks, and how many times as long as nndsl PyTorch takes at its best."""
    names = list(dict.fromkeys(row["contender"] for network in found.values() for row in network["rows"]))
    lines = [NETWORKS, f"| | {' | '.join(names)} | best PyTorch / ONNX Runtime |", "|---|" + "---:|" * (len(names) + 1)]
    for network in found.values():
        times = {row["contender"]: row["median"] for row in network["rows"] if "median" in row}
        others = [time for name, time in times.items() if not name.startswith(OWN)]
        own = times.get(f"{OWN}, ONNX Runtime")
        ratio = f"{min(others) / own:.2f}" if own and others else ""
        shown = " | ".join(number(times[name]) if name in times else "" for name in names)
        lines.append(f"| {network['title']}, batch {network['batch']} | {shown} | {ratio} |")
    return "\n".join(lines) + "\n"


def memory(tasks: dict[str, Any]) -> str:
    """What training takes beyond the framework's code and the data."""
    names = list(next(iter(tasks.values())))
    lines = [MEMORY, f"| MB | {' | '.join(names)} |", "|---|" + "---:|" * len(names)]
    for task, found in tasks.items():
        lines.append(f"| {task} | {' | '.join(number(found[name]) for name in names)} |")
    return "\n".join(lines) + "\n"


def table(task: dict[str, Any]) -> str:
    """A training task: the fastest first."""
    unit = task.get("unit", "µs a step")
    rows = sorted(task["rows"], key=lambda row: row.get("median", float("inf")))
    own = next((row["median"] for row in rows if row["contender"] == f"{OWN}, ONNX Runtime" and "median" in row), None)
    lines = [f"| | {unit} | least | ratio |", "|---|---:|---:|---:|"]
    for row in rows:
        name = f"**{row['contender']}**" if row["contender"].startswith(OWN) else row["contender"]
        if "failed" in row:
            lines.append(f"| {name} | {row['failed'].replace('|', '/')[:80]} | | |")
            continue
        ratio = f"{row['median'] / own:.2f}" if own else ""
        lines.append(f"| {name} | {number(row['median'])} | {number(row['least'])} | {ratio} |")
    return "\n".join(lines) + "\n"


def batches(rows: list[dict[str, Any]]) -> str:
    """Inference: a column for each batch."""
    sizes = sorted({row["batch"] for row in rows})
    names = list(dict.fromkeys(row["contender"] for row in rows))
    lines = ["| µs a call | " + " | ".join(f"batch {size}" for size in sizes) + " |", "|---|" + "---:|" * len(sizes)]
    for name in names:
        found = {row["batch"]: row["median"] for row in rows if row["contender"] == name}
        shown = f"**{name}**" if name.startswith(OWN) else name
        lines.append(f"| {shown} | " + " | ".join(number(found[size]) for size in sizes) + " |")
    return "\n".join(lines) + "\n"


def number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def picture(results: dict[str, Any], name: str) -> None:
    """For each training task a bar a contender: how many times the fastest other framework's speed."""
    from matplotlib.figure import Figure

    tasks = {name: task for name, task in sorted(results["tasks"].items()) if "batch" not in task["rows"][0]}
    figure = Figure(figsize=(10, 0.36 * sum(len(task["rows"]) for task in tasks.values()) + 1), layout="constrained")
    axes = figure.subplots(len(tasks), 1, squeeze=False, height_ratios=[len(task["rows"]) for task in tasks.values()])
    for row_axes, (title, task) in zip(axes[:, 0], tasks.items(), strict=True):
        rows = sorted((row for row in task["rows"] if "median" in row), key=lambda row: -row["median"])
        best = min(row["median"] for row in rows if not row["contender"].startswith(OWN))
        for i, row in enumerate(rows):
            speed = best / row["median"]
            own = row["contender"].startswith(OWN)
            row_axes.barh(i, speed, color="#2a78b5" if own else "#b9bec4", height=0.72)
            row_axes.text(speed, i, f" {speed:.2g}", va="center", fontsize=8, color="#333333")
        row_axes.set_yticks(range(len(rows)), [row["contender"] for row in rows], fontsize=8)
        row_axes.axvline(1, color="#888888", linewidth=0.8, linestyle=":")
        row_axes.set_title(f"{title}: {task['title']}", fontsize=9, loc="left")
        row_axes.spines[["top", "right"]].set_visible(False)
        row_axes.tick_params(axis="x", labelsize=8)
    axes[-1, 0].set_xlabel("speed, that of the fastest other framework being 1", fontsize=8)
    (DOCS / "images").mkdir(exist_ok=True)
    figure.savefig(DOCS / "images" / f"{name}.svg", metadata={"Date": None})


def main(path: Path, name: str = "benchmarks") -> None:
    results = json.loads(path.read_text())
    (DOCS / f"{name}.md").write_text(page(results, name))
    picture(results, name)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
