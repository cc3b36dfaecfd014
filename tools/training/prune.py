"""Distil a trained U2-Net into a smaller stage table, layer by layer and without gradients.

For each layer in the order of execution: the channels that carry the most are kept, and the layer's weights are found
by ridge regression, so that from the *small* network's inputs it gives what the big network's layer gives: all that is
taken from the big network are its activations on photos, none of its weights (He et al.,
"Channel pruning", ICCV 2017; Zhang et al., TPAMI 2016, for the rectified target). No gradient is needed; a few minutes
on one core.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from mattekit.convert.networks.u2net import ConvBnRelu, U2Net, U2NetConfig
from torch import Tensor, nn
from torch.nn import functional

SAMPLES = 48_000
"""So many positions, spread over the calibration photos, take part in each layer's regression."""


def fold(network: U2Net) -> None:
    """Move each batch normalisation into its convolution, and leave the identity in its place."""
    for module in network.modules():
        if not isinstance(module, ConvBnRelu):
            continue
        conv, norm = module.conv_s1, module.bn_s1
        assert conv.bias is not None
        assert norm.running_mean is not None
        assert norm.running_var is not None
        with torch.no_grad():
            gain = norm.weight / (norm.running_var + norm.eps).sqrt()
            conv.weight.mul_(gain[:, None, None, None])
            conv.bias.copy_((conv.bias - norm.running_mean) * gain + norm.bias)
            set_statistics(module, torch.zeros_like(gain), torch.ones_like(gain))


def set_statistics(module: ConvBnRelu, mean: Tensor, variance: Tensor) -> None:
    """Give the batch normalisation these statistics, and the scale and shift that undo them: nothing changes."""
    norm = module.bn_s1
    assert norm.running_mean is not None
    assert norm.running_var is not None
    with torch.no_grad():
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)
        norm.weight.copy_((variance + norm.eps).sqrt())
        norm.bias.copy_(mean)


def order_of_layers(network: U2Net) -> list[str]:
    """The names of all convolutions with weights, as they are executed."""
    names: dict[nn.Module, str] = {module: name for name, module in network.named_modules()}
    order: list[str] = []
    hooks = [
        module.register_forward_pre_hook(lambda module, _: order.append(names[module]))
        for module in names
        if isinstance(module, nn.Conv2d)
    ]
    with torch.no_grad():
        network(torch.zeros(1, 3, 64, 64))
    for hook in hooks:
        hook.remove()
    return order


@dataclass
class Samples:
    """A layer's outputs in the big network at random places: the flat positions over all photos, the values there."""

    positions: list[Tensor] = field(default_factory=list)
    values: list[Tensor] = field(default_factory=list)


@torch.no_grad()
def sample_outputs(network: U2Net, kept: dict[str, Tensor], chunks: Sequence[Tensor]) -> dict[str, Samples]:
    """All layers' outputs before the ReLU, in one pass; only the channels ``kept``."""
    samples: dict[str, Samples] = {name: Samples() for name in kept}
    generator = torch.Generator().manual_seed(0)
    passed = 0

    def watch(name: str) -> Callable[[nn.Module, tuple[Tensor, ...], Tensor], None]:
        def hook(_module: nn.Module, _arguments: tuple[Tensor, ...], output: Tensor) -> None:
            places = output.permute(0, 2, 3, 1).flatten(0, 2)
            chosen = torch.randperm(len(places), generator=generator)[: SAMPLES // len(chunks)]
            samples[name].positions.append(chosen + passed * output.shape[2] * output.shape[3])
            samples[name].values.append(places[chosen][:, kept[name]])

        return hook

    hooks = [network.get_submodule(name).register_forward_hook(watch(name)) for name in kept]
    for chunk in chunks:
        network(chunk)
        passed += len(chunk)
    for hook in hooks:
        hook.remove()
    return samples


@dataclass
class Channels:
    """Which of the big network's channels the small one keeps, tensor by tensor.

    A name is that of the convolution that makes the tensor; the two ends of an RSU are added, so they share theirs.
    """

    kept: dict[str, Tensor]


def conv_name(stage: str, layer: str) -> str:
    """``stage1`` and ``rebnconv2d`` to the convolution's full name."""
    return f"{stage}.{layer}.conv_s1"


def sources_of(name: str, network: U2Net) -> list[str]:
    """The convolutions whose outputs, concatenated, are the input of ``name``; the photo is the empty string.

    The output of a stage goes by the name of its first convolution.
    """
    depth = network.depth
    if name == "outconv":
        return [f"side{number}" for number in range(1, depth + 1)]
    if name.startswith("side"):
        number = int(name[4:])
        return [conv_name(f"stage{number}" if number == depth else f"stage{number}d", "rebnconvin")]
    stage, layer, _ = name.split(".")
    if layer == "rebnconvin":
        number = int(stage[5:].rstrip("d"))
        if not stage.endswith("d"):
            return [conv_name(f"stage{number - 1}", "rebnconvin")] if number > 1 else [""]
        below = f"stage{number + 1}" if number + 1 == depth else f"stage{number + 1}d"
        return [conv_name(below, "rebnconvin"), conv_name(f"stage{number}", "rebnconvin")]
    height: int = network.get_submodule(stage).height  # pyright: ignore[reportAssignmentType]
    level = int(layer[8:].rstrip("d"))
    if not layer.endswith("d"):
        return [conv_name(stage, "rebnconvin" if level == 1 else f"rebnconv{level - 1}")]
    below = f"rebnconv{level + 1}" if level + 1 == height else f"rebnconv{level + 1}d"
    return [conv_name(stage, below), conv_name(stage, f"rebnconv{level}")]


def choose_channels(teacher: U2Net, student: U2Net, photos: Tensor) -> Channels:
    """Keep the channels whose activation, times the weights that read it, is largest."""
    order = order_of_layers(teacher)
    energy: dict[str, Tensor] = {}

    def watch(name: str) -> Callable[[nn.Module, tuple[Tensor, ...], Tensor], None]:
        def hook(_module: nn.Module, _arguments: tuple[Tensor, ...], output: Tensor) -> None:
            energy[name] = energy.get(name, torch.zeros(())) + functional.relu(output).pow(2).mean((0, 2, 3))

        return hook

    hooks = [teacher.get_submodule(name).register_forward_hook(watch(name)) for name in order]
    with torch.no_grad():
        for photo in photos.split(8):
            teacher(photo)
    for hook in hooks:
        hook.remove()
    readers: dict[str, Tensor] = {name: torch.zeros_like(energy[name]) for name in order}
    for name in order:
        weight: Tensor = teacher.get_submodule(name).weight  # pyright: ignore[reportAssignmentType]
        parts = (
            weight.detach()
            .pow(2)
            .sum((0, 2, 3))
            .split([3 if not source else len(energy[source]) for source in sources_of(name, teacher)])
        )
        for source, part in zip(sources_of(name, teacher), parts, strict=True):
            if source:
                readers[source] = readers[source] + part
    kept: dict[str, Tensor] = {}
    for name in order:
        width: int = student.get_submodule(name).out_channels  # pyright: ignore[reportAssignmentType]
        if not name.endswith("conv_s1"):
            # A head gives each pixel of a step of its own; the big network, at a step's resolution, has one for all.
            kept[name] = torch.zeros(width, dtype=torch.long)
            continue
        closing = name.endswith("rebnconv1d.conv_s1")
        if closing:
            kept[name] = kept[name.replace("rebnconv1d", "rebnconvin")]
            continue
        score = energy[name]
        if name.endswith("rebnconvin.conv_s1"):
            score = score + energy[name.replace("rebnconvin", "rebnconv1d")]
        kept[name] = (score * readers[name]).argsort(descending=True)[:width].sort().values
    return Channels(kept)


def _rows(inputs: Tensor, conv: nn.Conv2d, positions: Tensor) -> Tensor:
    """The convolution's input windows at flat ``positions``, ``(len(positions), in * k * k)``."""
    channels = inputs.shape[1]
    (size, _), (stride, _), (dilation, _), (pad, _) = (
        conv.kernel_size,
        conv.stride,
        conv.dilation,
        conv.padding,
    )  # pyright: ignore[reportAssignmentType, reportGeneralTypeIssues]
    padded = functional.pad(inputs, [int(pad)] * 4)
    reach = dilation * (size - 1)
    height, width = ((length - reach - 1) // stride + 1 for length in padded.shape[2:])
    photo, rest = positions // (height * width), positions % (height * width)
    y, x = rest // width * stride, rest % width * stride
    windows = [padded[photo, :, y + dy * dilation, x + dx * dilation] for dy in range(size) for dx in range(size)]
    return torch.stack(windows, 2).reshape(len(positions), channels * size * size)


def _regress(rows: Tensor, target: Tensor, *, rectified: bool) -> Tensor:
    """Weights ``(features + 1, out)``, the last row the bias, that map ``rows`` to ``target``, drawn to zero.

    Behind a ReLU all negative values are alike: where both target and fit are negative, nothing is to be fitted.
    """
    rows = torch.cat((rows, torch.ones(len(rows), 1)), 1)
    gram = (rows.T @ rows / len(rows)).double()
    ridge = torch.full((gram.shape[0],), 1e-3 * float(gram.diagonal()[:-1].mean()) + 1e-8, dtype=torch.float64)
    factor = torch.linalg.cholesky(gram + torch.diag(ridge))
    weights = torch.zeros(rows.shape[1], target.shape[1])
    for _ in range(5 if rectified else 1):
        fit = rows @ weights
        wanted = torch.where((target < 0) & (fit < 0), fit, target) if rectified else target
        moment = (rows.T @ wanted / len(rows)).double()
        weights = torch.cholesky_solve(moment, factor).float()
    return weights


@torch.no_grad()
def shrink(teacher: U2Net, config: U2NetConfig, photos: Tensor, report: Callable[[str, float], None]) -> U2Net:
    """A network of the stage table ``config`` that imitates ``teacher`` (folded, logits) on ``photos`` (n, 3, h, w).

    A network whose first convolution has a stride imitates the teacher on photos that are smaller by it. Its batch
    normalisations hold the statistics of the photos, so that training can go on with them.
    """
    student = U2Net(config, logits=True).eval()
    shown = functional.avg_pool2d(photos, config.stride)
    channels = choose_channels(teacher, student, shown)
    samples = sample_outputs(teacher, channels.kept, shown.split(4))

    def fit(name: str) -> Callable[[nn.Module, tuple[Tensor, ...]], None]:
        """Find the layer's weights when its input is there, just before it runs."""

        def hook(layer: nn.Module, arguments: tuple[Tensor, ...]) -> None:
            assert isinstance(layer, nn.Conv2d)
            assert layer.bias is not None
            behind_relu = name.endswith("conv_s1")
            taken = samples.pop(name)
            wanted = torch.cat(taken.values)
            rows = _rows(arguments[0], layer, torch.cat(taken.positions))
            weights = _regress(rows, wanted, rectified=behind_relu)
            layer.weight.copy_(weights[:-1].T.reshape(layer.weight.shape))
            layer.bias.copy_(weights[-1])
            output = rows @ weights[:-1] + weights[-1]
            if behind_relu:
                block = student.get_submodule(name.removesuffix(".conv_s1"))
                assert isinstance(block, ConvBnRelu)
                set_statistics(block, output.mean(0), output.var(0).clamp_min(1e-6))
                output, wanted = functional.relu(output), functional.relu(wanted)
            report(name, float((output - wanted).pow(2).mean() / wanted.var()))

        return hook

    hooks = [student.get_submodule(name).register_forward_pre_hook(fit(name)) for name in order_of_layers(student)]
    student(photos)
    for hook in hooks:
        hook.remove()
    return student
