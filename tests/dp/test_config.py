"""Options of privacy that do not go together."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from tasks.dp.config import PrivacyOptions

BOUNDS = [{"column": "age", "low": 0, "high": 100}]
SPENT = {"target_epsilon": 1, "preprocessing": "spent", "bounds": BOUNDS, "classes": ["a", "b"]}


def test_it_is_off_unless_an_epsilon_or_a_noise_is_given() -> None:
    assert not PrivacyOptions().is_on
    assert PrivacyOptions(target_epsilon=1, preprocessing="public").is_on
    assert PrivacyOptions(noise_multiplier=1, preprocessing="public").is_on
    assert PrivacyOptions.model_validate(SPENT).is_on


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"target_epsilon": -1}, "greater than or equal to 0"),
        ({"target_epsilon": "nan"}, "finite number"),
        ({"noise_multiplier": "inf"}, "finite number"),
        ({"delta": 1.0}, "less than 1"),
        ({"clip": 0}, "greater than 0"),
        ({"target_epsilon": 0, "clip": 2}, "target_epsilon: found 0 with clip; give an epsilon above 0"),
        ({"preprocessing": "public"}, "found 0 with preprocessing"),
        ({"target_epsilon": 1}, "preprocessing: found undeclared; labels, categories, bins"),
        ({**SPENT, "preprocessing": "public"}, "preprocessing: found public with bounds, classes; set it to spent"),
        ({**SPENT, "target_epsilon": 0, "noise_multiplier": 1}, "found spent without target_epsilon"),
        ({**SPENT, "seeded_noise": True}, "seeded_noise: found with preprocessing spent, whose noise has no seed"),
        ({**SPENT, "classes": ["a"]}, r"classes: found \['a'\] with preprocessing spent; name all labels"),
        ({**SPENT, "classes": ["a", "b", "a"]}, "name all labels that there may be, each once"),
        ({**SPENT, "preprocessing_share": 1}, "less than 1"),
        ({**SPENT, "bounds": [{"column": "age", "low": 5, "high": 5}]}, "bounds of age: found 5 to 5; give the lower"),
        ({**SPENT, "bounds": [{"column": "age", "low": -1e308, "high": 1e308}]}, "bounds of age: found -1e"),
        ({**SPENT, "bounds": [{"column": "age", "low": 0, "high": "inf"}]}, "finite number"),
        ({"target_epsilon": 1, "noise_multiplier": 1}, "target_epsilon, noise_multiplier: found both"),
        ({"target_epsilon": 1, "preprocessing": "public", "unit": "user"}, "user: found '' with unit user"),
        ({"target_epsilon": 1, "preprocessing": "public", "user": "who"}, "user: found 'who' with unit example"),
        ({"target_epsilon": 1, "preprocessing": "public", "rows_per_user": 2}, "rows_per_user: found 2 with unit"),
        ({"target_epsilon": 1, "preprocessing": "public", "adaptive": {"quantile": 1}}, "less than 1"),
    ],
)
def test_contradictions_are_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        PrivacyOptions.model_validate(options)
