"""The README's code runs as it stands there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from mattekit.cli import app
from mattekit.infer.images import read_picture
from typer.core import TyperGroup
from typer.main import get_command

README = Path(__file__).resolve().parents[1] / "README.md"


def blocks(language: str) -> list[str]:
    """The README's code blocks of a language, in order."""
    return re.findall(rf"```{language}\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)


def test_the_five_lines_of_python(
    photo: Path, segmentation_ir: Path, super_resolution_ir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (code,) = blocks("python")
    assert len([line for line in code.splitlines() if line]) <= 5
    # The models of the zoo stand for any others here, so that the test needs no weights.
    code = code.replace('"mattelite"', repr(str(segmentation_ir))).replace(
        '"srlite-x2"', repr(str(super_resolution_ir))
    )
    (tmp_path / "photo.jpg").write_bytes(photo.read_bytes())
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "README.md", "exec"), {})
    result = read_picture(tmp_path / "result.png")
    assert result.size == (640, 480)
    assert result.alpha is None


def test_every_command_line_is_one_that_the_program_accepts() -> None:
    lines = [line for block in blocks("sh") for line in block.splitlines() if line.startswith("mattekit ")]
    assert len(lines) >= 10
    program = get_command(app)
    for line in lines:
        words = shlex.split(line, comments=True)[1:]
        command, name = program, "mattekit"
        while words and isinstance(command, TyperGroup) and words[0] in command.commands:
            name = words.pop(0)
            command = command.commands[name]
        assert name != "mattekit", line
        # Parses the words as the program would, and raises on an option or a value that it does not take.
        command.make_context(name, words)
