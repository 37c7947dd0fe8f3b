"""A page in Markdown (CommonMark, with GitHub's tables). What data brings along is text, never markup."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tasks.register.card.page import Block, Command, Items, Page, Paragraph, Picture, Table

_MARKUP = re.compile(r"[\\`*\[\]<>|~]|(?<![^\W_])_|_(?![^\W_])|&(?=#?\w+;)|#(?=#*$)")
_BEGINS_A_BLOCK = re.compile(r"^(?:[#=+:-]|\d+(?=[.)]))")
_BOLD = {"good", "bad"}


def markdown(page: Page) -> str:
    """The page as text. It has no pictures: what they show stands in tables too."""
    parts = [f"# {_line(page.title)}", *_blocks(page.lead)]
    for section in page.sections:
        parts += [f"## {_line(section.title)}", *_blocks(section.blocks)]
    return "\n\n".join(parts) + "\n"


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table; numbers get four significant digits."""
    lines = [[_cell(name) for name in header], ["---"] * len(header), *[[_cell(cell) for cell in row] for row in rows]]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def escaped(text: str) -> str:
    """Text within a line that Markdown shows as it is (CommonMark 2.4: any ASCII punctuation can be escaped)."""
    return _MARKUP.sub(r"\\\g<0>", " ".join(text.split()))


def _line(text: str) -> str:
    """Text that a line begins with: it makes no list, heading or rule either."""
    return _BEGINS_A_BLOCK.sub(_escaped_begin, escaped(text))


def _escaped_begin(begin: re.Match[str]) -> str:
    mark = begin.group()
    return f"{mark}\\" if mark.isdigit() else f"\\{mark}"


def _cell(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else escaped(str(value))


def _blocks(blocks: Sequence[Block]) -> list[str]:
    return [text for block in blocks if (text := _block(block))]


def _block(block: Block) -> str:
    match block:
        case Paragraph():
            return f"**{escaped(block.text)}**" if block.tone in _BOLD else _line(block.text)
        case Items():
            return "\n".join(f"- {_line(line)}" for line in block.lines)
        case Table():
            return f"{_line(block.caption)}\n\n{table(block.header, block.rows)}"
        case Command():
            return "\n".join(f"    {line}" for line in block.text.splitlines())
        case Picture():
            return ""
