"""IS-Net: its checkpoint's names, its one answer, and that nobody takes it for a U²-Net."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from mattekit.convert import export_model, zoo
from mattekit.core import ExportRecord, read_record
from mattekit.models import open_model

if TYPE_CHECKING:
    from torch import Tensor

torch = pytest.importorskip("torch", reason="torch is not installed")
from mattekit.convert.checkpoint import matching_models  # noqa: E402
from mattekit.convert.networks.u2net import ISNET, U2NET, RSUConfig, U2Net, U2NetConfig  # noqa: E402
from mattekit.convert.zoo.u2net import fine_tuned  # noqa: E402

SPEC = zoo.get("isnet-general-use")
SHALLOW = U2NetConfig(
    encoder=(RSUConfig(4, 4, 8), RSUConfig(3, 4, 8), RSUConfig(3, 4, 8, dilated=True)),
    decoder=(RSUConfig(3, 4, 8), RSUConfig(4, 4, 8)),
    stem=8,
)


def _state(network: U2Net) -> dict[str, Tensor]:
    return network.state_dict()


@pytest.fixture(scope="module")
def whole() -> dict[str, Tensor]:
    """The names and shapes of the network, without memory for the values."""
    with torch.device("meta"):
        return _state(U2Net(ISNET, sides=6, fusion=0))


def test_names_and_shapes_are_the_checkpoints(whole: dict[str, Tensor]) -> None:
    with torch.device("meta"):
        sibling = _state(U2Net(U2NET))
    stem = {"conv_in.weight", "conv_in.bias"}
    assert set(whole) == {name for name in sibling if not name.startswith("outconv")} | stem
    assert tuple(whole["conv_in.weight"].shape) == (64, 3, 3, 3)
    different = {name for name in set(whole) & set(sibling) if whole[name].shape != sibling[name].shape}
    assert different == {"stage1.rebnconvin.conv_s1.weight"}
    assert tuple(whole["stage1.rebnconvin.conv_s1.weight"].shape) == (64, 64, 3, 3)
    assert SPEC.build is not None
    assert matching_models(whole) == ("isnet-general-use",)
    behind = {f"net.{name}": value for name, value in whole.items()}
    assert matching_models(behind) == ()


def test_it_is_no_fine_tune_of_a_u2net_and_a_u2net_is_none_of_it(whole: dict[str, Tensor]) -> None:
    with torch.device("meta"):
        sibling = _state(U2Net(U2NET))
        classes = _state(U2Net(ISNET, in_channels=1, out_channels=3, sides=1, fusion=0))
    shapes = {name: tuple(value.shape) for name, value in whole.items()}
    assert fine_tuned("U2NET", zoo.get("u2net"), shapes) is None
    assert fine_tuned("ISNET", SPEC, {name: tuple(value.shape) for name, value in sibling.items()}) is None
    tuned = fine_tuned("ISNET", SPEC, {name: tuple(value.shape) for name, value in classes.items()})
    assert tuned is not None
    assert tuned.build is not None
    assert (len(tuned.contract.output.labels), tuned.contract.input.colour_order) == (3, "Y")
    with torch.device("meta"):
        assert tuned.build().state_dict().keys() == classes.keys()


@pytest.mark.parametrize("size", [(1, 1), (37, 41), (64, 64), (65, 3)])
def test_every_head_answers_at_the_size_of_the_photo_and_the_first_is_the_answer(size: tuple[int, int]) -> None:
    torch.manual_seed(0)
    network = U2Net(SHALLOW, sides=3, fusion=0).eval()
    photo = torch.rand(1, 3, *size)
    with torch.inference_mode():
        every = network(photo)
        network.heads = "fused"
        alone = network(photo)
    assert [tuple(each.shape) for each in every] == [(1, 1, *size)] * 3
    assert torch.equal(every[0], alone)


def test_torch_onnx_and_ir_agree(photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    network = U2Net(SHALLOW, sides=3, fusion=0, heads="fused").eval()
    torch.save(network.state_dict(), tmp_path / "shallow.pth")
    shallow = replace(SPEC, build=lambda: U2Net(SHALLOW, sides=3, fusion=0, heads="fused").eval(), fine_tune=None)
    monkeypatch.setitem(vars(zoo)["_REGISTRY"], SPEC.id, shallow)
    made = export_model(SPEC.id, tmp_path, weights=tmp_path / "shallow.pth", size=(96, 64), images=[photo])
    steps = read_record(made.record_path, ExportRecord).steps
    assert [step.after for step in steps] == ["torch", "onnx", "ir"]
    assert not [step for step in steps if step.broken]
    tensor = np.random.default_rng(0).random((1, 3, 96, 64), dtype=np.float32) - 0.5
    with torch.inference_mode():
        expected = network(torch.from_numpy(tensor)).numpy()
    answer = open_model(made.ir.path).runtime.run(tensor)[0]
    assert np.abs(answer - expected).max() < 5e-5
