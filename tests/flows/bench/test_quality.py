"""The benchmark of quality on a few questions that one can judge by eye."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.bench.quality import RECIPE, compare_errors, error, linear_svm, run
from flows.bench.suite import run_benchmark
from flows.cli import app
from flows.recipe import load_recipe
from infra.errors import RecipeError
from tests.text_encoder import write_encoder

CARDS = ("a lost card", "card is lost", "my card was lost", "lost my card today")
RATES = ("the exchange rate", "rate of exchange", "what rate today", "which exchange rate")


def test_an_error_is_the_share_of_wrong_answers() -> None:
    assert error(["x", "y", "y", "x"], ["x", "y", "x", "x"]) == 0.25
    assert error(["x"], ["x"]) == 0.0


def test_the_peer_reads_words_and_parts_of_words() -> None:
    peer = linear_svm().fit([*CARDS, *RATES], ["card"] * 4 + ["rate"] * 4)

    assert list(peer.predict(["cards", "rates", "I lost it"])) == ["card", "rate", "card"]


@pytest.mark.slow
def test_both_are_asked_about_every_test_row(tmp_path: Path) -> None:
    weights, file = tmp_path / "weights", tmp_path / "questions.csv"
    write_encoder(weights)
    _write(file, test=[("lost card", "card"), ("exchange", "rate"), ("card lost", "card"), ("lost a card", "rate")])
    small = [f"ingest.path={file}", "train.epochs=1", "train.workers=1", "train.encoder.max_tokens=8"]

    (row,) = compare_errors(load_recipe(RECIPE, small), weights)

    assert row.case.startswith("8 train rows, wrong of 4 test rows, ")
    assert row.theirs == 0.25  # the row that is labelled against its words
    assert row.ours in (0.25, 0.5, 0.75, 1.0)
    assert row.ratio == row.ours / 0.25
    assert row.ahead == (row.ratio <= row.bar_ahead)
    assert row.same_output


def test_a_file_must_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LEPTON_BENCH_DATA", raising=False)
    for attempt in (lambda: run(""), lambda: run_benchmark("quality", "", 0, ["polars"])):
        with pytest.raises(RecipeError, match="--data: found nothing; allowed: the path of BANKING77 as csv"):
            attempt()
    assert isinstance(CliRunner().invoke(app, ["bench", "quality"]).exception, RecipeError)


def _write(file: Path, test: list[tuple[str, str]]) -> None:
    with file.open("w", newline="") as lines:
        writer = csv.writer(lines)
        writer.writerow(["split", "text", "intent"])
        writer.writerows(["train", text, "card"] for text in CARDS)
        writer.writerows(["train", text, "rate"] for text in RATES)
        writer.writerows(["test", *row] for row in test)
