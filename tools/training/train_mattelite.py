"""Train mattelite end to end on masks and the teacher's masks, in two runs. See README.md in this folder.

The first run starts from U2NETP's activations (``prune.py``) and trains with batch normalisation at small sizes. The
second starts from the first one's averaged weights, folds the normalisations and rounds as INT8 will
(``fake_int8.py``).
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from fake_int8 import FakeInt8
from matte_data import load_teacher
from matte_photos import Photos
from mattekit.convert.networks.u2net import ConvBnRelu, RSUConfig, U2Net, U2NetConfig
from prune import fold, set_statistics, shrink
from runs import Average, Run, data_root, learning_rate, pick_device
from torch import Tensor, nn
from torch.nn import functional

TABLE = U2NetConfig(
    encoder=(
        RSUConfig(7, 16, 48),
        RSUConfig(6, 16, 64),
        RSUConfig(5, 16, 64),
        RSUConfig(4, 16, 64),
        RSUConfig(4, 16, 64, dilated=True),
        RSUConfig(4, 16, 64, dilated=True),
    ),
    decoder=(
        RSUConfig(4, 16, 64, dilated=True),
        RSUConfig(4, 16, 64),
        RSUConfig(5, 16, 64),
        RSUConfig(6, 16, 64),
        RSUConfig(7, 16, 48),
    ),
    stride=2,
)
"""The network: nearly U2NETP's widths at half of its resolution, with edges at the full one; 1.09 M parameters."""
SIDE = 288
"""At which the network is used and watched."""
PRUNED_SIDE = 256
"""At which its start is found."""
SIDE_HEADS = 0.4
"""How much each head weighs, compared with their fusion."""


def without_norms(network: U2Net) -> U2Net:
    """Fold the batch normalisations and take them out."""
    fold(network)
    for module in network.modules():
        if isinstance(module, ConvBnRelu):
            module.bn_s1 = nn.Identity()  # pyright: ignore[reportAttributeAccessIssue]
    return network


def with_norms(state: dict[str, Tensor], network: U2Net) -> dict[str, Tensor]:
    """The state of :func:`without_norms`, with identities where ``network`` has batch normalisations."""
    identities: dict[str, Tensor] = {}
    for name, module in network.named_modules():
        if isinstance(module, ConvBnRelu):
            channels = module.bn_s1.num_features
            set_statistics(module, torch.zeros(channels), torch.ones(channels))
            identities |= {f"{name}.bn_s1.{key}": value for key, value in module.bn_s1.state_dict().items()}
    return identities | state


def loss_of(maps: tuple[Tensor, ...], truth: Tensor, soft: Tensor) -> Tensor:
    """What is wrong with the logits, near edges five times as much as elsewhere.

    Cross-entropy with the soft target on every head; soft IoU with the truth on the fused and the finest one; on the
    fused one also the difference of the gradients, which is that of the edges.
    """
    near = 1 + 4 * (functional.avg_pool2d(truth, 15, 1, 7, count_include_pad=False) - truth).abs()
    total = torch.zeros((), device=truth.device)
    for index, logits in enumerate(maps):
        values = logits.float()
        weight = 1.0 if index == 0 else SIDE_HEADS
        entropy = functional.binary_cross_entropy_with_logits(values, soft, reduction="none")
        total = total + weight * (near * entropy).sum() / near.sum()
        if index < 2:
            alpha = torch.sigmoid(values)
            both = (alpha * truth).sum((1, 2, 3))
            either = (alpha + truth - alpha * truth).sum((1, 2, 3))
            # On an empty scene this is next to nothing, and the cross-entropy speaks alone.
            total = total + weight * 0.5 * (1 - (both + 50) / (either + 50)).mean()
        if index == 0:
            across = (alpha.diff(dim=3) - truth.diff(dim=3)).abs().mean()  # pyright: ignore[reportPossiblyUnboundVariable]
            down = (alpha.diff(dim=2) - truth.diff(dim=2)).abs().mean()  # pyright: ignore[reportPossiblyUnboundVariable]
            total = total + 2 * (across + down)
    return total


@torch.no_grad()
def held_out_iou(network: U2Net, data: Photos, side: int, device: torch.device) -> float:
    """Mean IoU at 0.5 over the held-out general photos, with the masks at the packed size."""
    network.eval()
    figures: list[float] = []
    for pixels, truth in data.held_out(side):
        maps = network(torch.from_numpy(pixels).to(device, memory_format=torch.channels_last))
        logits = functional.interpolate(maps[0].float(), size=truth.shape, mode="bilinear")[0, 0]
        found = (logits > 0).cpu().numpy()
        figures.append(float((found & truth).sum() / max(int((found | truth).sum()), 1)))
    return float(np.mean(figures))


def pruned(data: Photos, folder: Path) -> U2Net:
    """The network that imitates U2NETP, layer by layer; made once, with its log, in ``folder``."""
    path = folder / "pruned.pt"
    network = U2Net(TABLE, logits=True)
    if path.exists():
        network.load_state_dict(torch.load(path, weights_only=True))
        return network
    teacher = load_teacher(data_root())
    fold(teacher)
    errors: list[str] = ["layer,relative_error"]

    def report(layer: str, error: float) -> None:
        print(f"{layer} {error:.3f}", flush=True)
        errors.append(f"{layer},{error:.4f}")

    network = shrink(teacher, TABLE, data.calibration(PRUNED_SIDE), report)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pruned.csv").write_text("\n".join([*errors, ""]), encoding="utf-8")
    torch.save(network.state_dict(), path)
    return network


def trained(checkpoint: Path) -> U2Net:
    """The averaged weights of an earlier run with batch normalisation."""
    network = U2Net(TABLE, logits=True)
    network.load_state_dict(torch.load(checkpoint, map_location="cpu", weights_only=True)["average"])
    return network


def main() -> None:
    """Parse the command line and train for so many steps."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder that matte_data.py wrote")
    parser.add_argument("--out", type=Path, required=True, help="folder of the run; an existing run goes on")
    parser.add_argument("--start", type=Path, help="checkpoint of an earlier run: fold it and train as INT8")
    parser.add_argument("--steps", type=int, default=6000)
    parser.add_argument("--sides", type=int, nargs="+", default=[160, 192, 224], help="of a batch, by chance")
    parser.add_argument("--batch", type=int, default=12)
    parser.add_argument("--rate", type=float, default=6e-4)
    parser.add_argument("--every", type=int, default=400, help="steps between evaluations")
    parser.add_argument("--save-every", type=int, default=50, help="steps between checkpoints")
    parser.add_argument("--threads", type=int, default=1, help="on a CPU")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()

    device = pick_device()
    torch.set_num_threads(arguments.threads)
    cv2.setNumThreads(1)
    torch.manual_seed(arguments.seed)
    data = Photos(arguments.data)
    network = without_norms(trained(arguments.start)) if arguments.start else pruned(data, arguments.out)
    network.to(device)
    network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    rounding = FakeInt8(network) if arguments.start else None
    forward = rounding or network
    optimizer = torch.optim.AdamW(network.parameters(), lr=arguments.rate, weight_decay=1e-4)
    average = Average(network, decay=0.998)
    parts: dict[str, Any] = {"network": network, "optimizer": optimizer, "average": average.network}
    if rounding is not None:
        parts["ranges"] = rounding.ranges
    run = Run(arguments.out, steps=arguments.steps)
    if run.restore(**parts):
        average.steps = run.step
    rng = np.random.default_rng((arguments.seed, run.step))
    recent: list[float] = []

    def evaluate() -> None:
        run.pause_clock()
        loss = float(np.mean(recent)) if recent else float("nan")
        iou = held_out_iou(average.network, data, SIDE, device)
        run.log(loss=loss, rate=optimizer.param_groups[0]["lr"], held_out_iou=iou)
        recent.clear()
        run.resume_clock()

    if run.step == 0:
        evaluate()
    while run.progress < 1:
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(run.progress, arguments.rate, warm_up=0.03)
        pixels, targets = (
            torch.from_numpy(part).to(device)
            for part in data.batch(arguments.batch, int(rng.choice(arguments.sides)), rng)
        )
        network.train()
        with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
            maps = forward(pixels.contiguous(memory_format=torch.channels_last))
        loss = loss_of(maps, targets[:, :1], targets[:, 1:])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        average.update(network)
        run.step += 1
        recent.append(loss.item())
        if run.step % arguments.every == 0 or run.progress >= 1:
            evaluate()
        if run.step % arguments.save_every == 0 or run.progress >= 1:
            run.pause_clock()
            run.save(**parts)
            run.resume_clock()


if __name__ == "__main__":
    main()
