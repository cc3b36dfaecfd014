"""All options of a comparison of what can be deployed; the command line's help is made of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..bench import BenchmarkSettings
from ..core import Arithmetic, ContractSettings, InputError, Precision, option
from ..infer import INSTRUCTION_SETS
from ..quantize import MaxDrop, parse_max_drop

__all__ = ["DeploymentSettings", "Peer", "listed", "parse_peer"]


@dataclass(frozen=True)
class Peer:
    """Another program that is measured beside mattekit.

    Attributes:
        session: rembg's name of its network; empty for that of the first model.
        interpreter: of its environment.
    """

    session: str
    interpreter: str

    def __str__(self) -> str:
        """Return what a user types."""
        return f"rembg{':' if self.session else ''}{self.session}={self.interpreter}"


def parse_peer(text: str) -> Peer:
    """Read `rembg=PYTHON` or `rembg:SESSION=PYTHON`.

    Raises:
        InputError: it is something else.
    """
    name, _, interpreter = text.partition("=")
    program, _, session = name.partition(":")
    if program != "rembg" or not interpreter:
        raise InputError(f"--against {text}: give rembg=PYTHON, the interpreter of the environment that rembg is in")
    return Peer(session, interpreter)


def listed(text: str) -> tuple[str, ...]:
    """Read words with commas between, in lower case."""
    return tuple(part.strip().lower() for part in text.split(","))


@dataclass(frozen=True, kw_only=True)
class DeploymentSettings(ContractSettings):
    """Which variants of models are made and compared, and how.

    Attributes:
        data: samples that accuracy is measured on: a folder, LAYOUT:FOLDER, images=…,masks=…; of images without masks
            the baseline's answers are the reference.
        calibration: samples that INT8 is calibrated on, as for --data; unless given, each second one of the data
            calibrates, and all candidates are measured on the others.
        calibration_limit: at most so many samples to calibrate on, spread evenly.
        limit: at most so many samples to measure on, spread evenly.
        device: OpenVINO devices, such as CPU,GPU; in a device's own list + stands for its comma: AUTO:GPU+CPU.
        arithmetic: what is computed in, with commas between: f32,bf16,f16, or device.
        precision: how weights are stored, of fp32,fp16,int8; what is not there yet is made.
        runtime: what executes models, such as openvino,onnxruntime,torch.
        size: input sizes, N or HEIGHTxWIDTH with commas between; the model's own unless given.
        isa: measure once for each of these instruction sets, of avx2,avx2_vnni,avx512,vnni,amx; in f32.
        baseline: words in the name of the candidate that others are compared with; the first one unless given.
        max_drop: the accuracy that may be lost, METRIC=LIMIT of the metric that is measured; iou=0.01 or psnr_y=0.3
            unless given.
        seconds: time for each candidate, in all rounds together.
        rounds: how often the candidates take turns: the more, the smaller a difference that is told from noise.
        threads: processor threads of every candidate on the CPU; all cores unless given.
        against: another program in the same run, over the whole way of an image: rembg=PYTHON, the interpreter of the
            environment that it is installed in; rembg:SESSION=PYTHON for another network than the first model's.
        answers: a folder for a record of each candidate's accuracy, with small images of its answers beside it.
        offline: never download.
    """

    data: str | Path | None = None
    calibration: str | Path | None = None
    calibration_limit: int = option(300, least=1)
    limit: int | None = option(None, least=1)
    device: tuple[str, ...] = option(
        ("CPU",), parse=lambda text: tuple(part.strip().replace("+", ",") for part in text.split(","))
    )
    arithmetic: tuple[Arithmetic, ...] = option(("f32",), parse=listed)
    precision: tuple[Precision, ...] = option(("fp32", "fp16", "int8"), parse=listed)
    runtime: tuple[str, ...] = option(("openvino",), parse=listed)
    size: str | None = None
    isa: tuple[str, ...] = option((), parse=listed)
    baseline: str | None = None
    max_drop: MaxDrop | None = option(None, parse=parse_max_drop)
    seconds: float = option(10.0, least=0.001)
    rounds: int = option(100, least=1)
    threads: int | None = option(None, least=1)
    against: Peer | None = option(None, parse=parse_peer)
    answers: str | Path | None = option(None, identity=False)
    offline: bool = option(False, identity=False)

    def __post_init__(self) -> None:
        """Check what the benchmark would, before anything is made for it."""
        super().__post_init__()
        unknown = [name for name in self.isa if name not in INSTRUCTION_SETS]
        if unknown:
            raise InputError(f"--isa {unknown[0]} is unknown; give {', '.join(INSTRUCTION_SETS)}")
        self.benchmark()

    def benchmark(self) -> BenchmarkSettings:
        """Return how the candidates are measured.

        Raises:
            InputError: an option makes no sense.
        """
        given: dict[str, Any] = {
            name: getattr(self, name)
            for name in ("device", "arithmetic", "precision", "runtime", "size", "seconds", "rounds", "threads")
        }
        return BenchmarkSettings(**given, baseline=self.baseline, contract=self.contract, progress=self.progress)
