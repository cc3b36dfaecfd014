"""A diagnosis on the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from ..bench.doctor import Diagnosis
from .terminal import console_of, escape

__all__ = ["print_diagnosis"]

_GIB = 1 << 30


def print_diagnosis(found: Diagnosis, console: Console | None = None) -> None:
    """Print the machine, its devices, the packages, and what follows, the worst last and so nearest to the prompt."""
    out = console or console_of()
    out.print(_machine(found))
    out.print(_devices(found))
    out.print(_packages(found))
    for finding in reversed(found.findings):
        out.print(escape(f"{finding.level.upper()}: {finding.text}"), soft_wrap=True)
    out.print("something is broken" if found.exit_code else "nothing is broken")


def _machine(found: Diagnosis) -> Table:
    environment, limits, condition = found.environment, found.limits, found.condition
    table = Table(title="The machine and this process's share of it", title_justify="left", show_header=False)
    available = condition.memory_available_bytes
    rows = (
        ("processor", environment.cpu),
        ("instructions", " ".join(environment.cpu_features) or "not told"),
        ("processors", f"{limits.processors}, of which this process may use {limits.affinity}"),
        ("processor limit", f"{limits.quota:g} processors' time" if limits.quota else "none"),
        ("memory", _gib(environment.memory_bytes) + (f", {_gib(available)} available" if available else "")),
        ("memory limit", _gib(limits.memory_bytes) if limits.memory_bytes else "none"),
        ("process limit", str(limits.processes) if limits.processes else "none"),
        ("limits told by", f"cgroup version {limits.cgroup}" if limits.cgroup else "no cgroup"),
        ("thread variables", " ".join(f"{k}={v}" for k, v in limits.threads_env.items()) or "none"),
        ("load", "not told" if condition.load is None else f"{condition.load:.2f} in the last minute"),
        ("time stolen", "not told" if condition.stolen is None else f"{condition.stolen:.2%} since the start"),
        ("governor", " ".join(condition.governors) or "not told"),
        ("frequency", "not told" if condition.frequency is None else f"{condition.frequency:.0%} of the highest"),
        ("temperature", _hottest(condition.temperatures)),
        ("slowed by heat", "not told" if condition.throttle_events is None else f"{condition.throttle_events} times"),
        ("system", environment.system),
        ("Python", environment.python),
    )
    for name, value in rows:
        table.add_row(name, escape(value, lines=True))
    return table


def _devices(found: Diagnosis) -> Table:
    table = Table(title="OpenVINO's devices", title_justify="left")
    for title in ("device", "name", "kind", "capabilities", "computes in", "most streams", "plugin", "test"):
        table.add_column(title)
    for device in found.devices:
        table.add_row(
            device.name,
            escape(device.full_name),
            device.kind,
            " ".join(device.capabilities),
            device.default_precision,
            str(device.most_streams or ""),
            escape(device.plugin),
            escape(device.error or "passed"),
        )
    return table


def _packages(found: Diagnosis) -> Table:
    table = Table(title="Packages", title_justify="left")
    for title in ("install", "complete", "packages"):
        table.add_column(title)
    for name in ("", *found.extras):
        needs = [need for need in found.needs if need.extra == name]
        shown: Sequence[str] = [f"{need.package} {need.installed or '(missing)'}" for need in needs]
        complete = all(need.met for need in needs)
        table.add_row(f"\\[{name}]" if name else "base", "yes" if complete else "no", escape(", ".join(shown)))
    return table


def _gib(size: int | None) -> str:
    return "not told" if size is None else f"{size / _GIB:.1f} GiB"


def _hottest(temperatures: dict[str, float]) -> str:
    if not temperatures:
        return "not told"
    name = max(temperatures, key=lambda key: temperatures[key])
    return f"{temperatures[name]:.0f} °C ({name})"
