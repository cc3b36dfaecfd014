"""A network of the user's own code: imported from where it lies, built by its factory, exported as the zoo's."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

from ..core import (
    Contract,
    ContractError,
    InputError,
    ModelError,
    contract_beside,
    format_of_model,
    last_line,
    needs_extra,
    parse_name,
)
from . import zoo
from .export_settings import ExportSettings
from .own_model import own_entry
from .recognition import entry_of, expanded
from .spec import ModelSpec

if TYPE_CHECKING:
    from types import ModuleType

    from torch import Tensor, nn

__all__ = ["own_network", "spec_of_network"]

_TRIED = 96
"""Pixels: the sides at which a network that takes any size is tried."""

_FORM = "give package.module:factory, or path/to/file.py:factory"


def own_network(model: str, torch: str, settings: ExportSettings) -> tuple[ModelSpec, Path]:
    """Return the entry of a network of the user's own code, and its checkpoint.

    Args:
        model: any name, alone or as `NAME@CHECKPOINT`.
        torch: where its factory is, `package.module:factory` or `path/to/file.py:factory`.
        settings: of the export, with the contract, which may lie beside the checkpoint or the code instead.

    Raises:
        InputError: no checkpoint is named, or the name is not one that a folder could have.
        ModelError: there is no such module or factory, or it makes no network.
        ContractError: nobody says what surrounds the network.
    """
    name, path = entry_of(model, settings.weights)
    if path is None:
        raise InputError(f"--torch {torch}: give the network's checkpoint with --weights")
    if not path.is_file():
        raise InputError(f"{path}: there is no such file; give a checkpoint of {name}")
    if format_of_model(path) != "torch":
        raise InputError(f"{path}: it holds its network already; leave --torch out, or give a checkpoint")
    contract = settings.given_contract
    if contract is None:
        code = expanded(torch.rpartition(":")[0])
        beside = contract_beside(path) or (contract_beside(code) if code.suffix == ".py" else None)
        contract = beside[0] if beside else None
    if contract is None:
        raise ContractError(
            f"--torch {torch}: nothing says what surrounds this network; describe it with --contract, or in "
            f"{path.name}.contract.toml beside the checkpoint"
        )
    return spec_of_network(name, torch, contract), path


def spec_of_network(name: str, torch: str, contract: Contract) -> ModelSpec:
    """Return the entry of a network that a factory makes.

    Args:
        name: what it is to be called.
        torch: where the factory is.
        contract: what surrounds the network.

    Raises:
        InputError: the name is not one that a folder could have, or is one of the zoo's.
        ModelError: there is no such module or factory, or it makes no network.
        ContractError: the contract describes an input that no module takes.
    """
    parse_name(name, "the name")
    if name in {spec.id for spec in zoo.list_models()}:
        raise InputError(f"{name}: the zoo has a model of this name; give your network a name of its own")
    given = contract.input
    if (given.layout, contract.output.layout, given.dtype) != ("NCHW", "NCHW", "f32"):
        raise ContractError(
            f"{name}: a network of PyTorch code is exported with NCHW and f32; say so in the contract, in input and "
            "output"
        )
    made = _made(torch)
    answer = _answer_of(made, contract, torch)
    from .networks.named_answer import NamedAnswer

    module = made if answer is None else NamedAnswer(made, answer)

    def adapt(state: dict[str, Tensor]) -> dict[str, Tensor]:
        return {f"network.{key}": value for key, value in state.items()}

    # An export names its input and its outputs itself.
    inside = given.model_copy(update={"name": None})
    outside = contract.output.model_copy(update={"name": None})
    entry = own_entry(name, contract.model_copy(update={"input": inside, "output": outside}), f"{name}.pth")
    return replace(entry, build=lambda: module, adapt=None if answer is None else adapt)


def _answer_of(module: nn.Module, contract: Contract, torch: str) -> str | None:
    """Try the network once, and return under which name it gives what counts; None where it gives tensors alone."""
    import torch as package

    given = contract.input
    height, width = (given.height, given.width) if given.height and given.width else given.fit(_TRIED)
    shape = (1, given.channels, height, width)
    try:
        with package.inference_mode():
            found: object = module.eval()(package.zeros(shape))
    except Exception as error:
        raise ModelError(f"--torch {torch}: the network fails on an input of shape {shape}: {_told(error)}") from error
    if isinstance(found, Mapping):
        table = cast("Mapping[str, object]", found)
        wanted = contract.output.name or ("out" if "out" in table else next(iter(table), ""))
        if not isinstance(table.get(wanted), package.Tensor):
            names = ", ".join(map(str, table))
            raise ContractError(
                f"--torch {torch}: the network gives no tensor {wanted!r}; name another output: {names}"
            )
        return wanted
    answers = cast("Sequence[object]", found) if isinstance(found, tuple | list) else [found]
    if not answers or not all(isinstance(each, package.Tensor) for each in answers):
        raise ModelError(
            f"--torch {torch}: the network gives {type(found).__name__}; a tensor, or a tuple or table of tensors, is "
            "needed: give a factory whose network returns that"
        )
    return None


def _made(torch: str) -> nn.Module:
    """Import the factory and call it; whatever goes wrong in the user's code is told in a sentence."""
    with needs_extra("exporting", "torch", "export"):
        from torch import nn
    where, colon, name = torch.rpartition(":")
    if not colon or not where or not name.isidentifier():
        raise ModelError(f"--torch {torch}: {_FORM}")
    with _importable(where) as load:
        try:
            module = load()
        except ModuleNotFoundError as error:
            if error.name and where.startswith(error.name) and not where.endswith(".py"):
                raise ModelError(
                    f"--torch {torch}: there is no module {error.name!r} in {Path.cwd()} or among what is installed; "
                    f"{_FORM}"
                ) from error
            raise ModelError(f"--torch {torch}: importing it fails: {last_line(error)}") from error
        except Exception as error:
            raise ModelError(f"--torch {torch}: importing it fails: {_told(error)}") from error
        factory = getattr(module, name, None)
        if factory is None:
            raise ModelError(f"--torch {torch}: {where} has no {name!r}")
        if isinstance(factory, nn.Module):
            return factory
        if not callable(factory):
            raise ModelError(f"--torch {torch}: {name} is no function or class, so that it can't be called")
        try:
            made = factory()
        except Exception as error:
            raise ModelError(
                f"--torch {torch}: calling {name}() fails: {_told(error)}; give a factory that needs no arguments"
            ) from error
    if not isinstance(made, nn.Module):
        raise ModelError(f"--torch {torch}: {name}() returns {type(made).__name__}, not a torch.nn.Module")
    return made


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {last_line(error)}" if str(error) else type(error).__name__


@contextmanager
def _importable(where: str) -> Generator[Callable[[], ModuleType]]:
    """Yield what imports a file or a module; what lies beside it is found inside of the block alone."""
    file = expanded(where) if where.endswith(".py") else None
    if file is not None and not file.is_file():
        raise ModelError(f"--torch {where}: there is no such file; {_FORM}")
    folder = str(file.resolve().parent if file is not None else Path.cwd())

    def load() -> ModuleType:
        if file is None:
            return importlib.import_module(where)
        found = importlib.util.spec_from_file_location(f"mattekit_own_code_{file.stem}", file)
        if found is None or found.loader is None:
            raise ModelError(f"--torch {where}: Python can't import it; {_FORM}")
        module = importlib.util.module_from_spec(found)
        # Dataclasses look their own module up.
        sys.modules[found.name] = module
        found.loader.exec_module(module)
        return module

    sys.path.insert(0, folder)
    try:
        yield load
    finally:
        with suppress(ValueError):
            sys.path.remove(folder)
