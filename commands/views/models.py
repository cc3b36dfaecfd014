"""The zoo, and its weights on this machine, as the command line prints them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

from ...convert import BUNDLED_PRECISION, Fetched, ModelSpec, bundled_sums, cached_path
from ...core import Contract
from ...reports import Cell, Column, Table
from .console import console_of, escape
from .fitting import print_pairs, print_table, say_once

__all__ = ["print_fetched", "print_model", "print_models"]

_UNPROVEN = "unproven: its weights were not run here; names, shapes and what is said of it are tested alone"
_COMMERCIAL = {True: "yes", False: "no", None: "not granted"}


def print_models(specs: Sequence[ModelSpec], *, as_json: bool) -> None:
    """Print the zoo."""
    if as_json:
        print(json.dumps([_as_data(spec) for spec in specs], indent=1))
        return
    console = console_of()
    for number, task in enumerate(dict.fromkeys(spec.task for spec in specs)):
        if number:
            console.print()
        print_table(_zoo(task, [spec for spec in specs if spec.task == task]), console)


def _zoo(task: str, specs: Sequence[ModelSpec]) -> Table:
    rows: list[tuple[str, ...]] = []
    for spec in specs:
        given = spec.contract.input
        rows.append(
            (
                spec.id,
                f"x{spec.scale}" if spec.scale > 1 else "",
                f"{given.height}x{given.width}" if given.height else "any",
                f"{spec.weights.size / 1e6:.1f} MB" if spec.weights.size else "?",
                _COMMERCIAL[spec.licence.commercial],
                "bundled" if spec.weights.bundled else "cached" if cached_path(spec).is_file() else "",
                "" if spec.proven else "unproven",
                spec.title,
            )
        )
    columns = [
        Column(title, numeric=title == "size")
        for title in ("model", "scale", "input", "size", "commercial use", "here", "proof", "what")
    ]
    table = Table(task.replace("_", " "), tuple(columns), tuple(tuple(map(Cell, row)) for row in rows))
    return say_once(table, {"scale", "input"})


def print_model(spec: ModelSpec, *, as_json: bool) -> None:
    """Print all that the zoo knows of one model, and its card where it has one."""
    if as_json:
        print(json.dumps(_as_data(spec), indent=1))
        return
    console = console_of()
    pairs = [(title, text) for title, text in _told(spec) if text]
    print_pairs("", pairs, console)
    card = cached_path(spec).with_suffix(".md")
    if spec.weights.bundled and card.is_file():
        console.print(escape(card.read_text(encoding="utf-8"), lines=True), soft_wrap=True)


def _told(spec: ModelSpec) -> list[tuple[str, str]]:
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
        ("memory of an export", f"{spec.memory / 1e9:.1f} GB" if spec.memory else ""),
        ("paper", spec.paper),
        ("homepage", spec.homepage),
        ("notes", "\n".join(spec.notes)),
        ("contract", _contract(contract)),
    ]


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


def _as_data(spec: ModelSpec) -> dict[str, object]:
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
        "export_memory": spec.memory,
        "proven": spec.proven,
        "contract": spec.contract.model_dump(mode="json"),
        "paper": spec.paper,
        "homepage": spec.homepage,
        "notes": list(spec.notes),
    }
