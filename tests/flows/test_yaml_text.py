"""Which words are booleans in a recipe, and which are words."""

from __future__ import annotations

import yaml

from flows.yaml_text import read_yaml


def test_only_true_and_false_are_booleans() -> None:
    assert read_yaml("{on: [yes, no, off, y], flag: true, other: False}") == {
        "on": ["yes", "no", "off", "y"],
        "flag": True,
        "other": False,
    }
    assert read_yaml("[1, 2.5, null, ~, 2024-01-31]")[:4] == [1, 2.5, None, None]


def test_other_readers_keep_theirs() -> None:
    assert yaml.safe_load("on") is True
