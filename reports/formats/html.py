"""One HTML file that holds all it needs, and that a browser lets reach for nothing else."""

from __future__ import annotations

import base64
import hashlib
from importlib import resources

from ...core import needs_extra
from ..document import Block, Document, Gallery, Paragraph, Plot, Statements, Table, Thumbnail, plain
from ..svg import themed

__all__ = ["html_page"]

_KINDS = {Table: "table", Plot: "plot", Statements: "statements", Paragraph: "paragraph", Gallery: "gallery"}


def html_page(document: Document) -> str:
    """Return the page; the same document gives the same text.

    Its content-security policy allows the one style sheet and the one script inside, named by their hashes, and
    images that are part of the page; nothing from a network, and no style or script that a value might carry.

    Raises:
        DependencyError: Jinja2 is not installed.
    """
    with needs_extra("writing an HTML report", "jinja2", "report"):
        import jinja2
        from markupsafe import Markup
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_asset),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalize,
    )
    style, script = _asset("style.css"), _asset("script.js")
    policy = "; ".join(
        (
            "default-src 'none'",
            "img-src data:",
            f"style-src '{_hash(style)}'",
            f"script-src '{_hash(script)}'",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
    return environment.get_template("report.html").render(
        document=document,
        # Hashes are letters that mean nothing in HTML; the files are our own.
        policy=Markup(policy),  # noqa: S704
        style=Markup(style),  # noqa: S704
        script=Markup(script),  # noqa: S704
        kind_of=_kind_of,
        drawing=_drawing,
        source=_data_uri,
    )


def _asset(name: str) -> str:
    return resources.files(__spec__.parent).joinpath("page", name).read_text(encoding="utf-8")


def _finalize(value: object) -> object:
    """Make every text fit to stand in a page; Jinja2 escapes it after that."""
    from markupsafe import Markup

    return value if isinstance(value, Markup | int) else plain(value)


def _kind_of(block: Block) -> str:
    return _KINDS[type(block)]


def _drawing(plot: Plot) -> object:
    from markupsafe import Markup

    # Every text in it was escaped when it was drawn.
    return Markup(themed(plot.svg()) if plot.svg else "")  # noqa: S704


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _data_uri(image: Thumbnail) -> object:
    from markupsafe import Markup

    # Base64 has no letter that means anything in HTML.
    return Markup(f"data:image/webp;base64,{base64.b64encode(image.data).decode()}")  # noqa: S704
