"""mattekit: a checkpoint goes in, a deployable OpenVINO model comes out, with the evidence.

Importing this package is cheap; each name below brings in what it needs when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from .core.version import __version__

if TYPE_CHECKING:
    from .api import (
        Contract,
        Image,
        MattekitError,
        Pipeline,
        Remover,
        Upscaler,
        export_model,
        open_model,
        open_pipeline,
        read_image,
        remove,
        write_image,
    )

__all__ = [
    "Contract",
    "Image",
    "MattekitError",
    "Pipeline",
    "Remover",
    "Upscaler",
    "__version__",
    "export_model",
    "open_model",
    "open_pipeline",
    "read_image",
    "remove",
    "write_image",
]


def __getattr__(name: str) -> object:
    """Take a public name from the API when it is first used (PEP 562)."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(".api", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return every public name, used already or not."""
    return sorted(__all__)
