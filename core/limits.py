"""What a container or the system lets this process have: processors and memory (cgroups v1 and v2, affinity)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict

__all__ = ["Limits"]

_UNLIMITED = 1 << 60
"""Version 1 writes "no limit" as a number next to 2⁶³."""


class Limits(BaseModel):
    """Limits on this process; None where there is none, or where the system does not tell.

    processors: of the machine. affinity: on how many of them it may run. quota: of processor time, in processors; it
    may be a fraction, and more threads than that are stopped for a part of each period. throttled: the share of the
    periods so far in which that happened. memory_bytes, processes: at most so many. cgroup: its version. threads_env:
    environment variables that set the number of threads.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    processors: int
    affinity: int
    quota: float | None = None
    throttled: float | None = None
    memory_bytes: int | None = None
    processes: int | None = None
    cgroup: int | None = None
    threads_env: dict[str, str] = {}

    @property
    def usable(self) -> float:
        """Return how many processors' time this process can have."""
        return min(self.affinity, self.quota) if self.quota else self.affinity

    @classmethod
    def current(cls, root: Path = Path("/")) -> Limits:
        """Read those of this process; root: of the file system that `proc` and `sys` lie in."""
        processors = os.cpu_count() or 1
        affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else processors
        names = ("OMP_NUM_THREADS", "OMP_THREAD_LIMIT", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
        threads = {name: os.environ[name] for name in names if name in os.environ}
        paths = _groups(root)
        found = _version_1(root, paths) if {"cpu", "memory"} & paths.keys() else _version_2(root, paths)
        return found.model_copy(update={"processors": processors, "affinity": affinity, "threads_env": threads})


def _groups(root: Path) -> dict[str, str]:
    """This process's group by controller; the empty name is that of version 2."""
    file = root / "proc/self/cgroup"
    if not file.is_file():
        return {}
    rows = [line.split(":", 2) for line in file.read_text(encoding="utf-8").splitlines()]
    return {name: row[2] for row in rows if len(row) == 3 for name in row[1].split(",")}


def _version_2(root: Path, groups: dict[str, str]) -> Limits:
    mount = root / "sys/fs/cgroup"
    if "" not in groups or not (mount / "cgroup.controllers").is_file():
        return Limits(processors=1, affinity=1)
    quotas: list[float] = []
    throttled: list[float] = []
    for folder in _upwards(mount, groups[""]):
        quota, _, period = _text(folder / "cpu.max").partition(" ")
        if quota.isdecimal() and period.isdecimal():
            quotas.append(int(quota) / int(period))
        throttled += _throttled(folder / "cpu.stat")
    folders = list(_upwards(mount, groups[""]))
    return Limits(
        processors=1,
        affinity=1,
        quota=min(quotas, default=None),
        throttled=max(throttled, default=None),
        memory_bytes=_least(folders, "memory.max"),
        processes=_least(folders, "pids.max"),
        cgroup=2,
    )


def _version_1(root: Path, groups: dict[str, str]) -> Limits:
    mount = root / "sys/fs/cgroup"
    folders = {name: list(_upwards(mount / name, groups[name])) for name in ("cpu", "memory", "pids") if name in groups}
    quotas: list[float] = []
    throttled: list[float] = []
    for folder in folders.get("cpu", []):
        quota, period = _text(folder / "cpu.cfs_quota_us"), _text(folder / "cpu.cfs_period_us")
        # Without a limit the quota is -1.
        if quota.isdecimal() and period.isdecimal():
            quotas.append(int(quota) / int(period))
        throttled += _throttled(folder / "cpu.stat")
    return Limits(
        processors=1,
        affinity=1,
        quota=min(quotas, default=None),
        throttled=max(throttled, default=None),
        memory_bytes=_least(folders.get("memory", []), "memory.limit_in_bytes"),
        processes=_least(folders.get("pids", []), "pids.max"),
        cgroup=1,
    )


def _upwards(mount: Path, group: str) -> Iterator[Path]:
    """The group's folder and those that it lies in, whose limits hold too; a container may not see the inner ones."""
    parts = [part for part in group.split("/") if part not in {"", ".", ".."}]
    for count in range(len(parts), -1, -1):
        yield mount.joinpath(*parts[:count])


def _least(folders: list[Path], name: str) -> int | None:
    texts = [_text(folder / name) for folder in folders]
    values = [int(text) for text in texts if text.isdecimal()]
    return min((value for value in values if value < _UNLIMITED), default=None)


def _throttled(file: Path) -> list[float]:
    rows = [line.split() for line in _text(file).splitlines()]
    counts = {row[0]: int(row[1]) for row in rows if len(row) == 2}
    periods = counts.get("nr_periods", 0)
    return [counts.get("nr_throttled", 0) / periods] if periods else []


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except OSError:
        # Not there, or not for this user: the same as no limit that could be told.
        return ""
