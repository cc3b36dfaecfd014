"""Data sets in folders, in the layouts of the field, and by what a user types."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from mattekit.core import ImageError, InputError
from mattekit.datasets import LAYOUTS, Dataset, Sample, contact_sheet, open_dataset, read_alpha, read_rgb, sample_row
from mattekit.datasets.access import open_layout
from mattekit.datasets.image_folders import (
    crop_to_multiple,
    reduce_bicubic,
    segmentation_folders,
    super_resolution_folders,
)
from mattekit.datasets.sample import LazySample
from mattekit.images import READABLE_EXTENSIONS, read_image
from PIL import Image as PilImage


def _write(path: Path, array: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), array)


def _image(height: int = 8, width: int = 12, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def _pairs(folder: Path, stems: str = "abc") -> None:
    for seed, stem in enumerate(stems):
        _write(folder / "images" / f"{stem}.jpg", _image(seed=seed))
        _write(folder / "masks" / f"{stem}.png", _image(seed=seed)[..., 0])


def test_images_and_masks_meet_by_stem(tmp_path: Path) -> None:
    _pairs(tmp_path)
    (tmp_path / "images" / "Thumbs.db").write_bytes(b"")
    (tmp_path / "images" / ".hidden.png").write_bytes(b"")
    dataset = segmentation_folders(tmp_path / "images", tmp_path / "masks")
    assert (dataset.name, dataset.task, dataset.scale, len(dataset)) == (tmp_path.name, "segmentation", 1, 3)
    samples = list(dataset)
    assert [sample.id for sample in samples] == ["a", "b", "c"]
    assert all(s.image.shape == (8, 12, 3) and s.image.dtype == np.uint8 for s in samples)
    assert all(s.alpha is not None and s.alpha.shape == (8, 12) and s.alpha.dtype == np.float32 for s in samples)


def test_colours_are_rgb(tmp_path: Path) -> None:
    red = np.zeros((2, 2, 3), dtype=np.uint8)
    red[..., 2] = 255
    _write(tmp_path / "red.png", red)
    assert read_rgb(tmp_path / "red.png")[0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize(
    ("values", "dtype", "expected"),
    [
        ([0, 51, 255], np.uint8, [0, 0.2, 1]),
        ([0, 13107, 65535], np.uint16, [0, 0.2, 1]),
        ([0, 1, 1], np.uint8, [0, 1, 1]),
        ([0, 0, 0], np.uint8, [0, 0, 0]),
    ],
)
def test_masks_of_all_depths_are_read_as_0_to_1(
    tmp_path: Path, values: list[int], dtype: type[np.integer], expected: list[float]
) -> None:
    _write(tmp_path / "mask.png", np.array([values], dtype=dtype))
    assert read_alpha(tmp_path / "mask.png")[0] == pytest.approx(expected)


def _no_mask(folder: Path) -> None:
    (folder / "masks" / "b.png").unlink()


def _no_image(folder: Path) -> None:
    (folder / "images" / "b.jpg").unlink()


def _two_of_one_stem(folder: Path) -> None:
    _write(folder / "images" / "b.png", _image())


def _no_masks_at_all(folder: Path) -> None:
    for path in (folder / "masks").iterdir():
        path.unlink()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (_no_mask, r"images: 1 file \(b\) without a mask of the same stem"),
        (_no_image, r"masks: 1 file \(b\) without an image of the same stem"),
        (_two_of_one_stem, r"b\.jpg and b\.png have one stem"),
        (_no_masks_at_all, "has no images"),
    ],
)
def test_orphans_and_doubles_are_refused(tmp_path: Path, spoil: Callable[[Path], object], message: str) -> None:
    _pairs(tmp_path)
    spoil(tmp_path)
    with pytest.raises(InputError, match=message):
        segmentation_folders(tmp_path / "images", tmp_path / "masks")


def test_a_mask_of_another_size_is_refused(tmp_path: Path) -> None:
    _pairs(tmp_path)
    _write(tmp_path / "masks" / "b.png", _image(12, 8)[..., 0])
    dataset = segmentation_folders(tmp_path / "images", tmp_path / "masks")
    with pytest.raises(InputError, match=r"b\.png is 8x12, but .*b\.jpg is 12x8"):
        list(dataset)


def test_files_that_are_no_images_are_refused(tmp_path: Path) -> None:
    _pairs(tmp_path)
    (tmp_path / "images" / "a.jpg").write_bytes(b"not an image")
    (tmp_path / "images" / "b.jpg").write_bytes(b"")
    dataset = segmentation_folders(tmp_path / "images", tmp_path / "masks")
    for index, said in enumerate(("not an image", "the file is empty")):
        with pytest.raises(ImageError, match=said):
            dataset[index]
    with pytest.raises(ImageError, match="there is no such file"):
        read_rgb(tmp_path / "missing.png")


@pytest.mark.parametrize("suffix", sorted(READABLE_EXTENSIONS))
def test_whatever_a_run_finds_in_a_folder_a_data_set_finds_too(suffix: str, tmp_path: Path) -> None:
    _pairs(tmp_path, "a")
    (tmp_path / "images" / "a.jpg").rename(tmp_path / "images" / f"a{suffix}")
    assert read_rgb(tmp_path / "images" / f"a{suffix}").shape[2] == 3
    assert [entry.id for entry in segmentation_folders(tmp_path / "images", tmp_path / "masks").entries] == ["a"]


def test_a_photo_has_the_pixels_that_a_run_gives_the_network(tmp_path: Path) -> None:
    """AVIF, and CMYK, whose inks OpenCV would read as other colours than Pillow."""
    ramp = np.random.default_rng(3).integers(0, 256, (24, 32, 3), np.uint8)
    PilImage.fromarray(ramp).save(tmp_path / "a.avif", quality=90)
    PilImage.fromarray(ramp).convert("CMYK").save(tmp_path / "b.jpg", quality=95)
    for name in ("a.avif", "b.jpg"):
        np.testing.assert_array_equal(read_rgb(tmp_path / name), read_image(tmp_path / name).rgb)


def test_the_hash_is_of_the_content(tmp_path: Path) -> None:
    _pairs(tmp_path / "one")
    _pairs(tmp_path / "two")
    one, two = (open_dataset(str(tmp_path / name)) for name in ("one", "two"))
    assert one.content_hash == two.content_hash
    assert len(one.content_hash) == 64
    assert one.take(2).content_hash != one.content_hash
    _write(tmp_path / "two" / "masks" / "b.png", _image(seed=9)[..., 0])
    assert open_dataset(str(tmp_path / "two")).content_hash != one.content_hash


def test_take_spreads_over_the_set(tmp_path: Path) -> None:
    _pairs(tmp_path, "abcdefghij")
    dataset = open_dataset(str(tmp_path))
    assert [sample.id for sample in dataset.take(3)] == ["a", "d", "g"]
    assert dataset.take(99) is dataset
    with pytest.raises(InputError, match="0 samples"):
        dataset.take(0)


def test_a_data_set_has_samples_with_different_ids() -> None:
    entry = LazySample("a", lambda: Sample("a", np.zeros((1, 1, 3), dtype=np.uint8)))
    with pytest.raises(InputError, match="no samples"):
        Dataset("x", "segmentation", ())
    with pytest.raises(InputError, match="two samples 'a'"):
        Dataset("x", "segmentation", (entry, entry))


def test_low_resolution_is_made_or_read(tmp_path: Path) -> None:
    _write(tmp_path / "hr" / "a.png", _image(9, 13))
    made = open_dataset(str(tmp_path), scale=2)
    assert (made.task, made.scale, made.name) == ("super_resolution", 2, tmp_path.name)
    sample = made[0]
    assert sample.image.shape == (4, 6, 3)
    assert sample.high_resolution is not None
    assert sample.high_resolution.shape == (8, 12, 3)
    _write(tmp_path / "lr_x2" / "ax2.png", _image(4, 6, seed=3))
    paired = open_dataset(str(tmp_path), scale=2)
    assert (paired[0].image[..., ::-1] == _image(4, 6, seed=3)).all()
    assert paired.content_hash != made.content_hash
    _write(tmp_path / "lr_x2" / "ax2.png", _image(5, 6))
    with pytest.raises(InputError, match=r"is 6x5, but .* reduced by 2 is 6x4"):
        paired[0]


def test_bicubic_reduction_keeps_flat_images_and_refuses_odd_ones() -> None:
    flat = np.full((12, 8, 3), 77, dtype=np.uint8)
    assert (reduce_bicubic(flat, 4) == 77).all()
    assert reduce_bicubic(flat, 1) is flat
    with pytest.raises(InputError, match="crop it to multiples of 3"):
        reduce_bicubic(flat, 3)
    assert crop_to_multiple(flat, 5).shape == (10, 5, 3)
    with pytest.raises(InputError, match="cannot be reduced by 9"):
        crop_to_multiple(flat, 9)


@pytest.mark.parametrize("scale", [2, 4])
def test_bicubic_reduction_is_bit_exact_with_set5(shared_data: Path, scale: int) -> None:
    set5 = shared_data / "super_resolution" / "set5"
    made = super_resolution_folders(set5 / "hr", scale)
    published = super_resolution_folders(set5 / "hr", scale, low=set5 / f"lr_x{scale}")
    assert len(made) == 5
    for ours, theirs in zip(made, published, strict=True):
        assert np.array_equal(ours.image, theirs.image), ours.id


def test_layouts_check_names_and_numbers(tmp_path: Path) -> None:
    for stem in ("baby", "bird", "butterfly", "head"):
        _write(tmp_path / f"{stem}.png", _image())
    with pytest.raises(InputError, match=r"4 images, but Set5 .* has 5"):
        open_dataset(f"set5:{tmp_path}", scale=2)
    _write(tmp_path / "woman.png", _image())
    assert len(open_layout("set5", tmp_path, scale=2)) == 5
    _write(tmp_path / "lenna.png", _image())
    with pytest.raises(InputError, match="'lenna' is no image of Set5"):
        open_layout("set5", tmp_path, scale=2)
    with pytest.raises(InputError, match="needs DUTS-TE-Image/ and DUTS-TE-Mask/"):
        open_layout("duts_te", tmp_path)
    with pytest.raises(InputError, match="no layout 'set6'"):
        open_layout("set6", tmp_path)


def test_layouts_of_the_shared_data(shared_data: Path) -> None:
    data = shared_data / "super_resolution"
    assert len(open_dataset(f"set5:{data / 'set5'}", scale=4)) == 5
    assert len(open_dataset(f"set14:{data / 'set14'}", scale=4)) == 14
    with pytest.raises(InputError, match="10 images, but Urban100"):
        open_dataset(f"urban100:{data / 'urban100_10'}")
    with pytest.raises(InputError, match="200 images, but ECSSD"):
        open_dataset(f"ecssd:{shared_data / 'segmentation' / 'ecssd_val'}")


def test_every_layout_opens_when_it_is_complete(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stems = {"ecssd": "0001", "pascal_s": "1", "davis_2016": "bear/00000", "set5": "baby", "set14": "baboon"}
    stems |= {"urban100": "img_001", "div2k_valid": "0801", "bsd100": "3096"}
    for name, layout in LAYOUTS.items():
        stem = stems.get(name, "anything")
        for place, pixels in zip(layout.places[0], (_image(), _image().mean(axis=2).astype(np.uint8)), strict=False):
            _write(tmp_path / name / place / f"{stem}.png", pixels)
        monkeypatch.setitem(LAYOUTS, name, replace(layout, count=1))
        dataset = open_dataset(f"{name}:{tmp_path / name}", scale=2 if layout.task == "super_resolution" else 1)
        sample = dataset[0]
        assert (sample.tags == {"clip": "bear"}) == layout.clips
        assert bool(layout.url) == bool(layout.sha256)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nowhere", "neither a folder nor a known data set"),
        ("images=a", "give images= and masks="),
        ("images=a,masks", "'masks' is not understood"),
        ("images=a,masks=b", "a is not a folder"),
        ("synthetic:count=many", "whole numbers"),
        ("synthetic:colour=red", "'colour=red' is not understood"),
        ("synthetic:count=0", "1 or more"),
    ],
)
def test_descriptions_that_make_no_sense(
    text: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=message):
        open_dataset(text)


def test_a_folder_with_images_and_no_masks(tmp_path: Path) -> None:
    _pairs(tmp_path)
    for path in (tmp_path / "masks").iterdir():
        path.unlink()
    (tmp_path / "masks").rmdir()
    with pytest.raises(InputError, match="no folder of masks"):
        open_dataset(str(tmp_path))


def test_contact_sheet(tmp_path: Path) -> None:
    _pairs(tmp_path, "abcde")
    rows = [(sample.id, sample_row(sample)) for sample in open_dataset(str(tmp_path))]
    sheet = contact_sheet(rows, columns=2, height=40)
    assert sheet.shape == (3 * (40 + 18 + 6), 2 * (2 * 60 + 6), 3)
    assert sheet.dtype == np.uint8
