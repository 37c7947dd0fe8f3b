"""Balanced and weighted training rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from infra.errors import RecipeError
from tasks.clean.engines import Engine
from tasks.clean.rules.sampling import WeighSampleOptions, weights
from tasks.data.references import DatasetRef
from tests.clean.outcome import refused, values

Raw = Callable[..., DatasetRef]
Run = Callable[..., DatasetRef]
ROWS: list[dict[str, Any]] = [
    *({"label": "yes", "text": "m"} for _ in range(6)),
    *({"label": "no", "text": "m"} for _ in range(2)),
    *({"label": "yes", "text": "w"} for _ in range(1)),
    *({"label": "no", "text": "w"} for _ in range(3)),
    *({"label": "yes", "text": "m", "split": "test"} for _ in range(9)),
]


@pytest.fixture(params=["polars", "dask"])
def engine(request: pytest.FixtureRequest, engines: dict[str, Engine]) -> Engine:
    """Spark agrees with them in test_clean.py; its jobs take a second each."""
    return engines[request.param]


def test_balance_by_label(raw: Raw, run: Run, engine: Engine) -> None:
    ref = run(raw(*ROWS), engine, "balance_sample")
    assert Counter(zip(values(ref, "split"), values(ref, "label"), strict=True)) == {
        ("train", "yes"): 5,
        ("train", "no"): 5,
        ("test", "yes"): 9,
    }
    assert list(refused(ref).values()) == ["balance_sample"] * 2


def test_balance_by_label_and_group_up_to_a_ratio(raw: Raw, run: Run, engines: dict[str, Engine]) -> None:
    options = {"columns": ["label", "text"], "most_to_least": 2.5}
    ref = run(raw(*ROWS), engines["polars"], "balance_sample", balance_sample=options)
    train = zip(values(ref, "split"), values(ref, "label"), values(ref, "text"), strict=True)
    assert Counter(train)[("train", "yes", "m")] == Counter(values(ref, "text"))["w"] - 1 == 2


def test_a_ratio_is_read_as_it_is_written(raw: Raw, run: Run, engines: dict[str, Engine]) -> None:
    rows = [{"label": "a"}] * 25 + [{"label": "b"}] * 35  # 25 times 1.16 is 28.999999999999996 in floats
    ref = run(raw(*rows), engines["polars"], "balance_sample", balance_sample={"most_to_least": 1.16})
    assert Counter(values(ref, "label")) == {"a": 25, "b": 29}


def test_who_stays_is_told_by_the_key_and_the_seed(raw: Raw, run: Run, engines: dict[str, Engine]) -> None:
    rows = [{"label": "a", "key": f"k{number}"} for number in range(40)] + [{"label": "b"}] * 10
    moved = [{**row, "row_id": f"{(number * 7) % 50:04d}"} for number, row in enumerate(rows)]

    def kept(version: DatasetRef, engine: str, seed: int = 0) -> set[str]:
        ref = run(version, engines[engine], "balance_sample", balance_sample={"seed": seed})
        pairs = zip(values(ref, "label"), values(ref, "key"), strict=True)
        return {key for label, key in pairs if label == "a"}

    first = kept(raw(*rows), "polars")
    assert len(first) == 10
    assert first == kept(raw(*reversed(rows)), "dask") == kept(raw(*moved), "polars")
    assert first != kept(raw(*rows), "polars", seed=1)


def test_equal_keys_are_told_apart(raw: Raw, run: Run, engines: dict[str, Engine]) -> None:
    rows = [{"label": "a", "key": "one"}] * 20 + [{"label": None}] * 5
    ref = run(raw(*rows), engines["polars"], "balance_sample")
    assert Counter(values(ref, "label")) == {"a": 5, None: 5}


def test_inverse_frequency(raw: Raw, run: Run, engine: Engine) -> None:
    ref = run(raw(*ROWS), engine, "weigh_sample")
    by_label = {"yes": 12 / (2 * 7), "no": 12 / (2 * 5)}
    found = zip(values(ref, "split"), values(ref, "label"), values(ref, "weight"), strict=True)
    assert all(weight == (by_label[label] if split == "train" else 1.0) for split, label, weight in found)


def test_reweighing_makes_label_and_group_independent(raw: Raw, run: Run, engines: dict[str, Engine]) -> None:
    options = {"formula": "reweighing", "groups": ["text"], "column": "fair"}
    ref = run(raw(*ROWS), engines["polars"], "weigh_sample", weigh_sample=options)
    found = dict(zip(zip(values(ref, "label"), values(ref, "text"), strict=True), values(ref, "fair"), strict=True))
    # P(group) P(label) / P(group, label), of 12 rows: 8 m and 4 w, 7 yes and 5 no
    assert found[("no", "m")] == (8 * 5) / (12 * 2)
    assert found[("yes", "w")] == (4 * 7) / (12 * 1)
    assert found[("no", "w")] == (4 * 5) / (12 * 3)
    assert weights({("yes", "m"): 6, ("no", "m"): 2, ("yes", "w"): 1, ("no", "w"): 3}, "reweighing") == {
        ("yes", "m"): (8 * 7) / (12 * 6),
        ("no", "m"): found[("no", "m")],
        ("yes", "w"): found[("yes", "w")],
        ("no", "w"): found[("no", "w")],
    }


@given(st.dictionaries(st.tuples(st.sampled_from("ab"), st.sampled_from("xy")), st.integers(1, 10**6), min_size=1))
def test_weights_keep_the_size_of_the_sample(counts: dict[tuple[Any, ...], int]) -> None:
    total = sum(counts.values())
    even = weights(counts, "inverse_frequency")
    assert sum(even[group] * count for group, count in counts.items()) == pytest.approx(total)
    if len(counts) == 4:
        fair = weights(counts, "reweighing")
        mass = {group: Fraction(fair[group]) * count for group, count in counts.items()}
        assert float(mass["a", "x"] * mass["b", "y"]) == pytest.approx(float(mass["a", "y"] * mass["b", "x"]))
        assert float(sum(mass.values())) == pytest.approx(total)


def test_a_column_that_divides_too_much(raw: Raw, run: Run, engines: dict[str, Engine]) -> None:
    rows = raw(*[{"label": str(number)} for number in range(10_001)])
    for rule in ("balance_sample", "weigh_sample"):
        with pytest.raises(
            RecipeError, match=r"found 10001 combinations of their values or more; allowed: at most 10000"
        ):
            run(rows, engines["polars"], rule)


def test_a_weight_that_is_there(raw: Raw, run: Run, engines: dict[str, Engine]) -> None:
    with pytest.raises(RecipeError, match=r"'weigh_sample': found a column 'share' in the data; allowed: a name"):
        run(raw({"label": "a"}), engines["polars"], "weigh_sample", weigh_sample={"column": "share"})
    with pytest.raises(ValidationError, match="groups: found none; allowed: at least one column for the formula"):
        WeighSampleOptions(formula="reweighing")
