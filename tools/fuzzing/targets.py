"""All targets, by name; each is built when it is asked for, so that a child loads only what it needs."""

from __future__ import annotations

from collections.abc import Callable

from fuzzing.kinds import Target

__all__ = ["SELFTEST", "TARGETS"]

SELFTEST = "selftest"
"""A target that breaks each promise, to see that it is noticed."""


def _images() -> Target:
    from fuzzing.images import images

    return images()


def _videos() -> Target:
    from fuzzing.images import videos

    return videos()


def _checkpoints() -> Target:
    from fuzzing.checkpoints import checkpoints

    return checkpoints()


def _onnx() -> Target:
    from fuzzing.models import onnx_files

    return onnx_files()


def _ir() -> Target:
    from fuzzing.models import ir_files

    return ir_files()


def _records() -> Target:
    from fuzzing.texts import records

    return records()


def _recipes() -> Target:
    from fuzzing.texts import recipes

    return recipes()


def _gates() -> Target:
    from fuzzing.texts import gates

    return gates()


def _manifests() -> Target:
    from fuzzing.texts import manifests

    return manifests()


def _selftest() -> Target:
    from fuzzing.kinds import selftest

    return selftest()


TARGETS: dict[str, Callable[[], Target]] = {
    "images": _images,
    "videos": _videos,
    "checkpoints": _checkpoints,
    "onnx": _onnx,
    "ir": _ir,
    "records": _records,
    "recipes": _recipes,
    "gates": _gates,
    "manifests": _manifests,
    SELFTEST: _selftest,
}
