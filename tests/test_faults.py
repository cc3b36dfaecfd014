"""A full disk, a read-only place, a lost input, a signal. Nothing stays half-written."""

from __future__ import annotations

import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from mattekit.core import InputError, atomic_directory, atomic_path, read_record, sha256_of
from mattekit.core.folders import LIST_NAME
from mattekit.infer import Pipeline, run_batch

PROGRAM = (sys.executable, "-m", "mattekit")
ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a file system or become another user")


def sentence(said: str) -> str:
    """Return the one line of an error."""
    assert "Traceback" not in said
    line = said.strip().splitlines()[-1]
    assert line.startswith("mattekit: "), said
    return line.removeprefix("mattekit: ")


def files(folder: Path) -> list[str]:
    """Return the names of all files below a folder, hidden ones too, locks aside."""
    found = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return [name for name in found if not name.endswith("lock")]


def ended(*arguments: str | Path, bytes_allowed: int | None = None) -> tuple[int, str]:
    """Run the program, whose files may have so many bytes, and return its exit code and what it said on stderr."""

    def limit() -> None:
        if bytes_allowed is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_allowed, bytes_allowed))

    command = [*PROGRAM, *map(str, arguments)]
    # A file of compiled code that may not grow would be cut off, and end every process that imports it later.
    quiet = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, preexec_fn=limit, env=quiet)
    return done.returncode, done.stderr


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB."""
    place = tmp_path / "disk"
    place.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", place], capture_output=True, check=False)
    if made.returncode:
        pytest.skip("no file system can be mounted here")
    yield place
    subprocess.run(["umount", place], check=True)


@ROOT_ONLY
def test_a_full_disk_is_told_and_nothing_stays(small_disk: Path) -> None:
    target = small_disk / "whole"
    with pytest.raises(OSError, match="No space left") as caught, atomic_path(target) as temporary:
        temporary.write_bytes(bytes(200_000))
    assert "the disk is full" in str(InputError.of_system(caught.value))
    assert str(target) in str(InputError.of_system(caught.value))
    with pytest.raises(OSError, match="No space left"), atomic_directory(small_disk / "folder") as folder:
        (folder / "large").write_bytes(bytes(200_000))
    assert not list(small_disk.iterdir())


@ROOT_ONLY
def test_a_read_only_place_is_told(small_disk: Path, photo: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    code, said = ended("superimpose", photo, "--background", "white", "-o", small_disk / "out")
    assert (code, sentence(said)) == (
        1,
        f"{small_disk / 'out'}: results cannot be written there; choose another folder",
    )
    code, said = ended("datasets", "make", "--count", "1", "--size", "32x32", "-o", small_disk / "set")
    assert code == 1
    assert "read-only" in sentence(said).lower()


def test_a_result_that_may_not_grow_is_told_and_nothing_stays(photo: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    code, said = ended("superimpose", photo, "--background", "white", "-o", out, bytes_allowed=2000)
    assert code == 1
    assert str(out / "photo.png") in sentence(said)
    assert files(out) == []
    # With room again, the same command succeeds.
    assert ended("superimpose", photo, "--background", "white", "-o", out)[0] == 0
    assert files(out) == ["photo.png"]


def test_a_closed_or_full_output_is_no_traceback() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([*PROGRAM, "models"], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert "disk is full" in sentence(done.stderr)


@ROOT_ONLY
def test_a_place_without_permission_is_told(tmp_path: Path) -> None:
    place = tmp_path / "closed"
    place.mkdir()
    place.chmod(0o755)
    # pytest's own folder is closed to others.
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_mode & 0o005 != 0o005 and folder.is_relative_to("/tmp/pytest-of-root"):
            folder.chmod(0o755)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        # Another user may import nothing here: all that is needed is loaded.
        os.setuid(65534)
        try:
            with atomic_path(place / "record.json") as temporary:
                temporary.write_bytes(b"{}")
        except OSError as error:
            os.write(writing, str(InputError.of_system(error)).encode())
        finally:
            os._exit(0)
    os.close(writing)
    os.waitpid(child, 0)
    with os.fdopen(reading) as told:
        said = told.read()
    assert str(place) in said
    assert "no permission" in said
    assert not list(place.iterdir())


def test_an_input_that_vanishes_is_told_and_the_others_are_done(photo: Path, tmp_path: Path) -> None:
    from mattekit.infer import RunSettings, plan_batch

    images, out = tmp_path / "images", tmp_path / "out"
    images.mkdir()
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        shutil.copy(photo, images / name)
    batch = plan_batch([images], out, RunSettings())
    (images / "b.jpg").unlink()
    outcomes = list(run_batch(batch, Pipeline(None, None, None)))
    assert [outcome.error is None for outcome in outcomes] == [True, False, True]
    assert "there is no such file" in str(outcomes[1].error)
    assert files(out) == ["a.png", "c.png"]


def test_what_a_killed_process_left_is_removed_by_the_next(tmp_path: Path) -> None:
    target = tmp_path / "fp32"
    code = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom mattekit.core.files import atomic_directory\n"
        f"with atomic_directory(Path({str(target)!r})) as folder:\n"
        "    (folder / 'model.bin').write_bytes(b'half')\n    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -signal.SIGKILL
    (left,) = tmp_path.iterdir()
    assert not target.exists()
    os.utime(left, (0, 0))
    with atomic_directory(target) as folder:
        (folder / "model.bin").write_bytes(b"whole")
    assert files(tmp_path) == [f"fp32/{LIST_NAME}", "fp32/model.bin"]


def test_a_folder_that_is_replaced_is_there_at_any_time(tmp_path: Path) -> None:
    if not sys.platform.startswith("linux"):
        pytest.skip("only Linux swaps two folders in one step")
    target, gone, stop = tmp_path / "fp32", 0, threading.Event()
    with atomic_directory(target) as folder:
        (folder / "model").write_text("0")

    def watch() -> None:
        nonlocal gone
        while not stop.is_set():
            gone += not target.is_dir()

    watcher = threading.Thread(target=watch)
    watcher.start()
    for number in range(60):
        with atomic_directory(target) as folder:
            (folder / "model").write_text(str(number))
    stop.set()
    watcher.join()
    assert gone == 0
    assert (target / "model").read_text() == "59"


def test_two_writers_of_one_folder_both_succeed(tmp_path: Path) -> None:
    target, failures = tmp_path / "fp32", list[Exception]()

    def write(name: str) -> None:
        try:
            for _ in range(15):
                with atomic_directory(target) as folder:
                    (folder / "one").write_text(name)
                    (folder / "two").write_text(name)
        except (OSError, InputError) as error:
            failures.append(error)

    writers = [threading.Thread(target=write, args=(name,)) for name in ("a", "b", "c")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert failures == []
    assert (target / "one").read_text() == (target / "two").read_text()
    assert files(tmp_path) == [f"fp32/{LIST_NAME}", "fp32/one", "fp32/two"]


def stopped(arguments: list[str], after: float, number: signal.Signals) -> tuple[int, str]:
    """Start the program, send a signal to it and what it started after so many seconds, and return how it ended."""
    process = subprocess.Popen(
        [*PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    deadline = time.monotonic() + after
    while time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.01)
    if process.poll() is None:
        os.killpg(process.pid, number)
    said, _ = process.communicate(timeout=300)
    return process.returncode, said


def intact(folder: Path, name: str) -> bool:
    """Say whether a model's files are the ones that the record beside them names."""
    hashes = {file: value for ref in read_record(folder / name).variants for file, value in ref.sha256.items()}
    return bool(hashes) and all(sha256_of(folder / file) == value for file, value in hashes.items())


def exported(out: Path) -> bool:
    """Say whether an export lies whole where it belongs; it is whole or not there."""
    folder = out / "srlite-x2" / "fp32"
    if folder.is_dir():
        assert intact(folder, "export.json"), files(folder)
    return folder.is_dir()


def quantized(out: Path) -> bool:
    """Say whether a quantized model lies whole where it belongs; it is whole or not there."""
    folder = out / "u2netp" / "int8"
    if folder.is_dir():
        assert {path.name for path in folder.glob("[!.]*")} == {"model.xml", "model.bin", "quantize.json"}
        assert intact(folder, "quantize.json"), files(folder)
    return folder.is_dir()


def imaged(out: Path) -> bool:
    """Say whether all results of a run are there; each is whole or not there."""
    from mattekit.images import read_image

    for path in out.glob("[!.]*.png"):
        read_image(path)
    return len(list(out.glob("[!.]*.png"))) == 6


RECIPE = 'name = "one"\nout = "out"\n[[model]]\nid = "srlite-x2"\n'


@pytest.mark.slow
@pytest.mark.parametrize("command", ["export", "run", "build", "quantize"])
def test_a_signal_at_any_point_leaves_nothing_half_written_and_the_next_run_succeeds(
    command: str, photo: Path, request: pytest.FixtureRequest, home: Path, tmp_path: Path
) -> None:
    del home
    out = tmp_path / "out"
    whole: Callable[[Path], bool] = exported
    if command == "export":
        arguments = ["export", "srlite-x2", "--route", "direct", "-o", str(out)]
    elif command == "build":
        (tmp_path / "recipe.toml").write_text(RECIPE)
        arguments = ["build", str(tmp_path / "recipe.toml")]
        out = out / "models"
    elif command == "run":
        for number in range(6):
            (tmp_path / "in").mkdir(exist_ok=True)
            shutil.copy(photo, tmp_path / "in" / f"{number}.jpg")
        model = request.getfixturevalue("segmentation_ir")
        arguments = ["remove", str(tmp_path / "in"), "--model", str(model), "--resume", "-o", str(out)]
        whole = imaged
    else:
        model = request.getfixturevalue("segmentation_ir")
        arguments = ["quantize", str(model), "--data", "synthetic:count=2,size=64x64", "-o", str(out)]
        whole = quantized
    rng = random.Random(f"{command} 0")
    for number in (signal.SIGINT, signal.SIGKILL):
        code, said = stopped(arguments, rng.uniform(0.1, 4), number)
        done = whole(out)
        if code == 0:
            assert done
        elif number == signal.SIGKILL:
            assert code == -signal.SIGKILL
        else:
            assert code == 130, said
            assert sentence(said).startswith("interrupted")
    code, said = stopped(arguments, 600, signal.SIGKILL)
    assert code == 0, said
    assert whole(out)


@pytest.mark.slow
def test_two_processes_export_the_same_at_once(home: Path, tmp_path: Path) -> None:
    del home
    command = [*PROGRAM, "export", "srlite-x2", "--route", "direct", "-o", str(tmp_path)]
    both = [subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    assert [process.communicate()[1] for process in both] == ["", ""]
    assert [process.returncode for process in both] == [0, 0]
    assert exported(tmp_path)
    assert not list(tmp_path.rglob("*.tmp*"))


@pytest.mark.slow
@pytest.mark.parametrize("route", ["onnx", "direct"])
def test_an_export_that_may_not_grow_leaves_nothing(route: str, home: Path, tmp_path: Path) -> None:
    del home
    # OpenVINO writes the larger of an IR's two files by itself.
    code, said = ended("export", "srlite-x2", "--route", route, "-o", tmp_path, bytes_allowed=250_000)
    assert code == 1
    sentence(said)
    assert files(tmp_path) == []


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="child processes are listed by Linux alone")
def test_a_build_that_is_asked_to_end_takes_its_stage_with_it(home: Path, tmp_path: Path) -> None:
    del home
    (tmp_path / "recipe.toml").write_text(RECIPE)
    command = [*PROGRAM, "build", str(tmp_path / "recipe.toml")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    stage = ""
    while not stage and process.poll() is None:
        stage = "".join(file.read_text() for file in Path(f"/proc/{process.pid}/task").glob("*/children")).strip()
        time.sleep(0.01)
    process.terminate()
    said, _ = process.communicate(timeout=300)
    assert process.returncode == 130, said
    assert sentence(said).startswith("interrupted")
    assert not Path(f"/proc/{stage}").exists()
