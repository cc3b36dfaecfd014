"""The U2-Net family: the official checkpoints fit, any size works, and heads and logits say the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

torch = pytest.importorskip("torch", reason="the networks need the extra `export`")

from mattekit.convert.networks.u2net import (  # noqa: E402
    MATTELITE,
    RSU,
    U2NET,
    U2NETP,
    RSUConfig,
    U2Net,
    U2NetConfig,
)

TINY = U2NetConfig(
    encoder=(RSUConfig(4, 4, 8), RSUConfig(3, 4, 8), RSUConfig(3, 4, 8, dilated=True)),
    decoder=(RSUConfig(3, 4, 8), RSUConfig(4, 4, 8)),
)


@pytest.fixture
def tiny() -> U2Net:
    torch.manual_seed(0)
    return U2Net(TINY).eval()


def test_u2netp_checkpoint_loads_strictly_and_finds_a_square(shared_data: Path) -> None:
    network = U2Net(U2NETP, heads="fused").eval()
    network.load_state_dict(torch.load(shared_data / "weights/segmentation/u2netp.pth", weights_only=True), strict=True)
    photo = torch.full((1, 3, 160, 160), -1.5)
    photo[:, 0, 50:110, 50:110] = 2.0
    with torch.inference_mode():
        alpha = network(photo)[0, 0]
    assert alpha[60:100, 60:100].mean() > 0.9
    assert alpha[:30].mean() < 0.1


@pytest.mark.parametrize(("config", "parameters"), [(U2NET, 44_009_869), (U2NETP, 1_131_181)])
def test_published_networks_have_their_published_size(config: U2NetConfig, parameters: int) -> None:
    with torch.device("meta"):
        network = U2Net(config)
    assert sum(each.numel() for each in network.parameters()) == parameters


def test_keys_are_the_official_ones() -> None:
    with torch.device("meta"):
        keys = set(U2Net(MATTELITE).state_dict())
    assert {
        "stage1.rebnconvin.conv_s1.weight",
        "stage1.rebnconv7.bn_s1.running_var",
        "stage2.rebnconv5d.conv_s1.bias",
        "stage4.rebnconv4.conv_s1.weight",
        "stage6.rebnconv3d.bn_s1.weight",
        "stage1d.rebnconv6d.conv_s1.weight",
        "side6.bias",
        "outconv.weight",
    } <= keys
    assert not any("rebnconv8" in key or key.startswith("stage6d") for key in keys)


@pytest.mark.parametrize("size", [(1, 1), (37, 41), (64, 64), (65, 3)])
def test_any_size_comes_back_as_it_went_in(tiny: U2Net, size: tuple[int, int]) -> None:
    with torch.inference_mode():
        maps = tiny(torch.rand(2, 3, *size))
    assert [tuple(each.shape) for each in maps] == [(2, 1, *size)] * (tiny.depth + 1)


@pytest.mark.parametrize("stride", [2, 3])
@pytest.mark.parametrize("size", [(1, 1), (37, 41), (64, 64), (65, 3)])
def test_a_network_with_a_stride_works_at_a_lower_resolution_and_answers_at_the_photos(
    stride: int, size: tuple[int, int]
) -> None:
    network = U2Net(replace(TINY, stride=stride), out_channels=2).eval()
    with torch.inference_mode():
        entry = network.get_submodule("stage1.rebnconvin")(torch.rand(1, 3, *size))
        maps = network(torch.rand(1, 3, *size))
    assert tuple(entry.shape[2:]) == tuple(-(-length // stride) for length in size)
    assert [tuple(each.shape) for each in maps] == [(1, 2, *size)] * (network.depth + 1)


def test_the_fused_head_is_the_first_of_all_and_logits_are_before_the_sigmoid(tiny: U2Net) -> None:
    photo = torch.rand(1, 3, 33, 30)
    with torch.inference_mode():
        every = tiny(photo)
        tiny.heads = "fused"
        fused = tiny(photo)
        tiny.logits = True
        logits = tiny(photo)
    assert torch.equal(every[0], fused)
    assert torch.allclose(torch.sigmoid(logits), fused)
    assert float(fused.min()) >= 0
    assert float(fused.max()) <= 1


def test_classes_and_colours_can_be_chosen() -> None:
    network = U2Net(TINY, in_channels=1, out_channels=4, heads="fused", logits=True).eval()
    with torch.inference_mode():
        assert network(torch.rand(1, 1, 20, 20)).shape == (1, 4, 20, 20)


def test_a_dilated_block_sees_as_far_as_a_pooling_one_and_keeps_its_resolution() -> None:
    torch.manual_seed(0)
    block = RSU(4, RSUConfig(4, 4, 8, dilated=True)).eval()

    def dilation(of: RSU, name: str) -> int:
        conv = of.get_submodule(f"{name}.conv_s1")
        assert isinstance(conv, torch.nn.Conv2d)
        return cast("tuple[int, int]", conv.dilation)[0]

    assert [dilation(block, f"rebnconv{n}") for n in range(1, 5)] == [1, 2, 4, 8]
    assert [dilation(block, f"rebnconv{n}d") for n in (3, 2, 1)] == [4, 2, 1]
    pooling = RSU(4, RSUConfig(4, 4, 8)).eval()
    assert [dilation(pooling, f"rebnconv{n}") for n in range(1, 5)] == [1, 1, 1, 2]


def test_impossible_tables_are_refused() -> None:
    with pytest.raises(ValueError, match="one decoder stage less"):
        U2NetConfig(encoder=TINY.encoder, decoder=TINY.encoder)
    with pytest.raises(ValueError, match="at least 3 layers"):
        RSU(3, RSUConfig(2, 4, 8))
