"""What a person does wrong: each ends in one line, an exit code of its own, no traceback and nothing half-written."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from flows.cli import main
from tests.integration.loans import write_loans

LATIN = "amount,purpose,paid\n" + "".join(f"{i},ch\xe2teau,{'yes' if i % 2 else 'no'}\n" for i in range(40))
RAGGED = "amount,purpose,paid\n" + "1,house,yes\n2,car,no\n3,boat\n" * 10
ONE_CLASS = "amount,purpose,paid\n" + "".join(f"{i},house,yes\n" for i in range(40))
BAD_LABEL = "amount,purpose,paid\n" + "1,house,yes\n2,car,no\n3,boat,perhaps\n" * 10


@pytest.fixture
def recipe(prefect_api: str, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return write_loans(tmp_path, rows=60)


def lepton(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """Exit code and stderr; stdout must be empty, for no result is printed with an error."""
    monkeypatch.setattr(sys, "argv", ["lepton", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    printed = capsys.readouterr()
    assert printed.out == ""
    assert isinstance(ended.value.code, int)
    return ended.value.code, printed.err


@pytest.mark.parametrize(
    ("overrides", "code", "text"),
    [
        (["ingest.path=nowhere.csv"], 11, "nowhere.csv"),
        (["ingest.path=none/*.csv"], 11, "none/*.csv"),
        (["ingest.path=http://127.0.0.1:9/x.csv"], 11, "127.0.0.1:9"),
        (["ingest.path=loans.yaml"], 11, "loans.yaml"),
        (["ingest.columns.label=payed"], 12, "payed"),
        (["train.numeric=[height]"], 10, "height"),
        (["clean.rules=[polish]"], 10, "polish"),
        (["clean.rules=['nowhere:rule']"], 10, "nowhere"),
    ],
)
def test_a_wrong_word_in_the_recipe(
    recipe: Path,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    overrides: list[str],
    code: int,
    text: str,
) -> None:
    words = [word for override in overrides for word in ("--set", override)]
    found, err = lepton(monkeypatch, capsys, "run", str(recipe), "--json", *words)
    assert (found, err.strip().count("\n")) == (code, 0), err
    assert text in err and "; allowed: " in err and "Traceback" not in err
    assert half_written(home) == []


@pytest.mark.parametrize(
    ("content", "code", "text"),
    [
        (b"", 11, "empty"),
        (b"amount,purpose,paid\n", 11, "found no row in 1 file"),
        (LATIN.encode("latin-1"), 12, "UTF-8"),
        (RAGGED.encode(), 12, "10 of 30"),
        (ONE_CLASS.encode(), 12, "found only the label 'yes'"),
        (BAD_LABEL.encode(), 12, "10 of 30"),
    ],
    ids=["empty", "header only", "not UTF-8", "ragged", "one class", "a label that is not allowed"],
)
def test_a_file_that_can_not_be_learned_from(
    recipe: Path,
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    content: bytes,
    code: int,
    text: str,
) -> None:
    (tmp_path / "bad.csv").write_bytes(content)
    found, err = lepton(monkeypatch, capsys, "run", str(recipe), "--json", "--set", "ingest.path=bad.csv")
    assert (found, err.strip().count("\n")) == (code, 0), err
    assert text in err and "Traceback" not in err
    assert half_written(home) == []


def test_an_unknown_recipe(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    code, err = lepton(monkeypatch, capsys, "run", "suport")
    assert code == 10
    assert err.startswith("lepton: recipe: found 'suport'; allowed: answers, income, movies, news, support")


def test_a_home_that_is_a_file(
    recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LEPTON_HOME", str(recipe))
    code, err = lepton(monkeypatch, capsys, "run", str(recipe))
    assert (code, err.strip().count("\n")) == (13, 0), err
    assert "a folder that this user may write to" in err


def test_a_second_run_on_a_home_is_refused(
    recipe: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from infra.stores.lock import home_lock

    with home_lock("news"):
        code, err = lepton(monkeypatch, capsys, "run", str(recipe))
    assert (code, err.strip().count("\n")) == (14, 0), err
    assert "a run in progress (news, process" in err


def half_written(home: Path) -> list[Path]:
    """Folders of data set versions, and below those of packages, that are not whole."""
    folders = [path for path in (home / "datasets").glob("*/*") if path.name != ".latest"]  # pointers to versions
    versions = [path for path in folders if not (path / "manifest.json").exists()]
    return versions + list((home / "packages").glob("*"))
