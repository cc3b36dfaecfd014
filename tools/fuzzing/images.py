"""Targets that read images and videos."""

from __future__ import annotations

import io
import random
import tempfile
from fractions import Fraction
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PilImage, ImageCms, TiffImagePlugin

from fuzzing.kinds import Target, from_bytes
from fuzzing.mutate import damaged, damaged_png

__all__ = ["image_seeds", "images", "video_seeds", "videos"]

_MOST_FRAMES = 300


def image_seeds() -> dict[str, bytes]:
    """Return small images in every format that is read, with EXIF orientation, profiles, alpha and 16 bits."""
    rng = np.random.default_rng(0)
    rgb = rng.integers(0, 256, (24, 32, 3), np.uint8)
    image = PilImage.fromarray(rgb)
    rgba = PilImage.fromarray(np.dstack([rgb, rgb[..., 0]]))
    deep = rng.integers(0, 65536, (24, 32, 3), np.uint16)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = PilImage.Exif()
    exif[0x0112], exif[0x010F] = 6, "maker"
    palette = image.quantize(16)
    frames = [PilImage.fromarray(np.roll(rgb, step, axis=1)) for step in (3, 7)]

    def saved(source: PilImage.Image, kind: str, **options: object) -> bytes:
        target = io.BytesIO()
        source.save(target, kind, **options)
        return target.getvalue()

    pnm = {
        "pbm": b"P1\n8 2\n" + b"1 0 " * 8,
        "pgm16": b"P5\n32 24\n65535\n" + deep[..., 0].astype(">u2").tobytes(),
        "ppm": b"P6\n# drawn\n32 24\n255\n" + rgb.tobytes(),
        "ppm-text": b"P3\n2 2\n255\n" + b"1 2 3 " * 4,
    }
    return pnm | {
        "jpeg": saved(image, "JPEG", exif=exif, icc_profile=profile),
        "jpeg-progressive": saved(image, "JPEG", progressive=True, quality=50),
        "jpeg-cmyk": saved(image.convert("CMYK"), "JPEG"),
        "jpeg-grey": saved(image.convert("L"), "JPEG"),
        "png": saved(image, "PNG", exif=exif, icc_profile=profile),
        "png-rgba": saved(rgba, "PNG"),
        "png-palette": saved(palette, "PNG", transparency=bytes(range(16))),
        "png-grey-16": saved(PilImage.fromarray(deep[..., 0]), "PNG"),
        "png-rgb-16": _opencv(".png", deep),
        "png-animated": saved(image, "PNG", save_all=True, append_images=frames),
        "webp": saved(image, "WEBP", exif=exif, icc_profile=profile),
        "webp-lossless": saved(rgba, "WEBP", lossless=True),
        "webp-animated": saved(image, "WEBP", save_all=True, append_images=frames),
        "tiff": saved(image, "TIFF", compression="tiff_lzw", tiffinfo=_upside_down(), icc_profile=profile),
        "tiff-cmyk": saved(image.convert("CMYK"), "TIFF", compression="tiff_adobe_deflate"),
        "tiff-jpeg": saved(image, "TIFF", compression="jpeg"),
        "tiff-lab": saved(image.convert("LAB"), "TIFF"),
        "tiff-1": saved(image.convert("1"), "TIFF", compression="group4"),
        "tiff-rgb-16": _opencv(".tiff", deep),
        "tiff-planar-16": _tifffile(np.moveaxis(deep, 2, 0), planarconfig="separate", photometric="rgb"),
        "tiff-tiles": _tifffile(deep, tile=(16, 16), compression="adobe_deflate", predictor=True, photometric="rgb"),
        "tiff-big": _tifffile(deep[..., :2].copy(), bigtiff=True, byteorder=">", photometric="minisblack"),
        "tiff-float": _tifffile(deep.astype(np.float32), photometric="rgb"),
        "bmp": saved(image, "BMP"),
        "bmp-palette": saved(palette, "BMP"),
        "gif": saved(palette, "GIF", transparency=3),
        "gif-animated": saved(image, "GIF", save_all=True, append_images=frames),
        "avif": saved(rgba, "AVIF", exif=exif),
        "jp2": saved(image, "JPEG2000"),
        "j2k": saved(image, "JPEG2000", no_jp2=True),
    }


def images() -> Target:
    """Read an image as a run does, convert its colours by its profile; and as a data set's image and mask."""
    seeds = image_seeds()
    others = list(seeds.values())

    def prepare() -> None:
        # Loaded before memory is limited.
        import_module("mattekit.datasets.image_folders")
        from mattekit.images import encode_image, read_image

        for name, data in seeds.items():
            if name != "tiff-float":
                encode_image(read_image(data), "bmp")

    def make(rng: random.Random) -> dict[str, bytes]:
        name = rng.choice(list(seeds))
        data = seeds[name]
        if name.startswith("png") and rng.random() < 0.8:
            return {"image": damaged_png(data, rng)}
        return {"image": damaged(data, rng, others=others)}

    def act(rng: random.Random) -> str | None:
        from mattekit.datasets import read_alpha, read_rgb
        from mattekit.images import encode_image, read_image

        if rng.random() < 0.2:
            (read_rgb if rng.random() < 0.5 else read_alpha)(Path("image"))
            return "taken as data"
        image = read_image(Path("image"))
        if image.icc is not None:
            encode_image(image, "bmp")
        return None

    return Target("images", prepare, from_bytes("images", make), act)


def _opencv(suffix: str, pixels: NDArray[np.uint16]) -> bytes:
    import cv2

    done, data = cv2.imencode(suffix, pixels)
    assert done
    return data.tobytes()


def _tifffile(pixels: NDArray[Any], **options: Any) -> bytes:
    import tifffile

    target = io.BytesIO()
    options = {"bigtiff": False, "byteorder": "<", "planarconfig": "contig", **options}
    with tifffile.TiffWriter(target, bigtiff=options.pop("bigtiff"), byteorder=options.pop("byteorder")) as writer:
        writer.write(pixels, metadata=None, **options)
    return target.getvalue()


def _upside_down() -> TiffImagePlugin.ImageFileDirectory_v2:
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[0x0112] = 3
    return tags


_CLIPS: tuple[tuple[str, str, str, str, bool], ...] = (
    ("mp4", "mp4", "libx264", "yuv420p", True),
    ("mov", "mov", "prores_ks", "yuva444p10le", False),
    ("mkv", "matroska", "libx264", "yuv420p", False),
    ("webm", "webm", "libvpx-vp9", "yuva420p", False),
    ("avi", "avi", "mjpeg", "yuvj420p", True),
    ("ts", "mpegts", "mpeg2video", "yuv420p", False),
    ("flv", "flv", "flv1", "yuv420p", False),
    ("mpg", "mpeg", "mpeg1video", "yuv420p", False),
    ("gif", "gif", "gif", "rgb8", False),
    ("ogv", "ogg", "libtheora", "yuv420p", False),
)


def video_seeds() -> dict[str, bytes]:
    """Return clips of ten frames of 64x48 pixels in the containers and codecs that PyAV can write here."""
    av: Any = import_module("av")
    seeds: dict[str, bytes] = {}
    for name, container, codec, pixel_format, sound in _CLIPS:
        try:
            av.codec.Codec(codec, "w")
        except av.codec.codec.UnknownCodecError:
            continue
        with tempfile.NamedTemporaryFile(suffix=f".{name}") as file:
            with av.open(file.name, "w", format=container) as out:
                video = out.add_stream(codec, rate=25)
                video.width, video.height, video.pix_fmt = 64, 48, pixel_format
                audio = out.add_stream("aac" if name == "mp4" else "mp3", rate=44100) if sound else None
                for number in range(10):
                    rgb = np.full((48, 64, 3), number * 20, np.uint8)
                    rgb[number : number + 20, number * 2 : number * 2 + 20] = (200, 30, 60)
                    frame = av.VideoFrame.from_ndarray(rgb, "rgb24")
                    frame.pts, frame.time_base = number, Fraction(1, 25)
                    out.mux(video.encode(frame))
                if audio is not None:
                    silence = av.AudioFrame.from_ndarray(np.zeros((2, 4096), np.float32), "fltp", "stereo")
                    silence.sample_rate, silence.pts = 44100, 0
                    out.mux(audio.encode(silence))
                    out.mux(audio.encode(None))
                out.mux(video.encode(None))
            seeds[name] = Path(file.name).read_bytes()
    return seeds


def videos() -> Target:
    """Read a video's frames to the end, as a run does."""
    seeds = video_seeds()
    others = list(seeds.values())
    tokens = (b"moov", b"mdat", b"trak", b"stbl", b"stco", b"ctts", b"elst", b"\x1aE\xdf\xa3", b"file:///etc/hosts")

    def prepare() -> None:
        from mattekit.infer.video.video_file import VideoFile

        for name, data in seeds.items():
            Path(name).write_bytes(data)
            source = VideoFile(name)
            assert sum(item.frame is not None for item in source.items()) == 10, name
            source.close()

    def make(rng: random.Random) -> dict[str, bytes]:
        return {"video": damaged(rng.choice(others), rng, tokens=tokens, others=others)}

    def act(rng: random.Random) -> str | None:
        del rng
        from mattekit.infer.video.video_file import VideoFile

        source = VideoFile("video")
        try:
            for count, _ in enumerate(source.items()):
                if count == _MOST_FRAMES:
                    return "taken, with many frames"
        finally:
            source.close()
        return "taken, cut off" if source.truncated else None

    return Target("videos", prepare, from_bytes("videos", make), act)
