"""What an audit leaves on versions, in a real registry, and what the gate makes of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tasks.data.references import VersionRef
from tasks.register.checks import audit_check
from tasks.register.gate import Verdict, check, with_check
from tasks.register.steps.versions import note_audit, version_ref

if TYPE_CHECKING:
    from mlflow import MlflowClient

PASSED = Verdict(passed=True, checks=(check("accuracy", 0.9, 0.8, "minimum"),))
NAME = "audit lower bound of epsilon"


@pytest.fixture
def family(client: MlflowClient, tmp_path: Path, request: pytest.FixtureRequest) -> tuple[VersionRef, VersionRef]:
    """A float version, and its child that passed the gate."""
    name = request.node.name[:50]
    client.create_registered_model(name)
    parent = client.create_model_version(name, str(tmp_path))
    tags = {"lepton.parent_version": str(parent.version), "lepton.gate": PASSED.model_dump_json()}
    child = client.create_model_version(name, str(tmp_path), tags=tags)
    client.create_model_version(name, str(tmp_path), tags={"lepton.gate": PASSED.model_dump_json()})
    return version_ref(parent), version_ref(child)


def tags_of(client: MlflowClient, version: VersionRef) -> dict[str, str]:
    return dict(client.get_model_version(version.name, version.version).tags)


def verdict_of(client: MlflowClient, version: VersionRef) -> Verdict:
    return Verdict.model_validate_json(tags_of(client, version)["lepton.gate"])


def test_a_refuted_model_and_its_children_fail_their_gate(
    client: MlflowClient, family: tuple[VersionRef, VersionRef]
) -> None:
    parent, child = family
    note_audit(parent, epsilon_lower=4.15, claimed=1.0)

    for version in family:
        tags = tags_of(client, version)
        assert (tags["lepton.audit_epsilon_lower"], tags["lepton.audit_epsilon_claimed"]) == ("4.15", "1")
    verdict = verdict_of(client, child)
    assert not verdict.passed
    assert verdict.failures() == f"{NAME} 4.15 (maximum 1)"
    other = child.model_copy(update={"version": "3"})
    assert verdict_of(client, other) == PASSED, "of another training"


def test_one_that_is_not_refuted_has_the_check_and_passes(
    client: MlflowClient, family: tuple[VersionRef, VersionRef]
) -> None:
    note_audit(family[0], epsilon_lower=0.2, claimed=1.0)

    verdict = verdict_of(client, family[1])
    assert verdict.passed
    assert [one.name for one in verdict.checks] == ["accuracy", NAME]


def test_the_worst_of_several_audits_stands(client: MlflowClient, family: tuple[VersionRef, VersionRef]) -> None:
    for lower in (0.2, 4.0, 0.1):
        note_audit(family[0], epsilon_lower=lower, claimed=1.0)

    verdict = verdict_of(client, family[1])
    assert [one.value for one in verdict.checks if one.name == NAME] == [4.0]
    assert tags_of(client, family[0])["lepton.audit_epsilon_lower"] == "4"


def test_a_training_that_claims_nothing_is_told_of_and_not_judged(
    client: MlflowClient, family: tuple[VersionRef, VersionRef]
) -> None:
    note_audit(family[0], epsilon_lower=4.15, claimed=None)

    assert tags_of(client, family[0]) == {"lepton.audit_epsilon_lower": "4.15"}
    assert verdict_of(client, family[1]) == PASSED


def test_a_check_takes_the_place_of_one_of_its_name() -> None:
    failed = with_check(PASSED, audit_check(2.0, 1.0))

    assert not failed.passed
    assert with_check(failed, audit_check(0.5, 1.0)).passed
    assert len(with_check(failed, audit_check(0.5, 1.0)).checks) == 2
