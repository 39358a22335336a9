"""Choices: each is taken by the session that is told it, and none changes what is computed beyond the order of sums."""

from __future__ import annotations

import numpy as np
import pytest
from onnx_networks import initial_state

import nndsl
from nndsl.codegen.backend import Arrays
from nndsl.codegen.onnx.choices import USUAL, Choices, questions
from nndsl.codegen.onnx.processor import block_of_images
from nndsl.codegen.onnx.session import OnnxSession

STEP = nndsl.loads("""
model net {
  input  x: f32[8, 8, 3]
  target y: class[10]
  scores = x -> conv2d(16, 3, relu) -> conv2d(16, 3, relu) -> max_pool2d(2) -> flatten -> dense(32, relu) -> dense(10)
  output label = argmax(scores)
  loss   cross_entropy(scores, y)
}
train { optimizer = sgd(0.1) }
""").step

QUESTIONS = questions(STEP, 16, {})


def trained(choices: Choices) -> tuple[OnnxSession, Arrays]:
    session = OnnxSession(STEP, initial_state(STEP), seed=0, batch_size=16, choices=choices)
    for number in range(3):
        batch = session.buffers(16)
        batch["x"][...] = np.random.default_rng(number).normal(size=(16, 8, 8, 3))
        batch["y"][...] = np.arange(16) % 10
        session.train_step(16, number)
    return session, session.state()


def test_choices_fill_up_one_another() -> None:
    assert Choices(threads=1).given(Choices(packed=0, blocks=False)) == Choices(threads=1, packed=0, blocks=False)
    assert Choices(threads=1, polls=True).given(Choices(threads=2, polls=False)) == Choices(threads=2, polls=False)


def test_the_layout_of_images_is_asked_for_where_the_processor_has_blocks() -> None:
    layouts = [choices.blocks for choices in QUESTIONS[2]]
    assert layouts == ([True, False] if block_of_images(STEP.gradients) else [])


@pytest.mark.parametrize("choices", [*(each for those in QUESTIONS for each in those), Choices(threads=3)], ids=str)
def test_a_session_computes_the_same_whatever_it_was_told(choices: Choices) -> None:
    session, state = trained(choices)
    if choices.threads is not None:
        assert session.threads == choices.threads
    for name, value in trained(USUAL)[1].items():
        np.testing.assert_allclose(state[name], value, rtol=1e-4, atol=1e-5, err_msg=name)


def test_the_first_candidates_are_what_a_session_chooses_by_itself() -> None:
    usual = USUAL
    for candidates in QUESTIONS:
        usual = usual.given(candidates[0]) if candidates else usual
    for name, value in trained(USUAL)[1].items():
        np.testing.assert_array_equal(trained(usual)[1][name], value, err_msg=name)
