"""A few of the mutated inputs of `tools/fuzz.py`: each is taken or refused with one line, whatever it is."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

FUZZ = Path(__file__).resolve().parents[1] / "tools" / "fuzz.py"
QUICK = {"images": 400}
MORE = {"ir": 120}
"""How many are enough for every kind of refusal that 120 reach, where that is not 60."""
TARGETS = ("images", "videos", "checkpoints", "onnx", "ir", "records", "recipes", "gates", "manifests")

pytest.importorskip("torch", reason="the checkpoints need the extra `export`")
pytest.importorskip("av", reason="videos need the extra `video`")
pytest.importorskip("jinja2", reason="reports need the extra `report`")


def fuzzed(target: str, count: int, seed: int, folder: Path) -> dict[str, int]:
    """Fuzz in child processes and return the outcomes; a broken promise fails the test with the input's name."""
    arguments = [target, "--count", count, "--seed", seed, "--keep", folder / "broken", "--json", folder / "j.json"]
    done = subprocess.run(
        [sys.executable, str(FUZZ), *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (tally,) = json.loads((folder / "j.json").read_text())
    assert tally["inputs"] == count
    assert tally["peak"] - tally["start"] < 500
    return tally["outcomes"]


@pytest.mark.parametrize(("target", "count"), QUICK.items(), ids=QUICK)
def test_a_few_mutated_inputs_are_taken_or_refused(target: str, count: int, tmp_path: Path) -> None:
    outcomes = fuzzed(target, count, 0, tmp_path)
    # Damage that is never seen, or always, would test little.
    assert len(outcomes) >= 2


@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS)
def test_more_mutated_inputs_are_taken_or_refused(target: str, tmp_path: Path) -> None:
    fuzzed(target, MORE.get(target, 60), 1, tmp_path)


@pytest.mark.slow
def test_coverage_chooses_inputs_and_keeps_those_that_reach_something(tmp_path: Path) -> None:
    pytest.importorskip("atheris", reason="it has no build for this system")
    corpus = tmp_path / "corpus"
    command = [
        sys.executable,
        str(FUZZ.with_name("fuzz_coverage.py")),
        "gates",
        "--count",
        "150",
        "--corpus",
        str(corpus),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Instrumenting mattekit" in done.stderr
    assert "DONE" in done.stderr
    first = len(list(corpus.iterdir()))
    assert first > 100
    command[command.index("150")] = "50"
    again = subprocess.run(command, capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr
    assert len(list(corpus.iterdir())) >= first


def test_a_broken_promise_is_found_and_kept(tmp_path: Path) -> None:
    arguments = ["selftest", "--count", "6", "--seconds", "0.5", "--keep", tmp_path, "--json", tmp_path / "j.json"]
    done = subprocess.run(
        [sys.executable, str(FUZZ), *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    (tally,) = json.loads((tmp_path / "j.json").read_text())
    assert tally["inputs"] == 6
    told = {row["input"]: row["outcome"] for row in tally["broken"]}
    assert set(told) == {f"selftest-0-{number}" for number in (1, 2, 3, 4)}
    assert "KeyError" in told["selftest-0-1"]
    assert told["selftest-0-2"] == "BROKEN: died of SIGSEGV"
    assert told["selftest-0-3"] == "BROKEN: no end within 0.5 s"
    assert all((tmp_path / name / "number").read_text() == name[-1] for name in told)
