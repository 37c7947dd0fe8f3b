"""`lepton contract`: its three commands, as a person types them."""

from __future__ import annotations

import csv
import json
import re
import shlex
from pathlib import Path

import pytest
import yaml
from typer.main import get_command
from typer.testing import CliRunner, Result

from flows.commands.contract import contract
from flows.recipe import RECIPES, load_recipe
from infra.errors import DataError, LeptonError, MachineError, RecipeError
from infra.settings.home import checkout

ROWS = "age,word\n" + "".join(f"{20 + n % 40},{'ab'[n % 2]}\n" for n in range(400))


def call(*words: object) -> Result:
    result = CliRunner().invoke(contract, list(map(str, words)))
    if result.exception and not isinstance(result.exception, (LeptonError, SystemExit)):
        raise result.exception
    return result


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "rows.csv"
    path.write_text(ROWS)
    return path


def test_what_infer_writes_check_takes(file: Path, tmp_path: Path) -> None:
    out = tmp_path / "contract.yaml"
    assert "2 columns from 400 rows" in call("infer", file, "--out", out).stdout
    text = out.read_text()
    assert text.startswith("# Proposed from all 400 rows of ")
    assert yaml.safe_load(text) == {
        "contract": [
            {"name": "age", "type": "integer", "minimum": 16, "maximum": 63},
            {"name": "word", "type": "string", "allowed": ["a", "b"]},
        ]
    }
    assert call("infer", file).stdout == text
    assert json.loads(call("infer", file, "--json").stdout)["contract"] == yaml.safe_load(text)["contract"]
    checked = call("check", file, "--contract", out, "--json")
    assert (checked.exit_code, json.loads(checked.stdout)["bad"]) == (0, 0)


def test_a_recipe_reads_what_infer_writes(shared_data: Path, tmp_path: Path) -> None:
    source = shared_data / "adult" / "adult.csv.gz"
    call("infer", source, "--role", "label=income", "--out", tmp_path / "contract.yaml")
    content = yaml.safe_load((RECIPES / "income.yaml").read_text())
    content["ingest"] = {"path": str(source), **yaml.safe_load((tmp_path / "contract.yaml").read_text())}
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(content))
    recipe = load_recipe(str(tmp_path / "recipe.yaml"))
    assert (recipe.ingest.columns.label, recipe.ingest.columns.split) == ("income", "split")
    checked = call("check", source, "--contract", tmp_path / "recipe.yaml", "--json")
    assert (checked.exit_code, json.loads(checked.stdout)["bad"]) == (0, 0)


@pytest.mark.parametrize(
    ("role", "message"),
    [
        ("labels=word", "--role: found 'labels'; allowed: text, label"),
        ("label", "--role label: found ''; allowed: age, word"),
    ],
)
def test_a_role_that_is_none(file: Path, role: str, message: str) -> None:
    result = call("infer", file, "--role", role)
    assert isinstance(result.exception, RecipeError)
    assert message in str(result.exception)


def test_a_column_that_names_the_subject_is_no_column_of_the_contract(file: Path) -> None:
    found = json.loads(call("infer", file, "--role", "key=age", "--json").stdout)
    assert found["columns"] == {"key": "age"}
    assert [column["name"] for column in found["contract"]] == ["word"]


def test_infer_tells_what_it_leaves_out(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("refused;n\na;1\nb\n")
    text = call("infer", tmp_path / "x.csv", "--delimiter", ";").stdout
    assert text.splitlines()[1:4] == [
        "# Left out: 'refused', a name that Lepton uses itself.",
        "# Could not be read: 1 rows, wrong number of values.",
        "delimiter: ;",
    ]
    result = call("infer", tmp_path / "x.csv", "--delimiter", ";", "--out", tmp_path / "no" / "where.yaml")
    assert isinstance(result.exception, MachineError)


def test_check_shows_examples_and_fails(file: Path, tmp_path: Path) -> None:
    out = tmp_path / "contract.yaml"
    call("infer", file, "--out", out)
    bad = tmp_path / "bad.csv"
    bad.write_text(ROWS + "12,c\n" * 20)
    result = call("check", bad, "--contract", out)
    assert isinstance(result.exception, DataError)
    assert "found 20 of 420 rows bad (4.8%): age: below 16, 20" in str(result.exception)
    assert result.stdout.startswith("20 of 420 rows break the contract")
    shown = json.loads(call("check", bad, "--contract", out, "--json").stdout)
    assert [len(one["examples"]) for one in shown["failures"]] == [5]
    assert shown["failures"][0]["examples"][0] == {
        "origin": f"{bad}:402",
        "value": "12",
        "row": '{"age": "12", "word": "c"}',
    }


def test_check_takes_a_recipe(tmp_path: Path) -> None:
    faq = tmp_path / "faq.csv"
    faq.write_text("text,label\n" + "".join(f"t{n},l{n % 3}\n" for n in range(9)))
    result = call("check", faq, "--contract", "support", "--json")
    assert (result.exit_code, json.loads(result.stdout)["rows"]) == (0, 9)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("contract: [{name: age, type: date}]", r"contract\.0\.type: found 'date'; allowed: Input should be 'string'"),
        ("contract: [{name: a, minimum: 2, maximum: 1}]", "allowed: minimum: found 2.0, above maximum 1.0"),
        ("columns: {}", "found no list `contract`"),
        ("contract: []\nrules: []", "found the names rules; allowed: delimiter, "),
        ("contract: [", "allowed: YAML in UTF-8"),
    ],
)
def test_a_contract_that_is_none(file: Path, tmp_path: Path, content: str, message: str) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text(content)
    result = call("check", file, "--contract", broken)
    assert isinstance(result.exception, RecipeError)
    with pytest.raises(RecipeError, match=message):
        raise result.exception


def test_drift_between_files(file: Path, tmp_path: Path) -> None:
    new = tmp_path / "new.csv"
    new.write_text(ROWS.replace("a\n", "c\n").replace("age", "years"))
    assert call("drift", file, file).stdout.startswith("0 of 2 columns changed by more than they may")
    found = json.loads(call("drift", file, new, "--json").stdout)
    kinds = {one["column"]: [change["kind"] for change in one["changes"]] for one in found["columns"]}
    assert kinds == {
        "age": ["missing_column"],
        "word": ["distribution", "new_categories"],
        "years": ["new_column"],
    }
    strict = tmp_path / "strict.yaml"
    strict.write_text("contract: [{name: word}]\ndrift: {new_categories: stop}")
    result = call("drift", file, new, "--contract", strict)
    assert isinstance(result.exception, DataError)
    assert "word: new values 'c'" in str(result.exception)


def test_drift_reads_files_as_the_contract_does(tmp_path: Path) -> None:
    for name, last in (("old", "2"), ("new", "3")):
        (tmp_path / f"{name}.csv").write_text(f"n;word\n1;a\n{last};b\n")
    (tmp_path / "c.yaml").write_text("delimiter: ;\ncontract: [{name: n}]\n")
    words = ("drift", tmp_path / "old.csv", tmp_path / "new.csv", "--json")
    for more in (("--contract", tmp_path / "c.yaml"), ("--delimiter", ";")):
        assert [one["column"] for one in json.loads(call(*words, *more).stdout)["columns"]] == ["n", "word"]


@pytest.mark.parametrize("name", ["infer", "drift"])
def test_a_delimiter_that_is_none(file: Path, name: str) -> None:
    result = call(name, *[file] * (1 + (name == "drift")), "--delimiter", ";;")
    assert isinstance(result.exception, RecipeError)
    assert "--delimiter: found ';;'; allowed: one character" in str(result.exception)


def test_drift_of_a_folder_with_a_profile_of_something_else(file: Path, tmp_path: Path) -> None:
    (tmp_path / "profile.json").write_text('{"cpu": 1}')
    result = call("drift", tmp_path, file)
    assert isinstance(result.exception, DataError)
    assert "profile.json: found no profile that this release reads" in str(result.exception)


def page() -> str:
    return (checkout() / "docs" / "contracts.md").read_text(encoding="utf-8")


def test_the_page_shows_a_contract_that_there_can_be(tmp_path: Path) -> None:
    """Its one good order passes, and each of its rules has a row that breaks it."""
    (text,) = re.findall(r"```yaml\n(.*?)```", page(), re.DOTALL)
    (tmp_path / "contract.yaml").write_text(text + "max_bad_share: 1\n")
    good = {
        "order": 1,
        "status": "paid",
        "ordered": "2024-05-01",
        "paid": "2024-05-02",
        "customer": "ann",
        "position": 1,
    }
    good |= {"email": "a@b.c", "phone": "", "net": 1.5, "tax": 0.5, "gross": 2}
    broken: list[dict[str, object]] = [
        {"status": "sent", "reason": "status: not an allowed value"},
        {"customer": "al", "reason": "customer: shorter than 3"},
        {"ordered": "1.5.24", "reason": "ordered: not of the pattern"},
        {"ordered": "2024-06-01", "reason": "ordered <= paid"},
        {"paid": "-", "reason": "paid must be present when status is paid"},
        {"status": "open", "reason": "paid must be missing when status is open"},
        {"email": "", "reason": "at least one of email, phone"},
        {"gross": 2.1, "reason": "gross = net + tax"},
        {"order": 1, "position": 99, "reason": "order: not unique"},
        {"position": 1, "reason": "customer, position: not unique together"},
    ]
    rows = [good, *({**good, "order": n, "position": n, **row} for n, row in enumerate(broken, start=2))]
    with (tmp_path / "orders.csv").open("w", newline="") as content:
        writer = csv.DictWriter(content, good, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    found = json.loads(
        call("check", tmp_path / "orders.csv", "--contract", tmp_path / "contract.yaml", "--json").stdout
    )
    places = {one["examples"][0]["origin"].rpartition(":")[2]: one["reason"] for one in found["failures"]}
    assert places == {str(line): row["reason"] for line, row in enumerate(broken, start=3)}
    assert found["rows"] == len(rows)


@pytest.mark.parametrize("line", re.findall(r"^lepton contract (.*)$", page(), re.MULTILINE))
def test_the_page_shows_commands_that_there_are(line: str) -> None:
    name, *words = shlex.split(line)
    command = get_command(contract).commands[name]  # type: ignore[attr-defined]
    assert command.make_context(name, words).params
