"""A real clip of 50 frames with a mask each: as many come out, at the same times, and smoothing calms the mattes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from mattekit.images import read_image
from mattekit.infer import Remover, VideoSettings, plan_video, process_video
from mattekit.infer.remover import Matte
from mattekit.infer.video.smooth import Smoother
from mattekit.infer.video.video_file import VideoFile
from mattekit.metrics.flicker import dtssd, still_flicker
from mattekit.metrics.segmentation import iou
from mattekit.metrics.structure import boundary_iou
from mattekit.models import open_pipeline

pytest.importorskip("av", reason="video needs the extra `video`")

pytestmark = pytest.mark.slow


def test_the_swan_is_composited_frame_by_frame_and_flickers_less_when_smoothed(
    shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch", reason="exporting the bundled model needs the extra `export`")
    folder = shared_data / "video" / "davis_blackswan"
    clip = folder / "davis_blackswan.mp4"
    raw: list[np.ndarray] = []  # type: ignore[type-arg]
    matte: Callable[..., Matte] = Remover.matte

    def kept(self: Remover, *arguments: object) -> Matte:
        found = matte(self, *arguments)
        raw.append(found.alpha)
        return found

    monkeypatch.setattr(Remover, "matte", kept)
    pipeline = open_pipeline(sr=None, model="mattelite", background="#336699")
    plan = plan_video(str(clip), tmp_path / "out.mp4", VideoSettings(background="#336699"))
    report = process_video(plan, pipeline)
    assert (report.frames, report.broken, report.truncated) == (50, 0, False)

    before, after = VideoFile(str(clip)), VideoFile(str(tmp_path / "out.mp4"))
    frames = [item.frame for item in before.items() if item.frame]
    shown = [item.frame for item in after.items() if item.frame]
    assert [f.pts * before.info.time_base for f in frames] == [f.pts * after.info.time_base for f in shown]

    masks = sorted((folder / "masks").glob("*.png"))
    truths = [np.asarray(read_image(mask).rgb[..., 0] > 0, np.float32) for mask in masks]
    images = [frame.image for frame in frames if frame.image is not None]
    smoother = Smoother(0.6)
    given = [smoother.push(image, alpha) for image, alpha in zip(images, raw, strict=True)]
    calm = [alpha for alpha in given if alpha is not None] + smoother.flush()
    pixels = [np.asarray(image.rgb, np.uint8) for image in images]
    flicker = [still_flicker([a / np.float32(255) for a in alphas], pixels) for alphas in (raw, calm)]
    error = [dtssd([a / np.float32(255) for a in alphas], truths) for alphas in (raw, calm)]
    assert flicker[1] < 0.6 * flicker[0]
    assert error[1] < 0.9 * error[0]
    for measure in (iou, boundary_iou):
        before_, after_ = [
            float(np.mean([measure(a / np.float32(255), t) for a, t in zip(alphas, truths, strict=True)]))
            for alphas in (raw, calm)
        ]
        assert after_ > before_
    # Far from the swan there is the new background, on the swan there is the swan.
    for frame, image, truth in zip(shown[::7], images[::7], truths[::7], strict=True):
        assert frame.image is not None
        inside = cv2.erode(truth, np.ones((25, 25))) > 0
        apart = np.abs(frame.image.rgb[inside].astype(int) - image.rgb[inside])
        assert np.median(apart) <= 3
        corner = frame.image.rgb[:20, :20].reshape(-1, 3).astype(int)
        assert np.abs(np.median(corner, axis=0) - (0x33, 0x66, 0x99)).max() <= 4
