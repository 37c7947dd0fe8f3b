"""Metrics of many weighted samples of rows at once, by the kind of answer: what `Scored.figures` gives of each.

Counts, such as `unknown_labels`, are left out: they are facts about the rows, not estimates.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from tasks.evaluate import metrics, ranking
from tasks.evaluate.classes import ClassAnswers
from tasks.evaluate.heads import HeadAnswers, ToldClasses, ToldLabels, ToldNumbers, ToldTags, is_right
from tasks.evaluate.intervals.areas import Area, area_of
from tasks.evaluate.intervals.bounds import FEWEST_ROWS
from tasks.evaluate.intervals.draws import Weights
from tasks.evaluate.intervals.groups import Values, groups, sums
from tasks.evaluate.scored import Classes, Heads, Numbers, Ranked, Retrieved, Scored
from tasks.features.heads import joined

Weighed = Mapping[str, Values]
Weigh = Callable[[Weights], Weighed]
"""Weights, rows by samples, to each metric of every sample; NaN where a sample can't tell it."""


def weigher(scored: Scored) -> Weigh:
    """What weighs the answers of one model; sorted and counted once for all samples."""
    match scored:
        case Classes():
            return _classes(scored.answers)
        case Numbers():
            return _numbers(scored.told, scored.truth)
        case Retrieved():
            return _means(retrieval_columns(scored.ranks))
        case Ranked():
            return _means(ranking_columns(scored.ranks))
        case Heads():
            return _heads(scored)


def retrieval_columns(ranks: Values) -> dict[str, Values]:
    """What each question adds to the metrics, which are means."""
    return {
        "mrr": 1.0 / ranks,
        "ndcg_at_10": metrics.single_gains(ranks),
        "recall_at_1": (ranks <= 1).astype(np.float64),
        "recall_at_10": (ranks <= 10).astype(np.float64),
    }


def ranking_columns(ranks: Sequence[Values]) -> dict[str, Values]:
    """What each user adds to the metrics, which are means."""
    first = np.array([own[0] for own in ranks])
    return {
        "ndcg_at_10": np.array([ranking.ndcg(own) for own in ranks]),
        "map_at_10": np.array([ranking.average_precision(own) for own in ranks]),
        "hit_rate_at_10": (first <= ranking.CUT).astype(np.float64),
        "mrr": 1.0 / first,
    }


def _means(columns: Mapping[str, Values]) -> Weigh:
    matrix = np.stack(list(columns.values())).astype(np.float32)

    def weigh(weights: Weights) -> Weighed:
        return dict(zip(columns, _ratio(_products(matrix, weights), _totals(weights)), strict=True))

    return weigh


def _numbers(told: Values, truth: Values) -> Weigh:
    errors = told - truth
    means = _means({"mse": errors**2, "mae": np.abs(errors)})

    def weigh(weights: Weights) -> Weighed:
        found = means(weights)
        return {**found, "rmse": np.sqrt(found["mse"])}

    return weigh


def _head_numbers(told: Values, truth: Values) -> Weigh:
    numbers, centred = _numbers(told, truth), truth - truth.mean()
    spread = _means({"mean": centred, "square": centred**2})

    def weigh(weights: Weights) -> Weighed:
        found, of_truth = numbers(weights), spread(weights)
        variance = of_truth["square"] - of_truth["mean"] ** 2
        return {**found, "r2": 1 - _ratio(found["mse"], np.where(variance > 0, variance, 0))}

    return weigh if np.ptp(truth) > 0 else numbers


def _classes(answers: ClassAnswers) -> Weigh:
    known = answers.codes < len(answers.labels)
    codes = np.where(known, answers.codes, metrics.UNKNOWN)
    losses = metrics.row_losses(answers.probabilities, codes)
    means = _means({"accuracy": answers.right.astype(np.float64), "log_loss": losses})
    names = len(answers.names)
    true, told = groups(answers.codes, names), groups(answers.told, names)
    rightly = groups(answers.codes, names, answers.right)
    areas = _areas(answers.probabilities, codes)

    def weigh(weights: Weights) -> Weighed:
        f1 = _mean_f1(*(sums(counted, weights) for counted in (true, told, rightly)))
        found = {**means(weights), "macro_f1": f1}
        if areas:
            found["auc"] = _mean_over([area.of(weights) for area in areas])
        return found

    return weigh


def _areas(probabilities: NDArray[np.float32], codes: metrics.Places) -> list[Area]:
    """Those that `metrics.class_figures` takes the mean of: one for two classes."""
    known = codes != metrics.UNKNOWN
    there = np.unique(codes[known])
    if len(there) < 2:
        return []
    of = [1] if probabilities.shape[1] == 2 else there.tolist()
    return [area_of(probabilities[:, each], codes == each, known) for each in of]


def _labels(told: ToldLabels) -> Weigh:
    there, said = told.there.T.astype(np.float32), told.said.T.astype(np.float32)
    both, exact = there * said, _means({"exact_match": told.right.astype(np.float64)})

    def weigh(weights: Weights) -> Weighed:
        true, given, right = (_products(side, weights) for side in (there, said, both))
        micro = 2 * right.sum(axis=0) / np.maximum(true.sum(axis=0) + given.sum(axis=0), 1)
        return {"micro_f1": micro, "macro_f1": np.nan_to_num(_mean_f1(true, given, right)), **exact(weights)}

    return weigh


def _tags(told: ToldTags) -> Weigh:
    counts = told.row_counts.T.astype(np.float32)

    def weigh(weights: Weights) -> Weighed:
        true, given, right, words, rightly = _products(counts, weights)
        return {
            "span_f1": 2 * right / np.maximum(true + given, 1),
            "span_precision": right / np.maximum(given, 1),
            "span_recall": right / np.maximum(true, 1),
            "tag_accuracy": np.where(words > 0, rightly / np.maximum(words, 1), 1.0),
        }

    return weigh


def _heads(scored: Heads) -> Weigh:
    own = {head.output: _known(scored.answers[head.output]) for head in scored.heads}
    whole = np.logical_and.reduce([answers.known for answers in scored.answers.values()])
    frames = _means({"frame_accuracy": is_right(scored.answers)[whole].astype(np.float64)})

    def weigh(weights: Weights) -> Weighed:
        found = joined({output: of(weights) for output, of in own.items()})
        return {**found, **frames(weights[whole])} if len(own) > 1 and whole.any() else found

    return weigh


def _known(answers: HeadAnswers) -> Weigh:
    """A head by the rows that have its truth; where these are too few to conclude from, no sample can tell."""
    of, known = _head(answers), answers.known
    if known.sum() >= FEWEST_ROWS:
        return lambda weights: of(weights[known])
    return lambda weights: {name: np.full(weights.shape[1], np.nan) for name in of(weights[known])}


def _head(answers: HeadAnswers) -> Weigh:
    match answers:
        case ToldClasses():
            return _classes(answers.answers)
        case ToldLabels():
            return _labels(answers)
        case ToldNumbers():
            return _head_numbers(answers.told, answers.truth)
        case ToldTags():
            return _tags(answers)


def _mean_f1(there: Values, said: Values, right: Values) -> Values:
    """Classes by samples; the mean over classes that a sample has, NaN where it has none."""
    f1 = 2 * right / np.maximum(there + said, 1)
    return _ratio(np.where(there > 0, f1, 0).sum(axis=0), (there > 0).sum(axis=0).astype(np.float64))


def _mean_over(areas: Sequence[Values]) -> Values:
    """The mean over classes of those that a sample can tell."""
    stacked = np.stack(areas)
    return _ratio(np.nansum(stacked, axis=0), np.isfinite(stacked).sum(axis=0).astype(np.float64))


def _totals(weights: Weights) -> Values:
    total: Values = weights.sum(axis=0, dtype=np.float64)
    return total


def _products(columns: NDArray[np.float32], weights: Weights) -> Values:
    return np.asarray(columns @ weights, np.float64)


def _ratio(above: Values, below: Values) -> Values:
    shape = np.broadcast_shapes(above.shape, below.shape)
    ratio: Values = np.divide(above, below, out=np.full(shape, np.nan), where=below > 0)
    return ratio
