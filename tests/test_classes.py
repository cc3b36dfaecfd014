"""Truth as classes: masks as people write them, the figures made of them, gates on one class."""

from __future__ import annotations

from pathlib import Path

import mattekit
import numpy as np
import openvino
import pytest
from mattekit.core import Contract, InputContract, InputError, ModelError, OutputContract, Provenance
from mattekit.datasets import VOID, open_dataset, read_mask
from mattekit.images import Image
from mattekit.infer import Remover, load
from mattekit.metrics import class_iou, class_shares, confusion, get_metric
from numpy.typing import NDArray
from openvino import opset15 as ops
from PIL import Image as PilImage

LABELS = ("background", "red", "green")
COLOURS = np.array([[0, 0, 0], [255, 0, 0], [0, 255, 0]], dtype=np.uint8)
SIZE = 32


@pytest.fixture(scope="module")
def network(own_provenance: Provenance, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a network that scores black, red and green pixels, without an error."""
    image = ops.parameter([1, 3, SIZE, SIZE], np.float32, name="image")
    weights = np.array([[-1, -1, 0], [2, -2, 0], [-2, 2, 0]], dtype=np.float32).reshape(3, 3, 1, 1)
    scores = ops.convolution(image, weights, [1, 1], [0, 0], [0, 0], [1, 1])
    model = openvino.Model([scores], [image], "colours")  # pyright: ignore[reportGeneralTypeIssues]
    contract = Contract(
        task="segmentation",
        input=InputContract(height=SIZE, width=SIZE),
        output=OutputContract(kind="classes", labels=LABELS),
    )
    model.set_rt_info(contract.to_json(), ["mattekit", "contract"])
    model.set_rt_info(own_provenance.to_json(), ["mattekit", "provenance"])
    path = tmp_path_factory.mktemp("network") / "colours.xml"
    openvino.save_model(model, path, compress_to_fp16=False)
    return path


def _drawn(seed: int) -> NDArray[np.uint8]:
    """Return class numbers, a red and a green rectangle on the background."""
    rng = np.random.default_rng(seed)
    numbers = np.zeros((SIZE, SIZE), dtype=np.uint8)
    for number in (1, 2):
        top, left = rng.integers(0, SIZE // 2, 2)
        numbers[top : top + 12, left + 2 * number : left + 2 * number + 10] = number
    return numbers


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for seed in range(4):
        PilImage.fromarray(COLOURS[_drawn(seed)]).save(folder / f"{seed}.png")
    return folder


def _masks(folder: Path, how: str, *, wrong: int = 0) -> Path:
    """Write the truth in one of the ways; the first `wrong` columns are of the next class."""
    folder.mkdir()
    for seed in range(4):
        numbers = _drawn(seed)
        numbers[:, :wrong] = (numbers[:, :wrong] + 1) % 3
        match how:
            case "numbers":
                written = PilImage.fromarray(numbers)
            case "sixteen bits":
                written = PilImage.fromarray(numbers.astype(np.uint16))
            case "palette":
                written = PilImage.fromarray(numbers, mode="P")
                written.putpalette([0, 0, 0, 128, 0, 0, 0, 128, 0, *([0] * 747), 224, 224, 192])
            case "voc colours":
                written = PilImage.fromarray((COLOURS // 255 * 128).astype(np.uint8)[numbers])
            case "own colours":
                written = PilImage.fromarray(np.array([[9, 9, 9], [0, 0, 99], [7, 99, 0]], np.uint8)[numbers])
            case _:
                written = PilImage.fromarray(np.where(numbers > 0, np.uint8(int(how)), np.uint8(0)))
        written.save(folder / f"{seed}.png")
    if how == "own colours":
        text = 'labels = ["background", "red", "green"]\ncolours = ["#090909", "#000063", "#076300"]\n'
        (folder / "classes.toml").write_text(text, encoding="utf-8")
    return folder


def _figures(network: Path, photos: Path, masks: Path, **settings: object) -> dict[tuple[str, str], float | None]:
    record = mattekit.evaluate(network, f"images={photos},masks={masks}", **settings).record  # pyright: ignore[reportArgumentType]
    return {(figure.metric, figure.slice): figure.value for figure in record.measurements}


@pytest.mark.parametrize("how", ["numbers", "sixteen bits", "palette", "voc colours", "own colours"])
def test_one_truth_has_the_same_figures_however_it_is_written(
    network: Path, photos: Path, tmp_path: Path, how: str
) -> None:
    found = _figures(network, photos, _masks(tmp_path / "masks", how, wrong=6))
    counts = np.zeros((3, 3), dtype=np.int64)
    for seed in range(4):
        answered = _drawn(seed)
        truth = answered.copy()
        truth[:, :6] = (truth[:, :6] + 1) % 3
        for true, answer in zip(truth.ravel(), answered.ravel(), strict=True):
            counts[true, answer] += 1
    each = [counts[c, c] / (counts[c].sum() + counts[:, c].sum() - counts[c, c]) for c in range(3)]
    assert [found["iou", f"class={label}"] for label in LABELS] == pytest.approx(each, abs=1e-12)
    assert found["miou", "all"] == pytest.approx(np.mean(each), abs=1e-12)
    assert found["pixel_accuracy", "all"] == pytest.approx(np.trace(counts) / counts.sum(), abs=1e-12)
    assert ("miou", "subject=medium") not in found


def test_a_right_answer_is_right_in_every_figure(network: Path, photos: Path, tmp_path: Path) -> None:
    found = _figures(network, photos, _masks(tmp_path / "masks", "numbers"), metrics=["miou", "image_miou", "iou"])
    assert set(found.values()) == {1.0}


@pytest.mark.parametrize("full", ["1", "255"])
def test_a_mask_of_the_subject_tells_nothing_of_classes(network: Path, photos: Path, tmp_path: Path, full: str) -> None:
    found = _figures(network, photos, _masks(tmp_path / "masks", full))
    assert found["iou", "all"] == 1
    assert not [metric for metric, part in found if metric == "miou" or part.startswith("class=")]
    assert _figures(network, photos, tmp_path / "masks", metrics=["miou"])["miou", "all"] is None


def test_void_pixels_count_in_no_figure(network: Path, photos: Path, tmp_path: Path) -> None:
    masks = _masks(tmp_path / "masks", "palette", wrong=6)
    for path in masks.glob("*.png"):
        with PilImage.open(path) as opened:
            numbers, palette = np.array(opened), opened.getpalette()
        numbers[:, :6] = VOID
        written = PilImage.fromarray(numbers, mode="P")
        written.putpalette(palette or [])
        written.save(path)
    found = _figures(network, photos, masks)
    assert [found[metric, "all"] for metric in ("miou", "pixel_accuracy", "iou", "mae")] == [1, 1, 1, 0]


def test_labels_are_matched_by_name(network: Path, photos: Path, tmp_path: Path) -> None:
    masks = _masks(tmp_path / "masks", "numbers")
    for path in masks.glob("*.png"):
        numbers = np.array(PilImage.open(path))
        PilImage.fromarray(np.array([0, 2, 1], dtype=np.uint8)[numbers]).save(path)
    names = tmp_path / "names.toml"
    names.write_text('labels = ["background", "green", "red"]\n', encoding="utf-8")
    data = f"images={photos},masks={masks},classes={names}"
    record = mattekit.evaluate(network, data, metrics=("miou",)).record
    assert record.of_metric("miou")[0].value == 1
    names.write_text('labels = ["background", "green", "rad"]\n', encoding="utf-8")
    with pytest.raises(InputError, match=r"0\.png: it has the class 'rad'.*did you mean red"):
        mattekit.evaluate(network, data)


def test_the_data_set_says_which_classes_are_the_subject(tmp_path: Path) -> None:
    masks = _masks(tmp_path / "masks", "own colours")
    file = masks / "classes.toml"
    file.write_text(file.read_text(encoding="utf-8") + 'foreground = ["green"]\n', encoding="utf-8")
    photos = tmp_path / "photos"
    photos.mkdir()
    for seed in range(4):
        PilImage.fromarray(COLOURS[_drawn(seed)]).save(photos / f"{seed}.png")
    sample = open_dataset(f"images={photos},masks={masks}")[0]
    assert sample.alpha is not None
    assert np.array_equal(sample.alpha, _drawn(0) == 2)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (3, "value 3 is no class of the model, which has 3"),
        (90, "value 90 is no class"),
        (128, "value 128 is no class"),
    ],
)
def test_a_truth_that_fits_no_reading_is_refused(
    network: Path, photos: Path, tmp_path: Path, value: int, said: str
) -> None:
    masks = _masks(tmp_path / "masks", "numbers")
    path = masks / "2.png"
    numbers = np.array(PilImage.open(path))
    PilImage.fromarray(np.where(numbers == 2, np.uint8(value), numbers)).save(path)
    with pytest.raises(InputError, match=rf"2\.png: its {said}"):
        mattekit.evaluate(network, f"images={photos},masks={masks}")


def test_classes_in_a_jpeg_and_unknown_colours_are_refused(tmp_path: Path) -> None:
    smooth = np.repeat(np.arange(32, dtype=np.uint8)[None] // 8, 32, axis=0)
    PilImage.fromarray(smooth).save(tmp_path / "a.jpg", quality=100)
    with pytest.raises(InputError, match=r"a\.jpg: .*JPEG are not what was written"):
        read_mask(tmp_path / "a.jpg")
    PilImage.fromarray(np.array([[9, 9, 9], [0, 0, 99], [7, 99, 0]], np.uint8)[_drawn(0)]).save(tmp_path / "b.png")
    with pytest.raises(InputError, match=r"b\.png: its colour #000063 stands for no class"):
        read_mask(tmp_path / "b.png")


def test_a_soft_matte_stays_one_beside_a_model_of_classes(tmp_path: Path) -> None:
    ramp = np.repeat(np.linspace(0, 255, 64).astype(np.uint8)[None], 64, axis=0)
    PilImage.fromarray(ramp).save(tmp_path / "soft.png")
    truth = read_mask(tmp_path / "soft.png")
    assert truth.classes is not None
    assert truth.classes.for_labels(LABELS) is None
    assert np.allclose(truth.alpha, ramp / 255)
    edges = np.where(_drawn(1) > 0, np.uint8(255), np.uint8(0))
    edges[5, 3:9] = 128
    PilImage.fromarray(edges).save(tmp_path / "edges.png")
    softened = read_mask(tmp_path / "edges.png").classes
    assert softened is not None
    assert softened.for_labels(LABELS) is None


def test_a_palette_of_greys_is_a_mask_of_the_subject(tmp_path: Path) -> None:
    written = PilImage.fromarray((_drawn(0) > 0).astype(np.uint8), mode="P")
    written.putpalette([0, 0, 0, 255, 255, 255])
    written.save(tmp_path / "grey.png")
    assert np.array_equal(read_mask(tmp_path / "grey.png").alpha, _drawn(0) > 0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("labels = ['a']", "labels"),
        ("labels = ['a', 'a']", "differ"),
        ("labels = ['a', 'b']\ncolours = ['#000000']", "1 entries for 2 labels"),
        ("labels = ['a', 'b']\nforeground = ['c']", "'c'"),
        ("labels = ['a', 'b']\nvoid = 1", "void 1"),
        ("labels = ['a', 'b']\ncolors = []", "did you mean colours"),
    ],
)
def test_a_mistake_in_the_file_of_classes_is_told(photos: Path, tmp_path: Path, text: str, said: str) -> None:
    masks = _masks(tmp_path / "masks", "numbers")
    (tmp_path / "classes.toml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=rf"classes\.toml: .*{said}"):
        mattekit.check_dataset(f"images={photos},masks={masks}")


def test_shares_mean_what_the_summed_confusion_says() -> None:
    rng = np.random.default_rng(0)
    counts = rng.integers(0, 50, (20, 4, 4)) * (rng.random((20, 1, 1)) < 0.8)
    counts[:, 3] = counts[:, :, 3] = 0
    shares = class_shares(counts)
    whole = counts.sum(axis=0)
    assert np.allclose(shares["class_iou"].mean(axis=0), class_iou(whole), equal_nan=True)
    assert np.isnan(class_iou(whole)[3])
    for name in ("miou", "pixel_accuracy"):
        assert shares[name].mean() == pytest.approx(get_metric(name).function(whole))


def test_a_confusion_leaves_out_what_is_no_class() -> None:
    truth = np.array([[0, 1, VOID]], dtype=np.uint8)
    assert confusion(np.array([[1, 1, 0]], dtype=np.uint8), truth, 2).tolist() == [[0, 1], [0, 1]]
    with pytest.raises(InputError, match="number 2"):
        confusion(np.array([[1, 2, 0]], dtype=np.uint8), truth, 2)


def test_a_gate_on_one_class_judges_that_class(network: Path, photos: Path, tmp_path: Path) -> None:
    masks = _masks(tmp_path / "masks", "numbers", wrong=6)
    record = mattekit.evaluate(network, f"images={photos},masks={masks}").record
    value = next(figure.value for figure in record.measurements if figure.slice == "class=red")
    assert value is not None
    gates = tmp_path / "gates.toml"
    gates.write_text(
        f'[[gate]]\nmetric = "iou"\nclass = "red"\nsamples = 4\nmin = {value - 0.01}\nmax = {value - 0.02}\n'
        '[[gate]]\nmetric = "iou"\nclass = "blue"\nmin = 0\n',
        encoding="utf-8",
    )
    verdicts = mattekit.check_gates([record], gates).verdicts
    assert [verdict.status for verdict in verdicts] == ["passed", "failed", "not enough evidence"]
    assert "class=blue" in verdicts[2].reason
    gates.write_text('[[gate]]\nmetric = "mae"\nclass = "red"\nmax = 1\n', encoding="utf-8")
    with pytest.raises(InputError, match="mae is not of a class"):
        mattekit.check_gates([record], gates)


def test_records_and_reports_show_the_classes(network: Path, photos: Path, tmp_path: Path) -> None:
    masks = _masks(tmp_path / "masks", "numbers", wrong=6)
    result = mattekit.evaluate(network, f"images={photos},masks={masks}", out=tmp_path / "out", worst=2)
    assert result.record.labels == LABELS
    assert sum(sum(row) for row in result.record.confusion) == 4 * SIZE**2
    assert "iou class=red" in result.paths[0].with_suffix(".csv").read_text(encoding="utf-8")
    mattekit.write_report(result.paths[0], tmp_path / "report.md")
    text = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert "| red |" in text
    assert "Confusion: small" in text


def test_int8_is_judged_by_the_classes(network: Path, photos: Path, tmp_path: Path) -> None:
    masks = _masks(tmp_path / "masks", "numbers", wrong=6)
    data = f"images={photos},masks={masks}"
    done = mattekit.quantize_model(
        network,
        tmp_path / "out",
        data="synthetic:count=4,size=64x64",
        validation=data,
        max_drop=mattekit.MaxDrop("miou", 0.05),
    )
    drops = {figure.metric: figure.value for figure in done.record.measurements}
    assert drops["miou_drop"] == pytest.approx(0, abs=0.05)
    binary = _masks(tmp_path / "binary", "255")
    with pytest.raises(InputError, match="miou has no value for '0'"):
        mattekit.quantize_model(
            network,
            tmp_path / "other",
            data="synthetic:count=4,size=64x64",
            validation=f"images={photos},masks={binary}",
            max_drop=mattekit.MaxDrop("miou", 0.05),
        )


def test_a_model_gives_each_pixel_its_class_at_the_image_s_size(network: Path) -> None:
    numbers = np.kron(_drawn(3), np.ones((3, 3), dtype=np.uint8))
    remover = Remover(load(network), keep=("green",))
    matte, found = remover.segment(Image(rgb=COLOURS[numbers]))
    assert (found == numbers).mean() > 0.97
    assert ((matte.alpha > 127) == (numbers == 2)).mean() > 0.97
    with pytest.raises(ModelError, match="did you mean green"):
        Remover(load(network), keep=("gren",))
