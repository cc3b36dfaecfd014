"""Building a recipe: each stage runs only when it is due, in a process of its own."""

from __future__ import annotations

import concurrent.futures
import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..convert import zoo
from ..core import atomic_path, last_line, locked, with_settings
from ..datasets import open_dataset
from .build_result import VERDICTS, BuildResult, BuildStage, StageOutcome, StageStart
from .build_settings import BuildSettings
from .ledger import Hashes, Lock, check_lock, due, fingerprint, read_done, set_aside, write_done
from .planning import plan_stages
from .recipes import BuildRecipe, check_paths, read_recipe

__all__ = ["build_recipe", "run_build"]

_MOST_SAID = 2000
"""Characters of the last line that a stage said: our own sentences are shorter."""


@with_settings(BuildSettings)
def build_recipe(path: str | Path, settings: BuildSettings) -> BuildResult:
    r"""Build a recipe, or only say what would run.

    A stage runs when its command, the hashes of what it reads, or the tools' versions are not those of its last run, or
    when what it left is not there or not the same; what was altered is then kept in `.build/altered`. What fails stops
    the stages after it, and no others.

    Args:
        path: of the recipe, a TOML file.
        settings: how to build it.

    Returns:
        What became of each stage, and the exit code of the command.

    Raises:
        InputError: the recipe is wrong, a data set cannot be read, or weights or data changed since the lock file was
            written.

    Example:
        >>> import mattekit, pathlib
        >>> lines = 'name = "light"', '[[model]]', 'id = "srlite-x2"'
        >>> _ = pathlib.Path("recipe.toml").write_text(chr(10).join(lines))
        >>> [outcome.stage.name for outcome in mattekit.build_recipe("recipe.toml", check=True).outcomes]
        ['export-fp32 srlite-x2']
    """
    return run_build(path, settings)


def run_build(path: str | Path, settings: BuildSettings) -> BuildResult:
    """Build as `build_recipe` does, with all settings in one object.

    Raises:
        InputError: as `build_recipe`.
    """
    path = Path(path).absolute()
    recipe = read_recipe(path)
    check_paths(recipe, path)
    out = Path(settings.out or path.parent / recipe.out).absolute()
    # The recipe's paths are relative to its folder, here and in the commands.
    with contextlib.chdir(path.parent), _building(out, check=settings.check):
        stages = plan_stages(recipe, out)
        datasets = _dataset_hashes(stages)
        hashes = Hashes()
        found = Lock(weights=_weights(recipe, hashes), datasets=datasets)
        check_lock(path.with_suffix(".lock"), found, update=settings.update, write=not settings.check)
        work = _Work(stages, out, hashes, datasets, recipe=recipe.name, tell=settings.tell or _silent)
        return work.foresee() if settings.check else work.run(settings.jobs)


def _silent(what: object) -> None:
    """Nobody wants to know."""


@contextlib.contextmanager
def _building(out: Path, *, check: bool) -> Generator[None]:
    """Two builds into one folder would disturb each other: the second waits."""
    if check:
        yield
        return
    with locked(out / ".build" / "lock"):
        yield


def _weights(recipe: BuildRecipe, hashes: Hashes) -> dict[str, str]:
    return {
        model.key: hashes.of(Path(model.weights))
        if model.weights
        else zoo.get(model.id).weights.sha256 or "not published"
        for model in recipe.model
    }


def _dataset_hashes(stages: Sequence[BuildStage]) -> dict[str, str]:
    wanted = sorted({data for stage in stages for data in stage.datasets})
    known = {(text, scale): open_dataset(text, scale=scale).content_hash for _, text, scale in wanted}
    return {key: known[text, scale] for key, text, scale in wanted}


@dataclass(frozen=True)
class _Due:
    """Why a stage must run, and the fingerprint of what it will read."""

    reason: str
    inputs: dict[str, str]


class _Work:
    """The stages of one build, and what became of them so far."""

    def __init__(
        self,
        stages: list[BuildStage],
        out: Path,
        hashes: Hashes,
        datasets: dict[str, str],
        *,
        recipe: str,
        tell: Callable[[object], None],
    ) -> None:
        self.recipe = recipe
        self.stages = stages
        self.out = out
        self.hashes = hashes
        self.datasets = datasets
        self.tell = tell
        self.outcomes: dict[str, StageOutcome] = {}
        self.processes: set[subprocess.Popen[str]] = set()

    def foresee(self) -> BuildResult:
        """Say what would run, without running it."""
        for stage in self.stages:
            sources = [name for name in stage.after if self.outcomes[name].state == "due"]
            found = None if sources else self._due(stage)
            reason = f"after {sources[0]}" if sources else found.reason if found else None
            self._note(StageOutcome(stage, "due" if reason else "kept", reason or "nothing changed"))
        return self._report()

    def run(self, jobs: int) -> BuildResult:
        """Run what is due, so many stages at once; one that measures time runs alone."""
        waiting = list(self.stages)
        running: dict[concurrent.futures.Future[StageOutcome], BuildStage] = {}
        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            try:
                while waiting or running:
                    if not self._advance(waiting, running, jobs, pool):
                        self._collect(running)
            except BaseException:
                # The pool waits for its threads, and they for their stages.
                for process in list(self.processes):
                    process.terminate()
                raise
        return self._report()

    def _advance(
        self,
        waiting: list[BuildStage],
        running: dict[concurrent.futures.Future[StageOutcome], BuildStage],
        jobs: int,
        pool: concurrent.futures.Executor,
    ) -> bool:
        """Settle or start one stage; False where all must wait for those that run."""
        for stage in waiting:
            if not all(name in self.outcomes for name in stage.after):
                continue
            found = self._decide(stage)
            if isinstance(found, StageOutcome):
                waiting.remove(stage)
                self._note(found)
                return True
            if len(running) >= jobs or (running and (stage.alone or any(each.alone for each in running.values()))):
                continue
            waiting.remove(stage)
            self.tell(StageStart(stage, self.stages.index(stage) + 1, len(self.stages)))
            running[pool.submit(self._run, stage, found)] = stage
            return True
        return False

    def _collect(self, running: dict[concurrent.futures.Future[StageOutcome], BuildStage]) -> None:
        done, _ = concurrent.futures.wait(running, return_when=concurrent.futures.FIRST_COMPLETED)
        for future in done:
            running.pop(future)
            self._note(future.result())

    def _due(self, stage: BuildStage) -> _Due | None:
        inputs = fingerprint(stage, self.out, self.hashes, self.datasets)
        reason = due(stage, self.out, inputs, self.hashes)
        return _Due(reason, inputs) if reason else None

    def _decide(self, stage: BuildStage) -> StageOutcome | _Due:
        """Return what became of a stage that does not run, or why it must."""
        broken = [name for name in stage.after if self._is_broken(name)]
        if broken and not (stage.always and self._sources(stage)):
            return StageOutcome(stage, "skipped", f"{broken[0]} did not succeed")
        found = self._due(stage)
        if found is None:
            done = read_done(stage, self.out)
            code = done.exit_code if done else 0
            return StageOutcome(
                stage, "kept", f"nothing changed; {self._last_line(stage)}" if code else "nothing changed", code
            )
        return found

    def _lost(self, stage: BuildStage) -> tuple[Path, ...]:
        """Return what stages before one left earlier, and not this time: it is of another state of things."""
        lost = (each for each in self.stages if each.name in stage.after and self._is_broken(each.name))
        return tuple(path for each in lost for path in each.outputs)

    def _is_broken(self, name: str) -> bool:
        return self.outcomes[name].state in {"failed", "skipped"}

    def _sources(self, stage: BuildStage) -> list[Path]:
        """Return the files, or folders, that a stage reads and that are of this build."""
        lost = self._lost(stage)
        return [path for path in stage.files if path.exists() and not any(path.is_relative_to(one) for one in lost)]

    def _command(self, stage: BuildStage) -> list[str]:
        """Return the words of a stage's command; without what stages that did not succeed would have left."""
        if not stage.always:
            return list(stage.command)
        gone = [str(path) for path in stage.files if path not in self._sources(stage)]
        return [word for word in stage.command if not any(word == path or word.startswith(f"{path}/") for path in gone)]

    def _log(self, stage: BuildStage) -> Path:
        return self.out / ".build" / f"{stage.slug}.log"

    def _last_line(self, stage: BuildStage) -> str:
        """Return what a stage's command said last: of a check, why it was not passed."""
        try:
            said = self._log(stage).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            said = ""
        return last_line(said, most=_MOST_SAID) or "it said nothing"

    def _run(self, stage: BuildStage, why: _Due) -> StageOutcome:
        set_aside(stage, self.out, self.hashes)
        began = time.monotonic()
        words = [word for text in self._command(stage) for word in self._expanded(text)]
        # -P: modules in the recipe's folder are not ours.
        with subprocess.Popen(
            [sys.executable, "-P", "-m", "mattekit", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            # What a workflow of GitHub is told of a stage, who called the build tells it.
            env={**os.environ, "GITHUB_ACTIONS": ""},
        ) as process:
            self.processes.add(process)
            said, _ = process.communicate()
            self.processes.discard(process)
        log = self._log(stage)
        with atomic_path(log) as temporary:
            temporary.write_text(said, encoding="utf-8")
        code = process.returncode
        passed = code == 0 or (stage.verdict and code in VERDICTS)
        missing = [path for path in stage.outputs if not path.exists()]
        if not passed or missing:
            told = f"it left no {missing[0]}" if passed else self._last_line(stage)
            return StageOutcome(stage, "failed", f"{told} (all it said: {log})", code or 1, time.monotonic() - began)
        write_done(stage, self.out, why.inputs, self.hashes, code)
        return StageOutcome(
            stage, "ran", self._last_line(stage) if code else why.reason, code, time.monotonic() - began
        )

    def _expanded(self, word: str) -> list[str]:
        """A pattern below the results is replaced by the files that there are; any other word stays as it is."""
        if "*" not in word or not word.startswith(str(self.out)):
            return [word]
        return sorted(str(path) for path in self.out.glob(str(Path(word).relative_to(self.out))))

    def _note(self, outcome: StageOutcome) -> None:
        self.outcomes[outcome.stage.name] = outcome
        self.tell(outcome)

    def _report(self) -> BuildResult:
        return BuildResult.of(self.recipe, (self.outcomes[stage.name] for stage in self.stages))
