"""Private training is paid for in the pipeline's own way: reserved, run, committed; or refused before a step."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from flows.recipe import Recipe, load_recipe
from flows.spending import all_paid, check_plain_allowed, is_public, paid, spending_on, trained
from infra.errors import BudgetError, DataError, TrainingError
from infra.settings.home import HomeSettings
from tasks.data.references import DatasetRef, ModelRef
from tasks.dp.accounting.mechanisms import Guarantee
from tasks.dp.accounting.spent import epsilon
from tasks.dp.record import BEGAN, record_of, save_record
from tasks.ingest.ingest import ingest
from tasks.ingest.sources.sources import resolve
from tasks.lessons.privacy import planned
from tasks.private.ledger.books import Books
from tasks.private.ledger.budget import Budget
from tasks.private.ledger.database import here, transact
from tasks.private.ledger.office import Terms, set_budget
from tasks.private.ledger.origins import origins_of

PRIVATE = {"target_epsilon": 2.0, "preprocessing": "public"}


def budget() -> Budget:
    (only,) = transact(here(), lambda connection: Books(connection).budgets())
    return only


@pytest.fixture
def dataset(home: Path, tmp_path: Path) -> DatasetRef:
    file = tmp_path / "rows.csv"
    file.write_text("text,label\n" + "".join(f"text {n},{'ab'[n % 2]}\n" for n in range(200)))
    options = load_recipe("news", [f"ingest.path={file}"]).ingest
    return ingest(options, resolve(options), home / "datasets" / "x-raw")


def recipe(**privacy: Any) -> Recipe:
    plain = load_recipe("news", ["train.batch_size=20", "train.epochs=2"])
    train = type(plain.train).model_validate({**plain.train.model_dump(), "privacy": privacy})
    return plain.model_copy(update={"train": train})


class Training:
    """In place of `Stages`: what the step `train` leaves behind, without the training."""

    def __init__(self, home: Path, began: bool = True, fails: bool = False) -> None:
        self.home, self.began, self.fails, self.weights = home, began, fails, b"weights"

    def run(self, name: str, step: Any, recipe_name: str, options: Any, dataset: DatasetRef, start: Any) -> ModelRef:
        from tasks.data.tree import tree_digest
        from tasks.step import step_key

        key = step_key(step, recipe_name, options, dataset, start)[:16]
        work, package = self.home / "training" / key, self.home / "packages" / key
        work.mkdir(parents=True, exist_ok=True)
        if self.began:
            (work / BEGAN).touch()
        if self.fails:
            raise TrainingError("training", found="x", allowed="y", action="z")
        package.mkdir(parents=True, exist_ok=True)
        (package / "weights").write_bytes(self.weights)
        plan = planned(options, dataset)
        save_record(record_of(options.privacy, plan, plan.mechanism, [1.0], dataset.digest), package)
        return ModelRef(path=str(package), digest=tree_digest(package), run_id="")


def train(training: Training, dataset: DatasetRef, **privacy: Any) -> ModelRef:
    stages: Any = training
    return trained(recipe(**privacy), dataset, None, stages)


def test_no_budget_no_training(dataset: DatasetRef, home: Path) -> None:
    with pytest.raises(BudgetError, match=f"lepton privacy budget set {dataset.digest[:16]} --epsilon"):
        train(Training(home), dataset, **PRIVATE)


def test_what_ran_is_charged_once(dataset: DatasetRef, home: Path) -> None:
    set_budget(here(), "data", origins_of(dataset, home / "datasets"), Terms(2.0))
    for _ in range(2):
        train(Training(home), dataset, **PRIVATE)
    (charge,) = budget().charges
    plan = planned(recipe(**PRIVATE).train, dataset)
    assert (charge.state, charge.mechanisms) == ("committed", (plan.mechanism,))
    assert budget().spent() == epsilon(plan.mechanism, plan.delta).pld <= 2.0


def test_preprocessing_is_charged_with_the_steps(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("age,label\n" + "".join(f"{20 + n % 50},{'ab'[n % 2]}\n" for n in range(200)))
    ingested = [f"ingest.path={file}", "ingest.sample=", "ingest.contract=[{name: label}, {name: age, type: integer}]"]
    learned = ["train.numeric=[age]", "train.categorical=[]", "train.batch_size=500"]
    private = ["train.epochs=3", "train.privacy.target_epsilon=2", "train.privacy.preprocessing=spent"]
    spent = ["train.privacy.bounds=[{column: age, low: 0, high: 100}]"]
    free = ["evaluate.fairness.protected=[]", "train.mitigation.protected=[]", "mitigate.compare=[]"]
    asked = load_recipe("income", [*ingested, *learned, *private, *spent, "train.privacy.classes=[a, b]", *free])
    version = ingest(asked.ingest, resolve(asked.ingest), home / "datasets" / "x-raw")
    set_budget(here(), "data", origins_of(version, home / "datasets"), Terms(2.0))
    stages: Any = Training(home)
    trained(asked, version, None, stages)
    (charge,) = budget().charges
    plan = planned(asked.train, version)
    assert len(plan.preprocessing) == 1
    assert (charge.state, charge.mechanisms) == ("committed", plan.mechanisms)
    assert 1.99 < budget().spent() <= 2.0


def test_a_package_that_is_lost_is_paid_for_again(dataset: DatasetRef, home: Path) -> None:
    set_budget(here(), "data", origins_of(dataset, home / "datasets"), Terms(2.0))
    model, again = train(Training(home), dataset, **PRIVATE), Training(home)
    again.weights = b"other noise"
    (Path(model.path) / "weights").unlink()
    with pytest.raises(BudgetError, match="training of news, with which"):
        train(again, dataset, **PRIVATE)


@pytest.mark.parametrize(("began", "left"), [(True, "reserved"), (False, "released")])
def test_what_fails_before_its_first_step_is_given_back(
    dataset: DatasetRef, home: Path, began: bool, left: str
) -> None:
    set_budget(here(), "data", origins_of(dataset, home / "datasets"), Terms(2.0))
    with pytest.raises(TrainingError):
        train(Training(home, began, fails=True), dataset, **PRIVATE)
    ((_, charge),) = transact(here(), lambda connection: Books(connection).all_charges())
    assert charge.state == left
    train(Training(home), dataset, **PRIVATE)  # either way the same run goes on
    assert len(budget().charges) == 1


@pytest.mark.parametrize("privacy", [{}, {**PRIVATE, "seeded_noise": True}])
def test_no_privacy_and_noise_by_a_seed_are_refused_on_data_with_a_budget(
    dataset: DatasetRef, home: Path, privacy: dict[str, Any]
) -> None:
    set_budget(here(), "data", origins_of(dataset, home / "datasets"), Terms(2.0))
    with pytest.raises(BudgetError, match="training of news: found no privacy"):
        train(Training(home), dataset, **privacy)


def test_plain_work_asks_nothing_where_there_is_no_ledger(dataset: DatasetRef, home: Path) -> None:
    gone = dataset.model_copy(update={"path": "/nowhere"})
    check_plain_allowed(gone, "training of x", "key")
    assert not (home / "privacy.db").exists()


def test_a_lineage_that_is_not_known(dataset: DatasetRef, home: Path, tmp_path: Path) -> None:
    set_budget(here(), "data", origins_of(dataset, home / "datasets"), Terms(2.0))
    manifest = Path(dataset.path) / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"parents": []', f'"parents": ["{"0" * 64}"]'))
    with pytest.raises(DataError, match=r"origin of data set version .*: found no version 0000000000000000"):
        check_plain_allowed(dataset, "training of x", "key")


def test_work_of_another_home_is_other_work(
    dataset: DatasetRef, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = spending_on(dataset, "x", [Guarantee(1.0)], 1e-6, 100, "key").run
    (tmp_path / "other").symlink_to(home)  # the same data, and yet another home
    monkeypatch.setattr(HomeSettings, "root", property(lambda self: tmp_path / "other"))
    assert spending_on(dataset, "x", [Guarantee(1.0)], 1e-6, 100, "key").run != run


def test_work_without_a_key_is_new_each_time(dataset: DatasetRef, home: Path) -> None:
    set_budget(here(), "data", origins_of(dataset, home / "datasets"), Terms(2.5))

    def look() -> None:
        with paid(spending_on(dataset, "profile", [Guarantee(1.0)], 1e-6, 100)):
            pass

    look()
    look()
    with pytest.raises(BudgetError, match="so far 2"):
        look()


CURVE = [{"noise_multiplier": noise, "preprocessing": "public"} for noise in (2.0, 3.0, 4.0)]


def all_paid_of_curve(dataset: DatasetRef) -> AbstractContextManager[None]:
    return all_paid([recipe(**one) for one in CURVE], dataset, None, "a curve")


def test_several_trainings_are_paid_for_before_the_first(dataset: DatasetRef, home: Path) -> None:
    set_budget(here(), "data", origins_of(dataset, home / "datasets"), Terms(20.0))
    with all_paid_of_curve(dataset):
        assert [charge.state for charge in budget().charges] == ["reserved"] * 3
        for one in CURVE:
            train(Training(home), dataset, **one)
    assert [charge.state for charge in budget().charges] == ["committed"] * 3
    assert budget().mechanisms == tuple(planned(recipe(**one).train, dataset).mechanism for one in CURVE)
    with all_paid_of_curve(dataset):
        assert len(budget().charges) == 3  # models that are there cost nothing again


def test_several_trainings_that_are_too_much_together_are_refused_together(dataset: DatasetRef, home: Path) -> None:
    plan = planned(recipe(**CURVE[0]).train, dataset)  # which alone would fit
    alone = epsilon(plan.mechanism, plan.delta).pld
    set_budget(here(), "data", origins_of(dataset, home / "datasets"), Terms(alone))
    with (
        pytest.raises(BudgetError, match=r"found a curve, with which \d.* would be spent \(so far 0\)"),
        all_paid_of_curve(dataset),
    ):
        pytest.fail("it began")
    assert not budget().charges
    train(Training(home), dataset, **CURVE[0])


def test_of_several_trainings_those_that_did_not_begin_are_given_back(dataset: DatasetRef, home: Path) -> None:
    def two_of_three() -> None:
        with all_paid_of_curve(dataset):
            train(Training(home), dataset, **CURVE[0])
            train(Training(home, began=True, fails=True), dataset, **CURVE[1])

    set_budget(here(), "data", origins_of(dataset, home / "datasets"), Terms(20.0))
    with pytest.raises(TrainingError):
        two_of_three()
    charges = transact(here(), lambda connection: Books(connection).all_charges())
    assert [charge.state for _, charge in reversed(charges)] == ["committed", "reserved", "released"]


def test_public_is_what_comes_from_public_files_alone(dataset: DatasetRef, home: Path) -> None:
    assert not is_public(dataset)
    with (
        pytest.raises(BudgetError, match=f"lepton privacy budget set {dataset.digest[:16]} --epsilon"),
        all_paid_of_curve(dataset),
    ):
        pytest.fail("it began")
    set_budget(here(), "data", origins_of(dataset, home / "datasets"), Terms(0.0, public=True))
    assert is_public(dataset)
    with all_paid_of_curve(dataset):
        assert len(budget().charges) == 3


def test_data_with_a_budget_is_not_public(dataset: DatasetRef, home: Path) -> None:
    set_budget(here(), "data", origins_of(dataset, home / "datasets"), Terms(2.0))
    assert not is_public(dataset)
