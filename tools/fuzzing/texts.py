"""Targets that read what people and other runs have written: records, recipes, gates, manifests."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from fuzzing.documents import changed, drive_documents, toml_text
from fuzzing.kinds import Target, called
from fuzzing.mutate import damaged
from fuzzing.written import GATES, HASH, QUANTIZATION, RECIPE, package_document, record_documents

__all__ = ["gates", "manifests", "recipes", "records"]


def _drawn(name: str, documents: list[Any], text: Callable[[Any], str]) -> Callable[[st.DataObject], dict[str, bytes]]:
    """Return what draws a changed document, a fifth of them with damaged bytes too."""
    strategy = changed(documents)

    def make(data: st.DataObject) -> dict[str, bytes]:
        content = text(data.draw(strategy)).encode("utf-8", "surrogatepass")
        number = data.draw(st.integers(0, 2**32))
        if number % 5 == 0:
            content = damaged(content, random.Random(number))
        return {name: content}

    return make


def _warm(*arguments: str) -> Callable[[], None]:
    def prepare() -> None:
        _support()
        called(*arguments)

    return prepare


def _support() -> None:
    """Write right files, so that a damaged one meets them."""
    documents = {document["kind"]: document for document in record_documents()}
    Path("right.json").write_text(json.dumps(documents["validate"]), encoding="utf-8")
    Path("right-bench.json").write_text(json.dumps(documents["bench"]), encoding="utf-8")
    Path("gates.toml").write_text(toml_text(GATES), encoding="utf-8")


def records() -> Target:
    """Judge a record, report on it in every format of text, compare it with another."""

    def act(rng: random.Random) -> str | None:
        match rng.randrange(20):
            case 0:
                return called("report", "record.json", "right.json", "-o", "report.html")
            case 1 | 2:
                return called("report", "record.json", "-o", "report.md", "-o", "report.csv", "-o", "report.json")
            case 3 | 4:
                return called("report", "record.json", "right.json")
            case 5 | 6:
                return called("bench", "compare", "right-bench.json", "record.json")
            case 7:
                return called("bench", "compare", "record.json", "record.json", "--gate", "gates.toml")
            case _:
                return called("gate", "record.json", "--gate", "gates.toml", "--baseline", "right.json")

    make = _drawn("record.json", record_documents(), json.dumps)
    return Target("records", _warm("report", "right.json", "-o", "report.html"), drive_documents(make), act)


def recipes() -> Target:
    """Say what a recipe would build; and read a recipe of quantization."""

    def make(data: st.DataObject) -> dict[str, bytes]:
        files = _drawn("recipe.toml", [RECIPE], toml_text)(data)
        return files | _drawn("quantization.toml", [QUANTIZATION], toml_text)(data)

    def act(rng: random.Random) -> str | None:
        from mattekit.quantize.ptq import read_recipe

        if rng.random() < 0.5:
            read_recipe(Path("quantization.toml"))
            return None
        return called("build", "recipe.toml", "--check", "-o", "out")

    def prepare() -> None:
        _support()
        Path("recipe.toml").write_text(toml_text(RECIPE), encoding="utf-8")
        assert called("build", "recipe.toml", "--check", "-o", "out") == "exit 0"

    return Target("recipes", prepare, drive_documents(make), act)


def gates() -> Target:
    """Judge a record by a file of gates."""
    make = _drawn("gates-here.toml", [GATES], toml_text)
    prepare = _warm("gate", "right.json", "--gate", "gates.toml")
    return Target(
        "gates", prepare, drive_documents(make), lambda _: called("gate", "right.json", "--gate", "gates-here.toml")
    )


def manifests() -> Target:
    """Go on with a run, verify a package, and build on with its state and its lock, by damaged manifests."""
    from mattekit.infer.resume import ManifestEntry

    entry = ManifestEntry(
        target="a.png", source="a.jpg", input_sha256=HASH, settings="s", state="done", output_sha256=HASH
    )
    line = json.loads(entry.model_dump_json())
    lines: list[Any] = [[line, {**line, "target": "b.png", "state": "failed", "error": "damaged"}]]
    package, lock = package_document(), {"version": 1, "weights": {"mattelite": "x"}, "datasets": {"synthetic": "y"}}

    def make(data: st.DataObject) -> dict[str, bytes]:
        match data.draw(st.integers(0, 2)):
            case 0:
                return _drawn("manifest.jsonl", lines, _jsonl)(data)
            case 1:
                return _drawn("package.json", [package], json.dumps)(data)
            case _:
                return _drawn("recipe.lock", [lock], json.dumps)(data)

    def prepare() -> None:
        # Loaded before memory is limited.
        import_module("mattekit.package.assembly")
        _support()
        simple = {"name": "one", "model": [{"id": "mattelite"}]}
        Path("recipe.toml").write_text(toml_text(simple), encoding="utf-8")
        called("build", "recipe.toml", "--check", "-o", "out")
        _resume()

    def act(rng: random.Random) -> str | None:
        del rng
        try:
            if Path("package.json").exists():
                return called("verify", ".")
            if Path("recipe.lock").exists():
                return called("build", "recipe.toml", "--check", "-o", "out")
            _resume()
            return None
        finally:
            for name in ("package.json", "recipe.lock", "manifest.jsonl"):
                Path(name).unlink(missing_ok=True)

    return Target("manifests", prepare, drive_documents(make), act)


def _resume() -> None:
    from mattekit.infer.resume import Manifest

    folder = Path("results")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    if Path("manifest.jsonl").exists():
        shutil.copy("manifest.jsonl", folder)
    target = folder / "a.png"
    target.write_bytes(b"a result")
    manifest = Manifest(folder, "s", [target], resume=True)
    manifest.is_done(target, HASH)
    manifest.add_done(Path("a.jpg"), target, HASH, HASH)
    manifest.add_failed(Path("a.jpg"), target, HASH, "damaged")
    manifest.close()


def _jsonl(document: Any) -> str:
    rows = document if isinstance(document, list) else [document]
    return "\n".join(map(json.dumps, rows)) + "\n"
