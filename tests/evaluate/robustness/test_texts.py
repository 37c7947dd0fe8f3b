from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.evaluate.robustness.texts import (
    beside,
    lower,
    mistyped,
    mixed,
    spaced,
    synonyms,
    typos,
    unmarked,
    upper,
)
from tasks.features.words import words


class Doubles:
    """Every word has one synonym."""

    def synonyms(self, word: str) -> list[str]:
        return [word * 2]


def test_keys_beside_a_key() -> None:
    assert beside("a") == "qswz"
    assert beside("g") == "bfhtvy"
    assert beside("p") == "lo"
    assert beside("é") == ""


@pytest.mark.parametrize(
    ("seed", "typo"),
    [(0, "(flighhts),"), (1, "(floghts),"), (3, "(flgihts),"), (4, "(flghts),")],
)
def test_a_typo_by_its_seed(seed: int, typo: str) -> None:
    assert mistyped("(flights),", Random(seed)) == typo


def test_all_four_kinds_of_typo_come() -> None:
    found = {mistyped("flights", Random(seed)) for seed in range(300)}
    assert {"fkights", "filghts", "fights", "fllights"} <= found
    assert "flights" not in found
    assert all(each[0] == "f" and each[-1] == "s" for each in found)


def test_a_share_of_the_words_and_at_least_one() -> None:
    text = "please show the flights from boston towards denver on monday morning"
    own = words(text)
    for share, count in ((0.01, 1), (0.2, 2), (0.5, 6)):
        other = words(typos(text, share, Random(5)))
        assert sum(one != two for one, two in zip(own, other, strict=True)) == count
    assert typos("a to be or <EMAIL> 12345", 1.0, Random(5)) == "a to be or <EMAIL> 12345"


def test_case() -> None:
    assert upper("Show me", Random(0)) == "SHOW ME"
    assert lower("Show ME", Random(0)) == "show me"
    found = mixed("abcdefghijklmnop", Random(0))
    assert found.lower() == "abcdefghijklmnop" and found not in (found.lower(), found.upper())


def test_spaces_and_marks() -> None:
    assert spaced("show me", Random(0)) == "  show   me  "
    assert unmarked('"Show me," he said - <EMAIL>!', Random(0)) == "Show me he said - <EMAIL>!"


def test_synonyms_with_their_case_and_marks() -> None:
    assert synonyms("Quick, help", 1.0, Random(0), Doubles()) == "Quickquick, helphelp"
    assert synonyms("the of 12", 1.0, Random(0), Doubles()) == "the of 12"


@settings(max_examples=100)
@given(st.text(), st.floats(0.01, 1), st.integers(0, 9))
def test_the_number_of_words_stays(text: str, share: float, seed: int) -> None:
    count = len(words(text))
    for other in (
        typos(text, share, Random(seed)),
        synonyms(text, share, Random(seed), Doubles()),
        spaced(text, Random(seed)),
        unmarked(text, Random(seed)),
    ):
        assert len(words(other)) == count
    assert typos(text, share, Random(seed)) == typos(text, share, Random(seed))
