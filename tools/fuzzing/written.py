"""Right documents, of which damaged ones are made: records, gates, recipes, a package's manifest."""

from __future__ import annotations

import json
from typing import Any

__all__ = ["GATES", "HASH", "QUANTIZATION", "RECIPE", "package_document", "record_documents"]

HASH = "ab" * 32


def record_documents() -> list[Any]:
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

    model = VariantRef(id="u2netp", format="openvino", precision="fp32", sha256={"model.xml": HASH})
    how = Execution(runtime="openvino", device="CPU", devices=("CPU",), size=(320, 320), batch=1, hint="latency")
    photos = Data(name="photos", sha256=HASH, count=20)

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


GATES: dict[str, Any] = {
    "version": 1,
    "gate": [
        {"metric": "iou", "model": "u2net*", "min": 0.8, "samples": 10, "confidence": 0.95},
        {"metric": "iou", "slice": "kind=hair", "max_drop": 0.01, "baseline_model": "*"},
        {"metric": "latency_p50", "stage": "model", "max_ratio": 1.1, "device": "CPU"},
    ],
}

RECIPE: dict[str, Any] = {
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
            "package": {"format": "folder", "colour_order": "RGB"},
        },
        {"id": "srlite-x2"},
    ],
    "report": {"formats": ["html", "md"], "title": "Report"},
}

QUANTIZATION: dict[str, Any] = {
    "models": ["u2net*"],
    "preset": "mixed",
    "ignore": ["stage1.*", "outconv"],
    "ignore_types": ["Add"],
    "patch": 128,
    "why": "measured",
}


def package_document() -> dict[str, Any]:
    """Return a package's manifest."""
    from mattekit.convert import GoldenVector, PackageManifest, Port
    from mattekit.core import Contract, Provenance

    from fuzzing.models import contract_text, provenance_text

    manifest = PackageManifest(
        model="u2netp",
        precision="fp32",
        format="folder",
        properties={"INFERENCE_PRECISION_HINT": "f32"},
        model_file="model.xml",
        colour_order="RGB",
        inputs=(Port(name="image", shape=(1, -1, -1, 3), dtype="uint8", meaning="pixels"),),
        outputs=(Port(name="alpha", shape=(1, -1, -1, 1), dtype="uint8", meaning="opacity"),),
        contract=Contract.from_json(contract_text(), source="here"),
        provenance=Provenance.from_json(provenance_text(), source="here"),
        made_from={"model.xml": HASH},
        golden=(GoldenVector(input="golden/a.npy", outputs={"alpha": "golden/b.npy"}),),
        arithmetic="f32",
        kernels="x86_64, 8-bit dot products exact",
        measured={"mattekit": {"alpha": {"mean": 0.1, "max": 2}}},
        limits={name: {"alpha": {"mean": 1, "max": 2}} for name in ("same", "arithmetic", "kernels")},
        files={"model.xml": HASH, "golden/a.npy": HASH},
    )
    return json.loads(manifest.model_dump_json())
