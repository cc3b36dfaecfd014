"""A run over a video as a whole: its record, its latencies, the command, interruptions."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from clips import VFR, copy, frames_of, make_clip, pixels, seconds_of, transparent
from mattekit import cli
from mattekit.core import InputError, Measurement, VideoRecord, read_record
from mattekit.infer import Colour, Pipeline, VideoSettings, plan_video, process_video
from mattekit.infer.latencies import Latencies

av = pytest.importorskip("av", reason="video needs the extra `video`")


def test_a_composite_is_where_the_subject_is_not(tmp_path: Path) -> None:
    for number in range(4):
        assert cv2.imwrite(str(tmp_path / f"in-{number}.png"), transparent(number))
    plan = plan_video(str(tmp_path / "in-*.png"), tmp_path / "out.mp4", VideoSettings(model=None, background="#3366cc"))
    process_video(plan, Pipeline(background=Colour(0x33, 0x66, 0xCC)))
    for number, frame in enumerate(frames_of(tmp_path / "out.mp4")):
        assert np.abs(pixels(frame)[4, 60] - (0x33, 0x66, 0xCC)).max() <= 4
        assert np.abs(pixels(frame)[20, 16 + number] - (220, 30, 20)).max() <= 12


def test_the_record_says_what_was_measured(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4")
    report = copy(clip, tmp_path / "out.mp4")
    report.record.write(tmp_path / "record.json")
    record = read_record(tmp_path / "record.json", VideoRecord)
    assert record.kind == "video"
    labels = {(figure.stage, figure.statistic) for figure in record.of_metric("latency")}
    assert labels == {(stage, f"p{percent}") for stage in ("decode", "encode") for percent in (50, 90, 99)}
    assert record.bottleneck in {"decode", "encode"}
    assert len(record.seconds["encode"]) == 12


def test_latencies_stay_small_and_are_spread_over_the_whole() -> None:
    latencies = Latencies(("decode", "encode"), most=4096)
    for number in range(20_000):
        latencies.add({"decode": number / 1e6, "encode": 0.001})
    samples = latencies.seconds()["decode"]
    assert len(samples) <= 4096
    medians = {
        figure.statistic: figure.value
        for figure in latencies.measurements(Measurement(metric="", value=None), 200.0)
        if figure.metric == "latency" and figure.stage == "decode"
    }
    assert medians["p50"] == pytest.approx(10.0, rel=0.01)
    assert latencies.bottleneck == "decode"


def test_a_result_never_overwrites_its_input(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4")
    before = clip.read_bytes()
    with pytest.raises(InputError, match="would overwrite the input"):
        copy(clip, tmp_path / "clip.mp4")
    assert clip.read_bytes() == before


def test_the_models_run_on_every_frame(
    segmentation_ir: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    clip = make_clip(tmp_path / "clip.mp4", times=VFR[:3], audio="aac")
    arguments = ["video", clip, "-o", tmp_path / "out.mp4", "--model", segmentation_ir, "--background", "blur"]
    edges = ("--refine", "guided", "--no-decontaminate", "--shadow", "soft", "--linear", "--place", "subject")
    code = run_cli(*arguments, *edges, "--smooth", "0.6", "--record", tmp_path / "record.json")
    assert code == 0
    assert seconds_of(tmp_path / "out.mp4") == [Fraction(pts, 90_000) for pts in VFR[:3]]
    captured = capfd.readouterr()
    assert captured.out.strip() == str(tmp_path / "out.mp4")
    assert "3 frames" in captured.err
    assert "bottleneck: " in captured.err
    record = read_record(tmp_path / "record.json", VideoRecord)
    assert {figure.stage for figure in record.of_metric("latency")} >= {
        *("decode", "remove", "smooth", "superimpose", "encode")
    }
    assert [one.id for one in record.variants] == ["u2netp"]
    assert (record.settings["refine"], record.settings["decontaminate"]) == ("guided", False)
    assert str(record.settings["shadow"]).startswith("Shadow(")
    assert (record.settings["linear"], record.settings["place"]) == (True, "subject")
    assert run_cli("video", clip, "-o", tmp_path / "clear.mp4", "--model", segmentation_ir) == 1
    assert "can't hold transparency" in capfd.readouterr().err


def test_images_commands_send_videos_to_the_right_one(
    segmentation_ir: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    clip = make_clip(tmp_path / "clip.mp4")
    assert run_cli("run", clip, "-o", tmp_path / "out", "--model", segmentation_ir, "--sr", "none") == 1
    (line,) = capfd.readouterr().err.strip().splitlines()
    assert f"mattekit video {clip}" in line


def run_cli(*arguments: str | Path) -> int:
    """Call the command line in this process and return its exit code."""
    before, sys.argv = sys.argv, ["mattekit", *map(str, arguments)]
    try:
        with pytest.raises(SystemExit) as stop:
            cli.main()
    finally:
        sys.argv = before
    return int(stop.value.code or 0)


SLOW_COPY = """
import sys, time
from pathlib import Path
from mattekit.infer import Pipeline, VideoSettings, plan_video, process_video
import cv2
class Slow(Pipeline):
    def run(self, image, *, matte=None):
        time.sleep(0.05)
        return super().run(image, matte=matte)
source, out = sys.argv[1:]
settings = VideoSettings(model=None, progress=lambda what, done, total: print(done, flush=True))
if source == "camera":
    import numpy as np
    from mattekit.infer.video.frame_sources import Camera
    from mattekit.infer.video.formats import choose_format
    from mattekit.infer.video.video_plan import VideoPlan
    class Capture:
        def read(self):
            time.sleep(0.01)
            return True, np.full((48, 64, 3), 90, np.uint8)
        def release(self):
            pass
    format_ = choose_format(Path(out), None, None, alpha=False)
    plan = VideoPlan(Camera("camera", Capture()), Path(out), format_, None, settings)
else:
    plan = plan_video(source, Path(out), settings)
report = process_video(plan, Slow())
print("FRAMES", report.frames)
"""


def interrupted(source: Path | str, out: Path, number: signal.Signals) -> subprocess.CompletedProcess[str]:
    """Run a slow copy in a process of its own and send it a signal after its third frame."""
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW_COPY, str(source), str(out)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    while process.stdout.readline().strip() != "3":
        assert process.poll() is None
    time.sleep(0.02)
    process.send_signal(number)
    output, errors = process.communicate(timeout=60)
    return subprocess.CompletedProcess([], process.returncode, output, errors)


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent as POSIX does")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_file_leaves_nothing(number: signal.Signals, tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", times=[3600 * index for index in range(200)])
    (tmp_path / "out").mkdir()
    ended = interrupted(clip, tmp_path / "out" / "out.mp4", number)
    assert ended.returncode != 0
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent as POSIX does")
def test_an_interrupted_camera_keeps_its_recording(tmp_path: Path) -> None:
    ended = interrupted("camera", tmp_path / "out.mp4", signal.SIGINT)
    assert ended.returncode == 0, ended.stderr
    said = int(ended.stdout.rpartition("FRAMES")[2])
    assert len(frames_of(tmp_path / "out.mp4")) == said >= 3
    assert [path.name for path in tmp_path.iterdir()] == ["out.mp4"]
