"""Ratios that one can compute by hand, and the page that they make."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flows.bench.report import compare, make_report, speed_row, time_row
from flows.bench.suite import parse_rows, run_benchmark, write_page
from infra.errors import RecipeError


def test_a_time_is_the_better_the_shorter() -> None:
    row = time_row("case", "peer", [1.0, 2.0, 3.0], [2.0, 2.0, 2.0], (1.1, 1.0), same_output=True)
    assert (row.ours, row.theirs, row.ratio, row.range, row.ahead) == (2.0, 2.0, 1.0, (0.5, 1.5), True)
    assert not time_row("case", "peer", [2.3], [2.0], (1.1, 1.0), same_output=True).ahead


def test_a_speed_is_the_better_the_higher() -> None:
    row = speed_row("case", "peer", [1.0, 2.0], [100.0, 100.0], (50.0, 50.0), same_output=False)
    assert (row.ratio, row.range, row.ahead, row.same_output) == (75.0, (50.0, 100.0), True, False)


def test_work_runs_in_turn_after_a_round_that_does_not_count() -> None:
    calls = list[str]()
    ours, peers = compare(lambda: calls.append("ours"), {"peer": lambda: calls.append("peer")}, repeats=2)
    assert calls == ["ours", "peer"] * 3
    assert len(ours.seconds) == len(peers["peer"].seconds) == 2


def test_the_page_and_the_file_say_the_same(tmp_path: Path) -> None:
    row = time_row("a case", "a peer", [1.0], [2.0], (1.1, 1.0), same_output=True)
    report = make_report("clean", [row], ["lepton", "no-such-package"])
    write_page([report], tmp_path)
    (read,) = json.loads((tmp_path / "benchmarks.json").read_text())
    assert set(read) == {"name", "machine", "versions", "rows"}
    fields = ["case", "peer", "ours", "theirs", "ratio", "range", "bar_ahead", "bar_limit", "ahead", "same_output"]
    assert set(read["rows"][0]) == set(fields)
    assert read["rows"][0]["range"] == [0.5, 0.5]
    assert read["versions"]["no-such-package"] == "not installed"
    page = (tmp_path / "benchmarks.md").read_text()
    assert "| a case | a peer | 1 | 2 | 0.50 | 0.50 to 0.50 | 1.1 | 1 | yes | yes |" in page


def test_rows_in_words() -> None:
    assert [parse_rows(text) for text in ("", "200k", "1M", "1.5m", "1_000", "7")] == [
        0,
        200_000,
        10**6,
        1_500_000,
        1_000,
        7,
    ]
    with pytest.raises(RecipeError, match=r"--rows: found 'many'; allowed: a number such as 200k"):
        parse_rows("many")


def test_an_unknown_engine_is_named() -> None:
    with pytest.raises(RecipeError, match=r"--engines: found duck; allowed: polars, dask, spark"):
        run_benchmark("clean", "10", 1, ["polars", "duck"])
