"""Why one row got its answer."""

from __future__ import annotations

from tasks.evaluate.explain.config import Method
from tasks.evaluate.explain.explainer import Explainer, Row
from tasks.evaluate.explain.faithfulness import of_row
from tasks.evaluate.explain.game import Attribution
from tasks.evaluate.explain.words import TextRow
from tasks.reports.explanation import Contribution, LocalExplanation


def explain_row(explainer: Explainer, method: Method, row: Row) -> LocalExplanation:
    """Contributions of a row's parts, and whether they are faithful."""
    found, output = explainer.attribution(method, row)
    return told(explainer, method, row, found, output)


def told(explainer: Explainer, method: Method, row: Row, found: Attribution, output: float) -> LocalExplanation:
    """An attribution of a row as a part of a report; of a text in the order of its words, else by size."""
    game, is_text = row.game, isinstance(row, TextRow)
    parts = [
        Contribution(part=part, value=value, weight=float(weight))
        for part, value, weight in zip(game.parts, game.values, found.weights, strict=True)
    ]
    return LocalExplanation(
        method=method,
        explained=game.explained,
        base=found.base,
        output=output,
        contributions=tuple(parts if is_text else sorted(parts, key=lambda part: -abs(part.weight))),
        faithfulness=of_row(game, found.weights, explainer.options.confidence),
        is_text=is_text,
    )
