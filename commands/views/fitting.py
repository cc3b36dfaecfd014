"""Tables on a terminal of any width: what does not fit side by side is folded, then turned; nothing is cut."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from rich import box
from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text

from ...core import printable
from ...reports import Cell, Column, Table

__all__ = ["fits", "named_by", "print_banded", "print_lines", "print_pairs", "print_table", "say_once"]

_GAP = 2
"""Characters between two columns."""

_TALLEST = 4
"""Lines of a folded row; where one would take more, its text is easier to read below it."""

_INDENT = 2

Pair = tuple[Text, Text]
"""A field and its value."""


@dataclass(frozen=True)
class _Fitted:
    """Columns that fit beside each other: their widths in characters, and the cells in the form that fits."""

    table: Table
    widths: list[int]
    rows: list[list[Text]]

    def grid(self, rows: Iterable[Sequence[Text]], *, header: bool = True) -> Grid:
        grid = Grid(
            box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, _GAP - 1, 0, 0), show_header=header
        )
        for column, width in zip(self.table.columns, self.widths, strict=True):
            # Left to rich, the widths would be cut in proportion, figures' too.
            heading, justify = Text(printable(column.heading)), "right" if column.numeric else "left"
            grid.add_column(heading, width=width, justify=justify, overflow="fold")
        for row in rows:
            grid.add_row(*row)
        return grid


def say_once(table: Table, titles: Collection[str]) -> Table:
    """Return the table with columns of these titles whose cells are all alike told in its note instead.

    The note says them first, in the order of the columns: `All: device CPU, batch 1`. An empty cell, of what has no
    meaning in its row, is like any other; what is empty everywhere is left out.
    """
    alike: dict[int, str] = {}
    for place, column in enumerate(table.columns):
        found = {row[place].text for row in table.rows} - {""}
        if column.title in titles and len(found) < 2:
            alike[place] = "".join(found)
    said = ", ".join(f"{table.columns[place].title} {text}" for place, text in alike.items() if text)
    kept = [place for place in range(len(table.columns)) if place not in alike]
    note = ". ".join(filter(None, (f"All: {said}" if said else "", table.note)))
    return replace(_columns(table, kept), note=note)


def named_by(table: Table, titles: Collection[str]) -> Table:
    """Return the table with the texts of these columns joined into the first one, which then names its row."""
    joined = [place for place, column in enumerate(table.columns) if place == 0 or column.title in titles]
    others = [place for place in range(len(table.columns)) if place not in joined]
    return replace(
        table,
        columns=(Column("candidate"), *(table.columns[place] for place in others)),
        rows=tuple(
            (
                Cell(" ".join(row[place].text for place in joined if row[place].text), best=row[0].best),
                *(row[place] for place in others),
            )
            for row in table.rows
        ),
    )


def fits(table: Table, console: Console) -> bool:
    """Tell whether all columns have their place beside each other."""
    return _fit(table, console) is not None


def print_table(table: Table, console: Console) -> None:
    """Print a table whole, whatever the console's width; its note stands between its caption and its columns.

    Figures are never broken. Where the columns do not fit side by side, texts are folded between words; where that is
    not enough, the longest text goes below its row; and where even that is not, each row becomes a block with a line
    for each field that is not empty.
    """
    _print_heading(table.caption, table.note, console)
    fitted = _fit(table, console)
    if fitted is not None:
        console.print(fitted.grid(fitted.rows))
        return
    for part in _text_below(table, console) or [_turned(table, console.width)]:
        console.print(part)


def print_banded(table: Table, naming: Collection[str], console: Console) -> None:
    """Print a table whose columns do not fit side by side in several bands, each of which begins with the row's name.

    Args:
        table: the first column and those of `naming` name a row.
        naming: titles of columns; what all rows have alike is said once, above.
        console: on which one band at least must fit, or the table is printed as any other.
    """
    table = say_once(table, naming)
    if not fits(table, console):
        table = named_by(table, naming)
    bands: list[list[int]] = [[]]
    for place in range(1, len(table.columns)):
        if bands[-1] and not fits(_columns(table, [0, *bands[-1], place]), console):
            bands.append([])
        bands[-1].append(place)
    for number, band in enumerate(bands):
        part = _columns(table, [0, *band])
        print_table(part if number == 0 else replace(part, caption="", note=""), console)


def _columns(table: Table, places: Sequence[int]) -> Table:
    return replace(
        table,
        columns=tuple(table.columns[place] for place in places),
        rows=tuple(tuple(row[place] for place in places) for row in table.rows),
    )


def print_lines(text: str, console: Console) -> None:
    """Print text from outside, on a terminal folded between words; a longer word, such as a link, stays whole."""
    for line in printable(text, lines=True).split("\n"):
        folded = textwrap.fill(line, console.width, break_long_words=False, break_on_hyphens=False)
        console.print(Text(folded), soft_wrap=True)


def print_pairs(caption: str, pairs: Iterable[tuple[str, str]], console: Console) -> None:
    """Print a line for each field and its value, which may have several lines itself."""
    _print_heading(caption, "", console)
    block = [(Text(printable(field), style="italic"), Text(printable(value, lines=True))) for field, value in pairs]
    console.print(_below_each_other([block], console.width))


def _print_heading(caption: str, note: str, console: Console) -> None:
    if caption:
        console.print(Text(printable(caption), style="bold"))
    if note:
        console.print(Text(printable(note), style="dim"))


def _text(cell: Cell, *, between: str = " ") -> Text:
    style = "bold green" if cell.best or cell.tone == "good" else "red" if cell.tone == "bad" else ""
    text = Text(f"{printable(cell.text, lines=True)}{' ★' if cell.best else ''}", style=style)
    if cell.detail:
        text.append(f"{between}({printable(cell.detail)})", style="dim")
    return text


def _fit(table: Table, console: Console) -> _Fitted | None:
    """Return how the columns fit beside each other; None where they do not."""
    headings = [Text(printable(column.heading)) for column in table.columns]
    rows = [[_text(cell) for cell in row] for row in table.rows]
    natural = [max(map(_line_width, column)) for column in zip(headings, *rows, strict=True)]
    room = console.width - _GAP * (len(headings) - 1)
    if sum(natural) <= room:
        return _Fitted(table, natural, rows)
    rows = [[_text(cell, between="\n") for cell in row] for row in table.rows]
    least = [
        max(1, _word_width(heading), *((_line_width if column.numeric else _word_width)(row[place]) for row in rows))
        for place, (heading, column) in enumerate(zip(headings, table.columns, strict=True))
    ]
    if sum(least) > room:
        return None
    widths = _shared(least, natural, room)
    if any(len(text.wrap(console, widths[place])) > _TALLEST for row in rows for place, text in enumerate(row)):
        return None
    return _Fitted(table, widths, rows)


def _text_below(table: Table, console: Console) -> list[RenderableType] | None:
    """Return the table with its longest text in lines of its own below each row; None where the rest does not fit."""
    lengths = {
        place: max((len(row[place].text) for row in table.rows), default=0)
        for place, column in enumerate(table.columns)
        if place and not column.numeric
    }
    if not lengths:
        return None
    below = max(lengths, key=lambda place: lengths[place])
    others = [place for place in range(len(table.columns)) if place != below]
    fitted = _fit(_columns(table, others), console)
    if fitted is None:
        return None
    parts: list[RenderableType] = [fitted.grid([])]
    for row, cells in zip(fitted.rows, table.rows, strict=True):
        parts.append(fitted.grid([row], header=False))
        if cells[below].text:
            text = Text.assemble((f"{printable(table.columns[below].heading)} ", "italic"), _text(cells[below]))
            parts.append(Padding(text, (0, 0, 0, _INDENT)))
    return parts


def _shared(least: Sequence[int], natural: Sequence[int], room: int) -> list[int]:
    """Widths of columns that fill the room: the text that takes the most lines gets the next character."""
    widths = list(least)
    for _ in range(room - sum(least)):
        place = max(range(len(widths)), key=lambda each: natural[each] / widths[each])
        widths[place] += 1
    return widths


def _turned(table: Table, width: int) -> Grid:
    """Return a block for each row."""
    headings = [Text(printable(column.heading), style="italic") for column in table.columns]
    blocks = [
        [(heading, _text(cell)) for heading, cell in zip(headings, row, strict=True) if cell.text] for row in table.rows
    ]
    return _below_each_other(blocks, width)


def _below_each_other(blocks: Sequence[Sequence[Pair]], width: int) -> Grid:
    """A line for each field and its value, and an empty one between two blocks."""
    longest = max((_line_width(field) for block in blocks for field, _ in block), default=1)
    fields = min(longest, max(1, width // 2))
    grid = Grid.grid(padding=(0, _GAP, 0, 0))
    grid.add_column(width=fields, overflow="fold")
    grid.add_column(max_width=max(1, width - fields - _GAP), overflow="fold")
    for number, block in enumerate(blocks):
        if number:
            grid.add_row("", "")
        for field, value in block:
            grid.add_row(field, value)
    return grid


def _line_width(text: Text) -> int:
    return max((cell_len(line) for line in text.plain.split("\n")), default=0)


def _word_width(text: Text) -> int:
    return max((cell_len(word) for word in text.plain.split()), default=0)
