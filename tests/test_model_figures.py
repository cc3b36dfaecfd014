"""The figures of docs/models.md are what its records say, and say which published ones they reproduce."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from mattekit.convert import zoo

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def page() -> ModuleType:
    """The tool's module, imported from where it lies."""
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        import figures_page  # pyright: ignore[reportMissingImports]
    finally:
        sys.path.pop(0)
    return figures_page


def _figures(model: str, **more: Any) -> dict[str, Any]:
    given = {"model": model, "weights_sha256": "a" * 64, "note": "", "why": "", "parity": [], "accuracy": []}
    return {**given, "latency": None, "bytes": {}} | more


def test_the_page_is_made_of_the_files(page: ModuleType) -> None:
    text = (ROOT / "docs" / "models.md").read_text(encoding="utf-8")
    between = text.partition(page.BEGIN)[2].partition(page.END)[0]
    assert between.strip() == page.rendered(page.read_figures()).strip()


def test_each_file_is_of_an_entry_that_is_proven_and_says_what_its_weights_are(page: ModuleType) -> None:
    found = page.read_figures()
    assert found
    for each in found:
        spec = zoo.get(each["model"])
        assert spec.proven
        assert each["note"] or each["weights_sha256"] == spec.weights.sha256
        assert each["parity"]


def test_only_a_figure_that_is_the_same_to_the_last_digit_on_the_same_set_is_marked(page: ModuleType) -> None:
    def marked(data: str, value: float, metric: str = "psnr_y") -> bool:
        figure = {"set": data, "count": 5, "metric": metric, "fp32": value, "int8": value}
        return (
            "**=**"
            in page.rendered([_figures("imdn-x2", accuracy=[figure])]).partition("**Parity")[0].split("\n", 1)[1]
        )

    assert marked("Set5", 38.0049)
    assert not marked("Set5", 38.0051)
    assert not marked("Set5", 37.994)
    assert not marked("Set5, every second", 38.0)
    assert not marked("Set14", 38.0)
    assert marked("Set5", 0.96051, "ssim_y")
    assert not marked("Set5", 38.0, "iou")


def test_what_was_not_measured_is_left_empty(page: ModuleType) -> None:
    text = page.rendered([_figures("imdn-x2", bytes={"fp32": 1_234_567})])
    assert "| `imdn-x2` |  |  |  |  |  | 1.2 |  |" in text


def test_figures_are_taken_from_the_records_of_an_export(page: ModuleType, segmentation_ir: Path) -> None:
    found = page.figures_of(segmentation_ir.parent, ("ecssd_val",), "a note", "a reason")
    record = json.loads((segmentation_ir / "export.json").read_text(encoding="utf-8"))
    assert [each["step"] for each in found["parity"]] == ["torch → onnx", "onnx → ir"]
    assert found["weights_sha256"] == record["variants"][-1]["weights_sha256"]
    assert found["bytes"] == {"fp32": sum(path.stat().st_size for path in segmentation_ir.glob("model.[xb]*"))}
    assert (found["accuracy"], found["latency"], found["note"], found["why"]) == ([], None, "a note", "a reason")
