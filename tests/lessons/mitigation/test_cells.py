"""Weights and chances of rows by group and label."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.errors import DataError
from tasks.features.groups import find_groups
from tasks.lessons.mitigation.cells import Cells, balanced, favourable_place, read_cells, reweighed
from tasks.lessons.mitigation.config import MitigationOptions

# Of ten applicants, six of group a of whom four got it, and four of group b of whom one did.
GROUPS = ["a"] * 6 + ["b"] * 4
LABELS = ["yes"] * 4 + ["no"] * 2 + ["yes"] + ["no"] * 3
ROWS = pa.table({"group": GROUPS, "label": LABELS})


def cells(rows: pa.Table = ROWS, weights: list[float] | None = None, **options: object) -> Cells:
    asked = MitigationOptions.model_validate({"method": "reweighing", "protected": ["group"], **options})
    return read_cells(asked, rows, ("no", "yes"), None if weights is None else np.array(weights, np.float32))


def test_reweighing_makes_label_and_group_independent() -> None:
    found = reweighed(cells())

    # P(a) P(yes) / P(a, yes) = 0.6 * 0.5 / 0.4, and so on
    assert found.tolist() == pytest.approx([0.75] * 4 + [1.5] * 2 + [2.0] + [2 / 3] * 3)
    assert found.mean() == pytest.approx(1.0)


def test_weights_of_the_rows_count() -> None:
    found = reweighed(cells(weights=[0.5] * 6 + [1.75] * 4))

    mass = np.array([[found[4:6].sum(), found[:4].sum()], [found[7:].sum(), found[6]]])
    assert mass[0, 1] / mass[0].sum() == pytest.approx(mass[1, 1] / mass[1].sum())
    assert mass.sum(axis=1).tolist() == pytest.approx([3.0, 7.0])


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans(), st.floats(0.1, 10)), min_size=1))
def test_independence_holds_for_any_rows(rows: list[tuple[str, bool, float]]) -> None:
    whole = [*rows, *((group, told, 1.0) for group in "abc" for told in (False, True))]
    table = pa.table({"group": [row[0] for row in whole], "label": ["yes" if row[1] else "no" for row in whole]})
    own = np.array([row[2] for row in whole])
    before = cells(table, (own / own.mean()).tolist())

    after = Cells(before.groups, before.labels, before.favourable, reweighed(before)).mass

    np.testing.assert_allclose(after.sum(axis=0), before.mass.sum(axis=0), rtol=1e-4)
    np.testing.assert_allclose(after.sum(axis=1), before.mass.sum(axis=1), rtol=1e-4)
    np.testing.assert_allclose(after, np.outer(after.sum(axis=1), after.sum(axis=0)) / after.sum(), rtol=1e-4)


@pytest.mark.parametrize("weights", [None, [2.0, 1.0, 1.0, 0.5, 0.5, 1.0, 1.0, 2.0, 0.5, 0.5]])
def test_balanced_cells_weigh_alike(weights: list[float] | None) -> None:
    found = cells(weights=weights)
    chances = balanced(found)

    weighed = Cells(found.groups, found.labels, 1, (chances * found.weights).astype(np.float32)).mass
    assert weighed.ravel().tolist() == pytest.approx([weighed.sum() / 4] * 4)
    assert chances.sum() == pytest.approx(1.0)
    assert len(set(chances[:4])) == 1  # rows of a cell are as likely as each other


def test_an_empty_cell_is_named() -> None:
    rows = pa.table({"group": ["a", "a", "b"], "label": ["yes", "no", "no"]})

    with pytest.raises(
        DataError, match=r"train.mitigation.protected: found no train row of group 'b' with label 'yes'"
    ):
        cells(rows)


def test_groups_of_several_columns_and_of_missing_values() -> None:
    rows = pa.table({"sex": ["f", None, "m", "f"], "old": [True, True, False, True]})

    found = find_groups(rows, ["sex", "old"], "protected")

    assert found.names == ("(missing), true", "f, true", "m, false")
    assert found.places.tolist() == [1, 0, 2, 1]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (["a", "a"], "found 1 group, a, by group; allowed: two groups or more"),
        ([1.5, 2.5], "found group, a column of 2 numbers; allowed: a column of groups"),
        (list(range(21)), "found group, a column of 21 numbers"),
    ],
)
def test_columns_that_are_no_groups(values: list[object], words: str) -> None:
    with pytest.raises(DataError, match=words):
        find_groups(pa.table({"group": values}), ["group"], "protected")


def test_the_favourable_label() -> None:
    assert favourable_place("", ("no", "yes")) == 1
    assert favourable_place("no", ("no", "yes")) == 0
    with pytest.raises(DataError, match="found none, and 3 labels; allowed: a, b, c"):
        favourable_place("", ("a", "b", "c"))
    with pytest.raises(DataError, match="found 'maybe'; allowed: no, yes"):
        favourable_place("maybe", ("no", "yes"))
