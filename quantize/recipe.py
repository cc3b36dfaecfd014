"""Recipes: what is known about quantizing a family of models, one TOML file each in `recipes/`."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..core import InputError, first_mistake, read_toml
from .settings import Preset

__all__ = ["Recipe", "find_recipe", "read_recipe"]

_FOLDER = Path(__file__).parent / "recipes"


class Recipe(BaseModel):
    """How a family is quantized unless the user says otherwise.

    models: zoo ids, with `*` and `?`. ignore: regular expressions for the names of layers that stay unquantized; each
    must match from the name's start. ignore_types: kinds of nodes that do, by OpenVINO's names, such as `Add`. patch:
    side of a calibration patch in pixels. why: what the recipe rests on.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    models: tuple[str, ...] = ()
    preset: Preset = "mixed"
    ignore: tuple[str, ...] = ()
    ignore_types: tuple[str, ...] = ()
    patch: Annotated[int, Field(ge=16)] = 128
    why: str = ""


def read_recipe(path: Path) -> Recipe:
    """Read a recipe.

    Raises:
        InputError: the file cannot be read, or is no recipe.
    """
    _, content = read_toml(path, "give a TOML file, or --recipe none")
    try:
        recipe = Recipe.model_validate(content)
        for pattern in recipe.ignore:
            re.compile(pattern)
    except re.error as error:
        raise InputError(f"{path}: not a recipe ({error}); see quantize/recipes/ for examples") from error
    except ValidationError as error:
        raise InputError(f"{path}: not a recipe ({first_mistake(error, 'file')})") from error
    return recipe


def find_recipe(model: str, asked: str | None) -> tuple[str, Recipe]:
    """Return the recipe's name and content: the one asked for, or that of the model's family.

    A model without a family gets the empty recipe, called `none`.

    Raises:
        InputError: the file asked for is not a recipe.
    """
    if asked == "none":
        return "none", Recipe()
    if asked is not None:
        return Path(asked).name, read_recipe(Path(asked))
    for path in sorted(_FOLDER.glob("*.toml")):
        recipe = read_recipe(path)
        if any(fnmatchcase(model, pattern) for pattern in recipe.models):
            return path.stem, recipe
    return "none", Recipe()
