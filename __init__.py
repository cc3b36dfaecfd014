"""mattekit: a checkpoint goes in, a deployable OpenVINO model comes out, with the evidence.

Importing this package is cheap; each name below brings in what it needs when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from .core.version import __version__

if TYPE_CHECKING:
    from .build import export_model, open_model, open_pipeline
    from .core.contract import Contract
    from .core.errors import MattekitError
    from .images.picture import Picture
    from .images.read import read_picture
    from .images.write import write_picture
    from .infer.pipeline import Pipeline
    from .infer.remove import Remover
    from .infer.upscale import Upscaler

__all__ = [
    "Contract",
    "MattekitError",
    "Picture",
    "Pipeline",
    "Remover",
    "Upscaler",
    "__version__",
    "export_model",
    "open_model",
    "open_pipeline",
    "read_picture",
    "write_picture",
]

_HOMES = {
    "Contract": ".core.contract",
    "MattekitError": ".core.errors",
    "Picture": ".infer.images.picture",
    "Pipeline": ".infer.pipeline",
    "Remover": ".infer.remove",
    "Upscaler": ".infer.upscale",
    "export_model": ".build",
    "open_model": ".build",
    "open_pipeline": ".build",
    "read_picture": ".infer.images.read",
    "write_picture": ".infer.images.write",
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first used (PEP 562)."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(home, __name__), name)
    globals()[name] = value
    return value
