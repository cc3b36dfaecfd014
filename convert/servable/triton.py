"""A repository of models for Triton Inference Server: `NAME/config.pbtxt`, and packages as `NAME/VERSION`.

The fields are those of NVIDIA's model_config.proto; the parameters those of its OpenVINO backend, which runs on the CPU
and knows of no arithmetic but bf16: https://github.com/triton-inference-server/openvino_backend.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path

from ...core import InputError, atomic_path
from .checker import TRITON_PARAMETER
from .package_manifest import Port
from .repository import locked_repository, numbered_folder, unlike

__all__ = ["TRITON_CONFIG", "new_triton_version", "triton_config", "triton_parameters"]

TRITON_CONFIG = "config.pbtxt"

_TYPES = {"uint8": "TYPE_UINT8", "float32": "TYPE_FP32"}
_DIMS = re.compile(r"dims\s*:\s*\[([^\]]*)\]")


def triton_parameters(properties: Mapping[str, str]) -> dict[str, str]:
    """Return the OpenVINO backend's parameters that ask the CPU for properties of OpenVINO.

    Args:
        properties: by name; of `INFERENCE_PRECISION_HINT` the backend can be told bf16 alone.
    """
    asked = dict(properties)
    halved = asked.pop("INFERENCE_PRECISION_HINT", None) == "bf16"
    return asked | ({"HINT_BF16": "YES"} if halved else {})


def triton_config(model: str, inputs: Sequence[Port], outputs: Sequence[Port], parameters: Mapping[str, str]) -> str:
    """Return a model's `config.pbtxt`.

    Args:
        model: its name, which is that of its folder.
        inputs: of the graph, with their batch of one image.
        outputs: of the graph.
        parameters: of the OpenVINO backend.
    """
    streams = parameters.get("NUM_STREAMS", "1")
    lines = [
        f'name: "{model}"',
        'backend: "openvino"',
        'default_model_filename: "model.xml"',
        "# Batches are off: images differ in size, and the graph takes one at a time.",
        "max_batch_size: 0",
        *_ports("input", inputs),
        *_ports("output", outputs),
        f"instance_group [ {{ kind: KIND_CPU count: {streams} }} ]",
        *(f'parameters {{ key: "{key}" value {{ string_value: "{value}" }} }}' for key, value in parameters.items()),
    ]
    return "\n".join(lines) + "\n"


def _ports(kind: str, ports: Sequence[Port]) -> list[str]:
    sizes = [", ".join(map(str, port.shape)) for port in ports]
    return [
        f'{kind} [ {{ name: "{port.name}" data_type: {_TYPES[port.dtype]} dims: [ {dims} ] }} ]'
        for port, dims in zip(ports, sizes, strict=True)
    ]


@contextlib.contextmanager
def new_triton_version(root: Path, model: str, version: int | None, config: str) -> Generator[Path]:
    """Give an empty folder, which becomes the next version of a model in a repository when the block ends well.

    All that is in the repository stays, a `config.pbtxt` of the model too.

    Args:
        root: the repository; made if need be.
        model: its name in the repository.
        version: a number of its own, in place of the next one; what mattekit wrote there before is replaced.
        config: the model's `config.pbtxt`.

    Raises:
        InputError: the folder is no repository, the model's file asks for something else, or the version holds what
            mattekit did not write.
    """
    with locked_repository(root):
        folder = root / model
        strange = [each.name for each in sorted(root.iterdir()) if not (each / TRITON_CONFIG).is_file()]
        if strange:
            raise InputError(
                f"{root}: the folder holds {strange[0]}, which has no {TRITON_CONFIG}, so it is no repository for "
                "Triton; choose another folder"
            )
        file = folder / TRITON_CONFIG
        new = not file.exists()
        if not new:
            _compare(file, model, config)
        with numbered_folder(folder, version) as temporary:
            yield temporary
        if new:
            with atomic_path(file) as temporary:
                temporary.write_text(config, encoding="utf-8")


def _compare(file: Path, model: str, config: str) -> None:
    """Make sure that a model's file does not ask for something else.

    Raises:
        InputError: it does.
    """
    try:
        there = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{file}: it is no text; mend or remove it, or choose another folder") from error
    other = unlike(dict(TRITON_PARAMETER.findall(there)), dict(TRITON_PARAMETER.findall(config)))
    sizes, asked = ([" ".join(dims.split()) for dims in _DIMS.findall(text)] for text in (there, config))
    if not other and sizes != asked:
        other = f"dims {'; '.join(sizes)}, not {'; '.join(asked)}"
    if other:
        raise InputError(
            f"{file}: it has all versions of {model} run with {other}; change that file, or choose another folder"
        )
