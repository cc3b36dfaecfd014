"""A proposal of a contract: what the graph says, what a preset says, and what is left to be decided, as TOML."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, cast

from ...core import Contract, ContractError, Layout, printable
from ...infer import TensorInfo, interface_of, read_model
from .inspection import InspectedModel, inspect_model, layout_of
from .presets import PRESETS, preset_of
from .recurrence import InputRoles, input_roles, stride_of

__all__ = ["Proposal", "contract_text", "propose_contract", "readable_outputs"]

_PROBE = 64
"""Side, in pixels, at which a network of any size is asked what it gives."""

_ORDERS = {1: "Y", 3: "RGB", 4: "RGBA"}


@dataclass(frozen=True)
class Proposal:
    """A contract to be looked over.

    Attributes:
        contract: that is proposed.
        text: it as TOML, with a remark where a person must decide.
    """

    contract: Contract
    text: str


def propose_contract(model: str | Path, preset: str | None = None) -> Proposal:
    """Propose a contract for a network of one's own: sizes, layout, type and outputs as its graph has them.

    Args:
        model: an `.onnx` or `.xml` file.
        preset: how images are prepared, which no graph says; one of `PRESETS`. ImageNet's numbers for masks, and values
            of 0 to 1 for enlargements, where None.

    Returns:
        The contract, and its text with remarks where a person must decide.

    Raises:
        ContractError: there is no such preset, or the graph takes no image, or gives nothing that a contract can say.
        ModelError: the file cannot be read.

    Example:
        >>> import mattekit
        >>> file = mattekit.open_model("srlite-x2").path
        >>> mattekit.propose_contract(file).contract.output.scale
        2
    """
    if preset is not None:
        preset_of(preset)
    seen = inspect_model(model)
    roles = input_roles(seen.interface, seen.path)
    given = roles.image
    layout = layout_of(given)
    outputs = _outputs_at_probe(seen)
    name = preset or "imagenet"
    wanted = _input(given, layout, preset_of(name).input)
    task, output, remarks = _output(seen, outputs, wanted, preset_of(name).output or {})
    if task == "super_resolution":
        name = preset or "unit"
        wanted = _input(given, layout, preset_of(name).input)
        for unused in ("resize", "multiple"):
            wanted.pop(unused, None)
        if wanted["divide_by"] == 1:
            output["value_max"] = 255.0
    further: dict[str, Any] = {}
    if roles.states:
        further["states"] = [_state(seen, roles, each) for each in roles.states]
    if roles.constants:
        further["constants"] = [{"input": each.name, "value": 1.0} for each in roles.constants]
    contract = Contract.model_validate({"task": task, "input": wanted, "output": output, **further})
    return Proposal(
        contract, _text(seen, name, contract, {"input": wanted, "output": output}, remarks, further=further)
    )


def _state(seen: InspectedModel, roles: InputRoles, state: tuple[TensorInfo, TensorInfo]) -> dict[str, Any]:
    stride = stride_of(seen.path, roles.image, state, _PROBE)
    named = {"input": state[0].name, "output": state[1].name}
    return named if stride is None else {**named, "stride": stride}


def _input(given: TensorInfo, layout: str, preset: Mapping[str, Any]) -> dict[str, Any]:
    shape = given.shape or ()
    channels, height, width = (shape[axis] for axis in ((1, 2, 3) if layout == "NCHW" else (3, 1, 2)))
    found: dict[str, Any] = {"layout": layout}
    found["dtype"] = given.type if given.type in {"u8", "f16"} else "f32"
    if height and width:
        found |= {"height": height, "width": width}
    else:
        found |= {"multiple": 32}
    own = dict(preset)
    order = _ORDERS[channels or 3]
    if own.get("colour_order") and channels == 4:
        order = "BGRA"
    found["colour_order"] = own.pop("colour_order", order) if channels == 3 else order
    if given.type == "u8":
        # The graph does what the preset would do.
        return found | {"divide_by": 1.0} | {name: own[name] for name in ("resize",) if name in own}
    if channels != 3:
        # Numbers for red, green and blue are none for other channels; their mean is near.
        own |= {name: (round(sum(own[name]) / len(own[name]), 4),) for name in ("mean", "std") if name in own}
    return found | {"divide_by": 255.0} | own


def _outputs_at_probe(seen: InspectedModel) -> list[TensorInfo]:
    """Return the outputs with their sizes, those of a network of any size for a small image."""
    model, roles = read_model(seen.path), input_roles(seen.interface, seen.path)
    image = next(
        port for port in model.inputs if roles.image.names & {*port.get_names(), port.get_node().friendly_name}
    )
    shape = image.get_partial_shape()
    for axis in range(len(shape)):
        if shape[axis].is_dynamic:
            shape[axis] = _PROBE if axis else 1
    try:
        model.reshape({image: shape})
    except RuntimeError:
        return list(seen.interface.outputs)
    return list(interface_of(model).outputs)


def readable_outputs(seen: InspectedModel) -> list[tuple[str, int, Layout]]:
    """Return name, channels and layout of the outputs that may be masks."""
    found: list[tuple[str, int, Layout]] = []
    wanted = layout_of(input_roles(seen.interface, seen.path).image)
    for each in _outputs_at_probe(seen):
        if each.shape is None or len(each.shape) not in {2, 3, 4}:
            continue
        if len(each.shape) < 4:
            found.append((each.name, 1, "NCHW"))
            continue
        layout: Layout = "NHWC" if wanted == "NHWC" and each.shape[1] not in {1, 2, 3, 4} else "NCHW"
        found.append((each.name, each.shape[1 if layout == "NCHW" else 3] or 1, layout))
    return found


def _output(
    seen: InspectedModel, outputs: list[TensorInfo], wanted: dict[str, Any], preset: Mapping[str, Any]
) -> tuple[str, dict[str, Any], dict[str, str]]:
    """Return the task, the output's fields and remarks on them."""
    # Further outputs are coarser, or of use while training alone; of a recurrent network they are its states.
    states = {given.name for _, given in input_roles(seen.interface, seen.path).states}
    masks = [each for each in range(len(outputs)) if outputs[each].name not in states] or list(range(len(outputs)))
    place = max(masks, key=lambda each: (_area(outputs[each]), -each))
    first, told = outputs[place], seen.ranges[place]
    remarks: dict[str, str] = {}
    output: dict[str, Any] = {}
    if len(outputs) > 1:
        output["name"] = first.name
        remarks["name"] = f"or another of {', '.join(each.name for each in outputs)}"
    if first.shape is None or len(first.shape) not in {2, 3, 4}:
        raise ContractError(f"{seen.path}: its output {first} is neither a mask nor an image")
    numbers = first.type in {"i64", "i32", "u8"} or told == "class numbers"
    if len(first.shape) < 4 or numbers:
        remarks["labels"] = "name the classes in the order of their numbers, the background first"
        labels = {"indices": True, "labels": ["background", "subject"]} if numbers else {}
        return "segmentation", output | ({"kind": "classes"} | labels if numbers else _alpha(told, preset)), remarks
    layout: Layout = "NHWC" if wanted["layout"] == "NHWC" and first.shape[1] not in {1, 2, 3, 4} else "NCHW"
    channels, height, width = (first.shape[axis] for axis in ((1, 2, 3) if layout == "NCHW" else (3, 1, 2)))
    if layout != "NCHW":
        output["layout"] = layout
    side = wanted.get("height", _PROBE), wanted.get("width", _PROBE)
    order_size = {"Y": 1, "RGB": 3, "BGR": 3}.get(wanted["colour_order"])
    if height and width and channels == order_size and height == width * side[0] // side[1] and height > side[0]:
        scale = height // side[0]
        remarks["scale"] = "the graph's own"
        return "super_resolution", output | {"kind": "image", "scale": scale}, remarks
    if channels in {1, None}:
        if not told and not preset.get("min_max"):
            remarks["activation"] = "none where the graph gives 0 to 1 already"
        return "segmentation", output | _alpha(told, preset), remarks
    if channels == 2:
        remarks["channel"] = "of the two, the one that is the subject"
        sums = told.startswith("0 to 1, the channels'")
        soft = {"activation": "none" if sums or told == "0 to 1" else "softmax", "channel": 1}
        return "segmentation", output | {"kind": "alpha"} | soft, remarks
    remarks["labels"] = "name the classes in the order of the channels, the background first"
    remarks["foreground"] = "the labels that are the subject; all but the first, where it is left out"
    labels = ["background", *(f"class_{number}" for number in range(1, channels or 1))]
    return "segmentation", output | {"kind": "classes", "labels": labels}, remarks


def _area(output: TensorInfo) -> int:
    """Return the pixels of an output; of class numbers, which may stand beside their scores, fewer."""
    if output.shape is None or len(output.shape) != 4 or None in output.shape:
        return 0
    return max(prod(side or 0 for side in pair) for pair in (output.shape[2:], output.shape[1:3]))


def _alpha(told: str, preset: Mapping[str, Any]) -> dict[str, Any]:
    activation = "none" if told.startswith("0 to 1") or preset.get("min_max") else "sigmoid"
    return {"kind": "alpha", "activation": activation, **preset}


def _text(
    seen: InspectedModel,
    preset: str,
    contract: Contract,
    tables: Mapping[str, Mapping[str, Any]],
    remarks: Mapping[str, str],
    *,
    further: Mapping[str, list[dict[str, Any]]],
) -> str:
    own = {
        "height": "fixed by the graph",
        "multiple": "of which each side must be one",
        "colour_order": "RGB or BGR: no graph says which",
        "divide_by": f"of the preset {preset}: {PRESETS[preset].title}",
    }
    lines = [
        f"# What surrounds {seen.path.name}. Look it over: a graph says neither colour order nor normalisation.",
        f"# Then: mattekit contract check {seen.path.name} --contract FILE --data PHOTOS",
        "",
        f'task = "{contract.task}"',
    ]
    about = {"states": "what is fed back from frame to frame", "constants": "set what the network's authors use"}
    for name, values in further.items():
        lines += [f"{name} = [  # {about[name]}", *(f"  {_toml(value)}," for value in values), "]"]
    for table, said in (("input", own), ("output", remarks)):
        lines += ["", f"[{table}]"]
        for name, value in tables[table].items():
            remark = f"  # {said[name]}" if name in said else ""
            lines.append(f"{name} = {_toml(value)}{remark}")
    if "foreground" in remarks:
        lines.append(f"# foreground = []  # {remarks['foreground']}")
    return "\n".join(lines) + "\n"


def contract_text(contract: Contract, remark: str = "") -> str:
    """Return a contract as TOML, without what is as usual; a remark becomes its first line."""
    fields = contract.model_dump(exclude_defaults=True, exclude={"version"})
    lines = [f"# {printable(remark)}", ""] if remark else []
    lines += [f"{name} = {_toml(value)}" for name, value in fields.items() if not isinstance(value, dict)]
    for table in ("input", "output"):
        lines += ["", f"[{table}]", *(f"{name} = {_toml(value)}" for name, value in fields.get(table, {}).items())]
    return "\n".join(lines) + "\n"


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"  # pyright: ignore[reportUnknownArgumentType]
    if isinstance(value, dict):
        pairs = cast("dict[str, Any]", value)
        return f"{{ {', '.join(f'{name} = {_toml(each)}' for name, each in pairs.items())} }}"
    if isinstance(value, str):
        # A basic string of TOML escapes what JSON's does.
        return json.dumps(value, ensure_ascii=False)
    return str(value)
