"""Train srlite-x2 or srlite-x4. See README.md in this folder."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from mattekit.convert.networks.srlite import SrLite, collapse
from numpy.typing import NDArray
from runs import Average, Run, data_root, learning_rate, pick_device
from sr_data import Image, held_out_images, make_pair, psnr_y, read_rgb, sample_batch
from sr_grow import grow
from sr_teacher import prepared_pairs
from torch import Tensor

L1_SHARE = 0.75
LUMINANCE = (0.299, 0.587, 0.114)


def to_tensor(images: NDArray[np.uint8], device: torch.device) -> Tensor:
    """``(n, h, w, 3)`` 8-bit to ``(n, 3, h, w)`` float 0..1, channels last in memory."""
    return torch.from_numpy(images).to(device).permute(0, 3, 1, 2).float() / 255


@torch.no_grad()
def mean_psnr(network: SrLite, pairs: list[tuple[Image, Image]], device: torch.device) -> float:
    """Mean PSNR on Y (dB) over ``(low, high)`` pairs, the output rounded to 8 bits."""
    plain = collapse(network).eval().to(device)
    figures: list[float] = []
    for low, high in pairs:
        enlarged = plain(to_tensor(low[None], device))[0].clamp(0, 1).mul(255).round().byte()
        image = enlarged.permute(1, 2, 0).cpu().numpy()
        figures.append(psnr_y(image, high[: image.shape[0], : image.shape[1]], network.scale))
    return float(np.mean(figures))


def adopt(network: SrLite, checkpoint: Path) -> None:
    """Start from another run's averaged weights, of this scale or the other, of this size or a smaller one."""
    saved = torch.load(checkpoint, map_location="cpu", weights_only=True)["average"]
    width, columns = saved["tail.weight"].shape[1], saved["tail.weight"].shape[0]
    depth = len({name.split(".")[1] for name in saved if name.startswith("body.")})
    small = SrLite(round(columns**0.5), width, depth, collapsible=True)
    small.load_state_dict(saved)
    grow(small, network)


def set5_pairs(root: Path, scale: int) -> list[tuple[Image, Image]]:
    """Set5, for the report only: nothing is chosen by it."""
    folder = root / "super_resolution/set5"
    names = sorted(path.name for path in (folder / "hr").iterdir())
    lows = sorted((folder / f"lr_x{scale}").iterdir())
    return [(read_rgb(low), read_rgb(folder / "hr" / name)) for low, name in zip(lows, names, strict=True)]


def main() -> None:
    """Parse the command line and train until the time budget is used up."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=int, choices=(2, 4), required=True)
    parser.add_argument("--out", type=Path, required=True, help="folder of the run; an existing run goes on")
    parser.add_argument("--minutes", type=float, default=50.0, help="training time in all, evaluation not counted")
    parser.add_argument("--width", type=int, default=32)
    parser.add_argument("--depth", type=int, default=8)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--patch", type=int, default=40, help="side of the low-resolution crop")
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.add_argument("--rendered", type=int, default=40, help="how many drawn images join the photos")
    parser.add_argument("--every", type=int, default=1000, help="steps between evaluations")
    parser.add_argument("--taught", type=float, default=0.0, help="share of RFDN's answer in the target")
    parser.add_argument("--start", type=Path, help="checkpoint of another run to start from, also of the other scale")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()

    device = pick_device()
    torch.manual_seed(arguments.seed)
    root, scale = data_root(), arguments.scale
    pairs = prepared_pairs(
        arguments.out / "pairs.npz", root, scale, arguments.rendered, arguments.taught, arguments.seed
    )
    held_out = [make_pair(image, scale) for image in held_out_images(root)]
    set5 = set5_pairs(root, scale)

    network = SrLite(scale, arguments.width, arguments.depth, collapsible=True)
    if arguments.start:
        adopt(network, arguments.start)
    network = network.to(device)
    trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
    optimizer = torch.optim.Adam(trained, lr=arguments.rate, betas=(0.9, 0.99))
    average = Average(network)
    run = Run(arguments.out, arguments.minutes)
    if run.restore(network=network, optimizer=optimizer, average=average.network):
        average.steps = run.step
    # A resumed run draws other crops than the first part did, and the same ones whenever it is resumed at this step.
    rng = np.random.default_rng((arguments.seed, run.step))
    coefficients = torch.tensor(LUMINANCE, device=device).view(1, 3, 1, 1)
    recent: list[float] = []

    def evaluate() -> None:
        run.pause_clock()
        loss = float(np.mean(recent)) if recent else float("nan")
        rate = optimizer.param_groups[0]["lr"]
        figures = {"held_out_psnr_y": mean_psnr(average.network, held_out, device)}
        figures["set5_psnr_y"] = mean_psnr(average.network, set5, device)
        run.log(loss=loss, rate=rate, **figures)
        run.save(network=network, optimizer=optimizer, average=average.network)
        recent.clear()
        run.resume_clock()

    print(f"{len(pairs)} training images, {sum(p.numel() for p in collapse(network).parameters())} values", flush=True)
    while run.progress < 1:
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(run.progress, arguments.rate, floor=0.002)
        lows, highs = sample_batch(pairs, scale, arguments.patch, arguments.batch, rng)
        low, high = to_tensor(lows, device), to_tensor(highs, device)
        # What is left for the network to add: the luminance that the bicubic enlargement misses.
        with torch.no_grad():
            missing = ((high - network.enlarged(low)) * coefficients).sum(1, keepdim=True)
        with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
            detail = network.detail(low)
        squared = (detail.float() - missing) ** 2
        # Charbonnier (L1 with a rounded tip) learns better; the end is what PSNR measures.
        loss = (squared + 1e-6).sqrt().mean() if run.progress < L1_SHARE else 8 * squared.mean()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 0.5)
        optimizer.step()
        average.update(network)
        run.step += 1
        recent.append(loss.item())
        if run.step % arguments.every == 0:
            evaluate()
    evaluate()


if __name__ == "__main__":
    main()
