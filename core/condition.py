"""The machine's condition now: what else it does, how hot it is, and whether it slows down."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict

__all__ = ["Condition"]


class Condition(BaseModel):
    """What would move a measurement; None or empty where the system does not tell.

    load: processes that ran or waited in the last minute, on average. stolen: the share of the processors' time since
    the start that the hypervisor gave to others. governors: how frequencies are chosen. frequency: of the processors
    now, as a share of the highest that they are allowed. temperatures: in °C by sensor. throttle_events: how often
    since the start the processors slowed down to stay cool. on_battery: whether the machine runs without mains.
    memory_available_bytes: that can be had without swapping.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    load: float | None = None
    stolen: float | None = None
    governors: tuple[str, ...] = ()
    frequency: float | None = None
    temperatures: dict[str, float] = {}
    throttle_events: int | None = None
    on_battery: bool | None = None
    memory_available_bytes: int | None = None

    @classmethod
    def current(cls, root: Path = Path("/")) -> Condition:
        """Read this machine's; root: of the file system that `proc` and `sys` lie in."""
        cpus = root / "sys/devices/system/cpu"
        now, most = (_numbers(cpus, f"cpu[0-9]*/cpufreq/{name}") for name in ("scaling_cur_freq", "scaling_max_freq"))
        mains = _numbers(root / "sys/class/power_supply", "A*/online")
        batteries = [_text(file) for file in sorted((root / "sys/class/power_supply").glob("BAT*/status"))]
        slowed = _numbers(cpus, "cpu[0-9]*/thermal_throttle/core_throttle_count")
        return cls(
            load=os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
            stolen=_stolen(root / "proc/stat"),
            governors=tuple(sorted({_text(file) for file in cpus.glob("cpu[0-9]*/cpufreq/scaling_governor")} - {""})),
            frequency=sum(now) / sum(most) if now and most else None,
            temperatures=_temperatures(root / "sys/class/thermal"),
            throttle_events=sum(slowed) if slowed else None,
            on_battery=not any(mains) if mains else "Discharging" in batteries if batteries else None,
            memory_available_bytes=_available(root / "proc/meminfo"),
        )


def _temperatures(folder: Path) -> dict[str, float]:
    found: dict[str, float] = {}
    for zone in sorted(folder.glob("thermal_zone*")):
        text = _text(zone / "temp")
        # In thousandths of a degree; sensors without a reading show zero or less.
        if text.isdecimal() and int(text) > 0:
            found[f"{_text(zone / 'type') or 'zone'} ({zone.name})"] = int(text) / 1000
    return found


def _stolen(file: Path) -> float | None:
    fields = [int(value) for value in (_text(file).splitlines() or [""])[0].split()[1:9]]
    return fields[7] / sum(fields) if len(fields) == 8 and sum(fields) else None


def _available(file: Path) -> int | None:
    rows = [line.split() for line in _text(file).splitlines()]
    return next((int(row[1]) * 1024 for row in rows if row and row[0] == "MemAvailable:"), None)


def _numbers(folder: Path, pattern: str) -> list[int]:
    texts = [_text(file) for file in sorted(folder.glob(pattern))]
    return [int(text) for text in texts if text.isdecimal()]


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except OSError:
        # Sensors come and go, and some are not for everyone to read.
        return ""
