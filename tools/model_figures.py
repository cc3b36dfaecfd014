"""Measure the figures of docs/models.md: parity, accuracy, latency and size of each network whose weights are here.

It runs in steps, because accuracy may be measured on a busy machine, and speed is a ratio of runs in turn:

    python tools/model_figures.py --data DATA --out DIR make        # export and quantize
    python tools/model_figures.py --data DATA --out DIR accuracy    # validate FP32 and INT8 on the published sets
    python tools/model_figures.py --data DATA --out DIR latency     # time them in turn: FP32 in f32 and bf16, and INT8
    python tools/model_figures.py --data DATA --out DIR collect     # records -> docs/figures/MODEL.json
    python tools/model_figures.py page                              # docs/figures/ -> the tables of docs/models.md

A step that was stopped goes on where it stopped: what is recorded below DIR is not measured again. `--only` takes some
networks. DATA is laid out as the reference data of the tests is; `--data` may be given again for what the first lacks.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from figures_page import FIGURES, figures_of, write_page
from mattekit import MaxDrop, benchmark, evaluate, export_model, list_models, quantize_model
from mattekit.core import ValidateRecord
from mattekit.infer import this_machine

SPECS = {spec.id: spec for spec in list_models()}
PRECISIONS = ("fp32", "int8")


@dataclass(frozen=True)
class Entry:
    """One network.

    weights: below DATA; empty for bundled ones. samples: calibrated on. max_drop: searched for; None for the plain
    recipe. limit: of the photos that accuracy is measured on. note: what the weights are, where they are not the
    publisher's bytes. why: a published figure can't be reproduced.
    """

    model: str
    weights: str
    samples: int = 60
    max_drop: MaxDrop | None = None
    limit: int | None = None
    sets: tuple[str, ...] = ()
    note: str = ""
    why: str = ""


_IOU, _PSNR = MaxDrop("iou", 0.005), MaxDrop("psnr_y", 0.1)
_SEGMENTATION, _ENLARGING = "weights/segmentation", "weights/super_resolution"
_SETS = ("set5", "set14")
_FROM_16_BITS = "Weights rebuilt from a file of 16-bit values, so not the publisher's to the last bit."
_PART_OF_ECSSD = "The paper's figures are of all 1,000 photos of ECSSD; these are of 200 that training left alone."
_OURS = "Of this project: nobody else published figures of it."
_OWN_BICUBIC = "Set14's small images are made here as by MATLAB's imresize; the publisher's may differ by rounding."
_NO_PAPER = "Its publisher gives no figure on these sets: it is trained as a GAN, for looks and not for PSNR."
ENTRIES = (
    Entry("mattelite", "", 60, _IOU, sets=("ecssd_val",), why=_OURS),
    Entry(
        "u2netp",
        f"{_SEGMENTATION}/u2netp.pth",
        60,
        _IOU,
        sets=("ecssd_val",),
        note="The exact 32-bit values of the authors' release, normalisation folded into the convolutions.",
        why=f"{_PART_OF_ECSSD} On the 1,000 its MAE is 0.0409.",
    ),
    Entry("rembg-u2netp", f"{_SEGMENTATION}/rembg_u2netp.onnx", 60, _IOU, sets=("ecssd_val",), why=_PART_OF_ECSSD),
    Entry(
        "modnet",
        f"{_SEGMENTATION}/modnet.onnx",
        24,
        why="The paper measures mattes of people, on PPM-100, which is not at hand; ECSSD's are objects of any kind.",
    ),
    Entry(
        "isnet-general-use",
        f"{_SEGMENTATION}/isnet-general-use.pth",
        12,
        limit=20,
        sets=("ecssd_val",),
        note=_FROM_16_BITS,
        why="The paper's figures are of its academic weights on DIS5K; of these weights there are none.",
    ),
    Entry("srlite-x2", "", sets=_SETS, why=_OURS),
    Entry("srlite-x4", "", sets=_SETS, why=_OURS),
    Entry("imdn-x2", f"{_ENLARGING}/imdn_x2.pth", sets=_SETS, why=_OWN_BICUBIC),
    Entry("imdn-x4", f"{_ENLARGING}/imdn_x4.pth", sets=_SETS),
    Entry(
        "rfdn-x4",
        f"{_ENLARGING}/rfdn_x4.pth",
        sets=_SETS,
        why="The released weights are those of the AIM 2020 challenge; the paper's own were not released.",
    ),
    Entry(
        "rlfn-x4",
        f"{_ENLARGING}/rlfn_x4.pth",
        sets=_SETS,
        why="The released weights are a challenge's (NTIRE), of a smaller network than the paper's: 0.32 M for 0.54 M.",
    ),
    # Plain INT8 costs SPAN 3 dB.
    Entry("span-x2", f"{_ENLARGING}/span_x2_ch48.pth", 60, _PSNR, sets=_SETS, note=_FROM_16_BITS, why=_OWN_BICUBIC),
    Entry("span-x4", f"{_ENLARGING}/span_x4_ch48.pth", 60, _PSNR, sets=_SETS, note=_FROM_16_BITS, why=_OWN_BICUBIC),
    Entry(
        "realesr-animevideov3",
        f"{_ENLARGING}/realesr_animevideov3_x4.pth",
        sets=_SETS,
        note=_FROM_16_BITS,
        why=_NO_PAPER,
    ),
    Entry(
        "realesrgan-x4plus-anime-6b",
        f"{_ENLARGING}/realesrgan_x4plus_anime_6b.pth",
        16,
        sets=("set5",),
        note=_FROM_16_BITS,
        why=_NO_PAPER,
    ),
)


@dataclass(frozen=True)
class Places:
    """Where the data lies, the first place first, and where the records go."""

    data: tuple[Path, ...]
    out: Path

    def find(self, name: str) -> Path | None:
        return next((place / name for place in self.data if (place / name).exists()), None)

    def dataset(self, name: str, scale: int) -> str:
        folder = self.find(f"super_resolution/{name}" if scale > 1 else f"segmentation/{name}")
        if folder is None:
            raise SystemExit(f"{name} is in none of {', '.join(map(str, self.data))}")
        if scale == 1:
            return f"images={folder / 'images'},masks={folder / 'masks'}"
        low = folder / f"lr_x{scale}"
        return f"hr={folder / 'hr'},lr={low}" if low.is_dir() else f"hr={folder}"


def make(entry: Entry, places: Places) -> None:
    """Export, and quantize: U²-Nets search on photos that they are not measured on."""
    spec, home = SPECS[entry.model], places.out / entry.model
    weights = places.find(entry.weights) if entry.weights else None
    if entry.weights and weights is None:
        print(f"{entry.model}: {entry.weights} is not there; left out", flush=True)
        return
    if not (home / "fp32" / "model.xml").is_file():
        export_model(entry.model, places.out, weights=weights, offline=True)
        print(f"{entry.model}: exported", flush=True)
    if (home / "int8").is_dir():
        return
    chosen = "ecssd_train" if spec.scale == 1 else "bsds500_train100"
    started = time.monotonic()
    quantize_model(
        home / "fp32" / "model.xml",
        places.out,
        data=places.dataset(chosen, spec.scale),
        limit=entry.samples,
        validation_limit=40,
        max_drop=entry.max_drop,
    )
    print(f"{entry.model}: quantized in {time.monotonic() - started:.0f} s", flush=True)


def accuracy(entry: Entry, places: Places) -> None:
    """Validate FP32 and INT8 on each set."""
    spec, home = SPECS[entry.model], places.out / entry.model
    metrics = ("mae", "max_f_beta", "iou") if spec.scale == 1 else ("psnr_y", "ssim_y")
    for name in entry.sets:
        targets = {precision: home / f"{name}-{precision}.json" for precision in PRECISIONS}
        targets = {each: file for each, file in targets.items() if (home / each).is_dir() and not file.is_file()}
        if not targets:
            continue
        models = [home / precision / "model.xml" for precision in targets]
        data = places.dataset(name, spec.scale)
        for record, target in zip(
            evaluate(models, data, metrics=metrics, limit=entry.limit).records, targets.values(), strict=True
        ):
            record.write(target)
            print(entry.model, target.stem, _values(record), flush=True)


def _values(record: ValidateRecord) -> dict[str, float]:
    return {f.metric: round(f.value, 4) for f in record.measurements if f.is_whole and f.value is not None}


def latency(entry: Entry, places: Places, rounds: int) -> None:
    """Time FP32 in f32 and bf16, and INT8 with f32, in turn."""
    home = places.out / entry.model
    target = home / "latency.json"
    if target.is_file() or not (home / "int8").is_dir():
        return
    files = [home / precision / "model.xml" for precision in PRECISIONS]
    arithmetic = ("f32", "bf16") if "amx_bf16" in this_machine().cpu_features else ("f32",)
    result = benchmark(files, rounds=rounds, iterations=rounds, warm_up=1, arithmetic=arithmetic)
    result.record.write(target)
    for verdict in result.verdicts:
        print(entry.model, verdict.sentence, flush=True)


def collect(entry: Entry, places: Places) -> None:
    """Write what the records say of an entry, in short, where the page takes it from."""
    home = places.out / entry.model
    if (home / "fp32" / "export.json").is_file():
        text = json.dumps(figures_of(home, entry.sets, entry.note, entry.why), indent=1, ensure_ascii=False)
        FIGURES.mkdir(exist_ok=True)
        (FIGURES / f"{entry.model}.json").write_text(f"{text}\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", choices=("make", "accuracy", "latency", "collect", "page"))
    parser.add_argument("--data", type=Path, action="append", default=[])
    parser.add_argument("--out", type=Path)
    parser.add_argument("--only", nargs="+", help="ids of networks")
    parser.add_argument("--rounds", type=int, default=20)
    given = parser.parse_args()
    if given.step == "page":
        write_page()
        return
    if given.out is None:
        parser.error(f"{given.step} needs --out, a folder for its records")
    places = Places(tuple(each.resolve() for each in given.data), given.out.resolve())
    places.out.mkdir(parents=True, exist_ok=True)
    steps: dict[str, Callable[[Entry], None]] = {
        "make": lambda entry: make(entry, places),
        "accuracy": lambda entry: accuracy(entry, places),
        "latency": lambda entry: latency(entry, places, given.rounds),
        "collect": lambda entry: collect(entry, places),
    }
    for entry in ENTRIES:
        if not given.only or entry.model in given.only:
            steps[given.step](entry)


if __name__ == "__main__":
    main()
