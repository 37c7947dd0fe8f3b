"""What moves a model's answers over many rows, by each method, within its time."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from infra.errors import MachineError, RecipeError
from tasks.evaluate.explain.config import Method
from tasks.evaluate.explain.explainer import Explainer, Row
from tasks.evaluate.explain.faithfulness import FEW_ORDERS, Curves, curves, mean_interval, of_rows
from tasks.evaluate.explain.game import Attribution
from tasks.evaluate.explain.outcome import kind
from tasks.evaluate.explain.single import told
from tasks.evaluate.explain.words import TextRow
from tasks.reports.explanation import ExplanationReport, GlobalExplanation, Importance, LocalExplanation

_MOST_TOLD = 30
_MARKS = ".,;:!?\"'()[]{}…"


@dataclass(frozen=True)
class Explained:
    """Rows that a method came to, each with what it found."""

    rows: Sequence[Row]
    found: Sequence[Attribution]
    curves: Sequence[Curves]
    example: LocalExplanation
    seconds: float


def report(explainer: Explainer, rows: Sequence[Row]) -> ExplanationReport:
    """Explanations of rows, one or more that have parts, by each method of the options.

    A method that this model or this machine can't be asked by is left out, with the reason.
    """
    done: list[tuple[Method, Explained]] = []
    left_out: dict[str, str] = {}
    for method in dict.fromkeys(explainer.options.methods):
        try:
            done.append((method, _explained(explainer, method, rows)))
        except (MachineError, RecipeError) as error:
            left_out[method] = str(error)
    confidence = explainer.options.confidence
    return ExplanationReport(
        confidence=confidence,
        explained=kind(explainer.predictor),
        globals=tuple(_whole(method, each, len(rows), confidence) for method, each in done),
        examples=tuple(each.example for _, each in done),
        left_out=left_out,
    )


def unexplained(explainer: Explainer, reason: str) -> ExplanationReport:
    """The report of a model that no method can explain."""
    options = explainer.options
    left_out = dict.fromkeys(map(str, options.methods), reason)
    return ExplanationReport(
        confidence=options.confidence, explained="nothing", globals=(), examples=(), left_out=left_out
    )


def _explained(explainer: Explainer, method: Method, rows: Sequence[Row]) -> Explained:
    """Row by row until all are done or the time is up; the first is always done, and is the example."""
    found: list[Attribution] = []
    heights: list[Curves] = []
    explainer.load(method)
    started = time.perf_counter()
    for row in rows:
        attribution, output = explainer.attribution(method, row)
        if not found:
            example = told(explainer, method, row, attribution, output)
        found.append(attribution)
        heights.append(curves(row.game, attribution.weights, FEW_ORDERS))
        if time.perf_counter() - started > explainer.options.seconds:
            break
    return Explained(rows[: len(found)], found, heights, example, time.perf_counter() - started)


def _whole(method: Method, each: Explained, asked: int, confidence: float) -> GlobalExplanation:
    return GlobalExplanation(
        method=method,
        rows=len(each.rows),
        importances=importances(each.rows, each.found, confidence),
        faithfulness=of_rows(each.curves, confidence),
        seconds=each.seconds,
        is_cut=len(each.rows) < asked,
    )


def importances(rows: Sequence[Row], found: Sequence[Attribution], confidence: float) -> tuple[Importance, ...]:
    """Mean sizes of contributions over all rows, most important first, thirty at most.

    A row that lacks a word counts as 0 for it; a word that stands in a text several times counts as often.
    """
    sizes: dict[str, NDArray[np.float64]] = {}
    seen: dict[str, set[int]] = {}
    for place, (row, attribution) in enumerate(zip(rows, found, strict=True)):
        for part, weight in zip(_named(row), attribution.weights, strict=True):
            sizes.setdefault(part, np.zeros(len(rows)))[place] += abs(weight)
            seen.setdefault(part, set()).add(place)
    ranked = sorted(sizes, key=lambda part: (-float(sizes[part].mean()), part))[:_MOST_TOLD]
    return tuple(
        Importance(part=part, importance=mean_interval(sizes[part], confidence), rows=len(seen[part]))
        for part in ranked
    )


def _named(row: Row) -> Sequence[str]:
    """Columns by name; words as they are written apart from case and the marks around them."""
    if isinstance(row, TextRow):
        return [part.lower().strip(_MARKS) or part for part in row.game.parts]
    return row.game.parts
