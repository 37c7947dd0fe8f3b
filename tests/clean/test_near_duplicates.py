"""Near-duplicates on rows that one can check by hand, on every engine."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from infra.errors import RecipeError
from infra.settings.home import HomeSettings
from tasks.clean.engines import Engine
from tasks.clean.engines.polars import PolarsEngine
from tasks.clean.rules.near_duplicates import NearDuplicateOptions
from tasks.data.parts import read_parts
from tasks.data.references import DatasetRef
from tasks.data.version import open_version

Raw = Callable[..., DatasetRef]
Run = Callable[..., DatasetRef]
Verdicts = dict[str, tuple[str, float]]
TEN = "one two three four five six seven eight nine ten"
WORDWISE = {"columns": ["text"], "shingle_size": 1}


def verdicts(ref: DatasetRef) -> Verdicts:
    """`row_id` of each row that the rule refused, the row that stays, and their similarity to three digits."""
    tables = [table for table in read_parts(open_version(ref).quarantine) if table.num_rows]
    rows = [row for table in tables for row in table.to_pylist() if row["refused"] == "near_duplicates"]
    return {row["row_id"]: (row["duplicate_of"], round(row["similarity"], 3)) for row in rows}


def find(run: Run, version: DatasetRef, engine: Engine, *before: str, **options: Any) -> Verdicts:
    return verdicts(run(version, engine, *before, "near_duplicates", near_duplicates={**WORDWISE, **options}))


def test_the_best_row_of_a_cluster_stays(raw: Raw, run: Run, engine: Engine) -> None:
    """0 and 1 share 10 of 11 words, 3 and 4 the same 10 of 11; 4 and 5 share 11 of 12, 3 and 5 10 of 12."""
    version = raw(
        {"text": TEN},
        {"text": f"{TEN} eleven"},
        {"text": "one two three four five a b c d e"},
        {"text": TEN.upper()},
        {"text": f"{TEN.upper()} X", "split": "test"},
        {"text": f"{TEN.upper()} X Y"},
        {"text": None},
        {"text": " "},
        {"text": ""},
        {"text": ""},
    )
    assert find(run, version, engine) == {
        "0000": ("0001", 0.909),
        "0003": ("0004", 0.909),  # near a test row: a leak, whichever is longer
        "0005": ("0004", 0.917),
    }


def test_rows_between_link_rows_that_are_not_alike_themselves(raw: Raw, run: Run) -> None:
    """Neighbours share 9 of 11 words; the ends of the chain 8 of 12."""
    words = TEN.split()
    version = raw({"text": TEN}, {"text": " ".join([*words[1:], "a"])}, {"text": " ".join([*words[2:], "a", "b"])})
    found = find(run, version, PolarsEngine(), keep="first")
    assert found == {"0001": ("0000", 0.818), "0002": ("0000", 0.667)}


def test_the_newest_stays(raw: Raw, run: Run, engines: dict[str, Engine]) -> None:
    version = raw(*({"text": TEN, "count": count} for count in (3, None, 7, 7, -1)))
    for name in ("polars", "dask"):
        found = find(run, version, engines[name], keep="newest", newest_by="count")
        assert found == dict.fromkeys(["0000", "0001", "0003", "0004"], ("0002", 1.0))


def test_rows_that_an_earlier_rule_refused_are_no_reason(raw: Raw, run: Run, engines: dict[str, Engine]) -> None:
    version = raw({"text": TEN, "label": None}, {"text": TEN, "label": "x", "count": 1})
    ref = run(
        version, engines["polars"], "drop_missing", "near_duplicates",
        drop_missing={"columns": ["label"]}, near_duplicates=WORDWISE,
    )  # fmt: skip
    assert open_version(ref).manifest.quarantined == {"drop_missing": 1}


def test_columns_and_units(raw: Raw, run: Run, engines: dict[str, Engine]) -> None:
    version = raw({"text": "日本語のテキスト", "label": TEN}, {"text": "日本語のテキスト。", "label": "another"})
    assert find(run, version, engines["polars"], unit="characters", shingle_size=2) == {"0000": ("0001", 0.875)}
    assert find(run, version, engines["polars"], columns=[], unit="characters", shingle_size=2) == {}


def test_engines_agree_and_leave_nothing_behind(
    raw: Raw, run: Run, engines: dict[str, Engine], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Families of texts with one word changed here and there; every fifth row is a test row."""
    monkeypatch.setenv("LEPTON_HOME", str(tmp_path / "home"))
    rows = []
    for number in range(120):
        words = [f"w{number // 4}-{place}" for place in range(20)]
        words[number % 20] = f"changed{number % 3}"
        rows.append({"text": " ".join(words), "split": "test" if number % 5 == 0 else "train"})
    version = raw(*rows)
    refs = [run(version, engine, "near_duplicates", near_duplicates=WORDWISE) for engine in engines.values()]
    found = [verdicts(ref) for ref in refs]
    assert len({ref.digest for ref in refs}) == 1
    assert found[0] == found[1] == found[2]
    assert len(found[0]) > 60
    scratch = HomeSettings().root / "scratch"
    assert [path.name for path in scratch.glob("*/*")] == ["verdicts"] * len(engines)

    run(version, PolarsEngine(), "near_duplicates", near_duplicates=WORDWISE)  # an engine that is dropped after it
    assert len(list(scratch.iterdir())) == len(engines)


TEXTS = st.lists(st.lists(st.sampled_from("abcdef"), max_size=6).map(" ".join), min_size=1, max_size=10)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=TEXTS, tests=st.sets(st.integers(0, 9)))
def test_what_is_refused_is_near_what_stays(raw: Raw, run: Run, texts: list[str], tests: set[int]) -> None:
    """The clusters are those of all pairs compared, as signatures of 1000 minima miss none of so few."""
    version = raw(
        {"text": "kept", "split": "test"},
        *({"text": text, "split": "test" if number in tests else "train"} for number, text in enumerate(texts)),
    )
    found = find(run, version, PolarsEngine(), threshold=0.6, recall=0.999999, permutations=1000, keep="first")
    sets = [set(), *(set(text.split()) for text in texts)]
    cluster = {number: {number} for number in range(1, len(sets)) if sets[number]}
    for one, other in combinations(cluster, 2):
        if len(sets[one] & sets[other]) / len(sets[one] | sets[other]) >= 0.6:
            joined = cluster[one] | cluster[other]
            cluster |= dict.fromkeys(joined, joined)
    right: Verdicts = {}
    for number, rows in cluster.items():
        kept = min(rows, key=lambda row: (row - 1 not in tests, row))
        if number != kept and number - 1 not in tests:
            likeness = len(sets[number] & sets[kept]) / len(sets[number] | sets[kept])
            right[f"{number:04d}"] = (f"{kept:04d}", round(likeness, 3))
    assert found == right


def test_options_that_contradict_each_other() -> None:
    with pytest.raises(ValidationError, match="newest_by: found ''; allowed: a column with keep: newest"):
        NearDuplicateOptions(keep="newest")
    with pytest.raises(ValidationError, match="newest_by: found 'count'; allowed: a column with keep: newest, else no"):
        NearDuplicateOptions(newest_by="count")
    with pytest.raises(ValidationError, match=r"permutations: found 4; allowed: more for threshold 0\.5 and recall"):
        NearDuplicateOptions(threshold=0.5, permutations=4)


def test_a_column_that_is_not_there_is_named(raw: Raw, run: Run) -> None:
    with pytest.raises(RecipeError, match=r"found body; allowed: text, label\. Change clean\.options"):
        find(run, raw({"text": TEN}), PolarsEngine(), columns=["body"])
    with pytest.raises(RecipeError, match=r"found day; allowed: text, label, count, share, known\."):
        find(run, raw({"text": TEN}), PolarsEngine(), keep="newest", newest_by="day")
