"""How many new rows each row gets."""

from __future__ import annotations

from itertools import islice
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tasks.augment.config import AugmentOptions
from tasks.augment.plan import assignments, plan, stable_hash, stable_hashes


def options(*methods: tuple[str, int], **others: Any) -> AugmentOptions:
    items = [{"method": method, "copies": copies} for method, copies in methods]
    return AugmentOptions.model_validate({"methods": items, **others})


def ids(label: str, count: int) -> list[str]:
    return [f"{label}{place}" for place in range(count)]


def test_without_balance_every_row_gets_the_copies_of_all_methods() -> None:
    asked = options(("swap", 2), ("delete", 1))

    assert plan(asked, {}).of("any", None) == 3
    assert [(item.method.method, item.copy) for item in islice(assignments(asked), 5)] == [
        *(("swap", 0), ("swap", 1), ("delete", 0)),
        *(("swap", 2), ("swap", 3)),  # more of the same, where classes are balanced
    ]


def test_translation_ends_with_its_last_language() -> None:
    translator = {"name": "a:b", "pivots": ["de", "fr"]}
    alone = options(("translate", 1), translator=translator)
    mixed = options(("translate", 1), ("swap", 1), translator=translator)

    assert [item.copy for item in assignments(alone)] == [0, 1]
    assert [item.method.method for item in islice(assignments(mixed), 6)] == ["translate", "swap"] * 2 + ["swap"] * 2


@given(
    sizes=st.lists(st.integers(1, 30), min_size=1, max_size=5),
    share=st.floats(0.01, 1.0),
    most=st.integers(1, 9),
)
def test_small_classes_come_up_to_the_share_but_no_row_has_too_many(sizes: list[int], share: float, most: int) -> None:
    rows = {str(label): ids(f"{label}-", size) for label, size in enumerate(sizes)}
    classes: dict[str, NDArray[np.uint64]] = {label: stable_hashes(names) for label, names in rows.items()}

    made = plan(options(("swap", 1), balance_to=share, max_copies=most), classes)

    target = int(np.ceil(share * max(sizes)))
    for label, names in rows.items():
        copies = [made.of(name, label) for name in names]
        assert len(names) + sum(copies) == max(len(names), min(target, len(names) * (1 + most)))
        assert max(copies) - min(copies) <= 1
    assert made.of("row", None) == made.of("row", "unseen") == 0


def test_balance_stops_where_translation_does() -> None:
    asked = options(("translate", 1), balance_to=1, translator={"name": "a:b", "pivots": ["de", "fr"]})

    made = plan(asked, {"big": stable_hashes(ids("b", 50)), "small": stable_hashes(ids("s", 2))})

    assert [made.of(name, "small") for name in ids("s", 2)] == [2, 2]


def test_hashes_are_the_same_everywhere_and_tell_parts_apart() -> None:
    assert stable_hash(7, "row") == 0xBF3322CED451C8EB  # in every process: else a resumed run would make other rows
    assert stable_hash("a", "b") != stable_hash("ab")
