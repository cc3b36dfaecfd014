"""How a report writes numbers, devices and what came from outside."""

from __future__ import annotations

import pytest
from mattekit.reports.configurations import Configurations
from mattekit.reports.document import Cell, Column, plain
from mattekit.reports.evidence import number, scaled, signed, span
from mattekit.reports.marking import mark_best
from records import execution, measurement, variant


def test_plain_text_shows_what_it_is() -> None:
    assert plain("a\x1b[31m\u202eb\nc") == "a\ufffd[31m\ufffdb c"
    assert plain("x" * 5000) == "x" * 2000 + "…"


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (None, "", "not measured"),
        (float("nan"), "ms", "not measured"),
        (float("inf"), "dB", "∞"),
        (0.57982, "", "0.5798"),
        (3460142.0, "B", "3.46"),
        (1153.4, "ms", "1,153"),
        (51.18, "ms", "51.2"),
        (4e-6, "", "4.00e-06"),
        (-0.25, "", "\N{MINUS SIGN}0.2500"),
        (14.0, "", "14"),
        (158310400.0, "B of memory", "158"),
        (1.5, "\N{MULTIPLICATION SIGN}", "1.50"),
        (2.0, "\N{MULTIPLICATION SIGN}", "2.00"),
        (0.4567, "of the time", "45.7"),
        (1.0, "of the time", "100.0"),
        (0.0123, "p", "0.0123"),
        (15.0, "queries", "15"),
    ],
)
def test_numbers_have_their_significant_digits(value: float | None, unit: str, text: str) -> None:
    assert number(value, unit) == text


def test_a_difference_has_the_digits_of_its_figure() -> None:
    assert signed(0.0001886, "dB", like=32.1) == "0.00"
    assert signed(-1.64, "dB", like=32.1) == "\N{MINUS SIGN}1.64"
    assert span((-0.2275, -0.00028), like=0.58) == "\N{MINUS SIGN}0.2275 to \N{MINUS SIGN}0.0003"


def test_the_best_of_a_column_needs_a_direction_and_a_difference() -> None:
    columns = (Column("a", better=True), Column("b", better=False), Column("c"), Column("d", better=True))
    cells = [tuple(Cell("", value) for value in row) for row in ((1.0, 1.0, 1.0, 5.0), (2.0, 2.0, 2.0, 5.0))]
    marked = mark_best(columns, cells)
    assert [[cell.best for cell in row] for row in marked] == [[False, True, False, False], [True, False, False, False]]


@pytest.mark.parametrize(
    ("unit", "shown"),
    [
        ("B", "MB"),
        ("B of memory", "MB"),
        ("of the time", "% of the time"),
        ("\N{MULTIPLICATION SIGN}", "\N{MULTIPLICATION SIGN}"),
        ("images/s", "images/s"),
        ("independent samples", ""),
        ("late frames", "late frames"),
        ("", ""),
    ],
)
def test_a_unit_is_shown_as_people_read_it(unit: str, shown: str) -> None:
    assert scaled(unit)[0] == shown


@pytest.mark.parametrize(
    ("runtime", "asked", "device"),
    [
        ("openvino", "CPU", "CPU"),
        ("openvino", "", "CPU"),
        ("onnxruntime", "CPU", "onnxruntime"),
        ("onnxruntime", "", "onnxruntime"),
        ("torch", "GPU.0", "torch:GPU.0"),
    ],
)
def test_a_device_is_called_the_same_whoever_measured(runtime: str, asked: str, device: str) -> None:
    figure = measurement("iou", 0.5, variants=(variant(),), executions=(execution(asked, runtime=runtime),))
    assert Configurations([]).of(figure).device == device


def test_names_of_points_cover_neither_each_other_nor_a_point() -> None:
    pytest.importorskip("matplotlib", reason="drawings need the extra `report`")
    from mattekit.reports.plots import Dot, scatter

    spread = [(150, 0.757), (390, 0.7577), (117, 0.7786), (112, 0.7788), (151, 0.757), (1500, 0.757)]
    dots = [
        Dot(f"mattelite {place} in f32", x, y, None, None, "#1f6feb", 0, front=False)
        for place, (x, y) in enumerate(spread)
    ]
    figure, _ = scatter(dots, ("ms", "IoU"), better_up=True)
    (axes,) = figure.axes
    assert axes.get_xscale() == "log"
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in axes.texts]
    assert len(boxes) == len(dots)
    assert not [(a, b) for a, one in enumerate(boxes) for b, other in enumerate(boxes[:a]) if one.overlaps(other)]
    points = axes.transData.transform(spread)
    assert not [text for text, box in zip(axes.texts, boxes, strict=True) if any(box.contains(*at) for at in points)]
