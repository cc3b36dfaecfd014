"""File names that are no UTF-8, names that the terminal's encoding lacks, and readers of output that go away."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from mattekit.cli import app
from mattekit.core import Record, RunRecord, VariantRef, VideoRecord, json_bytes, read_record, sha256_of
from mattekit.core.text import written_out
from mattekit.infer.resume import Manifest
from PIL import Image as PilImage
from records import run_record
from typer.testing import CliRunner

NAME = os.fsdecode(b"f\xfcr \xe4lter.jpg")
"""As an old archive unpacks it: Latin-1, which is no UTF-8."""
SHOWN = r"f\udcfcr \udce4lter"


@pytest.fixture
def named(tmp_path: Path, photo: Path) -> Callable[[str, str], Path]:
    """Put a photo under this name into a folder of this name."""

    def put(folder: str, name: str) -> Path:
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        try:
            return Path(shutil.copy(photo, tmp_path / folder / name))
        except OSError:
            pytest.skip("this file system takes no such names")

    return put


def run(*arguments: str | Path, code: int = 0) -> str:
    done = CliRunner().invoke(app, [str(word) for word in arguments])
    assert done.exit_code == code, (done.output, done.exception)
    return done.output


@pytest.mark.slow
@pytest.mark.parametrize("command", ["run", "remove", "upscale", "superimpose"])
def test_an_image_is_processed_recorded_and_recognized_again(
    command: str,
    named: Callable[[str, str], Path],
    light_ir: Path,
    super_resolution_ir: Path,
    tmp_path: Path,
) -> None:
    source, other = named("in", NAME), named("in", "plain.jpg")
    before = {"remove": ["--model", light_ir], "run": ["--model", light_ir]}.get(command, [])
    before += ["--sr", super_resolution_ir] if command == "upscale" else []
    before += ["--background", "red"] if command == "superimpose" else []
    arguments = [command, source, other, *before, "-o", tmp_path / "out", "--resume"]
    run(*arguments, "--record", tmp_path / "first.json")
    first, second = read_record(tmp_path / "first.json", RunRecord), tmp_path / "second.json"
    assert any(name.endswith(f"{SHOWN}.jpg") for name in first.inputs)
    assert (tmp_path / "out" / NAME).with_suffix(".png").is_file()
    assert "2 were done already" in run(*arguments, "--record", second) or _value(read_record(second), "skipped") == 2
    run("report", tmp_path / "first.json", *_outputs(tmp_path))
    for path in _outputs(tmp_path)[1::2]:
        assert Path(path).stat().st_size


def _outputs(folder: Path) -> list[str]:
    return [word for kind in ("html", "md", "csv", "json") for word in ("-o", str(folder / f"report.{kind}"))]


def _value(record: Record, name: str) -> float | None:
    return record.of_metric(name)[0].value


@pytest.mark.slow
def test_a_data_set_is_checked_shown_and_validated(
    named: Callable[[str, str], Path], light_ir: Path, tmp_path: Path
) -> None:
    for name in (NAME, "plain.jpg"):
        mask = named("set/masks", name)
        named("set/images", name)
        PilImage.open(mask).convert("L").save(mask.with_suffix(".png"))
        mask.unlink()
    run("datasets", "check", tmp_path / "set")
    run("datasets", "show", tmp_path / "set", "-o", tmp_path / "sheet.png")
    run("validate", light_ir, "--data", tmp_path / "set", "-o", tmp_path / "validated", "--worst", "2")
    (record,) = (tmp_path / "validated").glob("*.json")
    assert SHOWN in record.read_text("utf-8").replace("\\\\", "\\")
    (table,) = (tmp_path / "validated").glob("*.csv")
    assert SHOWN in table.read_text("utf-8")
    run("report", record, *_outputs(tmp_path))
    assert SHOWN.split(" ", maxsplit=1)[0] in (tmp_path / "report.html").read_text("utf-8")


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_names_that_the_terminal_cannot_show_end_no_run(
    encoding: str, named: Callable[[str, str], Path], tmp_path: Path
) -> None:
    names = ["日本.jpg", "größe.jpg", NAME]
    sources = [named("in", name) for name in names]
    (tmp_path / "in" / "шум.jpg").write_bytes(b"no image")
    done = _mattekit(encoding, "superimpose", *sources, tmp_path / "in" / "шум.jpg", "--background", "red", "-o", "out")
    assert done.returncode == 5, done.stderr
    assert b"Traceback" not in done.stderr
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(
        ["manifest.jsonl", *(str(Path(name).with_suffix(".png")) for name in names)]
    )
    assert len(done.stdout.splitlines()) == 3
    if encoding == "ascii":
        assert rb"\u65e5\u672c.png" in done.stdout


def _mattekit(encoding: str, *arguments: str | Path) -> subprocess.CompletedProcess[bytes]:
    folder = next(Path(word).parents[1] for word in arguments if isinstance(word, Path))
    return subprocess.run(
        [sys.executable, "-P", "-m", "mattekit", *arguments],
        capture_output=True,
        cwd=folder,
        env={**os.environ, "PYTHONIOENCODING": encoding},
        timeout=120,
        check=False,
    )


def test_a_reader_that_goes_away_gets_no_traceback() -> None:
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "mattekit", "models", "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    said = process.stderr.read()
    process.stderr.close()
    process.wait(timeout=60)
    assert b"Traceback" not in said
    assert b"Exception ignored" not in said


def test_a_manifest_recognizes_a_name_that_is_no_utf8_and_keeps_others_apart(tmp_path: Path) -> None:
    escaped = tmp_path / f"{SHOWN}.png"
    target = tmp_path / os.fsdecode(b"f\xfcr \xe4lter.png")
    try:
        target.write_bytes(b"one")
    except OSError:
        pytest.skip("this file system takes no such names")
    manifest = Manifest(tmp_path, "settings", [target], resume=True)
    manifest.add_done(Path(NAME), target, "input", sha256_of(target))
    manifest.close()
    again = Manifest(tmp_path, "settings", [target], resume=True)
    assert again.is_done(target, "input")
    escaped.write_bytes(b"one")
    assert not again.is_done(escaped, "input")


def test_records_hold_names_with_their_bytes_written_out(tmp_path: Path) -> None:
    made = run_record(
        {"decode": [1]}, inputs=(NAME,), settings={NAME: [NAME, 1]}, of=VariantRef(id=NAME, sha256={NAME: "a" * 64})
    )
    made.write(tmp_path / "record.json")
    read = read_record(tmp_path / "record.json", RunRecord)
    assert read == made
    assert read.settings == {f"{SHOWN}.jpg": [f"{SHOWN}.jpg", 1]}
    assert read.inputs == (f"{SHOWN}.jpg",)
    assert read.measurements[0].model == f"{SHOWN}.jpg"
    assert read.variants[0].sha256 == {f"{SHOWN}.jpg": "a" * 64}


def test_text_of_any_language_is_left_as_it_is() -> None:
    assert written_out({"größe": ["日本", 1.5, None]}) == {"größe": ["日本", 1.5, None]}
    for name in (NAME, "größe 日本 \\udcfc", "\n\\"):
        assert json.loads(json_bytes({name: name})) == {name: name}


@pytest.mark.slow
def test_a_benchmark_and_a_video_take_such_names(
    named: Callable[[str, str], Path], light_ir: Path, tmp_path: Path
) -> None:
    named("in", NAME)
    model = shutil.copytree(light_ir, tmp_path / os.fsdecode(b"m\xf6del"))
    measured = tmp_path / os.fsdecode(b"b\xf6nch.json")
    few = ["--seconds", "0.05", "--rounds", "1", "--warm-up", "0"]
    run("bench", "run", model, "--end-to-end", tmp_path / "in", *few, "-o", measured)
    film = tmp_path / os.fsdecode(b"f\xeflm.mp4")
    _draw(tmp_path / "film.mp4")
    (tmp_path / "film.mp4").rename(film)
    out, record = tmp_path / os.fsdecode(b"\xf6ut.mp4"), tmp_path / os.fsdecode(b"r\xf6cord.json")
    run("video", film, "--model", model, "--background", "red", "-o", out, "--record", record)
    assert out.is_file()
    assert read_record(record, VideoRecord).output.endswith(r"\udcf6ut.mp4")
    run("report", measured, record, *_outputs(tmp_path))
    assert r"b\udcf6nch.json" in (tmp_path / "report.csv").read_text("utf-8")


def _draw(path: Path) -> None:
    """Write a film of three frames."""
    with av.open(str(path), "w") as film:
        stream = film.add_stream("mpeg4", rate=5)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        for grey in (0, 90, 180):
            frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), grey, np.uint8), format="rgb24")
            film.mux(stream.encode(frame))
        film.mux(stream.encode())
