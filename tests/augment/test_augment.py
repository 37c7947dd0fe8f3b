"""Versions with more train rows."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from pyarrow import csv

from infra.errors import DataError, RecipeError
from infra.progress import Progress, watching
from tasks.augment import make as making
from tasks.augment.augment import augment
from tasks.augment.config import AugmentOptions
from tasks.augment.neighbours import Neighbours, normalise
from tasks.data.canonical import column_types
from tasks.data.digest import file_digest, final_digest
from tasks.data.fingerprint import module_file
from tasks.data.manifest import Manifest
from tasks.data.parts import PartWriter, part_files
from tasks.data.references import DatasetRef
from tasks.data.version import QUARANTINE, ROWS, open_version, read_rows, writing
from tests.augment.conftest import Augment, Make
from tests.augment.test_translation import STUBS
from tests.packages import make_dataset

TRAINS: list[tuple[str | None, str | None]] = [
    ("please help me find my big new card", "lost"),
    ("why was my payment declined again today", "declined"),
    ("how long will the transfer to my savings account take", "transfer"),
]


def new_rows(ref: DatasetRef) -> list[dict[str, Any]]:
    return [row for row in read_rows(ref).to_pylist() if row["augmented"]]


def refused(ref: DatasetRef) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(open_version(ref).quarantine).to_pylist()
    return rows


def test_new_rows_are_marked_and_have_the_rest_of_their_origin(make: Make, run: Augment) -> None:
    dataset = make(["what is this"], TRAINS, amount=[1, 2, 3, 4])

    ref = run(dataset, {"method": "swap", "copies": 2}, "delete")

    rows = read_rows(ref).to_pylist()
    origins = {row["row_id"]: row for row in rows if not row["augmented"]}
    assert len(origins) == dataset.rows_out
    new = new_rows(ref)
    assert {row["augmented"] for row in new} == {"swap", "delete"}
    for row in new:
        origin = origins[row["augmented_from"]]
        assert row["row_id"].startswith(f"{origin['row_id']}~{row['augmented']}")
        assert [row[name] for name in ("key", "label", "amount")] == [origin[n] for n in ("key", "label", "amount")]
        assert row["split"] == origin["split"] == "train"
        assert normalise(row["text"]) != normalise(origin["text"])
    assert ref.rows_out + ref.quarantined == dataset.rows_out + 9
    assert len({normalise(row["text"]) for row in rows}) == len(rows)


def test_the_version_names_its_parent_and_has_the_digest_of_its_rows(make: Make, run: Augment) -> None:
    dataset = make(["what is this"], TRAINS)

    version = open_version(run(dataset, "swap"))

    assert version.manifest.parents == (dataset.digest,)
    assert version.manifest.rows_in == dataset.rows_out
    digest = final_digest(version.manifest.columns, map(file_digest, part_files(version.rows)))
    assert digest == version.manifest.digest
    assert {path.name for path in version.path.iterdir()} == {"rows", "quarantine", "manifest.json"}


def test_what_is_made_depends_on_no_other_row_nor_on_order(
    make: Make, run: Augment, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    methods = ({"method": "swap", "copies": 2}, "delete")
    dataset = make(["what is this"], TRAINS)
    whole = {row["row_id"]: row["text"] for row in new_rows(run(dataset, *methods))}
    rows = read_rows(dataset)
    ids = rows["row_id"].to_pylist()

    alone = _version(rows.take([0, 2]), tmp_path / "alone")  # the test row and the second train row
    turned = _version(rows.take([3, 1, 0, 2]), tmp_path / "turned")
    monkeypatch.setattr("tasks.augment.augment._BATCH_ROWS", 1)

    expected = {name: text for name, text in whole.items() if name.startswith(ids[2])}
    assert {row["row_id"]: row["text"] for row in new_rows(run(alone, *methods))} == expected
    assert run(turned, *methods).digest == run(dataset, *methods).digest
    assert {row["row_id"]: row["text"] for row in new_rows(run(dataset, *methods, seed=8))} != whole


def test_a_copy_that_is_near_a_test_row_is_refused(make: Make, run: Augment) -> None:
    dataset = make(["how long will a transfer to my savings account take"], TRAINS)

    ref = run(dataset, {"method": "delete", "copies": 4}, max_test_similarity=0.7, shingle_characters=3)

    near = [row for row in refused(ref) if row["refused"] == making.NEAR_TEST]
    assert len(near) == open_version(ref).manifest.quarantined[making.NEAR_TEST] > 0
    assert {row["label"] for row in near} == {"transfer"}
    assert {row["duplicate_of"] for row in near} == {"000000000000"}
    assert min(row["similarity"] for row in near) >= 0.7
    tests = Neighbours([("t", "how long will a transfer to my savings account take")], 0.7, 3)
    assert not any(tests.nearest(row["text"]) for row in new_rows(ref))


def test_a_copy_that_says_nothing_new_is_refused(make: Make, run: Augment) -> None:
    dataset = make(["x y"], [("a b", "one"), ("b a", "two"), ("lone", "one"), ("c d", "one"), ("d  C", "two")])

    ref = run(dataset, "swap")

    assert new_rows(ref) == []
    assert open_version(ref).manifest.quarantined == {making.DUPLICATE: 4, making.UNCHANGED: 1}
    stays = {row["augmented_from"]: row["duplicate_of"] for row in refused(ref)}
    first = 1  # after the test row
    assert stays == {f"{first + a:012d}": f"{first + b:012d}" for a, b in [(0, 1), (1, 0), (2, 2), (3, 4), (4, 3)]}


def test_of_equal_new_rows_one_stays(make: Make, run: Augment) -> None:
    dataset = make(["x y"], [("a b", "one"), ("a  B", "two")])

    ref = run(dataset, "swap")

    kept, dropped = new_rows(ref), refused(ref)
    assert (len(kept), len(dropped)) == (1, 1)
    assert (dropped[0]["refused"], dropped[0]["duplicate_of"]) == (making.DUPLICATE, kept[0]["row_id"])


def test_small_classes_come_up_to_a_share_of_the_largest(make: Make, run: Augment) -> None:
    words = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
    big: list[tuple[str | None, str | None]] = [(" ".join([word, *words[::-1]]), "big") for word in words]
    dataset = make(["x y"], [*big, (" ".join(words), "small"), ("no class has me ever", None), (None, "small")])

    ref = run(dataset, "swap", balance_to=0.5)

    assert [row["label"] for row in new_rows(ref)] == ["small"] * 4
    assert ref.quarantined == 0


def test_tags_go_with_their_words(make: Make, run: Augment) -> None:
    text, tags = "fly me from new york to old boston today please", "O O O B-city I-city O B-city I-city O O"
    dataset = make([], [(text, "flight")], tags=[tags])

    ref = run(dataset, {"method": "swap", "copies": 3}, {"method": "delete", "copies": 3})

    assert len(new_rows(ref)) >= 5
    for row in new_rows(ref):
        pairs = list(zip(row["text"].split(), row["tags"].split(), strict=True))
        assert [pair for pair in pairs if pair[1] != "O"] == [
            *(("new", "B-city"), ("york", "I-city"), ("old", "B-city"), ("boston", "I-city"))
        ]


def test_synonyms_come_from_the_real_thesaurus(make: Make, run: Augment) -> None:
    ref = run(make(["x y"], [("Can you HELP me with this purchase?", "a")]), "synonyms")

    assert [row["text"] for row in new_rows(ref)] == ["Can you HELP me with this buy?"]


def test_a_translator_of_ones_own(make: Make, run: Augment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own_translators.py").write_text(STUBS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "own_translators", raising=False)
    module_file.cache_clear()
    translator = {"name": "own_translators:Rotates", "pivots": ["de", "fr"]}

    ref = run(make(["x y"], [("a b c", "l"), ("d", "l")]), {"method": "translate", "copies": 2}, translator=translator)

    assert [row["text"] for row in new_rows(ref)] == ["c a b"]
    assert open_version(ref).manifest.quarantined == {making.DUPLICATE: 1, making.UNCHANGED: 2}


@pytest.mark.parametrize(
    ("options", "error", "found"),
    [
        ({"column": "body"}, RecipeError, "augment.column: found body; allowed: row_id, key, split, text, label"),
        ({"column": "amount"}, RecipeError, "augment.column: found amount"),
        ({"balance_to": 1.0, "label": "kind"}, RecipeError, "augment.label: found kind"),
        (
            {"methods": [{"method": "translate"}], "translator": {"name": "acme_gone:T"}},
            RecipeError,
            "translator 'acme_gone:T': found ModuleNotFoundError",
        ),
    ],
)
def test_options_that_do_not_go_with_the_data(
    make: Make, tmp_path: Path, options: dict[str, Any], error: type[Exception], found: str
) -> None:
    dataset = make([], [("a b", "l")], amount=[1.0])
    asked = AugmentOptions.model_validate({"methods": [{"method": "swap"}], **options})

    with pytest.raises(error, match=found):
        augment(asked, dataset, tmp_path / "out")
    assert not (tmp_path / "out").exists() or list((tmp_path / "out").iterdir()) == []


def test_translations_have_no_tags(make: Make, run: Augment) -> None:
    dataset = make([], [("a b", "l")], tags=["O O"])

    with pytest.raises(RecipeError, match="found translate, for rows with tags; allowed: synonyms, swap, delete"):
        run(dataset, "translate", translator={"name": "a:b"})


def test_what_is_augmented_is_not_augmented_again(make: Make, run: Augment) -> None:
    ref = run(make(["x y"], TRAINS), "swap")

    with pytest.raises(DataError, match="augment: found data with a column 'augmented'"):
        run(ref, "swap")


def test_progress_is_told_to_the_end(make: Make, run: Augment) -> None:
    seen: list[Progress] = []
    with watching(seen.append):
        run(make(["x y"], TRAINS), "swap")

    assert [report.done for report in seen] == [0.5, 1.0]
    assert seen[-1].text == "4 of 4 rows made from"


def test_real_questions(shared_data: Path, run: Augment, tmp_path: Path) -> None:
    """Every eighth train row of a bank's questions: no new row is near a test row, or says what another says."""
    table = csv.read_csv(shared_data / "banking77" / "banking77.csv.gz")
    tests = table.filter(pc.equal(table["split"], "test"))
    trains = table.filter(pc.equal(table["split"], "train"))
    trains = trains.take(pa.array(range(0, trains.num_rows, 8)))
    rows = pa.concat_tables([tests, trains]).select(["text", "intent"]).rename_columns(["text", "label"])
    dataset = make_dataset(rows, tmp_path / "banking", tests.num_rows)

    ref = run(dataset, "synonyms", "swap", "delete")

    new = new_rows(ref)
    neighbours = Neighbours(zip(map(str, range(tests.num_rows)), tests["text"].to_pylist(), strict=True), 0.8, 5)
    assert len(new) + ref.quarantined == 3 * trains.num_rows
    assert len(new) > 2.5 * trains.num_rows
    assert not any(neighbours.nearest(row["text"]) for row in new)
    assert len({normalise(row["text"]) for row in new}) == len(new)
    assert not {normalise(row["text"]) for row in new} & set(map(normalise, rows["text"].to_pylist()))


def _version(rows: pa.Table, folder: Path) -> DatasetRef:
    """A version of exactly these rows, in this order."""
    columns = column_types(rows.schema)
    with writing(folder) as draft:
        for name, table in ((ROWS, rows), (QUARANTINE, rows.slice(0, 0))):
            with PartWriter(draft.path / name, rows.schema) as parts:
                parts.write(table)
        digest = final_digest(columns, map(file_digest, part_files(draft.path / ROWS)))
        counts = {"rows_in": rows.num_rows, "rows_out": rows.num_rows, "quarantined": dict[str, int]()}
        return draft.publish(
            Manifest(digest=digest, columns=columns, recipe_hash="", code_hash="", engine="test", **counts)
        )
