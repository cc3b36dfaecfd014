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

__all__ = ["gates", "manifests", "recipes", "records"]

_HASH = "ab" * 32


def _record_documents() -> list[Any]:
    """A record of each kind, as small as can be."""
    from mattekit import core as kinds
    from mattekit.core import (
        Data,
        Execution,
        Machine,
        Measurement,
        SampleTable,
        Series,
        Unit,
        VariantRef,
    )

    model = VariantRef(id="u2netp", format="openvino", precision="fp32", sha256={"model.xml": _HASH})
    how = Execution(runtime="openvino", device="CPU", devices=("CPU",), size=(320, 320), batch=1, hint="latency")
    photos = Data(name="photos", sha256=_HASH, count=20)

    def measured(metric: str, value: float, unit: str = "", **more: Any) -> dict[str, Any]:
        """What all kinds have."""
        common = {"metric": metric, "value": value, "unit": Unit(unit), "higher_is_better": not unit}
        figure = Measurement(**common, variants=(model,), executions=(how,), **more)
        machine = Machine(cpu="a processor", cores=4, system="Linux", packages={"openvino": "2026.0"})
        return {"machine": machine, "measurements": (figure,), "settings": {"said": ["something", 1]}}

    ids = tuple(f"photo {number}" for number in range(20))
    table = SampleTable(ids=ids, tags={"kind": ("hair", None) * 10}, values={"iou": (0.9, None) * 10})
    times = Series(values=(1.0, 1.1) * 6, rounds=tuple(range(12)), walls=(1.0,) * 12)
    row = kinds.ComparisonRow(
        stage="model",
        baseline="b",
        speedup=1,
        low=0.9,
        high=1.1,
        p_value=0.5,
        verdict="faster",
        samples=12,
        paired=True,
    )
    layer = kinds.LayerTime(
        name="l", type="Convolution", precision="f32", primitive="jit", ms=1, flops=2, bytes=3, bound_by="compute"
    )
    candidate = kinds.CandidateResult(
        task="segmentation", execution=how, times={"model": times}, comparisons=(row,), profile=(layer,)
    )
    bench = measured("latency_p50", 1.05, "ms", candidate="a", stage="model", scenario="single-stream")
    step = kinds.ParityStep(before="torch", after="onnx", images=("a",), values={"psnr": (60.0,)}, snr=90)
    verdict = kinds.Verdict(
        gate="iou", metric="iou", limit="min", bound=0.8, status="passed", reason="0.9 is at least 0.8", value=0.9
    )
    output = kinds.OutputCheck(input="a", output="b", distances={"mean": 0.1}, limits={"mean": 1}, passed=True)
    package = kinds.PackageCheck(
        package="p", model="u2netp", precision="fp32", device="CPU", arithmetic="f32", kernels="k",
        golden_arithmetic="f32", golden_kernels="k", outputs=(output,),
    )  # fmt: skip
    spent: dict[str, Any] = {"seconds": {"decode": (0.1, 0.2)}, "bottleneck": "decode", "workers": {"decode": 1}}
    made: tuple[kinds.AnyRecord, ...] = (
        kinds.ValidateRecord(**measured("iou", 0.9, data=photos), task="segmentation", data=photos, table=table),
        kinds.BenchRecord(
            **bench, scenario="single-stream", rounds=12, threads=4, baseline="a", candidates={"a": candidate},
            rooflines={"CPU": kinds.RooflineLimits(compute={"f32": 100}, memory=10)},
        ),
        kinds.CompareRecord(
            **measured("speedup", 1, "ms", candidate="a", verdict="faster"), before="a", after="b",
            differs=(kinds.Mismatch(aspect="machine", what="cores", before="4", after="8"),),
        ),
        kinds.ExportRecord(**measured("psnr", 60, "dB", step=step.name, statistic="mean"), steps=(step,)),
        kinds.ParityRecord(**measured("psnr", 60, "dB", step=step.name, statistic="worst"), steps=(step,)),
        kinds.QuantizeRecord(
            **measured("iou", 0.9, data=photos), noise=(("layer", 10.0),), allowed_drop={"iou": 0.01},
            tried={"none": 0.1}, calibration=photos, table=SampleTable(ids=("a",), values={"int8": (0.9,)}),
        ),
        kinds.RunRecord(
            **measured("latency", 1, "ms", stage="decode", statistic="p50"), **spent, inputs=("a", "b"), pixels=(1, 2),
            confidence=(0.5, None), failures=(kinds.Failure(input="c", error="damaged"),),
        ),
        kinds.VideoRecord(**measured("throughput", 5, "frames/s"), **spent, input="a.mp4", output="b.mp4"),
        kinds.GateRecord(**measured("iou", 0.9), outcome="passed", verdicts=(verdict,)),
        kinds.VerifyRecord(**measured("difference_mean", 0.1, input="a", output="b"), packages=(package,)),
        kinds.PeerRecord(**measured("speed_ratio", 2, candidate="a"), peer="another 1.0", samples={"a": (1.0,)}),
    )  # fmt: skip
    return [json.loads(record.model_dump_json()) for record in made]


_GATES: dict[str, Any] = {
    "version": 1,
    "gate": [
        {"metric": "iou", "model": "u2net*", "min": 0.8, "samples": 10, "confidence": 0.95},
        {"metric": "iou", "slice": "kind=hair", "max_drop": 0.01, "baseline_model": "*"},
        {"metric": "latency_p50", "stage": "model", "max_ratio": 1.1, "device": "CPU"},
    ],
}

_RECIPE: dict[str, Any] = {
    "version": 1,
    "name": "two models",
    "out": "out",
    "require_commercial": False,
    "variables": {"PHOTOS": "photos", "MASKS": {"env": "MASKS_FOR_FUZZING", "default": "masks"}},
    "model": [
        {
            "id": "mattelite",
            "precisions": ["fp32", "fp16", "int8"],
            "parity": {"data": "synthetic", "limit": 8},
            "quantize": {"data": "synthetic:count=4", "limit": 4, "max_drop": "iou=0.01", "verdict": True},
            "validate": {"data": "synthetic:count=4,size=32x32", "metrics": ["iou"]},
            "bench": {"devices": ["CPU"], "iterations": 5, "rounds": 2},
            "gates": "gates.toml",
            "package": {"format": "openvino", "colour_order": "RGB"},
        },
        {"id": "srlite-x2"},
    ],
    "report": {"formats": ["html", "md"], "title": "Report"},
}

_QUANTIZATION: dict[str, Any] = {
    "models": ["u2net*"],
    "preset": "mixed",
    "ignore": ["stage1.*", "outconv"],
    "ignore_types": ["Add"],
    "patch": 128,
    "why": "measured",
}


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
    documents = {document["kind"]: document for document in _record_documents()}
    Path("right.json").write_text(json.dumps(documents["validate"]), encoding="utf-8")
    Path("right-bench.json").write_text(json.dumps(documents["bench"]), encoding="utf-8")
    Path("gates.toml").write_text(toml_text(_GATES), encoding="utf-8")


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

    make = _drawn("record.json", _record_documents(), json.dumps)
    return Target("records", _warm("report", "right.json", "-o", "report.html"), drive_documents(make), act)


def recipes() -> Target:
    """Say what a recipe would build; and read a recipe of quantization."""

    def make(data: st.DataObject) -> dict[str, bytes]:
        files = _drawn("recipe.toml", [_RECIPE], toml_text)(data)
        return files | _drawn("quantization.toml", [_QUANTIZATION], toml_text)(data)

    def act(rng: random.Random) -> str | None:
        from mattekit.quantize.ptq import read_recipe

        if rng.random() < 0.5:
            read_recipe(Path("quantization.toml"))
            return None
        return called("build", "recipe.toml", "--check", "-o", "out")

    def prepare() -> None:
        _support()
        Path("recipe.toml").write_text(toml_text(_RECIPE), encoding="utf-8")
        assert called("build", "recipe.toml", "--check", "-o", "out") == "exit 0"

    return Target("recipes", prepare, drive_documents(make), act)


def gates() -> Target:
    """Judge a record by a file of gates."""
    make = _drawn("gates-here.toml", [_GATES], toml_text)
    prepare = _warm("gate", "right.json", "--gate", "gates.toml")
    return Target(
        "gates", prepare, drive_documents(make), lambda _: called("gate", "right.json", "--gate", "gates-here.toml")
    )


def _package() -> dict[str, Any]:
    from mattekit.convert import GoldenVector, PackageManifest, Port
    from mattekit.core import Contract, Provenance

    from fuzzing.models import contract_text, provenance_text

    manifest = PackageManifest(
        model="u2netp",
        precision="fp32",
        layout="openvino",
        model_file="model.xml",
        colour_order="RGB",
        inputs=(Port(name="image", shape=(1, -1, -1, 3), dtype="uint8", meaning="pixels"),),
        outputs=(Port(name="alpha", shape=(1, -1, -1, 1), dtype="uint8", meaning="opacity"),),
        contract=Contract.from_json(contract_text(), source="here"),
        provenance=Provenance.from_json(provenance_text(), source="here"),
        made_from={"model.xml": _HASH},
        golden=(GoldenVector(input="golden/a.npy", outputs={"alpha": "golden/b.npy"}),),
        arithmetic="f32",
        kernels="x86_64, 8-bit dot products exact",
        measured={"mattekit": {"alpha": {"mean": 0.1, "max": 2}}},
        limits={name: {"alpha": {"mean": 1, "max": 2}} for name in ("same", "arithmetic", "kernels")},
        files={"model.xml": _HASH, "golden/a.npy": _HASH},
    )
    return json.loads(manifest.model_dump_json())


def manifests() -> Target:
    """Go on with a run, verify a package, and build on with its state and its lock, by damaged manifests."""
    from mattekit.infer.resume import ManifestEntry

    entry = ManifestEntry(
        target="a.png", source="a.jpg", input_sha256=_HASH, settings="s", state="done", output_sha256=_HASH
    )
    line = json.loads(entry.model_dump_json())
    lines: list[Any] = [[line, {**line, "target": "b.png", "state": "failed", "error": "damaged"}]]
    package, lock = _package(), {"version": 1, "weights": {"mattelite": "x"}, "datasets": {"synthetic": "y"}}

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
    manifest.is_done(target, _HASH)
    manifest.add_done(Path("a.jpg"), target, _HASH, _HASH)
    manifest.add_failed(Path("a.jpg"), target, _HASH, "damaged")
    manifest.close()


def _jsonl(document: Any) -> str:
    rows = document if isinstance(document, list) else [document]
    return "\n".join(map(json.dumps, rows)) + "\n"
