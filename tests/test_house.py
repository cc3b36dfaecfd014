"""The rules of the house: what a module may look like, what a cold start may load, how an error is told."""

from __future__ import annotations

import ast
import inspect
import json
import re
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from xml.etree import ElementTree as ET

import mattekit
import pytest
import typer
from called import Call, commands_of
from mattekit import cli
from mattekit.convert import zoo
from mattekit.core import errors

ROOT = Path(__file__).resolve().parents[1]
ROOMS = (
    "bench",
    "cluster",
    "commands",
    "convert",
    "core",
    "datasets",
    "images",
    "infer",
    "metrics",
    "models",
    "package",
    "quantize",
    "reports",
    "workflow",
)
MODULES = sorted([*ROOT.glob("*.py"), *(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))])
PACKAGES = sorted(path for path in ROOT.glob("*/**/__init__.py") if path.relative_to(ROOT).parts[0] in ROOMS)

LONGEST = 300
LONGER: dict[str, str] = {}
"""Modules that may be longer, and why."""

INNER = ("convert.servable", "infer.runtimes.")
"""Inside of a room, and yet for others: what a package carries along is copied as a module, and what is registered by a
line is imported by one."""

HEAVY = ("torch", "onnx", "onnxruntime", "onnxscript", "nncf", "skimage", "safetensors")
"""What only the extras bring."""


def statements(body: Iterable[ast.AST]) -> Iterator[ast.stmt]:
    """Give all statements of a body, also those inside of others, as imports are."""
    for node in body:
        if isinstance(node, ast.stmt):
            yield node
        for inner in ("body", "handlers", "cases", "orelse", "finalbody"):
            yield from statements(getattr(node, inner, ()))


@dataclass(frozen=True)
class Module:
    """A module of the package: its path below the root, and what the rules ask of it."""

    name: str
    lines: int
    said: str
    """Its documentation."""
    public: tuple[str, ...]
    """Its functions and classes that are for others."""
    classes: tuple[str, ...]
    """The classes of these."""
    has_all: bool
    imports: tuple[ast.Import | ast.ImportFrom, ...]

    @classmethod
    def read(cls, path: Path) -> Self:
        """Parse a file, once for all rules."""
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(text)
        definitions = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
        public = [node for node in definitions if not node.name.startswith("_")]
        assigned = [target for node in tree.body if isinstance(node, ast.Assign) for target in node.targets]
        return cls(
            name=path.relative_to(ROOT).as_posix(),
            lines=len(text.splitlines()),
            said=ast.get_docstring(tree) or "",
            public=tuple(node.name for node in public),
            classes=tuple(node.name for node in public if isinstance(node, ast.ClassDef)),
            has_all=any(isinstance(target, ast.Name) and target.id == "__all__" for target in assigned),
            imports=tuple(node for node in statements(tree.body) if isinstance(node, ast.Import | ast.ImportFrom)),
        )


@pytest.fixture(scope="module")
def modules() -> list[Module]:
    """All modules of the package. A rule says every one that breaks it, and what is to be done."""
    assert len(MODULES) > 200
    return [Module.read(path) for path in MODULES]


def test_imports_inside_the_package_are_relative(modules: list[Module]) -> None:
    # An absolute import of a room would find whatever else is called `datasets` or `core`.
    broken: list[str] = []
    for module in modules:
        absolute: list[str] = []
        for node in module.imports:
            if isinstance(node, ast.Import):
                absolute += [alias.name for alias in node.names]
            elif node.level == 0:
                absolute.append(node.module or "")
        ours = [name for name in absolute if name.split(".")[0] in {"mattekit", *ROOMS}]
        if ours:
            broken.append(f"{module.name}: import {', '.join(ours)} relatively")
    assert not broken, "\n".join(broken)


def test_a_room_says_what_it_is_for_and_what_may_enter(modules: list[Module]) -> None:
    rooms = [module for module in modules if module.name.endswith("/__init__.py")]
    assert {module.name for module in rooms} == {path.relative_to(ROOT).as_posix() for path in PACKAGES}
    broken: list[str] = []
    for module in rooms:
        said = module.said.split("\n\n")
        if not said[0].endswith("."):
            broken.append(f"{module.name}: say in a sentence what the room is for")
        enters = [part for part in said[1:] if re.fullmatch(r"What enters: [^.]+\..*", part, re.DOTALL)]
        if len(enters) != 1:
            broken.append(f"{module.name}: say in a paragraph 'What enters: …' what may be put here")
    assert not broken, "\n".join(broken)


def test_what_another_room_gives_is_asked_of_the_room(modules: list[Module]) -> None:
    # So that the modules inside of a room can be moved without a word to the others.
    broken: list[str] = []
    for module in modules:
        inside = Path(module.name).parent.parts
        asked: list[str] = []
        for node in module.imports:
            if isinstance(node, ast.ImportFrom) and node.level:
                whole = [*inside[: len(inside) - node.level + 1], *(node.module or "").split(".")]
                if inside and whole[0] in ROOMS and whole[0] != inside[0] and len(whole) > 1:
                    asked.append(".".join(whole))
        inner = [name for name in asked if not name.startswith(INNER)]
        if inner:
            broken.append(
                f"{module.name} imports {', '.join(inner)}: list the names in the room's __init__.pyi, and import them "
                "from the room"
            )
    assert not broken, "\n".join(broken)


def test_a_module_is_short(modules: list[Module]) -> None:
    long = [
        f"{module.name} has {module.lines} lines; take it apart, or give a reason in LONGER"
        for module in modules
        if module.lines > LONGEST and module.name not in LONGER
    ]
    assert not long, "\n".join(long)


MOST_IMPORTS = 12
REGISTERS = {"cli.py", "convert/zoo/__init__.py", "metrics/registry.py", "reports/sections/__init__.py"}
"""Lists that register things import all of them."""


def test_a_module_needs_few_others(modules: list[Module]) -> None:
    broken: list[str] = []
    for module in modules:
        count = sum(isinstance(node, ast.ImportFrom) and node.level > 0 for node in module.imports)
        if count > MOST_IMPORTS and module.name not in REGISTERS:
            broken.append(f"{module.name} imports {count} times from the package; take it apart")
    assert not broken, "\n".join(broken)


def test_a_class_has_a_name_of_its_own(modules: list[Module]) -> None:
    homes: dict[str, list[str]] = {}
    for module in modules:
        for name in module.classes:
            homes.setdefault(name, []).append(module.name)
    twice = {name: places for name, places in homes.items() if len(places) > 1}
    assert not twice


SHOWING = ("commands/", "commands/views/", "reports/sections/")
FAMILIES = ("convert/zoo/", "convert/networks/")
"""Modules that may be called as what they show or describe."""


def test_a_module_has_a_name_of_its_own() -> None:
    homes: dict[str, list[str]] = {}
    for path in MODULES:
        if path.stem not in {"__init__", "__main__"}:
            homes.setdefault(path.stem, []).append(path.relative_to(ROOT).as_posix())
    twice: dict[str, list[str]] = {}
    for name, places in homes.items():
        folders = [f"{place.rpartition('/')[0]}/" for place in places]
        shown = [place for place, folder in zip(places, folders, strict=True) if folder not in SHOWING]
        if len(shown) > 1 and not set(folders) <= {*FAMILIES}:
            twice[name] = places
    assert not twice


def test_the_reasons_for_long_modules_are_of_modules() -> None:
    assert set(LONGER) <= {path.relative_to(ROOT).as_posix() for path in MODULES}


def test_a_module_says_what_is_public(modules: list[Module]) -> None:
    # That the names are sorted and there, ruff sees to (RUF022, F822).
    broken = [
        f"{module.name}: say in __all__ which of {', '.join(module.public)} are for others"
        for module in modules
        if module.public and not module.has_all
    ]
    assert not broken, "\n".join(broken)


def test_every_public_name_of_the_package_is_there() -> None:
    missing = [name for name in dir(mattekit) if getattr(mattekit, name, None) is None]
    assert not missing, f"__init__.pyi lists {', '.join(missing)}"


def test_what_the_api_takes_and_gives_is_public(modules: list[Module]) -> None:
    classes = {name for module in modules for name in module.classes}
    broken: list[str] = []
    for name in sorted(set(dir(mattekit)) - {"__version__"}):
        public = getattr(mattekit, name)
        if isinstance(public, type) and issubclass(public, Exception | str):
            continue
        signature = inspect.signature(public)
        hints = [each.annotation for each in signature.parameters.values()] + [signature.return_annotation]
        words = {word for hint in hints for word in re.findall(r"\w+", hint if isinstance(hint, str) else repr(hint))}
        hidden = sorted(words & classes - set(dir(mattekit)))
        if hidden:
            broken.append(f"{name} takes or gives {', '.join(hidden)}: list them in __init__.pyi")
    assert not broken, "\n".join(broken)


def test_the_exceptions_are_drawn_as_they_are() -> None:
    drawn: dict[str, tuple[str, int]] = {}
    parents: list[str] = []
    code = 1
    for line in (errors.__doc__ or "").splitlines():
        found = re.match(r"(?P<branch>[│├└─\s]*)(?P<name>\w+Error) ", line)
        if found is None:
            continue
        depth = len(found["branch"]) // 4
        said = re.search(r"exit code (\d)", line)
        # A kind of error has the code of the kind above it unless it says another.
        code = int(said[1]) if said else code
        parents[depth:] = [found["name"]]
        drawn[found["name"]] = (parents[depth - 1] if depth else "Exception", code)
    real = {
        name: (kind.__bases__[0].__name__, kind.exit_code)
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, errors.MattekitError)
    }
    assert drawn == real
    assert {name for name in errors.__all__ if name[0].isupper()} == set(real)


def loaded_by(code: str) -> set[str]:
    """Run `code` in a new interpreter and return the names of the top-level modules that it loaded."""
    # None stands for what is kept from being loaded.
    names = "' '.join({name.split('.')[0] for name, module in list(sys.modules.items()) if module is not None})"
    code = f"import sys\n{code}\nsys.stderr.write('LOADED ' + {names})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(done.stderr.rpartition("LOADED ")[2].split())


def command_line(*arguments: str | Path) -> str:
    return f"""
sys.argv = ["mattekit", *{[str(argument) for argument in arguments]!r}]
from mattekit.cli import main
try:
    main()
except SystemExit as stop:
    assert not stop.code, stop.code
"""


def test_importing_the_package_is_cheap() -> None:
    loaded = loaded_by("import mattekit")
    assert "mattekit" in loaded
    assert not loaded & {*HEAVY, "openvino", "cv2", "numpy", "pandas", "PIL"}


def test_help_is_cheap() -> None:
    loaded = loaded_by(command_line("--help"))
    assert "typer" in loaded
    assert not loaded & {*HEAVY, "openvino", "cv2", "numpy", "pandas", "PIL"}


def test_listing_the_models_is_cheap() -> None:
    assert not loaded_by(command_line("models")) & {*HEAVY, "openvino", "pandas"}


def test_a_cold_removal_loads_only_what_runs_a_model(segmentation_ir: Path, photo: Path, tmp_path: Path) -> None:
    loaded = loaded_by(command_line("remove", photo, "--model", segmentation_ir, "-o", tmp_path))
    assert "openvino" in loaded
    # OpenVINO's telemetry comes with its converter, which running a model doesn't need.
    assert not loaded & {*HEAVY, "pandas", "openvino_telemetry"}
    assert (tmp_path / "photo.png").is_file()


def test_the_converter_can_be_had_after_a_lean_import() -> None:
    code = """
from mattekit.infer import import_lean
import_lean()
from mattekit.convert.ir import ir_from_onnx
import openvino
assert not hasattr(openvino, "convert_model")
from openvino.tools.ovc import convert_model
"""
    assert {"openvino", "openvino_telemetry"} <= loaded_by(code)


@pytest.mark.slow
def test_help_takes_little_more_than_the_libraries_that_write_it() -> None:
    """Processor time in turn with that of importing Typer and Rich, so that a busy machine slows both."""

    def spent(*arguments: str) -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    libraries = ("-c", "import typer, typer.rich_utils, rich.panel, rich.table")
    times = [(spent("-m", "mattekit", "--help"), spent(*libraries)) for _ in range(6)]
    ours, theirs = (min(column) for column in zip(*times, strict=True))
    assert ours <= 1.8 * theirs, f"seconds of mattekit --help and of the libraries: {times}"


COMMANDS = [name for name, _ in commands_of(typer.main.get_command(cli.app))]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str, call: Call) -> None:
    ended = call(*command.split()[1:], "--help")
    assert ended.code == 0
    assert f"Usage: {command}" in ended.out


def test_the_help_says_the_exit_codes(call: Call) -> None:
    said = set(map(int, re.findall(r"\b(\d) [a-z]", call("--help").out.partition("Exit codes:")[2])))
    raised = {getattr(errors, name).exit_code for name in errors.__all__ if name[0].isupper()}
    assert said >= {0, 2, *raised}


def test_the_models_that_commands_use_by_default_are_in_the_zoo() -> None:
    defaults = {
        (command.callback.__name__, parameter.name): parameter.default
        for command in cli.app.registered_commands
        if command.callback is not None and command.callback.__name__ in {"run", "remove", "upscale"}
        for parameter in inspect.signature(command.callback).parameters.values()
        if parameter.name in {"model", "sr"}
    }
    assert defaults
    known = {spec.id for spec in zoo.list_models()}
    unknown = sorted({model for model in defaults.values() if model not in known})
    assert not unknown, f"convert/zoo/__init__.py: register {', '.join(unknown)}"


def test_every_command_is_documented() -> None:
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    text = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    missing = [command for command in COMMANDS if not re.search(rf"\b{command}\b", text)]
    assert not missing, f"neither README.md nor docs/ mentions: {', '.join(missing)}"


@pytest.mark.parametrize(
    "arguments", [("nonsense",), ("remove",), ("remove", "photo.jpg", "-o", "out", "--nonsense"), ("models", "show")]
)
def test_wrong_usage_ends_with_2(arguments: tuple[str, ...], call: Call) -> None:
    ended = call(*arguments)
    assert ended.code == 2
    assert "Usage: mattekit" in ended.err
    assert "Traceback" not in ended.err


def test_an_unknown_model_is_told_with_the_nearest(photo: Path, tmp_path: Path, call: Call) -> None:
    for arguments in (
        ("export", "u2netq", "-o", tmp_path / "out"),
        ("remove", photo, "--model", "u2netq", "-o", tmp_path / "out"),
        ("models", "show", "u2netq"),
        ("models", "fetch", "u2netq"),
    ):
        ended = call(*arguments)
        assert ended.code == 1
        assert ended.sentence().startswith("there is no model 'u2netq' in the zoo; did you mean u2net")
    assert not (tmp_path / "out").exists()


def test_a_missing_image_is_told(segmentation_ir: Path, tmp_path: Path, call: Call) -> None:
    missing = tmp_path / "missing.jpg"
    ended = call("remove", missing, "--model", segmentation_ir, "-o", tmp_path / "out")
    assert ended.code == 1
    assert str(missing) in ended.sentence()
    assert not (tmp_path / "out").exists()


def test_a_missing_model_file_is_told(photo: Path, tmp_path: Path, call: Call) -> None:
    missing = tmp_path / "model.xml"
    ended = call("remove", photo, "--model", missing, "-o", tmp_path / "out")
    assert ended.code == 1
    assert ended.sentence().startswith(f"{missing}: there is no such file")


def test_a_missing_bin_is_told(segmentation_ir: Path, photo: Path, tmp_path: Path, call: Call) -> None:
    shutil.copy(segmentation_ir / "model.xml", tmp_path)
    ended = call("remove", photo, "--model", tmp_path, "-o", tmp_path / "out")
    assert ended.code == 1
    assert "model.bin" in ended.sentence()


def test_a_cut_off_bin_is_told(segmentation_ir: Path, photo: Path, tmp_path: Path, call: Call) -> None:
    shutil.copy(segmentation_ir / "model.xml", tmp_path)
    whole = (segmentation_ir / "model.bin").read_bytes()
    (tmp_path / "model.bin").write_bytes(whole[: len(whole) // 2])
    ended = call("remove", photo, "--model", tmp_path, "-o", tmp_path / "out")
    assert ended.code == 1
    assert str(tmp_path / "model.xml") in ended.sentence()


@pytest.mark.parametrize("damage", ["absent", "unknown"])
def test_a_model_without_a_contract_is_told(
    damage: str, segmentation_ir: Path, photo: Path, tmp_path: Path, call: Call
) -> None:
    shutil.copy(segmentation_ir / "model.bin", tmp_path)
    tree = ET.parse(segmentation_ir / "model.xml")
    notes = tree.find("rt_info")
    assert notes is not None
    if damage == "absent":
        notes.clear()
    else:
        contract = notes.find("mattekit/contract")
        assert contract is not None
        contract.set("value", json.dumps({**json.loads(contract.get("value", "")), "version": 99}))
    tree.write(tmp_path / "model.xml")
    ended = call("remove", photo, "--model", tmp_path, "-o", tmp_path / "out")
    assert ended.code == 1
    assert "contract" in ended.sentence()
    assert "export" in ended.sentence()


def test_a_model_of_another_task_is_told(super_resolution_ir: Path, photo: Path, tmp_path: Path, call: Call) -> None:
    ended = call("remove", photo, "--model", super_resolution_ir, "-o", tmp_path / "out")
    assert ended.code == 1
    assert "give a segmentation model" in ended.sentence()


def test_an_unknown_device_is_told_with_those_that_are_there(
    segmentation_ir: Path, photo: Path, tmp_path: Path, call: Call
) -> None:
    ended = call("remove", photo, "--model", segmentation_ir, "--device", "ABACUS", "-o", tmp_path / "out")
    assert ended.code == 1
    assert re.match(r"ABACUS: .*available: .*CPU", ended.sentence())


def test_a_wrong_checkpoint_is_told(super_resolution_weights: Path, photo: Path, tmp_path: Path, call: Call) -> None:
    out = tmp_path / "out"
    for weights in (super_resolution_weights, photo, tmp_path / "missing.pth"):
        ended = call("export", "u2netp", "--weights", weights, "-o", out)
        assert ended.code == 1
        assert str(weights) in ended.sentence()
    assert not out.exists() or not list(out.rglob("*.*"))


def test_one_bad_image_of_several_stops_nothing_and_has_an_exit_code_of_its_own(
    segmentation_ir: Path, photo: Path, tmp_path: Path, call: Call
) -> None:
    images, out = tmp_path / "images", tmp_path / "out"
    images.mkdir()
    shutil.copy(photo, images / "good.jpg")
    (images / "bad.jpg").write_bytes(b"no image")
    ended = call("remove", images, "--model", segmentation_ir, "-o", out)
    assert ended.code == errors.PartialFailureError.exit_code
    assert sorted(path.name for path in out.iterdir()) == ["good.png", "manifest.jsonl"]
    bad, *_, summary = ended.err.strip().splitlines()
    assert bad.startswith(f"mattekit: {images / 'bad.jpg'}")
    assert summary.startswith("1 of 2 done, 1 failed")
    alone = call("remove", images / "bad.jpg", "--model", segmentation_ir, "-o", out)
    assert alone.code == 1
    assert str(images / "bad.jpg") in alone.sentence()
