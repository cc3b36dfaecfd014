"""What lies in a package that takes images: the network with its pre- and post-processing in one graph."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from ..bench import Golden, golden_vectors
from ..convert import (
    ALPHA,
    CONFIDENCE,
    IMAGE,
    SCORES,
    UPSCALED,
    Port,
    ir_from_onnx,
    name_by_position,
    pin_surrounding,
    surround,
    write_ir,
)
from ..core import MODEL_INFO, Provenance, matte_info
from ..infer import LEAST_SPREAD, read_model
from .contents import PackageContents

__all__ = ["GraphContents"]


class GraphContents(PackageContents):
    """A graph that takes images: the network with its pre- and post-processing."""

    @property
    def inputs(self) -> tuple[Port, ...]:
        """One image, of any size or of one."""
        order = self.settings.order
        shape = (1, *(self.settings.size or (-1, -1)), 3)
        return (Port(name=IMAGE, shape=shape, dtype="uint8", meaning=f"pixels, {order}"),)

    @property
    def outputs(self) -> tuple[Port, ...]:
        """A matte and how sure it is, a matte as scores, or the larger image."""
        contract, size = self.opened.contract, self.settings.size or (-1, -1)
        if contract.task == "super_resolution":
            larger = f"the image, {contract.output.scale} times as high and wide, {self.settings.order}"
            sides = tuple(side if side == -1 else side * contract.output.scale for side in size)
            return (Port(name=UPSCALED, shape=(1, *sides, 3), dtype="uint8", meaning=larger),)
        if self.settings.format == "model-api":
            shares = "shares of background and subject, 0-1, at the image's size"
            return (Port(name=SCORES, shape=(1, 2, *size), dtype="float32", meaning=shares),)
        opacity = "opacity of the subject, 0-255, at the image's size"
        sure = "0-1; near 0 where no subject was found"
        return (
            Port(name=ALPHA, shape=(1, *size, 1), dtype="uint8", meaning=opacity),
            Port(name=CONFIDENCE, shape=(1,), dtype="float32", meaning=sure),
        )

    def write_graph(self, folder: Path) -> str:
        """Write the IR; all of it in f32 where its server cannot be asked for that."""
        opened, settings = self.opened, self.settings
        network = ir_from_onnx(opened.path, own=True) if opened.path.suffix == ".onnx" else read_model(opened.path)
        graph = surround(
            network,
            opened.contract,
            least_spread=LEAST_SPREAD,
            colour_order=settings.order,
            size=settings.size,
            scores=settings.format == "model-api",
        )
        name_by_position(graph)
        # Not under the contract's own key: the graph carries the contract out, and nobody must apply it twice.
        graph.set_rt_info(opened.contract.to_json(), ["mattekit", "packaged_contract"])
        graph.set_rt_info(cast("Provenance", opened.variant.provenance).to_json(), ["mattekit", "provenance"])
        if settings.format == "model-api":
            for key, value in matte_info(any_size=settings.size is None).items():
                graph.set_rt_info(value, [MODEL_INFO, key])
        name = "model.xml"
        write_ir(graph, folder / name, fp16=False)
        pin_surrounding(folder / name, network=settings.format == "triton" and settings.arithmetic == "f32")
        return name

    def vectors(self, folder: Path, model_file: str) -> Golden:
        """Compare with mattekit's own answers."""
        settings = self.settings
        return golden_vectors(folder / model_file, self.opened, settings.order, settings.arithmetic, settings.size)
