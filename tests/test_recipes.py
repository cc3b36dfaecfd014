"""CONTRIBUTING.md is true: the map shows what is there, and whoever follows a recipe arrives."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import affected
import pytest
from mattekit import cli

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
RECIPES = (
    "A model family",
    "A metric",
    "A runtime",
    "A dataset layout",
    "A report section",
    "An OpenVINO device",
    "An option",
)


@dataclass(frozen=True)
class Block:
    """A block of code of the page: the recipe that it belongs to, its language, and its text."""

    recipe: str
    language: str
    text: str

    @property
    def path(self) -> str:
        """Return the file that the first line names."""
        found = re.match(r"# (\S+)\n", self.text)
        assert found, f"{self.recipe}: a block of {self.language} must begin with a comment that names its file"
        return found[1]

    @property
    def body(self) -> str:
        """Return what follows the first line."""
        return self.text.partition("\n")[2]


def blocks() -> list[Block]:
    """Return the blocks of the recipes, in order."""
    found: list[Block] = []
    for section in PAGE.partition("\n## Recipes\n")[2].split("\n### ")[1:]:
        recipe, _, text = section.partition("\n")
        found += [
            Block(recipe, *match) for match in re.findall(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
        ]
    return found


def written_files() -> list[str]:
    """Return the files that the recipes write or change."""
    return [block.path for block in blocks() if block.language != "console"]


def followed(text: str, diff: str, name: str) -> str:
    """Return `text` with the lines added that `diff` marks with `+`, each after the line that stands before it."""
    lines, position = text.splitlines(), -1
    for line in diff.splitlines():
        mark, rest = line[0], line[1:]
        if mark == "+":
            position += 1
            lines.insert(position, rest)
        else:
            assert mark == " ", f"{name}: {line!r} is neither an added line nor one that is there"
            assert lines.count(rest) == 1, f"{name} has the line {rest!r} {lines.count(rest)} times; mend the recipe"
            position = lines.index(rest)
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository in which all recipes have been followed."""
    copy = tmp_path_factory.mktemp("copy") / "mattekit"
    left_out = shutil.ignore_patterns(".*", "__pycache__", "build", "dist", "out", "*.egg-info")
    shutil.copytree(ROOT, copy, ignore=left_out)
    for block in blocks():
        if block.language == "console":
            continue
        path = copy / block.path
        if block.language == "diff":
            path.write_text(followed(path.read_text(encoding="utf-8"), block.body, block.path), encoding="utf-8")
        else:
            assert not path.exists(), f"{block.path} is there already; give the recipe another example"
            path.write_text(block.body, encoding="utf-8")
    return copy


def run(*arguments: str | Path, cwd: Path) -> None:
    done = subprocess.run([sys.executable, *arguments], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_recipe_is_there_with_something_to_run() -> None:
    assert tuple(dict.fromkeys(block.recipe for block in blocks())) == RECIPES


def test_the_code_of_the_recipes_is_as_tidy_as_ours(copy: Path) -> None:
    written = written_files()
    run("-m", "ruff", "check", "--quiet", "--no-cache", "--fix", *written, cwd=copy)
    run("-m", "ruff", "format", "--quiet", "--no-cache", "--check", *written, cwd=copy)


@pytest.mark.slow
def test_the_recipes_work(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tests = [path for path in written_files() if path.startswith("tests/")]
    assert len(tests) == len(RECIPES) - 1
    monkeypatch.setenv("PYTHONPATH", str(copy.parent))
    shown = subprocess.run(
        [sys.executable, "-c", "import mattekit; print(mattekit.__file__)"],
        cwd=copy,
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(shown.stdout.strip()) == copy / "__init__.py"
    pytest_program = Path(sys.executable).with_name("pytest")
    # Our own tests that hold for every model, metric and runtime hold for the new ones too.
    ours = [
        "tests/test_zoo.py",
        "tests/test_house.py",
        "tests/test_runtimes.py",
        "-k",
        "espcn or area or opencv or pets or layouts or settle or largest",
    ]
    command = [pytest_program, "-q", "-p", "no:cacheprovider", *tests, *ours]
    done = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_the_commands_work(segmentation_ir: Path, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(photo, tmp_path / "photo.jpg")
    shutil.copytree(segmentation_ir, tmp_path / "u2netp" / "fp32")
    monkeypatch.chdir(tmp_path)
    commands = [line for block in blocks() if block.language == "console" for line in block.text.splitlines()]
    assert commands
    for command in commands:
        arguments = command.removeprefix("$ ").split()
        monkeypatch.setattr(sys, "argv", arguments)
        with pytest.raises(SystemExit) as stop:
            cli.main()
        assert not stop.value.code, command
        assert (tmp_path / "out" / "photo.png").is_file()
        shutil.rmtree(tmp_path / "out")


def test_the_map_shows_every_room() -> None:
    table = PAGE.partition("\n## The map\n")[2].partition("\n## ")[0]
    listed = re.findall(r"^\| `([\w./]+)` \|", table, re.MULTILINE)
    rooms = set(listed)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    packages = [name.split(".")[1:] for name in project["tool"]["setuptools"]["packages"]]
    modules = {path.name for path in ROOT.glob("*.py")} - {"__init__.py", "__main__.py"}
    there = {*modules, *("/".join(parts) + "/" for parts in packages if parts)}
    assert rooms == there, (
        f"CONTRIBUTING.md: the map lacks {sorted(there - rooms)}, or has {sorted(rooms - there)} too many"
    )
    (layers,) = [contract["layers"] for contract in project["tool"]["importlinter"]["contracts"]]
    whole = [name.removesuffix("/") for name in listed if "/" not in name[:-1]]
    assert [f"mattekit.{name.removesuffix('.py')}" for name in whole] == layers, "the map is not in the order of rooms"
    assert [f"mattekit.{room}" for room in affected.ROOMS] == layers, "tests/affected.py has another order"


def test_every_path_and_target_of_the_page_is_there() -> None:
    prose = re.sub(r"^```.*?^```$", "", PAGE, flags=re.MULTILINE | re.DOTALL)
    spans = set(re.findall(r"`([^`\n]+)`", prose))
    paths = {span for span in spans if re.fullmatch(r"[\w.-]+/[\w./-]*|[\w-]+\.(?:py|md|txt|toml)", span)}
    gone = sorted(path for path in paths - {"build/"} if not (ROOT / path).exists())
    assert not gone, f"CONTRIBUTING.md speaks of {', '.join(gone)}"
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = {span.removeprefix("make ") for span in spans if span.startswith("make ")}
    assert targets >= {"install", "quick", "lint", "test"}
    assert targets <= set(re.findall(r"^(\w+):", makefile, re.MULTILINE))
