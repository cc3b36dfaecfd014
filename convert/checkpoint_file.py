"""The files in which people keep a network's weights, read without running anything inside them."""

from __future__ import annotations

import pickle
import re
import struct
import warnings
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from ..core import CheckpointError, needs_extra

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["read_checkpoint", "require_size"]

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

_ALWAYS_ALLOWED = 64 << 20
_MOST_PER_BYTE = 16
"""Bytes of memory for each byte of a checkpoint: packed types and shared tensors grow a few times."""

_MEND = "make a state dict of it, where you trust the file and have its code: "

_FORMATS = {
    "a TorchScript file": "torch.save(torch.jit.load({old!r}).state_dict(), {new!r})",
    "a program of torch.export": "torch.save(torch.export.load({old!r}).state_dict, {new!r})",
    "a whole module": "torch.save(torch.load({old!r}, weights_only=False).state_dict(), {new!r})",
}
"""What a file of PyTorch may be that is no checkpoint, and the line that makes one of it."""


def read_checkpoint(path: Path) -> object:
    """Return what a `.pth`, `.pt`, `.ckpt` or `.safetensors` file holds, its tensors on the CPU.

    Raises:
        CheckpointError: the file is absent, is not a checkpoint, or holds objects that would run code.
        DependencyError: torch is not installed.
    """
    with needs_extra("reading a checkpoint", "torch", "export"):
        import torch  # noqa: F401  # pyright: ignore[reportUnusedImport] - what reads it comes later
    if not path.is_file():
        raise CheckpointError(f"{path} is not a file; give the path of a checkpoint")
    if path.suffix.lower() == ".onnx":
        raise CheckpointError(f"{path} is an ONNX file; a PyTorch checkpoint is needed here")
    return _read_safetensors(path) if path.suffix.lower() == ".safetensors" else _read_torch(path)


def require_size(path: Path, size: int) -> None:
    """Refuse a file that would take far more memory than there is in it.

    Raises:
        CheckpointError: it would.
    """
    limit = max(_ALWAYS_ALLOWED, _MOST_PER_BYTE * path.stat().st_size)
    if size > limit:
        raise CheckpointError(f"{path} is refused: it would take {size:,} bytes of memory, more than {limit:,}")


def _read_torch(path: Path) -> object:
    import torch

    damaged = f"{path} is not a PyTorch checkpoint, or it is damaged; get it again"
    with path.open("rb") as stream:
        if not stream.read(4).startswith(_MAGIC):
            raise CheckpointError(damaged)
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                members = archive.infolist()
            kind = _kind_of([each.filename for each in members])
            if kind:
                raise CheckpointError(f"{path} is {kind}, not a checkpoint; {_MEND}{_line(kind, path)}")
            require_size(path, sum(member.file_size for member in members))
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise CheckpointError(damaged) from error
    try:
        with warnings.catch_warnings(), torch.serialization.safe_globals(_numpy_scalars()):
            # About pickle protocols that the safe reader may not know; it fails where that matters.
            warnings.simplefilter("ignore", UserWarning)
            return cast("object", torch.load(path, map_location="cpu", weights_only=True))
    except pickle.UnpicklingError as error:
        # torch's safe reader names what it refuses to construct; its other texts mean damaged bytes.
        if "Unsupported" not in str(error) and "GLOBAL" not in str(error):
            raise CheckpointError(damaged) from error
        raise CheckpointError(_refusal(path, str(error))) from error
    except _DAMAGE as error:
        # The reader interprets the bytes as instructions, so damaged ones fail in any of these ways.
        raise CheckpointError(damaged) from error


def _kind_of(names: list[str]) -> str:
    """Return what a zip archive of PyTorch is that holds no checkpoint, by its members' names; empty where it may."""
    inside = {name.partition("/")[2] for name in names}
    if "constants.pkl" in inside:
        return "a TorchScript file"
    if "archive_format" in inside or {"serialized_exported_program.json"} & {*names, *inside}:
        return "a program of torch.export"
    return ""


def _line(kind: str, path: Path) -> str:
    return _FORMATS[kind].format(old=path.name, new=f"{path.stem}-weights.pth")


def _refusal(path: Path, reason: str) -> str:
    """Say what a file holds that is not loaded, and how a state dict is made of it."""
    named = re.search(r"GLOBAL ([\w.]+)", reason)
    what = f" ({named[1]})" if named else ""
    # Each module keeps its parameters under these names.
    module = all(_contains(path, each) for each in (b"_parameters", b"_modules"))
    if module:
        return (
            f"{path} is refused: it holds a whole module{what}, not its weights alone, and loading that runs code that "
            f"the file names; {_MEND}{_line('a whole module', path)}, with the key under which the module lies, if any"
        )
    return (
        f"{path} is refused: it holds something else than tensors{what}, and loading that could run code that the file "
        "brings; get a file with only the state dict, or a .safetensors file, or where you trust it save its state "
        f"dict: torch.save(torch.load({path.name!r}, weights_only=False)['state_dict'], {path.stem + '-weights.pth'!r})"
    )


def _contains(path: Path, text: bytes) -> bool:
    """Tell whether a text is in the file's pickle, or, before torch 1.6, in the file."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            pickles = [name for name in archive.namelist() if name.endswith("data.pkl")]
            return any(text in archive.read(name) for name in pickles)
    return text in path.read_bytes()


def _numpy_scalars() -> list[Callable[..., Any] | tuple[Callable[..., Any], str]]:
    """Return what makes a number of NumPy of its bytes, such as a loss or a metric beside the weights; no arrays."""
    from numpy.dtypes import BoolDType

    kinds = [type(np.dtype(code)) for code in np.typecodes["All"] if np.dtype(code).kind in "iufc"]
    scalar = cast("Callable[..., Any]", np.float64(0).__reduce__()[0])
    names = ("numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar")
    return [*((scalar, name) for name in names), np.dtype, BoolDType, *dict.fromkeys(kinds)]


def _read_safetensors(path: Path) -> object:
    with needs_extra("reading a .safetensors file", "safetensors", "export"):
        from safetensors import SafetensorError
        from safetensors.torch import load_file
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{path} is not a safetensors file, or it is damaged; get it again") from error
