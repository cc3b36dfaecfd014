"""The IR of a user's own network: its inputs and outputs as its file has them, in the batch that it takes."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from ..core import Contract, ModelError, Provenance, openvino_errors_as
from ..infer import input_of
from .ir import Shape, annotate_and_write

if TYPE_CHECKING:
    import openvino

__all__ = ["model_batch", "reshape_batch", "save_own_ir"]

_LOG = logging.getLogger(__name__)


def save_own_ir(
    model: openvino.Model,
    target: Path,
    *,
    contract: Contract,
    provenance: Provenance,
    shape: Shape,
    fp16: bool,
) -> None:
    """Save a network of a user's own, as `save_ir` saves the zoo's, its inputs and outputs as they are.

    Args:
        model: changed in place.
        target: the `.xml` file.
        contract: as `save_ir` takes it.
        provenance: as `save_ir` takes it.
        shape: batch, height and width of the contract's input; -1 where free.
        fp16: whether the weights are stored in half precision.

    Raises:
        ModelError: the network does not accept the shape.
    """
    import openvino

    image = input_of(model, contract)
    batch, height, width = shape
    own = model_batch(model)
    # A graph whose sizes are fixed already may have them in its middle too, where a reshape would not find them.
    if not _reshaped(model, image, contract.input.shape(batch, height, width)):
        if not (batch == 1 and own and _reshaped(model, image, contract.input.shape(own, height, width))):
            raise ModelError(
                f"{provenance.weights_file}: the network does not accept batch {batch}, {height}x{width}; choose "
                "another --size or --batch"
            )
        _LOG.warning("%s: the network takes %d images at a time, and so does the IR", provenance.weights_file, own)
    image.get_node().set_layout(openvino.Layout(contract.input.layout))
    annotate_and_write(model, target, contract, provenance, fp16=fp16)


def _reshaped(model: openvino.Model, image: openvino.Output, shape: tuple[int, ...]) -> bool:
    """Give the input that takes the image a shape; False where the network does not accept it."""
    import openvino

    wanted = openvino.PartialShape(list(shape))
    if image.get_partial_shape() == wanted:
        return True
    before = image.get_partial_shape()
    try:
        model.reshape({image: wanted})
    except RuntimeError:
        model.reshape({image: before})
        return False
    return True


def model_batch(model: openvino.Model) -> int | None:
    """Return how many images a network takes at a time; None where any number."""
    batch = model.inputs[0].get_partial_shape()[0]
    return batch.get_length() if batch.is_static else None


def reshape_batch(model: openvino.Model, batch: int, path: Path) -> None:
    """Give a network another fixed batch; the rest of its first input's shape stays.

    Raises:
        ModelError: the network, of the file at `path`, has its batch in its middle too.
    """
    shape = model.inputs[0].get_partial_shape()
    shape[0] = batch
    with openvino_errors_as(
        ModelError,
        lambda reason: f"{path}: the network does not take a batch of {batch} ({reason}); export it with that",
    ):
        model.reshape({model.inputs[0]: shape})
