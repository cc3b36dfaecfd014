"""Photos to try a model on, which a package brings along."""

from __future__ import annotations

from importlib import resources

from ..core import needs_extra
from .image import Image
from .read import read_image

__all__ = ["sample_images"]


def sample_images() -> list[Image]:
    """Return three photos that come with scikit-image: a portrait, a cat, a cup.

    Raises:
        DependencyError: scikit-image is not installed.
    """
    with needs_extra("comparing the steps on its sample photos", "scikit-image", "export"):
        # Its own functions read them, too, but bring all of its reading and half of SciPy with them.
        folder = resources.files("skimage.data")
    images: list[Image] = []
    for name in ("astronaut", "chelsea", "coffee"):
        with resources.as_file(folder / f"{name}.png") as path:
            images.append(Image(rgb=read_image(path).rgb, source=f"scikit-image: {name}"))
    return images
