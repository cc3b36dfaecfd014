"""The zoo, and its weights on this machine, as the command line prints them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from ...bench import MeasuredSpeed, measured_speeds
from ...convert import BUNDLED_PRECISION, Fetched, ModelSpec, PublishedFigure, bundled_sums, cached_path
from ...core import Contract
from ...reports import Cell, Column, Table
from .console import console_of, escape
from .fitting import print_lines, print_pairs, print_table, say_once

__all__ = ["print_fetched", "print_model", "print_models"]

_UNPROVEN = "unproven: its weights were not run here; names, shapes and what is said of it are tested alone"
_ORDER = "Try them from the first on: those whose licence grants commercial use come first."
_LEGEND = (
    "commercial: may the weights be used so, by their licence? unproven: they were not run by this project. MP/s: "
    "megapixels of the network's input a second, as measured on this machine. More of one: mattekit models show MODEL."
)
_MEASURE = "No speed is known here yet; measure one with: mattekit bench MODEL"
_COMMERCIAL = {True: "yes", False: "no", None: "not granted"}


def print_models(specs: Sequence[ModelSpec], *, as_json: bool, ordered: bool = False) -> None:
    """Print entries of the zoo.

    Args:
        specs: the entries.
        as_json: as JSON.
        ordered: the first is the first to try, which is said.
    """
    speeds = measured_speeds()
    if as_json:
        print(json.dumps([_as_data(spec, speeds.get(spec.id)) for spec in specs], indent=1))
        return
    console = console_of()
    for number, task in enumerate(dict.fromkeys(spec.task for spec in specs)):
        if number:
            console.print()
        print_table(_zoo(task, [spec for spec in specs if spec.task == task], speeds), console)
    console.print()
    told = (_ORDER if ordered else "", _LEGEND, "" if any(spec.id in speeds for spec in specs) else _MEASURE)
    print_lines(" ".join(filter(None, told)), console)


def _zoo(task: str, specs: Sequence[ModelSpec], speeds: Mapping[str, MeasuredSpeed]) -> Table:
    rows = [
        (
            spec.id,
            f"{spec.weights.size / 1e6:.1f} MB" if spec.weights.size else "?",
            f"{speeds[spec.id].megapixels:.3g}" if spec.id in speeds else "",
            _COMMERCIAL[spec.licence.commercial],
            "bundled" if spec.weights.bundled else "cached" if cached_path(spec).is_file() else "",
            "measured" if spec.proven else "unproven",
            _what(spec),
        )
        for spec in specs
    ]
    columns = [
        Column(title, numeric=title in {"size", "MP/s"})
        for title in ("model", "size", "MP/s", "commercial", "here", "proof", "what")
    ]
    table = Table(task.replace("_", " "), tuple(columns), tuple(tuple(map(Cell, row)) for row in rows))
    # Where nothing was measured, the column is left out.
    return table if any(row[2] for row in rows) else say_once(table, {"MP/s"})


def _what(spec: ModelSpec) -> str:
    """Return what a model is, the size that it sees images at, and the first figure that its publisher gives."""
    given = spec.contract.input
    parts = [spec.title, f"{given.height}x{given.width}" if given.height else ""]
    parts += [f"published {each.metric} {each.value} on {each.data}" for each in spec.published[:1]]
    return "; ".join(filter(None, parts))


def print_model(spec: ModelSpec, *, as_json: bool) -> None:
    """Print all that the zoo knows of one model, and its card where it has one."""
    speed = measured_speeds().get(spec.id)
    if as_json:
        print(json.dumps(_as_data(spec, speed), indent=1))
        return
    console = console_of()
    pairs = [(title, text) for title, text in _told(spec, speed) if text]
    print_pairs("", pairs, console)
    card = cached_path(spec).with_suffix(".md")
    if spec.weights.bundled and card.is_file():
        console.print(escape(card.read_text(encoding="utf-8"), lines=True), soft_wrap=True)


def _told(spec: ModelSpec, speed: MeasuredSpeed | None) -> list[tuple[str, str]]:
    """Return what people want to know of a model, with its title; the text is empty where there is nothing to say."""
    weights, licence, contract = spec.weights, spec.licence, spec.contract
    sums = bundled_sums(spec)
    data = [f"{each.name}: {each.terms} ({each.source})" for each in licence.data]
    return [
        ("model", spec.id),
        ("what", spec.title),
        ("task", spec.task.replace("_", " ") + (f" x{spec.scale}" if spec.scale > 1 else "")),
        ("commercial use", " ".join(filter(None, (f"{_COMMERCIAL[licence.commercial]}.", licence.reason)))),
        ("licence of the weights", licence.weights + (f" ({licence.source})" if licence.source else "")),
        ("licence of the code", licence.code),
        ("training data", "\n".join(data)),
        ("labels", ", ".join(contract.output.labels)),
        ("file", weights.filename + (f", {weights.size / 1e6:.1f} MB" if weights.size else "")),
        ("SHA-256", weights.sha256 or "nobody publishes it"),
        ("MD5", weights.md5 or ""),
        ("from", "\n".join(weights.urls) or ("comes with mattekit" if weights.bundled else "no direct download")),
        ("bundled IR", "\n".join(f"{name} {digest}" for name, digest in sums.items())),
        ("proof", "exported and measured here" if spec.proven else _UNPROVEN),
        ("published figures", "\n".join(_figure(each) for each in spec.published)),
        ("speed here", _speed(speed) if speed else f"not measured yet: mattekit bench {spec.id}"),
        ("memory of an export", f"{spec.memory / 1e9:.1f} GB" if spec.memory else ""),
        ("paper", spec.paper),
        ("homepage", spec.homepage),
        ("notes", "\n".join(spec.notes)),
        ("contract", _contract(contract)),
    ]


def _figure(figure: PublishedFigure) -> str:
    return f"{figure.metric} {figure.value} on {figure.data} ({figure.source})"


def _speed(speed: MeasuredSpeed) -> str:
    rate = f"{speed.megapixels:.3g} megapixels of input a second, or {speed.images:.3g} images of {speed.size}"
    how = f"{speed.precision} in {speed.arithmetic}, {speed.runtime} on {speed.device or 'CPU'}"
    return f"{rate} ({how}; {speed.measured:%Y-%m-%d})"


def _contract(contract: Contract) -> str:
    """Return what a contract says beyond its defaults, a part a line."""
    said = contract.model_dump(mode="json", exclude_defaults=True)
    lines: list[str] = []
    for part, value in said.items():
        if isinstance(value, dict):
            lines.append(f"{part}: " + ", ".join(f"{key} {_value(each)}" for key, each in value.items()))
        elif part != "version":
            lines.append(f"{part}: {_value(value)}")
    return "\n".join(lines)


def _value(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def print_fetched(fetched: Fetched) -> None:
    """Print where the weights are, and their hash."""
    console = console_of()
    console.print(escape(str(fetched.path)), soft_wrap=True)
    how = "as published" if fetched.published else "not published by anyone; checked against this from now on"
    console.print(f"sha256 {fetched.sha256} ({how})", soft_wrap=True)


def _as_data(spec: ModelSpec, speed: MeasuredSpeed | None) -> dict[str, object]:
    return {
        "id": spec.id,
        "title": spec.title,
        "task": spec.task,
        "scale": spec.scale,
        "source": spec.source,
        "urls": list(spec.weights.urls),
        "filename": spec.weights.filename,
        "size": spec.weights.size,
        "sha256": spec.weights.sha256,
        "md5": spec.weights.md5,
        "bundled": spec.weights.bundled is not None,
        "bundled_ir": {"precision": BUNDLED_PRECISION, "sha256": sums} if (sums := bundled_sums(spec)) else None,
        "code_licence": spec.licence.code,
        "weights_licence": spec.licence.weights,
        "commercial_use": spec.licence.commercial,
        "commercial_use_reason": spec.licence.reason,
        "licence_source": spec.licence.source,
        "training_data": [asdict(each) for each in spec.licence.data],
        "published_figures": [asdict(each) for each in spec.published],
        "speed_here": {**asdict(speed), "measured": speed.measured.isoformat()} if speed else None,
        "denoise_partner": spec.undenoised or None,
        "export_memory": spec.memory,
        "proven": spec.proven,
        "contract": spec.contract.model_dump(mode="json"),
        "paper": spec.paper,
        "homepage": spec.homepage,
        "notes": list(spec.notes),
    }
