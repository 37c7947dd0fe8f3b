"""A page in HTML: one file that needs nothing else, for a phone, a screen and paper."""

from __future__ import annotations

import base64
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tasks.register.card.page import Page, Picture

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent / "templates"


def html(page: Page) -> str:
    """The page as a document; everything that is not of the template is escaped."""
    return _environment().get_template("page.html").render(page=page)


def data_uri(picture: Picture) -> str:
    """The picture within the page (RFC 2397)."""
    return f"data:image/png;base64,{base64.b64encode(picture.png).decode()}"


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    found = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    found.filters["kind"] = lambda block: type(block).__name__
    found.filters["data_uri"] = data_uri
    return found
