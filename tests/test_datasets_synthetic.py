"""The synthetic set: exact, repeatable, and the same from memory as from files."""

from pathlib import Path

import numpy as np
import pytest
from mattekit import MattekitError
from mattekit.core import InputError
from mattekit.datasets import (
    Sample,
    check_dataset,
    draw_dataset,
    make_dataset,
    open_dataset,
    synthetic,
    write_synthetic,
)
from mattekit.datasets.synthetic import KINDS, render_background


@pytest.fixture(scope="module")
def samples() -> list[Sample]:
    return list(synthetic(len(KINDS), seed=1, height=96, width=128))


def test_each_kind_is_what_it_says(samples: list[Sample]) -> None:
    by_kind = {sample.tags["kind"]: sample for sample in samples}
    assert list(by_kind) == list(KINDS)
    for kind, sample in by_kind.items():
        alpha = sample.alpha
        assert alpha is not None
        assert alpha.dtype == np.float32
        assert sample.image.shape == (96, 128, 3)
        assert np.array_equal(np.rint(alpha * 255) / np.float32(255), alpha)
        assert (alpha.max() == 0) == (kind == "empty")
        partial = np.mean((alpha > 0) & (alpha < 1)) / max(float(np.mean(alpha > 0)), 1e-9)
        assert (partial > 0.3) == (kind in {"soft", "glass"})


def test_the_image_is_the_composite(samples: list[Sample]) -> None:
    for sample in samples:
        assert sample.alpha is not None
        assert sample.foreground is not None
        inside = sample.alpha == 1
        assert np.array_equal(sample.image[inside], sample.foreground[inside])


def test_one_seed_makes_one_set() -> None:
    one, again, other = synthetic(3, seed=5), synthetic(3, seed=5), synthetic(3, seed=6)
    assert one.content_hash == again.content_hash != other.content_hash
    assert np.array_equal(one[1].image, again[1].image)
    assert not np.array_equal(one[1].image, other[1].image)
    # Samples do not depend on how many come before or after them.
    assert np.array_equal(synthetic(9, seed=5)[1].image, one[1].image)
    assert open_dataset("synthetic:count=3,seed=5").content_hash == one.content_hash


def test_files_hold_the_same_set(tmp_path: Path, samples: list[Sample]) -> None:
    dataset = synthetic(len(KINDS), seed=1, height=96, width=128)
    write_synthetic(dataset, tmp_path / "set")
    back = open_dataset(str(tmp_path / "set"))
    assert [sample.id for sample in back] == [sample.id for sample in samples]
    for stored, made in zip(back, samples, strict=True):
        assert np.array_equal(stored.image, made.image)
        assert stored.alpha is not None
        assert made.alpha is not None
        assert np.array_equal(stored.alpha, made.alpha)
        assert stored.foreground is not None
        assert made.foreground is not None
        assert np.array_equal(stored.foreground, made.foreground)
    write_synthetic(dataset, tmp_path / "set")
    (tmp_path / "set" / "mine.txt").write_text("precious", encoding="utf-8")
    with pytest.raises(InputError, match="would be lost"):
        write_synthetic(dataset, tmp_path / "set")


def test_refusals() -> None:
    with pytest.raises(InputError, match=r"no kind 'fur'; choose from .*hair"):
        synthetic(kinds=("fur",))
    for count, seed, height in ((0, 0, 64), (1, -1, 64), (1, 0, 8)):
        with pytest.raises(InputError, match="cannot be made"):
            synthetic(count, seed=seed, height=height)


def test_backgrounds() -> None:
    one = render_background(40, 60, 3)
    assert one.shape == (40, 60, 3)
    assert one.dtype == np.uint8
    assert np.array_equal(one, render_background(40, 60, 3))
    assert not np.array_equal(one, render_background(40, 60, 4))
    assert all(render_background(33, 47, seed).std() > 5 for seed in range(12))


def test_a_set_is_made_checked_and_drawn_by_one_call_each(tmp_path: Path) -> None:
    made = make_dataset(tmp_path / "set", count=3, seed=1, size="64x48")
    checked = check_dataset(tmp_path / "set")
    assert [sample.id for sample in checked] == [sample.id for sample in made]
    assert {sample.image.shape for sample in checked} == {(48, 64, 3)}
    shown, whole = draw_dataset(str(tmp_path / "set"), tmp_path / "sheet.png", limit=2)
    assert (len(shown), len(whole)) == (2, 3)
    assert (tmp_path / "sheet.png").is_file()
    (tmp_path / "set" / "masks" / f"{made[0].id}.png").write_bytes(b"broken")
    with pytest.raises(MattekitError, match=made[0].id):
        check_dataset(tmp_path / "set")
