"""mattekit's `rembg-…` contract against rembg's own code: what the network is given, and what becomes of its answer.

    python tools/rembg_equivalence.py --work FOLDER [--count 10000]
    python tools/rembg_equivalence.py --work FOLDER --whole PHOTOS --model MODEL [--count 500]

The first form leaves the network out: images are generated in many formats, some of their files mutated, and both read
the same bytes; both then get the same answer of a network, made up for each image. Compared are the input tensors and
the masks. The second form runs the whole of both over photos: MODEL is the folder of an export of `rembg-u2netp`, whose
ONNX file rembg gets. rembg is installed into an environment of its own in the work folder.

What is different on purpose is counted by its name, not compared: docs/rembg.md says why.
"""

from __future__ import annotations

import argparse
import io
import os
import re
import shutil
import struct
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple, cast

import cv2
import numpy as np
from compare_rembg import install
from mattekit import open_model, read_image
from mattekit.convert import zoo
from mattekit.core import Execution, ImageError, Variant
from mattekit.infer import LEAST_SPREAD, LoadedModel, Remover, SerialRuntime, Tensor
from numpy.typing import NDArray
from PIL import Image as PilImage, ImageFile

SIDE = 320
TENSOR_LIMIT, MASK_LIMIT = 1e-4, 1

# Runs in rembg's environment. A request is a file's bytes and a network's answer, which takes the network's place where
# it is not empty; the reply is the tensor that the network was given, the mask, and the mode of the image; or an error.
PEER = """
import struct, sys
from io import BytesIO
import numpy as np
from PIL import Image
from rembg import new_session, remove
from rembg.sessions.u2netp import U2netpSession

requests, replies = sys.stdin.buffer, sys.stdout.buffer
sys.stdout = sys.stderr

class Network:
    def __init__(self, whole):
        self.whole = whole
    def get_inputs(self):
        return self.whole.get_inputs() if self.whole else [type("Input", (), {"name": "input"})]
    def run(self, names, tensors):
        (self.seen,) = tensors.values()
        return [self.answer] if self.answer is not None else self.whole.run(names, tensors)

if "--whole" in sys.argv:
    session = new_session("u2netp")
    session.inner_session = Network(session.inner_session)
else:
    session = U2netpSession.__new__(U2netpSession)
    session.inner_session = Network(None)

def part():
    (size,) = struct.unpack("<Q", requests.read(8))
    return requests.read(size)

def send(*parts):
    for data in parts:
        replies.write(struct.pack("<Q", len(data)))
        replies.write(data)
    replies.flush()

while header := requests.peek(1):
    data, answer = part(), part()
    network = session.inner_session
    network.answer = np.frombuffer(answer, np.float32).reshape(1, 1, 320, 320) if answer else None
    try:
        image = Image.open(BytesIO(data))
        mode = image.mode
        mask = remove(image, session=session, only_mask=True)
    except Exception as error:
        send(b"", repr(error).encode(), b"", b"")
        continue
    send(mode.encode(), network.seen.tobytes(), struct.pack("<QQ", *mask.size), mask.tobytes())
"""


class Theirs(NamedTuple):
    """What rembg made of a file: the image's mode, empty where it refused it; the tensor; the mask."""

    mode: str
    tensor: Tensor
    mask: NDArray[np.uint8]


class Peer:
    """rembg, running in a process of its own."""

    def __init__(self, work: Path, *, whole: bool = False) -> None:
        environment = {**os.environ, "U2NET_HOME": str(work / "u2net"), "MODEL_CHECKSUM_DISABLED": "1"}
        command = [str(install(work) / "bin" / "python"), "-c", PEER, *(["--whole"] if whole else [])]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
        self._to, self._from = cast("IO[bytes]", process.stdin), cast("IO[bytes]", process.stdout)

    def ask(self, data: bytes, answer: bytes = b"") -> Theirs:
        for part in (data, answer):
            self._to.write(struct.pack("<Q", len(part)) + part)
        self._to.flush()
        mode, tensor, size, mask = (self._part() for _ in range(4))
        if not mode:
            return Theirs("", np.empty(0, np.float32), np.empty((0, 0), np.uint8))
        width, height = struct.unpack("<QQ", size)
        seen = np.frombuffer(tensor, np.float32).reshape(1, 3, SIDE, SIDE)
        return Theirs(mode.decode(), seen, np.frombuffer(mask, np.uint8).reshape(height, width))

    def _part(self) -> bytes:
        (size,) = struct.unpack("<Q", self._from.read(8))
        return self._from.read(size)


class Given(SerialRuntime):
    """A network in whose place an answer is given."""

    def __init__(self) -> None:
        super().__init__(Execution(runtime="given"), self._execute)
        self.answer = self.seen = np.zeros((1, 1, SIDE, SIDE), np.float32)

    def _execute(self, tensor: Tensor) -> list[Tensor]:
        self.seen = tensor
        return [self.answer]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--count", type=int, help="images to compare (10000, or 500 whole)")
    parser.add_argument("--whole", type=Path, help="a folder of photos, to be done with the network")
    parser.add_argument("--model", type=Path, help="with --whole: folder of an FP32 export of rembg-u2netp")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    work: Path = options.work.resolve()
    # Pillow's JPEG writer else fails on noise, whose files are larger than its guess.
    ImageFile.MAXBLOCK = 1 << 25
    if options.whole is None:
        return without_network(work, options.count or 10_000, options.seed)
    return whole(work, options.whole, options.model, options.count or 500)


def without_network(work: Path, count: int, seed: int) -> int:
    """Compare tensors and masks with the network left out."""
    peer, runtime = Peer(work), Given()
    contract = zoo.get("rembg-u2netp").contract
    remover = Remover(LoadedModel(Variant("given", "fp32", Path("given.xml"), contract), runtime))
    rng = np.random.default_rng(seed)
    outcomes: Counter[str] = Counter()
    worst_tensor, worst_mask = 0.0, 0
    files = generated(rng)
    while outcomes["compared"] < count:
        name, data = next(files)
        answer = runtime.answer = made_up(rng)
        theirs = peer.ask(data, answer.tobytes())
        try:
            image = read_image(data, name=name)
        except ImageError as error:
            outcomes["refused by both" if not theirs.mode else f"refused by mattekit: {reason(error)}"] += 1
            continue
        apart = on_purpose(image.alpha is not None and int(image.alpha.min()) < image.full, image.full, theirs.mode)
        if apart:
            outcomes[apart] += 1
            continue
        matte = remover.matte(image)
        outcomes["compared"] += 1
        if outcomes["compared"] % 500 == 0:
            print(f"{outcomes.total()} files, tensors {worst_tensor:.2g}, masks {worst_mask}/255", flush=True)
        outcomes["of these mutated"] += "mutated" in name
        if theirs.mask.shape != matte.alpha.shape:
            print(f"{name}: {theirs.mask.shape} and {matte.alpha.shape}", flush=True)
            outcomes["DIFFERENT"] += 1
            keep(work, name, data)
            continue
        tensor = float(np.abs(theirs.tensor - runtime.seen).max())
        mask = 0
        if np.ptp(answer) >= LEAST_SPREAD:
            mask = int(np.abs(theirs.mask.astype(int) - matte.alpha).max())
        else:
            outcomes["of these without a subject (tensor compared alone)"] += 1
        worst_tensor, worst_mask = max(worst_tensor, tensor), max(worst_mask, mask)
        if tensor > TENSOR_LIMIT or mask > MASK_LIMIT:
            outcomes["DIFFERENT"] += 1
            print(f"{name}: tensor {tensor:.2g}, mask {mask}", flush=True)
            keep(work, name, data)
    for outcome, number in outcomes.most_common():
        print(f"{number:6d}  {outcome}")
    print(f"largest difference of a tensor {worst_tensor:.2g}, of a mask {worst_mask}/255")
    return int(outcomes["DIFFERENT"] > 0)


def on_purpose(transparent: bool, full: int, mode: str) -> str:
    """Say why an image is not done as rembg does it; empty where it is to be the same."""
    if not mode:
        return "refused by rembg"
    if transparent:
        return "transparent: laid on a ground"
    if full > 255 or mode in ("I", "F") or mode.startswith("I;"):
        return "16 bits: not cut off"
    if mode in ("CMYK", "LAB", "YCbCr", "HSV"):
        return f"{mode}: by its profile"
    return ""


def keep(work: Path, name: str, data: bytes) -> None:
    (work / "different").mkdir(exist_ok=True)
    (work / "different" / name).write_bytes(data)


def reason(error: ImageError) -> str:
    """Return what an error says, without the file's name and its numbers."""
    return re.sub(r"\d+", "N", str(error).split(": ", 1)[-1])[:90]


def made_up(rng: np.random.Generator) -> Tensor:
    """Return what a network might have answered: blobs, edges and noise, (1, 1, 320, 320), nearly always a subject."""
    cells = int(rng.integers(2, 40))
    raw = cv2.resize(rng.random((cells, cells), np.float32), (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    raw = (np.tanh((raw - 0.5) * float(rng.choice([0.5, 2.5, 15, 100]))) + 1) / 2
    if rng.random() < 0.2:
        raw = raw + rng.random((SIDE, SIDE), np.float32) * 0.1
    return np.ascontiguousarray(raw, np.float32).reshape(1, 1, SIDE, SIDE)


def generated(rng: np.random.Generator) -> Iterator[tuple[str, bytes]]:
    """Yield names and contents of image files without end; every third is mutated."""
    number = 0
    while True:
        kind, data = encoded(rng, content(rng))
        yield f"{number:06d}.{kind}", data
        if number % 2 == 0:
            yield f"{number:06d}-mutated.{kind}", mutated(rng, data)
        number += 1


def content(rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return what is in an image, (H, W, 3): noise, blobs, slopes, flat colours, of any shape up to 1600 pixels."""
    longest = int(rng.choice([8, 64, 330, 640, 1600], p=[0.15, 0.35, 0.3, 0.15, 0.05]))
    height, width = (int(side) for side in rng.integers(1, longest + 1, 2))
    draw = rng.random()
    if draw < 0.1:
        return np.full((height, width, 3), rng.integers(0, 256, 3), np.uint8)
    if draw < 0.15:
        return np.zeros((height, width, 3), np.uint8)
    if draw < 0.3:
        return rng.integers(0, int(rng.integers(2, 257)), (height, width, 3)).astype(np.uint8)
    cells = [int(number) for number in rng.integers(2, 30, 2)]
    small = rng.integers(0, 256, (*cells, 3)).astype(np.uint8)
    way = cv2.INTER_NEAREST if draw < 0.5 else cv2.INTER_CUBIC
    return cv2.resize(small, (width, height), interpolation=way).astype(np.uint8)


def encoded(rng: np.random.Generator, rgb: NDArray[np.uint8]) -> tuple[str, bytes]:
    """Return an image's file, and what it is called behind the dot."""
    image, file = PilImage.fromarray(rgb), io.BytesIO()
    kinds = {"jpg": 0.4, "png": 0.25, "webp": 0.12, "bmp": 0.06, "gif": 0.05, "tif": 0.08, "ppm": 0.04}
    kind = str(rng.choice(list(kinds), p=list(kinds.values())))
    modes = {"jpg": ["RGB", "L", "CMYK"], "webp": ["RGB", "RGBA"], "gif": ["P"], "ppm": ["RGB", "L", "1"]}
    mode = str(rng.choice(modes.get(kind, ["RGB", "L", "P", "1"]))) if rng.random() < 0.35 or kind == "gif" else "RGB"
    image = image.convert(mode)
    save: dict[str, object] = {}
    if kind in ("jpg", "png", "webp", "tif") and rng.random() < 0.4:
        exif = PilImage.Exif()
        exif[0x0112] = int(rng.integers(1, 9))
        save["exif"] = exif.tobytes() if kind != "tif" else exif
    if kind == "jpg":
        save |= {"quality": int(rng.integers(5, 101)), "progressive": bool(rng.random() < 0.3)}
        save |= {"subsampling": int(rng.integers(0, 3)), "optimize": bool(rng.random() < 0.3)}
    elif kind == "webp":
        save |= {"lossless": bool(rng.random() < 0.3), "quality": int(rng.integers(5, 101)), "method": 0}
    elif kind == "tif":
        save["compression"] = str(rng.choice(["raw", "tiff_lzw", "tiff_adobe_deflate", "packbits"]))
    formats = {"jpg": "JPEG", "tif": "TIFF"}
    image.save(file, formats.get(kind, kind.upper()), **save)  # pyright: ignore[reportArgumentType]
    return kind, file.getvalue()


def mutated(rng: np.random.Generator, data: bytes) -> bytes:
    """Return a file with some of its bytes changed, left out or doubled; rarely of those that name its kind."""
    changed = bytearray(data)
    for _ in range(int(rng.integers(1, 4))):
        at = int(rng.integers(0 if rng.random() < 0.1 else min(16, len(changed) - 1), len(changed)))
        draw = rng.random()
        if draw < 0.6:
            changed[at] = int(rng.integers(0, 256))
        elif draw < 0.75:
            del changed[at : at + int(rng.integers(1, 20))]
        elif draw < 0.9:
            changed[at:at] = changed[at : at + int(rng.integers(1, 20))]
        else:
            changed += bytes(int(rng.integers(1, 100)))
        if not changed:
            return data
    return bytes(changed)


def whole(work: Path, photos: Path, model: Path, count: int) -> int:
    """Compare the masks of whole runs, a photo in eight enlarged to 12 megapixels."""
    (work / "u2net").mkdir(exist_ok=True)
    shutil.copy(model / "model.onnx", work / "u2net" / "u2netp.onnx")
    peer, remover = Peer(work, whole=True), Remover(open_model(model / "model.xml"))
    differences: dict[str, float] = {}
    without = 0
    for number, path in enumerate(sorted(photos.rglob("*.jpg"))[:count]):
        data = path.read_bytes()
        if number % 8 == 0:
            rgb = cv2.resize(read_image(path).rgb[..., ::-1], (4000, 3000), interpolation=cv2.INTER_CUBIC)
            data = cv2.imencode(".jpg", rgb, [cv2.IMWRITE_JPEG_QUALITY, 92])[1].tobytes()
        theirs, matte = peer.ask(data), remover.matte(read_image(data, name=path.name))
        if not matte.foreground:
            without += 1
            continue
        differences[str(path)] = float(np.abs(theirs.mask.astype(int) - matte.alpha).mean())
    values = list(differences.values())
    worst = max(differences, key=lambda name: differences[name])
    print(f"{len(values)} photos; {without} more without a subject")
    print(f"masks apart by {np.mean(values):.4f}/255 on average, {differences[worst]:.4f}/255 on the worst, {worst}")
    return int(np.mean(values) > 0.1 or differences[worst] > 1)


if __name__ == "__main__":
    sys.exit(main())
