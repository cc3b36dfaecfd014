"""A recipe as stages."""

from __future__ import annotations

from pathlib import Path

from ..convert import spec_for
from .schema import ModelRecipe, Recipe
from .stage import Stage

__all__ = ["plan_stages"]


def plan_stages(recipe: Recipe, out: Path) -> list[Stage]:
    """Return the stages of a recipe, each after those that it needs.

    Paths of the recipe stay as they are, relative to the recipe's folder; the results' are below `out`.

    Raises:
        ModelError: a model is not in the zoo.
    """
    stages: list[Stage] = []
    for model in recipe.model:
        stages += _Chain(model, out, commercial=recipe.require_commercial).stages()
    if recipe.report:
        stages.append(_report(recipe, out, stages))
    return stages


class _Chain:
    """The stages of one model."""

    def __init__(self, model: ModelRecipe, out: Path, *, commercial: bool) -> None:
        self.model = model
        self.spec = spec_for(model.id, Path(model.weights) if model.weights else None)
        self.scale = self.spec.scale
        self.home = out / "models" / model.key
        self.out = out
        self.commercial = commercial
        self.made: list[str] = []

    def stages(self) -> list[Stage]:
        """Return them in an order in which they can run."""
        wanted = self.model.precisions
        stages = [
            self._export(precision) for precision in ("fp32", "fp16") if precision in wanted or precision == "fp32"
        ]
        if "int8" in wanted:
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

    def _export(self, precision: str) -> Stage:
        weights = ("--weights", self.model.weights) if self.model.weights else ()
        named = ("--name", self.model.name) if self.model.name else ()
        return Stage(
            name=self._name(f"export-{precision}"),
            command=(
                "export",
                self.model.id,
                *weights,
                *named,
                "--precision",
                precision,
                "-o",
                str(self.out / "models"),
            ),
            files=(Path(self.model.weights),) if self.model.weights else (),
            outputs=(*self._ir(precision), self.home / precision / "model.onnx", self.home / precision / "export.json"),
            facts={"weights": self.spec.weights.sha256 or ""},
        )

    def _quantize(self) -> Stage:
        asked = self.model.quantize
        words: list[str] = []
        datasets: list[tuple[str, int]] = []
        if asked:
            words += ["--limit", str(asked.limit), "--validation-limit", str(asked.validation_limit)]
            words += ["--against", asked.against, "--arithmetic", asked.arithmetic]
            words += [word for option, value in self._options() for word in (option, value)]
            words += ["--verdict"] if asked.verdict else []
            datasets = [(text, self.scale) for text in (asked.data, asked.validation) if text]
        return Stage(
            name=self._name("quantize"),
            command=("quantize", str(self.home / "fp32"), *words, "-o", str(self.out / "models")),
            files=self._ir("fp32"),
            datasets=tuple(datasets),
            outputs=(self.home / "int8",),
            after=(self._name("export-fp32"),),
            alone=bool(asked and asked.verdict),
        )

    def _options(self) -> list[tuple[str, str]]:
        asked = self.model.quantize
        if asked is None:
            return []
        pairs = [
            ("--data", asked.data),
            ("--validation", asked.validation),
            ("--preset", asked.preset),
            ("--max-drop", asked.max_drop),
        ]
        return [(option, value) for option, value in pairs if value]

    def _parity(self) -> Stage | None:
        asked = self.model.parity
        if asked is None:
            return None
        first = []
        if self.spec.source == "torch":
            first = [f"torch:{self.model.id}" + (f"@{self.model.weights}" if self.model.weights else "")]
        record = self.out / "records" / f"{self.model.key}-parity.json"
        return Stage(
            name=self._name("parity"),
            command=(
                *("parity", *first, str(self.home)),
                *("--data", asked.data, "--limit", str(asked.limit), "--arithmetic", asked.arithmetic),
                *("--record", str(record)),
            ),
            files=self._irs(),
            datasets=((asked.data, self.scale),),
            outputs=(record,),
            after=tuple(self.made),
            verdict=True,
        )

    def _validate(self) -> Stage | None:
        asked = self.model.validation
        if asked is None:
            return None
        words = ["--metrics", ",".join(asked.metrics)] if asked.metrics else []
        words += ["--limit", str(asked.limit)] if asked.limit else []
        words += ["--arithmetic", asked.arithmetic]
        folder = self.out / "validation" / self.model.key
        return Stage(
            name=self._name("validate"),
            command=(
                *("validate", *(str(self.home / precision) for precision in self.model.precisions)),
                *("--data", asked.data, *words, "-o", str(folder), "--replace"),
            ),
            files=self._irs(),
            datasets=((asked.data, self.scale),),
            outputs=(folder,),
            after=tuple(self.made),
        )

    def _bench(self) -> Stage | None:
        asked = self.model.bench
        if asked is None:
            return None
        record = self.out / "records" / f"{self.model.key}-bench.json"
        return Stage(
            name=self._name("bench"),
            command=(
                *("bench", *(str(self.home / precision) for precision in self.model.precisions)),
                *("--device", ",".join(asked.devices), "--arithmetic", ",".join(asked.arithmetics)),
                *("--iterations", str(asked.iterations)),
                *("--rounds", str(asked.rounds), "--record", str(record)),
            ),
            files=self._irs(),
            outputs=(record,),
            after=tuple(self.made),
            alone=True,
        )

    def _gate(self, before: list[Stage]) -> Stage:
        measured = [stage for stage in before if stage.name.split()[0] in {"validate", "bench"}]
        records = [str(path / "*.json") if not path.suffix else str(path) for s in measured for path in s.outputs]
        folder, gates = self.out / "records", str(self.model.gates)
        baseline = ["--baseline", str(self.out / "validation" / self.model.key / "*fp32*.json")]
        return Stage(
            name=self._name("gate"),
            command=(
                *("gate", *records, "--gate", gates, *(baseline if self.model.validation else ())),
                *("--json", str(folder / f"{self.model.key}-gate.json")),
                *("--markdown", str(folder / f"{self.model.key}-gate.md")),
                *("--junit", str(folder / f"{self.model.key}-gate.xml")),
            ),
            files=(Path(gates), *(path for stage in measured for path in stage.outputs)),
            outputs=tuple(folder / f"{self.model.key}-gate.{suffix}" for suffix in ("json", "md", "xml")),
            after=tuple(stage.name for stage in measured),
            verdict=True,
        )

    def _package(self, precision: str) -> Stage:
        asked = self.model.package
        kind = asked.format if asked else "openvino"
        target = self.out / "packages" / (f"{self.model.key}-{precision}" + (".zip" if kind == "zip" else ""))
        return Stage(
            name=self._name(f"package-{precision}"),
            command=(
                *("package", str(self.home / precision), "--format", kind),
                *("--colour-order", asked.colour_order if asked else "RGB"),
                *(("--require-commercial",) if self.commercial else ()),
                # A recipe's folder holds what the recipe makes: the same version again, whatever it was before.
                *(("--model-version", "1") if kind == "ovms" else ()),
                *("-o", str(target)),
            ),
            files=self._ir(precision),
            outputs=(target,),
            after=tuple(self.made),
        )


def _report(recipe: Recipe, out: Path, stages: list[Stage]) -> Stage:
    asked = recipe.report
    formats, title = (asked.formats, asked.title) if asked else ((), "")
    kinds = {"export-fp32": "export.json", "export-fp16": "export.json", "quantize": "*.json", "validate": "*.json"}
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
    return Stage(
        name="report",
        command=("report", *records, *(word for path in targets for word in ("-o", str(path))), "--title", title),
        files=tuple(sources),
        # Markdown has its plots in files beside it.
        outputs=(*targets, *((out / "report-files",) if "md" in formats else ())),
        after=tuple(stage.name for stage in stages),
    )
