"""Starting a recipe: what `mattekit init` writes, and why it passes on its first run.

The model is built and measured once, without gates. What came of it is the baseline, and the gates hold the next runs
to it.
"""

from __future__ import annotations

import json
import math
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..bench import figure_interval
from ..convert import zoo
from ..core import InputError, ValidateRecord, atomic_path, did_you_mean, load_records, with_settings
from .build_settings import BuildSettings
from .building import run_build
from .init_settings import InitSettings

__all__ = ["StartedRecipe", "init_recipe", "recipe_text", "run_init"]

RECIPE, GATES, BASELINE = "recipe.toml", "gates.toml", "baseline"
WORKFLOW = ".github/workflows/model.yml"

_FEW = 10
"""Samples that a gate asks for unless it says so."""


@dataclass(frozen=True)
class StartedRecipe:
    """What was written.

    Attributes:
        recipe: its file.
        written: all files and folders that are to be committed, the recipe first.
        exit_code: of the first run with the gates; 0 where all pass.
    """

    recipe: Path
    written: tuple[Path, ...]
    exit_code: int


@with_settings(InitSettings)
def init_recipe(model: str, settings: InitSettings) -> StartedRecipe:
    """Write a recipe, gates and a workflow for a model, which pass on their first run.

    Args:
        model: an id of the zoo; for a file of one's own any name of lower-case letters, digits, dots and dashes.
        settings: of what.

    Returns:
        What was written; nothing is where anything of it was there before.

    Raises:
        InputError: a file is there already, or the model or the data cannot be used; nothing was written then.
    """
    return run_init(model, settings)


def run_init(model: str, settings: InitSettings, tell: Callable[[object], None] | None = None) -> StartedRecipe:
    """Start a recipe as `init_recipe` does, with all settings in one object.

    Args:
        model: as `init_recipe`.
        settings: of what.
        tell: as `BuildSettings`.

    Raises:
        InputError: as `init_recipe`.
    """
    known = [spec.id for spec in zoo.list_models()]
    if not settings.weights and model not in known:
        near = did_you_mean(model, known)
        raise InputError(f"there is no model {model!r} in the zoo{near}; give --weights for a file of your own")
    folder = Path(settings.out)
    places = {name: folder / name for name in (RECIPE, GATES, BASELINE, WORKFLOW)}
    for place in places.values():
        if place.exists():
            raise InputError(f"{place}: it is there already and is not replaced; choose another folder with -o")
    lock = places[RECIPE].with_suffix(".lock")
    try:
        _write(places[RECIPE], recipe_text(model, folder, settings, gated=False))
        how = BuildSettings(tell=tell)
        first = run_build(places[RECIPE], how)
        failed = next((each for each in first.outcomes if each.state == "failed"), None)
        if failed is not None:
            raise InputError(f"{failed.stage.name}: {failed.reason}")
        measured = folder / "out" / "validation" / model
        places[BASELINE].mkdir()
        for path in sorted(measured.glob("*.json")):
            shutil.copy(path, places[BASELINE])
        records = [each for each in load_records([places[BASELINE]]) if isinstance(each, ValidateRecord)]
        _write(places[GATES], _gates(records))
        _write(places[RECIPE], recipe_text(model, folder, settings, gated=True))
        _write(places[WORKFLOW], _workflow(settings.install))
        done = run_build(places[RECIPE], how)
    except BaseException:
        # What was measured stays under out/, for the next try.
        for place in (*places.values(), lock):
            if place.is_dir():
                shutil.rmtree(place)
            place.unlink(missing_ok=True)
        raise
    return StartedRecipe(places[RECIPE], (*places.values(), lock), done.exit_code)


def _write(path: Path, text: str) -> None:
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def recipe_text(model: str, folder: Path, settings: InitSettings, *, gated: bool) -> str:
    """Return the recipe; what lies outside of its folder is a variable."""
    variables: dict[str, str] = {}

    def placed(text: str, name: str) -> str:
        inside = _relative(text, folder)
        if inside is not None:
            return json.dumps(inside)
        variables[name] = _absolute(text)
        return json.dumps(f"${{{name}}}")

    lines = ["[[model]]", f"id = {json.dumps(model)}"]
    for key in ("weights", "contract"):
        given = getattr(settings, key)
        if given:
            lines.append(f"{key} = {placed(str(given), key.upper())}")
    data = placed(settings.data, "DATA")
    limit = f", limit = {settings.limit}" if settings.limit else ""
    lines.append(f"precisions = {json.dumps(['fp32', 'int8'] if settings.int8 else ['fp32'])}")
    if gated:
        lines += [f"gates = {json.dumps(GATES)}", f"baseline = {json.dumps(BASELINE)}"]
    lines += [f"quantize = {{ data = {data}{limit} }}"] if settings.int8 else []
    lines += [f"validate = {{ data = {data}{limit} }}", "package = {}", "", "[report]", 'formats = ["html", "md"]']
    named = [
        f'{name} = {{ env = "MATTEKIT_{name}", default = {json.dumps(value)} }}' for name, value in variables.items()
    ]
    head = [f"name = {json.dumps(model)}", 'out = "out"', ""]
    head += (
        ["[variables]  # where things lie on this machine; elsewhere the environment says so", *named, ""]
        if named
        else []
    )
    return "\n".join([*head, *lines]) + "\n"


def _paths_in(text: str) -> list[str]:
    """Return the parts of a text that are files or folders here."""
    parts = [part for each in text.split(",") for part in (each, each.partition("=")[2], each.partition(":")[2])]
    return [part for part in parts if part and Path(part).expanduser().exists()]


def _relative(text: str, folder: Path) -> str | None:
    """Return a text with its paths as the recipe's folder sees them; None where one lies outside of it."""
    for part in sorted(_paths_in(text), key=len, reverse=True):
        path = Path(os.path.relpath(Path(part).expanduser().resolve(), folder.resolve()))
        if ".." in path.parts:
            return None
        text = text.replace(part, path.as_posix())
    return text


def _absolute(text: str) -> str:
    for part in sorted(_paths_in(text), key=len, reverse=True):
        text = text.replace(part, str(Path(part).expanduser().resolve()))
    return text


def _gates(records: list[ValidateRecord]) -> str:
    """Return gates that hold the next runs to these records."""
    models = list(dict.fromkeys(record.measurements[0].model for record in records))
    lines = ["# What the next runs are held to; the records in baseline/ are those of the first run."]
    for model in models:
        lines += ["", "[[identity]]  # what it is", f"model = {json.dumps(model)}"]
        lines += ['unchanged = ["contract", "weights", "precision"]']
        lines += [
            "",
            "[[agreement]]  # how it answers a dozen images; a share of the full scale",
            f"model = {json.dumps(model)}",
        ]
        lines += ["max_difference = 0.01"]
    for record in records:
        figure = record.measurements[0]
        low, high = figure_interval(record, figure) or (figure.value or 0.0,) * 2
        rising = figure.higher_is_better is not False
        # Rounded away from the figure, so that rounding alone fails nothing.
        bound = math.floor(low * 100) / 100 if rising else math.ceil(high * 100) / 100
        count = record.data.count or 0
        lines += ["", f"[[gate]]  # {figure.value:.4f} at first, {low:.4f} to {high:.4f} with 95% confidence"]
        lines += [f"metric = {json.dumps(figure.metric)}", f"model = {json.dumps(figure.model)}"]
        lines += [f"precision = {json.dumps(figure.precision)}", f"{'min' if rising else 'max'} = {bound:g}"]
        lines += [f"samples = {count}"] if count < _FEW else []
    return "\n".join(lines) + "\n"


def _workflow(install: str | None) -> str:
    """Return a workflow for GitHub: it builds the recipe, and shows and keeps the report."""
    return f"""# {WORKFLOW}
name: model
on: [pull_request]
permissions:
  contents: read
jobs:
  gate:
    runs-on: ubuntu-latest
    env:
      MATTEKIT: ${{{{ vars.MATTEKIT || '{install or "mattekit[all]"}' }}}}  # what pip installs
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with: {{python-version: "3.12"}}
      - uses: actions/cache@v4
        with:
          path: |
            ~/.cache/mattekit
            out
          key: mattekit-${{{{ hashFiles('recipe.toml', 'recipe.lock') }}}}
          restore-keys: mattekit-
      - name: Install
        run: pip install "$MATTEKIT"
      - name: Build and gate
        run: mattekit build recipe.toml
      - name: Show the report
        if: always()
        run: if [ -f out/report.md ]; then cat out/report.md >> "$GITHUB_STEP_SUMMARY"; fi
      - uses: actions/upload-artifact@v4
        if: always()
        with: {{name: model, path: out}}
"""
