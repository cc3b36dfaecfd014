"""Where images lie: paths and URLs, and what lies in what."""

from __future__ import annotations

import os
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from ..core import InputError

__all__ = ["BESIDE", "BUCKETS", "STANDARD", "WEB", "Location", "stream_or_file"]

BUCKETS = ("s3", "s3a", "gs", "az", "azure", "adl", "abfs", "abfss")
WEB = ("http", "https")

STANDARD = "-"
"""As an input the standard input, as a place of a result the standard output; a file of that name is `./-`."""

BESIDE = {"run": "result", "remove": "cutout", "upscale": "upscaled", "superimpose": "superimposed"}
"""What the name of a result that lies beside its image has in addition, by the command."""


@dataclass(frozen=True)
class Location:
    """A file, an object, a folder or a prefix.

    Attributes:
        root: what the store is opened by, such as `s3://bucket` or `https://host`; empty for this machine's files.
        key: the place in it; for this machine's files the absolute path.
    """

    root: str
    key: str

    @classmethod
    def parse(cls, text: str) -> Location:
        """Read what a user types: a path, a `file:` URL, or a URL of a bucket or of a web server.

        Raises:
            InputError: the URL is of a kind that is not known, or names no bucket or host.
        """
        scheme, colon, rest = text.partition("://")
        # Without `..`, and with a link's own name, which results are called after.
        if not colon:
            return cls("", os.path.abspath(text))  # noqa: PTH100
        scheme = scheme.lower()
        if scheme == "file":
            return cls("", os.path.abspath(rest))  # noqa: PTH100
        if scheme not in (*BUCKETS, *WEB):
            known = ", ".join(f"{name}://" for name in ("file", *BUCKETS, *WEB))
            raise InputError(f"{text}: no such kind of place is known; use a path, or one of {known}")
        parts = urlsplit(text)
        if not parts.netloc:
            raise InputError(f"{text}: the URL names no {'host' if scheme in WEB else 'bucket'}; write it out")
        if scheme in WEB and (parts.query or parts.fragment):
            raise InputError(f"{text}: a URL with ? or # in it cannot be read; give one without")
        key = rest.partition("/")[2] if scheme in BUCKETS else parts.path.lstrip("/")
        return cls(f"{scheme}://{parts.netloc}", key.strip("/"))

    def __str__(self) -> str:
        return f"{self.root}/{self.key}" if self.root and self.root != STANDARD else self.key

    @property
    def name(self) -> str:
        """Return the last part of the place."""
        return self.key.rpartition("/" if self.root else os.sep)[2]

    @property
    def literal(self) -> tuple[str, str]:
        """Return what all locations of one file share, links aside: without capitals where files are called without."""
        return self.root, self.key if self.root else os.path.normcase(self.key)

    def below(self, name: str) -> Location:
        """Return the location of a name below this one."""
        return Location(self.root, f"{self.key}/{name}" if self.key else name)

    @property
    def real(self) -> Location:
        """Return the location with links of this machine's followed."""
        return self if self.root else Location("", os.path.realpath(self.key))

    def around(self) -> Generator[Location]:
        """Give the location itself and all that it lies in, from the innermost on."""
        if not self.root:
            path = Path(self.key)
            yield from (Location("", str(each)) for each in (path, *path.parents))
            return
        parts = self.key.split("/") if self.key else []
        yield from (Location(self.root, "/".join(parts[:count])) for count in range(len(parts), -1, -1))

    def name_of(self, key: str) -> str:
        """Return what a key below this location is called there, with slashes between folders."""
        return key[len(self.key) :].replace(os.sep, "/").lstrip("/")

    def inside(self, other: Location) -> str | None:
        """Return what `other` is called below this location, links of this machine's followed; None where it is not."""
        mine, its = self.real, other.real
        return mine.name_of(its.key) if mine in its.around() else None


def stream_or_file(path: str, stream: str) -> Location:
    """Return where a path of this machine lies; `-` is the standard stream that is called so in messages."""
    return Location(STANDARD, stream) if path == STANDARD else Location("", path)
