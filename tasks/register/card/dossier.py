"""What a card is made from, in one folder, which goes into the candidate's run: so that it can be made anew later.

background.json  sheet.json  recipe.yaml
measured/ parent/ comparison/ explanation/ tradeoff/    parts of reports and their pictures
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from infra.errors import NotFoundError
from tasks.data.references import Reference
from tasks.register.card.background import Background
from tasks.register.card.page import Picture
from tasks.register.card.sheet import DataSheet
from tasks.register.evidence import Evidence
from tasks.reports.explanation import ExplanationReport
from tasks.reports.fairness import FairnessReport, TradeOffReport
from tasks.reports.files import ReportPart
from tasks.reports.quality import CalibrationReport, ComparisonReport, QualityReport
from tasks.reports.robustness import RobustnessReport
from tasks.reports.slices import SliceReport

BACKGROUND, SHEET, METRICS = "background.json", "sheet.json", "metrics.json"
OF_A_MODEL: tuple[type[ReportPart], ...] = (
    QualityReport,
    CalibrationReport,
    SliceReport,
    RobustnessReport,
    FairnessReport,
)
PICTURES: dict[str, tuple[str, ...]] = {
    "quality": ("*confusion.png", "*per_class.png", "*ranks.png", "*ratings.png", "*numbers.png"),
    "calibration": ("*calibration.png",),
    "slices": ("slices.png",),
    "robustness": ("robustness.png",),
    "fairness": ("fairness_*.png",),
    "tradeoff": ("tradeoff.png",),
    "explanation": ("global_*.png",),
}
"""By what they belong to. Not those of single rows: a card goes further than the rows may."""


@dataclass(frozen=True)
class Findings:
    """What evaluation found of one model; a part is None where it was not measured."""

    metrics: dict[str, float]
    quality: QualityReport | None = None
    calibration: CalibrationReport | None = None
    slices: SliceReport | None = None
    robustness: RobustnessReport | None = None
    fairness: FairnessReport | None = None


@dataclass(frozen=True)
class Dossier:
    """All that a card tells but what the registry says now."""

    background: Background
    sheet: DataSheet
    measured: Findings
    parent: Findings
    comparison: ComparisonReport | None = None
    explanation: ExplanationReport | None = None
    tradeoff: TradeOffReport | None = None
    pictures: dict[str, tuple[Picture, ...]] = field(default_factory=dict)


def write_dossier(folder: Path, background: Background, sheet: DataSheet, evidence: Evidence) -> None:
    """Put it into an empty folder."""
    (folder / BACKGROUND).write_text(background.model_dump_json(indent=2) + "\n", encoding="utf-8")
    (folder / SHEET).write_text(sheet.model_dump_json(indent=2) + "\n", encoding="utf-8")
    _copy(evidence.measured, folder / "measured", [METRICS, *(part.FILE for part in OF_A_MODEL)])
    _copy(evidence.parent_measured, folder / "parent", [METRICS, *(part.FILE for part in OF_A_MODEL)])
    others: dict[str, tuple[Reference | None, type[ReportPart]]] = {
        "comparison": (evidence.comparison, ComparisonReport),
        "explanation": (evidence.explanation, ExplanationReport),
        "tradeoff": (evidence.tradeoff, TradeOffReport),
    }
    for name, (found, part) in others.items():
        if found is not None:
            _copy(found, folder / name, [part.FILE])


def _copy(report: Reference, into: Path, files: list[str]) -> None:
    into.mkdir()
    source = Path(report.path)
    pictures = [file for patterns in PICTURES.values() for pattern in patterns for file in source.glob(pattern)]
    for file in [*(source / name for name in files if (source / name).is_file()), *pictures]:
        shutil.copyfile(file, into / file.name)


def read_dossier(folder: Path) -> Dossier:
    """The dossier in a folder.

    Raises:
        NotFoundError: there is none.
        SourceError: a part of a report can't be read.
    """
    if not (folder / BACKGROUND).is_file() or not (folder / SHEET).is_file():
        raise NotFoundError(
            f"model card in {folder}",
            found="nothing that one could be made from",
            allowed="the folder `card` of a run whose model was judged by a gate",
            action="Run the recipe again: what has not changed is not made again, the card is.",
        )
    return Dossier(
        background=Background.model_validate_json((folder / BACKGROUND).read_text(encoding="utf-8")),
        sheet=DataSheet.model_validate_json((folder / SHEET).read_text(encoding="utf-8")),
        measured=_findings(folder / "measured"),
        parent=_findings(folder / "parent"),
        comparison=ComparisonReport.load(folder / "comparison"),
        explanation=ExplanationReport.load(folder / "explanation"),
        tradeoff=TradeOffReport.load(folder / "tradeoff"),
        pictures={name: _pictures(folder, name) for name in PICTURES},
    )


def _findings(report: Path) -> Findings:
    file = report / METRICS
    return Findings(
        metrics=json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {},
        quality=QualityReport.load(report),
        calibration=CalibrationReport.load(report),
        slices=SliceReport.load(report),
        robustness=RobustnessReport.load(report),
        fairness=FairnessReport.load(report),
    )


def _pictures(folder: Path, name: str) -> tuple[Picture, ...]:
    """Those of the candidate: its parent has the same ones."""
    places = [folder / place for place in ("measured", "comparison", "explanation", "tradeoff")]
    files = {
        file for place in places for pattern in PICTURES[name] for file in place.glob(pattern)
    }  # a file may match twice
    return tuple(Picture(_alt(file), file.read_bytes()) for file in sorted(files))


def _alt(file: Path) -> str:
    words = file.stem.replace("_", " ").replace("-", " ")
    return f"Picture of {words}; what it shows is told in this section too."
