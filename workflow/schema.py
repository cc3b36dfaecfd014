"""What a recipe may say: the models of it."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ..core import Arithmetic, folder_name

__all__ = [
    "BenchStep",
    "ModelRecipe",
    "PackageStep",
    "ParityStep",
    "QuantizeStep",
    "Recipe",
    "ReportStep",
    "ValidateStep",
    "Variable",
]

_Words = Annotated[str, Field(min_length=1)]
_Count = Annotated[int, Field(ge=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Variable(_Strict):
    """A word that stands for a value: `${NAME}` in the recipe's texts. A path in it may lead anywhere.

    env: read from this environment variable, and from no other. default: where it is not set.
    """

    env: _Words | None = None
    default: str | None = None

    @model_validator(mode="after")
    def _has_a_source(self) -> Self:
        if self.env is None and self.default is None:
            raise ValueError("a variable needs env, default or both")
        return self


class ParityStep(_Strict):
    """Compare every stage with the one before, on real images."""

    data: _Words = "synthetic"
    limit: _Count = 8
    arithmetic: Arithmetic = "f32"


class QuantizeStep(_Strict):
    """Quantize to INT8; as the options of `mattekit quantize`."""

    data: _Words | None = None
    validation: _Words | None = None
    limit: _Count = 300
    validation_limit: _Count = 60
    preset: Literal["mixed", "performance"] | None = None
    max_drop: _Words | None = None
    against: Literal["truth", "source"] = "truth"
    arithmetic: Arithmetic = "f32"
    verdict: bool = False


class ValidateStep(_Strict):
    """Measure accuracy against the truth."""

    data: _Words
    metrics: tuple[_Words, ...] = ()
    limit: _Count | None = None
    arithmetic: Arithmetic = "f32"


class BenchStep(_Strict):
    """Measure latency; as the options of `mattekit bench`."""

    devices: Annotated[tuple[_Words, ...], Field(min_length=1)] = ("CPU",)
    arithmetics: Annotated[tuple[Arithmetic, ...], Field(min_length=1)] = ("f32",)
    iterations: _Count = 50
    rounds: _Count = 12


class PackageStep(_Strict):
    """Make deployable folders."""

    format: Literal["openvino", "ovms", "zip"] = "openvino"
    colour_order: Literal["RGB", "BGR"] = "RGB"


class ModelRecipe(_Strict):
    """One model of the zoo, and what is made and measured of it.

    weights: a checkpoint; the zoo's own where it is left out. name: of the variants, which tells them from others of
    the same id, such as other fine-tunes. gates: a TOML file of gates, judged on the records of
    the validation and the benchmark.
    """

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")]
    weights: _Words | None = None
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")] | None = None
    precisions: Annotated[tuple[Literal["fp32", "fp16", "int8"], ...], Field(min_length=1)] = ("fp32",)
    parity: ParityStep | None = None
    quantize: QuantizeStep | None = None
    validation: Annotated[ValidateStep | None, Field(alias="validate")] = None
    bench: BenchStep | None = None
    gates: _Words | None = None
    package: PackageStep | None = None

    @property
    def key(self) -> str:
        """Return what its folders and records are called by: its id, with the name where it has one."""
        return folder_name(self.id, self.name or "")

    @model_validator(mode="after")
    def _steps_fit(self) -> Self:
        if self.quantize and "int8" not in self.precisions:
            raise ValueError("quantize makes int8, which is not among the precisions")
        if self.gates and not (self.validation or self.bench):
            raise ValueError("gates need figures: add validate or bench")
        return self


class ReportStep(_Strict):
    """One report of everything."""

    formats: Annotated[tuple[Literal["html", "md", "csv", "json", "xlsx"], ...], Field(min_length=1)] = ("html", "md")
    title: _Words = "Report"


class Recipe(_Strict):
    """A recipe.

    out: folder of all results, inside the recipe's own. require_commercial: refuse weights whose licence does not
    allow commercial use.
    """

    version: Literal[1] = 1
    name: _Words
    out: _Words = "out"
    require_commercial: bool = False
    variables: dict[Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")], Variable | str] = Field(default_factory=dict)
    model: Annotated[tuple[ModelRecipe, ...], Field(min_length=1)]
    report: ReportStep | None = None

    @model_validator(mode="after")
    def _models_differ(self) -> Self:
        keys = [model.key for model in self.model]
        if len(set(keys)) != len(keys):
            raise ValueError("a model is there twice; give each id once, or give each a name of its own")
        return self
