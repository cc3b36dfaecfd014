"""Write docs/commands.md, the reference of every command and option, from what the program itself declares.

python tools/command_reference.py
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, TypeGuard, Union, get_args, get_origin

from mattekit.cli import app
from typer import Typer
from typer.models import ArgumentInfo, CommandInfo, OptionInfo, ParamMeta
from typer.utils import get_params_from_function

__all__ = ["PAGE", "reference"]

PAGE = Path(__file__).resolve().parents[1] / "docs" / "commands.md"

HEAD = """\
# Commands

Every command with its arguments and options, as the program declares them. This page is written by
`python tools/command_reference.py`: change the option's own help, not this page. What the commands are for is in the
[README](../README.md), and the exit codes are too.
"""

_TYPES = {str: "TEXT", int: "INTEGER", float: "NUMBER", Path: "PATH", bool: ""}


def reference() -> str:
    """Return the whole page.

    Raises:
        ValueError: a command or an option says nothing about itself, or is of a type that this page has no word for.
    """
    return "\n".join([HEAD, *(_section(name, command) for name, command in sorted(_commands(app, "mattekit")))])


def _commands(application: Typer, name: str) -> Iterator[tuple[str, CommandInfo]]:
    for command in application.registered_commands:
        function = command.callback
        assert function is not None
        yield f"{name} {command.name or function.__name__.strip('_').replace('_', '-')}", command
    for group in application.registered_groups:
        assert group.typer_instance is not None
        yield from _commands(group.typer_instance, f"{name} {group.name or group.typer_instance.info.name}")
    # The options of a group itself, and what it does when it is called by its own name alone.
    if application.registered_callback is not None:
        about = application.info.help
        yield name, CommandInfo(callback=application.registered_callback.callback, help=about if _said(about) else None)


def _said(text: object) -> TypeGuard[str]:
    """Whether Typer was given a text: what was left out is a placeholder there."""
    return isinstance(text, str)


def _section(name: str, command: CommandInfo) -> str:
    function = command.callback
    assert function is not None
    about = inspect.cleandoc(command.help or function.__doc__ or "")
    if not about:
        raise ValueError(f"{name}: give the command's function a docstring")
    parameters = [
        (parameter, parameter.default)
        for parameter in get_params_from_function(function).values()
        if isinstance(parameter.default, ArgumentInfo | OptionInfo) and not parameter.default.hidden
    ]
    arguments = [_argument(parameter, info) for parameter, info in parameters if isinstance(info, ArgumentInfo)]
    rows = [_row(name, parameter, info) for parameter, info in parameters]
    usage = " ".join([name, *(["[OPTIONS]"] if len(arguments) < len(rows) else []), *arguments])
    table = ["| | | default |", "|---|---|---|", *rows] if rows else []
    return "\n".join([f"## `{name}`", "", about, "", "```text", usage, "```", "", *table, *([""] if table else [])])


def _row(command: str, parameter: ParamMeta, info: ArgumentInfo | OptionInfo) -> str:
    """Return one line of the table: how it is typed, what it does, what holds where it is left out."""
    if not info.help:
        raise ValueError(f"{command}: give {parameter.name} a help text")
    typed = f"`{_argument(parameter, info)}`" if isinstance(info, ArgumentInfo) else _spelling(parameter, info)
    limits = [
        f"{word} {limit:g}" for word, limit in (("at least", info.min), ("at most", info.max)) if limit is not None
    ]
    about = info.help.removesuffix(".") + (f" ({', '.join(limits)})" if limits else "")
    about += "" if about.endswith("…") else "."
    return f"| {typed} | {_escaped(about)} | {_escaped(_default(info))} |"


def _argument(parameter: ParamMeta, info: ArgumentInfo | OptionInfo) -> str:
    many = "…" if _repeatable(parameter.annotation) else ""
    word = (info.metavar or parameter.name.rstrip("_").upper()) + many
    return word if info.default is ... else f"[{word}]"


def _spelling(parameter: ParamMeta, info: OptionInfo) -> str:
    name = parameter.name.strip("_").replace("_", "-")
    declared = [word for word in info.param_decls or () if word.startswith("-")]
    flag = bool in (parameter.annotation, *get_args(parameter.annotation))
    spelled = declared or [f"--{name}/--no-{name}" if flag else f"--{name}"]
    value = info.metavar or _type(parameter.annotation)
    return ", ".join(f"`{word}`" for word in spelled) + (f" {_escaped(value)}" if value else "")


def _type(annotation: object) -> str:
    """Return the word for a type, and the choices themselves for a choice."""
    origin = get_origin(annotation)
    inner = [each for each in get_args(annotation) if each is not types.NoneType]
    if origin is Literal:
        return " / ".join(map(str, inner))
    if origin in (Union, types.UnionType):
        (only,) = inner
        return _type(only)
    if origin is tuple:
        return " ".join(map(_type, inner))
    if origin is list:
        return _type(inner[0])
    if isinstance(annotation, type) and annotation in _TYPES:
        return _TYPES[annotation]
    raise ValueError(f"tools/command_reference.py has no word for the type {annotation}")


def _repeatable(annotation: object) -> bool:
    return get_origin(annotation) is list or any(get_origin(each) is list for each in get_args(annotation))


def _default(info: ArgumentInfo | OptionInfo) -> str:
    if isinstance(info.show_default, str):
        return info.show_default
    default = info.default
    if default is ...:
        return "required"
    if default is None or default is False or default == ():
        return ""
    if isinstance(default, tuple | list):
        return " ".join(f"`{each}`" for each in default)
    return "on" if default is True else f"`{default}`"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(reference(), encoding="utf-8")
