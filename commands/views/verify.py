"""A package's verification as text."""

from __future__ import annotations

import math

from ...core import PackageCheck, VerifyRecord
from ...package import VerifyResult
from .console import say

__all__ = ["print_verification", "verification_lines"]

_NAMES = {"mean": "mean", "max": "largest", "iou": "IoU", "psnr": "PSNR", "share": "share of pixels"}


def print_verification(found: VerifyResult) -> None:
    """Print what was compared, and which models could not be checked."""
    for line in verification_lines(found.record):
        say(line)
    for other in found.others:
        say(f"{other}: not packaged by mattekit, so it was not checked")


def verification_lines(record: VerifyRecord) -> list[str]:
    """Return a line for each golden output of a package, and one that sums them up; of several, its folder first."""
    several = len(record.packages) > 1
    return [line for package in record.packages for line in ([package.package] if several else []) + _lines(package)]


def _lines(package: PackageCheck) -> list[str]:
    lines: list[str] = []
    for output in package.outputs:
        word = "same" if output.passed else "DIFFERS"
        judged = ", ".join(
            f"{_NAMES[metric]} {output.distances.get(metric, math.nan):.4f} (limit {limit:.4g})"
            for metric, limit in output.limits.items()
        )
        lines.append(f"{word:7} {output.input} {output.output}: {judged}")
    passed = sum(output.passed for output in package.outputs)
    lines.append(
        f"{passed} of {len(package.outputs)} outputs as recorded: {package.model} {package.precision} on "
        f"{package.device}, {package.arithmetic} arithmetic"
    )
    if package.signed_by:
        lines.append(f"signed, every file of it, by the key of SHA-256 {package.signed_by[:16]}…")
    if package.arithmetic != package.golden_arithmetic:
        lines.append(f"recorded in {package.golden_arithmetic} arithmetic, so judged by the task's metric")
    if package.precision == "int8" and package.kernels != package.golden_kernels:
        lines.append(
            f"recorded by other kernels ({package.golden_kernels}; here {package.kernels}), so judged by the "
            "task's metric"
        )
    return lines
