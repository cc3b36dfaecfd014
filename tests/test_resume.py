"""Runs that are stopped at any moment, and go on."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from mattekit.infer import (
    Colour,
    ImageOutcome,
    Pipeline,
    RunSettings,
    exit_code_of,
    open_manifest,
    plan_batch,
    run_batch,
)
from mattekit.infer.resume import MANIFEST_NAME

GREEN = Pipeline(background=Colour(0, 200, 0))


def images_in(folder: Path, count: int, *, side: int = 24) -> list[Path]:
    folder.mkdir(parents=True)
    rng = np.random.default_rng(count)
    for number in range(count):
        pixels = rng.integers(0, 256, (side, side + number, 4)).astype(np.uint8)
        assert cv2.imwrite(str(folder / f"{number:02}.png"), pixels)
    return sorted(folder.iterdir())


def files_in(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def resume(images: Path, out: Path, *, pipeline: Pipeline = GREEN, colour: str = "green") -> list[ImageOutcome]:
    settings = RunSettings(model=None, sr=None, background=colour, jobs=2, resume=True)
    batch = plan_batch([images], out, settings)
    return list(run_batch(batch, pipeline, manifest=open_manifest(batch, pipeline)))


def lines_of(manifest: Path) -> int:
    return manifest.read_bytes().count(b"\n") if manifest.is_file() else 0


@pytest.mark.slow
def test_a_run_that_is_killed_again_and_again_ends_with_the_files_of_an_undisturbed_one(tmp_path: Path) -> None:
    images_in(tmp_path / "in", 24, side=500)

    def start(out: Path) -> subprocess.Popen[bytes]:
        arguments = ["superimpose", tmp_path / "in", "--background", "#336699", "-o", out, "--resume", "--jobs", "2"]
        command = [sys.executable, "-m", "mattekit", *map(str, arguments)]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    assert start(tmp_path / "undisturbed").wait() == 0
    out, rng, killed = tmp_path / "disturbed", random.Random(7), 0
    for _ in range(6):
        process = start(out)
        before = lines_of(out / MANIFEST_NAME)
        while process.poll() is None and lines_of(out / MANIFEST_NAME) <= before:
            time.sleep(0.001)
        time.sleep(rng.random() * 0.05)
        process.kill()
        killed += process.wait() == -signal.SIGKILL
    assert killed >= 2
    assert start(out).wait() == 0
    assert files_in(out) == files_in(tmp_path / "undisturbed")
    assert len(files_in(out)) == 25


@pytest.mark.slow
def test_an_interrupted_run_stops_clean(tmp_path: Path) -> None:
    images_in(tmp_path / "in", 60, side=600)
    out = tmp_path / "out"
    arguments = ["superimpose", tmp_path / "in", "--background", "white", "-o", out, "--jobs", "2"]
    process = subprocess.Popen([sys.executable, "-m", "mattekit", *map(str, arguments)], stderr=subprocess.PIPE)
    while process.poll() is None and not (out.is_dir() and any(out.glob("*.png"))):
        time.sleep(0.001)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()
    assert process.returncode not in {0, -signal.SIGINT}
    assert b"Traceback" not in said
    assert 1 <= len(files_in(out)) < 60
    assert not list(out.glob(".*"))
    assert all(cv2.imread(str(path)) is not None for path in out.glob("*.png"))


def test_what_is_done_is_skipped(tmp_path: Path) -> None:
    images_in(tmp_path / "in", 5)
    assert not any(outcome.skipped for outcome in resume(tmp_path / "in", tmp_path / "out"))
    before = files_in(tmp_path / "out")
    times = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out").glob("*.png")}
    again = resume(tmp_path / "in", tmp_path / "out")
    assert all(outcome.skipped and outcome.error is None for outcome in again)
    assert files_in(tmp_path / "out") == before
    assert {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out").glob("*.png")} == times


def test_changed_inputs_settings_and_results_are_done_again(tmp_path: Path) -> None:
    paths = images_in(tmp_path / "in", 5)
    resume(tmp_path / "in", tmp_path / "out")
    before = files_in(tmp_path / "out")
    paths[1].write_bytes(paths[2].read_bytes())
    (tmp_path / "out" / "03.png").write_bytes(b"")
    (tmp_path / "out" / "04.png").unlink()
    again = resume(tmp_path / "in", tmp_path / "out")
    assert [outcome.skipped for outcome in again] == [True, False, True, False, False]
    after = files_in(tmp_path / "out")
    assert after["01.png"] == before["02.png"]
    assert {name: after[name] for name in ("00.png", "02.png", "03.png", "04.png")} == {
        name: before[name] for name in ("00.png", "02.png", "03.png", "04.png")
    }
    red = Pipeline(background=Colour(200, 0, 0))
    assert not any(outcome.skipped for outcome in resume(tmp_path / "in", tmp_path / "out", pipeline=red, colour="red"))
    assert all(outcome.skipped for outcome in resume(tmp_path / "in", tmp_path / "out", pipeline=red, colour="red"))


@pytest.mark.parametrize("length", [0, 1, 30, -1])
def test_a_line_that_was_not_finished_is_tolerated(length: int, tmp_path: Path) -> None:
    images_in(tmp_path / "in", 3)
    resume(tmp_path / "in", tmp_path / "out")
    before = files_in(tmp_path / "out")
    manifest = tmp_path / "out" / MANIFEST_NAME
    lines = manifest.read_bytes().splitlines(keepends=True)
    manifest.write_bytes(b"".join(lines[:-1]) + lines[-1][:length])
    (tmp_path / "out" / ".02.0123456789ab.tmp.png").write_bytes(b"half")
    again = resume(tmp_path / "in", tmp_path / "out")
    # All of a line but its end is a line.
    assert [outcome.skipped for outcome in again] == [True, True, length == -1]
    assert files_in(tmp_path / "out") == before


def test_failures_stand_in_the_manifest_and_are_tried_again(tmp_path: Path) -> None:
    paths = images_in(tmp_path / "in", 3)
    whole = paths[1].read_bytes()
    resume(tmp_path / "in", tmp_path / "out")
    paths[1].write_bytes(b"no image")
    again = resume(tmp_path / "in", tmp_path / "out")
    assert exit_code_of(again) == 5
    # The result of what the file once held is no result of what it holds.
    assert sorted(files_in(tmp_path / "out")) == ["00.png", "02.png", MANIFEST_NAME]
    entries = [json.loads(line) for line in (tmp_path / "out" / MANIFEST_NAME).read_bytes().splitlines()]
    assert [entry["state"] for entry in entries] == ["done", "failed", "done"]
    assert "not an image" in entries[1]["error"]
    assert all(len(entry[key]) == 64 for entry in entries for key in ("input_sha256", "settings"))
    paths[1].write_bytes(whole)
    assert exit_code_of(resume(tmp_path / "in", tmp_path / "out")) == 0
    assert sorted(files_in(tmp_path / "out")) == ["00.png", "01.png", "02.png", MANIFEST_NAME]


def test_results_in_folders_are_found_again(tmp_path: Path) -> None:
    for folder in ("in", "in/a", "in/b"):
        for path in images_in(tmp_path / "made" / folder, 2):
            (tmp_path / folder).mkdir(exist_ok=True)
            path.rename(tmp_path / folder / path.name)
    resume(tmp_path / "in", tmp_path / "out")
    (tmp_path / "out" / "a" / "00.png").unlink()
    (tmp_path / "out" / "b" / ".01.0123456789ab.tmp.png").write_bytes(b"half")
    again = resume(tmp_path / "in", tmp_path / "out")
    assert [outcome.target for outcome in again if not outcome.skipped] == [tmp_path / "out" / "a" / "00.png"]
    assert len(again) == 6
    assert [path.name for path in sorted((tmp_path / "out" / "b").iterdir())] == ["00.png", "01.png"]
    entries = [json.loads(line) for line in (tmp_path / "out" / MANIFEST_NAME).read_bytes().splitlines()]
    assert [entry["target"] for entry in entries] == [
        "00.png",
        "01.png",
        "a/00.png",
        "a/01.png",
        "b/00.png",
        "b/01.png",
    ]
