"""Photos to try a model on, which a package brings along."""

from __future__ import annotations

from ..core.errors import DependencyError
from .picture import Picture

__all__ = ["sample_pictures"]


def sample_pictures() -> list[Picture]:
    """Return three photos that come with scikit-image: a portrait, a cat, a cup.

    Raises:
        DependencyError: scikit-image is not installed.
    """
    try:
        from skimage import data
    except ImportError as error:
        raise DependencyError.for_extra("comparing the steps on its sample photos", "scikit-image", "export") from error
    return [
        Picture(rgb=getattr(data, name)(), source=f"scikit-image: {name}")
        for name in ("astronaut", "chelsea", "coffee")
    ]
