"""Figures as text: as many digits as they are worth, in the unit that people read."""

from __future__ import annotations

import math

from ..core import Interval
from .document import Cell

__all__ = ["TIMES", "figure_cell", "number", "scaled", "signed", "span", "title_of"]

TIMES = "\N{MULTIPLICATION SIGN}"
"""The unit of ratios."""

_MINUS = "\N{MINUS SIGN}"
_BYTES = ("B", "B of memory")
_SHARE = "of the time"
_SHOWN = {
    **dict.fromkeys(_BYTES, ("MB", 1e6)),
    _SHARE: ("% of the time", 0.01),
    # What a figure's name says already.
    **dict.fromkeys(("p", "queries", "independent samples"), ("", 1.0)),
}
_TITLES = {
    "iou": "IoU",
    "mae": "MAE",
    "mse": "MSE",
    "sad": "SAD",
    "psnr": "PSNR",
    "psnr_y": "PSNR-Y",
    "ssim": "SSIM",
    "ssim_y": "SSIM-Y",
    "s_measure": "S-measure",
    "max_f_beta": "max F-beta",
    "weighted_f_beta": "weighted F-beta",
    "mean_e_measure": "mean E-measure",
    "boundary_iou": "boundary IoU",
    "snr": "SNR",
    "fps": "frames a second",
    "speedup": "speed-up",
}


def title_of(name: str) -> str:
    """Return a figure's name as people write it."""
    return _TITLES.get(name, name.replace("_", " "))


def scaled(unit: str) -> tuple[str, float]:
    """Return the unit that a figure is shown in, and what to divide by: bytes in millions, shares in percent."""
    return _SHOWN.get(unit, (str(unit), 1.0))


def number(value: float | None, unit: str = "", *, like: float | None = None) -> str:
    """Return a figure with about four significant digits, without its unit; `not measured` where there is none.

    like: a figure whose number of decimals is taken, for the ends of intervals and for differences.
    """
    if value is None or math.isnan(value):
        return "not measured"
    if math.isinf(value):
        return "∞" if value > 0 else f"{_MINUS}∞"
    divisor = scaled(unit)[1]
    value /= divisor
    size = abs(value) if like is None or not math.isfinite(like) else abs(like / divisor)
    if size and (size < 1e-3 or size >= 1e7):
        return _minus(f"{value:.2e}")
    if value.is_integer() and like is None and unit not in {"ms", "s", "dB", TIMES, *_BYTES, _SHARE}:
        return _minus(f"{value:,.0f}")
    shown = _minus(f"{value:,.{_digits(size, unit)}f}")
    return shown if shown.strip(f"{_MINUS}0.") else shown.removeprefix(_MINUS)


def signed(value: float, unit: str = "", *, like: float | None = None) -> str:
    """Return a difference with its sign."""
    shown = number(value, unit, like=like)
    return f"+{shown}" if value > 0 and shown.strip("0.") else shown


def span(interval: Interval | None, unit: str = "", *, like: float | None = None) -> str:
    """Return an interval in words; nothing where there is none."""
    if interval is None:
        return ""
    size = max(map(abs, interval)) if like is None else like
    return " to ".join(number(end, unit, like=size) for end in interval)


def figure_cell(value: float | None, unit: str = "", interval: Interval | None = None) -> Cell:
    """Return a cell with a figure and its interval below."""
    shown = None if value is None or math.isnan(value) else value
    return Cell(number(value, unit), shown, span(interval, unit, like=shown or None))


def _digits(size: float, unit: str) -> int:
    if unit in {"ms", "s", *_BYTES}:
        return 2 if size < 10 else 1 if size < 100 else 0
    if unit == _SHARE:
        return 1
    if unit in {"dB", TIMES}:
        return 2
    return 4 if size < 2 else 2 if size < 100 else 1 if size < 1000 else 0


def _minus(text: str) -> str:
    return text.replace("-", _MINUS, 1) if text.startswith("-") else text
