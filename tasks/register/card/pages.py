"""The model card and the data sheet, in the order in which they are read.

After Mitchell et al., Model Cards for Model Reporting (FAT* 2019), and Gebru et al., Datasheets for Datasets (CACM
64(12), 2021), as far as a machine can answer their questions.
"""

from __future__ import annotations

from tasks.register.card.background import Background
from tasks.register.card.dossier import Dossier
from tasks.register.card.page import Page, Paragraph
from tasks.register.card.sections import about, data, decision, fairness, making, quality
from tasks.register.card.sheet import DataSheet
from tasks.register.card.standing import Standing


def model_card(dossier: Dossier, standing: Standing) -> Page:
    """What the model is, what it was made from, how good it is and for whom, and why it was or was not promoted."""
    return Page(
        f"Model card: {standing.name}, version {standing.version}",
        about.lead(standing),
        (
            about.purpose(dossier, standing),
            about.limits(dossier, standing),
            data.in_short(dossier.sheet, standing.lineage),
            quality.metrics(dossier, standing),
            quality.calibration(dossier),
            quality.comparison(dossier),
            quality.slices(dossier),
            fairness.fairness(dossier),
            fairness.tradeoff(dossier),
            quality.robustness(dossier),
            making.explanations(dossier),
            making.privacy(standing),
            making.compression(standing),
            decision.gate(standing),
            decision.override(standing),
            decision.promotions(standing),
            about.serving(standing),
            about.reproduction(dossier, standing),
        ),
    )


def data_page(sheet: DataSheet, background: Background) -> Page:
    """What is in a data set version, where it came from, and what was done to it."""
    return Page(
        f"Data sheet: {background.recipe or 'data set'}, version {sheet.last.digest[:16]}",
        (Paragraph(data.counts(sheet)),),
        (
            data.origin(sheet, background),
            data.composition(sheet),
            data.labels(sheet),
            data.persons(sheet),
            data.processing(sheet, background),
            data.drift(sheet),
        ),
    )
