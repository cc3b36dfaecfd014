"""A whole quantization: IR and samples in, an INT8 IR that says how it was made out, or nothing at all."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean

from pydantic import JsonValue

from ..bench import MAIN_METRIC, BenchmarkSettings, Int8Verdict, int8_verdicts, run_benchmark
from ..convert import quantized_layers, write_ir
from ..core import (
    BenchRecord,
    Data,
    InputError,
    Measurement,
    QuantizeRecord,
    Result,
    SampleTable,
    Variant,
    VariantRef,
    add_to_list,
    atomic_directory,
    check_replaceable,
    folder_name,
    with_settings,
)
from ..datasets import Dataset, open_dataset
from ..infer import this_machine
from ..metrics import metrics_for
from .layer_search import LayerSearch, clear, open_state, peak_memory
from .ptq import find_recipe, require_disjoint, require_fit, split
from .quantization_notes import notes_of, search_key
from .quantize_settings import QuantizeSettings
from .source_ir import Accuracy, SourceIr, accuracy_on, open_source, save_int8

__all__ = [
    "BENCH_NAME",
    "QuantizeResult",
    "quantize",
    "quantize_model",
    "record_search",
    "run_quantization",
]

_QUERIES = 3
"""Of each model in each round of the verdict."""

_SYNTHETIC = "synthetic:count=100"

BENCH_NAME = "bench.json"
"""The file beside the INT8 IR with the benchmark that the verdict is read from."""


@dataclass(frozen=True)
class QuantizeResult(Result[QuantizeRecord]):
    """What a quantization wrote.

    Attributes:
        records: one, of its accuracy and of what it took.
        path: of the record.
        variant: the INT8 model.
        ignored: the layers that the search left as they were.
        layers: how many are in 8 bits.
        bench: the benchmark of FP32, FP16 and INT8; None where no verdict was asked for.
        verdict: that is read from it; None there too.
    """

    path: Path
    variant: Variant
    ignored: tuple[str, ...]
    layers: int
    bench: BenchRecord | None = None
    verdict: Int8Verdict | None = None


def run_quantization(model: str | Path, out: str | Path, settings: QuantizeSettings) -> QuantizeResult:
    """Quantize an IR to INT8, calibrated on real samples, with accuracy control; `mattekit quantize` is this.

    Args:
        model: an FP32 or FP16 IR, an entry of the zoo, or a model's folder.
        out: parent of the model's folder.
        settings: how, and how accurate the result must be.

    Returns:
        What was written, and the verdict where one was asked for.

    Raises:
        ParityError: no allowed set of unquantized layers keeps the accuracy.
        MattekitError: as its message says; nothing is left at the final path then.

    Example:
        >>> import mattekit
        >>> done = mattekit.quantize_model("srlite-x2", "models", data="hr=photos", patch=16, limit=2)
        >>> done.variant.precision
        'int8'
    """
    source = open_source(model, settings.given_contract)
    if settings.verdict and source.variant.precision != "fp32":
        raise InputError(
            f"{source.path}: its weights are stored in FP16, so INT8 cannot be compared with FP32; give the FP32 "
            "export, or leave --verdict and --if-worth-it out"
        )
    contract = source.contract
    metric = settings.max_drop.metric if settings.max_drop else MAIN_METRIC[contract.task]
    metrics_for(contract.task, [metric])
    if settings.data is None and contract.task != "segmentation":
        raise InputError("the synthetic set has no images for super-resolution; give --data a folder of images")
    data = open_dataset(settings.data or _SYNTHETIC, scale=contract.output.scale)
    held: Dataset | None = None
    if settings.validation is not None:
        held = open_dataset(settings.validation, scale=contract.output.scale)
    elif settings.max_drop is not None or settings.verdict:
        data, held = split(data)
    if held is not None:
        held = held.take(settings.validation_limit)
    accuracy = accuracy_on(held, metric, settings, source) if held is not None else None
    done = quantize(source.path, out, settings, data, validation=held, accuracy=accuracy)
    if not settings.verdict:
        return done
    bench = _bench(source, done, accuracy, settings)
    path = done.path.with_name(BENCH_NAME)
    bench.write(path)
    add_to_list(path)
    (verdict,) = int8_verdicts(bench)
    return replace(done, bench=bench, verdict=verdict)


quantize_model = with_settings(QuantizeSettings, "quantize_model")(run_quantization)


def quantize(
    ir: str | Path,
    out: str | Path,
    settings: QuantizeSettings,
    calibration: Dataset,
    *,
    validation: Dataset | None = None,
    accuracy: Accuracy | None = None,
) -> QuantizeResult:
    """Write `<out>/<model>/int8/model.{xml,bin}` and `quantize.json`; a named variant's model is `<model>-<name>`.

    The same IR, samples, settings and package versions give the same bytes. The folder appears whole, or not at all.
    With `max_drop`, what an interrupted search found out is kept in `<out>/<model>/.int8-search` and used by the next
    call with the same arguments.

    Args:
        ir: an FP32 or FP16 IR with a contract, as `open_source` takes it.
        out: parent of the model's folder.
        settings: how; their data sets play no part.
        calibration: samples of the model's task, as many of which are used as the settings say.
        validation: samples that are validated on, which must not be calibrated on.
        accuracy: measured on them; needed for `max_drop`, and measured before and after in any case.

    Raises:
        ParityError: no allowed set of unquantized layers keeps the accuracy; nothing is left at the final path.
        InputError: the data do not fit, calibration and validation share an image, or the model's folder holds
            something that is not of a quantization.
        MattekitError: as its message says.
    """
    started = time.monotonic()
    if settings.max_drop is not None and accuracy is None:
        raise InputError("--max-drop needs samples with a truth to measure on; give --data or --validation")
    source = open_source(ir, settings.given_contract)
    for dataset in filter(None, (calibration, validation)):
        require_fit(dataset, source.contract)
    used = calibration.take(settings.limit)
    if validation is not None:
        require_disjoint(used, validation)
    name, recipe = find_recipe(source.provenance.model, settings.recipe)
    notes = notes_of(source, settings, used, name, recipe)
    called = settings.name or source.provenance.name
    folder = Path(out) / folder_name(source.provenance.model, called) / "int8"
    # Said before hours of work, not after them.
    check_replaceable(folder)
    work = folder.with_name(".int8-search")
    state = open_state(work, search_key(notes, recipe, accuracy))
    search = LayerSearch(source, used, settings, recipe, accuracy, state, work)
    ignored = search.run()
    model = search.candidate(ignored)
    notes["ignored"] = list(ignored)
    with atomic_directory(folder) as temporary:
        provenance = source.provenance.model_copy(update={"name": called})
        save_int8(model, temporary / "model.xml", replace(source, provenance=provenance), notes)
        written = Variant(
            source.variant.id, "int8", temporary / "model.xml", source.contract, provenance, provenance.name
        )
        record = record_search(search, notes, ignored, time.monotonic() - started, written.ref())
        record.write(temporary / "quantize.json")
    clear(work)
    variant = replace(written, path=folder / "model.xml")
    return QuantizeResult((record,), folder / "quantize.json", variant, ignored, len(quantized_layers(model)))


def record_search(
    search: LayerSearch, notes: dict[str, JsonValue], ignored: tuple[str, ...], seconds: float, written: VariantRef
) -> QuantizeRecord:
    """Return what a search measured, and what it took.

    Args:
        search: that is done.
        notes: the record's settings.
        ignored: the layers that were left as they were.
        seconds: that all of it took.
        written: what came of it.
    """
    state, accuracy, limit = search.state, search.accuracy, search.settings.max_drop
    how = state.measured.executions if state.measured else ()
    common = Measurement(metric="", value=None, variants=(written,), executions=how)
    spent: tuple[tuple[str, float | None, str], ...] = (
        ("peak_memory", peak_memory(), "B of memory"),
        ("seconds", seconds, "s"),
        ("ignored_layers", len(ignored), ""),
    )
    figures = [common.measured(metric, value, unit, higher_is_better=False) for metric, value, unit in spent]
    table, tried = SampleTable(), dict[str, float]()
    if accuracy is not None and state.measured is not None:
        before, after = state.baseline, state.tried["\n".join(ignored)]
        own = state.measured.model_copy(update={"variants": (written,)})
        source = own.model_copy(update={"variants": (search.source.variant.ref(),), "role": "source"})
        figures += [
            each.model_copy(update={"value": fmean(values)}) for each, values in ((source, before), (own, after))
        ]
        drop = accuracy.drop(before, after)
        figures.append(own.measured(f"{own.metric}_drop", drop, own.unit, higher_is_better=False))
        table = SampleTable(ids=accuracy.ids, values={"source": tuple(before), "int8": tuple(after)})
        tried = {
            names.replace("\n", ", ") or "none": accuracy.drop(before, values) for names, values in state.tried.items()
        }
    return QuantizeRecord(
        machine=this_machine(),
        variants=(written,),
        measurements=tuple(figures),
        settings=notes,
        ignored=ignored,
        noise=tuple(state.noise),
        allowed_drop={limit.metric: limit.limit} if limit else {},
        tried=tried,
        calibration=Data(name=search.used.name, sha256=search.used.content_hash, reference="", count=len(search.used)),
        table=table,
    )


def _bench(
    source: SourceIr, done: QuantizeResult, accuracy: Accuracy | None, settings: QuantizeSettings
) -> BenchRecord:
    """Measure the INT8 IR beside its source and FP16, which is made for the purpose and not kept."""
    with tempfile.TemporaryDirectory() as folder:
        half = Path(folder) / "model.xml"
        write_ir(source.model, half, fp16=True)
        record = run_benchmark(
            (source.path, half, done.variant.path),
            BenchmarkSettings(
                device=(settings.device,),
                arithmetic=(settings.arithmetic,),
                rounds=settings.rounds,
                iterations=settings.rounds * _QUERIES,
            ),
        ).record
        limit = settings.max_drop
        record = record.model_copy(update={"allowed_drop": {limit.metric: limit.limit} if limit else {}})
        if accuracy is None:
            return record
        candidates = {figure.precision: figure.candidate for figure in record.of_metric("latency_p50")}
        found = [
            next(each for each in accuracy.measure(half).measurements if each.is_whole),
            *(each for each in done.record.measurements if each.metric == accuracy.metric.name),
        ]
        return record.with_measurements(
            each.model_copy(update={"candidate": candidates[each.precision], "role": ""}) for each in found
        )
