"""How a model was made: privacy of its training, compression, and what moves its answers."""

from __future__ import annotations

import json

from tasks.dp.statement import statement
from tasks.register.card.dossier import Dossier
from tasks.register.card.page import Block, Command, Items, Paragraph, Section, Table, not_measured
from tasks.register.card.sections.quality import percent
from tasks.register.card.standing import Standing
from tasks.reports.explanation import GlobalExplanation

_MOST_PARTS = 15


def privacy(standing: Standing) -> Section:
    """What its training has spent of its rows' privacy."""
    if standing.privacy is None:
        told = "Not trained with differential privacy: it has no epsilon. train.privacy.target_epsilon gives it one."
        return Section("Privacy", (Paragraph(told),))
    sentences = tuple(sentence.replace("**", "") for sentence in statement(standing.privacy))  # Markdown of its own
    return Section("Privacy", (Items(sentences),))


def compression(standing: Standing) -> Section:
    """What was done to the parent, and what that changed."""
    if not standing.parent:
        return Section("Compression", (Paragraph("Not compressed from another version."),))
    steps = _steps(standing.compression)
    told = f"Made from version {standing.parent}" + (f" by {', then '.join(steps)}." if steps else ".")
    rows = tuple((name, f"{value:+.4g}") for name, value in standing.deltas.items())
    changed = (Table(f"What changed from version {standing.parent}", ("metric", "change"), rows),) if rows else ()
    options = (Command(standing.compression),) if standing.compression else ()
    return Section("Compression", (Paragraph(told), *changed, *options))


def _steps(chain: str) -> list[str]:
    try:
        found = json.loads(chain or "{}").get("steps", [])
    except (json.JSONDecodeError, AttributeError):
        return []
    return [str(step) for step in found]


def explanations(dossier: Dossier) -> Section:
    """What moves its answers over many rows, and whether that explains anything."""
    report = dossier.explanation
    if report is None:
        return not_measured("Explanations", "lepton explain tells what moves the answer to a row.")
    told: list[Block] = [Paragraph(f"What is explained: {report.explained}.")]
    for one in report.globals:
        told += _global(one, report.confidence)
    left = tuple(f"{method}: not made, {reason}" for method, reason in report.left_out.items())
    if left:
        told.append(Items(left))
    return Section("Explanations", (*told, *dossier.pictures.get("explanation", ())))


def _global(one: GlobalExplanation, confidence: float) -> list[Block]:
    faith = one.faithfulness
    gain = f"taking away what it calls important first lowers the output by {faith.gain} more than a random order does"
    verdict = (
        Paragraph(f"By {one.method}: faithful, {gain}.", "good")
        if faith.is_faithful
        else Paragraph(f"By {one.method}: NOT faithful, do not rely on it: {gain}.", "bad")
    )
    rows = tuple((each.part, str(each.importance), f"{each.rows:,}") for each in one.importances[:_MOST_PARTS])
    cut = "; cut by its time limit" if one.is_cut else ""
    more = len(one.importances) - _MOST_PARTS
    rest = f"; {more} more are not shown" if more > 0 else ""
    caption = f"By {one.method} over {one.rows:,} rows, with {percent(confidence)} intervals{cut}{rest}"
    return [verdict, Table(caption, ("input", "mean size of its contribution", "rows"), rows)]
