"""Errors of native libraries, told as ours."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager

from .errors import MattekitError
from .text import last_line

__all__ = ["openvino_errors_as"]


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
