"""A diagnosis on the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console

from ...infer import Diagnosis, playable_sets
from ...reports import Cell, Column, Table
from .console import console_of
from .fitting import print_lines, print_pairs, print_table

__all__ = ["print_diagnosis"]

_GIB = 1 << 30


def print_diagnosis(found: Diagnosis, console: Console | None = None, *, as_json: bool = False) -> None:
    """Print the machine, its devices, the packages, and what follows, the worst last and so nearest to the prompt."""
    if as_json:
        print(found.model_dump_json(indent=1))
        return
    out = console or console_of()
    print_pairs("The machine and this process's share of it", _machine(found), out)
    for table in (_devices(found), _packages(found)):
        out.print()
        print_table(table, out)
    out.print()
    for finding in reversed(found.findings):
        print_lines(f"{finding.level.upper()}: {finding.text}", out)
    out.print("something is broken" if found.exit_code else "nothing is broken")


def _machine(found: Diagnosis) -> Sequence[tuple[str, str]]:
    machine, limits, condition = found.machine, found.limits, found.condition
    available = condition.memory_available_bytes
    return (
        ("processor", machine.cpu),
        ("instructions", " ".join(machine.cpu_features) or "not told"),
        ("instruction sets", f"{' '.join(playable_sets(machine)) or 'none'} (for compare --isa)"),
        ("processors", f"{limits.processors}, of which this process may use {limits.affinity}"),
        ("processor limit", f"{limits.quota:g} processors' time" if limits.quota else "none"),
        ("memory", _gib(machine.memory_bytes) + (f", {_gib(available)} available" if available else "")),
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
        ("system", machine.system),
        ("Python", machine.python),
    )


def _devices(found: Diagnosis) -> Table:
    titles = ("device", "name", "kind", "capabilities", "computes in", "most streams", "plugin", "test")
    rows = [
        (
            device.name,
            device.full_name,
            device.kind,
            " ".join(device.capabilities),
            device.default_precision,
            str(device.most_streams or ""),
            device.plugin,
            device.error or "passed",
        )
        for device in found.devices
    ]
    return _texts("OpenVINO's devices", titles, rows)


def _packages(found: Diagnosis) -> Table:
    rows: list[tuple[str, ...]] = []
    for name in ("", *found.extras):
        needs = [need for need in found.needs if need.extra == name]
        shown = ", ".join(f"{need.package} {need.installed or '(missing)'}" for need in needs)
        complete = all(need.met for need in needs)
        rows.append((f"[{name}]" if name else "base", "yes" if complete else "no", shown))
    return _texts("Packages", ("install", "complete", "packages"), rows)


def _texts(caption: str, titles: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    return Table(caption, tuple(map(Column, titles)), tuple(tuple(map(Cell, row)) for row in rows))


def _gib(size: int | None) -> str:
    return "not told" if size is None else f"{size / _GIB:.1f} GiB"


def _hottest(temperatures: dict[str, float]) -> str:
    if not temperatures:
        return "not told"
    name = max(temperatures, key=lambda key: temperatures[key])
    return f"{temperatures[name]:.0f} °C ({name})"
