"""Between the tensors that mattekit thinks in and those that a model's file takes and gives.

Above this module a network takes (N, C, H, W) float32 and gives (N, C, h, w) float32. What a file takes may have
another layout or type, or a batch of its own, and what counts may not be its first output: its contract says so, and is
compared with the file when that is opened, so that nothing is ever fed what it doesn't take.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...core import Contract, ContractError, Execution, InputContract, OutputContract
from .base import BoundInput, Feed, Runtime, Spent, Tensor
from .further_inputs import FurtherInputs, further_inputs, port_number
from .interface import FrameMemory, Interface, TensorInfo

__all__ = ["AdaptedRuntime", "Adapter", "adapted", "adapter_for", "bare"]

_TYPES = {"f32": np.float32, "f16": np.float16, "u8": np.uint8}


class Adapter(NamedTuple):
    """How canonical tensors become what a file takes, and its answers canonical again.

    Attributes:
        layout: of its input.
        type: of its input.
        batch: that the file insists on; None where it takes any, or 1.
        output: which of its outputs counts.
        output_layout: of that.
        output_axes: of that; None where the file does not say.
        further: what the file takes beside the image; None where it takes that alone.
    """

    layout: str = "NCHW"
    type: str = "f32"
    batch: int | None = None
    output: int = 0
    output_layout: str = "NCHW"
    output_axes: int | None = 4
    further: FurtherInputs | None = None

    @property
    def does_nothing(self) -> bool:
        """Tell whether the file takes and gives canonical tensors."""
        return self == Adapter()

    def feed(self, tensor: Tensor) -> NDArray[np.generic]:
        """Return what the file takes, for (N, C, H, W) float32 of a batch that it takes."""
        laid = tensor.transpose(0, 2, 3, 1) if self.layout == "NHWC" else tensor
        if self.type == "u8":
            laid = np.clip(np.rint(laid), 0, 255)
        return np.ascontiguousarray(laid, dtype=_TYPES[self.type])

    def feed_all(self, tensor: Tensor, states: Sequence[Tensor] = ()) -> Feed:
        """Return all that the file takes for an image's tensor; states that are not given are zeros."""
        image = self.feed(tensor)
        return image if self.further is None else self.further.around(image, tensor.shape, states)

    def answer(self, output: Tensor) -> Tensor:
        """Return (N, C, h, w), for the output that counts; class numbers get an axis of one channel."""
        if output.ndim == 3:
            return output[:, None]
        if output.ndim == 2:
            return output[None, None]
        return np.ascontiguousarray(output.transpose(0, 3, 1, 2)) if self.output_layout == "NHWC" else output


class AdaptedRuntime:
    """A runtime whose file takes or gives other than canonical tensors; its answers begin with the output that counts.

    Args:
        runtime: executes the file.
        adapter: between the two.
    """

    def __init__(self, runtime: Runtime, adapter: Adapter) -> None:
        self.bare = runtime
        self.adapter = adapter

    @property
    def info(self) -> Execution:
        """Return how the file is executed."""
        return self.bare.info

    @property
    def interface(self) -> Interface | None:
        """Return what the file takes and gives."""
        return self.bare.interface

    @property
    def compile_ms(self) -> float:
        """Return the milliseconds that opening took."""
        return self.bare.compile_ms

    @property
    def spent(self) -> Spent:
        """Return what the calling thread's calls have taken so far."""
        return self.bare.spent

    def run(self, tensor: Feed) -> Tensor:
        """Execute the network on (N, C, H, W) float32 and return the output that counts."""
        return self.run_all(tensor)[0]

    def run_all(self, tensor: Feed) -> list[Tensor]:
        """Execute the network and return every output, the one that counts first; others are as the file gives them."""
        tensor = _alone(tensor)
        count, batch = len(tensor), self.adapter.batch
        if batch is None or batch == count:
            return self._in_order(self.bare.run_all(self.adapter.feed_all(tensor)))
        parts: list[list[Tensor]] = []
        for start in range(0, count, batch):
            part = tensor[start : start + batch]
            whole = np.concatenate([part, np.repeat(part[-1:], batch - len(part), axis=0)])
            parts.append([output[: len(part)] for output in self.bare.run_all(self.adapter.feed_all(whole))])
        return self._in_order([np.concatenate(outputs) for outputs in zip(*parts, strict=True)])

    def bind(self, tensor: Feed) -> BoundInput:
        """Prepare an input once, for queries that are timed; what the adapter does is not."""
        tensor = _alone(tensor)
        batch = self.adapter.batch
        whole = tensor if batch is None or len(tensor) == batch else np.repeat(tensor[:1], batch, axis=0)
        return self.bare.bind(self.adapter.feed_all(whole))

    def run_next(self, tensor: Tensor, memory: FrameMemory) -> Tensor:
        """Execute a recurrent network on a film's next frame, (1, C, H, W) float32; its states stay in the memory."""
        outputs = self.bare.run_all(self.adapter.feed_all(tensor, memory.states))
        further = self.adapter.further
        memory.states = () if further is None else further.states_of(outputs)
        return self.adapter.answer(outputs[self.adapter.output])

    def _in_order(self, outputs: list[Tensor]) -> list[Tensor]:
        counts = self.adapter.answer(outputs[self.adapter.output])
        return [counts, *(each for place, each in enumerate(outputs) if place != self.adapter.output)]


def _alone(tensor: Feed) -> Tensor:
    """Return the image's tensor, which is all that an adapted runtime takes."""
    if isinstance(tensor, tuple):
        raise TypeError("an adapted runtime takes the image alone")
    return tensor


def adapted(runtime: Runtime, adapter: Adapter) -> Runtime:
    """Return the runtime as one of canonical tensors: itself, where its file takes and gives them."""
    return runtime if adapter.does_nothing else AdaptedRuntime(runtime, adapter)


def bare(runtime: Runtime) -> Runtime:
    """Return the runtime that executes the file, without what stands before it."""
    return runtime.bare if isinstance(runtime, AdaptedRuntime) else runtime


def adapter_for(interface: Interface | None, contract: Contract, path: Path, batch: int = 1) -> Adapter:
    """Compare a file with its contract, and return what stands between the two.

    Args:
        interface: of the file; None for what is no file of a graph, and takes and gives canonical tensors.
        contract: that it is used by.
        path: of the file, for messages.
        batch: images that it will be given at a time; of another number the adapter makes the file's.

    Raises:
        ContractError: the file takes or gives other than the contract says.
    """
    if interface is None:
        if contract.states:
            raise ContractError(f"{path}: a recurrent network is run as an ONNX file or an IR; export it first")
        return Adapter()
    further = further_inputs(interface, contract, path)
    wanted, given = contract.input, _input_of(interface, contract, path)
    own_batch = _checked_input(given, contract, path)
    number = _output_of(interface, contract.output, path)
    shape = interface.outputs[number].shape
    _check_output(interface.outputs[number], contract, path)
    axes = None if shape is None else len(shape)
    insists = None if own_batch == batch else own_batch
    return Adapter(wanted.layout, wanted.dtype, insists, number, contract.output.layout, axes, further)


def _input_of(interface: Interface, contract: Contract, path: Path) -> TensorInfo:
    named = {each.input for each in (*contract.states, *contract.constants)}
    images = [port for port in interface.inputs if not named & port.names]
    if len(images) != 1:
        listed = ", ".join(str(port) for port in interface.inputs)
        raise ContractError(
            f"{path}: the model has {len(interface.inputs)} inputs ({listed}), and the contract names "
            f"{len(interface.inputs) - len(images)} of them beside the image: name the others under [[states]], with "
            "the outputs that give their next values, or under [[constants]], as mattekit contract init proposes"
        )
    (given,) = images
    if contract.input.name is not None and contract.input.name not in given.names:
        raise ContractError(f"{path}: the model's input is called {given.name}, not {contract.input.name!r}")
    return given


def _checked_input(given: TensorInfo, contract: Contract, path: Path) -> int | None:
    """Check an input; return the file's batch, None where it is free."""
    wanted = contract.input
    if given.type != wanted.dtype:
        mend = f'set dtype = "{given.type}"' if given.type in _TYPES else "mattekit gives f32, f16 or u8"
        raise ContractError(f"{path}: the input {given} takes {given.type}, not the contract's {wanted.dtype}; {mend}")
    if given.shape is None:
        return None
    if len(given.shape) != 4:
        raise ContractError(f"{path}: the input {given} has {len(given.shape)} axes; that of images has 4")
    batch, channels, height, width = _canonical(given.shape, wanted.layout)
    if channels not in {None, wanted.channels}:
        raise ContractError(f"{path}: {_why_channels(given, wanted)}")
    for what, side, own in (("height", height, wanted.height), ("width", width, wanted.width)):
        if side is not None and own is None:
            raise ContractError(f"{path}: the input {given} takes a {what} of {side} alone; set {what} = {side}")
        if side is not None and side != own:
            raise ContractError(f"{path}: the input {given} takes a {what} of {side}, not the contract's {own}")
    return batch


def _why_channels(given: TensorInfo, wanted: InputContract) -> str:
    other = "NHWC" if wanted.layout == "NCHW" else "NCHW"
    if given.shape and _canonical(given.shape, other)[1] == wanted.channels:
        return f'the input {given} is not {wanted.layout}; set layout = "{other}"'
    channels = _canonical(given.shape or (), wanted.layout)[1]
    orders = {1: '"Y"', 3: '"RGB" or "BGR"', 4: '"RGBA" or "BGRA"'}.get(channels or 0)
    mend = f"set colour_order = {orders}" if orders else "images have 1, 3 or 4"
    return f"the input {given} has {channels} channels, colour_order {wanted.colour_order} {wanted.channels}; {mend}"


def _output_of(interface: Interface, wanted: OutputContract, path: Path) -> int:
    return 0 if wanted.name is None else port_number(interface.outputs, wanted.name, "output", path)


def _check_output(given: TensorInfo, contract: Contract, path: Path) -> None:
    wanted = contract.output
    if given.shape is None:
        return
    axes = {4} if wanted.kind == "image" else {2, 3, 4}
    if len(given.shape) not in axes:
        raise ContractError(f"{path}: the output {given} has {len(given.shape)} axes; that of an image or a mask has 4")
    if len(given.shape) < 4:
        if wanted.kind == "classes" and not wanted.indices:
            raise ContractError(f"{path}: the output {given} has no axis of classes; set indices = true")
        return
    _, channels, height, width = _canonical(given.shape, wanted.layout)
    if channels is not None:
        _check_channels(given, channels, contract, path)
    if wanted.kind == "image" and contract.input.height and contract.input.width:
        for what, side, own in (("high", height, contract.input.height), ("wide", width, contract.input.width)):
            if side is not None and side != own * wanted.scale:
                raise ContractError(f"{path}: the output {given} is {side} {what}, not {own} times {wanted.scale}")


def _check_channels(given: TensorInfo, channels: int, contract: Contract, path: Path) -> None:
    wanted = contract.output
    if wanted.kind == "image" and channels != contract.input.channels:
        raise ContractError(
            f"{path}: the output {given} has {channels} channels, an image in {contract.input.colour_order} "
            f"{contract.input.channels}; check layout and name"
        )
    if wanted.kind == "classes":
        expected = 1 if wanted.indices else len(wanted.labels)
        if channels != expected:
            what = "of class numbers has 1" if wanted.indices else f"of {len(wanted.labels)} labels has as many"
            raise ContractError(
                f"{path}: the output {given} has {channels} channels, one {what}; check labels and name"
            )
    if wanted.kind == "alpha":
        if wanted.channel is None and channels != 1:
            raise ContractError(
                f"{path}: the output {given} has {channels} channels; set channel to the subject's, counted from 0, or "
                'kind = "classes" with labels'
            )
        if wanted.channel is not None and wanted.channel >= channels:
            raise ContractError(
                f"{path}: the output {given} has no channel {wanted.channel}; they are 0 to {channels - 1}"
            )


def _canonical(shape: tuple[int | None, ...], layout: str) -> tuple[int | None, ...]:
    """Return batch, channels, height and width of a shape of four axes."""
    order = (0, 1, 2, 3) if layout == "NCHW" else (0, 3, 1, 2)
    return tuple(shape[axis] for axis in order)
