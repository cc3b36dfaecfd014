"""Train mattelite: shrink U2NETP to the small stage table, then fine-tune. See README.md in this folder."""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
import torch
from matte_augment import augment, compose
from matte_data import HELD_OUT, load_teacher, normalised
from mattekit.convert.networks.u2net import MATTELITE, ConvBnRelu, U2Net
from numpy.typing import NDArray
from prune import fold, set_statistics, shrink
from runs import Average, Run, data_root, learning_rate, pick_device
from torch import Tensor, nn
from torch.nn import functional

SHARES = {"ecssd": 0.5, "bsds": 0.12, "davis": 0.13, "ccp": 0.25}
"""How much of a batch comes from where: general photos first, they are what the network is used on."""
PASTED = 0.25
"""Of the photos with a true mask, so many get another background."""
TRUTH_WEIGHT = 0.75
"""Of the target where a true mask exists; the rest is the teacher's softer one."""


class Photos:
    """The packed training set: ``photos`` (n, 256, 256, 3), ``masks``, ``taught`` (n, 256, 256), all 8-bit."""

    def __init__(self, folder: Path) -> None:
        packed = np.load(folder / "matte.npz")
        self.photos: NDArray[np.uint8] = packed["photos"]
        self.masks: NDArray[np.uint8] = packed["masks"]
        self.taught: NDArray[np.uint8] = packed["taught"]
        sources = packed["sources"]
        general = np.flatnonzero(sources == "ecssd")
        self.held_out: NDArray[np.intp] = general[-HELD_OUT:]
        self.by_source = {name: np.flatnonzero(sources == name) for name in SHARES} | {"ecssd": general[:-HELD_OUT]}
        # Nothing in these for the teacher to see: what is pasted on them is the subject.
        self.backgrounds = np.flatnonzero((sources == "bsds") & (self.taught.mean((1, 2)) < 0.12 * 255))

    def calibration(self, side: int) -> Tensor:
        """A couple of photos from everywhere, ``(n, 3, side, side)``, for the layer-wise regression."""
        every = {
            "ecssd": slice(0, 170, 5),
            "ccp": slice(0, None, 60),
            "davis": slice(0, None, 40),
            "bsds": slice(0, None, 8),
        }
        chosen = [index for name, part in every.items() for index in self.by_source[name][part]]
        return torch.cat([torch.from_numpy(normalised(self.photos[i], side)) for i in chosen])

    def batch(self, count: int, rng: np.random.Generator) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """``(count, 256, 256, 3)`` 8-bit photos, and ``(count, 2, 256, 256)`` in 0..1: true and softened masks."""
        photos, targets = [], []
        names = list(SHARES)
        for name in rng.choice(names, count, p=[SHARES[name] for name in names]):
            index = int(rng.choice(self.by_source[str(name)]))
            photo, mask = self.photos[index], self.masks[index].astype(np.float32) / 255
            soft = TRUTH_WEIGHT * mask + (1 - TRUTH_WEIGHT) * self.taught[index].astype(np.float32) / 255
            if name != "bsds" and rng.random() < PASTED:
                photo = compose(photo, mask, self.photos[int(rng.choice(self.backgrounds))], rng)
                soft = mask
            if rng.random() < 0.2:
                quality = int(rng.integers(25, 90))
                encoded = cv2.imencode(".jpg", photo, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
                photo = np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR), dtype=np.uint8)
            photos.append(photo)
            targets.append(np.stack((mask, soft)))
        return np.stack(photos), np.stack(targets).astype(np.float32)


def without_norms(network: U2Net) -> U2Net:
    """Fold the batch normalisations and take them out.

    With a handful of photos a batch their statistics would be noise, and a small network spends much time there.
    """
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
    """Cross-entropy with the soft target on every head, and soft IoU with the truth on the fused and the finest one."""
    total = torch.zeros((), device=truth.device)
    for index, logits in enumerate(maps):
        values = logits.float()
        weight = 1.0 if index == 0 else 0.3
        total = total + weight * functional.binary_cross_entropy_with_logits(values, soft)
        if index < 2:
            alpha = torch.sigmoid(values)
            both = (alpha * truth).sum((1, 2, 3))
            either = (alpha + truth - alpha * truth).sum((1, 2, 3))
            total = total + weight * 0.5 * (1 - (both + 1) / (either + 1)).mean()
    return total


@torch.no_grad()
def held_out_iou(network: U2Net, data: Photos, side: int, device: torch.device) -> float:
    """Mean IoU at 0.5 over the held-out photos, with the masks at the packed size."""
    network.eval()
    figures: list[float] = []
    for index in data.held_out:
        maps = network(torch.from_numpy(normalised(data.photos[index], side)).to(device))
        logits = functional.interpolate(maps[0].float(), size=data.masks.shape[1:], mode="bilinear")[0, 0]
        found, truth = (logits > 0).cpu().numpy(), data.masks[index] > 127
        figures.append(float((found & truth).sum() / max(int((found | truth).sum()), 1)))
    return float(np.mean(figures))


def main() -> None:
    """Parse the command line and train until the time budget is used up."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of matte.npz (matte_data.py writes it)")
    parser.add_argument("--out", type=Path, required=True, help="folder of the run; an existing run goes on")
    parser.add_argument("--minutes", type=float, default=80.0, help="training time in all; 0 only shrinks")
    parser.add_argument("--side", type=int, default=208)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--rate", type=float, default=2e-5)
    parser.add_argument("--every", type=int, default=100, help="steps between evaluations")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()

    device = pick_device()
    torch.manual_seed(arguments.seed)
    data, side = Photos(arguments.data), arguments.side
    start = arguments.out / "shrunk.pt"
    network = U2Net(MATTELITE, logits=True)
    if start.exists():
        network.load_state_dict(torch.load(start, weights_only=True))
    else:
        teacher = load_teacher(data_root())
        fold(teacher)
        start.parent.mkdir(parents=True, exist_ok=True)
        errors: list[str] = ["layer,relative_error"]

        def report(layer: str, error: float) -> None:
            print(f"{layer} {error:.3f}", flush=True)
            errors.append(f"{layer},{error:.4f}")

        network = shrink(teacher, MATTELITE, data.calibration(side), report)
        (arguments.out / "shrunk.csv").write_text("\n".join([*errors, ""]), encoding="utf-8")
        torch.save(network.state_dict(), start)
    if arguments.minutes <= 0:
        # Shrunk only, and to be exported like that.
        return
    network = without_norms(network).to(device)
    optimizer = torch.optim.AdamW(network.parameters(), lr=arguments.rate, weight_decay=1e-4)
    average = Average(network, decay=0.99)
    run = Run(arguments.out, arguments.minutes)
    if run.restore(network=network, optimizer=optimizer, average=average.network):
        average.steps = run.step
    rng = np.random.default_rng((arguments.seed, run.step))
    recent: list[float] = []

    def evaluate() -> None:
        run.pause_clock()
        loss = float(np.mean(recent)) if recent else float("nan")
        iou = held_out_iou(average.network, data, side, device)
        run.log(loss=loss, rate=optimizer.param_groups[0]["lr"], held_out_iou=iou)
        run.save(network=network, optimizer=optimizer, average=average.network)
        recent.clear()
        run.resume_clock()

    if run.step == 0:
        evaluate()
    while run.progress < 1:
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(run.progress, arguments.rate, warm_up=0.05)
        photos, targets = data.batch(arguments.batch, rng)
        pixels, masks = augment(torch.from_numpy(photos).to(device), torch.from_numpy(targets).to(device), side, rng)
        with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
            maps = network(pixels.contiguous(memory_format=torch.channels_last))
        loss = loss_of(maps, masks[:, :1], masks[:, 1:])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        average.update(network)
        run.step += 1
        recent.append(loss.item())
        if run.step % arguments.every == 0:
            evaluate()
    evaluate()


if __name__ == "__main__":
    main()
