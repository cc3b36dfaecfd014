"""The Python API: every function shows itself by an example that runs, and records become one table."""

from __future__ import annotations

import doctest
import inspect
import shutil
from functools import cache
from pathlib import Path

import mattekit
import pytest
import records as built
from mattekit.core import InputError

FUNCTIONS = [name for name in dir(mattekit) if inspect.isfunction(getattr(mattekit, name))]

LONG = {"build_recipe", "check_parity", "export_model", "quantize_model", "package_model", "verify_package"}
"""Those whose examples take seconds."""

SAFE = {"diagnose", "list_models"}
"""Those that raise nothing."""

measured = cache(mattekit.benchmark)
"""The benchmark that several examples begin with: two processes, and the same record for the same arguments."""


@pytest.fixture
def desk(photo: Path, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which there is a photo, and a folder of two."""
    del home
    (tmp_path / "photos").mkdir()
    for name in ("photo.jpg", "photos/0.jpg", "photos/1.jpg"):
        shutil.copy(photo, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(mattekit, "benchmark", measured)
    return tmp_path


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name in LONG else ()) for name in FUNCTIONS]
)
def test_the_example_of_a_function_does_what_it_says(name: str, desk: Path) -> None:
    del desk
    for extra in ("torch", "nncf") if name in LONG else ():
        pytest.importorskip(extra, reason="needs the extras `export` and `quantize`")
    said = inspect.getdoc(getattr(mattekit, name)) or ""
    _, heading, example = said.partition("\nExample:\n")
    assert heading, f"{name}: give its docstring an Example"
    test = doctest.DocTestParser().get_doctest(inspect.cleandoc(example), {}, name, None, None)
    assert test.examples, f"{name}: its example has no line that begins with >>>"
    told: list[str] = []
    result = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE).run(
        test, out=told.append
    )
    assert not result.failed, "".join(told)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_says_what_it_takes_gives_and_raises(name: str) -> None:
    function = getattr(mattekit, name)
    said = inspect.getdoc(function) or ""
    parameters = inspect.signature(function).parameters
    gives = inspect.signature(function).return_annotation not in (None, "None")
    wanted = [
        *(["Args:"] if parameters else []),
        *(["Returns:"] if gives else []),
        *([] if name in SAFE else ["Raises:"]),
    ]
    missing = [part for part in wanted if f"\n{part}\n" not in said]
    assert not missing, f"{name}: say {', '.join(missing)}"
    arguments = said.partition("\nArgs:\n")[2].partition("\n\n")[0]
    silent = [parameter for parameter in parameters if f"\n    {parameter}: " not in f"\n{arguments}"]
    assert not silent, f"{name}: say what {', '.join(silent)} is"


def test_records_of_any_kinds_are_one_tidy_table(tmp_path: Path) -> None:
    bench = built.bench_record({"fp32": [4.0, 5.0, 6.0], "int8": [2.0, 3.0, 4.0]})
    validated = built.validate_record([0.5, 0.75])
    bench.write(tmp_path / "b.json")
    (tmp_path / "sub").mkdir()
    validated.write(tmp_path / "sub" / "v.json")
    frame = mattekit.read_records(tmp_path)
    assert len(frame) == len(bench.measurements) + len(validated.measurements)
    for place, figure in enumerate(bench.measurements):
        row = frame.to_dict("records")[place]
        assert (row["record"], row["kind"], row["machine"]) == (str(tmp_path / "b.json"), "bench", bench.machine.label)
        assert (row["metric"], row["value"], row["unit"]) == (figure.metric, figure.value, figure.unit)
        assert {label: row[label] for label in figure.labels} == figure.labels
    rows = frame.to_dict("records")[len(bench.measurements) :]
    means = [row["value"] for row in rows if (row["kind"], row["metric"], row["slice"]) == ("validate", "iou", "all")]
    assert means == [0.625]
    alone = mattekit.read_records([str(tmp_path / "b.json")])
    assert list(alone["value"]) == list(frame["value"])[: len(alone)]


def test_a_folder_without_a_record_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no record in the folder"):
        mattekit.read_records(tmp_path)


def test_what_a_run_gives_fits_on_a_line(desk: Path) -> None:
    assert desk
    pipeline = mattekit.open_pipeline(background="white")
    assert "Remover(mattelite on CPU)" in repr(pipeline)
    assert "Upscaler(srlite-x2 on CPU)" in repr(pipeline)
    result = mattekit.run_images(["photo.jpg", "photos"], "out", sr=None)
    assert repr(result.record).startswith("RunRecord(mattelite; ")
    assert len(repr(result)) < 2000
