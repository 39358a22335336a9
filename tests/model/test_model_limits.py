"""Programs of hostile size: an answer or a diagnostic in seconds, never a traceback."""

import time

import pytest
from model_programs import codes

FIRST = "block b0(t) { return t + 1 }\n"
FOLDED = FIRST + "\n".join(f"block b{i}(t) {{ return t -> b{i - 1} -> b{i - 1} }}" for i in range(1, 31))
DEEP = FIRST + "\n".join(f"block b{i}(t) {{ return t -> b{i - 1} }}" for i in range(1, 301))

SECONDS = 20
"""Generous: each takes a second or two on two shared cores."""


@pytest.mark.parametrize(
    ("body", "before", "expected"),
    [
        ("h = x" + " -> relu" * 10_000, "", []),
        ("h = x" + " + x" * 10_000, "", []),
        ("h = x" + " -> dense(4)" * 9_000, "", []),
        ("h = x" + " -> dense(4)" * 10_001, "", ["NN239"]),
        ("h = x\nfor i in range(0, 1_000_000) { h = h + 1 }", "", ["NN239"]),
        ("h = x -> repeat 1_000_000_000 { relu }", "", ["NN239"]),
        ("for i in range(0, 1_000_000) { for j in range(0, 1_000_000) { } }", "", ["NN239"]),
        ("l = [1]\nfor i in range(0, 100) { l = l + l }", "", ["NN233"]),
        ("l = [1]\nfor i in range(0, 200_000) { l = l + [i] }", "", ["NN239"]),
        ('s = "a"\nfor i in range(0, 100) { s = s + s }', "", ["NN233"]),
        ("h = x -> b30", FOLDED, ["NN239"]),
        ("h = x -> b300", DEEP, ["NN240"]),
        ("n = 9_999_999 ^ 999_999_999", "", ["NN233"]),
        ("h = x -> dense(9_000_000_000_000_000_000)", "", ["NN215"]),
    ],
    ids=[
        "a long pipe",
        "a long sum",
        "nearly too many layers",
        "too many layers",
        "a long loop over a tensor",
        "a long repeat",
        "a loop in a loop",
        "a doubling list",
        "a growing list",
        "a doubling string",
        "blocks that double",
        "blocks within blocks",
        "a huge power",
        "a huge layer",
    ],
)
def test_an_answer_or_a_diagnostic_comes_quickly(body: str, before: str, expected: list[str]) -> None:
    begun = time.perf_counter()
    assert codes(body, before) == expected
    assert time.perf_counter() - begun < SECONDS
