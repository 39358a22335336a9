"""Generated modules as they are read: whole ones kept as files, each beside a test that runs the kept text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy_programs import PROGRAMS, compiled, compiled_text, examples

from nndsl.codegen.numpy.module import generate
from nndsl.codegen.numpy.session import load_module

GOLDEN = Path(__file__).parent / "golden"
ROOT = Path(__file__).parents[3]
Golden = Callable[[Path, str], None]


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program(name: str, tmp_path: Path, golden: Golden) -> None:
    golden(GOLDEN / f"{name}.py", generate(compiled(name, tmp_path)).text)


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_kept_module_learns(name: str, tmp_path: Path) -> None:
    """Thirty steps on one batch make its loss smaller."""
    step = compiled(name, tmp_path)
    module: Any = load_module(name, (GOLDEN / f"{name}.py").read_text(encoding="utf-8"))
    keywords = generate(step).keywords
    batch = {keywords[key]: array for key, array in examples(step, 8).items()}
    state = module.init_state()
    before = module.evaluate(state, **batch)["loss"]
    for number in range(30):
        module.train_step(state, **batch, step=number)
    assert module.evaluate(state, **batch)["loss"] < before


def test_the_digits_in_the_documentation(tmp_path: Path, golden: Golden) -> None:
    text = (ROOT / "examples" / "digits.nn").read_text(encoding="utf-8")
    golden(ROOT / "docs" / "digits.py", generate(compiled_text(text, tmp_path / "digits.nn")).text)


def test_the_digits_in_the_documentation_reads_digits() -> None:
    """Ten epochs, and nine of ten digits that it never saw are right."""
    module: Any = load_module("digits", (ROOT / "docs" / "digits.py").read_text(encoding="utf-8"))
    table = np.loadtxt(ROOT / "examples" / "data" / "digits.csv", np.float32, delimiter=",", skiprows=1)
    table = np.random.default_rng(0).permutation(table)
    pixels, digit = table[:, :64], table[:, 64].astype(np.int64)
    state = module.init_state()
    module.fit(state, pixels=pixels[300:], digit=digit[300:], epochs=10)
    found = module.predict(state, pixels=pixels[:300])["label"]
    assert np.mean(found == digit[:300]) > 0.9
