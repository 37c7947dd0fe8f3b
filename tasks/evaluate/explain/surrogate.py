"""LIME: a linear model of the answers near a row (Ribeiro, Singh and Guestrin 2016)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from infra.extras import import_extra
from tasks.evaluate.explain.columns import ColumnModel, ColumnRow
from tasks.evaluate.explain.game import Attribution, Game, Values

_SEED = 20_261_130
_NEIGHBOURS = 1000  # of a row of columns, each of which the model is asked about once
_TEXTS = 200  # with words missing


def surrogate_of_columns(model: ColumnModel, row: ColumnRow) -> Attribution:
    """Weights by the `lime` package's explainer of tables.

    A part counts while its value is in the row's quartile, or is the row's category; neighbours have values of other
    train rows. The base and the weights are the linear model's; they add up to its answer, at best near the model's.

    Raises:
        MachineError: the extra `explain` is not installed.
    """
    lime = import_extra("lime.lime_tabular", "explain")
    explainer = lime.LimeTabularExplainer(
        model.sample, mode="regression", categorical_features=list(model.categorical), random_state=_SEED
    )
    told = explainer.explain_instance(
        row.point,
        lambda matrix: row.outcome.of(model.read(matrix)),
        num_features=len(row.point),
        num_samples=_NEIGHBOURS,
    )
    return _attribution(told.intercept[1], told.local_exp[1], len(row.point))


def surrogate_of_parts(game: Game) -> Attribution:
    """Weights by the `lime` package's explainer of texts, which takes parts away by chance.

    The parts of any game stand as the words of a text to it, by their number.

    Raises:
        MachineError: the extra `explain` is not installed.
    """
    lime = import_extra("lime.lime_text", "explain")
    parts = len(game.parts)
    if not parts:
        return Attribution(game.output, np.zeros(0))

    def read(lines: Sequence[str]) -> Values:
        masks = np.zeros((len(lines), parts), np.bool_)
        for row, line in enumerate(lines):
            masks[row, [int(number) for number in line.split()]] = True
        worth = game.worth(masks)
        return np.stack([-worth, worth], axis=1)

    explainer = lime.LimeTextExplainer(split_expression=r"\s+", bow=True, random_state=_SEED)
    line = " ".join(map(str, range(parts)))
    told = explainer.explain_instance(line, read, labels=(1,), num_features=parts, num_samples=_TEXTS)
    order = told.domain_mapper.indexed_string.inverse_vocab
    return _attribution(told.intercept[1], [(int(order[place]), weight) for place, weight in told.local_exp[1]], parts)


def _attribution(intercept: float, weights: Sequence[tuple[int, float]], parts: int) -> Attribution:
    told = np.zeros(parts)
    for place, weight in weights:
        told[place] = weight
    return Attribution(float(intercept), told)
