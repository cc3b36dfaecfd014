"""Weights mixed of two published checkpoints: how strongly Real-ESRGAN's general network denoises."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mattekit import build_recipe, export_model
from mattekit.convert import fetching, load_module, mixed_weights, require_mixable, zoo
from mattekit.core import (
    ExportRecord,
    FetchError,
    HashMismatchError,
    InputError,
    ModelError,
    read_record,
    sha256_of,
)
from mattekit.infer import load
from mattekit.models import ModelRef
from mattekit.package.cards import card_of

torch = pytest.importorskip("torch", reason="torch is not installed")

WHOLE, PARTNER = "realesr-general-x4v3", "realesr-general-wdn-x4v3"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder laid out as MATTEKIT_MIRROR is, with random weights of both networks, whose outputs stay small."""
    folder = tmp_path_factory.mktemp("mirror")
    for seed, name in enumerate((WHOLE, PARTNER)):
        spec = zoo.get(name)
        assert spec.build is not None
        torch.manual_seed(seed)
        module = spec.build()
        (folder / name).mkdir()
        # As the publisher saves it.
        torch.save({"params": module.state_dict()}, folder / name / spec.weights.filename)
    return folder


@pytest.fixture
def served(published: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same, where the zoo expects these bytes and finds them there."""
    assert not home.exists()
    for name in (WHOLE, PARTNER):
        spec = zoo.get(name)
        file = published / name / spec.weights.filename
        weights = replace(spec.weights, urls=(), sha256=sha256_of(file), size=file.stat().st_size)
        monkeypatch.setitem(vars(zoo)["_REGISTRY"], name, replace(spec, weights=weights))
    monkeypatch.setenv("MATTEKIT_MIRROR", str(published))
    return published


def _values(name: str, folder: Path) -> dict[str, np.ndarray]:
    spec = zoo.get(name)
    return {
        key: value.numpy()
        for key, value in load_module(spec, folder / name / spec.weights.filename).state_dict().items()
    }


@pytest.mark.parametrize("strength", [0.0, 0.25, 0.5])
def test_each_value_is_the_sum_of_both_by_their_shares(strength: float, served: Path) -> None:
    mixture = mixed_weights(zoo.get(WHOLE), strength)
    whole, partner = (_values(name, served) for name in (WHOLE, PARTNER))
    mixed = load_module(zoo.get(WHOLE), mixture.path).state_dict()
    assert set(mixed) == set(whole)
    for name, value in mixed.items():
        assert np.array_equal(
            value.numpy(), np.float32(strength) * whole[name] + np.float32(1 - strength) * partner[name]
        )
    assert [(part.sha256, part.share) for part in mixture.parts] == [
        (zoo.get(WHOLE).weights.sha256, strength),
        (zoo.get(PARTNER).weights.sha256, 1 - strength),
    ]
    before = mixture.path.read_bytes()
    assert mixed_weights(zoo.get(WHOLE), strength, offline=True).path.read_bytes() == before


def test_at_full_strength_the_networks_own_weights_are_taken_as_they_are(served: Path) -> None:
    mixture = mixed_weights(zoo.get(WHOLE), 1)
    assert (mixture.path.read_bytes(), mixture.parts) == (
        (served / WHOLE / f"{WHOLE}.pth").read_bytes(),
        (),
    )


@pytest.mark.slow
@pytest.mark.usefixtures("served")
def test_an_export_says_what_its_weights_were_mixed_of(photo: Path, tmp_path: Path) -> None:
    made = export_model(WHOLE, tmp_path / "models", denoise=0.5, size=(64, 64), images=[photo])
    hashes = [zoo.get(name).weights.sha256 for name in (WHOLE, PARTNER)]
    provenance, settings = made.ir.provenance, read_record(made.record_path, ExportRecord).settings
    assert provenance is not None
    assert [part.sha256 for part in provenance.mixed] == hashes
    assert provenance.commercial is True
    assert settings["denoise"] == 0.5
    assert [part["sha256"] for part in json.loads(json.dumps(settings["mixed"]))] == hashes
    card, page = card_of(load(made.ir.path), "fp32", [])
    assert [part["sha256"] for part in json.loads(card)["weights"]["mixed"]] == hashes
    assert [page.count(f"mixed of {name}.pth | 0.5 of each value") for name in (WHOLE, PARTNER)] == [1, 1]
    # PyTorch runs the same mixture, found by what the export says of itself.
    file = ModelRef.parse(f"torch:{made.ir.path.parent}").path_of_one("torch")
    assert sha256_of(file) == provenance.weights_sha256
    shutil.rmtree(tmp_path / "home" / "weights" / PARTNER)
    with pytest.raises(ModelError, match=f"models fetch {PARTNER}"):
        ModelRef.parse(f"torch:{made.ir.path.parent}").path_of_one("torch")


def test_both_hashes_are_checked(served: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    altered = tmp_path / "altered"
    shutil.copytree(served, altered)
    file = altered / PARTNER / f"{PARTNER}.pth"
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    monkeypatch.setenv("MATTEKIT_MIRROR", str(altered))
    with pytest.raises(HashMismatchError, match=PARTNER):
        export_model(WHOLE, tmp_path / "models", denoise=0.5)
    assert not (tmp_path / "models").exists()


def test_a_partner_that_is_not_there_is_told_before_anything_is_written(
    served: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MATTEKIT_MIRROR")
    fetching.fetch_weights(WHOLE, source=served / WHOLE / f"{WHOLE}.pth")
    with pytest.raises(FetchError, match=f"models fetch {PARTNER} --from FILE"):
        export_model(WHOLE, tmp_path / "models", denoise=0.5)
    assert not (tmp_path / "models").exists()


@pytest.mark.parametrize("wrong", [-0.1, 1.5, float("nan"), float("inf"), "half", True])
def test_a_strength_that_is_none_is_refused(wrong: Any, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--denoise"):
        export_model(WHOLE, tmp_path, denoise=wrong)


@pytest.mark.parametrize(
    ("model", "own", "said"),
    [
        (PARTNER, False, f"give {WHOLE} in its place"),
        ("rfdn-x4", False, f"one checkpoint.*take {WHOLE}"),
        ("rembg-u2netp", False, "one checkpoint"),
        (WHOLE, True, "leave your own out"),
        (f"{WHOLE}@mine.pth", False, "leave your own out"),
        ("mine", True, "network of your own"),
        ("mine@mine.onnx", False, "network of your own"),
    ],
)
def test_what_cannot_be_mixed_is_refused_and_told_what_can(model: str, own: bool, said: str) -> None:
    with pytest.raises(InputError, match=said):
        require_mixable(model, 0.5, own=own)


def test_a_name_that_is_none_is_told_as_ever() -> None:
    with pytest.raises(ModelError, match=WHOLE):
        require_mixable("realesr-general-x4v", 0.5)


def test_a_recipe_mixes_too(tmp_path: Path) -> None:
    def plan(more: str) -> str:
        path = tmp_path / "recipe.toml"
        path.write_text(f'name = "x"\n[[model]]\n{more}\n')
        return build_recipe(path, check=True).outcomes[0].stage.name

    assert plan(f'id = "{WHOLE}"\ndenoise = 0.5').startswith("export-fp32")
    (tmp_path / "w.pth").touch()
    for more, said in (
        ('id = "rfdn-x4"\ndenoise = 0.5', "nothing to mix"),
        (f'id = "{WHOLE}"\ndenoise = 1.5', "recipe.toml:4: .*denoise"),
        (f'id = "{WHOLE}"\ndenoise = nan', "recipe.toml:4: .*denoise"),
        (f'id = "{WHOLE}"\ndenoise = 0.5\nweights = "w.pth"', "leave your own out"),
    ):
        with pytest.raises(InputError, match=said):
            plan(more)
