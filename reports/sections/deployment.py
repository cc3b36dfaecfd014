"""What to deploy: one table for each benchmark, with the pick in a sentence, and several machines beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ...bench import Deployment, DeploymentRow, deployment_of
from ...core import MODEL, BenchRecord, DependencyError
from ..document import NOTHING, Cell, Column, Paragraph, Section, Table
from ..evidence import TIMES, Evidence, figure_cell, number, scaled, signed, span, title_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["deployment", "deployment_frame", "deployment_table", "fleet_table", "sentence"]

_COSTS = (
    ("latency_p50", "p50", "ms"),
    ("latency_p90", "p90", "ms"),
    ("throughput", "images/s", ""),
    ("first_inference", "first", "ms"),
    ("peak_memory", "memory", "B of memory"),
    ("size", "size", "B"),
)


def deployment(evidence: Evidence) -> Section | None:
    """Return the tables of benchmarks of several candidates, and what was not shown; None where there is none."""
    found: list[tuple[str, BenchRecord, Deployment]] = []
    blocks: list[Table | Paragraph] = []
    for source, record in evidence.of(BenchRecord):
        if len(record.candidates) < 2:
            continue
        try:
            found.append((source.name, record, deployment_of(record)))
        except DependencyError as error:
            blocks.append(Paragraph(f"{source.name}: not compared: {error}"))
    several = len(found) > 1
    hosts = {_host(record) for _, record, _ in found}
    if len(hosts) > 1:
        blocks.append(fleet_table([(record, table) for _, record, table in found]))
    for name, record, table in found:
        where = f"{name}: {_host(record)}" if several else ""
        blocks.append(Paragraph(f"{where}: {table.sentence}" if where else table.sentence, warning=table.pick is None))
        blocks += [Paragraph(sentence(each)) for each in table.open]
        blocks.append(deployment_table(table, f"Candidates of {name}" if several else "Candidates", "latency"))
    return Section("deployment", "What to deploy", tuple(blocks)) if blocks else None


def deployment_table(table: Deployment, caption: str = "Candidates", link: str = "") -> Table:
    """Return a row for each candidate: its accuracy, what it costs, and the differences from the baseline.

    The pick has the star, and each row leads to the section of that name. Differences whose interval excludes none are
    in colour; nothing else is called better.
    """
    metric = title_of(table.metric) if table.metric else "accuracy"
    unit = scaled(table.unit)[0]
    named = _named(table.rows)
    columns = (
        Column("model"),
        *(Column(title) for title in named),
        Column(metric, unit, numeric=True),
        Column("change", unit, numeric=True),
        Column("speed-up", numeric=True),
        *(Column(title, scaled(unit)[0], numeric=True) for _, title, unit in _COSTS),
        Column("steady"),
    )
    rows = tuple(
        (
            Cell(row.model, best=row.candidate == table.pick and len(table.rows) > 1, link=link),
            *(Cell(getattr(row, field) or NOTHING.text) for field in named.values()),
            NOTHING if row.accuracy is None else figure_cell(row.accuracy, table.unit, row.accuracy_interval),
            _change(table, row),
            _speed(table, row),
            *(_cost(row, name, unit) for name, _, unit in _COSTS),
            Cell(row.status if row.status != "measured" else "no" if row.unsteady else "yes"),
        )
        for row in table.rows
    )
    base = next((row.name for row in table.rows if row.candidate == table.baseline), table.baseline)
    note = [f"★ is what to deploy. Change and speed-up are against {base}, above 1 is faster"]
    note.append(f"their {table.claims} intervals hold together with 95%")
    if table.metric:
        truth = "the truth" if table.reference == "truth" else f"the answers of {table.reference}, as there is no truth"
        note.append(f"{metric} over {table.samples} samples against {truth}")
    if table.stage != MODEL:
        note.append("times are of an image's whole way, from its file to the encoded result")
    return Table(caption, columns, rows, "; ".join(note) + ".")


def sentence(text: str) -> str:
    """Return what is open as a sentence."""
    said = f"Not{text[3:]}" if text.startswith("not ") else text
    return said if said.endswith(".") else f"{said}."


def _named(rows: Sequence[DeploymentRow]) -> dict[str, str]:
    """Return the fields that name a row beside its model, by their headings; of the last only where it is set."""
    found = {"stored as": "precision", "computed in": "arithmetic", "device": "device"}
    return {**found, **({"instructions": "instruction_set"} if any(row.instruction_set for row in rows) else {})}


def _change(table: Deployment, row: DeploymentRow) -> Cell:
    if row.candidate == table.baseline and row.accuracy is not None:
        return Cell("baseline")
    found = row.change
    if found is None:
        return NOTHING
    like = row.accuracy
    detail = span(found.interval, table.unit, like=like)
    if found.interval is None and found.more:
        detail = f"{found.more} more samples needed"
    better = (found.value > 0) == table.higher_is_better
    tone = ("good" if better else "bad") if found.shown else ""
    return Cell(signed(found.value, table.unit, like=like), found.value, detail, tone=tone)


def _speed(table: Deployment, row: DeploymentRow) -> Cell:
    if row.candidate == table.baseline and row.figures.get("latency_p50"):
        return Cell("baseline")
    found = row.speed
    if found is None:
        return NOTHING
    tone = "good" if found.verdict == "faster" else "bad" if found.verdict == "slower" else ""
    return replace(figure_cell(found.speedup, TIMES, (found.low, found.high)), tone=tone)


def _cost(row: DeploymentRow, name: str, unit: str) -> Cell:
    value = row.figures.get(name)
    return NOTHING if value is None else Cell(number(value, unit), value)


def _host(record: BenchRecord) -> str:
    """Return where a benchmark ran: the machine, and the instruction set that it was kept to."""
    caps = {row.execution.instruction_set for row in record.candidates.values() if row.execution} - {""}
    return ", ".join([record.machine.label, *(f"capped to {cap}" for cap in sorted(caps))])


def fleet_table(tables: Sequence[tuple[BenchRecord, Deployment]]) -> Table:
    """Return several machines or instruction sets beside each other: speed-ups over each one's own baseline, by rank.

    A rank is that among the candidates of one machine whose differences are shown; two that are not told apart from
    the baseline share its rank. A row whose candidate is faster on one and slower on another is marked as a flip.

    Args:
        tables: of benchmarks of the same candidates.
    """
    hosts = [_host(record) for record, _ in tables]
    shared = [part for part in hosts[0].split(", ") if all(part in host.split(", ") for host in hosts)]
    short = [", ".join(part for part in host.split(", ") if part not in shared) or host for host in hosts]
    names = list(dict.fromkeys(row.name for _, table in tables for row in table.rows))
    rows: list[tuple[Cell, ...]] = []
    for name in names:
        cells = [_of_host(table, name) for _, table in tables]
        verdicts = {row.speed.verdict for _, table in tables for row in table.rows if row.name == name and row.speed}
        flip = "faster" in verdicts and ("slower" in verdicts or "no difference" in verdicts)
        rows.append((Cell(name), *cells, Cell("flips" if flip else "", tone="bad" if flip else "")))
    note = (
        "Speed-up over the baseline of the same machine, and the rank there; times of different machines are not "
        "compared. Where one machine plays several instruction sets, speeds are relative: its clock and caches are its "
        "own. Flips: faster on one, not shown to be faster on another"
    )
    where = f"; all: {', '.join(shared)}" if shared else ""
    columns = (Column("candidate"), *(Column(host, numeric=True) for host in short), Column("verdict"))
    return Table("Machines beside each other", columns, tuple(rows), f"{note}{where}.")


def _of_host(table: Deployment, name: str) -> Cell:
    row = next((each for each in table.rows if each.name == name), None)
    if row is None or row.status != "measured":
        return NOTHING if row is None else Cell(row.status)
    speed = row.speed
    rank = 1 + sum(_certainly_faster(other, row) for other in table.rows)
    if speed is None:
        return Cell(f"1.00 {TIMES}", 1.0, f"baseline, rank {rank}")
    pick = ", pick" if row.candidate == table.pick else ""
    detail = f"{speed.low:.2f} to {speed.high:.2f}, rank {rank}{pick}"
    return Cell(f"{number(speed.speedup, TIMES)} {TIMES}", speed.speedup, detail, best=bool(pick))


def _certainly_faster(other: DeploymentRow, row: DeploymentRow) -> bool:
    """Tell whether one row's speed-up lies wholly above another's; the baseline's is 1."""
    if other.status != "measured":
        return False
    return (other.speed.low if other.speed else 1.0) > (row.speed.high if row.speed else 1.0)


def deployment_frame(table: Deployment) -> pd.DataFrame:
    """Return a row for each candidate, with each figure and the ends of each interval in a column of its own."""
    import pandas as pd

    rows: list[dict[str, object]] = []
    for row in table.rows:
        change, speed = row.change, row.speed
        ends = change.interval if change and change.interval else (None, None)
        own = row.accuracy_interval or (None, None)
        rows.append(
            {
                "model": row.model,
                "stored_as": row.precision,
                "computed_in": row.arithmetic,
                "device": row.device,
                "instruction_set": row.instruction_set,
                "metric": table.metric,
                "accuracy": row.accuracy,
                "accuracy_low": own[0],
                "accuracy_high": own[1],
                "change": change.value if change else None,
                "change_low": ends[0],
                "change_high": ends[1],
                "speedup": speed.speedup if speed else None,
                "speedup_low": speed.low if speed else None,
                "speedup_high": speed.high if speed else None,
                "speed_verdict": speed.verdict if speed else "baseline" if row.candidate == table.baseline else "",
                "more_rounds": speed.more if speed else 0,
                "more_samples": change.more if change else 0,
                **{name: row.figures.get(name) for name, _, _ in _COSTS},
                "steady": not row.unsteady if row.status == "measured" else None,
                "status": row.status,
                "pick": row.candidate == table.pick,
            }
        )
    return pd.DataFrame(rows)
