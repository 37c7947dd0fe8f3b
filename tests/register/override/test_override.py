"""Signatures of approvers: whose they are, what they are about, and what a change does to them."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from infra.errors import MachineError
from tasks.register.override.key import own_key, public_part
from tasks.register.override.override import Override, Statement, Subject, objection, sign

SAID = {"model": "m", "version": "2", "package": "p", "verdict": "v"}
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
TRUSTED = KEY.public_key().public_bytes_raw().hex()
WORDS = st.text(st.characters(codec="utf-8"), max_size=20)


def signed(key: Ed25519PrivateKey = KEY, **changed: str) -> Override:
    told = {**SAID, "who": "ann", "when": "2026-01-01T00:00:00+00:00", "reason": "für alle besser", **changed}
    return sign(Statement.model_validate(told), key)


def test_one_that_holds_survives_being_written_down() -> None:
    copy = Override.model_validate_json(signed().model_dump_json())
    assert objection(copy, Subject(**SAID), TRUSTED) == ""


@pytest.mark.parametrize("name", ["model", "version", "package", "verdict", "who", "when", "reason"])
def test_what_is_changed_after_it_was_signed_does_not_hold(name: str) -> None:
    statement = signed().statement.model_copy(update={name: "other"})
    forged = signed().model_copy(update={"statement": statement})
    assert "changed after it was signed" in objection(forged, Subject(**SAID), TRUSTED)


@pytest.mark.parametrize("forged", [{"signature": "00" * 64}, {"signature": "no hex"}, {"public_key": "ab"}])
def test_a_broken_signature_or_key_does_not_hold(forged: dict[str, str]) -> None:
    assert "changed after it was signed" in objection(signed().model_copy(update=forged), Subject(**SAID), TRUSTED)


def test_a_stranger_who_signs_it_anew_is_not_believed() -> None:
    stranger = signed(Ed25519PrivateKey.generate())
    assert "which is not this home's" in objection(stranger, Subject(**SAID), TRUSTED)
    assert "which is not this home's" in objection(signed(), Subject(**SAID), "")


@pytest.mark.parametrize(
    ("about", "words"),
    [
        ({"version": "3"}, "signed for m/2"),
        ({"model": "n"}, "signed for m/2"),
        ({"package": "q"}, "signed for other files"),
        ({"verdict": "w"}, "the gate has judged anew since"),
    ],
)
def test_it_holds_for_what_it_was_signed_for(about: dict[str, str], words: str) -> None:
    assert words in objection(signed(), Subject(**{**SAID, **about}), TRUSTED)


@given(st.fixed_dictionaries(dict.fromkeys(Statement.model_fields, WORDS)), st.data())
def test_no_two_statements_are_signed_as_the_same_bytes(said: dict[str, str], data: Any) -> None:
    name = data.draw(st.sampled_from(sorted(Statement.model_fields)))
    other = {**said, name: data.draw(WORDS.filter(lambda text: text != said[name]))}
    assert Statement.model_validate(said).signed_bytes() != Statement.model_validate(other).signed_bytes()


def test_a_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    assert public_part(folder) == ""
    made = own_key(folder).public_key().public_bytes_raw().hex()
    assert public_part(folder) == made
    (file,) = folder.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    own_key(tmp_path)
    (tmp_path / "approver.pem").chmod(0o640)
    with pytest.raises(MachineError, match="a file that others can read or write"):
        own_key(tmp_path)


def test_a_file_that_is_no_key_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "approver.pem"
    file.touch(0o600)
    with pytest.raises(MachineError, match="found no Ed25519 key"):
        own_key(tmp_path)
