"""A dossier with every part of a report in it, in small numbers, and what a registry says of its version."""

from __future__ import annotations

from tasks.data.manifest import Manifest
from tasks.register.card.background import Background
from tasks.register.card.columns import ColumnFacts, GroupCount
from tasks.register.card.dossier import Dossier, Findings
from tasks.register.card.sheet import DataSheet, Groups
from tasks.register.card.standing import OverrideNote, PromotionNote, Standing
from tasks.register.gate import Verdict, check
from tasks.reports.explanation import ExplanationReport, Faithfulness, GlobalExplanation, Importance
from tasks.reports.fairness import FairnessReport, Group, Protected, TradeOff, TradeOffReport
from tasks.reports.interval import Interval
from tasks.reports.quality import Bin, CalibrationReport, ComparisonReport, Difference, QualityReport
from tasks.reports.robustness import Disturbance, RobustnessReport
from tasks.reports.slices import Slice, SliceReport

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360000002000001"
    "0000ffff03000006000557bfabd40000000049454e44ae426082"
)


def about(value: float, by: float = 0.01) -> Interval:
    return Interval(value=value, low=value - by, high=value + by)


RAW = Manifest(
    digest="a" * 64,
    columns={"row_id": "string", "split": "string", "sex": "string", "age": "int64", "label": "string"},
    rows_in=120,
    rows_out=110,
    quarantined={"age: above 120": 10},
    sources={"people.csv": "c" * 64},
    recipe_hash="h",
    code_hash="k",
    engine="arrow",
)
CLEAN = RAW.model_copy(
    update={
        "digest": "b" * 64,
        "rows_in": 110,
        "rows_out": 100,
        "quarantined": {"drop_duplicates": 10},
        "sources": {},
        "parents": ("a" * 64,),
        "engine": "polars",
    }
)
SHEET = DataSheet(
    versions=(RAW, CLEAN),
    columns=(
        ColumnFacts(name="sex", type="string", missing=2, values=(("Female", 40), ("Male", 55)), others=3),
        ColumnFacts(name="age", type="int64", missing=0, quantiles=(19.0, 37.0, 62.0)),
    ),
    splits={"test": 30, "train": 70},
    labels=Groups(column="label", groups=(GroupCount(value="no", train=50, test=20),)),
    protected=(Groups(column="sex", groups=(GroupCount(value="Female", train=28, test=12),)),),
    drift=("age: PSI 0.310, above 0.2",),
)
BACKGROUND = Background(
    recipe="income",
    purpose="Whether a person earns more.",
    owner="Credit risk, risk@example.org",
    intended_use="Research only.",
    limits=("Not for decisions on persons.",),
    licence="CC BY 4.0",
    rules=("trim", "drop_duplicates"),
    protected=("sex",),
)
MEASURED = Findings(
    metrics={"accuracy": 0.8125, "rows": 30.0, "size_mb": 0.05, "latency_p50_ms": 0.41},
    quality=QualityReport(confidence=0.95, resamples=200, rows=30, metrics={"accuracy": about(0.8125)}),
    calibration=CalibrationReport(
        expected_error=about(0.0321),
        largest_error=0.25,
        brier=0.1357,
        bins=(Bin(low=0.5, high=0.6, rows=7, confidence=0.5512, accuracy=about(0.4286)),),
    ),
    slices=SliceReport(
        metric="accuracy",
        confidence=0.95,
        whole=0.8125,
        searched=17,
        slices=(
            Slice(name="age 19 to 25", found="automatic", rows=12, metric=about(0.5833), rest=0.9444, p_value=0.004),
            Slice(name="sex = Female", found="recipe", rows=3, metric=about(0.6667), rest=0.8, is_small=True),
        ),
    ),
    robustness=RobustnessReport(
        metric="accuracy",
        confidence=0.95,
        rows=30,
        clean=about(0.8125),
        disturbances=(Disturbance(name="noise", strength="0.1 deviations", metric=about(0.7777), flipped=0.0625),),
        left_out={"FGSM": "the extra `attacks` is not installed"},
    ),
    fairness=FairnessReport(
        favourable=">50K",
        confidence=0.95,
        small_group=10,
        learned_from=("sex",),
        protected=(
            Protected(
                columns=("sex",),
                groups=(
                    Group(name="Female", rows=12, rates={"selection_rate": about(0.1667)}),
                    Group(name="Other", rows=1, rates={}, is_small=True),
                ),
                disparities={"average_odds_difference": about(0.1234, 0.2)},
            ),
        ),
    ),
)
DOSSIER = Dossier(
    background=BACKGROUND,
    sheet=SHEET,
    measured=MEASURED,
    parent=Findings(
        metrics={"accuracy": 0.82, "size_mb": 0.27},
        quality=QualityReport(confidence=0.95, resamples=200, rows=30, metrics={"accuracy": about(0.82)}),
    ),
    comparison=ComparisonReport(
        champion="models:/income/1",
        rows=30,
        unknown_labels=("maybe",),
        differences=(
            Difference(
                metric="accuracy",
                candidate=0.8125,
                champion=0.7891,
                difference=about(0.0234),
                p_value=0.0312,
                test="McNemar",
            ),
        ),
    ),
    explanation=ExplanationReport(
        confidence=0.95,
        explained="probability of >50K",
        globals=(
            GlobalExplanation(
                method="SHAP",
                rows=64,
                importances=(Importance(part="age", importance=about(0.2468), rows=64),),
                faithfulness=Faithfulness(deletion=0.3, random=0.5, gain=about(0.2), is_faithful=True),
                seconds=1.0,
            ),
            GlobalExplanation(
                method="LIME",
                rows=64,
                importances=(Importance(part="sex", importance=about(0.1357), rows=64),),
                faithfulness=Faithfulness(deletion=0.5, random=0.5, gain=about(0.0), is_faithful=False),
                seconds=1.0,
            ),
        ),
        examples=(),
    ),
    tradeoff=TradeOffReport(
        metric="accuracy",
        disparity="average_odds_difference",
        columns=("sex",),
        confidence=0.95,
        ways=(
            TradeOff(mitigation="none", quality=about(0.8125), disparity=about(0.0911), is_chosen=True),
            TradeOff(mitigation="reweighing", quality=about(0.8012), disparity=about(0.0222), is_chosen=False),
        ),
    ),
)
FAILED = Verdict(passed=False, checks=(check("accuracy", 0.8125, 0.9, "minimum", "of the test rows"),))
STANDING = Standing(
    name="income",
    version="3",
    run_id="run3",
    aliases=("champion",),
    made="2026-01-02 03:04 UTC",
    parent="2",
    package_digest="p" * 64,
    format="tflite",
    compression='{"steps":["int8"]}',
    deltas={"size_mb": -0.22},
    verdict=FAILED,
    override=OverrideNote("ada", "2026-01-03T00:00:00+00:00", "Needed for the audit."),
    promotions=(PromotionNote("2026-01-03T00:00:01+00:00", "promotion 1 of income, none to 3", "ada", "override"),),
    lineage=("source file people.csv", "data set version bbbb"),
    previous="1",
)
