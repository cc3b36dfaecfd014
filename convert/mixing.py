"""Two published checkpoints of one network, mixed: how strongly Real-ESRGAN's general network denoises."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..core import InputError, MixedWeights, Progress, atomic_path, make_folder, needs_extra
from . import zoo
from .checkpoint import load_module
from .fetching import retrieve
from .recognition import expanded
from .spec import ModelSpec
from .weights_cache import cached_path

__all__ = ["Mixture", "mixed_weights", "require_mixable"]


@dataclass(frozen=True)
class Mixture:
    """A checkpoint that was mixed of others.

    Attributes:
        path: where it lies, in the cache.
        parts: what it was mixed of; nothing where it is the entry's own weights alone.
    """

    path: Path
    parts: tuple[MixedWeights, ...] = ()


def require_mixable(model: str, denoise: float, *, own: bool = False) -> ModelSpec:
    """Return the entry whose weights are mixed with those of its partner.

    Args:
        model: as a user names it.
        denoise: the strength that was asked for.
        own: weights or code of the user's own were given.

    Raises:
        InputError: it has no partner, or its weights are not the published ones.
        ModelError: there is no such entry.
    """
    asked, mixable = f"--denoise {denoise:g}", [spec for spec in zoo.list_models() if spec.undenoised]
    name, at, _ = model.partition("@")
    known = {spec.id for spec in zoo.list_models()}
    if name not in known and (own or at or expanded(model).exists()):
        raise InputError(
            f"{asked}: {model} is a network of your own, with nothing to mix it with; leave the option out, or take "
            f"{_any_of(mixable)}"
        )
    spec = zoo.get(name)
    for other in mixable:
        if other.undenoised == spec.id:
            raise InputError(
                f"{asked}: {spec.id} is what {other.id} is mixed with, at strength 0; give {other.id} in its place"
            )
    if not spec.undenoised:
        raise InputError(
            f"{asked}: of {spec.id} there is one checkpoint, and nothing to mix it with; leave the option out, or take "
            f"{_any_of(mixable)}"
        )
    if own or at:
        raise InputError(
            f"{asked} mixes the published weights of {spec.id} and {spec.undenoised}; leave your own out (files that "
            "you have already: mattekit models fetch ID --from FILE)"
        )
    return spec


def mixed_weights(
    spec: ModelSpec, denoise: float, *, offline: bool = False, progress: Progress | None = None
) -> Mixture:
    """Return a checkpoint of the entry that denoises by a strength, as its publisher mixes it.

    Each value is ``strength`` times the entry's and ``1 - strength`` times its partner's, both verified; at 1 the
    entry's checkpoint is taken as it is. The same strength gives the same bytes.

    Args:
        spec: an entry that has a partner.
        denoise: 0 to 1.
        offline: never download.
        progress: called during a download.

    Raises:
        FetchError: the weights of one of the two cannot be had; the message has each address and why.
        CheckpointError: one of them does not fit its network.
        DependencyError: torch or safetensors is not installed.
    """
    whole = retrieve(spec, offline=offline, progress=progress)
    if denoise == 1:
        return Mixture(whole.path)
    partner = zoo.get(spec.undenoised)
    beside = retrieve(partner, offline=offline, progress=progress)
    with needs_extra("mixing weights", "safetensors", "export"):
        from safetensors.torch import save_file

    ours, theirs = (load_module(each, found.path).state_dict() for each, found in ((spec, whole), (partner, beside)))
    target = cached_path(spec).with_name(f"{spec.id}-denoise-{denoise!r}.safetensors")
    make_folder(target.parent)
    with atomic_path(target) as temporary:
        save_file({name: denoise * value + (1 - denoise) * theirs[name] for name, value in ours.items()}, temporary)
    return Mixture(
        target,
        (
            MixedWeights(file=whole.path.name, sha256=whole.sha256, share=denoise),
            MixedWeights(file=beside.path.name, sha256=beside.sha256, share=1 - denoise),
        ),
    )


def _any_of(specs: list[ModelSpec]) -> str:
    return " or ".join(spec.id for spec in specs)
