"""`mattekit`, and `python -m mattekit`: the command line, which Ctrl-C ends in one line even while it is loaded."""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> None:
    """Load the command line and run it."""
    try:
        from .cli import main as run
    except KeyboardInterrupt:
        sys.stderr.write("mattekit: interrupted\n")
        sys.exit(130)
    run()


if __name__ == "__main__":
    main()
