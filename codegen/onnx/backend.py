"""The backend that runs models on ONNX Runtime; it imports the engine only when it is used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nndsl.codegen.backend import Arrays, Session
from nndsl.codegen.onnx.choices import USUAL, Choices
from nndsl.transform.step import Step


@dataclass(frozen=True)
class OnnxBackend:
    choices: Choices = USUAL
    name: str = "onnx"

    def artifacts(self, step: Step, state: Arrays, *, split: bool = False) -> dict[str, bytes]:
        from nndsl.codegen.onnx.artifacts import artifacts

        return artifacts(step, state, split=split)

    def session(
        self,
        step: Step,
        state: Arrays,
        *,
        seed: int,
        batch_size: int,
        provider: str = "cpu",
        sizes: Mapping[str, int] | None = None,
    ) -> Session:
        from nndsl.codegen.onnx.session import OnnxSession

        return OnnxSession(
            step, state, seed=seed, batch_size=batch_size, provider=provider, sizes=sizes, choices=self.choices
        )
