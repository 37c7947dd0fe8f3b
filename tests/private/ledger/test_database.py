"""Databases that can't be used: one line, and no password in it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from infra.errors import LeptonError, MachineError, RecipeError, ServerError
from infra.settings.privacy import PrivacySettings
from tasks.private.ledger.database import Place, here, transact

SECRET = "s3cr3t-w0rd"


def refused(place: Place) -> LeptonError:
    with pytest.raises(LeptonError) as caught:
        transact(place, lambda connection: None)
    assert SECRET not in str(caught.value)
    assert SECRET not in repr(place)
    assert "\n" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize("url", [f"sqlite:///{SECRET}.db", f"mysql://root:{SECRET}@localhost/x", f"{SECRET} no url"])
def test_a_setting_that_is_no_such_url(url: str, tmp_path: Path) -> None:
    assert isinstance(refused(Place(url, tmp_path / "a.db")), RecipeError)


def test_a_server_that_does_not_answer(tmp_path: Path) -> None:
    place = Place(f"postgresql://lepton:{SECRET}@127.0.0.1:1/x?connect_timeout=2", tmp_path / "a.db")
    error = refused(place)
    assert isinstance(error, ServerError)
    assert "LEPTON_PRIVACY_LEDGER" in str(error)


def test_a_server_that_refuses(postgres: str, tmp_path: Path) -> None:
    url = re.sub(r"//.*@", f"//nobody:{SECRET}@", postgres)
    assert isinstance(refused(Place(url, tmp_path / "a.db")), ServerError)


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    file = tmp_path / "a.db"
    file.write_text("this is not a database" * 100)
    assert isinstance(refused(Place("", file)), MachineError)
    assert file.read_text().startswith("this is not a database")


def test_the_place_is_in_the_home_unless_it_is_set(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert here() == Place("", home / "privacy.db")
    assert not here().is_there()
    monkeypatch.setenv("LEPTON_PRIVACY_LEDGER", f"postgresql://lepton:{SECRET}@host/x")
    assert here().is_there()
    assert SECRET not in repr(PrivacySettings())
    assert SECRET not in repr(here())
