"""The gallery of a report: which images it shows, and which it never does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from mattekit.bench import validate
from mattekit.bench.accuracy.outputs import write_sample_images
from mattekit.bench.accuracy.predictors import golden_predictor
from mattekit.bench.accuracy.sample_choice import rows_to_show
from mattekit.core import ValidateRecord, read_record
from mattekit.datasets import open_dataset, write_png
from mattekit.reports import ReportResult, write_report
from mattekit.reports.document import Gallery
from records import run_record


def report(*paths: Path, **options: object) -> ReportResult:
    return write_report(paths, (), **options)  # type: ignore[arg-type]


@pytest.fixture
def shown(tmp_path: Path) -> Path:
    """A validation of golden masks with images beside its record; returns the record's path."""
    dataset = open_dataset("synthetic:count=3,seed=0,size=96x64")
    (tmp_path / "golden").mkdir()
    for sample in dataset:
        write_png(tmp_path / "golden" / f"{sample.id}.png", np.zeros(sample.image.shape[:2], np.uint8))
    subject = golden_predictor(tmp_path / "golden")
    (record,) = validate([subject], dataset, metrics=["mae"])
    path = tmp_path / "validation" / "v.json"
    record.write(path)
    write_sample_images(path, subject, dataset, rows_to_show([record], count=2))
    return path


def gallery(made: ReportResult) -> list[Gallery]:
    return [block for section in made.document.sections for block in section.blocks if isinstance(block, Gallery)]


def test_the_gallery_shows_the_worst_first(shown: Path) -> None:
    record = read_record(shown)
    assert isinstance(record, ValidateRecord)
    errors = record.table.of("mae")
    (found,) = gallery(report(shown))
    assert [one.title for one in found.exhibits] == sorted(errors, key=lambda name: -errors[name])[:2]
    labels = [image.label.split(",")[0] for image in found.exhibits[0].images]
    assert labels == ["truth", "mask", "error", "cut-out"]
    assert found.exhibits[0].before
    assert found.exhibits[0].before.label == "original"
    assert all(max(p.width, p.height) <= 320 for one in found.exhibits for p in one.images)


def test_typical_samples_come_before_the_worst(tmp_path: Path) -> None:
    dataset = open_dataset("synthetic:count=9,seed=0,size=48x32")
    (tmp_path / "golden").mkdir()
    for sample in dataset:
        write_png(tmp_path / "golden" / f"{sample.id}.png", np.zeros(sample.image.shape[:2], np.uint8))
    subject = golden_predictor(tmp_path / "golden")
    (record,) = validate([subject], dataset, metrics=["mae"])
    record.write(tmp_path / "v.json")
    write_sample_images(tmp_path / "v.json", subject, dataset, rows_to_show([record], count=8))
    errors = record.table.of("mae")
    by_error = sorted(errors, key=lambda name: -errors[name])
    middle = float(np.median(list(errors.values())))
    (found,) = gallery(report(tmp_path / "v.json"))
    titles = [one.title for one in found.exhibits]
    assert titles[:2] == sorted(errors, key=lambda name: abs(errors[name] - middle))[:2]
    assert titles[2:] == [name for name in by_error if name in titles[2:]]
    assert titles[2] == by_error[0]
    assert "typical samples first, then the worst" in found.note


def test_an_image_that_leaves_the_records_folder_is_not_shown(shown: Path, photo: Path) -> None:
    (folder,) = [path for path in shown.parent.iterdir() if path.is_dir()]
    for file in folder.glob("*-image.png"):
        file.unlink()
        file.symlink_to(photo)
    (found,) = gallery(report(shown))
    assert not found.exhibits
    assert found.note == "2 images lie outside of their record's folder and are not shown."


def test_a_run_is_shown_from_named_folders_only(tmp_path: Path, photo: Path) -> None:
    record = run_record({"decode": [0.1, 0.2]}, inputs=(str(photo), "/etc/passwd"))
    home, results = tmp_path / "home", tmp_path / "results"
    record.write(home / "run.json")
    results.mkdir()
    (results / photo.name).write_bytes(photo.read_bytes())
    assert not [one for one in gallery(report(home / "run.json")) if one.exhibits]
    (found, *_) = gallery(report(home / "run.json", images=(results,)))
    assert [[p.label for p in one.images] for one in found.exhibits] == [["results"]]
    (found, refused) = gallery(report(home / "run.json", images=(photo.parent, results)))
    (exhibit,) = found.exhibits
    assert exhibit.before
    assert exhibit.after
    assert (exhibit.before.label, exhibit.after.label) == ("original", "results")
    assert refused.note.startswith("1 images lie outside")


def test_the_pixel_limit_holds(shown: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MATTEKIT_MAX_PIXELS", "100")
    (found,) = gallery(report(shown))
    assert not found.exhibits
    assert "cannot be read" in found.note
