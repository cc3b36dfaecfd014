"""`mattekit`, and `python -m mattekit`: the command line, which Ctrl-C ends in one line even while it is loaded."""

from __future__ import annotations

import signal
import sys

__all__ = ["main"]


def main() -> None:
    """Load the command line and run it."""
    # A request to end is Ctrl-C without a terminal: what is half-done is removed, and what was started is ended.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        from .cli import main as run
    except KeyboardInterrupt:
        sys.stderr.write("mattekit: interrupted\n")
        sys.exit(130)
    run()


if __name__ == "__main__":
    main()
