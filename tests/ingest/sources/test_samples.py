"""The samples as their packages have them today: counts that the literature gives."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pyarrow.csv as pc
import pytest

from infra.errors import RecipeError
from tasks.ingest.sources.samples import SAMPLES, fetch_sample, find_sample


def columns(name: str) -> dict[str, list[object]]:
    options = pc.ParseOptions(newlines_in_values=True)
    table: dict[str, list[object]] = pc.read_csv(fetch_sample(name), parse_options=options).to_pydict()
    return table


def test_atis() -> None:
    rows = columns("atis")
    assert Counter(rows["split"]) == {"train": 4_978, "test": 893}
    assert (rows["label"][0], rows["tags"][0]) == (
        "flight",
        "O O O O O B-fromloc.city_name O B-toloc.city_name B-round_trip I-round_trip",
    )
    assert rows["text"][0] == "i want to fly from baltimore to dallas round trip"
    assert not [label for label in rows["label"] if "atis_" in str(label)]
    same = (
        len(str(text).split()) == len(str(tags).split()) for text, tags in zip(rows["text"], rows["tags"], strict=True)
    )
    assert all(same)


def test_faq() -> None:
    rows = columns("faq")
    assert (len(rows["text"]), len(set(rows["label"]))) == (503, 39)


def test_reuters() -> None:
    rows = columns("reuters")
    assert Counter(rows["split"]) == {"train": 5_485, "test": 2_189}
    assert len(set(rows["label"])) == 8


def test_movielens() -> None:
    rows = columns("movielens")
    assert [len(set(rows[name])) for name in ("user", "item", "rating")] == [943, 1_682, 5]
    assert len(rows["user"]) == 100_000


def test_adult() -> None:
    rows = columns("adult")
    assert Counter(rows["split"]) == {"train": 32_561, "test": 16_281}
    assert Counter(rows["label"]) == {"<=50K": 37_155, ">50K": 11_687}
    assert len(rows) == 16


def test_a_sample_is_the_same_bytes_each_time() -> None:
    first = fetch_sample("faq").read_bytes()
    assert fetch_sample("faq").read_bytes() == first


def test_every_sample_has_its_terms_and_the_columns_that_it_names() -> None:
    for sample in SAMPLES:
        named = set(sample.columns.model_dump().values()) - {""}
        assert sample.files.terms
        assert named <= set(sample.header)


def test_no_draft_stays_beside_a_sample() -> None:
    assert list(Path(fetch_sample("faq")).parent.glob(".faq-*")) == []


def test_an_unknown_sample_is_named() -> None:
    with pytest.raises(RecipeError, match=r"ingest\.sample: found 'iris'; allowed: atis, faq, reuters"):
        find_sample("iris")
