from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from flows.compressing.picture import draw_front
from flows.compressing.summary import ChildSummary, CompressSummary, PickShortOfGate, TargetNotMet
from flows.compressing.target import parse_target
from infra.errors import ERRORS, GateFailed, TargetMissed


def model(name: str, size: float, accuracy: float, **changed: object) -> ChildSummary:
    told = {
        "name": name,
        "steps": [] if name == "parent" else ["int8"],
        "state": "measured",
        "uri": f"models:/loans/{len(name)}",
        "metrics": {"gzip_mb": size, "size_mb": 2 * size, "latency_p50_ms": 3 * size},
        "value": accuracy,
        "loss": 0.9 - accuracy,
    }
    return ChildSummary.model_validate(told | changed)


def summary(*children: ChildSummary, **changed: object) -> CompressSummary:
    told = {
        "model": "models:/loans/1",
        "metric": "accuracy",
        "higher_is_better": True,
        "target": "size=1MB",
        "finished": True,
        "seconds": 1.0,
        "parent": model("parent", 8.0, 0.9),
        "children": list(children),
        "picked": children[0].name if children else "",
        "met": False,
        "alias": "",
        "files": {},
        "links": {},
    }
    return CompressSummary.model_validate(told | changed)


def test_a_target_that_none_keeps_names_the_closest() -> None:
    error = TargetNotMet(summary(model("int8", 2.0, 0.9, missed=["size 2 MB (at most 1 MB)"])))
    assert isinstance(error, TargetMissed) and error.exit_code == 19
    assert str(error) == (
        "target of models:/loans/1: found as the closest int8 (models:/loans/4) with size 2 MB (at most 1 MB); "
        "allowed: size=1MB. Nothing was promoted; ask for less, or name stronger chains by --chains."
    )


def test_a_search_without_a_child_says_why() -> None:
    refused = ChildSummary(name="half", steps=["prune_neurons"], state="refused", note="no neurons")
    error = TargetNotMet(summary(refused, picked="", finished=False))
    assert "found no child (half refused: no neurons)" in str(error) and "give more --minutes" in str(error)


def test_a_gate_that_none_passes_names_its_checks() -> None:
    error = PickShortOfGate(summary(model("int8", 0.5, 0.7, gate_failures="accuracy 0.7 (minimum 0.9)"), met=True))
    assert isinstance(error, GateFailed) and error.exit_code == 16
    assert str(error).startswith("gate of models:/loans/4: found accuracy 0.7 (minimum 0.9) for the child int8")


@pytest.mark.parametrize("kind", [TargetNotMet, PickShortOfGate])
def test_these_errors_keep_their_summary_on_the_way_through_prefect(kind: type[TargetNotMet | PickShortOfGate]) -> None:
    error = kind(summary(model("int8", 2.0, 0.9, missed=["size 2 MB (at most 1 MB)"])))
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), copy.summary, str(copy)) == (kind, error.summary, str(error))
    assert kind.__base__ in ERRORS


def test_the_table_has_a_row_for_each_chain_with_its_bounds_and_its_gate() -> None:
    skipped = ChildSummary(name="strong", steps=["prune", "int8"], state="skipped", note="int8 lost too much")
    failed = model("int8", 2.0, 0.8, missed=["size 2 MB (at most 1 MB)"], gate_failures="accuracy 0.8 (minimum 0.9)")
    parent, first, second = summary(failed, skipped).rows()
    assert (parent["model"], parent["gate"], parent["lost"]) == ("parent", "", "")
    assert (first["gzip MB"], first["p50 ms"], first["accuracy"], first["lost"]) == (
        "2.000",
        "6.000",
        "0.8000",
        "+0.1000",
    )
    assert first["note"] == "size 2 MB (at most 1 MB); gate: accuracy 0.8 (minimum 0.9)" and first["gate"] == "failed"
    assert second == {"model": "strong", "steps": "prune, int8", "note": "skipped: int8 lost too much"}


@pytest.mark.parametrize("children", [[], [("int8", 2.0, 0.9)], [("a", 1.0, 0.8), ("b", 1.0, 0.8), ("c", 1.01, 0.8)]])
def test_a_picture_is_drawn_of_any_number_of_children(tmp_path: Path, children: list[tuple[str, float, float]]) -> None:
    from matplotlib.image import imread

    file, bounds = tmp_path / "front.png", "size=1MB,latency_ms=2,max_loss=0.05"
    draw_front(summary(*(model(*each) for each in children), target=bounds), parse_target(bounds), file)
    assert imread(file).std() > 0.01


def test_names_of_points_that_lie_together_do_not_cover_each_other() -> None:
    from matplotlib.figure import Figure

    from flows.compressing.labels import place_labels

    figure = Figure(layout="constrained")
    axes = figure.subplots()
    axes.set(xlim=(0, 1), ylim=(0, 1))
    figure.draw_without_rendering()
    place_labels(axes, [(0.5, 0.5, "one"), (0.5, 0.5, "another"), (0.51, 0.5, "third"), (0.99, 0.9, "at-the-edge")])
    boxes = [text.get_window_extent() for text in axes.texts if text.get_text()]
    assert len(boxes) == 4
    for place, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[place + 1 :])
        assert axes.bbox.x0 <= box.x0 and box.x1 <= axes.bbox.x1
