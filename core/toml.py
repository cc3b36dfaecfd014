"""Documents that people write, in TOML."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from .errors import InputError

__all__ = ["read_toml"]


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
