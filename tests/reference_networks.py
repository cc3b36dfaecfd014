"""Networks that others exported, which lie beside the reference data: their contracts, to send them the whole way."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from own_networks import Kind

__all__ = ["OLD_OPERATORS", "reference_kinds"]

OLD_OPERATORS = frozenset({"unet_sigmoid.onnx", "unet_softmax2.onnx"})
"""Files with reductions that OpenVINO reads wrongly below opset 18, so that they are made of that first."""

_NORMAL = "mean = [0.485, 0.456, 0.406]\nstd = [0.229, 0.224, 0.225]\n"
_SIZE = "height = 96\nwidth = 96\n"
_CLASSES = 'kind = "classes"\nlabels = ["background", "upper", "lower"]\n'
_MANY = f'kind = "classes"\nlabels = {[f"c{number}" for number in range(21)]}\n'.replace("'", '"')


def _masks(output: str, given: str = _NORMAL) -> str:
    return f'task = "segmentation"\n[input]\n{_SIZE}{given}[output]\n{output}'


def _larger(scale: int, given: str = "", halo: str = "") -> str:
    return f'task = "super_resolution"\n{halo}[input]\n{given}[output]\nkind = "image"\nscale = {scale}\n'


def reference_kinds(folder: Path) -> dict[str, Kind]:
    """Return the files of a folder, by their names."""

    def copied(name: str) -> Callable[[Path], Path]:
        def write(to: Path) -> Path:
            # A file's weights lie beside it, under a name that it says.
            for file in (folder / name).parent.glob(f"{Path(name).stem}*"):
                if file.stem == Path(name).stem or file.name.startswith(Path(name).name):
                    shutil.copy(file, to)
            written = to / Path(name).name
            if name in OLD_OPERATORS:
                import onnx

                onnx.save(onnx.version_converter.convert_version(onnx.load(str(written)), 18), str(written))
            return written

        return write

    alpha = 'kind = "alpha"\n'
    contracts = {
        "unet3.onnx": _masks(_CLASSES),
        "unet3_dyn.onnx": _masks(_CLASSES),
        "unet3_b4.onnx": _masks(_CLASSES),
        "deeplab21.onnx": _masks(_MANY),
        "own_ir.xml": _masks(_CLASSES),
        "unet_sigmoid.onnx": _masks(alpha),
        "unet_softmax2.onnx": _masks(f"{alpha}channel = 1\n"),
        "unet_argmax.onnx": _masks(f"{_CLASSES}indices = true\n"),
        "unet3_auxfirst.onnx": _masks(f'{_CLASSES}name = "main"\n'),
        "unet3_nhwc.onnx": _masks(f'{_CLASSES}layout = "NHWC"\n', f'{_NORMAL}layout = "NHWC"\n'),
        "ppp_u8.xml": _masks(_CLASSES, 'dtype = "u8"\ndivide_by = 1.0\n'),
        "fg_fp16io.onnx": _masks(alpha, f'{_NORMAL}dtype = "f16"\n'),
        "ext/fg_ext.onnx": _masks(alpha),
        "deeplab3_qdq.onnx": _masks(_CLASSES),
        "sr2_3ch.onnx": _larger(2),
        "sr2_3ch_fixed.onnx": _larger(2, "height = 64\nwidth = 64\n", "halo = 4\n"),
        "plain_x4.onnx": _larger(4),
    }
    stored = {"fg_fp16io.onnx": "fp16", "ppp_u8.xml": "fp16", "deeplab3_qdq.onnx": "int8"}
    unquantized = {"deeplab3_qdq.onnx": "it is INT8", "plain_x4.onnx": "nothing in it"}
    return {
        name: Kind(
            copied(name),
            contract,
            name,
            unquantized=unquantized.get(name, ""),
            precision=stored.get(name, "fp32"),
            side=64 if name == "sr2_3ch_fixed.onnx" else 32,
        )
        for name, contract in contracts.items()
    }
