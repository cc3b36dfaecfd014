"""Nothing that is not ours is ever lost by a command's `-o`."""

from __future__ import annotations

import functools
import http.server
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import typer
from called import Call, Ended, commands_of
from mattekit import cli
from mattekit.core import InputError, add_to_list, atomic_directory, check_replaceable, remove_if_ours, sha256_of
from mattekit.core.folders import LIST_NAME, stranger_in
from mattekit.datasets import LAYOUTS

Arguments = list[str | Path]


class Given:
    """Small real inputs, each made when a command asks for it."""

    def __init__(self, request: pytest.FixtureRequest, folder: Path) -> None:
        self._request = request
        self.folder = folder

    def fixture(self, name: str) -> Path:
        """Return what a fixture made."""
        return self._request.getfixturevalue(name)

    @property
    def cut_out(self) -> Path:
        """An image with alpha."""
        image = np.full((24, 32, 4), 200, np.uint8)
        image[:12, :, 3] = 0
        return self._written("cut-out.png", image)

    @property
    def photo(self) -> Path:
        """A small photo."""
        photo = cv2.imread(str(self.fixture("photo")))
        assert photo is not None
        return self._written("small.png", cv2.resize(photo, (48, 40)))

    @property
    def bench_record(self) -> Path:
        """A record of a benchmark, as `bench compare` takes it."""
        from test_bench_compare import record

        path = self.folder / "bench.json"
        if not path.exists():
            record({"m": [100.0, 101.0, 99.0, 100.5, 100.2]}).write(path)
        return path

    @property
    def clip(self) -> Path:
        """A video of a few frames."""
        from clips import make_clip

        path = self.folder / "clip.mp4"
        return path if path.exists() else make_clip(path, times=[3600 * number for number in range(3)])

    @property
    def recipe(self) -> Path:
        """A recipe that exports and packages a model."""
        from tiny import write_onnx

        path, weights = self.folder / "recipe.toml", write_onnx(self.folder / "small.onnx").name
        model = f'[[model]]\nid = "rembg-u2netp"\nweights = "{weights}"\npackage = {{ format = "ovms" }}\n'
        path.write_text(f'name = "x"\n{model}')
        return path

    @property
    def discs(self) -> str:
        """Photos of red discs, and their masks."""
        rows, columns = np.mgrid[:48, :64]
        for number in range(4):
            disc = (rows - 24) ** 2 + (columns - 20 - 8 * number) ** 2 < 15**2
            colours = np.where(disc[..., None], (30, 30, 220), (150, 110, 30)).astype(np.uint8)
            for name, pixels in (("images", colours), ("masks", (disc * 255).astype(np.uint8))):
                (self.folder / name).mkdir(exist_ok=True)
                self._written(f"{name}/{number}.png", pixels)
        return f"images={self.folder / 'images'},masks={self.folder / 'masks'}"

    @property
    def contract(self) -> Path:
        """The contract of the small model, in a file."""
        from mattekit.convert import propose_contract

        path = self.folder / "own.toml"
        path.write_text(propose_contract(self.fixture("light_ir") / "model.xml").text, encoding="utf-8")
        return path

    def _written(self, name: str, pixels: np.ndarray) -> Path:
        path = self.folder / name
        assert cv2.imwrite(str(path), pixels)
        return path


SEGMENTATION, SR = "segmentation_ir", "super_resolution_ir"
DATA = "synthetic:count=2,size=64x48"

CASES: dict[str, Callable[[Given, Path], Arguments]] = {
    "run": lambda given, out: [
        *(given.photo, "--model", given.fixture(SEGMENTATION), "--sr", given.fixture(SR), "-o", out)
    ],
    "remove": lambda given, out: [given.photo, "--model", given.fixture(SEGMENTATION), "-o", out],
    "upscale": lambda given, out: [given.photo, "--sr", given.fixture(SR), "-o", out],
    "superimpose": lambda given, out: [given.cut_out, "--background", "white", "-o", out],
    "video": lambda given, out: [given.clip, "--model", "none", "--background", "none", "-o", out],
    "export": lambda given, out: [
        *("realesr-animevideov3", "--weights", given.fixture("super_resolution_weights")),
        *("--images", given.photo, "-o", out),
    ],
    "quantize": lambda given, out: [
        *(given.fixture(SR), "--data", f"hr={given.photo.parent}", "--limit", "1", "--patch", "16", "-o", out)
    ],
    "package": lambda given, out: [given.fixture("light_ir"), "-o", out],
    "build": lambda given, out: [given.recipe, "-o", out],
    "init": lambda given, out: [
        *("rembg-u2netp", "--weights", given.recipe.with_name("small.onnx"), "--data", DATA, "-o", out)
    ],
    "validate": lambda given, out: [given.fixture(SEGMENTATION), "--data", DATA, "--metrics", "iou", "-o", out],
    "contract init": lambda given, out: [given.fixture("light_ir") / "model.xml", "-o", out / "own.toml"],
    "contract attach": lambda given, out: [
        *(given.fixture("light_ir") / "model.xml", "--contract", given.contract, "-o", out / "model.xml")
    ],
    "contract infer": lambda given, out: [
        *(given.fixture("light_ir") / "model.xml", "--data", given.discs, "-o", out / "own.toml")
    ],
    "datasets make": lambda _, out: ["--count", "2", "--size", "64x48", "-o", out],
    "datasets fetch": lambda given, out: [given.fixture("published").name, "-o", out],
    "datasets show": lambda _, out: [DATA, "-o", out / "sheet.png"],
    "report": lambda given, out: [given.fixture(SEGMENTATION) / "export.json", "-o", out / "report.md"],
    "bench": lambda given, out: [
        *("run", given.fixture("light_ir"), "--iterations", "1", "--warm-up", "0", "--threads", "1"),
        *("-o", out / "bench.json"),
    ],
    "compare": lambda given, out: [
        *(given.fixture("light_ir") / "model.xml", "--data", given.discs, "--precision", "fp32"),
        *("--rounds", "1", "--seconds", "0.01", "-o", out / "table.csv"),
    ],
    "plan": lambda given, out: [
        *(given.fixture("light_ir") / "model.xml", "--data", "synthetic:count=18,size=64x48", "--precision", "fp32"),
        *("--arithmetic", "f32", "--rounds", "12", "--seconds", "0.01", "-o", out),
    ],
    "bench compare": lambda given, out: [given.bench_record, given.bench_record, "-o", out / "comparison.json"],
}
"""The arguments of each command that has `-o`, and where its results go: below or into the folder `out`."""

SLOW = {
    "bench",
    "bench compare",
    "build",
    "export",
    "init",
    "quantize",
    "package",
    "plan",
    "report",
    "run",
    "validate",
    "video",
}


def with_out() -> Iterator[str]:
    """Give the commands that have an option `-o` or `--out`."""
    for name, command in commands_of(typer.main.get_command(cli.app)):
        options = {each for parameter in command.params for each in parameter.opts}
        if options & {"-o", "--out"}:
            yield name.removeprefix("mattekit ")


def test_every_command_with_an_output_is_tried_here() -> None:
    found = {"bench" if name == "bench run" else name for name in with_out()}
    assert found == set(CASES)


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A published set that a server on this machine has; the path's name is the set's."""
    root = tmp_path / "server"
    root.mkdir()
    with zipfile.ZipFile(root / "set.zip", "w") as archive:
        archive.writestr("DIV2K_valid_HR/0801.png", cv2.imencode(".png", np.zeros((8, 8, 3), np.uint8))[1].tobytes())

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(root)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{server.server_address[1]}/set.zip"
    layout = replace(LAYOUTS["div2k_valid"], url=url, sha256=sha256_of(root / "set.zip"), count=1)
    monkeypatch.setitem(LAYOUTS, "div2k_valid", layout)
    yield root / "div2k_valid"
    server.shutdown()
    server.server_close()
    thread.join()


def plant(folders: list[Path]) -> dict[Path, bytes]:
    """Put somebody else's files into folders and into a new folder in each, under names that a command might take."""
    planted: dict[Path, bytes] = {}
    for folder in folders:
        for name in ("notes.txt", "mine/model.xml", "mine/0000-plain.png", "frame-999999.png", "mine.svg"):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"precious")
            planted[path] = b"precious"
    return planted


def folders_of(base: Path) -> list[Path]:
    return [base, *(path for path in sorted(base.rglob("*")) if path.is_dir())]


def check_kept(planted: dict[Path, bytes], ended: Ended) -> None:
    """Nothing is lost, and what could not be written is told with its folder."""
    assert {path: path.read_bytes() if path.is_file() else None for path in planted} == planted
    assert ended.code in {0, 1}, ended.said
    if ended.code == 1:
        assert any(f"{path.parent}" in ended.said for path in planted), ended.said
        assert "would be lost" in ended.said or "something in it" in ended.said or "choose another" in ended.said


@pytest.mark.parametrize(
    "command", [pytest.param(name, marks=pytest.mark.slow if name in SLOW else ()) for name in CASES]
)
def test_no_command_takes_away_what_it_did_not_write(
    command: str, request: pytest.FixtureRequest, tmp_path: Path, call: Call
) -> None:
    inputs = tmp_path / "inputs"
    inputs.mkdir()
    arguments = functools.partial(CASES[command], Given(request, inputs))

    def run(base: Path) -> Ended:
        base.mkdir(exist_ok=True)
        return call(*command.split(), *arguments(base / "out"))

    first = run(tmp_path / "first")
    assert first.code == 0, first.said

    # Into folders of the same names that are all somebody else's.
    second = tmp_path / "second"
    planted = plant([second / folder.relative_to(tmp_path / "first") for folder in folders_of(tmp_path / "first")])
    check_kept(planted, run(second))

    # Over our own results, with somebody else's files among them.
    results = {path: path.read_bytes() for path in sorted((tmp_path / "first").rglob("*")) if path.is_file()}
    planted = plant(folders_of(tmp_path / "first"))
    again = run(tmp_path / "first")
    check_kept(planted, again)
    if again.code:
        assert all(path.is_file() for path in results)


@pytest.mark.parametrize("command", ["datasets make", "superimpose", pytest.param("package", marks=pytest.mark.slow)])
def test_our_own_results_are_replaced(command: str, request: pytest.FixtureRequest, tmp_path: Path, call: Call) -> None:
    arguments = functools.partial(CASES[command], Given(request, tmp_path))
    for _ in range(2):
        ended = call(*command.split(), *arguments(tmp_path / "out"))
        assert ended.code == 0, ended.said


def test_a_smaller_set_leaves_nothing_of_the_larger_one(tmp_path: Path, call: Call) -> None:
    for count in (3, 2):
        assert call("datasets", "make", "--count", str(count), "--size", "64x48", "-o", tmp_path / "set").code == 0
        assert len(list((tmp_path / "set" / "images").iterdir())) == count


def test_a_users_own_images_and_masks_stay(tmp_path: Path, call: Call) -> None:
    own = tmp_path / "mydata"
    for part in ("images", "masks"):
        (own / part).mkdir(parents=True)
        (own / part / "cat.png").write_bytes(b"mine")
    ended = call("datasets", "make", "-o", own)
    assert ended.code == 1
    assert f"{own}: the folder holds images" in ended.said
    assert {path.read_bytes() for path in own.rglob("*.png")} == {b"mine"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mydata"]


@pytest.mark.parametrize("place", [".", "..", "/", "here", "../folder/.", "file/deep", "loop"])
def test_strange_places_are_told_in_a_sentence(
    place: str, tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "file").write_text("x")
    (folder / "here").symlink_to(folder)
    (folder / "loop").symlink_to(folder / "loop")
    monkeypatch.chdir(folder)
    ended = call("datasets", "make", "--count", "1", "--size", "64x48", "-o", place)
    assert ended.code == 1
    (line,) = ended.said.strip().splitlines()
    assert line.startswith(f"mattekit: {place.removesuffix('/.')}")
    assert sorted(path.name for path in folder.iterdir()) == ["file", "here", "loop"]


def write(target: Path, *names: str) -> None:
    """Let mattekit write files into a folder."""
    with atomic_directory(target) as folder:
        for name in names or ("a.txt", "deep/b.txt"):
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text("ours")


@pytest.mark.parametrize("name", ["mine.txt", "deep/mine.txt", "other/mine.txt", ".hidden", "empty/"])
def test_a_folder_with_one_strange_thing_is_not_replaced(name: str, tmp_path: Path) -> None:
    target = tmp_path / "out"
    write(target)
    path = target / name
    if name.endswith("/"):
        path.mkdir()
    else:
        path.parent.mkdir(exist_ok=True)
        path.write_text("mine")
    with pytest.raises(InputError, match=r"out: the folder holds .*, which is not known to be mattekit's own"):
        write(target)
    assert path.exists()
    assert (target / "a.txt").is_file()
    assert [each.name for each in tmp_path.iterdir()] == ["out"]


def test_a_link_in_our_folder_is_somebody_elses(tmp_path: Path) -> None:
    target = tmp_path / "out"
    write(target)
    (target / "a.txt").rename(tmp_path / "moved")
    (target / "a.txt").symlink_to(tmp_path / "moved")
    with pytest.raises(InputError, match=r"holds a\.txt"):
        write(target)


def test_a_file_of_ours_that_was_changed_is_not_lost(tmp_path: Path) -> None:
    target = tmp_path / "out"
    write(target)
    (target / "a.txt").write_text("edited")
    with pytest.raises(InputError, match=r"holds a\.txt, which was changed since"):
        write(target)
    assert (target / "a.txt").read_text() == "edited"
    # One that is gone is no loss.
    (target / "a.txt").unlink()
    write(target, "c.txt")
    assert sorted(path.name for path in target.iterdir()) == [LIST_NAME, "c.txt"]


@pytest.mark.parametrize("text", ["", "[]", "{", '{"files": 3}', '{"files": []}', "\xff"])
def test_a_list_that_cannot_be_read_makes_nothing_ours(text: str, tmp_path: Path) -> None:
    write(tmp_path / "out")
    (tmp_path / "out" / LIST_NAME).write_text(text, encoding="latin-1")
    with pytest.raises(InputError, match="would be lost"):
        write(tmp_path / "out")


def test_a_file_that_comes_while_we_write_is_not_lost(tmp_path: Path) -> None:
    target = tmp_path / "out"
    write(target)
    with pytest.raises(InputError, match=r"holds mine\.txt"), atomic_directory(target):
        (target / "mine.txt").write_text("mine")
    assert sorted(path.name for path in target.iterdir()) == [LIST_NAME, "a.txt", "deep", "mine.txt"]
    assert [each.name for each in tmp_path.iterdir()] == ["out"]


def test_where_folders_cannot_be_swapped_nothing_is_lost_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:

    def refused(one: Path, other: Path) -> bool:
        del one, other
        return False

    monkeypatch.setattr("mattekit.core.files._exchanged", refused)
    target = tmp_path / "out"
    write(target)
    write(target, "c.txt")
    with pytest.raises(InputError, match=r"holds mine\.txt"), atomic_directory(target):
        (target / "mine.txt").write_text("mine")
    assert sorted(path.name for path in target.iterdir()) == [LIST_NAME, "c.txt", "mine.txt"]
    assert [each.name for each in tmp_path.iterdir()] == ["out"]


def test_the_list_is_the_same_bytes_and_grows(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write(tmp_path / name)
    assert (tmp_path / "one" / LIST_NAME).read_bytes() == (tmp_path / "two" / LIST_NAME).read_bytes()
    later = tmp_path / "one" / "later.json"
    later.write_text("{}")
    assert stranger_in(tmp_path / "one") == "later.json, which is not known to be mattekit's own"
    add_to_list(later)
    check_replaceable(tmp_path / "one")


def test_only_our_own_folder_is_removed(tmp_path: Path) -> None:
    write(tmp_path / "ours")
    write(tmp_path / "mixed")
    (tmp_path / "mixed" / "mine").write_text("mine")
    (tmp_path / "empty").mkdir()
    for name in ("ours", "mixed", "empty", "missing"):
        remove_if_ours(tmp_path / name)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "mixed"]


def test_a_link_to_a_folder_stays_a_link(tmp_path: Path) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    real.mkdir()
    link.symlink_to(real)
    for _ in range(2):
        write(link)
        assert link.is_symlink()
        assert (real / "a.txt").is_file()
    (real / "mine").write_text("mine")
    with pytest.raises(InputError, match="holds mine"):
        write(link)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "real"]


def test_a_users_own_hidden_folder_is_not_taken_for_a_leftover(tmp_path: Path) -> None:
    import os

    own = tmp_path / ".out.backup.tmp"
    own.mkdir()
    os.utime(own, (0, 0))
    write(tmp_path / "out")
    assert own.is_dir()


def test_what_a_search_left_goes_and_what_lies_beside_it_stays(tmp_path: Path) -> None:
    from mattekit.quantize.layer_search import open_state

    work = tmp_path / ".int8-search"
    open_state(work, "one").write(work)
    (work / "plain.xml").write_text("ours")
    (work / "notes.txt").write_text("mine")
    assert open_state(work, "two").tried == {}
    assert [path.name for path in work.iterdir()] == ["notes.txt"]


def test_a_place_that_is_mattekits_alone_is_replaced_whatever_lies_there(tmp_path: Path) -> None:
    write(tmp_path / "cached")
    (tmp_path / "cached" / "a.txt").write_text("damaged")
    (tmp_path / "cached" / "left.tmp").write_text("left")
    with atomic_directory(tmp_path / "cached", whatever=True) as folder:
        (folder / "a.txt").write_text("whole")
    assert sorted(path.name for path in (tmp_path / "cached").iterdir()) == [LIST_NAME, "a.txt"]
