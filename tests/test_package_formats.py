"""Packages of each format: for model servers, for Model API, for devices of one size, and the network alone."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import openvino
import pytest
from conftest import MakeOnce
from mattekit import Image, open_pipeline, read_image
from mattekit.convert import PackageManifest, Port, triton_config
from mattekit.convert.servable import checker
from mattekit.core import InputError, ModelError, ParityError
from mattekit.infer import Remover, load
from mattekit.package import package_model, verify_package

ASKED: dict[str, dict[str, Any]] = {
    "folder": {},
    "ovms": {"hint": "throughput", "streams": 2},
    "triton": {"hint": "throughput", "streams": 2},
    "model-api": {},
    "onnx": {},
}


@pytest.fixture(scope="module")
def every(segmentation_ir: Path, make_once: MakeOnce) -> dict[str, Path]:
    """A package of each format, of one network. Shared: copy it before changing it."""
    pytest.importorskip("onnxruntime", reason="an ONNX file is compared with ONNX Runtime: the extra `export`")

    def fill(folder: Path) -> None:
        for name, asked in ASKED.items():
            package_model(segmentation_ir, folder / name, format=name, **asked)  # pyright: ignore[reportArgumentType]

    root = make_once("package-formats", fill)
    return {name: root / name for name in ASKED}


def package_in(place: Path) -> Path:
    """The one package at a place, which may be a server's repository."""
    (manifest,) = place.rglob("package.json")
    return manifest.parent


BARE = """
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {refused!r}:
            raise ModuleNotFoundError(f"{{name}} is not installed here", name=name)

sys.meta_path.insert(0, Refuse())
"""
REFUSED = ("mattekit", "cv2", "pydantic", "onnx", "onnxruntime", "torch", "PIL", "pandas", "model_api", "nncf")


def bare(code: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python where numpy and openvino can be imported, and nothing else that is ours or an extra's."""
    whole = BARE.format(refused=REFUSED) + code
    command = [sys.executable, "-P", "-c", whole, *arguments]
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", ASKED)
def test_a_package_checks_itself_and_its_readme_runs_with_numpy_and_openvino_alone(
    name: str, every: dict[str, Path]
) -> None:
    folder = package_in(every[name])
    (code,) = re.findall(r"```python\n(.*?)```", (folder / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    check = "import runpy\nsys.argv = ['check.py']\nrunpy.run_path('check.py', run_name='__main__')\n"
    done = bare(code + check, folder)
    assert done.returncode == 0, done.stderr
    manifest = PackageManifest.read(folder)
    assert done.stdout.count("ok ") == len(manifest.golden) * len(manifest.outputs)


@pytest.mark.parametrize("name", ASKED)
def test_verify_knows_a_package_of_every_format(name: str, every: dict[str, Path]) -> None:
    found = verify_package(every[name])
    assert found.passed
    (check,) = found.record.packages
    assert (check.device, check.arithmetic) == ("CPU", "f32")
    assert PackageManifest.read(package_in(every[name])).format == name


def test_a_stale_byte_is_found_in_every_file_of_every_format(every: dict[str, Path], tmp_path: Path) -> None:
    for name, place in every.items():
        folder = tmp_path / name
        shutil.copytree(package_in(place), folder)
        for file in PackageManifest.read(folder).files:
            known = (folder / file).read_bytes()
            (folder / file).write_bytes(bytes([known[0] ^ 1]) + known[1:])
            assert checker.altered_files(folder) == [file]
            (folder / file).write_bytes(known)


OVMS_FIELDS = {
    "name": str,
    "base_path": str,
    "batch_size": (int, str),
    "model_version_policy": dict,
    "shape": (dict, str),
    "layout": (dict, str),
    "nireq": int,
    "target_device": str,
    "allow_cache": bool,
    "plugin_config": dict,
    "stateful": bool,
    "idle_sequence_cleanup": bool,
    "max_sequence_number": int,
    "low_latency_transformation": bool,
}
"""Fields of a model in OpenVINO Model Server's configuration, and what they hold.

As of https://docs.openvino.ai/2025/model-server/ovms_docs_parameters.html; it refuses a file with any other.
"""

OPEN = """
import json
from pathlib import Path
import numpy, openvino
entry = json.loads(Path(sys.argv[1]).read_text())["model_config_list"][0]["config"]
core = openvino.Core()
for version in sorted(Path(sys.argv[1]).parent.joinpath(entry["base_path"]).iterdir()):
    model = core.compile_model(version / "model.xml", entry["target_device"], entry["plugin_config"])
    for name in entry["plugin_config"]:
        print(name, model.get_property(name))
    for vector in json.loads((version / "package.json").read_text())["golden"]:
        answer = model(numpy.load(version / vector["input"]))
        for output, file in vector["outputs"].items():
            far = abs(answer[output].astype(float) - numpy.load(version / file)).max()
            print("far", version.name, far)
"""


def test_the_model_server_is_told_what_its_parameters_are(every: dict[str, Path]) -> None:
    config = json.loads((every["ovms"] / "config.json").read_text())
    assert list(config) == ["model_config_list"]
    (entry,) = (each["config"] for each in config["model_config_list"])
    for field, value in entry.items():
        assert isinstance(value, OVMS_FIELDS[field]), field
    assert all(isinstance(value, str) for value in entry["plugin_config"].values())
    supported = openvino.Core().get_property("CPU", "SUPPORTED_PROPERTIES")
    assert set(entry["plugin_config"]) <= set(supported)
    assert (entry["target_device"], entry["plugin_config"]) == (
        "CPU",
        {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "THROUGHPUT", "NUM_STREAMS": "2"},
    )


def test_plain_openvino_opens_each_version_as_the_server_does_and_gives_the_golden_answers(
    every: dict[str, Path], segmentation_ir: Path, tmp_path: Path
) -> None:
    root = tmp_path / "served"
    shutil.copytree(every["ovms"], root)
    package_model(segmentation_ir, root, format="ovms", **ASKED["ovms"])
    done = bare(OPEN, root, str(root / "config.json"))
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    far = {line.split()[1]: float(line.split()[2]) for line in lines if line.startswith("far")}
    assert far == {"1": 0.0, "2": 0.0}
    assert sum(line.startswith("far") for line in lines) == 12
    assert {line for line in lines if line.startswith("NUM_STREAMS")} == {"NUM_STREAMS 2"}


def test_verify_goes_by_the_servers_own_file(every: dict[str, Path], tmp_path: Path) -> None:
    root = tmp_path / "served"
    shutil.copytree(every["ovms"], root)
    file = root / "config.json"
    config = json.loads(file.read_text())
    config["model_config_list"][0]["config"]["plugin_config"]["NUM_STREAMS"] = 1
    config["model_config_list"][0]["config"]["plugin_config"]["ENABLE_CPU_PINNING"] = False
    file.write_text(json.dumps(config))
    (package,) = (root / "models").glob("*/*")
    device, asked = checker.asked_for(package)
    assert (device, asked["NUM_STREAMS"], asked["ENABLE_CPU_PINNING"]) == ("CPU", "1", "false")
    assert verify_package(root).passed
    config["model_config_list"][0]["config"]["target_device"] = "GPU.7"
    file.write_text(json.dumps(config))
    with pytest.raises(Exception, match=r"GPU\.7: the device is not there"):
        verify_package(root)
    file.write_text("[")
    with pytest.raises(InputError, match=r"config\.json: it is no configuration of the server"):
        verify_package(root)


def test_a_version_that_answers_otherwise_as_the_server_runs_it_is_not_written(
    light_ir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mattekit.package import contents

    def wrong(_: object) -> dict[str, str]:
        return {"INFERENCE_PRECISION_HINT": "f32", "NUM_STREAMS": "many"}

    monkeypatch.setattr(contents, "properties_of", wrong)
    with pytest.raises(ParityError, match=r"opened as its server does \(.*NUM_STREAMS many\).*ask for other"):
        package_model(light_ir, tmp_path / "served", format="ovms")
    assert not (tmp_path / "served").exists()


def the_proto() -> ModuleType:
    """NVIDIA's published message, out of its client; the client itself needs gRPC, which nobody else here does."""
    found = importlib.util.find_spec("tritonclient")
    if found is None or not found.submodule_search_locations:
        pytest.skip("the message is in the package tritonclient")
    path = Path(found.submodule_search_locations[0]) / "grpc" / "model_config_pb2.py"
    spec = importlib.util.spec_from_file_location("model_config_pb2", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def proto() -> ModuleType:
    return the_proto()


def parsed(text: str, proto: ModuleType) -> Any:
    from google.protobuf import text_format

    return text_format.Parse(text, proto.ModelConfig())


TRITON_PARAMETERS = {
    *("PERFORMANCE_HINT", "CPU_EXTENSION_PATH", "INFERENCE_NUM_THREADS", "COMPILATION_NUM_THREADS", "HINT_BF16"),
    *("NUM_STREAMS", "SKIP_OV_DYNAMIC_BATCHSIZE", "ENABLE_BATCH_PADDING", "RESHAPE_IO_LAYERS"),
}
"""Those of https://github.com/triton-inference-server/openvino_backend."""


def test_tritons_configuration_is_what_its_message_and_the_graph_say(every: dict[str, Path], proto: ModuleType) -> None:
    (folder,) = every["triton"].iterdir()
    config = parsed((folder / "config.pbtxt").read_text(), proto)
    assert (config.name, config.backend, config.max_batch_size) == (folder.name, "openvino", 0)
    (version,) = (path for path in folder.iterdir() if path.is_dir())
    graph = openvino.Core().read_model(version / config.default_model_filename)
    types = {"u8": proto.TYPE_UINT8, "f32": proto.TYPE_FP32}
    for told, ports in ((config.input, graph.inputs), (config.output, graph.outputs)):
        found = [
            (
                port.get_any_name(),
                types[port.get_element_type().get_type_name()],
                [side.get_length() if side.is_static else -1 for side in port.get_partial_shape()],
            )
            for port in ports
        ]
        assert [(each.name, each.data_type, list(each.dims)) for each in told] == found
    asked = {name: value.string_value for name, value in config.parameters.items()}
    assert asked == {"PERFORMANCE_HINT": "THROUGHPUT", "NUM_STREAMS": "2"}
    assert set(asked) <= TRITON_PARAMETERS
    assert [(group.kind, group.count) for group in config.instance_group] == [(proto.ModelInstanceGroup.KIND_CPU, 2)]
    # The checker finds the same in it without the message.
    assert checker.asked_for(version) == ("CPU", asked)


def test_tritons_file_in_another_hand_is_read_too(proto: ModuleType, every: dict[str, Path], tmp_path: Path) -> None:
    root = tmp_path / "triton"
    shutil.copytree(every["triton"], root)
    (file,) = root.glob("*/config.pbtxt")
    config = parsed(file.read_text(), proto)
    config.parameters["HINT_BF16"].string_value = "YES"
    from google.protobuf import text_format

    file.write_text(text_format.MessageToString(config))
    (version,) = (path for path in file.parent.iterdir() if path.is_dir())
    assert checker.asked_for(version)[1] == {
        "PERFORMANCE_HINT": "THROUGHPUT",
        "NUM_STREAMS": "2",
        "INFERENCE_PRECISION_HINT": "bf16",
    }


def test_triton_is_told_of_bf16_and_the_graph_of_f32(light_ir: Path, tmp_path: Path, proto: ModuleType) -> None:
    ports = [Port(name="image", shape=(1, -1, -1, 3), dtype="uint8", meaning="")]
    from mattekit.convert import triton_parameters

    asked = triton_parameters({"INFERENCE_PRECISION_HINT": "bf16", "PERFORMANCE_HINT": "LATENCY"})
    config = parsed(triton_config("m", ports, ports, asked), proto)
    assert config.parameters["HINT_BF16"].string_value == "YES"
    root = package_model(light_ir, tmp_path / "triton", format="triton").path
    text = (package_in(root) / "model.xml").read_text()
    layers = [
        part for part in text.split("<layer ")[1:] if 'type="Parameter"' not in part and 'type="Result"' not in part
    ]
    assert layers
    assert all('name="precise"' in part for part in layers)


def test_a_repository_for_triton_takes_versions_and_models_and_keeps_what_is_there(
    every: dict[str, Path], light_ir: Path, tmp_path: Path
) -> None:
    root = tmp_path / "triton"
    shutil.copytree(every["triton"], root)
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    package_model(light_ir, root, format="triton")
    package_model(light_ir, root, format="triton")
    assert {path: path.read_bytes() for path in before} == before
    assert sorted(path.relative_to(root).as_posix() for path in root.glob("*/*")) == [
        *("small/1", "small/2", "small/config.pbtxt", "u2netp/1", "u2netp/config.pbtxt")
    ]
    assert len(verify_package(root).record.packages) == 3
    others: dict[str, dict[str, Any]] = {
        "PERFORMANCE_HINT LATENCY, not THROUGHPUT": {"hint": "throughput"},
        "dims": {"size": (8, 8)},
    }
    for said, asked in others.items():
        with pytest.raises(InputError, match=f"all versions of small run with {said}"):
            package_model(light_ir, root, format="triton", **asked)
    assert not (root / "small" / "3").exists()
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "holiday.jpg").write_bytes(b"")
    with pytest.raises(InputError, match=r"holds holiday\.jpg, which has no config\.pbtxt"):
        package_model(light_ir, tmp_path / "photos", format="triton")


def a_photo(photo: Path, height: int, width: int) -> Image:
    from mattekit.infer.resampling import resize_pixels

    return Image(rgb=np.rint(resize_pixels(read_image(photo).rgb, height, width, "linear")).astype(np.uint8))


@pytest.mark.parametrize("size", [None, (48, 64)])
def test_model_api_itself_gives_mattekits_mattes(
    size: tuple[int, int] | None, every: dict[str, Path], light_ir: Path, photo: Path, tmp_path: Path
) -> None:
    """Its wheel asks for an older OpenCV than ours, so that it is installed without its dependencies, if at all."""
    models = pytest.importorskip("model_api.models", reason="pip install --no-deps openvino-model-api==0.4.7")
    path, ir = every["model-api"], None
    if size is not None:
        path, ir = package_model(light_ir, tmp_path / "sized", format="model-api", size=size).path, light_ir
    wrapper = models.Model.create_model(str(path / "model.xml"), device="CPU", preload=True)
    assert type(wrapper).__name__ == "SegmentationModel"
    image = a_photo(photo, *(size or (131, 180)))
    opened = load((ir or Path(PackageManifest.read(path).provenance.model)) / "model.xml") if ir else None
    found = wrapper(np.ascontiguousarray(image.rgb[:, :, ::-1]))
    graph = openvino.Core().compile_model(path / "model.xml", "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    scores = graph(np.ascontiguousarray(image.rgb[None, :, :, ::-1]))["scores"][0]
    assert np.allclose(scores.sum(axis=0), 1)
    assert np.abs(found.soft_prediction.transpose(2, 0, 1) - scores).max() < 1e-5
    assert np.array_equal(found.resultImage, scores[1] > 0.5)
    if opened is not None:
        own = Remover(opened).matte(image).alpha
        assert np.abs(found.soft_prediction[:, :, 1] * 255 - own).mean() < 0.3
        assert 0 < found.resultImage.mean() < 1
    assert {contour.label for contour in wrapper.get_contours(found)} <= {"subject"}


def test_model_apis_graph_holds_the_matte_of_a_folder(every: dict[str, Path], photo: Path) -> None:
    image, core = a_photo(photo, 97, 120).rgb, openvino.Core()
    asked = {"INFERENCE_PRECISION_HINT": "f32"}
    plain = core.compile_model(every["folder"] / "model.xml", "CPU", asked)(image[None])["alpha"]
    turned = np.ascontiguousarray(image[None, :, :, ::-1])
    scores = core.compile_model(every["model-api"] / "model.xml", "CPU", asked)(turned)["scores"]
    assert np.array_equal(checker.levels("scores", scores), plain)


def test_model_api_has_no_wrapper_for_enlargements(super_resolution_ir: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no wrapper for super-resolution; give --format folder"):
        package_model(super_resolution_ir, tmp_path / "out", format="model-api")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("which", ["light_ir", "super_resolution_ir"])
def test_a_package_of_one_size_has_no_other_anywhere(
    which: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    source: Path = request.getfixturevalue(which)
    folder = package_model(source, tmp_path / "sized", size=(40, 56)).path
    model = openvino.Core().read_model(folder / "model.xml")
    ports = [port for node in model.get_ordered_ops() for port in node.outputs()]
    assert all(port.get_partial_shape().is_static for port in ports)
    manifest = PackageManifest.read(folder)
    assert [list(port.get_shape()) for port in model.outputs] == [list(port.shape) for port in manifest.outputs]
    assert manifest.size == (40, 56)
    image = np.random.default_rng(5).integers(0, 256, (1, 40, 56, 3)).astype(np.uint8)
    free = package_model(source, tmp_path / "free").path
    asked = {"INFERENCE_PRECISION_HINT": "f32"}
    answers = [openvino.Core().compile_model(each / "model.xml", "CPU", asked)(image)[0] for each in (folder, free)]
    assert np.abs(answers[0].astype(int) - answers[1]).max() <= 1
    assert verify_package(folder).passed


def test_the_networks_onnx_file_has_its_contract_inside_and_answers_by_onnx_runtime(every: dict[str, Path]) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    folder = every["onnx"]
    manifest = PackageManifest.read(folder)
    session = onnxruntime.InferenceSession(folder / "model.onnx", providers=["CPUExecutionProvider"])
    (port,) = manifest.inputs
    assert [each.name for each in session.get_inputs()] == [port.name]
    assert [each.name for each in session.get_outputs()] == [each.name for each in manifest.outputs]
    for vector in manifest.golden:
        given = np.load(folder / vector.input)
        answers = session.run(None, {port.name: given})
        for (name, file), answer in zip(vector.outputs.items(), answers, strict=True):
            limit = manifest.limits["same"][name]["max"]
            assert np.abs(answer - np.load(folder / file)).max() <= limit
            assert limit < 0.01
        # The contract inside makes of the image what the network was given.
        from mattekit.infer.tensors import tensor_from

        opened = load(folder / "model.onnx")
        assert opened.contract == manifest.contract
        assert vector.image is not None
        assert np.array_equal(tensor_from(np.load(folder / vector.image), opened.contract), given)
    assert manifest.measured["onnxruntime"]


def test_an_onnx_file_of_any_size_is_packaged_too(super_resolution_ir: Path, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime", reason="an ONNX file is compared with ONNX Runtime: the extra `export`")
    made = package_model(super_resolution_ir, tmp_path / "out", format="onnx")
    assert made.manifest.inputs[0].shape[2:] == (-1, -1)
    assert verify_package(made.path).passed
    opened = open_pipeline(model=None, sr=made.path / "model.onnx")
    small = Image(rgb=np.full((16, 24, 3), 128, np.uint8))
    assert (opened(small).height, opened(small).width) == (64, 96)


def test_without_an_onnx_file_there_is_none_to_package(light_ir: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"there is no model\.onnx beside it to package; give an export's folder"):
        package_model(light_ir, tmp_path / "out", format="onnx")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"hint": "latency"}, "--hint is for --format ovms and triton"),
        ({"device": "GPU"}, "--device is for --format ovms and triton"),
        ({"format": "model-api", "streams": 2}, "--streams is for --format ovms and triton"),
        ({"format": "ovms", "streams": 0}, "--streams 0 makes no sense"),
        ({"format": "ovms", "device": "NPU"}, "--device NPU takes images of one size alone; add it"),
        ({"format": "triton", "device": "GPU"}, "Triton's OpenVINO backend runs on the CPU alone"),
        ({"format": "triton", "arithmetic": "f16"}, "can't be told; give f32, bf16 or device"),
        ({"format": "onnx", "size": "64"}, "--size is for packages that take images"),
        ({"format": "onnx", "colour_order": "RGB"}, "--colour-order is for packages that take images"),
        ({"format": "onnx", "arithmetic": "bf16"}, "leave --arithmetic out"),
        ({"size": "0x8"}, "an image has a pixel at least"),
        ({"format": "openvino"}, "--format openvino is unknown; give folder, zip, ovms, triton, model-api, onnx"),
    ],
)
def test_settings_that_make_no_sense_are_refused_by_name(asked: dict[str, Any], said: str, light_ir: Path) -> None:
    with pytest.raises(InputError, match=said):
        package_model(light_ir, "nowhere", **asked)
    assert not Path("nowhere").exists()


def test_a_device_that_is_not_here_is_left_to_the_server(light_ir: Path, tmp_path: Path) -> None:
    root = package_model(light_ir, tmp_path / "served", format="ovms", device="GPU", arithmetic="f32").path
    (entry,) = json.loads((root / "config.json").read_text())["model_config_list"]
    assert entry["config"]["target_device"] == "GPU"
    with pytest.raises(Exception, match="GPU: the device is not there"):
        verify_package(root)
    assert verify_package(root, device="CPU").passed
