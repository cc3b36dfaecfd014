"""Batches of mattelite's packed training set (``matte_data.py``), augmented (``matte_augment.py``)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from matte_augment import Photo, Subject, as_input, camera, compose, drawn_matte, plain_ground, soften, warp
from matte_data import SIDE, SOURCES, Entry, normalised, square
from numpy.typing import NDArray
from torch import Tensor

GENERAL = ("ecssd", "duts", "pascal_s", "sod", "iseg")
"""Any subject in any scene: what the network is used on, and judged by."""
CUT_FROM = ("ecssd", "duts", "iseg", "wild", "cars", "horses", "butterflies", "ccp", "tuxpaint")
"""Masks that close tightly enough to paste what is inside."""
COMPOSED, DRAWN, EMPTY = 0.2, 0.07, 0.04
"""So much of a batch is pasted, drawn, or has no subject; the rest are photos as they are."""
SEEN_NOTHING = 5
"""Of 255: the mean of the teacher's mask of a photo without a subject."""


class Photos:
    """The packed training set.

    A photo that the teacher has not seen, or in which it found nothing, is learnt from its mask alone, if it has one.
    """

    def __init__(self, folder: Path) -> None:
        self.photos: NDArray[np.uint8] = np.load(folder / "photos.npy", mmap_mode="r")
        self.masks: NDArray[np.uint8] = np.load(folder / "masks.npy", mmap_mode="r")
        self.taught: NDArray[np.uint8] = np.load(folder / "taught.npy", mmap_mode="r")
        self.entries = [Entry(**entry) for entry in json.loads((folder / "index.json").read_text(encoding="utf-8"))]
        self.kept_back = [i for i, entry in enumerate(self.entries) if entry.held_out]
        training = [(i, entry.source) for i, entry in enumerate(self.entries) if not entry.held_out]
        kinds = {name: source.kind for name, source in SOURCES.items()}
        drawn = [(i, SOURCES[name].weight) for i, name in training if kinds[name] in {"masked", "unmasked"}]
        self.drawn = np.array([i for i, _ in drawn])
        self.shares = np.array([weight for _, weight in drawn]) / sum(weight for _, weight in drawn)
        cut = [(i, SOURCES[name].weight) for i, name in training if name in CUT_FROM]
        self.cut = np.array([i for i, _ in cut])
        self.cut_shares = np.array([weight for _, weight in cut]) / sum(weight for _, weight in cut)
        self.grounds = np.array([i for i, name in training if kinds[name] == "ground"])
        self.calm = np.array([i for i, name in training if name == "bsds"])

    def held_out(self, side: int) -> Iterator[tuple[NDArray[np.float32], NDArray[np.bool_]]]:
        """Each held-out general photo as the network's ``(1, 3, side, side)``, and its true mask."""
        for index in self.kept_back:
            if self.entries[index].source in GENERAL:
                yield normalised(self.photos[index], side), self.masks[index] > 127

    def calibration(self, side: int) -> Tensor:
        """Some training photos of every source, ``(n, 3, side, side)``, for the layer-wise regression."""
        chosen: list[int] = []
        for name in (*GENERAL, "ccp", "davis", "msra", "bsds"):
            every = [i for i in self.drawn.tolist() if self.entries[i].source == name]
            chosen += every[:: max(1, len(every) // (30 if name in GENERAL else 8))]
        return torch.cat([torch.from_numpy(normalised(self.photos[i], side)) for i in chosen])

    def batch(self, count: int, side: int, rng: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """``(count, 3, side, side)`` normalised, and ``(count, 2, side, side)`` in 0..1: true and softened mattes."""
        photos, targets = [], []
        for _ in range(count):
            photo, target = self._scene(rng)
            photo, target = warp(photo, target, side, rng)
            photos.append(as_input(camera(photo, rng)))
            targets.append(target.transpose(2, 0, 1))
        return np.stack(photos), np.stack(targets)

    def _scene(self, rng: np.random.Generator) -> tuple[Photo, NDArray[np.float32]]:
        chance = float(rng.random())
        if chance < COMPOSED:
            count = int(rng.choice([1, 2, 3], p=[0.7, 0.2, 0.1]))
            photo, matte = compose([self._subject(rng) for _ in range(count)], self._ground(rng), rng)
        elif chance < COMPOSED + DRAWN:
            matte = drawn_matte(SIDE, rng)
            inside = self._cloth(rng).astype(np.float32)
            ground = self._ground(rng).astype(np.float32)
            photo = (ground + matte[..., None] * (inside - ground)).round().astype(np.uint8)
        elif chance < COMPOSED + DRAWN + EMPTY:
            photo, matte = self._empty(rng), np.zeros((SIDE, SIDE), np.float32)
        else:
            return self._photo(rng)
        return photo, np.stack((matte, matte), 2)

    def _photo(self, rng: np.random.Generator) -> tuple[Photo, NDArray[np.float32]]:
        index = int(rng.choice(self.drawn, p=self.shares))
        source = SOURCES[self.entries[index].source]
        taught = self.taught[index].astype(np.float32) / 255
        if source.kind == "unmasked" and not taught.any():
            return self._photo(rng)
        if source.kind == "unmasked":
            return self.photos[index], np.stack((taught, taught), 2)
        mask = self.masks[index].astype(np.float32) / 255
        trust = source.trust if taught.any() else 1.0
        return self.photos[index], np.stack((mask, trust * mask + (1 - trust) * taught), 2)

    def _subject(self, rng: np.random.Generator) -> Subject:
        index = int(rng.choice(self.cut, p=self.cut_shares))
        return self.photos[index], self.masks[index].astype(np.float32) / 255

    def _ground(self, rng: np.random.Generator) -> Photo:
        kind = float(rng.random())
        if kind < 0.25:
            return plain_ground(SIDE, rng)
        if kind < 0.75:
            ground = self.photos[int(rng.choice(self.grounds))]
            return soften(ground, rng) if kind < 0.4 else ground
        # Out of focus, another photo's subject is no subject any more.
        return soften(self.photos[int(rng.choice(self.drawn))], rng)

    def _cloth(self, rng: np.random.Generator) -> Photo:
        """A piece of any photo, enlarged to the full size."""
        photo = self.photos[int(rng.choice(self.drawn))]
        size = int(rng.integers(24, SIDE))
        y, x = rng.integers(0, SIDE - size + 1, 2)
        return square(np.ascontiguousarray(photo[y : y + size, x : x + size]), SIDE)

    def _empty(self, rng: np.random.Generator) -> Photo:
        index = int(rng.choice(self.calm))
        if rng.random() < 0.5 and 0 < self.taught[index].mean() < SEEN_NOTHING:
            return self.photos[index]
        if rng.random() < 0.5:
            return soften(self.photos[int(rng.choice(self.grounds))], rng)
        return plain_ground(SIDE, rng)
