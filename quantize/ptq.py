"""Post-training quantization with NNCF: one call, quiet, repeatable."""

from __future__ import annotations

import contextlib
import io
import logging
import sys
import warnings
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING

from ..convert import quantized_layers
from ..core import InputError, ModelError, last_line, needs_extra
from ..infer import Tensor
from .settings import Preset

if TYPE_CHECKING:
    import nncf
    import openvino

__all__ = ["quantize_plainly", "require_nncf"]


def require_nncf() -> str:
    """Return NNCF's version.

    Raises:
        DependencyError: it is not installed.
    """
    with needs_extra("quantizing", "nncf", "quantize"), warnings.catch_warnings():
        # NNCF and what it brings along warn about versions that play no part in quantizing an IR.
        warnings.simplefilter("ignore")
        import nncf
    return str(nncf.__version__)


def quantize_plainly(
    model: openvino.Model,
    samples: int,
    tensor: Callable[[int], Tensor],
    *,
    preset: Preset,
    device: str,
    ignored: tuple[str, ...] = (),
    patterns: tuple[str, ...] = (),
    types: tuple[str, ...] = (),
) -> openvino.Model:
    """Quantize to INT8, calibrating on `tensor(0)` … `tensor(samples - 1)`, each made when it is needed.

    Args:
        model: in FP32 or FP16.
        samples: how many.
        tensor: number to input (1, 3, H, W).
        preset: of the quantizers.
        device: an OpenVINO device string; NPUs and GPUs have rules of their own.
        ignored: names of layers that stay as they are.
        patterns: regular expressions for such names; those that match nothing do no harm.
        types: kinds of nodes that stay as they are, such as `Add`; a layer's bias belongs to the layer.

    Raises:
        InputError: the network has no layer of one of the names.
        ModelError: NNCF cannot quantize the network, or quantized nothing in it.
        DependencyError: NNCF is not installed.
    """
    require_nncf()
    import nncf

    known = {node.get_friendly_name() for node in model.get_ordered_ops()}
    strange = [name for name in ignored if name not in known]
    if strange:
        raise InputError(f"the network has no layer {strange[0]!r} to ignore; list layers with: mattekit parity")
    scopes = nncf.IgnoredScope(names=list(ignored), patterns=list(patterns), types=list(types), validate=False)
    # nncf.set_log_level would set the level of every handler there, also of those that are not NNCF's.
    logging.getLogger("nncf").setLevel(logging.ERROR)
    try:
        with _quiet():
            done = nncf.quantize(
                model,
                nncf.Dataset(range(samples), tensor),
                preset=nncf.QuantizationPreset(preset),
                target_device=_target(device),
                subset_size=samples,
                ignored_scope=scopes,
            )
    except (RuntimeError, nncf.ValidationError, nncf.UnsupportedModelError) as error:
        raise ModelError(f"NNCF cannot quantize the network ({last_line(error)})") from error
    if not quantized_layers(done):
        raise ModelError("NNCF found nothing to quantize in the network; ignore fewer layers")
    return done


def _target(device: str) -> nncf.TargetDevice:
    import nncf

    family = device.split(".", maxsplit=1)[0].upper()
    return nncf.TargetDevice(family) if family in {"CPU", "GPU", "NPU"} else nncf.TargetDevice.ANY


@contextlib.contextmanager
def _quiet() -> Generator[None]:
    """Keep NNCF's bars off stdout, which belongs to results, and its dependencies' warnings off stderr."""
    bars = sys.stderr if sys.stderr.isatty() else io.StringIO()
    with warnings.catch_warnings(), contextlib.redirect_stdout(bars):
        warnings.simplefilter("ignore")
        yield
