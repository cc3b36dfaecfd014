"""What may be compared: one rule for gates, trends and reports, held against every kind of record."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, cast

import pytest
import records as built
from hypothesis import given, settings, strategies as st
from mattekit.bench import Gate, judge
from mattekit.core import (
    CompareRecord,
    ExportRecord,
    Failure,
    GateRecord,
    InputError,
    LayerTime,
    Machine,
    Measurement,
    Mismatch,
    OutputCheck,
    PackageCheck,
    ParityRecord,
    ParityStep,
    PeerRecord,
    QuantizeRecord,
    Record,
    SampleTable,
    Verdict,
    VerifyRecord,
    VideoRecord,
    comparable,
    differences,
    load_records,
    read_record,
    thing,
)

TIMES = "\N{MULTIPLICATION SIGN}"


class Conditions(NamedTuple):
    """All that a figure may depend on, whatever measures it."""

    machine: str = "a processor"
    arithmetic: str = "f32"
    data: str = "d" * 64
    weights: str = "w" * 64
    size: int = 320
    hint: str = "latency"


def _validate(given_: Conditions, value: float = 0.5) -> Record:
    return built.validate_record(
        {"iou": [value] * 12, "mae": [value / 2] * 12},
        of=built.variant(weights=given_.weights),
        ran=built.execution(arithmetic=given_.arithmetic, size=(given_.size, given_.size), hint=given_.hint),
        on=built.data(sha256=given_.data),
        tags={"kind": ["hair", "car", None] * 4},
        at=built.machine(given_.machine),
    )


def _bench(given_: Conditions, value: float = 0.5) -> Record:
    """A benchmark in two precisions, with the accuracy of each of them and its file's size."""
    how = built.execution(arithmetic=given_.arithmetic, size=(given_.size, given_.size), hint=given_.hint)
    extra = [
        built.measurement(
            metric,
            of_precision,
            unit,
            higher_is_better=metric == "iou",
            variants=(built.variant(precision=precision, weights=given_.weights),),
            executions=(how,),
            data=built.data(sha256=given_.data) if metric == "iou" else None,
            candidate=f"m {precision}",
        )
        for number, precision in enumerate(("fp32", "int8"))
        for metric, of_precision, unit in (("iou", value + number, ""), ("size", 1e6 / (number + 1) + value, "B"))
    ]
    return built.bench_record(
        {"fp32": [10 * value] * 40, "int8": [4 * value] * 40},
        weights=given_.weights,
        ran=how,
        extra=extra,
        at=built.machine(given_.machine),
    )


def _run(given_: Conditions, value: float = 0.5) -> Record:
    return built.run_record(
        {"infer": [value] * 12, "encode": [value / 5] * 12},
        of=built.variant(weights=given_.weights),
        ran=built.execution(arithmetic=given_.arithmetic, size=(given_.size, given_.size), hint=given_.hint),
        on=built.data(sha256=given_.data),
        at=built.machine(given_.machine),
    )


class Quantity(NamedTuple):
    """A figure of a kind of record, and what it depends on."""

    make: Callable[[Conditions], Record]
    gate: dict[str, Any]
    depends: frozenset[str]


_ALWAYS = frozenset({"arithmetic", "weights", "size"})

QUANTITIES = {
    "accuracy": Quantity(_validate, {"metric": "iou"}, _ALWAYS | {"data"}),
    "accuracy of a slice": Quantity(_validate, {"metric": "mae", "slice": "kind=hair"}, _ALWAYS | {"data"}),
    "latency of a benchmark": Quantity(
        _bench, {"metric": "latency_p50", "precision": "fp32"}, _ALWAYS | {"machine", "hint"}
    ),
    "size of a file": Quantity(_bench, {"metric": "size", "precision": "fp32"}, frozenset({"weights"})),
    "accuracy of a benchmark": Quantity(_bench, {"metric": "iou", "precision": "fp32"}, _ALWAYS | {"data"}),
    "throughput of a run": Quantity(_run, {"metric": "throughput"}, _ALWAYS | {"machine", "data", "hint"}),
    "latency of a run": Quantity(_run, {"metric": "latency", "stage": "infer"}, _ALWAYS | {"machine", "data", "hint"}),
}

NAMED = {
    "baseline_model": frozenset({"weights", "size"}),
    "baseline_arithmetic": frozenset({"arithmetic"}),
    "across_machines": frozenset({"machine"}),
}
"""What a gate names so that a baseline may differ in it."""

CONDITIONS = st.builds(
    Conditions,
    machine=st.sampled_from(["a processor", "another"]),
    arithmetic=st.sampled_from(["f32", "bf16", ""]),
    data=st.sampled_from(["d" * 64, "e" * 64]),
    weights=st.sampled_from(["w" * 64, "v" * 64]),
    size=st.sampled_from([320, 64]),
    hint=st.sampled_from(["latency", "throughput"]),
)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    name=st.sampled_from(sorted(QUANTITIES)),
    now=CONDITIONS,
    before=CONDITIONS,
    limit=st.sampled_from(["max_drop", "max_drop_relative", "max_ratio"]),
    named=st.frozensets(st.sampled_from(sorted(NAMED))),
)
def test_no_gate_passes_on_figures_that_differ_in_what_they_depend_on_unless_it_names_it(
    name: str, now: Conditions, before: Conditions, limit: str, named: frozenset[str]
) -> None:
    make, wanted, depends = QUANTITIES[name]
    patterns = dict.fromkeys(named & {"baseline_model", "baseline_arithmetic"}, "*")
    gate = Gate.model_validate({**wanted, **patterns, "samples": 1, limit: 1000.0})
    found = judge([gate], [make(now)], [make(before)], across_machines="across_machines" in named)
    differs = {each for each in Conditions._fields if getattr(now, each) != getattr(before, each)}
    forbidden = (differs & depends) - frozenset().union(*(NAMED[each] for each in named))
    # At the whole limit of a thousand nothing but the rule can stand in the way of a verdict.
    assert found
    for verdict in found:
        assert (verdict.status, verdict.baseline is None) == (
            ("not enough evidence", True) if forbidden else ("passed", False)
        ), (verdict, forbidden)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    make=st.sampled_from([_validate, _bench, _run]),
    conditions=st.lists(CONDITIONS, min_size=1, max_size=4, unique=True),
)
def test_every_figure_finds_itself_among_whatever_else_was_measured(
    make: Callable[[Conditions, float], Record], conditions: list[Conditions]
) -> None:
    records = [make(each, 1.0 + number) for number, each in enumerate(conditions)]
    for record in records:
        for figure in record.measurements:
            literal = {
                key: figure.labels[key] for key in ("candidate", "stage", "statistic", "slice") if key in figure.labels
            }
            gate = Gate.model_validate({"metric": figure.metric, "samples": 1, **literal, "max_drop": 0})
            own = [v for v in judge([gate], [record], records) if v.labels == figure.labels]
            assert [(v.status, v.baseline) for v in own] == [("passed", figure.value)] * len(own), (figure, own)
            assert own


class Scope(NamedTuple):
    """A figure by its metric and what it is of."""

    figure: Measurement
    make: Callable[[tuple[Measurement, ...], Machine], Record]
    of_machine: bool
    tested: bool = False


def _in_bench(figures: tuple[Measurement, ...], at: Machine) -> Record:
    found = built.bench_record({"fp32": [10.0] * 40}, at=at)
    return found.model_validate({**dict(found), "measurements": figures})


def _in(of: type[Record], **fields: Any) -> Callable[[tuple[Measurement, ...], Machine], Record]:
    def make(figures: tuple[Measurement, ...], at: Machine) -> Record:
        return of(machine=at, measurements=figures, **fields)

    return make


_IN_VALIDATE = _in(Record, kind="validate")
_IN_RUN = _in(built.RunRecord)
_IN_VIDEO = _in(VideoRecord, input="clip.mp4", output="out.webm")
_IN_PARITY = _in(ParityRecord)
_IN_VERIFY = _in(VerifyRecord, packages=())
_IN_QUANTIZE = _in(QuantizeRecord)


def _of(metric: str, value: float | None, unit: str = "", *, better: bool = False, **more: Any) -> Measurement:
    common = {"variants": (built.variant(weights="w" * 64),), "executions": (built.execution(size=(320, 320)),)}
    return built.measurement(metric, value, unit, higher_is_better=better, **(common | more))


def _peak(metric: str, value: float, unit: str, arithmetic: str) -> Measurement:
    return _of(metric, value, unit, better=True, variants=(), executions=(built.execution(arithmetic=arithmetic),))


_STEPS = ("torch → onnx", "onnx → ir fp32")
_CANDIDATE: dict[str, Any] = {"candidate": "m fp32", "scenario": "single-stream", "stage": "model"}

SCOPES: dict[str, Scope] = {
    "accuracy of the whole": Scope(
        _of("iou", 0.9, better=True, data=built.data(count=12)), _IN_VALIDATE, of_machine=False
    ),
    "accuracy of a slice": Scope(
        _of("iou", 0.8, better=True, data=built.data(slice="kind=hair", count=4)), _IN_VALIDATE, of_machine=False
    ),
    "error of the whole": Scope(_of("mae", 0.1, data=built.data(count=12)), _IN_VALIDATE, of_machine=False),
    **{
        f"latency of a benchmark's stage {stage}": Scope(
            _of("latency_p50", 3.0 + number, "ms", **dict(_CANDIDATE, stage=stage)),
            _in_bench,
            of_machine=True,
            tested=True,
        )
        for number, stage in enumerate(("model", "decode", "pre", "infer", "post", "encode", "total"))
    },
    "throughput of a benchmark": Scope(
        _of("throughput", 90.0, "images/s", better=True, **_CANDIDATE), _in_bench, of_machine=True, tested=True
    ),
    "throughput of a run": Scope(_of("throughput", 8.0, "images/s", better=True), _IN_RUN, of_machine=True),
    "throughput of a video": Scope(_of("throughput", 25.0, "frames/s", better=True), _IN_VIDEO, of_machine=True),
    **{
        f"latency of a run's stage at {statistic}": Scope(
            _of("latency", 30.0 + number, "ms", stage="infer", statistic=statistic), _IN_RUN, of_machine=True
        )
        for number, statistic in enumerate(("p50", "p90", "p99"))
    },
    "latency of a video's stage": Scope(
        _of("latency", 31.0, "ms", stage="write", statistic="p50"), _IN_VIDEO, of_machine=True
    ),
    "load": Scope(_of("load", 0.7, "of the time", stage="infer"), _IN_RUN, of_machine=True),
    "dropped frames": Scope(_of("dropped", 2, "late frames"), _IN_VIDEO, of_machine=True),
    "failures": Scope(_of("failed", 1), _IN_RUN, of_machine=False),
    "peak memory": Scope(_of("peak_memory", 2e8, "B of memory", **_CANDIDATE), _in_bench, of_machine=True),
    "peak memory of a quantization": Scope(
        _of("peak_memory", 2e9, "B of memory", executions=()), _IN_QUANTIZE, of_machine=True
    ),
    "size": Scope(_of("size", 2e6, "B", candidate="m fp32"), _in_bench, of_machine=False),
    "compile time": Scope(_of("compile_time", 120.0, "ms", **_CANDIDATE), _in_bench, of_machine=True, tested=True),
    "speed-up over a baseline": Scope(
        _of("speedup", 0.4, TIMES, **_CANDIDATE, baseline="m int8"), _in_bench, of_machine=True
    ),
    **{
        f"parity difference of {step}": Scope(
            _of("largest_difference", 1e-5 * (number + 1), "of the range", step=step, statistic="worst"),
            _IN_PARITY,
            of_machine=False,
        )
        for number, step in enumerate(_STEPS)
    },
    **{
        f"package difference of {output}": Scope(
            _of("difference_max", 0.5 + number, input="0-image.npy", output=output), _IN_VERIFY, of_machine=False
        )
        for number, output in enumerate(("alpha", "confidence"))
    },
    "quantize drop": Scope(_of("iou_drop", 0.004, data=built.data(count=12)), _IN_QUANTIZE, of_machine=False),
    "machine's arithmetic in f32": Scope(_peak("peak_compute", 90.0, "GFLOP/s", "f32"), _in_bench, of_machine=True),
    "machine's arithmetic in integers": Scope(_peak("peak_compute_i8", 300.0, "GOP/s", ""), _in_bench, of_machine=True),
    "machine's memory": Scope(_peak("peak_bandwidth", 9.0, "GB/s", ""), _in_bench, of_machine=True),
}

HERE, ELSEWHERE = built.machine(), built.machine("Another 9000")


def _gate(figure: Measurement, limits: Mapping[str, float]) -> Gate:
    said = {key: figure.labels[key] for key in ("candidate", "stage", "statistic", "slice") if key in figure.labels}
    return Gate.model_validate({"metric": figure.metric, "samples": 1, **said, **limits})


def _record(scope: Scope, at: Machine) -> Record:
    """A record with the figure among all others that records of its kind have here."""
    return scope.make(tuple(other.figure for other in SCOPES.values() if other.make is scope.make), at)


def _judged(
    scope: Scope, limits: Mapping[str, float], baselines: tuple[Record, ...] = (), *, across: bool = False
) -> list[Verdict]:
    gate = _gate(scope.figure, limits)
    found = judge([gate], [_record(scope, HERE)], baselines, across_machines=across)
    return [verdict for verdict in found if verdict.labels == scope.figure.labels]


@pytest.mark.parametrize("name", SCOPES)
def test_a_figure_of_each_scope_is_held_alone_and_against_itself(name: str) -> None:
    scope = SCOPES[name]
    value = cast("float", scope.figure.value)
    step = abs(value) / 100
    for limits, status in (
        ({"min": value}, "passed"),
        ({"max": value}, "passed"),
        ({"min": value + step}, "failed"),
        ({"max": value - step}, "failed"),
    ):
        (verdict,) = _judged(scope, limits)
        assert (verdict.status, verdict.value) == (status, value)
    for limit in ("max_drop", "max_drop_relative"):
        (verdict,) = _judged(scope, {limit: 0.0}, (_record(scope, HERE),))
        assert (verdict.status, verdict.baseline, verdict.amount) == ("passed", value, 0)
    (verdict,) = _judged(scope, {"max_ratio": 1.0}, (_record(scope, HERE),))
    # A benchmark's times are tested; what was measured once is no evidence of a difference.
    assert verdict.status == "passed" or (scope.tested and "measured once" in verdict.reason), verdict
    assert verdict.baseline == value or "measured once" in verdict.reason


@pytest.mark.parametrize("name", SCOPES)
def test_a_figure_of_each_scope_is_held_against_another_machine_s_only_where_that_decides_nothing(name: str) -> None:
    scope = SCOPES[name]
    elsewhere = (_record(scope, ELSEWHERE),)
    for limit in ("max_drop", "max_drop_relative", "max_ratio"):
        (verdict,) = _judged(scope, {limit: 1.0}, elsewhere)
        if scope.of_machine:
            assert (verdict.status, verdict.baseline) == ("not enough evidence", None)
            assert "measured on another machine (Another 9000, 4 cores, Linux 6 x86_64)" in verdict.reason
        else:
            assert (verdict.status, verdict.baseline) == ("passed", scope.figure.value)
    (verdict,) = _judged(scope, {"max_drop": 0.0}, elsewhere, across=True)
    assert (verdict.status, verdict.baseline) == ("passed", scope.figure.value)


@pytest.mark.parametrize("name", SCOPES)
def test_a_figure_of_one_scope_is_never_compared_with_one_of_another(name: str) -> None:
    parts = {"accuracy of the whole", "accuracy of a slice"}
    for other in SCOPES.keys() - {name}:
        found = comparable(SCOPES[name].figure, SCOPES[other].figure)
        assert found is not None, other
        assert found.aspect == ("data" if {name, other} == parts else "metric")


BASE = Conditions()


def _changed(make: Callable[..., Record], **changes: Any) -> Record:
    return make(BASE._replace(**changes), 0.75)


@pytest.mark.parametrize(
    ("make", "apart"),
    [
        (_validate, {"arithmetic", "data", "weights", "size"}),
        # The accuracy beside its times makes a benchmark one of its data too.
        (_bench, {"machine", "arithmetic", "data", "weights", "size", "hint"}),
        (_run, {"machine", "arithmetic", "data", "weights", "size", "hint"}),
    ],
)
def test_an_older_record_of_the_very_same_thing_is_its_history_and_no_other(
    make: Callable[..., Record], apart: set[str]
) -> None:
    now = make(BASE)
    assert thing(_changed(make)) == thing(now)
    others: Mapping[str, Any] = {
        "machine": "another",
        "arithmetic": "bf16",
        "data": "e" * 64,
        "weights": "v" * 64,
        "size": 64,
        "hint": "throughput",
    }
    assert {name for name, other in others.items() if thing(_changed(make, **{name: other})) != thing(now)} == apart


def test_software_moves_no_history_and_another_kind_model_precision_or_part_does() -> None:
    def of(record: Record, **more: Any) -> object:
        return thing(type(record).model_validate({**dict(record), **more}))

    now = _validate(BASE)
    newer = built.machine(packages={"openvino": "2030.1"}, python="3.13.0")
    assert of(now, machine=newer) == thing(now)
    assert of(_bench(BASE), machine=newer) == thing(_bench(BASE))
    several = [
        now,
        built.validate_record([0.5] * 12),
        built.validate_record([0.5] * 12, of=built.variant("other")),
        built.validate_record([0.5] * 12, of=built.variant(name="portraits")),
        built.validate_record([0.5] * 12, of=built.variant(format="onnx")),
        built.validate_record([0.5] * 12, of=built.variant(precision="int8")),
        built.validate_record([0.5] * 12, on=built.data(reference="teacher")),
        built.validate_record([0.5] * 12, on=built.data(border=4)),
        built.validate_record([0.5] * 12, tags={"kind": ["hair"] * 12}),
        built.validate_record({"mae": [0.5] * 12}),
        _bench(BASE),
        _run(BASE),
    ]
    assert len({thing(record) for record in several}) == len(several)


def test_a_renamed_data_set_of_the_same_content_is_the_same_and_one_of_the_same_name_alone_is_not() -> None:
    def of(name: str, sha256: str) -> Measurement:
        return built.validate_record([0.5] * 12, on=built.data(name, sha256=sha256)).measurements[0]

    assert comparable(of("photos", "d"), of("copy of photos", "d")) is None
    difference = comparable(of("photos", "d"), of("photos", "e"))
    assert difference is not None
    assert difference.aspect == "data"
    # Where nobody knows the content, the name is all there is.
    assert comparable(of("photos", ""), of("photos", "")) is None
    assert comparable(of("photos", ""), of("images", "")) is not None


def test_differences_are_told_in_words_the_gravest_first_and_may_be_permitted() -> None:
    before, after = (
        _bench(each).measurements[0]
        for each in (BASE, BASE._replace(machine="another", arithmetic="bf16", weights="v" * 64, size=64))
    )
    found = differences(before, after)
    assert [each.aspect for each in found] == ["weights", "size", "arithmetic", "machine"]
    assert [str(each) for each in found] == [
        "weights: wwwwwwww, then vvvvvvvv",
        "size: 320x320, then 64x64",
        "arithmetic: f32, then bf16",
        "machine: a processor, 4 cores, Linux 6 x86_64, then another, 4 cores, Linux 6 x86_64",
    ]
    assert comparable(before, after) == found[0]
    assert comparable(before, after, across={"weights", "size"}) == found[2]
    assert comparable(before, after, across={"weights", "size", "arithmetic", "machine"}) is None


def test_files_tell_weights_apart_where_no_checkpoint_is_known() -> None:
    one, other = (built.validate_record([0.5] * 12, of=built.variant(sha256={"m.onnx": x * 64})) for x in "ab")
    gate = Gate(metric="iou", max_drop=0, samples=1)
    assert [v.status for v in judge([gate], [one], [one])] == ["passed"]
    (verdict,) = judge([gate], [one], [other])
    assert verdict.status == "not enough evidence"
    assert "other weights (bbbbbbbb; this aaaaaaaa)" in verdict.reason


def test_how_weights_are_stored_forbids_to_compare_times_but_not_answers_or_files() -> None:
    record = _bench(BASE)
    small, large = (
        Record(kind="bench", machine=HERE, measurements=tuple(f for f in record.measurements if f.precision == each))
        for each in ("int8", "fp32")
    )
    for metric, status in (("iou", "passed"), ("size", "passed"), ("latency_p50", "not enough evidence")):
        (verdict,) = judge([Gate(metric=metric, max_drop_relative=1)], [small], [large])
        assert verdict.status == status, metric
    assert "of other precision (fp32; this int8); times of the two are not compared unless" in verdict.reason
    told = Gate(metric="latency_p50", max_drop_relative=1, baseline_model="m")
    assert [v.status for v in judge([told], [small], [large])] == ["passed"]


@pytest.mark.parametrize("baseline", ["m int8", "m fp16"])
def test_a_ratio_is_compared_only_with_one_to_the_same_baseline(baseline: str) -> None:
    def of(to: str) -> Record:
        return _in_bench((_of("speedup", 0.4, TIMES, **_CANDIDATE, baseline=to),), HERE)

    (verdict,) = judge([Gate(metric="speedup", max_drop=0)], [of("m int8")], [of(baseline)])
    assert verdict.status == ("passed" if baseline == "m int8" else "not enough evidence")


_OLD_KINDS = {
    "bench": "mattekit bench",
    "comparison": "mattekit bench compare",
    "export": "mattekit export",
    "gate": "mattekit gate",
    "parity": "mattekit parity",
    "quantization": "mattekit quantize",
    "run": "mattekit run",
    "validation": "mattekit validate",
    "verify": "mattekit verify",
    "video": "mattekit video",
    "worth": "mattekit quantize --verdict",
}


@pytest.mark.parametrize("kind", _OLD_KINDS)
def test_a_record_of_version_1_names_the_command_that_makes_it_again(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "old.json"
    old = {"version": 1, "kind": kind, "created": "2026-01-01T00:00:00Z", "environment": {"cpu": "a", "cores": 4}}
    path.write_text(json.dumps({**old, "artifacts": [], "settings": {}, "figures": [], "samples": {}}), "utf-8")
    expected = (
        f"{path}: a record of version 1, which this mattekit does not read; make it again with: {_OLD_KINDS[kind]}"
    )
    for read in (lambda: read_record(path), lambda: load_records([tmp_path])):
        with pytest.raises(InputError) as error:
            read()
        assert str(error.value) == expected


def _every_kind() -> dict[str, Record]:
    figure, data = SCOPES["accuracy of the whole"].figure, built.data(count=2)
    # One model in one place, of many figures: what they share must not be written for each.
    common: dict[str, Any] = {
        "machine": built.machine("cpu-of-this-machine", accelerators={"GPU.0": "a card"}, memory_bytes=2**34),
        "measurements": (figure, _of("mae", None, data=data), _of("latency", 3.0, "ms", interval=(2.0, 4.0))),
        "settings": {"device": "CPU", "sizes": [320, 64], "none": None},
    }
    step = ParityStep(before="torch", after="onnx", images=("a", "b"), values={"mae": (0.1, 0.2)}, snr=80.0)
    check = PackageCheck(
        package="p",
        model="m",
        precision="fp32",
        device="CPU",
        arithmetic="f32",
        kernels="avx2",
        golden_arithmetic="f32",
        golden_kernels="avx2",
        outputs=(OutputCheck(input="i", output="o", distances={"max": 0.0}, limits={"max": 1.0}, passed=True),),
    )
    bench = built.bench_record({"fp32": [10.0, 11.0], "int8": [4.0, 5.0]}, at=common["machine"])
    layer = LayerTime(name="c", type="Convolution", precision="f32", primitive="b", ms=1.0, flops=2.0, bytes=3.0)
    profiled = {key: each.model_copy(update={"profile": (layer,)}) for key, each in bench.candidates.items()}
    verdict = Verdict(
        gate="iou", metric="iou", limit="min", bound=0.5, status="passed", reason="", value=0.9, interval=(0.8, 1.0)
    )
    mismatch = Mismatch(aspect="machine", what="cpu", before="a", after="b")
    return {
        "bench": bench.model_validate({**dict(bench), "candidates": profiled}),
        "compare": CompareRecord(before="a", after="b", allowed=("machine",), differs=(mismatch,), **common),
        "export": ExportRecord(steps=(step,), **common),
        "gate": GateRecord(outcome="passed", verdicts=(verdict,), **common),
        "parity": ParityRecord(steps=(step,), **common),
        "peer": PeerRecord(peer="another 1.0", samples={"ms": (1.0, 2.0)}, **common),
        "quantize": QuantizeRecord(
            ignored=("conv 1",),
            noise=(("conv 1", 9.5),),
            allowed_drop={"iou": 0.01},
            tried={"none": 0.02},
            calibration=data,
            table=SampleTable(ids=("a", "b"), values={"source": (0.9, 0.8), "int8": (0.9, None)}),
            **common,
        ),
        "run": built.run_record({"infer": [0.1, 0.2]}).model_copy(
            update={"failures": (Failure(input="b\udcff.png", error="broken"),), "confidence": (0.5, None)}
        ),
        "validate": built.validate_record(
            {"psnr_y": [float("inf"), 40.0]}, on=data, tags={"kind": ["hair", None]}, at=common["machine"]
        ),
        "verify": VerifyRecord(packages=(check,), **common),
        "video": VideoRecord(input="clip.mp4", output="out.webm", seconds={"infer": (0.1,)}, truncated=True, **common),
    }


@pytest.mark.parametrize("kind", _every_kind())
def test_a_record_of_each_kind_is_the_same_when_it_is_read_again_and_says_nothing_twice(
    kind: str, tmp_path: Path
) -> None:
    record = _every_kind()[kind]
    assert record.kind == kind
    path = tmp_path / "record.json"
    record.write(path)
    found = read_record(path)
    assert type(found) is type(record)
    assert found == type(record).model_validate(dict(record))
    assert thing(found) == thing(record)
    assert all(figure.machine == record.machine for figure in found.measurements)
    found.write(tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == path.read_bytes()
    written = json.loads(path.read_text("utf-8"))
    for table in ("variants", "executions", "data"):
        shared = written["datasets" if table == "data" else table]
        assert shared == [each for place, each in enumerate(shared) if each not in shared[:place]]
        for row in written["measurements"]:
            assert "machine" not in row
            places = row.get(table, [])
            assert all(isinstance(each, int) for each in (places if isinstance(places, list) else [places]))
    text = path.read_text("utf-8")
    assert text.count(record.machine.cpu) == 1
    for variant in record.variants:
        assert text.count(variant.sha256["model.xml"]) == 1


@pytest.mark.parametrize("kind", [type(each) for each in _every_kind().values()], ids=lambda kind: kind.__name__)
def test_a_record_of_another_kind_names_the_command_that_makes_the_one_that_is_meant(
    kind: type[Record], tmp_path: Path
) -> None:
    every = _every_kind()
    wanted = str(kind.model_fields["kind"].default)
    path = tmp_path / "record.json"
    other = "validate" if wanted != "validate" else "run"
    every[other].write(path)
    # Other programs are measured by tools, which no command starts.
    mend = "give one of that kind" if wanted == "peer" else "make one with: mattekit"
    with pytest.raises(InputError, match=f"a record of kind '{other}', not '{wanted}'; {mend}"):
        read_record(path, kind)
