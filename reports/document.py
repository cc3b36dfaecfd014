"""What a report is made of, whatever it is written as: sections of tables, plots, verdicts and images."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

__all__ = [
    "NOTHING",
    "Block",
    "Cell",
    "Column",
    "Document",
    "Exhibit",
    "Gallery",
    "Paragraph",
    "Plot",
    "Section",
    "Statement",
    "Statements",
    "Status",
    "Table",
    "Thumbnail",
    "Tone",
    "plain",
]

Status = Literal["passed", "failed", "not enough evidence", "note"]
Tone = Literal["", "good", "bad"]

# Characters that would reorder the text around them: a name could then show another one than it is.
_REORDERING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def plain(text: object, limit: int = 2000) -> str:
    """Return text from outside as one line that can stand anywhere: visible characters and spaces.

    What steers terminals, reorders text or cannot be in XML becomes `�`; line ends become spaces. Longer than `limit`
    characters is cut and ends in `…`.
    """
    source = str(text)
    cut = source[:limit]
    shown = "".join(
        " " if letter in "\n\r\t" else "\ufffd" if _is_unfit(letter) else letter for letter in " ".join(cut.split(" "))
    )
    return shown if len(source) <= limit else f"{shown}…"


def _is_unfit(letter: str) -> bool:
    category = unicodedata.category(letter)
    return category in {"Cc", "Cs"} or letter in _REORDERING or letter in "\ufffe\uffff\u2028\u2029"


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        title: its heading, without the unit.
        unit: of its figures.
        numeric: right-aligned.
        better: whether a higher figure is better; None where neither is, and no best one is marked.
        code: hashes and names that are to be told apart letter by letter.
    """

    title: str
    unit: str = ""
    numeric: bool = False
    better: bool | None = None
    code: bool = False

    @property
    def heading(self) -> str:
        """Return the title with its unit."""
        return f"{self.title}, {self.unit}" if self.unit else self.title


@dataclass(frozen=True)
class Cell:
    """A cell of a table.

    Attributes:
        text: what it shows.
        value: the number behind the text.
        detail: a line below.
        interval: of the value; None where there is none.
        best: of its column.
        tone: whether what it says is good or bad news.
        link: the section that tells more of it; empty where none does.
    """

    text: str = ""
    value: float | None = None
    detail: str = ""
    interval: tuple[float, float] | None = None
    best: bool = False
    tone: Tone = ""
    link: str = ""

    @property
    def sort_key(self) -> str:
        """Return what the page sorts by: the number without rounding, or nothing where the text is to be taken."""
        return "" if self.value is None or math.isnan(self.value) else repr(float(self.value))


NOTHING = Cell("\N{EN DASH}")
"""Where there is no figure."""


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
        caption: what it is of.
        columns: as many as each row has cells.
        rows: of cells.
        note: how to read it, below.
        folded: behind a line that opens it.
    """

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""
    folded: bool = False


@dataclass(frozen=True)
class Plot:
    """A drawing with a text that says what it shows, and the table behind it.

    Attributes:
        name: unique in the document; letters, digits and hyphens.
        title: above the drawing.
        description: what the drawing shows.
        svg: draws it, in the colours of the light theme; None where there is nothing to draw.
        table: the figures behind it.
    """

    name: str
    title: str
    description: str
    svg: Callable[[], str] | None
    table: Table


@dataclass(frozen=True)
class Statement:
    """One finding.

    Attributes:
        status: what came of it.
        title: what it is about.
        reason: why.
    """

    status: Status
    title: str
    reason: str


@dataclass(frozen=True)
class Statements:
    """Findings, the gravest first."""

    items: tuple[Statement, ...]


@dataclass(frozen=True)
class Paragraph:
    """A sentence or two.

    Attributes:
        text: what it says.
        warning: something that the reader must not miss.
    """

    text: str
    warning: bool = False


@dataclass(frozen=True)
class Thumbnail:
    """A small image.

    Attributes:
        label: below it.
        alt: what it shows, for who cannot see it.
        data: an encoded WebP file.
        width: in pixels.
        height: in pixels.
    """

    label: str
    alt: str
    data: bytes
    width: int
    height: int


@dataclass(frozen=True)
class Exhibit:
    """One sample in images.

    Attributes:
        title: the sample's name.
        caption: its figures.
        images: beside each other.
        before: what the slider moves from; None where there is no pair.
        after: what it moves to.
    """

    title: str
    caption: str
    images: tuple[Thumbnail, ...]
    before: Thumbnail | None = None
    after: Thumbnail | None = None


@dataclass(frozen=True)
class Gallery:
    """Samples in images.

    Attributes:
        exhibits: the worst first.
        note: how to read them.
    """

    exhibits: tuple[Exhibit, ...]
    note: str = ""


Block = Table | Plot | Statements | Paragraph | Gallery


@dataclass(frozen=True)
class Section:
    """A part of the report under a heading.

    Attributes:
        name: unique in the document; letters, digits and hyphens.
        title: the heading.
        blocks: what it is made of.
    """

    name: str
    title: str
    blocks: tuple[Block, ...]

    @property
    def statements(self) -> tuple[Statement, ...]:
        """Return its findings."""
        return tuple(item for block in self.blocks if isinstance(block, Statements) for item in block.items)


@dataclass(frozen=True)
class Document:
    """A report.

    Attributes:
        title: the reader's name for it.
        subtitle: of what it is made.
        status: the gravest verdict; None where nothing was judged.
        outcome: the same as a sentence.
        sections: its parts.
    """

    title: str
    subtitle: str
    status: Status | None
    outcome: str
    sections: tuple[Section, ...]

    def tables(self) -> Iterable[Table]:
        """Return every table, those behind plots too."""
        for section in self.sections:
            for block in section.blocks:
                if isinstance(block, Table):
                    yield block
                elif isinstance(block, Plot):
                    yield block.table
