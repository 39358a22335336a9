"""The `nndsl` command. Answers `--version` by itself, so that it is instant; everything else is in `nndsl.cli`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and exit with its code."""
    if sys.argv[1:] == ["--version"]:
        from nndsl import __version__

        print(f"nndsl {__version__}")
        return
    from nndsl.cli.main import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
