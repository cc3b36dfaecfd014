"""All options of a job, once: the command line's options, the API's keywords, and what tells two runs apart."""

from __future__ import annotations

import functools
import hashlib
import inspect
import json
import math
import re
from collections.abc import Callable
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from types import NoneType, UnionType
from typing import (
    TYPE_CHECKING,
    Any,
    Concatenate,
    Generic,
    Literal,
    ParamSpec,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
    overload,
)

from .errors import InputError
from .progress import Progress
from .text import did_you_mean

if TYPE_CHECKING:
    from pydantic import JsonValue

__all__ = ["Settings", "alternatives", "attributes_of", "flag_of", "hints_of", "option", "with_settings"]

P = ParamSpec("P")
S = TypeVar("S", bound="Settings")
R = TypeVar("R")
A = TypeVar("A")
B = TypeVar("B")


def option(
    default: object,
    *,
    least: float | None = None,
    most: float | None = None,
    parse: Callable[[str], object] | None = None,
    identity: bool = True,
) -> Any:
    """Give a field of `Settings` its default and what is said of it.

    Args:
        default: of the field.
        least: the smallest number that it may be.
        most: the largest one.
        parse: what reads the field's value from a text, such as `1,4` for several numbers; raises InputError.
        identity: results depend on it, so that it counts for the fingerprint.
    """
    said = {"least": least, "most": most, "parse": parse, "identity": identity}
    return field(default=default, metadata={name: value for name, value in said.items() if value is not None})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a job is asked to do; refused with an InputError where it makes no sense.

    Attributes:
        progress: called while the job goes on: what is done, how much of it, of how much.
    """

    progress: Progress | None = field(default=None, repr=False, compare=False, metadata={"identity": False})

    def __post_init__(self) -> None:
        """Take each value as its field's type, a text as the command line reads it, and check it."""
        hints, choices = hints_of(type(self)), choices_of(type(self))
        for each in fields(self):
            if each.name == "progress":
                continue
            value = _as_field(each, getattr(self, each.name), hints[each.name])
            object.__setattr__(self, each.name, value)
            known = choices.get(each.name)
            if known and value not in known:
                raise InputError(f"{flag_of(each.name)} {value} is unknown; give {', '.join(filter(None, known))}")
            if isinstance(value, int | float) and not isinstance(value, bool):
                least, most = each.metadata.get("least", -math.inf), each.metadata.get("most", math.inf)
                if not least <= value <= most:
                    limit = f"{least:g} or more" if most == math.inf else f"{least:g} to {most:g}"
                    raise InputError(f"{flag_of(each.name)} {value:g} makes no sense; give {limit}")

    def described(self) -> dict[str, JsonValue]:
        """Return by their names the options that results depend on, as JSON holds them."""
        return {
            each.name: _plain(getattr(self, each.name)) for each in fields(self) if each.metadata.get("identity", True)
        }

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the options that results depend on."""
        return hashlib.sha256(json.dumps(self.described(), sort_keys=True).encode()).hexdigest()

    def __getstate__(self) -> dict[str, object]:
        """Travel to another process without what is called here."""
        return {name: None if callable(value) else value for name, value in self.__dict__.items()}


@functools.cache
def hints_of(kind: type[Settings]) -> dict[str, Any]:
    """Return the types of the fields."""
    return get_type_hints(kind)


def alternatives(hint: Any) -> tuple[Any, ...]:
    """Return the types of which a value may be any: those of a union, or the one that there is."""
    return get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)


def _as_field(each: Field[Any], value: object, hint: Any) -> object:
    """Return a value as its field's type: one for several, a list for a tuple, a whole number for any.

    Raises:
        InputError: it is of no type that the field takes.
    """
    options = alternatives(hint)
    several = any(get_origin(option_) is tuple for option_ in options)
    parse: Callable[[str], object] | None = each.metadata.get("parse")
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if parse is not None and (isinstance(value, str) or (number and several)):
        return parse(str(value))
    if several and isinstance(value, list):
        return tuple(tuple(one) if isinstance(one, list) else one for one in cast("list[Any]", value))
    if several and isinstance(value, str | Path):
        return (value,)
    if float in options and number:
        return float(cast("float", value))
    wanted = {bool: "True or False", int: "a whole number", float: "a number"}
    for kind, what in wanted.items():
        alone = kind in options and not {*wanted, str} & {*options} - {kind}
        if alone and not isinstance(value, kind) and not (value is None and NoneType in options):
            raise InputError(f"{flag_of(each.name)} {value!r} makes no sense; give {what}")
    return value


@functools.cache
def choices_of(kind: type[Settings]) -> dict[str, tuple[str | None, ...]]:
    """Return the values that the fields take which take a few words only; None is among those of an optional one."""
    found: dict[str, tuple[str | None, ...]] = {}
    for name, hint in hints_of(kind).items():
        options = alternatives(hint)
        words = [word for option_ in options if get_origin(option_) is Literal for word in get_args(option_)]
        if words and all(get_origin(option_) is Literal or option_ is NoneType for option_ in options):
            found[name] = (*words, *([None] if NoneType in options else []))
    return found


def flag_of(name: str) -> str:
    """Return the command line's name of an option."""
    return f"--{name.strip('_').replace('_', '-')}"


def _plain(value: object) -> JsonValue:
    if isinstance(value, list | tuple):
        return [_plain(item) for item in cast("tuple[object, ...]", value)]
    if isinstance(value, str | int | float | bool | None):
        return value
    return value.as_posix() if isinstance(value, Path) else str(value)


_ATTRIBUTE = re.compile(r"(\w+): (.*)")


@functools.cache
def attributes_of(kind: type) -> dict[str, str]:
    """Return what the docstrings of a class and its bases say of each field under `Attributes:`, on one line each."""
    found: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        _, heading, section = inspect.cleandoc(vars(base).get("__doc__") or "").partition("\nAttributes:\n")
        if not heading:
            continue
        name = ""
        for line in section.partition("\n\n")[0].splitlines():
            start = _ATTRIBUTE.match(line[4:]) if len(line) - len(line.lstrip()) == 4 else None
            if start:
                name = start[1]
                found[name] = start[2]
            else:
                found[name] += f" {line.strip()}"
    return found


class with_settings(Generic[P, S]):  # noqa: N801  a decorator
    """Let a function whose last argument is settings take their fields as keywords.

    Calls `function(…, settings)`, with what stands before; `inspect.signature` and the docstring show the keywords.
    """

    def __init__(self, settings: Callable[P, S], name: str = "") -> None:
        """Take the class of the settings, and the name of what is made, where it is another than the function's."""
        self._settings, self._name = settings, name

    @overload
    def __call__(self, function: Callable[[S], R]) -> Callable[P, R]: ...
    @overload
    def __call__(self, function: Callable[[A, S], R]) -> Callable[Concatenate[A, P], R]: ...
    @overload
    def __call__(self, function: Callable[[A, B, S], R]) -> Callable[Concatenate[A, B, P], R]: ...
    def __call__(self, function: Callable[..., R]) -> Callable[..., R]:
        """Return the function that takes keywords."""
        make = self._settings
        first = list(inspect.signature(function).parameters.values())[:-1]

        @functools.wraps(function)
        def taking(*arguments: object, **keywords: Any) -> R:
            given = [
                *arguments,
                *(keywords.pop(each.name) for each in first[len(arguments) :] if each.name in keywords),
            ]
            unknown = next((name for name in keywords if name not in known), None)
            if unknown is not None:
                hint = did_you_mean(unknown, known)
                raise TypeError(f"{taking.__name__}() got an unexpected keyword argument {unknown!r}{hint}")
            return function(*given, cast("Callable[..., S]", make)(**keywords))

        keywords = sorted(inspect.signature(make).parameters.values(), key=lambda each: each.name == "progress")
        known = [each.name for each in keywords]
        taking.__name__ = taking.__qualname__ = self._name or function.__name__
        vars(taking)["__signature__"] = inspect.signature(function).replace(parameters=[*first, *keywords])
        taking.__doc__ = _documented(inspect.getdoc(function) or "", cast("type", make))
        return taking


def _documented(doc: str, kind: type) -> str:
    """Put what the settings say of their fields in the place of what a docstring says of its `settings`."""
    told = sorted(attributes_of(kind).items(), key=lambda each: each[0] == "progress")
    keywords = "".join(f"\n    {name}: {said}" for name, said in told)
    return re.sub(r"\n    settings: [^\n]*(\n {8}[^\n]*)*", lambda _: keywords, doc, count=1)
