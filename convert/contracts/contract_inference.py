"""Which contract a network wants, found from a few photos and their masks, or from photos alone.

All ways to prepare the photos and to read the answers are tried on a few photos, and those that are not clearly behind
on more, until one is clearly ahead or there are no more photos. What is proposed must be better than the next by more
than photos differ; ways whose masks agree count as one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from math import sqrt
from pathlib import Path
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...core import Contract, InputError, Progress
from ...datasets import open_dataset
from ...metrics import iou
from .proposal import propose_contract
from .trying import TriedNetwork, enlarged, mask_of, psnr_of
from .ways import Way, ways_left

if TYPE_CHECKING:
    from pydantic import JsonValue

__all__ = ["Guess", "InferredContract", "infer_contract"]

SAME = 0.995
"""IoU from which on two masks say the same."""

SAME_PSNR = 40.0
"""dB from which on two enlargements are the same."""

_BELOW_ERROR = 10.0
"""dB by which they are nearer to each other than to the photo, where that is less than `SAME_PSNR`.

Their difference then is a tenth of what both are wrong by.
"""

LEAST_MARGIN, LEAST_GAIN = 0.01, 0.5
"""Of IoU, and of PSNR in dB, by which the best must be better than the next."""

LEAST_SCORE, LEAST_PSNR = 0.5, 20.0
"""Of IoU, and of PSNR in dB: below it, not even the best fits."""

_ROUNDS = (3, 6, 12, 24, 48)
"""Photos that each round sees, of all so far."""

_ENOUGH = 6
"""Photos from which on one that is clearly ahead is looked at no further."""

_CLEAR_ERRORS = 3.0
"""Standard errors of the mean difference by which others are clearly behind."""

_CHANCE = 0.001
"""Probability at which a lead may be by chance, for it to count; several look after each round, so that it is small."""

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
        known: what was known without photos, which left fewer to try: that the file is a published one, or by which
            numbers its graph normalises; empty where neither is.
    """

    best: tuple[Guess, ...]
    second: Guess | None
    margin: float
    uncertain: str
    photos: int
    known: str = ""

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
            "known": self.known,
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
    ways, known, sure = ways_left(path, first)
    judge = enlarged if enlarges else mask_of
    opened = TriedNetwork(path)
    scores: dict[int, list[float]] = {number: [] for number in range(len(ways))}
    masks: dict[int, list[NDArray[Any]]] = {number: [] for number in range(len(ways))}
    alive, seen = list(range(len(ways))), 0
    least = LEAST_GAIN if enlarges else LEAST_MARGIN
    photos, total = iter(samples), len(samples)
    steps = [count for count in _ROUNDS if count < total] + [total]
    for count in steps:
        for place, sample in enumerate(islice(photos, count - seen), seen):
            if not enlarges and sample.alpha is None:
                raise InputError(f"{data}: masks are needed to judge by; give --data images=PHOTOS,masks=MASKS")
            if progress is not None:
                progress("photos", place, total)
            answers = opened.answers(sample, [ways[number] for number in alive])
            for number, answer in zip(alive, answers, strict=True):
                score, mask = judge(answer, sample, ways[number].contract)
                scores[number].append(score)
                masks[number].append(mask)
        seen = count
        if sure:
            found = _judged(ways, alive, scores, masks, enlarges=enlarges)
            return replace(found, uncertain="", known=known)
        if count == total:
            break
        if count >= _ENOUGH:
            found = _judged(ways, alive, scores, masks, enlarges=enlarges)
            if not found.uncertain:
                return replace(found, known=known)
        alive = _still_possible(alive, scores, least)
    return replace(_judged(ways, alive, scores, masks, enlarges=enlarges), known=known)


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


def _errors(count: int) -> float:
    """Return by how many standard errors a mean of so many differences is ahead with that little chance.

    Student's quantile, by the first terms of its expansion in 1/(count - 1); within 7% from six photos on.
    """
    z, free = NormalDist().inv_cdf(1 - _CHANCE), max(count - 1, 1)
    return z + (z**3 + z) / (4 * free) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * free**2)


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))


def _judged(
    ways: Sequence[Way],
    alive: Sequence[int],
    scores: dict[int, list[float]],
    masks: dict[int, list[NDArray[Any]]],
    *,
    enlarges: bool,
) -> InferredContract:
    """Join the ways whose answers are the same, and compare the best with the next."""
    order = sorted(alive, key=lambda number: -_mean(scores[number]))
    top = order[0]
    nearest = min(SAME_PSNR, _mean(scores[top]) + _BELOW_ERROR)
    agree, same = (psnr_of, nearest) if enlarges else (iou, SAME)

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
    elif second is not None and margin < max(least, _errors(photos) * _ahead(scores[top], scores[rest[0]])[1]):
        uncertain = f"these photos cannot tell {best[0].name} from {second.name}; give more of them, or others"
    return InferredContract(best, second, margin, uncertain, photos)
