"""What shall I deploy? Models in, their variants made, measured in one run, and one table with a pick out."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..bench import (
    AccuracySamples,
    Candidate,
    Deployment,
    benchmark_exit_code,
    benchmark_until,
    deployment_of,
    rembg_candidate,
)
from ..core import BenchRecord, Contract, InputError, Result, last_line, read_record, with_settings
from ..datasets import Dataset, open_dataset
from ..images import Image, encode_image
from ..infer import INSTRUCTION_SETS, ISA_VARIABLE, playable_sets, this_machine
from ..metrics import metrics_for
from ..models import ModelRef
from ..reports import deployment_frame, write_deployment
from .deployment_settings import DeploymentSettings
from .variants import make_variants, variants_folder

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["DeploymentResult", "compare_models", "main", "run_deployment"]


_REMBG = "rembg-"
"""Begins the names of entries of the zoo that are rembg's networks."""


@dataclass(frozen=True)
class DeploymentResult(Result[BenchRecord]):
    """What a comparison of variants measured: a record for each instruction set, one where none was named.

    Attributes:
        folder: that variants were made into.
        answers: folders with a record of each candidate's accuracy and images of its answers, one for each record; none
            where none were asked for.
        notes: what could not be made or measured, and why.
    """

    folder: Path = field(default_factory=variants_folder)
    answers: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def tables(self) -> tuple[Deployment, ...]:
        """Return the table of each record."""
        return tuple(map(deployment_of, self.records))

    @property
    def table(self) -> Deployment:
        """Return the table, where there is one.

        Raises:
            InputError: there are several, of as many instruction sets.
        """
        return deployment_of(self.record)

    @property
    def exit_code(self) -> int:
        """Return what the command line ends with."""
        return max(benchmark_exit_code(record) for record in self.records)

    def write(self, path: str | Path) -> Path:
        """Write the tables as .csv, .json or .md, a report as .html or .xlsx, or a sheet of the answers as .png.

        Raises:
            InputError: it cannot be written there, or no answers were asked for.
        """
        return write_deployment(self.records, path, self.answers)

    def to_frame(self) -> pd.DataFrame:
        """Return a row for each candidate, with what the table says of it."""
        import pandas as pd

        return pd.concat([deployment_frame(table) for table in self.tables], ignore_index=True)


def run_deployment(models: str | Path | Sequence[str | Path], settings: DeploymentSettings) -> DeploymentResult:
    """Make the variants of models, and compare their accuracy and speed in one interleaved run.

    Args:
        models: one or several of one task: a zoo entry, a network of one's own with its contract, or the
            folder of an export.
        settings: what is compared, and how.

    Returns:
        The records, the table and the pick.

    Raises:
        MattekitError: a model or a sample cannot be read, as the message says.

    Example:
        >>> import mattekit
        >>> found = mattekit.compare_models("srlite-x2", data="hr=photos", precision=["fp16"], size="16", rounds=2)
        >>> [row.precision for row in found.table.rows]
        ['fp16']
    """
    named = [models] if isinstance(models, str | Path) else list(models)
    if not named:
        raise InputError("there is nothing to compare; give a model, or several of one task")
    if settings.data is None:
        raise InputError(
            "accuracy is measured on samples; give --data a folder of images, with their masks if there are any"
        )
    refs = ModelRef.parse_all(named, settings.given_contract)
    calibration, data = _samples(refs[0], settings)
    if settings.max_drop:
        _require_measurable(settings.max_drop.metric, data, refs[0].variants(offline=settings.offline)[0].contract)
    peer = _peer(refs, settings)
    paths: list[str | Path] = []
    notes: list[str] = []
    for ref in refs:
        found = _candidates(ref, settings, calibration)
        paths += found[0]
        notes += found[1]
    if not settings.isa:
        folder = _answers(settings, "")
        record = _measured(paths, settings, data, "", peer)
        return DeploymentResult((record,), answers=(folder,) if folder else (), notes=tuple(notes))
    can = playable_sets(this_machine())
    notes += [
        f"{name}: this machine has no {INSTRUCTION_SETS[name].cap}; it can play {', '.join(can)}"
        for name in settings.isa
        if name not in can
    ]
    played = [name for name in settings.isa if name in can]
    if not played:
        raise InputError(f"--isa {'; '.join(notes)}")
    records = tuple(_in_child(paths, settings, data, name, peer) for name in played)
    answers = tuple(folder for name in played if (folder := _answers(settings, name)))
    return DeploymentResult(records, answers=answers, notes=tuple(notes))


def _answers(settings: DeploymentSettings, name: str) -> Path | None:
    """Return the folder for the answers of candidates, under an instruction set where there are several."""
    return Path(settings.answers) / name if settings.answers else None


compare_models = with_settings(DeploymentSettings, "compare_models")(run_deployment)
"""`run_deployment`, with the fields of its settings as keywords."""


def _samples(ref: ModelRef, settings: DeploymentSettings) -> tuple[Dataset | None, Dataset]:
    """Return the samples to calibrate on, and those to measure on, of a model's task and scale."""
    contract = ref.variants(offline=settings.offline)[0].contract
    scale, task = contract.output.scale, contract.task
    data = open_dataset(str(settings.data), scale=scale, task=task)
    calibration: Dataset | None = None
    if "int8" in settings.precision and settings.calibration is not None:
        calibration = open_dataset(settings.calibration, scale=scale, task=task)
    elif "int8" in settings.precision:
        if len(data) < 2:
            raise InputError(
                f"the data set {data.name} has one sample; give more, or --calibration others, or leave int8 out of "
                "--precision"
            )
        # Taking turns: nothing is measured on what it was calibrated on.
        calibration, data = (replace(data, entries=data.entries[start::2]) for start in (0, 1))
    return calibration, data.take(settings.limit) if settings.limit else data


def _require_measurable(metric: str, data: Dataset, contract: Contract) -> None:
    """Make sure that the drop of a metric can be limited on these samples: else any drop would pass.

    Raises:
        InputError: there is no such metric, or it needs another task, classes or clips.
    """
    try:
        (found,) = metrics_for(data.task, [metric])
    except InputError as error:
        raise InputError(f"--max-drop {metric}: {error}") from error
    sample = data[0]
    if found.takes == "classes" and (sample.classes is None or not contract.output.labels):
        raise InputError(f"--max-drop {metric}: it compares classes; give masks of classes and a model that tells them")
    if found.takes in {"clip", "still_clip"} and "clip" not in sample.tags:
        raise InputError(f"--max-drop {metric}: it is of videos; give a data set of clips, or another metric")


def _candidates(
    ref: ModelRef, settings: DeploymentSettings, calibration: Dataset | None
) -> tuple[list[str | Path], tuple[str, ...]]:
    """Return what is measured of a model, as a benchmark takes it, and what could not be made."""
    others = [ref.runtime] if ref.runtime else list(settings.runtime)
    plain = ref.text.removeprefix(f"{ref.runtime}:") if ref.runtime else ref.text
    named: list[str | Path] = [f"{name}:{plain}" for name in others if name != "openvino"]
    if "openvino" not in others:
        return named, ()
    made = make_variants(ref, settings, calibration)
    return [*made.paths, *named], made.notes


def _peer(refs: Sequence[ModelRef], settings: DeploymentSettings) -> Candidate | None:
    """Return the other program as a candidate: with the file of a model that is compared, where it is rembg's."""
    if settings.against is None:
        return None
    entries = {ref.name.removeprefix(_REMBG): ref for ref in refs if ref.name.startswith(_REMBG)}
    session = settings.against.session or next(iter(entries), refs[0].name)
    ref = entries.get(session)
    file = ref.paths("onnxruntime", offline=settings.offline)[0] if ref else None
    return rembg_candidate(session, settings.against.interpreter, file=file, threads=settings.threads)


def _measured(
    paths: Sequence[str | Path], settings: DeploymentSettings, data: Dataset, name: str, peer: Candidate | None
) -> BenchRecord:
    how = replace(settings.benchmark(), precision=None, runtime=("openvino",))
    limit, answers = settings.max_drop, _answers(settings, name)
    samples = AccuracySamples(data, metric=limit.metric if limit else None, answers=answers)
    with tempfile.TemporaryDirectory() as folder:
        if peer:
            for number, sample in enumerate(data.take(min(len(data), settings.rounds))):
                # As photos come: a PNG would take longer to read.
                (Path(folder) / f"{number:04d}.jpg").write_bytes(encode_image(Image(sample.image), "jpeg", quality=95))
            how = replace(how, end_to_end=folder)
        record = benchmark_until(paths, how, lambda _: True, samples=samples, others=[peer] if peer else []).record
    asked = {**record.settings, "data": data.source or data.name, "samples": len(data)}
    return record.model_copy(update={"allowed_drop": {limit.metric: limit.limit} if limit else {}, "settings": asked})


def _in_child(
    paths: Sequence[str | Path], settings: DeploymentSettings, data: Dataset, name: str, peer: Candidate | None
) -> BenchRecord:
    """Measure in a process whose kernels go no further than an instruction set; oneDNN reads that once a process."""
    cap = INSTRUCTION_SETS[name].cap
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "record.json"
        done = subprocess.run(
            [sys.executable, "-P", "-m", "mattekit.workflow.deploying"],
            input=pickle.dumps((list(paths), replace(settings, progress=None), data, name, peer, out)),
            stderr=subprocess.PIPE,
            env={**os.environ, ISA_VARIABLE: cap},
            check=False,
        )
        if done.returncode:
            raise InputError(f"under {cap}: {last_line(done.stderr.decode('utf-8', 'replace'))}")
        return read_record(out, BenchRecord)


def main() -> None:
    """Measure what a pickle on the standard input asks for, from the process that started this one."""
    paths, settings, data, name, peer, out = pickle.load(sys.stdin.buffer)  # noqa: S301
    _measured(paths, settings, data, name, peer).write(out)


if __name__ == "__main__":
    main()
