"""How a package of each format is used, in Markdown: the middle of its README."""

from __future__ import annotations

import json

from ..convert import PackageManifest
from ..core import Contract

__all__ = ["use_of"]

_FILTERS = {
    "linear": "bilinear, at half-pixel centres, without anti-aliasing",
    "lanczos": "Lanczos with three lobes, its kernel widened as it shrinks (Pillow's LANCZOS)",
    "bilinear_antialias": "bilinear, its kernel widened as it shrinks (Pillow's BILINEAR)",
    "bicubic_antialias": "bicubic, its kernel widened as it shrinks (Pillow's BICUBIC)",
}
_KINDS = {
    "exact": "those with instructions for 8-bit dot products (VNNI, AMX), and other devices",
    "saturating": "those without such instructions, which cut sums off at 16 bits",
}


def use_of(manifest: PackageManifest) -> list[str]:
    """Return the lines that say how a package is used; its Python needs numpy and openvino alone."""
    lines = _network(manifest) if manifest.format == "onnx" else _graph(manifest)
    more = {"ovms": _ovms, "triton": _triton, "model-api": _model_api}.get(manifest.format)
    lines += more(manifest) if more else []
    if manifest.right_on is not None:
        kinds = "; ".join(_KINDS[kind] for kind in manifest.right_on) or "no processor that was tried"
        lines += ["", f"**Processors.** Its 8-bit layers give the answers of exact sums on: {kinds}."]
        lines += (
            [] if len(manifest.right_on) == len(_KINDS) else ["On others use the model in FP32, or quantize it anew."]
        )
    return [
        *lines,
        "",
        "`python check.py` replays the golden vectors on this machine, as the package asks for; "
        "`python check.py . GPU f16` on another device, in another arithmetic. `package.json` describes inputs and "
        "outputs.",
    ]


def _python(lines: list[str]) -> list[str]:
    return ["```python", *lines, "```"]


def _graph(manifest: PackageManifest) -> list[str]:
    """Return how any OpenVINO program runs a graph that takes images."""
    height, width = manifest.size or (480, 640)
    sizes = "an image of this size, no other" if manifest.size else "an image of any size"
    (shown, *_) = (port.name for port in manifest.outputs)
    asked = f", {json.dumps(manifest.properties)}" if manifest.properties else ""
    return [
        "Pre- and post-processing are inside the graph; any OpenVINO program can run it:",
        "",
        *_python(
            [
                "import numpy, openvino",
                f'model = openvino.Core().compile_model("{manifest.model_file}", "CPU"{asked})',
                f"pixels = numpy.zeros((1, {height}, {width}, 3), numpy.uint8)  # {sizes}, {manifest.colour_order}",
                f'{shown} = model(pixels)["{shown}"]  # {manifest.outputs[0].dtype}: {manifest.outputs[0].meaning}',
            ]
        ),
    ]


def _asked(manifest: PackageManifest) -> str:
    told = ", ".join(f"{name} {value}" for name, value in manifest.properties.items()) or "nothing more"
    return f"on {manifest.device}, with {told}"


def _ovms(manifest: PackageManifest) -> list[str]:
    return [
        "",
        "OpenVINO Model Server is told by `config.json`, three folders up, to run it " + _asked(manifest) + ":",
        "",
        "```sh",
        "ovms --config_path config.json --rest_port 8000",
        "```",
    ]


def _triton(manifest: PackageManifest) -> list[str]:
    pinned = manifest.arithmetic == "f32" and "INFERENCE_PRECISION_HINT" not in manifest.properties
    return [
        "",
        "Triton's OpenVINO backend is told by `config.pbtxt`, one folder up, to run it " + _asked(manifest) + ":",
        "",
        "```sh",
        "tritonserver --model-repository=REPOSITORY",
        "```",
        *(["", "It can't be asked for f32, so every layer is pinned to it in the graph."] if pinned else []),
    ]


def _model_api(manifest: PackageManifest) -> list[str]:
    return [
        "",
        "By Model API (`pip install openvino-model-api`), whose wrapper for segmentation it describes itself to:",
        "",
        "```py",
        "import cv2",
        "from model_api.models import Model",
        f'model = Model.create_model("{manifest.model_file}", device="CPU")',
        f'result = model(cv2.imread("photo.jpg"))  # {manifest.colour_order}',
        "alpha = result.soft_prediction[:, :, 1]  # 0-1; result.resultImage is 1 where that is more than a half",
        "```",
    ]


def _network(manifest: PackageManifest) -> list[str]:
    """Return how the network is fed, and what is made of its answer."""
    (vector, *_), asked = manifest.golden, json.dumps(manifest.properties)
    return [
        "The file is the network alone, for any runtime; what surrounds it, its contract says, which lies in its "
        "metadata and in `contract.json`:",
        "",
        *(f"1. {step}" for step in _steps(manifest.contract)),
        "",
        f"`{vector.image}` and the like are images (height, width, RGB) as such, `{vector.input}` what these steps "
        "make of them.",
        "",
        *_python(
            [
                "import numpy, openvino",
                f'model = openvino.Core().compile_model("{manifest.model_file}", "CPU", {asked})',
                f'answer = model(numpy.load("{vector.input}"))[0]',
            ]
        ),
        "",
        "The same by ONNX Runtime:",
        "",
        "```py",
        "import numpy, onnxruntime",
        f'session = onnxruntime.InferenceSession("{manifest.model_file}")',
        f'answers = session.run(None, {{"{manifest.inputs[0].name}": numpy.load("{vector.input}")}})',
        "```",
    ]


def _steps(contract: Contract) -> list[str]:
    """Return what is done with an image and with the answer, as a contract says it."""
    wanted = contract.input
    if wanted.height is not None:
        shape = f"{wanted.height} rows of {wanted.width} pixels"
        how = (
            "changing its proportions" if wanted.aspect == "stretch" else f"keeping them; fill with {wanted.pad_value}"
        )
        size = f"Resize the image to {shape}, {how}: {_FILTERS[wanted.resize]}."
    elif contract.task == "segmentation":
        side = "its own size" if wanted.short_side is None else f"a shorter side of {wanted.short_side}"
        size = f"Resize the image to {side}, both sides multiples of {wanted.multiple}: {_FILTERS[wanted.resize]}."
    else:
        size = f"Leave the image at its size; repeat its border to multiples of {wanted.multiple}, "
        size += f"{wanted.min_side} at least."
    luma = f" (luma of ITU-R BT.601, {wanted.luma} range)" if wanted.colour_order == "Y" else ""
    divisor = "the image's largest value" if wanted.divide_by == "image_max" else f"{wanted.divide_by:g}"
    mean, std = (json.dumps(list(wanted.per_channel(each))) for each in (wanted.mean, wanted.std))
    return [
        size,
        f"Take the channels {wanted.colour_order}{luma}, with values 0-255; divide by {divisor}, subtract {mean}, "
        f"divide by {std}.",
        f"Store it as {wanted.dtype} in the order {wanted.layout}, one image.",
        _answer(contract),
    ]


def _answer(contract: Contract) -> str:
    given = contract.output
    if given.kind == "image":
        larger = f"The answer is the image, {given.scale} times as high and wide, in the same channels"
        return f"{larger}, 0-{given.value_max:g}; cut off what is outside."
    if given.kind == "classes":
        kept = ", ".join(given.foreground) or f"all but {given.labels[0]}"
        what = "the class's number" if given.indices else "scores, of which the largest wins"
        return f"The answer is {what}, of {', '.join(given.labels)}; the subject is {kept}. Resize it to the image."
    done = [f"{given.activation} of it"] if given.activation != "none" else []
    done += [f"its channel {given.channel}"] if given.channel is not None else []
    done += ["(x - min) / (max - min) over the image"] if given.min_max else []
    done += ["1 - x"] if given.invert else []
    done += [f"divided by {given.value_max:g}"] if given.value_max != 1 else []
    made = f" after: {', '.join(done)}" if done else ""
    return f"The answer is the subject's opacity, 0-1{made}. Resize it to the image: {_FILTERS[given.resize]}."
