"""mattekit against rembg, on the same photos with the same network: throughput, a cold start, and the masks.

    python tools/compare_rembg.py PHOTOS --model MODEL [--int8 MODEL] --work FOLDER [--sizes 1 12] [--rounds 3]

MODEL is the folder of an export of `rembg-u2netp`, with its ONNX file beside the IR: rembg gets just that file, so both
run one network with one way of preparing images. PHOTOS is a folder of photos, which are brought to 1 and 12
megapixels. rembg is installed into an environment of its own in the work folder, with ONNX Runtime for the CPU.

What is measured, interleaved in rounds: rembg's library in a loop (read, remove, write), `rembg p` on the folder,
`mattekit remove` on the folder; one photo cold with `rembg i` and `mattekit remove`; the bare network. All cut-outs are
PNG files with their writer's defaults.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

import cv2
import numpy as np
from mattekit import Measurement, Unit, VariantRef, open_model, read_image, read_records
from mattekit.bench import median_ratio_interval
from mattekit.core import PeerRecord
from mattekit.infer import collect_inputs, tensor_from, this_machine

SIDES = {"1": (1155, 866), "12": (4000, 3000)}

# Runs in rembg's environment: what its documentation shows, over a folder.
LOOP = """
import sys, time
from pathlib import Path
from PIL import Image as PilImage
from rembg import new_session, remove
session = new_session("u2netp")
out = Path(sys.argv[2])
photos = sorted(Path(sys.argv[1]).iterdir())
remove(PilImage.open(photos[0]), session=session)
for photo in photos:
    started = time.perf_counter()
    remove(PilImage.open(photo), session=session).save(out / f"{photo.stem}.png")
    print(time.perf_counter() - started)
"""

VERSION = "from importlib.metadata import version; print(version('rembg'))"

Samples = dict[str, list[float]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--model", type=Path, required=True, help="folder of an FP32 export of rembg-u2netp")
    parser.add_argument("--int8", type=Path, help="folder of the same model in INT8")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--sizes", nargs="+", choices=tuple(SIDES), default=list(SIDES), help="megapixels")
    parser.add_argument("--count", type=int, default=6, help="photos of each size")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--parts", nargs="+", choices=("prepare", "folder", "p", "cold", "network"))
    parser.add_argument("--record", type=Path, help="write the record here")
    options = parser.parse_args()
    parts = options.parts or ["prepare", "folder", "p", "cold", "network"]
    work: Path = options.work.resolve()
    models = {"fp32": options.model, **({"int8": options.int8} if options.int8 else {})}
    if "prepare" in parts:
        prepare(work, options.photos, options.model, options.count)
    samples: Samples = {}
    figures: list[Measurement] = []
    for size in options.sizes:
        for _ in range(options.rounds):
            one_round(work, size, models, parts, samples)
        if "folder" in parts:
            figures += differences(work, size, models)
    figures += ratios(samples, models)
    show(figures, samples)
    if options.record:
        PeerRecord(
            machine=this_machine(),
            peer=f"rembg {rembg(work, 'python', '-c', VERSION).strip()}",
            settings={"photos": options.count, "rounds": options.rounds},
            measurements=tuple(figures),
            samples={name: tuple(values) for name, values in samples.items()},
        ).write(options.record)


def install(work: Path) -> Path:
    """Install rembg into an environment of its own in the work folder, where it isn't there yet; return that."""
    environment = work / "rembg"
    if not any((environment / "lib").glob("python*/site-packages/rembg")):
        subprocess.run([sys.executable, "-m", "venv", environment], check=True)
        subprocess.run([environment / "bin" / "pip", "install", "--quiet", "rembg[cpu,cli]"], check=True)
    listed = subprocess.run(
        [environment / "bin" / "pip", "list"], check=True, capture_output=True, text=True
    ).stdout.lower()
    found = [line.split()[0] for line in listed.splitlines() if "nvidia" in line or "onnxruntime-gpu" in line]
    if found:
        sys.exit(f"rembg's environment holds packages for GPUs ({', '.join(found)}): the comparison is for CPUs")
    return environment


def prepare(work: Path, photos: Path, model: Path, count: int) -> None:
    """Install rembg, give it the network, make the photos; what is there already is kept."""
    install(work)
    (work / "u2net").mkdir(exist_ok=True)
    shutil.copy(model / "model.onnx", work / "u2net" / "u2netp.onnx")
    for size, (width, height) in SIDES.items():
        folder = work / f"photos-{size}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for path in collect_inputs([photos])[:count]:
            rgb = read_image(path).rgb
            side = (width, height) if rgb.shape[1] >= rgb.shape[0] else (height, width)
            resized = cv2.resize(rgb[..., ::-1], side, interpolation=cv2.INTER_CUBIC)
            cv2.imwrite(str(folder / f"{path.stem}.jpg"), resized, [cv2.IMWRITE_JPEG_QUALITY, 92])


def one_round(work: Path, size: str, models: dict[str, Path], parts: list[str], samples: Samples) -> None:
    """Measure each candidate once."""
    photos = work / f"photos-{size}"
    count = len(list(photos.iterdir()))
    single = sorted(photos.iterdir())[0]
    out = {name: emptied(work / f"out-{size}" / name) for name in ("loop", "p", "cold", *models)}

    def note(name: str, value: float) -> None:
        samples.setdefault(f"{size} MP: {name}", []).append(value)
        print(f"{size} MP: {name}: {value * 1000:.0f} ms", file=sys.stderr, flush=True)

    if "folder" in parts:
        times = [float(value) for value in rembg(work, "python", "-c", LOOP, photos, out["loop"]).split()]
        note("rembg, library", sum(times) / len(times))
        for name, model in models.items():
            report = work / "run.json"
            mattekit(photos, model, out[name], "--record", report)
            frame = read_records(report)
            (rate,) = frame.loc[frame["metric"] == "throughput", "value"].tolist()
            note(f"mattekit {name}", 1 / (rate or float("nan")))
    if "p" in parts:
        note("rembg p, with its start", timed(rembg, work, "rembg", "p", "-m", "u2netp", photos, out["p"]) / count)
        for name, model in models.items():
            note(f"mattekit remove {name}, with its start", timed(mattekit, photos, model, out["cold"]) / count)
    if "cold" in parts:
        note("rembg i, cold", timed(rembg, work, "rembg", "i", "-m", "u2netp", single, out["cold"] / "rembg.png"))
        note("mattekit remove, cold", timed(mattekit, single, models["fp32"], out["cold"]))
    if "network" in parts:
        for name, model in models.items():
            opened = open_model(model / "model.xml")
            tensor = tensor_from(read_image(single).rgb, opened.contract)
            opened.runtime.run(tensor)
            for _ in range(8):
                note(f"network alone {name}", timed(opened.runtime.run, tensor))


def emptied(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def timed(call: object, *arguments: object) -> float:
    assert callable(call)
    started = time.perf_counter()
    call(*arguments)
    return time.perf_counter() - started


def rembg(work: Path, *command: object) -> str:
    environment = {**os.environ, "U2NET_HOME": str(work / "u2net"), "MODEL_CHECKSUM_DISABLED": "1"}
    # Its own number of threads: what it takes by default.
    environment.pop("OMP_NUM_THREADS", None)
    program, *arguments = map(str, command)
    whole = [str(work / "rembg" / "bin" / program), *arguments]
    return subprocess.run(whole, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout


def mattekit(inputs: Path, model: Path, out: Path, *more: object) -> None:
    command = [sys.executable, "-m", "mattekit", "remove", inputs, "--model", model, "-o", out, *more]
    subprocess.run(list(map(str, command)), check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def differences(work: Path, size: str, models: dict[str, Path]) -> list[Measurement]:
    """Compare the alpha channels of the last round, photo by photo, in 1/255."""
    figures: list[Measurement] = []
    for name, model in models.items():
        means: list[float] = []
        for path in sorted((work / f"out-{size}" / "loop").iterdir()):
            theirs = read_image(path).alpha
            ours = read_image(work / f"out-{size}" / name / path.name).alpha
            assert theirs is not None
            assert ours is not None
            means.append(float(np.abs(theirs.astype(int) - ours).mean()))
        for statistic, value in (("mean", float(np.mean(means))), ("worst photo", max(means))):
            figures.append(
                Measurement(
                    metric="mask_difference",
                    value=value,
                    unit=Unit("1/255"),
                    higher_is_better=False,
                    variants=(variant(model),),
                    candidate=f"mattekit {name}",
                    scenario=f"{size} MP",
                    statistic=statistic,
                    against="rembg, library",
                )
            )
    return figures


def variant(model: Path) -> VariantRef:
    return open_model(model / "model.xml").variant.ref()


def ratios(samples: Samples, models: dict[str, Path]) -> list[Measurement]:
    """Return how many times as fast mattekit is, by medians, with the bootstrap's interval."""
    pairs = {
        "mattekit fp32": "rembg, library",
        "mattekit int8": "rembg, library",
        "mattekit remove fp32, with its start": "rembg p, with its start",
        "mattekit remove int8, with its start": "rembg p, with its start",
        "mattekit remove, cold": "rembg i, cold",
    }
    pairs_of_network = {f"mattekit {name}": f"network alone {name}" for name in ("fp32", "int8")}
    variants = {name: variant(model) for name, model in models.items()}
    figures: list[Measurement] = []
    for size in SIDES:
        for ours, theirs in (*pairs.items(), *pairs_of_network.items()):
            own, other = samples.get(f"{size} MP: {ours}"), samples.get(f"{size} MP: {theirs}")
            if not own or not other:
                continue
            figures.append(
                Measurement(
                    metric="speed_ratio",
                    value=median(other) / median(own),
                    unit=Unit("\N{MULTIPLICATION SIGN}"),
                    higher_is_better=True,
                    interval=median_ratio_interval(own, other),
                    variants=(variants["int8" if "int8" in ours else "fp32"],),
                    candidate=ours,
                    scenario=f"{size} MP",
                    baseline=theirs,
                )
            )
    return figures


def show(figures: list[Measurement], samples: Samples) -> None:
    for name, values in samples.items():
        print(f"{name:48s} {median(values) * 1000:8.0f} ms a photo  ({len(values)} samples)")
    for figure in figures:
        if figure.interval:
            interval = f"[{figure.interval[0]:.2f}, {figure.interval[1]:.2f}]"
            print(f"{figure.scenario}: {figure.candidate} / {figure.baseline}: {figure.value:.2f} {interval}")
        else:
            print(
                f"{figure.scenario}: masks of {figure.candidate} to rembg's, {figure.statistic}: {figure.value:.2f}/255"
            )


if __name__ == "__main__":
    main()
