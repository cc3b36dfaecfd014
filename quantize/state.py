"""The state of a search on disk, so that one that was interrupted goes on where it stopped."""

from __future__ import annotations

import shutil
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from ..core.files import atomic_path

__all__ = ["SearchState", "open_state"]

_FILE = "state.json"


class SearchState(BaseModel):
    """What a search has found out so far.

    key: of all that decides the search; another key means another search. baseline: the metric for each validation
    sample before quantization. noise: layers and their signal-to-noise ratios in dB, the noisiest first. tried: the
    metric for each sample, by the names of the unquantized layers, one a line.
    """

    model_config = ConfigDict(extra="forbid")

    key: str
    baseline: list[float] = []
    noise: list[tuple[str, float]] = []
    tried: dict[str, list[float]] = {}

    def write(self, folder: Path) -> None:
        """Keep the state in a folder; the file is whole at any time."""
        with atomic_path(folder / _FILE) as temporary:
            temporary.write_text(self.model_dump_json(indent=1) + "\n", encoding="utf-8")


def open_state(folder: Path, key: str) -> SearchState:
    """Return the state that the folder holds, or a new one in an empty folder if it is of another search."""
    try:
        found = SearchState.model_validate_json((folder / _FILE).read_bytes())
    except (OSError, ValidationError):
        found = None
    if found is not None and found.key == key:
        return found
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return SearchState(key=key)
