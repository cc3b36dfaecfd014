"""The fastest variant that keeps its word on a device: what is searched, what is shown, and on which samples."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mattekit import MaxDrop, PlanResult, plan_deployment
from mattekit.bench import hypervolume, pareto_front
from mattekit.core import BenchRecord, InputError, read_record
from mattekit.infer import read_model
from mattekit.workflow import PlannedVariant, PlanSettings, run_plan

DATA = "synthetic:count=30,size=64x48"
QUICK: dict[str, Any] = {"seconds": 0.05, "rounds": 12, "calibration_limit": 4}


def test_the_front_is_what_no_other_point_is_better_than() -> None:
    points = [(1.0, 5.0), (2.0, 4.0), (2.0, 6.0), (3.0, 4.0), (1.0, 5.0), (4.0, 1.0)]
    assert pareto_front(points) == [0, 1, 5]
    assert pareto_front([]) == []
    rng = np.random.default_rng(0)
    drawn = [tuple(map(float, point)) for point in rng.integers(0, 5, (40, 3))]
    for place in range(len(drawn)):
        better = [
            other
            for other in drawn
            if all(a <= b for a, b in zip(other, drawn[place], strict=True)) and other != drawn[place]
        ]
        assert (place in pareto_front(drawn)) == (not better and drawn.index(drawn[place]) == place)


def test_the_hypervolume_is_the_area_that_is_dominated() -> None:
    points, reference = [(1.0, 3.0), (2.0, 1.0), (2.5, 2.0), (9.0, 0.0)], (4.0, 4.0)
    cells = itertools.product(np.arange(0.05, 4, 0.1), repeat=2)
    counted = sum(any(x > a and y > b for a, b in points) for x, y in cells) * 0.01
    assert hypervolume(points, reference) == pytest.approx(counted)
    assert hypervolume([], reference) == 0


@pytest.fixture(scope="module")
def planned(light_ir: Path, tmp_path_factory: pytest.TempPathFactory) -> PlanResult:
    return plan_deployment(
        light_ir / "model.xml",
        tmp_path_factory.mktemp("plan") / "plan",
        data=DATA,
        max_drop=MaxDrop("iou", 0.5),
        arithmetic=("f32",),
        layers=(0, 1),
        **QUICK,
    )


@pytest.mark.slow
def test_every_variant_of_the_grid_is_told_and_the_finalists_are_measured_beside_the_model(planned: PlanResult) -> None:
    names = {str(each.variant) for each in planned.tried}
    assert {"fp32 in f32", "fp16 in f32", "int8 in f32"} <= names
    assert planned.points[0].row.figures["latency_p50"] <= planned.points[-1].row.figures["latency_p50"]
    finalists = {point.variant for point in planned.points}
    assert all(bool(each.given_up) == (each.variant not in finalists) for each in planned.tried)
    assert planned.verdict == "found"
    assert planned.pick in planned.points
    assert planned.exit_code == 0
    assert planned.front


@pytest.mark.slow
def test_claims_rest_on_samples_that_neither_calibrated_nor_chose(planned: PlanResult) -> None:
    # Of thirty samples ten calibrate and five are searched on.
    assert planned.table.samples == 15
    assert {each.samples for each in planned.tried if each.samples} == {5}


@pytest.mark.slow
def test_each_point_is_a_folder_with_its_ir_and_a_recipe_that_build_reads(planned: PlanResult) -> None:
    from mattekit.workflow.recipes import read_recipe

    for point in planned.points:
        assert read_model(point.folder / "model.xml").inputs
        recipe = read_recipe(point.folder / "recipe.toml", {"WEIGHTS": "w.onnx", "DATA": "d", "CALIBRATION": "c"})
        (model,) = recipe.model
        assert point.variant.precision in model.precisions
        kept = point.folder / "ignored.txt"
        assert kept.is_file() == bool(point.variant.layers)
    written = read_record(planned.folder / "plan.json", BenchRecord)
    assert written.allowed_drop == {"iou": 0.5}
    assert (planned.folder / "tried.csv").read_text().count("\n") == len(planned.tried) + 1


@pytest.mark.slow
def test_a_plan_that_was_stopped_goes_on(planned: PlanResult, light_ir: Path) -> None:
    states = list((planned.folder / ".plan").glob("plan-state.json"))
    before = json.loads(states[0].read_text())
    again = run_plan(
        light_ir / "model.xml",
        planned.folder,
        PlanSettings(
            data=DATA, max_drop=MaxDrop("iou", 0.5), arithmetic=("f32",), layers=(0, 1), budget_ms=1e-3, **QUICK
        ),
    )
    after = json.loads(states[0].read_text())
    assert (before["milliseconds"], before["values"]) == (after["milliseconds"], after["values"])
    # Nothing is that fast, which more samples would not mend.
    assert (again.verdict, again.exit_code, again.pick) == ("none", 3, None)


def test_what_cannot_be_planned_is_refused_with_the_number_that_is_needed(light_ir: Path, tmp_path: Path) -> None:
    for given, says in (
        ({"data": "synthetic:count=10,size=64x48"}, "give at least 24"),
        ({"data": None}, "give --data"),
        ({"data": DATA, "layers": (-1,)}, "--layers"),
        ({"data": DATA, "rounds": 3}, "--rounds"),
    ):
        with pytest.raises(InputError, match=says):
            plan_deployment(light_ir / "model.xml", tmp_path / "plan", **given)  # pyright: ignore[reportArgumentType]


def test_a_variant_says_in_a_few_words_what_it_is() -> None:
    assert str(PlannedVariant("int8", 2, (192, 192), "bf16")) == "int8 with 2 layers kept at 192x192 in bf16"
    assert PlannedVariant("int8", 2, (192, 192), "bf16").name == PlannedVariant("int8", 2, (192, 192), "f32").name
