"""What to deploy: the table of one benchmark, its claims and its pick, and the command that makes what is missing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from mattekit.bench import Deployment, deployment_of
from mattekit.bench.significance import more_needed
from mattekit.core import MODEL, BenchRecord, InputError, SampleTable, Series
from mattekit.infer import INSTRUCTION_SETS, playable_sets
from mattekit.reports import deployment_frame, write_deployment
from mattekit.workflow import DeploymentSettings, run_deployment
from records import bench_record, data, execution, machine, measurement, variant

ROUNDS = 20


def benchmark(times: dict[str, float], accuracies: dict[str, Sequence[float]], noise: float = 0.01) -> BenchRecord:
    """A benchmark of `m` in each precision, its times scattered by the noise, with an IoU of each sample."""
    rng = np.random.default_rng(0)
    drawn = {name: (ms * (1 + noise * rng.standard_normal(ROUNDS))).tolist() for name, ms in times.items()}
    figures = [
        measurement(
            "iou",
            float(np.mean(values)),
            higher_is_better=True,
            variants=(variant("m", name),),
            executions=(execution(),),
            candidate=f"m {name}",
            data=data().model_copy(update={"count": len(values)}),
        )
        for name, values in accuracies.items()
    ]
    record = bench_record(drawn, extra=figures)
    candidates = {
        key: found.model_copy(
            update={
                "times": {MODEL: Series(values=tuple(drawn[key[2:]]), rounds=tuple(range(ROUNDS)))},
                "samples": SampleTable(
                    ids=tuple(map(str, range(len(accuracies[key[2:]])))), values={"iou": tuple(accuracies[key[2:]])}
                ),
            }
        )
        for key, found in record.candidates.items()
    }
    return record.model_copy(update={"candidates": candidates, "rounds": ROUNDS})


def table(times: dict[str, float], drops: dict[str, float], *, samples: int = 60, noise: float = 0.01) -> Deployment:
    rng = np.random.default_rng(1)
    truth = 0.9 + 0.02 * rng.standard_normal(samples)
    found = {name: (truth - drop - 0.002 * rng.standard_normal(samples)).tolist() for name, drop in drops.items()}
    return deployment_of(benchmark(times, {"fp32": truth.tolist(), **found}, noise))


def test_the_fastest_that_keeps_the_accuracy_is_picked_and_the_reason_is_said() -> None:
    found = table({"fp32": 10, "fp16": 10, "int8": 4}, {"fp16": 0.0, "int8": 0.002})
    assert found.pick == "m int8"
    assert found.sentence.startswith("Deploy m int8")
    assert "2.5 times as fast" in found.sentence
    assert "iou within 0.00" in found.sentence
    assert found.claims == 4


def test_what_loses_more_than_is_allowed_is_not_picked_and_said_first() -> None:
    found = table({"fp32": 10, "int8": 4}, {"int8": 0.05})
    assert found.pick == "m fp32"
    change = found.row("m int8").change
    assert change is not None
    assert change.shown
    assert any("drops by more than the allowed 0.01" in each for each in found.open)


def test_too_few_samples_and_rounds_become_a_number() -> None:
    found = table({"fp32": 10, "int8": 4}, {"int8": 0.002}, samples=8)
    change = found.row("m int8").change
    assert change is not None
    assert (change.interval, change.more) == (None, 4)
    assert found.pick == "m fp32"
    assert any("at least 4 more samples" in each for each in found.open)
    # Half as wide takes four times as many.
    assert more_needed(10, 1.0, 2.0) == 30
    assert more_needed(10, 2.0, 1.0) == 0


def test_a_tenth_is_found_and_the_more_claims_a_table_makes_the_wider_its_intervals() -> None:
    few = table({"fp32": 10, "int8": 8}, {"int8": 0.0}).row("m int8").speed
    many = table({"fp32": 10, "int8": 8, "fp16": 10}, {"int8": 0.0, "fp16": 0.0}).row("m int8").speed
    assert few is not None
    assert many is not None
    assert few.verdict == many.verdict == "faster"
    assert many.high - many.low >= few.high - few.low
    assert few.speedup == pytest.approx(1.25, abs=0.02)


def test_the_table_is_written_as_data(tmp_path: Path) -> None:
    record = benchmark({"fp32": 10, "int8": 4}, {"fp32": [0.9] * 20, "int8": [0.9] * 20})
    frame = deployment_frame(deployment_of(record))
    assert frame["pick"].tolist() == [False, True]
    assert frame["speedup"].dropna().tolist() == pytest.approx([2.5], abs=0.05)
    written = json.loads(write_deployment([record], tmp_path / "table.json").read_text(encoding="utf-8"))
    assert written["tables"][0]["pick"] == "m int8"
    assert len(write_deployment([record], tmp_path / "table.csv").read_text(encoding="utf-8").splitlines()) == 3
    assert "| model |" in write_deployment([record], tmp_path / "table.md").read_text(encoding="utf-8")
    with pytest.raises(InputError, match="one of these suffixes"):
        write_deployment([record], tmp_path / "table.doc")


def test_a_processor_plays_the_instruction_sets_that_it_has() -> None:
    assert playable_sets(machine().model_copy(update={"cpu_features": ("avx2",)})) == ("avx2",)
    every = machine().model_copy(
        update={"cpu_features": ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "amx_bf16", "amx_int8")}
    )
    assert playable_sets(every) == tuple(INSTRUCTION_SETS)


def test_models_are_compared_on_photos_without_masks_and_what_was_made_is_kept(
    segmentation_ir: Path, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MATTEKIT_HOME", str(tmp_path / "home"))
    photos = tmp_path / "photos"
    photos.mkdir()
    for number in range(2):
        (photos / f"{number}.jpg").write_bytes(photo.read_bytes())
    model = next(segmentation_ir.parent.rglob("fp32/model.xml")) if segmentation_ir.is_dir() else segmentation_ir
    settings = DeploymentSettings(data=photos, precision=("fp32", "fp16"), rounds=2, seconds=0.05)
    found = run_deployment(model, settings)
    assert found.notes == ()
    assert [row.precision for row in found.table.rows] == ["fp32", "fp16"]
    assert found.table.reference != "truth"
    assert found.table.row(found.table.baseline).accuracy == 1
    made = {path: path.stat().st_mtime_ns for path in found.folder.rglob("model.xml")}
    assert made
    run_deployment(model, settings)
    assert {path: path.stat().st_mtime_ns for path in found.folder.rglob("model.xml")} == made
