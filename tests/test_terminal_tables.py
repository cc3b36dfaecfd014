"""Tables on terminals of several widths: every figure is there, whole."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from mattekit.bench import EvaluationResult, EvaluationSettings, ParityResult, ParitySettings, keep
from mattekit.cli import app
from mattekit.commands.views.bench import print_benchmark
from mattekit.commands.views.bench_compare import print_comparison
from mattekit.commands.views.doctor import print_diagnosis
from mattekit.commands.views.fitting import print_lines, print_table, say_once
from mattekit.commands.views.parity import print_parity
from mattekit.commands.views.report import print_document
from mattekit.commands.views.validate import print_validation
from mattekit.convert import list_models
from mattekit.core import (
    BenchRecord,
    CompareRecord,
    InputError,
    ParityRecord,
    ParityStep,
    read_record,
)
from mattekit.infer import diagnose
from mattekit.reports.document import Cell, Column, Document, Paragraph, Section, Table
from records import bench_record, data, execution, machine, measurement, validate_record, variant
from rich.cells import cell_len
from rich.console import Console
from typer.testing import CliRunner

WIDTHS = (60, 80, 120)
each_width = pytest.mark.parametrize("width", WIDTHS)

Print = Callable[[Console], object]


def printed(show_it: Print, width: int) -> str:
    stream = StringIO()
    show_it(Console(file=stream, width=width, highlight=False))
    return stream.getvalue()


def figures(text: str) -> set[str]:
    """Return what has a digit and is set apart by spaces: figures, and names with figures in them."""
    return {word.strip("(),;:.") for word in text.split() if re.search(r"\d", word)}


def assert_whole(show_it: Print, width: int) -> str:
    """Compare with what is printed where there is room for everything."""
    text, ample = printed(show_it, width), printed(show_it, 10_000)
    assert figures(ample)
    assert figures(text) == figures(ample)
    assert "…" not in text
    assert max(cell_len(line) for line in text.splitlines()) <= width
    return text


@pytest.fixture
def network(tiny_ir: Path) -> Path:
    """A convolution and a ReLU for any size, as an IR."""
    return tiny_ir


@pytest.fixture
def record(shared_benchmark: BenchRecord) -> BenchRecord:
    """Two batches, a device that is not there, and an image the whole way."""
    kept = {name: found for name, found in shared_benchmark.candidates.items() if found.asked["precision"] == "fp32"}
    figures = tuple(each for each in shared_benchmark.measurements if not each.candidate or each.candidate in kept)
    return shared_benchmark.model_copy(update={"candidates": kept, "measurements": figures})


@each_width
def test_a_benchmark_shows_every_figure_and_what_is_common_once(record: BenchRecord, width: int) -> None:
    text = assert_whole(lambda console: print_benchmark(record, console), width)
    said = " ".join(text.split())
    assert said.count("arithmetic f32") >= 1
    assert "hint latency, streams auto, size 32x32, threads 1" in said
    assert "p90 ms, p95 ms, p99 ms" in said
    medians = [figure.value for figure in record.of_metric("latency_p50") if figure.value is not None]
    assert len(medians) >= 8
    for value in medians:
        assert f"{value:.3g}" in figures(text) or f"{value:.1f}" in figures(text)
    # Both that are missing have their row, too.
    assert len(re.findall(r"missing\s+(?:device\b)?", said)) >= 2


@each_width
def test_an_accuracy_stands_beside_the_times(width: int) -> None:
    of: dict[str, Any] = {"variants": (variant(),), "executions": (execution(),), "candidate": "m fp32"}
    extra = (
        measurement("iou", 0.8765, data=data(count=3), **of),
        measurement("latency_mean", 4, "ms", stage="model", **of),
    )
    made = bench_record({"fp32": [4.0, 4.0]}, extra=extra)
    text = assert_whole(lambda console: print_benchmark(made, console), width)
    assert "0.8765" in figures(text)


@each_width
def test_arithmetic_that_differs_is_in_every_row(record: BenchRecord, width: int) -> None:
    arithmetics = ("f32", "bf16", "f16", "device")
    changed = record.model_copy(
        update={
            "candidates": {
                name: found.model_copy(update={"asked": {**found.asked, "arithmetic": arithmetic}})
                for (name, found), arithmetic in zip(record.candidates.items(), arithmetics, strict=True)
            }
        }
    )
    text = assert_whole(lambda console: print_benchmark(changed, console), width)
    for arithmetic in arithmetics:
        assert re.search(rf"(?<!\w){arithmetic}(?!\w)", text.partition("The whole way")[0])


@each_width
def test_the_comparison_shows_every_figure(width: int) -> None:
    of = {
        "variants": (variant("mattelite", "int8"),),
        "candidate": "mattelite int8 CPU f32 latency b1 320x320",
        "stage": "model",
        "verdict": "not enough samples",
    }
    made = CompareRecord(
        machine=machine(),
        before="before.json",
        after="after.json",
        measurements=(
            measurement("before", 3.25, "ms", **of),
            measurement("after", 4.25, "ms", **of),
            measurement("speedup", 5.25, "\N{MULTIPLICATION SIGN}", interval=(6.25, 7.25), **of),
            measurement("p_value", 8.25, "p", **of),
            measurement("independent_samples", 9.25, "independent samples", **of),
        ),
    )
    text = assert_whole(lambda console: print_comparison(made, console), width)
    assert "6.250 to 7.250" in text
    assert {"3.250", "4.250", "5.250", "8.2", "9"} <= figures(text)


@each_width
def test_the_doctor_shows_everything(width: int) -> None:
    found = diagnose()
    text = printed(lambda console: print_diagnosis(found, console), width)
    # A link or a plugin's version may be longer than the line.
    for need in found.needs:
        if need.installed:
            assert re.search(rf"{re.escape(need.package)}\s+{re.escape(need.installed)}", text)
    assert found.machine.python in text
    assert "…" not in text
    squeezed = re.sub(r"\s", "", text)
    for device in found.devices:
        assert device.plugin.split()[-1] in squeezed
    for finding in found.findings:
        assert re.sub(r"\s", "", finding.text) in squeezed


@each_width
def test_the_zoo_shows_every_model(width: int) -> None:
    text = on_terminal(width, "models")
    assert "…" not in text
    for spec in list_models():
        assert spec.id in text
        if spec.weights.size:
            assert f"{spec.weights.size / 1e6:.1f} MB" in text
    assert max(cell_len(line) for line in text.splitlines()) <= width


def on_terminal(width: int, *arguments: str) -> str:
    """What a command prints on a terminal, without its colours."""
    done = CliRunner().invoke(app, arguments, env={"COLUMNS": str(width), "FORCE_COLOR": "1", "TERM": "xterm"})
    assert done.exit_code == 0
    return re.sub(r"\x1b\[[0-9;]*m", "", done.output)


@each_width
def test_the_layouts_of_data_sets_are_whole(width: int) -> None:
    text = on_terminal(width, "datasets", "list")
    assert "5019" in text
    assert "…" not in text
    assert "http://saliencydetection.net/duts/" in re.sub(r"\s", "", text)


@each_width
def test_a_report_shows_every_figure_and_every_note(width: int) -> None:
    columns = (Column("model"), *(Column(f"figure {n}", "ms", numeric=True) for n in range(9)))
    row = (Cell("mattelite"), *(Cell(f"{n}.12345", detail=f"{n}.1 to {n}.2") for n in range(9)))
    table = Table("Figures", columns, (row, row), "All: device CPU, batch 17")
    document = Document("Title", "2 records", None, "", (Section("all", "All", (table,)),))
    text = assert_whole(lambda console: print_document(document, console), width)
    assert "batch 17" in " ".join(text.split())
    for n in range(9):
        assert f"({n}.1 to {n}.2)" in text


def test_a_report_fits_a_screen_and_says_what_it_leaves_out() -> None:
    table = Table("Figures", (Column("model"), Column("figure", "ms", numeric=True)), ((Cell("m"), Cell("1.25")),) * 3)
    sections = tuple(Section(f"s{n}", "One", (Paragraph(f"Sentence {n}."), table)) for n in range(9))
    document = Document("Title", "2 records", None, "", sections)
    stream = StringIO()
    console = Console(file=stream, width=80, height=24, force_terminal=True, color_system=None)
    print_document(document, console)
    lines = stream.getvalue().splitlines()
    assert len(lines) < 24
    assert "Sentence 0." in lines
    left_out = sum(f"Sentence {n}." not in lines for n in range(9)) + 9 - lines.count("Figures")
    assert lines[-1] == f"{left_out} more verdicts and tables: -o report.html"
    assert printed(lambda whole: print_document(document, whole), 80).count("Figures") == 9


@each_width
def test_validations_and_parities_are_whole(width: int, tmp_path: Path) -> None:
    names = ("iou", "mae", "max_f_beta", "s_measure", "mean_e_measure", "boundary_iou")
    samples = {name: [0.25 + n / 100, 0.5 + n / 100, 0.7511] for n, name in enumerate(names)}
    validated = validate_record(samples, of=variant("mattelite"), on=data("synthetic"))
    means = {f"{figure.value:.4f}" for figure in validated.measurements}
    done = EvaluationResult((validated,), (tmp_path / "v.json",))
    text = printed(lambda console: print_validation(done, EvaluationSettings(), console), width)
    assert len(means) == 6
    assert means | {"0.2500", "0.5000", "0.7511", "0.2800", "0.5300"} <= figures(text)
    values = {"largest_difference": (0.1234, 0.4567), "mean_difference": (0.0345,), "iou": (0.9876,), "mae": (0.0045,)}
    steps = (
        ParityStep(after="torch", truth={"iou": 0.9321, "mae": 0.0123}),
        ParityStep(
            before="torch", after="openvino int8", values=values, snr=32.15, truth={"iou": 0.9211}, broken="too far"
        ),
    )
    record = ParityRecord(machine=machine(), steps=steps)
    said = assert_whole(lambda console: print_parity(ParityResult((record,)), ParitySettings(), console), width)
    assert {"0.9321", "0.4567", "0.0345", "32.15", "0.9876", "0.0045", "0.9211"} <= figures(said)


def test_a_table_goes_from_columns_to_text_below_to_blocks() -> None:
    columns = (Column("model"), Column("time", "ms", numeric=True), Column("what"))
    table = Table("", columns, ((Cell("a-model"), Cell("12.5"), Cell("words " * 40)), (Cell("b"), Cell("7"), Cell(""))))
    wide, middle, narrow = (printed(lambda console: print_table(table, console), width) for width in (400, 30, 13))
    assert wide.splitlines()[2].split() == ["a-model", "12.5", *["words"] * 40]
    assert middle.splitlines()[2].split() == ["a-model", "12.5"]
    assert middle.splitlines()[3].startswith("  what words")
    assert "what" not in middle.splitlines()[-1]
    assert re.search(r"time,\s+12.5", narrow)
    assert narrow.count("words") == 40


def test_a_line_is_folded_between_words_and_a_link_is_not_broken() -> None:
    link = "https://example.org/" + "x" * 60
    text = printed(lambda console: print_lines(f"a figure of 1234.5678 ms, see {link} there", console), 20)
    assert "1234.5678" in text.split()
    assert link in text.splitlines()


def test_an_empty_cell_has_no_say_in_what_is_common() -> None:
    table = Table("", (Column("hint"), Column("size")), ((Cell("latency"), Cell("1")), (Cell(""), Cell("2"))), "Note")
    said = say_once(table, {"hint", "size"})
    assert said.note == "All: hint latency. Note"
    assert [column.title for column in said.columns] == ["size"]


def test_a_record_is_kept_wherever_it_can_be(record: BenchRecord, home: Path, tmp_path: Path) -> None:
    asked = keep(record, tmp_path / "r.json")
    assert (asked.path, asked.error) == (tmp_path / "r.json", None)
    refused = keep(record, tmp_path)
    assert isinstance(refused.error, InputError)
    assert refused.path is not None
    assert refused.path.parent == home / "records"
    assert read_record(refused.path) == record
    assert keep(record, None).path != keep(record, None).path
    shutil.rmtree(home)
    home.write_text("no folder")
    lost = keep(record, None)
    assert (lost.path, lost.error) == (None, None)
    assert "name a file with --record" in lost.sentence


def bench(network: Path, *more: str | Path) -> tuple[int, list[str]]:
    arguments = ["bench", network, "--size", 16, "--iterations", 1, "--warm-up", 0, "--threads", 1, *more]
    done = CliRunner().invoke(app, [str(each) for each in arguments])
    return done.exit_code, done.output.strip().splitlines()


@pytest.mark.slow
def test_a_benchmark_without_a_file_for_its_record_says_where_it_is_kept(network: Path, home: Path) -> None:
    code, lines = bench(network)
    assert code == 0
    path = Path(lines[-1].removeprefix("record: "))
    assert path.parent == home / "records"
    assert re.fullmatch(r"bench-\d{8}T\d{6}Z-[0-9a-f]{8}\.json", path.name)
    assert read_record(path).of_metric("latency_p50")
    assert [each.name for each in path.parent.iterdir()] == [path.name]


@pytest.mark.slow
def test_a_cache_that_cannot_be_written_loses_no_table(network: Path, home: Path) -> None:
    home.write_text("no folder")
    code, lines = bench(network)
    assert code == 0
    assert "images/s" in "\n".join(lines)
    assert lines[-1].startswith("note: the record could not be kept (")


@pytest.mark.slow
def test_a_file_that_cannot_be_written_loses_neither_the_table_nor_the_record(
    network: Path, home: Path, tmp_path: Path
) -> None:
    code, lines = bench(network, "--record", tmp_path)
    assert code == 1
    assert "images/s" in "\n".join(lines)
    (said,) = (line for line in lines if line.startswith("record: "))
    assert Path(said.removeprefix("record: ")).parent == home / "records"
