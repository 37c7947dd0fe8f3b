"""Only what nobody writes any more is removed."""

from __future__ import annotations

import os
import time
from pathlib import Path

from tasks.data.leftovers import remove_leftovers


def test_old_drafts_go_and_all_else_stays(tmp_path: Path) -> None:
    two_days_ago = time.time() - 48 * 60 * 60
    for name in (".draft-old", ".draft-live", ".draft-new", "other"):
        (tmp_path / name / "deep").mkdir(parents=True)
        (tmp_path / name / "deep" / "file").write_text("half")
        if name != ".draft-new":
            for path in (tmp_path / name / "deep" / "file", tmp_path / name / "deep", tmp_path / name):
                os.utime(path, (two_days_ago, two_days_ago))
    os.utime(tmp_path / ".draft-live" / "deep" / "file")
    remove_leftovers(tmp_path, ".draft-")
    assert {path.name for path in tmp_path.iterdir()} == {".draft-live", ".draft-new", "other"}


def test_a_folder_that_is_not_there_has_none(tmp_path: Path) -> None:
    remove_leftovers(tmp_path / "gone", ".draft-")
    assert not (tmp_path / "gone").exists()
