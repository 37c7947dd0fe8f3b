from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tasks.register.card.html import html
from tasks.register.card.markdown import markdown, table
from tasks.register.card.page import Command, Items, Page, Paragraph, Picture, Section, Table
from tests.register.card.made import PIXEL

MARKUP = "|\\`*_<>[](){}#~&;-+=1.!:x \n"
texts = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1), st.text(MARKUP, min_size=1)
).filter(lambda text: bool(text.split()))
SHOWN = ("h1", "h2", "p", "li", "th", "td")


class Shown(HTMLParser):
    """What a page shows: the text of each element, and the names of all elements."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.texts: list[tuple[str, str]] = []
        self.elements: set[str] = set()
        self._within = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.elements.add(tag)
        if tag in SHOWN:
            self._within = tag
            self.texts.append((tag, ""))

    def handle_endtag(self, tag: str) -> None:
        self._within = "" if tag == self._within else self._within

    def handle_data(self, data: str) -> None:
        if self._within:
            tag, text = self.texts[-1]
            self.texts[-1] = (tag, text + data)


def page_of(text: str) -> Page:
    rows = ((text, text),)
    return Page(text, (Paragraph(text),), (Section(text, (Items((text,)), Table("of", ("a", text), rows))),))


@given(texts)
def test_whatever_data_says_is_shown_as_it_is_in_markdown(text: str) -> None:
    shown = Shown(MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(markdown(page_of(text))))
    line = " ".join(text.split())
    expected = [("h1", line), ("p", line), ("h2", line), ("li", line), ("p", "of")]
    expected += [("th", "a"), ("th", line), ("td", line), ("td", line)]
    assert [(tag, " ".join(found.split())) for tag, found in shown.texts] == expected


@given(texts)
def test_whatever_data_says_is_shown_as_it_is_in_html(text: str) -> None:
    shown = Shown(html(page_of(text)))
    assert [found for tag, found in shown.texts if tag == "td"] == [text]
    assert ("h1", text) in shown.texts and ("p", text) in shown.texts
    assert shown.elements == Shown(html(page_of("plain"))).elements


@pytest.mark.parametrize("hostile", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7 * 7 }}"])
def test_a_hostile_name_brings_no_element(hostile: str) -> None:
    page = html(page_of(hostile))
    assert "<script" not in page and "<img" not in page
    assert Shown(page).texts[0] == ("h1", hostile)


def test_markdown_by_hand() -> None:
    page = Page(
        "A | B",
        (Paragraph("Failed.", "bad"), Paragraph("1. is no list")),
        (
            Section(
                "Of <b>",
                (
                    Table("Rows", ("name", "share"), (("a_b", "-0.5"), ("x|y", "<i>"))),
                    Items(("- one", "*two*")),
                    Command("lepton card\nlepton run"),
                    Picture("a pixel", PIXEL),
                ),
            ),
        ),
    )
    assert (
        markdown(page)
        == r"""# A \| B

**Failed.**

1\. is no list

## Of \<b\>

Rows

| name | share |
| --- | --- |
| a_b | -0.5 |
| x\|y | \<i\> |

- \- one
- \*two\*

    lepton card
    lepton run
"""
    )


def test_a_table_has_numbers_in_four_digits() -> None:
    assert table(["a"], [["x|y"], [0.123456]]).splitlines()[2:] == ["| x\\|y |", "| 0.1235 |"]


def test_html_needs_nothing_else() -> None:
    page = html(Page("t", (), (Section("s", (Picture("a pixel", PIXEL),)),)))
    assert 'alt="a pixel" src="data:image/png;base64,iVBORw0KGgo' in page
    assert "http://" not in page and "https://" not in page and "<link" not in page and "<script" not in page
    assert 'name="viewport"' in page and "@media print" in page and "prefers-color-scheme: dark" in page
