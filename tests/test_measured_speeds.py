"""How fast a model is here, read from the benchmarks that the cache keeps, and shown with the zoo."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from mattekit import cli
from mattekit.bench import keep, measured_speeds
from mattekit.infer import this_machine
from records import bench_record, execution, machine, measurement
from typer.testing import CliRunner

pytestmark = pytest.mark.usefixtures("home")


def _shown(*words: str) -> str:
    done = CliRunner().invoke(cli.app, ["models", *words], terminal_width=200)
    assert done.exit_code == 0, done.output
    return " ".join(done.output.split())


def test_the_fastest_that_was_measured_on_this_machine_counts() -> None:
    here = this_machine()
    for milliseconds, day in ((200.0, 0), (100.0, 1), (400.0, 2)):
        keep(bench_record({"fp32": [milliseconds]}, model="u2netp", at=here, day=day), None)
    keep(bench_record({"int8": [1.0]}, model="u2netp", at=machine("another processor")), None)
    keep(bench_record({"int8": [1.0]}, model="u2netp", at=here, scenario="offline"), None)
    (speed,) = measured_speeds().values()
    # Ten images of 320x320 in a second.
    assert (speed.images, speed.megapixels) == (pytest.approx(10), pytest.approx(1.024))
    assert (speed.size, speed.precision, speed.arithmetic, speed.device) == ("320x320", "fp32", "f32", "CPU")
    assert speed.measured.isoformat().startswith("2026-01-02")


def test_images_of_a_batch_count_each() -> None:
    ran = execution(size=(100, 200), batch=4)
    keep(bench_record({"fp32": [1000.0]}, model="rfdn-x4", ran=ran, at=this_machine()), None)
    assert measured_speeds()["rfdn-x4"].megapixels == pytest.approx(0.08)


def test_what_tells_no_speed_counts_for_nothing(home: Path) -> None:
    assert measured_speeds() == {}
    free = execution(size=None)
    keep(bench_record({"fp32": [5.0]}, model="rfdn-x4", ran=free, at=this_machine()), None)
    decoding = measurement("latency_p50", 1.0, "ms", stage="decode")
    keep(bench_record({"fp32": [5.0]}, ran=free, at=this_machine(), extra=[decoding]), None)
    (home / "records" / "bench-20990101T000000Z-0.json").write_text("{}")
    assert measured_speeds() == {}


def test_models_show_a_speed_that_is_known_and_how_to_measure_one_that_is_not() -> None:
    assert "mattekit bench MODEL" in _shown()
    assert "mattekit bench u2netp" in _shown("show", "u2netp")
    keep(bench_record({"fp32": [100.0]}, model="u2netp", at=this_machine()), None)
    assert "MP/s" in _shown()
    assert "1.02 megapixels of input a second, or 10 images of 320x320" in _shown("show", "u2netp")
    assert "mattekit bench mattelite" in _shown("show", "mattelite")
    done = CliRunner().invoke(cli.app, ["models", "--json"])
    entries = {each["id"]: each for each in json.loads(done.output)}
    assert entries["u2netp"]["speed_here"]["images"] == pytest.approx(10)
    assert entries["mattelite"]["speed_here"] is None
    assert entries["u2netp"]["published_figures"][0]["source"] == "https://arxiv.org/abs/2005.09007"


def test_a_list_for_a_use_says_that_it_is_in_an_order() -> None:
    assert "from the first on" in _shown("--for", "portrait")
    assert "from the first on" not in _shown()
