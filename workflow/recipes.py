"""Recipes: what one may say, and how it is read, with errors that name the line and the key."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ..core import Arithmetic, InputError, first_mistake, folder_name, read_toml
from ..package import PackageFormat

__all__ = ["BuildRecipe", "ModelRecipe", "check_paths", "read_recipe", "schema_text"]

_REFERENCE = re.compile(r"\$\{([^}]*)\}")
_PATHS = frozenset({"weights", "contract", "gates", "baseline", "out", "data", "validation", "ignore_scope"})
_HEADER = re.compile(r"^\s*(\[\[?)\s*([A-Za-z0-9_.\-]+)\s*\]\]?")

_Text = Annotated[str, Field(min_length=1)]
_Count = Annotated[int, Field(ge=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Variable(_Strict):
    """A word that stands for a value: `${NAME}` in the recipe's texts. A path in it may lead anywhere.

    Attributes:
        env: read from this environment variable, and from no other.
        default: where it is not set.
    """

    env: _Text | None = None
    default: str | None = None

    @model_validator(mode="after")
    def _has_a_source(self) -> Self:
        if self.env is None and self.default is None:
            raise ValueError("a variable needs env, default or both")
        return self


class ParityOptions(_Strict):
    """Compare every stage with the one before, on real images."""

    data: _Text = "synthetic"
    limit: _Count = 8
    arithmetic: Arithmetic = "f32"


class QuantizeOptions(_Strict):
    """Quantize to INT8; as the options of `mattekit quantize`.

    Attributes:
        ignore_scope: file of layers that stay as they are, one name a line.
    """

    data: _Text | None = None
    validation: _Text | None = None
    limit: _Count = 300
    validation_limit: _Count = 60
    preset: Literal["mixed", "performance"] | None = None
    max_drop: _Text | None = None
    against: Literal["truth", "source"] = "truth"
    ignore_scope: _Text | None = None
    arithmetic: Arithmetic = "f32"
    verdict: bool = False


class ValidateOptions(_Strict):
    """Measure accuracy against the truth."""

    data: _Text
    metrics: tuple[_Text, ...] = ()
    limit: _Count | None = None
    arithmetic: Arithmetic = "f32"


class BenchOptions(_Strict):
    """Measure latency; as the options of `mattekit bench`."""

    devices: Annotated[tuple[_Text, ...], Field(min_length=1)] = ("CPU",)
    arithmetics: Annotated[tuple[Arithmetic, ...], Field(min_length=1)] = ("f32",)
    iterations: _Count = 50
    rounds: _Count = 12


class PackageOptions(_Strict):
    """Make deployable folders."""

    format: PackageFormat = "folder"
    colour_order: Literal["RGB", "BGR"] | None = None


class ModelRecipe(_Strict):
    """One model of the zoo or one of one's own, and what is made and measured of it.

    Attributes:
        weights: a checkpoint, the zoo's own where it is left out; or one's own network, an .onnx or .xml file, whose id
            is free.
        denoise: how strongly to denoise, 0 to 1, where the zoo has a partner to mix the weights with.
        contract: what surrounds one's own network, where neither the file nor one beside it says so.
        name: of the variants, which tells them from others of the same id, such as other fine-tunes.
        gates: a TOML file of gates, judged on the records of the validation and the benchmark.
        baseline: a record of an earlier run, or a folder of them, that the gates compare with, beside FP32 of this run.
    """

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")]
    weights: _Text | None = None
    denoise: Annotated[float, Field(ge=0, le=1)] | None = None
    contract: _Text | None = None
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")] | None = None
    precisions: Annotated[tuple[Literal["fp32", "fp16", "int8"], ...], Field(min_length=1)] = ("fp32",)
    parity: ParityOptions | None = None
    quantize: QuantizeOptions | None = None
    validation: Annotated[ValidateOptions | None, Field(alias="validate")] = None
    bench: BenchOptions | None = None
    gates: _Text | None = None
    baseline: _Text | None = None
    package: PackageOptions | None = None

    @property
    def key(self) -> str:
        """Return what its folders and records are called by: its id, with the name where it has one."""
        return folder_name(self.id, self.name or "")

    @model_validator(mode="after")
    def _steps_fit(self) -> Self:
        if self.contract and not self.weights:
            raise ValueError("contract describes a network of one's own: add weights, its .onnx or .xml file")
        if self.quantize and "int8" not in self.precisions:
            raise ValueError("quantize makes int8, which is not among the precisions")
        if self.gates and not (self.validation or self.bench):
            raise ValueError("gates need figures: add validate or bench")
        if self.baseline and not self.gates:
            raise ValueError("a baseline is for gates: add gates, a TOML file of them")
        return self


class ReportOptions(_Strict):
    """One report of everything."""

    formats: Annotated[tuple[Literal["html", "md", "csv", "json", "xlsx"], ...], Field(min_length=1)] = ("html", "md")
    title: _Text = "Report"


class BuildRecipe(_Strict):
    """A recipe.

    Attributes:
        out: folder of all results, inside the recipe's own.
        require_commercial: refuse weights whose licence does not allow commercial use.
    """

    version: Literal[1] = 1
    name: _Text
    out: _Text = "out"
    require_commercial: bool = False
    variables: dict[Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")], Variable | str] = Field(default_factory=dict)
    model: Annotated[tuple[ModelRecipe, ...], Field(min_length=1)]
    report: ReportOptions | None = None

    @model_validator(mode="after")
    def _models_differ(self) -> Self:
        keys = [model.key for model in self.model]
        if len(set(keys)) != len(keys):
            raise ValueError("a model is there twice; give each id once, or give each a name of its own")
        return self


def read_recipe(path: Path, environment: Mapping[str, str] | None = None) -> BuildRecipe:
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
        recipe = BuildRecipe.model_validate(content)
        values = _values(recipe, path, os.environ if environment is None else environment)
        _check_inside(content, path)
        rest = {key: _filled(value, values, path) for key, value in content.items() if key != "variables"}
        return BuildRecipe.model_validate(rest)
    except ValidationError as error:
        line = _line_of(text, error.errors()[0]["loc"])
        raise InputError(f"{path}:{line}: {first_mistake(error, 'the recipe')}") from error


def check_paths(recipe: BuildRecipe, path: Path) -> None:
    """Make sure that the results stay in the recipe's folder, and that the files it names are there.

    Raises:
        InputError: it is not so.
    """
    folder = (path.parent / recipe.out).resolve()
    if not folder.is_relative_to(path.parent.resolve()) or folder == path.parent.resolve():
        raise InputError(f"{path}: out = {recipe.out!r} is not a folder inside the recipe's; name one there, or use -o")
    for model in recipe.model:
        for key, text in (("weights", model.weights), ("contract", model.contract), ("gates", model.gates)):
            if text and not (path.parent / text).is_file():
                raise InputError(
                    f"{path}: {model.id}: {key}: there is no file {text}; paths are relative to the recipe"
                )
        if model.baseline and not (path.parent / model.baseline).exists():
            raise InputError(
                f"{path}: {model.id}: baseline: there is no {model.baseline}; give a record, or a folder of them"
            )


def schema_text() -> str:
    """Return the JSON Schema of recipes, ending in a newline."""
    return json.dumps(BuildRecipe.model_json_schema(by_alias=True), indent=1) + "\n"


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


def _values(recipe: BuildRecipe, path: Path, environment: Mapping[str, str]) -> dict[str, str]:
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
