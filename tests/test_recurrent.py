"""Networks that remember the frames before: their contract, and their states on images and in videos."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from mattekit import inspect_model, open_model, package_model, propose_contract, read_image
from mattekit.convert import contract_text
from mattekit.core import Contract, ContractError, OutputContract, StateContract, read_contract_file
from mattekit.images import Image
from mattekit.infer import Pipeline, Remover, VideoSettings, feeder_of, plan_video, process_video, read_model
from mattekit.infer.runtimes import FrameMemory

torch = pytest.importorskip("torch", reason="making a network needs the extra `export`")


class Counting(torch.nn.Module):  # type: ignore[name-defined,misc]
    """Its mask is a tenth of the number of frames so far, its two states count them, one at half the size."""

    def forward(self, image: Any, r1i: Any, r2i: Any, ratio: Any) -> Any:
        seen = image.mean(dim=1, keepdim=True) * 0
        r1o = r1i + seen + 1
        half = torch.nn.functional.avg_pool2d(seen, 2)
        r2o = r2i + torch.cat([half, half], dim=1) + 1
        count = (r1o + r2o.mean(dim=1, keepdim=True).mean(dim=(2, 3), keepdim=True)) / 20 * ratio
        # But for its first two columns, which are full: a mask that is even says nothing.
        mask = torch.where((seen + 1).cumsum(dim=3) < 2.5, seen + 1, count)
        return image * 1, mask, r1o, r2o


class Spreading(torch.nn.Module):  # type: ignore[name-defined,misc]
    """Counts as well, in a state of which the file says no size, and of which one zero is enough."""

    def forward(self, image: Any, r1i: Any) -> Any:
        seen = torch.nn.functional.avg_pool2d(image, 4)[:, :2] * 0
        r1o = r1i.expand_as(seen) + 1
        count = torch.nn.functional.interpolate(r1o[:, :1], scale_factor=4.0) / 10
        ones = image[:, :1] * 0 + 1
        return torch.where(ones.cumsum(dim=3) < 2.5, ones, count), r1o


def exported(path: Path, network: Any, shapes: dict[str, tuple[int, ...]], outputs: tuple[str, ...]) -> Path:
    """Export a network whose inputs have these shapes; of images all but batch and channels is free."""
    free = {name: {2: f"{name}_h", 3: f"{name}_w"} for name, shape in shapes.items() if len(shape) == 4}
    free |= {name: {2: f"{name}_h", 3: f"{name}_w"} for name in outputs}
    if len(shapes) == 2:
        free["r1i"] = free["r1o"] = {axis: f"state_{axis}" for axis in range(4)}
    example = tuple(torch.zeros(shape) for shape in shapes.values())
    options = {"input_names": list(shapes), "output_names": list(outputs), "dynamic_axes": free, "dynamo": False}
    with warnings.catch_warnings():
        # The exporter warns of its own deprecation.
        warnings.simplefilter("ignore")
        torch.onnx.export(network.eval(), example, str(path), opset_version=17, **options)
    return path


CONTRACT: dict[str, Any] = {
    "task": "segmentation",
    "input": {"name": "src", "multiple": 2},
    "output": {"kind": "alpha", "name": "pha"},
    "states": [{"input": "r1i", "output": "r1o", "stride": 1}, {"input": "r2i", "output": "r2o", "stride": 2}],
    "constants": [{"input": "ratio", "value": 1.0}],
}


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recurrent network of any size, with its contract beside it."""
    path = exported(
        tmp_path_factory.mktemp("recurrent") / "counting.onnx",
        Counting(),
        {"src": (1, 3, 16, 24), "r1i": (1, 1, 16, 24), "r2i": (1, 2, 8, 12), "ratio": (1,)},
        ("fgr", "pha", "r1o", "r2o"),
    )
    path.with_name("counting.contract.toml").write_text(contract_text(Contract.model_validate(CONTRACT)))
    return path


@pytest.mark.parametrize("named", ["{}", "onnxruntime:{}"])
def test_states_are_fed_back_and_begin_with_zeros(network: Path, named: str) -> None:
    remover = Remover(open_model(named.format(network)))
    assert remover.is_recurrent
    image, memory = Image(np.full((20, 30, 3), 128, np.uint8)), FrameMemory()
    found = [int(remover.matte_next(image, memory).alpha[-3, -3]) for _ in range(4)]
    assert found == [round(255 * frames / 10) for frames in (1, 2, 3, 4)]
    # A still image finds zeros, whatever a film has left.
    assert int(remover.matte(image).alpha[-3, -3]) == found[0]
    memory.forget()
    assert int(remover.matte_next(image, memory).alpha[-3, -3]) == found[0]


def test_a_state_of_no_size_begins_with_a_single_zero(tmp_path: Path) -> None:
    shapes = {"src": (1, 3, 16, 24), "r1i": (1, 2, 4, 6)}
    path = exported(tmp_path / "spreading.onnx", Spreading(), shapes, ("pha", "r1o"))
    proposal = propose_contract(path).contract
    assert [(state.input, state.output) for state in proposal.states] == [("r1i", "r1o")]
    own = {"output": OutputContract(kind="alpha", name="pha"), "states": (StateContract(input="r1i", output="r1o"),)}
    contract = proposal.model_copy(update=own)
    remover, memory = Remover(open_model(path, contract=contract)), FrameMemory()
    image = Image(np.full((64, 96, 3), 128, np.uint8))
    assert [int(remover.matte_next(image, memory).alpha[-3, -3]) for _ in range(3)] == [26, 51, 76]


def test_an_export_keeps_the_states(network: Path, tmp_path: Path) -> None:
    from mattekit import export_model

    report = export_model("counting", tmp_path, weights=network, size=(16, 24))
    assert [state.output for state in report.ir.contract.states] == ["r1o", "r2o"]
    remover, memory = Remover(open_model(report.ir.path)), FrameMemory()
    image = Image(np.full((64, 96, 3), 128, np.uint8))
    assert [int(remover.matte_next(image, memory).alpha[-3, -3]) for _ in range(3)] == [26, 51, 76]


def film(path: Path, levels: list[int]) -> Path:
    """Numbered frames, of a texture in these brightnesses."""
    path.mkdir()
    noise = np.random.default_rng(1).integers(0, 60, (48, 64, 3))
    for number, level in enumerate(levels):
        cv2.imwrite(str(path / f"f-{number}.png"), (noise + level).astype(np.uint8))
    return path


def masks_of(folder: Path) -> list[int]:
    return [int(read_image(path).rgb[-5, -5, 0]) for path in sorted(folder.glob("*.png"))]


def test_a_video_feeds_states_back_and_forgets_at_a_cut(network: Path, tmp_path: Path) -> None:
    clip = film(tmp_path / "film", [40, 40, 40, 180, 180])
    settings = VideoSettings(model=network, only_mask=True)
    process_video(plan_video(str(clip), tmp_path / "masks", settings), Pipeline(Remover(open_model(network))))
    assert masks_of(tmp_path / "masks") == [26, 51, 76, 26, 51]


def test_each_video_begins_anew(network: Path, tmp_path: Path) -> None:
    pipeline = Pipeline(Remover(open_model(network)))
    for name in ("one", "two"):
        clip = film(tmp_path / name, [40, 40])
        settings = VideoSettings(model=network, only_mask=True, smooth=0.0)
        process_video(plan_video(str(clip), tmp_path / f"{name}-masks", settings), pipeline)
        assert masks_of(tmp_path / f"{name}-masks") == [26, 51]


def test_a_contract_is_proposed_with_its_states(network: Path, tmp_path: Path) -> None:
    proposal = propose_contract(network)
    told = [(state.input, state.output, state.stride) for state in proposal.contract.states]
    assert told == [("r1i", "r1o", 1), ("r2i", "r2o", 2)]
    assert [each.input for each in proposal.contract.constants] == ["ratio"]
    assert proposal.contract.output.name in {"fgr", "pha"}
    (tmp_path / "own.toml").write_text(proposal.text)
    assert read_contract_file(tmp_path / "own.toml") == proposal.contract
    assert inspect_model(network).mistake == ""
    assert "r2o" in contract_text(inspect_model(network).contract or proposal.contract)


def without(**changes: object) -> Contract:
    return Contract.model_validate({**CONTRACT, **changes})


@pytest.mark.parametrize(
    ("contract", "message"),
    [
        (without(states=()), r"the contract names 1 of them beside the image: name the others under \[\[states\]\]"),
        (without(states=({"input": "r1", "output": "r1o"},)), "no input 'r1'.*did you mean"),
        (without(states=({"input": "r1i", "output": "r3o"},)), "no output 'r3o'"),
        (without(states=({"input": "r1i", "output": "r2o"},)), "r2o .* is no next value of the input r1i"),
        (
            without(states=CONTRACT["states"][:1], constants=({"input": "r2i", "value": 1},)),
            "r2i .* takes more than one number",
        ),
    ],
)
def test_a_contract_that_does_not_fit_says_where(network: Path, contract: Contract, message: str) -> None:
    with pytest.raises(ContractError, match=message):
        open_model(network, contract=contract)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"states": [CONTRACT["states"][0]] * 2}, "named twice"),
        ({"task": "super_resolution", "output": {"kind": "image", "scale": 2}}, "states are for segmentation"),
    ],
)
def test_a_contract_of_states_is_checked(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Contract.model_validate({**CONTRACT, **changes})


def _packages(network: Path, out: Path) -> None:
    package_model(str(network), out)


def _quantizes(network: Path, out: Path) -> None:
    contract = inspect_model(network).contract
    assert contract is not None
    feeder_of(read_model(network), contract, out)


@pytest.mark.parametrize(("job", "doing"), [(_packages, "packaged"), (_quantizes, "compared or quantized")])
def test_what_can_not_be_done_with_states_yet_says_so(
    network: Path, tmp_path: Path, job: Callable[[Path, Path], None], doing: str
) -> None:
    with pytest.raises(ContractError, match=f"the network is recurrent, and such a one can't be {doing} yet"):
        job(network, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_contract_without_states_is_written_as_before() -> None:
    plain = Contract.model_validate({name: CONTRACT[name] for name in ("task", "input", "output")})
    assert not {"states", "constants"} & set(plain.model_dump())
    assert Contract.from_json(plain.to_json(), source="x") == plain
