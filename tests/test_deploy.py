"""Packages: graphs with everything inside, that run without mattekit and prove to be what was made."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import openvino
import pytest
from mattekit.convert import PackageManifest, new_version, packages_in, surround
from mattekit.core import DeviceError, InputError, ModelError, ParityError, ResizeFilter, VerifyRecord, read_record
from mattekit.images import Image
from mattekit.infer import LEAST_SPREAD, Remover, Upscaler, load, read_model
from mattekit.package import package_model, verify_package
from numpy.typing import NDArray

MakeOnce = Callable[[str, Callable[[Path], object]], Path]
Pixels = NDArray[np.uint8]

F32 = {"INFERENCE_PRECISION_HINT": "f32"}


def image(height: int, width: int) -> Pixels:
    """Blobs and edges from a seed."""
    noise = np.random.default_rng(height * width).integers(0, 256, (height // 8 + 2, width // 8 + 2, 3))
    return np.kron(noise, np.ones((8, 8, 1))).astype(np.uint8)[:height, :width].copy()


@pytest.fixture(scope="module")
def packaged(light_ir: Path, make_once: MakeOnce) -> Path:
    """A package of a network of one layer. Shared: copy it before changing it."""
    return make_once("package-light", lambda folder: package_model(light_ir, folder / "p").path) / "p"


@pytest.mark.parametrize("filter_", ["bilinear_antialias", "bicubic_antialias", "lanczos"])
@pytest.mark.parametrize("size", [(64, 48), (301, 411), (100, 120)])
def test_resizing_in_the_graph_is_pillows_to_one_level(filter_: ResizeFilter, size: tuple[int, int]) -> None:
    from mattekit.convert.servable.resample import one, resize
    from openvino import opset13 as ops
    from PIL import Image as PilImage

    given = ops.parameter([1, 3, -1, -1], np.float32)
    graph = openvino.Model([resize(given, one(size[0]), one(size[1]), filter_)], [given], "resize")  # pyright: ignore[reportGeneralTypeIssues]
    rgb = image(150, 190)
    compiled = openvino.Core().compile_model(graph, "CPU", F32)
    answer = compiled(rgb.transpose(2, 0, 1)[None].astype(np.float32))[0][0]
    names = {"bilinear_antialias": "BILINEAR", "bicubic_antialias": "BICUBIC", "lanczos": "LANCZOS"}
    wanted = np.asarray(PilImage.fromarray(rgb).resize((size[1], size[0]), PilImage.Resampling[names[filter_]]))
    difference = np.abs(answer.transpose(1, 2, 0) - wanted.astype(np.float32))
    assert difference.max() <= 1
    # Pillow 13 takes the rows first at some other sizes, and rounds in between; these it takes columns first.
    assert difference.mean() < 0.1


@pytest.mark.parametrize(
    "filter_",
    [
        "bilinear_antialias",
        "bicubic_antialias",
        pytest.param("linear", marks=pytest.mark.slow),
        pytest.param("lanczos", marks=pytest.mark.slow),
    ],
)
def test_the_graph_gives_mattekits_masks_at_any_size(segmentation_ir: Path, filter_: ResizeFilter) -> None:
    opened = load(segmentation_ir / "model.xml")
    contract = opened.contract.model_copy(
        update={
            "input": opened.contract.input.model_copy(update={"resize": filter_}),
            "output": opened.contract.output.model_copy(update={"resize": filter_}),
        }
    )
    opened = replace(opened, variant=replace(opened.variant, contract=contract))
    graph = openvino.Core().compile_model(
        surround(read_model(opened.path), contract, least_spread=LEAST_SPREAD), "CPU", F32
    )
    for size in ((48, 64), (132, 207), (16, 15)):
        rgb = image(*size)
        own = Remover(opened).matte(Image(rgb=rgb, source="made"))
        answer = graph(rgb[None])
        difference = np.abs(answer["alpha"][0, :, :, 0].astype(int) - own.alpha)
        # Pillow and OpenCV resize in fixed-point arithmetic of their own; on noise one level at the input tips pixels.
        assert difference.mean() < 0.3
        assert (difference > 8).mean() < 0.001
        assert answer["confidence"][0] == pytest.approx(own.confidence, abs=2e-3)


def test_a_black_image_gives_an_empty_mask_and_no_nan(segmentation_package: Path) -> None:
    graph = openvino.Core().compile_model(segmentation_package / "model.xml", "CPU", F32)
    answer = graph(np.zeros((1, 50, 60, 3), np.uint8))
    assert np.isfinite(answer["confidence"]).all()
    assert answer["alpha"].shape == (1, 50, 60, 1)


@pytest.mark.parametrize("order", ["RGB", "BGR"])
def test_a_packaged_enlargement_is_mattekits_to_the_pixel(
    super_resolution_ir: Path, enlarging_package: Path, order: Literal["RGB", "BGR"], tmp_path: Path
) -> None:
    folder = enlarging_package
    if order == "BGR":
        folder = package_model(super_resolution_ir, tmp_path / "sr", colour_order=order).path
    graph = openvino.Core().compile_model(folder / "model.xml", "CPU", F32)
    rgb = image(33, 47)
    own = Upscaler(load(super_resolution_ir / "model.xml"), tile=0).upscale(Image(rgb=rgb, source="made"))
    given = rgb if order == "RGB" else rgb[:, :, ::-1].copy()
    answer = graph(given[None])["upscaled"][0]
    assert np.array_equal(answer if order == "RGB" else answer[:, :, ::-1], own.rgb)


def without_mattekit(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the package's own checker in an interpreter that fails on an import of mattekit."""
    blocked = "import sys, runpy; sys.modules['mattekit'] = None; sys.argv = sys.argv[1:]; "
    blocked += "runpy.run_path(sys.argv[0], run_name='__main__')"
    command = [sys.executable, "-c", blocked, str(folder / "check.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={"PATH": os.environ["PATH"]})


def test_the_packages_own_checker_needs_no_mattekit_and_finds_what_was_altered(packaged: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(packaged, folder)
    done = without_mattekit(folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("ok ") == 6
    (folder / "contract.json").write_text("{}")
    done = without_mattekit(folder)
    assert done.returncode == 3
    assert "ALTERED contract.json" in done.stdout


def test_verify_passes_a_package_and_refuses_an_altered_one(packaged: Path, tmp_path: Path) -> None:
    record = verify_package(packaged).record
    assert record.passed is True
    assert len(record.measurements) == 12
    folder = tmp_path / "copy"
    shutil.copytree(packaged, folder)
    with (folder / "model.bin").open("r+b") as stream:
        stream.seek(1000)
        stream.write(b"\0\1\2\3")
    with pytest.raises(InputError, match=r"model\.bin is missing or was altered"):
        verify_package(folder)


def test_verify_tells_other_answers_from_the_recorded_ones(packaged: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(packaged, folder)
    expected = folder / "golden" / "0-expected-alpha.npy"
    np.save(expected, 255 - np.load(expected))
    rehash(folder, "golden/0-expected-alpha.npy")
    record = verify_package(folder).record
    assert record.passed is False
    done = subprocess.run(
        [sys.executable, "-m", "mattekit", "verify", str(folder)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 3
    assert "DIFFERS golden/0-image.npy alpha" in done.stdout


@pytest.mark.parametrize("name", ["../outside.npy", "/etc/passwd", "C:\\x.npy"])
def test_a_manifest_cannot_lead_out_of_its_folder(packaged: Path, name: str, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(packaged, folder)
    manifest = json.loads((folder / "package.json").read_text())
    manifest["golden"][0]["input"] = name
    (folder / "package.json").write_text(json.dumps(manifest))
    with pytest.raises(InputError, match="leads out of the folder"):
        verify_package(folder)


def test_a_link_out_of_the_package_is_refused(packaged: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(packaged, folder)
    outside = tmp_path / "outside.bin"
    (folder / "model.bin").rename(outside)
    (folder / "model.bin").symlink_to(outside)
    with pytest.raises(InputError, match="leads out of the package"):
        verify_package(folder)


def test_a_missing_device_is_said(packaged: Path) -> None:
    with pytest.raises(DeviceError, match=r"GPU\.7: the device is not there"):
        verify_package(packaged, device="GPU.7")


@pytest.mark.slow
def test_two_archives_of_one_model_are_the_same_bytes(super_resolution_ir: Path, tmp_path: Path) -> None:
    first, second = (
        package_model(super_resolution_ir, tmp_path / name, format="zip").path for name in ("one", "two.zip")
    )
    assert first == tmp_path / "one.zip"
    assert first.read_bytes() == second.read_bytes()
    with zipfile.ZipFile(first) as archive:
        archive.extractall(tmp_path / "unpacked")
    assert verify_package(tmp_path / "unpacked").passed is True


@pytest.fixture(scope="module")
def repository(light_ir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model server's repository with a small segmentation network. Shared: copy it before changing it."""
    root = tmp_path_factory.mktemp("repository") / "served"
    return package_model(light_ir, root, format="ovms").path


def served(root: Path) -> dict[str, str]:
    """Where the repository's configuration says that each model lies."""
    entries = json.loads((root / "config.json").read_text())["model_config_list"]
    return {entry["config"]["name"]: entry["config"]["base_path"] for entry in entries}


@pytest.mark.slow
def test_the_model_servers_repository_has_its_layout(repository: Path) -> None:
    folder = repository
    (entry,) = json.loads((folder / "config.json").read_text())["model_config_list"]
    assert sorted(path.name for path in folder.iterdir()) == ["config.json", "models"]
    versions = folder / entry["config"]["base_path"]
    # The server takes the only .xml, with the .bin of its name.
    assert [path.name for path in versions.iterdir()] == ["1"]
    found = sorted(path.name for path in (versions / "1").rglob("*") if path.suffix in {".xml", ".bin", ".onnx"})
    assert found == ["model.bin", "model.xml"]
    model = openvino.Core().read_model(versions / "1" / "model.xml")
    assert model.inputs[0].get_element_type() == openvino.Type.u8
    assert model.inputs[0].get_node().get_layout() == openvino.Layout("NHWC")  # pyright: ignore[reportAttributeAccessIssue]
    record = verify_package(folder).record
    assert len(record.packages) == 1
    assert record.passed is True


@pytest.mark.slow
def test_a_repository_takes_several_models_and_versions(
    repository: Path, light_ir: Path, super_resolution_ir: Path, tmp_path: Path
) -> None:
    root = tmp_path / "served"
    shutil.copytree(repository, root)
    # What the user wrote into it, and a model of somebody else's.
    config = json.loads((root / "config.json").read_text())
    config["model_config_list"][0]["config"]["nireq"] = 4
    config["model_config_list"].append({"config": {"name": "other", "base_path": "models/other"}})
    config["monitoring"] = {"metrics": {"enable": True}}
    (root / "config.json").write_text(json.dumps(config))
    (root / "models" / "other" / "3").mkdir(parents=True)
    (root / "models" / "other" / "3" / "model.onnx").write_bytes(b"theirs")
    (root / "notes.txt").write_text("mine")
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file() and path.name != "config.json"}

    for artifact in (super_resolution_ir, light_ir, light_ir):
        package_model(artifact, root, format="ovms")

    assert {path: path.read_bytes() for path in before} == before
    sr = "realesr-animevideov3"
    assert served(root) == {"small": "models/small", "other": "models/other", sr: f"models/{sr}"}
    after = json.loads((root / "config.json").read_text())
    assert after["monitoring"] == config["monitoring"]
    assert after["model_config_list"][:2] == config["model_config_list"]
    packages = packages_in(root)
    assert [path.relative_to(root / "models").as_posix() for path in packages] == [
        *(f"{sr}/1", "small/1", "small/2", "small/3")
    ]
    # The same model is the same package, byte for byte.
    one, two = ({each.relative_to(p): each.read_bytes() for each in p.rglob("*.bin")} for p in packages[1:3])
    assert one == two
    assert without_mattekit(packages[2]).returncode == 0

    record = tmp_path / "verify.json"
    program = [sys.executable, "-m", "mattekit", "verify"]
    done = subprocess.run([*program, str(root), "--record", str(record)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for path in packages:
        assert f"{path}\n" in done.stdout
    assert "models/other/3: not packaged by mattekit, so it was not checked" in done.stdout
    written = read_record(record, VerifyRecord)
    assert {check.package for check in written.packages} == set(map(str, packages))
    assert written.passed is True
    # One of them is named by its folder, and one that was altered is found among the others.
    (packages[1] / "contract.json").write_text("{}")
    named = subprocess.run([*program, str(packages[2])], capture_output=True, text=True, check=False)
    assert named.returncode == 0, named.stderr
    with pytest.raises(InputError, match=r"small/1: contract\.json is missing or was altered"):
        verify_package(root)


@pytest.mark.slow
def test_a_version_is_written_again_only_where_it_is_ours(repository: Path, tmp_path: Path, light_ir: Path) -> None:
    root = tmp_path / "served"
    shutil.copytree(repository, root)
    package_model(light_ir, root, format="ovms", model_version=1)
    assert [path.name for path in (root / "models" / "small").iterdir()] == ["1"]
    (root / "models" / "small" / "1" / "labels.txt").write_text("mine")
    with pytest.raises(InputError, match=r"small/1: the folder holds labels\.txt"):
        package_model(light_ir, root, format="ovms", model_version=1)
    assert (root / "models" / "small" / "1" / "labels.txt").read_text() == "mine"


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"holiday.jpg": ""}, r"holds holiday\.jpg and no config\.json"),
        ({"models/u2netp/fp32/model.xml": ""}, r"holds models/u2netp/fp32 and no config\.json"),
        ({"config.json": "{"}, "not a configuration of OpenVINO Model Server"),
        ({"config.json": "[]"}, "not a configuration of OpenVINO Model Server"),
        ({"config.json": '{"model_config_list": [{}]}'}, "not a configuration of OpenVINO Model Server"),
        ({"config.json": '{"model_config_list": [{"config": {"name": 3}}]}'}, "name is no text"),
        (
            {"config.json": '{"model_config_list": [{"config": {"name": "u2netp", "base_path": "/data/theirs"}}]}'},
            "serves u2netp from /data/theirs",
        ),
    ],
)
def test_a_folder_that_is_no_repository_stays_as_it_is(files: dict[str, str], said: str, tmp_path: Path) -> None:
    root = tmp_path / "served"
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    before = sorted(root.rglob("*"))
    with pytest.raises(InputError, match=said), new_version(root, "u2netp"):
        pass
    assert sorted(root.rglob("*")) == before
    assert {name: (root / name).read_text() for name in files} == files


def test_a_repository_tells_its_server_one_arithmetic_for_all_versions_of_a_model(tmp_path: Path) -> None:
    root, f32, bf16 = tmp_path / "served", *({"INFERENCE_PRECISION_HINT": name} for name in ("f32", "bf16"))
    with new_version(root, "u2netp", asked=f32) as folder:
        (folder / "model.xml").write_text("first")
    with (
        pytest.raises(
            InputError,
            match="all versions of u2netp run with INFERENCE_PRECISION_HINT f32, not bf16; change that entry",
        ),
        new_version(root, "u2netp", asked=bf16),
    ):
        pass
    with new_version(root, "other", asked=bf16) as folder:
        (folder / "model.xml").write_text("first")
    entries = json.loads((root / "config.json").read_text())["model_config_list"]
    assert {entry["config"]["name"]: entry["config"]["plugin_config"] for entry in entries} == {
        "u2netp": f32,
        "other": bf16,
    }
    assert [path.name for path in (root / "models" / "u2netp").iterdir()] == ["1"]


def test_a_version_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def failing(root: Path) -> None:
        with new_version(root, "u2netp") as folder:
            (folder / "model.xml").write_text("half")
            raise ParityError("other answers")

    with pytest.raises(ParityError):
        failing(tmp_path / "new" / "served")
    assert list(tmp_path.iterdir()) == []
    for _ in range(2):
        with new_version(tmp_path / "served", "u2netp") as folder:
            (folder / "model.xml").write_text("whole")
    with pytest.raises(ParityError):
        failing(tmp_path / "served")
    assert sorted(path.name for path in (tmp_path / "served" / "models" / "u2netp").iterdir()) == ["1", "2"]


def test_two_writers_of_one_repository_take_turns(tmp_path: Path) -> None:
    def add(model: str) -> None:
        for _ in range(5):
            with new_version(tmp_path / "served", model) as folder:
                (folder / "model.xml").write_text(model)

    with ThreadPoolExecutor(3) as pool:
        for done in [pool.submit(add, name) for name in ("one", "two", "two")]:
            done.result()
    assert served(tmp_path / "served") == {"one": "models/one", "two": "models/two"}
    versions = {path.name: len(list(path.iterdir())) for path in (tmp_path / "served" / "models").iterdir()}
    assert versions == {"one": 5, "two": 10}


@pytest.mark.parametrize("layout", ["folder", "zip"])
def test_the_working_folder_is_not_replaced(
    layout: Literal["folder", "zip"], light_ir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"^\.: this is"):
        package_model(light_ir, Path(), format=layout)
    assert list(tmp_path.iterdir()) == []


def test_the_bill_of_materials_is_valid_cyclonedx(segmentation_package: Path) -> None:
    pytest.importorskip("cyclonedx", reason="the schema comes with cyclonedx-python-lib")
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    text = (segmentation_package / "bom.json").read_text()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    bill = json.loads(text)
    assert bill["metadata"]["component"]["type"] == "machine-learning-model"
    assert {"openvino", "torch"} <= {component["name"] for component in bill["components"]}


def test_the_card_says_where_the_model_comes_from(segmentation_package: Path) -> None:
    text = (segmentation_package / "README.md").read_text()
    card = json.loads((segmentation_package / "card.json").read_text())
    assert card["weights"]["sha256"] in text
    assert card["licence"]["commercial"] is None
    assert [record["kind"] for record in card["records"]] == ["export"]


def test_weights_without_a_commercial_licence_are_refused_where_one_is_required(
    segmentation_ir: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="does not allow commercial use"):
        package_model(segmentation_ir, tmp_path / "out", require_commercial=True)
    assert not (tmp_path / "out").exists()


def test_an_onnx_file_is_packaged_as_an_ir_is_and_another_runtimes_is_not(
    segmentation_ir: Path, tmp_path: Path
) -> None:
    made = package_model(segmentation_ir / "model.onnx", tmp_path / "out")
    assert made.manifest.provenance.model == "u2netp"
    assert verify_package(made.path).passed
    with pytest.raises(ModelError, match="run by OpenVINO"):
        package_model(f"onnxruntime:{segmentation_ir}", tmp_path / "other")


def rehash(folder: Path, name: str) -> None:
    """Write a changed file's hash into the manifest, as a forger would."""
    from mattekit.core import sha256_of

    manifest = json.loads((folder / "package.json").read_text())
    manifest["files"][name] = sha256_of(folder / name)
    (folder / "package.json").write_text(json.dumps(manifest))


def test_a_result_says_where_the_package_is_and_what_is_in_it(light_ir: Path, tmp_path: Path) -> None:
    made = package_model(str(light_ir), str(tmp_path / "package"), colour_order="BGR")
    assert made.path == tmp_path / "package"
    assert made.manifest == PackageManifest.read(made.path)
    assert made.manifest.colour_order == "BGR"
    assert made.to_frame()["file"].tolist() == list(made.manifest.files)


def test_a_verification_is_a_table_of_its_distances(packaged: Path) -> None:
    found = verify_package(str(packaged))
    assert found.passed is True
    assert found.others == ()
    frame = found.to_frame()
    assert set(frame["metric"]) >= {"difference_mean", "difference_max"}
    assert len(frame) == len(found.record.measurements)


def test_a_version_is_for_a_repository_alone(light_ir: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--model-version is for --format ovms and triton"):
        package_model(light_ir, tmp_path / "package", model_version=2)
    assert not (tmp_path / "package").exists()
