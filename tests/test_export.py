"""What an export promises: the same bytes, checked steps, a contract inside, and no half of a model on failure."""

from __future__ import annotations

import logging
import pickle
import shutil
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import numpy as np
import onnx
import openvino
import pytest
from mattekit import cli
from mattekit.convert import (
    EXACT,
    HALF,
    ExportSettings,
    ExportStep,
    ParityCheck,
    Tolerance,
    export,
    export_model,
    load_module,
    parse_batch,
    parse_size,
    stage_input,
    zoo,
)
from mattekit.convert.ir import ir_from_onnx
from mattekit.convert.spec import OWN_LICENCE
from mattekit.core import (
    Contract,
    ContractError,
    Execution,
    ExportRecord,
    InputError,
    ModelError,
    ParityError,
    read_record,
    sha256_of,
)
from mattekit.images import read_image
from mattekit.infer import OnnxRuntime, OpenVinoRuntime, SerialRuntime, TorchRuntime, load
from typer.testing import CliRunner

SR = "realesr-animevideov3"


@pytest.fixture(autouse=True)
def super_resolution_weights(shallow_zoo: Path) -> Path:
    """A checkpoint of SR as it is in the zoo here: 4 convolutions, which are exported and compared in a third."""
    return shallow_zoo


@pytest.fixture
def realesr_ir(super_resolution_ir: Path) -> Path:
    """An export of it."""
    return super_resolution_ir


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).random(shape, dtype=np.float32)


def test_an_export_says_itself_what_it_is(realesr_ir: Path, super_resolution_weights: Path) -> None:
    spec = zoo.get(SR)
    from_ir = load(realesr_ir / "model.xml")
    from_onnx = load(realesr_ir / "model.onnx")
    for model in (from_ir, from_onnx):
        assert model.contract == spec.contract
        assert model.variant.provenance is not None
        assert model.variant.provenance.model == SR
        assert model.variant.provenance.weights_sha256 == sha256_of(super_resolution_weights)
        # Random weights are not the publisher's, and so is their licence.
        assert model.variant.provenance.weights_licence == OWN_LICENCE
        assert model.variant.provenance.commercial is None
        assert model.variant.provenance.tools["openvino"] == metadata.version("openvino")


def test_torch_onnx_and_ir_agree_at_sizes_that_were_not_traced(
    realesr_ir: Path, super_resolution_weights: Path
) -> None:
    module = TorchRuntime(load_module(zoo.get(SR), super_resolution_weights))
    witness = OnnxRuntime(realesr_ir / "model.onnx")
    ir = load(realesr_ir / "model.xml").runtime
    for shape in ((1, 3, 33, 20), (1, 3, 7, 41)):
        tensor = noise(*shape)
        expected = module.run(tensor)
        assert expected.shape == (1, 3, shape[2] * 4, shape[3] * 4)
        np.testing.assert_allclose(witness.run(tensor), expected, atol=1e-5)
        np.testing.assert_allclose(ir.run(tensor), expected, atol=1e-5)


@pytest.mark.slow
def test_the_same_weights_give_the_same_bytes(
    realesr_ir: Path, super_resolution_weights: Path, photo: Path, tmp_path: Path
) -> None:
    again = export_model(SR, tmp_path, weights=super_resolution_weights, images=[photo])
    for name in ("model.onnx", "model.xml", "model.bin"):
        assert (again.ir.path.parent / name).read_bytes() == (realesr_ir / name).read_bytes(), name


@pytest.mark.slow
def test_the_direct_route_gives_the_same_bytes_twice_and_the_same_image(
    realesr_ir: Path, super_resolution_weights: Path, photo: Path, tmp_path: Path
) -> None:
    reports = [
        export_model(SR, tmp_path / name, route="direct", weights=super_resolution_weights, images=[photo])
        for name in "ab"
    ]
    assert reports[0].ir.sha256 == reports[1].ir.sha256
    assert [artifact.format for artifact in reports[0].variants] == ["openvino"]
    tensor = noise(1, 3, 24, 31)
    np.testing.assert_allclose(
        load(reports[0].ir.path).runtime.run(tensor),
        load(realesr_ir / "model.xml").runtime.run(tensor),
        atol=1e-5,
    )


def test_fp16_halves_the_weights(super_resolution_weights: Path, photo: Path, tmp_path: Path) -> None:
    report = export_model(SR, tmp_path, precision="fp16", weights=super_resolution_weights, images=[photo])
    assert report.ir.path == tmp_path / SR / "fp16" / "model.xml"
    onnx_bytes = (report.ir.path.parent / "model.onnx").stat().st_size
    assert (report.ir.path.parent / "model.bin").stat().st_size < 0.55 * onnx_bytes
    assert report.ir.precision == "fp16"
    assert report.variants[0].precision == "fp32"
    assert [ref.sha256 for ref in report.record.variants] == [each.sha256 for each in report.variants]


def test_weights_that_openvino_halved_are_computed_with_in_f32(realesr_ir: Path, tmp_path: Path) -> None:
    model = openvino.Core().read_model(realesr_ir / "model.xml")
    openvino.save_model(model, tmp_path / "model.xml", compress_to_fp16=True)
    assert load(tmp_path / "model.xml").runtime.info.arithmetic == "f32"


def test_a_fixed_size_is_in_the_ir_and_in_its_contract(
    super_resolution_weights: Path, photo: Path, tmp_path: Path
) -> None:
    report = export_model(SR, tmp_path, size=parse_size("48x56"), weights=super_resolution_weights, images=[photo])
    model = load(report.ir.path)
    assert (model.contract.input.height, model.contract.input.width) == (48, 56)
    assert list(openvino.Core().read_model(report.ir.path).inputs[0].shape) == [1, 3, 48, 56]


@pytest.mark.slow
def test_a_free_batch(super_resolution_weights: Path, photo: Path, tmp_path: Path) -> None:
    report = export_model(SR, tmp_path, batch=parse_batch("dynamic"), weights=super_resolution_weights, images=[photo])
    model = openvino.Core().read_model(report.ir.path)
    assert model.inputs[0].partial_shape[0].is_dynamic
    assert OpenVinoRuntime(model).run(noise(3, 3, 16, 16)).shape == (3, 3, 64, 64)


@pytest.mark.slow
def test_a_fixed_batch_is_checked_and_runs_one_image_at_a_time(
    super_resolution_weights: Path, photo: Path, tmp_path: Path
) -> None:
    report = export_model(SR, tmp_path, batch=3, weights=super_resolution_weights, images=[photo])
    assert openvino.Core().read_model(report.ir.path).inputs[0].partial_shape[0].get_length() == 3
    assert load(report.ir.path, keep_batch=True).runtime.run(noise(3, 3, 16, 16)).shape == (3, 3, 64, 64)
    assert load(report.ir.path).runtime.run(noise(1, 3, 16, 16)).shape == (1, 3, 64, 64)


def test_a_size_that_leaves_no_tile_is_refused(super_resolution_weights: Path, photo: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="need sides of"):
        export_model(SR, tmp_path, size=(20, 20), weights=super_resolution_weights, images=[photo])


def test_the_record_keeps_every_step_and_every_image(realesr_ir: Path) -> None:
    record = read_record(realesr_ir / "export.json", ExportRecord)
    assert record.kind == "export"
    assert {figure.step for figure in record.measurements} == {"torch → onnx", "onnx → ir"}
    assert {figure.metric for figure in record.measurements} == {
        *("largest_difference", "mean_difference", "psnr", "snr")
    }
    assert {figure.against for figure in record.measurements} == {"the stage before"}
    columns = [values for step in record.steps for values in step.values.values()]
    assert len(columns) == 2 * 3
    assert all(len(values) == 1 for values in columns)
    assert {ref.format for ref in record.variants} == {"onnx", "openvino"}
    assert record.machine.packages["openvino"]


def test_a_step_beyond_its_tolerance_is_named_and_leaves_nothing(
    super_resolution_weights: Path, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "EXACT", replace(EXACT, largest=0.0))
    with pytest.raises(ParityError, match="torch → onnx") as caught:
        export_model(SR, tmp_path, weights=super_resolution_weights, images=[photo])
    assert caught.value.exit_code == 3
    assert list(tmp_path.iterdir()) == []


def test_a_failed_export_keeps_the_one_that_was_there(
    realesr_ir: Path,
    super_resolution_weights: Path,
    photo: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = tmp_path / SR / "fp16"
    shutil.copytree(realesr_ir, folder)
    before = {path.name: sha256_of(path) for path in folder.iterdir()}
    monkeypatch.setattr(export, "HALF", Tolerance(largest=0, mean=0, iou=1, psnr=200))
    with pytest.raises(ParityError, match="onnx → ir"):
        export_model(SR, tmp_path, precision="fp16", weights=super_resolution_weights, images=[photo])
    assert {path.name: sha256_of(path) for path in folder.iterdir()} == before
    assert [path.name for path in folder.parent.iterdir()] == ["fp16"]


def test_not_a_number_never_passes(realesr_ir: Path, photo: Path) -> None:
    model = load(realesr_ir / "model.xml")
    check = ParityCheck(["photo"], [stage_input(read_image(photo).rgb, model.contract)], model.contract)
    assert check("onnx", model.runtime, EXACT).broken == ""

    def broken(tensor: np.ndarray) -> list[np.ndarray]:
        return [np.full((1, 3, tensor.shape[2] * 4, tensor.shape[3] * 4), np.nan, np.float32)]

    step = check("ir", SerialRuntime(Execution(runtime="broken"), broken), HALF)
    assert step.name == "onnx → ir"
    assert step.broken == "the output holds values that are not finite"


@pytest.mark.slow
def test_all_seven_heads(segmentation_weights: Path, u2netp_ir: Path, photo: Path, tmp_path: Path) -> None:
    report = export_model(
        "u2netp", tmp_path, heads="all", route="direct", size=(64, 96), weights=segmentation_weights, images=[photo]
    )
    model = openvino.Core().read_model(report.ir.path)
    assert [output.get_any_name() for output in model.outputs] == [
        "output",
        *(f"output_side{number}" for number in range(1, 7)),
    ]
    fused = openvino.Core().read_model(u2netp_ir / "model.xml")
    assert len(fused.outputs) == 1
    # A fixed size is no prison: the graph computes its sizes itself.
    fused.reshape([1, 3, 64, 96])
    tensor = noise(1, 3, 64, 96)
    first = OpenVinoRuntime(model).run(tensor)
    np.testing.assert_allclose(first, OpenVinoRuntime(fused).run(tensor), atol=1e-4)


@pytest.mark.slow
def test_a_ready_made_onnx_file_converts_with_its_own_contract(
    segmentation_ir: Path, photo: Path, tmp_path: Path
) -> None:
    ready_made = tmp_path / "u2netp.onnx"
    model = onnx.load(str(segmentation_ir / "model.onnx"))
    del model.metadata_props[:]
    onnx.save(model, str(ready_made))
    # The random weights of the fixture are those of a network for its own size.
    report = export_model("rembg-u2netp", tmp_path, size=(128, 128), weights=ready_made, images=[photo])
    opened = load(report.ir.path)
    published = zoo.get("rembg-u2netp").contract
    small = published.input.model_copy(update={"height": 128, "width": 128})
    assert opened.contract == published.model_copy(update={"input": small})
    assert opened.contract.input.resize == "lanczos"
    # The publisher's file stays as it is.
    assert (report.ir.path.parent / "model.onnx").read_bytes() == ready_made.read_bytes()
    with pytest.raises(ContractError, match="nothing says what surrounds this network"):
        load(ready_made)


def test_a_conversion_that_fails_leaves_the_programs_logging_as_it_was(tmp_path: Path) -> None:
    root = logging.getLogger()
    before = (root.level, root.filters[:], root.handlers[:])
    broken = tmp_path / "broken.onnx"
    # A field of ONNX's, and no graph.
    broken.write_bytes(b"\x08\x08")
    with pytest.raises(ModelError, match="is it a whole ONNX file"):
        ir_from_onnx(broken)
    assert (root.level, root.filters, root.handlers) == before


@pytest.mark.slow
def test_the_dynamo_exporter_computes_the_same(
    super_resolution_weights: Path, realesr_ir: Path, photo: Path, tmp_path: Path
) -> None:
    reports = [
        export_model(SR, tmp_path / name, exporter="dynamo", weights=super_resolution_weights, images=[photo])
        for name in "ab"
    ]
    assert reports[0].variants[0].sha256 == reports[1].variants[0].sha256
    assert reports[0].ir.sha256 == reports[1].ir.sha256
    tensor = noise(1, 3, 19, 30)
    np.testing.assert_allclose(
        load(reports[0].ir.path).runtime.run(tensor),
        load(realesr_ir / "model.xml").runtime.run(tensor),
        atol=1e-5,
    )
    text = reports[0].variants[0].path.read_bytes()
    assert str(Path(str(export.__file__)).parents[1]).encode() not in text, (
        "the file must not name a folder of this machine"
    )
    names = [node.name for node in onnx.load_from_string(text).graph.node]
    assert any(name.startswith(("/body.0", "/body/0")) for name in names), names[:5]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"precision": "int8"}, "quantization"),
        ({"size": (32, 32), "dynamic": True}, "--dynamic"),
        ({"batch": 0}, "batch of 0"),
    ],
)
def test_settings_that_exclude_each_other(settings: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        ExportSettings(**settings)  # pyright: ignore[reportArgumentType]


def test_each_step_is_told_when_it_begins_and_with_its_figures_when_it_is_done(
    super_resolution_weights: Path, photo: Path, tmp_path: Path
) -> None:
    told: list[ExportStep] = []
    export_model(SR, tmp_path, weights=super_resolution_weights, images=[photo], precision="fp16", tell=told.append)
    begun = [step.name for step in told if step.seconds is None]
    done = [step for step in told if step.seconds is not None]
    assert begun == [step.name for step in done] == ["torch", "torch → onnx", "onnx → ir fp16"]
    assert [step.name for step in told[::2]] == begun
    assert not done[0].judged
    for step, limit in zip(done[1:], (EXACT, HALF), strict=True):
        (psnr,) = (figure for figure in step.judged if figure.name == "psnr")
        assert (psnr.limit, psnr.at_least, psnr.passed) == (limit.psnr, True, True)
        assert not step.broken


def test_a_step_that_moves_the_outputs_is_told_before_the_export_fails(
    super_resolution_weights: Path, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mattekit.convert.export.HALF", replace(HALF, psnr=1e9))
    told: list[ExportStep] = []
    with pytest.raises(ParityError, match="onnx → ir moved the outputs: psnr is"):
        export_model(SR, tmp_path, weights=super_resolution_weights, images=[photo], precision="fp16", tell=told.append)
    assert "psnr is" in told[-1].broken
    assert not all(figure.passed for figure in told[-1].judged)


@pytest.mark.parametrize(("options", "steps"), [((), 3), (("--quiet",), 0)])
def test_the_command_prints_each_step_unless_it_is_quiet(
    options: tuple[str, ...], steps: int, super_resolution_weights: Path, photo: Path, tmp_path: Path
) -> None:
    arguments = ["export", SR, "-o", tmp_path, "--weights", super_resolution_weights, "--images", photo, *options]
    done = CliRunner().invoke(cli.app, [str(word) for word in arguments])
    assert done.exit_code == 0, done.output
    assert done.stderr == ""
    assert done.stdout.count(" …\n") == done.stdout.count(" after ") == steps
    assert ("the largest difference is" in done.stdout) == ("Each step against" in done.stdout) == bool(steps)
    assert "model.xml" in done.stdout
    assert "export.json" in done.stdout


def test_settings_leave_what_is_called_behind_when_they_travel() -> None:
    there = pickle.loads(pickle.dumps(ExportSettings(precision="fp16", tell=lambda _step: None)))
    assert there == ExportSettings(precision="fp16")
    assert there.tell is None
    assert {"weights", "images", "offline", "tell", "progress"}.isdisjoint(there.described())


@pytest.mark.parametrize("text", ["x", "12x", "-3", "1x2x3", "a"])
def test_sizes_that_are_none(text: str) -> None:
    with pytest.raises(InputError, match="--size"):
        parse_size(text)


def test_a_damaged_contract_is_named(realesr_ir: Path, tmp_path: Path) -> None:
    for suffix in (".xml", ".bin"):
        shutil.copyfile(realesr_ir / f"model{suffix}", tmp_path / f"model{suffix}")
    path = tmp_path / "model.xml"
    path.write_text(
        path.read_text(encoding="utf-8").replace("&quot;scale&quot;:4", "&quot;scale&quot;:0"), encoding="utf-8"
    )
    with pytest.raises(ContractError, match=r"model\.xml.*output\.scale"):
        load(path)


def test_models_that_are_none(tmp_path: Path, realesr_ir: Path) -> None:
    with pytest.raises(ModelError, match="there is no such file"):
        load(tmp_path / "model.xml")
    shutil.copyfile(realesr_ir / "model.xml", tmp_path / "model.xml")
    with pytest.raises(ModelError, match=r"model\.bin are missing"):
        load(tmp_path / "model.xml")
    (tmp_path / "model.bin").write_bytes(b"short")
    with pytest.raises(ModelError, match="cannot read it"):
        load(tmp_path / "model.xml")
    (tmp_path / "other.txt").write_text("x")
    with pytest.raises(ModelError, match="not a model file"):
        load(tmp_path / "other.txt")


def test_a_contract_survives_its_json() -> None:
    for spec in zoo.list_models():
        assert Contract.from_json(spec.contract.to_json(), source="test") == spec.contract
