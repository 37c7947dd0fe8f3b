"""Which of several equal rows stays."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from tasks.augment.duplicates import copies
from tasks.augment.survey import Texts

ROWS = st.lists(st.sampled_from(["a", "A ", "b", "c"]), max_size=6)


def texts(prefix: str, values: list[str]) -> Texts:
    row_ids = pa.array([f"{prefix}{place}" for place in range(len(values))], pa.string())
    return Texts.collect([(row_ids, values)])


def test_known_rows_stay_and_one_of_the_new() -> None:
    found = copies(texts("old", ["a", "b"]), texts("new", ["A", "c", "c", "d"])).to_pylist()

    assert (found[0], found[3]) == ("old0", None)
    assert sorted([found[1] or "stays", found[2] or "stays"])[1] == "stays"


@given(known=ROWS, made=ROWS, swap=st.randoms())
def test_every_text_stays_once_whatever_the_order(known: list[str], made: list[str], swap: object) -> None:
    new = texts("new", made)
    found = dict(zip(new.row_ids.to_pylist(), copies(texts("old", known), new).to_pylist(), strict=True))
    places = list(range(len(made)))
    swap.shuffle(places)  # type: ignore[attr-defined]
    other = Texts(new.row_ids.take(pa.array(places, pa.int64())), new.hashes[places])

    assert dict(zip(other.row_ids.to_pylist(), copies(texts("old", known), other).to_pylist(), strict=True)) == found
    stay = [text.strip().lower() for text, (_, copy) in zip(made, found.items(), strict=True) if copy is None]
    assert sorted(stay) == sorted({text.strip().lower() for text in made} - {text.strip().lower() for text in known})
