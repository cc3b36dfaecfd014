"""Quantization on networks small enough to be quantized for real in a second."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from mattekit.core import (
    Contract,
    InputContract,
    InputError,
    ModelError,
    OutputContract,
    ParityError,
    Provenance,
    SampleTable,
    ValidateRecord,
    sha256_of,
)
from mattekit.datasets import Dataset, open_dataset
from mattekit.infer import OpenVinoRuntime, load, read_contract
from mattekit.metrics import Metric, iou
from mattekit.quantize import QuantizeResult, QuantizeSettings, read_scope
from mattekit.quantize.ptq import calibration_tensor, content_of, find_recipe, read_recipe, require_disjoint, split
from mattekit.quantize.quantization import quantize
from mattekit.quantize.quantize_settings import MaxDrop
from mattekit.quantize.source_ir import QUANTIZATION_KEY, Accuracy
from records import data, machine, measurement

if TYPE_CHECKING:
    import openvino
    from torch import nn

for package in ("torch", "nncf"):
    pytest.importorskip(package, reason="quantizing needs the extras `export` and `quantize`")

# What NNCF imports warns about its own parts; nothing of it comes from mattekit's code.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")

SEGMENTATION = Contract(
    task="segmentation",
    input=InputContract(height=64, width=64, mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25)),
    output=OutputContract(kind="alpha"),
)
SUPER_RESOLUTION = Contract(
    task="super_resolution", input=InputContract(multiple=2), output=OutputContract(kind="image", scale=2)
)
OUTLIER = "down_outlier"

FEW = QuantizeSettings(limit=6, recipe="none")


def small_segmentation() -> nn.Module:
    """A U of five convolutions; `OUTLIER` gets one input channel that is a thousand times as large as the others."""
    import torch
    from torch import nn

    class Small(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.entry = nn.Conv2d(3, 8, 3, padding=1)
            self.down = nn.Conv2d(8, 8, 3, padding=1)
            self.down_outlier = nn.Conv2d(8, 8, 3, padding=1)
            self.up = nn.Conv2d(16, 8, 3, padding=1)
            self.last = nn.Conv2d(8, 1, 3, padding=1)
            with torch.no_grad():
                # A large channel that the next layer weighs down again: harmless in FP32, the end of an 8-bit grid.
                self.down.weight[0] *= 1000
                self.down_outlier.weight[:, 0] /= 1000

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            high = torch.relu(self.entry(x))
            low = torch.relu(self.down(torch.max_pool2d(high, 2)))
            low = torch.relu(self.down_outlier(low))
            low = nn.functional.interpolate(low, scale_factor=2, mode="nearest")
            out = self.last(torch.relu(self.up(torch.cat([high, low], 1))))
            return torch.sigmoid(20 * (out - out.mean()))

    return Small()


def small_super_resolution() -> nn.Module:
    from torch import nn

    return nn.Sequential(nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(), nn.Conv2d(16, 12, 3, padding=1), nn.PixelShuffle(2))


def write_ir(build: Callable[[], nn.Module], contract: Contract, provenance: Provenance, folder: Path) -> Path:
    import torch
    from mattekit.convert.ir import ir_from_torch, save_ir

    with torch.random.fork_rng(devices=()):
        torch.manual_seed(1)
        module = build().eval()
    shape = (1, contract.input.height or -1, contract.input.width or -1)
    path = folder / "small" / "fp32" / "model.xml"
    path.parent.mkdir(parents=True)
    save_ir(
        ir_from_torch(module, contract=contract),
        path,
        contract=contract,
        provenance=provenance,
        shape=shape,
        fp16=False,
    )
    return path


@pytest.fixture(scope="module")
def segmentation(own_provenance: Provenance, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_ir(small_segmentation, SEGMENTATION, own_provenance, tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="module")
def super_resolution(own_provenance: Provenance, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_ir(small_super_resolution, SUPER_RESOLUTION, own_provenance, tmp_path_factory.mktemp("small-sr"))


def images(count: int, seed: int = 0) -> Dataset:
    return open_dataset(f"synthetic:count={count},seed={seed},size=96x96")


def ir_of(path: Path) -> openvino.Model:
    import openvino

    return openvino.Core().read_model(path)


@dataclass(frozen=True)
class Agreement(Accuracy):
    """How near an IR's raw masks are to the source's, 1 where they are the same; the last call is interrupted."""

    source: Path = Path()
    calls: list[Path] = field(default_factory=list[Path])
    last: int | None = None

    def measure(self, path: Path) -> ValidateRecord:
        self.calls.append(path)
        model = load(path)
        found, exact = model.runtime, load(self.source).runtime
        inputs = [calibration_tensor(sample, SEGMENTATION, 64, 0) for sample in self.samples]
        values = [1 - float(np.abs(found.run(tensor) - exact.run(tensor)).mean()) for tensor in inputs]
        if len(self.calls) == self.last:
            raise KeyboardInterrupt
        samples = data(self.samples.name, sha256=self.samples.content_hash, count=len(values))
        figure = measurement(
            self.metric.name, float(np.mean(values)), higher_is_better=True,
            variants=(model.variant.ref(),), executions=(found.info,), data=samples,
        )  # fmt: skip
        return ValidateRecord(
            machine=machine(),
            task="segmentation",
            data=samples,
            table=SampleTable(ids=self.ids, values={self.metric.name: tuple(values)}),
            measurements=(figure,),
        )


def agreement(source: Path, held: Dataset, calls: list[Path] | None = None) -> Agreement:
    metric = Metric("agreement", iou, "", higher_is_better=True)
    return Agreement(metric, held, FEW, source=source, calls=[] if calls is None else calls)


@pytest.fixture(scope="module")
def plain(segmentation: Path, tmp_path_factory: pytest.TempPathFactory) -> QuantizeResult:
    held = images(4, seed=9)
    return quantize(
        segmentation,
        tmp_path_factory.mktemp("plain"),
        FEW,
        images(6),
        validation=held,
        accuracy=agreement(segmentation, held),
    )


def noise(path: Path, quantized: Path) -> dict[str, float]:
    from mattekit.convert import layer_noise

    tensors = [calibration_tensor(sample, SEGMENTATION, 64, 0) for sample in images(2)]
    return {layer.name: layer.snr for layer in layer_noise(ir_of(path), ir_of(quantized), tensors)}


def test_the_int8_ir_runs_keeps_its_contract_and_says_how_it_was_made(
    segmentation: Path, plain: QuantizeResult
) -> None:
    path = plain.variant.path
    assert path.parent.name == "int8"
    assert path.parent.parent.name == "small"
    model = ir_of(path)
    contract, provenance = read_contract(model, path)
    assert contract == SEGMENTATION
    assert provenance is not None
    assert provenance.model == "small"
    notes = json.loads(str(model.get_rt_info(["mattekit", QUANTIZATION_KEY]).astype(str)))
    assert notes["precision"] == "int8"
    assert notes["made_from"]["model.xml"] == sha256_of(segmentation)
    assert notes["calibration_sha256"] == images(6).content_hash
    assert notes["calibration_samples"] == 6
    assert notes["preset"] == "mixed"
    assert notes["nncf"]
    assert plain.layers >= 5
    assert path.with_suffix(".bin").stat().st_size < 0.5 * segmentation.with_suffix(".bin").stat().st_size
    assert not path.parent.with_name(".int8-search").exists()


def test_the_record_has_the_accuracy_and_the_peak_memory(plain: QuantizeResult) -> None:
    figures = {(figure.metric, figure.role): figure.value for figure in plain.record.measurements}
    before, after = figures["agreement", "source"], figures["agreement", ""]
    assert before == 1
    assert after is not None
    assert after < before
    assert figures["agreement_drop", ""] == pytest.approx(1 - after)
    assert (figures["peak_memory", ""] or 0) > 1e7
    assert len(plain.record.table.values["int8"]) == 4
    assert plain.path.is_file()


def test_handlers_of_others_keep_their_level(segmentation: Path, tmp_path: Path) -> None:
    handler = logging.NullHandler()
    logging.getLogger("nncf").addHandler(handler)
    try:
        quantize(segmentation, tmp_path, FEW, images(6))
    finally:
        logging.getLogger("nncf").removeHandler(handler)
    assert handler.level == logging.NOTSET


def test_the_same_quantization_gives_the_same_bytes(segmentation: Path, plain: QuantizeResult, tmp_path: Path) -> None:
    again = quantize(segmentation, tmp_path, FEW, images(6))
    for name in ("model.xml", "model.bin"):
        assert (again.variant.path.parent / name).read_bytes() == (plain.variant.path.parent / name).read_bytes()


def test_the_noisiest_layer_is_the_one_with_the_outliers(segmentation: Path, plain: QuantizeResult) -> None:
    ranking = noise(segmentation, plain.variant.path)
    names = list(ranking)
    assert OUTLIER in names[0]
    assert ranking[names[0]] < 20 < ranking[names[-1]]


def test_the_most_harmful_layer_is_found_by_its_effect_on_the_output(segmentation: Path, plain: QuantizeResult) -> None:
    from mattekit.convert import layer_influence

    names = list(noise(segmentation, plain.variant.path))
    tensors = [calibration_tensor(images(1)[0], SEGMENTATION, 64, 0)]
    found = layer_influence(ir_of(segmentation), ir_of(plain.variant.path), names, tensors)
    assert OUTLIER in found[0].name
    assert {layer.name for layer in found} == set(names)
    assert [layer.snr for layer in found] == sorted(layer.snr for layer in found)


def test_a_restored_layer_computes_as_before_and_the_others_do_not(segmentation: Path, plain: QuantizeResult) -> None:
    import openvino
    from mattekit.convert import quantized_layers, restore_layers

    exact, int8 = ir_of(segmentation), ir_of(plain.variant.path)
    names = quantized_layers(int8)
    assert not quantized_layers(exact)
    tensor = calibration_tensor(images(1)[0], SEGMENTATION, 64, 0)

    def run(model: openvino.Model) -> np.ndarray:
        return np.array(openvino.Core().compile_model(model, "CPU")([tensor])[0])

    assert np.abs(run(int8) - run(exact)).max() > 1e-3
    restored = restore_layers(int8, exact, names)
    assert not quantized_layers(restored)
    np.testing.assert_allclose(run(restored), run(exact), atol=1e-5)
    one = next(name for name in names if OUTLIER in name)
    assert set(quantized_layers(restore_layers(int8, exact, [one]))) == set(names) - {one}
    with pytest.raises(ModelError, match="no layer 'nowhere'"):
        restore_layers(int8, exact, ["nowhere"])


def test_an_ir_with_halved_weights_is_quantized_like_the_one_that_it_was_made_from(
    segmentation: Path, plain: QuantizeResult, tmp_path: Path
) -> None:
    from mattekit.convert import ir, quantized_layers, restore_layers

    half = tmp_path / "fp16" / "model.xml"
    half.parent.mkdir()
    ir.write_ir(ir_of(segmentation), half, fp16=True)
    done = quantize(half, tmp_path, FEW, images(6))
    int8 = ir_of(done.variant.path)
    names = quantized_layers(int8)
    assert names == quantized_layers(ir_of(plain.variant.path))
    assert OUTLIER in next(iter(noise(half, done.variant.path)))
    runtime, restored = load(half).runtime, OpenVinoRuntime(restore_layers(int8, ir_of(half), names))
    tensor = calibration_tensor(images(1)[0], SEGMENTATION, 64, 0)
    np.testing.assert_allclose(restored.run(tensor), runtime.run(tensor), atol=1e-5)


def test_accuracy_control_leaves_the_outliers_alone(segmentation: Path, tmp_path: Path) -> None:
    held, told = images(4, seed=9), list[tuple[str, int, int | None]]()
    accuracy = agreement(segmentation, held)
    limit = 0.02

    def note(what: str, number: int, expected: int | None) -> None:
        told.append((what, number, expected))

    done = quantize(
        segmentation,
        tmp_path,
        replace(FEW, max_drop=MaxDrop("agreement", limit), progress=note),
        images(6),
        validation=held,
        accuracy=accuracy,
    )
    assert done.ignored
    assert OUTLIER in done.ignored[0]
    assert done.layers >= 3
    assert accuracy.drop([1.0] * 4, list(accuracy.measure(done.variant.path).table.of("agreement").values())) <= limit
    assert [number for _, number, _ in told] == list(range(1, len(told) + 1))
    assert all((expected or 0) >= number for _, number, expected in told)
    assert json.loads(done.path.read_text())["settings"]["ignored"] == list(done.ignored)


def test_an_unreachable_accuracy_writes_nothing_and_ends_with_3(segmentation: Path, tmp_path: Path) -> None:
    held = images(4, seed=9)
    settings = replace(FEW, max_drop=MaxDrop("agreement", 0.0))
    with pytest.raises(ParityError, match="nothing was written") as error:
        quantize(
            segmentation,
            tmp_path,
            settings,
            images(6),
            validation=held,
            accuracy=agreement(segmentation, held),
        )
    assert error.value.exit_code == 3
    assert not (tmp_path / "small" / "int8").exists()


@pytest.mark.slow
def test_an_interrupted_search_goes_on(segmentation: Path, tmp_path: Path) -> None:
    held, calls = images(4, seed=9), list[Path]()
    settings = replace(FEW, max_drop=MaxDrop("agreement", 0.02))
    accuracy = agreement(segmentation, held, calls)
    with pytest.raises(KeyboardInterrupt):
        quantize(
            segmentation,
            tmp_path,
            settings,
            images(6),
            validation=held,
            accuracy=replace(accuracy, last=3),
        )
    assert not (tmp_path / "small" / "int8").exists()
    plain = tmp_path / "small" / ".int8-search" / "plain.xml"
    calibrated = plain.stat().st_mtime_ns
    calls.clear()
    told: list[str] = []

    def note(what: str, _number: int, _expected: int | None) -> None:
        told.append(what)
        assert not plain.exists() or plain.stat().st_mtime_ns == calibrated

    noted = replace(settings, progress=note)
    resumed = quantize(segmentation, tmp_path, noted, images(6), validation=held, accuracy=accuracy)
    # Of FP32, of all in INT8 and of the first candidate, only the last was not measured before.
    assert segmentation not in calls
    fresh = quantize(segmentation, tmp_path / "fresh", settings, images(6), validation=held, accuracy=accuracy)
    assert resumed.ignored == fresh.ignored
    assert resumed.variant.sha256 == fresh.variant.sha256


def test_super_resolution_is_calibrated_on_patches(super_resolution: Path, tmp_path: Path) -> None:
    folder = tmp_path / "images"
    folder.mkdir()
    for number in range(3):
        rng = np.random.default_rng(number)
        cv2.imwrite(str(folder / f"{number}.png"), cv2.resize(rng.integers(0, 256, (9, 12, 3), np.uint8), (120, 90)))
    dataset = open_dataset(f"hr={folder}", scale=2)
    tensor = calibration_tensor(dataset[0], SUPER_RESOLUTION, 33, 0)
    assert tensor.shape == (1, 3, 34, 34)
    done = quantize(super_resolution, tmp_path, replace(FEW, patch=32), dataset)
    model = load(done.variant.path)
    assert model.contract == SUPER_RESOLUTION
    shape = model.runtime.run(calibration_tensor(dataset[0], SUPER_RESOLUTION, 64, 0)).shape
    assert shape == (1, 3, 128, 128)


def test_what_is_calibrated_on_is_not_validated_on(segmentation: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"2 of the 2 validation samples are calibrated on too \('0000-"):
        quantize(segmentation, tmp_path, FEW, images(6), validation=images(2))
    assert not (tmp_path / "small").exists()
    calibration, held = split(images(12))
    assert (len(calibration), len(held)) == (10, 2)
    require_disjoint(calibration, held)
    with pytest.raises(InputError, match="too few"):
        split(images(4))


def test_content_is_pixels_not_files(tmp_path: Path) -> None:
    for name in ("a.png", "b.bmp"):
        cv2.imwrite(str(tmp_path / name), np.arange(48, dtype=np.uint8).reshape(4, 4, 3))
    first, second = open_dataset(f"hr={tmp_path}", scale=1)
    assert first.id != second.id
    assert content_of(first) == content_of(second)


def test_what_cannot_be_quantized_is_told(
    segmentation: Path, super_resolution: Path, plain: QuantizeResult, tmp_path: Path
) -> None:
    with pytest.raises(ModelError, match="quantized already"):
        quantize(plain.variant.path, tmp_path, FEW, images(6))
    with pytest.raises(ModelError, match="there is no such file or folder"):
        quantize(tmp_path / "none.xml", tmp_path, FEW, images(6))
    with pytest.raises(InputError, match="is for segmentation, but the model is for super_resolution"):
        quantize(super_resolution, tmp_path, FEW, images(6))
    with pytest.raises(InputError, match="no layer 'nowhere'"):
        quantize(segmentation, tmp_path, replace(FEW, ignore_scope=("nowhere",)), images(6))
    with pytest.raises(InputError, match="--max-drop needs samples"):
        quantize(segmentation, tmp_path, replace(FEW, max_drop=MaxDrop("iou", 0.1)), images(6))
    assert not (tmp_path / "small" / "int8").exists()


def test_ignored_layers_stay_in_fp32(segmentation: Path, plain: QuantizeResult, tmp_path: Path) -> None:
    from mattekit.convert import quantized_layers

    name = next(name for name in noise(segmentation, plain.variant.path) if OUTLIER in name)
    scope = tmp_path / "scope.txt"
    scope.write_text(f"# a comment\n{name}  # 3.2 dB\n\n{name}\n")
    assert read_scope(scope) == (name,)
    done = quantize(segmentation, tmp_path, replace(FEW, ignore_scope=read_scope(scope)), images(6))
    assert name not in quantized_layers(ir_of(done.variant.path))
    assert done.layers >= 4


def test_a_recipe_is_found_by_family_and_can_be_replaced(segmentation: Path, tmp_path: Path) -> None:
    from mattekit.convert import quantized_layers

    assert find_recipe("u2netp", None)[0] == "u2net"
    assert find_recipe("rfdn-x4", None)[1].ignore
    assert find_recipe("rfdn-x4", "none")[1].ignore == ()
    assert find_recipe("unheard-of", None)[0] == "none"
    mine = tmp_path / "mine.toml"
    mine.write_text("ignore = ['.*down_outlier.*']\npreset = 'performance'\n")
    done = quantize(segmentation, tmp_path, replace(FEW, recipe=str(mine)), images(6))
    assert not [name for name in quantized_layers(ir_of(done.variant.path)) if OUTLIER in name]
    assert done.record.settings["preset"] == "performance"
    kinds = ["Add", "Concat", "Convolution", "Interpolate", "MaxPool", "Multiply", "ReduceMean", "Subtract"]
    mine.write_text(f"ignore_types = {kinds}\n")
    with pytest.raises(ModelError, match="nothing to quantize"):
        quantize(segmentation, tmp_path / "none", replace(FEW, recipe=str(mine)), images(6))
    for text in ("ignore = [", "nonsense = 1", "preset = 'fast'", "ignore = ['(']"):
        mine.write_text(text)
        with pytest.raises(InputError, match=str(mine)):
            read_recipe(mine)
