"""The zoo: every model that mattekit knows by name. Listing it needs no torch.

What enters: data about models, one file for each family: contract, weights, licences, and the function that builds
it.
"""

from __future__ import annotations

from collections.abc import Iterable

from ...core import ModelError, did_you_mean
from ..spec import ModelSpec
from . import deeplab, imdn, mattelite, rembg, rfdn, rlfn, rrdbnet, srlite, srvgg, u2net, unet

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
register(unet.SPECS)
register(deeplab.SPECS)
register(rembg.SPECS)
register(rrdbnet.SPECS)
register(srvgg.SPECS)
register(imdn.SPECS)
register(rfdn.SPECS)
register(rlfn.SPECS)


def list_models() -> tuple[ModelSpec, ...]:
    """List the models that mattekit knows by name.

    Returns:
        Every entry of the zoo, in the order of registration.

    Example:
        >>> import mattekit
        >>> [spec.id for spec in mattekit.list_models() if spec.weights.bundled]
        ['mattelite', 'srlite-x2', 'srlite-x4']
    """
    return tuple(_REGISTRY.values())


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
