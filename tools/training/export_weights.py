"""A run's averaged weights, as the package carries them: FP16 safetensors, the log as CSV, the curve as SVG."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import torch
from mattekit.convert.networks.srlite import SrLite, collapse
from mattekit.convert.networks.u2net import U2Net
from runs import curve_svg
from safetensors.torch import save_file
from torch import Tensor
from train_mattelite import TABLE, with_norms

Rows = list[dict[str, float]]


def srlite_state(saved: dict[str, Tensor], scale: int) -> dict[str, Tensor]:
    """The collapsed network's state."""
    width = saved["entry.weight"].shape[0]
    depth = sum(name.endswith(".direct.weight") for name in saved)
    network = SrLite(scale, width, depth, collapsible=True)
    network.load_state_dict(saved)
    return collapse(network).state_dict()


def mattelite_state(saved: dict[str, Tensor]) -> dict[str, Tensor]:
    """The network's state with the official key names: the folded batch normalisations come back as identities."""
    network = U2Net(TABLE)
    network.load_state_dict(with_norms(saved, network))
    return network.state_dict()


def main() -> None:
    """Parse the command line, read the checkpoint, write the files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, required=True, help="folder of the run")
    parser.add_argument("--id", choices=("mattelite", "srlite-x2", "srlite-x4"), required=True)
    parser.add_argument("--out", type=Path, required=True, help="folder to write <id>.safetensors, .csv and .svg to")
    arguments = parser.parse_args()

    saved = torch.load(arguments.run / "checkpoint.pt", map_location="cpu", weights_only=True)
    if arguments.id == "mattelite":
        state, columns = mattelite_state(saved["average"]), ["held_out_iou", "loss"]
    else:
        state, columns = srlite_state(saved["average"], int(arguments.id[-1])), ["held_out_psnr_y", "set5_psnr_y"]
    # The first row has no loss yet.
    rows: Rows = [row for row in saved["rows"] if all(row[column] == row[column] for column in columns)]
    state = {name: (value.half() if value.is_floating_point() else value).contiguous() for name, value in state.items()}
    # The counter is only for training; loaders fill it in.
    state = {name: value for name, value in state.items() if not name.endswith("num_batches_tracked")}
    arguments.out.mkdir(parents=True, exist_ok=True)
    target = arguments.out / f"{arguments.id}.safetensors"
    save_file(state, target)
    # save_file makes it readable by its owner alone, and the package is for everybody.
    target.chmod(0o644)
    shutil.copyfile(arguments.run / "log.csv", target.with_suffix(".csv"))
    target.with_suffix(".svg").write_text(
        curve_svg(rows, columns, f"{arguments.id}, training", "steps"), encoding="utf-8"
    )
    print(f"{target}: {target.stat().st_size} bytes")


if __name__ == "__main__":
    main()
