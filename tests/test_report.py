"""Reports: every figure is there, what is compared may be compared, and what came from outside stays text."""

from __future__ import annotations

import csv
import json
import re
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from mattekit import cli
from mattekit.bench import int8_verdicts
from mattekit.commands.views.report import print_document
from mattekit.core import (
    BenchRecord,
    CandidateResult,
    DependencyError,
    Failure,
    InputError,
    LayerTime,
    Measurement,
    PeerRecord,
    Record,
    RunRecord,
    ValidateRecord,
)
from mattekit.reports import ReportResult, write_report
from mattekit.reports.document import Cell, Plot, Statements, Table
from mattekit.reports.evidence import TIMES, number, read_evidence, span
from mattekit.reports.formats.html import html_page
from mattekit.reports.formats.markdown import markdown
from mattekit.reports.svg import PALETTE
from records import bench_record, data, execution, machine, measurement, run_record, validate_record, variant
from rich.console import Console
from typer.testing import CliRunner

pytest.importorskip("jinja2", reason="reports need the extra `report`")
pytest.importorskip("matplotlib", reason="reports need the extra `report`")

EVIL = "<script>alert(1)</script>"

Write = Callable[..., Path]


def validation(
    values: list[float],
    *,
    model: str = "m",
    precision: str = "fp32",
    weights: str = "",
    data_hash: str = "d",
    day: int = 0,
) -> ValidateRecord:
    return validate_record(values, of=variant(model, precision, weights=weights), on=data(sha256=data_hash), day=day)


def times(series: dict[str, list[float]], *, cpu: str = "a processor", model: str = "m") -> BenchRecord:
    return bench_record(series, model=model, at=machine(cpu))


def peer(*figures: Measurement) -> PeerRecord:
    return PeerRecord(machine=machine(), peer="another program", measurements=figures)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def to(name: str, record: Record) -> Path:
        record.write(tmp_path / name)
        return tmp_path / name

    return to


def report(*paths: Path, **options: object) -> ReportResult:
    return write_report(paths, (), **options)  # type: ignore[arg-type]


def table(made: ReportResult, caption: str) -> dict[str, dict[str, Cell]]:
    """Return a table as rows by their first cell, each a cell by its column's title."""
    found = next(one for one in made.document.tables() if one.caption == caption)
    return {row[0].text: {c.title: cell for c, cell in zip(found.columns, row, strict=True)} for row in found.rows}


def rows(made: ReportResult, caption: str) -> list[dict[str, Cell]]:
    found = next(one for one in made.document.tables() if one.caption == caption)
    return [{c.title: cell for c, cell in zip(found.columns, row, strict=True)} for row in found.rows]


class Page(HTMLParser):
    """What a browser would make of the page's markup: the tags with attributes, and the text outside of scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def evil_records() -> list[Record]:
    """Records whose every text tries to be markup."""
    of, on = variant(EVIL, sha256={f"{EVIL}.onnx": EVIL}), data("$x^2$ |*a*|\n# x", sha256=EVIL, count=1)
    how = execution("CPU\x1b[31m", runtime="<b>another", plugin=EVIL)
    common: dict[str, Any] = {"variants": (of,), "executions": (how,)}
    extra = (
        measurement(f"n{EVIL}", 1.5, EVIL, data=on, output="<img src=x onerror=alert(1)>", step=EVIL, **common),
        measurement("iou", 0.5, higher_is_better=True, data=on, candidate=f"{EVIL} fp32", **common),
        measurement("latency_mean", 2, "ms", stage=f"<i>{EVIL}", candidate=f"{EVIL} fp32", **common),
    )
    bench = bench_record({"fp32": [1.0, 2.0, 3.0]}, model=EVIL, ran=how, extra=extra, settings={EVIL: EVIL}, rule=EVIL)
    layer = LayerTime(name=EVIL, type=EVIL, precision=EVIL, primitive=EVIL, ms=1, flops=1e9, bytes=1e6)
    broken = CandidateResult(task="segmentation", status=EVIL, reason=EVIL, notes=(EVIL,), profile=(layer,))
    run = run_record({EVIL: [0.1, 0.2]}, of=of, ran=how, failures=(Failure(input=EVIL, error=EVIL),))
    return [
        bench.model_copy(update={"candidates": {**bench.candidates, EVIL: broken}}),
        run,
        validate_record([0.5], of=of, ran=how, on=on, tags={"<i>": [EVIL]}, source=EVIL),
        peer(measurement(f"p{EVIL}", 1.5, EVIL, output=EVIL)),
    ]


def test_what_came_from_outside_stays_text_in_the_page(write: Write) -> None:
    paths = [write(f"a&<b>{place}.json", record) for place, record in enumerate(evil_records())]
    made = report(*paths, write("b.json", times({"fp32": [1, 2], "int8": [2, 3]}, model=EVIL)), title=EVIL)
    text = html_page(made.document)
    page = Page(text)
    assert len([tag for tag, _ in page.tags if tag == "script"]) == 1
    assert not [attributes for _, attributes in page.tags if any(name.startswith("on") for name in attributes)]
    assert not [tag for tag, _ in page.tags if tag in {"b", "i"}]
    assert EVIL in page.text
    assert "\x1b" not in text
    drawings = [plot for section in made.document.sections for plot in section.blocks if hasattr(plot, "svg")]
    assert drawings
    for plot in drawings:
        root = ET.fromstring(plot.svg())  # type: ignore[union-attr]
        assert not [element.tag for element in root.iter() if element.tag.endswith("script")]


def test_the_policy_allows_what_is_inside_and_nothing_else(write: Write) -> None:
    text = html_page(report(write("a.json", times({"fp32": [2, 3, 4], "int8": [1, 2, 3]}))).document)
    page = Page(text)
    (policy,) = [a["content"] or "" for _, a in page.tags if a.get("http-equiv") == "Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert not [attributes for _, attributes in page.tags if "style" in attributes]
    links = [value for _, a in page.tags for key, value in a.items() if key in {"src", "href"} and value]
    assert all(link.startswith(("#", "data:image/webp;base64,")) for link in links)
    assert "<style>" in text
    assert text.count("<style") == 1  # None in the drawings.


def test_the_same_records_give_the_same_bytes(write: Write) -> None:
    paths = [write("a.json", times({"fp32": [2, 3, 4], "int8": [1, 2, 3]})), write("v.json", validation([0.5, 0.7]))]
    assert html_page(report(*paths).document) == html_page(report(*paths).document)


def test_markdown_keeps_texts_texts(write: Write) -> None:
    paths = [write(f"{place}.json", record) for place, record in enumerate(evil_records())]
    text = markdown(report(*paths).document, "files")
    assert not re.search(r"<(?!/?(details|summary|br|sub)>)", text)
    body = [line for line in text.splitlines() if line.startswith("|")]
    widths = [len(re.findall(r"(?<!\\)\|", line)) for line in body]
    # Each row has as many cells as the heading above it.
    starts = [place for place, line in enumerate(body) if re.fullmatch(r"[|:-]+", line)]
    for start, end in zip(starts, [*(s - 1 for s in starts[1:]), len(body)], strict=True):
        assert set(widths[start - 1 : end]) == {widths[start]}


def test_figures_of_every_kind_are_in_every_format(write: Write, tmp_path: Path) -> None:
    made = report(write("new.json", peer(measurement("grip", 12.25, "N", output="left"))))
    for name in ("r.html", "r.md", "r.csv", "r.json"):
        made.write(tmp_path / name)
        text = (tmp_path / name).read_text(encoding="utf-8")
        assert "grip" in text
        assert "12.2" in text
        assert "left" in text
    stream = StringIO()
    print_document(made.document, Console(file=stream, width=200))
    assert "12.2" in stream.getvalue()


def test_data_is_what_was_measured(write: Write, tmp_path: Path) -> None:
    pytest.importorskip("scipy", reason="the verdict on INT8 needs SciPy")
    values = [0.123456789, 0.9]
    measured = times({"fp32": [2.5, 3.5], "int8": [1.0, 1.5]})
    made = report(write("v.json", validation(values)), write("w.json", measured))
    made.write(tmp_path / "r.csv")
    lines = list(csv.DictReader(StringIO((tmp_path / "r.csv").read_text(encoding="utf-8"))))
    wanted = [("iou", "fp32", float(np.mean(values))), ("latency_p50", "fp32", 3.0), ("latency_p50", "int8", 1.25)]
    assert [(line["figure"], line["precision"], float(line["value"])) for line in lines] == wanted
    made.write(tmp_path / "r.json")
    content = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    assert [(one["name"], one["labels"]["precision"], one["value"]) for one in content["figures"]] == wanted
    assert [one["reason"] for one in content["verdicts"]] == [one.sentence for one in int8_verdicts(measured)]


def test_int8_is_no_green_line_where_times_were_not_steady(write: Write) -> None:
    pytest.importorskip("scipy", reason="the verdict on INT8 needs SciPy")
    steady = times({"fp32": [3.0] * 20, "int8": [1.0] * 20})
    key = next(iter(steady.candidates))
    moved = steady.candidates[key].model_copy(update={"unstable": ("its rounds lie far apart",)})
    unsteady = steady.model_copy(update={"candidates": {**steady.candidates, key: moved}})

    def said(record: BenchRecord) -> tuple[str, str]:
        sections = report(write("w.json", record)).document.sections
        blocks = [block for section in sections for block in section.blocks if isinstance(block, Statements)]
        (found,) = [item for block in blocks for item in block.items if "INT8 is worth it" in item.title]
        return found.status, found.reason

    assert said(steady)[0] == "passed"
    status, reason = said(unsteady)
    assert status == "not enough evidence"
    assert "not steady" in reason


def test_a_spreadsheet_computes_nothing(write: Write, tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl", reason="spreadsheets need the extra `report`")
    made = report(write("v.json", validation([0.5, 0.75], model='=HYPERLINK("http://example.org")')))
    made.write(tmp_path / "r.xlsx")
    book = openpyxl.load_workbook(tmp_path / "r.xlsx")
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert not [cell.value for cell in cells if cell.data_type == "f"]
    assert 0.625 in [cell.value for cell in cells]
    made.write(tmp_path / "r.csv")
    assert not re.search(r"(^|,)\"?=", (tmp_path / "r.csv").read_text(encoding="utf-8"))


def test_the_function_writes_what_the_command_does_and_returns_it(write: Write, tmp_path: Path) -> None:
    record = write("w.json", times({"fp32": [2.5, 3.5], "int8": [1.0, 1.5]}))
    made = write_report(str(record), [tmp_path / "r.csv", str(tmp_path / "r.html")], title="Mine")
    assert made.paths == (tmp_path / "r.csv", tmp_path / "r.html")
    asked = ["report", str(record), "--title", "Mine", "-o", str(tmp_path / "c.csv"), "-o", str(tmp_path / "c.html")]
    done = CliRunner().invoke(cli.app, asked)
    assert done.output.split() == [str(tmp_path / "c.csv"), str(tmp_path / "c.html")]
    for suffix in (".csv", ".html"):
        assert (tmp_path / f"r{suffix}").read_bytes() == (tmp_path / f"c{suffix}").read_bytes()
    frame = made.to_frame()
    found = frame[["record", "metric", "precision", "value"]].to_numpy().tolist()
    assert found == [["w.json", "latency_p50", "fp32", 3.0], ["w.json", "latency_p50", "int8", 1.25]]
    # The record leaves the intervals to its raw values; the report has them.
    assert frame.loc[0, "low"] <= 3.0 <= frame.loc[0, "high"]


def test_a_report_shows_itself_in_a_notebook_in_a_frame_of_its_own(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = report(write("w.json", times({"fp32": [2.5, 3.5]})), title=EVIL)
    shown = Page(made._repr_html_() or "")  # pyright: ignore[reportPrivateUsage]
    ((tag, attributes),) = shown.tags
    assert tag == "iframe"
    assert attributes["srcdoc"] == html_page(made.document)
    monkeypatch.setitem(sys.modules, "jinja2", None)
    assert made._repr_html_() is None  # pyright: ignore[reportPrivateUsage]


def test_a_suffix_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"choose one of these suffixes"):
        write_report(tmp_path / "missing.json", tmp_path / "r.pdf")


@pytest.mark.parametrize(("module", "name"), [("openpyxl", "r.xlsx"), ("jinja2", "r.html"), ("matplotlib", "r.html")])
def test_an_absent_package_is_one_sentence(
    module: str, name: str, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    made = report(write("w.json", times({"fp32": [2.5, 3.5]})))
    with pytest.raises(DependencyError, match=rf"needs the package {module}.*mattekit\[report\]"):
        made.write(tmp_path / name)
    assert not (tmp_path / name).exists()
    made.write(tmp_path / "r.csv")


def test_a_strange_suffix_is_refused(write: Write, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"choose one of these suffixes"):
        report(write("v.json", validation([1.0]))).write(tmp_path / "r.pdf")


def test_verdicts_come_first_the_gravest_first(write: Write, tmp_path: Path) -> None:
    gates = tmp_path / "gates.toml"
    gates.write_text(
        '[[gate]]\nmetric = "iou"\nmin = 0.1\n[[gate]]\nmetric = "iou"\nmin = 0.9\n[[gate]]\nmetric = "mae"\nmax = 1\n'
    )
    made = report(write("v.json", validation([0.5] * 12)), gate=gates)
    first = made.document.sections[0].blocks[0]
    assert isinstance(first, Statements)
    assert [item.status for item in first.items] == ["failed", "not enough evidence", "passed"]
    assert made.document.outcome == "1 of 3 checks failed, 1 lack evidence"
    assert made.document.status == "failed"


def test_the_table_of_models_compares_with_fp32_sample_by_sample(write: Write) -> None:
    exact = [0.5, 0.6, 0.7, 0.8]
    made = report(
        write("a.json", validation(exact)),
        write("b.json", validation([value - 0.1 for value in exact], precision="int8")),
        write("w.json", times({"fp32": [4.0, 4.0, 4.0], "int8": [2.0, 2.0, 2.0]})),
    )
    fp32, int8 = rows(made, "Segmentation")
    change = int8["change of IoU from FP32"]
    assert change.value == pytest.approx(-0.1)
    assert change.detail == f"{number(-0.1)} to {number(-0.1)}"
    assert int8["speed-up over FP32"].value == pytest.approx(2)
    assert fp32["IoU on photos"].best
    assert not int8["IoU on photos"].best
    assert int8["latency"].best
    assert not fp32["latency"].best


def test_times_of_two_machines_are_not_compared(write: Write) -> None:
    new, old = times({"fp32": [1.0] * 30}, cpu="one"), times({"fp32": [2.0] * 30}, cpu="another")
    made = report(write("new.json", new), baseline=(write("old.json", old),))
    (row,) = rows(made, "Before and after")
    assert row["verdict"].text == "not compared"
    assert "another machine" in row["verdict"].detail


def test_a_slower_run_on_the_same_machine_is_worse(write: Write) -> None:
    pytest.importorskip("scipy", reason="comparing times needs SciPy")
    noise = np.random.default_rng(0).normal(0, 0.05, (2, 200))
    old, new = (times({"fp32": [float(v) for v in base + part]}) for base, part in zip((2, 3), noise, strict=True))
    made = report(write("new.json", new), baseline=(write("old.json", old),))
    (row,) = rows(made, "Before and after")
    assert row["verdict"].text == "worse"
    assert row["change"].value == pytest.approx(1 / 1.5, abs=0.01)


@pytest.mark.parametrize(
    ("after", "data_hash", "verdict"),
    [
        ([0.4, 0.5, 0.6, 0.7], "d", "worse"),
        ([0.7, 0.4, 0.9, 0.65], "d", "no clear change"),
        ([0.4, 0.5, 0.6, 0.7], "other", "not compared"),
    ],
)
def test_accuracy_changes_only_where_its_interval_says_so(
    after: list[float], data_hash: str, verdict: str, write: Write
) -> None:
    old = write("old.json", validation([0.5, 0.6, 0.7, 0.8]))
    made = report(write("new.json", validation(after, data_hash=data_hash, day=1)), baseline=(old,))
    (row,) = rows(made, "Before and after")
    assert row["verdict"].text == verdict


def test_records_of_one_thing_become_a_trend_with_its_limit(write: Write, tmp_path: Path) -> None:
    gates = tmp_path / "gates.toml"
    gates.write_text('[[gate]]\nmetric = "iou"\nmin = 0.55\nsamples = 2\n')
    paths = [write(f"{day}.json", validation([0.5 + day / 10, 0.7], day=day)) for day in (2, 0, 1)]
    made = report(*paths, write("x.json", validation([0.1, 0.2], data_hash="other")), gate=gates)
    (section,) = [one for one in made.document.sections if one.name == "history"]
    (plot,) = section.blocks
    assert [row["IoU"].value for row in rows(made, "IoU: m fp32 CPU")] == pytest.approx([0.6, 0.65, 0.7])
    assert "min 0.55" in plot.svg()  # type: ignore[union-attr]
    # The table of models has the newest one.
    assert rows(made, "Segmentation")[0]["IoU on photos"].value == pytest.approx(0.7)


def test_an_interval_that_a_record_keeps_is_taken(write: Write) -> None:
    figures = (measurement("x", 2, interval=(1, 3)), measurement("water_low", 5))
    (source,) = read_evidence([write("r.json", peer(*figures))]).current
    found = {point.figure.metric: point.interval for point in source.points}
    assert found == {"x": (1, 3), "water_low": None}


def test_a_benchmark_is_shown_with_its_settings_stages_and_layers(write: Write) -> None:
    plain = bench_record({"fp32": [4.0] * 5, "int8": [2.0] * 5})
    extra: list[Measurement] = []
    for figure in plain.measurements:
        for stage, share in (("decode", 1.0), ("infer", figure.value or 0), ("total", (figure.value or 0) + 1)):
            row = {"metric": "latency_mean", "value": share, "stage": stage}
            extra.append(figure.model_copy(update=row))
    speedup = {"metric": "speedup", "value": 2.0, "unit": TIMES, "interval": (1.6, 2.5), "baseline": "m fp32"}
    extra.append(plain.measurements[1].model_copy(update=speedup))
    layer = {"type": "Convolution", "precision": "f32", "primitive": "jit"}
    profile = (
        LayerTime.model_validate({"name": "conv", "ms": 2.0, "flops": 4e9, "bytes": 1e8, **layer}),
        LayerTime.model_validate({"name": "add", "ms": 0.5, "flops": 1e6, "bytes": 1e7, **layer}),
    )
    candidates = {
        "m fp32": plain.candidates["m fp32"].model_copy(update={"profile": profile}),
        "m int8": plain.candidates["m int8"],
        "x": CandidateResult(task="segmentation", status="failed", reason="no"),
    }
    record = bench_record({"fp32": [4.0] * 5, "int8": [2.0] * 5}, extra=extra, candidates=candidates)
    made = report(write("b.json", record))
    _, int8 = rows(made, "Models")
    assert int8["speed-up over FP32"].value == pytest.approx(2)
    assert int8["speed-up over FP32"].detail == span((1.6, 2.5), like=2, unit=TIMES)
    shares = {row["stage"].text: row["share"].value for row in rows(made, "Where the time of an image goes")[:2]}
    assert shares == {"decode": pytest.approx(20), "infer": pytest.approx(80)}
    hottest = table(made, "Roofline: m fp32")["conv"]
    assert hottest["GFLOP/s"].value == pytest.approx(2000)
    assert hottest["operations a byte"].value == pytest.approx(40)
    assert made.document.status == "failed"
    assert "<svg" in html_page(made.document)


def test_drawings_have_a_text_and_a_table_and_no_colours_of_their_own(write: Write) -> None:
    text = html_page(report(write("w.json", times({"fp32": [2, 3, 4], "int8": [1, 2, 3]}))).document)
    drawings = re.findall(r"<svg.*?</svg>", text, re.DOTALL)
    assert drawings
    for drawing in drawings:
        root = ET.fromstring(drawing)
        assert root.get("role") == "img"
        named = (root.get("aria-labelledby") or "").split()
        texts = {element.get("id"): element.text for element in root if element.get("id") in named}
        assert len(texts) == 2
        assert all(texts.values())
        # A colour that is not one of the page's would be lost on one of its two grounds.
        assert not set(re.findall(r"#[0-9a-f]{6}", drawing)) - {"#000000"}
        assert "var(--" in drawing
    ids = re.findall(r'\bid="([^"]+)"', text)
    assert len(ids) == len(set(ids))


def test_every_colour_of_a_drawing_has_a_value_in_both_themes() -> None:
    from mattekit.reports.formats import html as module

    style = module._asset("style.css")  # pyright: ignore[reportPrivateUsage]
    light, dark = style.split("prefers-color-scheme: dark")
    for name in PALETTE:
        assert f"--{name}:" in light
        assert f"--{name}:" in dark


def test_drawings_of_markdown_lie_beside_it(write: Write, tmp_path: Path) -> None:
    made = report(write("w.json", times({"fp32": [2, 3, 4], "int8": [1, 2, 3]})))
    out = tmp_path / "out" / "r.md"
    made.write(out)
    named = re.findall(r"\]\((r-files/[^)]+)\)", out.read_text(encoding="utf-8"))
    assert named
    for name in named:
        assert ET.parse(out.parent / name).getroot().tag.endswith("svg")
    (out.parent / "r-files" / "mine.txt").write_text("keep")
    with pytest.raises(InputError, match=r"mine\.txt"):
        made.write(out)
    assert (out.parent / "r-files" / "mine.txt").is_file()


def test_no_record_and_no_folder_are_told(tmp_path: Path, write: Write) -> None:
    with pytest.raises(InputError, match="no record"):
        report()
    with pytest.raises(InputError, match="no such folder"):
        report(write("v.json", validation([1.0])), images=(tmp_path / "missing",))


def test_tables_behind_plots_are_tables_of_the_report(write: Write) -> None:
    made = report(write("w.json", times({"fp32": [2, 3, 4], "int8": [1, 2, 3]})))
    assert all(isinstance(one, Table) for one in made.document.tables())
    assert len(rows(made, "Single times: m")) == 2


def test_what_did_not_change_is_folded(write: Write) -> None:
    old = write("old.json", validation([0.5, 0.6, 0.7]))
    made = report(write("new.json", validation([0.5, 0.6, 0.7], day=1)), baseline=(old,))
    (row,) = rows(made, "1 figures are the same")
    assert row["verdict"].text == "the same"
    assert not [one for one in made.document.tables() if one.caption == "Before and after"]


def test_two_fine_tunes_of_one_model_are_two_rows_and_no_history(write: Write) -> None:
    one, two = "a" * 64, "b" * 64
    records = [
        validation([value] * 4, day=day, precision=precision, weights=weights)
        for value, day, weights, precision in (
            (0.6, 0, one, "fp32"), (0.7, 1, two, "fp32"), (0.5, 2, one, "int8"), (0.65, 3, two, "int8"),
        )
    ]  # fmt: skip
    paths = [write(f"{place}.json", record) for place, record in enumerate(records)]
    assert not read_evidence(paths).history
    made = report(*paths)
    found = {(row["model"].text, row["precision"].text): row for row in rows(made, "Segmentation")}
    assert {key: row["IoU on photos"].value for key, row in found.items()} == {
        ("m aaaaaaaa", "fp32"): pytest.approx(0.6),
        ("m bbbbbbbb", "fp32"): pytest.approx(0.7),
        ("m aaaaaaaa", "int8"): pytest.approx(0.5),
        ("m bbbbbbbb", "int8"): pytest.approx(0.65),
    }
    # Each INT8 is held against what it was made from.
    assert found["m bbbbbbbb", "int8"]["change of IoU from FP32"].value == pytest.approx(-0.05)
    # One of them measured again is a history, and its name is the plain one where there is no other.
    again = write("again.json", validation([0.8] * 4, day=9, weights=one))
    assert len(read_evidence([*paths, again]).history) == 1
    assert rows(report(paths[0], again), "Segmentation")[0]["model"].text == "m"


def test_each_fine_tune_is_compared_with_its_own_baseline(write: Write) -> None:
    old = [validation([value] * 4, day=day, weights=text * 64) for value, day, text in ((0.5, 0, "a"), (0.8, 1, "b"))]
    new = validation([0.6] * 4, day=2, weights="a" * 64)
    baselines = tuple(write(f"old-{place}.json", record) for place, record in enumerate(old))
    (row,) = rows(report(write("new.json", new), baseline=baselines), "Before and after")
    assert row["before"].value == pytest.approx(0.5)


def test_records_of_several_arithmetics_say_which_and_those_of_one_do_not(write: Write) -> None:
    paths = [
        write(f"{name}.json", validate_record([value] * 4, ran=execution(arithmetic=name)))
        for name, value in (("f32", 0.8), ("bf16", 0.7))
    ]
    both = report(*paths)
    for caption in ("Segmentation", "photos: 4 samples"):
        assert {row["arithmetic"].text for row in rows(both, caption)} == {"f32", "bf16"}
    assert not read_evidence(paths).history
    assert "arithmetic" not in rows(report(paths[0]), "Segmentation")[0]


def test_times_of_a_run_in_another_arithmetic_and_rates_of_another_machine_are_not_compared(write: Write) -> None:
    def run(arithmetic: str, cpu: str = "a processor") -> RunRecord:
        return run_record({"infer": [0.1, 0.2]}, ran=execution(arithmetic=arithmetic), at=machine(cpu))

    new = write("new.json", run("f32"))
    here, there = machine().label, machine("another").label
    for name, old, why in (
        ("half", run("bf16"), "computed in another arithmetic: bf16, then f32"),
        ("there", run("f32", "another"), f"measured on another machine: {there}, then {here}"),
    ):
        made = report(new, baseline=(write(f"{name}.json", old),))
        found = {row["figure"].text: row["verdict"] for row in rows(made, "Before and after")}
        for figure in ("throughput", "latency"):
            assert (found[figure].text, found[figure].detail) == ("not compared", why)


def test_a_fine_tune_is_told_from_a_baseline_of_other_weights_and_not_compared(write: Write) -> None:
    old, new = (validation([0.5] * 4, weights=text * 64) for text in "ab")
    (row,) = rows(report(write("new.json", new), baseline=(write("old.json", old),)), "Before and after")
    assert (row["verdict"].text, row["verdict"].detail) == (
        "not compared", "made from other weights: aaaaaaaa, then bbbbbbbb"
    )  # fmt: skip


def test_times_of_two_machines_and_of_two_sizes_stand_side_by_side(write: Write) -> None:
    def bench(cpu: str, side: int, ms: float) -> BenchRecord:
        ran = execution(size=(side, side), batch=1, hint="latency", threads=4)
        return bench_record({"fp32": [ms] * 9, "int8": [ms / 2] * 9}, ran=ran, at=machine(cpu))

    found = (("one", 320, 8.0), ("another", 320, 4.0), ("one", 640, 32.0))
    paths = [write(f"{place}.json", bench(*each)) for place, each in enumerate(found)]
    assert not read_evidence(paths).history
    made = report(*paths)
    shown = next(one for one in made.document.tables() if one.caption == "Models")
    assert machine("one").label in shown.note
    assert machine("another").label in shown.note
    cells = {(row["machine"].text, row["size"].text, row["precision"].text): row for row in rows(made, "Models")}
    assert {key: row["latency"].value for key, row in cells.items()} == {
        ("A", "320x320", "fp32"): 8, ("A", "320x320", "int8"): 4, ("B", "320x320", "fp32"): 4,
        ("B", "320x320", "int8"): 2, ("A", "640x640", "fp32"): 32, ("A", "640x640", "int8"): 16,
    }  # fmt: skip
    # Each INT8 is held against what ran beside it, and nothing against another machine's.
    assert all(row["speed-up over FP32"].value == pytest.approx(2) for key, row in cells.items() if key[2] == "int8")
    assert not any(row["latency"].best for row in cells.values())
    alone = rows(report(paths[0]), "Models")[0]
    assert not {"machine", "size"} & alone.keys()


def test_accuracy_is_shown_beside_the_times_of_each_machine_and_drawn_for_each_alone(write: Write) -> None:
    ran = execution(size=(320, 320), batch=1, hint="latency", threads=4)
    paths = [
        write(f"{precision}.json", validate_record([value] * 4, of=variant("m", precision), ran=ran, at=machine("one")))
        for precision, value in (("fp32", 0.8), ("int8", 0.7))
    ]
    for cpu, ms in (("one", 8.0), ("another", 4.0)):
        record = bench_record({"fp32": [ms] * 9, "int8": [ms / 2] * 9}, ran=ran, at=machine(cpu))
        paths.append(write(f"b-{cpu}.json", record))
    made = report(*paths)
    assert [
        (row["machine"].text, row["precision"].text, row["IoU on photos"].value, row["latency"].value)
        for row in rows(made, "Segmentation")
    ] == [("A", "fp32", 0.8, 8), ("A", "int8", 0.7, 4), ("B", "fp32", 0.8, 4), ("B", "int8", 0.7, 2)]
    plots = [b for s in made.document.sections for b in s.blocks if isinstance(b, Plot) and b.name.startswith("pareto")]
    assert [plot.name for plot in plots] == ["pareto-segmentation-A", "pareto-segmentation-B"]
    assert [[row[1].value for row in plot.table.rows] for plot in plots] == [[8, 4], [4, 2]]


def test_two_runs_of_one_model_are_two_bars(write: Write) -> None:
    paths = [write(f"{name}.json", run_record({"decode": [0.1], "infer": [ms]}, day=day, at=machine(name)))
             for day, (name, ms) in enumerate((("x", 0.1), ("y", 0.3)))]  # fmt: skip
    found = rows(report(*paths), "Where the time of an image goes")
    assert [(row["stage"].text, row["share"].value) for row in found] == [
        ("decode", pytest.approx(50)), ("infer", pytest.approx(50)),
        ("decode", pytest.approx(25)), ("infer", pytest.approx(75)),
    ]  # fmt: skip


def test_files_of_unknown_weights_are_told_apart_and_int8_is_held_against_its_fp32(write: Write) -> None:
    known = [
        write(f"{place}.json", validation([value] * 4, precision=precision))
        for place, (precision, value) in enumerate((("fp32", 0.8), ("int8", 0.7)))
    ]
    _, int8 = rows(report(*known), "Segmentation")
    assert int8["model"].text == "m"
    assert int8["change of IoU from FP32"].value == pytest.approx(-0.1)
    other = validate_record([0.6] * 4, of=variant(sha256={"model.xml": "c" * 64}))
    names = [row["model"].text for row in rows(report(*known, write("other.json", other)), "Segmentation")]
    assert len(names) == 3
    assert "m cccccccc" in names


def test_a_folder_means_the_records_in_it_and_below(tmp_path: Path) -> None:
    folder = tmp_path / "models" / "small" / "fp32"
    folder.mkdir(parents=True)
    validation([0.5]).write(folder / "export.json")
    times({"fp32": [1.0]}).write(tmp_path / "models" / "bench.json")
    # What else lies in such folders is no record.
    (folder / "contract.json").write_text('{"version": 1}')
    (folder / "broken.json").write_text("{")
    made = report(tmp_path / "models")
    assert [source.path.name for source in made.evidence.current] == ["bench.json", "export.json"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="there is no record in the folder"):
        report(tmp_path / "empty")


def test_a_record_of_an_older_version_is_refused_with_the_command_that_makes_it_again(tmp_path: Path) -> None:
    old = tmp_path / "v.json"
    old.write_text('{"version": 1, "kind": "validation", "created": "2026-01-01T00:00:00Z", "settings": {}}')
    with pytest.raises(InputError, match=r"version 1.*mattekit validate"):
        report(old)
