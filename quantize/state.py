"""The state of a search on disk, so that one that was interrupted goes on where it stopped."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from ..core import Measurement, atomic_path, make_folder

__all__ = ["SearchState", "clear", "open_state"]

_FILE = "state.json"

_OURS = re.compile(r"state\.json|\.state\.[0-9a-f]{12}\.tmp\.json|(plain|unfinished|candidate)\.(xml|bin)")
"""What a search writes into its folder."""


class SearchState(BaseModel):
    """What a search has found out so far.

    key: of all that decides the search; another key means another search. measured: what the metric is of, without a
    value. baseline: the metric for each validation sample before quantization. noise: layers and their signal-to-noise
    ratios in dB, the noisiest first. tried: the metric for each sample, by the names of the unquantized layers, one a
    line.
    """

    model_config = ConfigDict(extra="forbid")

    key: str
    measured: Measurement | None = None
    baseline: list[float] = []
    noise: list[tuple[str, float]] = []
    tried: dict[str, list[float]] = {}

    def write(self, folder: Path) -> None:
        """Keep the state in a folder; the file is whole at any time."""
        with atomic_path(folder / _FILE) as temporary:
            temporary.write_text(self.model_dump_json(indent=1) + "\n", encoding="utf-8")


def open_state(folder: Path, key: str) -> SearchState:
    """Return the state that the folder holds, or a new one if it is of another search, whose files are removed."""
    try:
        found = SearchState.model_validate_json((folder / _FILE).read_bytes())
    except (OSError, ValidationError):
        found = None
    if found is not None and found.key == key:
        return found
    clear(folder)
    make_folder(folder)
    return SearchState(key=key)


def clear(folder: Path) -> None:
    """Remove what a search wrote into its folder, and the folder unless somebody else put something there."""
    if not folder.is_dir():
        return
    for path in folder.iterdir():
        if _OURS.fullmatch(path.name):
            path.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        folder.rmdir()
