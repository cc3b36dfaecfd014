"""Networks of one's own code, and masks that are no evidence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from called import Call
from mattekit.convert import export_model
from mattekit.convert.tolerances import EXACT, HALF, compare
from mattekit.core import Contract, ContractError, InputContract, InputError, ModelError, OutputContract

torch = pytest.importorskip("torch", reason="torch is not installed")

CODE = """
import torch
from beside import WIDTH

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.first = torch.nn.Conv2d(3, WIDTH, 3, padding=1)
        self.last = torch.nn.Conv2d(WIDTH, 3, 1)

    def forward(self, x):
        return self.last(torch.relu(self.first(x)))

class Named(Net):
    def forward(self, x):
        return {"auxiliary": x, "scores": super().forward(x)}

class Odd(Net):
    def forward(self, x):
        return "nothing"

class Narrow(Net):
    def forward(self, x):
        return super().forward(x[:, :2])

def needs(width):
    return Net()

def fails():
    raise KeyError("settings")

def number():
    return 3

constant = 3
"""
CONTRACT = Contract(
    task="segmentation",
    input=InputContract(height=32, width=48),
    output=OutputContract(kind="classes", labels=("background", "upper", "lower")),
)


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkpoint, beside the code of its network, in the current folder."""
    code = tmp_path / "code"
    code.mkdir()
    (code / "own_net.py").write_text(CODE)
    (code / "beside.py").write_text("WIDTH = 4\n")
    monkeypatch.chdir(code)
    torch.manual_seed(0)
    shapes = {"first.weight": (4, 3, 3, 3), "first.bias": (4,), "last.weight": (3, 4, 1, 1), "last.bias": (3,)}
    state = {f"model.{name}": torch.randn(shape) for name, shape in shapes.items()}
    torch.save({"state_dict": state}, tmp_path / "my.pth")
    return tmp_path / "my.pth"


@pytest.mark.parametrize("where", ["own_net:Net", "own_net.py:Net", "./own_net.py:Named"])
def test_a_network_of_ones_own_code_is_exported(weights: Path, photo: Path, tmp_path: Path, where: str) -> None:
    contract = CONTRACT
    if where.endswith("Named"):
        output = CONTRACT.output.model_copy(update={"name": "scores"})
        contract = CONTRACT.model_copy(update={"output": output})
    made = export_model("mine", tmp_path, torch=where, weights=weights, contract=contract, images=[photo])
    assert made.ir.path == tmp_path / "mine" / "fp32" / "model.xml"
    assert (made.ir.contract.output.labels, made.ir.provenance.model) == (CONTRACT.output.labels, "mine")  # pyright: ignore
    assert not made.record.first_broken


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("own_net", "give package.module:factory, or path/to/file.py:factory"),
        ("nowhere_at_all:Net", "there is no module 'nowhere_at_all'"),
        ("absent.py:Net", "there is no such file"),
        ("own_net:Missing", "own_net has no 'Missing'"),
        ("own_net:constant", "can't be called"),
        ("own_net:number", "returns int, not a torch.nn.Module"),
        ("own_net:needs", "missing 1 required positional argument.*a factory that needs no arguments"),
        ("own_net:fails", "calling fails\\(\\) fails: KeyError: 'settings'"),
        ("own_net:Odd", "the network gives str"),
        ("own_net:Narrow", r"fails on an input of shape \(1, 3, 32, 48\)"),
    ],
)
def test_what_is_wrong_with_ones_own_code_is_told(weights: Path, tmp_path: Path, where: str, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        export_model("mine", tmp_path, torch=where, weights=weights, contract=CONTRACT)
    assert not (tmp_path / "mine").exists()


def test_what_ones_own_code_needs_beside_it_is_told(weights: Path, tmp_path: Path) -> None:
    export = partial_export(tmp_path)
    with pytest.raises(InputError, match="give the network's checkpoint with --weights"):
        export("mine", contract=CONTRACT)
    with pytest.raises(ContractError, match="describe it with --contract"):
        export("mine", weights=weights)
    with pytest.raises(InputError, match="the zoo has a model of this name"):
        export("u2netp", weights=weights, contract=CONTRACT)
    grey = CONTRACT.model_copy(update={"input": CONTRACT.input.model_copy(update={"layout": "NHWC"})})
    with pytest.raises(ContractError, match="exported with NCHW and f32"):
        export("mine", weights=weights, contract=grey)


def partial_export(folder: Path) -> Callable[..., Any]:
    def export(name: str, **options: Any) -> Any:
        return export_model(name, folder, torch="own_net:Net", **options)

    return export


def alpha_of(values: Any) -> list[list[Any]]:
    return [[np.asarray(values, np.float32)[None, None]]]


ALPHA = Contract(task="segmentation", input=InputContract(height=8, width=8), output=OutputContract(kind="alpha"))


@pytest.mark.parametrize("level", [0.0, 0.2, 1.0])
def test_masks_that_are_even_on_every_image_are_no_evidence(level: float) -> None:
    even = alpha_of(np.full((8, 8), level))
    found = compare(even, even, ALPHA, EXACT)
    assert found.unproven == "not enough evidence: the masks are empty or even on every image"
    assert "iou" not in found.task
    assert not [figure for figure in found.judged if figure.name == "iou"]
    # What the network computes is compared all the same.
    moved = compare(even, alpha_of(np.full((8, 8), abs(level - 0.05))), ALPHA, HALF)
    assert "the mean difference" in moved.broken


def test_one_telling_image_is_evidence() -> None:
    half = np.zeros((8, 8))
    half[:4] = 1
    found = compare([*alpha_of(np.zeros((8, 8))), *alpha_of(half)], [*alpha_of(half), *alpha_of(half)], ALPHA, EXACT)
    assert found.unproven == ""
    assert "iou is 0" in found.broken


def test_scores_twenty_times_as_large_pass_where_the_masks_are_the_same() -> None:
    rng = np.random.default_rng(0)
    scores = rng.normal(0, 100, (1, 3, 32, 48)).astype(np.float32)
    moved = scores + rng.normal(0, 1e-3, scores.shape).astype(np.float32)
    assert compare([[scores]], [[moved]], CONTRACT, EXACT).broken == ""


def test_export_and_parity_say_that_the_masks_are_no_evidence(
    weights: Path, photo: Path, tmp_path: Path, call: Call
) -> None:
    state = torch.load(weights, weights_only=True)["state_dict"]
    torch.save(state | {"model.last.bias": torch.tensor([1e4, 0, 0])}, weights)
    made = tmp_path / "models"
    contract = tmp_path / "c.toml"
    contract.write_text(
        'task = "segmentation"\n[input]\nheight = 32\nwidth = 48\n'
        '[output]\nkind = "classes"\nlabels = ["background", "upper", "lower"]\n'
    )
    done = call(
        *("export", "mine", "--torch", "own_net:Net", "--weights", weights),
        *("--contract", contract, "--images", photo, "-o", made),
    )
    assert done.code == 0
    assert "not enough evidence: the masks are empty or even on every image; give --images" in done.out
    assert "iou" not in done.out
    compared = call("parity", made / "mine", "--data", "synthetic:count=2", "--quiet")
    assert compared.code == 4
    assert "not enough evidence" in compared.out
