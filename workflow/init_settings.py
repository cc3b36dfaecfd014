"""All options of starting a recipe."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..core import Settings, option

__all__ = ["InitSettings"]


@dataclass(frozen=True, kw_only=True)
class InitSettings(Settings):
    """What a new recipe is of.

    Attributes:
        data: photos with their truth: a folder, LAYOUT:FOLDER, synthetic, images=…,masks=….
        weights: a checkpoint, or an .onnx or .xml file of your own; the zoo's weights unless given.
        contract: what surrounds a network of your own, where neither its file nor one beside it says so.
        int8: quantize to INT8 too.
        limit: at most so many samples of the data set.
        install: what pip installs in continuous integration, such as git+https://…@COMMIT; its name unless given.
        out: folder of the recipe; it is made where it is not there.
    """

    data: str = "synthetic:count=35,seed=0"
    weights: str | Path | None = None
    contract: str | Path | None = None
    int8: bool = False
    limit: int | None = option(None, least=1)
    install: str | None = None
    out: str | Path = "."
