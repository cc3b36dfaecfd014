"""A plan's files: a folder for each finalist with the recipe that makes it again, and a table of all that was tried."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from ..core import atomic_path
from .plan_search import Tried
from .plan_settings import PlanSettings
from .plan_variants import PlannedVariant, VariantShelf

__all__ = ["write_point", "write_tried"]


def write_point(
    folder: Path, variant: PlannedVariant, shelf: VariantShelf, settings: PlanSettings, *, model: str, weights: bool
) -> None:
    """Copy a variant's files into a folder, with a recipe for `mattekit build` beside them.

    Args:
        folder: is there, and empty.
        variant: what it is.
        shelf: that it was made by.
        settings: of the plan.
        model: its id.
        weights: whether the recipe must be told a file of weights; else they are the zoo's.
    """
    path = shelf.path(variant)
    for file in (path, path.with_suffix(".bin")):
        shutil.copyfile(file, folder / f"model{file.suffix}")
    names = [*(["WEIGHTS"] if weights else []), *(["CALIBRATION"] if variant.precision == "int8" else []), "DATA"]
    lines = [
        f"# {' '.join(f'{name}=…' for name in names)} mattekit build recipe.toml",
        f"name = {json.dumps(str(variant))}",
        "",
        "[variables]",
        *(f'{name} = {{ env = "{name}" }}' for name in names),
        "",
        "[[model]]",
        f"id = {json.dumps(model)}",
        *(['weights = "${WEIGHTS}"'] if weights else []),
        f"precisions = {json.dumps(sorted({'fp32', variant.precision}))}",
    ]
    if variant.precision == "int8":
        kept = shelf.int8.ignored(variant.layers)
        ignore = ""
        if kept:
            (folder / "ignored.txt").write_text("".join(f"{name}\n" for name in kept), encoding="utf-8")
            ignore = ', ignore_scope = "ignored.txt"'
        lines.append(f'quantize = {{ data = "${{CALIBRATION}}", limit = {settings.calibration_limit}{ignore} }}')
    lines.append(f'validate = {{ data = "${{DATA}}", arithmetic = "{variant.arithmetic}" }}')
    lines.append(f'bench = {{ devices = [{json.dumps(settings.device)}], arithmetics = ["{variant.arithmetic}"] }}')
    (folder / "recipe.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_tried(path: Path, tried: Sequence[Tried]) -> None:
    """Write what a search found out of each variant as CSV."""
    rows = [each.row() for each in tried]
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
