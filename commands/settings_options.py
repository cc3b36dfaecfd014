"""The fields of a job's settings → the options of its command."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import Field, dataclass, fields
from functools import wraps
from types import NoneType
from typing import Annotated, Any, TypeVar, cast, get_args, get_origin

import typer

from ..core import Settings, alternatives, attributes_of, flag_of, hints_of

__all__ = ["Flag", "takes_settings"]

R = TypeVar("R")


@dataclass(frozen=True)
class Flag:
    """How the command line shows a field, where that does not follow from its name and type.

    Attributes:
        names: of the option, such as `--out` and `-o`; made of the field's name where empty.
        default: of this command, where it is another than the settings' own; `...` keeps that.
        show_default: what the help says in place of the default.
        metavar: what the help calls the value.
        required: the option must be given, whatever the settings' default is.
    """

    names: tuple[str, ...] = ()
    default: object = ...
    show_default: str | bool = True
    metavar: str | None = None
    required: bool = False


def takes_settings(
    kind: type[Settings],
    *,
    only: Collection[str] = (),
    without: Collection[str] = (),
    fixed: Mapping[str, object] | None = None,
    shown: Mapping[str, Flag] | None = None,
    **flags: Flag,
) -> Callable[[Callable[..., R]], Callable[..., R]]:
    """Give a command, whose parameter `settings` is of this kind, an option for each of its fields.

    The help is what the class's docstring says of the field; limits, texts and choices are checked by the class.

    Args:
        kind: of the settings.
        only: the fields that are options; all where empty. The others keep their defaults.
        without: fields that are none.
        fixed: what the command itself gives for fields that are none.
        shown: by the field's name, what is not as usual.
        flags: likewise, in place of those of `shown`.
    """
    flags = {**(shown or {}), **flags}
    hints, helps = hints_of(kind), attributes_of(kind)
    chosen = [each for each in fields(kind) if each.name != "progress" and each.name not in without]
    chosen = [each for each in chosen if not only or each.name in only]
    chosen.sort(key=lambda each: each.metadata.get("last", False))

    def decorated(command: Callable[..., R]) -> Callable[..., R]:
        @wraps(command)
        def called(*arguments: object, **options: Any) -> R:
            given: dict[str, Any] = {each.name: _of_typer(options.pop(each.name), each) for each in chosen}
            return command(*arguments, settings=kind(**(fixed or {}), **given), **options)

        own = [
            each for each in inspect.signature(command, eval_str=True).parameters.values() if each.name != "settings"
        ]
        made = [_parameter(each, hints[each.name], helps[each.name], flags.get(each.name, Flag())) for each in chosen]
        del vars(called)["__wrapped__"]
        # What must be given comes first in the help, and what is of the command alone last.
        needed = [each for each in own if each.default is inspect.Parameter.empty]
        parameters = [*needed, *made, *(each for each in own if each not in needed)]
        parameters.sort(key=lambda each: each.kind)
        vars(called)["__signature__"] = inspect.Signature(parameters)
        called.__annotations__ = {each.name: each.annotation for each in parameters}
        return called

    return decorated


def _parameter(each: Field[Any], hint: Any, said: str, flag: Flag) -> inspect.Parameter:
    default = each.default if flag.default is ... else flag.default
    if flag.required:
        default = inspect.Parameter.empty
    kind, names = _typer_type(hint, text="parse" in each.metadata), flag.names
    if kind is bool and default is False and not names:
        # What is off unless asked for has no second name that turns it off.
        names = (flag_of(each.name),)
    option: Any = typer.Option(
        *names,
        help=f"{said[0].upper()}{said[1:]}",
        min=each.metadata.get("least"),
        max=each.metadata.get("most"),
        metavar=flag.metavar,
        show_default=flag.show_default,
    )
    return inspect.Parameter(
        each.name, inspect.Parameter.KEYWORD_ONLY, default=_as_text(default, kind), annotation=Annotated[kind, option]
    )


def _typer_type(hint: Any, *, text: bool) -> Any:
    """Return the type that Typer knows: a text for what is read from one or may be one, a list for several."""
    options = alternatives(hint)
    if text or str in options:
        return str | None if NoneType in options else str
    if get_origin(hint) is Sequence or (get_origin(hint) is tuple and get_args(hint)[-1] is Ellipsis):
        return list[_typer_type(get_args(hint)[0], text=False)] | None
    return hint


def _as_text(default: object, kind: Any) -> object:
    """Return a default as the command line shows it: with commas between, and nothing where it is empty."""
    if default is inspect.Parameter.empty:
        return default
    if isinstance(default, tuple) and kind in (str, str | None):
        return ",".join(str(one) for one in cast("tuple[object, ...]", default)) or None
    if isinstance(default, tuple):
        return default or None
    return default if default is None or kind not in (str, str | None) else str(default)


def _of_typer(value: object, each: Field[Any]) -> object:
    """Return a tuple for a list, and the field's own for a list that was left out."""
    if isinstance(value, list):
        return tuple(cast("list[object]", value))
    return each.default if value is None and isinstance(each.default, tuple) else value
