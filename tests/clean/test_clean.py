"""Equal data sets from every engine; and rules that break the agreement are named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import narwhals as nw
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from infra.errors import DataError, RecipeError
from infra.settings.clusters import ClusterSettings
from tasks.clean.config import CleanOptions
from tasks.clean.engines import Engine, choose_engine
from tasks.clean.rules import find_rule
from tasks.clean.rules.rule import describe
from tasks.data.digest import file_digest, final_digest
from tasks.data.fingerprint import module_file
from tasks.data.parts import part_files
from tasks.data.references import DatasetRef
from tasks.data.version import open_version, read_rows
from tasks.options import Options

Raw = Callable[..., DatasetRef]
Run = Callable[..., DatasetRef]
SOME_OF_EACH_KIND = (  # every rule alone is compared in the tests of the rules
    "trim",
    "normalize_unicode",
    "lower",
    "drop_short",
    "drop_long",
    "drop_missing",
    "fill_missing",
    "drop_duplicates",
)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=6) | st.sampled_from(
    ["a", "A ", " a", "é", "e\u0301"]
)
ROW = st.fixed_dictionaries(
    {
        "split": st.sampled_from(["train", "test"]),
        "text": st.none() | TEXT,
        "label": st.sampled_from(["x", "y", None]),
        "count": st.none() | st.integers(-3, 3),
        "share": st.none() | st.floats(allow_nan=False, allow_infinity=False),
        "known": st.none() | st.booleans(),
    }
)
ANYTHING = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def agree(version: DatasetRef, engines: dict[str, Engine], run: Run, rules: tuple[str, ...]) -> None:
    """All engines give one digest, the digest that the rows have, and lose none."""
    refs = [run(version, engine, *rules, drop_long={"maximum_characters": 4}) for engine in engines.values()]
    assert len({ref.digest for ref in refs}) == 1
    assert len({tuple(open_version(ref).manifest.quarantined.items()) for ref in refs}) == 1
    for ref in refs:
        made = open_version(ref)
        digest = final_digest(made.manifest.columns, map(file_digest, part_files(made.rows)))
        assert digest == ref.digest
        assert ref.rows_out + ref.quarantined == ref.rows_in == version.rows_out


@settings(ANYTHING, max_examples=8)
@given(rows=st.lists(ROW, min_size=1, max_size=12), rules=st.permutations(SOME_OF_EACH_KIND))
def test_polars_and_dask_agree(
    raw: Raw, run: Run, engines: dict[str, Engine], rows: list[dict[str, Any]], rules: list[str]
) -> None:
    kept = {"text": "kept", "label": "x", "split": "test", "count": 1, "share": 0.0, "known": True}
    two = {name: engines[name] for name in ("polars", "dask")}
    agree(raw(*rows, kept), two, run, tuple(rules))


def test_all_engines_agree(raw: Raw, run: Run, engines: dict[str, Engine]) -> None:
    """On what they are known to treat differently by themselves."""
    version = raw(
        {"text": "ΟΔΟΣ\u00a0İ\u2003", "label": "x", "share": -0.0},
        {"text": " ﬁ e\u0301 ", "label": None, "count": -1},
        {"text": "fi é", "label": None, "count": -1},
        {"text": None, "share": 0.1, "known": False},
        {"text": None, "share": 0.1, "known": False},
        {"text": "", "count": 2**62},
        {"text": "kept", "label": "x", "split": "test", "count": 1, "share": 1e-310, "known": True},
        {"text": "KEPT", "label": "x", "count": 1, "share": 1e-310, "known": True},
    )
    agree(version, engines, run, SOME_OF_EACH_KIND)


def test_no_rules_keep_the_digest_and_name_the_parent(raw: Raw, run: Run, engine: Engine) -> None:
    version = raw({"text": "a"}, {"text": "b", "count": 1})
    ref = run(version, engine)
    assert ref.digest == version.digest
    manifest = open_version(ref).manifest
    assert (manifest.parents, manifest.engine) == ((version.digest,), engine.name)
    assert {path.name for path in Path(ref.path).iterdir()} == {"rows", "quarantine", "manifest.json"}


def test_no_row_left(raw: Raw, run: Run, engine: Engine) -> None:
    with pytest.raises(DataError, match=r"found every row refused: \{'drop_short': 2\}; allowed: at least one row"):
        run(raw({"text": ""}, {"text": ""}), engine, "drop_short", drop_short={"columns": ["text"]})


OWN = """
from __future__ import annotations
import narwhals as nw
import pyarrow as pa
import pyarrow.compute as pc
from tasks.clean.rules.refusal import refuse
from tasks.options import Options

def no_digits(frame: nw.LazyFrame, options: Options) -> nw.LazyFrame:
    return refuse(frame, nw.col("text").str.contains("[0-9]"), "no_digits")

def words(batch: pa.Table, options: Options) -> pa.Table:
    return batch.append_column("words", pc.list_value_length(pc.utf8_split_whitespace(batch["text"])))

SEEN = []

def seen(batch: pa.Table, options: Options) -> pa.Table:
    SEEN.append(batch.num_rows)
    return batch

def loses(frame: nw.LazyFrame, options: Options) -> nw.LazyFrame:
    return frame.filter(nw.col("text") != "a")

def fails(batch: pa.Table, options: Options) -> pa.Table:
    raise KeyError("price")

def late(batch: pa.Table, options: Options) -> pa.Table:
    if batch.num_rows:
        raise ValueError("a row")
    return batch

def forgets(frame: nw.LazyFrame, options: Options) -> nw.LazyFrame:
    return frame.select("row_id", "split", "refused", "text")

def strange(frame, options):
    return frame
"""


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A package of rules that a user wrote, in the working directory."""
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "own_rules.py").write_text(OWN)
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.syspath_prepend(str(tmp_path / "work"))
    monkeypatch.delitem(__import__("sys").modules, "own_rules", raising=False)
    module_file.cache_clear()
    return "own_rules"


def test_a_rule_of_several_passes_does_not_run_those_before_it_again(
    raw: Raw, run: Run, engines: dict[str, Engine], own: str
) -> None:
    version = raw(*[{"text": "a", "count": number or None} for number in range(10)])
    ref = run(
        version, engines["polars"], f"{own}:seen", "impute_missing", "winsorize", "drop_duplicates", f"{own}:seen"
    )
    assert sum(__import__(own).SEEN) == 2 * 10
    assert {path.name for path in Path(ref.path).iterdir()} == {"rows", "quarantine", "manifest.json"}


def test_a_users_rules_refuse_and_add_columns(raw: Raw, run: Run, engines: dict[str, Engine], own: str) -> None:
    version = raw({"text": "a b"}, {"text": "c3"})
    refs = [run(version, engines[name], f"{own}:no_digits", f"{own}:words") for name in ("polars", "dask")]
    assert len({ref.digest for ref in refs}) == 1
    assert read_rows(refs[0], columns=["text", "words"]).to_pylist() == [{"text": "a b", "words": 2}]
    assert open_version(refs[0]).manifest.columns["words"] == "int64"


def test_a_users_module_that_is_no_python(own: str, tmp_path: Path) -> None:
    (tmp_path / "work" / "half_written.py").write_text("def rule(\n")
    with pytest.raises(RecipeError, match=r"'half_written:rule': found SyntaxError: .*Correct clean.rules"):
        find_rule("half_written:rule")


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        ("loses", r"cleaning rules own_rules:loses: found 1 rows where 2 came in.*Use refuse\(\)"),
        ("fails", r"cleaning rule own_rules:fails: found KeyError: 'price'"),
        ("late", r"cleaning rule own_rules:late: found ValueError: a row; .*Mend the rule"),
        ("forgets", r"cleaning rule 'own_rules:forgets': found a frame without key"),
        ("strange", r"cleaning rule 'own_rules:strange': found the arguments"),
        ("gone", r"cleaning rule 'own_rules:gone': found module 'own_rules' has no attribute 'gone'"),
    ],
)
def test_a_users_rule_that_breaks_the_agreement(
    raw: Raw, run: Run, engines: dict[str, Engine], own: str, tmp_path: Path, rule: str, found: str
) -> None:
    version = raw({"text": "a"}, {"text": "b"})
    for name in ("polars", "dask"):
        with pytest.raises(RecipeError, match=found):
            run(version, engines[name], f"{own}:{rule}")
    assert list((tmp_path / "clean").glob("*")) == []


def test_a_module_that_is_not_there() -> None:
    with pytest.raises(RecipeError, match=r"cleaning rule 'acme_gone:rule': found No module named 'acme_gone'"):
        find_rule("acme_gone:rule")


def test_an_unknown_rule_is_named_when_the_recipe_is_read() -> None:
    with pytest.raises(ValidationError, match=r"rules: found 'trimm'; allowed: .*trim, "):
        CleanOptions(rules=["trimm"])
    with pytest.raises(RecipeError, match=r"cleaning rule 'trimm': found no such rule"):
        find_rule("trimm")


def test_an_unknown_option_is_named_when_the_recipe_is_read() -> None:
    with pytest.raises(ValidationError, match=r"options\.trim\.column\n  Extra inputs are not permitted"):
        CleanOptions.model_validate({"options": {"trim": {"column": ["text"]}}})


def test_options_survive_json() -> None:
    options = CleanOptions.model_validate(
        {"rules": ["drop_short"], "options": {"drop_short": {"minimum_characters": 3}}}
    )
    assert CleanOptions.model_validate_json(options.model_dump_json()) == options
    assert CleanOptions(rules=["acme.rules:strip"]).modules() == ("acme.rules",)


def test_a_rules_kind_is_read_off_its_first_annotation() -> None:
    def frame_rule(frame: nw.LazyFrame[Any], options: Options) -> nw.LazyFrame[Any]:
        return frame

    def batch_rule(batch: pa.Table, options: Options) -> pa.Table:
        return batch.filter(pc.scalar(True))

    def engine_rule(frame: nw.LazyFrame[Any], options: Options, engine: Engine) -> nw.LazyFrame[Any]:
        return frame

    assert [describe(rule).kind for rule in (frame_rule, batch_rule, engine_rule)] == ["frame", "batch", "engine"]


@pytest.mark.parametrize(
    ("asked", "settings_", "chosen"),
    [
        ("spark", {}, "spark"),
        ("auto", {}, "polars"),
        ("auto", {"dask_scheduler": "tcp://host:8786"}, "dask"),
        ("auto", {"spark_master": "spark://host:7077"}, "spark"),
        ("polars", {"spark_master": "spark://host:7077"}, "polars"),
    ],
)
def test_auto_takes_a_cluster_that_is_set(raw: Raw, asked: Any, settings_: dict[str, str], chosen: str) -> None:
    assert choose_engine(asked, raw({"text": "a"}), ClusterSettings.model_validate(settings_)) == chosen


def test_auto_takes_dask_for_what_does_not_fit(raw: Raw, monkeypatch: pytest.MonkeyPatch) -> None:
    import psutil

    monkeypatch.setattr(psutil, "virtual_memory", type("Memory", (), {"available": 10}))
    assert choose_engine("auto", raw({"text": "a"}), ClusterSettings()) == "dask"
