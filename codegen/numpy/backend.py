"""The backend that needs NumPy only: the generated module, written out or run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nndsl.codegen.backend import Arrays, Session
from nndsl.transform.step import Step


@dataclass(frozen=True)
class NumpyBackend:
    name: str = "numpy"

    def artifacts(self, step: Step, state: Arrays, *, split: bool = False) -> dict[str, bytes]:
        """The module has both halves of a step anyway: `loss_and_grads` and `update`."""
        from nndsl.codegen.numpy.artifacts import artifacts

        return artifacts(step, state)

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
        """`provider` can only be `cpu`: the API refuses another one before it comes here."""
        from nndsl.codegen.numpy.session import NumpySession

        return NumpySession(step, state, seed=seed, batch_size=batch_size, sizes=sizes)
