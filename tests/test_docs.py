"""The pages' code runs as it stands there, or is at least what the program takes."""

from __future__ import annotations

import glob
import re
import runpy
import shlex
import shutil
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest
from mattekit import cli
from mattekit.bench import read_gates
from mattekit.core import read_contract_file
from mattekit.datasets import read_classes
from mattekit.images import read_image
from mattekit.workflow.recipes import read_recipe
from records import validate_record
from typer.core import TyperGroup
from typer.main import get_command

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
LANGUAGES = {"cpp", "diff", "json", "python", "sh", "text", "toml", "yaml"}

RUN = (
    "mattekit models",
    "mattekit models show u2netp",
    "mattekit doctor",
    "mattekit run photos/ --model models/u2netp/fp32 --sr srlite-x2 --background beach.jpg -o out",
    "mattekit remove photo.jpg --refine guided --only-mask -o masks",
    "mattekit upscale photo.jpg --sr models/rfdn-x4/fp16 --outscale 3 --memory 500 -o out",
    'mattekit superimpose cut-outs/ --background "#336699" --place subject --anchor bottom --shadow soft -o out',
    "mattekit run photo.jpg --refine guided --background beach.jpg -o out",
    "mattekit run photo.jpg --sr srlite-x2 --outscale 1.5 --background beach.jpg -o out",
    "mattekit run photos/ --model models/u2netp/fp32 --sr none -o out --record run.json",
    "mattekit run photos/ --model models/u2netp/fp32 --sr none -o out --resume",
    "mattekit video clip.mp4 --background beach.jpg -o out.mp4",
    "mattekit video 'frames/*.png' --fps 24 -o out.mov --codec prores",
    "mattekit datasets list",
    "mattekit datasets make -o synthetic",
    "mattekit datasets show synthetic -o sheet.png",
    "mattekit datasets check photos/",
    "mattekit validate models/u2netp/fp32 --data photos/ --gate gates.toml -o validation",
    "mattekit gate validation/*.json --gate gates.toml",
    "mattekit report validation/*.json bench.json -o report.html",
    "mattekit package models/u2netp/fp32 -o u2netp",
    "mattekit verify u2netp --device CPU",
    "mattekit build recipes/bundled.toml --check",
)
"""What runs for real, in this order. The others download, need a device or a camera, or take minutes; each of their
commands has tests of its own, and here it is parsed."""


@dataclass(frozen=True)
class Block:
    """A block of code: the page and line where it begins, its language, and its text."""

    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks_of(page: Path) -> list[Block]:
    found: list[Block] = []
    text = page.read_text(encoding="utf-8")
    for match in re.finditer(r"^```([^\n]*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        line = text.count("\n", 0, match.start()) + 1
        found.append(Block(page.relative_to(ROOT).as_posix(), line, match[1], match[2]))
    return found


BLOCKS = [block for page in PAGES for block in blocks_of(page)]


def lines_of(block: Block) -> list[str]:
    """The commands of a block, without comments; a backslash joins a line with the next."""
    joined = block.text.replace("\\\n", " ")
    return [" ".join(line.partition("  #")[0].split()) for line in joined.splitlines() if line.strip()]


LINES = [(str(block), line) for block in BLOCKS if block.language == "sh" for line in lines_of(block)]


def test_every_block_says_what_it_is_in() -> None:
    strange = [f"{block}: {block.language!r}" for block in BLOCKS if block.language not in LANGUAGES]
    assert not strange, f"give the block one of {', '.join(sorted(LANGUAGES))}: {'; '.join(strange)}"


def test_every_command_line_is_one_that_the_program_accepts() -> None:
    program, checked = get_command(cli.app), 0
    for place, line in LINES:
        if not line.startswith("mattekit "):
            continue
        arguments = [word for word in shlex.split(line, comments=True)[1:] if word != "…"]
        command, name = program, "mattekit"
        while arguments and isinstance(command, TyperGroup) and arguments[0] in command.commands:
            name = arguments.pop(0)
            command = command.commands[name]
        assert name != "mattekit", f"{place}: {line}"
        # Parses the arguments as the program would, and raises on an option or a value that it does not take.
        command.make_context(name, arguments)
        checked += 1
    assert checked >= 40


def test_what_else_is_typed_is_there() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for place, line in LINES:
        arguments = shlex.split(line, comments=True)
        if arguments[0] == "mattekit":
            continue
        if arguments[0] == "make":
            assert re.search(rf"^{arguments[1]}:", makefile, re.MULTILINE), f"{place}: {line}"
        elif arguments[:2] == ["pip", "install"]:
            asked = {extra for names in re.findall(r"\[([\w,]+)\]", line) for extra in names.split(",")}
            assert asked <= set(extras), f"{place}: {line}"
        else:
            assert arguments[0] == "python", f"{place}: what is {line!r}?"
            source = (ROOT / arguments[1]).read_text(encoding="utf-8")
            gone = [word for word in arguments[2:] if word.startswith("--") and f'"{word}"' not in source]
            assert not gone, f"{place}: {arguments[1]} has no {', '.join(gone)}"


def options_of(command: object) -> set[str]:
    own = {word for each in getattr(command, "params", ()) for word in (*each.opts, *each.secondary_opts)}
    return own.union(*(options_of(each) for each in getattr(command, "commands", {}).values()))


def test_every_option_that_the_prose_names_is_there() -> None:
    known = options_of(get_command(cli.app)) | {"--help"}
    # Our tools, and programs of others, have options of their own.
    tools = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tools").rglob("*.py"))
    for page in PAGES:
        prose = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
        for span in re.findall(r"`((?!(?:gunicorn|ovms|pip|ruff) )[^`\n]+)`", prose):
            for option in re.findall(r"(?<![\w-])--[a-z][a-z0-9-]*", span):
                assert option in known or f'"{option}"' in tools, f"{page.name}: `{span}`: there is no {option}"


def test_every_link_leads_to_something() -> None:
    for page in [*PAGES, ROOT / "CONTRIBUTING.md"]:
        text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name} leads to {target}"


def test_every_page_is_named_by_another() -> None:
    texts = {page: page.read_text(encoding="utf-8") for page in PAGES}
    for page in texts:
        if page.name != "README.md":
            others = "".join(text for other, text in texts.items() if other != page)
            assert re.search(rf"\b{re.escape(page.name)}\b", others), f"no page names docs/{page.name}"


def test_the_toml_is_what_reads_it_takes(tmp_path: Path) -> None:
    read = 0
    for number, block in enumerate(block for block in BLOCKS if block.language == "toml"):
        path = tmp_path / str(number) / "some.toml"
        path.parent.mkdir()
        path.write_text(block.text, encoding="utf-8")
        if re.search(r"^\[\[(gate|identity|agreement)\]\]", block.text, re.MULTILINE):
            assert read_gates(path), str(block)
        elif block.text.startswith("labels ="):
            assert len(read_classes(path).labels) > 1, str(block)
        elif "[output]" in block.text:
            assert read_contract_file(path).output.kind == "alpha", str(block)
        else:
            assert "[[model]]" in block.text, f"{block}: neither gates, classes, a contract nor a recipe"
            assert read_recipe(path, {}).model, str(block)
        read += 1
    assert read >= 2


def test_a_workflow_on_a_page_is_the_file_that_it_offers() -> None:
    for block in BLOCKS:
        if block.language == "yaml":
            (name,) = re.findall(r"^# \.github/workflows/([\w.-]+)$", block.text, re.MULTILINE)
            offered = [path for path in (ROOT / "docs").glob("*.yml") if name in path.read_text(encoding="utf-8")]
            assert [path.read_text(encoding="utf-8") for path in offered] == [block.text], str(block)


def test_the_command_reference_is_the_programs() -> None:
    tool = runpy.run_path(str(ROOT / "tools" / "command_reference.py"))
    # It raises where a command or an option says nothing about itself.
    assert tool["PAGE"].read_text(encoding="utf-8") == tool["reference"](), (
        "docs/commands.md is not what the program declares; write it anew: python tools/command_reference.py"
    )


def test_the_five_lines_of_python(photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (block,) = (block for block in BLOCKS if block.language == "python" and block.page == "README.md")
    assert len([line for line in block.text.splitlines() if line]) <= 5
    (tmp_path / "photo.jpg").write_bytes(photo.read_bytes())
    monkeypatch.chdir(tmp_path)
    exec(compile(block.text, str(block), "exec"), {})
    result = read_image(tmp_path / "result.png")
    before = read_image(photo)
    assert result.size == (2 * before.width, 2 * before.height)
    assert result.alpha is None


PYTHON = sorted({block.page for block in BLOCKS if block.language == "python"} - {"README.md"})


@pytest.mark.slow
@pytest.mark.parametrize("page", PYTHON)
def test_the_python_of_a_page_runs(
    page: str, photo: Path, tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for needed in ("torch", "nncf", "matplotlib"):
        pytest.importorskip(needed, reason="needs the extras `export`, `quantize` and `report`")
    assert home
    (tmp_path / "photos").mkdir()
    for place in ("photo.jpg", "photos/1.jpg", "photos/2.jpg"):
        (tmp_path / place).write_bytes(photo.read_bytes())
    (tmp_path / "gates.toml").write_text('[[gate]]\nmetric = "iou"\nmin = 0\n', encoding="utf-8")
    for place in ("validation/mattelite.json", "last-release.json"):
        validate_record([0.5, 0.75]).write(tmp_path / place)
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for block in BLOCKS:
        if (block.page, block.language) == (page, "python"):
            exec(compile(block.text, str(block), "exec"), names)


@pytest.fixture
def desk(photo: Path, light_ir: Path, super_resolution_ir: Path, tmp_path: Path) -> Path:
    """A folder with what the pages' commands take; the networks stand for others."""
    pytest.importorskip("av", reason="videos need the extra `video`")
    pytest.importorskip("matplotlib", reason="pages need the extra `report`")
    for name in ("photo.jpg", "beach.jpg", *(f"photos/{place}{n}.jpg" for place in ("", "images/") for n in range(2))):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(photo, path)
    image = read_image(photo).rgb
    mask = np.zeros(image.shape[:2], np.uint8)
    cv2.circle(mask, (90, 55), 34, 255, thickness=-1)
    for folder in ("photos/masks", "cut-outs", "frames"):
        (tmp_path / folder).mkdir()
    for number in range(2):
        assert cv2.imwrite(str(tmp_path / "photos" / "masks" / f"{number}.png"), mask)
        assert cv2.imwrite(str(tmp_path / "cut-outs" / f"{number}.png"), np.dstack([image[..., ::-1], mask]))
        assert cv2.imwrite(str(tmp_path / "frames" / f"{number}.png"), image[..., ::-1])
    shutil.copytree(light_ir, tmp_path / "models" / "u2netp" / "fp32")
    shutil.copytree(super_resolution_ir, tmp_path / "models" / "rfdn-x4" / "fp16")
    shutil.copytree(ROOT / "recipes", tmp_path / "recipes", ignore=shutil.ignore_patterns("out"))
    (tmp_path / "gates.toml").write_text('[[gate]]\nmetric = "iou"\nmin = 0\nsamples = 2\n', encoding="utf-8")
    return tmp_path


def expanded(line: str) -> list[str]:
    """The arguments of a command line as a shell hands them over: patterns that are not quoted become names."""
    expanded = [(word, sorted(glob.glob(word)) if f"'{word}'" not in line else []) for word in shlex.split(line)]  # noqa: PTH207 - paths as they are typed
    return [each for word, names in expanded for each in names or [word]]


@pytest.mark.slow
def test_the_commands_do_what_they_say(
    desk: Path, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert home
    monkeypatch.chdir(desk)
    prepare = (
        "mattekit video frames/ --model none -o clip.mp4",
        "mattekit bench models/u2netp/fp32 --rounds 1 --iterations 1 --warm-up 0 --record bench.json",
    )
    typed = {line for _, line in LINES}
    absent = [line for line in RUN if line not in typed]
    assert not absent, f"on no page: {'; '.join(absent)}"
    for line in (*prepare, *RUN):
        monkeypatch.setattr(sys, "argv", expanded(line))
        with pytest.raises(SystemExit) as stop:
            cli.main()
        assert not stop.value.code, f"{line}\n{capsys.readouterr().err}"
    made = ("out/0.png", "out/photo.png", "masks/photo.png", "out.mp4", "out.mov", "run.json", "sheet.png")
    gone = [name for name in (*made, "report.html", "u2netp/check.py", "synthetic") if not (desk / name).exists()]
    assert not gone
