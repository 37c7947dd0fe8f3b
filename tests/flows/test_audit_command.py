from __future__ import annotations

import pickle

import pytest

from flows.audit import Refuted
from flows.audited import checked_options, name_of
from flows.commands.privacy.audit import show
from infra.errors import RecipeError
from tasks.private.audit.config import AuditOptions
from tests.flows.audit_summary import summary


def test_options_out_of_bounds_are_named_as_the_command_has_them() -> None:
    with pytest.raises(RecipeError, match=r"--shadows: found 6; allowed: .*multiple of 4"):
        checked_options(shadows=6)
    with pytest.raises(RecipeError, match=r"--confidence: found 1\.5; allowed: .*less than 1"):
        checked_options(confidence=1.5)
    assert checked_options(shadow_rows=500) == AuditOptions(shadow_rows=500)


def test_a_model_is_audited_by_its_own_options() -> None:
    assert name_of("income", ["name=mine"]) == "mine"
    assert name_of("models:/income/3", []) == "income"
    with pytest.raises(RecipeError, match=r"--set: found train\.epochs=2 with a model; allowed: it with a recipe"):
        name_of("models:/income/3", ["train.epochs=2"])


def test_bound_claim_and_attacks_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    show(summary(epsilon_lower=0.4, claimed=3.0, provable=4.15))
    told = capsys.readouterr().out

    assert "290 of 300 guesses about 1,000 canaries were correct" in told
    assert "epsilon is at least 0.4 at delta 1e-05, confidence 95%" in told
    assert "the training claims 3, which is not refuted" in told
    assert "loss threshold" in told
    assert "so many canaries" not in told


def test_a_claim_that_the_canaries_can_not_refute_is_told_of(capsys: pytest.CaptureFixture[str]) -> None:
    show(summary(epsilon_lower=0.4, claimed=8.0, provable=4.15))

    assert "so many canaries can prove 4.15 at most: take more of them to test this claim" in capsys.readouterr().out


def test_a_refuted_claim_fails_as_a_gate_does() -> None:
    failure = Refuted(summary(epsilon_lower=4.15, claimed=1.0, provable=4.15))

    assert failure.exit_code == 16
    assert str(failure).startswith(
        "privacy of income: found epsilon of at least 4.15 at confidence 0.95; allowed: up to 1,"
    )
    assert pickle.loads(pickle.dumps(failure)).summary == failure.summary
