from __future__ import annotations

import os
import pickle
from collections import OrderedDict
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mattekit.convert import zoo
from mattekit.core import CheckpointError, ModelError

torch = pytest.importorskip("torch", reason="torch is not installed")
from mattekit.convert import load_module  # noqa: E402
from mattekit.convert.checkpoint import load_state_dict, matching_models  # noqa: E402

SMALL = "realesr-animevideov3"


@pytest.fixture(scope="module")
def state() -> dict[str, Any]:
    torch.manual_seed(0)
    build = zoo.get(SMALL).build
    assert build is not None
    return dict(build().state_dict())


@pytest.mark.parametrize("wrapper", [(), ("params",), ("params_ema",), ("state_dict",), ("state_dict", "model")])
@pytest.mark.parametrize("prefix", ["", "module.", "module.module.", "_orig_mod."])
def test_wrappers_and_prefixes_disappear(
    tmp_path: Path, state: dict[str, Any], wrapper: tuple[str, ...], prefix: str
) -> None:
    wrapped: Any = OrderedDict((prefix + name, value) for name, value in state.items())
    for key in wrapper:
        wrapped = {key: wrapped, "epoch": 3}
    torch.save(wrapped, tmp_path / "a.pth")
    loaded = load_state_dict(tmp_path / "a.pth")
    assert loaded.keys() == state.keys()
    assert all(torch.equal(loaded[name], state[name]) for name in state)


@pytest.mark.parametrize("wrapper", [("generator", "weights"), ("net",), ("my_net", "inner"), ("a", "b", "params")])
@pytest.mark.parametrize("prefix", ["model.", "student.", "net.module.", "lit.student._orig_mod.", "0."])
def test_a_network_is_found_behind_any_wrapper_and_prefix(
    tmp_path: Path, state: dict[str, Any], wrapper: tuple[str, ...], prefix: str
) -> None:
    wrapped: Any = {prefix + name: value for name, value in state.items()} | {"loss.vgg.0.weight": torch.zeros(3)}
    for key in reversed(wrapper):
        wrapped = {key: wrapped, "epoch": 3, "optimizer": {"state": {0: {"exp_avg": torch.zeros(2)}}}}
    torch.save(wrapped, tmp_path / "a.pth")
    loaded = load_module(zoo.get(SMALL), tmp_path / "a.pth").state_dict()
    assert all(torch.equal(loaded[name], state[name]) for name in state)


@pytest.mark.parametrize("name", ["ema", "model_ema", "ema_model", "state_dict_ema", "net_g_ema", "swa_model"])
@pytest.mark.parametrize("as_prefix", [False, True])
def test_averages_are_preferred_and_said(
    tmp_path: Path, state: dict[str, Any], caplog: pytest.LogCaptureFixture, name: str, as_prefix: bool
) -> None:
    raw = {key: torch.zeros_like(value) for key, value in state.items()}
    content: Any = {"model": raw, name: state, "n_averaged": torch.tensor(3)}
    if as_prefix:
        content = {f"{part}.{key}": value for part in ("model", name) for key, value in content[part].items()}
    torch.save(content, tmp_path / "a.pth")
    assert torch.equal(
        load_module(zoo.get(SMALL), tmp_path / "a.pth").state_dict()["body.0.bias"], state["body.0.bias"]
    )
    assert f"a.pth: the averaged weights of {name} are taken, not those of model" in caplog.text


def test_an_average_of_the_parameters_alone_is_completed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    from mattekit.convert.networks.unet import UNet

    plain = dict(UNet(width=4).state_dict())
    average = {name: value + 1 for name, value in plain.items() if name.endswith((".weight", ".bias"))}
    torch.save({"state_dict": plain, "ema": average}, tmp_path / "a.pth")
    loaded = load_module(zoo.get("unet"), tmp_path / "a.pth").state_dict()
    assert torch.equal(loaded["outc.conv.bias"], plain["outc.conv.bias"] + 1)
    assert torch.equal(loaded["inc.double_conv.1.running_var"], plain["inc.double_conv.1.running_var"])
    assert "the averaged weights of ema are taken; what they lack is state_dict's" in caplog.text


def test_several_networks_that_fit_are_not_guessed_among(tmp_path: Path, state: dict[str, Any]) -> None:
    both = {f"{part}.{name}": value for part in ("first", "second") for name, value in state.items()}
    torch.save(both, tmp_path / "two.pth")
    with pytest.raises(CheckpointError, match="several networks that fit realesr-animevideov3: first, second"):
        load_module(zoo.get(SMALL), tmp_path / "two.pth")


def test_what_profilers_count_is_left_out(tmp_path: Path, state: dict[str, Any]) -> None:
    counted = {
        f"{name.rpartition('.')[0]}.{each}": torch.zeros(1) for name in state for each in ("total_ops", "total_params")
    }
    torch.save({**state, **counted, "total_ops": torch.zeros(1), "total_params": torch.zeros(1)}, tmp_path / "a.pth")
    assert load_module(zoo.get(SMALL), tmp_path / "a.pth").state_dict().keys() == state.keys()
    assert load_state_dict(tmp_path / "a.pth").keys() == state.keys()


@pytest.mark.parametrize("zipped", [True, False])
def test_numbers_of_numpy_do_no_harm_and_arrays_are_refused(
    tmp_path: Path, state: dict[str, Any], zipped: bool
) -> None:
    numbers = {"best": np.float64(0.3), "step": np.int64(7), "loss": np.float32(1), "done": np.bool_(True)}
    torch.save({"state_dict": state, **numbers}, tmp_path / "a.pth", _use_new_zipfile_serialization=zipped)
    assert load_state_dict(tmp_path / "a.pth").keys() == state.keys()
    torch.save({"state_dict": state, "curve": np.zeros(3)}, tmp_path / "b.pth", _use_new_zipfile_serialization=zipped)
    with pytest.raises(CheckpointError, match=r"b\.pth is refused.*_reconstruct.*torch\.save\("):
        load_state_dict(tmp_path / "b.pth")


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_programs_and_modules_are_named_with_the_line_that_makes_a_checkpoint_of_them(tmp_path: Path) -> None:
    module = torch.nn.Linear(2, 2)
    torch.jit.save(torch.jit.trace(module, torch.zeros(1, 2)), tmp_path / "script.pt")
    torch.export.save(torch.export.export(module, (torch.zeros(1, 2),)), tmp_path / "program.pt2")
    torch.save({"model": module, "epoch": 3}, tmp_path / "whole.pth")
    for name, kind, line in (
        ("script.pt", "a TorchScript file", "torch.jit.load('script.pt').state_dict(), 'script-weights.pth'"),
        (
            "program.pt2",
            "a program of torch.export",
            "torch.export.load('program.pt2').state_dict, 'program-weights.pth'",
        ),
        (
            "whole.pth",
            "a whole module",
            "torch.load('whole.pth', weights_only=False).state_dict(), 'whole-weights.pth'",
        ),
    ):
        with pytest.raises(CheckpointError) as caught:
            load_state_dict(tmp_path / name)
        assert kind in str(caught.value)
        assert f"torch.save({line})" in str(caught.value)


def test_the_averaged_weights_are_preferred(tmp_path: Path, state: dict[str, Any]) -> None:
    raw = {name: torch.zeros_like(value) for name, value in state.items()}
    torch.save({"params": raw, "params_ema": state}, tmp_path / "a.pth")
    assert torch.equal(load_state_dict(tmp_path / "a.pth")["body.0.weight"], state["body.0.weight"])


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_half_precision_becomes_single(tmp_path: Path, state: dict[str, Any], suffix: str) -> None:
    half = {name: value.half() for name, value in state.items()}
    path = tmp_path / f"half{suffix}"
    if suffix == ".pth":
        torch.save(half, path)
    else:
        pytest.importorskip("safetensors.torch").save_file(half, path)
    module = load_module(zoo.get(SMALL), path)
    assert {parameter.dtype for parameter in module.parameters()} == {torch.float32}
    assert torch.equal(module.state_dict()["body.0.weight"], half["body.0.weight"].float())
    assert not module.training


class _Payload:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return (os.mkdir, (str(self.marker),))


@pytest.mark.parametrize("form", ["torch", "legacy", "pickle"])
def test_a_file_that_would_run_code_is_refused(tmp_path: Path, form: str) -> None:
    marker, path = tmp_path / "executed", tmp_path / "evil.pth"
    content = {"state_dict": {"weight": torch.zeros(1), "extra": _Payload(marker)}}
    if form == "pickle":
        path.write_bytes(pickle.dumps(content["state_dict"]["extra"]))
    else:
        torch.save(content, path, _use_new_zipfile_serialization=form == "torch")
    with pytest.raises(CheckpointError, match=r"evil\.pth is refused") as caught:
        load_state_dict(path)
    assert not marker.exists()
    assert "safetensors" in str(caught.value)
    pickle.loads(pickle.dumps(_Payload(marker)))
    assert marker.exists(), "the payload is harmless, so this test shows nothing"


def test_a_whole_pickled_module_is_refused_by_name(tmp_path: Path) -> None:
    torch.save(torch.nn.Linear(1, 1), tmp_path / "module.pt")
    with pytest.raises(CheckpointError, match=r"torch\.nn\.modules\.linear\.Linear"):
        load_state_dict(tmp_path / "module.pt")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x80\x02" + b"\xff" * 50, b"<html>quota exceeded</html>"])
@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_damaged_files_are_named(tmp_path: Path, content: bytes, suffix: str) -> None:
    path = tmp_path / f"damaged{suffix}"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=f"damaged{suffix} is"):
        load_state_dict(path)


def test_a_truncated_checkpoint_is_named(tmp_path: Path, state: dict[str, Any]) -> None:
    path = tmp_path / "short.pth"
    torch.save(state, path)
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(CheckpointError, match=r"short\.pth is not a PyTorch checkpoint, or it is damaged"):
        load_state_dict(path)


def test_other_things_than_checkpoints(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="is not a file"):
        load_state_dict(tmp_path / "absent.pth")
    (tmp_path / "model.onnx").write_bytes(b"x")
    with pytest.raises(CheckpointError, match="is an ONNX file"):
        load_state_dict(tmp_path / "model.onnx")
    torch.save({"epoch": 3}, tmp_path / "empty.pth")
    with pytest.raises(CheckpointError, match="holds no tensors"):
        load_state_dict(tmp_path / "empty.pth")


def test_the_wrong_model_names_the_right_one(tmp_path: Path, state: dict[str, Any]) -> None:
    torch.save(state, tmp_path / "anime.pth")
    with pytest.raises(CheckpointError) as caught:
        load_module(zoo.get("rfdn-x4"), tmp_path / "anime.pth")
    message = str(caught.value)
    assert "anime.pth does not fit rfdn-x4" in message
    assert "128 parameters are missing (fea_conv.weight" in message
    assert "53 are unknown (body.0.weight" in message
    assert f"its tensors fit {SMALL}" in message


def test_other_shapes_and_single_keys_are_told(tmp_path: Path, state: dict[str, Any]) -> None:
    changed = {name: value for name, value in state.items() if name != "body.3.weight"}
    changed["body.0.weight"] = torch.zeros(32, 3, 3, 3)
    torch.save(changed, tmp_path / "odd.pth")
    with pytest.raises(CheckpointError) as caught:
        load_module(zoo.get(SMALL), tmp_path / "odd.pth")
    message = str(caught.value)
    assert "1 parameter is missing (body.3.weight)" in message
    assert "1 has another shape (body.0.weight (32, 3, 3, 3) instead of (64, 3, 3, 3))" in message
    assert "check that the file belongs to this model" in message


def test_values_that_are_not_finite_are_refused(tmp_path: Path, state: dict[str, Any]) -> None:
    torch.save({**state, "body.0.bias": torch.full((64,), float("nan"))}, tmp_path / "nan.pth")
    with pytest.raises(CheckpointError, match=r"values of body\.0\.bias are not all finite"):
        load_module(zoo.get(SMALL), tmp_path / "nan.pth")


def test_a_family_may_rename_its_keys(tmp_path: Path, state: dict[str, Any]) -> None:
    torch.save({name.replace("body.", "layers."): value for name, value in state.items()}, tmp_path / "a.pth")

    def renamed(old: dict[str, Any]) -> dict[str, Any]:
        return {name.replace("layers.", "body."): value for name, value in old.items()}

    spec = replace(zoo.get(SMALL), adapt=renamed)
    assert torch.equal(load_module(spec, tmp_path / "a.pth").state_dict()["body.2.bias"], state["body.2.bias"])


def test_a_ready_made_model_takes_no_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="ready-made ONNX"):
        load_module(zoo.get("rembg-u2netp"), tmp_path / "a.pth")


@pytest.mark.parametrize(
    ("file", "model_id"),
    [
        ("segmentation/u2netp.pth", "u2netp"),
        ("super_resolution/rfdn_x4.pth", "rfdn-x4"),
        ("super_resolution/rlfn_x4.pth", "rlfn-x4"),
        ("super_resolution/imdn_x2.pth", "imdn-x2"),
        ("super_resolution/imdn_x4.pth", "imdn-x4"),
        ("super_resolution/realesr_animevideov3_x4.pth", "realesr-animevideov3"),
    ],
)
def test_published_checkpoints_fit_their_entry_and_no_other(shared_data: Path, file: str, model_id: str) -> None:
    path = shared_data / "weights" / file
    assert matching_models(load_state_dict(path)) == (model_id,)
    load_module(zoo.get(model_id), path)
