from __future__ import annotations

from tasks.data.references import DatasetRef, VersionRef
from tasks.register.card import model_card, table
from tasks.register.gate import Verdict, check
from tests.dp.test_statement import RECORD

DATASET = DatasetRef(path="/d", digest="ab" * 32, rows_in=12, rows_out=10, quarantined=2)


def version(number: str) -> VersionRef:
    return VersionRef(name="support", version=number, run_id="r", digest="d")


def test_the_card_says_what_was_measured_and_decided() -> None:
    verdict = Verdict(passed=False, checks=(check("accuracy", 0.5, 0.9, "minimum"),))
    card = model_card(version("2"), version("1"), DATASET, {"accuracy": 0.5}, {"accuracy": 0.75}, verdict)
    assert "# support, version 2" in card
    assert "**Failed** the gate. Fell short: accuracy 0.5 (minimum 0.9)." in card
    assert "12 rows read, 10 to learn from and test on, 2 in quarantine" in card
    assert "| accuracy | 0.5 | 0.75 |" in card
    assert "| accuracy | 0.5 | minimum 0.9 | no |" in card


def test_a_bar_in_a_cell_does_not_end_it() -> None:
    assert table(["a"], [["x|y"]]).splitlines()[-1] == "| x\\|y |"


def test_a_private_model_has_a_section_on_it() -> None:
    verdict = Verdict(passed=True, checks=(check("accuracy", 0.95, 0.9, "minimum"),))
    plain = model_card(version("2"), version("1"), DATASET, {}, {}, verdict)
    private = model_card(version("2"), version("1"), DATASET, {}, {}, verdict, RECORD)
    assert "## Privacy" not in plain
    assert "## Privacy\n\n- Trained with (3, 4.65e-06)-differential privacy" in private
