from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tasks.evaluate.metrics import Confusion, confusion
from tasks.evaluate.pictures import draw_confusion, draw_per_class, draw_ranks, draw_ratings, telling_classes


def size(file: Path) -> tuple[int, int]:
    """Width and height, out of a PNG's header."""
    header = file.read_bytes()[:24]
    assert header[:8] == b"\x89PNG\r\n\x1a\n"
    return int.from_bytes(header[16:20]), int.from_bytes(header[20:24])


@pytest.mark.parametrize("classes", [2, 22, 77])
def test_cells_stay_as_large_for_many_classes_as_for_few(tmp_path: Path, classes: int) -> None:
    names = [f"intent_{place}" for place in range(classes)]
    matrix = Confusion(tuple(names), np.eye(classes, dtype=np.int64) * 5 + 1)
    draw_confusion(matrix, tmp_path / "confusion.png", max_shown=40)
    draw_per_class(matrix.per_class(), tmp_path / "per_class.png", max_shown=40)
    shown = min(classes, 40)
    assert all(0.32 * 120 * shown <= side <= 2000 for side in size(tmp_path / "confusion.png"))
    assert 0.26 * 120 * shown <= size(tmp_path / "per_class.png")[1] <= 2000


def test_classes_with_errors_are_shown_before_those_without() -> None:
    truth = ["good"] * 10 + ["fine"] * 5 + ["bad"] * 3 + ["worse"]
    predicted = ["good"] * 10 + ["fine"] * 5 + ["worse"] * 3 + ["bad"]
    matrix = confusion(truth, predicted, ("bad", "fine", "good", "never", "worse"))
    shown = [[matrix.names[place] for place in telling_classes(matrix, count)] for count in (2, 3, 5)]
    assert shown == [["bad", "worse"], ["bad", "good", "worse"], ["bad", "fine", "good", "worse"]]


@pytest.mark.filterwarnings("ignore:Glyph")  # the font has no such letters, and draws boxes
def test_names_that_are_no_plain_words_do_no_harm(tmp_path: Path) -> None:
    names = ["", "$x$ $y", "ligne\nbreak", "a" * 300, "日本", "%s {0}"]
    matrix = confusion(names, names, names)
    draw_confusion(matrix, tmp_path / "confusion.png", max_shown=40)
    draw_per_class(matrix.per_class(), tmp_path / "per_class.png", max_shown=40)
    assert max(size(tmp_path / "confusion.png")) < 2000


@pytest.mark.parametrize("ranks", [[1.0], [np.inf], [1, 2, 3, 5, 10, 50, 500, np.inf]])
def test_ranks(tmp_path: Path, ranks: list[float]) -> None:
    draw_ranks(np.array(ranks), tmp_path / "ranks.png")
    assert size(tmp_path / "ranks.png") == (840, 456)


@pytest.mark.parametrize("truth", [[3.0, 3.0], [1.0, 2.0], np.linspace(-5, 5, 50).tolist()])
def test_ratings_of_one_value_of_few_and_of_many(tmp_path: Path, truth: list[float]) -> None:
    draw_ratings(np.array(truth) + 0.5, np.array(truth), tmp_path / "ratings.png")
    assert size(tmp_path / "ratings.png") == (672, 600)
