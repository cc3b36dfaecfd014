from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from mattekit import cli
from mattekit.convert import ModelSpec, zoo
from mattekit.convert.spec import Licence, TrainingData
from mattekit.convert.zoo.uses import USES
from mattekit.core import Contract, InputError, ModelError
from mattekit.metrics import METRICS
from typer.testing import CliRunner

PROMISED = {
    *("u2net", "u2netp", "u2net_human_seg", "u2net_cloth_seg", "u2net_portrait"),
    *("realesrgan-x4plus", "realesrgan-x2plus", "realesrgan-x4plus-anime-6b"),
    *("realesr-general-x4v3", "realesr-animevideov3"),
    *("span-x2", "span-x4", "realesr-general-wdn-x4v3", "modnet", "rmbg-1-4", "rmbg-2-0"),
    *(f"birefnet-{name}" for name in ("matting", "hr-matting", "hr-general", "general-512-fp16")),
    "isnet-general-use",
    *("imdn-x2", "imdn-x3", "imdn-x4", "rfdn-x4", "rlfn-x4"),
    *("rembg-u2net", "rembg-u2netp", "rembg-u2net_human_seg", "rembg-u2net_cloth_seg", "rembg-silueta"),
    *("rembg-isnet-general-use", "rembg-isnet-anime"),
    *(f"rembg-birefnet-{name}" for name in ("general", "general-lite", "portrait", "dis", "hrsod", "cod", "massive")),
}
PARAMETERS = {
    "u2net": 44_009_869,
    "u2netp": 1_131_181,
    "isnet-general-use": 44_046_790,
    "realesrgan-x4plus": 16_697_987,
    "realesrgan-x2plus": 16_703_171,
    "realesrgan-x4plus-anime-6b": 4_467_779,
    "realesr-general-x4v3": 1_213_296,
    "realesr-general-wdn-x4v3": 1_213_296,
    "realesr-animevideov3": 621_424,
    "span-x2": 410_700,
    "span-x4": 426_288,
    "imdn-x2": 694_404,
    "imdn-x3": 703_059,
    "imdn-x4": 715_176,
    "rfdn-x4": 433_448,
    "rlfn-x4": 317_218,
}

every_spec = pytest.mark.parametrize("spec", zoo.list_models(), ids=lambda spec: spec.id)


def test_every_promised_model_is_there() -> None:
    assert {spec.id for spec in zoo.list_models()} >= PROMISED


def test_a_second_model_of_the_same_id_is_refused() -> None:
    before = zoo.list_models()
    with pytest.raises(ValueError, match="already has a model 'u2netp'"):
        zoo.register([zoo.get("u2netp")])
    assert zoo.list_models() == before


@pytest.mark.parametrize(
    ("wrong", "hint"), [("u2nett", "u2net or u2netp"), ("rfdn", "rfdn-x4"), ("IMDN-X4", "imdn-x4"), ("??", "models")]
)
def test_an_unknown_id_names_the_nearest(wrong: str, hint: str) -> None:
    with pytest.raises(ModelError, match=hint):
        zoo.get(wrong)


def test_listing_needs_no_heavy_package() -> None:
    code = (
        "import sys; from mattekit.convert import zoo; zoo.list_models();"
        "print([name for name in ('torch', 'onnx', 'openvino', 'nncf', 'pooch', 'cv2') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@every_spec
def test_an_entry_says_all_that_a_user_must_know(spec: ModelSpec) -> None:
    assert re.fullmatch(r"[a-z0-9_-]+", spec.id)
    assert spec.title
    assert spec.homepage.startswith("https://") or spec.weights.bundled
    assert spec.licence.code
    assert spec.licence.weights
    assert spec.task == spec.contract.task
    assert (spec.build is None) == (spec.source == "onnx")
    # Whoever reads "not granted" or "forbidden" deserves the reason.
    assert bool(spec.licence.reason) == (spec.licence.commercial is not True)
    for each in spec.licence.data:
        assert each.terms
        assert each.source.startswith("https://")


NOT_GRANTED = {
    *(f"rembg-birefnet-{name}" for name in ("general", "general-lite", "dis", "massive")),
    *("rembg-isnet-general-use", "rembg-silueta", "rembg-u2net_cloth_seg", "u2net_cloth_seg", "u2net_portrait"),
    *("imdn-x2", "imdn-x4"),
}


def test_commercial_use_is_granted_by_those_alone_who_can() -> None:
    assert {spec.id for spec in zoo.list_models() if spec.licence.commercial is None} >= NOT_GRANTED
    for spec in zoo.list_models():
        if spec.licence.commercial and not spec.weights.bundled:
            assert spec.licence.granted
            assert not [each for each in spec.licence.data if each.commercial is False]


@pytest.mark.parametrize(
    ("granted", "data", "expected", "said"),
    [
        (True, None, True, ""),
        (True, True, True, ""),
        (True, False, None, "The publisher says MIT, but it was trained on PHOTOS: no commercial use"),
        (None, True, None, "states no licence"),
        (None, False, None, "It was trained on PHOTOS"),
        (False, None, False, "The publisher forbids it"),
        (False, False, False, "trained on PHOTOS"),
    ],
)
def test_one_rule_says_who_may_use_weights_commercially(
    granted: bool | None, data: bool | None, expected: bool | None, said: str
) -> None:
    photos = TrainingData("PHOTOS", "no commercial use", data, "https://example.org/terms")
    licence = Licence("MIT", "MIT", granted, "https://example.org", (photos,))
    assert licence.commercial is expected
    assert said in licence.reason if said else licence.reason == ""


@every_spec
def test_weights_are_pinned_as_far_as_anybody_published_it(spec: ModelSpec) -> None:
    weights = spec.weights
    assert re.fullmatch(r"[\w.-]+", weights.filename)
    assert weights.sha256 is None or re.fullmatch(r"[0-9a-f]{64}", weights.sha256)
    assert weights.md5 is None or re.fullmatch(r"[0-9a-f]{32}", weights.md5)
    assert all(urlsplit(url).scheme == "https" for url in weights.urls)
    assert len(set(weights.urls)) == len(weights.urls)
    if weights.bundled is not None:
        assert weights.sha256 is not None
    elif weights.sha256 is None and weights.md5 is None:
        assert any("hash" in note for note in spec.notes), "an entry without a hash must say so"


def test_published_figures_are_of_known_metrics_and_have_their_source() -> None:
    published = [figure for spec in zoo.list_models() for figure in spec.published]
    assert len(published) > 20
    for figure in published:
        assert figure.metric in METRICS
        assert float(figure.value) > 0
        assert figure.source.startswith("https://")


def test_a_partner_for_mixing_is_a_network_of_the_same_kind_under_the_same_terms() -> None:
    mixable = [spec for spec in zoo.list_models() if spec.undenoised]
    assert [spec.id for spec in mixable] == ["realesr-general-x4v3"]
    for spec in mixable:
        partner = zoo.get(spec.undenoised)
        assert (partner.contract, partner.licence, partner.build) == (spec.contract, spec.licence, spec.build)
        assert not partner.undenoised
        assert partner.weights.sha256 != spec.weights.sha256


def test_no_two_entries_share_a_hash() -> None:
    counts = Counter(spec.weights.sha256 for spec in zoo.list_models() if spec.weights.sha256)
    assert max(counts.values()) == 1


@every_spec
def test_a_contract_survives_its_journey_through_a_file(spec: ModelSpec) -> None:
    assert Contract.from_json(spec.contract.to_json(), source=spec.id) == spec.contract


@pytest.mark.parametrize("model_id", sorted(PARAMETERS))
def test_networks_have_the_published_number_of_parameters(model_id: str) -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed")
    build = zoo.get(model_id).build
    assert build is not None
    with torch.device("meta"):
        module = build()
    assert not module.training
    assert sum(parameter.numel() for parameter in module.parameters()) == PARAMETERS[model_id]


def test_contracts_follow_their_publishers() -> None:
    official, ready = zoo.get("u2netp").contract, zoo.get("rembg-u2netp").contract
    # The official script shrinks with scikit-image, unfiltered, and enlarges with Pillow.
    assert (official.input.resize, official.output.resize) == ("linear", "bilinear_antialias")
    assert (ready.input.resize, ready.output.resize) == ("lanczos", "lanczos")
    assert official.input.divide_by == ready.input.divide_by == "image_max"
    portrait = zoo.get("u2net_portrait").contract
    assert (portrait.input.height, portrait.output.invert) == (512, True)
    clothes = zoo.get("u2net_cloth_seg").contract
    assert (clothes.input.height, clothes.input.divide_by, clothes.input.mean) == (768, 255.0, (0.5, 0.5, 0.5))
    assert clothes.output.labels == ("background", "upper", "lower", "full")
    isnet = zoo.get("rembg-isnet-general-use").contract
    assert (isnet.input.height, isnet.input.mean, isnet.input.std) == (1024, (0.5, 0.5, 0.5), (1.0, 1.0, 1.0))
    assert zoo.get("rembg-birefnet-general").contract.output.activation == "sigmoid"
    assert zoo.get("realesrgan-x2plus").contract.input.multiple == 2
    for model_id in ("rfdn-x4", "rlfn-x4"):
        contract = zoo.get(model_id).contract
        assert (contract.input.divide_by, contract.output.value_max) == (1.0, 255.0)


def test_each_use_lists_entries_that_suit_it_the_granted_ones_first() -> None:
    for use in USES:
        found = zoo.list_models(use)
        assert len({spec.id for spec in found}) == len(found) > 1
        granted = [spec.licence.commercial is True for spec in found]
        assert granted == sorted(granted, reverse=True), use
    tasks = {use: {spec.task for spec in zoo.list_models(use)} for use in USES}
    assert tasks["portrait"] == tasks["product"] == {"segmentation"}
    assert tasks["photo"] == {"super_resolution"}
    with pytest.raises(InputError, match=r"'cats' is no use .*portrait, product, anime, photo"):
        zoo.list_models("cats")


def test_weights_that_forbid_commercial_use_are_told_apart_from_those_that_do_not_say() -> None:
    assert {spec.id for spec in zoo.list_models() if spec.licence.commercial is False} == {"rmbg-1-4", "rmbg-2-0"}


def test_what_was_never_run_here_is_told() -> None:
    proven = {spec.id for spec in zoo.list_models() if spec.proven}
    assert proven >= {spec.id for spec in zoo.list_models() if spec.weights.bundled}
    shown = CliRunner().invoke(cli.app, ["models", "show", "rmbg-2-0"], terminal_width=200).output
    assert "unproven" in shown
    assert "unproven" not in CliRunner().invoke(cli.app, ["models", "show", "modnet"], terminal_width=200).output


SIBLINGS = {
    "segmentation/u2netp.pth": ("u2net", "u2net_human_seg", "u2net_cloth_seg", "u2net_portrait"),
    "super_resolution/realesrgan_x4plus_anime_6b.pth": ("realesrgan-x4plus", "esrgan"),
    "super_resolution/realesr_animevideov3_x4.pth": ("realesr-general-x4v3", "realesr-general-wdn-x4v3"),
    "super_resolution/imdn_x4.pth": ("imdn-x3",),
}


@pytest.mark.parametrize(("file", "model"), [(file, model) for file, models in SIBLINGS.items() for model in models])
def test_a_network_that_was_never_run_names_its_layers_as_its_published_sibling(
    file: str, model: str, shared_data: Path
) -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed")
    from mattekit.convert.checkpoint import load_state_dict, matching_models

    build = zoo.get(model).build
    assert build is not None
    with torch.device("meta"):
        ours = build().state_dict()

    def kinds(names: Iterable[str]) -> set[str]:
        # Of layers that the sibling has fewer of, the numbers differ; that it has no counters of batches is its age.
        return {re.sub(r"\d+", "N", name) for name in names if not name.endswith("num_batches_tracked")}

    assert kinds(ours) == kinds(load_state_dict(shared_data / "weights" / file))
    # Strictly: one name too few or too many, or another shape, and it is another network.
    whole = dict(ours)
    name = next(iter(whole))
    for wrong in (
        {key: value for key, value in whole.items() if key != name},
        whole | {"more.weight": whole[name]},
        whole | {name: torch.zeros(3, device="meta")},
    ):
        assert model not in matching_models(wrong)
    assert model in matching_models(whole)
