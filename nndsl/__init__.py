"""nndsl: a network in a short text file becomes an ONNX training graph and a NumPy module.

import nndsl
net = nndsl.load("digits.nn")
run = net.fit(images, digits, epochs=30)
net.predict(images)["label"]
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from nndsl.api import Net as Net
    from nndsl.api import Run as Run
    from nndsl.api import StopTraining as StopTraining
    from nndsl.api import load as load
    from nndsl.api import loads as loads
    from nndsl.api import open_run as open_run
    from nndsl.diagnostics import Failure as Failure

_HOMES = {
    **dict.fromkeys(("load", "loads", "open_run", "Net", "Run", "StopTraining"), "nndsl.api"),
    "Failure": "nndsl.diagnostics",
    "load_ipython_extension": "nndsl.notebook",
}

__all__ = ["Failure", "Net", "Run", "StopTraining", "__version__", "load", "loads", "open_run"]


def __getattr__(name: str) -> Any:
    """Import the API when it is first asked for: `import nndsl` alone costs nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module 'nndsl' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
