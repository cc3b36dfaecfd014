from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from mattekit.core import InputError, atomic_directory, atomic_path, digest_of, locked, sha256_of
from mattekit.core.folders import LIST_NAME


def test_digests_are_those_of_the_standards(tmp_path: Path) -> None:
    path = tmp_path / "abc"
    path.write_bytes(b"abc")
    assert sha256_of(path) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert digest_of(path, "md5") == "900150983cd24fb0d6963f7d28e17f72"


def test_a_file_appears_whole_with_the_writers_suffix(tmp_path: Path) -> None:
    target = tmp_path / "new" / "model.xml"
    with atomic_path(target) as temporary:
        assert temporary.suffix == ".xml"
        assert temporary.parent == target.parent
        temporary.write_text("whole")
        assert not target.exists()
    assert target.read_text() == "whole"
    assert list(target.parent.iterdir()) == [target]


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "a.bin"
    target.write_bytes(b"old")

    def interrupted() -> None:
        with atomic_path(target) as temporary:
            temporary.write_bytes(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_folder_is_replaced_as_a_whole(tmp_path: Path) -> None:
    target = tmp_path / "out"
    with atomic_directory(target) as temporary:
        (temporary / "stale").write_text("stale")
    with atomic_directory(target) as temporary:
        (temporary / "deep").mkdir()
        (temporary / "deep" / "new").write_text("new")
        assert (target / "stale").exists()
    assert sorted(path.relative_to(target).as_posix() for path in target.rglob("*")) == [LIST_NAME, "deep", "deep/new"]
    assert list(tmp_path.iterdir()) == [target]


def test_a_failed_folder_leaves_the_old_one(tmp_path: Path) -> None:
    target = tmp_path / "out"
    with atomic_directory(target) as temporary:
        (temporary / "kept").write_text("kept")

    def failing() -> None:
        with atomic_directory(target) as temporary:
            (temporary / "new").write_text("new")
            raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        failing()
    assert sorted(path.name for path in target.iterdir()) == [LIST_NAME, "kept"]
    assert list(tmp_path.iterdir()) == [target]


def test_a_failed_folder_takes_those_that_were_made_for_it_along(tmp_path: Path) -> None:
    here = tmp_path / "here"
    here.mkdir()

    def write(text: str) -> None:
        with atomic_directory(here / "a" / "b" / "model") as temporary:
            (temporary / "new").write_text(text)
            if text == "stop":
                raise ValueError(text)

    with pytest.raises(ValueError, match="stop"):
        write("stop")
    assert list(tmp_path.rglob("*")) == [here]
    write("whole")
    assert (here / "a" / "b" / "model" / "new").read_text() == "whole"


def test_files_and_folders_are_not_confused(tmp_path: Path) -> None:
    file, folder = tmp_path / "file", tmp_path / "folder"
    file.write_text("x")
    folder.mkdir()
    with pytest.raises(InputError, match="is a folder"), atomic_path(folder):
        pass
    with pytest.raises(InputError, match="is a file"), atomic_directory(file):
        pass
    assert file.read_text() == "x"


def test_one_holder_of_a_lock_at_a_time(tmp_path: Path) -> None:
    inside: list[int] = []
    most: list[int] = []

    def work() -> None:
        with locked(tmp_path / "lock"):
            inside.append(1)
            most.append(len(inside))
            time.sleep(0.02)
            inside.pop()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1, 1, 1, 1]
