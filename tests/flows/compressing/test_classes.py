from __future__ import annotations

from pathlib import Path

import pytest

from flows.compressing.classes import ClassLoss, worst_class


def write(folder: Path, recalls: dict[str, tuple[float, int]], name: str = "per_class.csv") -> Path:
    folder.mkdir(exist_ok=True)
    lines = [f"{label},1.0,{recall},1.0,{rows}" for label, (recall, rows) in recalls.items()]
    (folder / name).write_text("\n".join(["label,precision,recall,f1,support", *lines]) + "\n")
    return folder


def test_the_class_that_lost_the_most_recall(tmp_path: Path) -> None:
    parent = write(tmp_path / "parent", {"a": (0.9, 100), "b": (0.8, 50), "c": (0.5, 40)})
    child = write(tmp_path / "child", {"a": (0.88, 100), "b": (0.7, 50), "c": (0.9, 40)})
    worst = worst_class(parent, child)
    assert worst == ClassLoss("b", pytest.approx(0.1), 50)  # type: ignore[arg-type]
    assert str(worst) == "b (50 rows)"


def test_small_classes_stand_together_and_none_is_left_out(tmp_path: Path) -> None:
    parent = write(tmp_path / "parent", {"big": (1.0, 100), "x": (1.0, 4), "y": (1.0, 6), "empty": (0.0, 0)})
    child = write(tmp_path / "child", {"big": (0.9, 100), "x": (0.0, 4), "y": (1.0, 6), "empty": (0.0, 0)})
    assert worst_class(parent, child) == ClassLoss("2 classes of fewer than 10 rows", pytest.approx(0.4), 10)  # type: ignore[arg-type]


def test_classes_of_several_heads_bear_their_names(tmp_path: Path) -> None:
    for folder, recall in (("parent", 1.0), ("child", 0.75)):
        write(tmp_path / folder, {"a": (1.0, 20)}, "label_per_class.csv")
        write(tmp_path / folder, {"city": (recall, 20)}, "tags_per_class.csv")
    assert worst_class(tmp_path / "parent", tmp_path / "child") == ClassLoss("tags: city", 0.25, 20)


def test_a_child_that_is_better_everywhere_lost_less_than_nothing(tmp_path: Path) -> None:
    parent = write(tmp_path / "parent", {"a": (0.5, 10)})
    child = write(tmp_path / "child", {"a": (0.75, 10)})
    assert worst_class(parent, child) == ClassLoss("a", -0.25, 10)


def test_a_model_without_classes_has_none(tmp_path: Path) -> None:
    assert worst_class(tmp_path, tmp_path) is None
