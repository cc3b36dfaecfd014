"""Markdown that renders in a pull request, with its drawings as SVG files beside it."""

from __future__ import annotations

import re

from ..document import Block, Document, Gallery, Paragraph, Plot, Statements, Table, plain
from ..svg import standalone

__all__ = ["drawings", "markdown"]

_MARKS = {"passed": "✅", "failed": "❌", "not enough evidence": "❔", "note": "\N{INFORMATION SOURCE}"}
# What could start markup anywhere in a line; a line's own beginning is never a value's.
_HASH = re.compile(r"[0-9a-f]+")
_SPECIAL = re.compile(r"([\\`*_\[\]<>|~#!&$])")


def markdown(document: Document, folder: str) -> str:
    """Return the report as Markdown; images of samples are left to the page.

    Args:
        document: the report.
        folder: of the drawings, as a link from the Markdown file.
    """
    lines = [f"# {_text(document.title)}", "", _text(document.subtitle), ""]
    if document.status:
        lines += [f"**{_MARKS[document.status]} {_text(document.outcome)}**", ""]
    for section in document.sections:
        parts = [part for block in section.blocks for part in _block(block, folder)]
        if parts:
            lines += [f"## {_text(section.title)}", "", *parts]
    return "\n".join(lines).rstrip() + "\n"


def drawings(document: Document) -> dict[str, str]:
    """Return the files that the Markdown shows, by name."""
    plots = (block for section in document.sections for block in section.blocks if isinstance(block, Plot))
    return {f"{plot.name}.svg": standalone(plot.svg()) for plot in plots if plot.svg}


def _block(block: Block, folder: str) -> list[str]:
    if isinstance(block, Table):
        return (
            _folded(block.caption, _table(block))
            if block.folded
            else [f"**{_text(block.caption)}**", "", *_table(block)]
        )
    if isinstance(block, Plot):
        drawing = [f"![{_text(block.description)}]({folder}/{block.name}.svg)", ""] if block.svg else []
        return [f"**{_text(block.title)}**", "", *drawing, *_folded("The figures behind it", _table(block.table))]
    if isinstance(block, Statements):
        rows = [
            f"| {_MARKS[item.status]} {item.status} | **{_text(item.title)}** | {_text(item.reason)} |"
            for item in block.items
        ]
        return ["| verdict | what | why |", "|---|---|---|", *rows, ""]
    if isinstance(block, Paragraph):
        return [f"> {_text(block.text)}" if block.warning else _text(block.text), ""]
    return _gallery(block)


def _gallery(gallery: Gallery) -> list[str]:
    """The page has the images; their captions are figures too."""
    rows = [f"| {_text(one.title)} | {_text(one.caption)} |" for one in gallery.exhibits if one.caption]
    return ["| sample, the worst first | figures |", "|---|---|", *rows, ""] if rows else []


def _folded(summary: str, lines: list[str]) -> list[str]:
    return [f"<details><summary>{_text(summary)}</summary>", "", *lines, "</details>", ""]


def _table(table: Table) -> list[str]:
    heads = [_text(column.heading) for column in table.columns]
    lines = [f"| {' | '.join(heads)} |", f"|{'|'.join('---:' if c.numeric else '---' for c in table.columns)}|"]
    for row in table.rows:
        cells: list[str] = []
        for cell, column in zip(row, table.columns, strict=True):
            is_hash = column.code and _HASH.fullmatch(cell.text)
            text = f"`{cell.text}`" if is_hash else _text(cell.text)
            text = f"**{text}** ★" if cell.best else text
            cells.append(f"{text}<br><sub>{_text(cell.detail)}</sub>" if cell.detail else text)
        lines.append(f"| {' | '.join(cells)} |")
    lines.append("")
    return [*lines, _text(table.note), ""] if table.note else lines


def _text(text: str) -> str:
    """Escape text: in a table, a link's text or a heading it stays what it is."""
    return _SPECIAL.sub(r"\\\1", plain(text)).replace(r"\<", "&lt;").replace(r"\>", "&gt;").replace(r"\&", "&amp;")
