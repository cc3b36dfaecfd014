"""The process that a target runs in: it may die, hang or eat memory without harm to what counts."""

from __future__ import annotations

import base64
import json
import os
import random
import resource
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass
from pathlib import Path

from mattekit.core import MattekitError

from fuzzing.kinds import BrokenPromiseError, Target

__all__ = ["Job", "outcome", "run"]

_LONGEST_SENTENCE = 1500


@dataclass(frozen=True)
class Job:
    """What a child does: inputs `start` to `stop` of a target. folder: where the input under way lies."""

    target: str
    start: int
    stop: int
    seed: int
    folder: Path
    extra_memory: int


def run(job: Job, target: Target) -> None:
    """Run the inputs and write one line of JSON about each to the standard output."""
    report = os.fdopen(os.dup(1), "w", buffering=1)
    # What libraries print about broken files is not for anybody.
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    if not os.environ.get("FUZZ_STDERR"):
        os.dup2(nothing, 2)
    os.chdir(job.folder)
    tempfile.tempdir = str(job.folder / "tmp")
    (job.folder / "tmp").mkdir(exist_ok=True)
    target.prepare()
    size = _virtual_size()
    resource.setrlimit(resource.RLIMIT_AS, (size + job.extra_memory, resource.RLIM_INFINITY))
    report.write(json.dumps({"ready": True, "peak": _peak()}) + "\n")

    def one(index: int, files: dict[str, bytes]) -> None:
        for name, content in files.items():
            (job.folder / name).write_bytes(content)
        started = time.process_time()
        word, detail = outcome(target, index)
        line = {"index": index, "outcome": word, "detail": detail, "s": time.process_time() - started}
        kept = {name: base64.b64encode(content).decode() for name, content in files.items()}
        # The next input lies where this one does before anybody could copy it.
        report.write(json.dumps({**line, "peak": _peak(), "files": kept if "BROKEN" in word else {}}) + "\n")

    target.drive(job.seed, job.start, job.stop, one)
    report.write(json.dumps({"done": True}) + "\n")


def outcome(target: Target, index: int) -> tuple[str, str]:
    """Say what became of an input: `taken`, the kind of refusal, or `BROKEN` with what was not kept."""
    rng = random.Random(index)
    try:
        return target.act(rng) or "taken", ""
    except MattekitError as error:
        said = str(error)
        if len(said.splitlines()) != 1 or not said.isprintable() or len(said) > _LONGEST_SENTENCE:
            return "BROKEN: not one line", repr(said)
        return type(error).__name__, ""
    except BrokenPromiseError as error:
        return f"BROKEN: {error.what}", error.detail
    except Exception as error:  # noqa: BLE001 - that nothing else gets out is what is tested
        frames = traceback.extract_tb(error.__traceback__)
        ours = [frame for frame in frames if "mattekit" in frame.filename or "/main/" in frame.filename] or frames
        where = f"{Path(ours[-1].filename).name}:{ours[-1].lineno}"
        return f"BROKEN: {type(error).__name__} at {where}", "".join(traceback.format_exception(error))[-3000:]


def _virtual_size() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    return pages * resource.getpagesize()


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    sys.exit("run tools/fuzz.py")
