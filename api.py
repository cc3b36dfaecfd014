"""The Python API: what the command line calls, by the same names and defaults.

Importing this module is cheap; each name brings in what it needs when it is first used (PEP 562).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .convert.checked import export_model
    from .core.contract import Contract
    from .core.errors import MattekitError
    from .images.image import Image
    from .images.read import read_image
    from .images.write import write_image
    from .infer.pipeline import Pipeline
    from .infer.remove import Remover
    from .infer.upscale import Upscaler
    from .models.loading import open_model
    from .models.pipelines import open_pipeline, remove

__all__ = [
    "Contract",
    "Image",
    "MattekitError",
    "Pipeline",
    "Remover",
    "Upscaler",
    "export_model",
    "open_model",
    "open_pipeline",
    "read_image",
    "remove",
    "write_image",
]

_HOMES = {
    "Contract": ".core.contract",
    "MattekitError": ".core.errors",
    "Image": ".images.image",
    "Pipeline": ".infer.pipeline",
    "Remover": ".infer.remove",
    "Upscaler": ".infer.upscale",
    "export_model": ".convert.checked",
    "open_model": ".models.loading",
    "open_pipeline": ".models.pipelines",
    "read_image": ".images.read",
    "remove": ".models.pipelines",
    "write_image": ".images.write",
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first used."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(home, __package__), name)
    globals()[name] = value
    return value
