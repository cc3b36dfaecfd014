"""A network of one's own goes the whole way: each kind of file through each stage, from Python and as it is typed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import mattekit
import numpy as np
import pytest
from mattekit import cli
from mattekit.bench.latency.candidates import Candidate
from mattekit.bench.latency.worker import Worker
from mattekit.convert import PackageManifest
from mattekit.core import ContractError, InputError, MattekitError, ModelError, sha256_of
from mattekit.infer import load, read_model
from own_networks import KINDS, SIDE, Kind, class_network
from reference_networks import OLD_OPERATORS, reference_kinds
from typer.testing import CliRunner

pytest.importorskip("onnx", reason="writing an ONNX file needs the extra `export`")

PAGE = Path(__file__).parent.parent / "docs" / "own-models.md"


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six drawn photos with masks, for both tasks."""
    folder = tmp_path_factory.mktemp("samples")
    rng = np.random.default_rng(5)
    for name in ("images", "masks"):
        (folder / name).mkdir()
    for number in range(6):
        noise = rng.integers(0, 255, (9, 11, 3)).astype(np.uint8)
        photo = cv2.resize(noise, (66, 54), interpolation=cv2.INTER_CUBIC)
        mask = np.zeros((54, 66), np.uint8)
        cv2.circle(mask, (20 + 5 * number, 25), 14, 255, -1)
        photo[mask > 0] //= 2
        cv2.imwrite(str(folder / "images" / f"{number}.png"), photo)
        cv2.imwrite(str(folder / "masks" / f"{number}.png"), mask)
    return folder


def data_of(kind: Kind, samples: Path) -> str:
    return f"hr={samples}/images" if kind.enlarges else f"images={samples}/images,masks={samples}/masks"


def exported(kind: Kind, folder: Path, samples: Path, **how: Any) -> mattekit.ExportResult:
    (folder / "own.toml").write_text(kind.contract)
    file = kind.write(folder)
    images = [samples / "images" / "0.png"]
    return mattekit.export_model(
        "mine", folder / "models", weights=file, contract=folder / "own.toml", images=images, **how
    )


class InProcess:
    """Stands for a candidate's process, without one: what it measures is not looked at here."""

    def __init__(self, candidate: Candidate) -> None:
        self.candidate, self._worker, self.pid = candidate, Worker(candidate), 0

    def call(self, method: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        return getattr(self._worker, method.__name__)(*arguments, **named)

    def __enter__(self) -> InProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self._worker = None


UNQUANTIZED = {"it is INT8": "quantized already", "nothing in it": "nothing to quantize.*use it as it is"}
"""What the table says of files that are not quantized, and how that is told."""


def through_every_stage(kind: Kind, samples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Send a file through all stages, and return them as a row of the page's table."""
    photo, cells = samples / "images" / "0.png", ["yes"]
    made = exported(kind, tmp_path, samples)
    ir = made.ir.path
    assert made.ir.precision == kind.precision == ir.parent.name
    assert made.ir.contract == load(ir).contract
    assert all(not step.broken for step in made.record.steps)

    if not kind.unquantized:
        done = mattekit.quantize_model(ir, tmp_path / "models", data=data_of(kind, samples), limit=3, patch=kind.side)
        assert done.variant.precision == "int8"
        assert done.layers
        assert load(done.variant.path).contract == made.ir.contract
        cells.append("yes")
    else:
        with pytest.raises(ModelError, match=UNQUANTIZED[kind.unquantized]):
            mattekit.quantize_model(ir, tmp_path / "models", data=data_of(kind, samples), limit=3)
        cells.append(kind.unquantized)

    validated = mattekit.evaluate(ir, data_of(kind, samples), limit=2, replace=True, out=tmp_path / "validated")
    metric = "psnr_y" if kind.enlarges else "iou"
    assert len(next(iter(validated.records)).table.of(metric)) == 2
    cells.append("yes")

    monkeypatch.setattr("mattekit.bench.latency.benchmark.WorkerProcess", InProcess)
    size = ((kind.side, kind.side),) if kind.enlarges else None
    bench = mattekit.benchmark(ir, rounds=1, iterations=1, warm_up=0, size=size).record
    assert [candidate.status for candidate in bench.candidates.values()] == ["measured"]
    assert not [note for candidate in bench.candidates.values() for note in candidate.notes if "could not" in note]
    cells.append("yes")

    package = mattekit.package_model(ir, tmp_path / "package")
    assert package.manifest.contract == made.ir.contract
    assert mattekit.verify_package(package.path).passed
    cells += ["yes", "yes"]

    models = {"model": None, "sr": ir} if kind.enlarges else {"model": ir, "sr": None}
    ran = mattekit.run_images(photo, tmp_path / "ran", **models)  # pyright: ignore[reportArgumentType]
    result = mattekit.read_image(tmp_path / "ran" / "0.png")
    scale = made.ir.contract.output.scale
    assert (result.height, result.width) == (54 * scale, 66 * scale)
    assert ran.exit_code == 0
    cells.append("yes")
    return f"| {' | '.join([kind.title, *cells])} |"


@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_file_goes_through_every_stage_as_the_page_says(
    name: str, samples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = through_every_stage(KINDS[name], samples, tmp_path, monkeypatch)
    assert row in PAGE.read_text(encoding="utf-8").splitlines()


def test_the_page_lists_all_kinds() -> None:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    start = lines.index("| file | export | quantize | validate | bench | package | verify | run |") + 2
    assert [line.split(" | ")[0][2:] for line in lines[start : start + len(KINDS)]] == [
        kind.title for kind in KINDS.values()
    ]


@pytest.mark.slow
@pytest.mark.parametrize("name", reference_kinds(Path()))
def test_files_that_others_exported_go_through_every_stage(
    name: str, shared_data: Path, samples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shared_data.parent / "cases" / "models"
    if not (folder / name).is_file():
        pytest.skip(f"{name} is not beside the reference data: {folder}")
    kind = reference_kinds(folder)[name]
    if name in OLD_OPERATORS:
        shutil.copy(folder / name, tmp_path / "old.onnx")
        with pytest.raises(ModelError, match=r"opset 18 or newer.*convert_version\(model, 18\)"):
            mattekit.inspect_model(tmp_path / "old.onnx")
    row = through_every_stage(kind, samples, tmp_path, monkeypatch)
    assert row == f"| {name} | yes | {kind.unquantized or 'yes'} | yes | yes | yes | yes | yes |"


RAW = ("classes", "nhwc", "bytes", "half", "batch-of-4", "weights-outside", "enlarging-tile")


@pytest.mark.parametrize("name", RAW)
def test_a_file_is_run_as_it_is_and_as_its_export_is(name: str, samples: Path, tmp_path: Path) -> None:
    kind, photo = KINDS[name], samples / "images" / "1.png"
    made = exported(kind, tmp_path, samples)
    file = next(path for path in sorted(tmp_path.glob("own.*")) if path.suffix in {".onnx", ".xml"})

    def answer(model: mattekit.LoadedModel) -> np.ndarray[Any, Any]:
        image = mattekit.read_image(photo)
        return mattekit.Upscaler(model)(image).rgb if kind.enlarges else mattekit.Remover(model).matte(image).alpha

    own = answer(mattekit.open_model(file, contract=tmp_path / "own.toml"))
    assert np.abs(own.astype(int) - answer(load(made.ir.path))).max() <= 1
    # Beside its file a contract is found.
    (tmp_path / f"{file.name}.contract.toml").write_text(kind.contract)
    assert np.array_equal(answer(mattekit.open_model(file)), own)
    again = mattekit.export_model("again", tmp_path / "models", weights=file, images=[photo])
    assert again.ir.contract == made.ir.contract


def test_what_a_file_takes_and_gives_stays_as_it_is(samples: Path, tmp_path: Path) -> None:
    made = exported(KINDS["free-size"], tmp_path, samples)
    model = read_model(made.ir.path)
    assert model.inputs[0].get_names() == {"pixel_values:0"}
    assert "logits/Identity" in model.outputs[0].get_names()
    assert list(model.inputs[0].shape) == [1, 3, SIDE, SIDE]
    aside = tmp_path / "aside"
    aside.mkdir()
    kept = read_model(exported(KINDS["second-output"], aside, samples).ir.path)
    assert len(kept.outputs) == 2


def test_an_export_says_where_it_comes_from_and_is_the_same_each_time(samples: Path, tmp_path: Path) -> None:
    kind = KINDS["weights-outside"]
    made = exported(kind, tmp_path, samples)
    provenance = made.ir.provenance
    assert provenance is not None
    assert (provenance.model, provenance.weights_file, provenance.route) == ("mine", "own.onnx", "ready-made")
    assert provenance.commercial is None
    assert "given by the user" in provenance.weights_licence
    # The copy has its weights beside it, as the file had, and is a model of its own.
    copy = made.ir.path.with_name("model.onnx")
    assert (copy.parent / "own.onnx.data").is_file()
    assert load(copy).contract == made.ir.contract
    written = ("model.xml", "model.bin", "model.onnx", "own.onnx.data")
    before = [sha256_of(made.ir.path.with_name(name)) for name in written]
    (tmp_path / "own.onnx.data").unlink()
    exported(kind, tmp_path, samples)
    assert [sha256_of(made.ir.path.with_name(name)) for name in written] == before


def test_half_precision_and_batches_are_as_asked(samples: Path, tmp_path: Path) -> None:
    half = exported(KINDS["classes"], tmp_path, samples, precision="fp16").ir
    assert (half.precision, half.path.parent.name) == ("fp16", "fp16")
    four = exported(KINDS["classes"], tmp_path, samples, batch=4).ir
    assert list(read_model(four.path).inputs[0].shape) == [4, 3, SIDE, SIDE]
    done = mattekit.quantize_model(four.path, tmp_path / "models", data=data_of(KINDS["classes"], samples), limit=2)
    assert list(read_model(done.variant.path).inputs[0].shape) == [4, 3, SIDE, SIDE]
    assert mattekit.verify_package(mattekit.package_model(four.path, tmp_path / "package").path).passed


def test_a_graph_that_insists_on_its_batch_is_fed_with_copies(samples: Path, tmp_path: Path) -> None:
    path = insisting(tmp_path / "own.onnx")
    (tmp_path / "own.toml").write_text(KINDS["classes"].contract)
    images = [samples / "images" / "0.png"]
    made = mattekit.export_model(
        "mine", tmp_path / "models", weights=path, contract=tmp_path / "own.toml", images=images
    )
    assert list(read_model(made.ir.path).inputs[0].shape) == [2, 3, SIDE, SIDE]
    assert mattekit.Remover(load(made.ir.path)).matte(mattekit.read_image(images[0])).alpha.std() > 0
    done = mattekit.quantize_model(made.ir.path, tmp_path / "models", data=data_of(KINDS["classes"], samples), limit=2)
    assert list(read_model(done.variant.path).inputs[0].shape) == [2, 3, SIDE, SIDE]
    with pytest.raises(ModelError, match=r"cannot be packaged.*one image at a time"):
        mattekit.package_model(made.ir.path, tmp_path / "package")


def insisting(path: Path) -> Path:
    """Write a network that brings its input to a shape of two images in its middle."""
    import onnx
    from onnx import helper, numpy_helper

    model = onnx.load(str(class_network(path, batch=2)))
    shape = numpy_helper.from_array(np.array([2, 3, SIDE, SIDE], np.int64), "shape")
    model.graph.initializer.append(shape)
    model.graph.node.insert(0, helper.make_node("Reshape", ["input", "shape"], ["shaped"]))
    model.graph.node[1].input[0] = "shaped"
    onnx.save(model, str(path))
    return path


@pytest.mark.parametrize(
    ("model", "weights", "told"),
    [
        ("mine", "nowhere.onnx", "there is no such file"),
        ("a/b", "own.onnx", "the name a/b: give letters"),
        ("own.onnx", "own.onnx", "named twice"),
        ("u2netp", "own.onnx", "give your network a name of its own"),
        ("mine", "bare.onnx", "nothing says what surrounds this network"),
    ],
)
def test_what_makes_no_sense_is_told(
    model: str, weights: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    class_network(tmp_path / "own.onnx")
    class_network(tmp_path / "bare.onnx")
    (tmp_path / "own.contract.toml").write_text(KINDS["classes"].contract)
    if model == "own.onnx":
        model = str(tmp_path / model)
    with pytest.raises(MattekitError, match=told):
        mattekit.export_model(model, "models", weights=weights)
    assert not (tmp_path / "models").exists()


def test_a_contract_that_is_not_the_files_is_told_before_anything_is_written(tmp_path: Path) -> None:
    file = class_network(tmp_path / "own.onnx", 2)
    (tmp_path / "own.toml").write_text(KINDS["classes"].contract)
    with pytest.raises(ContractError, match=r"own\.onnx: .* has 2 channels"):
        mattekit.export_model("mine", tmp_path / "models", weights=file, contract=tmp_path / "own.toml")
    with pytest.raises(InputError, match="for a network of your own"):
        mattekit.export_model("srlite-x2", tmp_path / "models", contract=tmp_path / "own.toml")
    assert not (tmp_path / "models").exists()


def test_a_file_alone_is_named_after_itself_or_as_asked(samples: Path, tmp_path: Path) -> None:
    kind = KINDS["classes"]
    file = class_network(tmp_path / "my net.onnx")
    (tmp_path / "own.toml").write_text(kind.contract)
    images = [samples / "images" / "0.png"]
    how = {"contract": tmp_path / "own.toml", "images": images}
    first = mattekit.export_model(str(file), tmp_path / "models", **how)  # pyright: ignore[reportArgumentType]
    assert first.ir.path == tmp_path / "models" / "my-net" / "fp32" / "model.xml"
    named = mattekit.export_model(str(file), tmp_path / "models", name="portrait", **how)  # pyright: ignore
    assert (named.ir.id, named.ir.path.parts[-3]) == ("portrait", "portrait")
    # What an export wrote is exported on, and keeps where it comes from.
    on = mattekit.export_model("next", tmp_path / "models", weights=named.ir.path, precision="fp16", images=images)
    assert on.ir.provenance is not None
    assert on.ir.provenance.weights_file == "my net.onnx"


@pytest.mark.slow
def test_the_whole_way_as_it_is_typed(samples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mattekit.bench.latency.benchmark.WorkerProcess", InProcess)
    monkeypatch.chdir(tmp_path)
    kind, runner = KINDS["nhwc"], CliRunner()
    (tmp_path / "own.toml").write_text(kind.contract)
    kind.write(tmp_path)
    (tmp_path / "gates.toml").write_text('[[gate]]\nmetric = "iou"\nmin = 0.0\nsamples = 2\n')

    def typed(line: str, code: int = 0) -> str:
        ended = runner.invoke(cli.app, line.split())
        assert ended.exit_code == code, f"{line}: {ended.output} {ended.exception!r}"
        return ended.output

    data, photo = data_of(kind, samples), samples / "images" / "0.png"
    raw = "own.onnx --contract own.toml"
    assert "models/mine/fp32/model.xml" in typed(f"export mine --weights {raw} --images {photo} -o models")
    typed(f"quantize models/mine --data {data} --limit 3 --validation-limit 2 --max-drop iou=1 -o models")
    typed(f"parity models/mine --data {data} --limit 1 --record parity.json", code=0)
    typed(f"validate {raw} --data {data} --limit 2 -o validated")
    typed("gate validated --gate gates.toml")
    typed(f"bench run {raw} --rounds 1 --iterations 1 --record bench.json")
    typed(f"package {raw} -o raw-package")
    typed("package models/mine/int8 -o package")
    typed("verify raw-package")
    typed("verify package")
    assert PackageManifest.read(tmp_path / "package").model == "mine"
    typed("report validated bench.json -o report.md")
    typed(f"run {photo} --model {raw} --sr none -o cut")
    assert (tmp_path / "cut" / "0.png").is_file()
    typed(f"remove {photo} --model models/mine/int8 -o removed")
    assert json.loads((tmp_path / "bench.json").read_text())["kind"] == "bench"
