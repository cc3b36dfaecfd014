"""How often a network's contract is found from photos: the zoo's, and twenty permutations of them.

    python tools/infer_contracts.py DATA [--limit 48] [--only NAME ...]

DATA is a folder with `segmentation/ecssd_val/`, `train320/ccp/` (people) and `weights/`, as docs/models.md names the
files.
A permutation takes other images than its network: another colour order, range or normalisation, which operators in
front of the network undo; its answer may be inverted, one of two channels, or the second of two outputs. Of each, a
table says what was proposed, with which margin, and whether its masks are those of the true contract.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import openvino
from mattekit import infer_contract
from mattekit.core import Contract, MattekitError
from mattekit.datasets import open_dataset
from mattekit.infer import load as load_model, matte_from, read_model, tensor_from
from mattekit.models import ModelRef
from openvino import opset13 as ops

UNIT: dict[str, Any] = {"divide_by": 255.0, "mean": (0.0,), "std": (1.0,)}
LEVELS = UNIT | {"divide_by": 1.0}
HALF = UNIT | {"mean": (0.5,), "std": (0.5,)}
CENTRED = UNIT | {"mean": (0.5,)}
IMAGENET = UNIT | {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}
CAFFE = LEVELS | {"mean": (123.68, 116.779, 103.939)}


@dataclass(frozen=True)
class Case:
    """A network, and how it is permuted; `numbers` None leaves it as it is."""

    model: str
    name: str = "as published"
    order: str = "RGB"
    numbers: dict[str, Any] | None = None
    answer: str = ""


SEGMENTATION = {
    "mattelite": "mattelite",
    "u2netp": "u2netp@{weights}/segmentation/u2netp.pth",
    "rembg-u2netp": "rembg-u2netp@{weights}/segmentation/rembg_u2netp.onnx",
    "modnet": "modnet@{weights}/segmentation/modnet.onnx",
}
ENLARGING = {
    "srlite-x2": "srlite-x2",
    "srlite-x4": "srlite-x4",
    "imdn-x2": "imdn-x2@{weights}/super_resolution/imdn_x2.pth",
    "rfdn-x4": "rfdn-x4@{weights}/super_resolution/rfdn_x4.pth",
    "imdn-x4": "imdn-x4@{weights}/super_resolution/imdn_x4.pth",
    "rlfn-x4": "rlfn-x4@{weights}/super_resolution/rlfn_x4.pth",
    "span-x2": "span-x2@{weights}/super_resolution/span_x2_ch48.pth",
    "span-x4": "span-x4@{weights}/super_resolution/span_x4_ch48.pth",
    "realesr-animevideov3": "realesr-animevideov3@{weights}/super_resolution/realesr_animevideov3_x4.pth",
    "realesrgan-x4plus-anime-6b": (
        "realesrgan-x4plus-anime-6b@{weights}/super_resolution/realesrgan_x4plus_anime_6b.pth"
    ),
}

OF_PEOPLE = frozenset({"modnet"})
"""Networks that are tried on photos of people, which they were made for."""

CASES = [
    *(Case(name) for name in (*SEGMENTATION, *ENLARGING)),
    Case("mattelite", "BGR", "BGR", IMAGENET),
    Case("mattelite", "levels", "RGB", LEVELS),
    Case("mattelite", "half, inverted", "RGB", HALF, "inverted"),
    Case("mattelite", "Caffe, BGR, two channels", "BGR", CAFFE, "channels"),
    Case("mattelite", "unit, second output", "RGB", UNIT, "second"),
    Case("u2netp", "BGR, half", "BGR", HALF),
    Case("u2netp", "levels, inverted", "RGB", LEVELS, "inverted"),
    Case("u2netp", "unit, two channels", "RGB", UNIT, "channels"),
    Case("u2netp", "Caffe", "RGB", CAFFE),
    Case("rembg-u2netp", "BGR, levels", "BGR", LEVELS),
    Case("rembg-u2netp", "half, second output", "RGB", HALF, "second"),
    Case("rembg-u2netp", "centred, BGR", "BGR", CENTRED),
    Case("modnet", "ImageNet", "RGB", IMAGENET),
    Case("modnet", "BGR, unit", "BGR", UNIT),
    Case("srlite-x2", "levels", "RGB", LEVELS),
    Case("srlite-x4", "BGR", "BGR", UNIT),
    Case("imdn-x2", "half", "RGB", HALF),
    Case("imdn-x2", "BGR, levels", "BGR", LEVELS),
    Case("rfdn-x4", "half", "RGB", HALF),
    Case("realesr-animevideov3", "levels", "RGB", LEVELS),
]


def permuted(path: Path, contract: Contract, case: Case, out: Path) -> Contract:
    """Write the permuted network, and return its contract."""
    model = read_model(path)
    numbers = case.numbers
    own = contract.input
    divide = 255.0 if own.divide_by == "image_max" else own.divide_by
    if numbers is not None:
        entry = model.inputs[0].get_node()
        image = ops.parameter(entry.get_output_partial_shape(0), np.float32, name="image")
        image.output(0).set_names({"image"})

        def column(values: tuple[float, ...]) -> Any:
            return ops.constant(np.array(values * (3 // len(values)), np.float32).reshape(1, 3, 1, 1))

        ratio = numbers["divide_by"] / divide
        node = ops.multiply(image, column(tuple(each * ratio for each in numbers["std"])))
        node = ops.add(node, column(tuple(each * ratio for each in numbers["mean"])))
        node = ops.divide(ops.subtract(node, column(own.mean)), column(own.std))
        if case.order == "BGR":
            # Means and deviations are those of red, green and blue: they are undone before the channels are turned.
            flipped = {key: tuple(reversed(numbers[key])) for key in ("mean", "std")}
            node = ops.multiply(image, column(tuple(each * ratio for each in flipped["std"])))
            node = ops.add(node, column(tuple(each * ratio for each in flipped["mean"])))
            node = ops.gather(node, ops.constant(np.array([2, 1, 0])), ops.constant(np.int64(1)))
            node = ops.divide(ops.subtract(node, column(own.mean)), column(own.std))
        for consumer in list(entry.output(0).get_target_inputs()):
            consumer.replace_source_output(node.output(0))
    else:
        image = model.inputs[0].get_node()
    answer = model.outputs[0].get_node().input_value(0)
    if case.order == "BGR" and contract.task == "super_resolution":
        # What is enlarged comes out in the order that it came in.
        answer = ops.gather(answer, ops.constant(np.array([2, 1, 0])), ops.constant(np.int64(1))).output(0)
    results = {
        "": lambda: [answer],
        "inverted": lambda: [ops.subtract(ops.constant(np.float32(1)), answer)],
        "channels": lambda: [ops.concat([ops.subtract(ops.constant(np.float32(1)), answer), answer], 1)],
        "second": lambda: [ops.multiply(answer, ops.constant(np.float32(0.1))), answer],
    }[case.answer]()
    places = [ops.result(each) for each in results]
    for number, place in enumerate(places):
        place.output(0).set_names({f"out{number}"})
    # The stub of the constructor knows only the extension class underneath.
    whole = openvino.Model(places, [image], "permuted")  # pyright: ignore[reportGeneralTypeIssues]
    openvino.save_model(whole, out, compress_to_fp16=False)
    means = numbers or {"divide_by": own.divide_by, "mean": own.mean, "std": own.std}
    if case.order == "BGR":
        means = means | {key: tuple(reversed(means[key])) for key in ("mean", "std")}
    told = contract.model_dump()
    told["input"] |= {"colour_order": case.order, "name": None, **means}
    told["output"] |= {
        "": {"name": None},
        "inverted": {"invert": True, "name": None},
        "channels": {"channel": 1, "name": None},
        "second": {"name": "out1"},
    }[case.answer]
    return Contract.model_validate(told)


def laid_apart(folder: Path, out: Path) -> str:
    """Link photos and masks that lie in one folder, `a.jpg` beside `a.png`, into two, and return them as data."""
    for name, suffix in (("images", ".jpg"), ("masks", ".png")):
        (out / name).mkdir()
        for file in folder.glob(f"*{suffix}"):
            (out / name / file.name).symlink_to(file)
    return f"images={out / 'images'},masks={out / 'masks'}"


def agreement(path: Path, one: Contract, other: Contract, data: str, limit: int) -> float:
    """Return the mean IoU of the masks of two contracts."""
    first, second = load_model(path, contract=one), load_model(path, contract=other)
    found = []
    for sample in open_dataset(data).take(limit):
        masks = [
            matte_from(model.runtime.run(tensor_from(sample.image, model.contract)), model.contract).alpha > 0.5
            for model in (first, second)
        ]
        union = (masks[0] | masks[1]).sum()
        found.append((masks[0] & masks[1]).sum() / union if union else 1.0)
    return float(np.mean(found))


def is_prepared_alike(one: Contract, other: Contract) -> bool:
    """Tell whether two contracts give the network the same numbers, but for the image's maximum."""

    def numbers(contract: Contract) -> tuple[Any, ...]:
        given = contract.input
        divide = 255.0 if given.divide_by == "image_max" else given.divide_by
        # In levels, so that a range and its normalisation count together.
        shift = [round(value * divide, 1) for value in given.per_channel(given.mean)]
        width = [round(value * divide, 1) for value in given.per_channel(given.std)]
        return given.colour_order, shift, width

    return numbers(one) == numbers(other)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--limit", type=int, default=48)
    parser.add_argument("--only", nargs="*", default=[])
    asked = parser.parse_args()
    photos = asked.data / "segmentation" / "ecssd_val"
    objects = f"images={photos / 'images'},masks={photos / 'masks'}"
    beside = tempfile.TemporaryDirectory()
    people = laid_apart(asked.data / "train320" / "ccp", Path(beside.name))
    counts = {"right": 0, "wrong": 0, "undecided": 0}
    print(
        "| network | taken as | proposed | by | score | margin | s | |\n|---|---|---|---|---|---|---|---|", flush=True
    )
    for case in CASES:
        if asked.only and case.model not in asked.only:
            continue
        enlarges, masks = case.model in ENLARGING, people if case.model in OF_PEOPLE else objects
        name = (SEGMENTATION | ENLARGING)[case.model].format(weights=asked.data / "weights")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "own.xml"
            try:
                source = ModelRef.parse(name).one()
            except MattekitError as error:
                print(f"| {case.model} | {case.name} | {error} | | | | | |", flush=True)
                continue
            truth = permuted(source.path, source.contract, case, path)
            file = Path(name.rpartition("@")[2])
            if case.numbers is None and file.suffix == ".onnx":
                # What is published as an ONNX file is known by its hash.
                path, truth = file, source.contract
            started = time.perf_counter()
            found = infer_contract(path, str(photos / "images") if enlarges else masks, limit=asked.limit)
            seconds = time.perf_counter() - started
            verdict = "undecided"
            if found.contract is not None:
                right = any(is_prepared_alike(each.contract, truth) for each in found.best)
                if not right and not enlarges:
                    right = agreement(path, found.contract, truth, masks, asked.limit) >= 0.995
                verdict = "right" if right else "wrong"
        counts[verdict] += 1
        best = found.best[0]
        said = best.name if found.contract else f"{best.name} or {found.second.name if found.second else '?'}"
        more = f" and {len(found.best) - 1} that are the same" if len(found.best) > 1 else ""
        print(
            f"| {case.model} | {case.name} | {said}{more} | {found.known or f'{found.photos} photos'} | "
            f"{best.score:.4g} | {found.margin:.3g} | {seconds:.0f} | {verdict} |",
            flush=True,
        )
    beside.cleanup()
    print(", ".join(f"{number} {name}" for name, number in counts.items()))


if __name__ == "__main__":
    main()
