"""The picture of a profile."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from tasks.dp.statistics.bounds import Bounds
from tasks.private.profile.picture import draw_profile
from tasks.private.profile.profile import profile
from tasks.private.profile.request import Request


@pytest.mark.parametrize("rows", [0, 200])
def test_it_is_drawn_whatever_there_is_to_see(tmp_path: Path, rows: int) -> None:
    table = pa.table({"age": pa.array([30.0] * rows), "town": pa.array(["a $long name of $ a town indeed"] * rows)})
    asked = Request(1.0, 1e-6, bounds={"age": Bounds(0, 99)}, top={"town": 3})
    draw_profile(profile(table, asked), asked, tmp_path / "profile.png")
    assert (tmp_path / "profile.png").read_bytes().startswith(b"\x89PNG")


def test_rows_alone_have_a_picture_too(tmp_path: Path) -> None:
    asked = Request(1.0, 1e-6)
    draw_profile(profile(pa.table({"row_id": ["a"]}), asked), asked, tmp_path / "profile.png")
    assert (tmp_path / "profile.png").exists()
