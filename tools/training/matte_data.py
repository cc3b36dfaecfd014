"""The training set of mattelite: packed once into one file (photos, masks, the teacher's masks), augmented in batches.

``python matte_data.py --out FOLDER`` writes ``matte.npz``. Everything in it is SIDE x SIDE, 8-bit.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
import torch
from mattekit.convert.networks.u2net import U2NETP, U2Net
from numpy.typing import NDArray
from runs import data_root
from sr_data import read_rgb

SIDE = 256
TEACHER_SIDE = 320
HELD_OUT = 24
"""So many ECSSD training photos, the last by name, are kept back to watch the training by."""
TAUGHT = ("ecssd", "bsds")
"""The teacher looks at the general photos. Its opinion on the others costs hours of CPU, and they have true masks."""
CCP_STEP = 2
"""Every second fashion photo is enough: they are all alike, a person standing in front of a plain ground."""
MEAN = (0.485, 0.456, 0.406)
DEVIATION = (0.229, 0.224, 0.225)


def read_mask(path: Path) -> NDArray[np.uint8]:
    """The mask at ``path``, ``(h, w)``, 0..255."""
    mask = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if mask is None:
        raise FileNotFoundError(f"no readable mask at {path}")
    return mask.astype(np.uint8)


def normalised(image: NDArray[np.uint8], side: int) -> NDArray[np.float32]:
    """``(h, w, 3)`` 8-bit RGB to the network's ``(1, 3, side, side)``, as the contract of the U2-Net family says."""
    resized = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA).astype(np.float32)
    resized = (resized / max(float(resized.max()), 1.0) - np.array(MEAN, np.float32)) / np.array(DEVIATION, np.float32)
    return np.ascontiguousarray(resized.transpose(2, 0, 1)[None])


def load_teacher(root: Path) -> U2Net:
    """U2NETP with its published weights, in evaluation mode; all heads, as logits."""
    teacher = U2Net(U2NETP, logits=True)
    state = torch.load(root / "weights/segmentation/u2netp.pth", map_location="cpu", weights_only=True)
    teacher.load_state_dict(state, strict=True)
    return teacher.eval().requires_grad_(False)


def listed(root: Path) -> list[tuple[str, Path, Path | None]]:
    """``(source, photo, mask or None)`` of everything that may be trained on."""
    films = [(name, photo) for name in ("ccp", "davis") for photo in sorted((root / "train320" / name).glob("*.jpg"))]
    entries = [(name, photo, photo.with_suffix(".png")) for name, photo in films if name != "ccp"]
    entries += [(name, photo, photo.with_suffix(".png")) for name, photo in films if name == "ccp"][::CCP_STEP]
    general = sorted((root / "segmentation/ecssd_train/images").iterdir())
    entries += [("ecssd", photo, root / "segmentation/ecssd_train/masks" / f"{photo.stem}.png") for photo in general]
    unmasked = sorted((root / "super_resolution/bsds500_train100").iterdir())
    return [*entries, *(("bsds", photo, None) for photo in unmasked)]


def pack(root: Path, out: Path) -> None:
    """Write the photos, their masks and the teacher's masks to ``matte.npz`` in ``out``."""
    torch.set_num_threads(1)
    teacher = load_teacher(root)
    teacher.heads, teacher.logits = "fused", False
    photos, masks, taught, sources = [], [], [], []
    for source, photo, mask in listed(root):
        image = read_rgb(photo)
        photos.append(cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA))
        if source in TAUGHT:
            with torch.inference_mode():
                pixels = torch.from_numpy(normalised(image, TEACHER_SIDE)).contiguous(memory_format=torch.channels_last)
                alpha = (teacher(pixels)[0, 0].numpy() * 255).round().astype(np.uint8)
        else:
            assert mask is not None
            alpha = read_mask(mask)
        taught.append(cv2.resize(alpha, (SIDE, SIDE), interpolation=cv2.INTER_AREA))
        truth = alpha if mask is None else read_mask(mask)
        masks.append(cv2.resize(truth, (SIDE, SIDE), interpolation=cv2.INTER_AREA))
        sources.append(source)
        if len(photos) % 100 == 0:
            print(len(photos), flush=True)
    out.mkdir(parents=True, exist_ok=True)
    np.savez(out / "matte.npz", photos=photos, masks=masks, taught=taught, sources=np.array(sources))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    pack(data_root(), parser.parse_args().out)
