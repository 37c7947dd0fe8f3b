"""A page as data: what is told, before it becomes Markdown or HTML. All texts are plain, and hostile ones too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Paragraph:
    """A few sentences; `good` and `bad` ones stand out."""

    text: str
    tone: Literal["plain", "good", "bad"] = "plain"


@dataclass(frozen=True)
class Items:
    """A list."""

    lines: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """Rows of texts below a header; the first cell of a row says what the row is of."""

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Picture:
    """A PNG, and what it shows for whoever can't see it."""

    alt: str
    png: bytes


@dataclass(frozen=True)
class Command:
    """What to type."""

    text: str


Block = Paragraph | Items | Table | Picture | Command


@dataclass(frozen=True)
class Section:
    """A heading and what stands below it."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Page:
    """A title, what is told first, and sections."""

    title: str
    lead: tuple[Block, ...]
    sections: tuple[Section, ...]


def number(value: float | None) -> str:
    """Four significant digits."""
    return "not measured" if value is None else f"{value:.4g}"


def not_measured(title: str, how: str) -> Section:
    """In place of what is not there, with what would bring it: a gap must show."""
    return Section(title, (Paragraph(f"Not measured. {how}"),))
