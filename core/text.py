"""Text from outside, made safe to show: names and messages may hold anything."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable

__all__ = ["did_you_mean", "first_line", "json_bytes", "last_line", "printable", "written_out"]


def printable(text: str, *, lines: bool = False) -> str:
    r"""Return the text with everything that a terminal could obey written out, such as `\x1b` and `\n`.

    Args:
        text: anything; half of a surrogate pair, as names of bytes that are no UTF-8 have, is written out too.
        lines: leave line feeds and tabs as they are.
    """
    if text.isprintable():
        return text
    kept = "\n\t" if lines else ""
    return "".join(
        letter if letter.isprintable() or letter in kept else letter.encode("unicode_escape").decode("ascii")
        for letter in text
    )


def first_line(said: BaseException | str, *, most: int = 300) -> str:
    """Return what a long message begins with; see `last_line`."""
    return _line(said, 0)[:most]


def last_line(said: BaseException | str, *, most: int = 300) -> str:
    """Return what a native library's long message, or what a process said, ends with.

    Args:
        said: the error or the text; lines without a letter do not count.
        most: characters; what is beyond them is left out.

    Returns:
        The line, as `printable`; of an error without a message its class, of a text without a line nothing.
    """
    return _line(said, -1)[:most]


def _line(said: BaseException | str, index: int) -> str:
    rows = [line.strip() for line in str(said).splitlines() if line.strip()]
    return printable(rows[index]) if rows else "" if isinstance(said, str) else type(said).__name__


def written_out(value: object) -> object:
    r"""Return data with halves of surrogate pairs written out: the byte 0xff of a name that is no UTF-8 is `\udcff`.

    What is not text, or a list, tuple or dictionary that may hold some, stays the object that it is; so does text
    that any encoding of Unicode can write.
    """
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, dict):
        return {written_out(key): written_out(one) for key, one in value.items()}  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, list):
        return [written_out(one) for one in value]  # pyright: ignore[reportUnknownVariableType]
    if type(value) is tuple:
        return tuple(written_out(one) for one in value)  # pyright: ignore[reportUnknownVariableType]
    return value


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean X or Y?` of the known words that are most like one; empty where none is."""
    near = difflib.get_close_matches(word.lower(), list(known), n=3, cutoff=0.5)
    return f"; did you mean {' or '.join(near)}?" if near else ""


def json_bytes(data: object) -> bytes:
    r"""Return data as one line of JSON in UTF-8; a name that is no UTF-8 comes back from `json.loads` as it was.

    JSON has an escape for each half of a surrogate pair, which Python stands in for a byte: `\udcff`.
    """
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "backslashreplace")
