"""What a Ray cluster costs and survives, on nodes that this machine plays: overhead, scaling, and a node that dies.

    python tools/measure_ray.py overhead PHOTOS --work FOLDER
    python tools/measure_ray.py scaling PHOTOS --work FOLDER
    python tools/measure_ray.py kill PHOTOS --work FOLDER --count 2000 --side 160

PHOTOS is a folder; its images are brought to the size that is measured. Times are taken between the first image and
the last of each process: what is measured is a run that is under way.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import statistics
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import cv2
import pandas as pd
import ray
from mattekit import RunResult, read_image, run_images
from mattekit.cluster import cluster
from mattekit.core import Progress
from ray.cluster_utils import Cluster

STORE = 100 << 20
WARM = 16
"""Images of each process that come before what is timed."""
HEALTH = {"health_check_initial_delay_ms": 1000, "health_check_period_ms": 1000, "health_check_failure_threshold": 5}


def make_images(photos: Path, folder: Path, count: int, width: int, height: int) -> None:
    """Write as many JPEG files as are asked for, no two alike."""
    sources = [read_image(path).rgb for path in sorted(photos.rglob("*.jpg"))[:20]]
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for number in range(count):
        resized = cv2.resize(sources[number % len(sources)][..., ::-1], (width + number % 7, height + number // 7 % 5))
        assert cv2.imwrite(str(folder / f"{number:05}.jpg"), cv2.convertScaleAbs(resized, alpha=1 - number % 11 / 50))


@contextmanager
def nodes(cpus: list[int]) -> Generator[tuple[Cluster, list[object]]]:
    """Start a cluster of nodes with so many processors."""
    head = {"num_cpus": cpus[0], "include_dashboard": False, "_system_config": HEALTH, "object_store_memory": STORE}
    machines = Cluster(initialize_head=True, head_node_args=head)
    try:
        others = [machines.add_node(num_cpus=number, object_store_memory=STORE) for number in cpus[1:]]
        with cluster(str(machines.address)):
            yield machines, others
    finally:
        machines.shutdown()


def local(images: Path, out: Path) -> tuple[dict[str, str], float]:
    """Run the local engine; return each result's hash by its image's name, and images a second."""
    shutil.rmtree(out, ignore_errors=True)
    outcomes = run_images(images, out, sr=None).outcomes
    ended = sorted(outcome.ended for outcome in outcomes)
    hashes = {o.source.name: hashlib.sha256(o.target.read_bytes()).hexdigest() for o in outcomes if o.target}
    return hashes, (len(ended) - 1 - WARM) / (ended[-1] - ended[WARM])


def on_ray(images: Path, out: Path, progress: Progress | None = None) -> tuple[pd.DataFrame, RunResult]:
    """Run on the cluster that is connected; return the table."""
    shutil.rmtree(out, ignore_errors=True)
    result = run_images(images, out, sr=None, engine="ray", progress=progress)
    return pd.read_parquet(result.table), result


def rate(table: pd.DataFrame) -> float:
    """Return images a second while all processes that worked were under way."""
    by_worker: dict[str, list[float]] = {}
    for moment, worker in sorted(zip(table["finished"].astype("int64") / 1e6, table["worker"], strict=True)):
        by_worker.setdefault(str(worker), []).append(float(moment))
    began, ended = max(times[WARM] for times in by_worker.values()), min(times[-1] for times in by_worker.values())
    return sum(began < moment <= ended for times in by_worker.values() for moment in times) / (ended - began)


def names_in(table: pd.DataFrame) -> list[str]:
    return [Path(str(name)).name for name in table["input"]]


def overhead(photos: Path, work: Path, count: int, rounds: int) -> None:
    make_images(photos, work / "in", count, 1152, 864)
    rates: dict[str, list[float]] = {"local": [], "ray": []}
    with nodes([2]):
        for number in range(rounds):
            hashes, speed = local(work / "in", work / "local")
            rates["local"].append(speed)
            table, _ = on_ray(work / "in", work / "ray")
            rates["ray"].append(rate(table))
            same = dict(zip(names_in(table), table["output_sha256"], strict=True))
            others = [name for name, digest in hashes.items() if same.get(name) != digest]
            times = f"local {1000 / speed:.1f}, ray {1000 / rates['ray'][-1]:.1f}"
            print(f"round {number + 1}: ms an image: {times}; files that differ: {others or 'none'}", flush=True)
    here, there = (1000 / statistics.median(rates[engine]) for engine in ("local", "ray"))
    print(
        f"{count} images of 1 megapixel, {rounds} rounds, medians: local {here:.1f}, ray {there:.1f} ms an image, "
        f"overhead {there / here - 1:+.1%}"
    )


def scaling(photos: Path, work: Path, count: int) -> None:
    make_images(photos, work / "in", count, 1152, 864)
    for cpus in ([1], [1, 1]):
        with nodes(cpus):
            table, _ = on_ray(work / "in", work / "ray")
        print(f"{len(cpus)} nodes of 1 processor: {rate(table):.2f} images/s", flush=True)


def kill(photos: Path, work: Path, count: int, side: int) -> None:
    make_images(photos, work / "in", count, side, side * 3 // 4)
    hashes, speed = local(work / "in", work / "local")
    print(f"local: {len(hashes)} images, {speed:.1f} images/s", flush=True)
    with nodes([1, 1]) as (machines, others):
        killed: list[int] = []
        started = time.monotonic()

        def watch(_what: str, done: int, _total: int | None) -> None:
            if done >= count // 2 and not killed:
                killed.append(done)
                threading.Thread(
                    target=machines.remove_node, args=(others[0],), kwargs={"allow_graceful": False}
                ).start()
                print(f"{time.monotonic() - started:.0f} s: {done} done, one of two nodes killed", flush=True)

        table, summary = on_ray(work / "in", work / "ray", watch)
        print(f"{time.monotonic() - started:.0f} s: {summary}")
        alive = sum(node["Alive"] for node in ray.nodes())
    names = names_in(table)
    files = {
        path.name.removesuffix(".png"): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (work / "ray").glob("*.png")
    }
    checks = {
        "a node died": alive == 1 and bool(killed),
        "a row for each image, once": len(table) == count and set(names) == set(hashes),
        "a file for each row": files == dict(zip(names, table["output_sha256"], strict=True)),
        "files equal to the local engine's": files == hashes,
        "nothing else left": len(list((work / "ray").iterdir())) == count + 1,
    }
    print(f"rows by process: {table['worker'].value_counts().to_dict()}")
    for what, holds in checks.items():
        print(f"{what}: {'yes' if holds else 'NO'}")
    if not all(checks.values()):
        sys.exit(1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("overhead", "scaling", "kill"))
    parser.add_argument("photos", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--count", type=int, default=96)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--side", type=int, default=160)
    given = parser.parse_args()
    if given.what == "overhead":
        overhead(given.photos, given.work, given.count, given.rounds)
    elif given.what == "scaling":
        scaling(given.photos, given.work, given.count)
    else:
        kill(given.photos, given.work, given.count, given.side)


if __name__ == "__main__":
    main()
