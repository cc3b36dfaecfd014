"""Drawn photos of discs with their masks, and networks that find them by their colour."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from own_networks import SIDE

__all__ = ["linear_network", "photos_with_masks"]


def photos_with_masks(folder: Path, *, grey: bool = False) -> str:
    """Write red discs, half on blue and half on black, with their masks; `grey`: bright ones on dark."""
    rng = np.random.default_rng(3)
    for name in ("images", "masks"):
        (folder / name).mkdir(parents=True)
    for number in range(8):
        mask = np.zeros((60, 80), np.uint8)
        cv2.circle(mask, (25 + 4 * number, 30), 12 + number, 255, -1)
        inside, outside = ((200, 200, 200), (60, 60, 60)) if grey else ((30, 60, 160), (170, 70, 40))
        around = np.tile(np.array(outside), (60, 80, 1))
        if not grey:
            around[:, 40:] = 40
        photo = np.where(mask[..., None] > 0, np.array(inside), around) + rng.integers(-25, 25, (60, 80, 1))
        cv2.imwrite(str(folder / "images" / f"{number}.png"), photo.astype(np.uint8))
        cv2.imwrite(str(folder / "masks" / f"{number}.png"), mask)
    return f"images={folder / 'images'},masks={folder / 'masks'}"


def linear_network(
    path: Path, weights: NDArray[np.float32], bias: float, front: Sequence[tuple[str, Any]] = (), *, nhwc: bool = False
) -> Path:
    """Write a network whose logit is a weighted sum of the channels.

    Args:
        path: of the file.
        weights: for each channel.
        bias: added to the sum.
        front: operators before it with the constant that each takes; `Gather` takes channels, `Slice` turns them.
        nhwc: the input has its channels last, and `front` comes before they are moved.
    """
    import onnx
    from onnx import helper, numpy_helper

    shape: list[Any] = [1, SIDE, SIDE, 3] if nhwc else [1, 3, SIDE, SIDE]
    axis, nodes, constants, value = 3 if nhwc else 1, [], [], "x"
    for place, (kind, given) in enumerate(front):
        names = [f"c{place}"]
        numbers: list[Any] = [np.float32(given)] if kind not in {"Gather", "Slice"} else [np.array(given, np.int64)]
        if kind == "Slice":
            names = [f"c{place}_{part}" for part in ("start", "stop", "axis", "step")]
            numbers = [np.array([each], np.int64) for each in (-1, -4, axis, -1)]
        elif kind != "Gather" and np.ndim(given):
            numbers = [np.array(given, np.float32).reshape((1, 1, 1, 3) if nhwc else (1, 3, 1, 1))]
        constants += [
            numpy_helper.from_array(np.asarray(number), name) for number, name in zip(numbers, names, strict=True)
        ]
        how: dict[str, Any] = {"axis": axis} if kind == "Gather" else {}
        nodes.append(helper.make_node(kind, [value, *names], [f"v{place}"], **how))
        value = f"v{place}"
    if nhwc:
        nodes.append(helper.make_node("Transpose", [value], ["planes"], perm=[0, 3, 1, 2]))
        value = "planes"
    graph = helper.make_graph(
        [*nodes, helper.make_node("Conv", [value, "w", "b"], ["y"])],
        "linear",
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1, 1, SIDE, SIDE])],
        [
            *constants,
            numpy_helper.from_array(weights.reshape(1, 3, 1, 1), "w"),
            numpy_helper.from_array(np.array([bias], np.float32), "b"),
        ],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), path)
    return path
