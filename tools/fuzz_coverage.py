"""Let what an input reaches in mattekit's own code choose the next one: atheris on the targets of tools/fuzz.py.

    python tools/fuzz_coverage.py gates --count 10000 --corpus corpus/gates

The promise is that of tools/fuzz.py. The first inputs are some of its own; those that reach new code are added to the
corpus, where the next run begins. An input that breaks the promise is kept beside the corpus as `crash-…`, ends the run
with an exit code that is not 0, and is run again by giving its path with `--again`.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import os
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

from fuzzing.child import outcome
from fuzzing.kinds import BrokenPromiseError, Target
from fuzzing.targets import SELFTEST, TARGETS

atheris: Any = import_module("atheris")

BEGIN = 200
"""Inputs of tools/fuzz.py that the corpus begins with."""

KINDS = 16
"""At most so many combinations of files; the first byte of an input chooses one."""


def first_inputs(target: Target) -> tuple[list[dict[str, bytes]], list[bytes]]:
    """Return a set of files for each combination of names, and inputs that each choose one and give its first file."""
    sets: dict[tuple[str, ...], dict[str, bytes]] = {}
    inputs: list[bytes] = []

    def add(_: int, files: dict[str, bytes]) -> None:
        names = tuple(files)
        if names not in sets and len(sets) < KINDS:
            sets[names] = files
        if names in sets:
            inputs.append(bytes([list(sets).index(names)]) + files[names[0]])

    target.drive(0, 0, BEGIN, add)
    return list(sets.values()), inputs


def read(data: bytes, target: Target, sets: list[dict[str, bytes]], folder: Path) -> None:
    """Give an input to its target.

    Raises:
        BrokenPromiseError: the promise does not hold for it.
    """
    kind, content = data[:1], data[1:]
    files = dict(sets[kind[0] % len(sets)] if kind else sets[0])
    files[next(iter(files))] = content
    # What lies beside an input must not depend on the one before it.
    for name in {name for each in sets for name in each} - files.keys():
        (folder / name).unlink(missing_ok=True)
    for name, each in files.items():
        (folder / name).write_bytes(each)
    word, detail = outcome(target, int.from_bytes(hashlib.sha256(data).digest()[:4], "big"))
    if word.startswith("BROKEN"):
        raise BrokenPromiseError(word, detail)


def main() -> None:
    """Read the command line and fuzz; does not return."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", choices=sorted(TARGETS.keys() - {SELFTEST}))
    parser.add_argument("--count", type=int, default=10_000, help="inputs")
    parser.add_argument("--seed", type=int, default=1, help="not 0")
    parser.add_argument("--seconds", type=int, default=20, help="for one input")
    parser.add_argument("--memory", type=int, default=4096, help="MiB of resident memory, all in all")
    parser.add_argument("--corpus", type=Path, required=True, help="folder of inputs; made where it is not there")
    parser.add_argument("--again", type=Path, help="run this input alone")
    asked = parser.parse_args()
    corpus = Path(asked.corpus).absolute()
    corpus.mkdir(parents=True, exist_ok=True)
    again = [str(Path(asked.again).absolute())] if asked.again else []
    os.environ.setdefault("MATTEKIT_MAX_PIXELS", "4000000")
    folder = Path(tempfile.mkdtemp())
    os.chdir(folder)
    # What is imported after this is not watched, so all first inputs are read here once; some break the promise by what
    # the instrumentation itself prints, and all come again.
    with atheris.instrument_imports(include=["mattekit"]), contextlib.redirect_stdout(None):
        target = TARGETS[asked.target]()
        target.prepare()
        sets, inputs = first_inputs(target)
        for data in inputs:
            with contextlib.suppress(BrokenPromiseError):
                read(data, target, sets, folder)
    if not any(corpus.iterdir()):
        for data in inputs:
            (corpus / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)

    def one(data: bytes) -> None:
        read(data, target, sets, folder)

    flags = {
        "runs": 1 if again else asked.count,
        "seed": asked.seed,
        "timeout": asked.seconds,
        "rss_limit_mb": asked.memory,
        "max_len": 1 << 18,
        "artifact_prefix": f"{corpus.parent}/",
    }
    arguments = [f"-{name}={value}" for name, value in flags.items()]
    atheris.Setup([sys.argv[0], *arguments, *(again or [str(corpus)])], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
