"""What mattekit needs, by its own metadata, and what of it is installed."""

from __future__ import annotations

import re
from importlib import metadata

from packaging.requirements import InvalidRequirement, Requirement
from pydantic import BaseModel, ConfigDict

__all__ = ["BASE", "Need", "needs"]

BASE = ""
"""The extra that is none: what every installation has."""

_NOT_FOR_USERS = frozenset({"all", "dev"})


class Need(BaseModel):
    """One package: what asks for it, which versions will do, and the version that is installed, if any."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    package: str
    extra: str
    wanted: str
    installed: str | None

    @property
    def met(self) -> bool:
        """Tell whether it is installed in a version that will do."""
        specifier = Requirement(f"{self.package}{self.wanted}").specifier
        return self.installed is not None and specifier.contains(self.installed, prereleases=True)


def needs(distribution: str = "mattekit") -> list[Need]:
    """Return the packages of the base install, then those of each extra, as the distribution's metadata lists them.

    Raises:
        importlib.metadata.PackageNotFoundError: there is no such distribution.
    """
    found: list[Need] = []
    for text in metadata.requires(distribution) or []:
        extra = re.search(r"extra\s*==\s*['\"]([^'\"]+)['\"]", text)
        name = extra[1] if extra else BASE
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            continue
        if name in _NOT_FOR_USERS or (requirement.marker and not requirement.marker.evaluate({"extra": name})):
            continue
        package = requirement.name
        found.append(
            Need(package=package, extra=name, wanted=str(requirement.specifier), installed=_installed(package))
        )
    return sorted(found, key=lambda need: need.extra)


def _installed(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
