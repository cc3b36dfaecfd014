"""Everything that mattekit raises on purpose.

MattekitError                 any of them: catch this one to catch all
├── InputError                what the user gave cannot be used                       exit code 1
│   ├── ImageError            an image that cannot be read or written
│   ├── VideoError            a video that cannot be read or written
│   ├── CheckpointError       weights that do not fit their network
│   ├── ModelError            an unknown model, or a file that is not a usable model
│   ├── ContractError         a model without a contract, or with one that is not valid
│   ├── IntegrityError        a model's file that was changed since it was written     exit code 3
│   └── UsageError            options that leave nothing to do                         exit code 2
├── DependencyError           an optional package is not installed                    exit code 1
├── FetchError                a download that did not succeed                         exit code 1
│   └── HashMismatchError     a file whose SHA-256 is not the expected one
├── DeviceError               a device that is not there, or refused the model        exit code 1
│   └── ArithmeticUnavailableError  it computes in another arithmetic than was asked for
├── ParityError               a conversion step moved the outputs too far             exit code 3
└── PartialFailureError       some inputs failed, the rest is done                    exit code 5

A message is one sentence or two: the file, what is wrong, and how to mend it.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import ClassVar

from .text import last_line, printable

__all__ = [
    "ArithmeticUnavailableError",
    "CheckpointError",
    "ContractError",
    "DependencyError",
    "DeviceError",
    "FetchError",
    "HashMismatchError",
    "ImageError",
    "InputError",
    "IntegrityError",
    "MattekitError",
    "ModelError",
    "ParityError",
    "PartialFailureError",
    "UsageError",
    "VideoError",
    "needs_extra",
    "openvino_errors_as",
]


_SYSTEM = {
    errno.EACCES: ("no permission", "change the file's or the folder's permissions, or choose another place"),
    errno.EPERM: ("no permission", "change the file's or the folder's permissions, or choose another place"),
    errno.EROFS: ("the place is read-only", "choose another one"),
    errno.ENOSPC: ("the disk is full", "make room, or choose another place"),
    errno.EDQUOT: ("the quota of the disk is used up", "make room, or choose another place"),
    errno.EFBIG: ("the file would become larger than is allowed here", "raise the limit, or choose another place"),
    errno.ENOENT: ("it is not there, or was removed meanwhile", "bring it back and try again"),
    errno.EMFILE: ("too many files are open", "raise the limit with: ulimit -n"),
}
"""What an error of the system means, and how to mend it."""

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

    @classmethod
    def of_system(cls, error: OSError) -> InputError:
        """Say what the operating system refused, of which file, and how to mend it."""
        place = next((str(name) for name in (error.filename, error.filename2) if name is not None), "a file")
        reason, mend = _SYSTEM.get(error.errno or 0, (error.strerror or str(error), "check the disk and the path"))
        return cls(f"{place}: {reason}; {mend}")


class UsageError(InputError):
    """What was asked for makes no sense, whatever the inputs are."""

    exit_code: ClassVar[int] = 2


class ImageError(InputError):
    """An image that cannot be read or written."""


class VideoError(InputError):
    """A video that cannot be read or written."""


class CheckpointError(InputError):
    """Weights that cannot be read or do not fit their network."""


class ModelError(InputError):
    """An unknown model id, or a file that is not a usable model."""


class ContractError(InputError):
    """A model without a contract, or with a contract that is not valid."""


class IntegrityError(InputError):
    """A file of a model that is not the one that was written."""

    exit_code: ClassVar[int] = 3


class DependencyError(MattekitError):
    """An optional package that this operation needs is not installed."""


class FetchError(MattekitError):
    """A download that did not succeed."""


class HashMismatchError(FetchError):
    """A file whose SHA-256 is not the expected one."""


class DeviceError(MattekitError):
    """A device that is not there, or that refused the model."""


class ArithmeticUnavailableError(DeviceError):
    """A device that cannot compute, or did not compute, in the arithmetic that was asked for."""


class ParityError(MattekitError):
    """A conversion step moved the outputs further than its tolerance."""

    exit_code: ClassVar[int] = 3


class PartialFailureError(MattekitError):
    """Some of several inputs failed; the others are done."""

    exit_code: ClassVar[int] = 5


@contextmanager
def needs_extra(operation: str, package: str, extra: str) -> Generator[None]:
    """Import an optional package inside of this.

    Args:
        operation: what needs it, such as `exporting`.
        package: as pip names it.
        extra: of mattekit, which brings it.

    Raises:
        DependencyError: it is not installed.
    """
    try:
        yield
    except ImportError as error:
        raise DependencyError(
            f"{operation} needs the package {package}; install it with: pip install 'mattekit[{extra}]'"
        ) from error


@contextmanager
def openvino_errors_as(kind: type[MattekitError], sentence: Callable[[str], str]) -> Generator[None]:
    """Turn what OpenVINO raises in this block into `kind`, whose message `sentence` makes of the last line.

    Its frontends' exceptions have no base of their own below Exception, but one module; text inside a model that is
    no UTF-8 surfaces as a UnicodeDecodeError, and a number that is none as a ValueError.
    """
    try:
        yield
    except (MemoryError, RuntimeError, ValueError) as error:
        raise kind(sentence(last_line(error))) from error
    except Exception as error:
        if not type(error).__module__.startswith("openvino"):
            raise
        raise kind(sentence(last_line(error))) from error
