"""Reading a recipe: TOML, variables, and errors that name the line and the key."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from pydantic import ValidationError

from ..core import InputError, first_mistake, read_toml
from .schema import Recipe, Variable

__all__ = ["read_recipe", "schema_text"]

_REFERENCE = re.compile(r"\$\{([^}]*)\}")
_PATHS = frozenset({"weights", "gates", "out", "data", "validation"})
_HEADER = re.compile(r"^\s*(\[\[?)\s*([A-Za-z0-9_.\-]+)\s*\]\]?")


def read_recipe(path: Path, environment: Mapping[str, str] | None = None) -> Recipe:
    """Read a recipe, with its variables put in.

    Args:
        path: a TOML file.
        environment: that variables are read from, where the recipe says so; the process's own where None.

    Raises:
        InputError: the file cannot be read, or says something impossible; the message names the line and the key.
    """
    text, content = read_toml(path, "give a recipe, a TOML file")
    try:
        # Once as written, so that a wrong key is told before a variable that is not set.
        recipe = Recipe.model_validate(content)
        values = _values(recipe, path, os.environ if environment is None else environment)
        _check_inside(content, path)
        rest = {key: _filled(value, values, path) for key, value in content.items() if key != "variables"}
        return Recipe.model_validate(rest)
    except ValidationError as error:
        line = _line_of(text, error.errors()[0]["loc"])
        raise InputError(f"{path}:{line}: {first_mistake(error, 'the recipe')}") from error


def schema_text() -> str:
    """Return the JSON Schema of recipes, ending in a newline."""
    return json.dumps(Recipe.model_json_schema(by_alias=True), indent=1) + "\n"


def _check_inside(content: object, path: Path, key: str = "") -> None:
    """Refuse a path that leads out of the recipe's folder without a variable that says so."""
    if isinstance(content, dict):
        for name, value in cast("dict[str, Any]", content).items():
            _check_inside(value, path, name)
    elif isinstance(content, list):
        for value in cast("list[Any]", content):
            _check_inside(value, path, key)
    elif isinstance(content, str) and key in _PATHS and "${" not in content:
        for part in re.split("[:=,]", content):
            if part.startswith(("/", "\\", "~")) or ".." in Path(part.replace("\\", "/")).parts:
                raise InputError(
                    f"{path}: {key} = {content!r} leads out of the recipe's folder; declare the place under "
                    "[variables] and write ${NAME}"
                )


def _values(recipe: Recipe, path: Path, environment: Mapping[str, str]) -> dict[str, str]:
    values: dict[str, str] = {}
    for name, variable in recipe.variables.items():
        declared = Variable(default=variable) if isinstance(variable, str) else variable
        value = environment.get(declared.env, declared.default) if declared.env else declared.default
        if value is None:
            raise InputError(
                f"{path}: the variable {name} has no value; set the environment variable {declared.env}, or give it a "
                "default"
            )
        values[name] = value
    return values


def _filled(value: object, values: Mapping[str, str], path: Path) -> object:
    if isinstance(value, str):

        def put_in(found: re.Match[str]) -> str:
            if found[1] not in values:
                known = ", ".join(values) or "none"
                raise InputError(f"{path}: ${{{found[1]}}} is not declared under [variables]; declared: {known}")
            return values[found[1]]

        return _REFERENCE.sub(put_in, value)
    if isinstance(value, list):
        return [_filled(item, values, path) for item in cast("list[Any]", value)]
    if isinstance(value, dict):
        return {key: _filled(item, values, path) for key, item in cast("dict[str, Any]", value).items()}
    return value


def _line_of(text: str, location: tuple[int | str, ...]) -> int:
    """Return the line, from 1, of the table or key that pydantic's location names; the nearest one that there is."""
    names = [part for part in location if isinstance(part, str)]
    numbers = [part for part in location if isinstance(part, int)]
    table: tuple[str, ...] = ()
    counts: dict[tuple[str, ...], int] = {}
    best, depth = 1, 0
    for number, line in enumerate(text.splitlines(), start=1):
        header = _HEADER.match(line)
        if header:
            table = tuple(header[2].split("."))
            if header[1] == "[[":
                counts[table] = counts.get(table, -1) + 1
            found = table
        else:
            key = re.match(r"\s*([A-Za-z0-9_\-]+)\s*=", line)
            if not key:
                continue
            found = (*table, key[1])
        entry = counts.get(table[:1], 0)
        wanted = tuple(names[: len(found)])
        if found == wanted and len(found) > depth and (not numbers or table[:1] not in counts or entry == numbers[0]):
            best, depth = number, len(found)
    return best
