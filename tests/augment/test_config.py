"""What the options refuse."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from tasks.augment.config import AugmentOptions

TRANSLATE = {"method": "translate"}


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({"methods": [{"method": "swap"}, {"method": "swap"}]}, "methods: found swap twice; name each once"),
        ({"methods": [{"method": "swap", "copies": 9}]}, "max_copies: found 8, below the 9 of all methods"),
        ({"methods": [TRANSLATE]}, "translator.name: found ''; give package.module:object"),
        (
            {"methods": [{**TRANSLATE, "copies": 2}], "translator": {"name": "a:b"}},
            "copies: found 2 for translate; give so many translator.pivots, or at most 1 copies",
        ),
        ({"methods": [{**TRANSLATE, "share": 0.5}], "translator": {"name": "a:b"}}, "share: found 0.5 for translate"),
    ],
)
def test_what_does_not_go_together(options: dict[str, Any], found: str) -> None:
    with pytest.raises(ValidationError, match=found):
        AugmentOptions.model_validate(options)


def test_it_is_off_by_default_and_survives_json() -> None:
    options = AugmentOptions.model_validate({"methods": [TRANSLATE], "translator": {"name": "acme.words:Translator"}})

    assert AugmentOptions().methods == []
    assert AugmentOptions.model_validate_json(options.model_dump_json()) == options
    assert (AugmentOptions().modules(), options.modules()) == ((), ("acme.words",))
