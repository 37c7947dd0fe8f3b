"""On real sets with known labels, by how much each method beats what it must beat.

`--log-cli-level=INFO` shows the figures.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from numpy.typing import NDArray

from tasks.label.classifier import out_of_fold, predict_rest
from tasks.label.config import WeakOptions
from tasks.label.functions import ABSTAIN, cast_votes, labelling_functions
from tasks.label.label_model import count_patterns, fit_label_model, majority
from tasks.label.query import Strategy, most_diverse, most_doubtful
from tasks.label.suspects import judge, suspects_of
from tests.label.real_sets import AIRLINE, PHRASEBANK, STOCKS, Places, RealSet, read_set

LOG = logging.getLogger(__name__)
Noise = Literal["symmetric", "asymmetric"]
ADULT = ("age", "workclass", "education", "marital_status", "occupation", "sex", "capital_gain", "hours_per_week")


@pytest.mark.parametrize(
    ("name", "label", "weak", "points"),
    [
        ("financial_phrasebank", "label", PHRASEBANK, 0.5),
        ("airline_tweets", "airline_sentiment", AIRLINE, 2),
        ("stock_tweets", "sentiment", STOCKS, 6),
    ],
)
def test_the_label_model_beats_the_majority(
    shared_data: Path, name: str, label: str, weak: dict[str, Any], points: float
) -> None:
    """Without one known label. Ties of the majority are broken by chance, ten times."""
    real = read_set(shared_data, name, label)
    votes = cast_votes(labelling_functions(WeakOptions.model_validate(weak)), real.rows, real.labels)
    voted = (votes != ABSTAIN).any(axis=1)
    counted, chance = majority(votes, 3), np.random.default_rng(0)
    drawn = [(counted + chance.random(counted.shape) * 1e-3).argmax(axis=1) for _ in range(10)]
    plain = float(np.mean([(one == real.truth)[voted].mean() for one in drawn]))
    model = fit_label_model(count_patterns(votes, np.full(len(votes), ABSTAIN), 3))
    found = float((model.probabilities(votes).argmax(axis=1) == real.truth)[voted].mean())
    LOG.info("%s: coverage %.3f, majority %.4f, model %.4f", name, voted.mean(), plain, found)
    assert found > plain + points / 100


def spoil(real: RealSet, noise: Noise, seed: int = 0) -> Places:
    """A tenth of the labels wrong: any other label alike, or always the next one."""
    chance = np.random.default_rng(seed)
    classes = len(real.labels)
    given = real.truth.copy()
    places = chance.choice(len(given), len(given) // 10, replace=False)
    step = chance.integers(1, classes, len(places)) if noise == "symmetric" else 1
    given[places] = (given[places] + step) % classes
    return given


def judge_suspects(real: RealSet, noise: Noise) -> dict[str, float]:
    """Figures of the suspects, and of the two plain ways: disagreement with argmax, and lowest self-confidence."""
    from sklearn.metrics import average_precision_score, precision_score, recall_score

    given = spoil(real, noise)
    wrong, rows = given != real.truth, np.arange(len(given))
    classes = len(real.labels)
    plain = out_of_fold(real.rows, given, classes, 5, 0, np.ones(len(given), np.bool_))
    verdict = judge(real.rows, given, classes, 5, 0)
    flagged = np.isin(rows, suspects_of(given, verdict).places)
    argmax = plain.argmax(axis=1) != given
    figures = {
        "precision": precision_score(wrong, flagged),
        "recall": recall_score(wrong, flagged),
        "argmax precision": precision_score(wrong, argmax),
        "argmax recall": recall_score(wrong, argmax),
        "average precision": average_precision_score(wrong, -verdict[rows, given]),
        "self-confidence": average_precision_score(wrong, -plain[rows, given]),
        "random": float(wrong.mean()),
    }
    told = ", ".join(f"{name} {value:.3f}" for name, value in figures.items())
    LOG.info("%s, %d rows: %s", noise, len(given), told)
    return figures


def f1(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall)


def check_suspects(figures: dict[str, float]) -> None:
    assert figures["precision"] > figures["argmax precision"] + 0.05
    assert (
        f1(figures["precision"], figures["recall"]) > f1(figures["argmax precision"], figures["argmax recall"]) + 0.05
    )
    assert figures["average precision"] > figures["self-confidence"]
    assert figures["precision"] > 3 * figures["random"]


def test_suspects_beat_plain_disagreement_and_self_confidence(shared_data: Path) -> None:
    check_suspects(
        judge_suspects(read_set(shared_data, "airline_tweets", "airline_sentiment", most=2500), "asymmetric")
    )


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("noise", ["symmetric", "asymmetric"])
@pytest.mark.parametrize(
    ("name", "label", "columns", "most"),
    [
        ("financial_phrasebank", "label", ("text",), 0),
        ("airline_tweets", "airline_sentiment", ("text",), 6000),
        ("adult", "income", ADULT, 8000),
    ],
)
def test_suspects_on_larger_sets(
    shared_data: Path, name: str, label: str, columns: tuple[str, ...], most: int, noise: Noise
) -> None:
    check_suspects(judge_suspects(read_set(shared_data, name, label, columns, most), noise))


def learning_curve(real: RealSet, by: Strategy, batches: int, size: int, seed: int) -> float:
    """Mean accuracy on a held-out third after each batch of labels; the first is of unlike rows for every strategy."""
    chance = np.random.default_rng(seed)
    order = chance.permutation(len(real.truth))
    held, pool = order[: len(order) // 3], order[len(order) // 3 :]
    rows = real.rows.take(pool)
    known: Places = np.full(len(pool), -1)
    first = most_diverse(rows, size, seed)
    known[first] = real.truth[pool][first]
    everything = real.rows.take(np.concatenate([pool, held]))
    scores = []
    for _ in range(batches):
        labels = np.concatenate([known, np.full(len(held), -1)])
        probabilities = predict_rest(everything, labels, len(real.labels), seed)
        scores.append((probabilities[len(pool) :].argmax(axis=1) == real.truth[held]).mean())
        free = np.flatnonzero(known == -1)
        if by in ("margin", "entropy"):
            chosen = free[most_doubtful(probabilities[free], size, by)]
        else:
            chosen = chance.choice(free, size, replace=False)
        known[chosen] = real.truth[pool][chosen]
    return float(np.mean(scores[1:]))


def curves(real: RealSet, batches: int, size: int, seeds: int) -> dict[Strategy, NDArray[np.float64]]:
    found: dict[Strategy, NDArray[np.float64]] = {
        by: np.array([learning_curve(real, by, batches, size, seed) for seed in range(seeds)])
        for by in ("random", "margin", "entropy")
    }
    LOG.info(", ".join(f"{by} {scores.mean():.4f} +- {scores.std():.4f}" for by, scores in found.items()))
    return found


def test_doubt_beats_chance_at_equal_budget(shared_data: Path) -> None:
    """27 intents of support questions, seven batches of 60 labels after the first."""
    found = curves(read_set(shared_data, "bitext_support", "intent", ("utterance",), 2000), 8, 60, seeds=2)
    assert found["margin"].mean() > found["random"].mean() + 0.02
    # Not so the entropy: of many labels it also counts those that are all but ruled out (Settles 2009, section 3.1).


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    ("name", "label"), [("airline_tweets", "airline_sentiment"), ("financial_phrasebank", "label")]
)
def test_doubt_beats_chance_on_sentiment(shared_data: Path, name: str, label: str) -> None:
    """Seven batches of 40 labels after the first."""
    found = curves(read_set(shared_data, name, label, most=3000), 8, 40, seeds=3)
    assert found["margin"].mean() > found["random"].mean() + 0.02
    assert found["entropy"].mean() > found["random"].mean() + 0.02
