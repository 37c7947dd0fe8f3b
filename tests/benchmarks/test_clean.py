"""The benchmark's rows, and that what all jobs write from them is the same."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from flows.bench import clean, peers
from flows.bench.documents import write_csv


def test_rows_follow_from_the_seed(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write_csv(tmp_path / name, 300, seed)
    a, b, c = ((tmp_path / name).read_bytes() for name in "abc")
    assert a == b != c


def test_rows_have_the_shares_that_are_told(tmp_path: Path) -> None:
    write_csv(tmp_path / "rows.csv", 20_000)
    with (tmp_path / "rows.csv").open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == 20_000
    gaps = sum(not row["amount"] for row in rows)
    empty = sum(not row["text"] for row in rows)
    assert abs(gaps - 600) < 100 and abs(empty - 200) < 60
    copies = len(rows) - len({tuple(row.values()) for row in rows})
    assert 900 < copies < 1_300  # a twentieth, and the empty texts that agree by chance
    words = Counter(word for row in rows for word in row["text"].replace(",", "").split() if not word.isdigit())
    top = [count for _, count in words.most_common(1_000)]
    assert 2 < top[0] / top[9] < 6  # (10 + 2.7)^1.07 / (1 + 2.7)^1.07 = 3.7
    assert 20 < sum(words.values()) / 19_800 < 30  # log-normal: 22 e^(0.5^2 / 2) = 24.9


def test_all_jobs_write_the_same(tmp_path: Path, home: Path) -> None:
    rows = clean.run(2_000, 1, ("polars", "dask"))
    assert [row.peer for row in rows] == ["Polars", "DuckDB", "pandas", "Dask", "the clean", "the clean"]
    assert all(row.same_output for row in rows)
    assert all(row.ours > 0 and row.ratio == pytest.approx(row.ours / row.theirs, rel=0.01) for row in rows[:4])


@pytest.mark.slow
def test_another_output_would_be_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.setattr(peers, "SHORTEST", 30)
    rows = clean.run(500, 1, ("polars",))
    assert not any(row.same_output for row in rows if row.peer != "the clean")
