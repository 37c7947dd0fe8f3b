from __future__ import annotations

import numpy as np

from tasks.private.audit.answers import Answers
from tasks.private.audit.attacks import Places, shadow_attack, single_model_attacks
from tasks.private.audit.lira import Floats


def test_shadow_models_find_rows_that_a_model_is_surer_of_where_it_learned_from_them() -> None:
    random = np.random.default_rng(12)
    ease, trained = random.normal(0, 5, 600), []

    def confidence(places: Places) -> Floats:
        trained.append(len(places))
        learned = np.isin(np.arange(600), places)
        return np.asarray(ease + 2.0 * learned + random.normal(0, 0.5, 600))

    told = shadow_attack(confidence, 600, 8, random)

    assert len(trained) == 1 + 8
    assert told.auc > 0.95
    assert told.rates[1].true_positive_rate > 0.5


def test_a_model_of_no_classes_has_the_threshold_alone() -> None:
    ratings = Answers(np.arange(20.0), np.zeros((20, 0)))

    assert [attack.attack for attack in single_model_attacks(ratings, ratings, seed=0)] == ["loss threshold"]


def test_a_handful_of_rows_tells_nothing() -> None:
    few = Answers(np.arange(9.0), np.zeros((9, 2)))

    assert single_model_attacks(few, few, seed=0) == []
