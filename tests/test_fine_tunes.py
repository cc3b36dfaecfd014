"""Checkpoints of networks that differ from their entry's, read off their tensors; U-Net, DeepLabV3 and LR-ASPP."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from mattekit.convert import fine_tuned_as, zoo
from mattekit.convert.fine_tunes import count_of
from mattekit.core import CheckpointError, HashMismatchError, InputError, ModelError

torch = pytest.importorskip("torch", reason="torch is not installed")
from mattekit.convert import load_module  # noqa: E402
from mattekit.convert.networks.deeplab import LRASPP, DeepLabV3  # noqa: E402
from mattekit.convert.networks.rrdbnet import RRDBNet  # noqa: E402
from mattekit.convert.networks.u2net import U2NETP, U2Net  # noqa: E402
from mattekit.convert.networks.unet import UNet  # noqa: E402

VOC = zoo.get("deeplabv3-resnet50").contract.output.labels


def saved(module: Any, path: Path) -> Path:
    torch.save(module.state_dict(), path)
    return path


@pytest.mark.parametrize(
    ("model", "make", "labels", "order"),
    [
        ("u2netp", partial(U2Net, U2NETP, out_channels=4), ("class-0", "class-1", "class-2", "class-3"), "RGB"),
        ("u2netp", partial(U2Net, U2NETP, in_channels=1), (), "Y"),
        ("u2netp", partial(U2Net, U2NETP, in_channels=4), (), "RGBA"),
        ("u2netp", partial(U2Net, U2NETP, sides=1, fusion=0), (), "RGB"),
        ("u2netp", partial(U2Net, U2NETP, sides=0), (), "RGB"),
        ("u2netp", partial(U2Net, U2NETP, sides=0, fusion=3, out_channels=2), ("class-0", "class-1"), "RGB"),
        ("unet", partial(UNet, 3, 5, width=8), tuple(f"class-{number}" for number in range(5)), "RGB"),
        ("unet", partial(UNet, 1, 1, width=8, bilinear=True), (), "Y"),
        ("unet", partial(UNet, 3, 2, width=4, bias=True), ("background", "class-1"), "RGB"),
        ("unet-carvana", partial(UNet, 3, 2, width=4, bilinear=True), ("background", "car"), "RGB"),
        ("deeplabv3-mobilenetv3", partial(DeepLabV3, "mobilenetv3", 3), ("class-0", "class-1", "class-2"), "RGB"),
        ("deeplabv3-mobilenetv3", partial(DeepLabV3, "mobilenetv3", auxiliary=False), VOC, "RGB"),
        ("lraspp-mobilenetv3", partial(LRASPP, classes=1, channels=4), (), "RGBA"),
    ],
)
def test_classes_channels_and_heads_are_read_off_the_checkpoint(
    tmp_path: Path, model: str, make: Callable[[], Any], labels: tuple[str, ...], order: str
) -> None:
    original = make()
    path = saved(original, tmp_path / "tuned.pth")
    spec = fine_tuned_as(zoo.get(model), path)
    assert (spec.id, spec.contract.output.labels, spec.contract.input.colour_order) == (model, labels, order)
    loaded = load_module(zoo.get(model), path)
    weights = original.state_dict()
    assert loaded.state_dict().keys() == weights.keys()
    assert all(torch.equal(value, weights[name]) for name, value in loaded.state_dict().items())
    with torch.inference_mode():
        answer = loaded(torch.rand(1, spec.contract.input.channels, 48, 64))
    assert answer.shape == (1, max(len(labels), 1), 48, 64)


def test_grey_has_the_mean_of_the_colours_numbers_and_an_alpha_none(tmp_path: Path) -> None:
    entry = zoo.get("u2netp")
    grey = fine_tuned_as(entry, saved(U2Net(U2NETP, in_channels=1), tmp_path / "grey.pth")).contract.input
    assert (grey.mean, grey.std) == (pytest.approx((0.449,)), pytest.approx((0.226,)))
    four = fine_tuned_as(entry, saved(U2Net(U2NETP, in_channels=4), tmp_path / "four.pth")).contract.input
    assert (four.mean, four.std) == ((*entry.contract.input.mean, 0), (*entry.contract.input.std, 1))


def test_scores_of_one_class_are_activated_by_the_contract(tmp_path: Path) -> None:
    unet = fine_tuned_as(zoo.get("unet"), saved(UNet(3, 1, width=4), tmp_path / "a.pth")).contract.output
    assert (unet.kind, unet.activation) == ("alpha", "sigmoid")
    salient = fine_tuned_as(zoo.get("u2netp"), saved(U2Net(U2NETP, sides=0), tmp_path / "b.pth")).contract.output
    assert salient == zoo.get("u2netp").contract.output


def test_a_fine_tune_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        load_module(zoo.get("u2netp"), saved(U2Net(U2NETP, out_channels=2), tmp_path / "mine.pth"))
    assert "mine.pth: a fine-tune of u2netp, by its tensors: the classes class-0, class-1, of RGB" in caplog.text


def test_five_channels_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="for 5 channels can't be exported; for 1, 3 or 4 it can"):
        load_module(zoo.get("u2netp"), saved(U2Net(U2NETP, in_channels=5), tmp_path / "five.pth"))


def test_a_whole_network_of_another_entry_is_not_taken_for_a_fine_tune(tmp_path: Path) -> None:
    path = saved(zoo_built("u2net"), tmp_path / "u2net.pth")
    with pytest.raises(CheckpointError, match="name that model instead"):
        load_module(zoo.get("u2net_cloth_seg"), path)


def zoo_built(model: str) -> Any:
    build = zoo.get(model).build
    assert build is not None
    with torch.device("meta"):
        module = build()
    return module.to_empty(device="cpu")


def test_names_are_counted_up_to_a_gap() -> None:
    shapes = {f"{name}.weight": (1,) for name in ("side1", "side2", "side4", "beside3")}
    assert count_of(shapes, r"side(\d+)\.weight") == 2
    assert count_of({}, r"side(\d+)") == 0
    assert count_of({"a.0.b": (1,), "a.1.b": (1,)}, r"a\.(\d+)\.") == 2


@pytest.mark.parametrize("bilinear", [False, True])
def test_a_unet_takes_sides_that_are_no_multiples(bilinear: bool) -> None:
    module = UNet(3, 2, width=4, bilinear=bilinear).eval()
    with torch.inference_mode():
        assert module(torch.rand(2, 3, 37, 50)).shape == (2, 2, 37, 50)


def test_the_auxiliary_classifier_is_a_head_where_it_is_asked_for(tmp_path: Path) -> None:
    path = saved(DeepLabV3("mobilenetv3", 3), tmp_path / "two.pth")
    module = load_module(zoo.get("deeplabv3-mobilenetv3"), path, heads="all")
    with torch.inference_mode():
        assert [each.shape for each in module(torch.rand(1, 3, 48, 64))] == [(1, 3, 48, 64)] * 2
    with pytest.raises(InputError, match="one output only"):
        load_module(zoo.get("unet"), saved(UNet(width=4), tmp_path / "one.pth"), heads="all")


def as_old(module: RRDBNet, *, second: bool = False) -> dict[str, Any]:
    """The parameters under the names of ESRGAN's first code, or of its second one."""
    ends = {"conv_first": "conv_first", "conv_body": "trunk_conv", "conv_hr": "HRconv", "conv_last": "conv_last"}
    ends |= {f"conv_up{number}": f"upconv{number}" for number in (1, 2)}
    if not second:
        last = 2 + 3 * module.doublings
        ends = {"conv_first": "model.0", "conv_body": f"model.1.sub.{len(module.body)}"}
        ends |= {"conv_hr": f"model.{last}", "conv_last": f"model.{last + 2}"}
        ends |= {f"conv_up{number}": f"model.{3 * number}" for number in (1, 2)}
    found: dict[str, Any] = {}
    for name, value in module.state_dict().items():
        parts = name.split(".")
        if parts[0] == "body":
            trunk, inner = ("RRDB_trunk", "") if second else ("model.1.sub", "0.")
            found[f"{trunk}.{parts[1]}.{parts[2].upper()}.{parts[3]}.{inner}{parts[4]}"] = value
        else:
            found[f"{ends[parts[0]]}.{parts[1]}"] = value
    return found


@pytest.mark.parametrize("scale", [1, 2, 4])
@pytest.mark.parametrize("second", [False, True])
def test_esrgans_old_names_mean_the_same_network(tmp_path: Path, scale: int, second: bool) -> None:
    torch.manual_seed(0)
    module = RRDBNet(scale, width=8, growth=4, blocks=2, fold=1).eval()
    path = tmp_path / "old.pth"
    torch.save({"params": as_old(module, second=second)}, path)
    spec = fine_tuned_as(zoo.get("esrgan"), path)
    assert (spec.scale, spec.contract.input.multiple) == (scale, 1)
    x = torch.rand(1, 3, 16, 20)
    with torch.inference_mode():
        assert torch.equal(load_module(zoo.get("esrgan"), path)(x), module(x))


def test_a_network_that_is_named_by_its_scale_keeps_it(tmp_path: Path) -> None:
    path = saved(RRDBNet(2, width=8, growth=4, blocks=1), tmp_path / "x2.pth")
    assert fine_tuned_as(zoo.get("realesrgan-x2plus"), path).contract.input.multiple == 2
    with pytest.raises(ModelError, match="enlarges by 2, realesrgan-x4plus by 4"):
        load_module(zoo.get("realesrgan-x4plus"), path)


def test_the_published_beginning_of_a_hash_is_checked(home: Path) -> None:
    from mattekit.convert import cached_path, verified_path

    spec = zoo.get("deeplabv3-resnet50")
    path = cached_path(spec)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"something else")
    with pytest.raises(HashMismatchError, match="instead of cd0a2569…"):
        verified_path(spec)
    assert home in path.parents
