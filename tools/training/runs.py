"""What every training run shares: where data lies, checkpoints that survive a kill, averaged weights, log and curve."""

from __future__ import annotations

import copy
import csv
import math
import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

import torch
from torch import nn


def data_root() -> Path:
    """The reference data: ``MATTEKIT_TEST_DATA``, or ``shared/data`` beside the repository."""
    default = Path(__file__).resolve().parents[3] / "shared" / "data"
    return Path(os.environ.get("MATTEKIT_TEST_DATA", default))


def pick_device() -> torch.device:
    """CUDA where there is one, else the CPU with one thread (a run shares its machine)."""
    if torch.cuda.is_available():
        torch.backends.cudnn.benchmark = True
        return torch.device("cuda")
    torch.set_num_threads(1)
    return torch.device("cpu")


Network = TypeVar("Network", bound=nn.Module)


class Average(Generic[Network]):
    """Exponential moving average of a network's parameters and buffers: what is evaluated and exported."""

    def __init__(self, network: Network, decay: float = 0.999) -> None:
        self.network: Network = copy.deepcopy(network).eval().requires_grad_(False)
        self.decay = decay
        self.steps = 0

    @torch.no_grad()
    def update(self, network: Network) -> None:
        """Move towards ``network``; faster in the first steps, when the average still remembers the start."""
        self.steps += 1
        weight = 1 - min(self.decay, (1 + self.steps) / (10 + self.steps))
        for mine, theirs in zip(self.network.state_dict().values(), network.state_dict().values(), strict=True):
            if mine.dtype.is_floating_point:
                mine.lerp_(theirs, weight)
            else:
                mine.copy_(theirs)


def learning_rate(progress: float, peak: float, warm_up: float = 0.02, floor: float = 0.01) -> float:
    """Linear warm-up to ``peak``, then a cosine down to ``floor * peak``; ``progress`` is 0..1 of the run."""
    if progress < warm_up:
        return peak * (progress / warm_up * 0.95 + 0.05)
    phase = min(1.0, (progress - warm_up) / (1 - warm_up))
    return peak * (floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * phase)))


@dataclass
class Run:
    """One training run in ``folder``: ``checkpoint.pt``, and ``log.csv`` with one row per evaluation.

    A run is as long as its budget, over all resumptions: so many ``minutes`` of training where the schedule has to end
    in time, or so many ``steps``.
    """

    folder: Path
    minutes: float = 0.0
    steps: int = 0
    step: int = 0
    seconds: float = 0.0
    rows: list[dict[str, float]] = field(default_factory=list)
    _since: float = field(default_factory=time.monotonic)

    @property
    def progress(self) -> float:
        """0 at the start, 1 when the budget is used up."""
        if self.steps:
            return min(1.0, self.step / self.steps)
        return min(1.0, (self.seconds + time.monotonic() - self._since) / (60 * self.minutes))

    def pause_clock(self) -> None:
        """Stop counting (evaluation is not training)."""
        self.seconds += time.monotonic() - self._since

    def resume_clock(self) -> None:
        """Count again."""
        self._since = time.monotonic()

    def restore(self, **parts: Any) -> bool:
        """Load each part from the checkpoint, if there is one; a part has ``load_state_dict``."""
        path = self.folder / "checkpoint.pt"
        if not path.exists():
            return False
        saved = torch.load(path, map_location="cpu", weights_only=True)
        for name, part in parts.items():
            part.load_state_dict(saved[name])
        self.step, self.seconds, self.rows = saved["step"], saved["seconds"], saved["rows"]
        self.resume_clock()
        return True

    def save(self, **parts: Any) -> None:
        """Write the checkpoint under another name and rename it: a kill leaves the old one or the new one, whole."""
        self.folder.mkdir(parents=True, exist_ok=True)
        state = {name: part.state_dict() for name, part in parts.items()}
        state |= {"step": self.step, "seconds": self.seconds, "rows": self.rows}
        partial = self.folder / "checkpoint.pt.partial"
        torch.save(state, partial)
        partial.replace(self.folder / "checkpoint.pt")

    def log(self, **figures: float) -> None:
        """Add a row, print it, rewrite the CSV."""
        row = {"step": self.step, "minutes": round(self.seconds / 60, 1)}
        self.rows.append(row | {name: round(value, 5) for name, value in figures.items()})
        print(" ".join(f"{name}={value:g}" for name, value in self.rows[-1].items()), flush=True)
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "log.csv").open("w", newline="") as stream:
            writer = csv.DictWriter(stream, list(self.rows[-1]))
            writer.writeheader()
            writer.writerows(self.rows)


def curve_svg(rows: list[dict[str, float]], columns: list[str], title: str, unit: str) -> str:
    """A small line chart of ``columns`` over ``step``, as SVG text: one panel per column, each with its own scale."""
    width, panel, left = 480, 120, 60
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {panel * len(columns) + 30}" '
        'font-family="sans-serif" font-size="11"><rect width="100%" height="100%" fill="white"/>'
        f'<text x="{left}" y="16" font-weight="bold">{title}</text>'
    ]
    last = max(row["step"] for row in rows) or 1
    for index, column in enumerate(columns):
        top = 30 + index * panel
        values = [row[column] for row in rows]
        low, high = min(values), max(values)
        spread = (high - low) or 1.0
        points = " ".join(
            f"{left + row['step'] / last * (width - left - 15):.1f},"
            f"{top + (1 - (row[column] - low) / spread) * (panel - 40) + 10:.1f}"
            for row in rows
        )
        parts.append(
            f'<text x="{left}" y="{top + 4}">{column}</text>'
            f'<text x="{left - 6}" y="{top + 14}" text-anchor="end">{high:.4g}</text>'
            f'<text x="{left - 6}" y="{top + panel - 28}" text-anchor="end">{low:.4g}</text>'
            f'<text x="{width - 15}" y="{top + panel - 16}" text-anchor="end">{last:g} {unit}</text>'
            f'<polyline fill="none" stroke="#1f6fb4" stroke-width="1.5" points="{points}"/>'
        )
    return "\n".join([*parts, "</svg>\n"])
