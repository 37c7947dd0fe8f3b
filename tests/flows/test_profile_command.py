"""`lepton privacy profile`, as a person types it."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest
from typer.testing import CliRunner, Result

import flows.profiling
from flows.commands.privacy import privacy
from infra.errors import BudgetError, LeptonError, NotFoundError, RecipeError
from tasks.data.digest import final_digest, partial_digest
from tasks.data.manifest import Manifest
from tasks.data.parts import PartWriter
from tasks.data.version import QUARANTINE, ROWS, writing
from tasks.dp.accounting.mechanisms import Gaussian, Guarantee
from tasks.private.ledger.books import Books
from tasks.private.ledger.budget import Budget
from tasks.private.ledger.database import here, transact
from tasks.private.ledger.office import Terms, set_budget
from tasks.private.ledger.origins import Origin

COLUMNS = {"row_id": "string", "key": "string", "split": "string", "age": "int64", "town": "string"}
COUNT = 2000
TABLE = pa.table(
    {
        "row_id": [f"{place:05d}" for place in range(COUNT)],
        "key": [f"person {place // 2}" for place in range(COUNT)],
        "split": ["train"] * (COUNT - 100) + ["test"] * 100,
        "age": [20 + place % 50 for place in range(COUNT)],
        "town": ["rare" if place == 7 else "ab"[place % 2] for place in range(COUNT)],
    }
)


@pytest.fixture
def dataset(home: Path) -> str:
    """A version in the home."""
    with writing(home / "datasets" / "income") as draft:
        for name in (ROWS, QUARANTINE):
            with PartWriter(draft.path / name, TABLE.schema) as parts:
                parts.write(TABLE if name == ROWS else TABLE.slice(0, 0))
        manifest = Manifest(
            digest=final_digest(COLUMNS, [partial_digest(TABLE)]),
            columns=COLUMNS,
            rows_in=COUNT,
            rows_out=COUNT,
            quarantined={},
            sources={"people.csv": "5" * 64},
            recipe_hash="r",
            code_hash="c",
            engine="none",
        )
        return draft.publish(manifest).path


@pytest.fixture
def rich(dataset: str) -> str:
    """The same, with a budget for all that a test asks."""
    return with_budget(dataset, Terms(1000.0, 1e-5))


def with_budget(dataset: str, terms: Terms) -> str:
    set_budget(here(), "people", (Origin("5" * 64, "people.csv"),), terms)
    return dataset


def budget() -> Budget:
    [found] = transact(here(), lambda connection: Books(connection).budgets())
    return found


def call(*words: object) -> Result:
    result = CliRunner().invoke(privacy, ["profile", *map(str, words)])
    if result.exception and not isinstance(result.exception, (LeptonError, SystemExit)):
        raise result.exception
    return result


def test_it_tells_what_it_was_asked_and_keeps_it(rich: str) -> None:
    words = (rich, "--epsilon", 50, "--bounds", "age=0:100", "--top", "town=5", "--categories", "key=x,y")
    found = json.loads(call(*words, "--json").stdout)
    told = {(each["column"], each["kind"]): each["values"] for each in found["profile"]["statistics"]}
    assert told["", "rows"][0]["value"] == pytest.approx(1900, abs=10)
    assert told["age", "mean"][0]["value"] == pytest.approx(44.5, abs=1)
    assert [value["name"] for value in told["town", "top"]] == ["b", "a"] or told["town", "top"][0]["name"] == "a"
    assert found["unseen"] == []
    assert json.loads(Path(found["files"]["answers"]).read_text()) == found
    assert Path(found["files"]["picture"]).read_bytes().startswith(b"\x89PNG")


def test_the_table_shows_noise_and_cost(rich: str) -> None:
    shown = call(rich, "--epsilon", 1, "--bounds", "age=0:100", "--split", "test").stdout
    assert "quantile 0.05" in shown and "0.2" in shown
    assert "cost together: epsilon 1, delta 0, of a row" in shown
    assert "not asked for: town" in shown


def test_of_a_person(rich: str) -> None:
    found = json.loads(call(rich, "--epsilon", 50, "--key", "key", "--split", "all", "--json").stdout)["profile"]
    assert (found["unit"], found["key"], found["cap"]) == ("person", "key", 1)
    assert found["statistics"][0]["values"][0]["value"] == pytest.approx(1000, abs=10)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--bounds", "age"], "--bounds age: found the column alone; .*: --bounds age=LOW:HIGH"),
        (["--bounds", "age=1"], "--bounds age: found 1; allowed: LOW:HIGH"),
        (["--bounds", "age=5:1"], "bounds: found 5 to 1"),
        (["--bounds", "age=1:2", "--bounds", "age=1:3"], "--bounds age: found it twice"),
        (["--top", "town=many"], "--top town: found many; allowed: a number"),
        (["--top", "=3"], "--top : found no column"),
        (["--top", "town=3", "--delta", "0.001"], "delta: found 0.001 with 2000 rows"),
        (["--bounds", "town=0:1"], "column town: found type string"),
    ],
)
def test_what_it_refuses_costs_nothing(dataset: str, words: list[str], message: str, home: Path) -> None:
    result = call(dataset, "--epsilon", 1, *words)
    assert isinstance(result.exception, RecipeError)
    with pytest.raises(RecipeError, match=message):
        raise result.exception
    assert not (home / "reports").exists()


def test_categories_may_have_commas(rich: str) -> None:
    found = json.loads(call(rich, "--epsilon", 50, "--categories", 'town="a,b",b', "--json").stdout)["profile"]
    names = [value["name"] for value in found["statistics"][1]["values"]]
    assert names == ["a,b", "b", "(other)"]


def test_what_it_costs_is_in_the_ledger(rich: str) -> None:
    call(rich, "--epsilon", 1, "--bounds", "age=0:100", "--top", "town=3")
    call(rich, "--epsilon", 1, "--bounds", "age=0:100", "--mechanism", "gaussian")
    first, second = budget().charges
    *known, threshold = first.mechanisms
    assert known == [Guarantee(1 / 6)] * 5
    assert isinstance(threshold, Guarantee)
    assert threshold.epsilon == 1 / 6
    assert threshold.delta == pytest.approx(1e-6)
    [gaussian] = second.mechanisms
    assert isinstance(gaussian, Gaussian) and gaussian.count == 5
    assert {charge.state for charge in budget().charges} == {"committed"}
    assert 1 < budget().spent() < 2


def test_a_budget_is_spent_to_its_end_and_not_beyond(dataset: str, home: Path) -> None:
    with_budget(dataset, Terms(1.0, 1e-5))
    assert call(dataset, "--epsilon", 0.7, "--bounds", "age=0:100", "--top", "town=3").exit_code == 0
    refused = call(dataset, "--epsilon", 0.4, "--bounds", "age=0:100")
    assert isinstance(refused.exception, BudgetError)
    with pytest.raises(BudgetError, match=r"epsilon 1 at delta 1e-05 in all, 0\.30*\d* of which is left"):
        raise refused.exception
    assert len(list((home / "reports").iterdir())) == 1
    assert call(dataset, "--epsilon", 0.3, "--bounds", "age=0:100").exit_code == 0
    assert 0.95 < budget().spent() <= 1.0  # composed, which is less than the sum


def test_a_gaussian_profile_may_take_the_whole_budget(dataset: str) -> None:
    with_budget(dataset, Terms(3.0, 1e-6))
    words = (dataset, "--epsilon", 3, "--bounds", "age=0:100", "--top", "town=3", "--mechanism", "gaussian")
    assert call(*words, "--delta", 1e-6).exit_code == 0


def test_without_a_budget_it_does_not_start(dataset: str, home: Path) -> None:
    refused = call(dataset, "--epsilon", 1)
    assert isinstance(refused.exception, BudgetError)
    assert "lepton privacy budget set" in str(refused.exception)
    assert list((home / "reports").iterdir()) == []


def test_of_public_data_it_is_free_and_noted(dataset: str) -> None:
    with_budget(dataset, Terms(0.0, public=True))
    assert call(dataset, "--epsilon", 5).exit_code == 0
    [charge] = budget().charges
    assert (charge.state, charge.mechanisms) == ("committed", (Guarantee(5.0),))


def test_what_breaks_after_it_was_paid_stays_paid(rich: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flows.profiling, "profile", lambda rows, request: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        call(rich, "--epsilon", 1)
    [charge] = budget().charges
    assert charge.state == "reserved"
    assert budget().spent() == pytest.approx(1.0, rel=1e-3)


def test_of_a_recipe_the_version_that_it_made(rich: str) -> None:
    digest = json.loads(call("income", "--epsilon", 1, "--json").stdout)["dataset"]
    assert digest.startswith(Path(rich).name[:16])
    assert json.loads(call(digest[:8], "--epsilon", 1, "--json").stdout)["dataset"] == digest


def test_a_recipe_that_was_never_run(home: Path) -> None:
    refused = call("income", "--epsilon", 1)
    assert isinstance(refused.exception, NotFoundError)
    assert "Run it: lepton run income." in str(refused.exception)
