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

from ..bench import Deployment, benchmark_exit_code, deployment_of, measure_candidates
from ..core import BenchRecord, InputError, Result, last_line, read_record, with_settings
from ..datasets import Dataset, open_dataset
from ..infer import INSTRUCTION_SETS, ISA_VARIABLE, playable_sets, this_machine
from ..models import ModelRef
from ..reports import deployment_frame
from .deployment_settings import DeploymentSettings
from .variants import make_variants, variants_folder

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["DeploymentResult", "compare_models", "main", "run_deployment"]


@dataclass(frozen=True)
class DeploymentResult(Result[BenchRecord]):
    """What a comparison of variants measured: a record for each instruction set, one where none was named.

    Attributes:
        folder: that variants were made into.
        notes: what could not be made or measured, and why.
    """

    folder: Path = field(default_factory=variants_folder)
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
    paths: list[str | Path] = []
    notes: list[str] = []
    for ref in refs:
        found = _candidates(ref, settings, calibration)
        paths += found[0]
        notes += found[1]
    if not settings.isa:
        return DeploymentResult((_measured(paths, settings, data),), notes=tuple(notes))
    can = playable_sets(this_machine())
    notes += [
        f"{name}: this machine has no {INSTRUCTION_SETS[name].cap}; it can play {', '.join(can)}"
        for name in settings.isa
        if name not in can
    ]
    played = [INSTRUCTION_SETS[name].cap for name in settings.isa if name in can]
    if not played:
        raise InputError(f"--isa {'; '.join(notes)}")
    return DeploymentResult(tuple(_in_child(paths, settings, data, cap) for cap in played), notes=tuple(notes))


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


def _measured(paths: Sequence[str | Path], settings: DeploymentSettings, data: Dataset) -> BenchRecord:
    how = replace(settings.benchmark(), precision=None, runtime=("openvino",))
    record = measure_candidates(paths, how, data).record
    limit = settings.max_drop
    asked = {**record.settings, "data": data.source or data.name, "samples": len(data)}
    return record.model_copy(update={"allowed_drop": {limit.metric: limit.limit} if limit else {}, "settings": asked})


def _in_child(paths: Sequence[str | Path], settings: DeploymentSettings, data: Dataset, cap: str) -> BenchRecord:
    """Measure in a process whose kernels go no further than a cap, which oneDNN reads once for each process."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "record.json"
        done = subprocess.run(
            [sys.executable, "-P", "-m", "mattekit.workflow.deploying"],
            input=pickle.dumps((list(paths), replace(settings, progress=None), data, out)),
            stderr=subprocess.PIPE,
            env={**os.environ, ISA_VARIABLE: cap},
            check=False,
        )
        if done.returncode:
            raise InputError(f"under {cap}: {last_line(done.stderr.decode('utf-8', 'replace'))}")
        return read_record(out, BenchRecord)


def main() -> None:
    """Measure what a pickle on the standard input asks for, from the process that started this one."""
    paths, settings, data, out = pickle.load(sys.stdin.buffer)  # noqa: S301
    _measured(paths, settings, data).write(out)


if __name__ == "__main__":
    main()
