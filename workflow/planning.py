"""A recipe as stages."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from ..convert import ExportSettings, own_model, require_mixable, spec_for, zoo
from ..core import InputError, ModelError, Precision, flag_of
from .build_result import BuildStage, StageData
from .recipes import BuildRecipe, ModelRecipe, PackageOptions

__all__ = ["plan_stages"]


def plan_stages(recipe: BuildRecipe, out: Path) -> list[BuildStage]:
    """Return the stages of a recipe, each after those that it needs.

    Paths of the recipe stay as they are, relative to the recipe's folder; the results' are below `out`.

    Raises:
        ModelError: a model is not in the zoo.
        InputError: a precision is asked of a network whose weights are stored in a narrower one.
    """
    stages: list[BuildStage] = []
    for model in recipe.model:
        stages += _Chain(model, out, commercial=recipe.require_commercial).stages()
    if recipe.report:
        stages.append(_report(recipe, out, stages))
    return stages


_PRECISIONS: tuple[Precision, ...] = ("fp32", "fp16", "int8")
"""From the widest to the narrowest."""


class _Chain:
    """The stages of one model."""

    def __init__(self, model: ModelRecipe, out: Path, *, commercial: bool) -> None:
        self.model = model
        if model.denoise is not None:
            require_mixable(model.id, model.denoise, own=model.weights is not None)
        try:
            own = own_model(model.id, ExportSettings(weights=model.weights, contract=model.contract))
        except ModelError:
            # A file that cannot be read is told by the stage that needs it.
            own = None
        self.spec = own.spec if own else spec_for(model.id, Path(model.weights) if model.weights else None)
        self.scale = self.spec.scale
        self.stored: Precision = own.stored if own else "fp32"
        self.home = out / "models" / model.key
        self.out = out
        self.commercial = commercial
        self.made: list[str] = []

    def stages(self) -> list[BuildStage]:
        """Return them in an order in which they can run."""
        wanted = self.model.precisions
        possible = _PRECISIONS[_PRECISIONS.index(self.stored) :]
        if not set(wanted) <= set(possible):
            raise InputError(
                f"{self.model.weights}: its weights are stored in {self.stored} already, and stay so; give precisions "
                f"among {', '.join(possible)}"
            )
        stages = [
            self._export(precision)
            for precision in possible
            if precision == self.stored or (precision == "fp16" and precision in wanted)
        ]
        if "int8" in wanted and self.stored != "int8":
            stages.append(self._quantize())
        self.made = [stage.name for stage in stages]
        stages += [stage for stage in (self._parity(), self._validate(), self._bench()) if stage]
        if self.model.gates:
            stages.append(self._gate(stages))
        if self.model.package:
            stages += [self._package(precision) for precision in wanted]
        return stages

    def _ir(self, precision: str) -> tuple[Path, Path]:
        return self.home / precision / "model.xml", self.home / precision / "model.bin"

    def _irs(self) -> tuple[Path, ...]:
        return tuple(file for precision in self.model.precisions for file in self._ir(precision))

    def _name(self, step: str) -> str:
        return f"{step} {self.model.key}"

    def _data(self, key: str, text: str) -> StageData:
        return StageData(f"{self.model.key} {key}", text, self.scale)

    def _export(self, precision: str) -> BuildStage:
        model = self.model
        options = _options(
            weights=model.weights,
            denoise=model.denoise,
            contract=model.contract,
            name=model.name,
            precision=None if precision == "int8" else precision,
        )
        files = tuple(Path(file) for file in (model.weights, model.contract) if file)
        # Of an IR there is no ONNX file.
        onnx = () if self.spec.source == "openvino" else (self.home / precision / "model.onnx",)
        return BuildStage(
            name=self._name(f"export-{precision}"),
            command=("export", model.id, *options, "-o", str(self.out / "models")),
            files=files,
            outputs=(*self._ir(precision), *onnx, self.home / precision / "export.json"),
            facts={"weights": " ".join(self._hashes())},
        )

    def _hashes(self) -> list[str]:
        """Return those that are published of the weights, of what they are mixed with too."""
        partner = [zoo.get(self.spec.undenoised)] if self.model.denoise is not None else []
        return [spec.weights.sha256 or "" for spec in (self.spec, *partner)]

    def _quantize(self) -> BuildStage:
        asked = self.model.quantize
        options = _options(**asked.model_dump()) if asked else ()
        datasets = {"data": asked.data, "validation": asked.validation} if asked else {}
        return BuildStage(
            name=self._name("quantize"),
            command=("quantize", str(self.home / self.stored), *options, "-o", str(self.out / "models")),
            files=(*self._ir(self.stored), *([Path(asked.ignore_scope)] if asked and asked.ignore_scope else [])),
            datasets=tuple(self._data(f"quantize {key}", text) for key, text in datasets.items() if text),
            outputs=(self.home / "int8",),
            after=(self._name(f"export-{self.stored}"),),
            alone=bool(asked and asked.verdict),
        )

    def _parity(self) -> BuildStage | None:
        asked = self.model.parity
        if asked is None:
            return None
        checkpoint = f"@{self.model.weights}" if self.model.weights else ""
        first = (f"torch:{self.model.id}{checkpoint}",) if self.spec.source == "torch" else ()
        record = self.out / "records" / f"{self.model.key}-parity.json"
        options = _options(**asked.model_dump(), record=record)
        return self._of_irs("parity", (*first, str(self.home), *options), record, asked.data, verdict=True)

    def _validate(self) -> BuildStage | None:
        asked = self.model.validation
        if asked is None:
            return None
        folder = self.out / "validation" / self.model.key
        options = (*_options(**asked.model_dump()), "-o", str(folder), "--replace")
        return self._of_irs("validate", (*self._folders(), *options), folder, asked.data)

    def _bench(self) -> BuildStage | None:
        asked = self.model.bench
        if asked is None:
            return None
        record = self.out / "records" / f"{self.model.key}-bench.json"
        options = _options(
            device=asked.devices,
            arithmetic=asked.arithmetics,
            iterations=asked.iterations,
            rounds=asked.rounds,
            record=record,
        )
        return self._of_irs("bench", (*self._folders(), *options), record, alone=True)

    def _folders(self) -> tuple[str, ...]:
        return tuple(str(self.home / precision) for precision in self.model.precisions)

    def _of_irs(
        self,
        step: str,
        words: tuple[str, ...],
        output: Path,
        data: str | None = None,
        *,
        alone: bool = False,
        verdict: bool = False,
    ) -> BuildStage:
        """A stage that measures the model's IRs, all of them."""
        return BuildStage(
            name=self._name(step),
            command=(step, *words),
            files=self._irs(),
            datasets=(self._data(f"{step} data", data),) if data else (),
            outputs=(output,),
            after=tuple(self.made),
            alone=alone,
            verdict=verdict,
        )

    def _gate(self, before: list[BuildStage]) -> BuildStage:
        measured = [stage for stage in before if stage.name.split()[0] in {"validate", "bench"}]
        records = [str(path / "*.json") if not path.suffix else str(path) for s in measured for path in s.outputs]
        gates = Path(str(self.model.gates))
        written = {
            kind: self.out / "records" / f"{self.model.key}-gate.{suffix}"
            for kind, suffix in (("json", "json"), ("markdown", "md"), ("junit", "xml"))
        }
        stored = f"*{self.stored}*.json"
        own = self.out / "validation" / self.model.key / stored if self.model.validation else None
        given = Path(self.model.baseline) if self.model.baseline else None
        beside = [word for path in (given, own) if path for word in _options(baseline=path)]
        return BuildStage(
            name=self._name("gate"),
            command=("gate", *records, *_options(gate=gates, **written), *beside),
            files=(gates, *([given] if given else []), *(path for stage in measured for path in stage.outputs)),
            outputs=tuple(written.values()),
            after=tuple(stage.name for stage in measured),
            verdict=True,
        )

    def _package(self, precision: str) -> BuildStage:
        asked = self.model.package or PackageOptions()
        target = self.out / "packages" / (f"{self.model.key}-{precision}" + (".zip" if asked.format == "zip" else ""))
        options = _options(
            **asked.model_dump(),
            require_commercial=self.commercial,
            # A recipe's folder holds what the recipe makes: the same version again, whatever it was before.
            model_version=1 if asked.format in {"ovms", "triton"} else None,
        )
        return BuildStage(
            name=self._name(f"package-{precision}"),
            command=("package", str(self.home / precision), *options, "-o", str(target)),
            files=self._ir(precision),
            outputs=(target,),
            after=tuple(self.made),
        )


def _options(**given: object) -> tuple[str, ...]:
    """Return options as they are typed, by the names of their settings; nothing of one that is None, off or empty."""
    words: list[str] = []
    for name, value in given.items():
        if value is True:
            words.append(flag_of(name))
        elif value is not None and value is not False and value != ():
            several = cast("tuple[object, ...]", value) if isinstance(value, tuple) else (value,)
            words += [flag_of(name), ",".join(str(one) for one in several)]
    return tuple(words)


def _report(recipe: BuildRecipe, out: Path, stages: list[BuildStage]) -> BuildStage:
    asked = recipe.report
    formats, title = (asked.formats, asked.title) if asked else ((), "")
    kinds = {"quantize": "*.json", "validate": "*.json"} | {f"export-{each}": "export.json" for each in _PRECISIONS}
    records: list[str] = []
    sources: list[Path] = []
    for stage in stages:
        step = stage.name.split()[0]
        if step in {"parity", "bench", "gate"}:
            found = [path for path in stage.outputs if path.suffix == ".json"]
        elif step in kinds:
            folder = stage.outputs[-1] if step in {"quantize", "validate"} else stage.outputs[-1].parent
            found = [folder / kinds[step]]
        else:
            continue
        records += [str(path) for path in found]
        sources += [path if "*" not in path.name else path.parent for path in found]
    targets = [out / f"report.{suffix}" for suffix in formats]
    return BuildStage(
        name="report",
        command=("report", *records, *(word for path in targets for word in ("-o", str(path))), "--title", title),
        files=tuple(sources),
        # Markdown has its plots in files beside it.
        outputs=(*targets, *((out / "report-files",) if "md" in formats else ())),
        after=tuple(stage.name for stage in stages),
        always=True,
    )
