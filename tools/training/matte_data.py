"""The training set of mattelite: packed once into memory-mapped files (photos, masks, the teacher's masks).

``python matte_data.py --out FOLDER`` writes ``photos.npy``, ``masks.npy``, ``taught.npy`` and ``index.json``; the same
command goes on where it was stopped. Everything is SIDE x SIDE, 8-bit.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import torch
from mattekit.convert.networks.u2net import U2NETP, U2Net
from numpy.typing import NDArray
from runs import data_root
from sr_data import read_rgb

SIDE = 256
TEACHER_SIDE = 256
"""Most photos are no larger; what it finds at 320 pixels is not nearer to what the full U2NET finds."""
MEAN = (0.485, 0.456, 0.406)
DEVIATION = (0.229, 0.224, 0.225)

Kind = Literal["masked", "unmasked", "cut-out", "ground"]
"""A photo with a true mask; one that only the teacher knows; a subject to paste by its alpha; what to paste it on."""


@dataclass(frozen=True)
class Source:
    """One folder of photos.

    Attributes:
        folder: below the reference data.
        kind: what its photos are for.
        weight: how often one of its photos is drawn, compared with one of DUTS.
        trust: how much of the target is the true mask; the rest is the teacher's, who is not asked where this is all.
    """

    folder: str
    kind: Kind = "masked"
    weight: float = 1.0
    trust: float = 0.6


SOURCES = {
    "ecssd": Source("segmentation/ecssd_train/images", weight=1.5),
    "duts": Source("train256/duts_tr_part", weight=1.5),
    "pascal_s": Source("train256/pascal_s"),
    "sod": Source("train256/sod"),
    "iseg": Source("train256/iseg_vgg"),
    # One subject of several is marked in some: the teacher knows better what stands out.
    "coseg": Source("train256/pascal_coseg", weight=0.7, trust=0.3),
    "cats": Source("train256/feral_cats", weight=0.33, trust=1.0),
    "horses": Source("train256/weizmann_horses", weight=0.33, trust=1.0),
    "flowers": Source("train256/flowers17", weight=0.33, trust=1.0),
    "butterflies": Source("train256/butterflies", weight=0.33, trust=1.0),
    "cars": Source("train256/cars_bzd", weight=0.33, trust=1.0),
    "wild": Source("train256/wild4", weight=0.5, trust=1.0),
    "ccp": Source("train320/ccp", weight=0.6, trust=1.0),
    "davis": Source("train320/davis", weight=0.33, trust=1.0),
    "msra": Source("train256/msra_unlabelled", "unmasked", weight=0.7, trust=0.0),
    "bsds": Source("super_resolution/bsds500_train100", "unmasked", weight=0.7, trust=0.0),
    "tuxpaint": Source("train256/tuxpaint_cutouts", "cut-out"),
    "debian": Source("train256/backgrounds_debian", "ground"),
}

HELD_OUT_STEP = 12
"""Of each source with masks, every twelfth photo by name is kept back to watch and to choose by."""
NOT_HELD_OUT = ("davis",)
"""Frames of one film are nearly the same photo."""


def read_mask(path: Path) -> NDArray[np.uint8]:
    """The mask at ``path``, ``(h, w)``, 0..255."""
    mask = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if mask is None:
        raise FileNotFoundError(f"no readable mask at {path}")
    return mask.astype(np.uint8)


def square(image: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """``image`` or mask resized to ``(side, side)``: by the mean over areas where it shrinks, else bilinearly."""
    shrinks = min(image.shape[:2]) >= side
    resized = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    return resized.astype(np.uint8)


def normalised(image: NDArray[np.uint8], side: int) -> NDArray[np.float32]:
    """``(h, w, 3)`` 8-bit RGB to the network's ``(1, 3, side, side)``, as the contract of the U2-Net family says."""
    resized = square(image, side).astype(np.float32)
    resized = (resized / max(float(resized.max()), 1.0) - np.array(MEAN, np.float32)) / np.array(DEVIATION, np.float32)
    return np.ascontiguousarray(resized.transpose(2, 0, 1)[None])


def load_teacher(root: Path) -> U2Net:
    """U2NETP with its published weights, in evaluation mode; all heads, as logits."""
    teacher = U2Net(U2NETP, logits=True)
    state = torch.load(root / "weights/segmentation/u2netp.pth", map_location="cpu", weights_only=True)
    teacher.load_state_dict(state, strict=True)
    return teacher.eval().requires_grad_(False)


@dataclass(frozen=True)
class Entry:
    """One photo of the packed set, in the order of the files' first axis."""

    source: str
    stem: str
    held_out: bool


def listed(root: Path) -> list[tuple[Entry, Path, Path | None]]:
    """Every photo that may be trained on, with its mask if it has one."""
    entries: list[tuple[Entry, Path, Path | None]] = []
    for name, source in SOURCES.items():
        folder = root / source.folder
        with_mask = source.kind in {"masked", "cut-out"}
        masks = folder.parent / "masks" if folder.name == "images" else folder
        for number, photo in enumerate(
            sorted(
                path
                for path in folder.iterdir()
                if path.suffix in {".jpg", ".png"} and not (with_mask and masks == folder and path.suffix == ".png")
            )
        ):
            kept_back = source.kind == "masked" and name not in NOT_HELD_OUT and number % HELD_OUT_STEP == 5
            mask = masks / f"{photo.stem}.png" if with_mask else None
            entries.append((Entry(name, photo.stem, kept_back), photo, mask))
    return entries


def pack(root: Path, out: Path) -> None:
    """Write the photos and their masks, zeros where there is none."""
    entries = listed(root)
    count = len(entries)
    photos = np.lib.format.open_memmap(out / "photos.npy", "w+", np.uint8, (count, SIDE, SIDE, 3))
    masks = np.lib.format.open_memmap(out / "masks.npy", "w+", np.uint8, (count, SIDE, SIDE))
    for index, (_, photo, mask) in enumerate(entries):
        photos[index] = square(read_rgb(photo), SIDE)
        if mask is not None:
            masks[index] = square(read_mask(mask), SIDE)
    photos.flush()
    masks.flush()
    index_text = json.dumps([vars(entry) for entry, _, _ in entries], indent=0)
    (out / "index.json").write_text(index_text, encoding="utf-8")


def teach(root: Path, out: Path) -> None:
    """Write what the teacher makes of each photo at its own size; cut-outs and grounds are not shown to it."""
    import openvino

    teacher = load_teacher(root)
    teacher.heads, teacher.logits = "fused", False
    example = torch.zeros(1, 3, TEACHER_SIDE, TEACHER_SIDE)
    settings = {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}
    model = openvino.Core().compile_model(
        openvino.convert_model(teacher, example_input=example, input=[1, 3, TEACHER_SIDE, TEACHER_SIDE]),
        "CPU",
        settings,
    )
    entries = listed(root)
    taught_path, progress = out / "taught.npy", out / "taught.txt"
    start = int(progress.read_text()) if taught_path.exists() else 0
    shape = (len(entries), SIDE, SIDE)
    taught = np.lib.format.open_memmap(taught_path, "r+" if start else "w+", np.uint8, shape)
    for index, (entry, photo, _) in enumerate(entries):
        source = SOURCES[entry.source]
        if index >= start and source.kind in {"masked", "unmasked"} and source.trust < 1:
            alpha = (model(normalised(read_rgb(photo), TEACHER_SIDE))[0][0, 0] * 255).round().astype(np.uint8)
            taught[index] = square(alpha, SIDE)
        if index >= start and (index % 100 == 99 or index == len(entries) - 1):
            taught.flush()
            progress.write_text(str(index + 1))
            print(index + 1, "of", len(entries), flush=True)


def main() -> None:
    """Parse the command line and make what is not there yet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    out: Path = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    if not (out / "index.json").exists():
        pack(data_root(), out)
    teach(data_root(), out)


if __name__ == "__main__":
    main()
