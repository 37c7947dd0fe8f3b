"""Labelling functions vote for what they should, and a strange one is named."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pydantic import ValidationError

from infra.errors import RecipeError
from tasks.label.config import LabelOptions, WeakOptions
from tasks.label.functions import cast_votes, labelling_functions

LABELS = ["bad", "good", "other"]
LISTS = [{"label": "good", "words": ["gain", "rise"]}, {"label": "bad", "words": ["loss", "fall"]}]


def votes(texts: list[str | None], **weak: Any) -> list[list[str | None]]:
    functions = labelling_functions(WeakOptions.model_validate(weak))
    found = cast_votes(functions, pa.table({"text": pa.array(texts, pa.string())}), LABELS)
    return [[LABELS[place] if place >= 0 else None for place in row] for row in found.tolist()]


def vote(text: str | None, **weak: Any) -> str | None:
    return votes([text], **weak)[0][0]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("It was LATE again", "bad"),
        ("late", "bad"),
        ("translated", None),
        ("delayed for hours", "bad"),
        ("un-delayed?", "bad"),
        ("no one came", "bad"),
        ("Élate", None),
        ("", None),
        (None, None),
    ],
)
def test_keywords_are_whole_words_but_for_a_star(text: str | None, found: str | None) -> None:
    assert vote(text, keywords=[{"name": "k", "label": "bad", "words": ["late", "delay*", "no one"]}]) == found


def test_a_word_may_hold_signs_of_expressions() -> None:
    options = {"name": "k", "label": "good", "words": [":-)", "c++"]}
    assert votes(["I like c++", "fine :-) so", "ccc"], keywords=[options]) == [["good"], ["good"], [None]]


def test_a_pattern_matches_anywhere() -> None:
    assert votes(["up 5%", "up"], patterns=[{"name": "p", "label": "good", "pattern": r"\d+%$"}]) == [["good"], [None]]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("A gain, and a rise, for one loss", "good"),
        ("gain and loss", None),
        ("nothing", "other"),
        ("no gain but a loss", "bad"),
        ("it wasn't a great gain", "other"),
        ("never mind: a very large gain", "good"),
        (None, None),
    ],
)
def test_a_lexicon_counts_words_that_are_not_negated(text: str | None, found: str | None) -> None:
    assert vote(text, lexicons=[{"name": "l", "lists": LISTS, "otherwise": "other"}]) == found


def test_a_word_on_two_lists_speaks_for_neither() -> None:
    lists = [{"label": "good", "words": ["odd", "rise"]}, {"label": "bad", "words": ["odd"]}]
    assert votes(["odd rise", "odd"], lexicons=[{"name": "l", "lists": lists}]) == [["good"], [None]]


@pytest.fixture
def house_votes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "house_votes.py").write_text(
        "import pyarrow.compute as pc\n"
        "def short(batch): return ['good' if len(text) < 5 else None for text in batch['text'].to_pylist()]\n"
        "def arrow(batch): return pc.if_else(pc.greater(pc.utf8_length(batch['text']), 4), 'bad', None)\n"
        "def strange(batch): return ['great'] * batch.num_rows\n"
        "def few(batch): return ['good']\n"
        "def broken(batch): return batch['nothing']\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    sys.modules.pop("house_votes", None)


def test_a_function_of_the_user_s_own_gives_a_list_or_an_array(house_votes: None) -> None:
    own = ["house_votes:short", "house_votes:arrow"]
    assert votes(["abc", "abcdef"], functions=own) == [["good", None], [None, "bad"]]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("strange", r"found a vote for 'great'; allowed: bad, good, other"),
        ("few", r"found 1 votes for 2 rows"),
        ("broken", r"'house_votes:broken': found KeyError.*one label as text, or null"),
        ("absent", r"found module 'house_votes' has no attribute 'absent'.*label.weak.functions"),
    ],
)
def test_a_strange_function_is_named(house_votes: None, name: str, text: str) -> None:
    with pytest.raises(RecipeError, match=text):
        votes(["a", "b"], functions=[f"house_votes:{name}"])


def test_a_module_that_is_no_python_is_named(house_votes: None, tmp_path: Path) -> None:
    (tmp_path / "half_written.py").write_text("def vote(\n")
    with pytest.raises(RecipeError, match=r"'half_written:vote': found SyntaxError: .*Correct label.weak.functions"):
        votes(["a", "b"], functions=["half_written:vote"])


def test_a_column_that_is_not_there_is_named() -> None:
    with pytest.raises(RecipeError, match=r"'k': found ValueError: no column 'title' among text"):
        vote("x", keywords=[{"name": "k", "label": "bad", "column": "title", "words": ["x"]}])


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"patterns": [{"name": "p", "label": "a", "pattern": "(a"}]}, r"pattern: found '\(a'"),
        ({"functions": ["nothing"]}, "functions: found 'nothing'; write package.module:function"),
        ({"keywords": [{"name": "p", "label": "a", "words": ["b"]}] * 2}, "name: found p twice"),
        ({"keywords": [{"name": "p", "label": "a", "words": ["b", " *"]}]}, r"words: found ' \*', which is in every"),
        ({"lexicons": [{"name": "l", "lists": [{"label": "a"}]}]}, "words: found none"),
    ],
)
def test_options_that_contradict_are_refused(options: dict[str, Any], text: str) -> None:
    with pytest.raises(ValidationError, match=text):
        WeakOptions.model_validate(options)


def test_a_label_that_the_recipe_does_not_have_is_refused() -> None:
    weak = {"keywords": [{"name": "k", "label": "c", "words": ["x"]}]}
    with pytest.raises(ValidationError, match=r"labels: found none of c, which label\.weak votes for"):
        LabelOptions.model_validate({"labels": ["a", "b"], "weak": weak})


def test_own_modules_count_in_the_cache_key() -> None:
    assert LabelOptions.model_validate({"weak": {"functions": ["house.votes:short"]}}).modules() == ("house.votes",)
    assert not LabelOptions().enabled
