"""nndsl: a network in a short text file becomes an ONNX training graph and a NumPy module.

import nndsl
net = nndsl.load("digits.nn")
run = net.train()
run.predict({"pixels": images})["label"]
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from nndsl.api import Net as Net
    from nndsl.api import Run as Run
    from nndsl.api import load as load
    from nndsl.diagnostics import Failure as Failure

_HOMES = {"load": "nndsl.api", "Net": "nndsl.api", "Run": "nndsl.api", "Failure": "nndsl.diagnostics"}

__all__ = ["Failure", "Net", "Run", "__version__", "load"]


def __getattr__(name: str) -> Any:
    """Import the API when it is first asked for: `import nndsl` alone costs nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module 'nndsl' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
