"""Which words are booleans in a recipe, and which are words."""

from __future__ import annotations

import pytest
import yaml

from flows.yaml_text import read_yaml


def test_only_true_and_false_are_booleans() -> None:
    assert read_yaml("{on: [yes, no, off, y], flag: true, other: False}") == {
        "on": ["yes", "no", "off", "y"],
        "flag": True,
        "other": False,
    }
    assert read_yaml("[1, 2.5, null, ~]") == [1, 2.5, None, None]


def test_codes_dates_and_times_are_words() -> None:
    words = ["010", "0x10", "0o7", "1_000", "12:30", "12:30:45", "2024-01-31", "2024-01-31T10:00:00Z", "1.2.3", "-"]
    assert read_yaml(f"[{', '.join(words)}]") == words


def test_numbers_are_numbers() -> None:
    numbers = {"0": 0, "-7": -7, "+3": 3, "1.": 1.0, ".5": 0.5, "-0.25": -0.25, "1e3": 1000.0, "2.5E-3": 0.0025}
    assert read_yaml(f"[{', '.join(numbers)}]") == list(numbers.values())
    assert [type(each) for each in read_yaml("[1, 1.0, -.inf]")] == [int, float, float]


def test_no_name_stands_twice() -> None:
    with pytest.raises(yaml.YAMLError, match="the name 'b' twice"):
        read_yaml("a: {b: 1, b: 2}")


def test_a_merged_name_may_stand_twice() -> None:
    text = "a: {b: &x {<<: &q {k: 1}, k: 2}}\nc: {<<: *x, k: 3}\nd: {<<: [*x, *q]}"
    assert read_yaml(text) == {"a": {"b": {"k": 2}}, "c": {"k": 3}, "d": {"k": 2}}


def test_other_readers_keep_theirs() -> None:
    assert yaml.safe_load("on") is True
