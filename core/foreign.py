"""Errors of other libraries, told as ours."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .errors import MattekitError
from .text import last_line

if TYPE_CHECKING:
    from pydantic import ValidationError

__all__ = ["first_mistake", "openvino_errors_as"]


@contextmanager
def openvino_errors_as(kind: type[MattekitError], sentence: Callable[[str], str]) -> Generator[None]:
    """Turn what OpenVINO raises in this block into `kind`, whose message `sentence` makes of the last line.

    Its frontends' exceptions have no base of their own below Exception, but one module; text inside a model that is
    no UTF-8 surfaces as a UnicodeDecodeError, and a number that is none as a ValueError.
    """
    try:
        yield
    except (MemoryError, RuntimeError, ValueError) as error:
        raise kind(sentence(last_line(error))) from error
    except Exception as error:
        if not type(error).__module__.startswith("openvino"):
            raise
        raise kind(sentence(last_line(error))) from error


def first_mistake(error: ValidationError, whole: str, *, between: str = ".") -> str:
    """Return "where: what is wrong" of the first mistake that pydantic found in a document.

    Args:
        error: as pydantic raised it.
        whole: what the document is called, where the mistake is in none of its parts.
        between: what stands between the names of the place; entries of lists are counted from 1.
    """
    first = error.errors()[0]
    where = between.join(str(part + 1) if isinstance(part, int) else part for part in first["loc"])
    return f"{where or whole}: {first['msg'].removeprefix('Value error, ')}"
