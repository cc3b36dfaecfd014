"""Which contract a network wants, found from a few photos and their masks, or from photos alone.

All ways to prepare the photos and to read the answers are tried on a few photos, and those that are not clearly behind
on more, until one is clearly ahead or there are no more photos. What is proposed must be better than the next by more
than photos differ; ways whose masks agree count as one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from ...core import Contract, InputError, ModelError, Progress
from ...datasets import Sample, open_dataset
from ...infer import LoadedModel, Tensor, load, matte_from, normalise, pixels_from, tensor_from
from ...metrics import iou, psnr
from .proposal import propose_contract
from .ways import Way, ways_to_try

if TYPE_CHECKING:
    from pydantic import JsonValue

__all__ = ["Guess", "InferredContract", "infer_contract"]

SAME = 0.995
"""IoU from which on two masks say the same."""

SAME_PSNR = 40.0
"""dB from which on two enlargements are the same."""

LEAST_MARGIN, LEAST_GAIN = 0.01, 0.5
"""Of IoU, and of PSNR in dB, by which the best must be better than the next."""

LEAST_SCORE, LEAST_PSNR = 0.5, 20.0
"""Of IoU, and of PSNR in dB: below it, not even the best fits."""

_MOST_PSNR = 78.0
"""dB that stand for the infinite PSNR of identical images, so that means of them are numbers."""

_SIDE = 64
"""Of what is enlarged, in pixels."""

_ROUNDS = (3, 6, 12, 24, 48)
"""Photos that each round sees, of all so far."""

_ENOUGH = 6
"""Photos from which on one that is clearly ahead is looked at no further."""

_ERRORS, _CLEAR_ERRORS = 2.0, 3.0
"""Standard errors of the mean difference by which the best must be ahead, and by which others are clearly behind.

Who looks after each round finds a chance lead more easily than who looks once, so that an early end asks for more.
"""

_BEHIND = 5
"""Times the least margin, below which nothing is left behind for its mean alone."""


class Guess(NamedTuple):
    """A contract, and how well it fits.

    Attributes:
        contract: that was tried.
        name: how its photos are prepared and its answers read, in words.
        score: mean IoU with the masks, 0-1; for super-resolution, PSNR in dB.
    """

    contract: Contract
    name: str
    score: float


@dataclass(frozen=True)
class InferredContract:
    """What was found.

    Attributes:
        best: that fits best; several whose masks are the same.
        second: the best of the others; None where there are none.
        margin: by which the best are better.
        uncertain: why none is proposed; empty where one is.
        photos: how many were looked at.
    """

    best: tuple[Guess, ...]
    second: Guess | None
    margin: float
    uncertain: str
    photos: int

    @property
    def contract(self) -> Contract | None:
        """Return the contract that is proposed; None where the photos cannot tell."""
        return None if self.uncertain else self.best[0].contract

    def to_dict(self) -> dict[str, JsonValue]:
        """Return it as JSON holds it."""

        def told(guess: Guess) -> dict[str, JsonValue]:
            return {"name": guess.name, "score": guess.score, "contract": guess.contract.model_dump(mode="json")}

        return {
            "best": [told(each) for each in self.best],
            "second": None if self.second is None else told(self.second),
            "margin": self.margin,
            "uncertain": self.uncertain,
            "photos": self.photos,
        }


def infer_contract(
    model: str | Path, data: str | Path, *, limit: int = 48, progress: Progress | None = None
) -> InferredContract:
    """Find the contract of a network of one's own from photos.

    Args:
        model: an `.onnx` or `.xml` file.
        data: photos with masks, as `open_dataset` takes them; for super-resolution photos alone.
        limit: at most so many photos, spread evenly; fewer are looked at where they tell enough.
        progress: called while it goes on.

    Returns:
        What fits best, and by how much; it proposes nothing where the photos cannot tell.

    Raises:
        ContractError: the network takes no image, or gives nothing that a contract can say.
        MattekitError: the file cannot be read, or the data cannot.

    Example:
        >>> import mattekit
        >>> found = mattekit.infer_contract(mattekit.open_model("srlite-x2").path, "photos")
        >>> found.photos
        2
    """
    path = Path(model).expanduser()
    first = propose_contract(path, "unit").contract
    enlarges = first.task == "super_resolution"
    samples = open_dataset(data, scale=1, task="segmentation").take(limit)
    photos = list(samples)
    if not enlarges and any(sample.alpha is None for sample in photos):
        raise InputError(f"{data}: masks are needed to judge by; give --data images=PHOTOS,masks=MASKS")
    ways = list(ways_to_try(path, first))
    judge = _enlarged if enlarges else _mask_of
    opened = _Opened(path)
    scores: dict[int, list[float]] = {number: [] for number in range(len(ways))}
    masks: dict[int, list[NDArray[Any]]] = {number: [] for number in range(len(ways))}
    alive, seen = list(range(len(ways))), 0
    least = LEAST_GAIN if enlarges else LEAST_MARGIN
    steps = [count for count in _ROUNDS if count < len(photos)] + [len(photos)]
    for count in steps:
        for place in range(seen, count):
            if progress is not None:
                progress("photos", place, len(photos))
            answers = opened.answers(photos[place], [ways[number] for number in alive])
            for number, answer in zip(alive, answers, strict=True):
                score, mask = judge(answer, photos[place], ways[number].contract)
                scores[number].append(score)
                masks[number].append(mask)
        seen = count
        if count == len(photos):
            break
        if count >= _ENOUGH:
            found = _judged(ways, alive, scores, masks, enlarges=enlarges, errors=_CLEAR_ERRORS)
            if not found.uncertain:
                return found
        alive = _still_possible(alive, scores, least)
    return _judged(ways, alive, scores, masks, enlarges=enlarges, errors=_ERRORS)


def _still_possible(alive: Sequence[int], scores: dict[int, list[float]], least: float) -> list[int]:
    """Return what is not clearly behind, and of the rest the best: with nobody behind, there is no margin to tell."""
    order = sorted(alive, key=lambda number: -_mean(scores[number]))

    def is_near(number: int) -> bool:
        difference, error = _ahead(scores[order[0]], scores[number])
        return difference <= max(_BEHIND * least, _CLEAR_ERRORS * error)

    near = [number for number in order if is_near(number)]
    return near + [number for number in order if number not in near][:1]


def _ahead(one: Sequence[float], other: Sequence[float]) -> tuple[float, float]:
    """Return by how much one is ahead of another on the same photos, and the standard error of that."""
    differences = np.subtract(one, other)
    error = float(differences.std(ddof=1)) / sqrt(len(differences)) if len(differences) > 1 else float("inf")
    return float(differences.mean()), error


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))


class _Opened:
    """The network, opened once for each of its outputs; each way to prepare a photo is computed once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._models: dict[str | None, LoadedModel] = {}

    def answers(self, sample: Sample, ways: Sequence[Way]) -> Iterator[Tensor]:
        said: dict[tuple[str, str | None], Tensor] = {}
        for way in ways:
            key = (way.prepared, way.contract.output.name)
            if key not in said:
                said[key] = self._run(sample, way.contract)
            yield said[key]

    def _run(self, sample: Sample, contract: Contract) -> Tensor:
        name = contract.output.name
        if name not in self._models:
            self._models[name] = load(self._path, contract=contract)
        if contract.task == "segmentation":
            tensor = tensor_from(sample.image, contract)
        else:
            tensor = normalise(_reduced(sample.image, contract)[0], contract)
        return self._models[name].runtime.run(tensor)


def _reduced(image: NDArray[np.uint8], contract: Contract) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Return a part of a photo, reduced by the contract's factor, and the part itself."""
    scale, wanted = contract.output.scale, contract.input
    height, width = (wanted.height, wanted.width) if wanted.height and wanted.width else wanted.fit(_SIDE)
    rows, columns = image.shape[:2]
    missing = max(0, height * scale - rows), max(0, width * scale - columns)
    mode = "reflect" if max(missing) < min(rows, columns) else "edge"
    whole = np.pad(image, ((0, missing[0]), (0, missing[1]), (0, 0)), mode=mode)
    top = (rows + missing[0] - height * scale) // 2
    left = (columns + missing[1] - width * scale) // 2
    part = np.ascontiguousarray(whole[top : top + height * scale, left : left + width * scale])
    small = cv2.resize(part, (width, height), interpolation=cv2.INTER_AREA)
    return small.astype(np.float32), part


def _mask_of(answer: Tensor, sample: Sample, contract: Contract) -> tuple[float, NDArray[Any]]:
    """Return a mask's IoU with the truth, and the mask."""
    mask: NDArray[Any]
    try:
        mask = (matte_from(answer, contract).alpha > 0.5).astype(np.float32)
    except ModelError:
        # Values that are not finite, or no class numbers: such photos are not for this network.
        mask = np.zeros(answer.shape[2:], dtype=np.float32)
    truth = sample.alpha if sample.alpha is not None else np.zeros(sample.image.shape[:2], np.float32)
    height, width = answer.shape[2:]
    expected = cv2.resize(truth, (width, height), interpolation=cv2.INTER_AREA) > 0.5
    return iou(mask, expected.astype(np.float32)), mask


def _enlarged(answer: Tensor, sample: Sample, contract: Contract) -> tuple[float, NDArray[Any]]:
    """Return an enlargement's PSNR with the photo, and the enlargement."""
    small, part = _reduced(sample.image, contract)
    if not np.isfinite(answer).all():
        return 0.0, np.zeros_like(part)
    pixels = pixels_from(answer, contract, np.uint8, small)
    return _psnr(pixels, part), pixels


def _psnr(one: NDArray[Any], other: NDArray[Any]) -> float:
    return min(psnr(one, other), _MOST_PSNR)


def _judged(
    ways: Sequence[Way],
    alive: Sequence[int],
    scores: dict[int, list[float]],
    masks: dict[int, list[NDArray[Any]]],
    *,
    enlarges: bool,
    errors: float,
) -> InferredContract:
    """Join the ways whose answers are the same, and compare the best with the next."""
    order = sorted(alive, key=lambda number: -_mean(scores[number]))
    top = order[0]
    agree, same = (_psnr, SAME_PSNR) if enlarges else (iou, SAME)

    def as_best(number: int) -> bool:
        return _mean([agree(one, other) for one, other in zip(masks[number], masks[top], strict=True)]) >= same

    group = [number for number in order if as_best(number)]
    rest = [number for number in order if number not in group]
    guesses = {number: Guess(ways[number].contract, ways[number].name, _mean(scores[number])) for number in order}
    # Of enlargements that are the same, the most usual comes first.
    best = tuple(guesses[number] for number in (sorted(group) if enlarges else group))
    photos = len(scores[top])
    second = guesses[rest[0]] if rest else None
    margin, uncertain = guesses[top].score - (second.score if second else 0.0), ""
    least = LEAST_GAIN if enlarges else LEAST_MARGIN
    if guesses[top].score < (LEAST_PSNR if enlarges else LEAST_SCORE):
        uncertain = f"not even the best fits: {best[0].name}"
    elif second is not None and margin < max(least, errors * _ahead(scores[top], scores[rest[0]])[1]):
        uncertain = f"these photos cannot tell {best[0].name} from {second.name}; give more of them, or others"
    return InferredContract(best, second, margin, uncertain, photos)
