"""Real-ESRGAN's large networks (Wang et al., ICCV Workshops 2021): RRDBNet, x2 and x4."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from ...core import Contract, InputContract, ModelError, OutputContract
from ..fine_tunes import Shapes, count_of, length_of
from ..spec import SAFE_SIDE, Licence, ModelSpec, Weights

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["SPECS", "released"]

_RELEASES = "https://github.com/xinntao/Real-ESRGAN/releases/download"
_MIRROR = "https://huggingface.co/leonelhs/realesrgan/resolve/6907f85a9095e201ec4b3c7e91bbb66cdec0f04d"


def _build(scale: int, blocks: int = 23, width: int = 64, growth: int = 32, fold: int | None = None) -> nn.Module:
    from ..networks.rrdbnet import RRDBNet

    return RRDBNet(scale, blocks=blocks, width=width, growth=growth, fold=fold).eval()


_x4, _x2, _anime = partial(_build, 4), partial(_build, 2), partial(_build, 4, 6)

_OLD_NAMES = (
    (re.compile(r"(?:model\.1\.sub|RRDB_trunk)\.(\d+)\.RDB(\d)\.conv(\d)\.(?:0\.)?"), r"body.\1.rdb\2.conv\3."),
    (re.compile(r"model\.1\.sub\.\d+\.(?=weight|bias)|trunk_conv\."), "conv_body."),
    (re.compile(r"model\.0\."), "conv_first."),
    (re.compile(r"upconv(\d)\."), r"conv_up\1."),
    (re.compile(r"HRconv\."), "conv_hr."),
)
"""How ESRGAN's first code and its second one name the layers, the body's by their places in it."""

_PLACE = re.compile(r"model\.(\d+)\.(weight|bias)")


def adapted(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors under today's names, where they have ESRGAN's old ones.

    The layers behind its body are numbered, with the activations between them: the last two make the image, and those
    before them enlarge.
    """
    if not any(pattern.match(name) for name in state for pattern, _ in _OLD_NAMES):
        return state
    places = sorted({int(match[1]) for match in map(_PLACE.fullmatch, state) if match} - {0, 1})
    tails = dict(zip(places[-2:], ("conv_hr", "conv_last"), strict=False))
    tails |= {place: f"conv_up{number}" for number, place in enumerate(places[:-2], 1)}
    renamed: dict[str, Tensor] = {}
    for name, value in state.items():
        match = _PLACE.fullmatch(name)
        if match and int(match[1]) in tails:
            renamed[f"{tails[int(match[1])]}.{match[2]}"] = value
            continue
        new = name
        for pattern, replacement in _OLD_NAMES:
            new, changed = pattern.subn(replacement, name) if pattern.match(name) else (new, 0)
            if changed:
                break
        renamed[new] = value
    return renamed


def _fine_tuned(spec: ModelSpec, shapes: Shapes) -> ModelSpec | None:
    """Return the entry of a network of another width, depth or scale; what is named by its scale keeps it."""
    first, blocks = shapes.get("conv_first.weight", ()), count_of(shapes, r"body\.(\d+)\.")
    fold = math.isqrt(first[1] // 3) if len(first) == 4 else 0
    doublings = count_of(shapes, r"conv_up(\d+)\.")
    scale = 2**doublings // fold if fold else 0
    if not blocks or scale not in {1, 2, 4} or first[1] != 3 * fold**2:
        return None
    if scale != spec.scale and spec.id != "esrgan":
        raise ModelError(
            f"the checkpoint's network enlarges by {scale}, {spec.id} by {spec.scale}; export it as esrgan"
        )
    growth = length_of(shapes, "body.0.rdb1.conv1.weight") or 0
    build = partial(_build, scale, blocks, first[0], growth, fold)
    return replace(spec, build=build, contract=_contract(scale, fold))


def _contract(scale: int, fold: int | None = None) -> Contract:
    # At x2 Real-ESRGAN's network folds 2x2 pixels into channels first.
    step = 4 // scale if fold is None else fold
    return Contract(
        task="super_resolution",
        input=InputContract(multiple=step, min_side=SAFE_SIDE * step),
        output=OutputContract(kind="image", scale=scale),
        halo=24,
    )


def released(
    id_: str,
    title: str,
    build: Callable[[], nn.Module],
    contract: Contract,
    file: str,
    *,
    sha256: str,
    size: int,
    proven: bool = False,
    notes: tuple[str, ...] = (),
    undenoised: str = "",
) -> ModelSpec:
    """Return the entry of a network of Real-ESRGAN; `file` is `VERSION/NAME` as it is released."""
    filename = file.rpartition("/")[2]
    return ModelSpec(
        id=id_,
        title=title,
        task="super_resolution",
        contract=contract,
        weights=Weights(
            filename=filename, urls=(f"{_RELEASES}/{file}", f"{_MIRROR}/{filename}"), sha256=sha256, size=size
        ),
        licence=Licence(code="BSD-3-Clause", weights="BSD-3-Clause", granted=True),
        build=build,
        paper="https://arxiv.org/abs/2107.10833",
        homepage="https://github.com/xinntao/Real-ESRGAN",
        proven=proven,
        undenoised=undenoised,
        notes=("Trained as a GAN: it invents plausible detail.", *notes),
    )


_RELEASED = (
    released(
        "realesrgan-x4plus",
        "Real-ESRGAN x4plus, damaged photos",
        _x4,
        _contract(4),
        "v0.1.0/RealESRGAN_x4plus.pth",
        sha256="4fa0d38905f75ac06eb49a7951b426670021be3018265fd191d2125df9d682f1",
        size=67_040_989,
    ),
    released(
        "realesrgan-x2plus",
        "Real-ESRGAN x2plus, damaged photos",
        _x2,
        _contract(2),
        "v0.2.1/RealESRGAN_x2plus.pth",
        sha256="49fafd45f8fd7aa8d31ab2a22d14d91b536c34494a5cfe31eb5d89c2fa266abb",
        size=67_061_725,
        notes=("Height and width must be even.",),
    ),
    released(
        "realesrgan-x4plus-anime-6b",
        "Real-ESRGAN x4plus, anime, small",
        _anime,
        _contract(4),
        "v0.2.2.4/RealESRGAN_x4plus_anime_6B.pth",
        sha256="f872d837d3c90ed2e05227bed711af5671a6fd1c9f7d7e91c911a61f155e99da",
        size=17_938_799,
        proven=True,
    ),
)

SPECS: tuple[ModelSpec, ...] = (
    *(replace(each, adapt=adapted, fine_tune=_fine_tuned) for each in _RELEASED),
    ModelSpec(
        id="esrgan",
        title="ESRGAN and networks of its kind, x1, x2 or x4, of your own or the community's",
        task="super_resolution",
        contract=_contract(4),
        weights=Weights(filename="esrgan.pth"),
        licence=Licence(code="Apache-2.0", weights="not stated: there are none", granted=None),
        build=_x4,
        adapt=adapted,
        fine_tune=_fine_tuned,
        paper="https://arxiv.org/abs/1809.00219",
        homepage="https://github.com/xinntao/ESRGAN",
        notes=(
            "No weights are published under this name, so there is no licence and no hash: give yours with --weights; "
            "those of the community have licences of their own.",
            "The scale, the width and the number of blocks are read off the checkpoint, whose layers may have ESRGAN's "
            "old names.",
        ),
    ),
)
