"""What the reports say stands in the card, and what is not there is said to be missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from tasks.register.card.dossier import Dossier, Findings
from tasks.register.card.html import html
from tasks.register.card.markdown import markdown
from tasks.register.card.page import Items, Page, Paragraph, Section, Table
from tasks.register.card.pages import data_page, model_card
from tasks.register.card.standing import OverrideNote, Standing
from tasks.register.gate import Verdict, check
from tests.dp.test_statement import RECORD
from tests.register.card.made import BACKGROUND, DOSSIER, FAILED, SHEET, STANDING

EMPTY = Dossier(background=BACKGROUND, sheet=SHEET, measured=Findings(metrics={}), parent=Findings(metrics={}))


def section(page: Page, title: str) -> Section:
    (found,) = [one for one in page.sections if one.title == title]
    return found


def tables(page: Page, title: str) -> list[Table]:
    return [block for block in section(page, title).blocks if isinstance(block, Table)]


def said(page: Page, title: str) -> str:
    blocks = section(page, title).blocks
    lines = [block.text if isinstance(block, Paragraph) else "\n".join(block.lines) for block in _told(blocks)]
    return "\n".join(lines)


def _told(blocks: Sequence[object]) -> list[Paragraph | Items]:
    return [block for block in blocks if isinstance(block, Paragraph | Items)]


@pytest.fixture(scope="module")
def card() -> Page:
    return model_card(DOSSIER, STANDING)


def test_metrics_with_their_intervals_beside_the_parents(card: Page) -> None:
    quality, costs = tables(card, "Quality")
    assert quality.caption == "Metrics of 30 test rows, with 95 % intervals"
    assert quality.rows == (("accuracy", "0.8125 (0.8025 to 0.8225)", "0.82 (0.81 to 0.83)"),)
    assert costs.rows == (("latency_p50_ms", "0.41", "not measured"), ("size_mb", "0.05", "0.27"))


def test_calibration_slices_robustness_and_comparison(card: Page) -> None:
    assert "Expected calibration error 0.0321 (0.0221 to 0.0421), largest 0.25" in said(card, "Calibration")
    assert tables(card, "Calibration")[0].rows == (("0.50 to 0.60", "7", "0.5512", "0.4286 (0.4186 to 0.4386)"),)
    worst, small = tables(card, "Slices")[0].rows
    assert worst == ("age 19 to 25", "search", "12", "0.5833 (0.5733 to 0.5933)", "0.9444", "0.004")
    assert small[0] == "sex = Female (too few rows to conclude from)" and small[-1] == "not tested"
    assert tables(card, "Robustness")[0].rows[1] == ("noise", "0.1 deviations", "0.7777 (0.7677 to 0.7877)", "6.25 %")
    assert "FGSM: not made" in said(card, "Robustness")
    (row,) = tables(card, "Against the champion")[0].rows
    assert row == ("accuracy", "0.8125", "0.7891", "0.0234 (0.0134 to 0.0334)", "0.031", "McNemar")
    assert "Labels that the champion never saw: maybe." in said(card, "Against the champion")


def test_fairness_shows_small_groups_and_claims_no_more_than_the_interval(card: Page) -> None:
    assert tables(card, "Fairness")[0].rows == (
        ("Female", "12", "0.1667 (0.1567 to 0.1767)"),
        ("Other (too few rows)", "1", "no row tells"),
    )
    told = said(card, "Fairness")
    assert "average odds difference 0.1234 (-0.0766 to 0.3234): the groups can't be told apart on these rows" in told
    assert "protected columns sex" in told
    assert [row[0] for row in tables(card, "Trade-off of fairness and quality")[0].rows] == [
        "none (chosen)",
        "reweighing",
    ]


def test_an_explanation_that_explains_nothing_is_said_to_be_so(card: Page) -> None:
    told = said(card, "Explanations")
    assert "By SHAP: faithful" in told
    assert "By LIME: NOT faithful, do not rely on it" in told
    assert "The explanation by LIME was not found faithful" in said(card, "Limits")


def test_a_failed_gate_and_its_override_stand_first(card: Page) -> None:
    first, second, _ = [block.text for block in card.lead if isinstance(block, Paragraph)]
    assert first == "Failed the gate. Fell short: accuracy 0.8125 (minimum 0.9)."
    assert second == "The gate was overridden by ada on 2026-01-03T00:00:00+00:00: Needed for the audit."
    assert tables(card, "Gate")[0].rows == (("accuracy", "0.8125", "minimum 0.9", "NO", "of the test rows"),)
    assert "holds" in said(card, "Override")


def test_an_override_that_does_not_hold_is_said_to_be_none() -> None:
    note = OverrideNote("eve", "2026", "because", reason_invalid="it was signed for another version")
    page = model_card(DOSSIER, replace(STANDING, override=note))
    assert "An override of the gate is NOT valid: it was signed for another version." in markdown(page)
    assert "overridden by eve" not in markdown(page)
    assert "does NOT hold" in said(page, "Override")


@pytest.mark.parametrize("champion", [True, False])
def test_the_command_that_rolls_back(champion: bool) -> None:
    page = model_card(DOSSIER, replace(STANDING, aliases=("champion",) if champion else ()))
    assert ("    lepton rollback income\n" in markdown(page)) == champion
    assert ("    lepton rollback income --to 3\n" in markdown(page)) != champion


def test_what_was_not_measured_is_said_to_be_missing() -> None:
    page = model_card(EMPTY, Standing(name="income", version="1", run_id="r"))
    missing = ["Calibration", "Slices", "Robustness", "Trade-off of fairness and quality", "Explanations", "Gate"]
    for title in [*missing, "Fairness", "Against the champion"]:
        assert said(page, title).startswith("Not measured. "), title
    assert "The recipe asks for sex: measure the model again." in said(page, "Fairness")
    assert "How sure these figures are was not measured" in said(page, "Quality")
    assert "No gate has judged it." in markdown(page)
    assert "Whether groups of persons are treated alike was not measured." in said(page, "Limits")
    assert [one.title for one in page.sections] == [one.title for one in model_card(DOSSIER, STANDING).sections]


def test_a_champion_that_was_not_compared_with_has_its_reason() -> None:
    comparison = DOSSIER.comparison
    assert comparison
    reason = comparison.model_copy(update={"reason": "its package is gone", "differences": ()})
    page = model_card(replace(DOSSIER, comparison=reason), STANDING)
    assert said(page, "Against the champion") == "Not compared with models:/income/1: its package is gone"


def test_a_private_model_tells_its_guarantee_and_a_plain_one_that_it_has_none(card: Page) -> None:
    assert "it has no epsilon" in said(card, "Privacy")
    page = model_card(DOSSIER, replace(STANDING, privacy=RECORD))
    assert "Trained with (3, 4.65e-06)-differential privacy" in said(page, "Privacy")
    assert "may tell of single rows" not in said(page, "Limits")
    seeded = model_card(DOSSIER, replace(STANDING, privacy=RECORD.model_copy(update={"seeded_noise": True})))
    assert "Not private. Noise and samples came from a seed" in said(seeded, "Privacy")
    assert "nothing is private" in said(seeded, "Limits")


def test_a_passed_gate() -> None:
    passed = Verdict(passed=True, checks=(check("accuracy", 0.95, 0.9, "minimum"),))
    page = model_card(DOSSIER, replace(STANDING, verdict=passed, override=None))
    assert page.lead[0] == Paragraph("Passed the gate.", "good")
    assert "Nobody has set the verdict of the gate aside." in said(page, "Override")
    assert FAILED.failures() not in html(page)


def test_a_data_sheet_has_every_version_with_what_it_refused() -> None:
    page = data_page(SHEET, BACKGROUND)
    versions, reasons = tables(page, "Processing")
    assert versions.rows == (("1. " + "a" * 16, "120", "110", "10"), ("2. " + "b" * 16, "110", "100", "10"))
    assert reasons.rows == (("age: above 120", "10", "1."), ("drop_duplicates", "10", "2."))
    assert "120 rows read, 100 to learn from and test on, 20 in quarantine." in said(page, "Processing")
    assert tables(page, "Origin")[0].rows[2] == ("Terms of use", "CC BY 4.0")
    assert tables(page, "Origin")[1].rows == (("people.csv", "c" * 64),)
    assert tables(page, "Composition")[1].rows == (
        ("sex", "string", "2 (2.0%)", "Female 40, Male 55, others 3"),
        ("age", "int64", "0", "5 % below 19, median 37, 5 % above 62"),
    )
    assert tables(page, "Groups of persons")[0].rows == (("Female", "28", "12", "100.0%"),)
    assert said(page, "Since the version before") == "age: PSI 0.310, above 0.2"


def test_a_data_sheet_of_private_rows_has_no_exact_figures_of_columns() -> None:
    private = SHEET.model_copy(
        update={"is_private": True, "columns": (), "splits": {}, "labels": None, "protected": ()}
    )
    page = data_page(private, BACKGROUND)
    for title in ("Composition", "Labels", "Groups of persons"):
        assert "Left out: the rows are under differential privacy" in said(page, title)
    assert tables(page, "Composition")[0].rows[-1] == ("label", "string")
