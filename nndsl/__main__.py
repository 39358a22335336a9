"""The `nndsl` command. Answers `--version` by itself, so that it is instant; everything else is in `nndsl.cli`."""

from __future__ import annotations

import gc
import sys

INTERRUPTED = 130

GARBAGE = 200_000
"""How many objects are made before cycles among them are looked for. Modules, a program and its graphs are some 70 000,
which all live to the end; with Python's 700 they are searched again and again, a tenth of a short command's time."""


def main() -> None:
    """Run the command line and exit with its code."""
    if sys.argv[1:] == ["--version"]:
        from nndsl import __version__

        print(f"nndsl {__version__}")
        return
    gc.set_threshold(GARBAGE)
    try:
        from nndsl.cli.main import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt:  # outside of what `run` guards, such as its own import
        code = INTERRUPTED
    gc.freeze()  # what is left need not be searched as Python ends, which would take 0.1 s
    sys.exit(code)


if __name__ == "__main__":
    main()
