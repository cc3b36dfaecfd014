"""Contracts in files of their own: TOML that people write, beside a model or wherever they say."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from .documents import first_mistake, read_toml
from .errors import ContractError
from .settings import Settings
from .text import did_you_mean

if TYPE_CHECKING:
    from pydantic import JsonValue, ValidationError

    from .contract import Contract

__all__ = [
    "ContractLike",
    "ContractSettings",
    "contract_beside",
    "contract_from",
    "contract_schema",
    "no_contract",
    "read_contract_file",
]

ContractLike: TypeAlias = Any
"""The path of a TOML file, or a `Contract`."""


@dataclass(frozen=True, kw_only=True)
class ContractSettings(Settings):
    """Of a job on models whose files may not say what surrounds the network.

    Attributes:
        contract: what surrounds a network of your own, a TOML file (mattekit contract init); of several models, those
            take it whose files say nothing.
    """

    contract: str | Path | ContractLike | None = field(default=None, metadata={"last": True})

    def __post_init__(self) -> None:
        """Read the file once, before anything is started."""
        super().__post_init__()
        object.__setattr__(self, "contract", contract_from(self.contract))

    def described(self) -> dict[str, JsonValue]:
        """Return the options that results depend on; of a contract, what it says."""
        found = super().described()
        del found["contract"]
        given = self.given_contract
        return found if given is None else {**found, "contract": given.model_dump(mode="json")}

    @property
    def given_contract(self) -> Contract | None:
        """Return the contract that was given, read from its file; None without one."""
        return cast("Contract | None", self.contract)


def contract_from(given: str | Path | Contract | None) -> Contract | None:
    """Return a contract that is given, or read it from its file.

    Raises:
        ContractError: the file is no contract.
        InputError: it cannot be read.
    """
    return read_contract_file(Path(given).expanduser()) if isinstance(given, str | Path) else given


def read_contract_file(path: Path) -> Contract:
    """Read a contract from a TOML file.

    Raises:
        ContractError: it is no contract; the message names the first mistake.
        InputError: it cannot be read, or is not TOML.
    """
    from pydantic import ValidationError

    from .contract import Contract

    _, content = read_toml(path, "give a contract, a TOML file that mattekit contract init writes")
    try:
        return Contract.model_validate(content)
    except ValidationError as error:
        raise ContractError(f"{path}: {_mistake(error)}") from error


def contract_beside(model: Path) -> tuple[Contract, Path] | None:
    """Return the contract that lies beside a model, `my.onnx.contract.toml` or `my.contract.toml`, and its file.

    Raises:
        ContractError: there is such a file, but it is no contract.
        InputError: it cannot be read.
    """
    for name in (f"{model.name}.contract.toml", f"{model.stem}.contract.toml"):
        file = model.with_name(name)
        if file.is_file():
            return read_contract_file(file), file
    return None


def no_contract(model: Path) -> ContractError:
    """Return the error of a model of which nothing says a contract, with the ways to give it one."""
    return ContractError(
        f"{model}: nothing says what surrounds this network: it carries no contract, none lies beside it as "
        f"{model.stem}.contract.toml, and none was given with --contract; mattekit contract init {model.name} writes a "
        "proposal, and mattekit export puts one inside"
    )


def contract_schema() -> str:
    """Return the JSON Schema of contracts, for editors."""
    from .contract import Contract

    return json.dumps(Contract.model_json_schema(), indent=2) + "\n"


def _mistake(error: ValidationError) -> str:
    first = error.errors()[0]
    if first["type"] == "extra_forbidden":
        from .contract import Contract, InputContract, OutputContract

        place = [str(part) for part in first["loc"]]
        known = {"input": InputContract, "output": OutputContract}.get(place[0], Contract).model_fields
        near = did_you_mean(place[-1], list(known)) or "; mattekit contract schema lists what it has"
        return f"a contract has no {'.'.join(place)}{near}"
    if first["type"] == "missing":
        return f"a contract needs {'.'.join(str(part) for part in first['loc'])}"
    return first_mistake(error, "the contract")
