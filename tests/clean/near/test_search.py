"""The whole search on real texts, beside the comparison of every two rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pyarrow.parquet as pq
import pytest
from scipy.sparse import csr_array

from tasks.clean.engines.polars import PolarsEngine
from tasks.clean.near.search import find_near_duplicates
from tasks.clean.near.shingles import Unit, shingle
from tasks.clean.near.signatures import choose_bands
from tasks.clean.near.sketches import Method
from tasks.clean.near.stages import Stages

ROWS, THRESHOLD, RECALL = 2000, 0.6, 0.99


def every_pair(texts: pl.Series, unit: Unit, size: int) -> dict[tuple[int, int], float]:
    """Pairs of rows at or above the threshold and their similarity, of a product of sparse matrices."""
    shingles = shingle([("text", texts.to_arrow())], unit, size)
    _, columns = np.unique(shingles.hashes, return_inverse=True)
    matrix = csr_array((np.ones(len(columns), np.int32), columns, shingles.offsets))
    matrix.sum_duplicates()
    matrix.data[:] = 1
    sizes, shared = np.diff(matrix.indptr), (matrix @ matrix.T).tocoo()
    similarity = shared.data / (sizes[shared.row] + sizes[shared.col] - shared.data)
    near = (similarity >= THRESHOLD) & (shared.row < shared.col)
    rows, others, values = (part[near].tolist() for part in (shared.row, shared.col, similarity))
    return {(row, other): value for row, other, value in zip(rows, others, values, strict=True)}


@pytest.mark.parametrize(
    ("data", "column", "unit", "size"),
    [
        ("bitext_support/bitext_support.csv.gz", "utterance", "words", 2),
        ("airline_tweets/airline_tweets.csv.gz", "text", "characters", 5),
    ],
)
def test_it_finds_near_duplicates_in_real_texts(
    shared_data: Path, tmp_path: Path, data: str, column: str, unit: Unit, size: int
) -> None:
    texts = pl.read_csv(shared_data / data, columns=[column], n_rows=ROWS)[column]
    right = every_pair(texts, unit, size)
    (tmp_path / "rows").mkdir()
    ids = [f"{number:06d}" for number in range(len(texts))]
    pl.DataFrame({"row_id": ids, "split": "train", "text": texts}).write_parquet(tmp_path / "rows" / "part.parquet")
    bands = choose_bands(THRESHOLD, RECALL, 128)
    assert bands
    engine, method = PolarsEngine(), Method(("text",), unit, size, bands, "first")
    rows = engine.read(tmp_path / "rows")
    find_near_duplicates(rows, method, THRESHOLD, Stages(engine, tmp_path), tmp_path / "verdicts")
    verdicts = pq.read_table(tmp_path / "verdicts").to_pylist()

    cluster = {int(row["row_id"]): int(row["__kept"]) for row in verdicts}
    together = sum(cluster.get(one, one) == cluster.get(other, other) for one, other in right)
    assert len(right) > 50
    assert together >= 0.98 * len(right)
    near_something = {row for pair in right for row in pair}
    assert {row for link in cluster.items() for row in link} <= near_something
    for row, kept in cluster.items():
        assert kept < row
    for row in verdicts:
        pair = (int(row["__kept"]), int(row["row_id"]))
        assert row["__likeness"] == pytest.approx(right.get(pair, row["__likeness"]), abs=1e-12)
        assert (pair in right) == (row["__likeness"] >= THRESHOLD)
