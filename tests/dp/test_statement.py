"""What a card says of privacy is what the record says."""

from __future__ import annotations

from typing import Any

from tasks.dp.accounting.mechanisms import Guarantee, PrivateTraining
from tasks.dp.record import CLEANED, DECLARED, NOT_COVERED, PrivacyRecord
from tasks.dp.statement import statement

RECORD = PrivacyRecord(
    epsilon=2.9996,
    epsilon_rdp=3.27,
    delta=4.65e-6,
    mechanism=PrivateTraining(0.0625, 480, 1.37),
    target_epsilon=3.0,
    unit="example",
    neighbours="add or remove one row",
    user="",
    rows_per_user=1,
    rows=22_000,
    persons=22_000,
    clipping="flat",
    clip=(0.5,),
    adaptive_quantile=0.0,
    not_covered=(DECLARED, *NOT_COVERED),
    seeded_noise=False,
    dataset_digest="d",
)


def said(**other: Any) -> str:
    return "\n".join(statement(RECORD.model_copy(update=other)))


def test_the_guarantee_with_all_that_it_depends_on() -> None:
    text = said()
    assert "Trained with (3, 4.65e-06)-differential privacy; by Rényi divergence epsilon is 3.27." in text
    assert "Neighbouring data sets: add or remove one row. What is protected is a row" in text
    assert "Delta is 0.1 times 1/n; n, 22,000 rows" in text
    assert "DP-SGD in 480 steps. Each row's gradient was clipped to 0.5; Gaussian noise with 1.37 clip norms" in text
    assert "Poisson. Each row was in a step with probability 0.0625" in text
    for gap in RECORD.not_covered:
        assert gap in text
    assert "Preprocessing:" not in text


def test_persons_are_told_with_their_column_and_cap() -> None:
    text = said(unit="user", user="customer", rows_per_user=3, persons=8_000)
    assert "a person, told by the column customer, of whom at most 3 rows count" in text
    assert "n, 8,000 persons" in text


def test_a_norm_that_moved_is_told_with_the_noise_of_its_count() -> None:
    text = said(adaptive_quantile=0.5, mechanism=PrivateTraining(0.0625, 480, 1.4, count_noise=68.0))
    assert "as the 0.5 quantile of their norms by counts with noise of 68, which epsilon includes" in text


def test_preprocessing_that_is_spent_for_is_told_with_its_cost() -> None:
    before = (Guarantee(0.1),) * 3
    text = said(preprocessing=before, spent_on_preprocessing=0.3, not_covered=(CLEANED, *NOT_COVERED))
    assert "come from 3 statistics with Laplace noise. By themselves they spend epsilon 0.3; the epsilon told" in text
    assert "labels, categories, bins" not in text and CLEANED in text


def test_seeded_noise_is_called_what_it_is() -> None:
    text = said(seeded_noise=True)
    assert text.startswith("**Not private.**")
    assert "Trained with" not in text
