"""Tags that do not fit the words of their text."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasks.clean.engines import Engine
from tasks.data.references import DatasetRef
from tests.clean.outcome import refused, values

Raw = Callable[..., DatasetRef]
Run = Callable[..., DatasetRef]
OPTIONS = {"drop_misaligned": {"tags": "label"}}
TAG = st.sampled_from(["O", "B-city", "I-city", "B-", "city", "b-city"])


def test_rows_whose_tags_do_not_fit_leave(raw: Raw, run: Run, engine: Engine) -> None:
    version = raw(
        {"text": "to  new\u00a0york", "label": "O B-city I-city"},
        {"text": "to boston", "label": "O"},
        {"text": "to boston", "label": "O X-city"},
        {"text": "to boston", "label": "O B-"},
        {"text": "to boston", "label": ""},
        {"text": "to boston", "label": None},
        {"text": " ", "label": ""},
        {"text": None, "label": "O"},
    )
    ref = run(version, engine, "drop_misaligned", **OPTIONS)
    assert refused(ref) == dict.fromkeys(["0001", "0002", "0003", "0004", "0007"], "drop_misaligned")
    assert values(ref, "label") == ["O B-city I-city", None, ""]


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 4), st.lists(TAG, max_size=4)), min_size=1, max_size=8))
def test_engines_agree_and_twice_is_once(
    raw: Raw, run: Run, engines: dict[str, Engine], rows: list[tuple[int, list[str]]]
) -> None:
    texts = [{"text": "w " * count, "label": " ".join(tags)} for count, tags in rows]
    version = raw(*texts, {"text": "kept", "label": "O"})
    once, other = (run(version, engines[name], "drop_misaligned", **OPTIONS) for name in ("polars", "dask"))
    assert (once.digest, once.quarantined) == (other.digest, other.quarantined)
    assert once.rows_out + once.quarantined == len(rows) + 1
    twice = run(once, engines["polars"], "drop_misaligned", **OPTIONS)
    assert (twice.digest, twice.quarantined) == (once.digest, 0)
