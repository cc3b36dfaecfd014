"""Settings: one class gives the command line its options, the API its keywords and a run its fingerprint."""

from __future__ import annotations

import inspect
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest
import typer
from mattekit.commands.settings_options import Flag, takes_settings
from mattekit.core import InputError, Settings, option, with_settings
from typer.testing import CliRunner


def numbers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError as error:
        raise InputError(f"{text}: give numbers with commas between") from error


@dataclass(frozen=True, kw_only=True)
class Cooking(Settings):
    """How to cook.

    Attributes:
        heat: how the stove
            is set.
        batch: how many at a time; numbers with commas between.
        spice: what goes in; repeatable.
        minutes: on the stove.
        stir: all the time.
        place: where to.
        salt: in grams.
        cooks: who work at it; the dish is the same.
    """

    heat: Literal["low", "high"] | None = "low"
    batch: tuple[int, ...] = option((1,), parse=numbers)
    spice: tuple[str, ...] = ()
    minutes: int = option(5, least=1, most=60)
    stir: bool = False
    place: str | Path | None = None
    salt: float = option(1.0, least=0)
    cooks: int = option(1, identity=False)


@with_settings(Cooking)
def cook(dish: str, settings: Cooking) -> tuple[str, Cooking]:
    """Cook a dish.

    Args:
        dish: what to cook.
        settings: how; the
            keywords are its fields.

    Returns:
        Both.
    """
    return dish, settings


def cooked(*arguments: str) -> Cooking:
    app, found = typer.Typer(), list[Cooking]()

    @app.command()
    @takes_settings(Cooking, without=("cooks",), place=Flag(("--place", "-p")), minutes=Flag(default=7))
    def command(dish: str, settings: Cooking) -> None:
        """Cook."""
        del dish
        found.append(settings)

    done = CliRunner().invoke(app, ["soup", *arguments])
    if done.exit_code:
        raise done.exception or AssertionError(done.output)
    return found[0]


def test_a_command_has_an_option_for_each_field() -> None:
    assert cooked() == Cooking(minutes=7)
    asked = cooked("--heat", "high", "--batch", "1,4", "--spice", "salt", "--spice", "pepper", "--stir", "-p", "hut")
    assert asked == Cooking(heat="high", batch=(1, 4), spice=("salt", "pepper"), stir=True, place="hut", minutes=7)


@pytest.mark.parametrize("arguments", [("--cooks", "2"), ("--no-stir",), ("--minutes", "0"), ("--heat", "none")])
def test_what_is_no_option_or_no_value_of_one_is_wrong_usage(arguments: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as stop:
        cooked(*arguments)
    assert stop.value.code == 2


def test_the_api_takes_the_fields_as_keywords() -> None:
    assert cook("soup", heat="high", batch=(2, 3)) == ("soup", Cooking(heat="high", batch=(2, 3)))
    parameters = list(inspect.signature(cook).parameters)
    assert (parameters[:2], parameters[-1]) == (["dish", "heat"], "progress")
    said = inspect.getdoc(cook) or ""
    assert "heat: how the stove is set." in said
    assert "settings:" not in said
    with pytest.raises(TypeError, match=r"cook\(\) got an unexpected keyword argument 'spices'; did you mean spice"):
        cook("soup", spices="salt")  # pyright: ignore[reportCallIssue]


def test_a_text_is_read_as_the_command_line_reads_it() -> None:
    assert Cooking(batch="1,4").batch == (1, 4)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"minutes": 0}, r"--minutes 0 makes no sense; give 1 to 60"),
        ({"minutes": 61}, r"--minutes 61 makes no sense; give 1 to 60"),
        ({"minutes": 2.5}, r"--minutes 2.5 makes no sense; give a whole number"),
        ({"minutes": "5"}, r"--minutes '5' makes no sense; give a whole number"),
        ({"minutes": None}, r"--minutes None makes no sense; give a whole number"),
        ({"stir": "no"}, r"--stir 'no' makes no sense; give True or False"),
        ({"salt": float("nan")}, r"--salt nan makes no sense"),
        ({"heat": "hot"}, r"--heat hot is unknown; give low, high"),
        ({"batch": "one"}, r"one: give numbers"),
    ],
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        Cooking(**wrong)  # pyright: ignore[reportArgumentType]


def test_the_fingerprint_is_of_what_results_depend_on() -> None:
    plain = Cooking()
    assert plain.fingerprint == Cooking(cooks=3, progress=print).fingerprint  # pyright: ignore[reportArgumentType]
    assert len({plain.fingerprint, Cooking(stir=True).fingerprint, Cooking(batch=(1, 2)).fingerprint}) == 3
    assert "cooks" not in plain.described()


def test_settings_travel_without_what_is_called_here() -> None:
    there = pickle.loads(pickle.dumps(Cooking(stir=True, progress=lambda _what, _done, _whole: None)))
    assert there == Cooking(stir=True)
    assert there.progress is None


def test_one_value_stands_for_several_and_like_values_are_the_same() -> None:
    plain = Cooking(batch=(2,), spice=("salt",), salt=2.0)
    loose = Cooking(batch=2, spice="salt", salt=2)  # pyright: ignore[reportArgumentType]
    listed = Cooking(batch=[2], spice=["salt"], salt=2)  # pyright: ignore[reportArgumentType]
    assert plain == loose == listed
    assert plain.fingerprint == loose.fingerprint == listed.fingerprint
    assert len({plain, loose, listed}) == 1
