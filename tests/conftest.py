"""Fixtures that several test modules share."""

from __future__ import annotations

import functools
import os
import re
import shutil
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

# PyTorch's threads wait for each other by spinning: where other processes have the cores, one thread is faster.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import cv2
import numpy as np
import pytest
import typer.main
from affected import ROOMS, room_of
from called import Call, Ended
from filelock import FileLock

# A run in the background of a shell ignores Ctrl-C, and so would all programs that the tests start and interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)

# What Python compiles is kept, also where it is told not to: each program that tests start would compile it again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# As the program does: OpenVINO's converter and NNCF would tell their makers of each use, and fork this process for it,
# with all that it holds, a few times in each conversion.
sys.modules.setdefault("openvino_telemetry", None)  # pyright: ignore[reportArgumentType, reportCallIssue]

# The tree of commands is built once for a process of tests, and not for each call of the command line.
typer.main.get_command = functools.cache(typer.main.get_command)

if TYPE_CHECKING:
    import torch
    from mattekit.convert.networks.u2net import U2NetConfig
    from mattekit.core import BenchRecord, Provenance
    from torch import Tensor

SMALL = (128, 128)
"""Height and width of the segmentation networks' input: a sixth of the work of the published 320x320."""


def pytest_configure(config: pytest.Config) -> None:
    """Know a marker for each room."""
    for room in ROOMS:
        config.addinivalue_line("markers", f"{room}: of the room {room}/, by what its file imports most")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark each test with the room that its file is about, where a room is asked for: all files are read for it."""
    if set(re.findall(r"\w+", config.option.markexpr)) & set(ROOMS):
        for item in items:
            item.add_marker(room_of(item.path))


MakeOnce = Callable[[str, Callable[[Path], object]], Path]


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Call the command line as the installed program does, in this process; never with a traceback."""
    from mattekit import cli

    def run(*arguments: str | Path) -> Ended:
        monkeypatch.setattr(sys, "argv", ["mattekit", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as stop:
            cli.main()
        captured = capsys.readouterr()
        assert "Traceback" not in captured.out + captured.err
        return Ended(int(stop.value.code or 0), captured.out, captured.err)

    return run


@pytest.fixture(scope="session")
def make_once(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> MakeOnce:
    """Fill a folder of a given name once for all processes of a run, and return it: what is dear to make is shared."""
    root = tmp_path_factory.getbasetemp()
    # A worker of xdist has a folder of its own inside the run's. The variables of its environment are no witness: the
    # programs that a test starts inherit them.
    root = root.parent if hasattr(request.config, "workerinput") else root

    def made(name: str, fill: Callable[[Path], object]) -> Path:
        folder = root / "shared" / name
        folder.parent.mkdir(exist_ok=True)
        with FileLock(f"{folder}.lock"):
            if not folder.is_dir():
                filling = folder.with_name(f"{name}.filling")
                shutil.rmtree(filling, ignore_errors=True)
                filling.mkdir()
                fill(filling)
                filling.rename(folder)
        return folder

    return made


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The reference data's folder; its README says what is in it. The test is skipped where it is absent."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("MATTEKIT_TEST_DATA", beside))
    if not (folder / "README.md").is_file():
        pytest.skip(f"reference data is not here: {folder} (set MATTEKIT_TEST_DATA)")
    return folder


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder for this test alone."""
    folder = tmp_path / "home"
    monkeypatch.setenv("MATTEKIT_HOME", str(folder))
    return folder


@pytest.fixture(scope="session")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small JPEG, drawn here: a red disc on a green gradient. Shared by all tests: read it, never write it."""
    height, width = 120, 160
    rows, columns = np.mgrid[:height, :width]
    image = np.stack([rows * 1.5, 90 + columns * 0.5, 60 + (rows + columns) % 16], axis=-1).astype(np.uint8)
    cv2.circle(image, (90, 55), 34, (40, 50, 220), thickness=-1, lineType=cv2.LINE_AA)
    path = tmp_path_factory.mktemp("photo") / "photo.jpg"
    assert cv2.imwrite(str(path), image)
    return path


@pytest.fixture(scope="session")
def own_provenance() -> Provenance:
    """Where a network comes from that a test builds itself."""
    from mattekit.core import Provenance

    return Provenance(
        model="small",
        weights_file="small.pth",
        weights_sha256="0" * 64,
        code_licence="Apache-2.0",
        weights_licence="Apache-2.0",
        commercial=True,
        route="direct",
        tools={},
    )


@pytest.fixture(scope="session")
def light_ir(own_provenance: Provenance, make_once: MakeOnce) -> Path:
    """The folder of a segmentation IR of one layer, of the size SMALL, for tests of whatever surrounds a network.

    It cuts out what is redder than green, as the photo's disc is, and is compiled and run in no time.
    """
    import openvino
    from mattekit.convert.ir import save_ir
    from mattekit.core import Contract, InputContract, OutputContract
    from openvino import opset13 as ops

    def fill(folder: Path) -> None:
        contract = Contract(
            task="segmentation",
            input=InputContract(height=SMALL[0], width=SMALL[1]),
            output=OutputContract(kind="alpha", activation="sigmoid"),
        )
        source = ops.parameter([1, 3, *SMALL], np.float32, name="input")
        kernel = ops.constant(np.array([20, -20, 0], np.float32).reshape(1, 3, 1, 1))
        result = ops.convolution(source, kernel, [1, 1], [0, 0], [0, 0], [1, 1])
        construct: Any = openvino.Model
        path = folder / "fp32" / "model.xml"
        path.parent.mkdir()
        model = construct([result], [source])
        save_ir(model, path, contract=contract, provenance=own_provenance, shape=(1, *SMALL), fp16=False)

    return make_once("light", fill) / "fp32"


@pytest.fixture(scope="session")
def tiny_ir(make_once: MakeOnce) -> Path:
    """An IR of super-resolution x1 of one convolution, for any size."""
    from tiny import convolution

    path = Path("fp32", "model.xml")
    return make_once("tiny", lambda folder: convolution(folder / path)) / path


@pytest.fixture(scope="session")
def shared_benchmark(tiny_ir: Path, photo: Path, make_once: MakeOnce) -> BenchRecord:
    """One benchmark that has a bit of everything: batches, a missing device, a model that is not what it is called,
    and an image the whole way."""
    from mattekit.bench import benchmark
    from mattekit.core import BenchRecord, read_record
    from tiny import half_quantized

    def fill(folder: Path) -> None:
        images = folder / "images"
        images.mkdir()
        shutil.copy(photo, images)
        result = benchmark(
            (tiny_ir, half_quantized(folder / "int8" / "model.xml")),
            device=("CPU", "NPU.7"),
            batch=(1, 2),
            size=((32, 32),),
            rounds=3,
            iterations=6,
            warm_up=0,
            threads=1,
            end_to_end=images,
        )
        result.record.write(folder / "r.json")

    return read_record(make_once("measured", fill) / "r.json", BenchRecord)


@pytest.fixture(scope="session")
def published_u2netp(shared_data: Path, make_once: MakeOnce) -> Path:
    """The folder of the FP32 export of the authors' U2NETP, at its own size."""
    from mattekit.convert import export_model

    weights = shared_data / "weights" / "segmentation" / "u2netp.pth"
    photos = sorted((shared_data / "segmentation" / "u2net_test" / "images").iterdir())[:1]
    out = make_once(
        "published-u2netp",
        lambda folder: export_model("u2netp", folder, weights=weights, images=photos),
    )
    return out / "u2netp" / "fp32"


@pytest.fixture(scope="session")
def bundled_fp32(photo: Path, make_once: MakeOnce) -> Path:
    """The folder of FP32 exports of bundled models, which have real weights: mattelite and srlite-x2."""
    from mattekit.convert import export_model

    def fill(folder: Path) -> None:
        for model in ("mattelite", "srlite-x2"):
            export_model(model, folder, images=[photo], offline=True)

    return make_once("bundled-fp32", fill)


@pytest.fixture(scope="session")
def published_half(shared_data: Path, make_once: MakeOnce) -> Callable[[str, str], Path]:
    """Export a model of the zoo in FP16 from its authors' weights, once for all tests, and return its IR."""
    from mattekit.convert import export_model

    photos = sorted((shared_data / "segmentation" / "u2net_test" / "images").iterdir())

    def exported(model: str, weights: str) -> Path:
        # Of a photo, super-resolution is checked on a part alone; masks are on all of it, for which one will do.
        images = photos[:1] if weights.startswith("segmentation") else []
        path = shared_data / "weights" / weights
        out = make_once(
            f"published-{model}-fp16",
            lambda folder: export_model(model, folder, precision="fp16", weights=path, images=images),
        )
        return out / model / "fp16" / "model.xml"

    return exported


def seeded_state(config: U2NetConfig, photo: Path) -> dict[str, Tensor]:
    """Weights of a U²-Net from a seed, as its checkpoints have them; its masks mean nothing, but are not flat."""
    import torch
    from mattekit.convert import zoo
    from mattekit.convert.networks.u2net import U2Net
    from mattekit.images import read_image
    from mattekit.infer import tensor_from

    tensor = torch.from_numpy(tensor_from(read_image(photo).rgb, zoo.get("u2netp").contract.with_size(*SMALL)))
    with torch.random.fork_rng(devices=()), torch.no_grad():
        torch.manual_seed(0)
        module = U2Net(config, heads="fused", logits=True)
        # Untrained normalisation lets next to nothing through, and a flat mask is one without a subject: the
        # photo's own statistics take the place of training, and the last layer centres the photo's mask.
        for layer in module.modules():
            if isinstance(layer, torch.nn.BatchNorm2d):
                layer.momentum = 1
        module.train()(tensor)
        logits = module.eval()(tensor)
        state, spread = module.state_dict(), 2 * logits.std()
        state["outconv.weight"] = state["outconv.weight"] / spread
        state["outconv.bias"] = (state["outconv.bias"] - logits.mean()) / spread
    return state


def shallow_config() -> U2NetConfig:
    """The stages of a U²-Net of 2 instead of 6: every kind of layer and block, and a sixth of the layers."""
    from mattekit.convert.networks.u2net import RSUConfig, U2NetConfig

    return U2NetConfig((RSUConfig(3, 8, 16), RSUConfig(3, 8, 16, dilated=True)), (RSUConfig(3, 8, 16),))


def shallow_u2net() -> torch.nn.Module:
    """The network that `segmentation_ir` was made from, with weights of its own."""
    from mattekit.convert.networks.u2net import U2Net

    return U2Net(shallow_config(), heads="fused").eval()


@pytest.fixture(scope="session")
def segmentation_weights(photo: Path, make_once: MakeOnce) -> Path:
    """A checkpoint of `u2netp` with random weights from a seed; its masks mean nothing, but are not flat."""
    pytest.importorskip("torch", reason="making a checkpoint needs the extra `export`")
    import torch
    from mattekit.convert.networks.u2net import U2NETP

    return (
        make_once("u2netp-weights", lambda to: torch.save(seeded_state(U2NETP, photo), to / "u2netp.pth"))
        / "u2netp.pth"
    )


@pytest.fixture(scope="session")
def super_resolution_weights(make_once: MakeOnce) -> Path:
    """A checkpoint of `realesr-animevideov3` (x4) with random weights from a seed."""
    pytest.importorskip("torch", reason="making a checkpoint needs the extra `export`")
    import torch
    from mattekit.convert import zoo

    def fill(folder: Path) -> None:
        build = zoo.get("realesr-animevideov3").build
        assert build is not None
        with torch.random.fork_rng(devices=()):
            torch.manual_seed(0)
            module = build()
        torch.save(module.state_dict(), folder / "realesr-animevideov3.pth")

    return make_once("realesr-animevideov3-weights", fill) / "realesr-animevideov3.pth"


@pytest.fixture(scope="session")
def u2netp_ir(segmentation_weights: Path, photo: Path, make_once: MakeOnce) -> Path:
    """The folder of one export: `u2netp`, fp32, SMALL: `model.onnx`, `model.xml`, `model.bin`, `export.json`."""
    from mattekit.convert import export_model

    out = make_once(
        "u2netp",
        lambda folder: export_model("u2netp", folder, size=SMALL, weights=segmentation_weights, images=[photo]),
    )
    return out / "u2netp" / "fp32"


@pytest.fixture(scope="session")
def segmentation_ir(photo: Path, make_once: MakeOnce) -> Path:
    """An export like `u2netp_ir`, and under that name, of `shallow_u2net`: compiled, quantized and run in a sixth."""
    pytest.importorskip("torch", reason="exporting needs the extra `export`")
    import torch
    from mattekit.convert import ExportSettings, ParityCheck, stage_input, zoo
    from mattekit.convert.export import export
    from mattekit.images import read_image

    spec = replace(zoo.get("u2netp"), build=shallow_u2net)

    def fill(folder: Path) -> None:
        torch.save(seeded_state(shallow_config(), photo), folder / "shallow.pth")
        contract = spec.contract.with_size(*SMALL)
        check = ParityCheck(["photo"], [stage_input(read_image(photo).rgb, contract)], contract)
        export(spec, folder / "shallow.pth", folder, ExportSettings(size=SMALL), check)

    return make_once("segmentation", fill) / "u2netp" / "fp32"


@pytest.fixture(scope="session")
def realesr_ir(super_resolution_weights: Path, photo: Path, make_once: MakeOnce) -> Path:
    """The folder of one export: `realesr-animevideov3`, x4, fp32, any input size; files as in `u2netp_ir`."""
    from mattekit.convert import export_model

    model = "realesr-animevideov3"
    out = make_once(
        "realesr",
        lambda folder: export_model(model, folder, weights=super_resolution_weights, images=[photo]),
    )
    return out / model / "fp32"


def shallow_srvgg() -> torch.nn.Module:
    """A network like `realesr-animevideov3` of 4 convolutions instead of 18."""
    from mattekit.convert.networks.srvgg import SRVGGNetCompact

    return SRVGGNetCompact(4, convs=2).eval()


@pytest.fixture(scope="session")
def super_resolution_ir(photo: Path, make_once: MakeOnce) -> Path:
    """An export like `realesr_ir`, and under that name, of `shallow_srvgg`, with random weights from a seed."""
    pytest.importorskip("torch", reason="exporting needs the extra `export`")
    import torch
    from mattekit.convert import ExportSettings, ParityCheck, stage_input, zoo
    from mattekit.convert.export import export
    from mattekit.images import read_image

    spec = replace(zoo.get("realesr-animevideov3"), build=shallow_srvgg)

    def fill(folder: Path) -> None:
        with torch.random.fork_rng(devices=()):
            torch.manual_seed(0)
            torch.save(shallow_srvgg().state_dict(), folder / "shallow.pth")
        check = ParityCheck(["photo"], [stage_input(read_image(photo).rgb, spec.contract)], spec.contract)
        export(spec, folder / "shallow.pth", folder, ExportSettings(), check)

    return make_once("super-resolution", fill) / "realesr-animevideov3" / "fp32"


@pytest.fixture
def shallow_zoo(super_resolution_ir: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """In the zoo `realesr-animevideov3` is `shallow_srvgg`; return the checkpoint that `super_resolution_ir` is of."""
    from mattekit.convert import zoo

    specs = {spec.id: spec for spec in zoo.list_models()}
    specs["realesr-animevideov3"] = replace(specs["realesr-animevideov3"], build=shallow_srvgg)
    monkeypatch.setattr(zoo, "_REGISTRY", specs)
    return super_resolution_ir.parents[1] / "shallow.pth"


@pytest.fixture(scope="session")
def segmentation_package(segmentation_ir: Path, make_once: MakeOnce) -> Path:
    """A package of `segmentation_ir`. Shared: copy it before changing it."""
    from mattekit.package import package_model

    return make_once("package-u2netp", lambda folder: package_model(segmentation_ir, folder / "p").path) / "p"


@pytest.fixture(scope="session")
def enlarging_package(super_resolution_ir: Path, make_once: MakeOnce) -> Path:
    """A package of `super_resolution_ir`. Shared: copy it before changing it."""
    from mattekit.package import package_model

    return make_once("package-realesr", lambda folder: package_model(super_resolution_ir, folder / "p").path) / "p"
