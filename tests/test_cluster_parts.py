"""The parts of a run over many machines, without a cluster: an actor, its marks, the table."""

from __future__ import annotations

import os
import shutil
import threading
from datetime import UTC, datetime
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

pytest.importorskip("ray", reason="many machines need the extra `ray`")
pytest.importorskip("obstore", reason="buckets need the extra `ray`")

from mattekit.cluster.marks import MOST, Marks
from mattekit.cluster.ray_cluster import share_of
from mattekit.cluster.ray_job import Summary
from mattekit.cluster.table import TABLE_NAME, Known, ResultTable, known_rows, packed, schema, unpacked
from mattekit.cluster.work import ImageActor, Reference, Work, reference_schema, walk
from mattekit.core import ClusterRecord, InputError, VariantRef, read_record
from mattekit.infer import Colour, Location, Pipeline, RunSettings, find_sources, open_store, plan_batch, run_batch

GREEN = Pipeline(background=Colour(0, 200, 0))


def green(*_: object) -> Pipeline:
    return GREEN


def actor(run: str = "test", settings: str = "s") -> ImageActor:
    return ImageActor(Work(green, {}, RunSettings(), settings, run))


def done_by(actor_: ImageActor, references: list[Reference], known: list[Any] | None = None) -> list[dict[str, Any]]:
    earlier = known or [None] * len(references)
    rows = [{**vars(reference), "known": row} for reference, row in zip(references, earlier, strict=True)]
    (data,) = actor_({"references": np.array([packed(rows, reference_schema())], object)})["rows"]
    return unpacked(data, schema()).to_pylist()


def test_names_that_cannot_be_held_or_written_are_rows_and_end_nothing(photo: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name in (b"\xff.jpg", b"x" * 251 + b".jpg", b"good.jpg"):
        shutil.copy(os.fsencode(photo), os.path.join(os.fsencode(tmp_path / "in"), name))  # noqa: PTH118
    out = Location.parse(str(tmp_path / "out"))
    rows = done_by(actor(), list(walk(find_sources([str(tmp_path / "in")], out), out, ".tiff")))
    escaped, good, long = sorted(rows, key=lambda row: (len(row["input"]), "good" in row["input"]))
    assert good["error"] is None
    assert "\\xff.jpg: there is no such file" in escaped["error"]
    assert "it can't be written (File name too long)" in long["error"]


def test_a_result_elsewhere_is_not_the_one_that_is_asked_for(photo: Path, tmp_path: Path) -> None:
    found = open_store("").stat(str(photo))
    assert found is not None
    (row,) = done_by(actor(), [Reference(str(photo), found.tag, str(tmp_path / "a.png"))])
    (other,) = done_by(actor("later"), [Reference(str(photo), found.tag, str(tmp_path / "b.png"))], [row])
    assert other["run"] == "later"
    assert (tmp_path / "b.png").read_bytes() == (tmp_path / "a.png").read_bytes()


def test_an_actor_writes_what_the_local_engine_does(photo: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    shutil.copy(photo, tmp_path / "in" / "good.jpg")
    (tmp_path / "in" / "bad.jpg").write_bytes(b"no image")
    batch = plan_batch([tmp_path / "in"], tmp_path / "local", RunSettings())
    list(run_batch(batch, GREEN))
    references = [
        Reference(str(tmp_path / "in" / name), "", str(tmp_path / "ray" / f"{name}.png"))
        for name in ("bad.jpg", "good.jpg", "missing.jpg")
    ]
    bad, good, missing = done_by(actor(), references)
    assert (tmp_path / "ray" / "good.jpg.png").read_bytes() == (tmp_path / "local" / "good.png").read_bytes()
    assert good["error"] is None
    assert good["pixels"] == 160 * 120
    assert good["decode_s"] > 0
    assert bad["error"].startswith(f"{tmp_path / 'in' / 'bad.jpg'}: not an image")
    assert "missing.jpg" in missing["error"]
    assert bad["output"] is None
    assert len(bad["input_sha256"]) == 64


class Page(SimpleHTTPRequestHandler):
    """A web server of one folder that gives its files a tag."""

    def end_headers(self) -> None:
        self.send_header("ETag", '"1a2b"')
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class calls it so
        pass


def test_images_come_from_a_web_server(photo: Path, tmp_path: Path) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Page, directory=str(photo.parent))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        place = f"http://127.0.0.1:{server.server_port}/"
        local, remote, missing = done_by(
            actor(),
            [
                Reference(str(photo), "", str(tmp_path / "local.png")),
                Reference(f"{place}{photo.name}", "", str(tmp_path / "remote.png")),
                Reference(f"{place}missing.jpg", "", str(tmp_path / "missing.png")),
            ],
        )
        found = open_store(place.rstrip("/")).stat(photo.name)
        server.shutdown()
    assert remote["output_sha256"] == local["output_sha256"]
    # Without the quotes, which some answers of some stores leave out.
    assert remote["input_tag"] == "1a2b"
    assert found is not None
    assert found.tag == "1a2b"
    assert "no such object" in missing["error"]


def test_what_is_done_is_neither_processed_nor_written_again(photo: Path, tmp_path: Path) -> None:
    source, target = tmp_path / "photo.jpg", tmp_path / "out" / "photo.jpg.png"
    shutil.copy(photo, source)
    store = open_store("")

    def reference() -> Reference:
        found = store.stat(str(source))
        assert found is not None
        return Reference(str(source), found.tag, str(target))

    (row,) = done_by(actor(), [reference()])
    written = target.stat()
    # An attempt that died before it could tell: computed again, not written again.
    (again,) = done_by(actor("later"), [reference()])
    assert (again["run"], again["output_sha256"]) == ("later", row["output_sha256"])
    now = target.stat()
    assert (now.st_ino, now.st_mtime_ns, now.st_size) == (written.st_ino, written.st_mtime_ns, written.st_size)
    (skipped,) = done_by(actor("later"), [reference()], [row])
    assert skipped == row
    # The same content under another date is known by its hash.
    source.touch()
    (touched,) = done_by(actor("later"), [reference()], [row])
    assert (touched["run"], touched["input_tag"] == row["input_tag"]) == ("test", False)
    for change in (
        lambda: target.write_bytes(b"changed"),
        target.unlink,
        lambda: cv2.imwrite(str(source), np.zeros((5, 5, 3), np.uint8)),
    ):
        change()
        (redone,) = done_by(actor("later"), [reference()], [row])
        assert redone["run"] == "later"
        assert redone["error"] is None
        assert cv2.imread(str(target)) is not None
    (other,) = done_by(actor("later", "other settings"), [reference()], [redone])
    assert other["settings"] == "other settings"


def test_an_image_on_which_processes_die_is_given_up(photo: Path, tmp_path: Path) -> None:
    reference = Reference(str(photo), "", str(tmp_path / "out.png"))
    marks = Marks(tmp_path.name)
    for _ in range(MOST - 1):
        marks.begin(reference.input)
    (row,) = done_by(actor(tmp_path.name), [reference])
    assert row["error"] is None
    assert marks.count(reference.input) == 0
    for _ in range(MOST):
        marks.begin(reference.input)
    (row,) = done_by(actor(tmp_path.name), [reference])
    assert "died 3 times" in row["error"]
    assert marks.count(reference.input) == 0


def test_marks_lie_where_only_the_user_may_enter_and_leave_nothing(tmp_path: Path) -> None:
    marks = Marks("run", tmp_path)
    marks.begin("one")
    marks.begin("two")
    (folder,) = tmp_path.iterdir()
    assert folder.stat().st_mode & 0o077 == 0
    marks.end("one")
    assert marks.count("two") == 1
    marks.end("two")
    assert not any(tmp_path.iterdir())
    (tmp_path / "elsewhere").mkdir()
    folder.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(PermissionError, match="not this user's folder"):
        marks.begin("one")
    assert not any((tmp_path / "elsewhere").iterdir())


def row_of(name: str, run: str) -> dict[str, Any]:
    return {**dict.fromkeys(schema().names), "input": name, "run": run, "finished": datetime.now(UTC)}


def test_the_table_has_each_input_once(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    out = Location.parse(str(tmp_path))
    first = ResultTable(out, rows=2)
    for name in ("a", "b", "c"):
        first.add(unpacked(packed([row_of(name, "1")], schema()), schema()))
    first.flush()
    assert len(list((tmp_path / TABLE_NAME).iterdir())) == 2
    known = known_rows(out)
    found, numbers = known.find(["c", "x", "a"])
    assert [row and row["input"] for row in found] == ["c", None, "a"]
    assert len(numbers) == 2
    second = ResultTable(out)
    second.add(unpacked(packed([row_of("b", "2")], schema()), schema()))
    second.flush()
    # A process that dies here leaves two rows for b: the later one counts.
    assert sorted(row["input"] for row in known_rows(out).rows.to_pylist()) == ["a", "b", "c"]
    second.finish(known.rows.take([0, 2]))
    table = pandas.read_parquet(tmp_path / TABLE_NAME).sort_values("input")
    assert table[["input", "run"]].to_numpy().tolist() == [["a", "1"], ["b", "2"], ["c", "1"]]
    (tmp_path / TABLE_NAME / "other.parquet").write_bytes(b"damaged")
    with pytest.raises(InputError, match="without --resume"):
        known_rows(out)


def test_no_rows_know_nothing() -> None:
    assert Known(schema().empty_table()).find(["a"]) == ([None], [])


@pytest.mark.parametrize(
    ("done", "failed", "most", "code"), [(3, 0, 0, 0), (3, 1, 0, 5), (3, 1, 1, 0), (3, 2, 1, 5), (0, 2, 0, 1)]
)
def test_the_exit_code_follows_the_failures_that_may_be(done: int, failed: int, most: int, code: int) -> None:
    assert Summary("", done=done, failed=failed).exit_code(most) == code


@pytest.mark.parametrize(("device", "others"), [("CPU", {}), ("GPU.1", {"GPU": 1}), ("NPU", {"NPU": 1})])
def test_an_actor_takes_its_device(device: str, others: dict[str, float]) -> None:
    assert dict(share_of(device, 2).others) == others


def test_a_run_on_many_machines_has_a_record_of_its_own(tmp_path: Path) -> None:
    variant = VariantRef(id="mattelite", format="openvino", precision="fp16", weights_sha256="a" * 64)
    summary = Summary("s3://b/manifest.parquet", done=3, failed=1, errors=["x.png: broken"])
    summary.record(2.0, "auto", (variant,), {"format": "png"}).write(tmp_path / "r.json")
    record = read_record(tmp_path / "r.json", ClusterRecord)
    assert (record.table, record.address, record.errors) == ("s3://b/manifest.parquet", "auto", ("x.png: broken",))
    figures = {figure.metric: figure for figure in record.measurements}
    assert {name: figure.value for name, figure in figures.items()} == {
        "images": 3,
        "failed": 1,
        "skipped": 0,
        "throughput": 1.5,
    }
    assert figures["throughput"].unit == "images/s"
    assert all(figure.variants == (variant,) for figure in record.measurements)
