"""The `nndsl` command. Answers `--version` by itself, so that it is instant; everything else is in `nndsl.cli`."""

from __future__ import annotations

import sys

INTERRUPTED = 130


def main() -> None:
    """Run the command line and exit with its code."""
    if sys.argv[1:] == ["--version"]:
        from nndsl import __version__

        print(f"nndsl {__version__}")
        return
    try:
        from nndsl.cli.main import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt:  # outside of what `run` guards, such as its own import
        code = INTERRUPTED
    sys.exit(code)


if __name__ == "__main__":
    main()
