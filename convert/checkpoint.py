"""Checkpoints as people share them, turned into a network's own parameters, without running anything inside them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from ..core import CheckpointError, InputError, ModelError
from . import zoo
from .checkpoint_file import read_checkpoint, require_size
from .export_settings import Heads
from .fine_tunes import Shapes
from .spec import ModelSpec
from .state_dicts import StateDict, preferred, state_dicts

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["fine_tuned_as", "load_module", "load_state_dict", "matching_models"]

_LOG = logging.getLogger(__name__)

_NAMES_SHOWN = 3

_COUNTER = ".num_batches_tracked"
"""What batch normalisation counts; only training reads it, and old checkpoints lack it: torch fills it in."""


def load_state_dict(path: Path) -> dict[str, Tensor]:
    """Read a `.pth`, `.pt`, `.ckpt` or `.safetensors` file: names and tensors, on the CPU.

    Wrappers of any name and prefixes (`module.`) are removed, averaged weights (`params_ema`, ...) are preferred;
    floating-point values become float32. Nothing in the file is executed.

    Raises:
        CheckpointError: the file is absent, not a checkpoint, holds objects that would run code, or has no tensors.
        DependencyError: torch is not installed.
    """
    return _single(path, _read(path)[0].unwrapped().tensors)


def load_module(spec: ModelSpec, path: Path, *, heads: Heads = "fused") -> nn.Module:
    """Build the entry's network and fill it from a checkpoint; every parameter must fit. In eval mode, on the CPU.

    What the checkpoint holds beside it under other names is left out; of averaged and plain weights the averaged ones
    are taken, which is said in the log. A fine-tune gives the network that `fine_tuned_as` returns.

    Args:
        spec: the entry.
        path: the checkpoint.
        heads: which outputs a network of several heads gives.

    Raises:
        CheckpointError: the checkpoint cannot be read, has missing, unknown or misshapen parameters, or values that are
            not finite.
        ModelError: the entry is a ready-made ONNX file and takes no checkpoint.
        InputError: all heads were asked for of a network that has one.
    """
    fit = _fit_of(spec, path)
    if fit.said:
        _LOG.warning("%s: %s", path.name, fit.said)
    # The networks' files import torch.
    from .networks.deeplab import DeepLabV3
    from .networks.u2net import U2Net

    module = fit.build()
    state = _single(path, fit.tensors)
    for name, value in state.items():
        if value.is_floating_point() and not bool(value.isfinite().all()):
            raise CheckpointError(f"{path}: the values of {name} are not all finite; the file is damaged, get it again")
    module.load_state_dict(state, strict=True)
    if isinstance(module, U2Net | DeepLabV3):
        module.heads = heads
    elif heads == "all":
        raise InputError("--heads all: this network has one output only; leave the option out")
    return module.eval()


def fine_tuned_as(spec: ModelSpec, path: Path) -> ModelSpec:
    """Return the entry of the network that a checkpoint holds: the given one, or that of a fine-tune of it.

    Raises:
        CheckpointError: as `load_module`.
        ModelError: as `load_module`, or images have no such channels.
    """
    return spec if spec.fine_tune is None else _fit_of(spec, path).spec


def matching_models(state: dict[str, Tensor]) -> tuple[str, ...]:
    """Return the ids of the zoo's networks whose parameters have exactly these names and shapes."""
    return tuple(
        spec.id
        for spec in zoo.list_models()
        if spec.build is not None and _misfit(_shapes_built_by(spec.build), _adapted(spec, state)) is None
    )


@dataclass(frozen=True)
class _Fit:
    """Tensors that fill a network: under its names, all that it needs; `said` is what a user should know of them."""

    spec: ModelSpec
    build: Callable[[], nn.Module]
    state: StateDict
    tensors: dict[str, Tensor]
    said: str = ""


def _read(path: Path) -> list[StateDict]:
    found = state_dicts(read_checkpoint(path))
    if not found:
        raise CheckpointError(f"{path} holds no tensors; give a file with a network's state dict")
    return found


def _fit_of(spec: ModelSpec, path: Path) -> _Fit:
    if spec.build is None:
        raise ModelError(f"{spec.id} is a ready-made ONNX file and takes no PyTorch checkpoint")
    found = _read(path)
    views = [view for each in found for view in each.views()]
    fits = [fit for view in views if (fit := _filled(spec, spec.build, view)) is not None]
    if not fits and spec.fine_tune is not None:
        fits = [fit for view in views if (fit := _as_fine_tune(spec, view)) is not None]
    if not fits:
        raise CheckpointError(
            f"{path} does not fit {spec.id}: {_problem(spec, spec.build, found[0].unwrapped(), views)}"
        )
    return _chosen(fits, views, path)


def _filled(spec: ModelSpec, build: Callable[[], nn.Module], view: StateDict) -> _Fit | None:
    wanted, tensors = _shapes_built_by(build), _adapted(spec, view.tensors)
    if _misfit(wanted, tensors) is not None:
        return None
    return _Fit(spec, build, view, {name: value for name, value in tensors.items() if name in wanted})


def _as_fine_tune(spec: ModelSpec, view: StateDict) -> _Fit | None:
    """Return how a fine-tune of the entry's network, as the names and shapes say what it is, is filled."""
    shapes = _shapes_in(_adapted(spec, view.tensors))
    tuned = spec.fine_tune(spec, shapes) if spec.fine_tune is not None else None
    if tuned is None or tuned.build is None:
        return None
    fit = _filled(tuned, tuned.build, view)
    if fit is None or tuned.contract == spec.contract:
        return fit
    if (
        spec.contract.output.kind == "classes"
        and tuned.contract.output.kind == "alpha"
        and matching_models(view.tensors)
    ):
        # Somebody else's network, whole: it is named instead.
        return None
    return replace(fit, said=f"a fine-tune of {spec.id}, by its tensors: {_described(tuned)}")


def _described(tuned: ModelSpec) -> str:
    """Say what was read off a checkpoint."""
    if tuned.task == "super_resolution":
        return f"x{tuned.scale}"
    labels, channels = ", ".join(tuned.contract.output.labels), tuned.contract.input.colour_order
    return f"{f'the classes {labels}' if labels else 'one mask'}, of {channels}"


def _chosen(fits: Sequence[_Fit], views: Sequence[StateDict], path: Path) -> _Fit:
    """Return the preferred one of those that fit: averages before what they are averages of.

    An average of the parameters alone has the statistics of the plain network.
    """
    by_place = {fit.state.keys: fit for fit in fits}
    ordered = [by_place[state.keys] for state in preferred(fit.state for fit in fits)]
    first = ordered[0]
    places = [_place(fit.state) for fit in ordered]
    if first.state.averaged:
        others = [place for place, fit in zip(places, ordered, strict=True) if not fit.state.averaged]
        beside = f", not those of {others[0]}" if others else ""
        return _said(first, f"the averaged weights of {places[0]} are taken{beside}")
    for view in preferred(view for view in views if view.averaged):
        given = _adapted(first.spec, view.tensors)
        names = set(first.tensors)
        if given and names.issuperset(given) and _shapes_in(first.tensors).items() >= _shapes_in(given).items():
            merged = replace(first, state=view, tensors={**first.tensors, **given})
            return _said(merged, f"the averaged weights of {_place(view)} are taken; what they lack is {places[0]}'s")
    if first.state.rank > 1 and len([fit for fit in ordered if fit.state.rank == first.state.rank]) > 1:
        raise CheckpointError(
            f"{path} holds several networks that fit {first.spec.id}: {', '.join(places)}; save the state dict of "
            "the one that you mean"
        )
    return first


def _said(fit: _Fit, more: str) -> _Fit:
    return replace(fit, said="; ".join(filter(None, (more, fit.said))))


def _place(state: StateDict) -> str:
    return ".".join(state.keys) or "the file's own names"


def _problem(spec: ModelSpec, build: Callable[[], nn.Module], plain: StateDict, views: Sequence[StateDict]) -> str:
    """Say why nothing fits, by what comes nearest, and which network it is instead, where the zoo knows it."""
    wanted = _shapes_built_by(build)

    def shared(view: StateDict) -> int:
        return len(_shapes_in(_adapted(spec, view.tensors)).items() & wanted.items())

    nearest = max((plain, *views), key=shared)
    others = {each for view in (nearest, plain) for each in matching_models(view.tensors)} - {spec.id}
    mend = (
        f"its tensors fit {' or '.join(sorted(others))}: name that model instead"
        if others
        else "check that the file belongs to this model"
    )
    return f"{_misfit(wanted, _adapted(spec, nearest.tensors)) or 'it is another network'}; {mend}"


def _adapted(spec: ModelSpec, state: dict[str, Tensor]) -> dict[str, Tensor]:
    return state if spec.adapt is None else spec.adapt(state)


def _single(path: Path, state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return them with floating-point values as float32."""
    # A few bytes may stand for a tensor of any size, whose every value is the same one.
    require_size(path, 4 * sum(value.numel() for value in state.values()))
    return {name: value.float() if value.is_floating_point() else value for name, value in state.items()}


def _shapes_built_by(build: Callable[[], nn.Module]) -> Shapes:
    # Those of the zoo's entries are asked for again and again; those that are made for a fine-tune, once or twice.
    return _known_shapes(build) if any(build is spec.build for spec in zoo.list_models()) else _built(build)


def _built(build: Callable[[], nn.Module]) -> Shapes:
    import torch

    with torch.device("meta"):  # Names and shapes, without memory for the values.
        return _shapes_in(build().state_dict())


_known_shapes = cache(_built)


def _shapes_in(state: dict[str, Tensor]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(value.shape) for name, value in state.items()}


def _misfit(wanted: Shapes, state: dict[str, Tensor]) -> str | None:
    """Say how names and shapes differ from those of a network, None if they don't."""
    given = _shapes_in(state)
    missing = [name for name in wanted if name not in given and not name.endswith(_COUNTER)]
    unknown = [name for name in given if name not in wanted and not name.endswith(_COUNTER)]
    shapes = [
        f"{name} {given[name]} instead of {wanted[name]}"
        for name in wanted
        if name in given and given[name] != wanted[name]
    ]
    parts = [
        _counted(missing, "parameter is missing", "parameters are missing"),
        _counted(unknown, "is unknown", "are unknown"),
        _counted(shapes, "has another shape", "have another shape"),
    ]
    return ", ".join(part for part in parts if part) or None


def _counted(names: list[str], one: str, many: str) -> str:
    if not names:
        return ""
    shown = ", ".join(names[:_NAMES_SHOWN]) + (", ..." if len(names) > _NAMES_SHOWN else "")
    return f"{len(names)} {one if len(names) == 1 else many} ({shown})"
