"""What a workflow of GitHub shows on a run's page: verdicts at the lines of the gates that they are of, and errors.

Source of the form: GitHub's "Workflow commands for GitHub Actions".
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from ..core import Verdict

__all__ = ["print_annotations", "print_error", "workflow_commands"]


def workflow_commands(verdicts: Sequence[Verdict]) -> list[str]:
    """Return a command for each verdict that is not passed: an error, with the gate's file and line."""
    found: list[str] = []
    for verdict in verdicts:
        if verdict.status == "passed":
            continue
        file, _, line = verdict.place.rpartition(":")
        where = {"file": file, "line": line} if file else {}
        found.append(
            _error(where | {"title": f"{verdict.status}: {verdict.gate} {verdict.limit_text}"}, verdict.reason)
        )
    return found


def print_annotations(verdicts: Sequence[Verdict]) -> None:
    """Print the commands where GitHub reads them, and nothing elsewhere."""
    _print(workflow_commands(verdicts))


def print_error(title: str, message: str) -> None:
    """Print an error of no line where GitHub reads it, and nothing elsewhere."""
    _print([_error({"title": title}, message)])


def _print(lines: Sequence[str]) -> None:
    if os.environ.get("GITHUB_ACTIONS") == "true":
        sys.stdout.write("".join(f"{line}\n" for line in lines))


def _error(properties: dict[str, str], message: str) -> str:
    told = (f"{key}={_data(text).replace(':', '%3A').replace(',', '%2C')}" for key, text in properties.items())
    return f"::error {','.join(told)}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
