"""Compare our DeepLabV3 and LR-ASPP with torchvision's own modules, with the same random weights.

    pip install --no-deps torchvision   # beside the CPU build of torch, in an environment of its own
    python tools/compare_torchvision.py

Operators that torchvision registers in its binary, which belongs to another build of torch, are declared first; none of
them takes part in these networks. Exits with 1 where parameters are named differently or the outputs differ.
"""

from __future__ import annotations

import sys
from typing import Any

import torch
from mattekit.convert import zoo
from mattekit.convert.networks.deeplab import DeepLabV3

_OPERATORS = (
    "nms",
    "qnms",
    "roi_align",
    "_roi_align_backward",
    "roi_pool",
    "_roi_pool_backward",
    "ps_roi_align",
    "_ps_roi_align_backward",
    "ps_roi_pool",
    "_ps_roi_pool_backward",
    "deform_conv2d",
    "_deform_conv2d_backward",
    "_cuda_version",
)
_THEIRS = {
    "deeplabv3-resnet50": "deeplabv3_resnet50",
    "deeplabv3-resnet101": "deeplabv3_resnet101",
    "deeplabv3-mobilenetv3": "deeplabv3_mobilenet_v3_large",
    "lraspp-mobilenetv3": "lraspp_mobilenet_v3_large",
}
_SIZES = ((97, 128), (64, 75))


def _import_torchvision() -> Any:
    library = torch.library.Library("torchvision", "DEF")
    for name in _OPERATORS:
        library.define(f"{name}(Tensor x) -> Tensor")
    import torchvision  # pyright: ignore[reportMissingImports] - only here, by hand

    return torchvision.models.segmentation


def _randomise(module: torch.nn.Module) -> None:
    """Give everything a value of its own, statistics too, such that no layer's output vanishes or explodes."""
    for name, value in module.state_dict().items():
        if name.endswith(("running_var", "bn1.weight")):
            value.uniform_(0.5, 1.5)
        elif value.is_floating_point():
            value.normal_(0, 0.05)


def main() -> int:
    """Compare, print a line for each network, and return the exit code."""
    segmentation, failed = _import_torchvision(), False
    for ours, theirs in _THEIRS.items():
        torch.manual_seed(0)
        auxiliary: dict[str, bool] = {"aux_loss": True} if "deeplab" in theirs else {}
        reference = getattr(segmentation, theirs)(weights=None, weights_backbone=None, **auxiliary).eval()
        build = zoo.get(ours).build
        assert build is not None
        module = build()
        module.load_state_dict(reference.state_dict(), strict=True)
        if isinstance(module, DeepLabV3):
            module.heads = "all"
        worst = spread = 0.0
        for random in (False, True):
            if random:
                _randomise(reference)
                module.load_state_dict(reference.state_dict(), strict=True)
            for size in _SIZES:
                x = torch.randn(2, 3, *size)
                with torch.inference_mode():
                    expected, found = reference(x), module(x)
                for name, value in zip(expected, found if isinstance(found, tuple) else (found,), strict=True):
                    worst = max(worst, float((expected[name] - value).abs().max() / expected[name].abs().max()))
                    spread = max(spread, float(expected[name].std() / expected[name].abs().max()))
        parameters = sum(value.numel() for value in module.parameters())
        print(f"{ours}: {parameters:,} parameters, largest difference {worst:.1e} of the largest value ({spread:.2f})")
        failed = failed or not worst <= 1e-5
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
