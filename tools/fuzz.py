"""Give mutated files to everything that reads files, each in a child process, and count what becomes of them.

    python tools/fuzz.py TARGET --count 10000 --seed 0
    python tools/fuzz.py all --count 200 --json results.json

The promise: an input is taken, or refused with one line; nothing else is raised, the process does not die, no input
takes longer than `--seconds`, and none makes the process grow by more than `--memory` MiB. An input that breaks it is
kept in `--keep`, by the name of its target, seed and number. The exit code is 1 then.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import json
import os
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from fuzzing import child
from fuzzing.targets import SELFTEST, TARGETS

MIB = 1 << 20


@dataclass
class Tally:
    """What became of the inputs of one target. peak, start: MiB of resident memory, at most and before the first."""

    target: str
    inputs: int = 0
    seconds: float = 0.0
    slowest: float = 0.0
    start: float = 0.0
    peak: float = 0.0
    outcomes: Counter[str] = field(default_factory=Counter[str])
    broken: list[dict[str, str]] = field(default_factory=list[dict[str, str]])

    def line(self) -> str:
        """Return it as one row."""
        shown = ", ".join(f"{count} {name}" for name, count in self.outcomes.most_common())
        return (
            f"{self.target:12} {self.inputs:6} inputs {self.seconds:7.1f} s, slowest {self.slowest:.2f} s, "
            f"memory {self.start:.0f} to {self.peak:.0f} MiB: {shown}"
        )


@dataclass(frozen=True)
class Options:
    """Limits and places."""

    count: int
    seed: int
    seconds: float
    memory: int
    keep: Path | None
    first: int


def fuzz(name: str, options: Options) -> Tally:
    """Run a target; a child that dies or hangs is replaced, and goes on with the next input."""
    tally = Tally(name)
    started = time.monotonic()
    at, stop = options.first, options.first + options.count
    # Stopped before the end, it still says what it has done.
    with contextlib.suppress(KeyboardInterrupt), tempfile.TemporaryDirectory() as work:
        while at < stop:
            folder = Path(tempfile.mkdtemp(dir=work))
            at = _one_child(name, at, stop, options, tally, folder)
            shutil.rmtree(folder, ignore_errors=True)
    tally.seconds = time.monotonic() - started
    return tally


def _one_child(name: str, at: int, stop: int, options: Options, tally: Tally, folder: Path) -> int:
    """Run one child until it is done, dies or hangs; return the number of the input that comes next."""
    arguments = (name, at, stop, options.seed, folder, options.memory * MIB)
    process = subprocess.Popen(
        [sys.executable, __file__, "--child", *map(str, arguments)],
        stdout=subprocess.PIPE,
        env={**os.environ, "OMP_NUM_THREADS": "1", "MATTEKIT_MAX_PIXELS": "4000000"},
    )
    assert process.stdout is not None
    waiter = selectors.DefaultSelector()
    waiter.register(process.stdout, selectors.EVENT_READ)
    limit, rest, reason, ready = 120.0, b"", "", False
    while not reason:
        # Twice, because this process and its child may be stopped for a while.
        if not waiter.select(limit) and not waiter.select(limit):
            reason = f"BROKEN: no end within {limit:g} s"
            break
        piece = os.read(process.stdout.fileno(), 1 << 16)
        if not piece:
            code = process.wait()
            reason = f"BROKEN: died of {signal.Signals(-code).name}" if code < 0 else f"BROKEN: ended with {code}"
        *lines, rest = (rest + piece).split(b"\n")
        for line in map(json.loads, lines):
            if "done" in line:
                process.wait()
                return stop
            limit = options.seconds
            tally.peak = max(tally.peak, line["peak"] / MIB)
            if "ready" in line:
                ready = True
                tally.start = tally.start or line["peak"] / MIB
                continue
            at = line["index"] + 1
            files = {name: base64.b64decode(content) for name, content in line["files"].items()}
            _note(tally, line["outcome"], line["detail"], line["index"], options, files)
            tally.slowest = max(tally.slowest, line["s"])
    if process.poll() is None:
        process.kill()
        process.wait()
    if not ready:
        raise SystemExit(f"{name}: the child cannot start ({reason})")
    _note(tally, reason, "", at, options, {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()})
    return at + 1


def _note(tally: Tally, outcome: str, detail: str, index: int, options: Options, files: dict[str, bytes]) -> None:
    tally.inputs += 1
    tally.outcomes[outcome] += 1
    if not outcome.startswith("BROKEN"):
        return
    name = f"{tally.target}-{options.seed}-{index}"
    tally.broken.append({"input": name, "outcome": outcome, "detail": detail})
    # Of each kind of breach a few are enough.
    if options.keep and tally.outcomes[outcome] <= 3:
        folder = options.keep / name
        folder.mkdir(parents=True, exist_ok=True)
        for file, content in files.items():
            (folder / file).write_bytes(content)


def main() -> int:
    """Read the command line, run, print a row for each target."""
    if sys.argv[1:2] == ["--child"]:
        name, start, stop, seed, folder, memory = sys.argv[2:]
        child.run(child.Job(name, int(start), int(stop), int(seed), Path(folder), int(memory)), TARGETS[name]())
        return 0
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", choices=[*TARGETS, "all"])
    parser.add_argument("--count", type=int, default=10_000, help="inputs for each target")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="number of the first input, to run one again")
    parser.add_argument("--seconds", type=float, default=20, help="for one input")
    parser.add_argument("--memory", type=int, default=3072, help="MiB of address space beyond what is loaded")
    parser.add_argument("--keep", type=Path, help="folder for the inputs that break the promise")
    parser.add_argument("--json", type=Path, help="write the tallies to this file")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    options = Options(asked.count, asked.seed, asked.seconds, asked.memory, asked.keep, asked.first)
    tallies: list[Tally] = []
    for name in sorted(TARGETS.keys() - {SELFTEST}) if asked.target == "all" else (asked.target,):
        tallies.append(fuzz(name, options))
        print(tallies[-1].line(), flush=True)
        for row in tallies[-1].broken[:5]:
            print(f"  {row['input']}: {row['outcome']}\n    {row['detail'][-1500:]}")
    if asked.json:
        asked.json.write_text(json.dumps([vars(tally) for tally in tallies], indent=1), encoding="utf-8")
    return int(any(tally.broken for tally in tallies))


if __name__ == "__main__":
    sys.exit(main())
