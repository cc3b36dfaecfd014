"""What a model's file says of itself: its inputs and outputs, and the contract that holds for it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...core import Contract, ContractError, ContractLike, Precision, contract_beside, contract_from
from ...infer import Interface, TensorInfo, adapter_for, interface_of, read_contract, read_model, stored_precision

if TYPE_CHECKING:
    import openvino
    from pydantic import JsonValue

__all__ = ["InspectedModel", "inspect_model", "layout_of"]

_HANDED_ON = frozenset(
    {
        "Result",
        "Identity",
        "Convert",
        "Reshape",
        "Squeeze",
        "Unsqueeze",
        "Transpose",
        "Interpolate",
        "Split",
        "StridedSlice",
        "Slice",
    }
)
"""Operators that leave the range of values as it is; interpolation that is cubic may overshoot it a little."""

_RANGES = {
    "Sigmoid": "0 to 1",
    "SoftMax": "0 to 1, the channels' sum is 1",
    "Softmax": "0 to 1, the channels' sum is 1",
    "HardSigmoid": "0 to 1",
    "Tanh": "-1 to 1",
    "ReLU": "0 or more",
    "Relu": "0 or more",
    "TopK": "class numbers",
    "ArgMax": "class numbers",
}


@dataclass(frozen=True)
class InspectedModel:
    """What a model's file says.

    Attributes:
        path: the file.
        interface: its inputs and outputs.
        ranges: of the values of each output, in words; empty where the graph does not tell.
        precision: that its weights are stored in.
        contract: that holds for it; None where nothing says one.
        source: where the contract is from, in words; empty without one.
        mistake: in what the file is not as the contract says; empty where it is.
    """

    path: Path
    interface: Interface
    ranges: tuple[str, ...]
    precision: Precision
    contract: Contract | None
    source: str
    mistake: str

    def to_dict(self) -> dict[str, JsonValue]:
        """Return all of it as JSON holds it."""

        def told(info: TensorInfo, range_: str) -> dict[str, JsonValue]:
            shape: JsonValue = None if info.shape is None else list(info.shape)
            return {"name": info.name, "shape": shape, "type": info.type, "range": range_}

        return {
            "file": str(self.path),
            "precision": self.precision,
            "inputs": [told(each, "0 to 255" if each.type == "u8" else "") for each in self.interface.inputs],
            "outputs": [told(*each) for each in zip(self.interface.outputs, self.ranges, strict=True)],
            "layout": layout_of(self.interface.inputs[0]),
            "contract": None if self.contract is None else self.contract.model_dump(mode="json"),
            "source": self.source,
            "mistake": self.mistake,
        }


def inspect_model(model: str | Path, contract: ContractLike | None = None) -> InspectedModel:
    """Return what a model's file says of itself, and the contract that holds for it.

    Args:
        model: an `.onnx` or `.xml` file.
        contract: in place of the one inside the file, or beside it: a TOML file, or a `Contract`.

    Returns:
        Its inputs and outputs, and the contract, where there is one.

    Raises:
        MattekitError: the file cannot be read, or the contract cannot.

    Example:
        >>> import mattekit
        >>> file = mattekit.open_model("srlite-x2").path
        >>> mattekit.inspect_model(file).contract.output.scale
        2
    """
    path = Path(model).expanduser()
    network = read_model(path)
    interface = interface_of(network)
    given = contract_from(contract)
    inside, _ = read_contract(network, path, described=given is None)
    found, source = given or inside, "given" if given else "inside the file" if inside else ""
    if found is None and (beside := contract_beside(path)) is not None:
        found, source = beside[0], str(beside[1])
    mistake = ""
    if found is not None:
        try:
            adapter_for(interface, found, path)
        except ContractError as error:
            mistake = str(error).removeprefix(f"{path}: ")
    ranges = tuple(_range_of(output) for output in network.outputs)
    return InspectedModel(path, interface, ranges, stored_precision(network), found, source, mistake)


def layout_of(info: TensorInfo) -> str:
    """Return the layout of an image's tensor by the axis that has 1, 3 or 4 channels; empty where none has."""
    if info.shape is None or len(info.shape) != 4:
        return ""
    if info.shape[1] in {1, 3, 4}:
        return "NCHW"
    return "NHWC" if info.shape[3] in {1, 3, 4} else ""


def _range_of(output: openvino.Output) -> str:
    node = output.get_node()
    while node.get_type_name() in _HANDED_ON and node.get_input_size():
        node = node.input_value(0).get_node()
    kind = node.get_type_name()
    if kind == "Clamp":
        limits = node.get_attributes()
        return f"{limits['min']:g} to {limits['max']:g}"
    if kind == "FakeQuantize":
        edges = [_constant(node, place) for place in (3, 4)]
        if None not in edges:
            return f"{edges[0]:.4g} to {edges[1]:.4g}"
    return _RANGES.get(kind, "")


def _constant(node: openvino.Node, place: int) -> float | None:
    value = node.input_value(place).get_node()
    if value.get_type_name() != "Constant":
        return None
    data = np.asarray(value.get_data())  # pyright: ignore[reportAttributeAccessIssue, reportUnknownArgumentType, reportUnknownMemberType]
    return float(data.min() if place == 3 else data.max())
