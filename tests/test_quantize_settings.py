"""What quantization is asked for, and how the search for layers goes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from mattekit.core import InputError
from mattekit.quantize import QuantizeSettings, parse_max_drop
from mattekit.quantize.layer_search import most_layers, search
from mattekit.quantize.ptq import read_recipe
from mattekit.quantize.quantize_settings import MaxDrop


def test_every_recipe_can_be_read() -> None:
    import mattekit.quantize

    folder = Path(str(mattekit.quantize.__file__)).parent / "recipes"
    found = sorted(folder.glob("*.toml"))
    assert found
    for path in found:
        assert read_recipe(path).models, path
        assert read_recipe(path).why.strip(), path


@pytest.mark.parametrize("text", ["iou", "iou=", "=0.1", "iou=-1", "iou=many", "iou=inf", "iou=nan"])
def test_a_wrong_drop_is_told(text: str) -> None:
    with pytest.raises(InputError, match="--max-drop"):
        parse_max_drop(text)
    assert parse_max_drop("iou=0.01") == MaxDrop("iou", 0.01)
    assert QuantizeSettings(max_drop="iou=0.01").max_drop == MaxDrop("iou", 0.01)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("needed", [1, 2, 3, 5, 6, 8, 20])
def test_the_search_finds_the_shortest_start(needed: int) -> None:
    ranking, tried = [str(number) for number in range(30)], list[int]()

    def drop(layers: tuple[str, ...], more: int) -> float:
        assert more >= 0
        assert layers == tuple(ranking[: len(layers)])
        tried.append(len(layers))
        return 0.0 if len(layers) >= needed else 1.0

    found = search(ranking, drop, 0.5)
    assert found == (tuple(ranking[:needed]) if needed <= most_layers(30) else None)
    assert len(tried) == len(set(tried)) <= 9


def test_a_drop_that_is_not_a_number_is_never_within_the_limit() -> None:
    assert search(["a", "b", "c"], lambda _layers, _more: float("nan"), 1.0) is None


def test_a_resumed_folder_of_another_search_is_emptied(tmp_path: Path) -> None:
    from mattekit.quantize.layer_search import open_state

    state = open_state(tmp_path / "work", "one")
    state.baseline = [1.0]
    state.write(tmp_path / "work")
    assert open_state(tmp_path / "work", "one").baseline == [1.0]
    assert open_state(tmp_path / "work", "two").baseline == []
    assert not list((tmp_path / "work").iterdir())
    shutil.rmtree(tmp_path / "work")
