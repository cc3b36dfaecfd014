"""Text from outside, made safe to show: names and messages may hold anything."""

from __future__ import annotations

import json

__all__ = ["json_bytes", "last_line", "printable", "written_out"]


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


def last_line(error: BaseException) -> str:
    """Return what a native library's long message ends with, in at most 200 characters; its class where it is empty."""
    rows = [line.strip() for line in str(error).splitlines() if line.strip()]
    return printable(rows[-1])[:200] if rows else type(error).__name__


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


def json_bytes(data: object) -> bytes:
    r"""Return data as one line of JSON in UTF-8; a name that is no UTF-8 comes back from `json.loads` as it was.

    JSON has an escape for each half of a surrogate pair, which Python stands in for a byte: `\udcff`.
    """
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "backslashreplace")
