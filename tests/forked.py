"""Cases of tests/test_fork.py, each run in a process of its own: `python forked.py CASE SEGMENTATION SR PHOTO FOLDER`.

A child that doesn't end is killed, and its case fails.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Generator
from pathlib import Path

import numpy as np

# What Python 3.12 says of a fork beside threads is what is tested here.
warnings.filterwarnings("ignore", message=".*fork", category=DeprecationWarning)

from mattekit import open_pipeline, read_image  # noqa: E402
from mattekit.core import DeviceError  # noqa: E402
from mattekit.images import Image  # noqa: E402
from mattekit.infer import (  # noqa: E402
    Pipeline,
    PipelineSettings,
    RunSettings,
    plan_batch,
    run_batch,
)
from mattekit.infer.overlap import in_order, in_thread  # noqa: E402
from mattekit.infer.tiles import AlignedTiles, TilePlace  # noqa: E402
from mattekit.models import load_pipeline  # noqa: E402

PATIENCE_S = 60
segmentation, super_resolution, photo, folder = sys.argv[2:]
image = read_image(photo)


def in_child(work: Callable[[], object]) -> None:
    """Do the work in a forked child that ends as programs end; fail where it fails, or hangs."""
    pid = os.fork()
    if pid == 0:
        work()
        sys.exit(0)
    ends = time.monotonic() + PATIENCE_S
    while time.monotonic() < ends:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            if status:
                raise SystemExit(f"the child ended with {status}")
            return
        time.sleep(0.02)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    raise SystemExit("the child hung")


@contextlib.contextmanager
def is_refused() -> Generator[None]:
    """Fail unless what is done inside is refused in a child; pytest would take a third of a case's time to import."""
    said = "nothing was refused"
    try:
        yield
    except DeviceError as error:
        said = str(error)
    if not re.search(r"forked.*post_fork", said):
        raise AssertionError(said)


def same(pipeline: Pipeline, expected: Image) -> None:
    made = pipeline(image)
    np.testing.assert_array_equal(made.rgb, expected.rgb)
    assert (made.alpha is None) == (expected.alpha is None)
    if made.alpha is not None and expected.alpha is not None:
        np.testing.assert_array_equal(made.alpha, expected.alpha)


def works_on_both_sides(pipeline: Pipeline) -> None:
    """Compare a child's result with the parent's, then a grandchild's, then the parent's once more."""
    expected = pipeline(image)

    def with_child_of_its_own() -> None:
        same(pipeline, expected)
        in_child(lambda: same(pipeline, expected))

    in_child(with_child_of_its_own)
    same(pipeline, expected)


def remover() -> None:
    works_on_both_sides(open_pipeline(sr=None, model=segmentation))


def upscaler() -> None:
    works_on_both_sides(open_pipeline(model=None, sr=super_resolution, tile=64))


def whole() -> None:
    works_on_both_sides(open_pipeline(model=segmentation, sr=super_resolution, background="red"))


def several_requests() -> None:
    works_on_both_sides(load_pipeline(PipelineSettings(sr=None, model=segmentation), many=True, threads=2))


def aligned_tiles() -> None:
    import openvino
    from openvino import opset13

    tensor = opset13.parameter([1, 3, -1, -1], np.float32)
    coarse = opset13.avg_pool(tensor, [2, 2], [0, 0], [0, 0], [2, 2], exclude_pad=False, rounding_type="floor")
    size = opset13.shape_of(tensor)
    large = opset13.interpolate(coarse, opset13.slice(size, [2], [4], [1]), "linear_onnx", "sizes", axes=[2, 3])
    # The stubs do not know that the class is a subclass of the one that they describe.
    network = openvino.Model([opset13.add(tensor, large)], [tensor], "attention")  # pyright: ignore[reportGeneralTypeIssues]
    tiles = AlignedTiles(network, frozenset({large.get_friendly_name()}), 2, "CPU", "f32")
    values, place = np.random.default_rng(1).random((1, 3, 16, 16), np.float32), TilePlace(4, 8, 64, 64)
    expected = tiles.run(values, place)
    in_child(lambda: np.testing.assert_array_equal(tiles.run(values, place), expected))
    np.testing.assert_array_equal(tiles.run(values, place), expected)


def unused() -> None:
    pipeline = open_pipeline(sr=None, model=segmentation)
    in_child(lambda: None)
    in_child(lambda: pipeline(image))


def another() -> None:
    used = open_pipeline(sr=None, model=segmentation)
    expected = used(image)
    in_child(lambda: same(open_pipeline(sr=None, model=segmentation), expected))
    del used
    in_child(lambda: same(open_pipeline(sr=None, model=segmentation), expected))


def dropped() -> None:
    holder = [open_pipeline(sr=None, model=segmentation)]
    holder[0](image)
    in_child(holder.clear)


def run() -> None:
    pipeline = load_pipeline(PipelineSettings(sr=None, model=segmentation), many=True)

    def over_folder(name: str) -> None:
        batch = plan_batch([folder], Path(folder, name), RunSettings())
        outcomes = list(run_batch(batch, pipeline))
        assert len(outcomes) > 2
        assert all(outcome.error is None for outcome in outcomes)

    over_folder("parent")
    in_child(lambda: over_folder("child"))
    over_folder("again")


def middle_of_run() -> None:
    pipeline = open_pipeline(sr=None, model=segmentation)
    outcomes = run_batch(plan_batch([folder], Path(folder, "out"), RunSettings()), pipeline)
    next(outcomes)

    def go_on() -> None:
        with is_refused():
            next(outcomes)

    in_child(go_on)
    assert all(outcome.error is None for outcome in outcomes)


def middle_of_video() -> None:
    frames = in_order(in_thread(iter(range(100)), 2), lambda frame: frame, 2, 3)
    assert next(frames) == 0

    def go_on() -> None:
        with is_refused():
            next(frames)

    in_child(go_on)
    assert list(frames) == list(range(1, 100))


def middle_of_inference() -> None:
    pipeline, ended = open_pipeline(sr=None, model=segmentation), threading.Event()
    expected = pipeline(image)

    def work(own: Pipeline) -> None:
        while not ended.is_set():
            own(image)
            open_pipeline(sr=None, model=segmentation)

    # One of them is the only one that holds what it runs.
    threads = [
        threading.Thread(target=work, args=(one,)) for one in (pipeline, open_pipeline(sr=None, model=segmentation))
    ]
    for thread in threads:
        thread.start()
    try:
        for pause in range(6):
            time.sleep(0.011 * pause)
            in_child(lambda: same(pipeline, expected))
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    same(pipeline, expected)


def other_device() -> None:
    pipeline = open_pipeline(sr=None, model=segmentation, device="AUTO")
    pipeline(image)

    def refused() -> None:
        with is_refused():
            pipeline(image)

    in_child(refused)
    in_child(lambda: open_pipeline(sr=None, model=segmentation)(image))
    pipeline(image)


def witnesses() -> None:
    import torch
    from mattekit.infer import OnnxRuntime, TorchRuntime

    tensor = np.zeros((1, 3, 64, 64), np.float32)
    runtimes = [
        TorchRuntime(torch.nn.Conv2d(3, 32, 3)),
        OnnxRuntime(Path(super_resolution).with_name("model.onnx")),
    ]
    for runtime in runtimes:
        runtime.run(tensor)

    bound = [runtime.bind(tensor) for runtime in runtimes]

    def refused() -> None:
        for runtime in runtimes:
            with is_refused():
                runtime.run(tensor)
        with is_refused():
            bound[0].infer()
        # What ONNX Runtime frees at the end of a process waits for threads that a forked one doesn't have.
        os._exit(0)

    in_child(refused)
    for runtime in runtimes:
        runtime.run(tensor)


if __name__ == "__main__":
    globals()[sys.argv[1]]()
