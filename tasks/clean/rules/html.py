"""The rule that leaves the text of HTML: no tags, no scripts, and characters for their entities."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pyarrow as pa

from tasks.clean.rules.columns import TextOptions, batch_texts
from tasks.clean.rules.mapping import map_texts

# The elements of the HTML standard (whatwg.org, 4 and 16.2), those it calls obsolete, and the roots of SVG and MathML.
_IN_LINE_NAMES = """
    a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd label mark nobr q rp rt ruby s samp small span
    strike strong sub sup time tt u var wbr"""
_OTHER_NAMES = """
    address applet area article aside audio base basefont bgsound blink blockquote body br button canvas caption center
    col colgroup datalist dd details dialog dir div dl dt embed fieldset figcaption figure footer form frame frameset h1
    h2 h3 h4 h5 h6 head header hgroup hr html iframe img input legend li link main map marquee math menu meta meter nav
    noembed noframes object ol optgroup option output p param path picture plaintext pre progress search section select
    slot source summary svg table tbody td textarea tfoot th thead title tr track ul video xmp"""
_UNSEEN = frozenset({"script", "style", "template", "noscript"})
_IN_LINE = frozenset(_IN_LINE_NAMES.split())
_ELEMENTS = _UNSEEN | _IN_LINE | frozenset(_OTHER_NAMES.split())
# Bounds on quotes and their length keep the search linear in a text that opens many and closes none.
_ATTRIBUTES = r"(?:\s(?:\"[^\"]{0,4999}\"|'[^']{0,4999}'|[^<>\"']++){0,200}+|/)?>"
_TAG = re.compile(
    rf"</?(?:{'|'.join(sorted(_ELEMENTS))}|[a-z][\w.]*[:-][\w.:-]*){_ATTRIBUTES}|<!doctype[^<>]*>|<\?[^<>]*>",
    re.IGNORECASE | re.ASCII,
)


def strip_html(batch: pa.Table, options: TextOptions) -> pa.Table:
    """Leave the text of HTML: tags, comments, scripts and styles go, entities become the characters they stand for.

    Only what the standard calls an element is a tag, so `a < b`, `List<String>` and masks such as <EMAIL> stay. Where
    a tag parts lines or cells a space is left.
    """
    return map_texts(batch, batch_texts(batch, options.columns), html_text, "[<&]")


def html_text(text: str) -> str:
    """The text of a fragment of HTML."""
    parser = _Text()
    parser.feed(_without_false_tags(text))
    parser.close()
    return "".join(parser.pieces)


def _without_false_tags(text: str) -> str:
    """With every `<` escaped that begins no tag and no comment; parsers differ in what they make of those."""
    comments_end = text.rfind("-->")

    def escaped(found: re.Match[str]) -> str:
        at = found.start()
        is_comment = text.startswith("<!--", at) and at + 4 <= comments_end
        return "<" if is_comment or _TAG.match(text, at) else "&lt;"

    return re.sub("<", escaped, text)


class _Text(HTMLParser):
    """Collects what a reader would see."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._part(tag)
        self._unseen += tag in _UNSEEN

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._part(tag)

    def handle_endtag(self, tag: str) -> None:
        self._part(tag)
        if tag in _UNSEEN:
            self._unseen = max(0, self._unseen - 1)

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.pieces.append(data)

    def _part(self, tag: str) -> None:
        if tag not in _IN_LINE and not self._unseen:
            self.pieces.append(" ")
