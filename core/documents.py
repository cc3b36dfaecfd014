"""Documents that people write: TOML, and what is wrong in one, told in a sentence."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import InputError

if TYPE_CHECKING:
    from pydantic import ValidationError

__all__ = ["first_mistake", "read_toml"]


def read_toml(path: Path, mend: str) -> tuple[str, dict[str, Any]]:
    """Return the text of a TOML file, and what it says.

    Raises:
        InputError: it cannot be read, and `mend` says what to give instead; or it is not TOML.
    """
    try:
        text = path.read_text(encoding="utf-8")
        return text, tomllib.loads(text)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); {mend}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"{path}: not a TOML file ({error})") from error


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
