"""How far a command is, on a terminal; and what is said of a document's first mistake and a library's last line."""

from __future__ import annotations

import pytest
from mattekit.commands.views.progress import ProgressBar
from mattekit.core import first_line, first_mistake, last_line
from pydantic import BaseModel, ValidationError, field_validator


def show_much() -> None:
    with ProgressBar() as bar:
        bar.bytes("downloading [red].pth", 1 << 20, 4 << 20)
        bar.frames("frames", 3, None)
        bar.console.print("a file")
        bar.counts("opening a", 1, 3)
        bar.counts("rounds", 2, 20)


def test_a_line_on_a_terminal_shows_what_is_done_and_how_much(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    show_much()
    told = capsys.readouterr()
    assert told.out == ""
    for text in ("downloading [red].pth", "1.0/4.2 MB", "3/?", "a file\n", "opening a", "1/3", "rounds", "2/20"):
        assert text in told.err
    assert told.err.index("1.0/4.2 MB") < told.err.index("a file\n") < told.err.index("2/20")


def test_without_a_terminal_there_is_no_line(capsys: pytest.CaptureFixture[str]) -> None:
    show_much()
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", "a file\n")


@pytest.mark.parametrize(
    ("said", "first", "last"),
    [
        (
            RuntimeError("\n  Exception from src/x.cpp:7:\n\n cannot open\x1b[2J \n"),
            "Exception from src/x.cpp:7:",
            None,
        ),
        (RuntimeError(" \n"), "RuntimeError", "RuntimeError"),
        ("one\ntwo\n\n", "one", "two"),
        ("", "", ""),
    ],
)
def test_a_message_is_told_by_its_first_or_last_line(said: RuntimeError | str, first: str, last: str | None) -> None:
    assert first_line(said) == first
    assert last_line(said) == ("cannot open\\x1b[2J" if last is None else last)
    assert last_line(said, most=2) == last_line(said)[:2]


class Part(BaseModel):
    size: int = 1

    @field_validator("size")
    @classmethod
    def check(cls, value: int) -> int:
        if value < 0:
            raise ValueError("too small")
        return value


class Whole(BaseModel):
    parts: list[Part]


@pytest.mark.parametrize(
    ("content", "between", "said"),
    [
        ('{"parts": [{}, {"size": -1}]}', ".", "parts.2.size: too small"),
        ('{"parts": [{"size": -1}]}', " ", "parts 1 size: too small"),
        ("[]", ".", "document: Input should be an object"),
    ],
)
def test_the_first_mistake_of_a_document_is_told_with_its_place(content: str, between: str, said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Whole.model_validate_json(content)
    assert first_mistake(caught.value, "document", between=between) == said
