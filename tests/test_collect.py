"""Finding inputs and naming outputs."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st
from mattekit.core import ImageError
from mattekit.infer import collect_inputs
from named import output_names


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.JPG", "a.png", "notes.txt", ".hidden.png", "photo[1].jpg", "inner/c.webp", "inner/.cache/d.png"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return tmp_path


def names(paths: list[Path], folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in paths]


def test_a_folder_gives_its_images_sorted(folder: Path) -> None:
    assert names(collect_inputs([folder]), folder) == ["a.png", "b.JPG", "photo[1].jpg"]
    assert names(collect_inputs([str(folder)], recursive=True), folder) == [
        "a.png",
        "b.JPG",
        "inner/c.webp",
        "photo[1].jpg",
    ]


def test_a_file_is_taken_whatever_its_name(folder: Path) -> None:
    assert names(collect_inputs([folder / "notes.txt", folder / "photo[1].jpg"]), folder) == [
        "notes.txt",
        "photo[1].jpg",
    ]


def test_patterns(folder: Path) -> None:
    assert names(collect_inputs([f"{folder}/*.[pj]*"]), folder) == ["a.png", "photo[1].jpg"]
    assert names(collect_inputs([f"{folder}/**/*"]), folder) == ["a.png", "b.JPG", "inner/c.webp", "photo[1].jpg"]
    with pytest.raises(ImageError, match="no image matches"):
        collect_inputs([f"{folder}/*.txt"])


def test_the_order_is_the_arguments_and_nothing_comes_twice(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    found = collect_inputs(["b.JPG", folder, "inner/../a.png", "./b.JPG"])
    assert [path.name for path in found] == ["b.JPG", "a.png", "photo[1].jpg"]
    assert found[0] == Path("b.JPG")


def test_nothing_found_is_said(folder: Path) -> None:
    with pytest.raises(ImageError, match="no inputs"):
        collect_inputs([])
    with pytest.raises(ImageError, match="no such file or folder"):
        collect_inputs([folder / "missing.png"])
    with pytest.raises(ImageError, match=r"can't be looked at|no such file"):
        collect_inputs(["x" * 5000])
    (folder / "empty").mkdir()
    with pytest.raises(ImageError, match="not searched"):
        collect_inputs([folder / "empty"])
    with pytest.raises(ImageError, match="no images in this folder"):
        collect_inputs([folder / "empty"], recursive=True)


def test_outputs_are_named_after_inputs() -> None:
    out = Path("out")
    assert output_names([Path("x/a.jpg"), Path("b.png")], out) == [out / "a.png", out / "b.png"]
    assert output_names([Path("a.tar.jpg")], out, "-mask", ".webp") == [out / "a.tar-mask.webp"]
    assert output_names([Path("a.jpg"), Path("a.png"), Path("b.png")], out) == [
        out / "a-jpg.png",
        out / "a-png.png",
        out / "b.png",
    ]
    assert output_names([Path("x/a.jpg"), Path("y/a.jpg"), Path("z/A.jpg")], out) == [
        out / "a.png",
        out / "a-2.png",
        out / "A-3.png",
    ]
    # A numbered name never takes the one that another input bears.
    assert output_names([Path("x/a.jpg"), Path("y/a.jpg"), Path("a-2.jpg")], out) == [
        out / "a.png",
        out / "a-3.png",
        out / "a-2.png",
    ]
    assert output_names([], out) == []


def test_an_input_is_never_overwritten(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="overwrite"):
        output_names([tmp_path / "a.png"], tmp_path)
    assert output_names([tmp_path / "a.png"], tmp_path, "-cut") == [tmp_path / "a-cut.png"]
    assert output_names([tmp_path / "a.jpg"], tmp_path) == [tmp_path / "a.png"]


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["x", "y", "z"]),
            st.sampled_from(["a", "A", "a-2", "a-jpg", "a-png", "b", "a-jpg-2"]),
            st.sampled_from([".jpg", ".png", ".JPG", ""]),
        ),
        unique=True,
        max_size=25,
    )
)
def test_no_two_outputs_share_a_name(parts: list[tuple[str, str, str]]) -> None:
    inputs = [Path(folder) / f"{stem}{suffix}" for folder, stem, suffix in parts]
    outputs = output_names(inputs, Path("out"))
    assert len({str(path).casefold() for path in outputs}) == len(inputs)
    assert outputs == output_names(inputs, Path("out"))
    for source, target in zip(inputs, outputs, strict=True):
        assert target.stem.startswith(source.stem)
