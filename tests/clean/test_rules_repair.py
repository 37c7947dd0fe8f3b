"""HTML, mojibake and languages."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from infra.errors import RecipeError
from tasks.clean.engines import Engine
from tasks.clean.rules.columns import TextOptions
from tasks.clean.rules.encoding import fix_mojibake
from tasks.clean.rules.html import html_text
from tasks.clean.rules.language import LanguageOptions, OtherLanguageOptions, language
from tasks.data.references import DatasetRef
from tests.clean.outcome import refused

Raw = Callable[..., DatasetRef]
Run = Callable[..., DatasetRef]
GERMAN = "Ich habe meine Karte verloren und weiß nicht, was ich jetzt tun soll."
FRENCH = "J'ai perdu ma carte et je ne sais pas ce que je dois faire maintenant."
ENGLISH = "I have lost my card and do not know what I should do about it now."


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<p>Hi <b>you</b></p><p>a &lt; b &amp; c</p>", " Hi you  a < b & c "),
        ("one<br>two<BR/>three<td>four", "one two three four"),
        ("<script>if (a<b) x('</p>')</script>seen<style>p {}</style>", " seen "),
        ("<!DOCTYPE html><!-- not <b>this</b> --><a href='/x?a>b' title=\"<i>\">link</a>", "link"),
        ("<o:p>x</o:p><my-tag>y</my-tag><?xml version='1.0'?>", " x  y "),
        ("caf&eacute; &#8364;5 &#x41; AT&T &unknown;", "café €5 A AT&T &unknown;"),
        ("<h1>unclosed <em>tags", " unclosed tags"),
        ("<script>never closed <b>hidden", " "),
        ("</div>stray", " stray"),
    ],
)
def test_html(text: str, expected: str) -> None:
    assert html_text(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "a < b and c > d",
        "I <3 you",
        "List<String>",
        "<EMAIL> and <URL>",
        "if a<b and c",
        "<!-- open",
        "x <",
        "1<2<3",
        "<>",
    ],
)
def test_what_is_no_tag_stays(text: str) -> None:
    assert html_text(text) == text


@pytest.mark.parametrize(
    "piece", ['<a "', "<a '<b ", "<!--", "<", "&", "<script>", "<a>", "</p", "<!doctype ", "<?", "<div "]
)
def test_long_cells_of_broken_html_take_linear_time(piece: str) -> None:
    begin = time.process_time()
    html_text(piece * (1_000_000 // len(piece)))
    assert time.process_time() - begin < 8


def test_html_is_read_once_so_what_it_shows_as_a_tag_stays_text() -> None:
    assert html_text("&lt;b&gt;") == "<b>"  # why the rule is not among those that may run twice


@given(st.text())
def test_no_text_without_markup_changes(text: str) -> None:
    plain = text.replace("<", "").replace("&", "").replace("\r", "")
    assert html_text(plain) == plain


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cafÃ©", "café"),
        ("âœ” No problems", "✔ No problems"),
        ("The Mona Lisa doesnâ€™t have eyebrows.", "The Mona Lisa doesn\u2019t have eyebrows."),
        ("l\u2019humanitÃ©", "l\u2019humanité"),
        ("&lt; “quotes” ﬁ café naïve Ünïcödé 日本語 😀", "&lt; “quotes” ﬁ café naïve Ünïcödé 日本語 😀"),
        ("plain", "plain"),
        (None, None),
    ],
)
def test_mojibake(text: str | None, expected: str | None) -> None:
    batch = pa.table({"text": pa.array([text], pa.string())})
    assert fix_mojibake(batch, TextOptions())["text"].to_pylist() == [expected]


@given(st.text(st.characters(max_codepoint=0x2100, exclude_categories=["Cs"])))
@settings(max_examples=100)
def test_a_known_wrong_decoding_mended_twice_is_mended_once(text: str) -> None:
    broken = text.encode().decode("cp1252", errors="replace")
    once = fix_mojibake(pa.table({"text": [broken]}), TextOptions())
    assert fix_mojibake(once, TextOptions()) == once


def test_languages() -> None:
    options = LanguageOptions()
    assert [language(text, options) for text in (GERMAN, FRENCH, ENGLISH)] == ["de", "fr", "en"]
    assert language("Karte verloren", options) is None  # too short to tell
    assert language("1234567890 " * 10, LanguageOptions(minimum_probability=1.0)) is None
    assert language(GERMAN * 2_000, options) == "de"


def test_other_languages_are_refused(raw: Raw, run: Run, engines: dict[str, Engine]) -> None:
    version = raw({"text": GERMAN}, {"text": ENGLISH}, {"text": FRENCH, "split": "test"}, {"text": "Hallo"}, {})
    ref = run(version, engines["polars"], "drop_other_languages", drop_other_languages={"languages": ["en", "fr"]})
    assert refused(ref) == {"0000": "drop_other_languages"}


def test_a_minority_is_what_training_rows_have_less_of(raw: Raw, run: Run, engines: dict[str, Engine]) -> None:
    tests = [{"text": ENGLISH, "split": "test"}] * 3
    version = raw({"text": GERMAN}, {"text": GERMAN, "label": "a"}, {"text": FRENCH}, {"text": "short"}, *tests)
    for name in ("polars", "dask"):
        ref = run(version, engines[name], "drop_minority_languages")
        assert refused(ref) == dict.fromkeys(["0002", "0004", "0005", "0006"], "drop_minority_languages")


def test_a_language_that_is_no_code_is_named() -> None:
    with pytest.raises(ValidationError, match="languages: found English; allowed: two small letters of ISO 639-1"):
        OtherLanguageOptions(languages=["English", "de"])


def test_a_column_that_is_not_there_is_named(raw: Raw, run: Run, engines: dict[str, Engine]) -> None:
    rules: dict[str, dict[str, Any]] = {
        name: {"columns": ["body"]} for name in ("strip_html", "fix_mojibake", "drop_minority_languages")
    }
    for name, options in rules.items():
        with pytest.raises(RecipeError, match="found body; allowed: text, label"):
            run(raw({"text": "a"}), engines["polars"], name, **{name: options})
