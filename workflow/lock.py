"""The lock file: hashes of the weights and data sets that a recipe was last built with."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from ..core import InputError, atomic_path

__all__ = ["Lock", "check_lock"]


class Lock(BaseModel):
    """Hashes of weights by model, and of data sets by the words that name them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    weights: dict[str, str]
    datasets: dict[str, str]


def check_lock(path: Path, found: Lock, *, update: bool, write: bool = True) -> None:
    """Compare what was found with the lock file; write one where there is none, or where `update` asks for it.

    Raises:
        InputError: something changed since the file was written, or it cannot be read.
    """
    if path.exists() and not update:
        try:
            locked = Lock.model_validate_json(path.read_bytes())
        except (OSError, ValidationError) as error:
            raise InputError(f"{path}: not a lock file of mattekit; write a new one with --update") from error
        for kind, before, now in (
            ("the weights of", locked.weights, found.weights),
            ("the data set", locked.datasets, found.datasets),
        ):
            changed = [name for name, value in now.items() if before.get(name, value) != value]
            if changed:
                raise InputError(
                    f"{path}: {kind} {changed[0]} changed since the recipe was last built; restore what was there, or "
                    "accept the change with --update"
                )
        if locked == found:
            return
    if write:
        with atomic_path(path) as temporary:
            temporary.write_text(found.model_dump_json(indent=1) + "\n", encoding="utf-8")
