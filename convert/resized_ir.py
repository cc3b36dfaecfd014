"""An IR for another size of its input, with a contract that says so."""

from __future__ import annotations

from pathlib import Path

from ..core import CONTRACT_KEY, PROVENANCE_KEY, ModelError, atomic_directory, openvino_errors_as
from ..infer import describe, input_of, read_model
from .ir import write_ir

__all__ = ["write_resized"]


def write_resized(source: Path, folder: Path, size: tuple[int, int], *, name: str) -> Path:
    """Write an IR that takes images of another size, weights and all layers as they are.

    Args:
        source: the `.xml` file of a network that takes one size.
        folder: that the new IR appears in whole; what mattekit wrote there before is replaced.
        size: height and width in pixels.
        name: of the variant.

    Returns:
        Its `.xml` file.

    Raises:
        ModelError: the network takes images of any size, or not of this one.
    """
    model = read_model(source)
    variant = describe(model, source, None)
    contract, (height, width) = variant.contract, size
    if contract.input.height is None:
        raise ModelError(f"{source}: the network takes images of any size as they are; leave --size out")
    with openvino_errors_as(
        ModelError, lambda reason: f"{source}: the network does not accept {height}x{width} ({reason})"
    ):
        batch = input_of(model, contract).get_partial_shape()[0]
        number = batch.get_length() if batch.is_static else -1
        model.reshape({input_of(model, contract): list(contract.input.shape(number, height, width))})
    sized = contract.input.model_copy(update={"height": height, "width": width})
    model.set_rt_info(contract.model_copy(update={"input": sized}).to_json(), ["mattekit", CONTRACT_KEY])
    if variant.provenance is not None:
        called = variant.provenance.model_copy(update={"name": name})
        model.set_rt_info(called.to_json(), ["mattekit", PROVENANCE_KEY])
    with atomic_directory(folder) as temporary:
        write_ir(model, temporary / "model.xml", fp16=False)
    return folder / "model.xml"
