"""The state dicts that a checkpoint may hold: in wrappers of any name, under prefixes, averaged beside plain."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["StateDict", "preferred", "state_dicts"]

_USUAL = (
    *("params", "state_dict", "model_state_dict", "model", "net", "weights", "module", "_orig_mod"),
    *("network", "net_g", "generator", "g", "student", "backbone_model", "online_model"),
)
"""Keys and prefixes behind which what was trained lies, the preferred one first."""

_AVERAGED = re.compile(r"(^|[_.])(ema|swa|averaged?|shadow)([_.]|$)")
"""What names an average over the last steps, which is better than the last step's own weights."""

_OTHERS = re.compile(r"(^|_)(optim\w*|scheduler\w*|lr_schedulers?|scaler|callbacks|loops|param_groups)($|_)")
"""Keys behind which no network lies; an optimizer's moments are of its parameters' shapes."""

_PROFILED = (".total_ops", ".total_params")
"""Counters that thop leaves in each layer."""

_WRAPPINGS = ("module.", "_orig_mod.")
"""What DataParallel and torch.compile put before every name."""

_DEEPEST = 5
_SMALL = 100
_LEAST_SHARE = 1 / 8
"""Of a state dict's tensors that stand behind one prefix, for that to be a network."""


@dataclass(frozen=True)
class StateDict:
    """Tensors by name.

    Attributes:
        keys: behind which they lie, wrappers first, then parts of a prefix.
        tensors: under their names without the prefix.
    """

    keys: tuple[str, ...]
    tensors: dict[str, Tensor]

    @property
    def averaged(self) -> bool:
        """Return whether its name says that it is an average over several steps."""
        return any(_AVERAGED.search(key.lower()) for key in self.keys)

    @property
    def rank(self) -> int:
        """Return its place in the order of preference: 0 for averages, 1 for the usual names, 2 for others."""
        if self.averaged:
            return 0
        return 1 if all(key.lower() in _USUAL for key in self.keys) else 2

    @property
    def order(self) -> tuple[int, ...]:
        """Return the order among those of one rank."""
        return tuple(_USUAL.index(key.lower()) if key.lower() in _USUAL else len(_USUAL) for key in self.keys)

    def behind(self, prefix: str) -> StateDict:
        """Return the tensors whose names begin with a part and a dot, without these."""
        start = f"{prefix}."
        return StateDict(
            (*self.keys, prefix),
            {name.removeprefix(start): value for name, value in self.tensors.items() if name.startswith(start)},
        )

    def views(self) -> Generator[StateDict]:
        """Yield it as it is, and what stands behind each prefix of a good part of its names."""
        least = max(_LEAST_SHARE * len(self.tensors), 1)
        pending = [self]
        while pending:
            view = pending.pop(0)
            yield view
            if len(view.keys) - len(self.keys) < _DEEPEST:
                parts = dict.fromkeys(name.partition(".")[0] for name in view.tensors if "." in name)
                pending += [inner for part in parts if len((inner := view.behind(part)).tensors) >= least]

    def unwrapped(self) -> StateDict:
        """Return it without what DataParallel and torch.compile put before every name."""
        state = self
        while state.tensors:
            found = next((each for each in _WRAPPINGS if all(name.startswith(each) for name in state.tensors)), None)
            if found is None:
                break
            state = state.behind(found.removesuffix("."))
        return state


def state_dicts(loaded: object) -> list[StateDict]:
    """Return the tables of tensors in what a checkpoint holds, in the order of preference.

    Other values beside them are left out (epochs, losses), as are optimizers and what profilers counted.
    """
    found = preferred(_tables(loaded, ()))
    sizes = [sum(value.numel() for value in each.tensors.values()) for each in found]
    # What is a hundredth of the largest, such as the number of steps that were averaged, comes last.
    small = [size * _SMALL < max(sizes) for size in sizes]
    return [each for last in (False, True) for each, is_small in zip(found, small, strict=True) if is_small == last]


def preferred(found: Iterable[StateDict]) -> list[StateDict]:
    """Return them in the order of preference; among equals in the file's."""
    return sorted(found, key=lambda each: (each.rank, each.order))


def _tables(loaded: object, keys: tuple[str, ...]) -> Generator[StateDict]:
    import torch

    if not isinstance(loaded, Mapping) or len(keys) > _DEEPEST:
        return
    table = cast("Mapping[object, object]", loaded)
    tensors = {
        name: value
        for name, value in table.items()
        if isinstance(name, str) and isinstance(value, torch.Tensor) and not name.endswith(_PROFILED)
    }
    tensors = {name: value for name, value in tensors.items() if name not in {"total_ops", "total_params"}}
    if tensors:
        yield StateDict(keys, tensors)
    for name, value in table.items():
        if isinstance(name, str) and not _OTHERS.search(name.lower()):
            yield from _tables(value, (*keys, name))
