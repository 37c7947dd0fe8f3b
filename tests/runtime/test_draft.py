from __future__ import annotations

import os
from pathlib import Path

import pytest

from tasks.runtime.draft import draft


def test_a_draft_that_ends_well_takes_the_place(tmp_path: Path) -> None:
    into = tmp_path / "deep" / "report"
    for text in ("old", "new"):
        with draft(into) as path:
            assert list(path.iterdir()) == []
            (path / "file").write_text(text)
    assert (into / "file").read_text() == "new"
    assert [path.name for path in into.parent.iterdir()] == ["report"]


def test_a_killed_draft_of_another_name_is_removed_after_a_day(tmp_path: Path) -> None:
    (tmp_path / ".draft-killed").mkdir()
    os.utime(tmp_path / ".draft-killed", (0, 0))
    with draft(tmp_path / "report"):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["report"]


def test_a_draft_that_fails_leaves_nothing_and_what_was_there(tmp_path: Path) -> None:
    into = tmp_path / "report"
    into.mkdir()
    (into / "file").write_text("old")

    def write_half() -> None:
        with draft(into) as path:
            (path / "file").write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_half()
    assert [path.name for path in tmp_path.iterdir()] == ["report"]
    assert (into / "file").read_text() == "old"
