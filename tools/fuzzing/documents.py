"""Documents that are almost right: a valid one in which hypothesis has changed a few values, keys and branches."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any, cast

from hypothesis import HealthCheck, Phase, given, seed, settings, strategies as st

from fuzzing.kinds import Act

__all__ = ["changed", "drive_documents", "toml_text"]

_BATCH = 500

_TEXTS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        (
            *(
                "",
                "..",
                "../../etc/passwd",
                "/etc/passwd",
                "~/x",
                "a\nb",
                "\x1b[31mred\x1b[0m\x07",
                "<script>alert(1)</script>",
            ),
            *(
                "${HOME}",
                "${NAME}",
                "$(reboot)",
                "*",
                "[",
                "(",
                "x" * 3000,
                "inf",
                "nan",
                "CON",
                "a/b",
                "a\\b",
                "\u202e",
                "%s{0}",
            ),
            *("\ud800", "\0", "-", "--help", "1e400", "true", "\uff26\uff35", "🜂"),
        )
    ),
)
_NUMBERS = st.one_of(
    st.integers(-3, 300),
    st.integers(),
    st.floats(),
    st.sampled_from((0, -1, 2**31, 2**63, 2**64, 10**400, -(10**300), 1e308, 5e-324, float("nan"), float("inf"))),
)
_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), _NUMBERS, _TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(_TEXTS, inner, max_size=4)),
    max_leaves=6,
)


@st.composite
def changed(draw: st.DrawFn, documents: list[Any]) -> Any:
    """Draw one of the documents, deep inside of which one to four things are changed."""
    document = copy.deepcopy(draw(st.sampled_from(documents)))
    for _ in range(draw(st.integers(1, 4))):
        branches = list(_branches(document))
        if not branches:
            break
        branch = draw(st.sampled_from(branches))
        keys: list[Any] = list(branch) if isinstance(branch, dict) else list(range(len(branch)))
        key = draw(st.sampled_from(keys))
        match draw(st.integers(0, 5)):
            case 0:
                del branch[key]
            case 1 if isinstance(branch, dict):
                branch[draw(_TEXTS)] = branch[key]
            case 2 if isinstance(branch, list):
                cast("list[Any]", branch).append(copy.deepcopy(branch[key]))
            case 3:
                branch[key] = draw(_TEXTS)
            case 4:
                branch[key] = draw(_NUMBERS)
            case _:
                branch[key] = draw(_VALUES)
    return document


def _branches(value: Any) -> list[Any]:
    """Return all objects and lists inside that are not empty, the whole first."""
    found: list[Any] = []
    inside: list[Any] = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    if inside:
        found.append(value)
    for each in inside[:200]:
        found += _branches(each)
    return found


def drive_documents(make: Callable[[st.DataObject], dict[str, bytes]]) -> Callable[[int, int, int, Act], None]:
    """Return a `drive` whose inputs hypothesis draws, by so many in one go; they depend on the seed and the go."""

    def drive(number: int, start: int, stop: int, act: Act) -> None:
        at = start
        while at < stop:
            at = _go(make, number, at, min(stop, at + _BATCH), act)

    return drive


def _go(make: Callable[[st.DataObject], dict[str, bytes]], number: int, start: int, stop: int, act: Act) -> int:
    at = start

    @seed(number * 1_000_003 + start)
    @settings(
        max_examples=stop - start,
        deadline=None,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
    )
    @given(st.data())
    def one(data: st.DataObject) -> None:
        nonlocal at
        if at < stop:
            act(at, make(data))
            at += 1

    one()
    return max(at, start + 1)


def toml_text(value: Any) -> str:
    """Return a document as TOML: tables for objects, with JSON's texts, which TOML reads too."""
    lines: list[str] = []
    _table(value, (), lines)
    return "\n".join(lines) + "\n"


def _table(table: dict[str, Any], name: tuple[str, ...], lines: list[str]) -> None:
    for key, value in table.items():
        if not isinstance(value, dict) and not (isinstance(value, list) and value and _tables(value)):
            lines.append(f"{json.dumps(key)} = {_inline(value)}")
    for key, value in table.items():
        path = (*name, json.dumps(key))
        if isinstance(value, dict):
            lines.append(f"[{'.'.join(path)}]")
            _table(value, path, lines)
        elif isinstance(value, list) and value and _tables(value):
            for each in cast("list[dict[str, Any]]", value):
                lines.append(f"[[{'.'.join(path)}]]")
                _table(each, path, lines)


def _tables(values: list[Any]) -> bool:
    return all(isinstance(each, dict) for each in values)


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {_inline(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_inline, value)) + "]"
    if isinstance(value, float):
        return str(value)
    return '""' if value is None else json.dumps(value)
