"""Runs over images and videos as functions, and the commands that call them: settings, results, resuming, Ctrl-C."""

from __future__ import annotations

import inspect
import json
import multiprocessing
import pickle
import shutil
import signal
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import cv2
import mattekit
import numpy as np
import pytest
import typer
from called import Call
from mattekit import cli
from mattekit.cluster import run_with
from mattekit.core import ImageError, InputError, RunRecord, VideoRecord, read_record
from mattekit.images import Image
from mattekit.infer import Blur, Colour, PipelineSettings, RunSettings, VideoSettings, load_background
from mattekit.infer.choices import Shadow
from mattekit.infer.resume import MANIFEST_NAME

NOTHING: dict[str, Any] = {"model": None, "sr": None}
COMMANDS = {
    command.callback.__name__: command for command in cli.app.registered_commands if command.callback is not None
}


def images_in(folder: Path, count: int, side: int = 24) -> Path:
    folder.mkdir()
    rng = np.random.default_rng(count)
    for number in range(count):
        assert cv2.imwrite(str(folder / f"{number:02}.png"), rng.integers(0, 256, (side, side, 4)).astype(np.uint8))
    return folder


def defaults_of(function: Any) -> dict[str, object]:
    return {name: each.default for name, each in inspect.signature(function).parameters.items()}


@pytest.mark.parametrize(
    ("command", "function"),
    [("run", mattekit.open_pipeline), ("run", mattekit.run_images), ("video", mattekit.run_video)],
)
def test_a_function_has_the_names_and_defaults_of_its_command(command: str, function: Any) -> None:
    # The command line says `none` where a function takes None.
    on_line = {
        name: None if default == "none" and name != "refine" else default
        for name, default in defaults_of(COMMANDS[command].callback).items()
    }
    of_function = defaults_of(function)
    shared = (on_line.keys() & of_function.keys()) - {"inputs", "out", "source"}
    assert len(shared) >= len(fields(PipelineSettings)) - 1
    # An option that may be repeated has no list where it is left out.
    assert {name: on_line[name] for name in shared} == {
        name: None if of_function[name] == () else of_function[name] for name in shared
    }


@pytest.mark.parametrize("command", ["run", "remove", "upscale", "superimpose", "video"])
def test_the_helps_are_short_phrases(command: str) -> None:
    parameters = typer.main.get_command(cli.app).commands[command].params  # type: ignore[attr-defined]
    for parameter in parameters:
        said = getattr(parameter, "help", None)
        assert not said or (said[0].isupper() and said.endswith((".", "…")) and not said.startswith("Of "))


def test_settings_are_read_as_texts_are_typed() -> None:
    settings = RunSettings(model="none", sr=" None ", background="none", shadow="soft:blur=3")
    assert (settings.model, settings.sr, settings.background) == (None, None, None)
    assert settings.shadow == Shadow(blur=3)
    assert RunSettings(shadow="none").shadow is None
    assert VideoSettings(fps=25).fps == VideoSettings(fps="25").fps == 25  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("wrong", "kind", "said"),
    [
        ({"outscale": 3, "sr": None}, InputError, "an enlargement needs a super-resolution model"),
        ({"engine": "ray", "jobs": 2}, InputError, "--jobs is for --engine local"),
        ({"address": "auto"}, InputError, "--address and --actor-cpus are for --engine ray"),
        ({"actor_cpus": 2}, InputError, "--address and --actor-cpus are for --engine ray"),
        ({"shadow": "hard"}, ImageError, "is no shadow"),
        ({"quality": 101}, InputError, "--quality 101 makes no sense"),
        ({"fit": "squeeze"}, InputError, "--fit squeeze is unknown"),
    ],
)
def test_what_does_not_go_together_is_refused(wrong: dict[str, Any], kind: type[Exception], said: str) -> None:
    with pytest.raises(kind, match=said):
        RunSettings(**wrong)


def test_backgrounds_of_every_kind_are_told_apart_by_what_they_show(photo: Path, tmp_path: Path) -> None:
    image = mattekit.read_image(photo)
    shutil.copy(photo, tmp_path / "white")
    kinds = [PipelineSettings(background=each) for each in (image, np.asarray(image.rgb), photo.read_bytes())]
    with photo.open("rb") as stream:
        kinds.append(PipelineSettings(background=stream))
    assert all(isinstance(each.background, Image) for each in kinds)
    assert len({each.fingerprint for each in kinds}) == 1
    other = PipelineSettings(background=255 - image.rgb)
    assert len({each.fingerprint for each in (kinds[0], other, PipelineSettings(background=Blur(3)))}) == 3
    # A path is a file whatever it is called; a text may be a colour.
    assert isinstance(load_background(tmp_path / "white"), Image)
    assert load_background("white") == load_background(Colour(255, 255, 255)) == Colour(255, 255, 255)
    assert pickle.loads(pickle.dumps(kinds[3])).fingerprint == kinds[3].fingerprint


def test_a_model_may_be_one_that_is_open_or_a_reference(light_ir: Path, photo: Path) -> None:
    from mattekit.models import ModelRef

    by_path = mattekit.open_pipeline(model=light_ir, sr=None)(mattekit.read_image(photo))
    assert by_path.alpha is not None
    for model in (mattekit.open_model(light_ir), ModelRef.parse(light_ir), str(light_ir)):
        assert PipelineSettings(model=model).described()["model"]
        again = mattekit.open_pipeline(model=model, sr=None)(mattekit.read_image(photo))
        assert again.alpha is not None
        assert np.array_equal(again.alpha, by_path.alpha)
    with pytest.raises(mattekit.MattekitError, match="super_resolution model is needed"):
        mattekit.open_pipeline(model=None, sr=mattekit.open_model(light_ir))


def test_a_pipeline_is_sent_to_a_process_that_is_spawned(
    light_ir: Path, super_resolution_ir: Path, photo: Path
) -> None:
    pipeline = mattekit.open_pipeline(
        model=light_ir, sr=super_resolution_ir, background="#336699", shadow="soft", tile=64, refine="guided"
    )
    pixels = mattekit.read_image(photo).rgb[:40, :60]
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        (there,) = pool.map(pipeline, [pixels])
    assert np.array_equal(there, pipeline(pixels))


def test_what_cannot_be_opened_again_says_so(light_ir: Path) -> None:
    from dataclasses import replace

    with pytest.raises(TypeError, match="cannot be sent to another process"):
        pickle.dumps(replace(mattekit.open_model(light_ir), reopen=None))


def test_a_run_tells_what_became_of_each_image(photo: Path, light_ir: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    shutil.copy(photo, tmp_path / "in" / "good.jpg")
    (tmp_path / "in" / "bad.jpg").write_bytes(b"no image")
    told: list[tuple[str, int, int | None]] = []
    result = mattekit.run_images(
        tmp_path / "in",
        tmp_path / "out",
        model=light_ir,
        sr=None,
        progress=lambda what, done, whole: told.append((what, done, whole)),
    )
    assert (result.done, result.failed, result.skipped, result.exit_code) == (1, 1, 0, 5)
    assert [outcome.source.name for outcome in result.outcomes] == ["bad.jpg", "good.jpg"]
    assert result.errors == (str(result.outcomes[0].error),)
    assert told == [("images", 0, 2), ("bad.jpg", 1, 2), ("good.jpg", 2, 2)]
    assert isinstance(result.record, RunRecord)
    assert (result.record.settings["sr"], result.record.settings["format"]) == (None, "png")
    frame = result.to_frame()
    assert set(frame["metric"]) >= {"images", "failed", "throughput", "latency"}
    assert "throughput" in str(getattr(result, "_repr_html_")())  # noqa: B009
    lenient = mattekit.run_images([tmp_path / "in"], str(tmp_path / "out"), model=light_ir, sr=None, max_failures=1)
    assert lenient.exit_code == 0


def test_a_video_is_run_in_one_call(light_ir: Path, tmp_path: Path) -> None:
    pytest.importorskip("av", reason="video needs the extra `video`")
    from clips import make_clip

    told: list[tuple[str, int, int | None]] = []
    result = mattekit.run_video(
        make_clip(tmp_path / "clip.mp4"),
        tmp_path / "out.mp4",
        model=light_ir,
        background="white",
        frames=3,
        progress=lambda what, done, whole: told.append((what, done, whole)),
    )
    assert (result.frames, result.broken, result.exit_code) == (3, 0, 0)
    assert [amounts[:2] for amounts in told] == [("frames", number) for number in (1, 2, 3)]
    assert (tmp_path / "out.mp4").is_file()
    assert isinstance(result.record, VideoRecord)
    assert (result.record.settings["frames"], result.record.settings["sr"]) == (3, None)
    assert "latency" in set(result.to_frame()["metric"])


def test_a_run_is_gone_on_with_that_did_not_say_it_would_be(tmp_path: Path) -> None:
    images, out = images_in(tmp_path / "in", 4), tmp_path / "out"
    first = mattekit.run_images(images, out, **NOTHING, background="green")
    assert (first.done, first.skipped) == (4, 0)
    lines = (out / MANIFEST_NAME).read_bytes().splitlines()
    assert [json.loads(line)["target"] for line in lines] == ["00.png", "01.png", "02.png", "03.png"]
    (out / "02.png").unlink()
    cv2.imwrite(str(out / "03.png"), np.zeros((3, 3, 3), np.uint8))
    again = mattekit.run_images(images, out, **NOTHING, background="green", resume=True)
    # What is gone, and what somebody has changed, is made again.
    assert [outcome.skipped for outcome in again.outcomes] == [True, True, False, False]


def test_results_of_other_settings_are_never_trusted(tmp_path: Path) -> None:
    images, out = images_in(tmp_path / "in", 2), tmp_path / "out"
    mattekit.run_images(images, out, **NOTHING, background="green")
    # A run that was killed before its first line left results that no line vouches for.
    mattekit.run_images(images / "00.png", out, **NOTHING, background="red")
    again = mattekit.run_images(images, out, **NOTHING, background="green", resume=True)
    assert [outcome.skipped for outcome in again.outcomes] == [False, True]
    others: tuple[dict[str, Any], ...] = ({"background": "red"}, {"background": "green", "only_mask": True})
    for settings in others:
        other = mattekit.run_images(images, out, **NOTHING, **settings, resume=True, max_failures=2)
        assert other.skipped == 0


def test_a_run_without_resume_trusts_nothing_and_removes_nothing(tmp_path: Path) -> None:
    images, out = images_in(tmp_path / "in", 2), tmp_path / "out"
    mattekit.run_images(images, out, **NOTHING, background="green")
    manifest = out / MANIFEST_NAME
    # A line that a killed process did not finish, which the next must not be written behind.
    manifest.write_bytes(manifest.read_bytes()[:-20])
    (images / "00.png").write_bytes(b"no image")
    again = mattekit.run_images(images, out, **NOTHING, background="green")
    assert (again.done, again.failed, again.skipped) == (1, 1, 0)
    assert (out / "00.png").is_file()
    assert [json.loads(line)["state"] for line in manifest.read_bytes().splitlines()] == ["failed", "done"]


def test_a_single_image_has_no_manifest(tmp_path: Path) -> None:
    images = images_in(tmp_path / "in", 1)
    mattekit.run_images(images, tmp_path / "out", **NOTHING, background="green")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["00.png"]


def test_quiet_commands_print_errors_alone(tmp_path: Path, light_ir: Path, call: Call) -> None:
    images = images_in(tmp_path / "in", 2)
    arguments = ("remove", images, "--model", light_ir, "-o", tmp_path / "out")
    ended = call(*arguments, "--quiet")
    assert (ended.code, ended.out, ended.err) == (0, "", "")
    (images / "bad.jpg").write_bytes(b"no image")
    ended = call(*arguments, "-q", "--record", tmp_path / "run.json")
    assert ended.code == 5
    assert ended.out == ""
    first = ended.err.splitlines()[0]
    assert first.startswith(f"mattekit: {images / 'bad.jpg'}")
    assert len(read_record(tmp_path / "run.json", RunRecord).inputs) == 2


def test_a_quiet_video_prints_nothing(tmp_path: Path, call: Call) -> None:
    pytest.importorskip("av", reason="video needs the extra `video`")
    from clips import make_clip

    clip = make_clip(tmp_path / "clip.mp4")
    ended = call("video", clip, "-o", tmp_path / "out.mp4", "--model", "none", "-q")
    assert (ended.code, ended.out, ended.err) == (0, "", "")


def test_options_of_the_other_engine_are_told_on_the_command_line(tmp_path: Path, call: Call) -> None:
    images = images_in(tmp_path / "in", 1)
    ended = call("run", images, "-o", tmp_path / "out", "--address", "auto")
    assert ended.code == 1
    assert ended.sentence().startswith("--address and --actor-cpus are for --engine ray")


INTERRUPTED = """
import sys, time
from pathlib import Path
from mattekit import cli
from mattekit.infer import Pipeline
run = Pipeline.run
def slow(self, image, **rest):
    print("begun", flush=True)
    time.sleep(0.5)
    return run(self, image, **rest)
Pipeline.run = slow
sys.argv = ["mattekit", *sys.argv[1:]]
cli.main()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent as POSIX does")
def test_ctrl_c_ends_a_run_within_the_images_under_way_and_says_how_to_go_on(tmp_path: Path) -> None:
    images, out = images_in(tmp_path / "in", 12), tmp_path / "out"
    arguments = [*("superimpose", str(images), "--background", "green", "-o", str(out)), "--jobs", "2"]
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    begun = 0
    while begun < 5:
        begun += process.stdout.readline() == "begun\n"
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    output, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "images are done; go on with the same command and --resume" in said
    assert "Traceback" not in said
    # Nothing is begun after the signal: two are under way at a time, one of which may just have been handed on.
    assert begun + output.count("begun") <= 7
    done = len(list(out.glob("*.png")))
    again = run_with([images], out, RunSettings(**NOTHING, background="green", resume=True))
    assert again.skipped == done
    assert again.done == 12 - done


def test_a_lean_import_is_no_part_of_the_api(light_ir: Path) -> None:
    # Only the command line leaves a part of OpenVINO out of its process.
    code = f"""
import mattekit, sys
mattekit.open_pipeline(model={str(light_ir)!r}, sr=None)
import openvino
assert hasattr(openvino, "convert_model")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_superimpose_needs_to_be_told_on_what(photo: Path, tmp_path: Path, call: Call) -> None:
    ended = call("superimpose", photo, "-o", tmp_path / "out")
    assert ended.code == 2
    assert "--background" in ended.err
    assert not (tmp_path / "out").exists()
