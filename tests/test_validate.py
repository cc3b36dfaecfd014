"""Validation: figures, slices, samples and files, from models that are plain functions."""

import math
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from mattekit.bench import (
    EvaluationSettings,
    Predictor,
    drop_interval,
    evaluate,
    figure_interval,
    record_name,
    samples_table,
    summary_table,
    validate,
    worst_samples,
)
from mattekit.bench.accuracy.outputs import worst_sheet, write_validation
from mattekit.bench.accuracy.predictors import golden_predictor, open_predictors
from mattekit.bench.intervals import mean_interval, ratio_interval
from mattekit.commands.views.validate import print_validation
from mattekit.core import InputError, ModelError, Provenance, ValidateRecord, read_record
from mattekit.datasets import AlphaMatte, Dataset, Sample, open_dataset, synthetic, write_synthetic
from mattekit.datasets.image_folders import segmentation_folders
from mattekit.datasets.sample import LazySample
from mattekit.metrics import default_metrics, iou, metrics_for
from mattekit.metrics.segmentation import f_beta_curve
from records import execution, variant


def _predictor(answer: Callable[[Sample], AlphaMatte], model: str = "plain", precision: str = "fp32") -> Predictor:
    return Predictor(
        task="segmentation",
        scale=1,
        variant=variant(model, precision, sha256={}),
        execution=execution(),
        alpha=answer,
    )


def _into(folder: Path, *, order: str | None = None, worst: int = 12, replace: bool = False) -> EvaluationSettings:
    return EvaluationSettings(out=folder, order=order, worst=worst, replace=replace)


def _blurred(sample: Sample) -> AlphaMatte:
    assert sample.alpha is not None
    return np.clip(cv2.GaussianBlur(sample.alpha, (0, 0), 2), 0, 1).astype(np.float32)


def _perfect(sample: Sample) -> AlphaMatte:
    assert sample.alpha is not None
    return sample.alpha


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    """Fourteen small synthetic samples, rendered once."""
    made = synthetic(14, seed=3, height=64, width=80)
    samples = list(made)
    entries = tuple(
        LazySample(e.id, lambda s=s: s, recipe=e.recipe) for e, s in zip(made.entries, samples, strict=True)
    )
    return replace(made, entries=entries)


@pytest.fixture(scope="module")
def record(dataset: Dataset) -> ValidateRecord:
    return validate([_predictor(_blurred)], dataset)[0]


def _value(record: ValidateRecord, name: str, slice_: str = "all") -> float | None:
    (found,) = [figure for figure in record.of_metric(name) if figure.slice == slice_]
    return found.value


def _column(record: ValidateRecord, name: str) -> list[float | None]:
    return list(record.table.values[name])


def test_figures_are_the_samples_means(dataset: Dataset, record: ValidateRecord) -> None:
    expected = [iou(_blurred(sample), _perfect(sample)) for sample in dataset]
    assert _column(record, "iou") == expected
    assert _value(record, "iou") == pytest.approx(np.mean(expected), abs=1e-12)
    assert {figure.metric for figure in record.measurements} == set(default_metrics("segmentation"))
    assert record.kind == "validate"
    assert record.data.sha256 == dataset.content_hash
    assert record.data.count == 14


def test_the_best_threshold_is_that_of_the_set(dataset: Dataset, record: ValidateRecord) -> None:
    curves = np.stack([f_beta_curve(_blurred(sample), _perfect(sample)) for sample in dataset])
    assert _value(record, "max_f_beta") == pytest.approx(curves.mean(axis=0).max(), abs=1e-12)


def test_slices(dataset: Dataset, record: ValidateRecord) -> None:
    values = _column(record, "iou")
    hair = record.table.rows("kind=hair")
    for index in hair:
        assert "hair" in record.table.ids[index]
    expected = np.mean([values[row] or 0 for row in hair])
    assert _value(record, "iou", "kind=hair") == pytest.approx(expected)
    slices = {figure.slice for figure in record.measurements}
    assert {"all", "kind=empty", "kind=glass", "subject=empty"} <= slices
    assert _value(record, "mae", "kind=empty") == 0
    assert len(record.table.rows("all")) == len(dataset)
    assert record.table.rows("kind=none") == []


def test_several_models_and_a_reference(dataset: Dataset) -> None:
    predictors = [_predictor(_blurred, "one"), _predictor(_perfect, "two")]
    one, two = validate(predictors, dataset, metrics=["iou", "mae"])
    assert (_value(one, "iou") or 0) < 1 == _value(two, "iou")
    (same,) = validate(predictors[:1], dataset, metrics=["iou"], reference=predictors[0])
    assert _value(same, "iou") == 1
    assert same.data.reference == "one fp32 CPU"
    assert one.data.reference == "truth"
    table = summary_table([one, two])
    assert table["model"].tolist() == ["one", "two"]
    assert table["samples"].tolist() == [14, 14]


def test_every_metric_and_what_cannot_be_measured(dataset: Dataset) -> None:
    (record,) = validate([_predictor(_blurred)], dataset, metrics=["all"])
    assert all(figure.value is not None and math.isfinite(figure.value) for figure in record.measurements)
    (asked,) = validate([_predictor(_blurred)], dataset, metrics=["iou", "dtssd"])
    assert _value(asked, "dtssd") is None
    assert _column(asked, "dtssd") == [None] * len(dataset)


def test_clips(tmp_path: Path) -> None:
    for clip, frames in (("a", 3), ("b", 2), ("c", 1)):
        for frame in range(frames):
            for part, shape in (("images", (20, 24, 3)), ("masks", (20, 24))):
                array = np.zeros(shape, dtype=np.uint8)
                array[5:10, 5 + frame : 10 + frame] = 255
                path = tmp_path / part / clip / f"{frame}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                cv2.imwrite(str(path), array)
    clips = segmentation_folders(tmp_path / "images", tmp_path / "masks", tag_folders="clip")
    (record,) = validate([_predictor(_perfect)], clips, metrics=["dtssd", "still_flicker", "iou"])
    assert _column(record, "dtssd") == [0, None, None, 0, None, None]
    assert _value(record, "dtssd") == 0
    assert _value(record, "dtssd", "clip=c") is None
    (steady,) = validate(
        [_predictor(lambda s: np.zeros(s.image.shape[:2], dtype=np.float32))], clips, metrics=["dtssd"]
    )
    assert (_value(steady, "dtssd") or 0) > 0


def test_super_resolution_and_infinity(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for stem in "ab":
        (tmp_path / "hr").mkdir(exist_ok=True)
        cv2.imwrite(str(tmp_path / "hr" / f"{stem}.png"), rng.integers(0, 256, (32, 36, 3), dtype=np.uint8))
    pairs = open_dataset(str(tmp_path), scale=2)
    (record,) = validate([golden_predictor(tmp_path / "hr")], pairs)
    assert _value(record, "psnr_y") == math.inf
    assert record.data.border == 2
    path = tmp_path / "record.json"
    record.write(path)
    assert '"Infinity"' in path.read_text(encoding="utf-8")
    back = read_record(path, ValidateRecord)
    assert _column(back, "psnr_y") == [math.inf, math.inf]
    assert _value(back, "psnr_y") == math.inf
    assert figure_interval(back, back.measurements[0]) == (math.inf, math.inf)
    assert _value(evaluate(f"golden:{tmp_path / 'hr'}", tmp_path, scale=2).record, "psnr") == math.inf


def test_golden_outputs(tmp_path: Path, dataset: Dataset) -> None:
    write_synthetic(dataset, tmp_path / "set")
    (predictor,) = open_predictors(f"golden:{tmp_path / 'set' / 'masks'}")
    (record,) = validate([predictor], dataset, metrics=["mae"])
    assert _value(record, "mae") == 0
    next((tmp_path / "set" / "masks").iterdir()).unlink()
    with pytest.raises(InputError, match="no output for the sample"):
        validate([golden_predictor(tmp_path / "set" / "masks")], dataset, metrics=["mae"])


def test_worst_samples_come_first(record: ValidateRecord) -> None:
    by_iou, by_mae = (samples_table(record, order=name) for name in ("iou", "mae"))
    assert by_iou["iou"].is_monotonic_increasing
    assert by_mae["mae"].is_monotonic_decreasing
    assert worst_samples(record, order="iou", count=1) == [
        int(np.argmin([value or 0 for value in _column(record, "iou")]))
    ]
    with pytest.raises(InputError, match=r"no samples of the metric 'psnr'; it has: .*iou"):
        worst_samples(record, order="psnr")


def test_files(tmp_path: Path, dataset: Dataset, record: ValidateRecord) -> None:
    (path,) = write_validation([record], [_predictor(_blurred)], dataset, _into(tmp_path / "out", order="mae", worst=3))
    assert path.name == "plain-fp32-CPU-synthetic.json" == f"{record_name(record)}.json"
    assert read_record(path) == record
    table = pd.read_csv(path.with_suffix(".csv"))
    assert table["mae"].is_monotonic_decreasing
    assert len(table) == 14
    assert cv2.imread(str(path.with_suffix(".worst.png"))) is not None
    assert worst_sheet(record, _predictor(_blurred), dataset, count=3).dtype == np.uint8


def test_a_run_from_words_to_files(tmp_path: Path, dataset: Dataset, capsys: pytest.CaptureFixture[str]) -> None:
    write_synthetic(dataset, tmp_path / "set")
    model = f"golden:{tmp_path / 'set' / 'masks'}"
    result = evaluate(model, tmp_path / "set", limit=5, out=tmp_path / "out")
    assert result.record.data.count == 5
    assert read_record(result.paths[0]) == result.record
    print_validation(result, EvaluationSettings())
    said = capsys.readouterr().out
    assert "golden:masks" in said
    assert "95% intervals" in said
    with pytest.raises(InputError, match="ordered by 'psnr'"):
        evaluate(model, tmp_path / "set", limit=5, out=tmp_path / "none", order="psnr")
    assert not (tmp_path / "none").exists()


def test_a_table_has_a_row_for_each_figure_of_each_model(tmp_path: Path, dataset: Dataset) -> None:
    write_synthetic(dataset, tmp_path / "set")
    models = [f"golden:{tmp_path / 'set' / 'masks'}", f"golden:{tmp_path / 'set' / 'masks'}"]
    shown = list[tuple[str, int, int | None]]()

    def progress(what: str, done: int, total: int | None) -> None:
        shown.append((what, done, total))

    result = evaluate(
        models,
        dataset.take(3),
        metrics="iou, mae",  # pyright: ignore[reportArgumentType]  as the command line gives it
        progress=progress,
    )
    table = result.to_frame()
    whole = table[table["slice"] == "all"]
    assert whole["metric"].tolist() == ["iou", "mae", "iou", "mae"]
    assert whole["value"].tolist() == [1, 0, 1, 0]
    assert "<table" in result._repr_html_()  # pyright: ignore[reportPrivateUsage]  as a notebook does
    assert shown == [("samples", 1, 3), ("samples", 2, 3), ("samples", 3, 3)]
    assert result.paths == ()
    with pytest.raises(InputError, match="there are 2 records"):
        _ = result.record
    assert result.records[0].settings["metrics"] == ["iou", "mae"]


def test_answers_on_disk_are_the_reference_of_photos_without_a_truth(
    light_ir: Path, photo: Path, tmp_path: Path
) -> None:
    from mattekit import open_pipeline
    from mattekit.infer import RunSettings, plan_batch, run_batch

    for name in ("one", "two"):
        (tmp_path / "photos").mkdir(exist_ok=True)
        shutil.copy(photo, tmp_path / "photos" / f"{name}.jpg")
    batch = plan_batch([tmp_path / "photos"], tmp_path / "masks", RunSettings(only_mask=True))
    assert all(outcome.error is None for outcome in run_batch(batch, open_pipeline(sr=None, model=light_ir)))
    record = evaluate(light_ir, tmp_path / "photos", reference=f"golden:{tmp_path / 'masks'}").record
    assert _column(record, "iou") == [1.0, 1.0]
    with pytest.raises(InputError, match="has no truth; give a reference"):
        evaluate(light_ir, tmp_path / "photos")


def test_refusals(dataset: Dataset, tmp_path: Path) -> None:
    good = _predictor(_perfect)
    with pytest.raises(InputError, match="no model"):
        validate([], dataset)
    with pytest.raises(InputError, match=r"psnr does not fit segmentation; choose from .*iou"):
        metrics_for("segmentation", ["psnr"])
    with pytest.raises(InputError, match="no metric 'nice'"):
        validate([good], dataset, metrics=["nice"])
    with pytest.raises(ModelError, match="is for super_resolution x2, but the data set synthetic is for segmentation"):
        validate([replace(good, task="super_resolution", scale=2)], dataset)
    with pytest.raises(ModelError, match=r"has the shape \(3, 3\)"):
        validate([_predictor(lambda _: np.zeros((3, 3), dtype=np.float32))], dataset)
    with pytest.raises(InputError, match="NaN"):
        validate([_predictor(lambda s: np.full(s.image.shape[:2], np.nan, dtype=np.float32))], dataset)
    with pytest.raises(ModelError, match="there is no such file or folder"):
        open_predictors(str(tmp_path / "nothing"))
    with pytest.raises(ModelError, match=r"no \.xml or \.onnx file of a model"):
        open_predictors(str(tmp_path))


def test_intervals() -> None:
    rng = np.random.default_rng(1)
    before = rng.normal(0.9, 0.05, 80)
    after = before - 0.01 + rng.normal(0, 0.002, 80)
    low, high = mean_interval(list(before))
    assert low < before.mean() < high
    assert (low, high) == mean_interval(list(before))
    # The normal approximation agrees with the bootstrap where it may be used.
    half = 1.96 * before.std(ddof=1) / math.sqrt(80)
    assert (low, high) == pytest.approx((before.mean() - half, before.mean() + half), abs=0.002)
    # Pairing takes the spread between samples away: the drop is known far better than either mean.
    down, up = drop_interval(list(before), list(after))
    assert down < 0.01 < up
    assert up - down < 0.1 * (high - low)
    assert drop_interval([1, 2, math.inf], [1, 2, math.inf]) == (0, 0)
    assert drop_interval([0, 0], [0, 0], relative=True) == (0, 0)
    assert ratio_interval([2, 4], [1, 2]) == (0.5, 0.5)
    assert mean_interval([0.5]) == (0.5, 0.5)


def _fine_tunes(record: ValidateRecord) -> list[ValidateRecord]:
    """The record as of two networks of one id and precision, with other weights."""
    found: list[ValidateRecord] = []
    for text in "ab":
        ref = variant("plain", sha256={"model.bin": text * 64}, weights=text * 64)
        figures = tuple(figure.model_copy(update={"variants": (ref,)}) for figure in record.measurements)
        found.append(record.model_copy(update={"variants": (ref,), "measurements": figures}))
    return found


def test_two_fine_tunes_of_one_call_leave_two_records(tmp_path: Path, dataset: Dataset, record: ValidateRecord) -> None:
    first, second = _fine_tunes(record)
    predictors = [_predictor(_blurred)] * 2
    paths = write_validation([first, second], predictors, dataset, _into(tmp_path, worst=1))
    assert [read_record(path) for path in paths] == [first, second]
    assert all(path.name.startswith(f"{record_name(record)}-") for path in paths)
    for path in paths:
        assert path.with_suffix(".csv").is_file()
        assert path.with_suffix(".worst.png").is_file()
        assert path.with_suffix(".images").is_dir()
    # The names follow from the files alone: the same ones in whatever order, and again.
    assert write_validation([second, first], predictors, dataset, _into(tmp_path, worst=0)) == paths[::-1]
    assert len(list(tmp_path.glob("*.json"))) == 2
    # The same network twice, and answers of folders of the same name, which have no files of their own.
    twice = write_validation([first, first, record, record], predictors * 2, dataset, _into(tmp_path / "b", worst=0))
    assert len(set(twice)) == 4


def test_another_fine_tune_overwrites_nothing_in_the_folder_unless_told(
    tmp_path: Path, dataset: Dataset, record: ValidateRecord
) -> None:
    first, second = _fine_tunes(record)
    (path,) = write_validation([first], [_predictor(_blurred)], dataset, _into(tmp_path, worst=0))
    assert path.stem == record_name(record)
    (other,) = write_validation([second], [_predictor(_blurred)], dataset, _into(tmp_path, worst=0))
    assert (read_record(path), read_record(other)) == (first, second)
    # Measured again, each takes its own place.
    for each, where in ((first, path), (second, other)):
        assert write_validation([each], [_predictor(_blurred)], dataset, _into(tmp_path, worst=0)) == [where]
    assert write_validation([second], [_predictor(_blurred)], dataset, _into(tmp_path, worst=0, replace=True)) == [path]
    assert read_record(path) == second
    path.write_text("mine", encoding="utf-8")
    assert write_validation([first], [_predictor(_blurred)], dataset, _into(tmp_path, worst=0)) != [path]
    assert path.read_text(encoding="utf-8") == "mine"


@pytest.mark.slow
def test_the_command_leaves_a_record_for_each_of_two_fine_tunes(
    tmp_path: Path,
    dataset: Dataset,
    segmentation_ir: Path,
    own_provenance: Provenance,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from mattekit.convert.ir import save_ir
    from mattekit.infer import load, read_model

    write_synthetic(dataset, tmp_path / "set")
    source = load(segmentation_ir / "model.xml")
    folders = [tmp_path / name / "fp32" for name in ("one", "two")]
    for text, folder in zip("ab", folders, strict=True):
        folder.mkdir(parents=True)
        provenance = own_provenance.model_copy(update={"model": "u2netp", "weights_sha256": text * 64})
        model = read_model(segmentation_ir / "model.xml")
        save_ir(
            model,
            folder / "model.xml",
            contract=source.contract,
            provenance=provenance,
            shape=(1, source.contract.input.height or 0, source.contract.input.width or 0),
            fp16=False,
        )
    data = tmp_path / "set"
    both = evaluate(folders, data, limit=2, worst=0, out=tmp_path / "out")
    assert sorted(tmp_path.glob("out/*.json")) == sorted(both.paths)
    assert [read_record(path).variants[0].weights_sha256 for path in both.paths] == ["a" * 64, "b" * 64]
    alone, after = (evaluate(folder, data, limit=2, worst=0, out=tmp_path / "alone") for folder in folders)
    assert alone.paths != after.paths
    print_validation(after, EvaluationSettings(worst=0))
    assert f"{alone.paths[0]} is another record of that name, and was left as it is" in capsys.readouterr().out
    assert read_record(alone.paths[0]) == alone.records[0]
