"""What is installed: the wheel holds our rooms and nothing else, and runs an exported model with the base install."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from hashlib import sha256
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from conftest import MakeOnce
from mattekit.convert import zoo
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]
ROOMS = {
    *("bench", "cluster", "commands", "convert", "core", "datasets", "images", "infer", "metrics", "models"),
    *("package", "quantize", "reports", "workflow"),
}
NOT_ROOMS = {"build", "dist", "out", "recipes", "tests", "tools", "mattekit.egg-info"}
WEIGHTS = "mattekit/convert/weights"
PROGRAMS = "Scripts" if sys.platform == "win32" else "bin"
EXPORTING = {"torch", "onnx", "onnxruntime", "onnxscript", "nncf", "safetensors", "skimage"}
"""What only the extras for exporting and quantizing bring."""


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def pins() -> dict[str, Version]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    requirements = [Requirement(line) for line in lines if line.strip() and not line.startswith("#")]
    found: dict[str, Version] = {}
    for requirement in requirements:
        (specifier,) = requirement.specifier
        assert specifier.operator == "==", f"constraints.txt: {requirement} is no pin"
        found[canonicalize_name(requirement.name)] = Version(specifier.version)
    return found


@pytest.fixture(scope="module")
def wheel(make_once: MakeOnce) -> Path:
    """The wheel, built from a copy: a build leaves folders in its source tree, and ours has an editable install."""

    def fill(folder: Path) -> None:
        left_out = shutil.ignore_patterns(".*", "__pycache__", "build", "dist", "out", "*.egg-info")
        shutil.copytree(ROOT, folder / "source", ignore=left_out)
        # No module of ours may be taken for the package `build` or one that it needs, so the command runs elsewhere.
        command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", ".", "source"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    (path,) = make_once("wheel", fill).glob("*.whl")
    return path


@pytest.fixture(scope="module")
def contents(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if not name.endswith("/")}


def packages_on_disk() -> set[str]:
    rooms = [path for path in ROOT.iterdir() if path.is_dir() and path.name not in NOT_ROOMS and path.name[0] != "."]
    inits = [init for room in rooms for init in room.rglob("__init__.py")]
    return {"mattekit", *(".".join(("mattekit", *init.parent.relative_to(ROOT).parts)) for init in inits)}


def test_the_wheel_holds_nothing_but_the_package(contents: set[str], project: dict[str, Any]) -> None:
    version = project["project"]["version"]
    assert {name.split("/")[0] for name in contents} == {"mattekit", f"mattekit-{version}.dist-info"}
    rooms = {name.split("/")[1] for name in contents if name.count("/") > 1 and name.startswith("mattekit/")}
    assert rooms <= ROOMS
    assert rooms >= {"bench", "convert", "core", "datasets", "infer", "reports"}
    loose = {name for name in contents if name.startswith("mattekit/") and name.count("/") == 1}
    # The root is the package, so every module there is swallowed: each must have a place in the order of rooms.
    layers = " ".join(project["tool"]["importlinter"]["contracts"][0]["layers"])
    floors = {f"mattekit/{name}.py" for name in re.findall(r"mattekit\.(\w+)", layers) if name not in ROOMS}
    assert floors >= {"mattekit/cli.py"}
    strange = (
        loose - floors - {f"mattekit/{name}" for name in ("__init__.py", "__init__.pyi", "__main__.py", "py.typed")}
    )
    assert not strange, f"pyproject.toml: no layer of import-linter's contract is {', '.join(sorted(strange))}"
    assert {Path(name).suffix for name in contents if name.startswith("mattekit/")} <= {
        *(".py", ".pyi", ".typed", ".safetensors", ".xml", ".bin", ".txt", ".toml", ".md", ".html", ".css", ".js")
    }


def test_every_module_on_disk_is_in_the_wheel(contents: set[str]) -> None:
    for package in packages_on_disk():
        folder = ROOT.joinpath(*package.split(".")[1:])
        inside = "/".join(package.split("."))
        modules = {f"{inside}/{path.name}" for path in folder.glob("*.py")}
        assert modules <= contents, f"not in the wheel: {sorted(modules - contents)}"


def test_every_package_on_disk_is_listed(project: dict[str, Any]) -> None:
    listed = project["tool"]["setuptools"]["packages"]
    assert listed == sorted(set(listed)), "pyproject.toml: keep [tool.setuptools] packages sorted, each once"
    forgotten = sorted(packages_on_disk() - set(listed))
    assert not forgotten, f"pyproject.toml: add to [tool.setuptools] packages: {', '.join(forgotten)}"
    absent = sorted(set(listed) - packages_on_disk())
    assert not absent, f"pyproject.toml: these packages are not there: {', '.join(absent)}"


def test_metadata_says_what_is_needed_and_under_which_licence(wheel: Path, contents: set[str]) -> None:
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in contents)
    with zipfile.ZipFile(wheel) as archive:
        text = {
            name.split("/")[1]: archive.read(name).decode()
            for name in contents
            if name.endswith((".dist-info/METADATA", ".dist-info/entry_points.txt"))
        }
    assert "mattekit = mattekit.__main__:main" in text["entry_points.txt"]
    assert re.search(r"^License-Expression: Apache-2.0$", text["METADATA"], re.MULTILINE)
    needed = [Requirement(line) for line in re.findall(r"^Requires-Dist: (.+)$", text["METADATA"], re.MULTILINE)]
    base = {requirement.name for requirement in needed if requirement.marker is None}
    assert base >= {"openvino", "numpy", "opencv-python-headless", "pandas", "pydantic", "rich", "typer"}
    assert not base & {"torch", "onnx", "onnxruntime", "nncf", "scikit-image", "safetensors"}


def test_bundled_weights_are_in_the_wheel_with_their_cards(wheel: Path, contents: set[str]) -> None:
    with zipfile.ZipFile(wheel) as archive:
        for spec in zoo.list_models():
            if spec.weights.bundled is None:
                continue
            name = f"{WEIGHTS}/{spec.weights.bundled}"
            assert name in contents, f"{spec.id}: {name} is not in the wheel; is its folder in package-data?"
            assert sha256(archive.read(name)).hexdigest() == spec.weights.sha256
            card = str(Path(name).with_suffix(".md"))
            assert card in contents, f"{spec.id} has no card; write {card}"


def test_irs_of_the_bundled_models_are_in_the_wheel_and_small(wheel: Path, contents: set[str]) -> None:
    folder = f"{WEIGHTS}/ir"
    with zipfile.ZipFile(wheel) as archive:
        lines = archive.read(f"{folder}/SHA256SUMS.txt").decode().splitlines()
        sums = {name: digest for digest, name in (line.split() for line in lines)}
        assert {f"{folder}/{name}" for name in sums} == {
            name for name in contents if name.endswith((".xml", ".bin")) and name.startswith(f"{WEIGHTS}/")
        }
        for name, digest in sums.items():
            assert sha256(archive.read(f"{folder}/{name}")).hexdigest() == digest
        packed = sum(archive.getinfo(f"{folder}/{name}").compress_size for name in sums)
    assert {name.split("/")[0] for name in sums} == {spec.id for spec in zoo.list_models() if spec.weights.bundled}
    assert packed < 3_000_000


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "written"),
    [
        (("remove", "PHOTO", "-o", "out"), "out/photo.png"),
        (("run", "PHOTO", "--background", "white", "-o", "out"), "out/photo.png"),
        (("upscale", "PHOTO", "-o", "out"), "out/photo.png"),
        (("upscale", "PHOTO", "--sr", "srlite-x4", "-o", "out"), "out/photo.png"),
        (("video", "frames/*.jpg", "--fps", "5", "--background", "white", "-o", "out.mp4"), "out.mp4"),
    ],
    ids=["remove", "run", "upscale", "upscale-x4", "video"],
)
def test_bundled_models_run_where_nothing_of_an_export_can_be_imported(
    command: tuple[str, ...], written: str, wheel: Path, photo: Path, tmp_path: Path
) -> None:
    if command[0] == "video":
        pytest.importorskip("av", reason="video needs the extra `video`")
        (tmp_path / "frames").mkdir()
        for number in (1, 2):
            shutil.copyfile(photo, tmp_path / "frames" / f"{number}.jpg")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed")
    code = f"""
import socket, sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {EXPORTING!r}:
            raise ModuleNotFoundError(f"{{name}} is not in the base install", name=name)

def refuse(*_):
    raise OSError("there is no network")

sys.meta_path.insert(0, Refuse())
socket.socket.connect = refuse
sys.path.insert(0, {str(tmp_path / "installed")!r})
import mattekit
assert mattekit.__file__.startswith({str(tmp_path / "installed")!r}), mattekit.__file__
from mattekit.__main__ import main
sys.argv[0] = "mattekit"
main()
"""
    arguments = [str(photo) if word == "PHOTO" else word for word in command]
    environment = {**os.environ, "MATTEKIT_HOME": str(tmp_path / "home")}
    done = subprocess.run(
        [sys.executable, "-P", "-c", code, *arguments],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / written).stat().st_size > 0
    assert not (tmp_path / "home").exists()


def test_every_requirement_is_pinned(project: dict[str, Any], pins: dict[str, Version]) -> None:
    extras = project["project"]["optional-dependencies"]
    lines = [*project["project"]["dependencies"], *(line for extra in extras.values() for line in extra)]
    for requirement in map(Requirement, lines):
        name = canonicalize_name(requirement.name)
        if name == "mattekit":
            continue
        assert name in pins, f"constraints.txt: pin {name}"
        assert requirement.specifier.contains(pins[name]), f"constraints.txt: {name}=={pins[name]} is not {requirement}"


def test_every_package_that_they_bring_is_pinned(pins: dict[str, Version]) -> None:
    torch = pytest.importorskip("torch", reason="what the extra `export` brings is read from what is installed")
    if torch.version.cuda:
        pytest.skip("this build of torch brings GPU libraries of its own")
    brought = set(requirements_of("mattekit", frozenset({"dev"}), set()))
    assert brought >= {"torch", "nncf", "sympy", "scipy"}
    unpinned = sorted(brought - set(pins))
    assert not unpinned, f"constraints.txt: pin {', '.join(f'{n}=={metadata.version(n)}' for n in unpinned)}"


def requirements_of(name: str, extras: frozenset[str], seen: set[tuple[str, frozenset[str]]]) -> Iterator[str]:
    """Walk what is installed: the names of all that `name` needs on this system, directly or not."""
    if (name, extras) in seen:
        return
    seen.add((name, extras))
    for line in metadata.requires(name) or ():
        requirement = Requirement(line)
        environments = [{"extra": extra} for extra in sorted(extras) or [""]]
        if requirement.marker and not any(requirement.marker.evaluate(each) for each in environments):
            continue
        other = canonicalize_name(requirement.name)
        if other != "mattekit":
            yield other
        yield from requirements_of(other, frozenset(requirement.extras), seen)


def needed_by(wheel: Path) -> set[str]:
    """Return the names of all that a wheel needs without an extra, directly or not, by what is installed."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        lines = re.findall(r"^Requires-Dist: (.+)$", archive.read(name).decode(), re.MULTILINE)
    found: set[str] = set()
    for requirement in map(Requirement, lines):
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            assert requirement.specifier.contains(metadata.version(requirement.name)), requirement
            found |= {
                canonicalize_name(requirement.name),
                *requirements_of(requirement.name, frozenset(requirement.extras), set()),
            }
    return found


def link(name: str, site_packages: Path) -> None:
    """Put links to an installed distribution into another environment."""
    distribution = metadata.distribution(name)
    tops = {file.parts[0] for file in distribution.files or ()} - {"..", "__pycache__"}
    assert tops, name
    for top in tops:
        (site_packages / top).symlink_to(Path(str(distribution.locate_file(top))))


@pytest.fixture(scope="module")
def bare(wheel: Path, make_once: MakeOnce) -> Path:
    """The folder of programs of a new environment with the wheel and what it needs, and nothing else.

    pip installs the wheel; what that needs by its metadata is linked from this environment, in the versions that
    `constraints.txt` names. To download and unpack it again would tell more of an index than of the wheel.
    """

    def fill(folder: Path) -> None:
        # Beside the folder that is filled: the programs of an environment know where it lies, so it can't be moved.
        environment = folder.with_name("bare-environment")
        shutil.rmtree(environment, ignore_errors=True)
        # Ours installs into it: a pip of its own takes seconds to come, and is none of the package's dependencies.
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
        python = environment / PROGRAMS / "python"
        asked = [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
        site_packages = Path(subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip())
        for name in needed_by(wheel):
            link(name, site_packages)
        pip = [sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check", "--quiet"]
        install = ["install", "--no-compile", "--no-index", wheel]
        done = subprocess.run([*pip, *install], capture_output=True, text=True, check=False)
        # Without an index, pip refuses a wheel that lacks anything.
        assert done.returncode == 0, done.stderr

    return make_once("bare", fill).with_name("bare-environment") / PROGRAMS


def run(program: Path, *arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    command = [program, *arguments]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_the_base_install_brings_nothing_heavy_and_imports_whole(bare: Path, tmp_path: Path) -> None:
    code = """
import importlib, importlib.util, json, pkgutil
import mattekit
heavy = [name for name in ("torch", "onnx", "onnxruntime", "nncf", "safetensors") if importlib.util.find_spec(name)]
failed = {}
for module in pkgutil.walk_packages(mattekit.__path__, "mattekit."):
    try:
        importlib.import_module(module.name)
    except ImportError as error:
        failed[module.name] = str(error)
print(json.dumps([heavy, failed]))
"""
    done = run(bare / "python", "-W", "error", "-c", code, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    heavy, failed = json.loads(done.stdout)
    assert heavy == []
    # The networks are torch modules: each is imported by the function that builds it. All else imports without torch.
    assert {name: why for name, why in failed.items() if not name.startswith("mattekit.convert.networks.")} == {}


@pytest.mark.slow
def test_the_base_install_runs_an_exported_model_to_the_same_mask(
    bare: Path, segmentation_ir: Path, photo: Path, tmp_path: Path
) -> None:
    command = ("remove", photo, "--model", segmentation_ir, "--only-mask", "-o")
    there = run(bare / "mattekit", *command, tmp_path / "bare", cwd=tmp_path)
    assert there.returncode == 0, there.stderr
    here = run(Path(sys.executable), "-m", "mattekit", *command, tmp_path / "dev", cwd=tmp_path)
    assert here.returncode == 0, here.stderr
    mask = (tmp_path / "bare" / "photo.png").read_bytes()
    assert mask == (tmp_path / "dev" / "photo.png").read_bytes()
    cut = run(bare / "mattekit", "remove", photo, "--model", segmentation_ir, "-o", tmp_path / "cut", cwd=tmp_path)
    assert cut.returncode == 0, cut.stderr
    assert (tmp_path / "cut" / "photo.png").read_bytes() != mask


@pytest.mark.slow
def test_the_base_install_lists_the_zoo(bare: Path, tmp_path: Path) -> None:
    done = run(bare / "mattekit", "models", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert [entry["id"] for entry in json.loads(done.stdout)] == [spec.id for spec in zoo.list_models()]


@pytest.mark.slow
def test_the_base_install_cuts_out_and_enlarges_with_the_bundled_models(
    bare: Path, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MATTEKIT_HOME", str(tmp_path / "home"))
    for command in ("remove", "run", "upscale"):
        done = run(bare / "mattekit", command, photo, "-o", tmp_path / command, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert (tmp_path / command / "photo.png").is_file()
    # They are used where they were installed.
    assert not (tmp_path / "home").exists()


@pytest.mark.slow
def test_the_base_install_says_what_the_first_use_of_another_zoo_model_needs(
    bare: Path, shared_data: Path, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Weights that lie in the cache are exported on first use: that takes torch, and only running takes none.
    monkeypatch.setenv("MATTEKIT_HOME", str(tmp_path / "home"))
    cached = tmp_path / "home" / "weights" / "imdn-x4" / "IMDN_x4.pth"
    cached.parent.mkdir(parents=True)
    shutil.copyfile(shared_data / "weights" / "super_resolution" / "imdn_x4.pth", cached)
    done = run(bare / "mattekit", "upscale", photo, "--sr", "imdn-x4", "-o", tmp_path / "out", cwd=tmp_path)
    assert done.returncode == 1
    assert "imdn-x4: exporting it, once" in done.stderr
    assert "pip install 'mattekit[export]'" in done.stderr.strip().splitlines()[-1]
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_the_base_install_says_what_an_export_needs(bare: Path, segmentation_weights: Path, tmp_path: Path) -> None:
    arguments = ("export", "u2netp", "--weights", segmentation_weights, "-o", tmp_path / "out")
    done = run(bare / "mattekit", *arguments, cwd=tmp_path)
    assert done.returncode == 1
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith("mattekit: ")
    assert "pip install 'mattekit[export]'" in line
    assert not (tmp_path / "out").exists()
