from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tasks.evaluate.fairness.config import FairnessOptions
from tasks.evaluate.fairness.groups import groups_by
from tasks.evaluate.fairness.measured import measured
from tasks.reports.fairness import told


@pytest.mark.slow
def test_a_thousand_loans_do_not_tell_men_from_women(shared_data: Path) -> None:
    from sklearn.linear_model import LogisticRegression

    rows = pl.read_csv(shared_data / "german_credit" / "german_credit.csv.gz")
    good = (rows["class_label"] == 1).to_numpy()
    inputs = rows.drop("class_label", "sex", "marital_status", "age", "foreign_worker").to_dummies(
        pl.selectors.string()
    )
    scaled = inputs.to_numpy().astype(np.float64)
    scaled = (scaled - scaled.mean(axis=0)) / (scaled.std(axis=0) + 1e-9)
    is_test = np.random.default_rng(4).permutation(len(good)) < 300
    model = LogisticRegression(max_iter=500).fit(scaled[~is_test], good[~is_test])
    groups = groups_by(rows.filter(is_test).to_arrow(), "sex")
    found = measured(groups, good[is_test], model.predict(scaled[is_test]), FairnessOptions(), 0.95)
    average = found.disparities["average_odds_difference"]
    assert average.low == 0
    assert "can't be told apart" in told("average_odds_difference", average)
    assert (average.high or 0) > average.value + 0.05
