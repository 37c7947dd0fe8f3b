"""One origin for one file, whatever became of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.errors import DataError
from tasks.clean.clean import clean
from tasks.clean.config import CleanOptions
from tasks.clean.engines.polars import PolarsEngine
from tasks.data.references import DatasetRef, SourceRef
from tasks.ingest.config import ColumnContract, IngestOptions, SourceOptions
from tasks.ingest.increment.increment import find_new, find_previous
from tasks.ingest.ingest import ingest
from tasks.ingest.sources.sources import resolve
from tasks.private.ledger.origins import listed, origins_of, origins_of_source

ROWS = "text,label\n" + "".join(f"<b>text {n}</b>,{'ab'[n % 2]}\n" for n in range(20))


@pytest.fixture
def datasets(tmp_path: Path) -> Path:
    return tmp_path / "datasets"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "rows.csv"
    made.write_text(ROWS)
    return made


def options(path: Path, *contract: ColumnContract, **other: object) -> IngestOptions:
    columns = contract or (ColumnContract(name="text"), ColumnContract(name="label"))
    return IngestOptions.model_validate({"path": str(path), "contract": columns, "test_share": 0.5, **other})


def read(asked: IngestOptions, into: Path, base: DatasetRef | None = None) -> DatasetRef:
    return ingest(asked, find_new(asked, base) if base else resolve(asked), into, base=base)


def digests(dataset: DatasetRef, datasets: Path) -> list[str]:
    return [origin.digest for origin in origins_of(dataset, datasets)]


def test_a_version_and_its_children_have_the_origin_of_the_file(file: Path, datasets: Path) -> None:
    source = resolve(options(file))
    raw = read(options(file), datasets / "x-raw")
    child = clean(CleanOptions(engine="polars", rules=["strip_html"]), raw, datasets / "x", PolarsEngine())
    assert digests(raw, datasets) == digests(child, datasets) == list(source.digests)
    assert origins_of(raw, datasets) == origins_of_source(source)


def test_another_contract_another_name_and_another_recipe_are_the_same_origin(file: Path, datasets: Path) -> None:
    renamed = file.rename(file.with_name("other.csv"))
    strict = ColumnContract(name="label", allowed=["a", "b"])
    first = read(options(renamed), datasets / "x-raw")
    second = read(options(renamed, ColumnContract(name="text"), strict), datasets / "y-raw")
    assert digests(first, datasets) == digests(second, datasets)


def test_a_row_more_is_another_origin(file: Path, datasets: Path) -> None:
    first = digests(read(options(file), datasets / "x-raw"), datasets)
    file.write_text(ROWS + "text 20,a\n")
    assert digests(read(options(file), datasets / "x-raw"), datasets) != first


def test_what_a_source_grew_by_has_the_origin_of_its_beginning(tmp_path: Path, datasets: Path) -> None:
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "1.csv").write_text(ROWS)
    growing = options(folder, incremental="files", format="csv")
    first = read(growing, datasets / "x-raw")
    (folder / "2.csv").write_text(ROWS.replace("<b>text ", "more "))
    grown = read(growing, datasets / "x-raw", find_previous(growing, datasets / "x-raw"))
    assert grown.digest != first.digest
    assert digests(grown, datasets) == digests(first, datasets)


def test_a_union_has_the_origins_of_all(file: Path, tmp_path: Path, datasets: Path) -> None:
    other = tmp_path / "more.csv"
    other.write_text(ROWS.replace("<b>text ", "more "))
    sources = [SourceOptions(name="one", path=str(file)), SourceOptions(name="two", path=str(other))]
    both = read(IngestOptions(sources=sources, contract=[*options(file).contract], test_share=0.5), datasets / "x-raw")
    single = [read(options(one), datasets / f"{one.stem}-raw") for one in (file, other)]
    assert set(digests(both, datasets)) == {digests(one, datasets)[0] for one in single}


def test_equal_rows_that_came_another_way_have_both_origins(file: Path, tmp_path: Path, datasets: Path) -> None:
    spaced = tmp_path / "spaced.csv"
    spaced.write_text(ROWS + "\n")
    first, second = (read(options(one), datasets / "x-raw") for one in (file, spaced))
    assert first.digest == second.digest
    assert digests(first, datasets) == digests(second, datasets)
    assert len(digests(first, datasets)) == 2


def test_a_lineage_that_is_cut_off_is_refused(file: Path, datasets: Path) -> None:
    raw = read(options(file), datasets / "x-raw")
    child = clean(CleanOptions(engine="polars", rules=["strip_html"]), raw, datasets / "x", PolarsEngine())
    Path(raw.path).rename(datasets.parent / "elsewhere")
    with pytest.raises(DataError, match=rf"origin of .*{child.digest[:16]}: found no version {raw.digest[:16]}"):
        origins_of(child, datasets)


def test_many_files_are_told_by_the_first() -> None:
    source = SourceRef(files=tuple("abcde"), digests=tuple(letter * 64 for letter in "abcde"), format="csv")
    assert listed(origins_of_source(source), most=1) == f"a ({'a' * 16}) and 4 more"
