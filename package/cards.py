"""Model cards: what an artifact is, where it comes from, what was measured of it; as JSON and as Markdown."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from ..convert import ModelSpec, zoo
from ..core import (
    AnyRecord,
    GateRecord,
    InputError,
    Measurement,
    ModelError,
    Precision,
    Provenance,
    Record,
    __version__,
    is_record,
    read_record,
)
from ..infer import LoadedModel

__all__ = ["card_of", "records_beside", "records_in"]

_SAID = {"metric", "value", "unit", "higher_is_better", "interval"}
_COMMERCIAL = {True: "allowed", False: "not allowed", None: "not granted; ask the publisher first"}


def records_beside(path: Path) -> dict[Path, AnyRecord]:
    """Return the records that lie in the model's folder, by name; other JSON files are passed over.

    Raises:
        InputError: one of them cannot be read, or is of an older version.
    """
    return {file: read_record(file) for file in sorted(path.parent.glob("*.json")) if is_record(file)}


def records_in(places: Sequence[str | Path]) -> dict[Path, AnyRecord]:
    """Return the records at places: files, which must be records, and folders, in which others are passed over.

    Raises:
        InputError: there is none, or one cannot be read.
    """
    found: dict[Path, AnyRecord] = {}
    for place in map(Path, places):
        inside = records_beside(place / "-") if place.is_dir() else {place: read_record(place)}
        if not inside:
            raise InputError(f"{place}: the folder holds no records; give one that does, or the file of one")
        found |= inside
    return found


def card_of(
    opened: LoadedModel, precision: Precision, records: Sequence[Record], use: Sequence[str]
) -> tuple[str, str]:
    """Return the card of a model as JSON and as Markdown, both ending in a newline.

    The figures are those of the records; nothing is measured here.

    Args:
        opened: the artifact, with its provenance.
        precision: of its weights and arithmetic.
        records: of its export, quantization, validation, …
        use: the lines of Markdown that say how it is used.

    Raises:
        ModelError: the model does not say where it comes from.
    """
    provenance = opened.variant.provenance
    if provenance is None:
        raise ModelError(f"{opened.path}: the model does not say where it comes from; export it again")
    spec = next((entry for entry in zoo.list_models() if entry.id == opened.id), None)
    card = {
        "model": opened.id,
        "title": spec.title if spec else opened.id,
        "task": opened.contract.task,
        "precision": precision,
        "files": opened.variant.sha256,
        "weights": {
            "file": provenance.weights_file,
            "sha256": provenance.weights_sha256,
            **({"mixed": [each.model_dump() for each in provenance.mixed]} if provenance.mixed else {}),
        },
        "licence": {
            "code": provenance.code_licence,
            "weights": provenance.weights_licence,
            "commercial": provenance.commercial,
        },
        "sources": _sources(spec),
        "notes": list(spec.notes) if spec else [],
        "route": provenance.route,
        "tools": provenance.tools,
        "contract": opened.contract.model_dump(mode="json"),
        "records": [_evidence(record) for record in records],
        "made_with": f"mattekit {__version__}",
    }
    text = json.dumps(card, indent=1, ensure_ascii=False, allow_nan=False)
    return text + "\n", _markdown(opened, provenance, precision, spec, records=records, use=use)


def _evidence(record: Record) -> dict[str, object]:
    # The record's own JSON writes an infinite figure as a word, which every reader can parse.
    whole = json.loads(record.model_dump_json())
    kept: dict[str, object] = {key: whole[key] for key in ("kind", "created", "settings")}
    figures = [{**json.loads(one.model_dump_json(include=_SAID)), "labels": one.labels} for one in record.measurements]
    judged = {"outcome": record.outcome, "verdicts": whole["verdicts"]} if isinstance(record, GateRecord) else {}
    return {**kept, "figures": figures, "cpu": record.machine.cpu, **judged}


def _markdown(
    opened: LoadedModel,
    provenance: Provenance,
    precision: Precision,
    spec: ModelSpec | None,
    *,
    records: Sequence[Record],
    use: Sequence[str],
) -> str:
    contract = opened.contract
    lines = [f"# {_plain(spec.title if spec else opened.id)} ({precision})", ""]
    lines += [f"`{_plain(opened.id)}`, {contract.task.replace('_', ' ')}. Packaged by mattekit {__version__}.", ""]
    lines += [f"- {_plain(note)}" for note in (spec.notes if spec else ())]
    lines += ["", "## Use", "", *use, "", "## Origin", "", "| | |", "|---|---|"]
    lines += _rows(
        {
            "weights": f"{provenance.weights_file}, SHA-256 {provenance.weights_sha256}",
            **{
                f"mixed of {each.file}": f"{each.share:g} of each value, SHA-256 {each.sha256}"
                for each in provenance.mixed
            },
            "licence of the code": provenance.code_licence,
            "licence of the weights": provenance.weights_licence,
            "commercial use": _COMMERCIAL[provenance.commercial],
            "sources": ", ".join(_sources(spec)) or "none given",
            "route": provenance.route,
            "made with": ", ".join(f"{name} {version}" for name, version in provenance.tools.items()),
        }
    )
    for record in records:
        if isinstance(record, GateRecord):
            lines += ["", f"## Gates: {record.outcome}", "", *_verdicts(record)]
            continue
        title = f"## Figures: {_plain(record.kind)}"
        lines += ["", title, "", f"On {_plain(record.machine.cpu)}, {record.created:%Y-%m-%d}.", ""]
        lines += ["| figure | of | value |", "|---|---|---|"]
        lines += [_figure(figure) for figure in record.measurements]
    return "\n".join([*lines, ""])


def _sources(spec: ModelSpec | None) -> list[str]:
    return [link for link in (spec.homepage, spec.paper) if link] if spec else []


def _verdicts(record: GateRecord) -> list[str]:
    rows = [f"| {_plain(each.gate)} | {each.status} | {_plain(each.reason)} |" for each in record.verdicts]
    return ["| gate | verdict | why |", "|---|---|---|", *rows]


def _rows(cells: dict[str, str]) -> list[str]:
    return [f"| {name} | {_plain(value)} |" for name, value in cells.items()]


def _figure(figure: Measurement) -> str:
    labels = ", ".join(f"{name} {value}" for name, value in figure.labels.items())
    value = "not measured" if figure.value is None else f"{figure.value:.6g} {figure.unit}".strip()
    return f"| {_plain(figure.metric)} | {_plain(labels)} | {_plain(value)} |"


def _plain(text: str) -> str:
    """Keep what came from outside from being read as Markdown or HTML."""
    for character in "\\`*_[]<>|#":
        text = text.replace(character, f"\\{character}" if character not in "<>" else f"&{'lg'[character == '>']}t;")
    return " ".join(text.split())
