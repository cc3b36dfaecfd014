"""What to deploy: the table of one benchmark, its claims and its pick, and the command that makes what is missing."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from mattekit import MaxDrop, read_image
from mattekit.bench import Deployment, deployment_of
from mattekit.bench.latency import recording
from mattekit.bench.latency.process import Executed, Opened
from mattekit.bench.significance import more_needed
from mattekit.core import MODEL, BenchRecord, InputError, SampleTable, Series
from mattekit.infer import INSTRUCTION_SETS, playable_sets
from mattekit.reports import deployment_frame, write_deployment
from mattekit.workflow import DeploymentSettings, run_deployment
from mattekit.workflow.deployment_settings import Peer, parse_peer
from records import bench_record, data, execution, machine, measurement, variant
from tiny import write_onnx

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


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("iuo=0.01", "did you mean iou"),
        ("psnr_y=0.3", "does not fit segmentation; choose from iou"),
        ("miou=0.01", "it compares classes"),
        ("dtssd=0.01", "it is of videos"),
    ],
)
def test_a_drop_that_could_not_be_judged_is_refused(given: str, says: str, light_ir: Path) -> None:
    settings = DeploymentSettings(data="synthetic:count=2,size=64x48", precision=("fp32",), max_drop=given)  # pyright: ignore[reportArgumentType]
    with pytest.raises(InputError, match=says):
        run_deployment(light_ir / "model.xml", settings)


def test_the_metric_whose_drop_is_limited_is_measured(light_ir: Path) -> None:
    settings = DeploymentSettings(
        data="synthetic:count=2,size=64x48",
        precision=("fp32",),
        max_drop=MaxDrop("mae", 0.02),
        rounds=1,
        seconds=0.01,
    )
    found = run_deployment(light_ir / "model.xml", settings).table
    assert (found.metric, found.higher_is_better, found.allowed) == ("mae", False, 0.02)
    assert found.rows[0].accuracy is not None


def test_an_arithmetic_that_the_processor_emulates_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    how = Executed(**execution().model_copy(update={"arithmetic": "bf16"}).model_dump())
    opened = Opened(compile_ms=1, first_ms=1, executed=how)
    for features, count in ((("avx2", "avx512f"), 1), (("avx2", "amx_bf16"), 0), (("asimd",), 0)):
        host = machine().model_copy(update={"cpu_features": features})
        monkeypatch.setattr(recording, "this_machine", lambda host=host: host)
        assert len(recording.emulation(opened)) == count


# What rembg gives to its users, without a network: everything brighter than grey is kept.
REMBG = """
import numpy as np
from PIL import Image

class Network:
    def get_providers(self):
        return ["CPUExecutionProvider"]
    def run(self, names, fed):
        return [fed["x"].mean(axis=1, keepdims=True)]

class Session:
    def __init__(self, name):
        assert name == "u2netp"
        self.inner_session = Network()
    def predict(self, image):
        pixels = np.asarray(image.convert("RGB"), np.float32).transpose(2, 0, 1)[None]
        (answer,) = self.inner_session.run(None, {"x": pixels})
        return Image.fromarray(((answer[0, 0] > 127) * 255).astype(np.uint8))

new_session = Session

def remove(image, session, only_mask=False):
    mask = session.predict(image)
    if only_mask:
        return mask
    cut = image.convert("RGBA")
    cut.putalpha(mask)
    return cut
"""


@pytest.fixture
def rembg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An interpreter that has a program with rembg's face, and the network that it would have downloaded."""
    home = tmp_path / "rembg-home"
    (home / "rembg").mkdir(parents=True)
    (home / "rembg" / "__init__.py").write_text(REMBG)
    for name in ("rembg", "onnxruntime"):
        (home / f"{name}-9.dist-info").mkdir()
        (home / f"{name}-9.dist-info" / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 9\n")
    write_onnx(home / "u2netp.onnx")
    monkeypatch.setenv("PYTHONPATH", str(home))
    monkeypatch.setenv("U2NET_HOME", str(home))
    return sys.executable


def test_rembg_is_a_row_of_the_same_run_over_the_whole_way(light_ir: Path, rembg: str) -> None:
    settings = DeploymentSettings(
        data="synthetic:count=2,size=64x48",
        precision=("fp32",),
        rounds=2,
        seconds=0.05,
        against=Peer("u2netp", rembg),
    )
    result = run_deployment(light_ir / "model.xml", settings)
    ours, theirs = result.table.rows
    assert (ours.status, theirs.status, theirs.device) == ("measured", "measured", "rembg"), theirs.reason
    assert result.table.stage == "total"
    assert theirs.speed is not None
    assert theirs.accuracy is not None
    assert theirs.figures["peak_memory"] > 0
    (told,) = [each.execution for each in result.record.candidates.values() if each.asked["runtime"] == "rembg"]
    assert told is not None
    assert told.plugin == "rembg 9, onnxruntime 9 (CPU)"


def test_what_rembg_lacks_is_said_before_anything_is_measured(
    light_ir: Path, rembg: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = "synthetic:count=2,size=64x48"

    def compare(against: Peer) -> None:
        run_deployment(light_ir / "model.xml", DeploymentSettings(data=data, precision=("fp32",), against=against))

    with pytest.raises(InputError, match="there is no such interpreter"):
        compare(Peer("u2netp", str(tmp_path / "python")))
    with pytest.raises(InputError, match=r"its network is not known; give rembg:SESSION=PYTHON of .*u2netp"):
        compare(Peer("u3net", rembg))
    monkeypatch.setenv("U2NET_HOME", str(tmp_path / "nothing"))
    with pytest.raises(InputError, match=r"u2netp.onnx is not there; run `rembg d u2netp`"):
        compare(Peer("u2netp", rembg))
    with pytest.raises(InputError, match="give rembg=PYTHON"):
        parse_peer("photoshop=python")
    assert str(parse_peer("rembg:u2net=/x/python")) == "rembg:u2net=/x/python"


def test_models_are_compared_on_photos_without_masks_and_what_was_made_is_kept(
    segmentation_ir: Path, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MATTEKIT_HOME", str(tmp_path / "home"))
    photos = tmp_path / "photos"
    photos.mkdir()
    for number in range(2):
        (photos / f"{number}.jpg").write_bytes(photo.read_bytes())
    model = next(segmentation_ir.parent.rglob("fp32/model.xml")) if segmentation_ir.is_dir() else segmentation_ir
    answers = tmp_path / "answers"
    settings = DeploymentSettings(data=photos, precision=("fp32", "fp16"), rounds=2, seconds=0.05, answers=answers)
    found = run_deployment(model, settings)
    assert found.notes == ()
    assert [row.precision for row in found.table.rows] == ["fp32", "fp16"]
    assert found.table.reference != "truth"
    assert found.table.row(found.table.baseline).accuracy == 1
    made = {path: path.stat().st_mtime_ns for path in found.folder.rglob("model.xml")}
    assert made
    sheet = read_image(found.write(tmp_path / "sheet.png"))
    assert sheet.height == 2 * 224
    again = run_deployment(model, replace(settings, answers=None))
    with pytest.raises(InputError, match="no answers to show"):
        again.write(tmp_path / "sheet.png")
    assert {path: path.stat().st_mtime_ns for path in found.folder.rglob("model.xml")} == made
