"""Everything that mattekit raises on purpose.

MattekitError                 any of them: catch this one to catch all
├── InputError                what the user gave cannot be used                       exit code 1
│   ├── ImageError            a picture that cannot be read or written
│   ├── VideoError            a video that cannot be read or written
│   ├── CheckpointError       weights that do not fit their network
│   ├── ModelError            an unknown model, or a file that is not a usable model
│   └── ContractError         a model without a contract, or with one that is not valid
├── DependencyError           an optional package is not installed                    exit code 1
├── FetchError                a download that did not succeed                         exit code 1
│   └── HashMismatchError     a file whose SHA-256 is not the expected one
├── DeviceError               a device that is not there, or refused the model        exit code 1
├── ParityError               a conversion step moved the outputs too far             exit code 3
└── PartialFailureError       some inputs failed, the rest is done                    exit code 5

A message is one sentence or two: the file, what is wrong, and how to mend it.
"""

from __future__ import annotations

from typing import ClassVar

from .text import printable

__all__ = [
    "CheckpointError",
    "ContractError",
    "DependencyError",
    "DeviceError",
    "FetchError",
    "HashMismatchError",
    "ImageError",
    "InputError",
    "MattekitError",
    "ModelError",
    "ParityError",
    "PartialFailureError",
    "VideoError",
]


_LONGEST = 1500
"""Characters of a message; what it quotes may be of any length."""


class MattekitError(Exception):
    """Base of all errors that mattekit raises on purpose; `exit_code` is what the command line returns for it."""

    exit_code: ClassVar[int] = 1

    def __str__(self) -> str:
        """Return the message on one line, with nothing in it that a terminal would obey."""
        said = printable(super().__str__())
        return said if len(said) <= _LONGEST else f"{said[: _LONGEST - 500]} … {said[-490:]}"


class InputError(MattekitError):
    """What the user gave cannot be used."""


class ImageError(InputError):
    """A picture that cannot be read or written."""


class VideoError(InputError):
    """A video that cannot be read or written."""


class CheckpointError(InputError):
    """Weights that cannot be read or do not fit their network."""


class ModelError(InputError):
    """An unknown model id, or a file that is not a usable model."""


class ContractError(InputError):
    """A model without a contract, or with a contract that is not valid."""


class DependencyError(MattekitError):
    """An optional package that this operation needs is not installed."""

    @classmethod
    def for_extra(cls, operation: str, package: str, extra: str) -> DependencyError:
        """Say which extra brings `package`, which `operation` needs."""
        return cls(f"{operation} needs the package {package}; install it with: pip install 'mattekit[{extra}]'")


class FetchError(MattekitError):
    """A download that did not succeed."""


class HashMismatchError(FetchError):
    """A file whose SHA-256 is not the expected one."""


class DeviceError(MattekitError):
    """A device that is not there, or that refused the model."""


class ParityError(MattekitError):
    """A conversion step moved the outputs further than its tolerance."""

    exit_code: ClassVar[int] = 3


class PartialFailureError(MattekitError):
    """Some of several inputs failed; the others are done."""

    exit_code: ClassVar[int] = 5
