"""Contracts made true: whatever a file takes and gives, it is fed that, and read as that, on each runtime."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
import pytest
from mattekit.core import Contract, ContractError, InputContract, ModelError, OutputContract, Variant
from mattekit.images import Image
from mattekit.infer import LoadedModel, Remover, Upscaler, load, tensor_from
from mattekit.models import open_variant
from numpy.typing import NDArray
from onnx import TensorProto, helper
from pydantic import ValidationError

SIZE = 24
TYPES: dict[str, int] = {"f32": TensorProto.FLOAT, "f16": TensorProto.FLOAT16, "u8": TensorProto.UINT8}

RED = np.array([[20, -20, -10]], dtype=np.float32)
"""Scores how red a pixel is, of RGB 0-1."""


def _model(
    path: Path,
    *nodes: onnx.NodeProto,
    given: tuple[int | str, ...] = (1, 3, SIZE, SIZE),
    type_: str = "f32",
    outputs: Mapping[str, tuple[tuple[int | str, ...], int]] | None = None,
    weights: dict[str, NDArray[Any]] | None = None,
    extra_inputs: dict[str, tuple[int, ...]] | None = None,
) -> Path:
    """Write an ONNX file with the input `x`."""
    told = outputs or {"y": ((given[0], 1, *given[2:]), TensorProto.FLOAT)}
    graph = helper.make_graph(
        list(nodes),
        "small",
        [
            helper.make_tensor_value_info("x", TYPES[type_], given),
            *(helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in (extra_inputs or {}).items()),
        ],
        [helper.make_tensor_value_info(name, kind, shape) for name, (shape, kind) in told.items()],
        [onnx.numpy_helper.from_array(array, name) for name, array in (weights or {}).items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), path)
    return path


def _conv(weights: NDArray[np.float32], source: str = "x", target: str = "y") -> tuple[onnx.NodeProto, dict[str, Any]]:
    return helper.make_node("Conv", [source, f"{target}_w"], [target]), {
        f"{target}_w": weights.reshape(*weights.shape, 1, 1)
    }


def _contract(output: dict[str, Any] | None = None, **given: Any) -> Contract:
    sizes: dict[str, Any] = (
        {"height": SIZE, "width": SIZE} if "height" not in given and "short_side" not in given else {}
    )
    usual: dict[str, Any] = {"kind": "alpha", "activation": "sigmoid"}
    return Contract(
        task="segmentation", input=InputContract(**sizes | given), output=OutputContract(**usual | (output or {}))
    )


def _disc(height: int = 60, width: int = 90) -> tuple[Image, NDArray[np.bool_]]:
    """Return a red disc on blue, and where it is."""
    rows, columns = np.mgrid[:height, :width]
    inside = (rows - height / 2) ** 2 + (columns - width / 2) ** 2 < (height / 3) ** 2
    rgb = np.where(inside[..., None], np.array([230, 30, 20]), np.array([20, 30, 200])).astype(np.uint8)
    return Image(rgb=rgb), inside


def _iou(model: LoadedModel, **how: Any) -> float:
    image, inside = _disc(**how)
    found = Remover(model).matte(image).alpha > 127
    return float((found & inside).sum() / max((found | inside).sum(), 1))


def _on(runtime: str, path: Path, contract: Contract) -> LoadedModel:
    if runtime == "openvino":
        return load(path, contract=contract)
    return open_variant(Variant("small", "fp32", path, contract), runtime)


@pytest.fixture(params=["openvino", "onnxruntime"])
def runtime(request: pytest.FixtureRequest) -> str:
    if request.param == "onnxruntime":
        pytest.importorskip("onnxruntime")
    return str(request.param)


def _plain(path: Path) -> Path:
    node, weights = _conv(RED)
    return _model(path, node, weights=weights)


def _nhwc(path: Path) -> Path:
    node, weights = _conv(RED, "c", "d")
    before = helper.make_node("Transpose", ["x"], ["c"], perm=[0, 3, 1, 2])
    after = helper.make_node("Transpose", ["d"], ["y"], perm=[0, 2, 3, 1])
    shape = (1, SIZE, SIZE, 3)
    outputs = {"y": ((1, SIZE, SIZE, 1), TensorProto.FLOAT)}
    return _model(path, before, node, after, given=shape, outputs=outputs, weights=weights)


def _bytes(path: Path) -> Path:
    node, weights = _conv(RED / np.float32(255), "f", "y")
    cast = helper.make_node("Cast", ["x"], ["f"], to=TensorProto.FLOAT)
    return _model(path, cast, node, type_="u8", weights=weights)


def _half(path: Path) -> Path:
    node, weights = _conv(RED)
    halved = {name: array.astype(np.float16) for name, array in weights.items()}
    outputs = {"y": ((1, 1, SIZE, SIZE), TensorProto.FLOAT16)}
    return _model(path, node, type_="f16", weights=halved, outputs=outputs)


def _bgr(path: Path) -> Path:
    node, weights = _conv(RED[:, ::-1].copy())
    return _model(path, node, weights=weights)


def _grey(path: Path) -> Path:
    # Red is of luma 0.35, the blue around it of 0.19.
    node, weights = _conv(np.array([[60]], np.float32), "x", "z")
    shifted = helper.make_node("Add", ["z", "b"], ["y"])
    weights["b"] = np.array([-16], np.float32).reshape(1, 1, 1, 1)
    return _model(path, node, shifted, given=(1, 1, SIZE, SIZE), weights=weights)


def _rgba(path: Path) -> Path:
    node, weights = _conv(np.array([[20, -20, -10, 0]], np.float32))
    return _model(path, node, given=(1, 4, SIZE, SIZE), weights=weights)


def _softmax(path: Path) -> Path:
    node, weights = _conv(np.concatenate([-RED, RED]))
    return _model(path, node, outputs={"y": ((1, 2, SIZE, SIZE), TensorProto.FLOAT)}, weights=weights)


def _classes(path: Path) -> Path:
    node, weights = _conv(np.concatenate([-RED, RED, -RED - 30]))
    return _model(path, node, outputs={"y": ((1, 3, SIZE, SIZE), TensorProto.FLOAT)}, weights=weights)


def _numbers(path: Path) -> Path:
    node, weights = _conv(np.concatenate([-RED, RED, -RED - 30]), "x", "s")
    chosen = helper.make_node("ArgMax", ["s"], ["y"], axis=1, keepdims=0)
    return _model(path, node, chosen, outputs={"y": ((1, SIZE, SIZE), TensorProto.INT64)}, weights=weights)


def _second(path: Path) -> Path:
    first, weights = _conv(-RED, "x", "aux")
    second, more = _conv(RED, "x", "main/mask")
    shape = ((1, 1, SIZE, SIZE), TensorProto.FLOAT)
    return _model(path, first, second, outputs={"aux": shape, "main/mask": shape}, weights=weights | more)


def _batch_of_four(path: Path) -> Path:
    node, weights = _conv(RED, "x", "z")
    # A graph that insists on its batch: its values are folded into one row and unfolded again.
    shape = helper.make_node("Reshape", ["z", "shape"], ["y"])
    weights["shape"] = np.array([4, 1, SIZE, SIZE], np.int64)
    return _model(path, node, shape, given=(4, 3, SIZE, SIZE), weights=weights)


def _any_size(path: Path) -> Path:
    node, weights = _conv(RED)
    return _model(path, node, given=("n", 3, "h", "w"), weights=weights)


@pytest.mark.parametrize(
    ("make", "contract"),
    [
        pytest.param(_plain, _contract(), id="plain"),
        pytest.param(_nhwc, _contract({"layout": "NHWC"}, layout="NHWC"), id="NHWC"),
        pytest.param(_bytes, _contract(dtype="u8", divide_by=1), id="u8"),
        pytest.param(_half, _contract(dtype="f16"), id="f16"),
        pytest.param(_bgr, _contract(colour_order="BGR"), id="BGR"),
        pytest.param(_grey, _contract(colour_order="Y"), id="luma"),
        pytest.param(_rgba, _contract(colour_order="RGBA"), id="RGBA"),
        pytest.param(_softmax, _contract({"activation": "softmax", "channel": 1}), id="softmax"),
        pytest.param(
            _classes, _contract({"kind": "classes", "activation": "none", "labels": ("no", "red", "x")}), id="classes"
        ),
        pytest.param(
            _numbers,
            _contract({"kind": "classes", "activation": "none", "labels": ("no", "red", "x"), "indices": True}),
            id="numbers",
        ),
        pytest.param(_second, _contract({"name": "main/mask"}), id="second output"),
        pytest.param(_batch_of_four, _contract(), id="batch"),
        pytest.param(_any_size, _contract(), id="any size"),
        pytest.param(_any_size, _contract(short_side=30, multiple=8), id="short side"),
        pytest.param(_any_size, _contract(height=None), id="own size"),
        pytest.param(_plain, _contract(aspect="letterbox", pad_value=(0, 30, 200)), id="letterbox"),
    ],
)
def test_a_file_is_fed_what_it_takes(
    make: Callable[[Path], Path], contract: Contract, runtime: str, tmp_path: Path
) -> None:
    model = _on(runtime, make(tmp_path / "model.onnx"), contract)
    for height, width in ((60, 90), (90, 60)):
        assert _iou(model, height=height, width=width) > 0.85


def test_a_letterbox_keeps_proportions_and_its_border_is_cut_off() -> None:
    contract = _contract(aspect="letterbox", pad_value=(255, 0, 0), colour_order="BGR", mean=(0.5,), std=(0.25,))
    image, inside = _disc(30, 90)
    tensor = tensor_from(image.rgb, contract)
    assert tensor.shape == (1, 3, SIZE, SIZE)
    rows = slice(SIZE // 3, 2 * SIZE // 3)
    border = np.ones(SIZE, dtype=bool)
    border[rows] = False
    blue, green, red = tensor[0]
    assert np.allclose(blue[border], (1 - 0.5) / 0.25)
    assert np.allclose(green[border], -2)
    assert np.allclose(red[border], -2)
    small = cv2.resize(inside.astype(np.float32), (SIZE, SIZE // 3), interpolation=cv2.INTER_LINEAR)
    assert np.corrcoef(red[rows].ravel(), small.ravel())[0, 1] > 0.98


def test_a_second_kind_of_luma_has_its_own_range() -> None:
    white = np.full((SIZE, SIZE, 3), 255, np.uint8)
    full, studio = (
        tensor_from(white, _contract(colour_order="Y", divide_by=1, luma=kind)) for kind in ("full", "studio")
    )
    assert np.allclose(full, 255)
    assert np.allclose(studio, 235)
    assert np.allclose(tensor_from(white * 0, _contract(colour_order="Y", divide_by=1, luma="studio")), 16)


@pytest.mark.parametrize("kind", ["full", "studio"])
def test_luma_alone_is_enlarged_and_keeps_its_colour(kind: str, runtime: str, tmp_path: Path) -> None:
    sizes = helper.make_node("Resize", ["x", "", "scales"], ["y"], mode="nearest")
    path = _model(
        tmp_path / "luma.onnx",
        sizes,
        given=(1, 1, "h", "w"),
        outputs={"y": ((1, 1, "H", "W"), TensorProto.FLOAT)},
        weights={"scales": np.array([1, 1, 2, 2], np.float32)},
    )
    contract = Contract(
        task="super_resolution",
        input=InputContract(colour_order="Y", luma=kind),  # pyright: ignore[reportArgumentType]
        output=OutputContract(kind="image", scale=2),
        halo=4,
    )
    image, _ = _disc()
    large = Upscaler(_on(runtime, path, contract)).upscale(image).rgb.astype(int)
    assert large.shape == (120, 180, 3)
    assert np.abs(large[::2, ::2] - image.rgb)[8:-8, 8:20].max() <= 1
    expected = cv2.resize(image.rgb, (180, 120), interpolation=cv2.INTER_NEAREST)
    assert np.abs(large - expected).mean() < 3
    grey = Image(rgb=np.repeat(image.rgb[..., :1], 3, axis=2), grey=True)
    assert np.ptp(Upscaler(_on(runtime, path, contract)).upscale(grey).rgb, axis=2).max() == 0


def test_an_image_s_alpha_is_a_fourth_channel(runtime: str, tmp_path: Path) -> None:
    node, weights = _conv(np.array([[0, 0, 0, 40]], np.float32), "x", "z")
    shifted = helper.make_node("Add", ["z", "b"], ["y"])
    weights["b"] = np.array([-20], np.float32).reshape(1, 1, 1, 1)
    path = _model(tmp_path / "m.onnx", node, shifted, given=(1, 4, SIZE, SIZE), weights=weights)
    image, inside = _disc()
    cut = Image(rgb=image.rgb, alpha=np.where(inside, np.uint8(255), np.uint8(0)))
    found = Remover(_on(runtime, path, _contract(colour_order="RGBA"))).matte(cut).alpha > 127
    assert (found == inside).mean() > 0.95


@pytest.mark.parametrize(
    ("make", "contract", "said"),
    [
        (_plain, _contract(layout="NHWC"), 'is not NHWC; set layout = "NCHW"'),
        (_nhwc, _contract(), 'is not NCHW; set layout = "NHWC"'),
        (_bytes, _contract(), 'takes u8, not the contract\'s f32; set dtype = "u8"'),
        (_plain, _contract(dtype="f16"), 'takes f32, not the contract\'s f16; set dtype = "f32"'),
        (_grey, _contract(), 'has 1 channels, colour_order RGB 3; set colour_order = "Y"'),
        (_plain, _contract(colour_order="RGBA"), 'set colour_order = "RGB" or "BGR"'),
        (_plain, _contract(height=32, width=SIZE), "takes a height of 24, not the contract's 32"),
        (_plain, _contract(short_side=24), "takes a height of 24 alone; set height = 24"),
        (_plain, _contract(name="image"), "input is called x, not 'image'"),
        (_second, _contract({"name": "main/mass"}), "no output 'main/mass'; did you mean main/mask"),
        (_softmax, _contract(), "has 2 channels; set channel to the subject's"),
        (_softmax, _contract({"channel": 2}), "has no channel 2; they are 0 to 1"),
        (
            _softmax,
            _contract({"kind": "classes", "activation": "none", "labels": ("a", "b", "c")}),
            "has 2 channels, one of 3 labels has as many",
        ),
        (
            _numbers,
            _contract({"kind": "classes", "activation": "none", "labels": ("a", "b", "c")}),
            "has no axis of classes; set indices = true",
        ),
    ],
)
def test_a_file_that_is_not_as_its_contract_says_is_refused_in_a_sentence(
    make: Callable[[Path], Path], contract: Contract, said: str, runtime: str, tmp_path: Path
) -> None:
    path = make(tmp_path / "model.onnx")
    with pytest.raises(ContractError) as refused:
        _on(runtime, path, contract)
    assert said in str(refused.value)
    assert str(refused.value).startswith(f"{path}: ")


def test_a_file_of_several_inputs_or_five_axes_is_refused(runtime: str, tmp_path: Path) -> None:
    add = helper.make_node("Add", ["x", "t"], ["y"])
    outputs = {"y": ((1, 3, SIZE, SIZE), TensorProto.FLOAT)}
    two = _model(tmp_path / "two.onnx", add, outputs=outputs, extra_inputs={"t": (1, 3, 1, 1)})
    with pytest.raises(ContractError, match=r"has 2 inputs \(x .*, t .*\)"):
        _on(runtime, two, _contract())
    relu = helper.make_node("Relu", ["x"], ["y"])
    shape = (1, 3, 2, SIZE, SIZE)
    five = _model(tmp_path / "five.onnx", relu, given=shape, outputs={"y": (shape, TensorProto.FLOAT)})
    with pytest.raises(ContractError, match="has 5 axes"):
        _on(runtime, five, _contract())


def test_an_enlargement_of_another_factor_is_refused(runtime: str, tmp_path: Path) -> None:
    sizes = helper.make_node("Resize", ["x", "", "scales"], ["y"], mode="nearest")
    path = _model(
        tmp_path / "sr.onnx",
        sizes,
        outputs={"y": ((1, 3, 2 * SIZE, 2 * SIZE), TensorProto.FLOAT)},
        weights={"scales": np.array([1, 1, 2, 2], np.float32)},
    )
    contract = Contract(
        task="super_resolution",
        input=InputContract(height=SIZE, width=SIZE),
        output=OutputContract(kind="image", scale=4),
    )
    with pytest.raises(ContractError, match="is 48 high, not 24 times 4"):
        _on(runtime, path, contract)


def test_numbers_that_are_no_class_are_refused(tmp_path: Path) -> None:
    node, weights = _conv(np.array([[9, 0, 0]], np.float32))
    path = _model(tmp_path / "m.onnx", node, weights=weights)
    contract = _contract({"kind": "classes", "activation": "none", "labels": ("a", "b"), "indices": True})
    with pytest.raises(ModelError, match="no class numbers of 0 to 1"):
        Remover(load(path, contract=contract)).matte(_disc()[0])


@pytest.mark.parametrize(
    ("given", "output", "said"),
    [
        ({"dtype": "u8"}, {}, "divide_by must be 1"),
        ({"mean": (0.5, 0.5)}, {}, "mean has 2 numbers; colour_order RGB needs 1 or 3"),
        ({"colour_order": "Y", "mean": (0.1, 0.2, 0.3)}, {}, "colour_order Y needs 1"),
        ({"height": None, "aspect": "letterbox"}, {}, "letterbox.*needs a height"),
        ({"height": SIZE, "width": SIZE, "short_side": 9}, {}, "short_side is for a network that takes any size"),
        ({}, {"activation": "softmax"}, "needs the channel"),
        ({}, {"kind": "classes", "labels": ("a", "a")}, "differ"),
        ({}, {"kind": "classes", "labels": ("a", "b"), "foreground": ("c",)}, "'c'"),
        ({}, {"indices": True}, "indices belongs to kind 'classes'"),
    ],
)
def test_a_contract_that_contradicts_itself_is_refused(
    given: dict[str, Any], output: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValidationError, match=said):
        _contract(output, **given)
