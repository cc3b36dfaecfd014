"""Post-training quantization: the recipe of a model's family, samples to calibrate on, and NNCF's one call."""

from __future__ import annotations

import contextlib
import hashlib
import io
import logging
import re
import sys
import warnings
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..convert import quantized_layers
from ..core import Contract, InputError, ModelError, first_mistake, last_line, needs_extra, read_toml
from ..datasets import Dataset, Pixels, Sample
from ..infer import Tensor, normalise, tensor_from
from .quantize_settings import Preset, QuantizeSettings

if TYPE_CHECKING:
    import nncf
    import openvino

__all__ = [
    "FamilyRecipe",
    "calibration_tensor",
    "content_of",
    "find_recipe",
    "quantize_plainly",
    "read_recipe",
    "require_disjoint",
    "require_fit",
    "require_nncf",
    "split",
    "tensors",
]

_RECIPES = Path(__file__).parent / "recipes"

_HELD_OUT = 5
"""Without a validation set, each fifth sample is kept back from calibration."""


class FamilyRecipe(BaseModel):
    """How a family is quantized unless the user says otherwise.

    Attributes:
        models: zoo ids, with `*` and `?`.
        preset: what quantizers do with activations.
        ignore: regular expressions for the names of layers that stay unquantized; each must match from the name's
            start.
        ignore_types: kinds of nodes that do, by OpenVINO's names, such as `Add`.
        patch: side of a calibration patch in pixels.
        why: what the recipe rests on.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    models: tuple[str, ...] = ()
    preset: Preset = "mixed"
    ignore: tuple[str, ...] = ()
    ignore_types: tuple[str, ...] = ()
    patch: Annotated[int, Field(ge=16)] = 128
    why: str = ""


def read_recipe(path: Path) -> FamilyRecipe:
    """Read a recipe.

    Raises:
        InputError: the file cannot be read, or is no recipe.
    """
    _, content = read_toml(path, "give a TOML file, or --recipe none")
    try:
        recipe = FamilyRecipe.model_validate(content)
        for pattern in recipe.ignore:
            re.compile(pattern)
    except re.error as error:
        raise InputError(f"{path}: not a recipe ({error}); see quantize/recipes/ for examples") from error
    except ValidationError as error:
        raise InputError(f"{path}: not a recipe ({first_mistake(error, 'file')})") from error
    return recipe


def find_recipe(model: str, asked: str | Path | None) -> tuple[str, FamilyRecipe]:
    """Return the recipe's name and content: the one asked for, or that of the model's family.

    A model without a family gets the empty recipe, called `none`.

    Raises:
        InputError: the file asked for is not a recipe.
    """
    if asked == "none":
        return "none", FamilyRecipe()
    if asked is not None:
        return Path(asked).name, read_recipe(Path(asked))
    for path in sorted(_RECIPES.glob("*.toml")):
        recipe = read_recipe(path)
        if any(fnmatchcase(model, pattern) for pattern in recipe.models):
            return path.stem, recipe
    return "none", FamilyRecipe()


def require_fit(dataset: Dataset, contract: Contract) -> None:
    """Refuse a data set of another task than the model's with an InputError."""
    if dataset.task != contract.task:
        raise InputError(
            f"the data set {dataset.name} is for {dataset.task}, but the model is for {contract.task}; "
            f"give --data of the model's task"
        )


def split(dataset: Dataset) -> tuple[Dataset, Dataset]:
    """Split into calibration and validation: each fifth sample is validated on.

    Raises:
        InputError: there are fewer than five samples.
    """
    if len(dataset) < _HELD_OUT:
        raise InputError(
            f"the data set {dataset.name} has {len(dataset)} samples, too few to keep some back for validation; "
            f"give --validation another set, or one with {_HELD_OUT} samples or more"
        )
    kept = [entry for number, entry in enumerate(dataset.entries) if number % _HELD_OUT != _HELD_OUT - 1]
    held = [entry for number, entry in enumerate(dataset.entries) if number % _HELD_OUT == _HELD_OUT - 1]
    return replace(dataset, entries=tuple(kept)), replace(dataset, entries=tuple(held))


def content_of(sample: Sample) -> str:
    """Return the SHA-256 of a sample's pixels: of the high-resolution image where there is one.

    The same image has the same hash in another folder, under another name or in another lossless format.
    """
    pixels = sample.image if sample.high_resolution is None else sample.high_resolution
    total = hashlib.sha256(f"{pixels.shape}".encode())
    total.update(np.ascontiguousarray(pixels).tobytes())
    return total.hexdigest()


def require_disjoint(calibration: Dataset, validation: Dataset) -> None:
    """Refuse data sets that share an image.

    Raises:
        InputError: at least one sample's content is in both; the message names it in both.
    """
    seen = {content_of(sample): sample.id for sample in calibration}
    shared = [(seen[content], sample.id) for sample in validation if (content := content_of(sample)) in seen]
    if shared:
        first, second = shared[0]
        raise InputError(
            f"{len(shared)} of the {len(validation)} validation samples are calibrated on too ({second!r} of "
            f"{validation.name} is {first!r} of {calibration.name}), so the accuracy would be flattered; "
            f"give --validation a set without them"
        )


def tensors(dataset: Dataset, contract: Contract, patch: int) -> Iterator[Tensor]:
    """Give the network's input for each sample; one is in memory at a time."""
    for number, sample in enumerate(dataset):
        yield calibration_tensor(sample, contract, patch, number)


def calibration_tensor(sample: Sample, contract: Contract, patch: int, number: int) -> Tensor:
    """Return the network's input (1, C, h, w) for a sample.

    Segmentation resizes the image. Super-resolution, and any network without a fixed size, takes a patch of it at a
    place that `number` decides, so that memory does not depend on the image; a fixed input size is the patch's size.
    """
    if contract.task == "segmentation":
        return tensor_from(sample.image, contract)
    height, width = contract.input.fit(patch)
    return normalise(_patch(sample.image, height, width, number).astype(np.float32), contract)


def _patch(image: Pixels, height: int, width: int, number: int) -> Pixels:
    rng = np.random.default_rng(number)
    rows, columns = image.shape[:2]
    top = int(rng.integers(max(rows - height, 0) + 1))
    left = int(rng.integers(max(columns - width, 0) + 1))
    cut = image[top : top + height, left : left + width]
    down, across = height - cut.shape[0], width - cut.shape[1]
    return np.pad(cut, ((0, down), (0, across), (0, 0)), mode="edge") if down or across else cut


def require_nncf() -> str:
    """Return NNCF's version.

    Raises:
        DependencyError: it is not installed.
    """
    with needs_extra("quantizing", "nncf", "quantize"), warnings.catch_warnings():
        # NNCF and what it brings along warn about versions that play no part in quantizing an IR.
        warnings.simplefilter("ignore")
        import nncf
    return str(nncf.__version__)


def quantize_plainly(
    model: openvino.Model,
    samples: int,
    tensor: Callable[[int], NDArray[np.generic]],
    settings: QuantizeSettings,
    recipe: FamilyRecipe,
) -> openvino.Model:
    """Quantize to INT8, calibrating on `tensor(0)` … `tensor(samples - 1)`, each made when it is needed.

    Args:
        model: in FP32 or FP16.
        samples: how many.
        tensor: number to input, as the network takes it.
        settings: the preset; the device, of which NPUs and GPUs have rules of their own; and layers that stay as they
            are.
        recipe: the preset where the settings have none, and further layers, by patterns and kinds of nodes. A pattern
            that matches nothing does no harm; a layer's bias belongs to the layer.

    Raises:
        InputError: the network has no layer of one of the settings' names.
        ModelError: NNCF cannot quantize the network, or quantized nothing in it.
        DependencyError: NNCF is not installed.
    """
    require_nncf()
    import nncf

    known = {node.get_friendly_name() for node in model.get_ordered_ops()}
    ignored = list(settings.ignore_scope or ())
    strange = [name for name in ignored if name not in known]
    if strange:
        raise InputError(f"the network has no layer {strange[0]!r} to ignore; list layers with: mattekit parity")
    scopes = nncf.IgnoredScope(
        names=ignored, patterns=list(recipe.ignore), types=list(recipe.ignore_types), validate=False
    )
    # nncf.set_log_level would set the level of every handler there, also of those that are not NNCF's.
    logging.getLogger("nncf").setLevel(logging.ERROR)
    try:
        with _quiet():
            done = nncf.quantize(
                model,
                nncf.Dataset(range(samples), tensor),
                preset=nncf.QuantizationPreset(settings.preset or recipe.preset),
                target_device=_target(settings.device),
                subset_size=samples,
                ignored_scope=scopes,
            )
    except (RuntimeError, nncf.ValidationError, nncf.UnsupportedModelError) as error:
        raise ModelError(f"NNCF cannot quantize the network ({last_line(error)})") from error
    if not quantized_layers(done):
        way = "ignore fewer layers" if ignored else "it has no convolution or matrix product: use it as it is"
        raise ModelError(f"NNCF found nothing to quantize in the network; {way}")
    return done


def _target(device: str) -> nncf.TargetDevice:
    import nncf

    family = device.split(".", maxsplit=1)[0].upper()
    return nncf.TargetDevice(family) if family in {"CPU", "GPU", "NPU"} else nncf.TargetDevice.ANY


@contextlib.contextmanager
def _quiet() -> Generator[None]:
    """Keep NNCF's bars off stdout, which belongs to results, and its dependencies' warnings off stderr."""
    bars = sys.stderr if sys.stderr.isatty() else io.StringIO()
    with warnings.catch_warnings(), contextlib.redirect_stdout(bars):
        warnings.simplefilter("ignore")
        yield
