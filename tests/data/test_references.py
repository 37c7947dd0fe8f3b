"""A source of several members is their files one after the other, and can be taken apart again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tasks.data.references import MemberRef, SourceRef


def source(counts: list[int]) -> SourceRef:
    numbers = range(sum(counts))
    return SourceRef(
        files=tuple(f"/lake/{n}.csv" for n in numbers),
        digests=tuple(f"digest {n}" for n in numbers),
        names=tuple(f"{n}.csv" for n in numbers),
        format="",
        members=tuple(MemberRef(name=f"m{n}", count=count, format="csv") for n, count in enumerate(counts)),
    )


@given(st.lists(st.integers(0, 4), max_size=5))
def test_members_are_the_whole(counts: list[int]) -> None:
    whole = source(counts)
    parts = list(whole.member_sources())
    assert [(name, len(part.files), part.format) for name, part in parts] == [
        (f"m{n}", count, "csv") for n, count in enumerate(counts)
    ]
    for field in ("files", "digests", "names"):
        assert tuple(value for _, part in parts for value in getattr(part, field)) == getattr(whole, field)


def test_some_of_the_files() -> None:
    some = source([3]).only([2, 0])
    assert (some.files, some.digests, some.names) == (
        ("/lake/2.csv", "/lake/0.csv"),
        ("digest 2", "digest 0"),
        ("2.csv", "0.csv"),
    )
    assert SourceRef(files=("a", "b"), digests=("x", "y"), format="csv").only([1]).names == ()
