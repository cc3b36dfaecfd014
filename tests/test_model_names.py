"""What each command makes of each way to name a model: the page's table, walked."""

from __future__ import annotations

import itertools
import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from called import Call
from conftest import MakeOnce
from mattekit.core import ModelError
from mattekit.infer import read_variant
from mattekit.models import ModelRef

PAGE = Path(__file__).resolve().parents[1] / "docs" / "models.md"

# What NNCF and PyTorch import warns about its own parts.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")


def table() -> dict[tuple[str, str], str]:
    """Return what the page says of each form and command."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    (start,) = [number for number, line in enumerate(lines) if "`package`" in line]
    commands = [cell.strip() for cell in lines[start].strip("|").split("|")][1:]
    below = itertools.takewhile(lambda line: line.startswith("|"), lines[start + 2 :])
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in below]
    return {
        (row[0].strip("`"), name): cell
        for row in rows
        for command, cell in zip(commands, row[1:], strict=True)
        for name in re.findall(r"`(\w+)`", command)
    }


CELLS = table()
FORMS = list(dict.fromkeys(form for form, _ in CELLS))
DEAR = {"bench", "quantize", "package", "parity", "video", "export"}


@pytest.fixture(scope="session")
def weights(make_once: MakeOnce) -> Path:
    """A checkpoint of the user's for `srlite-x2`."""
    from mattekit.convert import fetch, zoo

    def fill(folder: Path) -> None:
        shutil.copy(fetch(zoo.get("srlite-x2"), offline=True), folder / "mine.safetensors")

    return make_once("srlite-weights", fill) / "mine.safetensors"


@pytest.fixture(scope="session")
def home_of_all(make_once: MakeOnce) -> Path:
    """A cache that the cells share, so that the checkpoint is exported once."""
    return make_once("names-home", lambda _: None)


@pytest.fixture(scope="session")
def model_folder(make_once: MakeOnce, own_provenance: Any) -> Path:
    """A model's folder with two variants and their ONNX file: one convolution, which cuts out what is red."""
    import torch
    from mattekit.convert.ir import ir_from_onnx, save_ir
    from mattekit.convert.onnx_export import export_onnx
    from mattekit.core import Contract, InputContract, OutputContract

    contract = Contract(
        task="segmentation",
        input=InputContract(height=64, width=64),
        output=OutputContract(kind="alpha", activation="sigmoid"),
    )

    def fill(folder: Path) -> None:
        with torch.random.fork_rng(devices=()):
            torch.manual_seed(0)
            module = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3, padding=1), torch.nn.ReLU(), torch.nn.Conv2d(8, 1, 1))
        for precision in ("fp32", "fp16"):
            here = folder / "small" / precision
            here.mkdir(parents=True)
            onnx = here / "model.onnx"
            export_onnx(module.eval(), onnx, contract=contract, provenance=own_provenance, exporter="torchscript")
            half = precision == "fp16"
            save_ir(
                ir_from_onnx(onnx, heads="fused"),
                here / "model.xml",
                contract=contract,
                provenance=own_provenance,
                shape=(1, 64, 64),
                fp16=half,
            )

    return make_once("named", fill) / "small"


def enlarges(form: str, command: str) -> bool:
    """Say whether a cell is filled by `srlite-x2`, which is exported, measured and quantized in a tenth of the time.

    An image is cut out by `mattelite` where it lies, so that both options of `run` and `video` are walked.
    """
    return form.endswith("ID@CHECKPOINT") or (form.endswith("ID") and command not in {"run", "video"})


def named(form: str, command: str, folder: Path, checkpoint: Path, tmp_path: Path) -> str:
    """Return what a user types for a row of the table."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "mine.pth").write_bytes(b"weights")
    typed = {
        "ID": "srlite-x2" if enlarges(form, command) else "mattelite",
        "ID@CHECKPOINT": f"srlite-x2@{checkpoint}",
        "MODEL/": str(folder),
        "MODEL/fp32": str(folder / "fp32"),
        "FILE.xml": str(folder / "fp32" / "model.xml"),
        "FILE.onnx": str(folder / "fp32" / "model.onnx"),
        "a file or folder that is not there": str(tmp_path / "nowhere" / "u2netp"),
        "an id that is not in the zoo": "u2nett",
        "a checkpoint without its network": str(tmp_path / "mine.pth"),
        "a folder without a model": str(tmp_path / "empty"),
    }
    runtime, colon, rest = form.rpartition(":")
    return runtime + colon + typed[rest]


def arguments_of(
    command: str, model: str, small: Path, photo: Path, out: Path, *, enlarge: bool
) -> Sequence[str | Path]:
    data = ["--data", f"hr={photo.parent}" if enlarge else "synthetic:count=5,size=64x48"]
    networks = ["--model", small / "fp32", "--sr", model] if enlarge else ["--model", model, "--sr", "none"]
    return {
        "run": ["run", photo, *networks, "-o", out],
        "video": ["video", photo.parent / "*.jpg", "--fps", "2", *networks, "-o", out / "out.mkv"],
        "validate": ["validate", model, *data, "--limit", "1", "-o", out],
        "bench": [
            *("bench", model, "--rounds", "1", "--iterations", "1", "--warm-up", "0", "--threads", "1"),
            *("--record", out / "b.json"),
        ],
        "parity": ["parity", model, *data, "--limit", "1"],
        "quantize": ["quantize", model, *data, "--limit", "1" if enlarge else "2", "-o", out],
        "package": ["package", model, "-o", out / "package"],
        "export": ["export", model, "-o", out],
    }[command]


def cells() -> Iterator[Any]:
    """Give the table's cells; those in which something is exported, measured or packaged are slow."""
    for (form, command), cell in CELLS.items():
        slow = cell != "refused" and (command in DEAR or form == "ID@CHECKPOINT")
        yield pytest.param(form, command, marks=pytest.mark.slow if slow else ())


@pytest.mark.parametrize(("form", "command"), list(cells()))
def test_each_cell_of_the_table_is_filled_or_refused_by_one_sentence(
    form: str,
    command: str,
    model_folder: Path,
    weights: Path,
    photo: Path,
    home_of_all: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    call: Call,
) -> None:
    monkeypatch.setenv("MATTEKIT_HOME", str(home_of_all))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "out").mkdir()
    model = named(form, command, model_folder, weights, tmp_path)
    done = call(*arguments_of(command, model, model_folder, photo, tmp_path / "out", enlarge=enlarges(form, command)))
    if CELLS[form, command] != "refused":
        assert done.code == 0, done.said
        return
    assert done.code == 1, done.said
    assert done.sentence()
    assert not any((tmp_path / "out").iterdir())


def test_a_model_of_several_variants_is_listed_where_one_is_needed(model_folder: Path) -> None:
    with pytest.raises(ModelError, match=r"the folder holds fp32, fp16; give one of them"):
        ModelRef.parse(model_folder).one()
    assert [variant.precision for variant in ModelRef.parse(model_folder).variants()] == ["fp32", "fp16"]
    # Both folders hold the same ONNX file.
    assert len(ModelRef.parse(model_folder).paths("onnxruntime")) == 1


def test_the_stored_precision_is_read_from_the_file(model_folder: Path, tmp_path: Path) -> None:
    shutil.copytree(model_folder / "fp16", tmp_path / "fp32")
    assert read_variant(tmp_path / "fp32" / "model.xml").precision == "fp16"
    assert read_variant(tmp_path / "fp32" / "model.onnx").precision == "fp32"


def test_an_id_means_the_zoo_whatever_lies_in_the_working_folder(
    model_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(model_folder / "fp32", tmp_path / "mattelite")
    monkeypatch.chdir(tmp_path)
    assert ModelRef.parse("mattelite").one().id == "mattelite"
    assert ModelRef.parse("./mattelite").one().id == "small"


@pytest.mark.parametrize(
    ("text", "sentence"),
    {
        "": "'' names no model; give an entry of the zoo",
        "openvino:": "names no model",
        "mattelite@": "there is no file ''; give a checkpoint of mattelite",
        "opencv:model.onnx": "there is no such file or folder",
        "opencv:mattelite": "'opencv' is no runtime; give openvino, onnxruntime, torch",
        "~nobody-of-this-name/model.xml": "there is no such user",
    }.items(),
)
def test_what_names_no_model_is_told(text: str, sentence: str) -> None:
    with pytest.raises(ModelError, match=re.escape(sentence)):
        ModelRef.parse(text)


def test_a_path_is_a_file_or_folder_whatever_it_is_called(
    model_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("mattelite", "we@ird", "torch:x"):
        shutil.copytree(model_folder / "fp32", name)
        assert ModelRef.parse(Path(name)).one().id == "small"
    assert ModelRef.parse("we@ird").one().id == "small"


def test_what_is_under_way_in_a_model_s_folder_is_no_variant(model_folder: Path, tmp_path: Path) -> None:
    shutil.copytree(model_folder / "fp32", tmp_path / "fp32")
    shutil.copytree(model_folder / "fp32", tmp_path / ".fp16.0123456789abcdef.tmp")
    assert ModelRef.parse(tmp_path).path_of_one() == tmp_path / "fp32" / "model.xml"


def test_int8_is_made_of_the_largest_precision_whatever_its_folder_is_called(
    model_folder: Path, tmp_path: Path
) -> None:
    from mattekit.quantize.source_ir import open_source

    shutil.copytree(model_folder / "fp16", tmp_path / "fp16")
    shutil.copytree(model_folder / "fp32", tmp_path / "mine")
    assert open_source(tmp_path).path.parent.name == "mine"


def test_parity_runs_what_a_runtime_names_and_tells_stages_of_one_kind_apart(model_folder: Path) -> None:
    from mattekit.bench import open_stages

    file = model_folder / "fp32" / "model.onnx"
    stages = open_stages([str(file), f"openvino:{file}", f"openvino:{model_folder / 'fp32'}"])
    assert [stage.label for stage in stages] == ["onnx", "ir fp32", "ir fp32 #2"]
    assert [stage.runtime.info.runtime for stage in stages] == ["onnxruntime", "openvino", "openvino"]
