"""Options of privacy that do not go together."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from tasks.dp.config import PrivacyOptions


def test_it_is_off_unless_an_epsilon_or_a_noise_is_given() -> None:
    assert not PrivacyOptions().is_on
    assert PrivacyOptions(target_epsilon=1, preprocessing="public").is_on
    assert PrivacyOptions(noise_multiplier=1, preprocessing="public").is_on


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
