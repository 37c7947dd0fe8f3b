"""Promote, roll back and override in a real registry: what loaders by alias get, what is refused, what commands say."""

from __future__ import annotations

import itertools
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from flows.cli import app
from infra.errors import GateFailed, NotFoundError, PromotionConflict, RecipeError, RoleError
from infra.settings.home import checkout
from infra.settings.roles import current_user
from tasks.data.references import VersionRef
from tasks.register.gate import Verdict, check
from tasks.register.steps.override import OVERRIDE, recorded_objection, set_aside, standing
from tasks.register.steps.promotion import install, promote, recorded, rollback
from tasks.register.steps.versions import CHAMPION, GATE, PREVIOUS, by_alias, version_ref

if TYPE_CHECKING:
    from mlflow import MlflowClient

PASSED = Verdict(passed=True, checks=(check("accuracy", 0.9, 0.8, "minimum"),))
SHORT = Verdict(passed=False, checks=(check("accuracy", 0.7, 0.8, "minimum"),))
_NAMES = (f"model-{number}" for number in itertools.count())


@pytest.fixture
def model(client: MlflowClient) -> str:
    """The name of a model of its own."""
    name = next(_NAMES)
    client.create_registered_model(name)
    return name


@pytest.fixture
def approver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEPTON_ROLES_APPROVERS", f"somebody, {current_user()}")


def version(client: MlflowClient, model: str, folder: Path, verdict: Verdict | None = PASSED) -> VersionRef:
    tags = {"lepton.package_digest": "d"} | ({GATE: verdict.model_dump_json()} if verdict else {})
    return version_ref(client.create_model_version(model, str(folder), tags=tags))


def aliases(client: MlflowClient, model: str) -> dict[str, str]:
    return {alias: str(number) for alias, number in client.get_registered_model(model).aliases.items()}


def test_a_rollback_gives_whoever_loads_by_alias_the_model_before(
    client: MlflowClient, model: str, tmp_path: Path
) -> None:
    import mlflow

    for answer in "123":
        source = tmp_path / answer
        mlflow.pyfunc.save_model(source, loader_module="tests.register.says", pip_requirements=[])
        (source / "answer").write_text(answer)
        promote(version(client, model, source), f"says {answer}")

    def answered() -> str:
        loaded = mlflow.pyfunc.load_model(f"models:/{model}@champion")
        return str(loaded.predict(None))

    assert answered() == "3"
    moved = rollback(model, "", "complaints").promotion
    assert answered() == "2"
    assert (moved.source, moved.target, moved.reason) == ("3", "2", "complaints")
    assert aliases(client, model) == {CHAMPION: "2", PREVIOUS: "1"}
    rollback(model, "", "")
    assert answered() == "1"
    assert aliases(client, model) == {CHAMPION: "1"}
    with pytest.raises(NotFoundError, match="found no champion before 1 that is still there"):
        rollback(model, "", "")
    rollback(model, "3", "it was right after all")
    assert answered() == "3"
    kinds = [(one.kind, one.source, one.target) for one in recorded(model)]
    assert kinds[2:] == [("promote", "2", "3"), ("rollback", "3", "2"), ("rollback", "2", "1"), ("rollback", "1", "3")]


def test_a_champion_whose_version_was_deleted_is_noted_and_a_rollback_goes_past_it(
    client: MlflowClient, model: str, tmp_path: Path
) -> None:
    for _ in range(3):
        promote(version(client, model, tmp_path), "better")
    client.delete_model_version(model, "2")

    assert rollback(model, "", "").promotion.target == "1"
    with pytest.raises(NotFoundError, match=f"promotion of {model}/2: found no such version"):
        rollback(model, "2", "")
    client.delete_model_version(model, "1")
    last = recorded(model)[-1]
    assert (last.kind, last.source, last.target) == ("outside", "1", "")
    with pytest.raises(NotFoundError, match="found no champion;"):
        rollback(model, "", "")


def test_only_what_passed_its_gate_may_be_promoted(client: MlflowClient, model: str, tmp_path: Path) -> None:
    short, unknown = version(client, model, tmp_path, SHORT), version(client, model, tmp_path, None)
    with pytest.raises(GateFailed, match=r"found fell short: accuracy 0\.7 \(minimum 0\.8\); .*lepton gate override"):
        promote(short, "why not")
    with pytest.raises(GateFailed, match="found a version that the gate never judged"):
        promote(unknown, "why not")
    with pytest.raises(RecipeError, match="--reason: found nothing"):
        promote(version(client, model, tmp_path), " ")
    assert aliases(client, model) == {}


def test_a_champion_is_not_promoted_again_and_a_stranger_is_no_earlier_champion(
    client: MlflowClient, model: str, tmp_path: Path
) -> None:
    first, second = version(client, model, tmp_path), version(client, model, tmp_path)
    promote(first, "better")
    with pytest.raises(RecipeError, match="It serves already"):
        promote(first, "better")
    with pytest.raises(RecipeError, match="found a version that never was champion"):
        rollback(model, second.version, "")
    with pytest.raises(RecipeError, match="found the champion"):
        rollback(model, "1", "")


def test_a_run_that_was_judged_against_another_champion_loses(client: MlflowClient, model: str, tmp_path: Path) -> None:
    first, second, third = (version(client, model, tmp_path) for _ in range(3))
    install(first, None, PASSED)
    install(second, first, PASSED)
    with pytest.raises(PromotionConflict, match="found champion 2; allowed: champion 1, against which it was decided"):
        install(third, first, PASSED)
    assert by_alias(client, model, CHAMPION) == second


def test_a_model_that_is_not_there(client: MlflowClient) -> None:
    for asked in (lambda: rollback("nobody", "", ""), lambda: recorded("nobody")):
        with pytest.raises(NotFoundError, match="model nobody: found none of that name"):
            asked()


def test_an_override_needs_an_approver_and_a_reason(
    client: MlflowClient, model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = version(client, model, tmp_path, SHORT)
    monkeypatch.delenv("LEPTON_ROLES_APPROVERS", raising=False)
    with pytest.raises(RoleError, match=f"found user {current_user()}; allowed: approvers: nobody is one"):
        set_aside(short, "it is urgent")
    monkeypatch.setenv("LEPTON_ROLES_APPROVERS", current_user())
    with pytest.raises(RecipeError, match="--reason: found nothing"):
        set_aside(short, "")
    assert OVERRIDE not in client.get_model_version(model, short.version).tags


@pytest.mark.usefixtures("approver")
def test_an_override_is_signed_lets_a_version_serve_and_stays_in_the_history(
    client: MlflowClient, model: str, tmp_path: Path
) -> None:
    short = version(client, model, tmp_path, SHORT)
    set_aside(short, "better for everybody")
    found = standing(short)
    assert (found.may_serve, found.objection) == (True, "")
    assert found.told().startswith("fell short: accuracy 0.7 (minimum 0.8); overridden by ")
    promote(short, "better for everybody")
    (one,) = recorded(model)
    assert one.verdict == SHORT.digest()
    assert recorded_objection(one.override) == ""
    assert "changed" in recorded_objection(one.override.replace("better", "worse"))


@pytest.mark.usefixtures("approver")
@pytest.mark.parametrize(
    ("tag", "objection"),
    [
        (OVERRIDE, "changed after it was signed"),
        (GATE, "the gate has judged anew since"),
        ("lepton.package_digest", "signed for other files"),
    ],
)
def test_what_is_tampered_with_in_the_registry_lets_nobody_serve(
    client: MlflowClient, model: str, tmp_path: Path, tag: str, objection: str
) -> None:
    short = version(client, model, tmp_path, SHORT)
    set_aside(short, "better for everybody")
    known = client.get_model_version(model, short.version).tags[tag]
    changed = known.replace("better", "worse").replace("0.7", "0.75") if tag != "lepton.package_digest" else "e"
    client.set_model_version_tag(model, short.version, tag, changed)
    again = version_ref(client.get_model_version(model, short.version))

    assert objection in standing(again).objection
    with pytest.raises(GateFailed, match="an override is there that does not hold"):
        promote(again, "now")


@pytest.mark.usefixtures("approver")
@pytest.mark.parametrize(("verdict", "found"), [(PASSED, "a version that passed"), (None, "never judged")])
def test_what_needs_no_override_gets_none(
    client: MlflowClient, model: str, tmp_path: Path, verdict: Verdict | None, found: str
) -> None:
    with pytest.raises(RecipeError, match=found):
        set_aside(version(client, model, tmp_path, verdict), "to be sure")


def said(*words: str) -> str:
    """What a command prints."""
    done = CliRunner().invoke(app, list(words), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return " ".join(done.stdout.split())


@pytest.mark.usefixtures("approver")
def test_the_commands_from_an_override_to_a_rollback(client: MlflowClient, model: str, tmp_path: Path) -> None:
    first, short = version(client, model, tmp_path), version(client, model, tmp_path, SHORT)
    assert said("history", model) == f"{model}: nothing was promoted yet"
    assert said("promote", f"{model}/1", "--reason", "first") == f"{first.uri} is champion"
    shown = said("gate", "show", f"{model}/2")
    assert "accuracy 0.7 minimum 0.8 fail" in shown
    assert shown.endswith(f"{short.uri}: fell short: accuracy 0.7 (minimum 0.8)")
    overridden = said("gate", "override", short.uri, "--reason", "better for everybody")
    assert "better for everybody" in overridden
    assert overridden.endswith(f"{short.uri} is champion, in place of 1; `lepton rollback {model}` goes back to 1")
    assert json.loads(said("gate", "show", f"{model}@champion", "--json"))["may_serve"]
    back = json.loads(said("rollback", model, "--reason", "complaints", "--json"))["promotion"]
    assert (back["source"], back["target"], back["who"]) == ("2", "1", current_user())
    history = json.loads(said("history", model, "--json"))["history"]
    assert [(one["kind"], one["target"]) for one in history] == [("promote", "1"), ("promote", "2"), ("rollback", "1")]
    assert "promote 1 2 overridden" in said("history", model)


def test_a_promotion_that_a_kill_interrupted_is_finished_by_the_next_command(
    client: MlflowClient, model: str, tmp_path: Path
) -> None:
    first, _ = version(client, model, tmp_path), version(client, model, tmp_path)
    promote(first, "first")
    _killed_before_champion(model, "2")
    assert aliases(client, model) == {CHAMPION: "1", PREVIOUS: "1"}

    rolled = said("rollback", model)
    assert f" of {model}, 1 to 2 had been interrupted, and is done now" in rolled
    assert aliases(client, model) == {CHAMPION: "1"}


def _killed_before_champion(model: str, target: str) -> None:
    """In a process that MLflow's alias `champion` kills."""
    code = """
import os, signal, sys
import mlflow
from infra.stores.tracking import connect
from tasks.register.promotion.history import here
from tasks.register.promotion.move import Move, move
from tasks.register.steps.promotion import AliasRegistry
class Dying(AliasRegistry):
    def point(self, model, alias, version):
        if alias == "champion":
            os.kill(os.getpid(), signal.SIGKILL)
        super().point(model, alias, version)
connect()
move(here(), Dying(mlflow.MlflowClient()), Move(sys.argv[1], sys.argv[2], "promote", "better"))
"""
    ended = subprocess.run([sys.executable, "-c", code, model, target], cwd=checkout(), capture_output=True)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
