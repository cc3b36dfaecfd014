"""Runs on a real Ray cluster of several nodes on this machine, from and to a real S3-compatible server."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from called import Call

pytest.importorskip("ray", reason="many machines need the extra `ray`")
pytest.importorskip("moto", reason="an S3-compatible server needs moto")

from mattekit.cluster import RunResult, cluster, run_with
from mattekit.cluster.table import TABLE_NAME, known_rows
from mattekit.core import InputError, Progress
from mattekit.infer import Location, RunSettings, find_sources, name_results, plan_batch, run_batch
from mattekit.models import load_pipeline

pytestmark = pytest.mark.slow

COUNT = 48
STORE = 80 << 20


@pytest.fixture(scope="module")
def s3() -> Generator[Any]:
    """A client of an S3-compatible server with two buckets; what is written to them is kept in all its versions."""
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        patch.setenv("AWS_ALLOW_HTTP", "true")
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        patch.setenv("AWS_REGION", "us-east-1")
        client = boto3.client("s3", endpoint_url=f"http://{host}:{port}", region_name="us-east-1")
        for bucket in ("photos", "results"):
            client.create_bucket(Bucket=bucket)
            client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        yield client
    server.stop()


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("images")
    rng = np.random.default_rng(0)
    for number in range(COUNT):
        image = np.full((240, 320 + number, 3), 90, np.uint8)
        cv2.circle(image, (150, 120), 60 + number % 30, tuple(map(int, rng.integers(0, 256, 3))), thickness=-1)
        assert cv2.imwrite(str(folder / f"{number:02}.jpg"), image)
    (folder / "bad.jpg").write_bytes(b"no image")
    return folder


@pytest.fixture(scope="module")
def expected(images: Path, segmentation_ir: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The SHA-256 of each image's result by the local engine."""
    batch = plan_batch([images], tmp_path_factory.mktemp("local"), RunSettings())
    outcomes = list(run_batch(batch, load_pipeline(RunSettings(model=segmentation_ir, sr=None), many=True)))
    return {o.source.name: hashlib.sha256(o.target.read_bytes()).hexdigest() for o in outcomes if o.target}


@pytest.fixture(scope="module")
def machines(s3: Any) -> Generator[Any]:
    """A cluster of one node, or two, with one processor each, and nothing of it afterwards.

    Its nodes take from the environment where the server is, so that must be there before them.
    """
    del s3
    from ray.cluster_utils import Cluster

    folder = tempfile.mkdtemp(prefix="mk-")
    health = {"health_check_initial_delay_ms": 1000, "health_check_period_ms": 1000}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        head = {
            "num_cpus": 1,
            "object_store_memory": STORE,
            "include_dashboard": False,
            "temp_dir": folder,
            "_system_config": health,
        }
        # Ray's own helper notes the address there, and expects that a cluster has run on this machine before.
        Path(tempfile.gettempdir(), "ray").mkdir(exist_ok=True)
        machines = Cluster(initialize_head=True, head_node_args=head)
        try:
            yield machines
        finally:
            machines.shutdown()
            shutil.rmtree(folder, ignore_errors=True)


def second_node(machines: Any) -> Any:
    """Return the node beside the cluster's first; it is added where there is none."""
    if not machines.worker_nodes:
        machines.add_node(num_cpus=1, object_store_memory=STORE)
    (node,) = machines.worker_nodes
    return node


def upload(s3: Any, folder: Path, prefix: str) -> None:
    for path in folder.iterdir():
        s3.put_object(Bucket="photos", Key=f"{prefix}/{path.name}", Body=path.read_bytes())


def results(s3: Any, prefix: str) -> dict[str, list[str]]:
    """Return the SHA-256 of every version of every result, by its image's name."""
    found: dict[str, list[str]] = {}
    for version in s3.list_object_versions(Bucket="results", Prefix=f"{prefix}/")["Versions"]:
        name = version["Key"].removeprefix(f"{prefix}/")
        if not name.startswith(TABLE_NAME):
            body = s3.get_object(Bucket="results", Key=version["Key"], VersionId=version["VersionId"])["Body"].read()
            found.setdefault(name.replace(".png", ".jpg"), []).append(hashlib.sha256(body).hexdigest())
    return found


def check(s3: Any, prefix: str, expected: dict[str, str]) -> list[dict[str, Any]]:
    """Make sure that each input has one row, and each good one a result that was written once; return the rows."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    keys = [o["Key"] for o in s3.list_objects_v2(Bucket="results", Prefix=f"{prefix}/{TABLE_NAME}/")["Contents"]]
    parts = [s3.get_object(Bucket="results", Key=key)["Body"].read() for key in keys]
    rows: list[dict[str, Any]] = pa.concat_tables([pq.read_table(pa.BufferReader(part)) for part in parts]).to_pylist()
    names = [row["input"].rpartition("/")[2] for row in rows]
    assert sorted(names) == sorted([*expected, "bad.jpg"])
    assert {name: row["output_sha256"] for name, row in zip(names, rows, strict=True) if row["output"]} == expected
    assert results(s3, prefix) == {name: [digest] for name, digest in expected.items()}
    (bad,) = [row for row in rows if row["error"]]
    assert bad["error"].startswith(f"s3://photos/{prefix}/bad.jpg: not an image")
    return rows


def workers_of(node: Any) -> list[Any]:
    """Return the processes of a node that hold actors of a run."""
    import psutil

    (raylet,) = node.all_processes["raylet"]
    found = psutil.Process(raylet.process.pid).children(recursive=True)
    return [process for process in found if process.name().startswith("ray::MapWorker")]


def run(address: str, model: Path, prefix: str, progress: Progress | None = None) -> RunResult:
    settings = RunSettings(model=model, sr=None, engine="ray", address=address, progress=progress)
    return run_with([f"s3://photos/{prefix}/"], f"s3://results/{prefix}", settings)


def test_every_image_is_done_once_though_a_worker_and_a_node_are_killed(
    machines: Any, s3: Any, images: Path, expected: dict[str, str], segmentation_ir: Path
) -> None:
    upload(s3, images, "killed")
    other, killed = second_node(machines), list[str]()

    def watch(_what: str, done: int, _total: int | None) -> None:
        if not killed and done >= 10:
            # Either node may be the one that starts its actor late, when the other has done all of these.
            worker = next(worker for node in (machines.head_node, other) for worker in workers_of(node))
            worker.kill()
            killed.append("worker")
        elif len(killed) == 1 and done >= COUNT // 2:
            machines.remove_node(other, allow_graceful=False)
            killed.append("node")

    summary = run(machines.address, segmentation_ir, "killed", watch)
    assert killed == ["worker", "node"]
    assert (summary.done, summary.failed, summary.skipped) == (COUNT, 1, 0)
    assert summary.exit_code == 5
    rows = check(s3, "killed", expected)
    assert len({row["worker"] for row in rows}) >= 2


def test_a_command_that_is_killed_is_gone_on_with(
    machines: Any, s3: Any, images: Path, expected: dict[str, str], segmentation_ir: Path, call: Call
) -> None:
    upload(s3, images, "resumed")
    arguments = [
        "run",
        "s3://photos/resumed/",
        "--model",
        segmentation_ir,
        "--sr",
        "none",
        "-o",
        "s3://results/resumed",
    ]
    arguments += ["--engine", "ray", "--address", machines.address, "--resume"]

    def written() -> int:
        return s3.list_objects_v2(Bucket="results", Prefix="resumed/").get("KeyCount", 0)

    command = [sys.executable, "-m", "mattekit", *map(str, arguments)]
    driver = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ)
    while driver.poll() is None and written() < COUNT // 3:
        time.sleep(0.1)
    driver.kill()
    assert driver.wait() == -signal.SIGKILL
    assert written() < COUNT
    with cluster(machines.address):
        for skipped, most in ((0, "0"), (COUNT, "1")):
            done = call(*arguments, "--max-failures", most)
            assert done.code == (5 if most == "0" else 0), done.err
            assert f"{COUNT} of {COUNT + 1} done, 1 failed" in done.err
            assert not skipped or f"{skipped} of them by an earlier run" in done.err
            check(s3, "resumed", expected)


def test_local_folders_and_tables_that_pandas_reads(
    machines: Any, images: Path, expected: dict[str, str], segmentation_ir: Path, tmp_path: Path
) -> None:
    import pandas as pd

    (tmp_path / "in").mkdir()
    for name in ("00.jpg", "01.jpg", "02.jpg"):
        shutil.copy(images / name, tmp_path / "in")
    given, out = [str(tmp_path / "in")], str(tmp_path / "out")
    settings = RunSettings(model=segmentation_ir, sr=None, engine="ray")
    with cluster(machines.address):
        run_with(given, out, settings)
        # Only the new one is done; what another run did stays in the table.
        (tmp_path / "in" / "00.jpg").unlink()
        shutil.copy(images / "03.jpg", tmp_path / "in")
        summary = run_with(given, out, replace(settings, resume=True))
        with pytest.raises(InputError, match="can't be listed"):
            run_with(["s3://missing/"], str(tmp_path / "other"), settings)
    assert (summary.done, summary.skipped) == (1, 2)
    table = pd.read_parquet(tmp_path / "out" / TABLE_NAME)
    names = [Path(str(name)).name for name in table["input"]]
    assert dict(zip(names, table["output_sha256"], strict=True)) == {
        name: expected[name] for name in ("00.jpg", "01.jpg", "02.jpg", "03.jpg")
    }
    assert table["confidence"].between(0, 1).all()
    assert len(known_rows(Location.parse(str(tmp_path / "out"))).rows) == 4


def test_validation_gives_the_local_figures_to_the_last_digit(machines: Any, segmentation_ir: Path) -> None:
    from mattekit.bench import evaluate

    data = "synthetic:count=13,size=96x64"
    here = evaluate(segmentation_ir, data, metrics=("all",)).record
    second_node(machines)
    there = evaluate(segmentation_ir, data, metrics=("all",), engine="ray", address=machines.address).record
    assert there.table == here.table
    assert there.measurements == here.measurements
    assert there.answers == here.answers
    assert len(there.table.ids) == 13
    assert len(there.answers) == 12


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Folders in folders: equal stems, capitals, hidden names, links, what is no image and what is damaged."""
    names = ("b.jpg", "b.png", "c.jpg", "C.png", "plain.bmp", ".hidden.jpg", "a/b.jpg", "a/c/b.webp", "a/c/b-webp.png")
    rng = np.random.default_rng(0)
    for name in (*names, "a/c/b.bmp", "other/b.jpg", "other/c.jpg", ".cache/d.jpg"):
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        assert cv2.imwrite(str(path), rng.integers(0, 256, (12, 16, 3)).astype(np.uint8))
    (tmp_path / "in" / "notes.txt").write_text("no image")
    (tmp_path / "in" / "a" / "bad.jpg").write_bytes(b"no image")
    (tmp_path / "in" / "linked.jpg").symlink_to(tmp_path / "in" / "other" / "c.jpg")
    (tmp_path / "in" / "loop").symlink_to(tmp_path / "in")
    return tmp_path / "in"


def files_below(folder: Path) -> dict[str, bytes]:
    """Return the content of each result by its name, the table aside."""
    found = (path for path in folder.rglob("*") if path.is_file() and TABLE_NAME not in path.parts)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


IN_A = {"a/b.png", "a/c/b-bmp.png", "a/c/b-webp-2.png", "a/c/b-webp.png"}
IN_OTHER = {"other/b.png", "other/c.png"}
WHOLE = IN_A | IN_OTHER | {"b-jpg.png", "b-png.png", "c-jpg.png", "C-png.png", "linked.png", "plain.png"}
CUT = {name.replace(".png", "-cut.webp") for name in WHOLE}
TWICE = ["other/b.jpg", "a/b.jpg", "other/../b.png", "*.bmp", "b.png"]


@pytest.mark.parametrize(
    ("inputs", "written", "names"),
    [
        (["."], RunSettings(), WHOLE),
        (["."], RunSettings(format="webp", suffix="-cut", quality=80), CUT),
        (["a", "other"], RunSettings(), IN_A | IN_OTHER),
        (["b.jpg", "a", "*.p*"], RunSettings(), IN_A | {"b-jpg.png", "b-png.png", "C.png"}),
        (TWICE, RunSettings(), {"b-jpg.png", "b-jpg-2.png", "b-png.png", "plain.png"}),
    ],
)
def test_both_engines_take_the_same_images_and_give_the_same_files(
    machines: Any,
    tree: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    inputs: list[str],
    written: RunSettings,
    names: set[str],
) -> None:
    monkeypatch.chdir(tree)
    written = replace(written, model=None, sr=None, background="#00c800")
    outcomes = list(run_batch(plan_batch(inputs, tmp_path / "local", written), load_pipeline(written)))
    with cluster(machines.address):
        summary = run_with(inputs, tmp_path / "ray", replace(written, engine="ray"))
    here, there = files_below(tmp_path / "local"), files_below(tmp_path / "ray")
    assert set(here) == names
    assert there == here
    failed = [str(outcome.error) for outcome in outcomes if outcome.error is not None]
    # This machine's paths are told as they were typed, and in full to another machine.
    assert [error.replace("a/bad.jpg", str(tree / "a" / "bad.jpg"), 1) for error in failed] == list(summary.errors)
    assert len(failed) == sum(each in {".", "a"} for each in inputs)
    assert summary.done == len(names)


@pytest.mark.parametrize("pattern", ["", "*", "**/b*", "a/*.jpg"])
def test_a_bucket_is_searched_as_a_folder_is(s3: Any, tree: Path, tmp_path: Path, pattern: str) -> None:
    for path in sorted(tree.rglob("*")):
        if path.is_file() and not path.is_relative_to(tree / "loop"):
            name = path.relative_to(tree).as_posix()
            s3.put_object(Bucket="photos", Key=f"tree/{name}", Body=path.read_bytes())
    out = Location.parse(str(tmp_path / "out"))
    here, there = (
        {
            named.source.place.name_of(named.item.key): named.name
            for named in name_results(find_sources([place], out), out, ".png")
        }
        for place in (f"{tree}/{pattern}", f"s3://photos/tree/{pattern}")
    )
    assert here == there
    assert here
