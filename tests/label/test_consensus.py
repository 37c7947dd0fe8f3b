"""One label out of several people's."""

from __future__ import annotations

import logging
import sys
from typing import Any

import numpy as np
import pandas as pd
import pytest

from infra.errors import MachineError
from tasks.label.config import PeopleOptions
from tasks.label.consensus import find_consensus
from tasks.label.store import Answer

ANYBODY = PeopleOptions(minimum_confidence=0.0)


def crowd(*columns: str) -> list[Answer]:
    """A column a person, a letter a row: `crowd("yyn", "yy-")`."""
    return [
        Answer(f"i{row:04d}", f"r{row:04d}", f"p{person}", letter)
        for person, answers in enumerate(columns)
        for row, letter in enumerate(answers)
        if letter != "-"
    ]


def test_nobody_agrees_on_nothing() -> None:
    assert find_consensus([], ANYBODY).labels == {}


def test_one_person_is_believed() -> None:
    found = find_consensus(crowd("yn"), PeopleOptions())
    assert {item: one.label for item, one in found.labels.items()} == {"i0000": "y", "i0001": "n"}
    assert [one.confidence for one in found.labels.values()] == pytest.approx([1.0, 1.0])


def test_good_annotators_outvote_many_bad_ones() -> None:
    truth = "ynynynynynyn"
    other = truth.translate(str.maketrans("yn", "ny"))
    guesses = ["yyyyyyyyyyyy", "nnnnnnnnnnnn", "yyyyyyyyyyyy"]
    found = find_consensus(crowd(truth, truth, *guesses, other[:1] + truth[1:]), ANYBODY)
    assert "".join(found.labels[f"i{row:04d}"].label for row in range(12)) == truth
    quality = {person.name: person.quality for person in found.annotators}
    assert quality["p0"] == pytest.approx(1.0)
    assert quality["p2"] == pytest.approx(0.5)


def test_too_few_answers_or_too_little_confidence_give_no_label() -> None:
    answers = crowd("yyn", "y-y")
    assert set(find_consensus(answers, PeopleOptions(minimum_answers=2, minimum_confidence=0)).labels) == {
        "i0000",
        "i0002",
    }
    assert "i0002" not in find_consensus(crowd("yn", "yy"), PeopleOptions(minimum_confidence=0.95)).labels


def test_the_order_of_answers_does_not_count() -> None:
    answers = crowd("yynny", "ynnny", "nynyy")
    assert find_consensus(answers, ANYBODY) == find_consensus(answers[::-1], ANYBODY)


def test_without_crowd_kit_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "crowdkit.aggregation", None)
    with pytest.raises(MachineError, match=r"crowdkit.aggregation.*pip install 'lepton\[label\]'"):
        find_consensus(crowd("yn"), ANYBODY)


def simulated_crowd(truth: np.ndarray, difficulty: np.ndarray, classes: int, seed: int) -> list[Answer]:
    """Twenty people, five answers a row: experts, ordinary ones, one in four who guesses or has a habit.

    How often one errs grows with the row's difficulty, so errors come together on the same rows, as real ones do and
    the model does not assume.
    """
    chance = np.random.default_rng(seed)
    skill = chance.choice([0.95, 0.8, 0.65], 20, p=[0.3, 0.4, 0.3])
    spammer = np.arange(20) % 4 == 0
    habit = chance.integers(0, classes, 20)
    answers = []
    for row, right in enumerate(truth):
        for person in chance.choice(20, 5, replace=False):
            if spammer[person]:
                label = habit[person] if person % 8 else chance.integers(0, classes)
            else:
                fails = chance.random() > skill[person] * (1 - difficulty[row])
                label = (right + chance.integers(1, classes)) % classes if fails else right
            answers.append(Answer(f"i{row:06d}", f"r{row:06d}", f"p{person}", str(label)))
    return answers


def test_it_beats_the_majority_on_sentences_as_hard_as_they_were_for_real_annotators(shared_data: Any) -> None:
    """Labels and share of agreeing annotators are those of the Financial PhraseBank; who answers is simulated."""
    rows = pd.read_csv(shared_data / "financial_phrasebank" / "financial_phrasebank.csv.gz")
    rows = rows.sample(1500, random_state=0)
    truth = rows["label"].astype("category").cat.codes.to_numpy()
    difficulty = (100 - rows["agreement"].to_numpy()) / 100 * 0.8
    answers = simulated_crowd(truth, difficulty, 3, seed=0)
    found = find_consensus(answers, ANYBODY)
    agreed = np.array([int(found.labels[f"i{row:06d}"].label) for row in range(len(truth))])
    votes = pd.DataFrame([(one.item, int(one.label)) for one in answers], columns=["item", "label"])
    counts = votes.groupby(["item", "label"]).size().unstack(fill_value=0).to_numpy()
    majority = (counts + np.random.default_rng(0).random(counts.shape) * 1e-3).argmax(axis=1)
    gain = (agreed == truth).mean() - (majority == truth).mean()
    logging.getLogger(__name__).info(
        "majority %.4f, consensus %.4f", (majority == truth).mean(), (agreed == truth).mean()
    )
    assert gain > 0.02
