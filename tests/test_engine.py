"""Runs over many images: the same files as one after another, in bounded memory, and one bad file is one failure."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from called import Call
from mattekit.core import DeviceError, Execution, ImageError
from mattekit.images import Image, encode_image, read_image
from mattekit.infer import (
    Batch,
    Budget,
    Colour,
    ImageOutcome,
    Pipeline,
    Remover,
    RunSettings,
    SerialRuntime,
    Stages,
    exit_code_of,
    load,
    overlapped,
    plan_batch,
    record_of,
    run_batch,
    workers_for,
)


def images_in(folder: Path, count: int, *, side: int = 40) -> list[Path]:
    """Write photos of noise whose sizes differ, with alpha, and return their paths."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(count)
    for number in range(count):
        pixels = rng.integers(0, 256, (side + number, side + 2 * number, 4)).astype(np.uint8)
        assert cv2.imwrite(str(folder / f"{number:02}.png"), pixels)
    return sorted(folder.iterdir())


def files_in(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def with_jobs(batch: Batch, jobs: int) -> Batch:
    return replace(batch, settings=replace(batch.settings, jobs=jobs))


def run(batch: Batch, pipeline: Pipeline, jobs: int) -> list[ImageOutcome]:
    return list(run_batch(with_jobs(batch, jobs), pipeline))


def test_overlapped_runs_give_the_files_of_one_after_another(light_ir: Path, tmp_path: Path) -> None:
    images_in(tmp_path / "in", 5)
    pipeline = Pipeline(Remover(load(light_ir / "model.xml")), background=Colour(10, 200, 30, 128))
    for jobs in (1, 3):
        outcomes = run(plan_batch([tmp_path / "in"], tmp_path / str(jobs), RunSettings()), pipeline, jobs)
        assert [outcome.source.name for outcome in outcomes] == [f"{number:02}.png" for number in range(5)]
    assert len(files_in(tmp_path / "1")) == 5
    assert files_in(tmp_path / "1") == files_in(tmp_path / "3")


def test_threads_share_a_runtime_and_get_their_own_answers(light_ir: Path) -> None:
    runtime = load(light_ir / "model.xml", hint="throughput").runtime
    rng = np.random.default_rng(0)
    tensors = [rng.random((1, 3, 128, 128)).astype(np.float32) for _ in range(4)]
    expected = [runtime.run(tensor) for tensor in tensors]
    found: dict[int, np.ndarray] = {}

    def ask(index: int) -> None:
        found[index] = runtime.run(tensors[index])

    threads = [threading.Thread(target=ask, args=(index,)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for index, answer in enumerate(expected):
        np.testing.assert_array_equal(found[index], answer)


@pytest.mark.parametrize("jobs", [1, 3])
def test_a_bad_file_is_its_own_failure_alone(jobs: int, tmp_path: Path) -> None:
    paths = images_in(tmp_path / "in", 6)
    paths[2].write_bytes(paths[2].read_bytes()[:60])
    paths[4].write_bytes(b"no image")
    outcomes = run(
        plan_batch([tmp_path / "in"], tmp_path / "out", RunSettings()), Pipeline(background=Colour(1, 2, 3)), jobs
    )
    assert [outcome.error is not None for outcome in outcomes] == [False, False, True, False, True, False]
    assert sorted(files_in(tmp_path / "out")) == ["00.png", "01.png", "03.png", "05.png"]
    assert exit_code_of(outcomes) == 5
    failed = outcomes[2].error
    assert failed is not None
    # Its frames would hold the image until the end of the run.
    assert failed.__traceback__ is None


def test_a_device_that_fails_ends_the_run(tmp_path: Path, light_ir: Path) -> None:
    images_in(tmp_path / "in", 6)
    model = load(light_ir / "model.xml")

    def broken(_: object) -> list[object]:
        raise DeviceError("the device is gone")

    pipeline = Pipeline(Remover(replace(model, runtime=SerialRuntime(Execution(runtime="broken"), broken))))
    batch = plan_batch([tmp_path / "in"], tmp_path / "out", RunSettings())
    with pytest.raises(DeviceError, match="gone"):
        run(batch, pipeline, 3)
    assert not (tmp_path / "out").exists()


def test_a_run_that_is_left_begins_nothing_new_and_leaves_whole_files(tmp_path: Path) -> None:
    images_in(tmp_path / "in", 40)
    batch = plan_batch([tmp_path / "in"], tmp_path / "out", RunSettings())
    before = threading.active_count()
    results = run_batch(with_jobs(batch, 3), Pipeline(background=Colour(1, 2, 3)))
    assert next(results).error is None
    results.close()
    left = files_in(tmp_path / "out")
    assert 1 <= len(left) < 40
    assert all(read_image(data).width for data in left.values())
    assert files_in(tmp_path / "out") == left
    assert threading.active_count() == before


def test_items_under_way_are_bounded_and_come_in_order() -> None:
    lock, begun, ended, most = threading.Lock(), 0, 0, 0

    def read(item: int) -> int:
        nonlocal begun, most
        with lock:
            begun += 1
            most = max(most, begun - ended)
        return item

    def write(item: int) -> int:
        nonlocal ended
        with lock:
            ended += 1
        if item % 7 == 3:
            raise ImageError(str(item))
        return -item

    stages = Stages(read, lambda item: item, write, 2, 3, 2)
    seen: list[int] = []
    for item, result in overlapped(range(1, 60), stages, lambda: None):
        if item % 7 == 3:
            with pytest.raises(ImageError, match=str(item)):
                result()
        else:
            assert result() == -item
        seen.append(item)
    assert seen == list(range(1, 60))
    assert most <= stages.window


def test_a_budget_lets_in_what_fits_and_what_is_larger_alone() -> None:
    budget = Budget(100)
    first, second, large = budget.ticket(), budget.ticket(), budget.ticket()
    first.take(60)
    second.take(40)
    thread = threading.Thread(target=large.take, args=(1000,), daemon=True)
    thread.start()
    first.release()
    first.release()
    thread.join(0.05)
    assert thread.is_alive()
    second.release()
    thread.join(10)
    assert not thread.is_alive()
    assert budget.most == 1000
    waits = threading.Thread(target=budget.ticket().take, args=(1,), daemon=True)
    waits.start()
    waits.join(0.05)
    assert waits.is_alive()
    budget.close()
    waits.join(10)
    assert not waits.is_alive()


def test_images_wait_for_the_memory_of_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Budget] = []

    class Watched(Budget):
        def __init__(self, size: int) -> None:
            super().__init__(size)
            made.append(self)

    monkeypatch.setattr("mattekit.infer.batch.Budget", Watched)
    images_in(tmp_path / "in", 8)
    batch = plan_batch([tmp_path / "in"], tmp_path / "out", RunSettings())
    one = 10 * 47 * 54  # The largest of them.
    outcomes = list(run_batch(with_jobs(batch, 4), Pipeline(background=Colour(1, 2, 3)), memory=2 * one))
    assert exit_code_of(outcomes) == 0
    assert len(outcomes) == 8
    assert one <= made[0].most <= 2 * one


def test_the_record_says_where_the_time_went(light_ir: Path, tmp_path: Path) -> None:
    images_in(tmp_path / "in", 4)
    batch = plan_batch([tmp_path / "in"], tmp_path / "out", RunSettings())
    pipeline = Pipeline(Remover(load(light_ir / "model.xml")))
    outcomes = run(batch, pipeline, 2)
    record = record_of(outcomes, with_jobs(batch, 2), pipeline)
    stages = {"decode", "remove", "infer", "encode"}
    for statistic in ("p50", "p90", "p99"):
        assert {f.stage for f in record.measurements if f.statistic == statistic} == stages
    loads = {f.stage: f.value or 0 for f in record.of_metric("load")}
    assert set(loads) == stages
    assert record.bottleneck == max(loads, key=lambda stage: loads[stage])
    assert all(0 <= load <= 1.001 for load in loads.values())
    for stage in stages:
        values = [outcome.seconds[stage] * 1000 for outcome in outcomes]  # pyright: ignore[reportArgumentType]
        found = {f.statistic: f.value for f in record.measurements if f.stage == stage and f.unit == "ms"}
        assert found["p50"] == pytest.approx(float(np.median(values)))
        assert min(values) <= (found["p90"] or 0) <= (found["p99"] or 0) <= max(values)


@pytest.mark.parametrize(
    ("count", "arguments", "table"), [(3, (), False), (3, ("-v",), True), (20, (), True), (1, ("-v",), True)]
)
def test_stages_are_printed_of_many_images_or_where_asked(
    light_ir: Path, tmp_path: Path, call: Call, count: int, arguments: tuple[str, ...], table: bool
) -> None:
    for number in range(count):
        assert cv2.imwrite(str(tmp_path / f"{number:02}.png"), np.full((8, 8, 3), number, np.uint8))
    said = call("remove", tmp_path, "--model", light_ir, "-o", tmp_path / "out", *arguments).err
    assert ("p50 ms" in said) == table
    assert ("bottleneck" in said) == table
    assert (f"{count} of {count} done" in said) == (count > 1 or table)


def test_a_single_image_goes_through_the_stages_one_after_another(tmp_path: Path) -> None:
    images_in(tmp_path / "in", 1)
    batch = plan_batch([tmp_path / "in"], tmp_path / "out", RunSettings())
    assert set(workers_for(with_jobs(batch, 8), Pipeline()).values()) == {1}


@pytest.mark.parametrize("depth", [8, 16])
def test_png_bands_join_without_a_seam(depth: int) -> None:
    rng = np.random.default_rng(depth)
    rgb = np.cumsum(rng.integers(-3, 4, (700, 500, 3)), axis=0).astype(np.uint8)
    alpha = np.repeat(rng.integers(0, 2, (700, 1)) * 255, 500, axis=1).astype(np.uint8)
    image = Image(rgb, alpha).with_depth(depth)
    whole = read_image(encode_image(image, "png", keep_hidden=True))
    np.testing.assert_array_equal(whole.rgb, image.rgb)
    np.testing.assert_array_equal(whole.alpha, image.alpha)
    cleared = read_image(encode_image(image, "png"))
    np.testing.assert_array_equal(cleared.rgb, image.rgb * (alpha != 0)[..., None])


@pytest.mark.slow
def test_a_photo_of_100_megapixels_takes_at_most_2_gib(light_ir: Path, tmp_path: Path) -> None:
    rows = np.arange(10_000, dtype=np.uint16)[:, None]
    plane = ((rows + rows.T) // 79).astype(np.uint8)
    assert cv2.imwrite(str(tmp_path / "large.jpg"), cv2.merge([plane, 255 - plane, plane[::-1]]))
    shutil.copytree(light_ir, tmp_path / "model")
    command = [
        "-m",
        "mattekit",
        "remove",
        tmp_path / "large.jpg",
        "--model",
        tmp_path / "model",
        "-o",
        tmp_path / "out",
    ]
    watch = (
        "import resource, subprocess, sys\n"
        "done = subprocess.run([sys.executable, *sys.argv[1:]])\n"
        "print(done.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", watch, *map(str, command)], capture_output=True, text=True, check=True
    )
    code, kilobytes = ended.stdout.split()[-2:]
    assert code == "0", ended.stderr
    assert int(kilobytes) * 1024 <= 2 << 30
    assert read_image(tmp_path / "out" / "large.png").size == (10_000, 10_000)


FIRST_USE = """
import sys, threading
from pathlib import Path
import numpy as np
from mattekit.infer.runtimes.openvino import load

opened = load(Path(sys.argv[1]), hint="throughput")
size = opened.contract.input
tensor = np.zeros((1, 3, size.height, size.width), np.float32)
sys.setswitchinterval(1e-6)
start = threading.Barrier(opened.runtime.info.requests)
threads = [
    threading.Thread(target=lambda: (start.wait(), opened.runtime.run(tensor)), daemon=True)
    for _ in range(opened.runtime.info.requests)
]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""


@pytest.mark.slow
def test_the_first_use_by_several_threads_at_once_ends(light_ir: Path) -> None:
    # Without the guard in the runtime these processes hung for ever, six of six.
    for _ in range(3):
        arguments = [sys.executable, "-c", FIRST_USE, str(light_ir / "model.xml")]
        assert subprocess.run(arguments, timeout=60, check=False).returncode == 0
