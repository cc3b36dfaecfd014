"""What comes of a contract: a few photos through the network, and what they say; and the contract written inside."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from ...core import (
    CONTRACT_KEY,
    Contract,
    ContractError,
    ContractLike,
    InputError,
    contract_from,
    copy_onnx,
    files_of,
    make_folder,
)
from ...datasets import Dataset, open_dataset
from ...images import Image
from ...infer import Remover, Upscaler, adapter_for, interface_of, load, read_model
from ...metrics import get_metric
from ..ir import write_ir
from ..witness import require_same_answer

if TYPE_CHECKING:
    from pydantic import JsonValue

__all__ = ["Answer", "ContractCheck", "attach_contract", "check_contract"]

_EMPTY, _FULL = 0.001, 0.999
"""Shares of an image below and above which a mask is constant."""

_CROP = 192
"""Side, in pixels, of what is cut from a photo for a super-resolution network."""


@dataclass(frozen=True)
class Answer:
    """What a network said of a photo.

    Attributes:
        id: of the photo.
        area: share of the image that the mask covers, 0-1; for super-resolution, None.
        low: the smallest value of what came out, in the mask 0-1, in pixels 0-255.
        high: the largest one.
        iou: with the photo's mask; None without one.
        difference: mean difference from the photo, 0-255, of an enlargement brought back to its size; else None.
    """

    id: str
    area: float | None
    low: float
    high: float
    iou: float | None = None
    difference: float | None = None

    @property
    def is_constant(self) -> bool:
        """Tell whether it says nothing: all subject, all background, or one level."""
        if self.area is not None:
            return not _EMPTY < self.area < _FULL
        return self.high - self.low < 2


@dataclass(frozen=True)
class ContractCheck:
    """What comes of a contract on photos.

    Attributes:
        path: of the model.
        contract: that it was run by.
        answers: for each photo.
    """

    path: Path
    contract: Contract
    answers: tuple[Answer, ...]

    @property
    def enough_evidence(self) -> bool:
        """Tell whether any photo says something: of constant masks, none does."""
        return not all(each.is_constant for each in self.answers)

    def to_dict(self) -> dict[str, JsonValue]:
        """Return it as JSON holds it."""
        return {
            "file": str(self.path),
            "contract": self.contract.model_dump(mode="json"),
            "answers": [{**vars(each), "constant": each.is_constant} for each in self.answers],
            "enough_evidence": self.enough_evidence,
        }


def check_contract(
    model: str | Path, contract: ContractLike | None = None, data: str | Path = "synthetic:count=6", limit: int = 6
) -> ContractCheck:
    """Run a few photos by a contract, and return what comes out.

    Args:
        model: an `.onnx` or `.xml` file.
        contract: a TOML file, or a `Contract`; the one inside the file, or beside it, where None.
        data: photos, as `open_dataset` takes them; with masks, each answer has its IoU.
        limit: at most so many of them, spread evenly.

    Returns:
        What the network says of each photo.

    Raises:
        ContractError: nothing says a contract, or the file takes or gives other than it says.
        ParityError: OpenVINO answers the first photo otherwise than ONNX Runtime, where that is installed.
        MattekitError: the file cannot be read, or the data cannot.

    Example:
        >>> import mattekit
        >>> mattekit.check_contract(mattekit.open_model("mattelite").path, limit=2).enough_evidence
        True
    """
    path = Path(model).expanduser()
    opened = load(path, contract=contract_from(contract))
    samples = open_dataset(data, scale=1, task="segmentation").take(limit)
    for first in samples.take(1):
        require_same_answer(opened, Image(rgb=first.image))
    if opened.contract.task == "segmentation":
        answers = tuple(_masks(Remover(opened), samples))
    else:
        answers = tuple(_enlargements(Upscaler(opened), samples))
    if not answers:
        raise InputError(f"{data}: there is no photo in it; give --data a folder of photos")
    return ContractCheck(path, opened.contract, answers)


def attach_contract(model: str | Path, contract: ContractLike, out: str | Path) -> Path:
    """Write a copy of a model with its contract inside; the network stays as it is.

    Args:
        model: an `.onnx` or `.xml` file.
        contract: a TOML file, or a `Contract`.
        out: the copy, of the same suffix; its weights come to lie beside it.

    Returns:
        The copy's path.

    Raises:
        ContractError: the file takes or gives other than the contract says; nothing is written.
        InputError: the copy has another suffix.

    Example:
        >>> import mattekit
        >>> model = mattekit.open_model("srlite-x2")
        >>> mattekit.attach_contract(model.path, model.contract, "copies/larger.xml").name
        'larger.xml'
    """
    source, target = Path(model).expanduser(), Path(out).expanduser()
    if source.suffix != target.suffix:
        raise InputError(
            f"{target}: the copy of a {source.suffix} file is one; give {target.with_suffix(source.suffix)}"
        )
    chosen = contract_from(contract)
    if chosen is None:
        raise ContractError(f"{source}: no contract was given")
    network = read_model(source)
    adapter_for(interface_of(network), chosen, source)
    make_folder(target.parent)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".") as name:
        copy = Path(name) / target.name
        if source.suffix == ".onnx":
            copy_onnx(source, copy, {f"mattekit.{CONTRACT_KEY}": chosen.to_json()})
        else:
            network.set_rt_info(chosen.to_json(), ["mattekit", CONTRACT_KEY])
            write_ir(network, copy, fp16=False)
        # The file that is opened comes last, when its weights are there.
        for file in reversed(files_of(copy)):
            placed = target.parent / file.relative_to(name)
            make_folder(placed.parent)
            file.replace(placed)
    return target


def _masks(remover: Remover, samples: Dataset) -> Iterator[Answer]:
    for sample in samples:
        alpha = remover.matte(Image(rgb=sample.image)).alpha.astype(np.float32) / 255
        iou = None if sample.alpha is None else float(get_metric("iou").function(alpha, sample.alpha))
        yield Answer(sample.id, float((alpha > 0.5).mean()), float(alpha.min()), float(alpha.max()), iou)


def _enlargements(upscaler: Upscaler, samples: Dataset) -> Iterator[Answer]:
    for sample in samples:
        part = Image(rgb=np.ascontiguousarray(sample.image[:_CROP, :_CROP]))
        large = upscaler.upscale(part).rgb
        small = cv2.resize(large, (part.width, part.height), interpolation=cv2.INTER_AREA).astype(np.float32)
        difference = float(np.abs(small - part.rgb).mean())
        yield Answer(sample.id, None, float(large.min()), float(large.max()), difference=difference)
