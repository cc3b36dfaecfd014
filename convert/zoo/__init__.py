"""The zoo: every model that mattekit knows by name. Listing it needs no torch.

What enters: data about models, one file for each family: contract, weights, licences, and the function that builds
it.
"""

from __future__ import annotations

from collections.abc import Iterable

from ...core import InputError, ModelError, did_you_mean
from ..spec import ModelSpec
from . import (
    birefnet,
    bria,
    deeplab,
    imdn,
    isnet,
    mattelite,
    modnet,
    rembg,
    rfdn,
    rlfn,
    rrdbnet,
    span,
    srlite,
    srvgg,
    u2net,
    unet,
)
from .uses import SUITED, USES

__all__ = ["get", "list_models", "register"]

_REGISTRY: dict[str, ModelSpec] = {}


def register(specs: Iterable[ModelSpec]) -> None:
    """Add entries to the zoo.

    Raises:
        ValueError: an id is taken already; the entries before it are added.
    """
    for spec in specs:
        if spec.id in _REGISTRY:
            raise ValueError(f"the zoo already has a model {spec.id!r}; give the new one another id")
        _REGISTRY[spec.id] = spec


# One line for each family, in the order in which they are listed.
register(mattelite.SPECS)
register(srlite.SPECS)
register(u2net.SPECS)
register(isnet.SPECS)
register(unet.SPECS)
register(deeplab.SPECS)
register(rembg.SPECS)
register(modnet.SPECS)
register(birefnet.SPECS)
register(bria.SPECS)
register(rrdbnet.SPECS)
register(srvgg.SPECS)
register(imdn.SPECS)
register(rfdn.SPECS)
register(rlfn.SPECS)
register(span.SPECS)


def list_models(use: str | None = None) -> tuple[ModelSpec, ...]:
    """List the models that mattekit knows by name.

    Args:
        use: list those alone that suit `portrait`, `product`, `anime` or `photo`.

    Returns:
        Every entry of the zoo, in the order of registration; of those for a use, the first is to be tried first.

    Raises:
        InputError: there is no such use.

    Example:
        >>> import mattekit
        >>> [spec.id for spec in mattekit.list_models() if spec.weights.bundled]
        ['mattelite', 'srlite-x2', 'srlite-x4']
    """
    if use is None:
        return tuple(_REGISTRY.values())
    if use not in USES:
        raise InputError(f"{use!r} is no use that models are listed for; give {', '.join(USES)}")
    return tuple(_REGISTRY[each] for each in SUITED[use])


def get(model_id: str) -> ModelSpec:
    """Return the entry of that id.

    Raises:
        ModelError: there is none; the message names the nearest ids.
    """
    spec = _REGISTRY.get(model_id)
    if spec is None:
        hint = did_you_mean(model_id, _REGISTRY) or "; list the models with: mattekit models"
        raise ModelError(f"there is no model {model_id!r} in the zoo{hint}")
    return spec
