"""Where the images of a run over many machines lie and what its results are called, without a cluster."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("ray", reason="many machines need the extra `ray`")
pytest.importorskip("obstore", reason="buckets need the extra `ray`")

from mattekit.cluster import cluster
from mattekit.cluster.work import batches, walk
from mattekit.core import ImageError, InputError
from mattekit.infer import Location, RunSettings, find_sources, open_store, plan_batch


def images_in(folder: Path, *names: str) -> None:
    rng = np.random.default_rng(len(names))
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        assert cv2.imwrite(str(folder / name), rng.integers(0, 256, (9, 7, 3)).astype(np.uint8))


@pytest.mark.parametrize(
    ("text", "root", "key"),
    [
        ("s3://bucket/a/b.jpg", "s3://bucket", "a/b.jpg"),
        ("s3://bucket/a/", "s3://bucket", "a"),
        ("gs://bucket", "gs://bucket", ""),
        ("az://container/a", "az://container", "a"),
        ("S3://bucket/50%25?#.jpg", "s3://bucket", "50%25?#.jpg"),
        ("https://host:8080/a/b.jpg", "https://host:8080", "a/b.jpg"),
        ("file:///tmp/a", "", "/tmp/a"),
        ("/tmp/a/../b/.", "", "/tmp/b"),
    ],
)
def test_locations_are_read(text: str, root: str, key: str) -> None:
    assert Location.parse(text) == Location(root, key)


@pytest.mark.parametrize("text", ["ftp://host/a", "s3:///a", "https://host/a?signature=1"])
def test_what_is_no_location_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"is known|names no|cannot be read"):
        Location.parse(text)


def test_results_are_called_after_their_inputs_alone(tmp_path: Path) -> None:
    images_in(tmp_path / "in", "b.jpg", "b.png", "a/b.jpg", "a/c/b.png", ".hidden.jpg")
    (tmp_path / "in" / "notes.txt").write_text("no image")
    out = Location.parse(str(tmp_path / "out"))
    sources = find_sources([str(tmp_path / "in")], out)
    references = list(walk(sources, out, ".png"))
    names = {Path(reference.output).relative_to(tmp_path / "out").as_posix() for reference in references}
    assert names == {"b-jpg.png", "b-png.png", "a/b.png", "a/c/b.png"}
    assert [len(some) for some in batches(references, 3)] == [3, 1]
    single = find_sources([str(tmp_path / "in" / "b.jpg"), str(tmp_path / "in" / "a")], out)
    names = {
        Path(reference.output).relative_to(tmp_path / "out").as_posix() for reference in walk(single, out, ".webp")
    }
    assert names == {"b.webp", "a/b.webp", "a/c/b.webp"}


def test_inputs_that_cannot_be_run_are_told_at_once(tmp_path: Path) -> None:
    images_in(tmp_path, "x/in/1.jpg", "y/in/1.jpg")
    out = Location.parse(str(tmp_path / "out"))
    with pytest.raises(InputError, match="two inputs are called 'in'"):
        find_sources([str(tmp_path / "x" / "in"), str(tmp_path / "y" / "in")], out)
    with pytest.raises(InputError, match="among the inputs"):
        find_sources([str(tmp_path / "x")], Location.parse(str(tmp_path / "x")))
    (tmp_path / "empty").mkdir()
    with pytest.raises(ImageError, match="no images in this folder"):
        find_sources([str(tmp_path / "empty")], out)
    with pytest.raises(InputError, match="no such file or folder"):
        find_sources([str(tmp_path / "missing")], out)
    with pytest.raises(ImageError, match="no image matches"):
        find_sources([str(tmp_path / "x" / "in" / "*.png")], out)
    with pytest.raises(InputError, match="is an input too"):
        find_sources([str(tmp_path / "x"), str(tmp_path / "x" / "in" / "1.jpg")], out)
    (tmp_path / "link").symlink_to(tmp_path / "x")
    with pytest.raises(InputError, match="among the inputs"):
        find_sources([str(tmp_path / "link")], Location.parse(str(tmp_path / "x")))
    with pytest.raises(InputError, match="is an input too"):
        find_sources([str(tmp_path / "link"), str(tmp_path / "x" / "in" / "1.jpg")], out)


def test_the_folder_of_the_results_is_no_input(tmp_path: Path) -> None:
    images_in(tmp_path, "x/1.jpg", "x/out/2.jpg", "x/outer/3.jpg", "x/out/in/4.jpg")
    (tmp_path / "link").symlink_to(tmp_path / "x")
    for place in ("x", "link"):
        for results in ("x", "link"):
            out = Location.parse(str(tmp_path / results / "out"))
            references = walk(find_sources([str(tmp_path / place)], out), out, ".png")
            assert {Path(reference.input).name for reference in references} == {"1.jpg", "3.jpg"}
    # What is named outright is an input wherever it lies, but never one that a result would take the place of.
    out = Location.parse(str(tmp_path / "x"))
    (reference,) = walk(find_sources([str(tmp_path / "x" / "out" / "in")], out), out, ".png")
    assert reference.output == str(tmp_path / "x" / "4.png")
    with pytest.raises(InputError, match="would overwrite an input"):
        list(walk(find_sources([str(tmp_path / "x" / "1.jpg")], out), out, ".jpg"))
    with pytest.raises(InputError, match="among the inputs"):
        list(walk(find_sources([str(tmp_path / "x" / name) for name in ("out", "outer")], out), out, ".png"))


@pytest.mark.parametrize(
    ("inputs", "results", "said"),
    [
        (["x/in", "y/in"], "out", "two inputs are called 'in'"),
        (["x", "x/in/1.jpg"], "out", "is an input too"),
        (["x"], "x", "would lie among the inputs"),
        (["x/in/*"], "x/in", "would lie among the inputs"),
        (["x", "y"], ".", "would lie among the inputs"),
        (["x/in/1.jpg"], "x/in", "would overwrite an input"),
        (["missing"], "out", "there is no such file or folder"),
        (["x/in/*.bmp"], "out", "no image matches"),
        (["nowhere/*.jpg"], "out", "there is no folder nowhere"),
        (["empty"], "out", "no images in this folder"),
        (["x/clip.mp4"], "out", "it is a video"),
        ([], "out", "no inputs were given"),
    ],
)
def test_both_engines_refuse_the_same_with_the_same_sentence(
    inputs: list[str], results: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images_in(tmp_path, "x/in/1.jpg", "y/in/1.jpg")
    (tmp_path / "empty").mkdir()
    (tmp_path / "x" / "clip.mp4").write_bytes(b"video")
    monkeypatch.chdir(tmp_path)
    written, out = RunSettings(format="jpg"), Location.parse(results)
    with pytest.raises(InputError, match=said) as here:
        plan_batch(inputs, Path(results), written)
    with pytest.raises(InputError) as there:
        list(walk(find_sources(inputs, out), out, written.ending))
    assert str(there.value) == str(here.value)


@pytest.mark.parametrize("pattern", ["*", "*/b.jpg", "**/b*.[bw]*", "*/**", ".h*", "**/.h*", "a/../*.png", "[]"])
def test_both_engines_take_what_a_pattern_matches(
    pattern: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images_in(tmp_path, "b.jpg", "a/b.jpg", "a/b.bmp", "a/c/b.webp", ".h/b.jpg", ".h.png", "c/[].png", "[].jpg/d.png")
    (tmp_path / "notes.txt").write_text("no image")
    (tmp_path / "c" / "loop").symlink_to(tmp_path)
    (tmp_path / "[]").mkdir()
    shutil.copy(tmp_path / "b.jpg", tmp_path / "[]" / "e.jpg")
    monkeypatch.chdir(tmp_path)
    expected = {
        "*": ["b.jpg"],
        "*/b.jpg": ["a/b.jpg"],
        "**/b*.[bw]*": ["a/b.bmp", "a/c/b.webp"],
        "*/**": ["[]/e.jpg", "[].jpg/d.png", "a/b.bmp", "a/b.jpg", "a/c/b.webp", "c/[].png"],
        ".h*": [".h.png"],
        "**/.h*": [".h.png"],
        "a/../*.png": [],
        "[]": ["[]/e.jpg"],
    }[pattern]
    out = Location.parse("out")
    if not expected:
        with pytest.raises(InputError, match="no image matches"):
            find_sources([pattern], out)
        return
    batch = plan_batch([pattern], Path("out"), RunSettings())
    assert [path.as_posix() for path in batch.inputs] == expected
    there = {reference.input: reference.output for reference in walk(find_sources([pattern], out), out, ".png")}
    pairs = zip(batch.inputs, batch.targets, strict=True)
    assert there == {str(tmp_path / source): str(tmp_path / target) for source, target in pairs}


def test_patterns_and_ways_around_stay_in_their_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images_in(tmp_path, "a/in/1.jpg", "a/in/2.jpg", "a/other/1.jpg")
    monkeypatch.chdir(tmp_path / "a" / "in")
    out = Location.parse("../../out")

    def results(*inputs: str) -> set[str]:
        return {
            Path(reference.output).relative_to(tmp_path).as_posix()
            for reference in walk(find_sources(inputs, out), out, ".png")
        }

    assert results("*.jpg") == {"out/1.png", "out/2.png"}
    assert results(".", "../../a/in", "./") == {"out/1.png", "out/2.png"}
    assert results("..") == {"out/in/1.png", "out/in/2.png", "out/other/1.png"}
    assert results("../in", "../other") == {"out/in/1.png", "out/in/2.png", "out/other/1.png"}


def test_where_nothing_listens_there_is_no_cluster() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(InputError, match="no Ray cluster is there"), cluster(address):
        pass


def test_the_listing_holds_no_names(tmp_path: Path) -> None:
    images_in(tmp_path / "in", *(f"{number}.jpg" for number in range(20)))
    out = Location.parse(str(tmp_path / "out"))
    waiting = walk(find_sources([str(tmp_path / "in")], out), out, ".png")
    next(waiting)
    # What is added while the folder is listed can still be found: nothing was gathered before the first was given.
    assert len(list(waiting)) == 19


def test_a_file_is_written_once(tmp_path: Path) -> None:
    store, key = open_store(""), str(tmp_path / "deep" / "a.bin")
    first = store.write(key, b"one", new=True)
    with pytest.raises(FileExistsError):
        store.write(key, b"two", new=True)
    assert store.read(key) == (b"one", first)
    assert store.write(key, b"two") != first
    store.remove(key)
    store.remove(key)
    assert store.stat(key) is None
    with pytest.raises(ImageError, match="no such file"):
        store.read(key)
