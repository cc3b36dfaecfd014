"""Which entry a name and a checkpoint mean: the zoo's, or the network that spandrel recognises in the checkpoint."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from ..core import (
    CheckpointError,
    Contract,
    InputContract,
    InputError,
    ModelError,
    OutputContract,
    last_line,
    needs_extra,
)
from . import zoo
from .checkpoint import load_state_dict
from .spec import SAFE_SIDE, Licence, ModelSpec, Weights

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["RECOGNISED", "entry_of", "expanded", "spec_for"]

RECOGNISED = "spandrel-"
"""How the names of super-resolution models begin that the zoo doesn't know: the rest is the user's choice."""

_SHARE = 0.999
_PROBE = 129


def expanded(text: str) -> Path:
    """Return a path as it is typed, with the home folder in the place of `~`.

    Raises:
        ModelError: there is no such user.
    """
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise ModelError(f"{text}: there is no such user; write the folder out") from error


def entry_of(model: str, weights: str | Path | None) -> tuple[str, Path | None]:
    """Return the zoo's id and the checkpoint that a user names for an export: `ID`, `ID@FILE`, or ID and a file.

    Raises:
        InputError: two checkpoints are named.
        ModelError: it is the folder of an export, or a file without a network.
    """
    name, at, checkpoint = model.partition("@")
    if at and weights is not None:
        raise InputError(f"{model}: the checkpoint is named twice; leave --weights out")
    path = expanded(model)
    if path.is_dir() and path.name != model:
        raise ModelError(f"{model}: this is a folder; export takes a network of your own by its .onnx or .xml file")
    if path.name != model and path.exists():
        raise ModelError(
            f"{model}: a checkpoint alone does not say its network; give ID@{path.name}, the ID of mattekit models"
        )
    if at:
        return name, expanded(checkpoint)
    return name, Path(weights) if weights is not None else None


def spec_for(model: str, weights: Path | None) -> ModelSpec:
    """Return the zoo's entry, or for a name that begins with `spandrel-` one that is made from the checkpoint itself.

    The halo of such an entry is measured: how far around a pixel 99.9% of its gradient lies, for an image of noise.

    Raises:
        ModelError: there is no such entry; or spandrel finds a network here that isn't one of super-resolution.
        CheckpointError: spandrel recognises no network in the checkpoint, or it can't be read.
        DependencyError: spandrel is not installed.
    """
    if not model.startswith(RECOGNISED):
        return zoo.get(model)
    if weights is None:
        raise ModelError(f"{model}: this name stands for whatever a checkpoint holds; give one with --weights")
    status = weights.stat() if weights.is_file() else None
    return _recognised(model, weights, (weights.resolve(), status.st_size, status.st_mtime_ns) if status else None)


@lru_cache(maxsize=1)
def _recognised(model: str, path: Path, _file: tuple[Path, int, int] | None) -> ModelSpec:
    """Return the entry of a checkpoint, which is recognised once as long as the file stays as it is."""
    with needs_extra("recognising a checkpoint's network", "spandrel", "spandrel"):
        from spandrel import (  # pyright: ignore[reportMissingImports] - lives in an environment of its own
            ImageModelDescriptor,
            ModelLoader,
            UnsupportedModelError,
        )

    # Read by our own loader, which executes nothing; spandrel sees tensors and their names alone.
    state = load_state_dict(path)
    try:
        found = ModelLoader("cpu").load_from_state_dict(dict(state))
    except UnsupportedModelError as error:
        raise CheckpointError(
            f"{path}: spandrel recognises no network in it; give a checkpoint of a network that it supports"
        ) from error
    except (LookupError, RuntimeError, TypeError, ValueError, AssertionError) as error:
        raise CheckpointError(
            f"{path}: it looks like a network that spandrel knows, but does not fit it ({last_line(error)}); "
            "get the file again"
        ) from error
    name = found.architecture.name
    sizes = (found.input_channels, found.output_channels)
    if not isinstance(found, ImageModelDescriptor) or found.purpose not in {"SR", "Restoration"} or sizes != (3, 3):
        raise ModelError(
            f"{path}: it holds {name}, a network of kind {found.purpose} from {sizes[0]} to {sizes[1]} channels; only "
            "super-resolution and restoration of RGB images can be exported"
        )
    module: nn.Module = found.model.eval()
    parameters: dict[str, Tensor] = dict(module.state_dict())

    def build() -> nn.Module:
        return module

    def adapt(state: dict[str, Tensor]) -> dict[str, Tensor]:
        # Spandrel may have renamed what an older trainer wrote: the same values, under the module's names.
        del state
        return parameters

    multiple, least = found.size_requirements.multiple_of or 1, found.size_requirements.minimum or 1
    least = InputContract(multiple=multiple).fit(max(least, SAFE_SIDE))[0]
    return ModelSpec(
        id=model,
        title=f"{name} x{found.scale}, recognised by spandrel",
        task="super_resolution",
        contract=Contract(
            task="super_resolution",
            input=InputContract(multiple=multiple, min_side=least),
            output=OutputContract(kind="image", scale=found.scale),
            halo=_halo(module, found.scale, multiple),
        ),
        weights=Weights(filename=path.name),
        licence=Licence(code="see the network's authors", weights="unknown", granted=None),
        build=build,
        adapt=adapt,
        notes=("Its halo was measured on noise: what lies further away has 0.1% of the influence, or less.",),
    )


def _halo(module: nn.Module, scale: int, multiple: int) -> int:
    """Return the radius, in input pixels, inside which a pixel of the output gets `_SHARE` of its gradient."""
    import torch

    side = InputContract(multiple=multiple).fit(_PROBE)[0]
    noise = torch.rand(1, 3, side, side, generator=torch.Generator().manual_seed(0)).requires_grad_(True)
    middle = side // 2
    with torch.enable_grad():
        # Times one: some networks write into their input, which a leaf of the graph forbids.
        output = module(noise * 1)
        output[..., middle * scale : (middle + 1) * scale, middle * scale : (middle + 1) * scale].sum().backward()
    if noise.grad is None:
        raise ModelError("the network's output does not depend on its input; the checkpoint is not usable")
    influence = noise.grad.abs().sum((0, 1))
    away = (torch.arange(side) - middle).abs()
    distance = torch.maximum(away[:, None], away[None, :])
    rings = torch.zeros(int(distance.max()) + 1).index_add_(0, distance.flatten(), influence.flatten())
    return int((rings.cumsum(0) < _SHARE * rings.sum()).sum())
