"""An export with its evidence: each step of the conversion compared with the one before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..convert.fetch import fetch
from ..core import ExportRecord, InputError, Progress, Variant

if TYPE_CHECKING:
    from ..convert.export import ExportSettings

__all__ = ["ExportReport", "export_model"]


_SAMPLES = 3
"""How many of the given images the parity check runs by default."""


@dataclass(frozen=True)
class ExportReport:
    """What an export wrote: the variants (the IR last), and the record of its checks, which lies beside them."""

    variants: list[Variant]
    record: ExportRecord
    record_path: Path

    @property
    def ir(self) -> Variant:
        """Return the IR."""
        return self.variants[-1]


def export_model(
    model: str,
    out_dir: Path,
    settings: ExportSettings,
    *,
    weights: Path | None = None,
    images: Sequence[Path] = (),
    offline: bool = False,
    progress: Progress | None = None,
    whatever: bool = False,
) -> ExportReport:
    """Export a zoo entry to `<out_dir>/<model>/<precision>/`, comparing each step with the one before on real images.

    Args:
        model: a zoo id, or `spandrel-` and any name for the network that spandrel recognises in `weights`.
        out_dir: parent of the model's folder.
        settings: how to export.
        weights: a checkpoint of the user's; the entry's own where None, downloaded if need be.
        images: images for the comparison; three photos that come with scikit-image where empty.
        offline: never download.
        progress: called during a download.
        whatever: replace whatever lies in the model's folder; otherwise, only what mattekit wrote itself.

    Raises:
        ParityError: a step moved the outputs too far; nothing is left at the final path.
        MattekitError: as its message says.
    """
    from ..convert.export import RECORD_NAME, export, folder_of
    from ..convert.parity import ParityCheck
    from ..convert.recognition import spec_for
    from ..convert.stage_input import stage_input
    from ..images import read_image, sample_images

    if weights is not None and not weights.is_file():
        raise InputError(f"{weights}: there is no such file; give a checkpoint of {model}")
    spec = spec_for(model, weights)
    path = weights or fetch(spec, offline=offline, progress=progress)
    samples = [read_image(path) for path in images[:_SAMPLES]] if images else sample_images()
    contract = spec.contract.with_size(*settings.size) if settings.size else spec.contract
    # A free batch is tried with two images, so that a one that tracing made a constant is found.
    batch = settings.batch if settings.batch > 0 else 2
    whole = contract.task == "segmentation"
    inputs = [stage_input(each.rgb if whole else each.with_depth(8).rgb, contract) for each in samples]
    check = ParityCheck([each.source for each in samples], [np.repeat(tensor, batch, 0) for tensor in inputs], contract)
    written, record = export(spec, path, out_dir, settings, check, whatever=whatever)
    return ExportReport(written, record, folder_of(spec, settings, out_dir) / RECORD_NAME)
