"""Checkpoints as people share them, turned into a network's own parameters, without running anything inside them."""

from __future__ import annotations

import pickle
import re
import struct
import warnings
import zipfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, cast

from ..core import CheckpointError, InputError, ModelError, needs_extra
from . import zoo
from .export_settings import Heads
from .spec import ModelSpec

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["load_module", "load_state_dict", "matching_models"]

_WRAPPERS = ("params_ema", "params", "state_dict", "model_state_dict", "model", "net")
"""Keys under which trainers store the state dict, the preferred one first."""

_PREFIXES = ("module.", "_orig_mod.")
"""What DataParallel and torch.compile put before every name."""

_MAGIC = (b"PK\x03\x04", b"\x80")
"""How files of torch.save begin: a zip archive, or before torch 1.6 a pickle."""

_DAMAGE = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
)

Shapes = Mapping[str, tuple[int, ...]]

_NAMES_SHOWN = 3

_ALWAYS_ALLOWED = 64 << 20
_MOST_PER_BYTE = 16
"""Bytes of memory for each byte of a checkpoint: packed types and shared tensors grow a few times."""


def load_state_dict(path: Path) -> dict[str, Tensor]:
    """Read a `.pth`, `.pt`, `.ckpt` or `.safetensors` file: names and tensors, on the CPU.

    Wrappers (`params_ema`, `state_dict`, ...) and prefixes (`module.`) are removed; floating-point values become
    float32. Nothing in the file is executed.

    Raises:
        CheckpointError: the file is absent, not a checkpoint, holds objects that would run code, or has no tensors.
        DependencyError: torch is not installed.
    """
    with needs_extra("reading a checkpoint", "torch", "export"):
        import torch
    if not path.is_file():
        raise CheckpointError(f"{path} is not a file; give the path of a checkpoint")
    if path.suffix.lower() == ".onnx":
        raise CheckpointError(f"{path} is an ONNX file; a PyTorch checkpoint is needed here")
    loaded = _read_safetensors(path) if path.suffix.lower() == ".safetensors" else _read_torch(path)
    state = _without_prefixes(_unwrapped(loaded))
    if not state:
        raise CheckpointError(f"{path} holds no tensors; give a file with a network's state dict")
    # A few bytes may stand for a tensor of any size, whose every value is the same one.
    _require_size(path, 4 * sum(value.numel() for value in state.values()))
    return {name: value.to(torch.float32) if value.is_floating_point() else value for name, value in state.items()}


def load_module(spec: ModelSpec, path: Path, *, heads: Heads = "fused") -> nn.Module:
    """Build the entry's network and fill it from a checkpoint; every parameter must fit. In eval mode, on the CPU.

    Args:
        spec: the entry.
        path: the checkpoint.
        heads: which outputs a U²-Net gives.

    Raises:
        CheckpointError: the checkpoint cannot be read, has missing, unknown or misshapen parameters, or values that are
            not finite.
        ModelError: the entry is a ready-made ONNX file and takes no checkpoint.
        InputError: all heads were asked for of a network that has one.
    """
    if spec.build is None:
        raise ModelError(f"{spec.id} is a ready-made ONNX file and takes no PyTorch checkpoint")
    state = load_state_dict(path)
    # The networks' files import torch.
    from .networks.u2net import U2Net

    module = spec.build()
    adapted = state if spec.adapt is None else spec.adapt(state)
    problem = _misfit(_shapes_of(module), adapted)
    if problem is not None:
        others = [each for each in matching_models(state) if each != spec.id]
        mend = (
            f"its tensors fit {' or '.join(others)}: name that model instead"
            if others
            else "check that the file belongs to this model"
        )
        raise CheckpointError(f"{path} does not fit {spec.id}: {problem}; {mend}")
    for name, value in adapted.items():
        if value.is_floating_point() and not bool(value.isfinite().all()):
            raise CheckpointError(f"{path}: the values of {name} are not all finite; the file is damaged, get it again")
    module.load_state_dict(adapted, strict=True)
    if isinstance(module, U2Net):
        module.heads = heads
    elif heads == "all":
        raise InputError("--heads all: this network has one output only; leave the option out")
    return module.eval()


def matching_models(state: dict[str, Tensor]) -> tuple[str, ...]:
    """Return the ids of the zoo's networks whose parameters have exactly these names and shapes."""
    found: list[str] = []
    for spec in zoo.list_models():
        if spec.build is None:
            continue
        if _misfit(_shapes_built_by(spec.build), state if spec.adapt is None else spec.adapt(state)) is None:
            found.append(spec.id)
    return tuple(found)


@cache
def _shapes_built_by(build: Callable[[], nn.Module]) -> Shapes:
    import torch

    with torch.device("meta"):  # Names and shapes, without memory for the values.
        return _shapes_of(build())


def _shapes_of(module: nn.Module) -> Shapes:
    return {name: tuple(value.shape) for name, value in module.state_dict().items()}


def _read_torch(path: Path) -> object:
    import torch

    damaged = f"{path} is not a PyTorch checkpoint, or it is damaged; get it again"
    with path.open("rb") as stream:
        if not stream.read(4).startswith(_MAGIC):
            raise CheckpointError(damaged)
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                _require_size(path, sum(member.file_size for member in archive.infolist()))
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise CheckpointError(damaged) from error
    try:
        with warnings.catch_warnings():
            # About pickle protocols that the safe reader may not know; it fails where that matters.
            warnings.simplefilter("ignore", UserWarning)
            return cast("object", torch.load(path, map_location="cpu", weights_only=True))
    except pickle.UnpicklingError as error:
        # torch's safe reader names what it refuses to construct; its other texts mean damaged bytes.
        if "Unsupported" not in str(error) and "GLOBAL" not in str(error):
            raise CheckpointError(damaged) from error
        named = re.search(r"GLOBAL ([\w.]+)", str(error))
        raise CheckpointError(
            f"{path} is refused: it holds something else than tensors{f' ({named[1]})' if named else ''}, and loading "
            "that could run code that the file brings; get a file with only the state dict, or a .safetensors file"
        ) from error
    except _DAMAGE as error:
        # The reader interprets the bytes as instructions, so damaged ones fail in any of these ways.
        raise CheckpointError(damaged) from error


def _require_size(path: Path, size: int) -> None:
    """Refuse a file that would take far more memory than there is in it."""
    limit = max(_ALWAYS_ALLOWED, _MOST_PER_BYTE * path.stat().st_size)
    if size > limit:
        raise CheckpointError(f"{path} is refused: it would take {size:,} bytes of memory, more than {limit:,}")


def _read_safetensors(path: Path) -> object:
    with needs_extra("reading a .safetensors file", "safetensors", "export"):
        from safetensors import SafetensorError
        from safetensors.torch import load_file
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{path} is not a safetensors file, or it is damaged; get it again") from error


def _unwrapped(loaded: object) -> dict[str, Tensor]:
    """Descend through wrappers to the tensors; other values beside them (epoch, optimizer) are left out."""
    import torch

    while isinstance(loaded, Mapping):
        table = cast("Mapping[object, object]", loaded)
        inner = next((table[key] for key in _WRAPPERS if isinstance(table.get(key), Mapping)), None)
        if inner is None:
            return {str(name): value for name, value in table.items() if isinstance(value, torch.Tensor)}
        loaded = inner
    return {}


def _without_prefixes(state: dict[str, Tensor]) -> dict[str, Tensor]:
    while state:
        prefix = next((each for each in _PREFIXES if all(name.startswith(each) for name in state)), None)
        if prefix is None:
            break
        state = {name.removeprefix(prefix): value for name, value in state.items()}
    return state


def _misfit(wanted: Shapes, state: dict[str, Tensor]) -> str | None:
    """Say how names and shapes differ from those of a network, None if they don't."""
    given = {name: tuple(value.shape) for name, value in state.items()}
    # Old checkpoints lack this counter, which only training reads; torch fills it in.
    missing = [name for name in wanted if name not in given and not name.endswith(".num_batches_tracked")]
    unknown = [name for name in given if name not in wanted]
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
